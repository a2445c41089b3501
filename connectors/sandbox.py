"""Reads strangers' calendars in a child process that can be killed.

Whatever is in a calendar, reading it costs at most its seconds and its megabytes, and no other calendar is read later
for it. The child is kept from reading to reading, one for each thread, and knows none of our secrets.
"""

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from datetime import date
from pathlib import Path

from connectors.readings import ANSWER, MOST_ANSWER, Question, decoded, question_frame
from domain.house import House
from domain.ics import Reading, Window
from domain.problems import Problem, gettext_noop, problem
from domain.switches import PLAIN, Switches

SECONDS = 10.0
MEGABYTES = 512
MOST_READS = 1_000
MOST_RESIDENT = 200  # megabytes that a child may hold between two readings
STARTS_WITHIN_S = 30.0
LONGEST_WORDS = 4_096

TOO_SLOW = gettext_noop(
    "Reading this calendar took more than %(seconds)s seconds and was stopped. What is closed stays closed. "
    "Look in it for entries that repeat very often or without end, or paste the link of a smaller calendar."
)
TOO_BIG = gettext_noop(
    "This calendar holds more than can be read at once (with at most %(megabytes)s MB of memory). What is closed stays "
    "closed. Look in it for entries that repeat very often or without end, or paste the link of a smaller calendar."
)
BROKEN = gettext_noop(
    "Something in this calendar stops our reader. What is closed stays closed, and the calendar is tried again. "
    "If it stays like this, make a new export link on the site and paste it here, or write to us."
)
_SENTENCES = {"too_slow": TOO_SLOW, "too_big": TOO_BIG, "broken": BROKEN}

_ROOT = Path(__file__).resolve().parent.parent
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PYTHONPYCACHEPREFIX", "PYTHONTZPATH")
_CHUNK = 65_536


class Quarantined(Exception):
    """The calendar can't be read here; `problem` says why in a sentence for the host.

    Codes: too_slow, too_big, broken. `words` is what the child said about it, for our log alone: it may quote
    the calendar.
    """

    def __init__(self, code: str, why: Problem, words: str = "") -> None:
        super().__init__(str(why))
        self.code = code
        self.problem = why
        self.words = words


class NotStarted(Exception):
    """No child came up, which says nothing about any calendar."""


