"""The audit log: each deed of a member is one line, written by the tenant door, so no view can forget it.

The line is written after the deed and in a transaction of its own; what a story notes on the way goes with it.
"""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.db import connection, transaction
from django.db.models import DateTimeField, Model
from django.http import HttpRequest, HttpResponseBase

from accounts import callers
from accounts.fields import SealedField, SecretField
from accounts.models import AuditLine, Organization

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_AGENT, MOST_NAME, MOST_SIGNS = 200, 80, 120
OPENS_SOMETHING = frozenset({"token", "digest", "url_digest", "link", "version", "oldest_version"})
REFUSED = 400  # this status and those above it: nothing was done
FORGETTING = "amplistay.forgetting"


def note(request: HttpRequest, **details: str | int | list[str]) -> None:
    """Add to what the log will say of this request: plain values, never a secret."""
    _notes(request).update(details)


def note_change(
    request: HttpRequest, model: type[Model], before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> None:
    """Add what columns of a row were and became; of a new row (`before` None), what isn't as usual.

    Of what is secret only the name is told; instants tell themselves.
    """
    columns = {name: each for each in model._meta.concrete_fields for name in (each.name, each.attname)}
    for name, new in after.items():
        column = columns[name]
        old = before.get(name) if before else column.get_default()
        if old == new or isinstance(column, DateTimeField):
            continue
        is_secret = isinstance(column, (SecretField, SealedField)) or name in OPENS_SOMETHING
        note(request, **{name: "…" if is_secret else f"{_short(old)} → {_short(new)}"})


def _short(value: object) -> str:
    """A column's value as the log has it; nothing is a dash."""
    text = "-" if value in (None, "", [], {}) else f"{value:%H:%M}" if isinstance(value, time) else str(value)
    return text if len(text) <= MOST_SIGNS else f"{text[:MOST_SIGNS]}…"


def only_shows(request: HttpRequest) -> None:
    """Say that this request changes nothing, although its method may: it only tries what was typed."""
    request.only_shows = True  # type: ignore[attr-defined]  # this is where it is defined


def changes(request: HttpRequest) -> bool:
    """Whether the request changes something, as far as its method and its view say."""
    return request.method not in SAFE and not getattr(request, "only_shows", False)


def done(request: HttpRequest, response: HttpResponseBase, *, logged: bool) -> bool:
    """Whether something was done: a request that changes something, or one that is logged all the same, went well."""
    if not (logged or changes(request)):
        return False
    return response.status_code < REFUSED and not _complained(request)


def record(
    request: HttpRequest,
    organization: Organization,
    who: tuple[AuditLine.Kind, str, int | None],
    now: datetime,
) -> AuditLine:
    """Write the line for what this request did; `who` is a kind, a name and the user's primary key."""
    match = request.resolver_match
    kind, name, user_id = who
    found = callers.address(request)
    return AuditLine.objects.create(
        organization=organization,
        at=now,
        kind=kind,
        who=name,
        user_id=user_id,
        address=str(found) if found else None,
        agent=request.headers.get("User-Agent", "")[:MOST_AGENT],
        name=match.view_name if match else request.path[:MOST_NAME],
        rows={key: str(value) for key, value in match.kwargs.items()} if match else {},
        details=_notes(request),
    )


def forget(organization: Organization, before: datetime) -> int:
    """Delete the lines that are older: retention, or the organization's own end. Gives how many there were."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, 'yes', true)", [FORGETTING])
        count, _each = AuditLine.objects.of(organization).older_than(before).delete()
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, '', true)", [FORGETTING])
    return count


def _notes(request: HttpRequest) -> dict[str, Any]:
    if not hasattr(request, "deed_notes"):
        request.deed_notes = {}  # type: ignore[attr-defined]  # this is where it is defined
    notes: dict[str, Any] = request.deed_notes  # type: ignore[attr-defined]  # as above
    return notes


def _complained(request: HttpRequest) -> bool:
    """Whether the view told the person that it couldn't: an error message that the next page will show."""
    told = getattr(
        messages.get_messages(request), "_queued_messages", []
    )  # reading the public way would use them up
    return any(message.level >= messages.ERROR for message in told)
