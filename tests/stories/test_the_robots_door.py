"""Robots are answered in front of Django's middleware, exactly as the view behind it would."""

import gzip
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar as ICalendar

from amplistay.wsgi import application
from calendars import ledger
from calendars.public import LEAST_TO_PACK
from properties.models import Property
from tests import cast

type Write = Callable[[bytes], object]

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
def path(home: Property) -> str:
    """The address of a link whose calendar is worth packing."""
    link = cast.an_export(home)
    with ledger.changing(home, timezone.now()) as change:
        for number in range(12):
            ledger.close(change, cast.nights(10 + 5 * number, 3))
    return cast.path_of(link)


pytestmark = pytest.mark.django_db(transaction=True)


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


@pytest.mark.parametrize("refusal", ["", "identity", "gzip;q=0", "gzip; q=0.000, identity", "x-gzipped"])
def test_a_reader_that_cannot_unpack_gets_it_plain(path: str, refusal: str) -> None:
    status, headers, body = read(path, accept_encoding=refusal)
    assert (status, headers.get("Content-Encoding")) == (200, None)
    assert body.startswith(b"BEGIN:VCALENDAR")


@pytest.mark.parametrize("wish", ["gzip;q=0.5", "GZIP", "*", "deflate,gzip;q=1.0"])
def test_every_way_to_ask_for_it_packed_is_understood(path: str, wish: str) -> None:
    assert read(path, accept_encoding=wish)[1]["Content-Encoding"] == "gzip"


def test_a_small_calendar_is_not_packed(home: Property) -> None:
    status, headers, body = read(cast.path_of(cast.an_export(home)), accept_encoding="gzip")
    assert (status, headers.get("Content-Encoding")) == (200, None)
    assert len(body) < LEAST_TO_PACK


def test_part_of_a_calendar_is_never_sent(path: str) -> None:
    status, headers, body = read(path, range="bytes=0-99")
    assert (status, headers["Accept-Ranges"]) == (200, "none")
    assert len(ICalendar.from_ical(body).walk("VEVENT")) == 12


def test_by_a_stale_validator_the_whole_calendar_comes(path: str) -> None:
    status, _headers, body = read(
        path, if_none_match='"another"', if_modified_since="Sat, 01 Jan 2050 00:00:00 GMT"
    )
    assert (status, body.startswith(b"BEGIN:VCALENDAR")) == (200, True)


def test_every_other_method_and_address_is_djangos(path: str) -> None:
    assert read(path, "POST")[0] == HTTPStatus.METHOD_NOT_ALLOWED
    assert read("/ical/not-a-link")[0] == HTTPStatus.NOT_FOUND
    assert read("/healthz")[0] in {HTTPStatus.OK, HTTPStatus.MOVED_PERMANENTLY}


def test_a_wrong_address_is_the_same_404_for_whoever_asks(path: str) -> None:
    forged = path[:-10] + "abcdef.ics"
    assert read(forged) == read("/ical/23456789abcdef/" + "0" * 43 + ".ics")
    assert read(forged)[0] == HTTPStatus.NOT_FOUND
