"""The channels' calendar files, byte for byte: listing, closures and fetch time in, bytes out."""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from simulator.spans import NIGHT, Span, merged, without
from simulator.world import Booking, Listing, token

type Shape = Callable[[Listing, Sequence[Booking], datetime], bytes]

FOLD_OCTETS = 75
CHECK_IN = time(16)
CHECK_OUT = time(11)


def fold(line: str) -> list[bytes]:
    """The content line in pieces of at most 75 octets that split no character (RFC 5545 §3.1)."""
    pieces: list[bytes] = []
    piece = b""
    for character in line:
        octets = character.encode()
        if len(piece) + len(octets) > FOLD_OCTETS:
            pieces.append(piece)
            piece = b" "
        piece += octets
    return [*pieces, piece]


def text(value: str) -> str:
    """The value escaped as TEXT (RFC 5545 §3.3.11)."""
    return value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def calendar(head: Iterable[str], events: Iterable[Iterable[str]], ending: bytes = b"\r\n") -> bytes:
    """A whole VCALENDAR from its head lines and the lines of each event."""
    lines = ["BEGIN:VCALENDAR", *head]
    for event in events:
        lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    lines.append("END:VCALENDAR")
    return ending.join(piece for line in lines for piece in fold(line)) + ending


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _dates(span: Span) -> tuple[str, str]:
    return f"DTSTART;VALUE=DATE:{span[0]:%Y%m%d}", f"DTEND;VALUE=DATE:{span[1]:%Y%m%d}"


def _hex(*parts: object) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:32]


def _today(listing: Listing, now: datetime) -> date:
    return now.astimezone(listing.zone).date()


def _first_name(booking: Booking) -> str:
    return booking.guest.split()[0] if booking.guest.split() else ""


# --- Airbnb ---

_AIRBNB = ("PRODID:-//Airbnb Inc//Hosting Calendar 1.0//EN", "CALSCALE:GREGORIAN", "VERSION:2.0")
_AIRBNB_STAY = "https://www.airbnb.com/hosting/reservations/details/"
_CODE = "ABCDEFGHJKMNPQRSTWXYZ23456789"


def airbnb(listing: Listing, closures: Sequence[Booking], now: datetime) -> bytes:
    """Airbnb's format 1.0: reservations, then runs of blocked nights; past stays remain one day."""
    oldest = now.astimezone(UTC).date() - NIGHT
    stays = [closure for closure in closures if closure.kind == "booking"]
    blocks = without(
        (closure.span for closure in closures if closure.kind == "block"), (stay.span for stay in stays)
    )
    events = [_airbnb_reservation(listing, stay, now) for stay in stays if stay.departure >= oldest]
    events += [_airbnb_block(span, now) for span in blocks if span[1] >= oldest]
    return calendar(_AIRBNB, events)


def _airbnb_reservation(listing: Listing, stay: Booking, now: datetime) -> list[str]:
    digest = hashlib.sha256(f"{listing.id}/{stay.id}/code".encode()).digest()
    code = "HM" + "".join(_CODE[octet % len(_CODE)] for octet in digest[:8])
    phone = int.from_bytes(digest[8:12]) % 10_000
    return [
        f"DTSTAMP:{_stamp(now)}",
        *_dates(stay.span),
        "SUMMARY:Reserved",
        f"UID:1418fb94e984-{_hex(listing.id, stay.id)}@airbnb.com",
        f"DESCRIPTION:Reservation URL: {_AIRBNB_STAY}{code}\\nPhone Number (Last 4 Digits): {phone:04}",
    ]


def _airbnb_block(span: Span, now: datetime) -> list[str]:
    return [
        f"DTSTAMP:{_stamp(now)}",
        *_dates(span),
        "SUMMARY:Airbnb (Not available)",
        f"UID:7f662ec65913-{_hex(*span)}@airbnb.com",
    ]


# --- Booking.com ---

_BOOKING = (
    "VERSION:2.0",
    "PRODID:-//admin.booking.com\\\\\\, b.v.//NONSGML v1.0//EN",
    "CALSCALE:GREGORIAN",
    "METHOD:PUBLISH",
)


