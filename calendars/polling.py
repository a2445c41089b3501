"""Reading feeds: claim what is due, fetch, recognise what is unchanged, apply the rest, schedule the next read.

PostgreSQL holds the schedule. A claim is a lease with a token; whoever lost the lease may still fetch, but can no
longer write (fencing). No transaction is open while a feed is fetched.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zlib import crc32

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest

from calendars import ledger, sentences
from calendars.models import Block, Feed, FeedRead
from connectors.http import Answer, Failure, Target, fetch_many
from domain import ics, sync
from domain.channels import looks_like_listing_page
from domain.ics import Reading, State, Window
from domain.sync import Plan, Rules

log = structlog.get_logger()

LEASE = timedelta(seconds=120)
BATCH = 50
PAST = timedelta(days=30)
AHEAD = timedelta(days=730)
NOT_MODIFIED = 304
OK = 200
QUIET_COLUMNS = {"problem", "last_read_at", "last_good_at", "failures", "failing_since"}


class Superseded(Exception):
    """The lease went to another worker, whose read now counts."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One leased feed and what its link answered."""

    feed: Feed
    answer: Answer | Failure
    lease: uuid.UUID
    now: datetime

    @property
    def today(self) -> date:
        """The property's own date."""
        return self.feed.property.house.today(self.now)

    @property
    def circumstances(self) -> str:
        """What the meaning of the same content depends on: the day, and the property's clock."""
        house = self.feed.property.house
        return f"{self.today} {house.zone} {house.check_in} {house.check_out}"

    @property
    def seed(self) -> int:
        """Spreads the next read; the same for the same feed and instant."""
        return crc32(f"{self.feed.pk}:{self.now.timestamp()}".encode())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one read came to: a line for the log and the feed's new columns."""

    feed: Feed
    read: FeedRead
    next_poll_at: datetime
    columns: dict[str, Any]


def rules() -> Rules:
    """The removal rules with the waits of this installation."""
    return Rules(wait=settings.REMOVAL_WAIT, long_wait=settings.REMOVAL_WAIT_LONG)


def claim_due(now: datetime, limit: int) -> tuple[uuid.UUID, list[int]]:
    """Lease at most `limit` feeds that are due, most overdue first; skips what another worker is claiming."""
    return _claim(
        """SELECT f.id FROM calendars_feed f JOIN properties_property p ON p.id = f.property_id
           WHERE f.paused_at IS NULL AND p.archived_at IS NULL AND f.next_poll_at <= %s
             AND (f.lease_until IS NULL OR f.lease_until < %s)
           ORDER BY f.next_poll_at LIMIT %s FOR UPDATE OF f SKIP LOCKED""",
        [now, now, limit],
        now,
    )


def claim_these(feeds: Iterable[int], now: datetime) -> tuple[uuid.UUID, list[int]]:
    """Lease these feeds now, due or not; those that are paused or being read at the moment are left out."""
    return _claim(
        """SELECT id FROM calendars_feed WHERE id = ANY(%s) AND paused_at IS NULL
             AND (lease_until IS NULL OR lease_until < %s) FOR UPDATE SKIP LOCKED""",
        [list(feeds), now],
        now,
    )


def read(ids: Sequence[int], lease: uuid.UUID, now: datetime) -> list[FeedRead]:
    """Read the leased feeds: fetch them together, apply each, schedule the next read of each.

    Feeds whose lease went to somebody else meanwhile are left out of everything that is written.
    """
    feeds = list(Feed.objects.filter(pk__in=ids, lease_token=lease).select_related("property"))
    answers = fetch_many(
        [Target(feed.url, feed.etag, feed.last_modified) for feed in feeds],
        user_agent=settings.USER_AGENT,
        loopback_ports=settings.LOOPBACK_FEED_PORTS,
    )
    visits = [Visit(feed, answer, lease, now) for feed, answer in zip(feeds, answers, strict=True)]
    verdicts = [verdict for visit in visits if (verdict := _read_one(visit))]
    written = _write(verdicts, lease)
    reads = [verdict.read for verdict in verdicts if verdict.feed.pk in written]
    FeedRead.objects.bulk_create(reads)
    return reads


