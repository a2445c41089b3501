"""Reading feeds: fetch what is leased, recognise what is unchanged, apply the rest, schedule the next read.

PostgreSQL holds the schedule (`leases`), and says how fast a server may be asked (`servers`). No transaction is
open while a feed is fetched, and strangers' bytes are read in a child process that can be killed.
"""

import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest, Least

from calendars import leases, ledger, mirroring, sentences, servers, verdicts, visits
from calendars.models import Block, Feed, FeedRead
from calendars.verdicts import Verdict
from calendars.visits import Visit
from connectors import sandbox
from connectors.http import Answer, Failure, Target, fetch_groups
from domain import follow, ics, sync
from domain.channels import looks_like_listing_page
from domain.ics import Reading, State
from domain.problems import Problem
from domain.sync import Rules

log = structlog.get_logger()

NOT_MODIFIED = 304
OK = 200
TURN_S = 10.0  # after this, only the answers that come next are waited for, and that for 30 s at most
GROUP_S = 5.0  # for reading calendars that came together; the others are fetched again in the next turn
PATIENCE_S = 2.0  # for one calendar among others; a slower one is read alone
LONGEST_S = 10.0
SOON = timedelta(seconds=5)


def read(
    ids: Sequence[int], lease: uuid.UUID, now: datetime, *, somebody_waits: bool = False
) -> list[FeedRead]:
    """Read the leased feeds: fetch links together, ask for units, apply each, schedule the next read of each.

    Feeds whose lease went to somebody else meanwhile are left out of everything that is written. When
    `somebody_waits`, no server's pace is kept. Servers that hang delay nobody else's feed.
    """
    deadline = time.monotonic() + TURN_S
    feeds = list(Feed.objects.filter(pk__in=ids, lease_token=lease).select_related("property"))
    lines, feeds = _set_aside(feeds, lease, now)
    units = [feed for feed in feeds if feed.is_mirror]
    feeds = [feed for feed in feeds if not feed.is_mirror]
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
        found = [
            Visit(feed, answer, lease, now, somebody_waits, settings.POLL_INTERVAL, rules(), alone, until)
            for feed, answer in told
        ]
        lines += verdicts.write([verdict for visit in found if (verdict := _read_one(visit))], lease)
        servers.learn(told, now)
        if time.monotonic() > deadline:
            groups.close()
            break
    leases.give_back(((feed, now) for feed in unread.values()), lease)
    return lines + mirroring.read(units, lease, now, somebody_waits=somebody_waits)


def rules() -> Rules:
    """The removal rules with the waits of this installation."""
    return Rules(wait=settings.REMOVAL_WAIT, long_wait=settings.REMOVAL_WAIT_LONG)


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
    found = [visits.quarantined(feed, sentences.problem(sentences.LOST), now, None) for feed in lost]
    return verdicts.write(found, lease), [feed for feed in feeds if feed not in lost]


def _postpone(later: servers.Postponed, lease: uuid.UUID, now: datetime) -> None:
    """Put off what its server can't take now; where the server is down, the feed says so."""
    leases.give_back(((feed, at) for feed, at, _ in later), lease)
    resting: dict[tuple[str, bool], list[Feed]] = {}
    for feed, _, shut in later:
        if shut:
            resting.setdefault((feed.host, feed.was_read), []).append(feed)
    for (host, _), feeds in resting.items():
        rows = Feed.objects.filter(pk__in=[feed.pk for feed in feeds], problem__isnull=True)
        found = sentences.of(feeds[0], sentences.resting(host))
        rows.update(problem=found, failing_since=Coalesce(F("failing_since"), now))


def _read_one(visit: Visit) -> Verdict | None:
    """The verdict on one feed; a fault of ours in one feed must not cost the others theirs."""
    try:
        return _judge(visit)
    except leases.Superseded:
        return None
    except (ledger.Crowded, sandbox.NotStarted):
        return visits.again(visit, visit.now + SOON)
    except Exception:
        log.exception("feed failed", feed=visit.feed.public_id, host=visit.feed.host)
        return None


def _judge(visit: Visit) -> Verdict:
    feed, answer = visit.feed, visit.answer
    if isinstance(answer, Failure):
        return visits.failed(visit, sentences.failure(answer.code, feed.host))
    if answer.status not in (OK, NOT_MODIFIED):
        return visits.failed(visit, sentences.status(answer.status, feed.host))
    if answer.status == NOT_MODIFIED and not (feed.etag or feed.last_modified):
        return visits.failed(
            visit, sentences.problem(Problem(sentences.NOTHING_NEW))
        )  # we had asked for the whole
    digest = feed.digest if answer.status == NOT_MODIFIED else ics.content_digest(answer.body)
    if follow.is_unchanged(feed, digest, visit.circumstances):
        return visits.good(visit, answer, _validators(visit, answer))
    if answer.status == NOT_MODIFIED:
        # A new day moves the window, new house times move the nights: the next read asks for the whole content.
        return visits.good(visit, answer, {"etag": "", "last_modified": ""}, next_poll_at=visit.now)
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
        return visits.again(visit, visit.now)
    try:
        reading = _understand(visit, answer.body)
    except sandbox.Quarantined as bad:
        return _too_much(visit, bad, answer)
    if reading.state is State.REFUSED:
        return visits.failed(visit, _refusal(visit.feed, reading), FeedRead.Outcome.REFUSED)
    return visits.applied(visit, answer, reading, digest)


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
        return visits.quarantined(feed, sentences.problem(bad.problem), visit.now, answer)
    columns = {"attempts": 1, "last_read_at": visit.now}
    return Verdict(feed, None, visit.now, columns)


def _refusal(feed: Feed, reading: Reading) -> dict[str, Any]:
    """Why the answer isn't a calendar: the usual mistake where it is one."""
    if looks_like_listing_page(feed.url):
        return sentences.listing_page(feed.source.name)
    return sentences.problem(reading.problems[0])
