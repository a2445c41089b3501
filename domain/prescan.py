"""From bytes to components, bounded: what is not a calendar, or too much of one, is refused here.

Runs before any library sees the bytes. It unfolds on bytes (RFC 5545 §3.1, so that a fold inside a
UTF-8 character heals), keeps only the properties that availability needs, and never skips an event.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.problems import Problem, gettext_noop, problem

MOST_BYTES = 2 * 1024 * 1024
MOST_LINES = 100_000
LONGEST_LINE = 64 * 1024
DEEPEST = 4
MOST_EVENTS = 5_000
MOST_ZONES = 50
MOST_DATES_PER_EVENT = 1_000

KEPT = frozenset(
    {"UID", "SUMMARY", "STATUS", "TRANSP", "DTSTART", "DTEND", "DURATION"}
    | {"RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "FREEBUSY"}
)
BROKEN_DATE_LINE = re.compile(r"\s*(DTSTART|DTEND|DURATION|RRULE|RDATE|FREEBUSY)\b", re.IGNORECASE)
FOLD = re.compile(rb"\n[ \t]")
HEAD = re.compile(r'((?:[^":]|"[^"]*")*):(.*)', re.DOTALL)
BEGINS_WITH_DATE = re.compile(r"\s*\d{8}")

EMPTY = gettext_noop("The answer was empty. A calendar was expected; what is closed stays closed.")
WEB_PAGE = gettext_noop(
    "The address answers with a web page, not with a calendar. Copy the calendar link from the site's "
    "calendar settings (look for “export” or “iCal”) and paste it here again."
)
JSON = gettext_noop("The address answers with JSON data, not with a calendar. Paste the iCal link instead.")
NO_BEGINNING = gettext_noop("The answer is not a calendar: the line BEGIN:VCALENDAR is missing.")
NO_END = gettext_noop(
    "The calendar breaks off: the line END:VCALENDAR is missing. What is closed stays closed."
)
TOO_BIG = gettext_noop("The calendar is too big: %(limit)s is the most that is read.")
DAMAGED = gettext_noop(
    "The calendar's entries are not cleanly separated, so something may be missing from it."
)
BROKEN_LINE = gettext_noop("A line that should hold a date can't be read: “%(line)s”.")
AVAILABILITY = gettext_noop(
    "The calendar says when it is open (VAVAILABILITY) instead of when it is closed; that can't be read."
)


class NotACalendar(ValueError):
    """The body can't be read as a calendar at all; `problem` says why."""

    def __init__(self, why: Problem) -> None:
        super().__init__(str(why))
        self.problem = why


class Line(NamedTuple):
    """One content line: `params` is the raw text between the name and the colon."""

    name: str
    params: str
    value: str


type Component = dict[str, list[Line]]


