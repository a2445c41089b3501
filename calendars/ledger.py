"""The one writer of nights: everything that closes or opens one happens inside `changing`.

`changing` is a durable transaction that takes the Calendar row's lock before anything else; on leaving, it
rebuilds what is derived (Busy, export bodies, version), so that both are true at the commit or not at all. What
moves from one property to another needs both locks: `changing_all`. The house's times change under the same lock
(`rehousing`), so that nothing is reckoned with times that are no longer true.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Q
from psycopg.errors import LockNotAvailable
from psycopg.types.range import TimestamptzRange

from accounts.acting import acting_for
from calendars import announcements, conflicts, echoes, exports, merging, suspensions
from calendars.models import Block, Busy, Calendar, ExportLink, Feed, date_range
from domain.diary import Diary, Taken
from domain.events import Kind
from domain.spans import Period, Span, nights_in
from domain.switches import Switches
from domain.sync import Claim, Plan
from domain.turnovers import side_of
from properties.models import Property

LOCK_TIMEOUT = "3s"
# The columns that `claims` reads.
CLAIMED = ("nights", "period", "kind", "origin", "feed_id", "side", "held_until")


class NightsTaken(Exception):
    """Some of the nights are closed; nothing was written."""


class Lapsed(Exception):
    """The hold is no longer there: it ran out or was released."""


class Crowded(Exception):
    """So many want to change this property at once that the lock didn't come in time; nothing was written."""


@dataclass(slots=True)
class Changing:
    """A property's nights while its calendar is locked.

    `touched` when anything changed that channels or the host are told; `kept` when holds came or went, which close
    nights but are in no export and no conflict.
    """

    property: Property
    calendar: Calendar
    now: datetime
    touched: bool = False
    kept: bool = False
    before: set[Span] | None = None  # the merged nights, where they have changed already under this lock

    def next_version(self) -> int:
        """The calendar's version once this is committed."""
        return self.calendar.version + 1


@contextmanager
def changing(property: Property, now: datetime) -> Iterator[Changing]:
    """Lock the property's calendar, let its nights be changed, and rebuild what is derived from them.

    The property gets the house's times that hold under the lock, whenever it was fetched. Raises Crowded when the
    lock doesn't come within three seconds, RuntimeError when a transaction is already open: the commit must be this
    one's.
    """
    with changing_all([property], now) as (change,):
        yield change


@contextmanager
def changing_all(properties: Sequence[Property], now: datetime) -> Iterator[list[Changing]]:
    """The same for several homes of one organization, locked in one order; the rules see all its homes."""
    with acting_for(properties[0].organization_id), transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        calendars = {home.pk: _locked(home, now) for home in sorted(properties, key=attrgetter("pk"))}
        _keep_the_times(properties)
        changes = [Changing(home, calendars[home.pk], now) for home in properties]
        for change in changes:
            _expire(change)
        yield changes
        for change in changes:
            _rebuild(change)


def apply(change: Changing, feed: Feed, blocks: Iterable[Block], plan: Plan) -> None:
    """Make the feed's blocks, as they are under this lock, say what the plan's claims say; equal ones stay.

    What only waits to be confirmed, or has another UID, hasn't changed for whoever reads it with us.
    """
    rows: dict[object, list[Block]] = {}
    blocks = list(blocks)
    for block in blocks:
        rows.setdefault(block.claim, []).append(block)
    new: list[Claim] = []
    for claim in plan.claims:
        same = rows.get(claim)
        if same:
            same.pop()
        else:
            new.append(claim)
    stale = [block for same in rows.values() for block in same]
    told = {_said(block.claim): block.changed_at for block in stale}
    if stale:
        Block.objects.filter(pk__in=[block.pk for block in stale]).delete()
    Block.objects.bulk_create(Block.of_feed(feed, claim, told.get(_said(claim), change.now)) for claim in new)
    change.touched |= bool(new or stale)
    known = nights_in(span for block in blocks if (span := block.span))
    named = nights_in(claim.nights for claim in new if claim.nights) - known
    if plan.closed or plan.opened or named:
        echoes.listen(change.property, feed, plan, named, change.property.house.today(change.now))


def _said(claim: Claim) -> Claim:
    return replace(claim, uid="", missing=None)


def treat(change: Changing, feed: Feed, switches: Switches) -> None:
    """Take on what the host decides about a feed: which nights yield at once, how dates are meant at the next read.

    Whoever is reading it the old way loses the lease.
    """
    rows = Block.objects.filter(feed=feed, missing_since=None)
    rows.filter(kind__in=switches.yielding).update(yields=True)
    rows.exclude(kind__in=switches.yielding).update(yields=False)
    Feed.objects.filter(pk=feed.pk).update(
        sells_around=switches.sells_around,
        sells_tentative=switches.sells_tentative,
        ends_inclusive=switches.ends_inclusive,
        next_poll_at=change.now,
        lease_until=None,
        lease_token=None,
    )
    change.touched = True


