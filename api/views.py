"""The host's page of tokens: the list, a new one, which is shown once, and revoking."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.tenancy import HostRequest, fresh, get_or_404, host, verified
from api import tokens
from api.forms import TokenForm
from api.models import ApiToken
from api.scopes import given_by
from domain.roles import Power
from properties.models import Property

UNPROCESSABLE = 422
MOST = 50  # live tokens of an organization
SHOWN = "api_token"  # in the session: what the next page shows, once


@require_GET
@host(Power.CONNECT)
def listing(request: HostRequest) -> HttpResponse:
    """The organization's tokens, those that open first; the one that was just made is shown whole, once."""
    now = timezone.now()
    rows = list(ApiToken.objects.of(request.org).order_by("-created_at"))
    names = dict(Property.objects.of(request.org).values_list("pk", "name"))
    lines = [(row, row.state(now), _homes(row, names)) for row in rows]
    context = {
        "nav": "account",
        "lines": sorted(lines, key=lambda line: line[1] != "live"),
        "fresh": request.session.pop(SHOWN, ""),
    }
    return render(request, "api/tokens.html", context)


def _homes(row: ApiToken, names: dict[int, str]) -> list[str]:
    """The names of the homes that are open to it; none for all."""
    return sorted(names[pk] for pk in row.homes or () if pk in names)


@require_http_methods(["GET", "POST"])
@host(Power.CONNECT)
@verified
@fresh
def create(request: HostRequest) -> HttpResponse:
    """A new token. It may do no more than its maker; a member of some homes can open no others to it."""
    homes = list(Property.objects.of(request.org).order_by("name", "pk"))
    scopes = given_by(request.membership.may)
    form = TokenForm(scopes, homes, request.POST if request.method == "POST" else None)
    now = timezone.now()
    if ApiToken.objects.of(request.org).live(now).count() >= MOST:
        messages.error(request, _("More than %(n)s tokens aren't possible. Revoke one first.") % {"n": MOST})
        return redirect("tokens:list")
    if request.method == "POST" and form.is_valid():
        chosen = form.chosen
        if chosen is None and request.membership.homes is not None:
            chosen = homes
        data = form.cleaned_data
        wanted = tokens.Wanted(data["name"], data["scopes"], chosen, form.expires_at(now))
        row, text = tokens.make(request.org, wanted, request.user.email, now)
        audit.note(
            request, token=row.name, scopes=row.scopes, homes=_homes(row, {h.pk: h.name for h in homes})
        )
        request.session[SHOWN] = text
        return redirect("tokens:list")
    context = {"nav": "account", "form": form}
    return render(request, "api/token_form.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_POST
@host(Power.CONNECT)
def revoke(request: HostRequest, token_id: str) -> HttpResponse:
    """Let a token open nothing any more, at once and for good."""
    row = get_or_404(ApiToken.objects.all(), request, public_id=token_id)
    tokens.revoke(row, timezone.now())
    audit.note(request, token=row.name)
    messages.success(request, _("Revoked: %(name)s can do nothing here any more.") % {"name": row.name})
    return redirect("tokens:list")
