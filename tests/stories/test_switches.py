"""What a host decides about one feed, from the switch through reading to what a guest can buy."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from calendars import leases, ledger, polling
from calendars.models import Block, Feed
from domain.spans import Span
from domain.switches import PLAIN, Switches
from properties.models import Property
from tests import cast
from tests.conftest import read
from tests.stories.lookalikes import (
    Site,
    airbnb_closed,
    airbnb_reserved,
    manager_booked,
    vrbo_reserved,
    vrbo_tentative,
)
from upsells import checkout, shelves
from upsells.models import Purchase, StayLink
from upsells.shelves import Nothing, Side, Stay

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AROUND, TENTATIVE, INCLUSIVE = (
    Switches(sells_around=True),
    Switches(sells_tentative=True),
    Switches(ends_inclusive=True),
)


@pytest.fixture
def airbnb(settings: Settings) -> Iterator[Site]:
    with Site("airbnb") as site:
        yield site


@pytest.fixture
def vrbo(settings: Settings) -> Iterator[Site]:
    with Site("vrbo") as site:
        yield site


@pytest.fixture
def beds24(settings: Settings) -> Iterator[Site]:
    """A system whose entries end with their last night."""
    with Site("beds24") as site:
        yield site


def days(home: Property, start: int, end: int) -> Span:
    return Span(*cast.stay_of(home, start, end))


def pair(span: Span) -> tuple[object, object]:
    return span.start, span.end


def turn(feed: Feed, switches: Switches, now: datetime | None = None) -> None:
    """The host turns the feed's switches."""
    with ledger.changing(feed.property, now or timezone.now()) as change:
        ledger.treat(change, feed, switches)
    feed.refresh_from_db()


def offered(home: Property, departure: int) -> list[Span]:
    """What a guest who leaves in so many days may add."""
    day = home.house.today(timezone.now()) + departure * DAY
    shelf = shelves.shelf(home, Stay(day, Side.LEAVING), timezone.now())
    return [choice.quote.nights for choice in shelf.choices if choice.quote.nights]


def bought(link: StayLink, nights: Span) -> Purchase:
    """The guest's way from the page to the answer, with everything a worker does in between."""
    purchase = checkout.begin(
        link,
        Stay(nights.start, Side.LEAVING),
        f"extra_nights-{len(nights)}",
        9_900 * len(nights),
        timezone.now(),
    )
    checkout.book(purchase, name="Marta", email="marta@example.org", now=timezone.now())
    purchase.refresh_from_db()
    checkout.look_again(purchase, timezone.now())
    checkout.decide(purchase, timezone.now())
    purchase.refresh_from_db()
    return purchase


# Preparation and gaps


def test_preparation_nights_are_closed_until_the_host_sells_them_and_at_once_when_not_any_more(
    home: Property, airbnb: Site
) -> None:
    cast.an_offer(home)
    airbnb.says(airbnb_reserved(days(home, 0, 3)), airbnb_closed(days(home, 3, 4)))
    feed = airbnb.feed(home)
    read(feed)
    assert offered(home, 3) == []
    turn(feed, AROUND)
    assert offered(home, 3)[0] == days(home, 3, 4)
    assert cast.busy(home) == [pair(days(home, 0, 3))]
    turn(feed, PLAIN)
    assert offered(home, 3) == []
    assert cast.busy(home) == [pair(days(home, 0, 4))]


def test_a_gap_too_short_to_book_is_sold_exactly(home: Property, airbnb: Site) -> None:
    cast.an_offer(home)
    airbnb.says(
        airbnb_reserved(days(home, 0, 3), guest="one"),
        airbnb_closed(days(home, 3, 5)),
        airbnb_reserved(days(home, 5, 9), guest="two"),
    )
    feed = airbnb.feed(home, sells_around=True)
    read(feed)
    assert offered(home, 3) == [days(home, 3, 4), days(home, 3, 5)]


def test_a_closure_of_the_hosts_own_and_the_days_before_the_booking_window_are_never_sold(
    home: Property, airbnb: Site
) -> None:
    cast.an_offer(home)
    airbnb.says(
        airbnb_reserved(days(home, 0, 3)),
        airbnb_closed(days(home, 3, 8)),
        airbnb_closed(days(home, 200, 366)),
    )
    feed = airbnb.feed(home, sells_around=True)
    read(feed)
    assert offered(home, 3) == []
    assert not Block.objects.filter(yields=True).exists()


