"""Accounts at property-management systems: connected step by step, their health, their units, and their end."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from accounts import audit
from accounts.tenancy import HostRequest, fresh, get_or_404, host
from billing.limits import why_not_add
from calendars import adopting, budgets, exports, importing, leases, ledger, mirrors, systems, tasks
from calendars.importforms import HousesForm
from calendars.importing import Verdict
from calendars.mirrors import Entry
from calendars.models import Connection, Feed
from calendars.systemforms import GROUPS, AccountForm, KeysForm, UnitsForm
from connectors.broker import hint
from connectors.contract import Cap
from domain.listwords import Column
from domain.roles import Power
from domain.sheets import safe, written
from properties.models import Property

UNPROCESSABLE = 422
SYSTEM = "escapia"  # the one that has a guide
CONNECTED = gettext_lazy("These keys are connected already, as “%(name)s”.")
USUAL_CURRENCY = "USD"  # Escapia's managers are in North America
ON_A_PAGE = 50  # units: a form may have 200 fields
MOST = 20  # accounts of an organization


@dataclass(frozen=True, slots=True)
class GroupHealth:
    """Keys that were entered, and what is wrong with them, if anything."""

    name: str
    text: Any
    trouble: str


@dataclass(frozen=True, slots=True)
class Home:
    """A home that follows a unit, with the address that booking sites read it at; empty where it has none any more."""

    feed: Feed
    address: str
    is_gone: bool


@require_GET
@host(Power.CONNECT, everywhere=True)
def listing(request: HostRequest) -> HttpResponse:
    """The organization's accounts."""
    return render(
        request, "systems/list.html", {"nav": "account", "rows": accounts_of(request), "most": MOST}
    )


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@host(Power.CONNECT, everywhere=True)
def connect(request: HostRequest) -> HttpResponse:
    """The guide: what to ask support for, and where to enter the keys that come back."""
    spec = systems.SYSTEMS[SYSTEM].spec
    form = AccountForm(spec, request.POST if request.method == "POST" else None)
    if accounts_of(request).count() >= MOST:
        messages.error(request, _("More than %(n)s accounts aren't possible.") % {"n": MOST})
        return redirect("systems:list")
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        entry = Entry(SYSTEM, given["name"], form.keys, {}, given["time_zone"])
        if known := mirrors.account_of_keys(request.org, SYSTEM, form.keys):
            form.add_error(None, CONNECTED % {"name": known.name})
        else:
            row = mirrors.connect(request.org, entry, timezone.now())
            audit.note(request, account=row.name)
            hint(tasks.look_at_connection, row.pk)
            return redirect("systems:account", row.public_id)
    context = {"nav": "account", "form": form, "request_text": systems.REQUEST}
    return render(request, "systems/connect.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_GET
@host(Power.CONNECT, everywhere=True)
def account(request: HostRequest, connection_id: str) -> HttpResponse:
    """One account: what works, what it costs, and its units in two columns."""
    row = account_of(request, connection_id)
    if row.looked_at is None:
        return render(request, "systems/account.html", {"nav": "account", "row": row})
    found = adopting.units(row)
    page = Paginator(found.free, ON_A_PAGE).get_page(request.GET.get("page"))
    return _page(request, row, UnitsForm(page.object_list), HousesForm(instance=_usual(request, row)))


@require_GET
@host(Power.CONNECT, everywhere=True, logged=True)
@fresh
def links(request: HostRequest, connection_id: str) -> HttpResponse:
    """The links of all its homes as a CSV file, to paste them in bulk: whoever has one reads that home's calendar."""
    row = account_of(request, connection_id)
    audit.note(request, account=row.name)
    kept: list[list[object]] = [
        [safe(each.feed.listing), safe(each.feed.property.name), each.address] for each in _homes(row)
    ]
    table = "".join(written([_("Unit"), _("Name"), _("Link")], kept))
    headers = {
        "Content-Disposition": f'attachment; filename="amplistay-links-{row.public_id}.csv"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(table, content_type="text/csv; charset=utf-8", headers=headers)


@require_GET
@host(Power.CONNECT, everywhere=True)
def progress(request: HostRequest, connection_id: str) -> HttpResponse:
    """Whether the keys are checked by now: the page asks until they are, and then shows itself anew."""
    row = account_of(request, connection_id)
    if not request.htmx:
        return redirect("systems:account", connection_id)
    if row.looked_at is None:
        return render(request, "systems/account.html#checking", {"row": row})
    return HttpResponseClientRefresh()


@require_POST
@host(Power.CONNECT, everywhere=True)
def look(request: HostRequest, connection_id: str) -> HttpResponse:
    """Ask the system once more what works and which units there are."""
    row = account_of(request, connection_id)
    mirrors.look_again(row)
    hint(tasks.look_at_connection, row.pk)
    return redirect("systems:account", connection_id)


@require_http_methods(["GET", "POST"])
@host(Power.SET_UP, everywhere=True)
def adopt(request: HostRequest, connection_id: str) -> HttpResponse:
    """Let the chosen units become homes; who comes to the address of a form with mistakes finds the account."""
    row = account_of(request, connection_id)
    if request.method == "GET":
        path = reverse("systems:account", args=[connection_id])
        return redirect(f"{path}?{request.GET.urlencode()}")
    page = Paginator(adopting.units(row).free, ON_A_PAGE).get_page(request.GET.get("page"))
    form = UnitsForm(page.object_list, request.POST)
    defaults = HousesForm(request.POST, instance=Property(organization=request.org))
    if not all([form.is_valid(), defaults.is_valid()]):
        return _page(request, row, form, defaults)
    values = {name: request.POST.get(name, "") for name in defaults.fields}
    refusal = why_not_add(request.org.pk, timezone.now())
    verdicts = adopting.plan(row, form.wanted, values, refusal)
    _complain(form, defaults, verdicts)
    if form.errors or defaults.errors:
        return _page(request, row, form, defaults)
    outcomes = adopting.adopt(row, form.wanted, verdicts, timezone.now())
    feeds = [feed for outcome in outcomes for feed in outcome.feeds]
    hint(tasks.read_now, feeds) if len(feeds) <= leases.BATCH else hint(tasks.read_mirrors)
    words = ngettext("%(n)s home follows its unit now.", "%(n)s homes follow their units now.", len(feeds))
    messages.success(request, words % {"n": len(feeds)})
    left = [outcome.name for outcome in outcomes if not outcome.feeds]
    if left:
        words = _("Not finished, choose them once more: %(names)s")
        messages.warning(request, words % {"names": ", ".join(left)})
    return redirect("systems:account", connection_id)


@require_POST
@host(Power.CONNECT, everywhere=True)
def two_way(request: HostRequest, connection_id: str) -> HttpResponse:
    """Close nights there that are taken elsewhere, or stop doing so."""
    row = account_of(request, connection_id)
    wanted = request.POST.get("two_way") == "on"
    if wanted and Cap.BLOCK not in row.works:
        messages.error(request, _("With these keys no night can be closed there."))
        return redirect("systems:account", connection_id)
    mirrors.set_two_way(row, two_way=wanted)
    audit.note(request, account=row.name, two_way="on" if wanted else "off")
    messages.success(request, _("Both ways from now on.") if wanted else _("One way from now on."))
    return redirect("systems:account", connection_id)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@host(Power.CONNECT, everywhere=True)
@fresh
def rekey(request: HostRequest, connection_id: str) -> HttpResponse:
    """Other keys in place of those that there are."""
    row = account_of(request, connection_id)
    form = KeysForm(systems.spec_of(row), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        mirrors.rekey(row, form.keys, timezone.now())
        hint(tasks.look_at_connection, row.pk)
        return redirect("systems:account", connection_id)
    context = {"nav": "account", "row": row, "form": form}
    return render(request, "systems/rekey.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_POST
@host(Power.CONNECT, everywhere=True)
@fresh
def disconnect(request: HostRequest, connection_id: str) -> HttpResponse:
    """Follow none of its units any more."""
    row = account_of(request, connection_id)
    audit.note(request, account=row.name)
    try:
        mirrors.archive(row, timezone.now())
    except ledger.Crowded:
        messages.error(request, _("Some homes are busy just now. Press once more, and the rest follows."))
        return redirect("systems:account", connection_id)
    messages.success(request, _("%(name)s is disconnected. Your homes stay.") % {"name": row.name})
    return redirect("systems:list")


def accounts_of(request: HostRequest) -> Any:
    """The organization's accounts: live ones, and those that are being given up."""
    followed = Feed.objects.of(request.org).filter(connection=OuterRef("pk"))
    rows = Connection.objects.of(request.org).filter(Q(archived_at=None) | Exists(followed))
    return rows.defer("secrets").order_by("pk")


def account_of(request: HostRequest, connection_id: str) -> Connection:
    followed = Feed.objects.of(request.org).filter(connection=OuterRef("pk"))
    rows = Connection.objects.filter(Q(archived_at=None) | Exists(followed)).select_related("organization")
    return get_or_404(rows, request, public_id=connection_id)


def _usual(request: HostRequest, row: Connection) -> Property:
    """A new home as is usual here, at the price of the newest one, in the account's zone."""
    usual = importing.usual(request.org)
    newest = Property.objects.of(request.org).active().order_by("-pk").first()
    if newest is None:
        usual.currency = USUAL_CURRENCY
    elif newest.currency == usual.currency:
        usual.nightly_rate = newest.nightly_rate
    usual.time_zone = row.time_zone
    return usual


def _homes(row: Connection) -> list[Home]:
    """The homes that follow a unit of the account; last those whose units it lists no more."""
    units = adopting.units(row)
    feeds = [*units.followed, *units.gone]
    links, gone = adopting.links_of(feeds), {feed.pk for feed in units.gone}
    return [
        Home(feed, exports.address(link) if link else "", feed.pk in gone)
        for feed in feeds
        for link in [links.get(feed.property_id)]
    ]


def _complain(form: UnitsForm, defaults: HousesForm, verdicts: list[Verdict]) -> None:
    """Say what is wrong with a home at its name or its own zone, or at what holds for all of them."""
    for verdict, chosen in zip(verdicts, form.wanted, strict=True):
        for column, words in verdict.wrong.items():
            if column == Column.TIME_ZONE and chosen.time_zone:
                form.add_error(f"zone-{chosen.unit.id}", words)
            elif column == Column.NAME or column.value not in defaults.fields:
                form.add_error(f"name-{chosen.unit.id}", words)
            elif column.value not in defaults.errors:
                defaults.add_error(column.value, words)


def _page(request: HostRequest, row: Connection, form: UnitsForm, defaults: HousesForm) -> HttpResponse:
    found, now = adopting.units(row), timezone.now()
    day = now.date()
    context = {
        "nav": "account",
        "row": row,
        "units": found,
        "homes": _homes(row),
        "page": Paginator(found.free, ON_A_PAGE).get_page(request.GET.get("page")),
        "form": form,
        "defaults": defaults,
        "health": health(row),
        "can_block": Cap.BLOCK in row.works,
        "works": bool({Cap.LISTINGS.value, Cap.CALENDAR.value} & set(row.works)),
        "problem": _(row.troubles["listings"]) if "listings" in row.troubles else "",
        "allowed": budgets.allowance(row, day),
        "spent": budgets.spent_by(row, day),
        "percent": budgets.used_percent(row, now),
    }
    is_bad = form.errors or defaults.errors
    return render(request, "systems/account.html", context, status=UNPROCESSABLE if is_bad else 200)


def health(row: Connection) -> list[GroupHealth]:
    """Each group of which there is a key."""
    given = {key.group for key in systems.spec_of(row).credentials if row.credentials.get(key.name)}
    troubles = {name: _(text) for name, text in row.troubles.items()}
    return [
        GroupHealth(name, text, troubles.get(group, ""))
        for group, (name, text) in GROUPS.items()
        if group in given
    ]
