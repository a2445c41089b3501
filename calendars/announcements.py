"""What other software is told of calendars, in the transaction that makes it true; nothing about guests."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.urls import reverse

from calendars.models import Alert
from domain.spans import Span
from properties.models import Property
from webhooks import outbox
from webhooks.models import Event

OUTAGES = frozenset({Alert.Kind.FAILING, Alert.Kind.LATE, Alert.Kind.QUARANTINED})
MOST_RUNS = 100  # of nights in one message, each way; the rest is to be asked for


def place(home: Property) -> dict[str, str]:
    """A property, as every message names it."""
    return {"id": home.public_id, "name": home.name}


def run(span: Span) -> dict[str, str]:
    """Nights, as every message names them: the first of them and the morning after the last."""
    return {"arrival": str(span.start), "departure": str(span.end)}


def page(name: str, *ids: str) -> str:
    """The address of a page of the host's."""
    return f"{settings.SITE_URL}{reverse(name, args=ids)}"


def differing(before: set[Span], after: set[Span]) -> tuple[list[Span], list[Span]]:
    """The nights that are only in `after`, and those only in `before`; each of the two holds disjoint runs."""
    gone, new = before - after, after - before
    closed = [part for span in sorted(new) for part in span.minus(gone)]
    return closed, [part for span in sorted(gone) for part in span.minus(new)]


def nights(home: Property, version: int, before: set[Span], after: set[Span], now: datetime) -> None:
    """The merged nights were `before` and are `after`; one message tells all that one commit changed."""

    def data() -> dict[str, Any]:
        closed, opened = differing(before, after)
        return {
            "property": place(home),
            "version": version,
            "closed": [run(span) for span in closed[:MOST_RUNS]],
            "opened": [run(span) for span in opened[:MOST_RUNS]],
            "more": max(len(closed), len(opened)) > MOST_RUNS,
        }

    outbox.announce(home.organization_id, Event.NIGHTS_CHANGED, data, now)


def outages(alerts: Iterable[Alert], now: datetime, *, over: bool) -> None:
    """Calendars that can't be read, or can be read again; the alerts come with their feeds and properties.

    One that is only looked at no more, because it was paused or is late in another way now, hasn't recovered.
    """
    event = Event.FEED_RECOVERED if over else Event.FEED_FAILING
    told = [alert for alert in alerts if not over or alert.is_good_news]
    for organization, rows in groupby(
        sorted(told, key=attrgetter("organization_id")), attrgetter("organization_id")
    ):
        outbox.announce_all(organization, event, [partial(_outage, alert) for alert in rows], now)


def _outage(alert: Alert) -> dict[str, Any]:
    feed = alert.feed
    if feed is None:
        return {"property": place(alert.property), "kind": alert.kind}
    return {
        "property": place(alert.property),
        "feed": {"id": feed.public_id, "channel": feed.channel, "name": feed.title},
        "kind": alert.kind,
        "since": outbox.instant(feed.failing_since or alert.opened_at),
        "last_good_at": outbox.instant(feed.last_good_at) if feed.last_good_at else None,
        "url": page("calendars:log", alert.property.public_id, feed.public_id),
    }


def conflicts(home: Property, alerts: Iterable[Alert], now: datetime, *, over: bool) -> None:
    """Double bookings of a property that were found, or are over."""
    event = Event.CONFLICT_RESOLVED if over else Event.CONFLICT_OPENED
    if each := [partial(_conflict, home, alert) for alert in alerts]:
        outbox.announce_all(home.organization_id, event, each, now)


def _conflict(home: Property, alert: Alert) -> dict[str, Any]:
    """What two bookings share; ours has no calendar, and is named so."""
    details = alert.details
    return {
        "id": alert.public_id,
        "property": place(home),
        "arrival": details["arrival"],
        "departure": details["departure"],
        "kind": "turnover" if "until" in details else "nights",
        "between": [details["first"] or "Amplistay", details["second"] or "Amplistay"],
        "url": page("calendars:alert", alert.public_id),
    }
