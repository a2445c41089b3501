"""Reading units of other systems: asked for one after the other, and then believed, kept and told as links are.

No transaction is open while a system is asked. What it can't or doesn't answer leaves every night as it is.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from calendars import budgets, leases, ledger, mirrors, sentences, systems, verdicts, visits
from calendars.budgets import Meter, Share, UsedUp
from calendars.models import Closure, Connection, Feed, FeedRead
from calendars.verdicts import Verdict
from calendars.visits import Visit
from connectors.answers import Answer, Failure
from connectors.contract import AuthFailed, BadReply, Connector, ConnectorError, RateLimited
from domain import follow, ics, mirror
from domain.mirror import Own, Taken
from domain.spans import Span

log = structlog.get_logger()

OK = 200
TURN_S = 10.0  # no unit is asked for after this
SOON, DAY = timedelta(seconds=5), timedelta(days=1)
REST = timedelta(minutes=5)  # where a system asks for one and doesn't say how long
SYSTEMS = 10  # asked in one turn
MOST_CHANGES = 20  # answers of one turn


@dataclass(slots=True)
class Turn:
    """What is the same for all units of one connection that are read together."""

    key: tuple[object, ...]
    connection: Connection
    connector: Connector
    meter: Meter
    lease: uuid.UUID
    now: datetime
    usual: timedelta
    somebody_waits: bool


def read(
    feeds: Sequence[Feed], lease: uuid.UUID, now: datetime, *, somebody_waits: bool = False
) -> list[FeedRead]:
    """Read the leased units, apply each, schedule the next read of each; those left when the turn ends come next."""
    deadline = time.monotonic() + TURN_S
    lines: list[FeedRead] = []
    blocked = set(Closure.objects.filter(feed__in=feeds).known_there(now).values_list("feed", flat=True))
    for feed in feeds:
        feed.has_blocks = feed.pk in blocked  # type: ignore[attr-defined]  # for this turn
    unread = sorted(feeds, key=attrgetter("connection_id", "has_blocks", "pk"))
    turn: Turn | None = None
    while unread and time.monotonic() < deadline:
        feed = unread.pop(0)
        if turn is None or turn.key != _key(feed):
            turn = _begun(feed, lease, now, somebody_waits=somebody_waits)
        if turn and (verdict := _read_one(turn, feed)):
            lines += verdicts.write([verdict], lease)
    leases.give_back(((feed, now) for feed in unread), lease)
    Feed.objects.filter(pk__in=[feed.pk for feed in unread]).update(asked_at=F("last_read_at"))
    return lines


def _key(feed: Feed) -> tuple[object, ...]:
    """Units with the same key are asked for by one connector."""
    return feed.connection_id, feed.property.house, feed.has_blocks  # type: ignore[attr-defined]  # annotated


def _begun(feed: Feed, lease: uuid.UUID, now: datetime, *, somebody_waits: bool) -> Turn | None:
    """A turn; None where the installation can't ask this system at all, which costs no other account its turn."""
    try:
        return _turn(feed, lease, now, somebody_waits=somebody_waits)
    except Exception:
        log.exception("system not opened", feed=feed.public_id)
        return None


def _turn(feed: Feed, lease: uuid.UUID, now: datetime, *, somebody_waits: bool) -> Turn:
    connection = Connection.objects.get(feeds=feed)
    meter = Meter(connection, Share.SWEEP, now)
    key = _key(feed)
    connector = systems.opened(connection, meter, now, house=feed.property.house, has_blocks=bool(key[-1]))
    usual = budgets.sweep_interval(connection, now)
    return Turn(key, connection, connector, meter, lease, now, usual, somebody_waits)


def _read_one(turn: Turn, feed: Feed) -> Verdict | None:
    """The verdict on one unit; a fault of ours in one must not cost the others theirs."""
    began = time.monotonic()
    visit = _visit(turn, feed, Failure("protocol", 0))
    try:
        return _judge(turn, visit, began)
    except leases.Superseded:
        return None
    except ledger.Crowded:
        return visits.again(visit, turn.now + SOON)
    except ConnectorError as error:
        failure = Failure("protocol", time.monotonic() - began)
        return _troubled(turn, _visit(turn, feed, failure), error)
    except Exception:
        log.exception("unit failed", feed=feed.public_id, system=turn.connection.system)
        return None


def _visit(turn: Turn, feed: Feed, answer: Answer | Failure) -> Visit:
    rules = mirror.rules(settings.MIRROR_REMOVAL_WAIT)
    return Visit(feed, answer, turn.lease, turn.now, turn.somebody_waits, turn.usual, rules)