def remove_feed(change: Changing, feed: Feed) -> list[Block]:
    """Read the feed no more and open what only it closed, by the host's decision; the blocks that it had.

    Its row and history stay until they are swept. Whoever is reading it loses the lease.
    """
    blocks = list(Block.objects.filter(feed=feed))
    Block.objects.filter(feed=feed).delete()
    leaves = {"lease_until": None, "lease_token": None, "next_poll_at": None}
    Feed.objects.filter(pk=feed.pk).update(removed_at=change.now, **leaves)
    change.touched = True
    return blocks


def close(change: Changing, span: Span, note: str = "") -> Block:
    """Close nights by the host's own hand, whatever else says so."""
    change.touched = True
    return Block.objects.create(
        organization_id=change.property.organization_id,
        property=change.property,
        origin=Block.Origin.HOST,
        kind=Kind.OWNER,
        nights=date_range(span),
        summary=note,
        since=change.now,
        changed_at=change.now,
        version=change.next_version(),
    )


def reopen(change: Changing, block: Block) -> None:
    """Take a host's block away; nights that something else closes stay closed."""
    change.touched |= bool(Block.objects.filter(pk=block.pk, origin=Block.Origin.HOST).delete()[0])


def hold(
    change: Changing,
    nights: Span | None,
    *,
    until: datetime,
    reference: str,
    hours: Period | None = None,
    side: str = "",
) -> Block:
    """Keep nights, or hours with the night that they close if any, for one guest until the instant.

    `side` tells where the guest's own stay is: before it ("leaving") or after it ("arriving"). Raises NightsTaken
    when any of it is taken, ValueError when neither is given.
    """
    house, is_stay = change.property.house, hours is None
    period = hours or (house.stay(nights) if nights else None)
    if period is None:
        message = "nothing to hold"
        raise ValueError(message)
    if _is_taken(change.property, nights, period, needs_hours=not is_stay):
        raise NightsTaken
    change.kept = True
    try:
        with transaction.atomic():
            return Block.objects.create(
                organization_id=change.property.organization_id,
                property=change.property,
                origin=Block.Origin.HOLD,
                kind=Kind.RESERVATION if is_stay else Kind.HOURS,
                nights=date_range(nights),
                period=TimestamptzRange(period.start, period.end, "[)"),
                reference=reference,
                side=side or ("" if is_stay else side_of(period, house)),
                since=change.now,
                changed_at=change.now,
                held_until=until,
            )
    except IntegrityError as error:
        raise NightsTaken from error


def confirm(change: Changing, reference: str, summary: str = "") -> Block:
    """Turn a hold into a sale, unless a feed has closed one of its nights or hours meanwhile.

    `summary` is the guest's name, which no channel is ever told. Raises Lapsed when the hold is gone,
    NightsTaken when another claim overlaps it.
    """
    block = Block.objects.filter(
        property=change.property, reference=reference, origin=Block.Origin.HOLD
    ).first()
    if block is None:
        raise Lapsed
    others = Block.objects.filter(property=change.property, yields=False).exclude(pk=block.pk)
    reached = change.property.house.nights_of(Period(block.period.lower, block.period.upper))
    clash = Q(nights__overlap=block.nights) | Q(nights__overlap=date_range(reached))
    if block.kind == Kind.HOURS:
        clash |= Q(period__overlap=block.period)
    if others.filter(clash).exists():
        raise NightsTaken
    block.origin = Block.Origin.SALE
    block.summary = summary
    block.held_until = None
    block.changed_at = change.now
    block.version = change.next_version()
    block.save(update_fields=["origin", "summary", "held_until", "changed_at", "version"])
    change.touched = True
    return block


def diary(property: Property, window: Span, *, without: str = "", echoes: bool = True) -> Diary:
    """The claims on the property's time that touch the window, but for the hold or sale with this reference.

    Without `echoes`, the nights that a feed only reads back from our own export count as nobody's.
    """
    reach = property.house.stay(window)
    near = Q(nights__overlap=date_range(window)) | Q(period__overlap=(reach.start, reach.end))
    rows = Block.objects.filter(near, property=property, yields=False).exclude(reference=without or None)
    feeds = {} if echoes else Feed.objects.filter(property=property).defer("url").in_bulk()
    return Diary(property.house, claims(rows.only(*CLAIMED), feeds))


def claims(rows: Iterable[Block], feeds: Mapping[int, Feed] | None = None) -> tuple[Taken, ...]:
    """The blocks as a diary takes them; nights that one of the feeds only reads back from us count as nobody's."""
    taken: list[Taken] = []
    for row in rows:
        feed, span = (feeds or {}).get(row.feed_id or 0), row.span
        if feed and span and (left := span.minus(feed.echo_spans)) != (span,):
            taken += [Taken(part) for part in left]
        else:
            period = Period(row.period.lower, row.period.upper) if row.period else None
            cleans = not (row.kind == Kind.HOURS and row.origin in Block.EXCLUSIVE)
            taken.append(Taken(span, period, cleans, row.joins, row.held_until))
    return tuple(taken)


