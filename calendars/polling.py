"""Reading feeds: fetch what is leased, recognise what is unchanged, apply the rest, schedule the next read.

PostgreSQL holds the schedule (`leases`), and says how fast a server may be asked (`servers`). No transaction is
open while a feed is fetched, and strangers' bytes are read in a child process that can be killed.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zlib import crc32

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest, Least

from calendars import leases, ledger, sentences, servers, verdicts
from calendars.models import Block, Feed, FeedRead
from calendars.verdicts import Verdict
from connectors import sandbox
from connectors.http import Answer, Failure, Target, fetch_groups
from domain import follow, ics, sync
from domain.channels import looks_like_listing_page
from domain.ics import Reading, State
from domain.problems import Problem
from domain.spans import nights_in
from domain.sync import Plan, Rules

log = structlog.get_logger()

NOT_MODIFIED = 304
OK = 200
TURN_S = 10.0  # after this, only the answers that come next are waited for, and that for 30 s at most
GROUP_S = 5.0  # for reading calendars that came together; the others are fetched again in the next turn
PATIENCE_S = 2.0  # for one calendar among others; a slower one is read alone
LONGEST_S = 10.0
QUARANTINE = timedelta(hours=6)
SOON = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Visit:
    """One leased feed and what its link answered.

    `alone` when no other feed waits for it; `until` when it is too late to begin reading a calendar.
    """

    feed: Feed
    answer: Answer | Failure
    lease: uuid.UUID
    now: datetime
    alone: bool
    until: float
    somebody_waits: bool

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
        return min(settings.POLL_INTERVAL_QUICK, settings.POLL_INTERVAL) if quick else settings.POLL_INTERVAL


def rules() -> Rules:
    """The removal rules with the waits of this installation."""
    return Rules(wait=settings.REMOVAL_WAIT, long_wait=settings.REMOVAL_WAIT_LONG)


def read(
    ids: Sequence[int], lease: uuid.UUID, now: datetime, *, somebody_waits: bool = False
) -> list[FeedRead]:
    """Read the leased feeds: fetch them together, apply each, schedule the next read of each.

    Feeds whose lease went to somebody else meanwhile are left out of everything that is written. When
    `somebody_waits`, no server's pace is kept. Servers that hang delay nobody else's feed.
    """
    deadline = time.monotonic() + TURN_S
    feeds = list(Feed.objects.filter(pk__in=ids, lease_token=lease).select_related("property"))
    lines, feeds = _set_aside(feeds, lease, now)
    if not somebody_waits:
        feeds, later = servers.admit(feeds, now)
        _postpone(later, lease, now)
    groups = fetch_groups(
        [Target(feed.url, feed.etag, feed.last_modified) for feed in feeds],
        user_agent=settings.USER_AGENT,
        loopback_ports=settings.LOOPBACK_FEED_PORTS,
    )
    unread = dict(enumerate(feeds))
    for group in groups:
        told = [(unread.pop(number), answer) for number, answer in group]
        until = time.monotonic() + GROUP_S
        alone = len(feeds) == 1
        visits = [Visit(feed, answer, lease, now, alone, until, somebody_waits) for feed, answer in told]
        lines += verdicts.write([verdict for visit in visits if (verdict := _read_one(visit))], lease)
        servers.learn(told, now)
        if time.monotonic() > deadline:
            groups.close()
            break
    leases.give_back(((feed, now) for feed in unread.values()), lease)
    return lines


def free_held(change: ledger.Changing, feed: Feed) -> int:
    """Open at once every night of the feed that waits to be confirmed; how many that were."""
    blocks = list(Block.objects.filter(feed=feed))
    plan = sync.freed(block.claim for block in blocks)
    ledger.apply(change, feed, blocks, plan)
    Feed.objects.filter(pk=feed.pk).update(
        held_nights=0, closed_nights=Greatest(F("closed_nights") - len(plan.opened), 0)
    )
    return len(plan.opened)


def quicken(home: int, until: datetime, now: datetime) -> None:
    """Read the feeds of the property with this key more often until the instant: a guest may be about to buy."""
    rows = Feed.objects.filter(property=home).reading()
    quiet = rows.filter(Q(quick_until=None) | Q(quick_until__lt=now + (until - now) / 2))
    soon = Greatest(now, Coalesce(F("last_read_at"), now) + settings.POLL_INTERVAL_QUICK)
    calm = quiet.filter(failures=0)
    with transaction.atomic():  # a feed whose read is being written down just now can wait for the next look
        free = list(calm.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
        rows.filter(pk__in=free).update(quick_until=until, next_poll_at=Least(F("next_poll_at"), soon))


def _set_aside(feeds: list[Feed], lease: uuid.UUID, now: datetime) -> tuple[list[FeedRead], list[Feed]]:
    """Quarantine the feeds that took down every worker that tried them; the lines, and the feeds that are left."""
    lost = [feed for feed in feeds if feed.attempts > leases.MOST_ATTEMPTS]
    found = [_quarantined(feed, sentences.problem(sentences.LOST), now, None) for feed in lost]
    return verdicts.write(found, lease), [feed for feed in feeds if feed not in lost]


def _postpone(later: servers.Postponed, lease: uuid.UUID, now: datetime) -> None:
    """Put off what its server can't take now; where the server is down, the feed says so."""
    leases.give_back(((feed, at) for feed, at, _ in later), lease)
    resting: dict[str, list[int]] = {}
    for feed, _, shut in later:
        if shut:
            resting.setdefault(feed.host, []).append(feed.pk)
    for host, ids in resting.items():
        rows = Feed.objects.filter(pk__in=ids, problem__isnull=True)
        rows.update(problem=sentences.resting(host), failing_since=Coalesce(F("failing_since"), now))


