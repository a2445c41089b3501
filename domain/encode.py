"""The calendar file other sites read: RFC 5545, byte for byte stable while nothing changes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from domain.spans import Span

PRODUCT = "-//Amplistay//Calendar 1.0//EN"
REFRESH = "PT15M"
FOLD_AT = 75
NEWLINE = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
SPECIAL = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
PLACEHOLDER_UID = "placeholder-19700101"
PLACEHOLDER_NIGHTS = Span(date(1970, 1, 1), date(1970, 1, 2))


@dataclass(frozen=True, slots=True)
class Entry:
    """Nights to show as closed; `changed_at` (aware) is when this entry last changed."""

    uid: str
    nights: Span
    summary: str
    changed_at: datetime


def calendar(entries: Iterable[Entry], *, name: str, placeholder_stamp: datetime) -> bytes:
    """The file as UTF-8 with CRLF, lines folded at 75 octets; no METHOD.

    Without entries it holds one event in the past, because Booking.com refuses an empty calendar.
    Raises ValueError for a naive time stamp.
    """
    shown = sorted(entries, key=_order)
    shown = shown or [Entry(PLACEHOLDER_UID, PLACEHOLDER_NIGHTS, "Placeholder", placeholder_stamp)]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN"]
    lines += [f"NAME:{escaped(name)}", f"X-WR-CALNAME:{escaped(name)}"]
    lines += [f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}", f"X-PUBLISHED-TTL:{REFRESH}"]
    for entry in shown:
        lines += _event(entry)
    lines.append("END:VCALENDAR")
    return b"".join(part for line in lines for part in folded(line))


def _order(entry: Entry) -> tuple[date, str, date, str, datetime]:
    return entry.nights.start, entry.uid, entry.nights.end, entry.summary, entry.changed_at


def _event(entry: Entry) -> list[str]:
    if entry.changed_at.tzinfo is None:
        message = "changed_at must be aware"
        raise ValueError(message)
    return [
        "BEGIN:VEVENT",
        f"UID:{escaped(entry.uid)}",
        f"DTSTAMP:{entry.changed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{_day(entry.nights.start)}",
        f"DTEND;VALUE=DATE:{_day(entry.nights.end)}",
        f"SUMMARY:{escaped(entry.summary)}",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "END:VEVENT",
    ]


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def clean(text: str) -> str:
    """The text as it survives a calendar file: every line break is a newline, control characters are gone."""
    return UNSAFE.sub("", NEWLINE.sub("\n", text))


def escaped(text: str) -> str:
    """A TEXT value (RFC 5545 §3.3.11)."""
    return clean(text).translate(SPECIAL)


def folded(line: str) -> Iterator[bytes]:
    """The line with CRLF, broken every 75 octets at most (RFC 5545 §3.1), never inside a character."""
    octets = line.encode()
    room = FOLD_AT
    while len(octets) > room:
        cut = room
        while octets[cut] & 0xC0 == 0x80:  # noqa: PLR2004 - a UTF-8 continuation byte
            cut -= 1
        yield octets[:cut] + b"\r\n "
        octets, room = octets[cut:], FOLD_AT - 1
    yield octets + b"\r\n"
