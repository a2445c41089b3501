"""Saving a property's name, hours and price; the page itself is `properties.views.settings`."""

from copy import copy

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.tenancy import HostRequest, get_or_404, host
from calendars import rehousing, tasks
from calendars.models import Alert, Feed
from connectors.broker import hint
from domain.roles import Power
from properties.forms import PropertyForm
from properties.models import Property
from properties.views import settings_page
from upsells import houserules, terms
from upsells.models import Offer

COLUMNS = (*PropertyForm.Meta.fields, "nightly_rate")


@require_http_methods(["GET", "POST"])
@host(Power.SET_UP)
def facts(request: HostRequest, public_id: str) -> HttpResponse:
    """Change a property's name, clock or price."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect("properties:settings", public_id)
    form = PropertyForm(request.POST, instance=copy(row))  # a refused form leaves the page's own row alone
    if not form.is_valid():
        return settings_page(request, row, form=form)
    before = _conflicts(request, row)
    was = {name: getattr(row, name) for name in COLUMNS}
    try:
        must_read = houserules.change(row, form.save(commit=False), COLUMNS, timezone.now())
    except rehousing.Entangled:
        form.add_error("check_out", _("With these times two of your sales would be in the home at once."))
        return settings_page(request, get_or_404(Property.objects.all(), request, pk=row.pk), form=form)
    if must_read:
        hint(
            tasks.read_now,
            list(Feed.objects.of(request.org).filter(property=row).values_list("pk", flat=True)),
        )
    audit.note_change(request, Property, was, {name: getattr(form.instance, name) for name in was})
    messages.success(request, _("Saved."))
    if _conflicts(request, row) - before:
        words = _("With these times a sale is in the way of another booking. The calendar shows which.")
        messages.warning(request, words)
    _name_what_no_longer_fits(request, public_id)
    return redirect("properties:settings", public_id)


def _name_what_no_longer_fits(request: HostRequest, public_id: str) -> None:
    """An offer whose terms contradict the new times or price sells nothing: say which, and why."""
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    for offer in Offer.objects.of(request.org).filter(property=row, currency=row.currency).on():
        for _field, sentence in terms.contradictions(offer, row)[:1]:
            words = _("%(offer)s: %(why)s Change its terms, or it isn't offered.")
            messages.warning(request, words % {"offer": offer.get_kind_display(), "why": sentence})


def _conflicts(request: HostRequest, row: Property) -> set[int]:
    """The open conflicts of the property."""
    rows = Alert.objects.of(request.org).open().filter(property=row, kind=Alert.Kind.CONFLICT)
    return set(rows.values_list("pk", flat=True))
