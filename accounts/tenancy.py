"""The tenant door: who is asking, for which organization, and the only way to one of its rows."""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Concatenate, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404

from accounts.acting import Acting, acting_as
from accounts.models import Membership, Organization, TenantModel, TenantQuerySet, User
from domain.roles import Power

CHOSEN = "organization"  # the session's name for the organization chosen last


class HostRequest(HttpRequest):
    """A request of a logged-in member, with the organization that was let in."""

    user: User
    org: Organization
    membership: Membership


type View[**P] = Callable[Concatenate[HostRequest, P], HttpResponse]


def host[**P](power: Power) -> Callable[[View[P]], Callable[..., HttpResponse]]:
    """Let in members whose role has the power, with `request.org` and `request.membership` set.

    Strangers are sent to the log-in page. The view sees rows of that organization only, and of those only what hangs
    on homes that are open to the member: PostgreSQL's row-level security stands behind `.of(org)`.
    Raises PermissionDenied for a user without any organization or without the power.
    """

    def guard(view: View[P]) -> Callable[..., HttpResponse]:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            membership = membership_of(request)
            if membership is None or not membership.may(power):
                raise PermissionDenied
            request.org = membership.organization  # type: ignore[attr-defined]  # this is where it is defined
            request.membership = membership  # type: ignore[attr-defined]  # this, too
            who = Acting(membership.organization_id, membership.open_homes)
            with acting_as(who):
                response = view(request, *args, **kwargs)  # type: ignore[arg-type]  # narrowed above
            _keep_acting(who, response)
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        guarded.power = power  # type: ignore[attr-defined]  # for the test that knows what each address asks
        return guarded

    return guard


def membership_of(request: HttpRequest) -> Membership | None:
    """The membership that the request is made in: of the organization chosen last, else of the first."""
    if not isinstance(request.user, User):
        return None
    mine = request.user.memberships.select_related("organization").order_by("pk")
    chosen = request.session.get(CHOSEN)
    return (mine.filter(organization__public_id=chosen).first() if chosen else None) or mine.first()


def _keep_acting(who: Acting, response: HttpResponseBase) -> None:
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = _still(who, cast("Iterator[bytes]", response.streaming_content))


def _still[Part](who: Acting, content: Iterable[Part]) -> Iterator[Part]:
    """Content that is made after the view has returned, made for the same organization."""
    with acting_as(who):
        yield from content


def get_or_404[Row: TenantModel](rows: TenantQuerySet[Row], request: HostRequest, **lookup: object) -> Row:
    """The organization's row, or 404 (never 403: another tenant's row doesn't exist)."""
    return get_object_or_404(rows.of(request.org), **lookup)
