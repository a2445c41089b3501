"""The rules of reading a feed: what to close at once, what to hold back, what to open, when to read next.

Everything here is a value in, a value out. The rule behind all of it: additions apply at once, removals are
confirmed, and a night is never read as freer than it may be.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.events import Event, Kind
from domain.ics import Reading
from domain.spans import Period, Span, nights_in, runs

HISTORY = timedelta(days=400)
LONGEST_PAUSE = timedelta(hours=24)  # what a server may ask for
LONGEST_RETRY = timedelta(minutes=60)
FIRST_PAUSE = timedelta(minutes=5)
MOST_DOUBLINGS = 8
JITTER_PARTS = 1024


@dataclass(frozen=True, slots=True)
class Missing:
    """Since when, and in how many agreeing reads, a feed no longer names a night that it had closed.

    `slow` is set once the night went missing in a way that faults do, too (many at once, or soon), and stays set.
    """

    since: datetime
    reads: int
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """What a feed holds of a property's time: an event as last read, or nights kept from an earlier read.

    `since` is when we first saw the nights closed; `missing` is set while a removal waits to be confirmed.
    `yields` when the host lets these nights be sold although the feed closes them.
    """

    uid: str
    kind: Kind
    summary: str
    nights: Span | None
    period: Period | None
    since: datetime
    missing: Missing | None = None
    yields: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """How a removal is confirmed: agreeing reads and the time between first and last of them.

    A mass removal is one of everything, or of more than so many nights or more than such a part of them; with
    `mass_is_both`, of more than so many that are also more than that part.
    """

    reads: int = 2
    wait: timedelta = timedelta(minutes=30)
    long_reads: int = 3
    long_wait: timedelta = timedelta(hours=4)
    near: timedelta = timedelta(days=7)
    mass_nights: int = 3
    mass_percent: int = 20
    mass_is_both: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The claims a feed has after a reading, and which nights that closes, opens or holds back.

    Nights of claims that yield count as open.
    """

    claims: tuple[Claim, ...]
    closed: frozenset[date]
    opened: frozenset[date]
    held: frozenset[date]
    confirm_at: datetime | None = None


def plan(
    known: Iterable[Claim],
    reading: Reading,
    *,
    now: datetime,
    today: date,
    rules: Rules,
    yielding: frozenset[Kind] = frozenset(),
) -> Plan:
    """Decide what a reading changes, given what the feed held before. `today` is the property's own date.

    Entries of the `yielding` kinds are kept for display; a night that only such an entry still closes is a
    removal like any other.
    """
    known = tuple(known)
    before = nights_in(claim.nights for claim in known if claim.nights and not claim.yields)
    seen = nights_in(event.nights for event in reading.events if event.nights and event.kind not in yielding)
    gone = frozenset(night for night in before - seen if night >= today)
    slow = _slow(gone, before, seen, today=today, rules=rules)
    waits = _waits(known, gone, slow, now=now, agreeing=reading.frees)
    agreed = waits.items() if reading.frees else ()
    opened = frozenset(night for night, missing in agreed if _confirmed(missing, now, rules))
    held = gone - opened
    named = nights_in(event.nights for event in reading.events if event.nights)
    kept = _kept((c for c in known if not c.yields), seen | opened, waits, today)
    kept += _kept((c for c in known if c.yields), named | before | _ahead(known, today), {}, today)
    sightings = _Sightings(known)
    events = tuple(_claim(event, sightings, now, yields=event.kind in yielding) for event in reading.events)
    hours = () if reading.frees else tuple(c for c in known if not c.nights and not _named(c, events))
    return Plan(
        claims=_joined(events, kept, today) + hours,
        closed=frozenset(night for night in seen - before if night >= today),
        opened=opened,
        held=held,
        confirm_at=_confirm_at((waits[night] for night in held), now, rules),
    )


def freed(known: Iterable[Claim]) -> Plan:
    """What the host's click "free them now" does: every night that waits is opened."""
    known = tuple(known)
    held = nights_in(claim.nights for claim in known if claim.missing and claim.nights)
    rest = tuple(claim for claim in known if not claim.missing)
    still = nights_in(claim.nights for claim in rest if claim.nights and not claim.yields)
    return Plan(claims=rest, closed=frozenset(), opened=held - still, held=frozenset())


