from collections.abc import Iterator

import pytest
import time_machine

from calendars.models import Feed
from properties.models import Property
from tests import cast
from tests.upsells import pages
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