def test_a_guest_buys_the_night_though_the_feed_closes_it_before_and_after(
    client: Client, home: Property, link: StayLink, airbnb: Site
) -> None:
    cast.an_offer(home)
    airbnb.says(airbnb_reserved(days(home, 0, 3)), airbnb_closed(days(home, 3, 4)))
    feed = airbnb.feed(home, sells_around=True)
    read(feed)
    page = client.get(reverse("guest:stay", args=[link.token]), {"departure": str(days(home, 3, 4).start)})
    assert page.context["shelf"].choices[0].quote.nights == days(home, 3, 4)
    purchase = bought(link, days(home, 3, 4))
    assert purchase.state == Purchase.State.CONFIRMED
    assert cast.busy(home) == [pair(days(home, 0, 4))]
    read(feed)
    turn(feed, PLAIN)
    assert cast.busy(home) == [pair(days(home, 0, 4))]
    with ledger.changing(home, timezone.now()) as change:
        ledger.release(change, purchase.public_id)
    assert cast.busy(home) == [pair(days(home, 0, 4))]
    assert Block.objects.filter(feed=feed, yields=False).count() == 2


def test_a_night_that_another_feed_closes_as_well_is_not_sold(
    home: Property, airbnb: Site, vrbo: Site
) -> None:
    cast.an_offer(home)
    airbnb.says(airbnb_reserved(days(home, 0, 3)), airbnb_closed(days(home, 3, 4)))
    vrbo.says(vrbo_reserved(days(home, 3, 5)))
    read(airbnb.feed(home, sells_around=True))
    read(vrbo.feed(home))
    assert offered(home, 3) == []


def test_the_month_shows_a_night_that_is_sold_though_closed_as_such(
    alices: Client, home: Property, airbnb: Site
) -> None:
    airbnb.says(airbnb_reserved(days(home, 0, 3)), airbnb_closed(days(home, 3, 4)))
    read(airbnb.feed(home, sells_around=True))
    night = days(home, 3, 4).start
    answer = alices.get(reverse("calendars:month", args=[home.public_id]), {"night": str(night)})
    states = {day.night: day.state for week in answer.context["weeks"] for day in week}
    assert states[night] == "yields"
    assert answer.context["is_open"]
    assert states[days(home, 2, 3).start] == "closed"


def test_a_night_whose_entry_becomes_a_booking_is_closed_with_that_read(home: Property, airbnb: Site) -> None:
    cast.an_offer(home)
    airbnb.says(airbnb_reserved(days(home, 0, 3)), airbnb_closed(days(home, 3, 4)))
    feed = airbnb.feed(home, sells_around=True)
    read(feed)
    airbnb.says(airbnb_reserved(days(home, 0, 3)), airbnb_reserved(days(home, 3, 5), guest="two"))
    assert read(feed).closed == 2
    assert offered(home, 3) == []


def test_a_sale_that_was_begun_is_declined_when_the_host_turns_it_off_meanwhile(
    home: Property, link: StayLink, airbnb: Site
) -> None:
    cast.an_offer(home)
    airbnb.says(airbnb_reserved(days(home, 0, 3)), airbnb_closed(days(home, 3, 4)))
    feed = airbnb.feed(home, sells_around=True)
    read(feed)
    nights = days(home, 3, 4)
    purchase = checkout.begin(link, Stay(nights.start, Side.LEAVING), "extra_nights-1", 9_900, timezone.now())
    turn(feed, PLAIN)
    checkout.book(purchase, name="Marta", email="marta@example.org", now=timezone.now())
    purchase.refresh_from_db()
    checkout.look_again(purchase, timezone.now())
    assert checkout.decide(purchase, timezone.now()) == Purchase.State.DECLINED


def test_whoever_is_reading_the_feed_the_old_way_writes_nothing_any_more(
    home: Property, airbnb: Site
) -> None:
    airbnb.says(airbnb_reserved(days(home, 0, 3)), airbnb_closed(days(home, 3, 4)))
    feed = airbnb.feed(home, sells_around=True)
    now = timezone.now()
    lease, ids = leases.claim_these([feed.pk], now)
    turn(feed, PLAIN, now)
    assert polling.read(ids, lease, now) == []
    assert not Block.objects.exists()
    assert feed.next_poll_at == now
    read(feed, now + MINUTE)
    assert cast.busy(home) == [pair(days(home, 0, 4))]


