"""Who reads a feed: a lease with a token. Whoever lost it may go on reading, but can no longer write (fencing).

Every lease counts as an attempt until it ends in a verdict. A feed whose lease ran out may have taken its worker
down, so from then on it is read alone, and after some attempts it is set aside.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from calendars.models import Feed

LEASE = timedelta(seconds=110)
BATCH = 50
MOST_ATTEMPTS = 3
MOST_TRIES = 20  # to find feeds of homes that aren't archived; the next claim goes on

MIRRORS_AT_ONCE = 20  # they are asked for one after the other

DUE = """SELECT id FROM calendars_feed
         WHERE paused_at IS NULL AND next_poll_at <= %s AND (lease_until IS NULL OR lease_until < %s)"""
LINK = "connection_id IS NULL"
ASKED = """EXISTS (SELECT FROM calendars_connection c WHERE c.id = connection_id AND c.archived_at IS NULL
             AND c.state = 'ready' AND (c.rest_until IS NULL OR c.rest_until <= %s)
             AND (asked_at IS NULL OR asked_at + c.least_interval <= %s))"""
ASKED_FOR_A_SALE = """EXISTS (SELECT FROM calendars_connection c WHERE c.id = connection_id AND c.archived_at IS NULL
                        AND c.state = 'ready')"""


class Superseded(Exception):
    """The lease went to another worker, whose read now counts."""


def claim_due(now: datetime, limit: int = BATCH) -> tuple[uuid.UUID, list[int]]:
    """Lease at most `limit` links that are due, most overdue first; skips what another worker is claiming."""
    select = f"{DUE} AND attempts = 0 AND {LINK} ORDER BY next_poll_at LIMIT %s FOR UPDATE SKIP LOCKED"
    return _claim_in_use(select, [now, now, limit], now)


def claim_mirrors(now: datetime) -> tuple[uuid.UUID, list[int]]:
    """The same for units whose systems may be asked, each at most once in its connection's least interval."""
    select = (
        f"{DUE} AND attempts = 0 AND {ASKED} AND connection_id IS NOT NULL "
        "ORDER BY next_poll_at LIMIT %s FOR UPDATE SKIP LOCKED"
    )
    return _claim_in_use(select, [now, now, now, now, MIRRORS_AT_ONCE], now)


def claim_suspect(now: datetime) -> tuple[uuid.UUID, list[int]]:
    """Lease one due feed whose last attempt never came to a verdict."""
    select = (
        f"{DUE} AND attempts > 0 AND ({LINK} OR {ASKED}) ORDER BY next_poll_at LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
    return _claim_in_use(select, [now, now, now, now], now)


def claim_these(
    feeds: Iterable[int], now: datetime, *, for_sale: bool = False
) -> tuple[uuid.UUID, list[int]]:
    """Lease these feeds now, due or not; those that are paused or being read at the moment are left out.

    So are units that were asked for within the least interval, unless a sale rests on them.
    """
    asked, params = (ASKED_FOR_A_SALE, []) if for_sale else (ASKED, [now, now])
    select = f"""SELECT id FROM calendars_feed WHERE id = ANY(%s) AND paused_at IS NULL AND removed_at IS NULL
                   AND (lease_until IS NULL OR lease_until < %s) AND ({LINK} OR {asked}) FOR UPDATE SKIP LOCKED"""  # noqa: S608 - constants
    lease, claimed = _claim(select, [list(feeds), now, *params], now)
    return lease, [feed for feed, _ in claimed]


def fence(feed: Feed, lease: uuid.UUID) -> None:
    """Raise Superseded unless the lease still holds; the row stays locked until the commit."""
    if not Feed.objects.select_for_update(no_key=True).filter(pk=feed.pk, lease_token=lease).exists():
        raise Superseded


def give_back(feeds: Iterable[tuple[Feed, datetime]], lease: uuid.UUID) -> None:
    """End leases that came to nothing through no fault of the feeds: they are due at the instants, and no attempt."""
    _end([(feed.pk, at) for feed, at in feeds], lease)


def due(now: datetime, most: int) -> tuple[int, bool]:
    """How many links are due (counted up to `most`), and whether a feed must be read alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (SELECT count(*) FROM ({DUE} AND attempts = 0 AND {LINK} ORDER BY next_poll_at LIMIT %s) x), "  # noqa: S608 - constants
            f"EXISTS ({DUE} AND attempts > 0 AND ({LINK} OR {ASKED}))",
            [now, now, most, now, now, now, now],
        )
        count, has_suspects = cursor.fetchone()
        return int(count), bool(has_suspects)


def _claim_in_use(select: str, params: list[Any], now: datetime) -> tuple[uuid.UUID, list[int]]:
    """Lease what the select finds; what belongs to an archived home is passed over until its turn comes again."""
    for _ in range(MOST_TRIES):
        lease, claimed = _claim(select, params, now)
        archived = [feed for feed, is_archived in claimed if is_archived]
        _end([(feed, now + settings.POLL_INTERVAL) for feed in archived], lease)
        if not claimed or len(archived) < len(claimed):
            break
    return lease, [feed for feed, is_archived in claimed if not is_archived]


def _claim(select: str, params: list[Any], now: datetime) -> tuple[uuid.UUID, list[tuple[int, bool]]]:
    """Lease what the select finds: each feed, and whether its home is archived."""
    lease = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE calendars_feed f SET lease_until = %s, lease_token = %s, attempts = attempts + 1, "  # noqa: S608 - the selects are constants above
            "asked_at = CASE WHEN connection_id IS NULL THEN asked_at ELSE %s END "
            f"WHERE id = ANY(ARRAY({select})) "  # evaluated once; IN may go past the LIMIT
            "RETURNING id, "
            "(SELECT p.archived_at IS NOT NULL FROM properties_property p WHERE p.id = f.property_id)",
            [now + LEASE, lease, now, *params],
        )
        return lease, cursor.fetchall()


def _end(rows: Sequence[tuple[int, datetime]], lease: uuid.UUID) -> None:
    """End leases of feeds that are due at the instants, as if they had never been."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE calendars_feed f
               SET lease_until = NULL, lease_token = NULL, next_poll_at = v.at, attempts = greatest(attempts - 1, 0)
               FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, at)
               WHERE f.id = v.id AND f.lease_token = %s""",
            [[feed for feed, _ in rows], [at for _, at in rows], lease],
        )
