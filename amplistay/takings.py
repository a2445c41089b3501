"""What was sold: in the last thirty days, beside the thirty before, as curves that grow; at one home, by month."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organization
from domain.money import Money
from properties.models import Property
from properties.templatetags.stays import money
from upsells.bars import Bars, altogether
from upsells.revenue import Figures, Tally, figures_of, months

DAYS = 30
NIGHT = timedelta(days=1)
DAWN = date(2000, 1, 1)  # before all sales
WIDTH, HEIGHT = 1000, 100  # of a curve's own units


@dataclass(frozen=True, slots=True)
class Curve:
    """A sum that grows over thirty days, and how it grew over the thirty before; as paths of an SVG picture."""

    line: str
    area: str
    before: str


@dataclass(frozen=True, slots=True)
class Takings:
    """One figure of a currency, or of all: its value, what it was before, and its curve, empty where nothing sold."""

    label: str
    value: str
    note: str
    said: str
    curve: Curve | None


def takings(organization: Organization, homes: Sequence[Property], now: datetime) -> list[Takings]:
    """The sum of each currency that it sold for, the largest first, and the number of sales; in one query."""
    today = max((home.house.today(now) for home in homes), default=now.date())
    starts = [today - (2 * DAYS - 1 - number) * NIGHT for number in range(2 * DAYS)]
    zones = {home.time_zone for home in homes}
    found = figures_of(organization.pk, zones, starts, today + NIGHT)
    own = {home.currency for home in homes if home.archived_at is None}
    sums = sorted(_sums(found, own), key=lambda each: each[0], reverse=True)
    return [*(shown for _amount, shown in sums), _sales(found)]


@dataclass(frozen=True, slots=True)
class Earned:
    """What was sold in a currency: this month, ever, and month by month over a year where there was a sale."""

    month: Money
    sales: int
    ever: Money
    ever_sales: int
    chart: Bars | None


def earned(home: Property, now: datetime) -> list[Earned]:
    """What was sold at the home in each currency; in its own where nothing was. In one query."""
    year = months(home.house.today(now))
    found = figures_of(home.organization_id, [home.time_zone], [DAWN, *year], home=home.pk)
    lately = Figures(year, tuple(cell for cell in found.cells if cell.month != DAWN))
    return [_earned(found, lately, each) for each in found.currencies or [home.currency]]


def _earned(found: Figures, lately: Figures, currency: str) -> Earned:
    ever = found.total(currency=currency)
    month = lately.total(currency=currency, month=lately.months[-1])
    chart = altogether(lately, currency) if lately.total(currency=currency).sales else None
    return Earned(Money(month.sold, currency), month.sales, Money(ever.sold, currency), ever.sales, chart)


def _sums(found: Figures, own: Iterable[str]) -> Iterator[tuple[tuple[int, str], Takings]]:
    """What each currency brought; where nothing was sold, the one that the homes are let in."""
    for currency in found.currencies or sorted(own)[:1]:
        tallies = _by_day(found, currency=currency)
        daily = [each.sold for each in tallies]
        now, before = sum(daily[DAYS:]), sum(daily[:DAYS])
        lately = sum(tallies[DAYS:], Tally())
        value, was = money(Money(now, currency)), money(Money(before, currency))
        note = _("%(before)s in the 30 days before") % {"before": was}
        if lately.waived:
            note += "; " + _("%(amount)s cancelled") % {"amount": money(Money(lately.waived, currency))}
        if lately.back:
            note += "; " + _("%(back)s given back") % {"back": money(Money(lately.back, currency))}
        words = {"now": value, "before": was}
        said = _("Sold for %(now)s in the last 30 days, for %(before)s in the 30 before.") % words
        yield (now, currency), Takings(_("Sold in 30 days"), value, note, said, curve(daily))


def _sales(found: Figures) -> Takings:
    daily = [each.sales for each in _by_day(found)]
    now, before = sum(daily[DAYS:]), sum(daily[:DAYS])
    words = ngettext("%(count)s sale in the last 30 days", "%(count)s sales in the last 30 days", now)
    was = _("%(count)s in the 30 before") % {"count": before}
    said = f"{words % {'count': now}}, {was}."
    note = _("%(before)s in the 30 days before") % {"before": before}
    return Takings(_("Sales in 30 days"), str(now), note, said, curve(daily))


def _by_day(found: Figures, **only: str) -> list[Tally]:
    """Every day's tally, in order, without walking through all the cells for each."""
    sums: dict[date, Tally] = {}
    for cell in found.cells:
        if all(getattr(cell, name) == value for name, value in only.items()):
            sums[cell.month] = sums.get(cell.month, Tally()) + cell.tally
    return [sums.get(day, Tally()) for day in found.months]


def curve(daily: Sequence[int]) -> Curve | None:
    """The curves of both stretches on one scale; None where both are flat."""
    before, now = (list(accumulate(part, initial=0)) for part in (daily[:DAYS], daily[DAYS:]))
    top = max(before[-1], now[-1])
    if not top:
        return None
    line = _path(now, top)
    return Curve(line, f"{line}V{HEIGHT}H0Z", _path(before, top))


def _path(sums: Sequence[int], top: int) -> str:
    points = (
        f"{WIDTH * number / DAYS:.0f} {HEIGHT - HEIGHT * each / top:.1f}" for number, each in enumerate(sums)
    )
    return "M" + "L".join(points)
