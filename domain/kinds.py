"""Why a feed says that time is closed: from labels, UIDs and shapes of the sites that send it.

For display and for what a host may choose to sell; nothing here opens a night, except that the extra
“Check-in” and “Check-out” entries around a stay that is itself in the feed are left out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.events import Event, Kind
from domain.spans import NIGHT, Span

AIRBNB_RESERVATION = "1418fb94e984-"
AIRBNB_BLOCKS = ("7f662ec65913-", "6fec1092d3fa-")
AIRBNB_LABEL = "airbnb (not available)"
GUESTY_UID = re.compile(r"[0-9a-f]{8,}(?:_(?P<tag>[a-z]{1,3}))?_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d@guesty\.com")
GUESTY_TAGS = {None: Kind.OWNER, "an": Kind.ADVANCE_NOTICE, "bw": Kind.BOOKING_WINDOW}
VRBO_BLOCK_UID = re.compile(r"\d{8}-\d{4}-\d{4}-\d{4}-\d{12}")

BLOCK_LABELS = frozenset(
    {"blocked", "closed period", "closed", "closed - not available", "not available", "unavailable"}
    | {"unavailable on expedia", "indisponible", "bloqué", "bloqueado", "no disponible", "non disponibile"}
    | {"blockiert", "nicht verfügbar", "indisponível", "niet beschikbaar", "geblokkeerd", "busy"}
    | {"blocked by guesty", "blocked-off time", AIRBNB_LABEL}
)
TENTATIVE_LABEL = re.compile(
    r"(?:tentative|provisional|provisoire|provisorio|provisório|provisorisch|vorläufig|voorlopig"
    r"|pending|option|on hold|hold)\b"
)
RESERVATION_LABEL = re.compile(
    r"(?:reserved|reservation|booked|booking|réservée?|réservation|reservado|reservada|reserva"
    r"|prenotato|prenotata|prenotazione|riservato|reserviert|gebucht|buchung|gereserveerd|geboekt)\b",
)
OWNER_LABEL = re.compile(
    r"(?:owner|propriétaire|propietario|proprietario|eigentümer|eigenbelegung|eigenaar)\b"
)
NAMED_CLOSURE = re.compile(r"closed - (?!not available)\S")
CHECK_IN = re.compile(r"check[- ]?in\b")
CHECK_OUT = re.compile(r"check[- ]?out\b")

SHORT = 2  # nights of the blocks that Airbnb puts around reservations
NEAR = timedelta(days=60)
FAR = timedelta(days=330)


@dataclass(frozen=True, slots=True)
class Edges:
    """The arrival and departure days of the reservations in a feed."""

    arrivals: frozenset[date]
    departures: frozenset[date]


def settle(events: Iterable[Event], *, channel: str, today: date) -> tuple[Event, ...]:
    """The events with their kinds named, without the doubled entries of a stay.

    `channel` is a hint, what the entries themselves show goes first.
    """
    named = [replace(event, kind=labelled(event)) for event in without_doubles(list(events))]
    reserved = [event for event in named if event.kind is Kind.RESERVATION and event.nights]
    edges = Edges(
        frozenset(_day(event.start) for event in reserved), frozenset(_day(event.end) for event in reserved)
    )
    return tuple(
        replace(event, kind=shaped(event, edges, today)) if is_airbnb_block(event, channel) else event
        for event in named
    )


def labelled(event: Event) -> Kind:
    """The kind that an entry's own UID and summary name; the reader's own findings stand."""
    if event.kind is not Kind.BLOCK:
        return event.kind
    if guesty := GUESTY_UID.match(event.uid):
        return GUESTY_TAGS.get(guesty["tag"], Kind.BLOCK)
    if event.uid.startswith(AIRBNB_RESERVATION):
        return Kind.RESERVATION
    if event.uid.startswith(AIRBNB_BLOCKS) or VRBO_BLOCK_UID.fullmatch(event.uid):
        return Kind.BLOCK
    return by_summary(event.summary.casefold().strip())


def by_summary(summary: str) -> Kind:
    """The kind that a summary (case-folded) names, in the languages the big sites write."""
    if summary in BLOCK_LABELS:
        return Kind.BLOCK
    if TENTATIVE_LABEL.match(summary):
        return Kind.TENTATIVE
    if OWNER_LABEL.match(summary):
        return Kind.OWNER
    if RESERVATION_LABEL.match(summary) or NAMED_CLOSURE.match(summary):
        return Kind.RESERVATION
    return Kind.BLOCK


def is_airbnb_block(event: Event, channel: str) -> bool:
    """Whether Airbnb closed these nights without saying why."""
    if event.kind is not Kind.BLOCK or event.nights is None:
        return False
    is_known = event.uid.startswith(AIRBNB_BLOCKS) or event.summary.casefold() == AIRBNB_LABEL
    return is_known or (channel == "airbnb" and event.uid.endswith("@airbnb.com"))


def shaped(event: Event, edges: Edges, today: date) -> Kind:
    """What the shape of an Airbnb block tells; BLOCK when it could be the host's own closure."""
    start, end = _day(event.start), _day(event.end)
    if end - today >= FAR:
        return Kind.BOOKING_WINDOW if start - today >= NEAR else Kind.BLOCK
    if (end - start).days <= SHORT:
        follows, precedes = start in edges.departures, end in edges.arrivals
        if follows and precedes:
            return Kind.GAP
        if follows or precedes:
            return Kind.PREPARATION
        if start in {today, today - NIGHT}:
            return Kind.ADVANCE_NOTICE
    return Kind.BLOCK


def without_doubles(events: list[Event]) -> list[Event]:
    """The events without “Check-in” and “Check-out” entries when all three entries of a stay are there.

    Smoobu writes a stay three times. Only a complete set with matching days is reduced, so that the label
    alone never opens a night.
    """
    marks = [(event, mark) for event in events if (mark := mark_of(event)) is not None]
    if not marks:
        return events
    arrivals = {_day(event.start) for event, mark in marks if mark is CHECK_IN}
    departures = {_day(event.start) for event, mark in marks if mark is CHECK_OUT}
    marked = {id(event) for event, _ in marks}
    stays = [
        Span(_day(event.start), _day(event.end))
        for event in events
        if id(event) not in marked and event.nights and _day(event.start) < _day(event.end)
    ]
    whole = [stay for stay in stays if stay.start in arrivals and stay.end in departures]
    doubles = {(CHECK_IN, stay.start) for stay in whole} | {(CHECK_OUT, stay.end) for stay in whole}
    dropped = {id(event) for event, mark in marks if (mark, _day(event.start)) in doubles}
    return [event for event in events if id(event) not in dropped]


def mark_of(event: Event) -> re.Pattern[str] | None:
    """Which edge of a stay an entry of at most one day marks, if any."""
    if _day(event.end) - _day(event.start) > NIGHT:
        return None
    summary = event.summary.casefold()
    return next((mark for mark in (CHECK_IN, CHECK_OUT) if mark.match(summary)), None)


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
