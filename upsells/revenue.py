"""What was sold, given back, waived and kept, and how far guests came: by offer, by month, and each currency by itself.

A purchase belongs to the month in which its guest began it, by its property's own clock. A sale is a purchase that
was confirmed, also when it was cancelled later: what was charged by then is given back, what wasn't is waived.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from functools import cache, lru_cache
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Case,
    Count,
    DateTimeField,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest

from accounts.statements import Given, Statement
from domain.house import House
from upsells.models import Offer, Purchase
from upsells.models.purchases import PurchaseQuerySet

MONTHS = 12
A_YEAR = 12  # months
ZONES = 256  # whose midnights are kept
MOMENTS = ArrayField(DateTimeField())
State = Purchase.State
SALE = Q(state__in=(State.CONFIRMED, State.CANCELLED))

type Edges = tuple[str | Given, Value | Given]  # a zone, and where its months begin


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts and amounts of some purchases of one currency, in its minor units.

    `held` began, `booked` pressed "book", `sales` were confirmed, `cancelled` of those were taken back. `sold` is what
    the sales came to; of it, `back` was charged and is or will be given back, `waived` never was and needn't be paid.
    """

    held: int = 0
    booked: int = 0
    sales: int = 0
    cancelled: int = 0
    sold: int = 0
    back: int = 0
    waived: int = 0

    def __add__(self, other: Self) -> Self:
        both = (getattr(self, each.name) + getattr(other, each.name) for each in fields(self))
        return type(self)(*both)

    @property
    def kept(self) -> int:
        """What is left of what was sold."""
        return self.sold - self.gone

    @property
    def gone(self) -> int:
        """What of it sales that were cancelled don't bring."""
        return self.back + self.waived


@dataclass(frozen=True, slots=True)
class Cell:
    """The tally of one month, offer and currency."""

    month: date
    kind: str
    currency: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Figures:
    """The tallies of some months in a row, each named by its first day; months without a purchase have no cell."""

    months: tuple[date, ...]
    cells: tuple[Cell, ...]

    @property
    def currencies(self) -> list[str]:
        """Those that something was sold in."""
        return sorted({cell.currency for cell in self.cells if cell.tally.sales})

    def kinds(self, currency: str | None = None) -> list[str]:
        """The offers that have a purchase, in their usual order; with a currency, a sale in it."""
        found = {cell.kind for cell in self.cells if not currency or _sells(cell, currency)}
        return [kind for kind in Offer.Kind.values if kind in found]

    def total(self, **only: object) -> Tally:
        """The sum of the cells whose `month`, `kind` and `currency` are these."""
        found = (cell.tally for cell in self.cells if all(getattr(cell, k) == v for k, v in only.items()))
        return sum(found, Tally())


def _sells(cell: Cell, currency: str) -> bool:
    return cell.currency == currency and cell.tally.sales > 0


def months(last: date, count: int = MONTHS) -> tuple[date, ...]:
    """The first days of so many months in a row; the last one holds the day `last`."""
    end = last.year * A_YEAR + last.month - 1
    return tuple(_month(number) for number in range(end - count + 1, end + 1))


