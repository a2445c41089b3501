"""Time we sold that somebody else's comes too near to: an arrival before the home can be cleaned, a late departure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.diary import Taken, names_an_hour, stay_of, turnaround
from domain.house import House
from domain.spans import NIGHT, Period, Span


class Side(StrEnum):
    """Where the buyer's own stay is: before what they bought, which they leave later for it, or after it."""

    LEAVING = "leaving"
    ARRIVING = "arriving"


@dataclass(frozen=True, slots=True)
class Sold:
    """Time that we sold. Others are met only on the side where the buyer's own stay isn't; on both without `side`.

    `sleeps` is False for bought hours, which need the whole turnaround; between two guests who sleep there, the host
    accepts what the house's own times leave.
    """

    name: str
    period: Period
    side: Side | None
    sleeps: bool


@dataclass(frozen=True, slots=True)
class Outside:
    """A claim of somebody else's, without what it only reads back from us."""

    name: str
    claim: Taken


@dataclass(frozen=True, slots=True)
class Tight:
    """A turnover without time to clean: `first` is gone at `until`, `second` comes at `comes`, which may be before.

    `day` is the property's date of the turnover.
    """

    day: date
    first: str
    second: str
    until: datetime
    comes: datetime

    @property
    def nights(self) -> Span:
        """The nights before and after the turnover."""
        return Span(self.day - NIGHT, self.day + NIGHT)


def side_of(hours: Period, house: House) -> Side:
    """Whose hours they are, by the house's own times: a late check-out begins at check-out, others are early."""
    day = _date(hours.start, house)
    return Side.LEAVING if hours.start == house.instant(day, house.check_out) else Side.ARRIVING


def tight(sold: Iterable[Sold], outside: Iterable[Outside], house: House, today: date) -> tuple[Tight, ...]:
    """Every turnover from `today` on at which an outside claim is too near to time we sold, by day and name."""
    others = tuple(outside)
    found = (clash for sale in sold for other in others for clash in _clashes(sale, other, house))
    ahead = {clash for clash in found if clash.day >= today}
    return tuple(sorted(ahead, key=lambda clash: (clash.day, clash.first, clash.second)))


def _clashes(sale: Sold, other: Outside, house: House) -> Iterator[Tight]:
    pause = turnaround(house)
    if sale.side is not Side.ARRIVING:
        at = sale.period.end if sale.sleeps else sale.period.start
        day = _date(at, house)
        comes = _comes(other.claim, day, sale, house)
        if comes and comes < sale.period.end + _needed(sale, day, pause, house):
            yield Tight(day, sale.name, other.name, sale.period.end, comes)
    if sale.side is not Side.LEAVING:
        at = sale.period.start if sale.sleeps else sale.period.end
        day = _date(at, house)
        leaves = _leaves(other.claim, day, sale, house)
        if leaves and leaves + _needed(sale, day, pause, house) > sale.period.start:
            yield Tight(day, other.name, sale.name, leaves, sale.period.start)


def _needed(sale: Sold, day: date, pause: timedelta, house: House) -> timedelta:
    """The time that must lie between the sale and somebody else's stay."""
    if not sale.sleeps:
        return pause
    return min(pause, house.instant(day, house.check_in) - house.instant(day, house.check_out))


def _comes(claim: Taken, day: date, sale: Sold, house: House) -> datetime | None:
    """When somebody else comes, after the turnover on the day; None when it is not for them.

    A stay that begins earlier is the buyer's own, or a channel has merged the two: then the next guest may come at
    the house's own time.
    """
    if claim.nights is None:
        return _crossing(claim, sale, at_start=True)
    stay = stay_of(claim.nights, claim.period, house)
    if stay.nights.start >= day:
        return stay.comes
    if (
        claim.period and (on := _date(claim.period.start, house)) >= day
    ):  # so early that it closes the night before
        is_told = names_an_hour(claim.period.start, on, house)
        return claim.period.start if is_told else house.instant(on, house.check_in)
    return house.instant(day, house.check_in) if day < stay.nights.end and not stay.is_exact else None


def _leaves(claim: Taken, day: date, sale: Sold, house: House) -> datetime | None:
    """When somebody else leaves, before the turnover on the day; None when it is not for them."""
    if claim.nights is None:
        return _crossing(claim, sale, at_start=False)
    stay = stay_of(claim.nights, claim.period, house)
    if stay.nights.end <= day:
        return stay.leaves
    if (
        claim.period and (on := _date(claim.period.end, house)) <= day
    ):  # so late that it closes the night after
        is_told = names_an_hour(claim.period.end, on, house)
        return claim.period.end if is_told else house.instant(on, house.check_out)
    return house.instant(day, house.check_out) if stay.nights.start < day and not stay.is_exact else None


def _date(at: datetime, house: House) -> date:
    return at.astimezone(house.zone).date()


def _crossing(claim: Taken, sale: Sold, *, at_start: bool) -> datetime | None:
    """An edge of hours, such as the cleaning's, that bought hours cross. They need no time to clean around them."""
    hours = claim.period
    if sale.sleeps or hours is None or not hours.overlaps(sale.period):
        return None
    return hours.start if at_start else hours.end
