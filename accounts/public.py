"""An invitation, opened by its link: open to strangers, since most who are invited have no account yet."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import filter_users_by_email, perform_login
from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import audit, teams
from accounts.forms import JoinForm
from accounts.models import AuditLine, Invitation, Membership, User
from accounts.tenancy import CHOSEN

UNPROCESSABLE, GONE = 422, 410


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What one is invited to; posted, one joins: as whoever is logged in, or as somebody new with a password."""
    row = teams.invitation_of(token)
    if row is None:
        raise Http404
    if (why := _shut(row, request)) != "open":
        return _page(request, row, why, status=GONE if why not in {"other", "known"} else 200)
    if isinstance(request.user, User):
        return (
            _accepted(request, row, request.user) if request.method == "POST" else _page(request, row, "mine")
        )
    form = JoinForm(row.email, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _joined(request, row, form.cleaned_data["password"])
    return _page(request, row, "new", form, UNPROCESSABLE if form.errors else 200)


def _shut(row: Invitation, request: HttpRequest) -> str:
    """open, or why this person can't accept: used, withdrawn, expired, ending, other, or known (to log in first)."""
    if (standing := row.standing(timezone.now())) != "open":
        return standing
    if row.organization.ends_at:
        return "ending"
    if isinstance(request.user, User):
        return "open" if teams.is_for(row, request.user) else "other"
    return "known" if filter_users_by_email(row.email) else "open"


def _page(
    request: HttpRequest, row: Invitation, state: str, form: JoinForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "invitation": row,
        "role": Membership.Role(row.role).label,
        "state": state,
        "form": form,
        "log_in": f"{reverse('account_login')}?next={request.path}",
    }
    # The address is a key, which our usual "same-origin" tells nobody else. With "no-referrer" browsers would send the
    # form with `Origin: null` (Fetch, §3.2), and it would be refused as a stranger's.
    return render(request, "accounts/invitation.html", context, status=status)


def _accepted(request: HttpRequest, row: Invitation, user: User) -> HttpResponse:
    try:
        member = teams.accept(row, user, timezone.now())
    except IntegrityError:  # somebody else has proven the address this very moment
        return redirect(request.path)
    except teams.NotOpen as error:
        return _page(request, row, error.why, status=GONE)
    except teams.AlreadyIn:
        messages.info(request, _("You belong to %(name)s already.") % {"name": row.organization.name})
        request.session[CHOSEN] = row.organization.public_id
        return redirect("home")
    _welcome(request, member)
    return redirect(_first_page(row))


def _joined(request: HttpRequest, row: Invitation, password: str) -> HttpResponse:
    try:
        member = teams.join(row, password, timezone.now())
    except IntegrityError:  # opened twice at the same moment: there is an account now
        return redirect(request.path)
    except teams.NotOpen as error:
        return _page(request, row, error.why, status=GONE)
    record_authentication(request, member.user, "password", email=member.user.email)
    answer: HttpResponse = perform_login(
        request, member.user, redirect_url=reverse(_first_page(row)), signup=True
    )
    _welcome(request, member)
    return answer


def _first_page(row: Invitation) -> str:
    """Where somebody new begins: who asked to join wants to connect their system."""
    return "systems:connect" if row.answers else "home"


def _welcome(request: HttpRequest, member: Membership) -> None:
    organization, user = member.organization, member.user
    request.session[CHOSEN] = organization.public_id
    audit.record(request, organization, (AuditLine.Kind.MEMBER, user.email, user.pk), timezone.now())
    messages.success(request, _("You belong to %(name)s now.") % {"name": organization.name})
