"""Whether a night of ours is closed at the other system, as the panel beside the month tells it."""

import pytest
from django.test import Client
from django.utils.timezone import localtime

from calendars import ledger, mirrors
from calendars.models import Closure
from domain.events import Kind
from domain.spans import NIGHT
from tests import cast
from tests.calendars.months import at, why
from tests.mirrored import MINUTE, Mirror

pytestmark = pytest.mark.django_db(transaction=True)

WAITS = "Waiting to be closed at Escapia."


def test_a_night_waits_is_closed_there_and_says_since_when(mirror: Mirror, alices: Client) -> None:
    span = mirror.days(10, 2)
    assert WAITS not in why(alices, mirror.home, span.start)
    with ledger.changing(mirror.home, mirror.now) as change:
        ledger.close(change, span, "Painter")
    assert WAITS in why(alices, mirror.home, span.start), "before anything is written down, too"
    assert WAITS not in why(alices, mirror.home, span.end)
    mirror.escapia.fault("drop_reply", count=1, on="CreateReservation")
    mirror.tell()
    assert Closure.objects.get().state == Closure.State.SENT
    assert WAITS in why(alices, mirror.home, span.start)
    mirror.later(MINUTE)
    mirror.tell()
    closed = localtime(Closure.objects.get().closed_at, mirror.home.house.zone)
    said = why(alices, mirror.home, span.start)
    assert "Closed at Escapia since" in said
    assert f"{closed:%H:%M}" in said
    assert WAITS not in said


def test_what_escapia_refuses_stands_with_its_words(mirror: Mirror, alices: Client) -> None:
    mirror.book(mirror.days(11, 1))
    cast.an_import(cast.a_feed(mirror.home), mirror.days(10, 3), mirror.now)
    mirror.tell()
    said = why(alices, mirror.home, mirror.days(10).start, headers={"HX-Request": "true"})
    assert "Escapia refuses to close it: “" in said


@pytest.mark.parametrize("why_not", ["one way", "a rule", "theirs"])
def test_nothing_is_said_where_nothing_is_closed_there(mirror: Mirror, alices: Client, why_not: str) -> None:
    span = mirror.days(10, 2)
    if why_not == "theirs":
        mirror.book(span)
        mirror.later()
        mirror.read()
    else:
        kind = Kind.BOOKING_WINDOW if why_not == "a rule" else Kind.RESERVATION
        cast.an_import(cast.a_feed(mirror.home), span, mirror.now, kind=kind)
    if why_not == "one way":
        mirrors.set_two_way(mirror.connection, two_way=False)
    said = why(alices, mirror.home, span.start)
    assert "Closed by" in said
    assert "at Escapia" not in said


@pytest.mark.parametrize("two_way", [True, False])
def test_whoever_closes_nights_by_hand_reads_that_escapia_is_told(
    mirror: Mirror, alices: Client, *, two_way: bool
) -> None:
    mirrors.set_two_way(mirror.connection, two_way=two_way)
    cast.an_export(mirror.home)
    night = mirror.days(10).start
    answer = alices.post(at(mirror.home, "close"), {"start": night, "end": night + NIGHT}, follow=True)
    page = answer.content.decode()
    assert "Every channel sees it" in page
    assert ("Escapia is told at once." in page) is two_way
