"""How often a system may be asked: what a key is allowed, what is set aside for whom, how often units are read.

A mirrored unit is read every five minutes at the most: 288 times a day, which costs a request, or two where nights
that we closed there must be told from theirs. The key itself counts like one unit more, for tokens and for asking
what changed. What a key may spend follows from that, from what the system's documents say, and from what a host
agreed with it; the least of them counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

DAY = timedelta(days=1)
SHORTEST_MONTH = timedelta(days=28)
A_DAY_AND_UNIT = 288
SPARE_FOR_ASKED = 30  # per cent that the sweep leaves to those who ask
FOR_CHANGES = 10  # per cent
NEARLY = 80  # per cent, from which on the host is told


@dataclass(frozen=True, slots=True)
class Window:
    """At most so many requests in a stretch of time."""

    requests: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key may spend in a day and in a month of UTC."""

    a_day: int
    a_month: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What a key has spent in this day and in this month of UTC."""

    today: int
    this_month: int


def allowance(
    units: int,
    windows: Iterable[Window],
    month: date,
    *,
    each: int = 1,
    a_day: int | None = None,
    a_month: int | None = None,
) -> Allowance:
    """What a key with so many units may spend in the month of this day, where a read costs `each` requests.

    What the host agreed with the system replaces our own figure, never the system's.
    """
    days = days_in(month)
    daily = a_day if a_day is not None else A_DAY_AND_UNIT * (units * each + 1)
    monthly = a_month if a_month is not None else daily * days
    for window in windows:
        if window.per >= SHORTEST_MONTH:
            monthly = min(monthly, window.requests)
        elif window.per >= DAY:
            daily = min(daily, int(window.requests * (DAY / window.per)))
    return Allowance(min(daily, monthly), min(monthly, daily * days))


def left(allowed: Allowance, spent: Spent, *, for_sweep: bool) -> int:
    """How many requests may go out now; the sweep leaves a share of the whole to those who ask."""
    spare = SPARE_FOR_ASKED if for_sweep else 0
    daily = allowed.a_day * (100 - spare) // 100 - spent.today
    monthly = allowed.a_month * (100 - spare) // 100 - spent.this_month
    return max(0, min(daily, monthly))


def again_at(allowed: Allowance, spent: Spent, now: datetime, *, for_sweep: bool) -> datetime:
    """When a request may go out, as far as days and months decide: now, or the start of the next of them."""
    if left(allowed, spent, for_sweep=for_sweep):
        return now
    day = now.astimezone(UTC).date()
    fresh = Spent(0, spent.this_month)
    following = day + DAY if left(allowed, fresh, for_sweep=for_sweep) else _next_month(day)
    return datetime.combine(following, time(), UTC)


def sweep_interval(usual: timedelta, reads: int, allowed: Allowance, month: date) -> timedelta:
    """How often a unit that nobody asks for is read: as usual, or less often where the sweep's share is smaller.

    `reads` is what one round over all units costs, in requests.
    """
    return max(usual, DAY * max(reads, 1) / max(_daily(allowed, month, 100 - SPARE_FOR_ASKED), 1))


def changes_interval(usual: timedelta, allowed: Allowance, month: date) -> timedelta:
    """How often a system is asked what changed: a small part of the budget goes to that, however small it is."""
    return max(usual, DAY / max(_daily(allowed, month, FOR_CHANGES), 1))


def _daily(allowed: Allowance, month: date, percent: int) -> int:
    return min(allowed.a_day, allowed.a_month // days_in(month)) * percent // 100


def least_interval(stated: timedelta, windows_of_a_unit: Iterable[Window]) -> timedelta:
    """The time that must pass between two reads of one unit."""
    return max([stated, *(window.per / max(window.requests, 1) for window in windows_of_a_unit)])


def used_percent(allowed: Allowance, spent: Spent) -> int:
    """How much of the day or of the month is spent, whichever is more."""
    day = 100 * spent.today // max(allowed.a_day, 1)
    return max(day, 100 * spent.this_month // max(allowed.a_month, 1))


def days_in(month: date) -> int:
    """How many days the month of this day has."""
    return (_next_month(month) - month.replace(day=1)).days


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
