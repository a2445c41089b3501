"""What a property's calendar says around a stay: which nights are taken, who arrives next and at what hour.

Feeds that name times are taken at their word; where they have only dates, the house's own times hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from domain.house import House
from domain.spans import NIGHT, Period, Span, gaps, merge


@dataclass(frozen=True, slots=True)
class Taken:
    """One claim on the property's time: nights, hours, or both.

    `nights` is None when only hours are taken. `cleans` is False for hours that somebody stays on (a late check-out,
    an early check-in), after or before which the home must be cleaned; True for other hours, such as the cleaning.
    """

    nights: Span | None
    period: Period | None = None
    cleans: bool = True

    def changes_turnover(self, day: date, house: House) -> bool:
        """Whether it is a late check-out or an early check-in sold for the day."""
        if self.cleans or self.period is None:
            return False
        edges = (house.instant(day, house.check_out), house.instant(day, house.check_in))
        return self.period.start == edges[0] or self.period.end == edges[1]


@dataclass(frozen=True)
class Diary:
    """The claims on a property's time, and its clock."""

    house: House
    taken: tuple[Taken, ...]

    @cached_property
    def busy(self) -> tuple[Span, ...]:
        """The taken nights, merged."""
        return merge(claim.nights for claim in self.taken if claim.nights)

    @cached_property
    def hours(self) -> tuple[Period, ...]:
        """Periods taken without a night of their own."""
        return tuple(claim.period for claim in self.taken if claim.nights is None and claim.period)

    def is_taken(self, night: date) -> bool:
        """Whether somebody has the night."""
        return any(night in span for span in self.busy)

    def free_after(self, day: date, most: int) -> Span | None:
        """The free nights from the day on, at most so many; None when the first is taken."""
        found = gaps(self.busy, Span(day, day + most * NIGHT))
        return found[0] if found and found[0].start == day else None

    def free_before(self, day: date, most: int) -> Span | None:
        """The free nights that end on the day, at most so many; None when the last is taken."""
        found = gaps(self.busy, Span(day - most * NIGHT, day))
        return found[-1] if found and found[-1].end == day else None

    def next_arrival(self, day: date) -> datetime | None:
        """When the next guest after a departure on the day arrives; None when nobody does."""
        starts = [
            self._arrival(claim, day) for claim in self.taken if claim.nights and claim.nights.end > day
        ]
        return min((*starts, *self._stayed_on_from(day)), default=None)

    def previous_departure(self, day: date) -> datetime | None:
        """When the guest before an arrival on the day leaves; None when nobody does."""
        ends = [
            self._departure(claim, day) for claim in self.taken if claim.nights and claim.nights.start < day
        ]
        return max((*ends, *self._stayed_on_until(day)), default=None)

    def _arrival(self, claim: Taken, day: date) -> datetime:
        """When the claim begins; one that is under way on the day hides an arrival at the house's own time."""
        nights = claim.nights
        if nights is None or nights.start < day:
            return self.house.instant(day, self.house.check_in)
        return claim.period.start if claim.period else self.house.instant(nights.start, self.house.check_in)

    def _departure(self, claim: Taken, day: date) -> datetime:
        nights = claim.nights
        if nights is None or nights.end > day:
            return self.house.instant(day, self.house.check_out)
        return claim.period.end if claim.period else self.house.instant(nights.end, self.house.check_out)

    def _stayed_on_from(self, day: date) -> Iterable[datetime]:
        """Arrivals brought forward: early check-ins that were sold for the day or later."""
        noon = self.house.instant(day, self.house.check_out)
        return [
            claim.period.start
            for claim in self.taken
            if claim.nights is None and claim.period and not claim.cleans and claim.period.start > noon
        ]

    def _stayed_on_until(self, day: date) -> Iterable[datetime]:
        """Departures put off: late check-outs that were sold for the day or earlier."""
        afternoon = self.house.instant(day, self.house.check_in)
        return [
            claim.period.end
            for claim in self.taken
            if claim.nights is None and claim.period and not claim.cleans and claim.period.end < afternoon
        ]


def turnaround(house: House) -> timedelta:
    """The time the home needs between two guests."""
    return timedelta(minutes=house.turnaround)
