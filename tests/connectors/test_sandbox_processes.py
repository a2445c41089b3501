"""A sandbox's child among other processes: what it holds, and that it never outlives those it works for."""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import pytest

from connectors import sandbox
from connectors.sandbox import Sandbox
from tests.connectors.readers import (
    CALENDAR,
    MADRID,
    NIGHTS,
    SOON_S,
    TODAY,
    WINDOW,
    ask,
    has_ended,
    is_gone,
    process_of,
    state_of,
    within,
)

ROOT = Path(__file__).resolve().parents[2]


def told(of: Sandbox) -> dict[str, Any]:
    """What the child has in its hands."""
    facts: dict[str, Any] = json.loads(ask(of, "about").problems[0].template)
    return facts


def seconds_worked(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


# Those around it


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


@pytest.mark.parametrize("after", [0.0, 0.02, 0.1, 0.4])
@pytest.mark.parametrize("started", [True, False])
def test_an_interrupted_reading_leaves_no_process_and_no_answer_to_the_next(
    hostile: Sandbox, started: bool, after: float
) -> None:
    before = {child.pid for child in psutil.Process().children()}
    if started:
        process_of(hostile)
    with interruptible():
        interrupting = threading.Timer(after, os.kill, (os.getpid(), signal.SIGUSR1))
        with pytest.raises(Interrupted):
            interrupting.start()
            ask(hostile, "nap 5")
            time.sleep(SOON_S)
        interrupting.join()
    assert ask(hostile, CALENDAR).nights == NIGHTS
    assert within(lambda: {child.pid for child in psutil.Process().children()} - before == {hostile.pid})


def test_threads_have_children_of_their_own_that_end_with_them() -> None:
    own = sandbox._kept.sandbox
    pids: list[int] = []

    def work() -> None:
        for _ in range(3):
            assert sandbox.read(CALENDAR, MADRID, WINDOW, today=TODAY).nights == NIGHTS
        pids.append(sandbox._kept.sandbox.pid or 0)

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
        assert not has_ended(pid)
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
    code = """
print(read()[0], flush=True)
fork = os.fork()
if fork:
    print(fork, flush=True)
else:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
time.sleep(60)
"""
    with a_parent(code) as parent:
        pid, fork = int(line_of(parent)), int(line_of(parent))
        time.sleep(0.3)
        parent.kill()
        try:
            assert within(lambda: has_ended(pid))
            assert not has_ended(fork)
        finally:
            os.kill(fork, signal.SIGKILL)


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
