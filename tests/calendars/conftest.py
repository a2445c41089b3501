from datetime import date

import pytest
from django.utils import timezone

from calendars.models import Feed
from properties.models import Property
from tests import cast
from tests.calendars.feeds import AIRBNB, MINUTE


@pytest.fixture
def today(home: Property) -> date:
    return home.house.today(timezone.now())


@pytest.fixture
def feed(home: Property) -> Feed:
    """One that was read well five minutes ago."""
    now = timezone.now()
    return cast.a_feed(
        home,
        AIRBNB,
        last_read_at=now - 5 * MINUTE,
        last_good_at=now - 5 * MINUTE,
        next_poll_at=now + 10 * MINUTE,
        events=3,
        closed_nights=12,
    )
