"""The owner's page of what everybody may see of their organization: off until they want it, gone when they don't."""

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit, language
from accounts.tenancy import HostRequest, host, verified
from directory import vendors
from directory.forms import RulesForm, VendorForm
from directory.models import ShownHome, Vendor
from domain.roles import Power
from properties.models import Property

UNPROCESSABLE = 422
ON_A_PAGE = 50  # homes: a form may have 200 fields


@require_http_methods(["GET", "POST"])
@host(Power.BILLING)
@verified
def own(request: HostRequest) -> HttpResponse:
    """The page that everybody may see, or not; and its words."""
    row = vendors.own(request.org, request.user.email)
    form = VendorForm(row, vendors.addresses(request.org), request.POST if request.method == "POST" else None)
    is_sent = request.method == "POST" and form.is_valid()
    if is_sent and vendors.keep(form, language.of_request(), timezone.now()):
        audit.note(request, shown="yes" if row.is_shown else "no")
        messages.success(
            request, _("Saved. Everybody can see it.") if row.is_shown else _("Saved. Nobody sees it.")
        )
        return redirect("vendor-page")
    return _page(request, form)


@require_POST
@host(Power.BILLING)
@verified
def homes(request: HostRequest) -> HttpResponse:
    """Which rules of each home it shows, for one page of the homes."""
    page = _homes(request)
    form = RulesForm(page.object_list, _chosen(request), request.POST)
    if not form.is_valid():
        return _page(request, _own_form(request), form)
    vendors.choose(request.org, form.rules)
    messages.success(request, _("Saved."))
    return redirect(f"{reverse('vendor-page')}?page={page.number}")


@require_POST
@host(Power.BILLING)
def withdraw(request: HostRequest) -> HttpResponse:
    """Take it down at once."""
    if vendors.withdraw(request.org, timezone.now()):
        messages.success(request, _("Your page is gone. Its words are kept here."))
    else:
        messages.info(request, _("Nobody sees your page."))
    return redirect("vendor-page")


def _own_form(request: HostRequest) -> VendorForm:
    return VendorForm(vendors.own(request.org, request.user.email), vendors.addresses(request.org))


def _homes(request: HostRequest) -> "Page[Property]":
    rows = Property.objects.of(request.org).active().order_by("name", "pk")
    return Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))


def _chosen(request: HostRequest) -> dict[int, list[str]]:
    return dict(ShownHome.objects.of(request.org).values_list("property", "rules"))


def _page(request: HostRequest, form: VendorForm, rules: RulesForm | None = None) -> HttpResponse:
    page = _homes(request)
    saved = Vendor.objects.of(request.org).first()
    context = {
        "nav": "account",
        "form": form,
        "saved": saved,
        "page": page,
        "rules": rules or RulesForm(page.object_list, _chosen(request)),
    }
    is_bad = form.errors or (rules and rules.errors)
    return render(request, "directory/own.html", context, status=UNPROCESSABLE if is_bad else 200)
