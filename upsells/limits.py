"""How often one address may ask one stay link: fixed windows, counted in Redis, open while Redis is away."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.http import HttpRequest

from accounts import callers


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many of one kind within each window."""

    kind: str
    most: int
    window: timedelta


LOOK_UPS = Limit("look-up", 15, timedelta(minutes=10))
LOOK_UPS_A_DAY = Limit("look-up-a-day", 30, timedelta(days=1))
REPEATS = Limit("repeat", 60, LOOK_UPS.window)
RESENDS = Limit("resend", 10, timedelta(hours=1))
HOLDS = Limit("hold", 10, timedelta(hours=1))


def wait(limit: Limit, request: HttpRequest, token: str, now: datetime) -> int:
    """Count this request; 0 when it is within the limit, else the seconds until the window is over."""
    seconds = int(limit.window.total_seconds())
    window, passed = divmod(int(now.timestamp()), seconds)
    count = tally(f"limit:{limit.kind}:{_digest(token, callers.network(request))}:{window}", seconds)
    return seconds - passed if count > limit.most else 0


def wait_to_look(day: str, request: HttpRequest, token: str, now: datetime) -> int:
    """The same for looking at a day. One that was shown within the window may be asked again far more often.

    So an open page can follow what happens, and still nobody reads the calendar day by day: not in one go, nor with
    patience (a year of departures takes twelve days).
    """
    for limit, again in ((LOOK_UPS_A_DAY, None), (LOOK_UPS, REPEATS)):
        if left := _wait_to_see(day, limit, again, request, token, now):
            return left
    return 0


def _wait_to_see(  # noqa: PLR0917 - who asks for what, and when
    day: str, limit: Limit, again: Limit | None, request: HttpRequest, token: str, now: datetime
) -> int:
    """The same for one window: a day counts once in it, and its repetitions by a limit of their own, if any."""
    seconds = int(limit.window.total_seconds())
    window = int(now.timestamp()) // seconds
    shown = f"shown:{limit.kind}:{_digest(token, callers.network(request), day)}:{window}"
    if cache.get(shown):
        return wait(again, request, token, now) if again else 0
    left = wait(limit, request, token, now)
    if not left:
        cache.set(shown, 1, timeout=seconds)
    return left


def _digest(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:32]


def tally(key: str, seconds: int) -> int:
    """Count one more under the key, which lasts so many seconds; how many there are, 1 while Redis is away."""
    try:
        return cache.incr(key)
    except ValueError:  # the first of its window
        pass
    if cache.add(key, 1, timeout=seconds):
        return 1
    try:
        return cache.incr(key)
    except ValueError:  # evicted between the two, or Redis is just coming back
        return 1
