"""What went wrong, as software reads it: RFC 9457 problem details, each with the field and the fix."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.forms import BaseForm
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from calendars.ledger import Crowded

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
SOON_S = 5  # after a refusal that passes by itself
TITLES: Mapping[str, tuple[int, str]] = {
    "malformed": (400, "The request doesn't fit the description of the API"),
    "unauthenticated": (401, "A valid token is needed"),
    "forbidden": (403, "The token may not do this"),
    "not_found": (404, "There is no such thing"),
    "method": (405, "This can't be done with that method"),
    "not_acceptable": (406, "No such format"),
    "conflict": (409, "It isn't as you saw it any more"),
    "changed": (412, "It was changed meanwhile"),
    "too_large": (413, "The request is too large"),
    "media_type": (415, "The body must be JSON"),
    "invalid": (422, "It can't be meant"),
    "key_reused": (422, "This Idempotency-Key was used for another request"),
    "too_many": (429, "Too many requests"),
    "internal": (500, "Something went wrong with us"),
    "crowded": (503, "Too busy at the moment"),
}


@dataclass
class Problem(Exception):
    """A refusal: one of TITLES, a sentence with the way out, and what is wrong field by field."""

    code: str
    detail: str
    errors: list[dict[str, str]] = field(default_factory=list)
    retry_after: int = 0

    @property
    def status(self) -> int:
        """The HTTP status."""
        return TITLES[self.code][0]


def conflict(detail: str) -> Problem:
    """It can't be done any more, or not yet."""
    return Problem("conflict", detail)


def invalid(errors: Mapping[str, str]) -> Problem:
    """Fits the description and can't be meant."""
    return Problem("invalid", _one(list(errors.values())), [_error(*each) for each in errors.items()])


def of_form(form: BaseForm, names: Mapping[str, str]) -> Problem:
    """What a form refuses, by the names that the API has for its fields; those without one are called alike."""
    told = [
        _error(names.get(name, "" if name == "__all__" else name), str(message))
        for name, messages in form.errors.items()
        for message in messages
    ]
    return Problem("invalid", _one([each["message"] for each in told]), told)


def of_shape(detail: Any) -> Problem:
    """What doesn't fit the description: a serializer's nested errors."""
    told = [_error(name, message) for name, message in _flat(detail)]
    return Problem("malformed", _one([f"{each['field']}: {each['message']}" for each in told]), told)


def _error(name: str, message: str) -> dict[str, str]:
    return {"field": name, "message": message}


def _one(messages: list[str]) -> str:
    """The first sentence, and how many more there are."""
    if len(messages) < 2:  # noqa: PLR2004 - one is told whole
        return messages[0] if messages else _("Look at the fields below.")
    return _("%(first)s And %(n)s more, named below.") % {"first": messages[0], "n": len(messages) - 1}


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The messages of nested errors, each with its path: "seasons.0.arrival"."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = name == "non_field_errors"
            yield from _flat(inner, path if own else f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list) and any(isinstance(each, (Mapping, list)) for each in detail):
        for number, inner in enumerate(detail):
            if inner:
                yield from _flat(inner, f"{path}.{number}" if path else str(number))
    else:
        for message in detail if isinstance(detail, list) else [detail]:
            yield path, str(message)


# The one place where failures become answers


def answer(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler: every failure as a problem."""
    found = known(error)
    if found is None:
        view = type(context.get("view")).__name__
        log.error("api request failed", view=view, exc_info=error)
        found = Problem(
            "internal", _("Nothing is known of it yet but to us. Try again; if it stays, tell us.")
        )
    headers = {"Retry-After": str(found.retry_after)} if found.retry_after else {}
    if found.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="Amplistay"'
    return Response(body(found), status=found.status, headers=headers, content_type=MEDIA_TYPE)


def body(problem: Problem) -> dict[str, Any]:
    """The problem as JSON has it."""
    return {
        "type": f"{settings.SITE_URL}/api/docs/#problem-{problem.code}",
        "title": TITLES[problem.code][1],
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "errors": problem.errors,
    }


def known(error: Exception) -> Problem | None:
    """What the failure is called; None for one that nobody has thought of."""
    match error:
        case Problem():
            return error
        case Crowded() | OperationalError() | InterfaceError():
            words = _("Nothing was changed. Send the same request again in a few seconds.")
            return Problem("crowded", words, retry_after=SOON_S)
        case Http404() | exceptions.NotFound():
            return Problem(
                "not_found", _("Nothing of yours is at this address. Look up the ids with a list.")
            )
        case PermissionDenied() | exceptions.PermissionDenied():
            return Problem(
                "forbidden", _("The token may not do this. Make one with the scope that it needs.")
            )
        case exceptions.APIException():
            return _of_framework(error)
    return None


def _of_framework(error: exceptions.APIException) -> Problem | None:
    """What DRF itself refuses; None for a fault of its own."""
    if isinstance(error, exceptions.ValidationError):
        return of_shape(error.detail)
    words = {
        "malformed": str(error.detail),
        "unauthenticated": str(error.detail),
        "method": _("The answer's Allow header names the methods of this address."),
        "not_acceptable": _("Answers are JSON: send Accept: application/json, or none."),
        "media_type": _("Send JSON with Content-Type: application/json."),
    }
    by_status = {status: code for code, (status, _title) in TITLES.items() if code in words}
    code = by_status.get(error.status_code)
    return Problem(code, words[code]) if code else None
