"""The one door for fetching strangers' links: public addresses only, one deadline, hard caps.

Whether an address may be reached is decided when a socket is opened, on the numeric address of
every hop, so no way of writing or resolving a host name gets round it.
"""

import math
import os
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pycurl

from connectors.answers import STANDARD, Answer, Failure, Limits, Target
from connectors.transfers import Job, Rules, Transfer

__all__ = ["STANDARD", "Answer", "Failure", "Limits", "Target", "fetch", "fetch_groups", "fetch_many"]

_WEB_PORTS = frozenset({80, 443})
_AT_ONCE = 100  # transfers; every idle one costs memory and a descriptor
_LONGEST_WAIT_S = 1.0
_DOORS = 8  # kept, because closing one waits for its look-ups that hang in the resolver

type Outcome = Answer | Failure


def fetch_groups(
    targets: Sequence[Target],
    *,
    user_agent: str,
    loopback_ports: frozenset[int] = frozenset(),
    limits: Limits = STANDARD,
    per_host: int = 2,
    ports: frozenset[int] = _WEB_PORTS,
    resolve: Sequence[str] = (),
    linger_s: float = 0.5,
) -> Generator[list[tuple[int, Outcome]]]:
    """Fetch all targets at the same time, at most `per_host` from one host; outcomes as they come.

    Yields groups of (place of the target, outcome), in the order in which they ended: what has ended when
    `linger_s` have passed since the last group was handed over, and the rest when everything has. So one server that
    hangs delays nobody else's outcome. `resolve` pins host names as curl's RESOLVE does; pinned addresses are judged
    like any other.

    Nothing is sent or received while the caller is busy with a group. That time counts against no deadline and is in
    no outcome's seconds; servers may count it against theirs, so it should be seconds, not minutes. Closing the
    iterator gives up what is under way.
    """
    rules = Rules(user_agent, loopback_ports, limits, ports, tuple(resolve))
    line = Line([Job(target, place) for place, target in enumerate(targets)], per_host)
    with _door(rules) as door:
        yield from door.run(line, linger_s)


def fetch_many(
    targets: Sequence[Target],
    *,
    user_agent: str,
    loopback_ports: frozenset[int] = frozenset(),
    limits: Limits = STANDARD,
    per_host: int = 2,
    ports: frozenset[int] = _WEB_PORTS,
    resolve: Sequence[str] = (),
) -> list[Outcome]:
    """Fetch all targets as `fetch_groups` does; all outcomes, in the order of the targets."""
    groups = fetch_groups(
        targets,
        user_agent=user_agent,
        loopback_ports=loopback_ports,
        limits=limits,
        per_host=per_host,
        ports=ports,
        resolve=resolve,
        linger_s=math.inf,
    )
    outcomes = dict(pair for group in groups for pair in group)
    return [outcomes[place] for place in range(len(targets))]


def fetch(
    target: Target,
    *,
    user_agent: str,
    loopback_ports: frozenset[int] = frozenset(),
    limits: Limits = STANDARD,
    ports: frozenset[int] = _WEB_PORTS,
    resolve: Sequence[str] = (),
) -> Answer | Failure:
    """Fetch one target."""
    return fetch_many(
        [target],
        user_agent=user_agent,
        loopback_ports=loopback_ports,
        limits=limits,
        ports=ports,
        resolve=resolve,
    )[0]


