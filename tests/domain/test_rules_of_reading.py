"""The rules that the fuzzer checks, on its seeds and on small changes to them, without the fuzzer."""

from datetime import UTC, date, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import Event, Kind
from domain.ics import Reading, State
from domain.problems import problem
from domain.spans import Period, Span
from fuzz.feeds import READERS, Broken, check_one, is_sound, nothing_left_out_frees, nothing_new_frees
from fuzz.seeds import LINES, dictionary, seeds
from tests.domain.odd_feeds import calendar

SEEDS = seeds()
NIGHT = Span(date(2026, 12, 1), date(2026, 12, 2))
WHOLE = Event("a", Kind.BLOCK, "", NIGHT.start, NIGHT.end, NIGHT, None)
PERIOD = Period(datetime(2026, 12, 1, 12, tzinfo=UTC), datetime(2026, 12, 1, 13, tzinfo=UTC))


@pytest.mark.parametrize("name", SEEDS)
def test_the_rules_hold_for_each_calendar_of_the_tests(name: str) -> None:
    check_one(SEEDS[name])


@given(st.binary(max_size=300))
def test_the_rules_hold_for_any_bytes(noise: bytes) -> None:
    for body in (noise, calendar(noise.decode("latin-1"))):
        check_one(body)


@given(st.sampled_from(sorted(SEEDS)), st.integers(0), st.binary(max_size=8), st.integers(0, 8))
def test_the_rules_hold_for_a_calendar_with_bytes_put_in_and_left_out(
    name: str, at: int, noise: bytes, gap: int
) -> None:
    body = SEEDS[name]
    at %= len(body) + 1
    check_one(body[:at] + noise + body[at + gap :])


@given(st.lists(st.sampled_from(LINES), min_size=4, max_size=25))
def test_the_rules_hold_for_any_order_of_lines(lines: list[str]) -> None:
    check_one(calendar(*lines))


@given(st.sampled_from(sorted(SEEDS)), st.sampled_from(sorted(SEEDS)), st.randoms(use_true_random=False))
def test_the_rules_hold_for_the_lines_of_two_calendars_shuffled(one: str, other: str, chance: Random) -> None:
    lines = (SEEDS[one] + SEEDS[other]).splitlines(keepends=True)[:60]
    chance.shuffle(lines)
    check_one(b"BEGIN:VCALENDAR\n" + b"".join(lines) + b"\nEND:VCALENDAR\n")


@pytest.mark.parametrize(
    "found",
    [
        Reading(State.REFUSED, (WHOLE,), (problem("Why."),)),
        Reading(State.REFUSED),
        Reading(State.DEGRADED),
        Reading(State.OK, unreadable=1),
        Reading(State.OK, (WHOLE, WHOLE)),
        Reading(State.OK, (Event("a", Kind.BLOCK, "", NIGHT.start, NIGHT.end, None, None),)),
        Reading(State.OK, (Event("a", Kind.BLOCK, "", NIGHT.end, NIGHT.start, NIGHT, None),)),
        Reading(State.OK, (Event("a", Kind.BLOCK, "", PERIOD.end, PERIOD.start, NIGHT, PERIOD),)),
        Reading(State.OK, (Event("a", Kind.BLOCK, "", PERIOD.start, NIGHT.end, NIGHT, PERIOD),)),
        Reading(State.OK, (Event("a", Kind.HOURS, "", PERIOD.start, PERIOD.end, NIGHT, PERIOD),)),
        Reading(State.OK, (Event("", Kind.BLOCK, "", NIGHT.start, NIGHT.end, NIGHT, None),)),
        Reading(State.OK, (Event("a", Kind.BLOCK, "\n", NIGHT.start, NIGHT.end, NIGHT, None),)),
        Reading(State.OK, (Event("a", Kind.BLOCK, "", date(2020, 1, 1), date(2020, 1, 2),
                                 Span(date(2020, 1, 1), date(2020, 1, 2)), None),)),
    ],
)  # fmt: skip
def test_a_reading_that_breaks_a_rule_is_noticed(found: Reading) -> None:
    with pytest.raises(Broken):
        is_sound(found)


def test_a_reader_that_frees_is_noticed() -> None:
    body = calendar("DTSTART;VALUE=DATE:20261201")
    more = Reading(
        State.OK,
        (
            WHOLE,
            Event(
                "b", Kind.BLOCK, "", NIGHT.end, date(2026, 12, 4), Span(NIGHT.end, date(2026, 12, 4)), None
            ),
        ),
    )
    for rule in (nothing_new_frees, nothing_left_out_frees):
        with pytest.raises(Broken):
            rule(body, more, READERS[0])


def test_the_dictionary_is_ascii_and_quoted() -> None:
    lines = dictionary().splitlines()
    assert {'"RRULE"', '"\\x0aEND\\x3aVEVENT\\x0a"'} <= set(lines)
    assert all(line.isascii() and line[0] == line[-1] == '"' and '"' not in line[1:-1] for line in lines)
