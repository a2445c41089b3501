"""The tenant door: who is asking, for which organization, and the only way to one of its rows."""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Concatenate, cast
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts import audit, support
from accounts.acting import Acting, acting_as, acting_for_the_house
from accounts.models import AuditLine, Membership, Organization, TenantQuerySet, User
from accounts.statements import Given, Statement
from domain.roles import Power

CHOSEN = "organization"  # the session's name for the organization chosen last


class HostRequest(HttpRequest):
    """A request of a logged-in member, with the organization that was let in."""

    user: User
    org: Organization
    membership: Membership
    htmx: HtmxDetails
    deed: object  # what was done with this very click and can be undone, if anything: see `accounts.deeds`


type View[**P] = Callable[Concatenate[HostRequest, P], HttpResponse]


class NotTheirs(PermissionDenied):
    """Whoever asks may not do this: the power it needs, and who they are, if a member at all.

    `everywhere` says that it needs a member to whom every home is open.
    """

    def __init__(self, power: Power, membership: Membership | None, *, everywhere: bool = False) -> None:
        super().__init__(power)
        self.power, self.membership, self.everywhere = power, membership, everywhere


def host[**P](
    power: Power, *, logged: bool = False, everywhere: bool = False
) -> Callable[[View[P]], Callable[..., HttpResponse]]:
    """Let in members whose role has the power, with `request.org` and `request.membership` set.

    Strangers are sent to the log-in page. The view sees rows of that organization only, and of those only what hangs
    on homes that are open to the member: PostgreSQL's row-level security stands behind `.of(org)`.
    With `everywhere` it is for members to whom every home is open: what it touches belongs to no single home.
    What changes something becomes a line of the audit log; with `logged`, what only shows something does, too.
    Raises NotTheirs for a user without any organization or without the power.
    """

    def guard(view: View[P]) -> Callable[..., HttpResponse]:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            membership = membership_of(request)
            if membership is None or not membership.may(power):
                raise NotTheirs(power, membership)
            if everywhere and membership.homes is not None:
                raise NotTheirs(power, membership, everywhere=True)
            request.org = membership.organization  # type: ignore[attr-defined]  # this is where it is defined
            request.membership = membership  # type: ignore[attr-defined]  # this, too
            who = Acting(membership.organization_id, membership.open_homes)
            with acting_as(who):
                response = view(request, *args, **kwargs)  # type: ignore[arg-type]  # narrowed above
                if audit.done(request, response, logged=logged or membership.is_support):
                    audit.record(request, membership.organization, _named(membership), timezone.now())
            _keep_acting(who, response)
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        guarded.power = power  # type: ignore[attr-defined]  # for the test that knows what each address asks
        return guarded

    return guard


def fresh[**P](view: View[P]) -> View[P]:
    """Below `@host`: let in whoever has just proven who they are; others do so again first, and go on from there."""

    @wraps(view)
    def guarded(request: HostRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        records = get_authentication_records(request, request.user)
        last = records[-1]["at"] if records else 0
        if timezone.now().timestamp() - last < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            return view(request, *args, **kwargs)
        if "HX-Request" in request.headers:  # a page to fill in must not end up in a corner of this one
            back = request.headers.get("HX-Current-URL", "/")
            query = urlencode({"next": back})
            return HttpResponseClientRedirect(f"{reverse('account_reauthenticate')}?{query}")
        raise ReauthenticationRequired

    guarded.fresh = True  # type: ignore[attr-defined]  # for the test that knows what is behind it
    return guarded


def together[**P](view: View[P]) -> View[P]:
    """Below `@host`, for a page that asks the database much: all of it in one transaction.

    Outside of one each statement is one of its own, with three ways to the database instead of one.
    """
    return transaction.atomic(view)


def verified[**P](view: View[P]) -> View[P]:
    """Below `@host`: let in whoever has proven to read the mail to their address; others are sent to do that."""

    @wraps(view)
    def guarded(request: HostRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.membership.has_verified_address:
            return view(request, *args, **kwargs)
        return redirect("unverified")

    guarded.verified = True  # type: ignore[attr-defined]  # as above
    return guarded


def _named(membership: Membership) -> tuple[AuditLine.Kind, str, int | None]:
    kind = AuditLine.Kind.SUPPORT if membership.is_support else AuditLine.Kind.MEMBER
    return kind, membership.user.email, membership.user_id


def membership_of(request: HttpRequest) -> Membership | None:
    """The membership that the request is made in: of the organization chosen last, else of the first.

    For an operator whom an owner let in, that of a viewer there.
    """
    if not isinstance(request.user, User) or request.user.pk is None:
        return None
    if visit := support.membership(request):
        return visit
    mine = memberships_of(request)
    chosen = request.session.get(CHOSEN) if mine else None
    return next((each for each in mine if each.organization.public_id == chosen), mine[0] if mine else None)


def _mine() -> QuerySet[Membership]:
    proven = EmailAddress.objects.filter(user=OuterRef("user"), email=OuterRef("user__email"), verified=True)
    mine = Membership.objects.filter(user=Given("user")).select_related("organization").order_by("pk")
    return mine.annotate(has_verified_address=Exists(proven))  # type: ignore[no-redef]  # the model says what it is


_MINE = Statement(_mine)


def memberships_of(request: HttpRequest) -> list[Membership]:
    """All of the person's, the oldest first; the database is asked once for a request."""
    if not isinstance(request.user, User) or request.user.pk is None:
        return []
    if not hasattr(request, "memberships"):
        with acting_for_the_house():
            request.memberships = _MINE(user=request.user.pk)  # type: ignore[attr-defined]  # this is where it is defined
        for each in request.memberships:  # type: ignore[attr-defined]  # as above
            each.user = request.user
    found: list[Membership] = request.memberships  # type: ignore[attr-defined]  # as above
    return found


def _keep_acting(who: Acting, response: HttpResponseBase) -> None:
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = _still(who, cast("Iterator[bytes]", response.streaming_content))


def _still[Part](who: Acting, content: Iterable[Part]) -> Iterator[Part]:
    """Content that is made after the view has returned, made for the same organization."""
    with acting_as(who):
        yield from content


def get_or_404[Row: Model](rows: TenantQuerySet[Row], request: HostRequest, **lookup: object) -> Row:
    """The organization's row, or 404 (never 403: another tenant's row doesn't exist)."""
    return get_object_or_404(rows.of(request.org), **lookup)
