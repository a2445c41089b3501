"""What a property's calendar says around a stay: which nights are closed, who comes next, who left last, and when.

Feeds that name hours are taken at their word; where they have only dates, the house's own times hold. Hours that
somebody bought close the nights beside them that would leave no time to clean, whoever else gives up theirs.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import accumulate
from operator import attrgetter

from domain.house import House
from domain.spans import NIGHT, Period, Span, merge

MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Taken:
    """One claim on the property's time: nights, hours, or both. Raises ValueError for neither.

    `nights` is None when only hours are taken. `cleans` is False for hours that somebody bought to stay on (a late
    check-out, an early check-in): the home must be cleaned between them and the next or the last guest, and
    `nights`, if any, are closed but slept in by nobody. It is True for everything else, such as the cleaning.
    `joins` is the day on which nights that somebody bought go over into their own stay: nobody leaves or comes then.
    `held_until` is None unless they are only kept for somebody who is about to buy them.
    """

    nights: Span | None
    period: Period | None = None
    cleans: bool = True
    joins: date | None = None
    held_until: datetime | None = None

    def __post_init__(self) -> None:
        if self.period is None and (self.nights is None or not self.cleans):
            message = "a claim takes nights or hours, and bought hours are known"
            raise ValueError(message)

    def changes_turnover(self, day: date, house: House) -> bool:
        """Whether it is a late check-out or an early check-in sold for the day."""
        if self.cleans or self.period is None:
            return False
        leaves, comes = house.instant(day, house.check_out), house.instant(day, house.check_in)
        return self.period.start == leaves or self.period.end == comes


@dataclass(frozen=True, slots=True)
class Stay:
    """A claim on nights, with the instants at which its guest comes and leaves.

    `is_exact` when a feed named them. Nights known by date alone may be several guests' that a channel manager
    has merged: somebody may then leave and come on each day in between, at the house's own times.
    """

    nights: Span
    comes: datetime
    leaves: datetime
    is_exact: bool


@dataclass(frozen=True)
class Diary:
    """The claims on a property's time, and its clock.

    It must hold every claim that touches the days asked about or the two days on either side: what it doesn't hold
    is free.
    """

    house: House
    taken: tuple[Taken, ...]

    @cached_property
    def busy(self) -> tuple[Span, ...]:
        """The closed nights, merged: those of the claims, and those that bought hours make impossible."""
        beside = (impossible_beside(hours, self.house) for hours in self.sold)
        return merge(span for span in (*beside, *(claim.nights for claim in self.taken)) if span)

    @cached_property
    def sold(self) -> tuple[Period, ...]:
        """The hours that somebody bought to stay on or to come earlier."""
        return tuple(claim.period for claim in self._bought if claim.period)

    @cached_property
    def _bought(self) -> tuple[Taken, ...]:
        return tuple(claim for claim in self.taken if claim.period and not claim.cleans)

    @cached_property
    def hours(self) -> tuple[Period, ...]:
        """Every period that some claim takes to the minute, with nights or without."""
        return tuple(claim.period for claim in self.taken if claim.period)

    def is_taken(self, night: date) -> bool:
        """Whether the night is closed."""
        after = bisect_right(self._busy_starts, night)
        return after > 0 and night in self.busy[after - 1]

    def is_slept(self, night: date) -> bool:
        """Whether somebody stays that night: no bought hours alone have closed it."""
        return any(night in stay.nights for stay in self._stays)

    def later(self, leaves: datetime) -> Taken | None:
        """The hours after this check-out that its guest has bought, or is about to."""
        return next((hours for hours in self._bought if hours.period and hours.period.start == leaves), None)

    def earlier(self, comes: datetime) -> Taken | None:
        """The hours before this check-in that its guest has bought, or is about to."""
        return next((hours for hours in self._bought if hours.period and hours.period.end == comes), None)

    def joined(self, day: date) -> Taken | None:
        """The nights beside this turnover of its guest, who therefore neither leaves nor comes."""
        return next((claim for claim in self.taken if claim.joins == day), None)

    def free_after(self, day: date, most: int) -> Span | None:
        """The free nights from the day on, at most so many; None when the first is closed."""
        if most < 1 or self.is_taken(day):
            return None
        end, after = day + most * NIGHT, bisect_right(self._busy_starts, day)
        return Span(day, min(end, self.busy[after].start) if after < len(self.busy) else end)

    def free_before(self, day: date, most: int) -> Span | None:
        """The free nights that end on the day, at most so many; None when the last is closed."""
        if most < 1 or self.is_taken(day - NIGHT):
            return None
        start, after = day - most * NIGHT, bisect_left(self._busy_starts, day)
        return Span(max(start, self.busy[after - 1].end) if after else start, day)

    def next_arrival(self, day: date) -> datetime | None:
        """When somebody comes, after a departure on the day: the next guest, early or not; None when nobody does."""
        first = bisect_left(self._arrival_days, day)
        comes = self._arrivals[first : first + 1]
        for stay in self._under_way(day):
            comes.append(stay.comes if stay.is_exact else self.house.instant(day, self.house.check_in))
        leaves = self.house.instant(day, self.house.check_out)
        comes += [hours.start for hours in self.sold if hours.end > leaves]
        return min(comes, default=None)

    def previous_departure(self, day: date) -> datetime | None:
        """When somebody leaves, before an arrival on the day: the last guest, late or not; None when nobody does."""
        after = bisect_right(self._departure_days, day)
        leaves = self._departures[max(after - 1, 0) : after]
        for stay in self._under_way(day):
            leaves.append(stay.leaves if stay.is_exact else self.house.instant(day, self.house.check_out))
        comes = self.house.instant(day, self.house.check_in)
        leaves += [hours.end for hours in self.sold if hours.start < comes]
        return max(leaves, default=None)

    def closed_from(self, at: datetime) -> Period | None:
        """The first period to begin of those that aren't over at the instant; it may have begun before."""
        later = (hours for hours in self.hours if hours.end > at)
        return min(later, key=attrgetter("start"), default=None)

    def closed_until(self, at: datetime) -> Period | None:
        """The last period to end of those that have begun before the instant; it may end after."""
        earlier = (hours for hours in self.hours if hours.start < at)
        return max(earlier, key=attrgetter("end"), default=None)

    @cached_property
    def _stays(self) -> tuple[Stay, ...]:
        return tuple(
            stay_of(claim.nights, claim.period, self.house)
            for claim in self.taken
            if claim.nights and claim.cleans
        )

    def _under_way(self, day: date) -> Iterable[Stay]:
        """The stays that neither begin nor end on the day, but hold it."""
        if not self.is_taken(day):
            return []
        return [stay for stay in self._stays if stay.nights.start < day < stay.nights.end]

    @cached_property
    def _busy_starts(self) -> list[date]:
        return [span.start for span in self.busy]

    @cached_property
    def _arrival_days(self) -> list[date]:
        return sorted(stay.nights.start for stay in self._stays)

    @cached_property
    def _arrivals(self) -> list[datetime]:
        """By arrival day: the earliest instant at which somebody comes on that day or later."""
        comes = (stay.comes for stay in sorted(self._stays, key=lambda stay: stay.nights.start, reverse=True))
        return list(accumulate(comes, min))[::-1]

    @cached_property
    def _departure_days(self) -> list[date]:
        return sorted(stay.nights.end for stay in self._stays)

    @cached_property
    def _departures(self) -> list[datetime]:
        """By departure day: the latest instant at which somebody leaves on that day or earlier."""
        leaves = (stay.leaves for stay in sorted(self._stays, key=lambda stay: stay.nights.end))
        return list(accumulate(leaves, max))