def _judge(turn: Turn, visit: Visit, began: float) -> Verdict:
    """Ask for the unit and apply the answer. Raises ConnectorError, Superseded, Crowded."""
    feed = visit.feed
    wanted = turn.somebody_waits or bool(
        feed.wanted_at and (feed.last_read_at is None or feed.wanted_at > feed.last_read_at)
    )
    turn.meter.listing, turn.meter.share = feed.listing, Share.ASKED if wanted else Share.SWEEP
    window = _window(turn, visit.today)
    calendar = turn.connector.calendar(feed.listing, window)
    if calendar.window.start > window.start or calendar.window.end < window.end:
        raise BadReply(sentences.PART_OF_IT)
    taken = (Taken(stretch.nights, stretch.ours, stretch.label) for stretch in calendar.taken)
    reading = mirror.reading(taken, own(feed, turn.now))
    body = mirror.snapshot(reading)
    answer = Answer(OK, body, "text/calendar", "", "", None, time.monotonic() - began)
    heard = _visit(turn, feed, answer)
    digest = ics.content_digest(body)
    _recovered(turn.connection)
    if follow.is_unchanged(feed, digest, heard.circumstances):
        return visits.good(heard, answer, {})
    return visits.applied(heard, answer, reading, digest)


def own(feed: Feed, since: datetime) -> list[Own]:
    """What we closed there or may have, when a read that began at the instant was answered."""
    rows = Closure.objects.filter(feed=feed, last__gt=since.date() - DAY).known_there(since)
    return [Own(row.reference, row.span) for row in rows]


def _window(turn: Turn, today: date) -> Span:
    return Span(today, today + min(follow.AHEAD, turn.connector.spec.horizon))


def _recovered(connection: Connection) -> None:
    if connection.failing_since or connection.problem:
        rows = Connection.objects.filter(pk=connection.pk, state=Connection.State.READY)
        rows.update(failing_since=None, problem=None)
        connection.failing_since = connection.problem = None


def _troubled(turn: Turn, visit: Visit, error: ConnectorError) -> Verdict:
    """The verdict where the system gave no answer that counts: every night stays as it was."""
    feed, connection, now = visit.feed, turn.connection, turn.now
    log.info(
        "unit not read",
        feed=feed.public_id,
        system=connection.system,
        error=type(error).__name__,
        detail=error.detail,
    )
    if isinstance(error, UsedUp):
        return _put_off(visit, now + (error.wait or REST))
    found = sentences.of_system(str(error))
    if isinstance(error, AuthFailed):
        mirrors.stop(connection, found, now)
    elif isinstance(error, RateLimited):
        rest = now + (error.wait or REST)
        Connection.objects.filter(pk=connection.pk).update(rest_until=rest)
    if connection.failing_since is None:
        Connection.objects.filter(pk=connection.pk, failing_since=None).update(
            failing_since=now, problem=found
        )
    return visits.failed(visit, found)


def _put_off(visit: Visit, at: datetime) -> Verdict:
    """The verdict where our own budget doesn't allow the read: no attempt, no failure, and the feed says why."""
    feed = visit.feed
    columns: dict[str, Any] = {"attempts": feed.attempts - 1, "asked_at": feed.last_read_at}
    if feed.problem is None:
        columns["problem"] = sentences.of(feed, sentences.over_budget())
        columns["failing_since"] = feed.failing_since or visit.now
    return Verdict(feed, None, at, columns)


# What changed


def ask_what_changed(now: datetime) -> int:
    """Ask each system that is due what changed, and have those units read; how many systems were asked."""
    connections = _claimed(now)
    for connection in connections:
        meter = Meter(connection, Share.SWEEP, now)
        try:
            _follow_changes(connection, systems.opened(connection, meter, now), now)
        except AuthFailed as error:
            mirrors.stop(connection, sentences.of_system(str(error)), now)
        except ConnectorError as error:
            log.info(
                "changes not told", system=connection.system, error=type(error).__name__, detail=error.detail
            )
        except Exception:
            log.exception("changes failed", connection=connection.public_id)
    return len(connections)


def _claimed(now: datetime) -> list[Connection]:
    """The connections that are due to be asked; the next time is set before they are."""
    with transaction.atomic():
        rows = Connection.objects.asking(now).filter(next_changes_at__lte=now)
        found = list(
            rows.select_for_update(skip_locked=True, no_key=True).order_by("next_changes_at")[:SYSTEMS]
        )
        for connection in found:
            following = now + budgets.changes_interval(connection, now)
            Connection.objects.filter(pk=connection.pk).update(next_changes_at=following)
    return found


def _follow_changes(connection: Connection, connector: Connector, now: datetime) -> None:
    """Raises ConnectorError. The cursor moves on only once the units before it are due."""
    cursor = connection.cursor or None
    for _ in range(MOST_CHANGES):
        changes = connector.changes(cursor)
        units = mirrors.units_of(connection).reading()
        if not changes.is_everything:
            units = units.filter(listing__in=changes.listings)
        units.filter(next_poll_at__gt=now).update(next_poll_at=now)
        cursor = changes.cursor
        Connection.objects.filter(pk=connection.pk).update(cursor=cursor)
        if not changes.more:
            return
