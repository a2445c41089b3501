"""Who leaves and who comes today and tomorrow, at each home by its own clock, with the hours and nights that were sold.

A stay is what the calendars tell of, each once, with the nights that its guest bought beside it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from psycopg.types.range import TimestamptzRange

from accounts.models import Organization
from accounts.statements import Given, Statement
from calendars.models import Feed
from domain.board import Board
from domain.spans import NIGHT, Span
from properties.dates import spelt
from properties.models import Property
from upsells.boards import Bar, Row, Rows
from upsells.models import Offer, Purchase

DAYS = 2
MOST = 12  # lines of one list
OF_SALES = ("property_id", "kind", "day", "nights", "period", "guest_name")
LATE, EARLY = Offer.Kind.LATE_CHECK_OUT.value, Offer.Kind.EARLY_CHECK_IN.value


@dataclass(frozen=True, slots=True)
class Move:
    """A guest who leaves or comes: where, at which moment of the home's clock, booked where.

    `sold` is the hour's purchase, where it isn't the home's usual one. `rest` is the time between two guests of one
    day, on the line of the one who leaves; `is_tight` where cleaning takes longer than that.
    """

    home: Property
    at: datetime
    bar: Bar | None
    guest: str = ""
    sold: Purchase | None = None
    rest: timedelta | None = None

    @property
    def who(self) -> str:
        """The guest and where they booked, as far as it is known; a sale of ours is called by its guest already."""
        return " · ".join(filter(None, dict.fromkeys((self.guest, self.bar.word if self.bar else ""))))

    @property
    def is_tight(self) -> bool:
        """Whether there is less time than cleaning takes."""
        return self.rest is not None and self.rest < timedelta(minutes=self.home.turnaround)

    @property
    def rest_hours(self) -> str:
        """The time between the two guests: 4 hours; 1 hour, 30 minutes."""
        return spelt(max(self.rest or timedelta(), timedelta()))

    @property
    def href(self) -> str:
        """Where more is to be seen of it."""
        if self.bar:
            return self.bar.href
        return reverse("calendars:month", args=[self.home.public_id])


@dataclass(slots=True)
class Day:
    """One day's moves. `date` is None where it isn't the same date at every home."""

    date: date | None
    leaving: list[Move] = field(default_factory=list)
    coming: list[Move] = field(default_factory=list)

    @property
    def lists(self) -> tuple[tuple[str, list[Move], int], ...]:
        """What leaves and what comes, as many as are shown, and how many more there are."""
        both = (("leaving", self.leaving), ("coming", self.coming))
        return tuple((name, moves[:MOST], max(0, len(moves) - MOST)) for name, moves in both)


@dataclass(slots=True)
class _Stay:
    """The nights of one guest, as they grow by what was bought."""

    nights: Span
    bar: Bar
    guest: str = ""


def days(
    organization: Organization,
    homes: Sequence[Property],
    now: datetime,
    count: int = DAYS,
    feeds: Iterable[Feed] | None = None,
) -> list[Day]:
    """Today and tomorrow, or so many days, over all these homes of the organization, whose `feeds` may be known.

    In four queries.
    """
    if not homes:
        return []
    todays = {home.pk: home.house.today(now) for home in homes}
    first, last = min(todays.values()), max(todays.values())
    board = Board(first, (last - first).days + count)
    sold = _sold(organization, homes, board)
    found = [Day(first + number * NIGHT if first == last else None) for number in range(count)]
    for row in Rows(organization, homes, board, now, known=feeds):
        for number, day in enumerate(found):
            _meet(day, row, sold[row.home.pk], todays[row.home.pk] + number * NIGHT)
    for day in found:
        for moves in (day.leaving, day.coming):
            moves.sort(key=lambda move: (move.at.time(), move.home.name, move.home.pk))
    return found


def moves(organization: Organization, row: Row, board: Board) -> list[Day]:
    """The days of the board on which somebody leaves the home of the row, or comes; in one query."""
    return _moving(row, _sold(organization, [row.home], board)[row.home.pk], board)


def of_homes(
    organization: Organization, homes: Sequence[Property], board: Board, now: datetime
) -> Iterator[tuple[Property, list[Day]]]:
    """The same of each of these homes, on the board's days by its own clock; however many, in as many queries."""
    for row, found in of_rows(Rows(organization, homes, board, now)):
        yield row.home, found


