"""Pages about properties: a new one, its settings with rates and taxes, the archive."""

from copy import copy
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.deeds import Change, What, done
from accounts.tenancy import HostRequest, get_or_404, host, together
from billing.limits import why_not_add
from domain.roles import Power
from properties import photos
from properties.forms import PhotoForm, PropertyForm
from properties.models import Property
from properties.rateforms import Rows, SeasonForm, TaxForm, WeekForm

UNPROCESSABLE = 422


@require_http_methods(["GET", "POST"])
@host(Power.SET_UP, everywhere=True)
def create(request: HostRequest) -> HttpResponse:
    """A new property; on success the next step is to connect its calendars."""
    form = PropertyForm(request.POST or None, instance=Property(organization=request.org))
    if request.method == "POST" and form.is_valid():
        row = form.save()
        messages.success(request, _("%(name)s is set up. Now paste its calendar links.") % {"name": row.name})
        return redirect("calendars:connections", row.public_id)
    return _form(request, form, "properties/new.html")


@require_GET
@host(Power.SET_UP)
@together
def settings(request: HostRequest, public_id: str) -> HttpResponse:
    """Name, clock, price, rates and taxes. Whoever changes the clock must see the ledger, so that is saved above."""
    return settings_page(request, get_or_404(Property.objects.all(), request, public_id=public_id))


@require_http_methods(["GET", "POST"])
@host(Power.SET_UP)
def rates(request: HostRequest, public_id: str) -> HttpResponse:
    """What nights cost on single days of the week and in seasons."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect("properties:settings", public_id)
    week = WeekForm(request.POST, prefix="week", currency=row.currency)
    seasons = _seasons(row, request.POST)
    if not all([week.is_valid(), seasons.is_valid()]):
        return settings_page(request, row, week=week, seasons=seasons)
    words = _("Saved. Offers that follow the usual price follow these, too.")
    return _written(request, row, words, {"weekday_rates": week.rates, "seasons": seasons.rows})


@require_http_methods(["GET", "POST"])
@host(Power.SET_UP)
def taxes(request: HostRequest, public_id: str) -> HttpResponse:
    """The taxes that come on top of every sale."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect("properties:settings", public_id)
    found = _taxes(row, request.POST)
    if not found.is_valid():
        return settings_page(request, row, taxes=found)
    words = _("Saved. The taxes are part of every price that guests see from now on.")
    return _written(request, row, words, {"taxes": found.rows})


def _written(request: HostRequest, row: Property, words: str, after: dict[str, Any]) -> HttpResponse:
    """Write rows of the settings over those before, which can be had back."""
    before = {name: getattr(row, name) for name in after}
    Property.objects.of(request.org).filter(pk=row.pk).update(**after)
    place = reverse("properties:settings", args=[row.public_id])
    done(request, words, What([Change.of(row, before, after)]), name=row.name, home=row.name, place=place)
    return redirect(place)


@require_http_methods(["GET", "POST"])
@host(Power.SET_UP)
def photo(request: HostRequest, public_id: str) -> HttpResponse:
    """Show guests another photo of the home."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect("properties:settings", public_id)
    data, files = request.POST, request.FILES
    too_big = getattr(request, "upload_was_too_big", False)  # known once it has been read
    form = PhotoForm(data, files, prefix="photo", too_big=too_big)
    if form.is_valid():
        try:
            photos.keep(row, form.cleaned_data["file"], form.cleaned_data["words"], timezone.now())
        except photos.Unusable as problem:
            form.add_error("file", str(problem.args[0]))
        else:
            messages.success(request, _("Saved. Guests see the photo on their page."))
            return redirect("properties:settings", public_id)
    return settings_page(request, row, photo=form)


@require_POST
@host(Power.SET_UP)
def remove_photo(request: HostRequest, public_id: str) -> HttpResponse:
    """Show guests no photo any more."""
    row, now = get_or_404(Property.objects.all(), request, public_id=public_id), timezone.now()
    words = _("The photo is gone. Copies that browsers keep end within a month.")
    place = reverse("properties:settings", args=[public_id])
    if shown := photos.remove(row, now):
        what = What([Change.of(shown, {"removed_at": None}, {"removed_at": now})])
        done(request, words, what, name=row.name, home=row.name, place=place)
    else:
        messages.success(request, words)
    return redirect(place)


def _seasons(row: Property, data: Any = None) -> Rows[SeasonForm]:
    return Rows(SeasonForm, "season", "season", row, data)


def _taxes(row: Property, data: Any = None) -> Rows[TaxForm]:
    return Rows(TaxForm, "tax", "tax", row, data)


@require_POST
@host(Power.SET_UP)
def archive(request: HostRequest, public_id: str) -> HttpResponse:
    """Put a property aside: its calendars are no longer read and nothing is sold; export links keep answering."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    words = _("%(name)s is archived. You can bring it back here.") % {"name": row.name}
    now, place = timezone.now(), reverse("properties:list")
    if Property.objects.of(request.org).active().filter(pk=row.pk).update(archived_at=now):
        what = What([Change.of(row, {"archived_at": None}, {"archived_at": now})])
        done(request, words, what, name=row.name, place=place)
    else:
        messages.success(request, words)
    return redirect(place)


@require_POST
@host(Power.SET_UP)
def restore(request: HostRequest, public_id: str) -> HttpResponse:
    """Bring a property back from the archive."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    if why := why_not_add(request.org.pk, timezone.now()):
        messages.error(request, why)
        return redirect("properties:list")
    Property.objects.of(request.org).filter(pk=row.pk).update(archived_at=None)
    messages.success(request, _("%(name)s is back. Its calendars are being read again.") % {"name": row.name})
    return redirect("properties:list")


def settings_page(
    request: HttpRequest,
    row: Property,
    *,
    form: PropertyForm | None = None,
    week: WeekForm | None = None,
    seasons: Rows[SeasonForm] | None = None,
    taxes: Rows[TaxForm] | None = None,
    photo: PhotoForm | None = None,
) -> HttpResponse:
    """The page with its forms; the one that was sent back shows what is wrong in it."""
    wrong = any(each is not None and each.errors for each in (form, week, seasons, taxes, photo))
    context = {
        "property": row,
        "form": form or PropertyForm(instance=copy(row)),
        "week": week or WeekForm(prefix="week", currency=row.currency, rates=row.weekday_rates),
        "seasons": seasons or _seasons(row),
        "taxes": taxes or _taxes(row),
        "photo_form": photo or PhotoForm(prefix="photo"),
    }
    return render(request, "properties/settings.html", context, status=UNPROCESSABLE if wrong else 200)


def _form(request: HttpRequest, form: PropertyForm, template: str) -> HttpResponse:
    return render(request, template, {"form": form}, status=UNPROCESSABLE if form.errors else 200)
