"""What one calendar entry says."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import blake2b

from domain.spans import Period, Span

LONGEST_SUMMARY = 200
LONGEST_UID = 255
LONGEST_TEXT = 4_000  # characters of a value that are looked at
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Kind(StrEnum):
    """Why the time is closed, as far as the feed lets one tell; for display, never for freeing a night."""

    RESERVATION = "reservation"
    TENTATIVE = "tentative"
    OWNER = "owner"
    PREPARATION = "preparation"
    GAP = "gap"
    ADVANCE_NOTICE = "advance_notice"
    BOOKING_WINDOW = "booking_window"
    BLOCK = "block"  # closed, and the feed doesn't say why
    HOURS = "hours"  # takes hours between two nights, closes no night


# Closed by a rule of the site's own, that moves on daily: nobody comes.
BY_RULE = (Kind.PREPARATION, Kind.GAP, Kind.ADVANCE_NOTICE, Kind.BOOKING_WINDOW)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry: what it says (`start`, `end`) and what it closes inside the window.

    `start` and `end` are both dates or both aware datetimes, half-open, not clipped; `nights` is
    clipped to the window and None when only hours are closed; `period` is set for timed events only.
    """

    uid: str
    kind: Kind
    summary: str
    start: date | datetime
    end: date | datetime
    nights: Span | None
    period: Period | None


def plain_text(value: str) -> str:
    """The beginning of a TEXT value (RFC 5545 §3.3.11) as one line without control characters."""
    value = value[:LONGEST_TEXT]
    if "\\" in value:
        value = ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value)
    return CONTROL.sub(" ", value).strip()


def short_uid(value: str) -> str:
    """The UID in at most 255 characters; a longer one is replaced by its digest."""
    uid = value if len(value) > LONGEST_TEXT else plain_text(value)
    return uid if len(uid) <= LONGEST_UID else blake2b(uid.encode(), digest_size=16).hexdigest()


def made_up_uid(*parts: object) -> str:
    """A stable UID for an entry that has none, from what it says."""
    text = "\x1f".join(str(part) for part in parts)
    return "no-uid-" + blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