def free_held(feed: Feed, now: datetime) -> int:
    """Open at once every night of the feed that waits to be confirmed; how many that were."""
    with ledger.changing(feed.property, now) as change:
        blocks = list(Block.objects.filter(feed=feed))
        plan = sync.freed(block.claim for block in blocks)
        ledger.apply(change, feed, blocks, plan)
        Feed.objects.filter(pk=feed.pk).update(
            held_nights=0, closed_nights=Greatest(F("closed_nights") - len(plan.opened), 0)
        )
    return len(plan.opened)


def _claim(select: str, params: list[Any], now: datetime) -> tuple[uuid.UUID, list[int]]:
    lease = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE calendars_feed SET lease_until = %s, lease_token = %s WHERE id IN ({select}) RETURNING id",  # noqa: S608 - both selects are constants above
            [now + LEASE, lease, *params],
        )
        return lease, [row[0] for row in cursor.fetchall()]


def _read_one(visit: Visit) -> Verdict | None:
    """The verdict on one feed; a fault of ours in one feed must not cost the others theirs."""
    try:
        return _judge(visit)
    except Superseded:
        return None
    except Exception:
        log.exception("feed failed", feed=visit.feed.public_id, host=visit.feed.host)
        return None


def _judge(visit: Visit) -> Verdict:
    feed, answer = visit.feed, visit.answer
    if isinstance(answer, Failure):
        return _failed(visit, sentences.failure(answer.code, feed.host))
    if answer.status not in (OK, NOT_MODIFIED):
        return _failed(visit, sentences.status(answer.status, feed.host))
    digest = feed.digest if answer.status == NOT_MODIFIED else ics.content_digest(answer.body)
    if digest and digest == feed.digest and feed.read_for == visit.circumstances:
        return _good(visit, answer, {})
    if answer.status == NOT_MODIFIED:
        # A new day moves the window, new house times move the nights: the next read asks for the whole content.
        return _good(visit, answer, {"etag": "", "last_modified": ""}, next_poll_at=visit.now)
    window = Window(visit.today - PAST, visit.today + AHEAD)
    reading = ics.read(answer.body, feed.property.house, window, channel=feed.channel, today=visit.today)
    if reading.state is State.REFUSED:
        return _failed(visit, _refusal(feed, reading), FeedRead.Outcome.REFUSED)
    return _apply(visit, answer, reading, digest)


def _refusal(feed: Feed, reading: Reading) -> dict[str, Any]:
    """Why the answer isn't a calendar: the usual mistake where it is one."""
    if looks_like_listing_page(feed.url):
        return sentences.listing_page(feed.source.name)
    return sentences.problem(reading.problems[0])


def _apply(visit: Visit, answer: Answer, reading: Reading, digest: str) -> Verdict:
    """Bring the ledger in line with the reading, under the property's lock and only with a valid lease."""
    feed, now, today = visit.feed, visit.now, visit.today
    with ledger.changing(feed.property, now) as change:
        _fence(feed, visit.lease)
        blocks = list(Block.objects.filter(feed=feed))
        known = [block.claim for block in blocks]
        plan = sync.plan(known, reading, now=now, today=today, rules=rules())
        ledger.apply(change, feed, blocks, plan)
    trusted = reading.frees
    settled = trusted and not plan.held  # while nights wait, the next read must bring the whole content
    columns = {
        "digest": digest if settled else "",
        "etag": answer.etag if settled else "",
        "last_modified": answer.last_modified if settled else "",
        "read_for": visit.circumstances,
        "events": len(reading.events),
        "closed_nights": sum(1 for night in reading.nights if night >= today) + len(plan.held),
        "held_nights": len(plan.held),
        "problem": None if trusted else sentences.problem(reading.problems[0]),
    }
    return _good(visit, answer, columns, plan=plan)


