"""Accounts at property-management systems: connected, looked at, given units to mirror, given up.

Nothing here asks the system but `look`, which is a worker's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.models import Organization
from calendars import alerts, budgets, ledger, systems
from calendars.models import Alert, Closure, Connection, Feed
from calendars.models.feeds import FeedQuerySet
from connectors.contract import Cap, Connector, ConnectorError, Health, Listing, Spec
from domain import budget
from properties.models import Property

MOST_PAGES = 200  # of listings; a system that never ends is a fault


class Taken(Exception):
    """The unit is mirrored already, by this or another home; nothing was written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a host entered about an account; `time_zone` is that of its units, where they have no other."""

    system: str
    name: str
    credentials: Mapping[str, str] = field(repr=False)
    switches: Mapping[str, str]
    time_zone: str


def connect(organization: Organization, entry: Entry, now: datetime) -> Connection:
    """Keep an account. Whoever calls this has `look` called in a worker next: until then nothing is known of it.

    Raises KeyError for a system that this installation doesn't know.
    """
    spec = systems.SYSTEMS[entry.system].spec
    return Connection.objects.create(
        organization=organization,
        system=entry.system,
        name=entry.name,
        secrets=json.dumps(dict(entry.credentials)),
        switches=dict(entry.switches),
        time_zone=entry.time_zone,
        created_at=now,
        least_interval=budgets.floor(spec),
        next_changes_at=now if Cap.CHANGES in spec.caps else None,
    )


def account_of_keys(
    organization: Organization, system: str, credentials: Mapping[str, str]
) -> Connection | None:
    """The organization's account that these keys open already, if any: its units would be asked for twice."""
    spec = systems.SYSTEMS[system].spec
    given = _identities(spec, credentials)
    rows = Connection.objects.of(organization).live().filter(system=system).order_by("pk")
    return next((row for row in rows if given & _identities(spec, row.credentials)), None)


def _identities(spec: Spec, credentials: Mapping[str, str]) -> frozenset[tuple[str, ...]]:
    """Which manager the keys stand for, by each interface that names one; a secret may change."""
    found = set()
    for group in {key.group for key in spec.credentials}:
        names = [key.name for key in spec.credentials if key.group == group and not key.is_secret]
        values = [credentials.get(name, "").strip() for name in names]
        if len(names) > 1 and all(values):
            found.add((group, *values))
    return frozenset(found)


def rekey(connection: Connection, credentials: Mapping[str, str], now: datetime) -> None:
    """Use other keys from now on; what was stopped goes on, and every unit is read at its turn. `look` comes next."""
    Connection.objects.filter(pk=connection.pk).update(
        secrets=json.dumps(dict(credentials)),
        state=Connection.State.READY,
        problem=None,
        failing_since=None,
        rest_until=None,
        looked_at=None,
    )
    units_of(connection).update(next_poll_at=now, failures=0, lease_until=None, lease_token=None)


def look(connection: Connection, now: datetime) -> Health:
    """Ask which capabilities work, and which units there are; the row keeps both.

    For workers: it asks the system. Whatever fails is in the answer's `troubles`, and the units stay as they were.
    """
    found, health = connection.units, Health(frozenset(), {})
    try:
        connector = systems.opened(connection, budgets.Meter(connection, budgets.Share.ASKED, now), now)
        health = connector.check()
        if Cap.LISTINGS in health.works:
            found = list(_units(connector))
    except ConnectorError as error:
        troubles = {**health.troubles, Cap.LISTINGS.value: str(error)}
        health = Health(health.works - {Cap.LISTINGS}, troubles)
    Connection.objects.filter(pk=connection.pk).update(
        looked_at=now, works=sorted(health.works), troubles=dict(health.troubles), units=found
    )
    return health


def look_again(connection: Connection) -> None:
    """Have it looked at once more: by whoever is told, or at the next sweep."""
    Connection.objects.filter(pk=connection.pk).update(looked_at=None)


def _units(connector: Connector) -> Iterator[dict[str, object]]:
    cursor = None
    for _ in range(MOST_PAGES):
        page = connector.listings(cursor)
        yield from (asdict(listing) for listing in page.listings)
        if page.cursor is None:
            return
        cursor = page.cursor


def listings(connection: Connection) -> Sequence[Listing]:
    """The units that the system listed when it was looked at last."""
    return [Listing(**unit) for unit in connection.units]


