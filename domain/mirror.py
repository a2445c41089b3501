"""Mirroring a unit of another system: what of its taken nights is theirs, and which nights must be closed there.

A system gives whole answers, so that what it names and what it leaves out both count at once; only a loss as faults
bring it is confirmed. Nights that we had closed there ourselves come back with the rest and are nobody's reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from domain import encode
from domain.events import Event, Kind, plain_text
from domain.ics import Reading, State
from domain.spans import Span, merge
from domain.sync import Rules

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Taken:
    """Nights that a system calls taken; `ours` is the reference of our own closure, where it tells."""

    nights: Span
    ours: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Own:
    """Nights that we closed there, or may have: a reply that was lost leaves that open."""

    reference: str
    nights: Span


def rules(wait: timedelta) -> Rules:
    """How removals are confirmed: at once, but for a loss of everything or of many nights that are a large part.

    Those wait for three agreeing reads over this time.
    """
    none = timedelta()
    return Rules(reads=1, wait=none, long_reads=3, long_wait=wait, near=none, mass_is_both=True)


def reading(taken: Iterable[Taken], own: Iterable[Own]) -> Reading:
    """What others take, as a reading of a feed: entries that share no night, in order.

    A closure of ours that the system names is left out by its name, whoever else takes those nights; one that it
    doesn't name by its nights.
    """
    taken = tuple(taken)
    named = {stretch.ours for stretch in taken}
    mine = {closure.reference for closure in own}
    hidden = [closure.nights for closure in own if closure.reference not in named]
    theirs = [
        Taken(part, label=stretch.label)
        for stretch in taken
        if not (stretch.ours and stretch.ours in mine)
        for part in stretch.nights.minus(hidden)
    ]
    return Reading(State.OK, tuple(_event(stretch) for stretch in _apart(theirs)))


def snapshot(read: Reading) -> bytes:
    """The reading as a calendar file, for history and as the mark of what was read: the same bytes say the same."""
    entries = [
        encode.Entry(event.uid, event.nights, event.summary, EPOCH) for event in read.events if event.nights
    ]
    return encode.calendar(entries, name="Mirror", placeholder_stamp=EPOCH)


def to_close(wanted: Iterable[Span], theirs: Iterable[Span], window: Span) -> tuple[Span, ...]:
    """The nights to close there: each run that something takes, as far as it lies in the window and is free there.

    Runs that touch stay apart, so that one can be opened again without the other.
    """
    found: list[Span] = []
    theirs = tuple(theirs)
    for span in sorted(wanted):
        inside = span.clip(window)
        found += inside.minus((*theirs, *found)) if inside else ()
    return tuple(sorted(found))


def settled(wanted: Iterable[Span], closed: Iterable[Own], today: date) -> tuple[list[Own], list[Span]]:
    """Which closures are to be opened again, and which runs are to be closed anew.

    Nights that are over count for neither: a closure stays while all its nights from today on are wanted.
    """
    wanted = tuple(wanted)
    whole = merge(wanted)
    stale: list[Own] = []
    kept: list[Own] = []
    for closure in closed:
        ahead = closure.nights.clip(Span(today, max(closure.nights.end, today + timedelta(days=1))))
        (stale if ahead and ahead.minus(whole) else kept).append(closure)
    held = [closure.nights for closure in kept]
    return stale, [part for span in wanted for part in span.minus(held)]


def _apart(stretches: Iterable[Taken]) -> list[Taken]:
    """The same nights in stretches that share none; those that overlap become one."""
    apart: list[Taken] = []
    for stretch in sorted(stretches, key=lambda each: (each.nights, each.label)):
        last = apart[-1] if apart else None
        if last and stretch.nights.start < last.nights.end:
            end = max(last.nights.end, stretch.nights.end)
            apart[-1] = Taken(Span(last.nights.start, end), label=last.label or stretch.label)
        else:
            apart.append(stretch)
    return apart


def _event(stretch: Taken) -> Event:
    """The stretch as an entry. It is known by its departure day: a stay under way begins anew every day."""
    nights = stretch.nights
    return Event(
        uid=f"taken-{nights.end}",
        kind=Kind.BLOCK,
        summary=plain_text(stretch.label),
        start=nights.start,
        end=nights.end,
        nights=nights,
        period=None,
    )
