"""Robots are answered in front of Django's middleware, exactly as the view behind it would."""

import gzip
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.http import http_date
from icalendar import Calendar as ICalendar

from amplistay.wsgi import application
from calendars import ledger, receipts
from calendars.models import Block, Calendar, ExportLink
from calendars.public import LEAST_TO_PACK
from domain import encode
from launcher.run import leashed
from properties.models import Property
from tests import cast, outages
from tests.wiretap import Wiretap, wiretap
from tests.workers import PATIENCE_S, ROOT

type Write = Callable[[bytes], object]

MINUTE = timedelta(minutes=1)
MOST_STATEMENTS_AT_FIRST = 4  # three of them open the connection

NOT_ALIKE = {"Content-Length", "Vary"}  # middleware adds to the view's


def read(path: str, method: str = "GET", **sent: str) -> tuple[int, dict[str, str], bytes]:
    """What the server gets from the application: status, header fields, body."""
    told: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], _failure: object = None, /) -> Write:
        told.update(status=int(status.split(maxsplit=1)[0]), headers=dict(headers))
        return BytesIO().write

    environ: dict[str, Any] = {"PATH_INFO": path, "REQUEST_METHOD": method, "wsgi.input": BytesIO()}
    setup_testing_defaults(environ)
    body = b"".join(
        application(environ | {f"HTTP_{name.upper()}": value for name, value in sent.items()}, start_response)
    )
    return told["status"], told["headers"], body


@pytest.fixture
def long_ago() -> datetime:
    """When what these tests read was made: what changes now has a date of its own."""
    return timezone.now().replace(microsecond=0) - 60 * MINUTE


@pytest.fixture
def path(home: Property, long_ago: datetime) -> str:
    """The address of a link whose calendar is worth packing."""
    link = cast.an_export(home)
    ExportLink.objects.update(changed_at=long_ago)
    with ledger.changing(home, long_ago + MINUTE) as change:
        for number in range(12):
            ledger.close(change, cast.nights(10 + 5 * number, 3))
    return cast.path_of(link)


pytestmark = pytest.mark.django_db
ONE_BY_ONE = pytest.mark.django_db(
    transaction=True
)  # the connection is lost on the way, or what commits is the point


@pytest.fixture
def home() -> Property:
    return cast.a_property(cast.an_organization())


def test_the_door_and_the_view_say_the_same(client: Client, path: str) -> None:
    status, headers, body = read(path)
    answer = client.get(path)
    assert (status, body) == (answer.status_code, answer.content)
    alike = headers.keys() - NOT_ALIKE
    assert {name: answer[name] for name in alike} == {name: headers[name] for name in alike}
    assert headers["Content-Length"] == str(len(body))
    assert not {"Set-Cookie", "Location"} & headers.keys()


def test_head_tells_the_length_and_sends_nothing(path: str) -> None:
    whole = read(path)
    assert read(path, "HEAD") == (200, whole[1], b"")


def test_a_reader_that_unpacks_gets_it_packed_and_is_recognised_by_that_validator(path: str) -> None:
    plain, packed = read(path), read(path, accept_encoding="br, gzip")
    assert gzip.decompress(packed[2]) == plain[2]
    assert len(packed[2]) < len(plain[2])
    assert packed[1]["Content-Encoding"] == "gzip"
    assert packed[1]["ETag"] != plain[1]["ETag"]
    for whole in (plain, packed):
        status, headers, body = read(path, accept_encoding="gzip", if_none_match=whole[1]["ETag"])
        assert (status, headers["ETag"], body) == (304, whole[1]["ETag"], b"")
        assert "Accept-Encoding" in headers["Vary"]


@pytest.mark.parametrize(
    "refusal",
    ["", "identity", "gzip;q=0", "gzip; q=0.000, identity", "x-gzipped", "*, gzip;q=0", "br, *;q=0"],
)
def test_a_reader_that_cannot_unpack_gets_it_plain(path: str, refusal: str) -> None:
    status, headers, body = read(path, accept_encoding=refusal)
    assert (status, headers.get("Content-Encoding")) == (200, None)
    assert body.startswith(b"BEGIN:VCALENDAR")


@pytest.mark.parametrize("wish", ["gzip;q=0.5", "GZIP", "*", "deflate,gzip;q=1.0", "x-gzip", "*;q=0, gzip"])
def test_every_way_to_ask_for_it_packed_is_understood(path: str, wish: str) -> None:
    assert read(path, accept_encoding=wish)[1]["Content-Encoding"] == "gzip"


def test_a_small_calendar_is_not_packed(home: Property) -> None:
    status, headers, body = read(cast.path_of(cast.an_export(home)), accept_encoding="gzip")
    assert (status, headers.get("Content-Encoding")) == (200, None)
    assert len(body) < LEAST_TO_PACK


