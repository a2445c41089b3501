"""Requests are counted before they go out, and workers together never spend more than there is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database

from accounts.models import Organization
from calendars import budgets, mirrors
from calendars.budgets import Meter, Share, UsedUp
from calendars.models import Alert, Connection, Spending
from domain import budget
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
WORKERS, EACH = 8, 5


@pytest.fixture
def account(organization: Organization) -> Connection:
    return cast.a_connection(organization, requests_a_day=20)


def spends(account: Connection, share: Share, now: datetime = NOON, listing: str = "101") -> bool:
    try:
        budgets.spend(account, "calendar", listing, share, now)
    except UsedUp:
        return False
    return True


def test_each_request_is_counted_for_the_day_and_for_the_units_month(account: Connection) -> None:
    meter = Meter(account, Share.ASKED, NOON)
    meter("token")
    meter.listing = "101"
    meter("calendar")
    meter("calendar")
    assert budgets.by_day(account, NOON.date()) == {NOON.date(): {"token": 1, "calendar": 2}}
    assert budgets.by_unit(account, NOON.date()) == {"101": 2}
    assert budgets.spent_by(account, NOON.date()) == budget.Spent(3, 3)


def test_the_sweep_leaves_a_share_to_those_who_ask(account: Connection) -> None:
    assert [spends(account, Share.SWEEP) for _ in range(16)].count(True) == 14
    assert [spends(account, Share.ASKED) for _ in range(8)].count(True) == 6
    assert spends(account, Share.SWEEP, NOON + timedelta(days=1))


def test_workers_together_spend_what_there_is_and_no_more(account: Connection) -> None:
    def work(_number: int) -> int:
        try:
            return sum(spends(account, Share.ASKED) for _ in range(EACH))
        finally:
            database.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        assert sum(pool.map(work, range(WORKERS))) == 20
    assert sum(Spending.objects.filter(listing="").values_list("requests", flat=True)) == 20


def test_the_host_is_told_at_four_fifths(account: Connection) -> None:
    home = cast.a_property(account.organization)
    cast.a_unit(home, account)
    for _ in range(15):
        spends(account, Share.ASKED)
    mirrors.watch(NOON)
    assert not Alert.objects.exists()
    spends(account, Share.ASKED)
    for _ in range(2):
        mirrors.watch(NOON)
    alert = Alert.objects.get()
    assert (alert.kind, alert.details["percent"], alert.property) == (Alert.Kind.BUDGET, 80, home)
    mirrors.watch(NOON + timedelta(days=1))
    assert not Alert.objects.open().exists()


def test_the_host_is_told_once_a_month(account: Connection) -> None:
    cast.a_unit(cast.a_property(account.organization), account)
    told = []
    for day in (0, 1, 31):
        now = NOON + timedelta(days=day)
        for _ in range(16):
            spends(account, Share.ASKED, now)
        mirrors.watch(now)
        told.append(Alert.objects.count())
        mirrors.watch(now + timedelta(days=1))
    assert told == [1, 1, 2]
