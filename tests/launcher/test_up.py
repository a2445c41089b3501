import os
import re
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from launcher.place import development_secrets
from tests.launcher.processes import ROOT, Start, all_end, free_port, read_until

LAST_LINE = "Stop with"
PATIENCE_SECONDS = 4  # 2 on an idle machine
OLD_PYTHON = """#!/bin/sh
case "$2" in
    *version_info*3,*12*) exit 1 ;;
    *) echo 3.10.2 ;;
esac
"""


def children(pid: int) -> list[int]:
    """All processes below this one."""
    stats = (entry / "stat" for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    parents: dict[int, int] = {}
    for stat in stats:
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    below = {pid}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return sorted(below - {pid})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A data folder, empty at first and kept from one start to the next as that of a checkout is."""
    return str(tmp_path_factory.mktemp("checkout") / "data")


@pytest.fixture
def up(start: Start, data: str) -> tuple[subprocess.Popen[str], str]:
    """A bin/up without demo that has said where it runs, and its address."""
    port = free_port()
    process = start("-m", "launcher.up", "--no-demo", "--port", str(port), AMPLISTAY_DATA=data)
    read_until(process, LAST_LINE)
    return process, f"http://127.0.0.1:{port}"


def test_up_serves_pages_says_what_runs_when_started_twice_and_leaves_nothing_on_ctrl_c(
    up: tuple[subprocess.Popen[str], str], start: Start, data: str
) -> None:
    process, address = up
    assert requests.get(f"{address}/healthz", timeout=5).json()["database"] == "ok"
    family = children(process.pid)
    assert len(family) >= 6  # watcher, PostgreSQL, Valkey, web, worker, beat

    second = start("-m", "launcher.up", "--no-demo", AMPLISTAY_DATA=data)
    said = second.communicate(timeout=20)[0]

    assert second.returncode == 1
    assert f"bin/up runs already at {address} (pid {process.pid}" in said
    asked = start("-m", "launcher.manage", "showmigrations", "--plan", AMPLISTAY_DATA=data)
    assert "[ ]" not in asked.communicate(timeout=30)[0]
    assert asked.returncode == 0
    assert process.poll() is None

    process.send_signal(signal.SIGINT)

    assert "Stopped." in process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert all_end(family, 0.5)


def test_a_killed_up_leaves_no_orphan_and_the_next_one_names_a_part_that_dies(
    up: tuple[subprocess.Popen[str], str], start: Start, data: str
) -> None:
    process, address = up
    family = children(process.pid)

    process.kill()

    process.wait(timeout=5)
    assert all_end(family, PATIENCE_SECONDS)
    again = start(
        *("-m", "launcher.up", "--no-demo", "--port", address.rpartition(":")[2]),
        AMPLISTAY_DATA=data,
    )
    read_until(again, LAST_LINE)
    family = children(again.pid)
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in family}
    beat = next(pid for pid, command in commands.items() if "\0beat\0" in command)

    os.kill(beat, signal.SIGKILL)

    said = again.communicate(timeout=30)[0]
    assert "beat was killed by signal 9 (SIGKILL). Stopping the rest." in said
    assert again.returncode == 1
    assert all_end(family, 0.5)


def test_a_port_that_is_taken_is_named_with_the_option_that_changes_it(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        process = start("-m", "launcher.up", "--port", str(port), AMPLISTAY_DATA=str(tmp_path))

        said = process.communicate(timeout=20)[0]
    assert process.returncode == 1
    assert f"Port {port}, meant for the web pages, is taken by another program." in said
    assert f"bin/up --port {port + 1}" in said


def test_the_secrets_of_a_checkout_are_made_once_and_only_its_owner_reads_them(tmp_path: Path) -> None:
    made = development_secrets(tmp_path)

    assert development_secrets(tmp_path) == made
    text = (tmp_path / "secrets.env").read_text()
    assert re.findall(r"^(\w+)=.{30,}$", text, re.MULTILINE) == ["SECRET_KEY", "FIELD_KEYS", "EXPORT_KEYS"]
    assert (tmp_path / "secrets.env").stat().st_mode & 0o077 == 0


def test_an_interpreter_that_is_too_old_is_named_and_the_way_to_a_newer_one_is_told(tmp_path: Path) -> None:
    for folder in ("bin", "launcher"):
        shutil.copytree(ROOT / folder, tmp_path / "checkout" / folder)
    old = tmp_path / "path" / "python3"
    old.parent.mkdir()
    old.write_text(OLD_PYTHON)
    old.chmod(0o755)

    done = subprocess.run(
        [tmp_path / "checkout" / "bin" / "up"],
        env={"PATH": str(old.parent), "PYENV_ROOT": str(tmp_path / "empty"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert done.returncode == 1
    assert "Amplistay needs Python 3.12 or newer, and none was found here." in done.stderr
    assert f"Python 3.10.2 at {old} is too old." in done.stderr
    assert "uv python install 3.13" in done.stderr
    assert not (tmp_path / "checkout" / ".venv").exists()


def test_a_python_that_the_user_names_is_not_replaced_by_another_one(tmp_path: Path) -> None:
    for folder in ("bin", "launcher"):
        shutil.copytree(ROOT / folder, tmp_path / "checkout" / folder)

    done = subprocess.run(
        [tmp_path / "checkout" / "bin" / "up"],
        env={**os.environ, "PYTHON": "/nowhere/python3"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert done.returncode == 1
    assert "PYTHON=/nowhere/python3 names no usable Python." in done.stderr
