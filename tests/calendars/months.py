"""A home's month page, as the tests read it."""

import re
from datetime import date, timedelta
from html import unescape

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calendars import ledger
from domain.spans import NIGHT, Span
from properties.models import Property

HOUR = timedelta(hours=1)


def ahead(today: date, start: int, count: int = 1) -> Span:
    return Span(today + start * NIGHT, today + (start + count) * NIGHT)


def at(home: Property, name: str = "month", *ids: str, **query: object) -> str:
    path = reverse(f"calendars:{name}", args=[home.public_id, *ids])
    return path + "?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else path


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def why(browser: Client, home: Property, night: date, headers: dict[str, str] | None = None) -> str:
    """The words beside the calendar for one night."""
    answer = browser.get(at(home, month=f"{night:%Y-%m}", night=night), headers=headers)
    assert answer.status_code == 200
    page = answer.content.decode()
    start = page.index('id="why"')
    return text_of(page[start : page.index("</section>", start)])


def states(answer: HttpResponse) -> dict[date, str]:
    return {day.night: day.state for week in answer.context["weeks"] for day in week}


def month_of(browser: Client, home: Property, night: date) -> dict[date, str]:
    return states(browser.get(at(home, month=f"{night:%Y-%m}")))


def hold(home: Property, span: Span, reference: str = "guest") -> None:
    now = timezone.now()
    with ledger.changing(home, now) as change:
        ledger.hold(change, span, until=now + HOUR, reference=reference)
