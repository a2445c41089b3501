"""The sandbox's child: reads one stranger's calendar after another, until its input ends.

Run as ``python -m connectors.child MEGABYTES``. It knows no secret, opens nothing but time zones, and ends by itself:
when its parent has gone, when a calendar takes too long, and when it needs too much.
"""

import contextlib
import gc
import math
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from connectors.readings import ANSWER, MOST_ANSWER, QUESTION, Question, answer_frame, encoded, question
from domain import ics
from domain.ics import Reading

MB = 1024 * 1024
MOST_FILES = 16
GRACE_S = 1.0  # the parent's own deadline comes first
LONGEST_TRACE = 4_096
LONGEST_TRACE_LINE = 500

type Read = Callable[[bytes, Question], Reading]


def read(body: bytes, asked: Question) -> Reading:
    """The calendar as the domain reads it."""
    return ics.read(
        body,
        asked.house,
        asked.window,
        channel=asked.channel,
        today=asked.today,
        switches=asked.switches,
    )


def main(reader: Read = read) -> None:
    """Say that we are there, then answer questions until there are no more."""
    confine(int(sys.argv[1]))
    gc.collect()
    gc.freeze()  # what was imported stays; looking through it again would slow each reading
    send(answer_frame(ready=True))
    while head := sys.stdin.buffer.read(QUESTION.size):
        text_length, body_length = QUESTION.unpack(head)
        asked = question(sys.stdin.buffer.read(text_length))
        hurry(asked.seconds)
        send(answer(sys.stdin.buffer.read(body_length), asked, reader))
        signal.setitimer(signal.ITIMER_REAL, 0)


def confine(megabytes: int) -> None:
    """Give up for good what reading a calendar doesn't need."""
    lower(resource.RLIMIT_AS, megabytes * MB)
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_FSIZE, 0)
    lower(resource.RLIMIT_NOFILE, MOST_FILES)
    lower(resource.RLIMIT_NPROC, 0)
    for number in (signal.SIGALRM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)  # the system ends us, whatever Python is doing
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # we end with our input, so that the parent may finish first
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def lower(kind: int, most: int) -> None:
    """Set one limit; a system that doesn't know it, as macOS RLIMIT_AS, goes without."""
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (most, most))


def hurry(seconds: float) -> None:
    """Have the system end us when a reading takes that long and nobody stops it, for the parent may have gone."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + seconds)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (most, hard))
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE_S)


def answer(body: bytes, asked: Question, reader: Read) -> bytes:
    """The frame with the reading, or with what went wrong."""
    try:
        frame = answer_frame(reading=encoded(reader(body, asked)), resident=resident())
    except MemoryError:
        return answer_frame(failed="too_big")
    except Exception as error:  # noqa: BLE001 - a fault of ours in one calendar; the parent logs what we say of it
        complain(error)
        return answer_frame(failed="broken")
    return frame if len(frame) <= ANSWER.size + MOST_ANSWER else answer_frame(failed="too_big")


def resident() -> int:
    """The megabytes of memory we hold now, 0 where the system doesn't say; ru_maxrss is the parent's at first."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGESIZE") // MB


def complain(error: Exception) -> None:
    """Print the error's trace, each line and all of it shortened, because it may quote the calendar."""
    lines = (line[:LONGEST_TRACE_LINE] for line in traceback.format_exception(error))
    sys.stderr.write("".join(lines)[-LONGEST_TRACE:])
    sys.stderr.flush()


def send(frame: bytes) -> None:
    """Write to the parent, or end when it has gone."""
    try:
        sys.stdout.buffer.write(frame)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
