"""Double bookings: an alert in the same commit, none for what only looks like one."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User
from calendars import alerts, conflicts, ledger
from calendars.models import Alert, Block, Feed
from domain.spans import Span
from domain.switches import Switches
from properties.models import Property
from tests import cast
from tests.cast import nights
from tests.conftest import Listing, read
from tests.stories.disputes import Opens, airbnb, booking, dates, disputed, site, vrbo
from tests.stories.lookalikes import Site, airbnb_reserved, booking_closed, manager_booked, vrbo_reserved

__all__ = ["airbnb", "booking", "site", "vrbo"]  # fixtures

pytestmark = pytest.mark.usefixtures("export")

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = cast.NOW


# Two reservations


def test_the_same_nights_sold_on_two_sites_are_an_alert_when_the_second_one_is_read(
    home: Property, listing: Callable[..., Listing]
) -> None:
    now = timezone.now()
    today = home.house.today(now)
    for channel, (arrival, departure) in {"airbnb": (10, 13), "vrbo": (12, 15)}.items():
        assert disputed() == []
        place = listing(channel)
        place.book(today + arrival * DAY, today + departure * DAY)
        read(cast.a_feed(home, place.export_url), now)
    assert disputed() == [(str(today + 12 * DAY), str(today + 13 * DAY))]
    alert = Alert.objects.get()
    assert {alert.details["first"], alert.details["second"]} == {"Airbnb", "Vrbo"}
    assert (alert.property, alert.organization) == (home, home.organization)


def test_a_change_that_is_not_committed_leaves_no_alert(home: Property, airbnb: Site, vrbo: Site) -> None:
    for place in (airbnb, vrbo):
        cast.an_import(place.feed(home), nights(10, 3), missing_since=NOW if place is vrbo else None)
    assert disputed() == []
    with pytest.raises(ZeroDivisionError), ledger.changing(home, NOW):
        Block.objects.update(missing_since=None)
        conflicts.keep(home, NOW)
        assert disputed() == [dates(nights(10, 3))]
        raise ZeroDivisionError
    assert disputed() == []


def test_a_departure_on_the_day_of_an_arrival_is_no_conflict(
    home: Property, airbnb: Site, vrbo: Site
) -> None:
    airbnb.says(airbnb_reserved(nights(10, 3)))
    vrbo.says(vrbo_reserved(nights(13, 2)))
    for place in (airbnb, vrbo):
        read(place.feed(home), NOW)
    assert disputed() == []


def test_when_one_of_the_two_is_cancelled_it_is_over_at_once_and_told_when_it_stays_so(
    home: Property, alice: User, airbnb: Site, vrbo: Site
) -> None:
    airbnb.says(airbnb_reserved(nights(10, 3)))
    vrbo.says(vrbo_reserved(nights(12, 3)), vrbo_reserved(nights(30, 20), "Other"))
    feeds = [place.feed(home) for place in (airbnb, vrbo)]
    for feed in feeds:
        read(feed, NOW)
    assert (disputed(), alerts.tell(NOW)) == ([dates(nights(12, 1))], 1)
    vrbo.says(vrbo_reserved(nights(30, 20), "Other"))
    read(feeds[1], NOW + 15 * MINUTE)
    assert (disputed(), alerts.tell(NOW + 16 * MINUTE)) == ([], 0)
    assert alerts.tell(NOW + 50 * MINUTE) == 1
    assert [message.subject for message in mail.outbox] == [
        "Double booking at Casa Gràcia: Airbnb and Vrbo, 13–14 Dec 2026",
        "The double booking at Casa Gràcia is over: Airbnb and Vrbo, 13–14 Dec 2026",
    ]


def test_a_booking_that_a_faulty_read_leaves_out_does_not_end_and_begin_the_alert_anew(
    home: Property, alice: User, airbnb: Site, vrbo: Site
) -> None:
    airbnb.says(airbnb_reserved(nights(10, 3)))
    vrbo.says(vrbo_reserved(nights(12, 3)))
    feeds = [place.feed(home) for place in (airbnb, vrbo)]
    for feed in feeds:
        read(feed, NOW)
    alerts.tell(NOW)
    for reads in range(1, 9):
        vrbo.says(*([] if reads % 2 else [vrbo_reserved(nights(12, 3))]))
        at = NOW + reads * 15 * MINUTE
        read(feeds[1], at)
        alerts.tell(at)
    assert (Alert.objects.count(), len(mail.outbox)) == (1, 1)


def test_a_running_stay_that_a_site_cuts_off_at_today_stays_one_alert(
    home: Property, alice: User, airbnb: Site, vrbo: Site
) -> None:
    feeds = [place.feed(home) for place in (airbnb, vrbo)]
    for day in range(9):
        at = NOW + 4 * HOUR + day * DAY
        airbnb.says(*([airbnb_reserved(nights(0, 6))] if day <= 6 else []))
        cut = max(day, 2)
        vrbo.says(*([vrbo_reserved(nights(cut, 9 - cut))] if cut < 9 else []))
        for feed in feeds:
            read(feed, at)
        alerts.watch(at)
        alerts.tell(at + 35 * MINUTE)
        assert bool(disputed()) is (day < 6)
    assert (Alert.objects.count(), len(mail.outbox)) == (1, 1)


def test_two_stays_of_which_one_may_repeat_the_other_stay_one_alert_while_both_run(
    home: Property, alice: User, airbnb: Site, booking: Site
) -> None:
    feeds = [place.feed(home) for place in (airbnb, booking)]
    for day in range(7):
        at = NOW + 4 * HOUR + day * DAY
        airbnb.says(airbnb_reserved(nights(0, 6)))
        cut = max(day, 2)
        booking.says(booking_closed(nights(cut, 9 - cut)))
        for feed in feeds:
            read(feed, at)
        alerts.watch(at)
        alerts.tell(at + 35 * MINUTE)
        assert bool(disputed()) is (day < 6)
    assert (Alert.objects.count(), len(mail.outbox)) == (1, 1)


def test_a_stay_that_is_prolonged_is_still_the_same_conflict(
    home: Property, airbnb: Site, vrbo: Site
) -> None:
    airbnb.says(airbnb_reserved(nights(10, 10)))
    vrbo.says(vrbo_reserved(nights(12, 2)))
    feeds = [place.feed(home) for place in (airbnb, vrbo)]
    for feed in feeds:
        read(feed, NOW)
    vrbo.says(vrbo_reserved(nights(12, 5)))
    read(feeds[1], NOW + 15 * MINUTE)
    assert disputed() == [dates(nights(12, 5))]
    assert Alert.objects.count() == 1


# What only looks like one


def test_a_manager_that_repeats_a_sites_reservation_is_none_until_it_names_another(
    home: Property, airbnb: Site, site: Opens
) -> None:
    manager = site("lodgify")
    airbnb.says(airbnb_reserved(nights(10, 3)))
    manager.says(manager_booked(nights(10, 3)))
    read(airbnb.feed(home), NOW)
    feed = manager.feed(home)
    read(feed, NOW)
    assert disputed() == []
    manager.says(manager_booked(nights(10, 3)), manager_booked(nights(12, 4)))
    read(feed, NOW + 15 * MINUTE)
    assert set(disputed()) == {dates(nights(12, 1))}


@pytest.mark.parametrize(
    ("closed", "is_one"),
    [((10, 3), False), ((9, 6), False), ((11, 1), False), ((12, 4), True), ((8, 3), True), ((12, 60), False)],
    ids=["the same", "around", "within", "later", "earlier", "too long for a stay"],
)
def test_booking_com_does_not_tell_guests_from_closures_so_only_a_stay_held_in_part_is_one(
    home: Property, airbnb: Site, booking: Site, closed: tuple[int, int], is_one: bool
) -> None:
    airbnb.says(airbnb_reserved(nights(10, 3)))
    booking.says(booking_closed(nights(*closed)))
    for place in (airbnb, booking):
        read(place.feed(home), NOW)
    assert bool(disputed()) is is_one


def test_nights_that_wait_to_be_opened_conflict_with_nothing(
    home: Property, airbnb: Site, vrbo: Site
) -> None:
    cast.an_import(airbnb.feed(home), nights(10, 3), missing_since=NOW, missing_reads=1)
    cast.an_import(vrbo.feed(home), nights(10, 3))
    assert disputed() == []


def test_nights_the_host_closed_conflict_with_nothing(home: Property, airbnb: Site) -> None:
    with ledger.changing(home, NOW) as change:
        ledger.close(change, nights(10, 5))
    cast.an_import(airbnb.feed(home), nights(10, 3))
    assert disputed() == []


def test_a_calendar_full_of_overlapping_bookings_opens_few_alerts_and_holds_the_lock_for_a_short_time(
    home: Property, site: Opens
) -> None:
    crowded = site("lodgify")
    crowded.says(*(manager_booked(Span(nights(n).start, nights(n + 9).end)) for n in range(700)))
    began = time.monotonic()
    read(crowded.feed(home), NOW)
    assert time.monotonic() - began < 60
    assert 0 < len(disputed()) <= conflicts.MOST_CONFLICTS


def test_of_very_many_conflicts_those_that_were_told_go_on_when_nearer_ones_come(
    home: Property, site: Opens
) -> None:
    crowded = site("lodgify")
    feed = crowded.feed(home)
    pairs = [manager_booked(nights(n, 3)) for n in range(100, 220, 6)] + [
        manager_booked(nights(n + 2, 3)) for n in range(100, 220, 6)
    ]
    crowded.says(*pairs)
    read(feed, NOW)
    first = set(Alert.objects.open().values_list("pk", flat=True))
    assert len(first) == conflicts.MOST_CONFLICTS
    crowded.says(manager_booked(nights(10, 3)), manager_booked(nights(12, 3)), *pairs)
    read(feed, NOW + 15 * MINUTE)
    assert set(Alert.objects.open().values_list("pk", flat=True)) == first


def test_a_conflict_that_comes_back_while_somebody_is_told_that_it_is_over_is_a_new_alert(
    home: Property, alice: User, airbnb: Site, vrbo: Site
) -> None:
    feeds = [place.feed(home) for place in (airbnb, vrbo)]
    airbnb.says(airbnb_reserved(nights(10, 3)))
    for step, said in enumerate(([vrbo_reserved(nights(12, 3))], [], [vrbo_reserved(nights(12, 3))])):
        vrbo.says(*said)
        at = NOW + step * HOUR
        for feed in feeds:
            read(feed, at)
        assert bool(disputed()) is bool(said)
        alerts.tell(at + 31 * MINUTE)
    assert [message.subject[:19] for message in mail.outbox] == [
        "Double booking at C",
        "The double booking ",
        "Double booking at C",
    ]


def test_switches_of_a_feed_say_nothing_about_another_homes_conflicts(
    home: Property, airbnb: Site, vrbo: Site
) -> None:
    other = cast.a_property(home.organization, "Casa Sants")
    for place, house in ((airbnb, home), (vrbo, other)):
        cast.an_import(place.feed(house), nights(10, 3))
    feed = Feed.objects.get(property=home)
    with ledger.changing(home, NOW) as change:
        ledger.treat(change, feed, Switches(sells_around=True))
    assert disputed() == []
