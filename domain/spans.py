"""Spans of nights and periods of instants, both half-open, and the arithmetic on them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

NIGHT = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A run of nights ``[start, end)``: ``start`` is the arrival day, ``end`` the departure day.

    Raises ValueError when it would hold no night.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            message = f"a span needs at least one night: {self.start} to {self.end}"
            raise ValueError(message)

    def __len__(self) -> int:
        return (self.end - self.start).days

    def __contains__(self, night: date) -> bool:
        return self.start <= night < self.end

    def nights(self) -> Iterator[date]:
        """Each night, in order."""
        return map(date.fromordinal, range(self.start.toordinal(), self.end.toordinal()))

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share a night."""
        return self.start < other.end and other.start < self.end

    def clip(self, window: "Span") -> "Span | None":
        """The part inside the window, or None."""
        start, end = max(self.start, window.start), min(self.end, window.end)
        return Span(start, end) if start < end else None

    def minus(self, others: Iterable["Span"]) -> tuple["Span", ...]:
        """What is left of this span once the others are taken out."""
        taken = [other for other in others if other.overlaps(self)]
        return gaps(taken, self) if taken else (self,)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Aware instants ``[start, end)``. Raises ValueError when empty or naive."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            message = "a period is made of aware instants"
            raise ValueError(message)
        if self.start >= self.end:
            message = f"a period can't be empty: {self.start} to {self.end}"
            raise ValueError(message)

    def overlaps(self, other: "Period") -> bool:
        """Whether the two share an instant."""
        return self.start < other.end and other.start < self.end


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same nights as maximal, disjoint, ordered spans."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            if span.end > merged[-1].end:
                merged[-1] = Span(merged[-1].start, span.end)
        else:
            merged.append(span)
    return tuple(merged)


def gaps(busy: Iterable[Span], window: Span) -> tuple[Span, ...]:
    """The free runs between the busy ones inside the window, in order."""
    edges = [window.start]
    for span in merge(busy):
        edges += [span.start, span.end]
    edges.append(window.end)
    between = ((max(start, window.start), min(end, window.end)) for start, end in list(pairwise(edges))[::2])
    return tuple(Span(start, end) for start, end in between if start < end)


def runs(nights: Iterable[date]) -> tuple[Span, ...]:
    """Loose nights gathered into maximal spans."""
    return merge(Span(night, night + NIGHT) for night in nights)


def nights_in(spans: Iterable[Span]) -> frozenset[date]:
    """Every night that any of the spans holds."""
    return frozenset(night for span in merge(spans) for night in span.nights())


def free_from(day: date, busy: Iterable[Span], limit: int) -> Span | None:
    """The free nights that begin on `day`, at most `limit` of them; None when that night is taken."""
    free = gaps(busy, Span(day, day + timedelta(days=limit)))
    return free[0] if free and free[0].start == day else None
