"""Saving a home's times while guests are buying: what they were told stays, and nobody sells by the old times."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from calendars import ledger
from calendars.models import Alert, Block, Feed
from domain.house import House
from domain.spans import NIGHT, Span
from properties.models import Property
from tests import cast
from tests.upsells import pages
from upsells import checkout, houserules, shelves
from upsells.models import Purchase, StayLink
from upsells.shelves import Side, Stay

FORM = {"name": "Casa Gràcia", "time_zone": "Europe/Madrid", "check_in": "15:00", "check_out": "11:00",
        "turnaround": "60", "currency": "EUR", "rate": "120.00"}  # fmt: skip
COLUMNS = ("time_zone", "check_in", "check_out", "turnaround")
LEAVING = Stay(pages.DEPARTURE, Side.LEAVING)
MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture
def home(home: Property) -> Property:
    home.turnaround = 60
    home.save(update_fields=["turnaround"])
    return home


@pytest.fixture
def link(home: Property, link: StayLink) -> StayLink:
    """Marta's link: her stay ends on the departure day, and late check-outs are on sale."""
    cast.an_offer(home, pages.HOURLY, kind="late_check_out")
    return link


def save(alices: Client, home: Property, **changes: str) -> Any:
    return alices.post(reverse("upsells:facts", args=[home.public_id]), {**FORM, **changes}, follow=True)


def begun(link: StayLink, hours: int = 3) -> Purchase:
    home = link.property
    choice = shelves.shelf(home, LEAVING, cast.NOW).find(f"late_check_out-{60 * hours}")
    if choice is None:  # another's times came first
        raise checkout.NotOnSale
    return checkout.begin(link, LEAVING, choice.quote.key, choice.quote.price.total.amount, cast.NOW)


def booked(link: StayLink, hours: int = 3) -> Purchase:
    purchase = begun(link, hours)
    checkout.book(purchase, name="Marta Puig", email="marta@example.org", now=cast.NOW)
    purchase.refresh_from_db()
    return purchase


def read_again() -> None:
    Feed.objects.update(last_good_at=cast.NOW)


def local(hour: int, zone: ZoneInfo = MADRID) -> datetime:
    return datetime.combine(pages.DEPARTURE, time(hour), zone)


def rehouse(home: Property, house: House) -> None:
    wanted = Property.objects.get(pk=home.pk)
    wanted.house = house
    houserules.change(Property.objects.get(pk=home.pk), wanted, COLUMNS, cast.NOW)


def test_a_purchase_keeps_the_hours_that_the_guest_was_told_when_the_zone_is_corrected(
    alices: Client, home: Property, link: StayLink
) -> None:
    purchase = booked(link)
    assert (purchase.takes.start, purchase.takes.end) == (local(11), local(14))
    assert save(alices, home, time_zone="Atlantic/Canary").status_code == 200
    purchase.refresh_from_db()
    canary = ZoneInfo("Atlantic/Canary")
    assert (purchase.takes.start, purchase.takes.end) == (local(11, canary), local(14, canary))
    assert Block.objects.ours().get().period == purchase.period
    assert "until 14:00" in pages.text(alices.get(pages.page_of(purchase)))


def test_a_purchase_in_flight_waits_for_feeds_that_are_read_by_the_new_times(
    alices: Client, home: Property, link: StayLink
) -> None:
    purchase = booked(link)
    read_again()
    save(alices, home, check_out="10:00")
    assert checkout.decide(purchase, cast.NOW) == "checking"
    read_again()
    assert checkout.decide(purchase, cast.NOW) == "confirmed"
    assert ledger.differences(Property.objects.get()) == []


def test_a_purchase_in_flight_that_new_times_make_impossible_is_declined(
    alices: Client, home: Property, link: StayLink
) -> None:
    cast.an_import(Feed.objects.get(), Span(pages.DEPARTURE, pages.DEPARTURE + 2 * NIGHT))
    purchase = booked(link)
    stale = Purchase.objects.select_related("property").get(pk=purchase.pk)
    assert stale.property.house.turnaround == 60
    save(alices, home, turnaround="120")
    read_again()
    assert checkout.decide(stale, cast.NOW) == "declined"
    assert not Block.objects.ours().exists()