@pytest.mark.parametrize("wish", [{"range": "bytes=0-99"}, {"range": "bytes=-1,0-0", "if_range": "*"}])
def test_part_of_a_calendar_is_never_sent(path: str, wish: dict[str, str]) -> None:
    status, headers, body = read(path, **wish)
    assert (status, headers["Accept-Ranges"]) == (200, "none")
    assert len(ICalendar.from_ical(body).walk("VEVENT")) == 12


def test_by_a_stale_validator_the_whole_calendar_comes(path: str) -> None:
    status, _headers, body = read(
        path, if_none_match='"another"', if_modified_since="Sat, 01 Jan 2050 00:00:00 GMT"
    )
    assert (status, body.startswith(b"BEGIN:VCALENDAR")) == (200, True)


@ONE_BY_ONE
def test_every_other_method_and_address_is_djangos(path: str) -> None:
    assert read(path, "POST")[0] == HTTPStatus.METHOD_NOT_ALLOWED
    assert read("/ical/not-a-link")[0] == HTTPStatus.NOT_FOUND
    assert read("/healthz")[0] in {HTTPStatus.OK, HTTPStatus.MOVED_PERMANENTLY}


def test_a_wrong_address_is_the_same_404_for_whoever_asks(path: str) -> None:
    forged = path[:-10] + "abcdef.ics"
    assert read(forged) == read("/ical/23456789abcdef/" + "0" * 43 + ".ics")
    assert read(forged)[0] == HTTPStatus.NOT_FOUND


def test_who_only_asks_for_the_head_has_seen_nothing(path: str) -> None:
    receipts.flush()
    etag = read(path, "HEAD", user_agent="Airbnb")[1]["ETag"]
    read(path, "HEAD", if_none_match=etag)
    assert receipts.flush() == 0
    read(path)
    read(path, if_none_match=etag)
    assert receipts.flush() == 2


# The date, where a reader keeps nothing else (RFC 9110 §8.8.2 and §13.1.3)


def test_whoever_has_the_date_of_this_very_calendar_has_it_already(path: str) -> None:
    told = read(path)[1]["Last-Modified"]
    status, headers, body = read(path, if_modified_since=told)
    assert (status, headers["Last-Modified"], body) == (304, told, b"")


def test_the_clock_of_a_reader_decides_nothing(path: str) -> None:
    now = timezone.now().timestamp()
    for date in (http_date(now), http_date(now + 600), "yesterday", "Sat, 01 Jan 2050 00:00:00 GMT"):
        status, _headers, body = read(path, if_modified_since=date)
        assert (status, body.startswith(b"BEGIN:VCALENDAR")) == (200, True)


@pytest.mark.parametrize(
    "later", [timedelta(milliseconds=300), timedelta(0), -MINUTE], ids=["soon", "at once", "a clock behind"]
)
def test_no_two_states_of_a_calendar_share_a_date(
    path: str, home: Property, long_ago: datetime, later: timedelta
) -> None:
    before = read(path)
    with ledger.changing(home, long_ago + MINUTE + later) as change:
        ledger.close(change, cast.nights(200, 2))
    status, headers, body = read(path, if_modified_since=before[1]["Last-Modified"])
    assert (status, len(ICalendar.from_ical(body).walk("VEVENT"))) == (200, 13)
    assert headers["Last-Modified"] > before[1]["Last-Modified"]  # in the same minute


def test_a_date_that_is_not_over_yet_is_not_told(path: str) -> None:
    ExportLink.objects.update(changed_at=timezone.now() + MINUTE)
    status, headers, _body = read(path)
    assert (status, "Last-Modified" in headers, "ETag" in headers) == (200, False, True)


# Faults: a channel keeps what it has


def assert_asks_for_patience(path: str) -> None:
    """Whatever is asked, there is neither an empty nor a partial calendar, nor one that no cache forgets."""
    for sent in (
        {},
        {"if_none_match": '"x"'},
        {"if_modified_since": http_date(0)},
        {"accept_encoding": "gzip"},
    ):
        for method in ("GET", "HEAD"):
            status, headers, body = read(path, method, **sent)
            assert (status, headers["Retry-After"], headers["Cache-Control"]) == (503, "120", "no-store")
            assert b"VCALENDAR" not in body
            assert not {"ETag", "Last-Modified"} & headers.keys()


def test_an_address_of_ours_whose_row_is_missing_is_our_fault(path: str) -> None:
    ExportLink.objects.all().delete()
    assert_asks_for_patience(path)
    assert read(path[:-10] + "abcdef.ics")[0] == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("octets", [0, 30, -15, -1])
