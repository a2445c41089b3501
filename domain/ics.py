"""Reading a calendar: bytes in, closed nights and events out, never freer than the feed may be."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import blake2b
from itertools import chain

from domain import freebusy, kinds, recurrence
from domain.events import LONGEST_SUMMARY, Event, Kind, made_up_uid, plain_text, short_uid
from domain.house import House
from domain.moments import NO_START, SWAPPED, TWICE, UNKNOWN_ZONE, Extent, Unreadable, Zones, closing, extent
from domain.prescan import Component, NotACalendar, scan
from domain.problems import Problem, gettext_noop, problem
from domain.spans import Period, Span, merge, nights_in
from domain.switches import PLAIN, Switches

MOST_PROBLEMS = 20
MORE_PROBLEMS = gettext_noop("And %(count)s more like these.")
CLOSES_ALL = frozenset({SWAPPED, TWICE, UNKNOWN_ZONE})  # what is doubtful here is read as closed altogether
UNNAMED = gettext_noop("(no title)")


class State(StrEnum):
    """How far a reading can be trusted: wholly, only for what it closes, or not at all."""

    OK = "ok"
    DEGRADED = "degraded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Window:
    """The nights ``[start, end)`` that are expanded and kept."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Reading:
    """The outcome of reading a feed once; `unreadable` counts entries without a date that can be read."""

    state: State
    events: tuple[Event, ...] = ()
    problems: tuple[Problem, ...] = ()
    unreadable: int = 0

    @property
    def nights(self) -> frozenset[date]:
        """Every night that an event closes."""
        return nights_in(merge(event.nights for event in self.events if event.nights))

    @property
    def is_whole(self) -> bool:
        """Whether every entry closes at least what it may mean; else something in it may close more than was read."""
        return self.state is State.OK or (
            self.state is State.DEGRADED and all(found.template in CLOSES_ALL for found in self.problems)
        )

    @property
    def frees(self) -> bool:
        """Whether a night that is missing here may be taken as evidence that it is free."""
        return self.state is State.OK


def read(
    body: bytes,
    house: House,
    window: Window,
    *,
    channel: str = "",
    today: date,
    switches: Switches = PLAIN,
) -> Reading:
    """What the calendar closes inside the window.

    REFUSED when it is no calendar or too much of one. DEGRADED when something in it could not be understood:
    what is known of such an entry still closes.
    """
    try:
        found = scan(body)
    except NotACalendar as refusal:
        return Reading(State.REFUSED, problems=(refusal.problem,))
    zones = Zones(house.zone, found.zones)
    reader = _Reader(house, Span(window.start, window.end), zones, found.doubts, switches.ends_inclusive)
    for group in _series([*found.events, *chain.from_iterable(map(freebusy.entries, found.busy))]):
        reader.take(group)
    events = kinds.settle(sorted(set(reader.events), key=_order), channel=channel, today=today)
    state = State.DEGRADED if reader.problems else State.OK
    notes = (*_shortened(reader.problems), *_shortened(zones.problems()))
    return Reading(state, events, notes, reader.unreadable)


def _order(event: Event) -> tuple[str, ...]:
    """By everything that tells two events apart: a set has another order in each process."""
    told = (event.start, event.end, event.uid, event.summary, event.kind, event.nights, event.period)
    return tuple(map(str, told))


def _shortened(problems: list[Problem]) -> list[Problem]:
    problems = list(dict.fromkeys(problems))
    rest = len(problems) - MOST_PROBLEMS
    return [*problems[:MOST_PROBLEMS], problem(MORE_PROBLEMS, count=rest)] if rest > 0 else problems


def _series(events: list[Component]) -> Iterator[list[Component]]:
    """The entries one by one, a repeated one followed by the exceptions that share its UID."""
    masters = [event for event in events if is_repeated(event) and "RECURRENCE-ID" not in event]
    times = Counter(map(_uid, masters))
    changed = defaultdict(list)
    for event in events:
        if "RECURRENCE-ID" in event and _uid(event) and times[_uid(event)] == 1:
            changed[_uid(event)].append(event)
    repeated = set(map(id, masters))
    for event in events:
        yield [event, *changed[_uid(event)]] if id(event) in repeated else [event]


def is_repeated(entry: Component) -> bool:
    """Whether the entry may happen more than once."""
    return "RRULE" in entry or "RDATE" in entry


