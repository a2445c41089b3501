"""Whatever a calendar does to its reader, it costs its seconds and its memory, and no other calendar anything."""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from connectors import sandbox
from connectors.sandbox import NotStarted, Quarantined, Sandbox
from domain import ics
from domain.house import House
from domain.ics import Reading, State, Window
from domain.switches import PLAIN, Switches

ROOT = Path(__file__).resolve().parents[2]
FEEDS = sorted((ROOT / "tests/domain/feeds").glob("*.ics"))
TODAY = date(2026, 11, 21)
WINDOW = Window(TODAY - timedelta(30), TODAY + timedelta(730))
MADRID = House(ZoneInfo("Europe/Madrid"))
CALENDAR = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;VALUE=DATE:20261201\r\n"
    b"DTEND;VALUE=DATE:20261204\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
NIGHTS = {date(2026, 12, 1), date(2026, 12, 2), date(2026, 12, 3)}
SOON_S = 15  # a hang would last for ever; a busy machine may take seconds to start a child


@pytest.fixture
def hostile() -> Iterator[Sandbox]:
    """A sandbox whose child does what the calendar says."""
    made = Sandbox(module="tests.connectors.hostile_child")
    yield made
    made.close()


def ask(of: Sandbox, body: bytes | str, seconds: float = 20) -> Reading:
    body = body.encode() if isinstance(body, str) else body
    return of.read(body, MADRID, WINDOW, today=TODAY, seconds=seconds)


def trouble(of: Sandbox, body: str, seconds: float = 20) -> Quarantined:
    with pytest.raises(Quarantined) as caught:
        ask(of, body, seconds)
    return caught.value


def told(of: Sandbox) -> dict[str, Any]:
    """What the child has in its hands."""
    facts: dict[str, Any] = json.loads(ask(of, "about").problems[0].template)
    return facts


def process_of(of: Sandbox) -> int:
    """The process that has just read a calendar."""
    assert ask(of, CALENDAR).nights == NIGHTS
    assert of.pid is not None
    return of.pid


def within(what: Callable[[], bool], seconds: float = SOON_S) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


def state_of(pid: int) -> str:
    """The letter that the system has for it: R, S, T, Z …; nothing once it was collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def is_gone(pid: int) -> bool:
    return state_of(pid) == ""


def has_ended(pid: int) -> bool:
    """Whether it runs no more; an orphan is collected by the system, or by nobody in a bare container."""
    return state_of(pid) in ("", "Z", "X")


def seconds_worked(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# The same as without


@pytest.mark.parametrize("feed", FEEDS, ids=lambda file: file.stem)
def test_a_calendar_is_read_as_it_is_without_a_sandbox(feed: Path) -> None:
    body = feed.read_bytes()
    for channel, switches in (("", PLAIN), ("airbnb", Switches(ends_inclusive=True))):
        said = ics.read(body, MADRID, WINDOW, channel=channel, today=TODAY, switches=switches)
        got = sandbox.read(body, MADRID, WINDOW, channel=channel, today=TODAY, switches=switches)
        assert got == said
        assert got.state is State.OK


def test_there_are_feeds_to_compare() -> None:
    assert len(FEEDS) >= 10


DAYS = st.dates(date(2026, 10, 1), date(2028, 12, 31)).map(lambda day: f"{day:%Y%m%d}")
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


@given(CALENDARS, st.sampled_from(["Europe/Madrid", "America/Lima", "Australia/Lord_Howe"]))
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
    never = "\r\n".join(
        ("BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200")
        + ("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "END:STANDARD", "")
    )
    body = (
        f"BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Z\r\n{never * 60}END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:a\r\n"
        "DTSTART;TZID=Z:20261201T160000\r\nDTEND;TZID=Z:20261204T100000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    began = time.monotonic()
    try:
        nights = sandbox.read(body.encode(), MADRID, WINDOW, today=TODAY, seconds=1).nights
    except Quarantined as found:
        assert found.code == "too_slow"
    else:
        assert nights == NIGHTS
    assert time.monotonic() - began < SOON_S
    assert sandbox.read(CALENDAR, MADRID, WINDOW, today=TODAY).nights == NIGHTS


def test_a_calendar_that_needs_too_much_memory_is_stopped_and_delays_no_other(hostile: Sandbox) -> None:
    pid = process_of(hostile)
    found = trouble(hostile, "bomb")
    assert found.code == "too_big"
    assert "more than 512 MB" in str(found.problem)
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
    with pytest.raises(NotStarted, match="No module named 'connectors.nobody'"):
        ask(Sandbox(module="connectors.nobody"), CALENDAR)


class Interrupted(Exception):
    """What a worker's own time limit raises out of a signal handler."""