def units_of(connection: Connection) -> FeedQuerySet:
    """The feeds that mirror one of its units."""
    return Feed.objects.filter(connection=connection)


def mirror(connection: Connection, listing: str, property: Property, label: str, now: datetime) -> Feed:
    """Let the home's nights follow this unit from now on. Raises Taken, ValueError for a stranger's home, Crowded."""
    if property.organization_id != connection.organization_id:
        message = "the home belongs to another organization"
        raise ValueError(message)
    digest = sha256(f"{connection.public_id}\n{listing}".encode()).hexdigest()
    feed = Feed(
        organization_id=property.organization_id,
        property=property,
        channel=connection.system,
        label=label,
        url="",
        url_digest=digest,
        host="",
        connection=connection,
        listing=listing,
        created_at=now,
        next_poll_at=now,
    )
    try:
        with transaction.atomic():
            feed.save(force_insert=True)
    except IntegrityError as error:
        raise Taken from error
    return feed


def set_two_way(connection: Connection, *, two_way: bool) -> None:
    """Close nights there that are taken elsewhere, or stop doing so: what we closed there is opened again then."""
    Connection.objects.filter(pk=connection.pk).update(two_way=two_way)
    units_of(connection).update(told_version=0)


def stop(connection: Connection, problem: Mapping[str, object], now: datetime) -> bool:
    """Ask the system no more until it gets other keys; whether it went on until now. Every night stays as it is.

    `problem` is stored as a feed's is.
    """
    rows = Connection.objects.filter(pk=connection.pk, state=Connection.State.READY)
    return bool(
        rows.update(
            state=Connection.State.STOPPED,
            problem=problem,
            failing_since=connection.failing_since or now,
        )
    )


def drop(closures: QuerySet[Closure], now: datetime) -> None:
    """Have nights opened there again that nothing takes any more; what was never asked for is over at once."""
    never = Q(state__in=[Closure.State.DUE, Closure.State.REFUSED])
    unsent = closures.filter(never).values_list("pk", flat=True)
    Closure.objects.filter(pk__in=list(unsent)).update(
        dropped_at=now, ended_at=now, next_try_at=None, state=Closure.State.OVER
    )
    closures.filter(dropped_at=None).update(dropped_at=now, next_try_at=now, tries=0)


def archive(connection: Connection, now: datetime) -> None:
    """Mirror none of its units any more: what only they closed opens, by the host's decision. Raises Crowded."""
    Connection.objects.filter(pk=connection.pk).update(archived_at=now, two_way=False)
    for feed in units_of(connection).select_related("property"):
        with ledger.changing(feed.property, now) as change:
            ledger.remove_feed(change, feed)


def watch(now: datetime) -> None:
    """Open and resolve what hosts must know: keys that are refused, requests that are nearly used up.

    Alerts hang on homes; one that is about an account hangs on the first home that it mirrors.
    """
    for connection in Connection.objects.live().defer("secrets", "units").order_by("pk"):
        home = Property.objects.filter(feeds__connection=connection, archived_at=None).order_by("pk").first()
        if home and connection.system in systems.SYSTEMS:
            _watch_keys(connection, home, now)
            _watch_budget(connection, home, now)


def _watch_keys(connection: Connection, home: Property, now: datetime) -> None:
    key = f"keys {connection.pk}"
    if connection.state == Connection.State.STOPPED:
        alerts.open_one(home, Alert.Kind.KEYS, key, _named(connection), now)
    else:
        alerts.close_one(home, key, now)


def _watch_budget(connection: Connection, home: Property, now: datetime) -> None:
    """Told once a month: an account whose links are read day and night comes close to its requests every day."""
    used = budgets.used_percent(connection, now)
    about = Alert.objects.filter(property=home, key__startswith=f"budget {connection.pk} ")
    key = f"budget {connection.pk} {now.astimezone(UTC):%Y-%m}"
    if used < budget.NEARLY:
        about.open().update(resolved_at=now, cleared_at=now)
    elif not about.filter(key=key).exists():
        alerts.open_one(home, Alert.Kind.BUDGET, key, {**_named(connection), "percent": used}, now)


def _named(connection: Connection) -> dict[str, Any]:
    return {"account": connection.name or systems.title_of(connection)}
