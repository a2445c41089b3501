"""Calendars in trouble, and the sweep that tells members of them."""

from datetime import datetime, timedelta

from calendars import alerts
from calendars.models import Feed
from properties.models import Property
from tests import cast

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = cast.NOW
MEMBERS = {"alice@example.org", "bob@example.org"}


def sweep(now: datetime) -> int:
    """What the worker does every 20 seconds; how many e-mails that were."""
    alerts.watch(now)
    return alerts.tell(now)


def failing(home: Property, number: int = 0, **columns: object) -> Feed:
    """A feed that has failed for an hour."""
    url = f"https://www.airbnb.com/calendar/ical/{number}.ics?s=secret"
    return cast.a_feed(home, url, **{"failing_since": NOW - HOUR, "failures": 5, **columns})


def works_again(feed: Feed, now: datetime) -> None:
    Feed.objects.filter(pk=feed.pk).update(failing_since=None, failures=0, last_good_at=now)
