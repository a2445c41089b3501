from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from threading import Barrier

import pytest
from django.db import DatabaseError, connection
from django.db.models import BaseConstraint
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calendars import ledger
from calendars.models import Block, Busy, Calendar
from domain.spans import Period
from properties.models import Property
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)

GUESTS = 12
HOUR = timedelta(hours=1)
NIGHT = cast.nights(20)
CONSTRAINTS = [
    (Block, "no_night_is_sold_twice"),
    (Busy, "busy_runs_are_disjoint"),
    (Busy, "busy_runs_are_maximal"),
]


def _rush(home: Property) -> list[str]:
    """Every guest grabs the same night at the same moment; what each of them got."""
    ready = Barrier(GUESTS)

    def grab(guest: int) -> str:
        try:
            ready.wait(10)
            now = timezone.now()
            with ledger.changing(home, now) as change:
                ledger.hold(change, NIGHT, until=now + HOUR, reference=str(guest))
        except ledger.NightsTaken:
            return "taken"
        except DatabaseError as error:
            return type(error).__name__
        else:
            return "held"
        finally:
            connection.close()

    with ThreadPoolExecutor(GUESTS) as pool:
        return list(pool.map(grab, range(GUESTS)))


@pytest.fixture
def home() -> Property:
    home = cast.a_property(cast.an_organization())
    with ledger.changing(home, cast.NOW):
        pass
    return home


@pytest.fixture
def no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock taken out; every guest looks before any of them writes."""
    looked = Barrier(GUESTS)

    def unlocked(home: Property, _now: datetime) -> Calendar:
        calendar = Calendar.objects.get(property=home)
        looked.wait(10)
        return calendar

    monkeypatch.setattr(ledger, "_locked", unlocked)


@contextmanager
def without_constraints() -> Iterator[None]:
    with connection.schema_editor() as editor:
        for model, name in CONSTRAINTS:
            editor.remove_constraint(model, _constraint(model, name))
    try:
        yield
    finally:
        Block.objects.all().delete()
        Busy.objects.all().delete()
        with connection.schema_editor() as editor:
            for model, name in CONSTRAINTS:
                editor.add_constraint(model, _constraint(model, name))


def _constraint(model: type[Block | Busy], name: str) -> BaseConstraint:
    return next(found for found in model._meta.constraints if found.name == name)


def test_without_lock_and_constraint_the_race_is_there_to_be_seen(home: Property, no_lock: None) -> None:
    with without_constraints():
        assert _rush(home).count("held") > 1


def test_the_constraint_alone_lets_one_guest_win(home: Property, no_lock: None) -> None:
    _rush(home)
    assert Block.objects.ours().count() == 1


def test_with_the_lock_one_wins_and_everybody_else_is_told_politely(home: Property) -> None:
    assert sorted(_rush(home)) == ["held"] + ["taken"] * (GUESTS - 1)
    assert cast.busy(home) == [(NIGHT.start, NIGHT.end)]


def test_hours_and_nights_that_overlap_are_refused_by_the_constraint_alone(
    home: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, house = timezone.now(), home.house
    monkeypatch.setattr(ledger, "_is_closed", lambda *_: False)
    monkeypatch.setattr(ledger, "_hours_taken", lambda *_: False)
    hours = Period(house.instant(NIGHT.start, house.check_out), house.instant(NIGHT.start, time(16)))
    with ledger.changing(home, now) as change:
        ledger.hold(change, NIGHT, until=now + HOUR, reference="night")
    with pytest.raises(ledger.NightsTaken), ledger.changing(home, now) as change:
        ledger.hold(change, None, hours=hours, until=now + HOUR, reference="hours")
    assert Block.objects.ours().count() == 1


def test_a_lock_that_does_not_come_in_time_is_a_polite_503_and_changes_nothing(
    home: Property, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "LOCK_TIMEOUT", "100ms")
    client.force_login(cast.a_member(home.organization, "alice@example.org"))
    address = reverse("calendars:close", args=[home.public_id])
    today = timezone.now().date()
    body = {"start": str(today + timedelta(days=3)), "end": str(today + timedelta(days=5))}
    with ThreadPoolExecutor(1) as other, ledger.changing(home, timezone.now()):

        def ask() -> tuple[int, str]:
            try:
                answer = client.post(address, body)
                return answer.status_code, answer.headers.get("Retry-After", "")
            finally:
                connection.close()

        assert other.submit(ask).result(20) == (503, "5")
    assert not Block.objects.exists()
