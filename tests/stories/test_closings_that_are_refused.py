"""A system that won't close nights: the host is told what to do once a read hasn't settled it, until it ends."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localtime
from pytest_django import Settings

from calendars import alerts, ledger, sentences
from calendars.models import Alert, Block, Closure, Connection, Feed
from calendars.standing import Standing, standing
from tests import cast
from tests.mirrored import FLOOR, MINUTE, Mirror
from tests.upsells.pages import text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stay(mirror: Mirror) -> Block:
    """Nights of another site that the system has just sold, too, so that it refuses to close them."""
    mirror.book(mirror.days(11, 1))
    block = cast.an_import(cast.a_feed(mirror.home), mirror.days(10, 3), mirror.now)
    mirror.tell()
    assert Closure.objects.get().state == Closure.State.REFUSED
    return block


def open_kinds(mirror: Mirror) -> list[str]:
    alerts.watch(mirror.now)
    return list(Alert.objects.open().values_list("kind", flat=True))


@pytest.mark.usefixtures("stay")
def test_a_refusal_that_stays_is_told_with_what_to_do(mirror: Mirror, alices: Client) -> None:
    assert open_kinds(mirror) == [], "the next read may settle it"
    mirror.later(16 * MINUTE)
    assert open_kinds(mirror) == ["refused"]
    alert = Alert.objects.get()
    assert "Escapia refuses to close" in sentences.headline(alert)
    assert "Close them there yourself" in sentences.advice(alert)
    assert sentences.advice(alert) in text(alices.get("/"))


@pytest.mark.parametrize("way", ["read there", "given up here"])
def test_it_is_over_when_nothing_is_refused_any_more(mirror: Mirror, stay: Block, way: str) -> None:
    mirror.later(16 * MINUTE)
    assert open_kinds(mirror) == ["refused"]
    if way == "read there":
        mirror.read()
    else:
        with ledger.changing(mirror.home, mirror.now) as change:
            stay.delete()
            change.touched = True
    mirror.tell()
    assert open_kinds(mirror) == []
    alert = Alert.objects.get()
    assert alert.is_good_news
    assert "Nothing of Casa" in sentences.relief(alert)


@pytest.mark.usefixtures("stay")
def test_a_unit_that_waits_for_its_least_interval_is_neither_checked_nor_late(
    mirror: Mirror, settings: Settings, alices: Client
) -> None:
    """A refusal has the unit read, which its system allows five minutes after the read before."""
    settings.ALERT_AFTER, settings.POLL_INTERVAL = 2 * MINUTE, MINUTE  # as the demo has it
    mirror.feed.refresh_from_db()
    assert mirror.feed.next_poll_at is not None
    assert mirror.feed.next_poll_at <= mirror.now, "it is due"
    again = mirror.now + FLOOR
    assert mirror.feed.turn == again
    for minutes in (0, 1, 3, 4, 6):
        assert standing(mirror.feed, mirror.now + minutes * MINUTE) == (
            Standing.FRESH if minutes < FLOOR / MINUTE else Standing.CHECKING
        )
        alerts.watch(mirror.now + minutes * MINUTE)
    assert not Alert.objects.filter(kind=Alert.Kind.LATE).exists()
    page = alices.get(reverse("calendars:connections", args=[mirror.home.public_id]))
    at = localtime(again, mirror.home.house.zone)
    assert f"next read at {at:%H:%M}" in text(page)
    alerts.watch(again + 3 * MINUTE)
    assert Alert.objects.filter(kind=Alert.Kind.LATE).exists(), "nobody read it when its turn came"


@pytest.mark.usefixtures("stay")
def test_nor_is_a_unit_whose_account_is_left_alone_for_a_while(mirror: Mirror) -> None:
    until = mirror.now + 3 * 60 * MINUTE
    Connection.objects.update(rest_until=until)
    feed = Feed.objects.with_turns().get(pk=mirror.feed.pk)
    assert feed.turn == until
    assert standing(feed, until - MINUTE) == Standing.FRESH
    alerts.watch(until - MINUTE)
    assert not Alert.objects.filter(kind=Alert.Kind.LATE).exists()
