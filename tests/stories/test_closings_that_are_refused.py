"""A system that won't close nights: the host is told what to do once a read hasn't settled it, until it ends."""

import pytest
from django.test import Client

from calendars import alerts, ledger, sentences
from calendars.models import Alert, Block, Closure
from tests import cast
from tests.mirrored import MINUTE, Mirror
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
