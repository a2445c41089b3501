"""Who reads a feed: a lease with a token. Whoever lost it may go on reading, but can no longer write (fencing).

Every lease counts as an attempt until it ends in a verdict. A feed whose lease ran out may have taken its worker
down, so from then on it is read alone, and after some attempts it is set aside.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from calendars.models import Feed

LEASE = timedelta(seconds=110)
BATCH = 50
MOST_ATTEMPTS = 3

DUE = """SELECT f.id FROM calendars_feed f JOIN properties_property p ON p.id = f.property_id
         WHERE f.paused_at IS NULL AND p.archived_at IS NULL AND f.next_poll_at <= %s
           AND (f.lease_until IS NULL OR f.lease_until < %s)"""


class Superseded(Exception):
    """The lease went to another worker, whose read now counts."""


def claim_due(now: datetime, limit: int = BATCH) -> tuple[uuid.UUID, list[int]]:
    """Lease at most `limit` feeds that are due, most overdue first; skips what another worker is claiming."""
    select = f"{DUE} AND f.attempts = 0 ORDER BY f.next_poll_at LIMIT %s FOR UPDATE OF f SKIP LOCKED"
    return _claim(select, [now, now, limit], now)


def claim_suspect(now: datetime) -> tuple[uuid.UUID, list[int]]:
    """Lease one due feed whose last attempt never came to a verdict."""
    select = f"{DUE} AND f.attempts > 0 ORDER BY f.next_poll_at LIMIT 1 FOR UPDATE OF f SKIP LOCKED"
    return _claim(select, [now, now], now)


def claim_these(feeds: Iterable[int], now: datetime) -> tuple[uuid.UUID, list[int]]:
    """Lease these feeds now, due or not; those that are paused or being read at the moment are left out."""
    return _claim(
        """SELECT id FROM calendars_feed WHERE id = ANY(%s) AND paused_at IS NULL
             AND (lease_until IS NULL OR lease_until < %s) FOR UPDATE SKIP LOCKED""",
        [list(feeds), now],
        now,
    )


def fence(feed: Feed, lease: uuid.UUID) -> None:
    """Raise Superseded unless the lease still holds; the row stays locked until the commit."""
    if not Feed.objects.select_for_update(no_key=True).filter(pk=feed.pk, lease_token=lease).exists():
        raise Superseded


def give_back(feeds: Iterable[tuple[Feed, datetime]], lease: uuid.UUID) -> None:
    """End leases that came to nothing through no fault of the feeds: they are due at the instants, and no attempt."""
    rows = [(feed.pk, at) for feed, at in feeds]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE calendars_feed f
               SET lease_until = NULL, lease_token = NULL, next_poll_at = v.at, attempts = greatest(attempts - 1, 0)
               FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, at)
               WHERE f.id = v.id AND f.lease_token = %s""",
            [[pk for pk, _ in rows], [at for _, at in rows], lease],
        )


def due(now: datetime, most: int) -> tuple[int, bool]:
    """How many feeds are due (counted up to `most`), and whether one of them must be read alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (SELECT count(*) FROM ({DUE} AND f.attempts = 0 LIMIT %s) ready), "  # noqa: S608 - constants
            f"EXISTS ({DUE} AND f.attempts > 0)",
            [now, now, most, now, now],
        )
        count, has_suspects = cursor.fetchone()
        return int(count), bool(has_suspects)


def _claim(select: str, params: list[Any], now: datetime) -> tuple[uuid.UUID, list[int]]:
    lease = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE calendars_feed SET lease_until = %s, lease_token = %s, attempts = attempts + 1 "  # noqa: S608 - the selects are constants above
            f"WHERE id = ANY(ARRAY({select})) RETURNING id",  # evaluated once: an IN might go past the LIMIT
            [now + LEASE, lease, *params],
        )
        return lease, [row[0] for row in cursor.fetchall()]
