"""The address channels poll: a signed link to one row, and never an empty or partial calendar.

Robots come in by `door`, in front of the application and its middleware: nothing of a session, a cookie or a
redirect can stand in their way, and an answer costs one query. `export` is the same for whoever asks Django.
"""

import gzip
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import psycopg
import structlog
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import http_date, parse_http_date_safe
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from psycopg.rows import tuple_row

from calendars import demand, exports, tasks
from calendars.receipts import BROWSER, Pull, note, serving
from connectors.broker import hint

log = structlog.get_logger()

RETRY_AFTER = "120"
PATH = re.compile(r"/ical/([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)\.ics")
SAFE = frozenset({"GET", "HEAD"})
PLAIN = "text/plain; charset=utf-8"
PRIVATE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Vary": "Accept-Encoding"}
NOTHING = {"Content-Type": PLAIN, "Cache-Control": "no-store", **PRIVATE}  # a cache may keep a 404 otherwise
LEAST_TO_PACK = 1400  # octets: less fits into one packet anyway
PACKED = (
    "-gz"  # what the validator of the packed bytes ends in: they are another representation (RFC 9110 §8.8.3)
)
CODING = re.compile(r"(?:^|,)\s*(x-gzip|gzip|\*)\s*(?:;\s*q\s*=\s*([\d.]+)\s*)?(?=,|$)")
WHOLE_ROW = f"""SELECT version, oldest_version, previous_until, revoked_at, etag, changed_at,
                       unit, again_at, read_at, is_blank, body_version, body
                FROM calendars_exportlink link {demand.UNIT} WHERE public_id = %s"""  # noqa: S608 - constants
HEAD_ROW = WHOLE_ROW.replace("body_version, body", "body_version")


@dataclass(frozen=True, slots=True)
class Question:
    """What of a request decides the answer; the header fields are empty where they weren't sent."""

    public_id: str
    signed: str
    none_match: str | None
    modified_since: str | None
    accepted: str
    agent: str
    is_read: bool  # not HEAD, by which nobody learns what the calendar says


class Row(NamedTuple):
    """What is stored of a link; the body only where it was asked for.

    `unit` is the feed that mirrors the property's calendar elsewhere, if one does; it was read well at `read_at` and
    may be read again at `again_at`. With `is_blank` nothing is known yet of what the unit takes.
    """

    version: int
    oldest: int
    previous_until: datetime | None
    revoked_at: datetime | None
    etag: str
    changed_at: datetime
    unit: int | None
    again_at: datetime | None
    read_at: datetime | None
    is_blank: bool | None
    body_version: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes = field(default=b"", repr=False)


NOT_FOUND = Answer(404, NOTHING, b"No calendar at this address.\n")
LATER = Answer(
    503, NOTHING | {"Retry-After": RETRY_AFTER}, b"Please read this calendar again in two minutes.\n"
)


