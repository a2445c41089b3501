"""Many guests want the same: those who come too late are told at once, and nobody loses what is free."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from calendars import ledger
from calendars.models import Block, Feed, date_range
from domain.events import Kind
from domain.spans import NIGHT, Period, Span
from properties.models import Property
from tests import cast
from tests.upsells.pages import DEPARTURE, HOURLY, NIGHTLY, address, choose, instants, page_of, text
from upsells import checkout, shelves
from upsells.models import Offer, Purchase, StayLink
from upsells.shelves import KINDS, Side, Stay

ONE_NIGHT = f"extra_nights-1:{NIGHTLY}"
TILL_NOON = f"late_check_out-60:{HOURLY}"
QUICKER = "Somebody was quicker: this isn't free any more."
OFFERED = "See what is free now"


@pytest.fixture
def all_kinds(home: Property, offer: Offer) -> None:
    Property.objects.update(turnaround=60)
    cast.an_offer(home, NIGHTLY, kind="nights_before")
    for kind in ("late_check_out", "early_check_in"):
        cast.an_offer(home, HOURLY, kind=kind)


@pytest.mark.parametrize("choice", [ONE_NIGHT, TILL_NOON])
def test_who_comes_too_late_is_told_so_and_shown_the_way_to_what_is_left(
    client: Client, link: StayLink, all_kinds: None, choice: str
) -> None:
    assert choose(Client(), link, choice).status_code == 302
    answer = choose(client, link, choice)
    assert answer.status_code == 409
    assert QUICKER in text(answer)
    assert OFFERED in text(answer)
    there = f"{address(link)}?departure={DEPARTURE}&persons=1"
    assert there in text(answer)
    assert client.get(there).status_code == 200
    assert Purchase.objects.count() == 1


def test_a_guest_who_comes_too_late_waits_for_no_lock_and_costs_two_queries(
    client: Client, link: StayLink, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    choose(Client(), link)
    with django_assert_num_queries(2) as queries:
        assert choose(client, link).status_code == 409
    assert not [query for query in queries.captured_queries if "FOR " in query["sql"]]


def test_whose_own_nights_they_are_is_led_to_them(client: Client, link: StayLink) -> None:
    choose(client, link)
    answer = choose(client, link)
    assert answer.status_code == 409
    assert "This is kept for you" in text(answer)
    assert page_of(Purchase.objects.get()) in text(answer)


def test_a_hold_that_ran_out_keeps_nobody_from_the_nights(
    client: Client, link: StayLink, clock: time_machine.Traveller
) -> None:
    choose(Client(), link)
    clock.shift(checkout.HOLD_FOR - timedelta(seconds=1))
    Feed.objects.update(last_good_at=timezone.now())
    assert choose(client, link).status_code == 409
    clock.shift(timedelta(seconds=1))
    assert choose(client, link).status_code == 302
    assert Block.objects.ours().count() == 1


def test_nights_that_the_host_lets_be_sold_all_the_same_are_for_sale(
    client: Client, link: StayLink, feed: Feed
) -> None:
    block = cast.an_import(feed, cast.nights(3, 2))
    assert choose(client, link).status_code == 409
    Block.objects.filter(pk=block.pk).update(yields=True)
    with ledger.changing(link.property, cast.NOW) as change:
        change.touched = True
    assert choose(client, link).status_code == 302


def test_what_was_taken_while_a_guest_waited_for_the_lock_is_refused_under_it(
    link: StayLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    stay, looks, look_first = Stay(DEPARTURE, Side.LEAVING), [], shelves.is_gone

    def slow(home: Property, stay: Stay, kind: str, now: datetime) -> bool:
        found = look_first(home, stay, kind, now)
        if not looks:
            cast.an_import(Feed.objects.get(), cast.nights(3))  # between the look and the lock
        looks.append(found)
        return found

    monkeypatch.setattr(shelves, "is_gone", slow)
    with pytest.raises(checkout.Gone):
        checkout.begin(link, stay, "extra_nights-2", 2 * NIGHTLY, cast.NOW)
    assert looks == [False, True]
    assert not Block.objects.ours().exists()


MINUTE = timedelta(minutes=1)
EDGES = (-24 * 60, -4 * 60, -60, -1, 0, 1, 60, 4 * 60, 24 * 60)
NIGHTS = [(start, count) for start in range(-2, 4) for count in (1, 2)]
HOURS = [(start, end) for start in EDGES for end in EDGES if start < end]


def a_claim(feed: Feed, nights: Span | None, period: Period | None) -> None:
    with ledger.changing(feed.property, cast.NOW) as change:
        Block.objects.filter(uid="claim").delete()
        Block.objects.create(
            organization_id=feed.organization_id,
            property=feed.property,
            feed=feed,
            origin=Block.Origin.FEED,
            kind=Kind.RESERVATION if nights else Kind.HOURS,
            nights=date_range(nights),
            period=instants(period) if period else None,
            uid="claim",
            since=cast.NOW,
            changed_at=cast.NOW,
        )
        change.touched = True


@pytest.mark.parametrize("side", Side)
def test_of_what_is_gone_the_shelf_has_nothing(
    link: StayLink, all_kinds: None, feed: Feed, side: Side
) -> None:
    """The quick look may miss a claim, but it must see none where something of the kind can still be had."""
    home, day = Property.objects.select_related("organization").get(), DEPARTURE + timedelta(days=4)
    house = home.house
    turns = house.instant(day, house.check_out if side is Side.LEAVING else house.check_in)
    of_nights = [(Span(day + first * NIGHT, day + (first + count) * NIGHT), None) for first, count in NIGHTS]
    of_hours = [(None, Period(turns + start * MINUTE, turns + end * MINUTE)) for start, end in HOURS]
    gone = dict.fromkeys(KINDS[side], 0)
    for nights, period in [*of_nights, *of_hours]:
        a_claim(feed, nights, period)
        found, around = shelves.stand(home, day, cast.NOW), Span(day - shelves.AROUND, day + shelves.AROUND)
        shelf = shelves.filled(home, Stay(day, side), found, ledger.diary(home, around), cast.NOW)
        for kind in KINDS[side]:
            if shelves.is_gone(home, shelf.stay, kind, cast.NOW):
                assert not shelf.of(kind), (kind, nights, period)
                gone[kind] += 1
    assert all(gone.values())
