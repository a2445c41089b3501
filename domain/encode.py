"""The calendar files other sites and guests read: RFC 5545, byte for byte stable while nothing changes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
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
    lines = [*BEGIN, *_head(name)]
    for entry in shown:
        lines += _event(entry)
    lines.append(END)
    return _written(lines)


@dataclass(frozen=True, slots=True)
class Timed:
    """Hours to show as taken; `changed_at` (aware) is when this entry last changed."""

    uid: str
    period: Period
    summary: str
    changed_at: datetime
    is_tentative: bool = False


def agenda(entries: Iterable[Entry | Timed], zone: ZoneInfo, *, name: str, since: datetime) -> bytes:
    """A calendar of hours and days for people, with hours on the clock of `zone`; no METHOD.

    The zone is written out for the calendar years of its entries. It stands there without entries, too, for the
    year of `since`: a calendar needs one component of any sort (RFC 5545 §3.6), and no entry in the past.
    Raises ValueError for a naive time stamp.
    """
    shown = list(entries)
    instants = [at for entry in shown if isinstance(entry, Timed) for at in _edges(entry.period)] or [since]
    first = datetime(min(instants).astimezone(UTC).year, 1, 1, tzinfo=UTC) - DAY
    last = datetime(max(instants).astimezone(UTC).year + 1, 1, 1, tzinfo=UTC) + DAY
    lines = [*BEGIN, *_head(name), f"X-WR-TIMEZONE:{zone.key}", *_zone_in_full(zone, first, last)]
    for _first, event in sorted((_first_of(entry), _told(entry, zone)) for entry in shown):
        lines += event
    return _written([*lines, END])


def _head(name: str) -> list[str]:
    return [
        f"NAME:{escaped(name)}",
        f"X-WR-CALNAME:{escaped(name)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
        f"X-PUBLISHED-TTL:{REFRESH}",
    ]


def _edges(period: Period) -> tuple[datetime, datetime]:
    return period.start, period.end


def _first_of(entry: Entry | Timed) -> str:
    """Where it stands in the file; the order of two that begin together is that of their lines."""
    return _stamp(entry.period.start) if isinstance(entry, Timed) else _day(entry.nights.start)


def _told(entry: Entry | Timed, zone: ZoneInfo) -> list[str]:
    return _timed(entry, zone) if isinstance(entry, Timed) else _event(entry)


def _timed(entry: Timed, zone: ZoneInfo) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{escaped(entry.uid)}",
        f"DTSTAMP:{_stamp(entry.changed_at)}",
        _instant("DTSTART", entry.period.start, zone),
        _instant("DTEND", entry.period.end, zone),
        f"SUMMARY:{escaped(entry.summary)}",
        f"STATUS:{'TENTATIVE' if entry.is_tentative else 'CONFIRMED'}",
        "TRANSP:OPAQUE",
        "END:VEVENT",
    ]


def _instant(name: str, at: datetime, zone: ZoneInfo) -> str:
    """The instant on the clock of the zone; in UTC where that clock shows it a second time.

    A local time that comes twice means the first (RFC 5545 §3.3.5).
    """
    local = at.astimezone(zone)
    return f"{name}:{_stamp(at)}" if local.fold else f"{name};TZID={zone.key}:{local:%Y%m%dT%H%M%S}"


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

    The zone is written out (VTIMEZONE, RFC 5545 §3.6.5) with what its clock does from a year before the end on.
    Raises ValueError for a naive time stamp.
    """
    first = min(entry.period.start, entry.period.end - YEAR)
    lines = [*BEGIN, *_zone(entry.zone, first, entry.period.end + DAY)]
    lines += ["BEGIN:VEVENT", f"UID:{escaped(entry.uid)}", f"DTSTAMP:{_stamp(entry.changed_at)}"]
    lines.append(f"SEQUENCE:{entry.sequence}")
    lines.append(_instant("DTSTART", entry.period.start, entry.zone))
    lines.append(_instant("DTEND", entry.period.end, entry.zone))
    lines.append(f"SUMMARY:{escaped(entry.summary)}")
    if entry.place:
        lines.append(f"LOCATION:{escaped(entry.place)}")
    return _written([*lines, "STATUS:CONFIRMED", "TRANSP:TRANSPARENT", "END:VEVENT", END])


@lru_cache(maxsize=256)
def _zone_in_full(zone: ZoneInfo, first: datetime, last: datetime) -> tuple[str, ...]:
    """The same, remembered: most homes share a zone and the years of their entries."""
    return tuple(_zone(zone, first, last))


def _zone(zone: ZoneInfo, first: datetime, last: datetime) -> list[str]:
    """What the clocks there do between the two instants.

    The first observance is the time that counts there already: readers know nothing of what is before it.
    """
    usual = _offset(zone, first)
    changes = [(first, usual, usual), *_changes(zone, first, last)]
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