@contextmanager
def interruptible() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("after", [0.0, 0.05, 0.3])
def test_an_interrupted_reading_leaves_no_answer_to_the_next(hostile: Sandbox, after: float) -> None:
    pid = process_of(hostile)
    with interruptible():
        interrupting = threading.Timer(after, os.kill, (os.getpid(), signal.SIGUSR1))
        with pytest.raises(Interrupted):
            interrupting.start()
            ask(hostile, "nap 2")
            time.sleep(SOON_S)
        interrupting.join()
    assert ask(hostile, CALENDAR).nights == NIGHTS
    assert hostile.pid == pid or is_gone(pid)


def test_threads_have_children_of_their_own_that_end_with_them() -> None:
    own, pids = sandbox._kept.sandbox, []

    def work() -> None:
        for _ in range(3):
            assert sandbox.read(CALENDAR, MADRID, WINDOW, today=TODAY).nights == NIGHTS
        pids.append(sandbox._kept.sandbox.pid)

    process_of(own)
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON_S)
    gc.collect()
    assert len({own.pid, *pids}) == 4
    assert all(map(is_gone, pids))
    assert state_of(own.pid or 0)


# What the child has in its hands


def test_a_child_knows_no_secret(hostile: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEYS", "PYTHONSTARTUP", "HOME"):
        monkeypatch.setenv(name, "canary")
    facts = told(hostile)
    assert facts["environment"].keys() <= {*sandbox._PASSED_ON, "PYTHONPATH"}
    assert "canary" not in json.dumps(facts)


def test_a_child_holds_no_file_of_ours(hostile: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        ours.set_inheritable(True)
        os.set_inheritable(ours.fileno(), True)
        files = told(hostile)["files"]
    assert len(files) == 4  # three pipes, and the folder in which it counted
    assert {0, 1, 2} < set(files)


def test_a_child_loads_nothing_that_could_reach_out() -> None:
    """The plain one, whose modules are those of the program that is run for strangers' calendars."""
    code = "import sys, connectors.child; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True, check=True, cwd="/", env={"PYTHONPATH": str(ROOT)}, text=True, timeout=60,
    ).stdout.split()  # fmt: skip
    assert "domain.ics" in loaded
    outside = {"django", "celery", "redis", "psycopg", "pycurl", "requests", "subprocess", "ssl", "calendars"}
    assert {name.partition(".")[0] for name in loaded} & outside == set()


def test_a_child_has_a_session_and_limits_of_its_own(hostile: Sandbox) -> None:
    facts = told(hostile)
    assert facts["leads its session"]
    assert facts["limits"] == {"AS": 512 * 1024 * 1024, "CORE": 0, "FSIZE": 0, "NOFILE": 16}


def test_the_processor_time_of_a_child_is_limited_anew_for_each_reading(hostile: Sandbox) -> None:
    for seconds in (5, 30, 2):
        facts = json.loads(ask(hostile, "about", seconds).problems[0].template)
        assert seconds <= facts["seconds left"] <= seconds + 1


def test_a_child_leaves_nothing_on_the_disk(hostile: Sandbox, tmp_path: Path) -> None:
    ask(hostile, f"write {tmp_path}")
    left = tmp_path / "left"
    assert not left.exists() or left.stat().st_size == 0


# Processes around it

PARENT = f"""
import os, sys, threading, time
sys.path.insert(0, {str(ROOT)!r})
from datetime import date
from zoneinfo import ZoneInfo
from connectors import sandbox
from domain.house import House
from domain.ics import Window

sandbox._kept.sandbox = hostile = sandbox.Sandbox(module="tests.connectors.hostile_child")
HOUSE, DAY = House(ZoneInfo("Europe/Madrid")), date(2026, 12, 1)

def read(body={CALENDAR!r}, seconds=20):
    found = sandbox.read(body, HOUSE, Window(DAY, date(2027, 12, 1)), today=DAY, seconds=seconds)
    return sandbox._kept.sandbox.pid, len(found.nights)
"""


@contextmanager
def a_parent(code: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that reads calendars."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT + code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=SOON_S)


def output_of(code: str) -> list[str]:
    with a_parent(code) as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    return out.split()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_child_ends_when_its_idle_parent_is_killed() -> None:
    with a_parent("print(read()[0], flush=True); time.sleep(60)") as parent:
        pid = int(line_of(parent))
        assert state_of(pid) == "S"
        parent.kill()
        assert within(lambda: has_ended(pid))


@pytest.mark.parametrize("deed", ["spin", "backtrack", "nap 60"])
def test_a_child_ends_in_time_when_its_parent_is_killed_during_a_reading(deed: str) -> None:
    with a_parent(f"print(read()[0], flush=True); read(b'{deed}', 2)") as parent:
        pid = int(line_of(parent))
        worked = seconds_worked(pid)
        if deed == "nap 60":
            time.sleep(0.3)
        else:
            assert within(lambda: seconds_worked(pid) > worked + 0.1)
        parent.kill()
        assert within(lambda: has_ended(pid))


def test_a_child_ends_with_a_parent_whose_fork_lives_on() -> None:
    code = "print(read()[0], flush=True)\nif not os.fork(): os.close(1); os.close(2); time.sleep(20); os._exit(0)\ntime.sleep(60)"
    with a_parent(code) as parent:
        pid = int(line_of(parent))
        time.sleep(0.3)
        parent.kill()
        assert within(lambda: has_ended(pid), 10)


def test_a_parent_that_ends_leaves_no_child() -> None:
    (pid,) = output_of("print(read()[0])")
    assert has_ended(int(pid))


def test_a_fork_never_uses_its_parents_child_and_leaves_it_alone() -> None:
    code = """
first = read()[0]
fork = os.fork()
if not fork:
    second = read()[0]
    third = read()[0]
    print(second != first, third == second, hostile.pid == third, flush=True)
    hostile.close()
    os._exit(0)
os.waitpid(fork, 0)
print(read()[0] == first)
"""
    assert output_of(code) == ["True"] * 4


def test_a_fork_leaves_the_children_of_other_threads_alone() -> None:
    code = """
import gc, warnings
warnings.simplefilter("ignore")
go, done, pids = threading.Event(), threading.Event(), []
def work():
    pids.append(read()[0])
    done.set()
    go.wait(20)
    pids.append(read()[0])
thread = threading.Thread(target=work)
thread.start()
done.wait(20)
fork = os.fork()
if not fork:
    gc.collect()
    os._exit(0)
os.waitpid(fork, 0)
go.set()
thread.join()
print(pids[0] == pids[1])
"""
    assert output_of(code) == ["True"]


def test_a_daemonic_worker_reads_calendars_though_it_may_have_no_multiprocessing_children() -> None:
    code = """
import multiprocessing
read()
def work():
    print(multiprocessing.current_process().daemon, read()[1])
worker = multiprocessing.get_context("fork").Process(target=work, daemon=True)
worker.start()
worker.join()
print(read()[1])
"""
    assert output_of(code) == ["True", "3", "3"]
