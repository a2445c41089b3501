"""What asking a system costs: every request is counted before it goes out, and none goes out that isn't allowed.

The counts are rows of PostgreSQL, written under the lock of the connection's row, so that workers together never
spend more than there is.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext_noop

from calendars import systems
from calendars.models import Connection, Feed, Spending
from connectors.contract import RateLimited, Spec
from domain import budget, pace
from domain.budget import Allowance, Spent, Window
from domain.pace import Pace

USED_UP = gettext_noop("The requests that this account may make for now are used up.")
KEY, UNIT = "key", "unit"


class Share(Enum):
    """Who a request is made for: the sweep leaves a part of the budget to those who ask."""

    SWEEP = "sweep"
    ASKED = "asked"


class UsedUp(RateLimited):
    """We may not ask now; the system itself said nothing."""


class Meter:
    """Counts the requests of one turn; `listing` is the unit that they are made for, "" for none."""

    def __init__(self, connection: Connection, share: Share, now: datetime) -> None:
        self._connection, self._now, self._began = connection, now, time.monotonic()
        self.share, self.listing = share, ""

    def __call__(self, operation: str) -> None:
        """Count one request that is about to go out. Raises UsedUp where it may not."""
        now = self._now + timedelta(seconds=time.monotonic() - self._began)
        spend(self._connection, operation, self.listing, self.share, now)


def spend(connection: Connection, operation: str, listing: str, share: Share, now: datetime) -> None:
    """Take one request from the budget. Raises UsedUp, and then nothing was taken."""
    day = now.astimezone(UTC).date()
    with transaction.atomic():
        row = (
            Connection.objects.select_for_update(no_key=True).defer("secrets", "units").get(pk=connection.pk)
        )
        allowed, spent = allowance(row, day), spent_by(row, day)
        again = budget.again_at(allowed, spent, now, for_sweep=share is Share.SWEEP)
        if again > now:
            raise UsedUp(USED_UP, again - now)
        _keep_pace(row, now)
        _count(row, operation, listing, day)


def allowance(connection: Connection, day: date) -> Allowance:
    """What the connection may spend in the day and its month."""
    spec = systems.spec_of(connection)
    units = Feed.objects.filter(connection=connection).count()
    return budget.allowance(
        units,
        _windows(spec, KEY),
        day,
        each=_each(connection),
        a_day=connection.requests_a_day,
        a_month=connection.requests_a_month,
    )


def spent_by(connection: Connection, day: date) -> Spent:
    """What the connection has spent in the day, and in its month up to it."""
    rows = Spending.objects.filter(
        connection=connection, listing="", since__gte=day.replace(day=1), since__lte=day
    )
    sums = rows.aggregate(month=Sum("requests"), day=Sum("requests", filter=Q(since=day)))
    return Spent(sums["day"] or 0, sums["month"] or 0)


def used_percent(connection: Connection, now: datetime) -> int:
    """How much of the day's or the month's requests is spent, whichever is more."""
    day = now.astimezone(UTC).date()
    return budget.used_percent(allowance(connection, day), spent_by(connection, day))


def by_unit(connection: Connection, month: date) -> Mapping[str, int]:
    """The requests of the month of this day, by unit: the system's id of it."""
    rows = Spending.objects.filter(connection=connection, since=month.replace(day=1)).exclude(listing="")
    return {row["listing"]: row["total"] for row in rows.values("listing").annotate(total=Sum("requests"))}


def by_day(connection: Connection, month: date) -> Mapping[date, Mapping[str, int]]:
    """The requests of each day of the month, by operation."""
    first = month.replace(day=1)
    rows = Spending.objects.filter(connection=connection, listing="", since__gte=first).order_by("since")
    days: dict[date, dict[str, int]] = defaultdict(dict)
    for row in rows.filter(since__lt=first + timedelta(days=budget.days_in(first))):
        days[row.since][row.operation] = row.requests
    return days


def floor(spec: Spec) -> timedelta:
    """The least time between two reads of one unit; an installation may only lengthen it."""
    return budget.least_interval(max(spec.min_interval, settings.MIRROR_FLOOR), _windows(spec, UNIT))


def sweep_interval(connection: Connection, now: datetime) -> timedelta:
    """How often a unit that nobody asks for is read."""
    day = now.astimezone(UTC).date()
    reads = Feed.objects.filter(connection=connection).count() * _each(connection)
    return budget.sweep_interval(settings.MIRROR_INTERVAL, reads, allowance(connection, day), day)


def changes_interval(connection: Connection, now: datetime) -> timedelta:
    """How often the system is asked what changed."""
    day = now.astimezone(UTC).date()
    return budget.changes_interval(settings.MIRROR_CHANGES_INTERVAL, allowance(connection, day), day)


def _each(connection: Connection) -> int:
    """What a read costs at the most, in requests."""
    return 2 if connection.two_way else 1


def _windows(spec: Spec, scope: str) -> list[Window]:
    return [Window(limit.requests, limit.per) for limit in spec.limits if limit.scope == scope]


def _keep_pace(row: Connection, now: datetime) -> None:
    """Take one request from each limit that is shorter than a day. Raises UsedUp."""
    paces = dict(row.paces)
    for window in _windows(systems.spec_of(row), KEY):
        if window.per >= budget.DAY:
            continue
        name = f"{window.requests}/{window.per.total_seconds():g}"
        free_at = datetime.fromisoformat(paces[name]) if name in paces else now
        burst = window.per / 2
        leave = pace.ask(
            Pace(free_at), 1, now, per_second=window.requests / window.per.total_seconds() / 2, burst=burst
        )
        if not leave.granted:
            raise UsedUp(USED_UP, leave.again_at - now)
        paces[name] = leave.pace.free_at.isoformat()
    if paces != row.paces:
        Connection.objects.filter(pk=row.pk).update(paces=paces)


def _count(row: Connection, operation: str, listing: str, day: date) -> None:
    """One more for the day, and one more for the unit's month."""
    counts = [(day, "")] + ([(day.replace(day=1), listing)] if listing else [])
    with database.cursor() as cursor:
        cursor.execute(
            """INSERT INTO calendars_spending (organization_id, connection_id, since, listing, operation, requests)
               SELECT %s, %s, v.since, v.listing, %s, 1 FROM unnest(%s::date[], %s::text[]) AS v(since, listing)
               ON CONFLICT (connection_id, since, listing, operation)
               DO UPDATE SET requests = calendars_spending.requests + 1""",
            [
                row.organization_id,
                row.pk,
                operation,
                [since for since, _ in counts],
                [name for _, name in counts],
            ],
        )
