"""Bars on a board of homes by days: where each begins and ends, in half days, and which lie under each other.

A board shows `days` days from `first` on. Each day has two columns, its morning and its afternoon; a stay begins with
the afternoon of its first day and ends with the morning of its last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain.spans import NIGHT, Span

HALVES = 2


@dataclass(frozen=True, slots=True)
class Board:
    """The days that are shown. Raises ValueError for fewer than one."""

    first: date
    days: int

    def __post_init__(self) -> None:
        if self.days < 1:
            message = "a board shows one day at least"
            raise ValueError(message)

    @property
    def last(self) -> date:
        """The last day."""
        return self.first + (self.days - 1) * NIGHT

    @property
    def window(self) -> Span:
        """The nights that are seen at least in part: also the one that ends on the first morning."""
        return Span(self.first - NIGHT, self.first + self.days * NIGHT)

    def all_days(self) -> list[date]:
        """The days, in order."""
        return [self.first + timedelta(days=number) for number in range(self.days)]

    def place(self, nights: Span) -> "Place | None":
        """Where the nights lie; None where nothing of them is seen."""
        columns = self.days * HALVES
        begins, ends = (HALVES * (day - self.first).days + 1 for day in (nights.start, nights.end))
        start, end = max(begins, 0), min(ends, columns)
        return Place(start, end - start, begins < 0, ends > columns) if start < end else None

    def hours(self, day: date, *, morning: bool) -> "Place | None":
        """The half of a day; None where it isn't seen."""
        number = (day - self.first).days
        column = HALVES * number + (0 if morning else 1)
        return Place(column, 1) if 0 <= number < self.days else None


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Columns ``[start, start + count)`` of the board, counted from 0; whether it goes on beyond an edge."""

    start: int
    count: int
    comes_in: bool = False
    goes_on: bool = False


def lanes(places: Sequence[Place]) -> list[int]:
    """A lane for each place, as few as there can be: places in one lane share no column. Earlier ones are higher."""
    free_from: list[int] = []
    found = [0] * len(places)
    for number in sorted(range(len(places)), key=lambda index: (places[index].start, index)):
        place = places[number]
        lane = next((lane for lane, end in enumerate(free_from) if end <= place.start), len(free_from))
        if lane == len(free_from):
            free_from.append(0)
        free_from[lane] = place.start + place.count
        found[number] = lane
    return found
