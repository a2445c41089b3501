"""A sandbox's child in which a calendar does what a parser's fault would let it do: it names its deed.

Run as the child is; calendars without a deed are read as always.
"""

import contextlib
import json
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from connectors import child
from connectors.readings import ANSWER, Question, answer_frame, encoded
from domain.ics import Reading, State
from domain.problems import Problem

NOTHING = Reading(State.OK)
hoard: list[bytes] = []


def fact(value: object) -> Reading:
    """A reading that carries something about the process out of it."""
    return Reading(State.OK, problems=(Problem(json.dumps(value)),))


def spin(_: str) -> Reading:
    while True:
        pass


def backtrack(_: str) -> Reading:
    """Work without end inside C, where no Python signal handler runs."""
    re.match(r"(a|a)*b", "a" * 60)
    return NOTHING


def nap(seconds: str) -> Reading:
    time.sleep(float(seconds))
    return NOTHING


def freeze(_: str) -> Reading:
    os.kill(os.getpid(), signal.SIGSTOP)
    return NOTHING


def shout(_: str) -> Reading:
    while True:
        os.write(2, b"x" * 65_536)


def bomb(_: str) -> Reading:
    while True:
        hoard.append(b"x" * 1_000_000)


def keep(megabytes: str) -> Reading:
    hoard.append(b"x" * (int(megabytes) * child.MB))
    return NOTHING


def trip(text: str) -> Reading:
    print("this is no part of an answer", file=sys.stderr)
    raise ZeroDivisionError(text * 100_000)


def crash(_: str) -> Reading:
    os.kill(os.getpid(), signal.SIGSEGV)
    return spin(_)


def leave(_: str) -> Reading:
    os._exit(3)


def swell(_: str) -> Reading:
    return Reading(State.OK, problems=tuple(Problem("x" * 1_000_000) for _ in range(9)))


def claim(length: str) -> Reading:
    """An answer that says it is that long."""
    os.write(1, ANSWER.pack(int(length)))
    return nap("60")


def say(answer: str) -> Reading:
    """An answer of one's own making."""
    child.send(ANSWER.pack(len(answer.encode())) + answer.encode())
    return nap("60")


def babble(_: str) -> Reading:
    """One answer, and more behind it."""
    child.send(answer_frame(reading=encoded(NOTHING), resident=1) + b"more")
    return nap("60")


def deafen(_: str) -> Reading:
    """Answer, and then never take another question."""
    child.send(answer_frame(reading=encoded(NOTHING), resident=1))
    return nap("60")


def about(_: str) -> Reading:
    """What this process has in its hands."""
    kinds = ("AS", "CORE", "FSIZE", "NOFILE")
    return fact(
        {
            "environment": dict(os.environ),
            "arguments": sys.orig_argv,
            "files": [int(file.name) for file in Path("/proc/self/fd").iterdir()],
            "modules": sorted(sys.modules),
            "leads its session": os.getsid(0) == os.getpid(),
            "limits": {kind: resource.getrlimit(getattr(resource, f"RLIMIT_{kind}"))[0] for kind in kinds},
            "seconds left": resource.getrlimit(resource.RLIMIT_CPU)[0] - time.process_time(),
        }
    )


def write(folder: str) -> Reading:
    """Try to leave something on the disk."""
    with contextlib.suppress(OSError):
        Path(folder, "left").write_text("something")
    return NOTHING


DEEDS: dict[str, Callable[[str], Reading]] = {
    deed.__name__: deed
    for deed in (
        spin, backtrack, nap, freeze, shout, bomb, keep, trip, crash, leave,
        swell, claim, say, babble, deafen, about, write,
    )
}  # fmt: skip


def read(body: bytes, asked: Question) -> Reading:
    name, _, more = body.decode("latin-1").partition(" ")
    return DEEDS[name](more) if name in DEEDS else child.read(body, asked)


if __name__ == "__main__":
    child.main(read)
