"""Double bookings: two claims on the same night that can't both be honoured."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from itertools import islice

from domain.events import Kind
from domain.spans import NIGHT, Span, nights_in

LONGEST_STAY = 30  # nights; what is longer is a closure, where the words don't tell


@dataclass(frozen=True, slots=True)
class Stake:
    """One claim on a property's nights, as far as it can conflict with another.

    `source` is the feed, or "" for a sale of our own; `echoes` are nights that the feed reads back from our own
    export. `gathers` when the source repeats what others sell: a channel manager, a personal calendar.
    """

    name: str
    source: str
    kind: Kind
    nights: Span
    echoes: tuple[Span, ...] = ()
    gathers: bool = False

    @property
    def is_sale(self) -> bool:
        """Whether it is a sale of our own."""
        return not self.source


@dataclass(frozen=True, slots=True)
class Conflict:
    """The nights that two claims share, and their names."""

    nights: Span
    first: str
    second: str


def conflicts(stakes: Iterable[Stake], today: date) -> tuple[Conflict, ...]:
    """Every pair of claims that stays on the same night from `today` on, in order of their nights.

    Reservations of two feeds conflict; so do a sale and anything a feed closes, unless the feed only reads our
    sale back. A feed that gathers others' reservations names them twice, which is no conflict.
    """
    ahead = [stake for stake in stakes if stake.nights.end > today]
    found = []
    for one, other in _meeting(sorted(ahead, key=lambda each: (each.nights, each.name))):
        shared = one.nights.clip(other.nights)
        shared = shared.clip(Span(today, max(shared.end, today + NIGHT))) if shared else None
        if shared and _differ(one, other, shared, today):
            found.append(Conflict(shared, one.name, other.name))
    return tuple(found)


def _meeting(stakes: Sequence[Stake]) -> Iterator[tuple[Stake, Stake]]:
    """The pairs that share a night, of stakes in order of their nights."""
    for place, one in enumerate(stakes):
        for other in islice(stakes, place + 1, None):
            if other.nights.start >= one.nights.end:
                break
            yield one, other


def _differ(one: Stake, other: Stake, shared: Span, today: date) -> bool:
    if one.is_sale and other.is_sale:
        return False  # the schema doesn't let them share a night
    if one.is_sale or other.is_sale:
        return not set(shared.nights()) <= nights_in((other if one.is_sale else one).echoes)
    if {one.kind, other.kind} != {Kind.RESERVATION}:
        return False
    if one.source == other.source or one.gathers or other.gathers:
        return not _within(one.nights, other.nights, today)
    return True


def _within(one: Span, other: Span, today: date) -> bool:
    """Whether one of the two holds the other; what is past counts for nothing, since some feeds cut it off."""
    starts = max(one.start, today), max(other.start, today)
    return (starts[0] <= starts[1] and other.end <= one.end) or (
        starts[1] <= starts[0] and one.end <= other.end
    )


def echoed(
    closed: Iterable[Span],
    still: AbstractSet[date],
    ours: Iterable[Span],
    before: Iterable[Span],
    today: date,
) -> tuple[Span, ...]:
    """The nights a feed reads back from our export: what it held so before, and newly closed runs inside ours.

    A run that goes beyond our nights is somebody's booking, and so is one where the feed leaves open (`still` is
    what it closes) a part of what we export: a site that reads a sale closes all of it that is still to come.
    """
    whole = nights_in(
        span for span in ours if all(night in still for night in span.nights() if night >= today)
    )
    fresh = [run for run in closed if whole.issuperset(run.nights())]
    return tuple(dict.fromkeys((*before, *fresh)))