def shorten(change: Changing, reference: str, nights: Span, period: Period) -> None:
    """Let a sale keep only these of its nights. Raises Lapsed when it is gone or has never held them."""
    sales = Block.objects.filter(property=change.property, reference=reference, origin=Block.Origin.SALE)
    held = sales.filter(nights__contains=date_range(nights))
    instants = TimestamptzRange(period.start, period.end, "[)")
    told = {"changed_at": change.now, "version": change.next_version()}
    if not held.update(nights=date_range(nights), period=instants, **told):
        raise Lapsed
    change.touched = True


def release(change: Changing, reference: str) -> bool:
    """Let a hold or a sale go; whether there was one."""
    gone = Block.objects.ours().filter(property=change.property, reference=reference).delete()[0]
    change.touched |= bool(gone)
    return bool(gone)


def extend(change: Changing, reference: str, until: datetime) -> None:
    """Keep a hold for longer, while its purchase is being decided. Raises Lapsed when it is gone."""
    holds = Block.objects.filter(property=change.property, reference=reference, origin=Block.Origin.HOLD)
    if not holds.update(held_until=until):
        raise Lapsed


def taken(property: Property, window: Span) -> tuple[Span, ...]:
    """The merged closed runs that touch the window."""
    rows = Busy.objects.filter(property=property, nights__overlap=date_range(window)).order_by("nights")
    return tuple(row.span for row in rows)


def _is_taken(property: Property, nights: Span | None, period: Period, *, needs_hours: bool) -> bool:
    """Whether a night is closed, of those that would be held or that the period reaches; or an hour, where needed."""
    if any(_is_closed(property, span) for span in {nights, property.house.nights_of(period)} if span):
        return True
    return needs_hours and _hours_taken(property, period)


def _is_closed(property: Property, span: Span) -> bool:
    return Busy.objects.filter(property=property, nights__overlap=date_range(span)).exists()


def _hours_taken(property: Property, period: Period) -> bool:
    """Whether anything that closes time is there within the period."""
    rows = Block.objects.filter(property=property, yields=False)
    return rows.filter(period__overlap=(period.start, period.end)).exists()


def _locked(property: Property, now: datetime) -> Calendar:
    """The property's calendar row, locked; a property's first change makes it."""
    rows = Calendar.objects.select_for_update(no_key=True)
    try:
        calendar = rows.filter(property=property).first()
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Crowded from error
        raise
    if calendar is None:
        organization = property.organization_id
        Calendar.objects.bulk_create(
            [Calendar(property=property, organization_id=organization, changed_at=now)], ignore_conflicts=True
        )
        calendar = rows.get(property=property)
    return calendar


def _keep_the_times(properties: Iterable[Property]) -> None:
    """Give each home the house's times as they are under its lock: the caller may have fetched it before.

    A query of its own, after the locks: one that waits for a lock sees other tables as they were before it waited.
    """
    rows = Property.objects.filter(pk__in=[home.pk for home in properties])
    fresh = rows.only("time_zone", "check_in", "check_out", "turnaround").in_bulk()
    for home in properties:
        home.house = fresh[home.pk].house


def _expire(change: Changing) -> None:
    """Holds that ran out go first, so that nobody loses a night to a guest who left."""
    holds = Block.objects.filter(property=change.property, origin=Block.Origin.HOLD)
    if holds.filter(held_until__lte=change.now).delete()[0]:
        change.kept = True
        # Whoever holds something under this lock shall find it free.
        change.before, _after = merging.rebuild(change.property)


def _rebuild(change: Changing) -> None:
    """Busy, export bodies and the version, from the blocks as they now are."""
    if not (change.touched or change.kept):
        return
    before, after = merging.rebuild(change.property)
    if change.touched:
        suspensions.follow(change.property, change.now, change.next_version())
        _tell(change)
    change.calendar.version = change.next_version()
    change.calendar.changed_at = change.now
    change.calendar.save(update_fields=["version", "changed_at"])
    before = before if change.before is None else change.before
    if before != after:
        announcements.nights(change.property, change.calendar.version, before, after, change.now)


def _tell(change: Changing) -> None:
    """Export bodies for the channels, and conflicts for the host."""
    bodies = exports.Bodies(change.property)
    for link in ExportLink.objects.live().filter(property=change.property).defer("body"):
        content = bodies.of(link)
        if link.etag != exports.etag(content):
            exports.write(link, content, change.now, change.next_version())
            link.save(update_fields=["body", "etag", "changed_at", "body_version"])
    conflicts.keep(change.property, change.now)


def differences(property: Property) -> list[str]:
    """What a recomputation from the blocks finds wrong; empty when everything derived is true."""
    spans = merging.closed(property)
    rows = {row.span for row in Busy.objects.filter(property=property)}
    found = [f"closed but not in Busy: {s.start} to {s.end}" for s in sorted(spans - rows)]
    found += [f"in Busy but not closed: {s.start} to {s.end}" for s in sorted(rows - spans)]
    bodies = exports.Bodies(property)
    for link in ExportLink.objects.live().filter(property=property):
        content = bodies.of(link)
        if bytes(link.body) != content or link.etag != exports.etag(content):
            found.append(f"export link {link.public_id} is not what the blocks say")
    return found