# Tentative


def test_tentative_nights_are_closed_until_the_host_sells_them_and_at_once_when_not_any_more(
    home: Property, link: StayLink, vrbo: Site
) -> None:
    cast.an_offer(home)
    vrbo.says(vrbo_reserved(days(home, 0, 3)), vrbo_tentative(days(home, 3, 6)))
    feed = vrbo.feed(home)
    read(feed)
    assert (
        shelves.shelf(home, Stay(days(home, 3, 4).start, Side.LEAVING), timezone.now()).why is Nothing.TAKEN
    )
    turn(feed, TENTATIVE)
    assert offered(home, 3)[-1].end > days(home, 3, 6).end
    assert bought(link, days(home, 3, 4)).state == Purchase.State.CONFIRMED
    turn(feed, PLAIN)
    assert cast.busy(home) == [pair(days(home, 0, 6))]


def test_a_switch_for_one_kind_does_not_sell_the_other(home: Property, airbnb: Site, vrbo: Site) -> None:
    airbnb.says(airbnb_reserved(days(home, 0, 3)), airbnb_closed(days(home, 3, 4)))
    vrbo.says(vrbo_tentative(days(home, 10, 12)))
    read(airbnb.feed(home, sells_tentative=True))
    read(vrbo.feed(home, sells_around=True))
    assert cast.busy(home) == [pair(days(home, 0, 4)), pair(days(home, 10, 12))]


# Departure day inclusive


def test_entries_that_end_with_their_last_night_close_one_night_more_with_the_next_read(
    home: Property, beds24: Site
) -> None:
    beds24.says(manager_booked(days(home, 10, 12)))
    feed = beds24.feed(home)
    read(feed)
    assert cast.busy(home) == [pair(days(home, 10, 12))]
    now = timezone.now()
    turn(feed, INCLUSIVE, now)
    assert feed.next_poll_at == now
    assert (read(feed).closed, cast.busy(home)) == (1, [pair(days(home, 10, 13))])


def test_turning_it_off_again_keeps_the_extra_night_until_later_reads_agree(
    home: Property, beds24: Site
) -> None:
    now = timezone.now()
    beds24.says(manager_booked(days(home, 10, 30)))
    feed = beds24.feed(home, ends_inclusive=True)
    read(feed, now)
    turn(feed, PLAIN, now + MINUTE)
    first = read(feed, now + 2 * MINUTE)
    assert (first.held, first.opened) == (1, 0)
    assert cast.busy(home) == [pair(days(home, 10, 31))]
    read(feed, now + 20 * MINUTE)
    assert cast.busy(home) == [pair(days(home, 10, 31))]
    last = read(feed, now + 33 * MINUTE)
    assert (last.held, last.opened, cast.busy(home)) == (0, 1, [pair(days(home, 10, 30))])


def test_a_server_that_says_not_modified_is_asked_for_the_whole_content_after_a_switch(
    home: Property, listing: object
) -> None:
    place = listing("google")  # type: ignore[operator]  # conftest's fixture; it answers 304
    stay = days(home, 10, 12)
    place.book(stay.start, stay.end, kind="block")
    feed = cast.a_feed(home, place.export_url)
    now = timezone.now()
    read(feed, now)
    assert read(feed, now + MINUTE).status == 304
    turn(feed, INCLUSIVE, now + 2 * MINUTE)
    read(feed, now + 3 * MINUTE)
    read(feed, now + 4 * MINUTE)
    assert cast.busy(home) == [pair(days(home, 10, 13))]


# The page


@pytest.mark.parametrize(
    ("name", "switches"),
    [("sells_around", AROUND), ("sells_tentative", TENTATIVE), ("ends_inclusive", INCLUSIVE)],
)
def test_the_host_turns_each_switch_on_and_off_on_the_feeds_page(
    alices: Client, home: Property, name: str, switches: Switches
) -> None:
    feed = cast.a_feed(home)
    address = reverse("calendars:treat", args=[home.public_id, feed.public_id])
    for chosen, expected in (({name: "on"}, switches), ({}, PLAIN)):
        assert alices.post(address, {"label": "", **chosen}).status_code == 302
        feed.refresh_from_db()
        assert feed.switches == expected
