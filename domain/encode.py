"""The calendar files other sites and guests read: RFC 5545, byte for byte stable while nothing changes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.spans import Period, Span

PRODUCT = "-//Amplistay//Calendar 1.0//EN"
REFRESH = "PT15M"
FOLD_AT = 75
NEWLINE = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
SPECIAL = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
PLACEHOLDER_UID = "placeholder-19700101"
PLACEHOLDER_NIGHTS = Span(date(1970, 1, 1), date(1970, 1, 2))
BEGIN = ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN")
END = "END:VCALENDAR"
YEAR = timedelta(days=366)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


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
    lines = [*BEGIN]
    lines += [f"NAME:{escaped(name)}", f"X-WR-CALNAME:{escaped(name)}"]
    lines += [f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}", f"X-PUBLISHED-TTL:{REFRESH}"]
    for entry in shown:
        lines += _event(entry)
    lines.append(END)
    return _written(lines)


@dataclass(frozen=True, slots=True)
class Appointment:
    """Hours for somebody's own calendar, shown in `zone`; `changed_at` (aware) is when they last changed.

    `sequence` counts the changes (RFC 5545 §3.8.7.4).
    """

    uid: str
    period: Period
    zone: ZoneInfo
    summary: str
    changed_at: datetime
    place: str = ""
    sequence: int = 0


def appointment(entry: Appointment) -> bytes:
    """A file with the one entry, to be opened by a guest; no METHOD, so that nobody is asked to answer.

    The zone is written out (VTIMEZONE, RFC 5545 §3.6.5) with what its clock does within a year before the end.
    Raises ValueError for a naive time stamp.
    """
    local = [at.astimezone(entry.zone) for at in (entry.period.start, entry.period.end)]
    lines = [*BEGIN, *_zone(entry.zone, entry.period)]
    lines += ["BEGIN:VEVENT", f"UID:{escaped(entry.uid)}", f"DTSTAMP:{_stamp(entry.changed_at)}"]
    lines.append(f"SEQUENCE:{entry.sequence}")
    lines += [
        f"{name};TZID={entry.zone.key}:{at:%Y%m%dT%H%M%S}"
        for name, at in zip(("DTSTART", "DTEND"), local, strict=True)
    ]
    lines.append(f"SUMMARY:{escaped(entry.summary)}")
    if entry.place:
        lines.append(f"LOCATION:{escaped(entry.place)}")
    return _written([*lines, "STATUS:CONFIRMED", "TRANSP:TRANSPARENT", "END:VEVENT", END])


def _zone(zone: ZoneInfo, period: Period) -> list[str]:
    """What the clocks there do from a year before the end to a day after it."""
    changes = _changes(zone, period.end - YEAR, period.end + DAY)
    if not changes:
        changes = [
            (datetime(1970, 1, 1, tzinfo=UTC), _offset(zone, period.start), _offset(zone, period.start))
        ]
    lines = ["BEGIN:VTIMEZONE", f"TZID:{zone.key}"]
    for instant, before, after in changes:
        name = "DAYLIGHT" if instant.astimezone(zone).dst() else "STANDARD"
        lines += [
            f"BEGIN:{name}",
            f"DTSTART:{(instant + before).astimezone(UTC):%Y%m%dT%H%M%S}",
            f"TZOFFSETFROM:{_signed(before)}",
            f"TZOFFSETTO:{_signed(after)}",
            f"END:{name}",
        ]
    return [*lines, "END:VTIMEZONE"]


def _changes(zone: ZoneInfo, first: datetime, last: datetime) -> list[tuple[datetime, timedelta, timedelta]]:
    """The instants in between from which on another offset from UTC counts, with the offsets before and after."""
    found = []
    at = first.astimezone(UTC).replace(second=0, microsecond=0)
    while at < last:
        before, after = _offset(zone, at), _offset(zone, at + DAY)
        if before != after:
            low, high = at, at + DAY
            while high - low > MINUTE:
                middle = low + (high - low) // MINUTE // 2 * MINUTE
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            found.append((high, before, after))
        at += DAY
    return found


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _signed(offset: timedelta) -> str:
    """An offset from UTC as +HHMM."""
    hours, minutes = divmod(abs(offset) // MINUTE, 60)
    return f"{'-' if offset < timedelta(0) else '+'}{hours:02}{minutes:02}"


def _order(entry: Entry) -> tuple[date, str, date, str, datetime]:
    return entry.nights.start, entry.uid, entry.nights.end, entry.summary, entry.changed_at


def _event(entry: Entry) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{escaped(entry.uid)}",
        f"DTSTAMP:{_stamp(entry.changed_at)}",
        f"DTSTART;VALUE=DATE:{_day(entry.nights.start)}",
        f"DTEND;VALUE=DATE:{_day(entry.nights.end)}",
        f"SUMMARY:{escaped(entry.summary)}",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "END:VEVENT",
    ]


def _stamp(at: datetime) -> str:
    if at.tzinfo is None:
        message = "changed_at must be aware"
        raise ValueError(message)
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _written(lines: Iterable[str]) -> bytes:
    return b"".join(part for line in lines for part in folded(line))


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
