"""Figures drawn as one bar a month: a whole, and the part of it that stayed; with the same in a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from domain.money import Money
from properties.dates import when
from properties.templatetags.stays import money, percent
from upsells.models import Offer
from upsells.revenue import Figures, Tally

HEIGHT = 120  # pixels, as the style sheet draws it
LEAST = 2  # pixels of a bar that isn't nothing
STEPS = (2, 4, 10)
GAP = 20  # per cent of a month's place, on either side of its bar


@dataclass(frozen=True, slots=True)
class Bar:
    """One month's bar: `x` and `width` in per cent of the picture, heights in pixels from its foot."""

    month: date
    x: str
    width: str
    whole: int
    part: int
    said: str

    @property
    def whole_y(self) -> int:
        """Where the whole begins, from the top."""
        return HEIGHT - self.whole

    @property
    def part_y(self) -> int:
        """Where the part begins, from the top."""
        return HEIGHT - self.part


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of one offer, or of all where `kind` is empty.

    `top` and `half` label the scale, `said` sums them up, `rows` repeat them for a table.
    """

    kind: str
    title: str
    said: str
    top: str
    half: str
    bars: tuple[Bar, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sold(figures: Figures, currency: str) -> list[Bars]:
    """What each offer brought in a currency, month by month, all on one scale: the part is what was kept."""
    return _sold(figures, currency, figures.kinds(currency))


def altogether(figures: Figures, currency: str) -> Bars:
    """The same of all offers together."""
    return _sold(figures, currency, [""])[0]


def _sold(figures: Figures, currency: str, kinds: Sequence[str]) -> list[Bars]:
    only = {kind: {"kind": kind, "currency": currency} if kind else {"currency": currency} for kind in kinds}
    tallies = {kind: _by_month(figures, **only[kind]) for kind in kinds}
    top = scale(max((each.sold for row in tallies.values() for each in row), default=0))

    def shown(amount: int) -> str:
        return money(Money(amount, currency))

    def cells(tally: Tally) -> tuple[str, ...]:
        return *map(shown, (tally.sold, tally.waived, tally.back, tally.kept)), str(tally.sales)

    heads = (_("Sold"), _("Cancelled"), _("Given back"), _("Kept"), _("Sales"))
    return [
        _Drawing(figures, kind, [(each.sold, each.kept) for each in row], top, shown)
        .told(heads, [cells(each) for each in row], _brought(figures.total(**only[kind]), shown))
        for kind, row in tallies.items()
    ]  # fmt: skip


def reached(figures: Figures) -> list[Bars]:
    """How many guests began with each offer, month by month: the part is those whose purchase was confirmed."""
    tallies = {kind: _by_month(figures, kind=kind) for kind in figures.kinds()}
    top = scale(max((each.held for row in tallies.values() for each in row), default=0))
    heads = (_("Chosen"), _("Booked"), _("Confirmed"), _("Share"))
    return [
        _Drawing(figures, kind, [(each.held, each.sales) for each in row], top, str)
        .told(heads, [_way(each) for each in row], _came(figures.total(kind=kind)))
        for kind, row in tallies.items()
    ]  # fmt: skip


def _way(tally: Tally) -> tuple[str, ...]:
    return str(tally.held), str(tally.booked), str(tally.sales), share(tally.sales, tally.held)


def _by_month(figures: Figures, **only: object) -> list[Tally]:
    return [figures.total(month=month, **only) for month in figures.months]


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The bars of an offer before they are put into words."""

    figures: Figures
    kind: str
    pairs: Sequence[tuple[int, int]]
    top: int
    shown: Callable[[int], str]

    def told(self, heads: tuple[str, ...], cells: Sequence[tuple[str, ...]], said: str) -> Bars:
        """The bars with their words."""
        names = [when(month, "yMMM") for month in self.figures.months]
        rows = tuple((name, *row) for name, row in zip(names, cells, strict=True))
        titles = [_title(heads, row) for row in rows]
        return Bars(
            kind=self.kind,
            title=str(Offer.Kind(self.kind).label) if self.kind else _("Sold each month"),
            said=said,
            top=self.shown(self.top),
            half=self.shown(self.top // 2),
            bars=tuple(map(self._bar, range(len(rows)), titles)),
            heads=(_("Month"), *heads),
            rows=rows,
        )

    def _bar(self, number: int, said: str) -> Bar:
        each = 100 / len(self.pairs)
        whole, part = (_height(amount, self.top) for amount in self.pairs[number])
        return Bar(
            month=self.figures.months[number],
            x=f"{each * (number + GAP / 100):.2f}%",
            width=f"{each * (1 - 2 * GAP / 100):.2f}%",
            whole=whole,
            part=part,
            said=said,
        )


def _title(heads: Sequence[str], row: Sequence[str]) -> str:
    month, *cells = row
    words = ", ".join(f"{head}: {cell}" for head, cell in zip(heads, cells, strict=True))
    return f"{month}. {words}"


def _height(amount: int, top: int) -> int:
    return max(round(HEIGHT * amount / top), LEAST) if amount else 0


def scale(most: int) -> int:
    """A round even number that holds the highest value: 2, 4 or 10 times a power of ten."""
    power = 1
    while most > STEPS[-1] * power:
        power *= 10
    return next(step * power for step in STEPS if step * power >= most)


def share(part: int, whole: int) -> str:
    """A part in whole per cent; a dash of nothing."""
    return percent((200 * part + whole) // (2 * whole)) if whole else "\u2013"


def _brought(tally: Tally, shown: Callable[[int], str]) -> str:
    words = ngettext("%(sold)s from %(count)s sale.", "%(sold)s from %(count)s sales.", tally.sales)
    said = words % {"sold": shown(tally.sold), "count": tally.sales}
    if tally.gone:
        words = _("%(waived)s of it was cancelled, %(back)s given back, %(kept)s is left.")
        if not tally.waived:
            words = _("%(back)s of it was given back, %(kept)s is left.")
        elif not tally.back:
            words = _("%(waived)s of it was cancelled, %(kept)s is left.")
        parts = {name: shown(getattr(tally, name)) for name in ("waived", "back", "kept")}
        said += " " + words % parts
    return said


def _came(tally: Tally) -> str:
    words = ngettext(
        "Chosen by %(held)s guest: %(booked)s booked, %(sales)s confirmed.",
        "Chosen by %(held)s guests: %(booked)s booked, %(sales)s confirmed.",
        tally.held,
    )
    return words % {"held": tally.held, "booked": tally.booked, "sales": tally.sales}
