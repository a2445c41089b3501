"""What goes between the sandbox and its child: frames of JSON, a calendar's bytes beside the question.

Only JSON, because the child has read a stranger's bytes: whatever it answers, decoding it runs nothing.

Dates and times come back as they were, those in a zone by its IANA name included. A time in a zone that the calendar
defines itself comes back at its offset: the same instant on the same wall clock, and so an equal event. (Python
calls no two times of different zones equal while either's clock is being set; there the events differ by that.)
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from struct import Struct
from typing import Any
from zoneinfo import ZoneInfo

from domain.events import Event, Kind
from domain.house import House
from domain.ics import Reading, State, Window
from domain.problems import Problem
from domain.spans import Period, Span
from domain.switches import Switches

QUESTION = Struct(">II")  # the lengths of the JSON and of the calendar behind it
ANSWER = Struct(">I")  # the length of the JSON
MOST_ANSWER = 8 * 1024 * 1024
_DATE = len("2026-12-01")


@dataclass(frozen=True, slots=True)
class Question:
    """What a calendar is read for, and the seconds that it may take."""

    house: House
    window: Window
    channel: str
    today: date
    switches: Switches
    seconds: float


def question_frame(asked: Question, body: bytes) -> bytes:
    """The question and the calendar, as the child takes them."""
    house = asked.house
    text = _packed(
        {
            "house": [house.zone.key, str(house.check_in), str(house.check_out), house.turnaround],
            "window": [str(asked.window.start), str(asked.window.end)],
            "channel": asked.channel,
            "today": str(asked.today),
            "switches": asdict(asked.switches),
            "seconds": asked.seconds,
        }
    )
    return b"".join((QUESTION.pack(len(text), len(body)), text, body))


def question(text: bytes) -> Question:
    """The question that stands in a frame."""
    found = json.loads(text)
    zone, check_in, check_out, turnaround = found["house"]
    return Question(
        House(ZoneInfo(zone), time.fromisoformat(check_in), time.fromisoformat(check_out), turnaround),
        Window(*map(date.fromisoformat, found["window"])),
        found["channel"],
        date.fromisoformat(found["today"]),
        Switches(**found["switches"]),
        found["seconds"],
    )


def answer_frame(**answer: Any) -> bytes:
    """An answer as the sandbox takes it."""
    text = _packed(answer)
    return ANSWER.pack(len(text)) + text


def _packed(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def encoded(reading: Reading) -> dict[str, Any]:
    """A reading as JSON."""
    return {
        "state": reading.state,
        "events": [_row(event) for event in reading.events],
        "problems": [[each.template, each.details] for each in reading.problems],
        "unreadable": reading.unreadable,
    }


def decoded(found: Any) -> Reading:
    """The reading that was encoded.

    Raises ValueError, TypeError, LookupError, AttributeError or OSError for what is none.
    """
    return Reading(
        State(found["state"]),
        tuple(_event(*row) for row in found["events"]),
        tuple(Problem(_text(template), _details(details)) for template, details in found["problems"]),
        int(found["unreadable"]),
    )


def _row(event: Event) -> tuple[str | None, ...]:
    nights, period = event.nights, event.period
    return (
        event.uid,
        event.kind,
        event.summary,
        _written(event.start),
        _written(event.end),
        str(nights.start) if nights else None,
        str(nights.end) if nights else None,
        _written(period.start) if period else None,
        _written(period.end) if period else None,
    )


def _event(uid: Any, kind: Any, summary: Any, start: Any, end: Any, *closed: Any) -> Event:
    arrival, departure, since, until = closed
    return Event(
        _text(uid),
        Kind(kind),
        _text(summary),
        _moment(start),
        _moment(end),
        Span(date.fromisoformat(arrival), date.fromisoformat(departure)) if arrival else None,
        Period(_instant(since), _instant(until)) if since else None,
    )


def _details(details: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((_text(name), _text(value)) for name, value in details)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _written(moment: date | datetime) -> str:
    """A date, or a time with its offset and, where it has one, its zone (RFC 9557 §3.1)."""
    text = moment.isoformat()
    zone = moment.tzinfo if isinstance(moment, datetime) else None
    return f"{text}[{zone.key}]" if isinstance(zone, ZoneInfo) and zone.key else text


def _moment(text: Any) -> date | datetime:
    return date.fromisoformat(text) if len(text) == _DATE else _instant(text)


def _instant(text: Any) -> datetime:
    """The aware time; the offset tells which of two times is meant that a clock shows twice."""
    wall, _, zone = text.partition("[")
    found = datetime.fromisoformat(wall)
    offset = found.utcoffset()
    if zone:
        found = found.replace(tzinfo=ZoneInfo(zone.removesuffix("]")))
        found = found if found.utcoffset() == offset else found.replace(fold=1)
    if offset is None or found.utcoffset() != offset:
        raise ValueError(text)
    return found
