"""The host's pages of what was sold: the lists, the file for a spreadsheet, one purchase, the figures."""

import re
from collections import defaultdict
from datetime import date, datetime
from functools import cached_property
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import SavedView
from accounts.savedviews import can_be_saved
from accounts.tenancy import HostRequest, get_or_404, host, together
from calendars.models import Feed
from domain import offers
from domain.channels import CHANNELS
from domain.money import Money
from domain.roles import Power
from properties.models import Property, zones_of
from properties.templatetags.stays import listed
from upsells import (
    bars,
    cancelling,
    deliveries,
    longerstays,
    receipts,
    revenue,
    sentences,
    sheets,
    tasks,
    timeline,
)
from upsells.limits import RESENDS, wait
from upsells.models import Purchase
from upsells.models.purchases import PurchaseQuerySet
from upsells.purchaseforms import AddressForm, CancelSaleForm, FilterForm

LISTED = 25  # on one page
MOST_LISTED = 5_000  # in all; counting more would take longer than anybody leafs
MOST_REQUESTS = 100
UNPROCESSABLE = 422
MONTH = re.compile(r"(2\d{3})-(0[1-9]|1[0-2])")
State = Purchase.State


class _Pages(Paginator):  # type: ignore[type-arg]  # Django's class can't be subscripted at run time
    """Pages of a list that is counted no further than it is shown."""

    @cached_property
    def count(self) -> int:
        """How many there are, or as many as are listed."""
        rows: QuerySet[Purchase] = self.object_list  # type: ignore[assignment]  # the views hand it query sets
        return rows.order_by()[:MOST_LISTED].count()


def _homes(request: HostRequest) -> list[Property]:
    """Every property, archived ones too: what was sold there stays sold."""
    return list(Property.objects.of(request.org).order_by("name", "pk"))


def _rows(request: HostRequest) -> PurchaseQuerySet:
    return Purchase.objects.of(request.org).order_by("-created_at", "-pk")


def _form(request: HostRequest, homes: list[Property]) -> FilterForm:
    channels = (
        Purchase.objects.of(request.org).order_by("channel").values_list("channel", flat=True).distinct()
    )
    return FilterForm(request.GET, homes, channels)


# The lists


@require_GET
@host(Power.GUESTS)
@together
@can_be_saved(SavedView.Listing.SALES)
def everything(request: HostRequest) -> HttpResponse:
    """What guests ask for and what was sold at all properties, newest first."""
    homes = _homes(request)
    zones = zones_of(home for home in homes if home.archived_at is None)
    with timezone.override(zones[0]):
        return _listing(request, homes, {"tab": "list", "zones": zones})


@require_GET
@host(Power.GUESTS)
@together
@can_be_saved(SavedView.Listing.HOME_SALES)
def sales(request: HostRequest, public_id: str) -> HttpResponse:
    """The same of one property, in its tab."""
    home = get_or_404(Property.objects.all(), request, public_id=public_id)
    with timezone.override(home.house.zone):
        return _listing(request, [home], {"property": home, "tab": "sales"})


def _listing(request: HostRequest, homes: list[Property], context: dict[str, Any]) -> HttpResponse:
    form = _form(request, homes)
    rows = _rows(request).select_related("property", "payment", "moved_to__property")
    template = "upsells/purchases.html"
    if "property" in context:
        form.without_homes()
        rows = rows.filter(property=context["property"])
        template = "upsells/sales.html"
    is_valid = form.is_valid()
    pages = _Pages(form.chosen(rows) if is_valid else rows.none(), LISTED)
    page = pages.get_page(request.GET.get("page"))
    requests = [] if form.is_narrow or page.number > 1 else _requests(request, rows)
    context |= {
        "form": form,
        "page": page,
        "homes": homes,
        "is_new": not (form.is_narrow or form.errors or page.object_list or requests),
        "found": [_told(purchase) for purchase in page],
        "cut": pages.count if pages.count == MOST_LISTED else 0,
        "requests": requests,
    }
    return render(request, template, context, status=200 if is_valid else UNPROCESSABLE)


def _told(purchase: Purchase) -> dict[str, Any]:
    return {"purchase": purchase, "what": sentences.bought(purchase, purchase.property.house)}


def _requests(request: HostRequest, rows: PurchaseQuerySet) -> list[dict[str, Any]]:
    """The guests who wait for the host's word, the most urgent first, each with what keeps it from being known."""
    asked = list(rows.filter(state=State.ASKED).order_by("answer_by", "pk")[:MOST_REQUESTS])
    feeds: dict[int, list[Feed]] = defaultdict(list)
    if asked:
        for feed in (
            Feed.objects.of(request.org).filter(property__in={row.property_id for row in asked}).defer("url")
        ):
            feeds[feed.property_id].append(feed)
    return [
        _told(each)
        | {
            "lines": sentences.kept_lines(each),
            "freshness": _freshness(feeds[each.property_id]),
        }
        for each in asked
    ]


