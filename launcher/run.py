"""The supervisor: starts the parts, prefixes their logs, and lets none of them outlive it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BARE_PYTHON = (sys.executable, "-I", "-S")
GRACE_SECONDS = 10.0
ORPHAN_GRACE_SECONDS = 1.0
TICK_SECONDS = 0.05
COLOURS = (36, 33, 35, 32, 34, 31)
TAIL_LINES = 15
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


class PartError(Exception):
    """A part that should run ended, or a step failed; the message says which and how."""


@dataclass(eq=False)
class Part:
    """One process under supervision, leader of its own process group."""

    name: str
    process: subprocess.Popen[bytes]
    polite: signal.Signals
    log: Path | None = None
    lasting: bool = True
    reader: threading.Thread | None = None

    def last_words(self) -> list[str]:
        """The end of what it wrote, where that was not on the screen."""
        if self.log is None:
            return []
        return self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]


def ending(code: int) -> str:
    """How a process ended, in words, from Popen's return code."""
    if code < 0:
        return f"was killed by signal {-code} ({signal.Signals(-code).name})"
    return f"stopped by itself (exit code {code})"


def leashed(command: Sequence[str], user: str = "-") -> list[str]:
    """The command behind launcher/leash.py, which ties its life to ours."""
    return [*BARE_PYTHON, str(HERE / "leash.py"), str(os.getpid()), user, *command]


class Screen:
    """Prints lines under their part's name, in colour on a terminal."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self.stream = stream or sys.stdout
        self.colourful = self.stream.isatty() and not os.environ.get("NO_COLOR")
        self.lock = threading.Lock()
        self.names: list[str] = []

    def say(self, text: str = "") -> None:
        """Prints a line of the launcher's own."""
        with self.lock, suppress(OSError, ValueError):
            self.stream.write(f"{text}\n")
            self.stream.flush()

    def line(self, name: str, text: str) -> None:
        """Prints a part's line."""
        if name not in self.names:
            self.names.append(name)
        prefix = f"{name:<9} |"
        if self.colourful:
            prefix = f"\x1b[{COLOURS[self.names.index(name) % len(COLOURS)]}m{prefix}\x1b[0m"
        self.say(f"{prefix} {text}")


class Crew:
    """All processes of one launcher; leaving the context stops what is left of them.

    Use it from the main thread only: on Linux a part dies with the thread that started it.
    """

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.parts: list[Part] = []
        self.wish: int | None = None
        self.earlier: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        self.earlier = {name: signal.signal(name, self._wished) for name in SIGNALS}
        reading, writing = os.pipe()
        self.pipe = os.fdopen(writing, "w")
        command = [*BARE_PYTHON, str(HERE / "watcher.py"), str(ORPHAN_GRACE_SECONDS)]
        self.watcher = subprocess.Popen(command, stdin=reading, start_new_session=True)
        os.close(reading)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(*self.parts)
        self.pipe.close()
        self.watcher.wait()
        for name, handler in self.earlier.items():
            signal.signal(name, handler)  # type: ignore[arg-type]  # what signal.signal itself returned

    def _wished(self, number: int, _frame: FrameType | None) -> None:
        self.wish = number

    def _tell_watcher(self, line: str) -> None:
        with suppress(BrokenPipeError):
            self.pipe.write(f"{line}\n")
            self.pipe.flush()

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        user: str = "-",
        polite: signal.Signals = signal.SIGTERM,
        log: Path | None = None,
        stdin: str = "",
        lasting: bool = True,
    ) -> Part:
        """Starts a part; its output goes to the screen, or to the file `log`."""
        sink = log.open("wb") if log else subprocess.PIPE
        process = subprocess.Popen(
            leashed(command, user),
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            cwd=ROOT if user == "-" else "/",
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        # A database whose supervisor was killed gives up at once; the next start recovers from its log.
        orphaned = signal.SIGQUIT if polite is signal.SIGINT else polite
        self._tell_watcher(f"+{process.pid} {orphaned.value}")
        if log and not isinstance(sink, int):
            sink.close()
        if process.stdin:
            process.stdin.write(stdin.encode())
            process.stdin.close()
        part = Part(name, process, polite, log, lasting)
        if process.stdout:
            part.reader = threading.Thread(target=self._read, args=(part, process.stdout), daemon=True)
            part.reader.start()
        self.parts.append(part)
        return part

    def _read(self, part: Part, pipe: IO[bytes]) -> None:
        for raw in pipe:
            text = raw.decode(errors="replace").rstrip()
            if text:
                self.screen.line(part.name, text)

    def check(self) -> None:
        """Raises Stopped or PartError when there is reason to stop."""
        if self.wish is not None:
            raise Stopped
        self.check_parts()

    def check_parts(self) -> None:
        """Raises PartError when a part that should run doesn't."""
        for part in self.parts:
            if part.lasting and part.process.poll() is not None:
                self._bury(part)

    def wait(self, seconds: float | None = None) -> None:
        """Sleeps `seconds` (for ever without) while every part lives; raises as check() does."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while deadline is None or time.monotonic() < deadline:
            self.check()
            time.sleep(TICK_SECONDS)
        self.check()

    def finish(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        user: str = "-",
        log: Path | None = None,
    ) -> None:
        """Runs a step to its end; raises PartError when it fails."""
        self.join(self.start(name, command, env=env, user=user, log=log, lasting=False))

    def join(self, step: Part) -> None:
        """Waits for the end of a step that was started; raises PartError when it fails."""
        while step.process.poll() is None:
            self.check()
            time.sleep(TICK_SECONDS)
        self._bury(step)

    def attend(self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None) -> int:
        """Runs a command on this terminal and gives its exit status; Ctrl-C reaches it by itself."""
        process = subprocess.Popen(leashed(command), env={**os.environ, **env}, cwd=cwd)
        self._tell_watcher(f"+{process.pid} {signal.SIGTERM.value}")
        try:
            while process.poll() is None:
                if self.wish in {signal.SIGTERM, signal.SIGHUP}:
                    process.terminate()
                    self.wish = None
                self.check_parts()
                time.sleep(TICK_SECONDS)
        finally:
            if process.poll() is None:
                process.terminate()
            code = process.wait()
            self._tell_watcher(f"-{process.pid}")
        self.wish = None
        return code if code >= 0 else 128 - code

    def stop(self, *parts: Part) -> None:
        """Stops these parts: politely, and after a while (or at a second Ctrl-C) with force."""
        for part in parts:
            if part.process.poll() is None:
                part.process.send_signal(part.polite)
        self.wish = None
        deadline = time.monotonic() + GRACE_SECONDS
        while any(part.process.poll() is None for part in parts):
            if time.monotonic() > deadline or self.wish is not None:
                break
            time.sleep(TICK_SECONDS)
        for part in parts:
            self._forget(part)

    def _bury(self, part: Part) -> None:
        """Strikes off a part that ended; raises PartError unless it was a step that went well."""
        self._forget(part)
        if part.lasting or part.process.returncode:
            for text in part.last_words():
                self.screen.line(part.name, text)
            message = f"{part.name} {ending(part.process.returncode)}."
            raise PartError(message)

    def _forget(self, part: Part) -> None:
        """Ends what is left of the part's process group and strikes it off."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(part.process.pid, signal.SIGKILL)
        part.process.wait()
        if part.reader:
            part.reader.join(timeout=1)
        self._tell_watcher(f"-{part.process.pid}")
        if part in self.parts:
            self.parts.remove(part)
