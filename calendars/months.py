"""The month view: every night's state, why it is closed, and nights closed by hand."""

from calendar import Calendar as WeekCalendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.tenancy import HostRequest, get_or_404, host
from calendars import ledger
from calendars.forms import BlockForm
from calendars.models import Block, Feed
from domain.channels import Channel
from domain.spans import NIGHT, Span
from properties.models import Property

UNPROCESSABLE = 422
FAR = timedelta(days=5 * 366)
FIRST_WEEKDAY = {0: 6, 1: 0}  # Django counts from Sunday, the calendar module from Monday
AMPLISTAY = Channel("amplistay", "Amplistay", "A")


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
class Reason:
    """One claim on a night, in the host's words."""

    block: Block
    channel: Channel
    state: str
    title: str
    opens: str


@require_GET
@host
def month(request: HostRequest, public_id: str) -> HttpResponse:
    """A property's month; `?night=` explains one night beside it."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    return _page(request, row)


@require_http_methods(["GET", "POST"])
@host
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
    messages.success(request, _("Closed. Every channel sees it the next time it reads its Amplistay link."))
    return redirect(f"{row.get_absolute_url()}?month={form.span.start:%Y-%m}&night={form.span.start}")


@require_POST
@host
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
    blocks = list(rows.select_related("feed").order_by("since"))
    context: dict[str, Any] = {
        "property": row,
        "tab": "calendar",
        "first": first,
        "previous": (first - NIGHT).replace(day=1),
        "next": (first + timedelta(days=31)).replace(day=1),
        "weekdays": weeks[0],
        "weeks": [[_day(night, blocks, first, today, chosen) for night in week] for week in weeks],
        "channels": list(dict.fromkeys(block.feed.source for block in blocks if block.feed)),
        "night": chosen,
        "morning": chosen + NIGHT if chosen else None,
        "reasons": _reasons(chosen, blocks) if chosen else [],
        "is_past": chosen is not None and chosen < today,
        "form": bound or _form(chosen, today),
        "has_feeds": Feed.objects.of(request.org).filter(property=row).exists(),
        "today": today,
    }
    template = "calendars/month.html"
    if request.htmx and chosen and not bound:  # type: ignore[attr-defined]  # django-htmx sets it
        template += "#why"
    return render(request, template, context, status=UNPROCESSABLE if bound else 200)


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


def _state(block: Block) -> str:
    """How a claim is drawn."""
    if block.missing_since:
        return "held"
    return {
        Block.Origin.SALE: "sale",
        Block.Origin.HOLD: "hold",
        Block.Origin.HOST: "host",
        Block.Origin.FEED: "closed",
    }[Block.Origin(block.origin)]


PRECEDENCE = ("sale", "hold", "closed", "host", "held")


def _day(night: date, blocks: list[Block], first: date, today: date, chosen: date | None) -> Day:
    there = [(span, block) for block in blocks if (span := block.span) and night in span]
    there.sort(key=lambda claim: (PRECEDENCE.index(_state(claim[1])), claim[0].start))
    span, drawn = there[0] if there else (None, None)
    return Day(
        night=night,
        state=_state(drawn) if drawn else "free",
        in_month=night.month == first.month,
        is_today=night == today,
        is_past=night < today,
        is_chosen=night == chosen,
        channels=tuple(dict.fromkeys(_channel(block) for _span, block in there)),
        starts=span is not None and span.start == night,
        ends=span is not None and span.end == night + NIGHT,
    )


def _channel(block: Block) -> Channel:
    return block.feed.source if block.feed else AMPLISTAY


def _reasons(night: date, blocks: list[Block]) -> list[Reason]:
    """Every claim on the night: whose, what, since when, and what would open it."""
    return [
        Reason(block, _channel(block), _state(block), _title(block), _opens(block))
        for block in blocks
        if (span := block.span) and night in span
    ]


def _title(block: Block) -> str:
    if block.feed:
        return _("Closed by %(feed)s") % {"feed": block.feed.title}
    return {
        Block.Origin.SALE: _("Sold by you as an extra night"),
        Block.Origin.HOLD: _("A guest is booking it right now"),
        Block.Origin.HOST: _("Closed by you"),
    }[Block.Origin(block.origin)]


def _opens(block: Block) -> str:
    """The sentence that says what would open the night."""
    if block.missing_since and block.feed:
        return _(
            "%(feed)s no longer lists it. It stays closed until more reads agree, or until you free it in Connections."
        ) % {"feed": block.feed.title}
    if block.feed:
        return _("It opens when %(feed)s no longer lists it and later reads agree.") % {
            "feed": block.feed.title
        }
    return {
        Block.Origin.SALE: _("It opens when the sale is cancelled."),
        Block.Origin.HOLD: _("It opens by itself when the guest doesn't finish within ten minutes."),
        Block.Origin.HOST: _("It opens when you open it again."),
    }[Block.Origin(block.origin)]