def _read_one(visit: Visit) -> Verdict | None:
    """The verdict on one feed; a fault of ours in one feed must not cost the others theirs."""
    try:
        return _judge(visit)
    except leases.Superseded:
        return None
    except (ledger.Crowded, sandbox.NotStarted):
        return _again(visit, visit.now + SOON)
    except Exception:
        log.exception("feed failed", feed=visit.feed.public_id, host=visit.feed.host)
        return None


def _again(visit: Visit, at: datetime) -> Verdict:
    """The verdict on a read that came to nothing through no fault of the feed: no attempt."""
    return Verdict(visit.feed, None, at, {"attempts": visit.feed.attempts - 1})


def _judge(visit: Visit) -> Verdict:
    feed, answer = visit.feed, visit.answer
    if isinstance(answer, Failure):
        return _failed(visit, sentences.failure(answer.code, feed.host))
    if answer.status not in (OK, NOT_MODIFIED):
        return _failed(visit, sentences.status(answer.status, feed.host))
    if answer.status == NOT_MODIFIED and not (feed.etag or feed.last_modified):
        return _failed(visit, sentences.problem(Problem(sentences.NOTHING_NEW)))  # we had asked for the whole
    digest = feed.digest if answer.status == NOT_MODIFIED else ics.content_digest(answer.body)
    if follow.is_unchanged(feed, digest, visit.circumstances):
        return _good(visit, answer, _validators(visit, answer))
    if answer.status == NOT_MODIFIED:
        # A new day moves the window, new house times move the nights: the next read asks for the whole content.
        return _good(visit, answer, {"etag": "", "last_modified": ""}, next_poll_at=visit.now)
    return _read_content(visit, answer, digest)


def _validators(visit: Visit, answer: Answer) -> dict[str, Any]:
    """What the server has only now begun to send, so that it may answer 304 from now on."""
    feed = visit.feed
    if feed.etag or feed.last_modified or not (answer.etag or answer.last_modified):
        return {}
    return {"etag": answer.etag, "last_modified": answer.last_modified}


def _read_content(visit: Visit, answer: Answer, digest: str) -> Verdict:
    """The verdict on content that must be read: refused, set aside, or applied."""
    if time.monotonic() > visit.until:
        return _again(visit, visit.now)
    try:
        reading = _understand(visit, answer.body)
    except sandbox.Quarantined as bad:
        return _too_much(visit, bad, answer)
    if reading.state is State.REFUSED:
        return _failed(visit, _refusal(visit.feed, reading), FeedRead.Outcome.REFUSED)
    return _apply(visit, answer, reading, digest)


def _understand(visit: Visit, body: bytes) -> Reading:
    """What the body says, read in the child process. Raises Quarantined."""
    feed, today = visit.feed, visit.today
    return sandbox.read(
        body,
        feed.property.house,
        follow.window(today),
        channel=feed.channel,
        today=today,
        switches=feed.switches,
        seconds=LONGEST_S if visit.alone else PATIENCE_S,
    )


def _too_much(visit: Visit, bad: sandbox.Quarantined, answer: Answer) -> Verdict:
    """A calendar that costs too much to read is read once more, alone; then it is set aside."""
    feed = visit.feed
    log.warning("feed quarantined", feed=feed.public_id, host=feed.host, why=bad.code, alone=visit.alone)
    if visit.alone:
        return _quarantined(feed, sentences.problem(bad.problem), visit.now, answer)
    columns = {"attempts": 1, "last_read_at": visit.now}
    return Verdict(feed, None, visit.now, columns)


def _quarantined(feed: Feed, found: dict[str, Any], now: datetime, answer: Answer | None) -> Verdict:
    """Set aside for hours, and then read alone: every night stays as it was."""
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


def _refusal(feed: Feed, reading: Reading) -> dict[str, Any]:
    """Why the answer isn't a calendar: the usual mistake where it is one."""
    if looks_like_listing_page(feed.url):
        return sentences.listing_page(feed.source.name)
    return sentences.problem(reading.problems[0])


def _apply(visit: Visit, answer: Answer, reading: Reading, digest: str) -> Verdict:
    """Bring the ledger in line with the reading, under the property's lock and only with a valid lease.

    The verdict is written with the nights: no worker's death parts a change from its line in the log.
    """
    feed, now, today = visit.feed, visit.now, visit.today
    with ledger.changing(feed.property, now) as change:
        leases.fence(feed, visit.lease)
        blocks = list(Block.objects.filter(feed=feed))
        known = [block.claim for block in blocks]
        yielding = feed.switches.yielding
        plan = sync.plan(known, reading, now=now, today=today, rules=rules(), yielding=yielding)
        ledger.apply(change, feed, blocks, plan)
        verdicts.keep(feed, answer.body, digest, now)
        waiting = nights_in(claim.nights for claim in known if claim.missing and claim.nights)
        columns = _learnt(visit, answer, reading, plan, digest)
        verdict = _good(visit, answer, columns, plan=plan, waiting=waiting)
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


def _good(
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


def _failed(
    visit: Visit, found: dict[str, Any], outcome: FeedRead.Outcome = FeedRead.Outcome.FAILED
) -> Verdict:
    """The verdict on a read that told us nothing: every night stays as it was."""
    feed, now, answer = visit.feed, visit.now, visit.answer
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
