"""The tenant door: who is asking, for which organization, and the only way to one of its rows."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from accounts.models import Membership, Organization, TenantModel, TenantQuerySet, User


class HostRequest(HttpRequest):
    """A request of a logged-in member, with the organization that was let in."""

    user: User
    org: Organization
    membership: Membership
    deed: object  # what was done with this very click and can be undone, if anything: see `accounts.deeds`


def host[**P](view: Callable[Concatenate[HostRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Let members in, with `request.org` and `request.membership` set; send strangers to the log-in page.

    Raises PermissionDenied for a user without any organization.
    """

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        membership = (
            request.user.memberships.select_related("organization").order_by("pk").first()
            if isinstance(request.user, User)
            else None
        )
        if membership is None:
            raise PermissionDenied
        request.org = membership.organization  # type: ignore[attr-defined]  # this is where it is defined
        request.membership = membership  # type: ignore[attr-defined]  # this, too
        response = view(request, *args, **kwargs)  # type: ignore[arg-type]  # narrowed by the line above
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return guarded


def get_or_404[Row: TenantModel](rows: TenantQuerySet[Row], request: HostRequest, **lookup: object) -> Row:
    """The organization's row, or 404 (never 403: another tenant's row doesn't exist)."""
    return get_object_or_404(rows.of(request.org), **lookup)