def booking(listing: Listing, closures: Sequence[Booking], now: datetime) -> bytes:
    """Booking.com since July 2026: runs of closed nights from today on, merged, with an ORGANIZER."""
    today = _today(listing, now)
    runs = merged(closure.span for closure in closures)
    spans = [(max(start, today), end) for start, end in runs if end > today]
    events = [[*_booking_event(listing, span, now), "ORGANIZER:mailto:noreply@booking.com"] for span in spans]
    return calendar(_BOOKING, events)


def booking_legacy(listing: Listing, closures: Sequence[Booking], now: datetime) -> bytes:
    """Booking.com before July 2026: one event per closure, a running stay keeps its first day, check-out day too."""
    today = _today(listing, now)
    spans = sorted(closure.span for closure in closures if closure.departure >= today)
    return calendar(_BOOKING, [_booking_event(listing, span, now) for span in spans])


def _booking_event(listing: Listing, span: Span, now: datetime) -> list[str]:
    return [
        f"DTSTAMP:{_stamp(now)}",
        *_dates(span),
        f"UID:{_hex(listing.id, span[0])}@booking.com",
        "SUMMARY:CLOSED - Not available",
    ]


# --- Vrbo ---

_VRBO = ("VERSION:2.0", "CALSCALE:GREGORIAN", "PRODID:-//HomeAway.com, Inc.//EN")


def vrbo(listing: Listing, closures: Sequence[Booking], now: datetime) -> bytes:
    """Vrbo: bare line feeds, first names in the summary, blocks with date-shaped UIDs, the past kept."""
    events = [
        _vrbo_event(listing, closure, now) for closure in sorted(closures, key=lambda closure: closure.span)
    ]
    return calendar(_VRBO, events, b"\n")


def _vrbo_event(listing: Listing, closure: Booking, now: datetime) -> list[str]:
    start, end = closure.span
    if closure.kind == "block":
        uid = f"{start:%m%d%Y}-{start:%m%d}-{start:%Y}-{end:%m%d}-{end:%Y%m%d}{end:%Y}"
        summary = "Blocked"
    else:
        uid = str(uuid.UUID(_hex(listing.id, closure.id), version=4))
        name = _first_name(closure)
        summary = f"Reserved - {text(name)}" if name else "Reserved"
    return [f"UID:{uid}", f"DTSTAMP:{_stamp(now)}", *_dates(closure.span), f"SUMMARY:{summary}"]


# --- Google Calendar ---


def google(listing: Listing, closures: Sequence[Booking], now: datetime) -> bytes:
    """Google Calendar: whole days, UTC instants and instants with a TZID side by side, the past kept."""
    head = [
        "PRODID:-//Google Inc//Google Calendar 70.9054//EN",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{text(listing.name)}",
        f"X-WR-TIMEZONE:{listing.timezone}",
        *timezone_lines(listing.timezone, now.year),
    ]
    return calendar(head, [_google_event(listing, closure, now) for closure in closures])


def _google_event(listing: Listing, closure: Booking, now: datetime) -> list[str]:
    digits = _hex(listing.id, closure.id)
    return [
        *_google_times(listing, closure, style=int(digits, 16) % 3),
        f"DTSTAMP:{_stamp(now)}",
        f"UID:{digits[:26]}@google.com",
        f"CREATED:{_stamp(closure.created)}",
        f"LAST-MODIFIED:{_stamp(closure.changed)}",
        f"SEQUENCE:{closure.sequence}",
        "STATUS:CONFIRMED",
        f"SUMMARY:{text(closure.guest) or ('Blocked' if closure.kind == 'block' else 'Guest')}",
        "TRANSP:OPAQUE",
    ]


def _google_times(listing: Listing, closure: Booking, *, style: int) -> tuple[str, str]:
    if closure.kind == "block" or style == 0:
        return _dates(closure.span)
    if style == 1:
        return _local_times(listing, closure)
    start = datetime.combine(closure.arrival, CHECK_IN, listing.zone)
    end = datetime.combine(closure.departure, CHECK_OUT, listing.zone)
    return f"DTSTART:{_stamp(start)}", f"DTEND:{_stamp(end)}"


# --- A channel manager ---


