"""A person's own pages: their account and how it is guarded, and the organizations that they belong to."""

from typing import cast

from allauth.account.models import EmailAddress
from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import i18n
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit, endings, language, teams
from accounts.forms import EndForm, NewOrganizationForm
from accounts.models import AuditLine, Membership, Organization, User
from accounts.tenancy import CHOSEN, HostRequest, fresh, host, membership_of, verified
from domain.roles import Power

UNPROCESSABLE = 422
MOST_OWNED = 20  # organizations that one person founds or owns
LAST_OWNER = gettext_lazy(
    "You are the only owner. Make somebody else the owner first, or delete the organization."
)


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Django's language switch, which a cookie of this device remembers; whoever is logged in reads it from now on."""
    if request.method == "POST" and isinstance(request.user, User):
        language.learn(request.user, request.POST.get("language", ""))
    return i18n.set_language(request)


@require_GET
@login_required
def hub(request: HttpRequest) -> HttpResponse:
    """How the account is guarded, and which organizations it opens."""
    user = cast("User", request.user)
    factors = list(Authenticator.objects.filter(user=user).order_by("pk"))
    codes = next((each for each in factors if each.type == Authenticator.Type.RECOVERY_CODES), None)
    context = {
        "is_verified": _is_verified(user),
        "addresses": EmailAddress.objects.filter(user=user).count(),
        "has_app": any(each.type == Authenticator.Type.TOTP for each in factors),
        "keys": [each for each in factors if each.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "sessions": UserSession.objects.filter(user=user).count(),
        "memberships": user.memberships.select_related("organization").order_by("pk"),
        "chosen": membership_of(request),
    }
    return render(request, "accounts/account.html", context)


def _is_verified(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists())


@require_http_methods(["GET", "POST"])
@login_required
def unverified(request: HttpRequest) -> HttpResponse:
    """What waits for a proven address, and the letter to prove it once more."""
    user = cast("User", request.user)
    if _is_verified(user):
        return redirect("account")
    if request.method == "POST":
        row, _new = EmailAddress.objects.get_or_create(
            user=user,
            email=user.email,
            defaults={"primary": not EmailAddress.objects.filter(user=user).exists()},
        )
        if ratelimit.consume(request, action="confirm_email", key=user.email):
            row.send_confirmation(request)
            messages.success(request, _("The letter is on its way to %(email)s.") % {"email": user.email})
        else:
            messages.info(request, _("A letter was sent within the last minute. Look into your mailbox."))
        return redirect("unverified")
    context = {"was_sent": user.letter_to == user.email}
    return render(request, "accounts/unverified.html", context)


# Organizations


@require_POST
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """Go on in another of one's organizations."""
    user = cast("User", request.user)
    chosen = request.POST.get("organization", "")
    if not user.memberships.filter(organization__public_id=chosen).exists():
        raise Http404
    request.session[CHOSEN] = chosen
    return redirect("home")


@require_http_methods(["GET", "POST"])
@login_required
def new_organization(request: HttpRequest) -> HttpResponse:
    """One more organization, whose owner one is."""
    user = cast("User", request.user)
    form = NewOrganizationForm(request.POST if request.method == "POST" else None)
    if user.memberships.filter(role=Membership.Role.OWNER).count() >= MOST_OWNED:
        raise PermissionDenied
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            organization = form.save()
            teams.found(organization, user)
        request.session[CHOSEN] = organization.public_id
        audit.record(request, organization, (AuditLine.Kind.MEMBER, user.email, user.pk), timezone.now())
        messages.success(request, _("%(name)s is open.") % {"name": organization.name})
        return redirect("home")
    context = {"form": form}
    return render(
        request, "accounts/new_organization.html", context, status=UNPROCESSABLE if form.errors else 200
    )


@require_http_methods(["GET", "POST"])
@host(Power.CALENDAR)
def organization(request: HostRequest) -> HttpResponse:
    """One organization: its name, one's own part in it, and its end. The name is changed by owners."""
    form = NewOrganizationForm(request.POST if request.method == "POST" else None, instance=request.org)
    if request.method == "POST":
        if not request.membership.may(Power.MEMBERS):
            raise PermissionDenied
        if form.is_valid():
            Organization.objects.filter(pk=request.org.pk).update(name=form.cleaned_data["name"])
            messages.success(request, _("Saved."))
            return redirect("organization")
        request.org.refresh_from_db(fields=["name"])
    return _organization_page(request, form, EndForm(request.org))


def _organization_page(request: HostRequest, form: NewOrganizationForm, end_form: EndForm) -> HttpResponse:
    context = {
        "form": form,
        "end_form": end_form,
        "grace": Organization.GRACE.days,
        "members": Membership.objects.of(request.org).count(),
    }
    bad = form.errors or end_form.errors
    return render(request, "accounts/organization.html", context, status=UNPROCESSABLE if bad else 200)


@require_POST
@host(Power.CALENDAR)
def leave(request: HostRequest) -> HttpResponse:
    """Belong to it no more."""
    try:
        teams.remove(request.membership)
    except teams.LastOwner:
        messages.error(request, LAST_OWNER)
        return redirect("organization")
    request.session.pop(CHOSEN, None)
    messages.success(request, _("You have left %(name)s.") % {"name": request.org.name})
    return redirect("account")


@require_POST
@host(Power.BILLING)
@verified
@fresh
def end(request: HostRequest) -> HttpResponse:
    """Let it be deleted after the time of grace."""
    form = EndForm(request.org, request.POST)
    if not form.is_valid():
        return _organization_page(request, NewOrganizationForm(instance=request.org), form)
    endings.end(request.org, timezone.now())
    messages.success(request, _("It will be deleted. Until then you can keep it with one click."))
    return redirect("organization")


@require_POST
@host(Power.BILLING)
def keep(request: HostRequest) -> HttpResponse:
    """Undo that."""
    if endings.keep(request.org):
        messages.success(request, _("%(name)s stays, and sells again.") % {"name": request.org.name})
    return redirect("organization")
