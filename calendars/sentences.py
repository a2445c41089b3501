"""Words for what happened to a feed: sentences a host can act on."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop

from domain.problems import Problem

FAILURES: Mapping[str, str] = {
    "address": gettext_noop(
        "This link leads to a private address, which we don't open. Copy the export link from the site itself."
    ),
    "dns": gettext_noop("We couldn't find %(host)s. Check that the whole link was copied."),
    "connect": gettext_noop(
        "%(host)s didn't accept our connection. We keep the nights as they are and try again."
    ),
    "tls": gettext_noop(
        "%(host)s couldn't prove who it is (its certificate is wrong). We keep the nights as they are."
    ),
    "timeout": gettext_noop("%(host)s didn't answer in time. We keep the nights as they are and try again."),
    "too_big": gettext_noop(
        "What %(host)s sent is far larger than a calendar. Check that this is the iCal link."
    ),
    "headers": gettext_noop(
        "%(host)s sent an answer we can't read. We keep the nights as they are and try again."
    ),
    "redirects": gettext_noop(
        "%(host)s sent us round in circles. Copy the iCal link from the site once more."
    ),
    "scheme": gettext_noop("%(host)s sent us on to an address we don't open. Copy the iCal link once more."),
    "protocol": gettext_noop("%(host)s broke off its answer. We keep the nights as they are and try again."),
}
STATUSES: Mapping[int, str] = {
    401: gettext_noop("%(host)s asks for a log-in at this link. Copy its export (iCal) link instead."),
    403: gettext_noop(
        "%(host)s refuses to show us this calendar. If it goes on, copy the export link once more."
    ),
    404: gettext_noop(
        "%(host)s answered “404 not found”. The link was probably reset: copy the new one from the site."
    ),
    410: gettext_noop("%(host)s says this calendar is gone. Copy the new export link from the site."),
    429: gettext_noop(
        "%(host)s asks us to read less often. We wait as long as it says and keep the nights as they are."
    ),
}
OTHER_STATUS = gettext_noop(
    "%(host)s answered with error %(status)s. We keep the nights as they are and try again."
)
LISTING_PAGE = gettext_noop(
    "This link opens the listing's own page, not its calendar. In %(channel)s, look for “Export calendar” and copy "
    "that link."
)


def failure(code: str, host: str) -> dict[str, Any]:
    """The problem of a read that got no answer, as it is stored."""
    return {"template": FAILURES.get(code, FAILURES["connect"]), "details": {"host": host}}


def status(number: int, host: str) -> dict[str, Any]:
    """The problem of a read that was answered with an error."""
    template = STATUSES.get(number, OTHER_STATUS)
    return {"template": template, "details": {"host": host, "status": str(number)}}


def listing_page(channel: str) -> dict[str, Any]:
    """The problem of a link that opens a page about the home."""
    return {"template": LISTING_PAGE, "details": {"channel": channel}}


def problem(found: Problem) -> dict[str, Any]:
    """A problem of reading, as it is stored."""
    return {"template": found.template, "details": dict(found.details)}


def sentence(stored: Mapping[str, Any] | None) -> str:
    """The stored problem in the reader's language."""
    if not stored:
        return ""
    text: str = gettext(stored["template"]) % stored["details"]
    return text