def turnaround(house: House) -> timedelta:
    """The time the home needs between two guests."""
    return timedelta(minutes=house.turnaround)


def margins(house: House, day: date) -> tuple[datetime, datetime]:
    """When somebody may come at the earliest, after a usual departure on the day, and leave at the latest, before a
    usual arrival: the turnaround lies between, or as much of it as the house's own times leave.
    """
    pause = turnaround(house)
    leaves, comes = house.instant(day, house.check_out), house.instant(day, house.check_in)
    return min(leaves + pause, comes), max(comes - pause, leaves)


def impossible_beside(hours: Period, house: House) -> Span | None:
    """The nights that nobody else can stay, at the house's own times, while somebody is there for these hours.

    They leave too little time to clean before or after. The buyer's own night is among them.
    """
    first, last = (at.astimezone(house.zone).date() for at in (hours.start, hours.end))
    soonest, latest = margins(house, first)
    if last != first:
        _, latest = margins(house, last)
    begins = first - NIGHT if hours.start < soonest else first
    ends = last + NIGHT if hours.end > latest else last
    return Span(begins, ends) if begins < ends else None


def stay_of(nights: Span, period: Period | None, house: House) -> Stay:
    """Who stays for these nights, by the hours of the period as far as it names any."""
    comes, leaves = house.instant(nights.start, house.check_in), house.instant(nights.end, house.check_out)
    if period is None:
        return Stay(nights, comes, leaves, is_exact=False)
    start, end = period.start.astimezone(UTC), period.end.astimezone(UTC)
    return Stay(
        nights,
        start if names_an_hour(start, nights.start, house) else min(start, comes),
        end if names_an_hour(end, nights.end, house) else max(end, leaves),
        is_exact=True,
    )


def names_an_hour(instant: datetime, day: date, house: House) -> bool:
    """Whether an edge tells an hour of the day; midnight, here or in UTC, is how some calendars write a date."""
    local = instant.astimezone(house.zone)
    return local.date() == day and MIDNIGHT not in (local.time(), instant.time())