class Door:
    """The kept handles, connections, TLS sessions and certificates of one thread under one set of rules."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.process = os.getpid()
        self.multi = pycurl.CurlMulti()
        self.multi.setopt(pycurl.M_MAXCONNECTS, _AT_ONCE)
        self.idle: list[Transfer] = []
        self.busy: dict[Any, Transfer] = {}

    def run(self, line: "Line", linger_s: float) -> Generator[list[tuple[int, Outcome]]]:
        """Bring every job to its outcome; yields those that have come home."""
        due = time.monotonic() + linger_s
        try:
            while self.fill(line) or self.busy:
                self.multi.perform()
                if self.drain(line):
                    continue
                left_s = due - time.monotonic() if line.home else _LONGEST_WAIT_S
                if left_s > 0:
                    self.wait(left_s)
                    continue
                away = time.monotonic()
                due = away + linger_s
                yield line.take_home()
                self.excuse(time.monotonic() - away)
            if line.home:
                yield line.take_home()
        finally:
            # Also when a worker's own time limit strikes in the middle of a batch.
            for handle in list(self.busy):
                self.put_back(handle)

    def excuse(self, seconds: float) -> None:
        """Give every transfer under way the time in which nobody looked at it."""
        for transfer in self.busy.values():
            transfer.excuse(seconds)

    def fill(self, line: "Line") -> bool:
        """Start what may start now; whether anything was started."""
        started = False
        while len(self.busy) < _AT_ONCE and (job := line.pop()) is not None:
            transfer = self.idle.pop() if self.idle else Transfer(self.rules)
            transfer.begin(job)
            self.busy[transfer.handle] = transfer
            self.multi.add_handle(transfer.handle)
            started = True
        return started

    def drain(self, line: "Line") -> bool:
        """Settle every hop that has ended; whether there was one."""
        _, ended, broken = self.multi.info_read()
        outcomes = [(handle, 0) for handle in ended] + [(handle, error) for handle, error, _ in broken]
        for handle, error in outcomes:
            transfer = self.put_back(handle)
            line.leave(transfer.job)
            transfer.settle(error)
            line.join(transfer.job)
        return bool(outcomes)

    def put_back(self, handle: Any) -> Transfer:
        transfer = self.busy.pop(handle)
        self.multi.remove_handle(handle)
        self.idle.append(transfer)
        return transfer

    def wait(self, most_s: float) -> None:
        """Sleep until a socket is ready or libcurl's next timer is due, for the given time at most."""
        due_ms = self.multi.timeout()
        pause_s = min(due_ms / 1000 if due_ms >= 0 else _LONGEST_WAIT_S, most_s, _LONGEST_WAIT_S)
        if self.multi.select(pause_s) < 0:
            time.sleep(min(pause_s, 0.01))


class Line:
    """Jobs in waiting, first come first served, so that no host has more than its share at once."""

    def __init__(self, jobs: list[Job], per_host: int) -> None:
        self.per_host = per_host
        self.ready: deque[Job] = deque()
        self.waiting: dict[bytes, deque[Job]] = {}
        self.under_way: dict[bytes, int] = {}
        self.home: list[tuple[int, Outcome]] = []
        for job in jobs:
            self.join(job)

    def join(self, job: Job) -> None:
        """Line up for the present hop; settled jobs go home."""
        if job.outcome is not None:
            self.home.append((job.place, job.outcome))
            return
        if self.under_way.get(job.host, 0) < self.per_host:
            self.under_way[job.host] = self.under_way.get(job.host, 0) + 1
            self.ready.append(job)
        else:
            self.waiting.setdefault(job.host, deque()).append(job)

    def pop(self) -> Job | None:
        return self.ready.popleft() if self.ready else None

    def take_home(self) -> list[tuple[int, Outcome]]:
        """The jobs that came home since the last time."""
        home, self.home = self.home, []
        return home

    def leave(self, job: Job) -> None:
        """Give this job's place at its host to the next in line."""
        queue = self.waiting.get(job.host)
        if queue:
            self.ready.append(queue.popleft())
        else:
            self.under_way[job.host] -= 1


class _Kept(threading.local):
    """The doors of this thread that nobody is using, the longest unused first."""

    def __init__(self) -> None:
        self.doors: list[Door] = []


_kept = _Kept()
_inherited: list[Door] = []


@contextmanager
def _door(rules: Rules) -> Iterator[Door]:
    """A door of this thread for these rules; others' open connections were judged by other rules.

    It is nobody else's meanwhile, so that the caller may fetch something else while it is busy with a group.
    """
    process = os.getpid()
    door = next(
        (door for door in reversed(_kept.doors) if (door.process, door.rules) == (process, rules)), None
    )
    if door is None:
        door = Door(rules)
    else:
        _kept.doors.remove(door)
    try:
        yield door
    finally:
        _kept.doors.append(door)
        if len(_kept.doors) > _DOORS:
            closing = _kept.doors.pop(0)
            if closing.process != process:
                _inherited.append(closing)  # closing it here would speak on the parent's connections
