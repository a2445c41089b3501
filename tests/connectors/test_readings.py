"""What crosses between the sandbox and its child arrives as it was sent."""

import json
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.readings import QUESTION, Question, decoded, encoded, question, question_frame
from domain.events import Event, Kind
from domain.house import House
from domain.ics import Reading, State, Window
from domain.problems import Problem
from domain.spans import Period, Span
from domain.switches import Switches

DAYS = st.dates(date(1970, 1, 1), date(2200, 1, 1))
OFFSETS = st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
ZONES = st.just(UTC) | OFFSETS | st.timezones()
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001 - zones follow
MADRID = ZoneInfo("Europe/Madrid")


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = draw(DAYS)
    return Span(start, start + timedelta(draw(st.integers(1, 800))))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    start = draw(TIMES).astimezone(UTC)
    return Period(start, start + timedelta(seconds=draw(st.integers(1, 10**8))))


EVENTS = st.builds(
    Event,
    uid=st.text(),
    kind=st.sampled_from(Kind),
    summary=st.text(),
    start=DAYS | TIMES,
    end=DAYS | TIMES,
    nights=st.none() | spans(),
    period=st.none() | periods(),
)
PROBLEMS = st.builds(Problem, st.text(), st.lists(st.tuples(st.text(), st.text())).map(tuple))
READINGS = st.builds(
    Reading,
    state=st.sampled_from(State),
    events=st.lists(EVENTS, max_size=5).map(tuple),
    problems=st.lists(PROBLEMS, max_size=3).map(tuple),
    unreadable=st.integers(0, 10_000),
)


def sent(reading: Reading) -> Reading:
    return decoded(json.loads(json.dumps(encoded(reading))))


def sent_at(moment: date | datetime) -> date | datetime:
    return sent(
        Reading(State.OK, (Event("a", Kind.BLOCK, "", moment, moment, None, None),))
    ).events[0].start  # fmt: skip


@given(READINGS)
def test_a_reading_arrives_as_it_was(reading: Reading) -> None:
    assert sent(reading) == reading


@given(TIMES)
def test_a_time_keeps_its_instant_its_wall_clock_and_its_offset(moment: datetime) -> None:
    got = sent_at(moment)
    assert isinstance(got, datetime)
    assert got.astimezone(UTC) == moment.astimezone(UTC)
    assert got.replace(tzinfo=None) == moment.replace(tzinfo=None)
    assert got.utcoffset() == moment.utcoffset()


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize("hour", [datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30)])  # noqa: DTZ001 - wall
def test_an_hour_that_a_clock_shows_twice_or_never_stays_the_one_it_was(hour: datetime, fold: int) -> None:
    moment = hour.replace(tzinfo=MADRID, fold=fold)
    got = sent_at(moment)
    assert isinstance(got, datetime)
    assert (got, got.utcoffset()) == (moment, moment.utcoffset())
    assert got.tzinfo is MADRID


def test_a_time_in_a_zone_of_the_calendars_own_arrives_at_its_offset() -> None:
    class Own(tzinfo):
        def utcoffset(self, _: datetime | None) -> timedelta:
            return timedelta(hours=9)

        def dst(self, _: datetime | None) -> timedelta:
            return timedelta()

        def tzname(self, _: datetime | None) -> str:
            return "Own"

    moment = datetime(2026, 12, 1, 16, tzinfo=Own())
    got = sent_at(moment)
    assert isinstance(got, datetime)
    assert (got, got.utcoffset()) == (moment, timedelta(hours=9))


@given(
    st.builds(
        Question,
        house=st.builds(
            House,
            zone=st.timezones(),
            check_in=st.times(min_value=datetime(2026, 1, 1, 12).time()),  # noqa: DTZ001 - a wall time
            check_out=st.times(max_value=datetime(2026, 1, 1, 12).time()),  # noqa: DTZ001 - a wall time
            turnaround=st.integers(0, 1_440),
        ),
        window=st.builds(Window, DAYS, DAYS),
        channel=st.text(),
        today=DAYS,
        switches=st.builds(Switches, st.booleans(), st.booleans(), st.booleans()),
        seconds=st.floats(0.1, 60),
    ),
    st.binary(),
)
def test_a_question_arrives_as_it_was_with_its_calendar(asked: Question, body: bytes) -> None:
    frame = question_frame(asked, body)
    text_length, body_length = QUESTION.unpack(frame[: QUESTION.size])
    text = frame[QUESTION.size : QUESTION.size + text_length]
    assert question(text) == asked
    assert frame[-body_length:] == body if body else body_length == 0
    assert len(frame) == QUESTION.size + text_length + body_length


def test_no_field_is_forgotten() -> None:
    """Whoever adds a field to one of these must say how it crosses."""
    carried: dict[type[Any], list[str]] = {
        Reading: ["state", "events", "problems", "unreadable"],
        Event: ["uid", "kind", "summary", "start", "end", "nights", "period"],
        Problem: ["template", "details"],
        Span: ["start", "end"],
        Period: ["start", "end"],
        House: ["zone", "check_in", "check_out", "turnaround"],
        Window: ["start", "end"],
    }
    assert {each: [field.name for field in fields(each)] for each in carried} == carried


EVENT = ["a", "block", "", "2026-12-01", "2026-12-02", "2026-12-01", "2026-12-02", None, None]
GOOD = {"state": "ok", "events": [EVENT], "problems": [], "unreadable": 0}


def with_event(place: int, value: object) -> dict[str, Any]:
    return GOOD | {"events": [[*EVENT[:place], value, *EVENT[place + 1 :]]]}


def test_a_reading_without_a_fault_is_taken() -> None:
    assert decoded(GOOD).nights == {date(2026, 12, 1)}


@pytest.mark.parametrize(
    "nonsense",
    [
        None, [], {}, 7, "reading",
        GOOD | {"state": "fine"},
        GOOD | {"events": [EVENT[:-1]]},
        GOOD | {"events": [[*EVENT, None]]},
        GOOD | {"events": 7},
        GOOD | {"problems": [["x", {"a": 1}]]},
        GOOD | {"problems": [[1, []]]},
        GOOD | {"unreadable": "many"},
        GOOD | {"unreadable": None},
        with_event(0, 7),
        with_event(1, "holiday"),
        with_event(2, None),
        with_event(3, 20261201),
        with_event(3, ["2026-12-01"] * 10),
        with_event(3, "2026-12-01T10:00"),
        with_event(3, "2026-12-01T10:00:00+09:00[Europe/Madrid]"),
        with_event(3, "2026-12-01T10:00:00+01:00[Europe/Nowhere]"),
        with_event(3, "2026-12-01T10:00:00+01:00[../../etc/passwd]"),
        with_event(3, "2026-12-01T10:00:00+01:00[Europe]"),
        with_event(5, "2026-12-02"),
        with_event(6, None),
        with_event(7, "2026-12-01T10:00:00+00:00"),
    ],
)  # fmt: skip
def test_what_is_no_reading_is_told_by_a_named_error(nonsense: Any) -> None:
    with pytest.raises((ValueError, TypeError, LookupError, AttributeError, OSError)):
        decoded(nonsense)
