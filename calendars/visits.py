"""One read of one feed: what it was asked for and answered, and what that comes to.

Links and units of other systems differ in how they are asked; what is then believed, kept, told and scheduled is
here for both.
"""

import math
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zlib import crc32

from django.conf import settings

from calendars import leases, ledger, sentences, verdicts
from calendars.models import Block, Feed, FeedRead
from calendars.verdicts import Verdict
from connectors.answers import Answer, Failure
from domain import follow, sync
from domain.ics import Reading
from domain.spans import nights_in
from domain.sync import Plan, Rules

QUARANTINE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Visit:
    """One leased feed and what its link or its system answered.

    `alone` when no other feed waits for it; `until` when it is too late to begin reading a calendar. `usual` is how
    long until the next read when all is well, `rules` how removals are confirmed.
    """

    feed: Feed
    answer: Answer | Failure
    lease: uuid.UUID
    now: datetime
    somebody_waits: bool
    usual: timedelta
    rules: Rules
    alone: bool = True
    until: float = math.inf

    @property
    def today(self) -> date:
        """The property's own date."""
        return self.feed.property.house.today(self.now)

    @property
    def circumstances(self) -> str:
        """What the meaning of the same content depends on."""
        return follow.circumstances(self.feed.property.house, self.today, self.feed.switches)

    @property
    def seed(self) -> int:
        """Spreads the next read; the same for the same feed and instant."""
        return crc32(f"{self.feed.pk}:{self.now.timestamp()}".encode())

    @property
    def interval(self) -> timedelta:
        """How long until the next read when all is well: shorter while a guest may be about to buy."""
        quick = self.feed.quick_until is not None and self.feed.quick_until > self.now
        return min(settings.POLL_INTERVAL_QUICK, self.usual) if quick else self.usual


def again(visit: Visit, at: datetime) -> Verdict:
    """The verdict on a read that came to nothing through no fault of the feed: no attempt."""
    return Verdict(visit.feed, None, at, {"attempts": visit.feed.attempts - 1})


def quarantined(feed: Feed, found: dict[str, Any], now: datetime, answer: Answer | None) -> Verdict:
    """Set aside for hours, and then read alone: every night stays as it was."""
    found = sentences.of(feed, found)
    line = FeedRead(
        feed=feed,
        at=now,
        until=now,
        outcome=FeedRead.Outcome.QUARANTINED,
        status=answer.status if answer else None,
        milliseconds=round(answer.seconds * 1000) if answer else 0,
        closed_nights=feed.closed_nights,
        problem=found,
    )
    columns = {
        "attempts": leases.MOST_ATTEMPTS - 1,
        "last_read_at": now,
        "quarantined_at": feed.quarantined_at or now,
        "failing_since": feed.failing_since or now,
        "failures": feed.failures + 1,
        "problem": found,
    }
    return Verdict(feed, line, now + QUARANTINE, columns)


def applied(visit: Visit, answer: Answer, reading: Reading, digest: str) -> Verdict:
    """Bring the ledger in line with the reading, under the property's lock and only with a valid lease.

    The verdict is written with the nights: no worker's death parts a change from its line in the log.
    """
    feed, now, today = visit.feed, visit.now, visit.today
    with ledger.changing(feed.property, now) as change:
        leases.fence(feed, visit.lease)
        blocks = list(Block.objects.filter(feed=feed))
        known = [block.claim for block in blocks]
        yielding = feed.switches.yielding
        plan = sync.plan(known, reading, now=now, today=today, rules=visit.rules, yielding=yielding)
        ledger.apply(change, feed, blocks, plan)
        verdicts.keep(feed, answer.body, digest, now)
        waiting = nights_in(claim.nights for claim in known if claim.missing and claim.nights)
        columns = _learnt(visit, answer, reading, plan, digest)
        verdict = good(visit, answer, columns, plan=plan, waiting=waiting)
        verdicts.write([verdict], visit.lease)
    return verdict


def _learnt(visit: Visit, answer: Answer, reading: Reading, plan: Plan, digest: str) -> dict[str, Any]:
    """What the feed's columns say of this content."""
    feed = visit.feed
    settled = follow.is_settled(reading, plan)  # until then the next read must bring the whole content
    columns = {
        "digest": digest if settled else "",
        "etag": answer.etag if settled else "",
        "last_modified": answer.last_modified if settled else "",
        "read_for": visit.circumstances,
        "events": len(reading.events),
        "closed_nights": sum(1 for night in reading.nights if night >= visit.today) + len(plan.held),
        "held_nights": len(plan.held),
        "confirm_at": plan.confirm_at,
        "problem": None if reading.frees else sentences.problem(reading.problems[0]),
    }
    if not reading.is_whole:  # what nobody can read may be closed: nothing is sold on it
        columns |= {"last_good_at": feed.last_good_at, "failing_since": feed.failing_since or visit.now}
    return columns


def good(
    visit: Visit,
    answer: Answer,
    columns: dict[str, Any],
    *,
    plan: Plan | None = None,
    waiting: frozenset[date] = frozenset(),
    next_poll_at: datetime | None = None,
) -> Verdict:
    """The verdict on a read that was answered with a calendar; `waiting` are the nights held before it."""
    feed, now = visit.feed, visit.now
    nights = verdicts.told(plan, waiting) if plan else None
    columns = {"problem": None, "last_good_at": now, "failing_since": None, **columns}
    columns |= {"last_read_at": now, "failures": 0, "quarantined_at": None, "attempts": 0}
    line = FeedRead(
        feed=feed,
        at=now,
        until=now,
        status=answer.status,
        milliseconds=round(answer.seconds * 1000),
        outcome=FeedRead.Outcome.CHANGED if nights else FeedRead.Outcome.UNCHANGED,
        events=columns.get("events", feed.events),
        closed_nights=columns.get("closed_nights", feed.closed_nights),
        problem=columns["problem"],
        closed=len(plan.closed) if plan else 0,
        opened=len(plan.opened) if plan else 0,
        held=len(plan.held) if plan else 0,
        nights=nights,
    )
    following = next_poll_at or sync.next_poll(
        now,
        interval=visit.interval,
        retry_after=answer.retry_after,
        confirm_at=plan.confirm_at if plan else None,
        seed=visit.seed,
    )
    return Verdict(feed, line, following, columns)


def failed(
    visit: Visit, found: dict[str, Any], outcome: FeedRead.Outcome = FeedRead.Outcome.FAILED
) -> Verdict:
    """The verdict on a read that told us nothing: every night stays as it was."""
    feed, now, answer = visit.feed, visit.now, visit.answer
    found = sentences.of(feed, found)
    status, retry_after = (answer.status, answer.retry_after) if isinstance(answer, Answer) else (None, None)
    # A host who presses "Read now" again and again doesn't put off the next read that comes by itself.
    failures = max(feed.failures, 1) if visit.somebody_waits else feed.failures + 1
    line = FeedRead(
        feed=feed,
        at=now,
        until=now,
        outcome=outcome,
        status=status,
        problem=found,
        closed_nights=feed.closed_nights,
        milliseconds=round(answer.seconds * 1000),
    )
    following = sync.next_poll(
        now, interval=visit.interval, failures=failures, seed=visit.seed, retry_after=retry_after
    )
    columns = {
        "last_read_at": now,
        "failures": failures,
        "problem": found,
        "failing_since": feed.failing_since or now,
        "attempts": 0,
    }
    return Verdict(feed, line, following, columns)
