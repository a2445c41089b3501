"""The one door for fetching strangers' links: public addresses only, one deadline, hard caps.

Whether an address may be reached is decided when a socket is opened, on the numeric address of
every hop, so no way of writing or resolving a host name gets round it.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import pycurl

from connectors.answers import STANDARD, Answer, Failure, Limits, Target
from connectors.transfers import Job, Rules, Transfer

__all__ = ["STANDARD", "Answer", "Failure", "Limits", "Target", "fetch", "fetch_many"]

_WEB_PORTS = frozenset({80, 443})
_AT_ONCE = 100  # transfers; every idle one costs memory and a descriptor
_LONGEST_WAIT_MS = 1_000
_DOORS = 8  # kept, because closing one waits for its look-ups that hang in the resolver


def fetch_many(
    targets: Sequence[Target],
    *,
    user_agent: str,
    loopback_ports: frozenset[int] = frozenset(),
    limits: Limits = STANDARD,
    per_host: int = 2,
    ports: frozenset[int] = _WEB_PORTS,
    resolve: Sequence[str] = (),
) -> list[Answer | Failure]:
    """Fetch all targets at the same time, at most `per_host` from one host; outcomes in their order.

    `resolve` pins host names as curl's RESOLVE does; pinned addresses are judged like any other.
    """
    rules = Rules(user_agent, loopback_ports, limits, ports, tuple(resolve))
    jobs = [Job(target) for target in targets]
    _door(rules).run(jobs, per_host)
    return [job.outcome for job in jobs if job.outcome is not None]


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
        self.multi = pycurl.CurlMulti()
        self.multi.setopt(pycurl.M_MAXCONNECTS, _AT_ONCE)
        self.idle: list[Transfer] = []
        self.busy: dict[Any, Transfer] = {}

    def run(self, jobs: list[Job], per_host: int) -> None:
        """Bring every job to its outcome."""
        line = Line(jobs, per_host)
        try:
            while self.fill(line) or self.busy:
                self.multi.perform()
                if not self.drain(line):
                    self.wait()
        finally:
            # Also when a worker's own time limit strikes in the middle of a batch.
            for handle in list(self.busy):
                self.put_back(handle)

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

    def wait(self) -> None:
        """Sleep until a socket is ready or libcurl's next timer is due."""
        due_ms = self.multi.timeout()
        pause_s = min(due_ms if due_ms >= 0 else _LONGEST_WAIT_MS, _LONGEST_WAIT_MS) / 1000
        if self.multi.select(pause_s) < 0:
            time.sleep(min(pause_s, 0.01))


class Line:
    """Jobs in waiting, first come first served, so that no host has more than its share at once."""

    def __init__(self, jobs: list[Job], per_host: int) -> None:
        self.per_host = per_host
        self.ready: deque[Job] = deque()
        self.waiting: dict[bytes, deque[Job]] = {}
        self.under_way: dict[bytes, int] = {}
        for job in jobs:
            self.join(job)

    def join(self, job: Job) -> None:
        """Line up for the present hop; settled jobs go home."""
        if job.outcome is not None:
            return
        if self.under_way.get(job.host, 0) < self.per_host:
            self.under_way[job.host] = self.under_way.get(job.host, 0) + 1
            self.ready.append(job)
        else:
            self.waiting.setdefault(job.host, deque()).append(job)

    def pop(self) -> Job | None:
        return self.ready.popleft() if self.ready else None

    def leave(self, job: Job) -> None:
        """Give this job's place at its host to the next in line."""
        queue = self.waiting.get(job.host)
        if queue:
            self.ready.append(queue.popleft())
        else:
            self.under_way[job.host] -= 1


class _Kept(threading.local):
    """The doors of this thread, least recently opened first."""

    def __init__(self) -> None:
        self.doors: dict[tuple[int, Rules], Door] = {}


_kept = _Kept()
_inherited: list[Door] = []


def _door(rules: Rules) -> Door:
    """Return this thread's door for these rules; others' open connections were judged by other rules."""
    key = (os.getpid(), rules)
    door = _kept.doors.get(key)
    if door is None:
        if len(_kept.doors) >= _DOORS:
            process, _ = oldest = next(iter(_kept.doors))
            closing = _kept.doors.pop(oldest)
            if process != key[0]:
                _inherited.append(closing)  # closing it here would speak on the parent's connections
        door = _kept.doors[key] = Door(rules)
    return door
