"""The section "For people" of the Connections tab: links that an owner, a cleaner or a family subscribe to."""

from dataclasses import asdict

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.tenancy import HostRequest, get_or_404, host
from calendars import ledger, linking
from calendars.connections import page
from calendars.forms import PeopleForm
from calendars.models import ExportLink
from domain.roles import Power
from properties.models import Property


def _section(public_id: str) -> HttpResponse:
    return redirect(reverse("calendars:connections", args=[public_id]) + "#people")


@require_http_methods(["GET", "POST"])
@host(Power.CONNECT)
def add(request: HostRequest, public_id: str) -> HttpResponse:
    """A link of its own for one more person or group."""
    home = get_or_404(Property.objects.all(), request, public_id=public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return _section(public_id)
    form = PeopleForm(request.POST)
    if not form.is_valid():
        return page(request, home, people_form=form)
    with ledger.changing(home, timezone.now()) as change:
        linking.new_people_link(change, form.cleaned_data["label"], form.ticks)
    audit.note(request, link=form.cleaned_data["label"])
    return _section(public_id)


@require_http_methods(["GET", "POST"])
@host(Power.CONNECT)
def tick(request: HostRequest, public_id: str, people_id: str) -> HttpResponse:
    """Change what a link tells, from its next read on."""
    links = ExportLink.objects.live().of_people().select_related("property")
    link = get_or_404(links, request, property__public_id=public_id, public_id=people_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return _section(public_id)
    form = PeopleForm(request.POST, link=link)
    if not form.is_valid():
        return page(request, link.property, people_form=form)
    with ledger.changing(link.property, timezone.now()) as change:
        linking.tick(change, link, form.cleaned_data["label"], form.ticks)
    told = [name for name, shows in asdict(form.ticks).items() if shows]
    audit.note(request, link=form.cleaned_data["label"], shows=told)
    messages.success(request, _("Saved."))
    return redirect("calendars:connections", public_id)