def test_a_guest_who_chose_by_the_old_times_gets_nothing_that_isnt_offered_by_the_new_ones(
    alices: Client, home: Property, link: StayLink
) -> None:
    cast.an_import(Feed.objects.get(), Span(pages.DEPARTURE, pages.DEPARTURE + 2 * NIGHT))
    stale = StayLink.objects.select_related("property").get(pk=link.pk)
    choice = shelves.shelf(stale.property, LEAVING, cast.NOW).find("late_check_out-180")
    assert choice is not None
    save(alices, home, turnaround="120")
    read_again()
    with pytest.raises((ledger.NightsTaken, checkout.NotOnSale)):
        checkout.begin(stale, LEAVING, choice.quote.key, choice.quote.price.total.amount, cast.NOW)
    assert not Purchase.objects.exists()


def test_a_host_is_told_when_new_times_bring_a_sale_into_conflict(
    alices: Client, home: Property, link: StayLink
) -> None:
    cast.an_import(Feed.objects.get(), Span(pages.DEPARTURE, pages.DEPARTURE + 2 * NIGHT))
    purchase = booked(link)
    read_again()
    assert checkout.decide(purchase, cast.NOW) == "confirmed"
    said = pages.text(save(alices, home, turnaround="90"))
    assert "With these times a sale is in the way of another booking." in said
    assert purchase.public_id in Alert.objects.open().get().key
    assert "is in the way" not in pages.text(save(alices, home, turnaround="90"))
    assert Purchase.objects.get().state == "confirmed"


def test_only_new_clocks_make_feeds_be_read_again(alices: Client, home: Property, link: StayLink) -> None:
    for changes in ({}, {"name": "Àtic"}, {"rate": "99.00"}, {"turnaround": "30"}):
        save(alices, home, **changes)
        assert Feed.objects.get().last_good_at == cast.NOW
    for changes in ({"check_in": "16:00"}, {"check_out": "10:00"}, {"time_zone": "Atlantic/Canary"}):
        read_again()
        save(alices, home, **changes)
        assert Feed.objects.get().last_good_at is None


def test_another_name_or_price_is_saved_with_the_times(alices: Client, home: Property) -> None:
    save(alices, home, name="Àtic", check_in="16:30", rate="99.00")
    home.refresh_from_db()
    assert (home.name, home.check_in, home.nightly_rate) == ("Àtic", time(16, 30), 9_900)


def at_once(*stories: Callable[[], object]) -> None:
    ready = Barrier(len(stories))

    def run(story: Callable[[], object]) -> None:
        try:
            ready.wait(10)
            story()
        except (ledger.NightsTaken, checkout.NotOnSale):
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(len(stories)) as pool:
        list(pool.map(run, stories))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(4))
def test_while_times_change_nobody_buys_by_the_old_ones(home: Property, link: StayLink, attempt: int) -> None:
    cast.an_export(home)
    cast.an_import(Feed.objects.get(), Span(pages.DEPARTURE, pages.DEPARTURE + 2 * NIGHT))
    links = [StayLink.objects.select_related("property__organization").get(pk=link.pk) for _ in range(3)]
    houses = [House(MADRID, time(15), time(11), 60 * n) for n in (1, 2, 3)]
    at_once(
        *(lambda each=each: begun(each, hours=3) for each in links),  # type: ignore[misc]  # bound at once
        *(lambda house=house: rehouse(home, house) for house in houses),  # type: ignore[misc]  # bound at once
    )
    home.refresh_from_db()
    assert ledger.differences(home) == []
    for purchase in Purchase.objects.filter(state="held"):
        read_again()
        checkout.book(purchase, name="Marta", email="marta@example.org", now=cast.NOW + timedelta(minutes=1))
        Feed.objects.update(last_good_at=cast.NOW + timedelta(minutes=1))
        state = checkout.decide(Purchase.objects.get(pk=purchase.pk), cast.NOW + timedelta(minutes=1))
        assert state == ("confirmed" if home.turnaround == 60 else "declined")
    assert not Alert.objects.open().exists()


def test_an_offer_that_no_longer_fits_the_new_times_is_named(alices: Client, home: Property) -> None:
    cast.an_offer(home, pages.HOURLY, kind="early_check_in", limit=time(9))
    answer = save(alices, home, check_in="05:00", check_out="04:00")
    assert "Early check-in:" in pages.text(answer)
    assert "Change its terms, or it isn't offered." in pages.text(answer)
