"""Closing nights at a connection's system: what takes them elsewhere is in an outbox until it stands there.

Which nights those are follows from the ledger and is worked out anew whenever the calendar's version moved. Each
run is asked for with a reference of ours, as often as it takes, and opened again when nothing takes it any more.
No transaction is open while the system is asked.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from calendars import exports, mirrors, sentences, systems
from calendars.budgets import Meter, Share
from calendars.models import Block, Calendar, Closure, Connection, Feed
from connectors.contract import (
    AuthFailed,
    Cap,
    Connector,
    ConnectorError,
    NotPermitted,
    RateLimited,
    Rejected,
)
from domain import mirror
from domain.events import BY_RULE
from domain.mirror import Own
from domain.spans import Span

log = structlog.get_logger()

State = Closure.State

AT_ONCE = 200  # units whose closures one sweep works out
TURN_S = 10.0  # nothing is asked for after this
MOST_A_TURN = 20
CLAIM = timedelta(minutes=2)  # longer than a worker may take for a task
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=30)
MOST_DOUBLINGS = 10
NOTE = "Taken elsewhere; closed by Amplistay"


# Which nights


def follow(now: datetime) -> int:
    """Work out anew what is to be closed where the calendar changed; how many units that were."""
    unwanted = Q(feed__removed_at__isnull=False) | Q(feed__connection__two_way=False)
    mirrors.drop(Closure.objects.wanted().filter(unwanted), now)
    version = Calendar.objects.filter(property=OuterRef("property")).values("version")[:1]
    units = Feed.objects.mirrored().filter(connection__in=Connection.objects.live().filter(two_way=True))
    behind = units.annotate(version=Subquery(version)).filter(~Q(told_version=F("version")), version__gt=0)
    feeds = list(
        behind.select_related("property", "connection").defer("url", "connection__secrets")[:AT_ONCE]
    )
    for feed in feeds:
        _work_out(feed, feed.version, now)  # type: ignore[attr-defined]  # annotated above
    return len(feeds)


def _work_out(feed: Feed, version: int | None, now: datetime) -> None:
    """Make the unit's closures those that its property's blocks ask for, as of this version at least."""
    today = feed.property.house.today(now)
    with transaction.atomic():
        Feed.objects.select_for_update(no_key=True).get(pk=feed.pk)
        rows = Closure.objects.filter(feed=feed).wanted().exclude(state=State.OVER)
        standing = [Own(row.reference, row.span) for row in rows]
        blocks = Block.objects.filter(property=feed.property).select_related("feed").defer("feed__url")
        stale, new = mirror.settled(to_close(feed, blocks, today), standing, today)
        mirrors.drop(rows.filter(reference__in=[own.reference for own in stale]), now)
        Closure.objects.bulk_create(_closure(feed, span, now) for span in new)
        Feed.objects.filter(pk=feed.pk).update(told_version=version or 0)


def _closure(feed: Feed, span: Span, now: datetime) -> Closure:
    return Closure(
        organization_id=feed.organization_id,
        property_id=feed.property_id,
        feed=feed,
        first=span.start,
        last=span.end,
        made_at=now,
        next_try_at=now,
    )


def to_close(feed: Feed, blocks: Iterable[Block], today: date) -> tuple[Span, ...]:
    """The nights that something else takes and the system doesn't: sales, the host's own, other calendars'.

    Not what a site closes by a rule of its own, which moves on daily, nor what it only reads back from us. `blocks`
    are all claims on the home, with their feeds.
    """
    if feed.connection is None:
        return ()
    blocks = list(blocks)
    wanted = [
        part
        for block in blocks
        if _is_told(block, feed)
        for span in exports.taken(block, feed.property.house)
        for part in span.minus(block.feed.echo_spans if block.feed else ())
    ]
    theirs = [span for block in blocks if block.feed_id == feed.pk and (span := block.span)]
    horizon = systems.spec_of(feed.connection).horizon
    return mirror.to_close(wanted, theirs, Span(today, today + horizon))


def _is_told(block: Block, feed: Feed) -> bool:
    """Whether the unit's system is told of the claim: one that closes nights, is no hold and not its own."""
    if block.span is None or block.yields or block.origin == Block.Origin.HOLD or block.kind in BY_RULE:
        return False
    return block.feed is None or block.feed.connection_id != feed.connection_id


# Telling the system


def send_due(now: datetime) -> int:
    """Tell systems what is due, a turn's worth; how many closures were tried."""
    deadline = time.monotonic() + TURN_S
    tried = 0
    key, connector = None, None
    for closure in _claimed(now):
        if time.monotonic() > deadline:
            Closure.objects.filter(pk=closure.pk).update(next_try_at=now, tries=F("tries") - 1)
            continue
        if connector is None or key != closure.feed.connection_id:
            key, connector = closure.feed.connection_id, _connector(closure, now)
        tried += 1
        _try(closure, connector, now)
    return tried


