"""Double bookings of what we sold: an alert for another guest, none for a sale that a site reads back."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from calendars import ledger
from calendars.models import Alert, Block, ExportLink, Feed
from domain.spans import Span
from domain.switches import PLAIN
from properties.models import Property
from tests import cast
from tests.cast import nights
from tests.conftest import read
from tests.stories.disputes import Opens, airbnb, booking, dates, disputed, site, vrbo
from tests.stories.lookalikes import (
    Site,
    airbnb_closed,
    airbnb_reserved,
    booking_closed,
    manager_booked,
    vrbo_reserved,
    vrbo_tentative,
)

__all__ = ["airbnb", "booking", "site", "vrbo"]  # fixtures

pytestmark = pytest.mark.usefixtures("export")

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = cast.NOW


def sold(home: Property, span: Span, reference: str = "sale") -> Block:
    """Nights we sold ourselves."""
    with ledger.changing(home, NOW) as change:
        ledger.hold(change, span, until=NOW + HOUR, reference=reference)
        return ledger.confirm(change, reference)


def sold_after(home: Property, place: Site, stay: str) -> Feed:
    """A guest's stay of nights 10 to 13 at that site, read; then the night after it, sold by us."""
    place.says(stay)
    feed = place.feed(home)
    read(feed, NOW)
    sold(home, nights(13, 1))
    return feed


def test_a_site_that_sells_a_night_we_sold_is_an_alert(home: Property, booking: Site) -> None:
    sold(home, nights(13, 1))
    booking.says(booking_closed(nights(13, 2)))
    read(booking.feed(home), NOW)
    assert disputed() == [dates(nights(13, 1))]
    assert "" in {Alert.objects.get().details[name] for name in ("first", "second")}


def test_a_booking_that_falls_inside_a_sale_is_an_alert(home: Property, booking: Site) -> None:
    sold(home, nights(13, 4))
    booking.says(booking_closed(nights(15, 2)))
    read(booking.feed(home), NOW)
    assert disputed() == [dates(nights(15, 2))]


def test_where_no_link_of_ours_exists_no_site_reads_anything_back(
    home: Property, booking: Site, export: ExportLink
) -> None:
    export.delete()
    sold(home, nights(13, 2))
    booking.says(booking_closed(nights(13, 2)))
    read(booking.feed(home), NOW)
    assert disputed() == [dates(nights(13, 2))]


def test_a_sale_that_booking_com_reads_back_is_none_not_even_merged_into_the_guests_own_stay(
    home: Property, booking: Site
) -> None:
    feed = sold_after(home, booking, booking_closed(nights(10, 3)))
    booking.says(booking_closed(nights(10, 4)))
    read(feed, NOW + 15 * MINUTE)
    assert (disputed(), feed.echo_spans) == ([], (nights(13, 1),))
    for day in (10, 11, 12, 13):  # the running stay is cut off at today, day after day
        booking.says(booking_closed(nights(day, 14 - day)))
        read(feed, NOW + day * DAY)
        assert disputed() == []


def test_a_sale_that_comes_back_as_exactly_its_nights_is_none(home: Property, site: Opens) -> None:
    sold(home, nights(13, 2))
    for name, words in (
        ("airbnb", airbnb_closed),
        ("booking", booking_closed),
        ("lodgify", manager_booked),
        ("google", manager_booked),
    ):
        place = site(name)
        place.says(words(nights(13, 2)))
        read(place.feed(home), NOW)
        assert disputed() == [], name


@pytest.mark.parametrize(("name", "words"), [("airbnb", airbnb_reserved), ("vrbo", vrbo_reserved)])
def test_a_guest_who_booked_exactly_our_nights_is_an_alert_where_the_sites_words_tell(
    home: Property, site: Opens, name: str, words: Callable[[Span], str]
) -> None:
    sold(home, nights(13, 2))
    place = site(name)
    place.says(words(nights(13, 2)))
    feed = place.feed(home)
    read(feed, NOW)
    assert (disputed(), feed.echoes) == ([dates(nights(13, 2))], [])


def test_a_stay_that_the_host_prolongs_on_the_site_by_the_nights_we_sold_is_none(
    home: Property, airbnb: Site
) -> None:
    feed = sold_after(home, airbnb, airbnb_reserved(nights(10, 3)))
    airbnb.says(airbnb_reserved(nights(10, 4)))
    read(feed, NOW + 15 * MINUTE)
    assert disputed() == []


def test_the_next_guest_after_a_sale_that_was_read_back_is_none_though_the_runs_merge(
    home: Property, booking: Site
) -> None:
    feed = sold_after(home, booking, booking_closed(nights(10, 3)))
    for step, length in enumerate((4, 7), start=1):
        booking.says(booking_closed(nights(10, length)))
        read(feed, NOW + step * 15 * MINUTE)
        assert disputed() == []


def test_a_sale_that_is_cancelled_ends_the_conflict(home: Property, booking: Site) -> None:
    sold(home, nights(13, 1))
    booking.says(booking_closed(nights(13, 2)))
    read(booking.feed(home), NOW)
    with ledger.changing(home, NOW + MINUTE) as change:
        ledger.release(change, "sale")
    assert disputed() == []


def test_a_feed_that_is_removed_ends_its_conflicts(home: Property, airbnb: Site, vrbo: Site) -> None:
    airbnb.says(airbnb_reserved(nights(10, 3)))
    vrbo.says(vrbo_reserved(nights(12, 3)))
    feeds = [place.feed(home) for place in (airbnb, vrbo)]
    for feed in feeds:
        read(feed, NOW)
    with ledger.changing(home, NOW + MINUTE) as change:
        ledger.remove_feed(change, feeds[0])
    assert disputed() == []


def test_preparation_time_that_we_sold_is_none_even_when_it_may_not_be_sold_any_more(
    home: Property, airbnb: Site
) -> None:
    airbnb.says(airbnb_reserved(nights(10, 3)), airbnb_closed(nights(13, 1)))
    feed = airbnb.feed(home, sells_around=True)
    read(feed, NOW)
    sold(home, nights(13, 1))
    with ledger.changing(home, NOW + MINUTE) as change:
        ledger.treat(change, feed, PLAIN)
    assert disputed() == []


def test_a_tentative_booking_that_is_confirmed_on_a_night_we_sold_is_an_alert(
    home: Property, vrbo: Site
) -> None:
    vrbo.says(vrbo_tentative(nights(13, 2)))
    feed = vrbo.feed(home, sells_tentative=True)
    read(feed, NOW)
    sold(home, nights(13, 1))
    vrbo.says(vrbo_reserved(nights(13, 2)))
    read(feed, NOW + 15 * MINUTE)
    assert disputed() == [dates(nights(13, 1))]
