"""How fast one server may be asked for calendars, and when it is left alone.

A server that many feeds come from is asked at a steady rate with a small burst. When ten different feeds in a row
fail there, it is the server and not the feeds: it is left alone, and one feed every five minutes tries whether it
is back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

BURST = timedelta(seconds=5)
FEEDS_THAT_TRIP = 10
PROBE_EVERY = timedelta(minutes=5)
LONGEST_REST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known of a server: reads are granted up to `free_at`; `failing` are feeds without a success between."""

    free_at: datetime
    failing: tuple[int, ...] = ()
    shut_until: datetime | None = None

    @property
    def tripped(self) -> bool:
        """Whether the server itself seems to be down."""
        return len(self.failing) >= FEEDS_THAT_TRIP


@dataclass(frozen=True, slots=True)
class Leave:
    """How many of the wanted reads may begin now; the next may at `again_at`."""

    granted: int
    again_at: datetime
    pace: Pace


def ask(pace: Pace, wanted: int, now: datetime, *, per_second: float, burst: timedelta = BURST) -> Leave:
    """How many of `wanted` reads the server may be asked for at the instant `now`.

    Over any stretch of time t, at most (t + burst) * per_second + 1 reads are granted.
    """
    if pace.shut_until is not None and pace.shut_until > now:
        return Leave(0, pace.shut_until, pace)
    if pace.tripped:
        probed = replace(pace, shut_until=now + PROBE_EVERY)
        return Leave(min(wanted, 1), now + PROBE_EVERY, probed)
    each = timedelta(seconds=1 / per_second)
    start = max(pace.free_at, now)
    granted = min(wanted, max(0, int((now + burst - start) / each)))
    free_at = start + granted * each
    return Leave(granted, max(now, free_at + each - burst), replace(pace, free_at=free_at, shut_until=None))


def heard(pace: Pace, *, good: int, failed: Iterable[int], now: datetime, rest_s: int | None = None) -> Pace:
    """What some reads of the server's feeds tell: how many were answered, and which feeds failed by its fault.

    `rest_s` is how long it asked to be left alone, in seconds; more than an hour is taken as an hour.
    """
    failing = () if good else tuple(dict.fromkeys((*pace.failing, *failed)))[:FEEDS_THAT_TRIP]
    shut_until = None if good else pace.shut_until
    told = replace(pace, failing=failing, shut_until=shut_until)
    if told.tripped and not pace.tripped:
        told = replace(told, shut_until=now + PROBE_EVERY)
    if rest_s:
        rest = now + min(timedelta(seconds=rest_s), LONGEST_REST)
        told = replace(told, shut_until=max(rest, told.shut_until or rest))
    return told
