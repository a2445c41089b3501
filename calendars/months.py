"""The month view: every night's state, why it is closed, and nights closed by hand."""

from calendar import Calendar as WeekCalendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.tenancy import HostRequest, get_or_404, host
from calendars import conflicts, ledger
from calendars.forms import BlockForm
from calendars.lineage import PRECEDENCE, channel_of, reasons, state_of
from calendars.models import Alert, Block, ExportLink, Feed
from calendars.sentences import advice, headline
from domain.channels import Channel
from domain.roles import Power
from domain.spans import NIGHT, Span, merge
from properties.models import Property

UNPROCESSABLE = 422
FAR = timedelta(days=5 * 366)
FIRST_WEEKDAY = {0: 6, 1: 0}  # Django counts from Sunday, the calendar module from Monday


@dataclass(frozen=True, slots=True)
class Day:
    """One cell of the grid; where claims overlap, the first by precedence is drawn."""

    night: date
    state: str
    in_month: bool
    is_today: bool
    is_past: bool
    is_chosen: bool
    channels: tuple[Channel, ...]
    starts: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """Nights that two claims can't both have, what the host is told about it, and the alert with what can be done."""

    alert_id: str
    nights: Span
    headline: str
    advice: str


@require_GET
@host(Power.GUESTS)
def month(request: HostRequest, public_id: str) -> HttpResponse:
    """A property's month; `?night=` explains one night beside it."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    return _page(request, row)


@require_http_methods(["GET", "POST"])
@host(Power.KEEP)
def close(request: HostRequest, public_id: str) -> HttpResponse:
    """Close nights by hand."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect(row)
    now = timezone.now()
    form = BlockForm(row.house.today(now), request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    with ledger.changing(row, now) as change:
        ledger.close(change, form.span, form.cleaned_data["note"])
    board = _date(request.POST.get("board", ""))
    messages.success(request, _closed(request, row))
    if board:
        return redirect(f"{reverse('planner')}?from={board}")
    return redirect(f"{row.get_absolute_url()}?month={form.span.start:%Y-%m}&night={form.span.start}")


def _closed(request: HostRequest, row: Property) -> str:
    """What becomes of nights that the host has closed here."""
    if ExportLink.objects.of(request.org).live().of_channels().filter(property=row).exists():
        return _("Closed. Every channel sees it the next time it reads its Amplistay link.")
    return _(
        "Closed here. No booking site reads an Amplistay link of this home yet, so these nights stay open there: make "
        "the links under Connections, or close the nights there yourself."
    )


@require_POST
@host(Power.KEEP)
def reopen(request: HostRequest, public_id: str, block_id: str) -> HttpResponse:
    """Open nights that were closed by hand."""
    rows = Block.objects.select_related("property").filter(origin=Block.Origin.HOST)
    block = get_or_404(rows, request, property__public_id=public_id, public_id=block_id)
    with ledger.changing(block.property, timezone.now()) as change:
        ledger.reopen(change, block)
    messages.success(request, _("Open again, as far as no booking site closes these nights."))
    return redirect(f"{block.property.get_absolute_url()}?month={block.nights.lower:%Y-%m}")


def _page(request: HostRequest, row: Property, bound: BlockForm | None = None) -> HttpResponse:
    today = row.house.today(timezone.now())
    night = _near(_date(request.GET.get("night", "")), today)
    first = (_near(_date(f"{request.GET.get('month', '')}-01"), today) or night or today).replace(day=1)
    weeks = _weeks(first)
    window = Span(weeks[0][0], weeks[-1][-1] + NIGHT)
    chosen = night if night and night in window else None
    rows = Block.objects.of(request.org).filter(property=row).overlapping(window)
    blocks = list(rows.select_related("feed").defer("feed__url").order_by("since"))
    troubles = _troubles(request, row, window)
    context: dict[str, Any] = {
        "property": row,
        "tab": "calendar",
        "first": first,
        "previous": (first - NIGHT).replace(day=1),
        "next": (first + timedelta(days=31)).replace(day=1),
        "weekdays": weeks[0],
        "weeks": [
            [_day(night, blocks, troubles, first=first, today=today, chosen=chosen) for night in week]
            for week in weeks
        ],
        "channels": list(dict.fromkeys(block.feed.source for block in blocks if block.feed)),
        "form": bound or _form(chosen, today),
        "has_feeds": Feed.objects.of(request.org).filter(property=row).exists(),
        "today": today,
    }
    context |= _why(row, chosen, blocks, troubles, today) if chosen else {"night": None}
    template = "calendars/month.html"
    if request.htmx and chosen and not bound:  # type: ignore[attr-defined]  # django-htmx sets it
        template += "#why"
    return render(request, template, context, status=UNPROCESSABLE if bound else 200)


def _why(
    row: Property, night: date, blocks: list[Block], troubles: list[Trouble], today: date
) -> dict[str, Any]:
    """What the panel beside the month says of one night."""
    with timezone.override(row.house.zone):
        found = reasons(night, blocks, today)
    return {
        "night": night,
        "morning": night + NIGHT,
        "reasons": found,
        "is_open": all(reason.state == "yields" for reason in found),
        "disputes": [trouble for trouble in troubles if night in trouble.nights],
        "is_past": night < today,
    }


def _form(chosen: date | None, today: date) -> BlockForm:
    """An empty form, filled in for the chosen night where that can still be closed."""
    nights = {"start": chosen, "end": chosen + NIGHT} if chosen and chosen >= today else None
    return BlockForm(today, initial=nights)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _near(asked: date | None, today: date) -> date | None:
    """The day, unless it is so far off that no calendar reaches it."""
    return asked if asked and abs(asked - today) <= FAR else None


def _weeks(first: date) -> list[list[date]]:
    start = FIRST_WEEKDAY.get(int(get_format("FIRST_DAY_OF_WEEK")), 0)
    return WeekCalendar(start).monthdatescalendar(first.year, first.month)


def _troubles(request: HostRequest, row: Property, window: Span) -> list[Trouble]:
    """The double bookings of the property that touch the window."""
    alerts = Alert.objects.of(request.org).open().filter(property=row, kind=Alert.Kind.CONFLICT)
    found = []
    for alert in alerts.order_by("opened_at"):
        alert.property = row
        nights = conflicts.nights(alert)
        if nights.overlaps(window):
            found.append(Trouble(alert.public_id, nights, headline(alert), advice(alert)))
    return found


def _day(
    night: date,
    blocks: list[Block],
    troubles: list[Trouble],
    *,
    first: date,
    today: date,
    chosen: date | None,
) -> Day:
    there = [(span, block) for block in blocks if (span := block.span) and night in span]
    there.sort(key=lambda claim: (PRECEDENCE.index(state_of(claim[1])), claim[0].start))
    span, drawn = there[0] if there else (None, None)
    state = state_of(drawn) if drawn else "free"
    disputed = merge(trouble.nights for trouble in troubles)
    if drawn and (dispute := next((nights for nights in disputed if night in nights), None)):
        span, state = dispute, "conflict"
    elif span:
        span = next(part for part in span.minus(disputed) if night in part)
    return Day(
        night=night,
        state=state,
        in_month=night.month == first.month,
        is_today=night == today,
        is_past=night < today,
        is_chosen=night == chosen,
        channels=tuple(dict.fromkeys(channel_of(block) for _span, block in there)),
        starts=span is not None and span.start == night,
        ends=span is not None and span.end == night + NIGHT,
    )
