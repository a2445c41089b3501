"""Whose data is kept how long, and the ways to take it along or have it erased."""

import json
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.models import Organization
from accounts.tenancy import HostRequest, host
from amplistay import takeout
from domain.roles import Power
from upsells import forgetting
from upsells.forgetting import LONGEST, SHORTEST

UNPROCESSABLE = 422


class GuestForm(forms.Form):
    """Which guest is meant."""

    email = forms.EmailField(
        label=gettext_lazy("The guest's e-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Enter the guest's e-mail address.")},
    )


class KeepForm(forms.Form):
    """How long guests' names are kept."""

    months = forms.IntegerField(
        label=gettext_lazy("Months after the stay"),
        min_value=SHORTEST,
        max_value=LONGEST,
        help_text=gettext_lazy(
            "Then names, e-mail addresses and letters are erased; amounts and dates stay for your books."
        ),
        error_messages={"required": gettext_lazy("Enter a number of months.")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@host(Power.SET_UP)
def page(request: HostRequest) -> HttpResponse:
    """What is kept; POST changes for how long. With `email`, what is kept of that guest."""
    keep = KeepForm(request.POST or None, initial={"months": request.org.guests_kept})
    if request.method == "POST" and keep.is_valid():
        months = keep.cleaned_data["months"]
        Organization.objects.filter(pk=request.org.pk).update(guests_kept=months)
        audit.note(request, months=months)
        messages.success(request, _("Saved. Names that are older go tonight."))
        return redirect("data")
    guest = GuestForm(request.GET if "email" in request.GET else None)
    context: dict[str, Any] = {"nav": "account", "keep": keep, "guest": guest}
    if guest.is_bound and guest.is_valid():
        context["email"] = guest.cleaned_data["email"]
        context["found"] = list(forgetting.of_guest(request.org, context["email"]))
    is_wrong = bool(keep.errors or (guest.is_bound and guest.errors))
    return render(request, "data.html", context, status=UNPROCESSABLE if is_wrong else 200)


@require_GET
@host(Power.SET_UP, logged=True)
def of_guest(request: HostRequest) -> HttpResponse:
    """All that is kept of a guest, as a file to give to them."""
    form = GuestForm(request.GET)
    if not form.is_valid():
        raise Http404
    body = json.dumps(forgetting.told(request.org, form.cleaned_data["email"]), ensure_ascii=False, indent=2)
    headers = {
        "Content-Disposition": 'attachment; filename="guest.json"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(body, content_type="application/json", headers=headers)


@require_POST
@host(Power.SET_UP)
def erase(request: HostRequest) -> HttpResponse:
    """Erase a guest, as far as nothing is open."""
    form = GuestForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Enter the guest's e-mail address."))
        return redirect("data")
    email = form.cleaned_data["email"]
    erased = forgetting.erase(request.org, email, timezone.now())
    audit.note(request, purchases=erased.gone)
    if erased.kept:
        words = ngettext(
            "%(n)s purchase of this guest is open or yet to come, so it must be kept for now. "
            "Ask again after the stay.",
            "%(n)s purchases of this guest are open or yet to come, so they must be kept for now. "
            "Ask again after the stay.",
            erased.kept,
        )
        messages.warning(request, words % {"n": erased.kept})
        return redirect(f"{reverse('data')}?{urlencode({'email': email})}")
    messages.success(request, _("Erased. Nothing here names this guest any more."))
    return redirect("data")


@require_POST
@host(Power.MEMBERS)
def take_out(request: HostRequest) -> HttpResponse:
    """Everything the organization has, as a ZIP file."""
    name = f"amplistay-{request.org.public_id}-{timezone.now():%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    answer = StreamingHttpResponse(
        takeout.parts(request.org), content_type="application/zip", headers=headers
    )
    return cast("HttpResponse", answer)  # the decorators only set headers
