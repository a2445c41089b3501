"""The address channels poll: a signed link to one row, and never an empty or partial calendar."""

from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import http_date, parse_http_date_safe
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from calendars import exports
from calendars.models import ExportLink

log = structlog.get_logger()

RETRY_AFTER = "120"
SELECT = """SELECT version, oldest_version, previous_until, revoked_at, body, etag, changed_at
            FROM calendars_exportlink WHERE public_id = %s"""


@csrf_exempt
@require_safe
def export(request: HttpRequest, public_id: str, signed: str) -> HttpResponse:
    """The link's calendar, 304 where the reader has it already, one and the same 404 for every wrong address.

    On any fault of ours: 503, so that a channel keeps what it has (an empty answer would open sold nights).
    """
    try:
        return _answer(request, public_id, signed)
    except Http404:
        return HttpResponse(
            "No calendar at this address.\n", status=404, content_type="text/plain; charset=utf-8"
        )
    except Exception:
        log.exception("export failed", link=public_id)
        return HttpResponse(
            "Please read this calendar again in two minutes.\n",
            status=503,
            content_type="text/plain; charset=utf-8",
            headers={"Retry-After": RETRY_AFTER},
        )


def _answer(request: HttpRequest, public_id: str, signed: str) -> HttpResponse:
    version, oldest, previous_until, revoked_at, body, etag, changed_at = _row(public_id)
    link = ExportLink(
        public_id=public_id, version=version, oldest_version=oldest, previous_until=previous_until
    )
    opens = exports.accepts(link, signed, timezone.now())
    if revoked_at is not None or not opens:
        raise Http404
    if not body:
        message = "a live link without a body"
        raise ValueError(message)
    headers = {
        "ETag": f'"{etag}"',
        "Last-Modified": http_date(changed_at.timestamp()),
        "Cache-Control": "private, no-cache",
        "X-Robots-Tag": "noindex, nofollow",
    }
    if _has_it(request, etag, changed_at.timestamp()):
        return HttpResponse(status=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="amplistay.ics"'
    return HttpResponse(bytes(body), content_type="text/calendar; charset=utf-8", headers=headers)


def _row(public_id: str) -> tuple[Any, ...]:
    """The link's row, by one query: a kept connection is trusted first, and replaced once when it is dead."""
    # A look at the connection before each query would cost as much as the query.
    connection.health_check_done = True  # type: ignore[attr-defined]  # missing from the stubs
    try:
        row = _select(public_id)
    except (OperationalError, InterfaceError):
        connection.close()
        row = _select(public_id)
    if row is None:
        raise Http404
    return row


def _select(public_id: str) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(SELECT, [public_id])
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _has_it(request: HttpRequest, etag: str, changed: float) -> bool:
    """RFC 9110 §13: If-None-Match decides where it is sent, If-Modified-Since otherwise."""
    sent = request.headers.get("If-None-Match")
    if sent is not None:
        tags = {tag.strip().removeprefix("W/").strip('"') for tag in sent.split(",")}
        return etag in tags or "*" in tags
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    return since is not None and int(changed) <= since
