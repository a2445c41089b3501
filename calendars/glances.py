"""Blocks at a glance: what a board of many homes needs to know of thousands of them, without a model's weight."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from django.db.models import QuerySet

from calendars.models import Block
from domain.spans import Span

COLUMNS = (
    "property_id",
    "pk",
    "origin",
    "kind",
    "nights__startswith",
    "nights__endswith",
    "period",
    "feed_id",
    "missing_since",
    "yields",
    "summary",
)


class Claimed(Protocol):
    """A block, or a glance at one. `span` is None for a claim on hours only."""

    period: Any  # a range of two instants; None where only nights are known

    @property
    def pk(self) -> int: ...
    @property
    def origin(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def span(self) -> Span | None: ...
    @property
    def feed_id(self) -> int | None: ...
    @property
    def missing_since(self) -> datetime | None: ...
    @property
    def yields(self) -> bool: ...
    @property
    def summary(self) -> str: ...


@dataclass(slots=True)
class Glance:
    """One block as it lay in the database."""

    pk: int
    origin: str
    kind: str
    span: Span | None
    period: Any
    feed_id: int | None
    missing_since: datetime | None
    yields: bool
    summary: str


def glances(rows: QuerySet[Block]) -> Iterator[tuple[int, Glance]]:
    """Each of these blocks with its property's number, by their nights; in one query."""
    spans: dict[tuple[date, date], Span] = {}  # the same nights come again and again
    ordered = rows.order_by("nights__startswith", "nights__endswith", "pk")
    for home, pk, origin, kind, start, end, *rest in ordered.values_list(*COLUMNS):
        span = None
        if start:
            span = spans.get((start, end)) or spans.setdefault((start, end), Span(start, end))
        yield home, Glance(pk, origin, kind, span, *rest)