class Sandbox:
    """One child process, started when it is first needed and again whenever it is gone; for one thread at a time.

    `module` is the child's program; tests put their own there.
    """

    def __init__(
        self, *, megabytes: int = MEGABYTES, reads: int = MOST_READS, module: str = "connectors.child"
    ) -> None:
        self.megabytes = megabytes
        self.reads = reads
        self.module = module
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        """The process that will read the next calendar, if it is there already."""
        child = self._child
        return child.process.pid if child and not child.has_ended else None

    def read(
        self,
        body: bytes,
        house: House,
        window: Window,
        *,
        channel: str = "",
        today: date,
        switches: Switches = PLAIN,
        seconds: float = SECONDS,
    ) -> Reading:
        """What `domain.ics.read` says; raises Quarantined, and NotStarted."""
        question = question_frame(Question(house, window, channel, today, switches, seconds), body)
        try:
            child, answer = self._exchange(question, seconds)
            reading, resident = _understood(answer, child.words)
        except _Trouble as trouble:
            self.close()
            raise self._quarantined(trouble, seconds) from None
        except BaseException:
            self.close()  # also when a worker's own time limit strikes: nobody waits for the answer under way
            raise
        child.readings += 1
        if child.readings >= self.reads or resident > MOST_RESIDENT:
            self.close()
        return reading

    def close(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _exchange(self, question: bytes, seconds: float) -> tuple["_Child", bytes]:
        """A child and its answer; one that dies is replaced once, for it may have been ended from outside."""
        has_died = False
        while True:
            child = self._running()
            began = time.monotonic()
            try:
                return child, child.exchange(question, began + seconds)
            except _Died:
                if has_died:
                    raise
                has_died = True
                seconds -= time.monotonic() - began

    def _running(self) -> "_Child":
        """The child, a new one when there is none any more."""
        if self._child is None or self._child.has_ended:
            self.close()
            self._child = _started(self.module, self.megabytes)
        return self._child

    def _quarantined(self, trouble: "_Trouble", seconds: float) -> Quarantined:
        """The trouble as the caller knows it."""
        details = {"too_slow": {"seconds": f"{seconds:g}"}, "too_big": {"megabytes": str(self.megabytes)}}
        why = problem(_SENTENCES[trouble.code], **details.get(trouble.code, {}))
        return Quarantined(trouble.code, why, trouble.words)


class _Trouble(Exception):
    """Why there is no reading: one of the codes, and what the child said on its standard error."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


class _Died(_Trouble):
    """The child ended before it answered."""


def _understood(answer: bytes, words: str) -> tuple[Reading, int]:
    """The reading in an answer, and the megabytes that the child holds after it. Raises _Trouble."""
    try:
        found = json.loads(answer)
        if failed := found.get("failed"):
            raise _Trouble(failed if failed in _SENTENCES else "broken", words)
        return decoded(found["reading"]), int(found["resident"])
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        OSError,
        RecursionError,
    ) as nonsense:
        raise _Trouble("broken", f"{words}{nonsense!r}"[-LONGEST_WORDS:]) from None


_children: "weakref.WeakSet[_Child]" = weakref.WeakSet()


class _Child:
    """A started child and our ends of its pipes; what it says on its standard error is kept in `words`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.readings = 0
        self._pipes = [pipe for pipe in (process.stdin, process.stdout, process.stderr) if pipe]
        self._input, self._output, self._errors = (pipe.fileno() for pipe in self._pipes)
        self._said = b""
        self._poll = select.poll()
        for pipe in self._pipes:
            os.set_blocking(pipe.fileno(), False)
        for number in (self._output, self._errors):
            self._poll.register(number, select.POLLIN)
        _children.add(self)

    def __del__(self) -> None:
        self.end()  # a thread that ends takes its child along

    @property
    def words(self) -> str:
        """The last that it said since it was asked."""
        return self._said.decode(errors="replace")

    @property
    def has_ended(self) -> bool:
        """Whether there is nobody to ask any more; so it is in a fork of the parent, which has no such child."""
        return self.process.poll() is not None

    def end(self) -> None:
        """Kill it and collect what is left of it; in a fork of the parent, only let go of its pipes."""
        self.process.kill()
        self.process.wait()
        for pipe in self._pipes:
            pipe.close()

    def exchange(self, question: bytes, deadline: float) -> bytes:
        """Put the question and wait for the answer, at most until the deadline. Raises _Trouble."""
        self._said = b""
        unsent, answer, size = memoryview(question), bytearray(), ANSWER.size
        if unsent:
            self._poll.register(self._input, select.POLLOUT)
        while len(answer) < size:
            for number in self._ready(deadline):
                if number == self._input:
                    unsent = self._send(unsent)
                elif number == self._output:
                    answer += self._receive()
                    size = self._size(answer)
                else:
                    self._listen()
        if unsent or len(answer) > size:
            raise _Trouble("broken", self.words)
        self._listen()
        return bytes(answer[ANSWER.size :])

    def _ready(self, deadline: float) -> list[int]:
        """The pipes that something can be done with."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise _Trouble("too_slow", self.words)
        return [number for number, _ in self._poll.poll(left * 1000)]

    def _send(self, unsent: memoryview) -> memoryview:
        try:
            unsent = unsent[os.write(self._input, unsent) :]
        except BrokenPipeError:
            raise self._death() from None
        if not unsent:
            self._poll.unregister(self._input)
        return unsent

    def _receive(self) -> bytes:
        chunk = os.read(self._output, _CHUNK)
        if not chunk:
            raise self._death()
        return chunk

    def _size(self, answer: bytearray) -> int:
        """How long the answer is with its head."""
        if len(answer) < ANSWER.size:
            return ANSWER.size
        (length,) = ANSWER.unpack_from(answer)
        if length > MOST_ANSWER:
            raise _Trouble("broken", self.words)
        return ANSWER.size + int(length)

    def _listen(self) -> None:
        """Hear what it says on its standard error, if anything."""
        try:
            said = os.read(self._errors, _CHUNK)
        except BlockingIOError:
            return
        if not said:
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._errors)
        self._said = (self._said + said)[-LONGEST_WORDS:]

    def _death(self) -> _Died:
        self._listen()
        self.process.kill()  # it may only have closed its pipes
        return _Died("broken", f"{self.words}ended with {self.process.wait()}")


def _started(module: str, megabytes: int) -> _Child:
    """A new child that is ready. Raises NotStarted."""
    try:
        child = _Child(_process(module, megabytes))
    except OSError as error:
        raise NotStarted(str(error)) from error
    try:
        child.exchange(b"", time.monotonic() + STARTS_WITHIN_S)
    except _Trouble as trouble:
        child.end()
        raise NotStarted(trouble.words) from None
    except BaseException:
        child.end()
        raise
    return child


def _process(module: str, megabytes: int) -> subprocess.Popen[bytes]:
    """The program in a new process.

    It gets nothing of our environment but what Python itself needs, no open file, and a session of its own, so that
    an interrupt at the terminal is ours alone.
    """
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-s", "-B", "-X", "faulthandler", "-m", module, str(megabytes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        cwd="/",
        env=passed_on | {"PYTHONPATH": str(_ROOT)},
        start_new_session=True,
    )


class _Kept(threading.local):
    """The sandbox of this thread."""

    def __init__(self) -> None:
        self.sandbox = Sandbox()


_kept = _Kept()


def read(
    body: bytes,
    house: House,
    window: Window,
    *,
    channel: str = "",
    today: date,
    switches: Switches = PLAIN,
    seconds: float = SECONDS,
) -> Reading:
    """What `domain.ics.read` says, from this thread's own child. Raises Quarantined, and NotStarted."""
    return _kept.sandbox.read(
        body, house, window, channel=channel, today=today, switches=switches, seconds=seconds
    )


def _end_children() -> None:
    for child in list(_children):
        child.end()


atexit.register(_end_children)
# A fork would hold the pipes of its parent's children open, so that they wouldn't notice when the parent has gone.
os.register_at_fork(after_in_child=_end_children)