def of_rows(rows: Rows) -> Iterator[tuple[Row, list[Day]]]:
    """The same of each of these rows, which tell more."""
    sold = _sold(rows.organization, rows.homes, rows.board) if rows.homes else {}
    for row in rows:
        yield row, _moving(row, sold[row.home.pk], rows.board)


def _moving(row: Row, sold: Sequence[Purchase], board: Board) -> list[Day]:
    found = [Day(on) for on in board.all_days()]
    for on, day in zip(board.all_days(), found, strict=True):
        _meet(day, row, sold, on)
    return [day for day in found if day.leaving or day.coming]


def _sales() -> QuerySet[Purchase]:
    rows = Purchase.objects.of(Given("org")).filter(property__in=Given("homes"))
    rows = rows.filter(state=Purchase.State.CONFIRMED, period__overlap=Given("near"))
    return rows.only(*OF_SALES).order_by("pk")


_SALES = Statement(_sales)


def _sold(organization: Organization, homes: Sequence[Property], board: Board) -> dict[int, list[Purchase]]:
    """What was sold at the homes around these days, by home."""
    first, last = board.first - DAYS * NIGHT, board.window.end + DAYS * NIGHT
    near = TimestamptzRange(datetime.combine(first, time(), UTC), datetime.combine(last, time(), UTC))
    found: dict[int, list[Purchase]] = defaultdict(list)
    for purchase in _SALES(org=organization.pk, homes=[home.pk for home in homes], near=near):
        found[purchase.property_id].append(purchase)
    return found


def _meet(day: Day, row: Row, sold: Iterable[Purchase], on: date) -> None:
    """Add who leaves the home on that day, and who comes."""
    hours = {each.kind: each for each in sold if not each.is_nightly and each.day == on}
    stays = _stays(row.bars, [each for each in sold if each.is_nightly])
    coming = list(_moves(row.home, [s for s in stays if s.nights.start == on], hours.get(EARLY), on, EARLY))
    leaving = list(_moves(row.home, [s for s in stays if s.nights.end == on], hours.get(LATE), on, LATE))
    if len(leaving) == len(coming) == 1:
        (one,), (other,) = leaving, coming
        leaving = [Move(one.home, one.at, one.bar, one.guest, one.sold, other.at - one.at)]
    day.coming += coming
    day.leaving += leaving


def _moves(
    home: Property, stays: Sequence[_Stay], sold: Purchase | None, on: date, kind: str
) -> Iterator[Move]:
    """The moves of one side of a day; sold hours whose stay no calendar tells of are somebody's all the same."""
    house = home.house
    usual = house.instant(on, house.check_out if kind == LATE else house.check_in)
    at = usual if sold is None else sold.period.upper if kind == LATE else sold.period.lower
    guest = sold.guest_name if sold else ""
    for stay in stays:
        yield Move(home, at.astimezone(house.zone), stay.bar, stay.guest or guest, sold)
    if sold and not stays:
        yield Move(home, at.astimezone(house.zone), None, guest, sold)


def _stays(bars: Iterable[Bar], sold: Sequence[Purchase]) -> list[_Stay]:
    """The stays with what was bought beside them; bought nights beside nobody's stay are a stay of their own."""
    bought = {each.span: each for each in sold}
    sales: list[Bar] = []
    stays: list[_Stay] = []
    for bar in bars:
        if bar.is_stay and bar.state == "sale":
            sales.append(bar)
        elif bar.is_stay:
            stays.append(_Stay(bar.nights, bar))
    before = [bar for bar in sales if _is_before(bought.get(bar.nights))]
    after = [bar for bar in sales if not _is_before(bought.get(bar.nights))]
    for bar in sorted(after, key=lambda each: each.nights.start):
        _join(stays, bar, bought.get(bar.nights), "start", "end")
    for bar in sorted(before, key=lambda each: each.nights.end, reverse=True):
        _join(stays, bar, bought.get(bar.nights), "end", "start")
    return stays


def _is_before(purchase: Purchase | None) -> bool:
    return purchase is not None and purchase.kind == Offer.Kind.NIGHTS_BEFORE


def _join(stays: list[_Stay], bar: Bar, purchase: Purchase | None, here: str, there: str) -> None:
    """Let the stay that meets the sold nights have them."""
    guest = purchase.guest_name if purchase else ""
    met = next((each for each in stays if getattr(each.nights, there) == getattr(bar.nights, here)), None)
    if met is None:
        stays.append(_Stay(bar.nights, bar, guest))
        return
    both = (met.nights, bar.nights)
    met.nights = Span(min(each.start for each in both), max(each.end for each in both))
    met.guest = met.guest or guest
