"""A feed's own page, and the lines of its log."""

import re
from datetime import datetime, timedelta
from html import unescape

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from calendars.models import Feed, FeedRead
from properties.models import Property

SECRET = "s3cr3t-in-the-link"
AIRBNB = f"https://www.airbnb.com/calendar/ical/42.ics?s={SECRET}"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def at(feed: Feed, name: str = "log") -> str:
    return reverse(f"calendars:{name}", args=[feed.property.public_id, feed.public_id])


def text_of(answer: HttpResponse) -> str:
    """The page's words on one line, without the markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def a_read(feed: Feed, ago: timedelta, *, lasting: timedelta = timedelta(), **columns: object) -> FeedRead:
    first = timezone.now() - ago
    values = {"outcome": "unchanged", "status": 200, "closed_nights": 12, **columns}
    return FeedRead.objects.create(feed=feed, at=first, until=first + lasting, **values)


def local(moment: datetime, home: Property, pattern: str = "%H:%M") -> str:
    return f"{moment.astimezone(home.house.zone):{pattern}}"
