"""Blocks at a glance: what a board of many homes needs to know of thousands of them, without a model's weight."""

from collections.abc import Iterable, Iterator
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


def columns(rows: QuerySet[Block]) -> QuerySet[Block, tuple[Any, ...]]:
    """What is glanced at of these blocks, by their nights."""
    return rows.order_by("nights__startswith", "nights__endswith", "pk").values_list(*COLUMNS)


def glances(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, Glance]]:
    """Each block of these `columns` with its property's number."""
    spans: dict[tuple[date, date], Span] = {}  # the same nights come again and again
    for home, pk, origin, kind, start, end, *rest in rows:
        span = None
        if start:
            span = spans.get((start, end)) or spans.setdefault((start, end), Span(start, end))
        yield home, Glance(pk, origin, kind, span, *rest)