def _good(
    visit: Visit,
    answer: Answer,
    columns: dict[str, Any],
    *,
    plan: Plan | None = None,
    next_poll_at: datetime | None = None,
) -> Verdict:
    """The verdict on a read that was answered with a calendar."""
    feed, now = visit.feed, visit.now
    changed = plan is not None and bool(plan.closed or plan.opened)
    columns = {"problem": None, **columns}
    columns |= {"last_read_at": now, "last_good_at": now, "failures": 0, "failing_since": None}
    line = FeedRead(
        feed=feed,
        at=now,
        status=answer.status,
        milliseconds=round(answer.seconds * 1000),
        outcome=FeedRead.Outcome.CHANGED if changed else FeedRead.Outcome.UNCHANGED,
        events=columns.get("events", feed.events),
        problem=columns["problem"],
        closed=len(plan.closed) if plan else 0,
        opened=len(plan.opened) if plan else 0,
        held=len(plan.held) if plan else 0,
    )
    following = next_poll_at or sync.next_poll(
        now,
        interval=settings.POLL_INTERVAL,
        retry_after=answer.retry_after,
        confirm_at=plan.confirm_at if plan else None,
        seed=visit.seed,
    )
    return Verdict(feed, line, following, columns)


def _failed(
    visit: Visit, found: dict[str, Any], outcome: FeedRead.Outcome = FeedRead.Outcome.FAILED
) -> Verdict:
    """The verdict on a read that told us nothing: every night stays as it was."""
    feed, now, answer = visit.feed, visit.now, visit.answer
    status, retry_after = (answer.status, answer.retry_after) if isinstance(answer, Answer) else (None, None)
    failures = feed.failures + 1
    line = FeedRead(
        feed=feed,
        at=now,
        outcome=outcome,
        status=status,
        problem=found,
        milliseconds=round(answer.seconds * 1000),
    )
    following = sync.next_poll(
        now, interval=settings.POLL_INTERVAL, failures=failures, seed=visit.seed, retry_after=retry_after
    )
    columns = {
        "last_read_at": now,
        "failures": failures,
        "problem": found,
        "failing_since": feed.failing_since or now,
    }
    return Verdict(feed, line, following, columns)


def _fence(feed: Feed, lease: uuid.UUID) -> None:
    """Raise Superseded unless the lease still holds; the row stays locked until the commit."""
    if not Feed.objects.select_for_update(no_key=True).filter(pk=feed.pk, lease_token=lease).exists():
        raise Superseded


def _write(verdicts: Iterable[Verdict], lease: uuid.UUID) -> set[int]:
    """Save the verdicts and give the leases back; the feeds whose lease still held."""
    verdicts = list(verdicts)
    written = _write_quiet([verdict for verdict in verdicts if _is_quiet(verdict)], lease)
    for verdict in verdicts:
        if not _is_quiet(verdict):
            rows = Feed.objects.filter(pk=verdict.feed.pk, lease_token=lease)
            if rows.update(
                **verdict.columns, next_poll_at=verdict.next_poll_at, lease_until=None, lease_token=None
            ):
                written.add(verdict.feed.pk)
    return written


def _is_quiet(verdict: Verdict) -> bool:
    """Whether nothing but the times changes: a healthy feed that said what it said before."""
    return verdict.columns.keys() == QUIET_COLUMNS and not verdict.feed.failures


def _write_quiet(verdicts: Sequence[Verdict], lease: uuid.UUID) -> set[int]:
    """The same as `_write` for the many quiet feeds, in one statement."""
    if not verdicts:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE calendars_feed f
               SET last_read_at = %s, last_good_at = %s, next_poll_at = v.next_poll_at,
                   lease_until = NULL, lease_token = NULL
               FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, next_poll_at)
               WHERE f.id = v.id AND f.lease_token = %s RETURNING f.id""",
            [
                verdicts[0].read.at,
                verdicts[0].read.at,
                [verdict.feed.pk for verdict in verdicts],
                [verdict.next_poll_at for verdict in verdicts],
                lease,
            ],
        )
        return {row[0] for row in cursor.fetchall()}