def test_a_body_that_is_not_whole_is_not_sent(path: str, octets: int) -> None:
    row = ExportLink.objects.get()
    damaged = bytes(row.body)[:octets] or b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    ExportLink.objects.update(body=damaged)
    assert_asks_for_patience(path)


@contextmanager
def the_database_at(port: int) -> Iterator[None]:
    """Where this thread looks for it; but for `connect_timeout`, as it is set up."""
    kept = {name: connection.settings_dict[name] for name in ("HOST", "PORT", "OPTIONS")}
    connection.close()
    connection.settings_dict |= {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "OPTIONS": kept["OPTIONS"] | {"connect_timeout": "2"},
    }
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= kept


@ONE_BY_ONE
def test_a_database_that_is_away_is_our_fault(path: str) -> None:
    with the_database_at(port=1):
        assert_asks_for_patience(path)
    assert read(path)[0] == HTTPStatus.OK


@ONE_BY_ONE
def test_a_database_that_says_nothing_is_not_waited_for(path: str) -> None:
    assert int(connection.settings_dict["OPTIONS"]["connect_timeout"]) <= 5
    with socket.create_server(("127.0.0.1", 0)) as silent, the_database_at(silent.getsockname()[1]):
        status, headers, body = read(path)
    assert (status, headers["Retry-After"], b"VCALENDAR" in body) == (503, "120", False)


@ONE_BY_ONE
def test_a_change_that_cannot_be_written_as_a_calendar_is_no_change(
    path: str, home: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, blocks, busy = read(path), set(Block.objects.values_list("pk")), cast.busy(home)
    version = Calendar.objects.get(property=home).version
    with monkeypatch.context() as broken:
        broken.setattr(encode, "SPECIAL", None)  # a bug of the encoder's: it can't write any text
        with pytest.raises(TypeError), ledger.changing(home, timezone.now()) as change:
            ledger.close(change, cast.nights(300, 2))
        assert read(path) == before
        assert set(Block.objects.values_list("pk")) == blocks
        assert (cast.busy(home), Calendar.objects.get(property=home).version) == (busy, version)
    with ledger.changing(home, timezone.now()) as change:
        ledger.close(change, cast.nights(300, 2))
    assert len(ICalendar.from_ical(read(path)[2]).walk("VEVENT")) == 13
    assert ledger.differences(home) == []


# A whole server


@pytest.fixture
def cold(tmp_path: Path) -> Iterator[tuple[HTTPConnection, Wiretap]]:
    """A server that nobody has asked anything yet, and what it asks the database."""
    name, user = connection.settings_dict["NAME"], connection.settings_dict["USER"]
    address = outages.an_address()
    port = int(address.rpartition(":")[2])
    words = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--blocking-threads", "1"]

    def listens() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    with wiretap() as tap:
        database = f"postgresql://{user}@127.0.0.1:{tap.port}/{name}?sslmode=disable"
        env = os.environ | {"DATABASE_URL": database, "SITE_URL": address, "DEBUG": "1"}
        command = [sys.executable, "-m", "granian", *words, "amplistay.wsgi:application"]
        server = outages.Server(leashed(command), tmp_path / "web.log", listens, cwd=ROOT, env=env)
        server.start()
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as robot:
                yield robot, tap
        finally:
            server.kill()


@ONE_BY_ONE
def test_a_process_that_has_just_begun_answers_its_first_request(
    cold: tuple[HTTPConnection, Wiretap], path: str
) -> None:
    robot, tap = cold
    expected = read(path)
    tap.statements = 0
    robot.request("GET", path)
    first = robot.getresponse()
    assert (first.status, first.read()) == (200, expected[2])
    assert tap.statements <= MOST_STATEMENTS_AT_FIRST
    told = expected[1] | {"Content-Length": str(len(expected[2]))}
    assert {name: first.headers.get_all(name) for name in told} == {name: [told[name]] for name in told}
    assert first.headers["Date"]  # RFC 9110 §6.6.1
    whole, same = (200, told["ETag"], 1), (304, told["ETag"], 1)
    for method, sent, expected_answer, bodies in (
        ("GET", {"If-None-Match": told["ETag"]}, same, b""),
        ("HEAD", {"If-Modified-Since": told["Last-Modified"]}, same, b""),
        ("HEAD", {}, whole, b""),
        ("GET", {}, whole, expected[2]),
    ):
        tap.statements = 0
        robot.request(method, path, headers=sent)
        answer = robot.getresponse()
        assert answer.read() == bodies
        assert (answer.status, answer.headers["ETag"], tap.statements) == expected_answer
        lengths = {told["Content-Length"]} if expected_answer is whole else {None, told["Content-Length"]}
        assert answer.headers["Content-Length"] in lengths  # RFC 9110 §8.6
