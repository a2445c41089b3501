import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.run import Crew, PartError, Screen
from tests.launcher.processes import Start, all_end, read_until

# A part that tells its own number and that of a child of its own, as web and worker have them.
PARENT = "sleep 300 & echo pids $$ $!; wait"
STUBBORN = "trap '' TERM INT; echo pids $$; while :; do sleep 0.1; done"
SCRIPT = """
import sys
from launcher.run import Crew, PartError, Screen, Stopped
try:
    with Crew(Screen()) as crew:
        for number, command in enumerate(sys.argv[1:]):
            crew.start(f"part{number}", ["sh", "-c", command])
        crew.wait()
except Stopped:
    print("stopped on demand")
except PartError as death:
    print(death)
    sys.exit(1)
"""


@pytest.fixture
def crew_script(tmp_path: Path) -> str:
    script = tmp_path / "crew.py"
    script.write_text(SCRIPT)
    return str(script)


def pids_of(process: subprocess.Popen[str], parts: int) -> list[int]:
    lines = [read_until(process, "pids")[-1] for _ in range(parts)]
    return [int(word) for line in lines for word in line.split("pids")[1].split()]


def test_lines_carry_the_name_of_the_part_that_wrote_them(start: Start, crew_script: str) -> None:
    process = start(crew_script, "echo one; echo two >&2; sleep 300")

    lines = read_until(process, "two")

    assert lines == ["part0     | one", "part0     | two"]


def test_when_one_part_dies_the_others_stop_and_its_name_and_exit_code_are_said(
    start: Start, crew_script: str
) -> None:
    process = start(crew_script, PARENT, "sleep 1; exit 7")
    pids = pids_of(process, 1)

    output = process.communicate(timeout=10)[0]

    assert "part1 stopped by itself (exit code 7)." in output
    assert process.returncode == 1
    assert all_end(pids, 0.5)


def test_a_part_that_was_killed_is_reported_with_the_signal(start: Start, crew_script: str) -> None:
    process = start(crew_script, PARENT)
    leader, child = pids_of(process, 1)

    os.kill(leader, signal.SIGKILL)

    assert "part0 was killed by signal 9 (SIGKILL)." in process.communicate(timeout=10)[0]
    assert all_end([child], 0.5)


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_wish_to_stop_ends_every_part_and_its_children(
    start: Start, crew_script: str, wish: signal.Signals
) -> None:
    process = start(crew_script, PARENT, PARENT)
    pids = pids_of(process, 2)

    process.send_signal(wish)

    assert "stopped on demand" in process.communicate(timeout=10)[0]
    assert process.returncode == 0
    assert all_end(pids, 0.5)


def test_a_second_ctrl_c_ends_a_part_that_does_not_listen(start: Start, crew_script: str) -> None:
    process = start(crew_script, STUBBORN)
    pids = pids_of(process, 1)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)

    process.send_signal(signal.SIGINT)

    process.communicate(timeout=3)
    assert all_end(pids, 0.5)


def test_a_killed_supervisor_leaves_no_orphan_for_longer_than_two_seconds(
    start: Start, crew_script: str
) -> None:
    process = start(crew_script, PARENT, STUBBORN)
    pids = pids_of(process, 2)

    process.kill()
    process.wait(timeout=5)

    assert all_end(pids, 2)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child's life to its parent's")
def test_even_without_its_watcher_a_killed_supervisor_leaves_no_part(start: Start, crew_script: str) -> None:
    process = start(crew_script, "echo pids $$; exec sleep 300")
    pids = pids_of(process, 1)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    watcher = next(int(pid) for pid in children if int(pid) not in pids)

    os.kill(watcher, signal.SIGKILL)
    process.kill()
    process.wait(timeout=5)

    assert all_end(pids, 2)


def test_a_step_that_fails_ends_the_start_and_a_step_that_succeeds_does_not() -> None:
    with Crew(Screen()) as crew:
        crew.finish("good", ["true"])
        with pytest.raises(PartError, match=r"^bad stopped by itself \(exit code 3\)\.$"):
            crew.finish("bad", ["sh", "-c", "exit 3"])