def _doubt(request: HostRequest, row: Purchase) -> str:
    """The same of one purchase; empty where nobody waits for the host."""
    feeds = Feed.objects.of(request.org).filter(property=row.property_id).defer("url")
    return _freshness(list(feeds)) if row.state == State.ASKED else ""


def _freshness(feeds: list[Feed]) -> str:
    """What keeps the calendars from being believed right now; empty when all were just read."""
    unread = [feed.title for feed in feeds if feed.failing_since or feed.paused_at]
    if unread:
        words = _(
            "%(feeds)s can't be read at the moment. Look there yourself before you agree: "
            "if it can't be read then either, we confirm on your word."
        )
        return words % {"feeds": listed(unread)}
    reads = [None if feed.paused_at else feed.last_good_at for feed in feeds]
    mode = offers.mode(offers.Mode.INSTANT, reads, timezone.now())
    return sentences.feeds(feeds, mode, timezone.get_current_timezone())


@require_GET
@host(Power.MONEY, logged=True)
def sheet(request: HostRequest) -> HttpResponse:
    """The filtered list as a CSV file, whole; a filter that can't be meant goes back to the list, which says why."""
    form = _form(request, _homes(request))
    if not form.is_valid():
        return redirect(f"{reverse('sales:list')}?{request.GET.urlencode()}")
    rows = form.chosen(_rows(request).select_related("property", "payment"))
    content = sheets.lines(rows.iterator(chunk_size=sheets.CHUNK))
    name = f"amplistay-sales-{timezone.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    answer = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)
    return cast("HttpResponse", answer)  # the decorators only set headers


# One purchase


@require_GET
@host(Power.GUESTS)
def purchase(request: HostRequest, public_id: str, purchase_id: str) -> HttpResponse:
    """What was bought, by whom and for how much, what can be done about it, and everything that happened to it.

    A host who has chosen how much the guest gets back sees what cancelling does, before it is done.
    """
    row = _row(request, public_id, purchase_id)
    if row.state == State.CONFIRMED and "how" in request.GET:
        return _page(request, row, cancel_form=CancelSaleForm(row, timezone.now(), request.GET))
    return _page(request, row)


def _row(request: HostRequest, public_id: str, purchase_id: str) -> Purchase:
    whole = ("property__organization", "stay_link", "payment", "certificate")
    rows = Purchase.objects.select_related(*whole).prefetch_related("deliveries")
    return get_or_404(rows, request, property__public_id=public_id, public_id=purchase_id)


def _page(request: HostRequest, row: Purchase, **forms: Form) -> HttpResponse:
    """The page; a form that was sent takes the place of a fresh one."""
    now, home, payment = timezone.now(), row.property, receipts.payment_of(row)
    ways = longerstays.ways(row, now)
    is_wrong = any(form.errors for form in forms.values())
    with timezone.override(home.house.zone):
        context = _told(row) | {
            "lines": sentences.kept_lines(row),
            "property": home,
            "tab": "sales",
            "channel": CHANNELS.get(row.channel),
            "money": _money(row),
            "stuck": sentences.stuck(payment) if payment else (),
            "wished": Money(row.refund or 0, row.currency)
            if row.state == State.CONFIRMED and row.wished_at
            else None,
            "waived": Money(row.refund or 0, row.currency) if row.state == State.CANCELLED else None,
            "steps": timeline.steps(row, now),
            "links": timeline.told(row, now),
            "ways": [way for way in ways if not way.is_aside],
            "ways_aside": [way for way in ways if way.is_aside],
            "has_receipt": receipts.exists(row),
            "freshness": _doubt(request, row),
            "mails": sorted(row.deliveries.all(), key=lambda mail: (mail.created_at, mail.pk)),
            "undelivered": deliveries.undelivered(row),
            "cancel_form": CancelSaleForm(row, now),
            "address_form": AddressForm(initial={"email": row.guest_email}),
            **forms,
        }
        return render(request, "upsells/purchase.html", context, status=UNPROCESSABLE if is_wrong else 200)