def _uid(event: Component) -> str:
    return event["UID"][0].value if event.get("UID") else ""


@dataclass(slots=True)
class _Reader:
    """Turns entries into events, one group at a time, so that a bad one spoils no other."""

    house: House
    window: Span
    zones: Zones
    problems: list[Problem]
    ends_inclusive: bool = False
    events: list[Event] = field(default_factory=list)
    unreadable: int = 0
    budget: recurrence.Budget = field(default_factory=recurrence.Budget)

    def take(self, group: list[Component]) -> None:
        """Add what an entry closes; `group` holds the exceptions to a repeated entry after it."""
        entry, exceptions = group[0], group[1:]
        if not closes(entry):
            return
        found = self.extent(entry)
        if found is None:
            self.unreadable += 1
            self.complain(NO_START, entry)
            return
        before = len(self.events)
        if is_repeated(entry):
            self.expand(entry, found, exceptions)
        else:
            self.add(entry, found)
        if found.flaw and (found.flaw != SWAPPED or len(self.events) > before):
            self.complain(found.flaw, entry)

    def complain(self, template: str, entry: Component, rule: str = "") -> None:
        """Note what is wrong with an entry; that degrades the reading."""
        self.problems.append(problem(template, event=title(entry), rule=rule))

    def extent(self, entry: Component) -> Extent | None:
        """When the entry is, or None when that can't be read."""
        try:
            return extent(entry, self.house, self.zones, ends_inclusive=self.ends_inclusive)
        except (Unreadable, ArithmeticError):
            return None

    def expand(self, entry: Component, first: Extent, exceptions: list[Component]) -> None:
        """Add each occurrence of a repeated entry inside the window."""
        known = [each for each in exceptions if self.extent(each) or not closes(each)]
        clock = recurrence.Clock(self.zones, self.window, self.budget)
        series = recurrence.expand(entry, first, known, clock)
        rule = entry["RRULE"][0].value if entry.get("RRULE") else ""
        for doubt in sorted(series.doubts):
            self.complain(doubt, entry, rule)
        for each in recurrence.joined(series.extents):
            self.add(entry, each)

    def add(self, entry: Component, found: Extent) -> None:
        """Add one event unless it lies outside the window."""
        nights, period = closing(found, self.house, self.window)
        if nights is None and period is None:
            return
        self.events.append(event(entry, found, nights, period))


def event(entry: Component, found: Extent, nights: Span | None, period: Period | None) -> Event:
    """The event of an entry, with the kind that doesn't depend on labels."""
    summary = plain_text(entry["SUMMARY"][0].value)[:LONGEST_SUMMARY] if entry.get("SUMMARY") else ""
    uid = short_uid(_uid(entry)) or made_up_uid(found.start, found.end, summary)
    kind = Kind.HOURS if nights is None else Kind.BLOCK
    if kind is Kind.BLOCK and "TENTATIVE" in _words(entry, "STATUS"):
        kind = Kind.TENTATIVE
    return Event(uid, kind, summary, found.start, found.end, nights, period)


def closes(entry: Component) -> bool:
    """Whether the entry takes time: not when it is cancelled or transparent, and says nothing else."""
    return _words(entry, "STATUS") != {"CANCELLED"} and _words(entry, "TRANSP") != {"TRANSPARENT"}


def _words(entry: Component, name: str) -> set[str]:
    return {line.value.upper() for line in entry[name]} if name in entry else set()


def title(entry: Component) -> str:
    """What to call the entry in a sentence."""
    lines = entry.get("SUMMARY") or entry.get("UID")
    return (plain_text(lines[0].value) if lines else "") or UNNAMED


def content_digest(body: bytes) -> str:
    """BLAKE2b over the body without its DTSTAMP lines, which most channels set to the moment of the fetch."""
    text = b"\n" + body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    first, *rest = text.split(b"\nDTSTAMP")
    parts = [first]
    for part in rest:
        if part[:1] in (b":", b";"):
            end = part.find(b"\n")
            while end >= 0 and part[end + 1 : end + 2] in (b" ", b"\t"):
                end = part.find(b"\n", end + 1)
            parts.append(part[end:] if end >= 0 else b"")
        else:
            parts.append(b"\nDTSTAMP" + part)
    return blake2b(b"".join(parts), digest_size=32).hexdigest()