def door(application: WSGIApplication) -> WSGIApplication:
    """The WSGI application with a short way to the export links; all else is the application's."""

    def enter(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        found = PATH.fullmatch(environ["PATH_INFO"])
        if found is None or environ["REQUEST_METHOD"] not in SAFE:
            serving()
            return application(environ, start_response)
        given = answer(
            Question(
                found[1],
                found[2],
                environ.get("HTTP_IF_NONE_MATCH"),
                environ.get("HTTP_IF_MODIFIED_SINCE"),
                environ.get("HTTP_ACCEPT_ENCODING", ""),
                BROWSER if "HTTP_SEC_FETCH_MODE" in environ else environ.get("HTTP_USER_AGENT", ""),
                is_read=environ["REQUEST_METHOD"] == "GET",
            )
        )
        headers = list(given.headers.items())
        if given.status != HTTPStatus.NOT_MODIFIED:
            headers.append(("Content-Length", str(len(given.body))))
        start_response(f"{given.status} {HTTPStatus(given.status).phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [given.body]

    return enter


@csrf_exempt
@require_safe
def export(request: HttpRequest, public_id: str, signed: str) -> HttpResponse:
    """The same as a view."""
    sent = request.headers
    given = answer(
        Question(
            public_id,
            signed,
            sent.get("If-None-Match"),
            sent.get("If-Modified-Since"),
            sent.get("Accept-Encoding", ""),
            BROWSER if "Sec-Fetch-Mode" in sent else sent.get("User-Agent", ""),
            is_read=request.method == "GET",
        )
    )
    return HttpResponse(given.body, status=given.status, headers=given.headers)


def answer(question: Question) -> Answer:
    """The link's calendar, 304 where the reader has it already, one and the same 404 for every wrong address.

    On any fault of ours, and until a mirrored unit was read for the first time: 503, so that a channel keeps what it
    has (an empty answer would open sold nights). Ranges are not served: a calendar is whole or not there.
    """
    try:
        return _answer(question)
    except Exception:
        log.exception("export failed", link=question.public_id)
        return LATER


def _answer(question: Question) -> Answer:
    is_conditional = question.none_match is not None or question.modified_since is not None
    row = _fresh_row(HEAD_ROW if is_conditional else WHOLE_ROW, question)
    if row is None:
        return NOT_FOUND
    if row.is_blank:
        return LATER
    if is_conditional:
        if tag := _held(question, row):
            return Answer(304, _told(question, row, tag))
        row = _row(WHOLE_ROW, question)  # all of it once more: validator and bytes must be of one moment
        if row is None:
            return NOT_FOUND
    if exports.etag(row.body) != row.etag:
        message = "the bytes of a live link are not those it was given"
        raise ValueError(message)
    headers = {"Content-Type": "text/calendar; charset=utf-8"}
    headers["Content-Disposition"] = 'inline; filename="amplistay.ics"'
    if len(row.body) < LEAST_TO_PACK or not _unpacks(question.accepted):
        return Answer(200, headers | _told(question, row, row.etag), row.body)
    headers["Content-Encoding"] = "gzip"
    packed = gzip.compress(row.body, 6, mtime=0)
    return Answer(200, headers | _told(question, row, row.etag + PACKED), packed)


def _fresh_row(columns: str, question: Question) -> Row | None:
    """The row that the address opens, with a fresh copy of the unit behind it where one comes in time."""
    row = _row(columns, question)
    if row and question.is_read and _refreshed(row):
        row = _row(columns, question) or row
    return row


def _refreshed(row: Row) -> bool:
    """Have the unit behind the link read where its copy is too old; whether a fresh one came while we waited."""
    now = timezone.now()
    if row.unit is None or (row.again_at and row.again_at > now):
        return False
    if demand.want(row.unit, now):
        hint(tasks.read_now, [row.unit], expires=demand.HINT_S)
    return demand.arrives(row.unit, row.read_at)


def _told(question: Question, row: Row, tag: str) -> dict[str, str]:
    """What is said of the bytes that the reader gets or has; noted where it reads them."""
    now = timezone.now()
    if question.is_read:
        note(Pull(question.public_id, row.body_version, question.agent, now))
    dated = {"Last-Modified": http_date(row.changed_at.timestamp())} if row.changed_at <= now else {}
    return {
        "ETag": f'"{tag}"',
        **dated,
        **_freshness(row, now),
        "Accept-Ranges": "none",
        "X-Robots-Tag": "noindex, nofollow",
        **PRIVATE,
    }


def _freshness(row: Row, now: datetime) -> dict[str, str]:
    """How long it doesn't pay to come back: until the unit may be read again; not at all where nothing is mirrored."""
    if row.unit is None:
        return {"Cache-Control": "private, no-cache"}
    wait = max(0, math.ceil((row.again_at - now).total_seconds())) if row.again_at else 0
    dated = {"X-Mirrored-At": http_date(row.read_at.timestamp())} if row.read_at else {}
    return {"Cache-Control": f"private, max-age={wait}, must-revalidate", **dated}


def _unpacks(accepted: str) -> bool:
    """Whether `Accept-Encoding` (RFC 9110 §12.5.3) allows gzip: by its name, or by `*` where it isn't named."""
    weights = {name: float(weight or 1) > 0 for name, weight in CODING.findall(accepted.lower())}
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def _held(question: Question, row: Row) -> str:
    """The validator of what the reader has, when it is current; else nothing.

    RFC 9110 §13: If-None-Match decides where it is sent, If-Modified-Since otherwise. A date counts only when it is
    the very one we told (each state of a link has one of its own): a reader's own clock may be ahead of a sale.
    """
    if question.none_match is None:
        since = parse_http_date_safe(question.modified_since or "")
        return row.etag if since == int(row.changed_at.timestamp()) else ""
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in question.none_match.split(",")]
    if "*" in tags:
        return row.etag
    return next((tag for tag in tags if tag.removesuffix(PACKED) == row.etag), "")


def _row(columns: str, question: Question) -> Row | None:
    """The row that the address opens, by one query: a kept connection is trusted, and replaced once when it is dead.

    A look at the connection before each query would cost as much as the query. Raises LookupError when an address of
    ours has no row: links are revoked, never deleted.
    """
    try:
        found = _select(columns, question.public_id)
    except (psycopg.OperationalError, psycopg.InterfaceError):
        connection.close()
        found = _select(columns, question.public_id)
    if found is None and exports.is_ours(question.public_id, question.signed):
        message = "a link that we signed has no row"
        raise LookupError(message)
    if found is None or found.revoked_at is not None:
        return None
    lock = exports.Lock(question.public_id, found.version, found.oldest, found.previous_until)
    return found if lock.opens(question.signed, timezone.now()) else None


def _select(columns: str, public_id: str) -> Row | None:
    connection.ensure_connection()
    # Django's own cursors put values into the text of a query, which PostgreSQL would plan anew each time.
    with psycopg.Cursor(connection.connection, row_factory=tuple_row) as cursor:
        found = cursor.execute(columns, [public_id], prepare=True, binary=True).fetchone()
    return Row(*found) if found else None