def _month(number: int) -> date:
    return date(number // A_YEAR, number % A_YEAR + 1, 1)


def after(month: date, count: int = 1) -> date:
    """The first day of the month that comes so many later (or earlier, below zero)."""
    return _month(month.year * A_YEAR + month.month - 1 + count)


def figures(
    rows: PurchaseQuerySet, zones: Iterable[str], months: Sequence[date], end: date | None = None
) -> Figures:
    """The tallies of these purchases, whose properties lie in these zones, in one query.

    With `end`, the first day that no longer counts, the "months" may be any stretches that begin on the days given.
    """
    edges = _edges(zones, (*months, end or after(months[-1])))
    if not edges:
        return Figures(tuple(months), ())
    each = ((zone, Value(days, output_field=MOMENTS)) for zone, days in edges.items())
    return Figures(tuple(months), tuple(_cells(_tallied(rows, each, *_reach(edges)), months)))


def figures_of(
    organization: int,
    zones: Iterable[str],
    months: Sequence[date],
    end: date | None = None,
    *,
    home: int | None = None,
) -> Figures:
    """The same of all that the organization sold, or one of its homes, by their primary keys."""
    edges = _edges(zones, (*months, end or after(months[-1])))
    if not edges:
        return Figures(tuple(months), ())
    first, last = _reach(edges)
    given: dict[str, object] = {"org": organization, "first": first, "last": last}
    for number, (zone, moments) in enumerate(edges.items()):
        given |= {f"zone{number}": zone, f"edges{number}": moments}
    given |= {} if home is None else {"home": home}
    found = _of_zones(len(edges), of_home=home is not None)(**given)
    return Figures(tuple(months), tuple(_cells(found, months)))


@cache
def _of_zones(zones: int, *, of_home: bool) -> Statement[tuple[Any, ...]]:
    """What an organization sold whose homes lie in so many zones, or one home."""
    edges = [(Given(f"zone{number}"), Given(f"edges{number}")) for number in range(zones)]

    def sold() -> QuerySet[Any, tuple[Any, ...]]:
        rows = Purchase.objects.of(Given("org"))
        rows = rows.filter(property=Given("home")) if of_home else rows
        return _tallied(rows, edges, Given("first"), Given("last"))

    return Statement(sold)


def _edges(zones: Iterable[str], days: tuple[date, ...]) -> dict[str, list[datetime]]:
    return {zone: _begins(zone, days) for zone in zones}


@lru_cache(ZONES)
def _begins(zone: str, days: tuple[date, ...]) -> list[datetime]:
    clock = House(ZoneInfo(zone))
    return [clock.instant(day, time.min) for day in days]


def _reach(edges: Mapping[str, Sequence[datetime]]) -> tuple[datetime, datetime]:
    return min(each[0] for each in edges.values()), max(each[-1] for each in edges.values())


def _place(edges: Iterable[Edges]) -> Case:
    """The number of the month, from 1, that a purchase lies in by its property's clock; 0 before the first.

    The months' edges come from here, so that the database's own list of zones plays no part.
    """
    cases = (
        When(
            property__time_zone=zone,
            then=Func(F("created_at"), days, function="width_bucket"),
        )
        for zone, days in edges
    )
    return Case(*cases, default=Value(0), output_field=IntegerField())


def _cells(rows: Iterable[tuple[Any, ...]], months: Sequence[date]) -> Iterator[Cell]:
    """The tallies that lie in the months."""
    for number, kind, currency, *counts in rows:
        if 1 <= number <= len(months):
            yield Cell(months[number - 1], kind, currency, Tally(*counts))


def _tallied(
    rows: PurchaseQuerySet,
    edges: Iterable[Edges],
    first: datetime | Given,
    last: datetime | Given,
) -> QuerySet[Any, tuple[Any, ...]]:
    """The tallies of what was sold between these instants, by the number of the month, offer and currency."""
    is_charged = Q(payment__captured__gt=0)
    sold = Case(When(is_charged, then=F("payment__captured")), default=F("amount"))
    back = Greatest(F("payment__refunded"), F("payment__to_refund"))
    waived = Coalesce(F("refund"), F("amount"))
    tallied: QuerySet[Any, tuple[Any, ...]] = (
        rows.filter(created_at__gte=first, created_at__lt=last)
        .annotate(place=_place(edges))
        .values_list("place", "kind", "currency")
        .annotate(
            held=Count("pk"),
            booked=Count("pk", filter=Q(requested_at__isnull=False) | SALE),
            sales=Count("pk", filter=SALE),
            cancelled=Count("pk", filter=Q(state=State.CANCELLED)),
            sold=Coalesce(Sum(sold, filter=SALE, output_field=IntegerField()), Value(0)),
            back=Coalesce(Sum(back, filter=SALE & is_charged, output_field=IntegerField()), Value(0)),
            waived=Coalesce(
                Sum(waived, filter=Q(state=State.CANCELLED) & ~is_charged, output_field=IntegerField()),
                Value(0),
            ),
        )
        .order_by("place", "kind", "currency")
    )
    return tallied