def _claimed(now: datetime) -> list[Closure]:
    """What is due and nobody else is telling: ours for two minutes. What opens nights comes first."""
    asking = Connection.objects.filter(
        Q(rest_until=None) | Q(rest_until__lte=now), state=Connection.State.READY
    )
    due = Closure.objects.due(now).filter(feed__connection__in=asking)
    with transaction.atomic():
        rows = due.select_for_update(skip_locked=True, no_key=True, of=("self",))
        ids = [row.pk for row in rows.order_by("next_try_at", "pk")[:MOST_A_TURN]]
        Closure.objects.filter(pk__in=ids).update(next_try_at=now + CLAIM, tries=F("tries") + 1)
    found = Closure.objects.filter(pk__in=ids).order_by("pk")
    with_all = list(_with_units(found))
    return sorted(with_all, key=lambda row: (row.feed.connection_id, row.dropped_at is None, row.pk))


def _with_units(rows: QuerySet[Closure]) -> Iterator[Closure]:
    """The closures with their feeds, those that are removed among them."""
    feeds = Feed.everything.filter(closures__in=rows).select_related("property", "connection").in_bulk()
    for row in rows:
        row.feed = feeds[row.feed_id]
        yield row


def _connector(closure: Closure, now: datetime) -> Connector:
    connection = closure.feed.connection
    if connection is None:
        message = "a closure of a link"
        raise TypeError(message)
    house = closure.feed.property.house
    return systems.opened(connection, Meter(connection, Share.ASKED, now), now, house=house, has_blocks=True)


def _try(closure: Closure, connector: Connector, now: datetime) -> None:
    """One step further with a closure; a fault of ours in one must not keep the others."""
    try:
        if closure.dropped_at is None:
            _close(closure, connector, now)
        else:
            _open(closure, connector, now)
    except ConnectorError as error:
        _note(closure, error, now)
    except Exception:
        log.exception("closure failed", closure=closure.reference)


def _close(closure: Closure, connector: Connector, now: datetime) -> None:
    """Have the nights closed there. That we asked is written down before we ask."""
    today = closure.feed.property.house.today(now)
    if closure.last <= today:
        _end(closure, now)
        return
    if _waits(closure):
        Closure.objects.filter(pk=closure.pk).update(next_try_at=now + FIRST_PAUSE, tries=0)
        return
    if closure.state == State.DUE:
        closure.first = max(closure.first, today)
        closure.state, closure.began_at = State.SENT, now
        closure.save(update_fields=["first", "state", "began_at"])
    handle = connector.block(closure.feed.listing, closure.span, closure.reference, NOTE)
    done = {"state": State.THERE, "handle": handle, "closed_at": now, "problem": None, "tries": 0}
    rows = Closure.objects.filter(pk=closure.pk)
    rows.update(**done)
    rows.wanted().update(next_try_at=None)
    rows.exclude(dropped_at=None).update(next_try_at=now)  # dropped while we asked


def _waits(closure: Closure) -> bool:
    """Whether nights of it are closed there already by a closure that is about to be opened."""
    others = Closure.objects.filter(feed=closure.feed_id, dropped_at__isnull=False).held_there()
    return others.filter(first__lt=closure.last, last__gt=closure.first).exists()


def _open(closure: Closure, connector: Connector, now: datetime) -> None:
    """Have the nights opened there; where a reply was lost, the handle is asked for once more."""
    is_over = closure.last <= closure.feed.property.house.today(now)
    if closure.state in (State.SENT, State.THERE) and not is_over:
        listing = closure.feed.listing
        if closure.state == State.SENT:
            handle = connector.block(listing, closure.span, closure.reference, NOTE)
            closure.state, closure.handle = State.THERE, handle
            closure.save(update_fields=["state", "handle"])
        connector.unblock(listing, closure.handle)
    _end(closure, now)


def _end(closure: Closure, now: datetime, problem: dict[str, object] | None = None) -> None:
    """Nothing of it stands there any more; the unit is read at its next turn, to see what does."""
    over = {"state": State.OVER, "ended_at": now, "dropped_at": closure.dropped_at or now}
    Closure.objects.filter(pk=closure.pk).update(**over, next_try_at=None, problem=problem)
    _have_read(closure, now)


def _have_read(closure: Closure, now: datetime) -> None:
    Feed.objects.filter(pk=closure.feed_id, next_poll_at__gt=now).update(next_poll_at=now)


def _note(closure: Closure, error: ConnectorError, now: datetime) -> None:
    """Write down what came of a try that failed: refused for good, or to be tried again later."""
    found = sentences.of_system(str(error))
    log.info("closure not done", closure=closure.reference, error=type(error).__name__, detail=error.detail)
    if isinstance(error, (Rejected, NotPermitted)):
        if closure.dropped_at is not None:
            _end(closure, now, found)
            return
        Closure.objects.filter(pk=closure.pk).update(state=State.REFUSED, next_try_at=None, problem=found)
        _have_read(closure, now)
        return
    connection = closure.feed.connection
    if isinstance(error, AuthFailed) and connection:
        mirrors.stop(connection, found, now)
    wait = error.wait if isinstance(error, RateLimited) and error.wait else timedelta()
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(max(closure.tries - 1, 0), MOST_DOUBLINGS))
    Closure.objects.filter(pk=closure.pk).update(next_try_at=now + max(pause, wait), problem=found)


def can_close(connection: Connection) -> bool:
    """Whether nights can be closed there, as far as is known."""
    return Cap.BLOCK in systems.spec_of(connection).caps
