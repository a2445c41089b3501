"""How often a calendar of ours is read: visits, the intervals between them, and what is known where nothing is learnt.

Answers within two minutes of the last one are one visit, as some readers ask twice or thrice each time. What is
learnt follows from the latest intervals; the plan figures stand in until there are some.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from domain.channels import Channel

VISIT = timedelta(minutes=2)
MOST_GAPS = 50
LEAST_GAPS = 3  # fewer teach nothing
LEAST_WAIT = timedelta(minutes=30)  # nobody is late before
PATIENCE = 4  # usual intervals without a read, and a link is no longer read
USUAL, SLOW = 0.5, 0.95


class Plan(NamedTuple):
    """How often a site usually reads a calendar, and how long it takes at its slow end, as far as is known."""

    usual: timedelta
    slow: timedelta


# Most sites don't say; these are what others observed, with the longest of them as the slow end. Airbnb's own help
# promises five minutes, and nobody has seen that.
_PLANS: Mapping[str, Plan] = MappingProxyType(
    {
        "airbnb": Plan(timedelta(hours=3), timedelta(hours=4)),
        "booking": Plan(timedelta(hours=3), timedelta(hours=6)),
        "vrbo": Plan(timedelta(hours=6), timedelta(hours=12)),
        "expedia": Plan(timedelta(hours=6), timedelta(hours=12)),
        "google": Plan(timedelta(hours=12), timedelta(hours=24)),
    }
)
_OF_MANAGERS = Plan(timedelta(minutes=30), timedelta(hours=1))
_OF_OTHERS = Plan(timedelta(hours=4), timedelta(hours=6))


def plan(channel: Channel) -> Plan:
    """What to expect of a site nothing was learnt of yet."""
    return _PLANS.get(channel.key, _OF_MANAGERS if channel.is_manager else _OF_OTHERS)


@dataclass(frozen=True, slots=True)
class Habit:
    """How one reader visits: since when, until when, how many times, and the seconds between the latest visits."""

    first: datetime
    last: datetime
    visits: int = 1
    gaps: tuple[int, ...] = ()

    @property
    def usual(self) -> int | None:
        """The median of the intervals, in seconds; None while there are too few."""
        return self._percentile(USUAL)

    @property
    def slow(self) -> int | None:
        """Their 95th percentile."""
        return self._percentile(SLOW)

    def _percentile(self, share: float) -> int | None:
        """Between the two nearest of them, in proportion."""
        if len(self.gaps) < LEAST_GAPS:
            return None
        gaps, place = sorted(self.gaps), share * (len(self.gaps) - 1)
        below = int(place)
        above = min(below + 1, len(gaps) - 1)
        return round(gaps[below] + (gaps[above] - gaps[below]) * (place - below))


def learnt(habit: Habit | None, pulls: Iterable[datetime]) -> Habit | None:
    """The habit after these answers too. What comes late, from before the last one, only tells since when."""
    for at in sorted(pulls):
        if habit is None:
            habit = Habit(at, at)
        elif at > habit.last + VISIT:
            gap = int((at - habit.last).total_seconds())
            habit = Habit(habit.first, at, habit.visits + 1, (*habit.gaps, gap)[-MOST_GAPS:])
        else:
            habit = Habit(min(habit.first, at), max(habit.last, at), habit.visits, habit.gaps)
    return habit


def slices(instants: Iterable[datetime]) -> list[list[int]]:
    """The places of the instants, in order and cut wherever a slice would get longer than a visit.

    In a slice each reader's answers are of one visit, so that its first and last tell all of it.
    """
    given = list(instants)
    order = sorted(range(len(given)), key=given.__getitem__)
    found: list[list[int]] = []
    for place in order:
        if not found or given[place] - given[found[-1][0]] > VISIT:
            found.append([])
        found[-1].append(place)
    return found


def is_late(last: datetime, usual_s: int | None, expected: Plan, now: datetime) -> bool:
    """Whether who last read then has stopped reading: silent for four usual intervals, or four slow ones of a plan."""
    usual = expected.slow if usual_s is None else timedelta(seconds=usual_s)
    return last + max(LEAST_WAIT, PATIENCE * usual) <= now


def patience(slow_s: int | None, expected: Plan) -> timedelta:
    """After how long without a read something new should have been seen."""
    return max(LEAST_WAIT, expected.slow if slow_s is None else timedelta(seconds=slow_s))
