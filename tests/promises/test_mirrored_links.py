"""A mirrored link under a crowd: one read in five minutes whoever asks, never empty, no error of anybody else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
import requests
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Organization
from calendars import demand, leases, ledger
from calendars.models import Feed
from tests import cast, outages
from tests.escapia import Escapia
from tests.mirrored import FLOOR, MINUTE, Mirror
from tests.outages import Server
from tests.stories.test_an_export import nights_of
from tests.workers import Worker, within

pytestmark = pytest.mark.django_db(transaction=True)

POLLERS, ROUNDS = 100, 3
RACERS = 12
PATIENCE_S = 120


@pytest.fixture
def mirror(organization: Organization, escapia: Escapia, settings: Settings) -> Mirror:
    settings.MIRROR_BASE_URLS = {"escapia": escapia.base_urls}
    settings.MIRROR_PATIENCE = timedelta(milliseconds=200)
    return Mirror.of(cast.a_property(organization), escapia)


@pytest.fixture
def link(mirror: Mirror) -> str:
    return cast.path_of(cast.an_export(mirror.home))


@pytest.fixture
def worker(tmp_path: Path, mirror: Mirror) -> Iterator[Worker]:
    port = int(mirror.escapia.address.rsplit(":", 1)[1])
    worker = Worker(tmp_path, port, DEMO="1", SIMULATOR_URL=mirror.escapia.address)
    yield worker
    worker.stop()


@pytest.fixture
def site(tmp_path: Path, worker: Worker) -> Iterator[Server]:
    """Two web processes of four threads each."""
    env = worker.env | {"SITE_URL": outages.an_address(), "MIRROR_PATIENCE_MS": "60000"}
    site = outages.a_site(tmp_path / "site.log", env)
    site.start()
    site.url = env["SITE_URL"]  # type: ignore[attr-defined]  # where these tests look for it
    yield site
    site.kill()


def old(mirror: Mirror, by: timedelta = FLOOR) -> None:
    """Let the copy be so much older."""
    times = ("wanted_at", "asked_at", "last_read_at", "last_good_at")
    Feed.objects.filter(pk=mirror.feed.pk).update(**{time: F(time) - by for time in times})


def claimed(mirror: Mirror, at: datetime) -> list[int]:
    return leases.claim_these([mirror.feed.pk], at)[1]


def race[Found](act: Callable[[], Found]) -> list[Found]:
    """What each of the racers gets who all begin at once, each with a connection of its own."""
    ready = Barrier(RACERS)

    def run(_number: int) -> Found:
        try:
            connection.ensure_connection()
            ready.wait(PATIENCE_S)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def test_without_the_column_the_race_is_there_to_be_seen(mirror: Mirror) -> None:
    looked = Barrier(RACERS)

    def look_then_ask() -> bool:
        feed = Feed.objects.get(pk=mirror.feed.pk)
        looked.wait(PATIENCE_S)
        if feed.asked_at is None or feed.asked_at <= mirror.now - FLOOR:
            Feed.objects.filter(pk=feed.pk).update(asked_at=mirror.now)
            return True
        return False

    assert race(look_then_ask).count(True) > 1


def test_of_many_who_want_it_at_once_one_tells_a_worker_and_one_worker_reads(mirror: Mirror) -> None:
    assert race(lambda: demand.want(mirror.feed.pk, mirror.now)).count(True) == 1
    claims = race(partial(claimed, mirror, mirror.now))
    assert sorted(map(len, claims)) == [0] * (RACERS - 1) + [1]
    Feed.objects.update(lease_until=None, lease_token=None)
    for later, count in ((FLOOR - MINUTE, 0), (FLOOR, 1)):
        claims = race(partial(claimed, mirror, mirror.now + later))
        assert sum(map(len, claims)) == count


def test_a_hundred_pollers_cost_one_read_in_five_minutes(
    mirror: Mirror, link: str, worker: Worker, site: Server
) -> None:
    stays = [mirror.days(10, 3), mirror.days(20, 2)]
    mirror.book(stays[0])
    worker.start()
    url = site.url + link  # type: ignore[attr-defined]  # set by the fixture

    def poll(_number: int) -> set[tuple[int, bool]]:
        with requests.Session() as robot:
            answers = [robot.get(url, timeout=PATIENCE_S) for _ in range(ROUNDS)]
        return {(answer.status_code, nights_of(answer.content) == []) for answer in answers}

    def crowd() -> set[tuple[int, bool]]:
        with ThreadPoolExecutor(POLLERS) as pool:
            return set().union(*pool.map(poll, range(POLLERS)))

    assert within(lambda: nights_of(requests.get(url, timeout=PATIENCE_S).content) != [])
    assert (crowd(), mirror.asked()) == ({(200, False)}, 1)
    mirror.book(stays[1])
    old(mirror)
    assert (crowd(), mirror.asked()) == ({(200, False)}, 2)
    told = requests.get(url, timeout=PATIENCE_S)
    assert nights_of(told.content) == [(stay.start, stay.end) for stay in stays]
    assert mirror.asked() == 2


def test_a_link_says_when_it_pays_to_come_back(mirror: Mirror, link: str, client: Client) -> None:
    mirror.book(mirror.days(10, 3))
    mirror.read()
    told = client.get(link)
    seconds = int(told["Cache-Control"].partition("max-age=")[2].partition(",")[0])
    assert 0 < seconds <= FLOOR.total_seconds()
    assert "X-Mirrored-At" in told
    unchanged = client.get(link, headers={"If-None-Match": told["ETag"]})
    assert (unchanged.status_code, "max-age" in unchanged["Cache-Control"]) == (304, True)


def test_links_of_homes_that_mirror_nothing_are_asked_for_each_time(
    organization: Organization, client: Client
) -> None:
    link = cast.path_of(cast.an_export(cast.a_property(organization)))
    assert client.get(link)["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("fault", ["server_error", "hang", "html", "too_many", "no_nights", "half"])
def test_whatever_the_system_does_the_link_answers_with_the_last_good_copy(
    mirror: Mirror, link: str, client: Client, fault: str
) -> None:
    stays = [mirror.days(start, 3) for start in (10, 20, 30, 40)]
    for stay in stays:
        mirror.book(stay)
    mirror.read()
    before = client.get(link)
    old(mirror)
    mirror.escapia.fault(fault)
    if fault != "hang":
        mirror.later(timedelta(seconds=1))
        mirror.read(somebody_waits=True)
    after = client.get(link)
    assert (after.status_code, after.content) == (200, before.content)
    assert nights_of(after.content) == [(stay.start, stay.end) for stay in stays]


def test_a_sale_is_in_a_mirrored_link_at_the_commit(mirror: Mirror, link: str, client: Client) -> None:
    stay, sold = mirror.days(10, 3), mirror.days(20, 2)
    mirror.book(stay)
    mirror.read()
    now = timezone.now()
    with ledger.changing(mirror.home, now) as change:
        ledger.hold(change, sold, until=now + timedelta(minutes=10), reference="r")
        ledger.confirm(change, "r")
    told = [(span.start, span.end) for span in (stay, sold)]
    assert nights_of(client.get(link).content) == told


def test_a_wish_outlives_the_broker_and_the_worker(mirror: Mirror, link: str, client: Client) -> None:
    mirror.read()
    Feed.objects.update(next_poll_at=mirror.now + timedelta(days=1))
    old(mirror)
    assert client.get(link).status_code == 200
    due: datetime | None = Feed.objects.values_list("next_poll_at", flat=True).get()
    assert due is not None
    assert due <= timezone.now()
    lease, ids = leases.claim_mirrors(timezone.now())
    assert (ids, bool(lease)) == ([mirror.feed.pk], True)
