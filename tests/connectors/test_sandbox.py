"""Whatever a calendar does to its reader, it costs its seconds and its memory, and no other calendar anything."""

import contextlib
import os
import signal
import threading
import time
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from connectors import sandbox
from connectors.sandbox import NotStarted, Quarantined, Sandbox
from domain import ics
from domain.house import House
from domain.ics import State
from domain.switches import PLAIN, Switches
from tests.connectors.readers import (
    CALENDAR,
    MADRID,
    NIGHTS,
    SOON_S,
    TODAY,
    WINDOW,
    ask,
    is_gone,
    process_of,
    trouble,
)

FEEDS = sorted((Path(__file__).resolve().parents[1] / "domain/feeds").glob("*.ics"))


# The same as without


@pytest.mark.parametrize("feed", FEEDS, ids=lambda file: file.stem)
def test_a_calendar_is_read_as_it_is_without_a_sandbox(feed: Path) -> None:
    body = feed.read_bytes()
    for channel, switches in (("", PLAIN), ("airbnb", Switches(ends_inclusive=True))):
        said = ics.read(body, MADRID, WINDOW, channel=channel, today=TODAY, switches=switches)
        got = sandbox.read(body, MADRID, WINDOW, channel=channel, today=TODAY, switches=switches)
        assert got == said
        assert got.state is not State.REFUSED


def test_there_are_feeds_to_compare() -> None:
    assert len(FEEDS) >= 10


