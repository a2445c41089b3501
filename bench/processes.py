"""The processes a benchmark starts, and the processor time that processes have used."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import redis
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
LEASH = ROOT / "launcher" / "leash.py"
STARTS_WITHIN_S = 60.0
STOPS_WITHIN_S = 10.0
TICK_S = 0.05


class BenchError(Exception):
    """The benchmark could not do its work; the message says why."""


@contextmanager
def running(*words: str, talks: bool = False, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process for as long as the context lasts: `python WORDS…`, in a process group of its own.

    What it prints goes to standard error, unless it `talks` with us over its standard streams. Its environment is
    ours, with the `variables`.
    """
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), "-", sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
        stdout=subprocess.PIPE if talks else sys.stderr.fileno(),
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Ends the process politely, then what is left of its group with force."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOPS_WITHIN_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            with suppress(BrokenPipeError):
                stream.close()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as door:
        door.bind((HOST, 0))
        port: int = door.getsockname()[1]
        return port


def await_port(process: subprocess.Popen[str], port: int) -> None:
    """Waits until the process listens there; raises BenchError when it ends or takes too long."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(TICK_S)
    message = f"{process.args!r} does not listen on port {port}"
    raise BenchError(message)


class Processor:
    """The processor time of some process trees: user and system, in seconds, ended children included."""

    def __init__(self, *roots: int) -> None:
        self.roots = roots

    def seconds(self) -> float:
        """All of it since the processes began; raises BenchError when one is not to be seen from here."""
        return sum(used(root) for root in self.roots)


def used(root: int) -> float:
    """The seconds of one process tree."""
    try:
        top = psutil.Process(root)
        family = [top, *top.children(recursive=True)]
    except psutil.Error as error:
        message = f"the processor time of process {root} cannot be read: {error}"
        raise BenchError(message) from error
    total = 0.0
    for process in family:
        with suppress(psutil.NoSuchProcess):  # it ended just now: its parent counts it from here on
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def engine(pid: int, *names: str) -> psutil.Process:
    """A server's process by its number; raises BenchError when it runs on another machine."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.name().startswith(names):
            return process
    message = f"{names[0]} does not run on this machine, so its processor time cannot be read"
    raise BenchError(message)


def database_root() -> int:
    """The process that all of PostgreSQL's processes belong to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        parent: int = engine(cursor.fetchone()[0], "postgres").ppid()
    return parent


def broker_root(broker: redis.Redis) -> int:
    """The broker's process."""
    pid: int = engine(int(broker.info("server")["process_id"]), "valkey", "redis").pid
    return pid
