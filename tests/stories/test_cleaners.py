"""Cleaners who serve several homes can take so many changed turnovers a day, whoever asks and however quickly."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from calendars import ledger
from properties.models import Property
from tests import cast
from upsells import checkout, shelves
from upsells.models import Purchase, StayLink

pytestmark = pytest.mark.django_db(transaction=True)

HOMES = 6
CAPACITY = 2
KEY, PRICE = "late_check_out-60", 1_500


@pytest.fixture
def links() -> list[StayLink]:
    """Homes of one organization where a guest leaves in three days and may leave later."""
    organization = cast.an_organization()
    organization.cleanings_a_day = CAPACITY
    organization.save(update_fields=["cleanings_a_day"])
    return [_link(cast.a_property(organization, f"Casa {number}")) for number in range(HOMES)]


def _link(home: Property) -> StayLink:
    Property.objects.filter(pk=home.pk).update(turnaround=60)
    home.refresh_from_db()
    feed = cast.a_feed(home, last_good_at=timezone.now())
    start, end = cast.stay_of(home, -2, 3)
    cast.an_import(feed, cast.Span(start, end))
    cast.an_offer(home, PRICE, kind="late_check_out")
    return StayLink.objects.select_related("property__organization").get(pk=cast.a_stay_link(home).pk)


def _take(link: StayLink) -> str:
    try:
        checkout.begin(link, cast.leaving(link.property), KEY, PRICE, timezone.now())
    except ledger.NightsTaken:
        return "taken"
    return "held"


def test_of_many_at_once_exactly_as_many_win_as_the_cleaners_can_take(links: list[StayLink]) -> None:
    ready = Barrier(HOMES)

    def grab(link: StayLink) -> str:
        try:
            ready.wait(10)
            return _take(link)
        finally:
            connection.close()

    with ThreadPoolExecutor(HOMES) as pool:
        results = list(pool.map(grab, links))
    assert sorted(results) == ["held"] * CAPACITY + ["taken"] * (HOMES - CAPACITY)


def test_without_a_number_everybody_wins(links: list[StayLink]) -> None:
    for link in links:
        link.property.organization.cleanings_a_day = None
    assert [_take(link) for link in links] == ["held"] * HOMES


def test_a_hold_that_ran_out_gives_its_turn_back_before_anybody_sweeps(links: list[StayLink]) -> None:
    now = timezone.now()
    assert [_take(link) for link in links] == ["held"] * CAPACITY + ["taken"] * (HOMES - CAPACITY)
    later = now + checkout.HOLD_FOR + timedelta(minutes=1)
    waiting = links[-1]
    stay = cast.leaving(waiting.property)
    assert shelves.shelf(waiting.property, stay, now).find(KEY) is None
    assert shelves.shelf(waiting.property, stay, later).find(KEY) is not None
    assert Purchase.objects.filter(state=Purchase.State.HELD).count() == CAPACITY


def test_nights_need_no_turn_of_the_cleaners(links: list[StayLink]) -> None:
    for link in links[:CAPACITY]:
        _take(link)
    home = links[-1].property
    cast.an_offer(home)
    found = shelves.shelf(home, cast.leaving(home), timezone.now())
    assert {choice.quote.kind for choice in found.choices} == {"extra_nights"}