CHANGES = [date(2026, 10, 25), date(2027, 3, 28), date(2027, 4, 4)]  # the clocks are set
DAYS = (st.dates(date(2026, 10, 1), date(2028, 12, 31)) | st.sampled_from(CHANGES)).map("{:%Y%m%d}".format)
CLOCKS = st.sampled_from(["", "T000000", "T023000", "T120000Z", "T160000", "T2500", "T103000+0530"])
NAMES = st.sampled_from(
    ["", ";VALUE=DATE", ";TZID=Europe/Madrid", ";TZID=America/Lima", ";TZID=W. Europe Standard Time"]
)
RULES = st.sampled_from(["FREQ=DAILY;COUNT=4", "FREQ=WEEKLY", "FREQ=HOURLY", "FREQ=MONTHLY;BYDAY=-1SU", "x"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LINES = st.one_of(
    st.builds("DTSTART{}:{}{}".format, NAMES, DAYS, CLOCKS),
    st.builds("DTEND{}:{}{}".format, NAMES, DAYS, CLOCKS),
    st.builds("RRULE:{}".format, RULES),
    st.builds("EXDATE{}:{}{}".format, NAMES, DAYS, CLOCKS),
    st.builds("SUMMARY:{}".format, TEXTS),
    st.builds("UID:{}".format, TEXTS),
    st.sampled_from(
        ["STATUS:CANCELLED", "STATUS:TENTATIVE", "TRANSP:TRANSPARENT", "DURATION:P3D", "garbage"]
    ),
)
CALENDARS = st.lists(st.lists(LINES, max_size=7), max_size=6)


TWINS = [
    [f"STATUS:{word}", "DTSTART:20270328"] for word in ("TENTATIVE", "CONFIRMED")
]  # the same but for their kind


@given(CALENDARS, st.sampled_from(["Europe/Madrid", "America/Lima", "Australia/Lord_Howe"]))
@example(TWINS, "Europe/Madrid")
@example_settings(max_examples=150)
def test_any_calendar_is_read_as_it_is_without_a_sandbox(entries: list[list[str]], zone: str) -> None:
    lines = [line for entry in entries for line in ("BEGIN:VEVENT", *entry, "END:VEVENT")]
    body = "\r\n".join(("BEGIN:VCALENDAR", *lines, "END:VCALENDAR", "")).encode()
    house = House(ZoneInfo(zone), turnaround=90)
    said = ics.read(body, house, WINDOW, channel="airbnb", today=TODAY)
    assert sandbox.read(body, house, WINDOW, channel="airbnb", today=TODAY) == said


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe\x00", CALENDAR[:-20], CALENDAR * 20_000])
def test_what_is_no_calendar_is_refused_with_the_same_sentence(body: bytes) -> None:
    said = ics.read(body, MADRID, WINDOW, today=TODAY)
    assert said.state is State.REFUSED
    assert sandbox.read(body, MADRID, WINDOW, today=TODAY) == said


# A calendar that does harm


@pytest.mark.parametrize("deed", ["spin", "backtrack", "nap 60", "freeze", "shout"])
def test_a_calendar_that_hangs_its_reader_is_stopped_and_delays_no_other(hostile: Sandbox, deed: str) -> None:
    pid = process_of(hostile)
    began = time.monotonic()
    found = trouble(hostile, deed, seconds=0.5)
    assert 0.5 <= time.monotonic() - began < SOON_S
    assert found.code == "too_slow"
    assert "took more than 0.5 seconds" in str(found.problem)
    assert is_gone(pid)
    assert process_of(hostile) != pid


def test_what_once_hung_the_reader_costs_its_seconds_at_most() -> None:
    """Sixty rules of a time zone that name no day at all: 8 KB that kept a library busy for twenty seconds."""
    never = (
        "BEGIN:STANDARD", "DTSTART:19700101T000000", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "END:STANDARD",
    )  # fmt: skip
    event = ("UID:a", "DTSTART;TZID=Z:20261201T160000", "DTEND;TZID=Z:20261204T100000")
    lines = (
        "BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "TZID:Z", *never * 60, "END:VTIMEZONE",
        "BEGIN:VEVENT", *event, "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    began = time.monotonic()
    with contextlib.suppress(Quarantined):
        assert (
            sandbox.read("\r\n".join(lines).encode(), MADRID, WINDOW, today=TODAY, seconds=1).nights == NIGHTS
        )
    assert time.monotonic() - began < SOON_S
    assert sandbox.read(CALENDAR, MADRID, WINDOW, today=TODAY).nights == NIGHTS


def test_a_calendar_that_needs_too_much_memory_is_stopped_and_delays_no_other(hostile: Sandbox) -> None:
    pid = process_of(hostile)
    found = trouble(hostile, "bomb")
    assert found.code == "too_big"
    assert "at most 512 MB" in str(found.problem)
    assert is_gone(pid)
    assert process_of(hostile) != pid


def test_the_memory_that_a_calendar_may_take_can_be_set() -> None:
    narrow = Sandbox(megabytes=128, module="tests.connectors.hostile_child")
    ask(narrow, "keep 40")
    assert trouble(narrow, "keep 120").code == "too_big"
    assert trouble(narrow, "bomb").problem.details == (("megabytes", "128"),)
    assert ask(narrow, CALENDAR).nights == NIGHTS
    narrow.close()


def test_a_reading_too_large_to_hand_over_is_too_big(hostile: Sandbox) -> None:
    assert trouble(hostile, "swell").code == "too_big"
    assert process_of(hostile)


@pytest.mark.parametrize("deed", ["crash", "leave"])
def test_a_calendar_that_ends_its_reader_is_broken_after_a_second_try(hostile: Sandbox, deed: str) -> None:
    pid = process_of(hostile)
    found = trouble(hostile, deed)
    assert found.code == "broken"
    assert "ended with" in found.words
    assert is_gone(pid)
    assert hostile.pid is None
    assert process_of(hostile) != pid


@pytest.mark.parametrize(
    "deed",
    [
        "claim 4294967295",
        "claim 8388609",
        "babble",
        "say ",
        "say {",
        "say null",
        "say []",
        "say {}",
        'say {"reading": 7, "resident": 1}',
        'say {"failed": "by magic"}',
        'say {"failed": []}',
        "say " + "[" * 100_000,
    ],
)
def test_an_answer_that_is_none_is_broken_and_nothing_of_it_is_believed(hostile: Sandbox, deed: str) -> None:
    pid = process_of(hostile)
    assert trouble(hostile, deed).code == "broken"
    assert is_gone(pid)
    assert process_of(hostile) != pid


def test_an_answer_that_never_ends_is_too_slow(hostile: Sandbox) -> None:
    assert trouble(hostile, "claim 1000", seconds=0.5).code == "too_slow"


def test_a_fault_of_ours_is_broken_for_the_host_and_a_short_trace_for_our_log(hostile: Sandbox) -> None:
    found = trouble(hostile, "trip over")
    assert found.code == "broken"
    assert "in trip" in found.words
    assert "ZeroDivisionError: overover" in found.words
    assert len(found.words) <= 4_096
    for shown in (str(found), str(found.problem)):
        assert shown.startswith("Something in this calendar stops our reader. What is closed stays closed")
        assert "Traceback" not in shown
    assert process_of(hostile)


def test_words_about_one_calendar_are_not_said_of_another(hostile: Sandbox) -> None:
    assert "over" in trouble(hostile, "trip over").words
    assert "over" not in trouble(hostile, "nap 60", seconds=0.3).words


def test_a_reader_that_takes_no_question_hangs_nobody(hostile: Sandbox) -> None:
    ask(hostile, "deafen")
    began = time.monotonic()
    assert trouble(hostile, "x" * 2_000_000, seconds=0.5).code == "too_slow"
    assert time.monotonic() - began < SOON_S
    assert process_of(hostile)


# A child that ends for reasons of its own


def test_a_child_ended_between_two_readings_is_replaced(hostile: Sandbox) -> None:
    for _ in range(3):
        pid = process_of(hostile)
        os.kill(pid, signal.SIGKILL)
        assert process_of(hostile) != pid
        assert is_gone(pid)


def test_a_child_ended_during_a_reading_is_replaced_and_the_calendar_read(hostile: Sandbox) -> None:
    pid = process_of(hostile)
    killing = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
    killing.start()
    assert ask(hostile, "nap 1").state is State.OK
    killing.join()
    assert hostile.pid != pid
    assert is_gone(pid)


def test_both_tries_share_the_seconds(hostile: Sandbox) -> None:
    pid = process_of(hostile)
    killing = threading.Timer(0.8, os.kill, (pid, signal.SIGKILL))
    killing.start()
    assert trouble(hostile, "nap 1", seconds=1.2).code == "too_slow"
    killing.join()


def test_a_child_is_replaced_after_so_many_readings() -> None:
    brief = Sandbox(reads=3)
    pids = [(ask(brief, CALENDAR), brief.pid)[1] for _ in range(7)]
    assert pids[2] is pids[5] is None  # put away after the third
    assert pids[0] == pids[1] != pids[3] == pids[4] != pids[6]
    brief.close()


def test_a_child_that_holds_much_memory_is_replaced(hostile: Sandbox) -> None:
    process_of(hostile)
    ask(hostile, "keep 10")
    assert hostile.pid is not None
    ask(hostile, "keep 210")
    assert hostile.pid is None


def test_a_child_that_cannot_be_started_is_no_fault_of_the_calendar() -> None:
    with pytest.raises(NotStarted, match=r"No module named connectors\.nobody"):
        ask(Sandbox(module="connectors.nobody"), CALENDAR)


def test_a_system_without_a_process_to_spare_is_no_fault_of_the_calendar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(NotStarted):
        ask(Sandbox(), CALENDAR)
