"""Why no more is offered: the rules that stop an offer, each with what it stopped."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Why(StrEnum):
    """The rule that stopped an offer."""

    OVER = "over"  # the day is past; `night`
    CUT_OFF = (
        "cut_off"  # too late to buy; `at` is when it was still possible, `turn` the check-in that is too soon
    )
    NOT_YET = "not_yet"  # too early to buy; `at` is when it becomes possible
    TAKEN = "taken"  # the night is closed; `night`
    MOST = "most"  # the host sells no more than this
    ORPHAN = "orphan"  # a gap too short to sell would be left; `night` is the first of it
    WEEKDAY = "weekday"  # not sold on this day of the week; `night`
    BLACKOUT = "blackout"  # the host excluded the date; `night`
    TURNAROUND = (
        "turnaround"  # no time left to clean; `at` is the neighbour's arrival or departure, `turn` the limit
    )
    HOURS = "hours"  # something else needs these hours, such as the cleaning; `at` is when it begins or ends
    LIMIT = "limit"  # the host's latest or earliest time; `at`
    CLOSES_NIGHT = "closes_night"  # it would make a night unsellable, which the host doesn't allow; `night`
    SOLD = "sold"  # time beside this turnover was sold already; `night` is its day
    CLEANERS = "cleaners"  # the cleaners have no room that day; `night` is the day


@dataclass(frozen=True, slots=True)
class Stop:
    """Which rule stopped what: nights or slots `count` long (0: all), and longer ones too unless it is an orphan.

    `turn` is the last check-out, or the first check-in, that the rule leaves, for hours.
    """

    why: Why
    night: date | None = None
    at: datetime | None = None
    count: int = 0
    turn: datetime | None = None
