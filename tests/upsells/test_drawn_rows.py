"""Rows of the board that were drawn before: shown again while nothing has changed, and never when something has."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
import time_machine
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg.types.range import DateRange

from accounts.models import Membership, User
from calendars import conflicts, ledger, linking
from calendars.models import Alert, Block, Feed
from domain.events import Kind
from domain.roles import Role
from properties.models import Property
from tests import cast

NIGHT = timedelta(days=1)
URL = "https://www.airbnb.com/calendar/ical/1.ics?s=a"


@pytest.fixture(autouse=True)
def noon() -> object:
    caches["drawn"].clear()
    with time_machine.travel(cast.NOW, tick=False):
        yield


def rows(browser: Client, **asked: str) -> str:
    page = browser.get(reverse("planner"), asked).content.decode()
    return page.split('class="row-of"', 1)[1].split("</section>", 1)[0].split("<footer", 1)[0]


def rename(home: Property) -> None:
    Property.objects.filter(pk=home.pk).update(name="Casa <Nova>")


def another_guest(home: Property) -> None:
    cast.an_import(Feed.objects.get(property=home), cast.nights(10, 2))


def a_guest_less(home: Property) -> None:
    Block.objects.filter(property=home).delete()


def a_longer_stay(home: Property) -> None:
    Block.objects.filter(property=home).update(nights=(cast.TODAY, cast.TODAY + 5 * NIGHT))


def another_kind(home: Property) -> None:
    Block.objects.filter(property=home).update(kind=Kind.OWNER)


def missing(home: Property) -> None:
    Block.objects.filter(property=home).update(missing_since=cast.NOW)


def yielding(home: Property) -> None:
    Block.objects.filter(property=home).update(yields=True)


def another_label(home: Property) -> None:
    Feed.objects.filter(property=home).update(label="Ours & theirs")


def failing(home: Property) -> None:
    Feed.objects.filter(property=home).update(failing_since=cast.NOW)


def another_channel(home: Property) -> None:
    Feed.objects.filter(property=home).update(channel="vrbo")


def an_echo(home: Property) -> None:
    told = [[cast.TODAY.isoformat(), (cast.TODAY + NIGHT).isoformat()]]
    Feed.objects.filter(property=home).update(echoes=told)


def a_sale(home: Property) -> None:
    cast.a_sale(home, cast.nights(20, 2))


def a_lengthened_sale(home: Property) -> None:
    feed, link = Feed.objects.get(property=home), cast.an_export(home)
    sale = cast.a_sale(home, cast.nights(3, 2))
    with ledger.changing(home, cast.NOW) as change:
        linking.suspend(change, sale, link, feed)
    cast.an_import(feed, cast.nights(0, 5))


CHANGES = (
    rename, another_guest, a_guest_less, a_longer_stay, another_kind, missing, yielding, another_label, failing,
    another_channel, an_echo, a_sale, a_lengthened_sale,
)  # fmt: skip


@pytest.fixture
def stay(home: Property) -> Block:
    feed = cast.a_feed(home, URL)
    Feed.objects.filter(pk=feed.pk).update(last_good_at=cast.NOW)
    return cast.an_import(feed, cast.nights(0, 3))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_changes_is_seen_at_once(
    change: Callable[[Property], None], alices: Client, home: Property, stay: Block
) -> None:
    before = rows(alices)
    change(home)
    after = rows(alices)
    caches["drawn"].clear()
    assert after == rows(alices)
    assert after != before


def test_a_double_booking_is_seen_at_once_and_so_is_its_end(
    alices: Client, home: Property, stay: Block
) -> None:
    cast.an_import(cast.a_feed(home, "https://www.vrbo.com/icalendar/1.ics"), cast.nights(1, 3))
    quiet = rows(alices)
    Alert.objects.filter(property=home).update(resolved_at=cast.NOW)
    settled = rows(alices)
    Alert.objects.filter(property=home).update(resolved_at=None)
    assert conflicts.nights(Alert.objects.get(kind=Alert.Kind.CONFLICT))
    assert rows(alices) == quiet
    assert "is-conflict" in quiet
    assert "is-conflict" not in settled


def test_what_has_not_changed_is_not_drawn_again(alices: Client, home: Property, stay: Block) -> None:
    other = cast.a_property(home.organization, "Bach")
    with CaptureQueriesContext(connection) as first:
        before = rows(alices)
    with CaptureQueriesContext(connection) as second:
        assert rows(alices) == before
    assert len(second) < len(first)
    rename(other)
    assert rows(alices).replace("Casa &lt;Nova&gt;", "Bach") == before


def test_sold_hours_move_with_the_times_of_the_house(alices: Client, home: Property, stay: Block) -> None:
    until = home.house.instant(cast.TODAY, time(14))
    hours = (home.house.instant(cast.TODAY, home.check_out), until)
    Block.objects.filter(pk=stay.pk).update(
        feed=None, origin=Block.Origin.SALE, kind=Kind.HOURS, nights=DateRange(empty=True), period=hours
    )
    assert "Late check-out" in rows(alices)
    Property.objects.filter(pk=home.pk).update(check_out=time(10))
    assert "Early check-in" in rows(alices)


def test_each_reader_gets_the_rows_of_their_language_their_days_and_their_role(
    alices: Client, alice: User, home: Property, stay: Block
) -> None:
    failing(home)
    english = rows(alices)
    assert "1–4 Dec" in english
    assert 'class="mark warn"' in english
    assert rows(alices, **{"from": str(cast.TODAY + NIGHT)}) != english
    User.objects.filter(pk=alice.pk).update(language="de")
    assert "Dez" in rows(alices)
    User.objects.filter(pk=alice.pk).update(language="en")
    Membership.objects.filter(user=alice).update(role=Role.VIEWER)
    assert 'class="mark warn"' not in rows(alices)
