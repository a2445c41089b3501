"""A unit of another system, followed: what is taken there is closed here, and nothing opens by a fault."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Organization
from calendars import mirroring, mirrors, sentences
from calendars.models import Alert, Connection, Feed, FeedRead
from properties.models import Property
from tests import cast
from tests.escapia import Escapia
from tests.mirrored import MINUTE, Mirror, keys_of
from tests.stories.test_an_export import nights_of
from tests.upsells.pages import a_purchase
from upsells import checkout

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home(organization: Organization) -> Property:
    return cast.a_property(organization)


@pytest.fixture
def mirror(home: Property, escapia: Escapia, settings: Settings) -> Mirror:
    settings.MIRROR_BASE_URLS = {"escapia": escapia.base_urls}
    return Mirror.of(home, escapia)


def test_what_is_taken_there_is_closed_here_and_in_every_export(mirror: Mirror, client: Client) -> None:
    stay = mirror.days(10, 3)
    mirror.book(stay)
    line = mirror.read()
    assert line is not None
    assert (line.outcome, line.closed) == (FeedRead.Outcome.CHANGED, 3)
    assert mirror.busy() == [stay]
    link = cast.path_of(cast.an_export(mirror.home))
    assert nights_of(client.get(link).content) == [(stay.start, stay.end)]


def test_a_cancelled_stay_opens_at_the_next_read(mirror: Mirror) -> None:
    mirror.book(mirror.days(40, 28))
    stay = mirror.book(mirror.days(10, 7))
    mirror.read()
    mirror.escapia.cancel(mirror.unit, stay)
    mirror.later()
    line = mirror.read()
    assert line is not None
    assert (line.opened, line.held) == (7, 0)
    assert mirror.busy() == [mirror.days(40, 28)]


@pytest.mark.parametrize("lost", ["everything", "most"])
def test_a_loss_of_everything_or_of_much_is_confirmed_by_three_reads_over_half_an_hour(
    mirror: Mirror, lost: str
) -> None:
    stays = [mirror.book(mirror.days(start, 4)) for start in (10, 20, 30)]
    mirror.read()
    before = mirror.busy()
    for stay in stays if lost == "everything" else stays[:2]:
        mirror.escapia.cancel(mirror.unit, stay)
    for _ in range(2):
        mirror.later()
        mirror.read()
        assert mirror.busy() == before
    mirror.later(timedelta(minutes=30))
    mirror.read()
    assert mirror.busy() == ([] if lost == "everything" else before[2:])


@pytest.mark.parametrize(
    "fault",
    ["server_error", "malformed", "truncated", "html", "too_many", "drop_reply", "forbidden"],
)
def test_a_fault_there_leaves_every_night_and_says_so(mirror: Mirror, fault: str, settings: Settings) -> None:
    stay = mirror.days(10, 3)
    mirror.book(stay)
    mirror.read()
    mirror.escapia.fault(fault)
    mirror.later()
    line = mirror.read()
    assert line is not None
    assert line.outcome == FeedRead.Outcome.FAILED
    assert sentences.sentence(mirror.feed.problem)
    assert mirror.busy() == [stay]
    mirror.escapia.mended()
    mirror.later(timedelta(minutes=30))
    again = mirror.read()
    assert again is not None
    assert (again.outcome, mirror.feed.problem) == (FeedRead.Outcome.UNCHANGED, None)


def test_refused_keys_stop_the_account_and_are_told_once(mirror: Mirror, alices: Client) -> None:
    stay = mirror.days(10, 3)
    mirror.book(stay)
    mirror.read()
    mirrors.rekey(mirror.connection, {**mirror.connection.credentials, "hsapi_secret": "wrong"}, mirror.now)
    mirror.escapia.expire_tokens()
    mirror.later()
    mirror.read()
    mirror.connection.refresh_from_db()
    assert mirror.connection.state == Connection.State.STOPPED
    asked = mirror.asked()
    mirror.later(timedelta(hours=2))
    assert (mirror.read(), mirror.asked(), mirror.busy()) == (None, asked, [stay])
    for _ in range(2):
        mirrors.watch(mirror.now)
    alert = Alert.objects.get()
    assert alert.kind == Alert.Kind.KEYS
    assert alices.get(reverse("calendars:alert", args=[alert.public_id]))["Location"] == "/systems/"
    mirrors.rekey(mirror.connection, keys_of(mirror.escapia.pmc()), mirror.now)
    line = mirror.read()
    assert line is not None
    assert line.outcome == FeedRead.Outcome.UNCHANGED
    mirrors.watch(mirror.now)
    assert not Alert.objects.open().exists()


def test_a_look_keeps_the_units_and_what_works(mirror: Mirror) -> None:
    health = mirrors.look(mirror.connection, mirror.now)
    assert "calendar" in health.works
    mirror.connection.refresh_from_db()
    listed = mirrors.listings(mirror.connection)
    assert mirror.unit.id in {listing.id for listing in listed}
    assert mirror.connection.looked_at == mirror.now


def test_a_unit_is_mirrored_by_one_home(mirror: Mirror) -> None:
    other = cast.a_property(mirror.home.organization, "Casa Dos")
    with pytest.raises(mirrors.Taken):
        mirrors.mirror(mirror.connection, mirror.unit.id, other, "", mirror.now)


def test_what_changed_there_is_read_soon_and_not_before_its_time(mirror: Mirror) -> None:
    mirroring.ask_what_changed(mirror.now)
    mirror.read()
    mirror.later(timedelta(hours=1))
    mirroring.ask_what_changed(mirror.now)
    mirror.read()
    due = mirror.feed.next_poll_at
    assert due is not None
    assert due > mirror.now
    stay = mirror.book(mirror.days(10, 2))
    mirror.escapia.cancel(mirror.unit, stay)
    later = mirror.later(timedelta(hours=2))
    Feed.objects.update(next_poll_at=later + timedelta(hours=3))
    mirroring.ask_what_changed(later)
    mirror.feed.refresh_from_db()
    assert mirror.feed.next_poll_at == later


def test_given_up_an_account_opens_what_only_it_closed(mirror: Mirror) -> None:
    mirror.book(mirror.days(10, 3))
    mirror.read()
    mirrors.archive(mirror.connection, mirror.now)
    assert mirror.busy() == []


def test_a_sale_has_the_unit_read_though_it_was_read_a_moment_ago(mirror: Mirror) -> None:
    mirror.read()
    stay = mirror.days(10, 3)
    mirror.book(stay)
    mirror.later(MINUTE)
    assert mirror.read() is None
    stay_link = cast.a_stay_link(mirror.home)
    purchase = a_purchase(stay_link, state="checking", requested_at=mirror.now)
    checkout.look_again(purchase, mirror.later(MINUTE))
    assert mirror.busy() == [stay]
    assert checkout._unread(purchase, mirror.now) == []