@dataclass(slots=True)
class Scan:
    """The events of a calendar, the text of its time zones by TZID, and what is doubtful about it.

    `busy` holds the VFREEBUSY components: busy times instead of events.
    """

    events: list[Component] = field(default_factory=list)
    busy: list[Component] = field(default_factory=list)
    zones: dict[str, str] = field(default_factory=dict)
    doubts: list[Problem] = field(default_factory=list)
    foreign: bool = False  # something stands before the calendar
    _zone: list[str] = field(default_factory=list)
    _stack: list[str] = field(default_factory=list)
    _calendars: int = 0
    _busy_times: int = 0

    def doubt(self, template: str, **details: object) -> None:
        """Note once that the calendar may say more than could be read."""
        found = problem(template, **details)
        if found not in self.doubts:
            self.doubts.append(found)

    def begin(self, name: str) -> None:
        if name in ("VEVENT", "VFREEBUSY"):
            self._open(name)
        elif name == "VTIMEZONE":
            self._zone = []
        elif name == "VCALENDAR":
            self._calendars += 1
        elif name == "VAVAILABILITY":
            self.doubt(AVAILABILITY)
        elif "VTIMEZONE" in self._stack:
            self._zone.append(f"BEGIN:{name}")
        self._stack.append(name)
        refuse(len(self._stack) > DEEPEST, f"{DEEPEST} levels of nesting")

    def _open(self, name: str) -> None:
        if name in self._stack:
            self.doubt(DAMAGED)
            del self._stack[self._stack.index(name) :]
        if "VCALENDAR" not in self._stack:
            self.doubt(DAMAGED)
        self._components(name).append(defaultdict(list))
        self._refuse_too_many()

    def _components(self, name: str) -> list[Component]:
        return self.events if name == "VEVENT" else self.busy

    def _refuse_too_many(self) -> None:
        closures = len(self.events) + len(self.busy) + self._busy_times
        refuse(closures > MOST_EVENTS, f"{MOST_EVENTS} events")

    def end(self, name: str) -> None:
        if name not in self._stack:
            self.doubt(DAMAGED)
            return
        at = len(self._stack) - 1 - self._stack[::-1].index(name)
        if at != len(self._stack) - 1:
            self.doubt(DAMAGED)
        del self._stack[at:]
        if name == "VTIMEZONE":
            self._keep_zone()
        elif "VTIMEZONE" in self._stack:
            self._zone.append(f"END:{name}")

    def _keep_zone(self) -> None:
        named = (line.partition(":")[2].strip() for line in self._zone if line[:5].upper() == "TZID:")
        self.zones.setdefault(next(named, "").strip('"'), "\n".join(self._zone))
        refuse(len(self.zones) > MOST_ZONES, f"{MOST_ZONES} time zones")

    def take(self, text: str) -> None:
        """Sort one unfolded line into the component that is open."""
        head, colon, value = text.partition(":")
        name = head.strip().upper()
        if name == "BEGIN":
            self.begin(value.strip().upper())
        elif name == "END":
            self.end(value.strip().upper())
        elif self._stack and self._stack[-1] in ("VEVENT", "VFREEBUSY"):
            self._property(text, head, value if colon else None)
        elif text.strip():
            self._elsewhere(text, name)

    def _elsewhere(self, text: str, name: str) -> None:
        if not self._stack:
            self.foreign = self.foreign or not self._calendars
        elif "VTIMEZONE" in self._stack:
            self._zone.append(text)
        elif name.startswith(("BEGIN", "END")):
            self.doubt(DAMAGED)

    def _property(self, text: str, head: str, value: str | None) -> None:
        if value is not None:
            head, value = parted(text, head, value)
        name, _, params = head.partition(";")
        name = name.strip().upper()
        if value is not None and name in KEPT:
            self._components(self._stack[-1])[-1][name].append(Line(name, params.strip(), value.strip()))
            if name == "FREEBUSY":
                self._busy_times += value.count(",") + 1
                self._refuse_too_many()
        elif BROKEN_DATE_LINE.match(text):
            self.doubt(BROKEN_LINE, line=text)

    def finish(self) -> None:
        """Raise NotACalendar unless a calendar was begun and ended."""
        if not self._calendars:
            raise NotACalendar(problem(NO_BEGINNING))
        if "VCALENDAR" in self._stack:
            raise NotACalendar(problem(NO_END))
        if self._stack or self.foreign:
            self.doubt(DAMAGED)


def parted(text: str, head: str, value: str) -> tuple[str, str]:
    """What stands before and after the colon of a line, where a parameter holds colons of its own.

    RFC 5545 §3.2 wants quotes around such a parameter; zone names like ``tzone://Microsoft/Custom`` come without.
    """
    if '"' in head:
        return (whole[1], whole[2]) if (whole := HEAD.fullmatch(text)) else (head, value)
    if ":" in value and "TZID=" in head.upper():
        before, _, date = value.rpartition(":")
        if BEGINS_WITH_DATE.match(date):
            return f"{head}:{before}", date
    return head, value


def refuse(excess: bool, limit: str) -> None:
    """Raise NotACalendar when there is more than a calendar may hold."""
    if excess:
        raise NotACalendar(problem(TOO_BIG, limit=limit))


def scan(body: bytes) -> Scan:
    """The components of a calendar file. Raises NotACalendar."""
    refuse(len(body) > MOST_BYTES, "2 MB")
    begin = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if not begin:
        raise NotACalendar(problem(EMPTY))
    if begin in b"<{[":
        raise NotACalendar(problem(WEB_PAGE if begin == b"<" else JSON))
    found = Scan()
    for line in unfolded(body):
        found.take(line)
    found.finish()
    return found


def unfolded(body: bytes) -> list[str]:
    """The content lines as text: UTF-8, or Windows-1252 when it isn't. Raises NotACalendar."""
    body = body.removeprefix(b"\xef\xbb\xbf").replace(b"\x00", b"")
    body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    body = FOLD.sub(b"", body)
    refuse(body.count(b"\n") > MOST_LINES, f"{MOST_LINES} lines")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = body.decode("cp1252", "replace")
    lines = text.split("\n")
    refuse(max(map(len, lines)) > LONGEST_LINE, "64 KB in one line")
    return lines
