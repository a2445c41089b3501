"""What several calendars tell of one home, each stay once: two sites and a channel manager may name the same guest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from domain.spans import Period, Span

MOST = 500  # that are compared with each other; a home has fewer in three years


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of one calendar: nights that somebody stays, or that are only closed.

    `source` is the calendar. `may_repeat` where it names what others have sold, too: a channel manager, a site that
    doesn't tell guests from closures. `hours` are the instants of coming and leaving, where it says any.
    """

    name: str
    source: str
    nights: Span
    is_stay: bool
    may_repeat: bool = False
    hours: Period | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What is to be seen of an entry: all of its nights, or those that nothing else tells of."""

    name: str
    nights: Span
    hours: Period | None


def shown_once(told: Sequence[Told], closed: Iterable[Span] = ()) -> tuple[Shown, ...]:
    """What to show of the entries; `closed` are nights that are shown as closed already.

    Two guests on one night are both shown, as they are a double booking, unless the one entry lies within the other
    and may only repeat it (the rule of `domain.conflicts`). Then the shorter is the stay, and the other is shown as
    far as it goes beyond. What is only closed is shown where nobody stays. The order decides between equals.
    """
    if len(told) > MOST:
        return tuple(Shown(one.name, one.nights, one.hours) for one in told)
    stays = [one for one in told if one.is_stay]
    blocked = [one for one in told if not one.is_stay]
    taken = [*closed, *(one.nights for one in stays)]
    return (*_stays(stays), *_closures(blocked, taken))


def _stays(stays: Iterable[Told]) -> Iterator[Shown]:
    found: dict[str, Shown] = {}
    beside: list[Shown] = []
    seen: list[Told] = []
    for one in sorted(stays, key=lambda each: (each.may_repeat, len(each.nights))):
        same = [other for other in seen if _is_same(one, other)]
        seen.append(one)
        if not same:
            found[one.name] = Shown(one.name, one.nights, one.hours)
            continue
        beside += [Shown(one.name, part, None) for part in one.nights.minus(other.nights for other in same)]
        for other in same:
            shown = found.get(other.name)
            if shown and shown.hours is None and shown.nights == one.nights:
                found[other.name] = replace(shown, hours=one.hours)
    yield from found.values()
    yield from beside


def _closures(blocked: Iterable[Told], taken: list[Span]) -> Iterator[Shown]:
    for one in blocked:
        for part in one.nights.minus(taken):
            yield Shown(one.name, part, one.hours if part == one.nights else None)
        taken.append(one.nights)


def _is_same(one: Told, other: Told) -> bool:
    """Whether the two may be one guest."""
    may_repeat = one.source == other.source or one.may_repeat or other.may_repeat
    return may_repeat and (_holds(one.nights, other.nights) or _holds(other.nights, one.nights))


def _holds(one: Span, other: Span) -> bool:
    return one.start <= other.start and other.end <= one.end
