from collections.abc import Iterator

import pytest
import time_machine

from accounts.models import Organization
from calendars.models import ExportLink, Feed
from properties.models import Property
from tests import cast
from tests.upsells import conflicts, pages
from upsells.models import Offer, StayLink


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(cast.NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def feed(home: Property) -> Feed:
    """A calendar with a stay that ends on the departure day, and another guest's nine days later."""
    feed = cast.a_feed(home, last_good_at=cast.NOW)
    cast.an_import(feed, cast.nights(-2, 5))
    cast.an_import(feed, cast.nights(12, 4), summary=pages.OTHER_GUEST)
    return feed


@pytest.fixture
def offer(home: Property, feed: Feed) -> Offer:
    return cast.an_offer(home, pages.NIGHTLY, most=4)


@pytest.fixture
def link(home: Property, offer: Offer) -> StayLink:
    return cast.a_stay_link(home)


@pytest.fixture
def vrbo(home: Property) -> Feed:
    return cast.a_feed(home, conflicts.VRBO, last_good_at=cast.NOW)


@pytest.fixture
def export(home: Property) -> ExportLink:
    return cast.an_export(home)


@pytest.fixture
def beach(organization: Organization) -> Property:
    """Another home, free, with a calendar that was just read."""
    home = cast.a_property(organization, "Casa Playa")
    cast.a_feed(home, "https://www.airbnb.com/calendar/ical/2.ics", last_good_at=cast.NOW)
    return home
