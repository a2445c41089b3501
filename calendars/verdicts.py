"""What a read came to, written down: the feed's columns, a line of its log, its history."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from calendars.models import Feed, FeedRead, Snapshot
from domain.spans import runs
from domain.sync import Plan

QUIET_COLUMNS = frozenset(
    {"problem", "last_read_at", "last_good_at", "failures", "failing_since", "quarantined_at", "attempts"}
)
MOST_A_DAY = 50  # snapshots of one feed
LONGEST_LINE = timedelta(hours=24)  # of quiet reads that are counted together


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one read came to: a line for the log (None when it is to be tried again), and the feed's new columns."""

    feed: Feed
    read: FeedRead | None
    next_poll_at: datetime
    columns: dict[str, Any]

    @property
    def is_written(self) -> bool:
        """Whether it was written already, together with the nights that it changed."""
        return self.read is not None and self.read.pk is not None

    @property
    def is_quiet(self) -> bool:
        """Whether nothing but the times changes: a healthy feed that said what it said before."""
        feed = self.feed
        return self.columns.keys() == QUIET_COLUMNS and not (
            feed.failures or feed.problem or feed.failing_since
        )


def write(verdicts: Iterable[Verdict], lease: uuid.UUID) -> list[FeedRead]:
    """Save the verdicts and give the leases back; the log lines of the feeds whose lease still held."""
    verdicts = list(verdicts)
    written = [verdict.read for verdict in verdicts if verdict.read and verdict.is_written]
    new = [verdict for verdict in verdicts if not verdict.is_written]
    with transaction.atomic():
        quiet = _write_quiet([verdict for verdict in new if verdict.is_quiet], lease)
        lines = []
        for verdict in new:
            if not verdict.is_quiet:
                rows = Feed.objects.filter(pk=verdict.feed.pk, lease_token=lease)
                ended = {"next_poll_at": verdict.next_poll_at, "lease_until": None, "lease_token": None}
                if rows.update(**verdict.columns, **ended, quiet_line=None) and verdict.read:
                    lines.append(verdict.read)
        FeedRead.objects.bulk_create(lines)
    return [*written, *quiet, *lines]


def told(plan: Plan, waiting: frozenset[date]) -> dict[str, list[list[str]]] | None:
    """What a plan changes, given the nights that waited before, as the log keeps it; None when it changes nothing."""
    back = waiting - plan.held - plan.opened
    held = plan.held if plan.held != waiting else frozenset()
    nights = {"closed": plan.closed, "opened": plan.opened, "held": held, "back": back}
    return {name: _pairs(found) for name, found in nights.items() if found} or None


def keep(feed: Feed, body: bytes, digest: str, now: datetime) -> None:
    """Keep what the feed said, unless it is what it said last, or it says something else with every read."""
    rows = Snapshot.objects.filter(feed=feed).order_by("-at", "-pk")
    latest = list(rows.values_list("digest", "at")[:MOST_A_DAY])
    is_fickle = len(latest) == MOST_A_DAY and latest[-1][1] > now - timedelta(days=1)
    if not is_fickle and digest not in (last for last, _ in latest[:1]):
        Snapshot.objects.create(feed=feed, at=now, digest=digest, body=body)


def _pairs(nights: Iterable[date]) -> list[list[str]]:
    return [[str(run.start), str(run.end)] for run in runs(nights)]


def _write_quiet(verdicts: Sequence[Verdict], lease: uuid.UUID) -> list[FeedRead]:
    """The same for the many quiet feeds, in a few statements: their line counts one read more."""
    lines = {verdict.feed.pk: verdict.read for verdict in verdicts if verdict.read}
    if not lines:
        return []
    with connection.cursor() as cursor:
        written = _end_quiet_leases(cursor, verdicts, lease)
        _count_on(cursor, [(lines[feed], line) for feed, line in written.items() if line])
        fresh = [lines[feed] for feed in written if lines[feed].pk is None]
        FeedRead.objects.bulk_create(fresh)
        cursor.execute(
            """UPDATE calendars_feed f SET quiet_line = v.line
               FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, line) WHERE f.id = v.id""",
            [[line.feed_id for line in fresh], [line.pk for line in fresh]],
        )
    return [lines[feed] for feed in written]


def _end_quiet_leases(
    cursor: CursorWrapper, verdicts: Sequence[Verdict], lease: uuid.UUID
) -> dict[int, int | None]:
    """Move the feeds on to their next read; those whose lease still held, each with its line of quiet reads."""
    at = next(verdict.read.at for verdict in verdicts if verdict.read)
    cursor.execute(
        """UPDATE calendars_feed f
           SET last_read_at = %s, last_good_at = %s, next_poll_at = v.next_poll_at,
               lease_until = NULL, lease_token = NULL, attempts = 0
           FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, next_poll_at)
           WHERE f.id = v.id AND f.lease_token = %s RETURNING f.id, f.quiet_line""",
        [
            at,
            at,
            [verdict.feed.pk for verdict in verdicts],
            [verdict.next_poll_at for verdict in verdicts],
            lease,
        ],
    )
    return dict(cursor.fetchall())


def _count_on(cursor: CursorWrapper, known: Sequence[tuple[FeedRead, int]]) -> None:
    """Count each read on its line, which it becomes; lines that are a day old are left as they are."""
    if not known:
        return
    at = known[0][0].at
    cursor.execute(
        """UPDATE calendars_feedread r
           SET until = %s, times = r.times + 1, milliseconds = v.milliseconds, status = v.status
           FROM unnest(%s::bigint[], %s::int[], %s::smallint[]) AS v(id, milliseconds, status)
           WHERE r.id = v.id AND r.at > %s RETURNING r.id, r.at, r.times""",
        [
            at,
            [line for _, line in known],
            [read.milliseconds for read, _ in known],
            [read.status for read, _ in known],
            at - LONGEST_LINE,
        ],
    )
    reads = {line: read for read, line in known}
    for line, since, times in cursor.fetchall():
        reads[line].pk, reads[line].at, reads[line].times = line, since, times