def next_poll(
    now: datetime,
    *,
    interval: timedelta,
    failures: int = 0,
    retry_after: int | None = None,
    confirm_at: datetime | None = None,
    seed: int = 0,
) -> datetime:
    """When to read next: the interval with ±10 % jitter, doubling pauses after failures, headers only lengthen.

    `retry_after` is in seconds; `confirm_at` brings a read forward so that a held night isn't kept longer than
    it must be. A failure waits an hour at most, and nothing waits longer than 24 hours.
    """
    pause = interval
    if failures:
        pause = max(interval, min(LONGEST_RETRY, FIRST_PAUSE * 2 ** min(failures - 1, MOST_DOUBLINGS)))
    elif confirm_at is not None:
        pause = min(pause, max(confirm_at - now, timedelta(seconds=1)))
    pause += pause * (seed % JITTER_PARTS - JITTER_PARTS // 2) / (JITTER_PARTS * 5)
    if confirm_at is not None and not failures:
        pause = max(pause, min(confirm_at - now, interval))
    if retry_after is not None:
        pause = max(pause, timedelta(seconds=retry_after))
    return now + min(pause, LONGEST_PAUSE)


def _waits(
    known: Iterable[Claim], gone: frozenset[date], slow: frozenset[date], *, now: datetime, agreeing: bool
) -> dict[date, Missing]:
    """For each night no longer named, since when; a reading that can't be trusted counts for nothing."""
    earlier: dict[date, Missing] = {}
    for claim in known:
        if claim.missing and claim.nights:
            earlier |= dict.fromkeys(claim.nights.nights(), claim.missing)
    waits = {}
    for night in gone:
        last = earlier.get(night, Missing(now, 0))
        if agreeing:
            first = last.since if last.reads else now
            last = Missing(first, last.reads + 1, last.slow)
        waits[night] = replace(last, slow=last.slow or night in slow)
    return waits


def _slow(
    gone: frozenset[date], before: frozenset[date], seen: frozenset[date], *, today: date, rules: Rules
) -> frozenset[date]:
    """The missing nights that need the long confirmation: all of a mass removal, else runs that begin soon."""
    ahead = sum(1 for night in before if night >= today)
    left = sum(1 for night in seen if night >= today)
    signs = (len(gone) > rules.mass_nights, len(gone) * 100 > rules.mass_percent * ahead)
    if not left or (all(signs) if rules.mass_is_both else any(signs)):
        return gone
    return nights_in(run for run in runs(gone) if run.start < today + rules.near)


def _confirmed(missing: Missing, now: datetime, rules: Rules) -> bool:
    reads, wait = (rules.long_reads, rules.long_wait) if missing.slow else (rules.reads, rules.wait)
    return missing.reads >= reads and now - missing.since >= wait


def _confirm_at(waiting: Iterable[Missing], now: datetime, rules: Rules) -> datetime | None:
    """When the next of the waiting nights may be opened at the earliest; None when none waits for time."""
    times = (
        max(missing.since + (rules.long_wait if missing.slow else rules.wait), now)
        for missing in waiting
        if missing.reads
    )
    return min(times, default=None)


def _kept(
    known: Iterable[Claim], dropped: frozenset[date], waits: dict[date, Missing], today: date
) -> tuple[Claim, ...]:
    """Nights that stay closed though the reading doesn't name them: history, and what waits."""
    kept: list[Claim] = []
    taken: set[date] = set()
    for claim in known:
        if not claim.nights:
            continue
        left = [
            n for n in claim.nights.nights() if n not in dropped and n not in taken and n >= today - HISTORY
        ]
        taken |= set(left)
        by_wait: dict[Missing | None, list[date]] = {}
        for night in left:
            by_wait.setdefault(waits.get(night), []).append(night)
        kept += [
            replace(claim, nights=run, period=claim.period if run == claim.nights else None, missing=missing)
            for missing, nights in by_wait.items()
            for run in runs(nights)
        ]
    return tuple(kept)


def _ahead(known: Iterable[Claim], today: date) -> frozenset[date]:
    """The nights from today on that anything held."""
    nights = nights_in(claim.nights for claim in known if claim.nights)
    return frozenset(night for night in nights if night >= today)


class _Sightings:
    """When we first saw what a feed holds, by UID and by night, so that no event is compared with every claim."""

    def __init__(self, known: Iterable[Claim]) -> None:
        self.uids: dict[str, datetime] = {}
        self.nights: dict[tuple[Kind, date], datetime] = {}
        alike: dict[tuple[datetime, Kind], list[Span]] = {}
        for claim in known:
            self.uids[claim.uid] = min(claim.since, self.uids.get(claim.uid, claim.since))
            if claim.nights is not None:
                alike.setdefault((claim.since, claim.kind), []).append(claim.nights)
        for since, kind in sorted(alike):
            for night in nights_in(alike[since, kind]):
                self.nights.setdefault((kind, night), since)

    def first(self, event: Event, now: datetime) -> datetime:
        """The earliest sight of the event's UID, or of one of its nights closed by an entry of its kind."""
        nights = event.nights.nights() if event.nights is not None else ()
        found = {self.nights.get((event.kind, night), now) for night in nights}
        return min(self.uids.get(event.uid, now), *found, now)


def _claim(event: Event, sightings: _Sightings, now: datetime, *, yields: bool) -> Claim:
    """The event as a claim, closed since we first saw it: by its UID, else by nights of the same kind."""
    return Claim(
        uid=event.uid,
        kind=event.kind,
        summary=event.summary,
        nights=event.nights,
        period=event.period,
        since=sightings.first(event, now),
        yields=yields,
    )


def _joined(events: tuple[Claim, ...], kept: tuple[Claim, ...], today: date) -> tuple[Claim, ...]:
    """Past nights of a running stay go back to its event, which some channels clip to today every day."""
    ended: dict[tuple[Kind, str, date], list[Claim]] = {}
    for claim in kept:
        if claim.nights is not None and not claim.missing:
            ended.setdefault((claim.kind, claim.summary, claim.nights.end), []).append(claim)
    joined, used = [], set()
    for event in events:
        nights = event.nights
        if nights is not None and nights.start <= today:
            pasts = ended.get((event.kind, event.summary, nights.start))
            past = pasts.pop(0) if pasts else None
            if past is not None and past.nights is not None:
                used.add(id(past))
                nights = Span(past.nights.start, nights.end)
        joined.append(replace(event, nights=nights) if nights is not event.nights else event)
    return tuple(joined) + tuple(claim for claim in kept if id(claim) not in used)


def _named(claim: Claim, events: Iterable[Claim]) -> bool:
    return any(event.uid == claim.uid and event.period == claim.period for event in events)
