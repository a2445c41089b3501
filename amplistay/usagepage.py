"""How many requests were made of other systems, by property and month of UTC: what mirroring costs there."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.tenancy import HostRequest, host
from calendars import budgets
from calendars.models import Connection, Feed
from domain.roles import Power

A_DAY = timedelta(days=1)
LISTED = 13  # months: as long as requests are kept


@dataclass(frozen=True, slots=True)
class Line:
    """One property of a system: its requests of a month, and the most there can be at the pace it is read at."""

    name: str
    requests: int
    most: int


@dataclass(frozen=True, slots=True)
class Usage:
    """One connected system in a month. `others` are the requests that no property is named for."""

    connection: Connection
    lines: list[Line]
    total: int
    others: int
    allowed: int


@require_GET
@host(Power.BILLING)
def page(request: HostRequest) -> HttpResponse:
    """The requests of a month, that of now unless another is asked for."""
    today = timezone.now().date()
    months = _months(today)
    asked = _asked(request.GET.get("month", ""))
    month = asked if asked in months else months[0]
    rows = Connection.objects.of(request.org).order_by("name", "pk")
    context = {
        "nav": "account",
        "month": month,
        "months": months,
        "usages": [_usage(request, row, month) for row in rows],
    }
    return render(request, "billing/usage.html", context)


def _months(today: date) -> list[date]:
    """The first days of the months that there are figures of, the latest first."""
    first = today.replace(day=1)
    found = [first]
    while len(found) < LISTED:
        found.append((found[-1] - A_DAY).replace(day=1))
    return found


def _asked(text: str) -> date | None:
    """The month as the address has it, 2026-12; None for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month without a zone
    except ValueError:
        return None


def _usage(request: HostRequest, row: Connection, month: date) -> Usage:
    counts = budgets.by_unit(row, month)
    days = monthrange(month.year, month.month)[1]
    most = days * (A_DAY // row.least_interval)
    feeds = Feed.objects.of(request.org).filter(connection=row).select_related("property")
    names: dict[str, str] = {feed.listing: feed.property.name for feed in feeds}
    lines = [Line(names.get(key, key), counts.get(key, 0), most) for key in {**names, **counts}]
    total = sum(sum(each.values()) for each in budgets.by_day(row, month).values())
    by_use = sorted(lines, key=lambda line: (-line.requests, line.name))
    return Usage(row, by_use, total, total - sum(counts.values()), budgets.allowance(row, month).a_month)
