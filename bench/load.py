"""The load generator, a process of its own: `python -m bench.load PORT`.

Keep-alive connections in a closed loop, without any HTTP library, so that the server stays the slower one.
Reads one round per line of standard input (`Round` as JSON) and answers each with one line (`Outcome`).
"""

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle

CHUNK = 65_536
PATIENCE_S = 10.0
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


class WrongAnswerError(Exception):
    """The server answered something other than expected; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Round:
    """What to ask for, how long (seconds), and what every answer must begin with."""

    requests: list[str]
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Answers, wall time and own processor time in seconds, and each answer's time in milliseconds, sorted."""

    answers: int
    seconds: float
    busy_seconds: float
    milliseconds: list[float] = field(repr=False)


class Caller:
    """One kept connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.door = socket.create_connection(("127.0.0.1", port))
        self.door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.asked_at = 0.0

    def ask(self, request: bytes) -> None:
        self.received = b""
        self.asked_at = time.perf_counter()
        self.door.sendall(request)

    def take(self, beginning: bytes) -> bool:
        """Reads what has come; whether the answer is complete."""
        chunk = self.door.recv(CHUNK)
        self.received += chunk
        head, end, body = self.received.partition(HEAD_END)
        if not chunk or (end and not head.startswith(beginning)):
            raise WrongAnswerError(head.decode("latin-1") or "the connection was closed")
        return bool(end) and len(body) == body_length(head)


def body_length(head: bytes) -> int:
    """The Content-Length; 0 with 304. Raises WrongAnswerError where another answer has none."""
    lower = head.lower()
    start = lower.find(LENGTH)
    if start >= 0:
        return int(lower[start + len(LENGTH) :].split(b"\r\n", 1)[0])
    if b" 304 " in head.split(b"\r\n", 1)[0]:
        return 0
    raise WrongAnswerError(head.decode("latin-1"))


def play(callers: Sequence[Caller], play_round: Round) -> Outcome:
    """Keeps every connection asking until the time is up; raises WrongAnswerError."""
    requests = cycle([text.encode() for text in play_round.requests])
    beginning = f"HTTP/1.1 {play_round.status} ".encode()
    times: list[float] = []
    began, busy = time.perf_counter(), time.process_time()
    ends = began + play_round.seconds
    with selectors.DefaultSelector() as selector:
        for caller in callers:
            selector.register(caller.door, selectors.EVENT_READ, caller)
            caller.ask(next(requests))
        waiting = len(callers)
        while waiting:
            for caller in answered(selector, beginning):
                moment = time.perf_counter()
                times.append((moment - caller.asked_at) * 1000)
                if moment < ends:
                    caller.ask(next(requests))
                else:
                    waiting -= 1
    times.sort()
    return Outcome(len(times), time.perf_counter() - began, time.process_time() - busy, times)


def answered(selector: selectors.BaseSelector, beginning: bytes) -> Iterator[Caller]:
    """The callers whose answers have become complete."""
    ready = selector.select(PATIENCE_S)
    if not ready:
        message = f"no answer within {PATIENCE_S:.0f} s"
        raise WrongAnswerError(message)
    for key, _ in ready:
        caller: Caller = key.data
        if caller.take(beginning):
            yield caller


def main() -> None:
    """Plays rounds until standard input ends."""
    port, connections = int(sys.argv[1]), int(sys.argv[2])
    callers = [Caller(port) for _ in range(connections)]
    for line in sys.stdin:
        outcome = play(callers, Round(**json.loads(line)))
        print(json.dumps(asdict(outcome)), flush=True)


if __name__ == "__main__":
    main()
