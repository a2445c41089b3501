"""Arithmetic on half-open runs of nights ``[arrival, departure)``."""

from collections.abc import Iterable
from datetime import date, timedelta

type Span = tuple[date, date]

NIGHT = timedelta(days=1)


def overlap(one: Span, other: Span) -> bool:
    """Whether the two spans share a night."""
    return one[0] < other[1] and other[0] < one[1]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same nights as sorted spans of which no two touch or overlap."""
    runs: list[Span] = []
    for start, end in sorted(spans):
        if runs and start <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        elif start < end:
            runs.append((start, end))
    return runs


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """The nights of `spans` that are in no span of `taken`, merged."""
    holes = merged(taken)
    left: list[Span] = []
    for start, end in merged(spans):
        position = start
        for hole_start, hole_end in holes:
            if hole_end <= position or hole_start >= end:
                continue
            if hole_start > position:
                left.append((position, hole_start))
            position = max(position, hole_end)
        if position < end:
            left.append((position, end))
    return left


def nights(spans: Iterable[Span]) -> int:
    """How many nights the spans hold, each night counted once."""
    return sum((end - start).days for start, end in merged(spans))
