"""The month view: every night's state, why it is closed, and nights closed by hand."""

from calendar import Calendar as WeekCalendar
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.deeds import done
from accounts.statements import Given, Statement
from accounts.tenancy import HostRequest, get_or_404, host, together
from calendars import closedthere, ledger, nights, removals
from calendars.forms import BlockForm
from calendars.lineage import reasons
from calendars.models import Block, ExportLink, Feed
from calendars.nights import Trouble
from domain.roles import Power
from domain.spans import NIGHT, Span
from properties import dates
from properties.dates import first_weekday
from properties.models import Property

UNPROCESSABLE = 422
FAR = timedelta(days=5 * 366)


@require_GET
@host(Power.GUESTS)
@together
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
        return redirect("calendars:month", public_id)
    now = timezone.now()
    form = BlockForm(row.house.today(now), request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    with ledger.changing(row, now) as change:
        block = ledger.close(change, form.span, form.cleaned_data["note"])
    page = reverse("calendars:month", args=[public_id])
    place = f"{page}?month={form.span.start:%Y-%m}&night={form.span.start}"
    if board := _date(request.POST.get("board", "")):
        place = f"{reverse('planner')}?from={board}"
    words = _closed(request, row, form.span)
    done(request, words, removals.closed(block), name=row.name, place=place, way="closed", home=row.name)
    return redirect(place)


def _closed(request: HostRequest, row: Property, span: Span) -> str:
    """What becomes of nights that the host has closed here."""
    if ExportLink.objects.of(request.org).live().of_channels().filter(property=row).exists():
        words = _("Closed: %(nights)s. Every channel sees it the next time it reads its Amplistay link.")
    else:
        words = _(
            "Closed here: %(nights)s. No booking site reads an Amplistay link of this home yet, so these nights stay "
            "open there: make the links under Connections, or close the nights there yourself."
        )
    words %= {"nights": _said(span)}
    told = [
        _("%(system)s is told at once.") % {"system": name}
        for name in closedthere.told_at_once(request.org, row)
    ]
    return " ".join([words, *told])


def _said(span: Span) -> str:
    """The nights, from the first to the day after the last."""
    return dates.between(span.start, span.end, "MMMd")


@require_POST
@host(Power.KEEP)
def reopen(request: HostRequest, public_id: str, block_id: str) -> HttpResponse:
    """Open nights that were closed by hand."""
    rows = Block.objects.select_related("property").filter(origin=Block.Origin.HOST)
    block = get_or_404(rows, request, property__public_id=public_id, public_id=block_id)
    what = removals.reopen(block, timezone.now())
    words = _("Open again: %(nights)s, as far as no booking site closes these nights.")
    words %= {"nights": _said(Span(block.nights.lower, block.nights.upper))}
    place = f"{reverse('calendars:month', args=[public_id])}?month={block.nights.lower:%Y-%m}"
    name = block.property.name
    done(request, words, what, name=name, place=place, way="nights", home=name)
    return redirect(place)


def _feeds() -> QuerySet[Feed]:
    rows = Feed.objects.of(Given("org")).filter(property=Given("home")).with_turns()
    return rows.select_related("property").defer("url")


_FEEDS = Statement(_feeds)


def _page(request: HostRequest, row: Property, bound: BlockForm | None = None) -> HttpResponse:
    today = row.house.today(timezone.now())
    night = _near(_date(request.GET.get("night", "")), today)
    first = (_near(_date(f"{request.GET.get('month', '')}-01"), today) or night or today).replace(day=1)
    weeks = _weeks(first)
    window = Span(weeks[0][0], weeks[-1][-1] + NIGHT)
    chosen = night if night and night in window else None
    blocks, troubles = nights.claims(request.org, row, window), nights.troubles(request.org, row, window)
    feeds = _FEEDS(org=request.org.pk, home=row.pk)
    context: dict[str, Any] = {
        "property": row,
        "tab": "calendar",
        "first": first,
        "previous": (first - NIGHT).replace(day=1),
        "next": (first + timedelta(days=31)).replace(day=1),
        "weekdays": weeks[0],
        "last": weeks[-1][-1],
        "weeks": [
            [
                nights.cell(
                    each, blocks, troubles, today=today, in_month=each.month == first.month, chosen=chosen
                )
                for each in week
            ]
            for week in weeks
        ],
        "channels": list(dict.fromkeys(block.feed.source for block in blocks if block.feed)),
        "form": bound or _form(chosen, today),
        "has_feeds": bool(feeds),
        "there": closedthere.said(request.org, feeds, chosen, blocks) if chosen else [],
        "today": today,
    }
    context |= _why(row, chosen, blocks, troubles, today) if chosen else {"night": None}
    template = "calendars/month.html"
    if request.htmx and chosen and not bound:
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
    filled = {"start": chosen, "end": chosen + NIGHT} if chosen and chosen >= today else None
    return BlockForm(today, initial=filled)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _near(asked: date | None, today: date) -> date | None:
    """The day, unless it is so far off that no calendar reaches it."""
    return asked if asked and abs(asked - today) <= FAR else None


def _weeks(first: date) -> list[list[date]]:
    return WeekCalendar(first_weekday()).monthdatescalendar(first.year, first.month)
