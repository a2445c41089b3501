"""Mirroring on demand: whoever reads a link has the unit behind it read, at most once in its least interval.

The floor is a column, and who has the unit read is decided by one statement of PostgreSQL, for all processes: the
others wait a moment for the copy that is on its way, or get the last good one at once. No network here.
"""

import time
from datetime import datetime
from threading import BoundedSemaphore

from django.conf import settings
from django.db import connection

HINT_S = 30.0  # after that the sweep has found the work
LOOK_EVERY_S = 0.05

UNIT = """LEFT JOIN LATERAL (
    SELECT CASE WHEN asks.it THEN f.id END AS unit, f.last_good_at AS read_at,
           greatest(f.asked_at + c.least_interval, c.rest_until) AS again_at,
           bool_or(f.last_good_at IS NULL AND f.created_at <= link.created_at) OVER () AS is_blank
    FROM calendars_feed f JOIN calendars_connection c ON c.id = f.connection_id,
         LATERAL (SELECT f.paused_at IS NULL AND f.quarantined_at IS NULL AND c.archived_at IS NULL
                         AND c.state = 'ready' AS it) asks
    WHERE f.property_id = link.property_id AND f.connection_id IS NOT NULL AND f.removed_at IS NULL
    ORDER BY asks.it DESC, f.asked_at NULLS FIRST LIMIT 1) mirror ON true"""
# A link that is younger than a unit which was never read well is blank: what is taken there isn't in it yet.

_WANT = """UPDATE calendars_feed f SET wanted_at = %(now)s, next_poll_at = least(f.next_poll_at, %(now)s)
           FROM calendars_connection c
           WHERE f.id = %(unit)s AND c.id = f.connection_id AND (f.lease_until IS NULL OR f.lease_until < %(now)s)
             AND (f.asked_at IS NULL OR f.asked_at + c.least_interval <= %(now)s)
             AND (f.wanted_at IS NULL OR f.wanted_at < f.asked_at OR f.wanted_at <= %(now)s - interval '15 seconds')
             AND f.next_poll_at IS NOT NULL AND (c.rest_until IS NULL OR c.rest_until <= %(now)s)
           RETURNING f.id"""

_waiting = BoundedSemaphore(settings.MIRROR_WAITERS)


def want(unit: int, now: datetime) -> bool:
    """Make the unit due now, where it may be read; whether it was this call that did, and a worker is to be told."""
    with connection.cursor() as cursor:
        cursor.execute(_WANT, {"unit": unit, "now": now})
        return cursor.fetchone() is not None


def arrives(unit: int, known: datetime | None) -> bool:
    """Wait for a newer copy than the known one; whether it came in time. Where too many wait, nobody else does."""
    if not _waiting.acquire(blocking=False):
        return False
    try:
        end = time.monotonic() + settings.MIRROR_PATIENCE.total_seconds()
        while time.monotonic() < end:
            time.sleep(LOOK_EVERY_S)
            is_over, read_at = _state(unit)
            if read_at is not None and (known is None or read_at > known):
                return True
            if is_over:
                return False
        return False
    finally:
        _waiting.release()


def _state(unit: int) -> tuple[bool, datetime | None]:
    """Whether the read that was wanted has ended, well or not; and when the unit was read well last."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT lease_until IS NULL AND asked_at IS NOT NULL AND asked_at >= wanted_at, last_good_at
               FROM calendars_feed WHERE id = %s""",
            [unit],
        )
        found = cursor.fetchone()
    return (bool(found[0]), found[1]) if found else (True, None)