def manager(listing: Listing, closures: Sequence[Booking], now: datetime) -> bytes:
    """A channel manager: every channel's bookings, 16:00 to 11:00 with a TZID and a wrong VTIMEZONE."""
    head = [
        f"NAME:{text(listing.name)}",
        "PRODID:-//github.com/rianjs/ical.net//NONSGML ical.net 4.0//EN",
        "VERSION:2.0",
        f"X-WR-CALNAME:{text(listing.name)}",
        *timezone_lines(listing.timezone, now.year, last_as_fourth=True),
        "",
    ]
    return calendar(head, [_manager_event(listing, closure, now) for closure in closures])


def _manager_event(listing: Listing, closure: Booking, now: datetime) -> list[str]:
    start, end = _local_times(listing, closure)
    return [
        f"CREATED:{_stamp(closure.created)}",
        *([f"DESCRIPTION:Source: {text(closure.source)}"] if closure.source else []),
        end,
        f"DTSTAMP:{_stamp(now)}",
        start,
        f"LAST-MODIFIED:{_stamp(closure.changed)}",
        f"SEQUENCE:{closure.sequence}",
        "STATUS:CONFIRMED",
        f"SUMMARY:{'Closed Period' if closure.kind == 'block' else 'Booked'}",
        f"UID:{_hex(token(listing, 'uid'), closure.id)}",
    ]


def _local_times(listing: Listing, closure: Booking) -> tuple[str, str]:
    zone = listing.timezone
    return (
        f"DTSTART;TZID={zone}:{datetime.combine(closure.arrival, CHECK_IN):%Y%m%dT%H%M%S}",
        f"DTEND;TZID={zone}:{datetime.combine(closure.departure, CHECK_OUT):%Y%m%dT%H%M%S}",
    )


# --- VTIMEZONE ---


@lru_cache(maxsize=64)
def timezone_lines(name: str, year: int, *, last_as_fourth: bool = False) -> tuple[str, ...]:
    """A VTIMEZONE with the rules of `year`; `last_as_fourth` repeats a mistake some managers make."""
    zone = ZoneInfo(name)
    first = datetime(year, 1, 1, 12, tzinfo=zone)
    days = [first + timedelta(days=offset) for offset in range(366)]
    turns = [(before, after) for before, after in pairwise(days) if before.utcoffset() != after.utcoffset()]
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}", f"X-LIC-LOCATION:{name}"]
    if not turns:
        lines += _observance("STANDARD", first, first, "DTSTART:19700101T000000")
    for before, after in turns:
        rule = _yearly_rule(after, last_as_fourth=last_as_fourth)
        lines += _observance("DAYLIGHT" if after.dst() else "STANDARD", before, after, *rule)
    return (*lines, "END:VTIMEZONE")


def _observance(kind: str, before: datetime, after: datetime, *rule: str) -> list[str]:
    return [
        f"BEGIN:{kind}",
        f"TZOFFSETFROM:{before:%z}",
        f"TZOFFSETTO:{after:%z}",
        f"TZNAME:{after:%Z}",
        *rule,
        f"END:{kind}",
    ]


def _yearly_rule(day: datetime, *, last_as_fourth: bool) -> tuple[str, str]:
    weekday = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[day.weekday()]
    is_last = (day + timedelta(days=7)).month != day.month
    nth = -1 if is_last and not last_as_fourth else min((day.day - 1) // 7 + 1, 4)
    begins = datetime.combine(
        _weekdays_of_1970(day.month, day.weekday())[max(nth - 1, -1)], _turn(day).time()
    )
    return (
        f"DTSTART:{begins:%Y%m%dT%H%M%S}",
        f"RRULE:FREQ=YEARLY;BYMONTH={day.month};BYDAY={nth}{weekday}",
    )


def _weekdays_of_1970(month: int, weekday: int) -> list[date]:
    days = (date(1970, month, 1) + offset * NIGHT for offset in range(31))
    return [day for day in days if day.month == month and day.weekday() == weekday]


def _turn(day: datetime) -> datetime:
    """The wall-clock time, in the offset that ended, at which the offset changed before noon of this day."""
    moment = day.astimezone(UTC)
    while moment.astimezone(day.tzinfo).utcoffset() == day.utcoffset():
        moment -= timedelta(minutes=30)
    before = moment.astimezone(day.tzinfo)
    return before.replace(tzinfo=None) + timedelta(minutes=30)
