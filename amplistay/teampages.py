"""The pages of an organization's members, for its owners: who belongs to it, as what, and who is invited."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit, teams
from accounts.models import Invitation, Membership
from accounts.tenancy import HostRequest, fresh, get_or_404, host, verified
from accounts.views import LAST_OWNER
from amplistay.teamforms import InvitationForm, PlaceForm
from domain.roles import Power, Role, may
from properties.models import Property

UNPROCESSABLE = 422
# What the table of roles says, in the words of somebody who chooses one.
POWERS = (
    (Power.CALENDAR, gettext_lazy("See when guests come and go")),
    (Power.GUESTS, gettext_lazy("See guests' names, addresses and sales")),
    (Power.MONEY, gettext_lazy("See prices and revenue")),
    (Power.KEEP, gettext_lazy("Close and open nights")),
    (Power.SELL, gettext_lazy("Decide about requests, make stay links, cancel and refund")),
    (Power.SET_UP, gettext_lazy("Change homes, offers and prices")),
    (Power.CONNECT, gettext_lazy("Connect calendars, webhooks and other software")),
    (Power.MEMBERS, gettext_lazy("Invite members, read the audit log")),
    (Power.BILLING, gettext_lazy("Payouts, and the end of the organization")),
)


@dataclass(frozen=True, slots=True)
class Line:
    """An invitation that waits, and how it stands."""

    row: Invitation
    standing: str


def _homes(request: HostRequest) -> list[Property]:
    return list(Property.objects.of(request.org).order_by("name", "pk"))


def _named(request: HostRequest, homes: frozenset[int] | None) -> str:
    """The names of the homes that are open to a member, as the log has them; "all" for every one."""
    return "all" if homes is None else ", ".join(home.name for home in _homes(request) if home.pk in homes)


@require_GET
@host(Power.MEMBERS)
@fresh
def listing(request: HostRequest) -> HttpResponse:
    """Who belongs to it, who is invited, and what each role may do."""
    return _page(request, InvitationForm(_homes(request)))


def _page(request: HostRequest, form: InvitationForm) -> HttpResponse:
    now = timezone.now()
    waiting = Invitation.objects.of(request.org).waiting().order_by("email")
    context = {
        "nav": "account",
        "members": Membership.objects.of(request.org).select_related("user").order_by("user__email"),
        "invitations": [Line(row, row.standing(now)) for row in waiting],
        "form": form,
        "roles": [role.label for role in Membership.Role],
        "matrix": [(words, [may(role, power) for role in Role]) for power, words in POWERS],
    }
    return render(request, "team/list.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_http_methods(["GET", "POST"])
@host(Power.MEMBERS)
@verified
@fresh
def invite(request: HostRequest) -> HttpResponse:
    """Invite somebody."""
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect("team:list")
    form = InvitationForm(_homes(request), data=request.POST)
    if not form.is_valid():
        return _page(request, form)
    email, role = form.cleaned_data["email"], form.role_given
    try:
        teams.invite(request.org, request.user, email, timezone.now(), role=role, homes=form.homes_given)
    except teams.AlreadyIn:
        form.add_error("email", _("Whoever has this address is a member already."))
    except teams.AlreadyInvited:
        form.add_error("email", _("This address is invited already. You can send the link again below."))
    except teams.TooMany:
        form.add_error(None, _("So many invitations were sent or wait. Withdraw some, or go on in an hour."))
    if form.errors:
        return _page(request, form)
    audit.note(request, email=email, role=role.value)
    messages.success(request, _("%(email)s is invited. The link works for seven days.") % {"email": email})
    return redirect("team:list")


@require_POST
@host(Power.MEMBERS)
@verified
@fresh
def invite_again(request: HostRequest, invitation_id: str) -> HttpResponse:
    """Another link, for seven days more."""
    row = get_or_404(Invitation.objects.select_related("organization"), request, public_id=invitation_id)
    audit.note(request, email=row.email)
    try:
        if teams.invite_again(row, request.user, timezone.now()):
            words = _("%(email)s gets another link; the old one is void.")
            messages.success(request, words % {"email": row.email})
        else:
            messages.info(request, _("That invitation waits no more."))
    except teams.TooMany:
        messages.error(request, _("So many invitations were sent within the hour. Go on in an hour."))
    return redirect("team:list")


@require_POST
@host(Power.MEMBERS)
@fresh
def withdraw(request: HostRequest, invitation_id: str) -> HttpResponse:
    """Its link lets nobody in any more."""
    row = get_or_404(Invitation.objects.select_related("organization"), request, public_id=invitation_id)
    audit.note(request, email=row.email)
    if teams.withdraw(row, timezone.now()):
        messages.success(request, _("The invitation to %(email)s is withdrawn.") % {"email": row.email})
    else:
        messages.info(request, _("That invitation waits no more."))
    return redirect("team:list")


@require_http_methods(["GET", "POST"])
@host(Power.MEMBERS)
@verified
@fresh
def member(request: HostRequest, member_id: int) -> HttpResponse:
    """One member's role and homes."""
    row = get_or_404(Membership.objects.select_related("user", "organization"), request, pk=member_id)
    form = PlaceForm(_homes(request), row, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            teams.change(row, form.role_given, form.homes_given)
        except teams.LastOwner:
            form.add_error("role", LAST_OWNER)
        else:
            audit.note(request, email=row.user.email)
            after = {"role": form.role_given.value, "homes": _named(request, form.homes_given)}
            before = {"role": row.role, "homes": _named(request, row.open_homes)}
            audit.note_change(request, Membership, before, after)
            messages.success(request, _("Saved."))
            return redirect("home" if row.pk == request.membership.pk else "team:list")
    context = {"nav": "account", "row": row, "form": form, "is_me": row.pk == request.membership.pk}
    return render(request, "team/member.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_POST
@host(Power.MEMBERS)
@verified
@fresh
def remove(request: HostRequest, member_id: int) -> HttpResponse:
    """They belong to it no more."""
    row = get_or_404(Membership.objects.select_related("user", "organization"), request, pk=member_id)
    audit.note(request, email=row.user.email)
    try:
        teams.remove(row)
    except teams.LastOwner:
        messages.error(request, LAST_OWNER)
    else:
        messages.success(request, _("%(email)s is a member no more.") % {"email": row.user.email})
    return redirect("home" if row.pk == request.membership.pk else "team:list")


@require_POST
@host(Power.BILLING)
@verified
@fresh
def hand_over(request: HostRequest, member_id: int) -> HttpResponse:
    """Make them the owner, and oneself a manager."""
    row = get_or_404(Membership.objects.select_related("user", "organization"), request, pk=member_id)
    audit.note(request, email=row.user.email)
    if teams.hand_over(request.membership, row):
        messages.success(
            request, _("%(email)s is the owner now, and you are a manager.") % {"email": row.user.email}
        )
        return redirect("home")
    messages.error(request, _("That isn't possible: choose another member who can log in."))
    return redirect("team:list")