@require_POST
@host(Power.SELL)
def cancel(request: HostRequest, public_id: str, purchase_id: str) -> HttpResponse:
    """Take a sale back for as much as the host chooses."""
    row, now = _row(request, public_id, purchase_id), timezone.now()
    form = CancelSaleForm(row, now, request.POST)
    if row.state == State.CONFIRMED and not form.is_valid():
        return _page(request, row, cancel_form=form)
    if form.is_valid() and cancelling.cancel(row, now, form.refund):
        tasks.at_once(row)
        messages.success(request, _("Cancelled. What was sold is open again, and the guest gets an e-mail."))
    else:
        messages.error(
            request, _("Nothing was cancelled: it isn't as you saw it any more. This is how it stands now.")
        )
    return redirect("upsells:purchase", public_id, purchase_id)


@require_POST
@host(Power.SELL)
def resend(request: HostRequest, public_id: str, purchase_id: str) -> HttpResponse:
    """Try a mail again that couldn't be delivered for three days."""
    row, mail = _row(request, public_id, purchase_id), request.POST.get("mail", "")
    known = mail.isascii() and mail.isdigit() and len(mail) <= len("2147483647")
    if known and deliveries.send_again(row, int(mail), timezone.now()):
        tasks.at_once(row)
        messages.success(request, _("It is sent again."))
    else:
        messages.error(request, _("This e-mail has been sent, or is being tried already."))
    return redirect("upsells:purchase", public_id, purchase_id)


@require_POST
@host(Power.SELL)
def address(request: HostRequest, public_id: str, purchase_id: str) -> HttpResponse:
    """Correct where the guest is written to, and send them there how their purchase stands."""
    row, now = _row(request, public_id, purchase_id), timezone.now()
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _page(request, row, address_form=form)
    if wait(RESENDS, request, row.public_id, now):
        messages.error(request, _("That is too often for one hour. Please try again later."))
    else:
        deliveries.readdress(row, form.cleaned_data["email"], now)
        tasks.at_once(row)
        messages.success(request, _("Saved. What the guest has to know is sent to the new address."))
    return redirect("upsells:purchase", public_id, purchase_id)


def _money(row: Purchase) -> dict[str, Money] | None:
    """What the card was asked for, charged and given back; None without a card."""
    payment = getattr(row, "payment", None)
    if payment is None:
        return None
    amounts = {
        "reserved": payment.amount,
        "captured": payment.captured,
        "refunded": payment.refunded,
        "on_its_way": payment.refunding,
        "owed": payment.owed.amount if payment.owed else 0,
        "kept": payment.kept.amount,
    }
    return {name: Money(amount, row.currency) for name, amount in amounts.items()}


# The figures


@require_GET
@host(Power.MONEY)
@together
@can_be_saved(SavedView.Listing.REVENUE)
def figures(request: HostRequest) -> HttpResponse:
    """What was sold and how far guests came, by offer and month, of all properties or of one."""
    homes = _homes(request)
    chosen = next((home for home in homes if home.public_id == request.GET.get("home")), None)
    counted = [chosen] if chosen else homes
    rows = Purchase.objects.of(request.org).filter(property__in=counted)
    last = _last_month(request.GET.get("until", ""), counted, timezone.now())
    found = revenue.figures(rows, {home.time_zone for home in counted}, revenue.months(last))
    context = {
        "tab": "revenue",
        "homes": homes,
        "chosen": chosen,
        "first": found.months[0],
        "last": found.months[-1],
        "earlier": f"{revenue.after(found.months[-1], -revenue.MONTHS):%Y-%m}",
        "later": _later(found.months[-1], counted),
        "money": [_in_currency(found, currency) for currency in found.currencies],
        "ways": bars.reached(found),
        "total": found.total(),
    }
    return render(request, "upsells/revenue.html", context)


def _this_month(homes: list[Property], now: datetime) -> date:
    """The month that has begun at any of the homes."""
    return max((home.house.today(now) for home in homes), default=now.date()).replace(day=1)


def _last_month(text: str, homes: list[Property], now: datetime) -> date:
    """The month asked for, but no later than this one; this one where nothing can be made of it."""
    this = _this_month(homes, now)
    found = MONTH.fullmatch(text)
    return min(date(int(found[1]), int(found[2]), 1), this) if found else this


def _later(last: date, homes: list[Property]) -> str:
    """The last month of the next period; nothing when this one is the latest."""
    this = _this_month(homes, timezone.now())
    return f"{min(revenue.after(last, revenue.MONTHS), this):%Y-%m}" if last < this else ""


def _in_currency(found: revenue.Figures, currency: str) -> dict[str, Any]:
    tally = found.total(currency=currency)
    return {
        "currency": currency,
        "sold": Money(tally.sold, currency),
        "waived": Money(tally.waived, currency),
        "back": Money(tally.back, currency),
        "kept": Money(tally.kept, currency),
        "sales": tally.sales,
        "charts": bars.sold(found, currency),
    }
