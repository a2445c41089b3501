"""The filters of lists that members keep under a name: what each list knows, and the one that opens by itself.

Only parameters that a list knows are kept, and only the list's own path is ever led to with them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, wraps
from typing import Concatenate
from urllib.parse import urlencode

from django.db import transaction
from django.db.models.functions import Lower
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import Membership, SavedView
from accounts.tenancy import HostRequest

Listing = SavedView.Listing
OF_SALES = ("q", "state", "kind", "channel", "collection", "bought_from", "bought_to", "stay_from", "stay_to")
# What is kept of each list's address; not which page of it, nor a day that a calendar begins with.
KNOWN: Mapping[Listing, tuple[str, ...]] = {
    Listing.PLANNER: ("q", "show"),
    Listing.SALES: (*OF_SALES, "home"),
    Listing.HOME_SALES: OF_SALES,
    Listing.REVENUE: ("home",),
}
ADDRESSES: Mapping[Listing, str] = {
    Listing.PLANNER: "planner",
    Listing.SALES: "sales:list",
    Listing.HOME_SALES: "upsells:sales",
    Listing.REVENUE: "sales:revenue",
}
LONGEST = 120  # characters of one value
AN_ID = re.compile(r"[-\w]{1,40}", re.ASCII)


class NameTaken(Exception):
    """The member has a view of this name, small or capital, on this list."""


class TooMany(Exception):
    """The member has as many views of this list as there may be."""


def known(listing: Listing, given: QueryDict) -> str:
    """The parameters that the list knows and that say something, as a query, always in the same order."""
    values = {name: given.get(name, "").replace("\0", "").strip()[:LONGEST] for name in KNOWN[listing]}
    return urlencode({name: value for name, value in values.items() if value})


def path(listing: Listing, home: str = "") -> str | None:
    """Where the list is; that of one home's sales needs the home's id, and is None without."""
    if listing != Listing.HOME_SALES:
        return reverse(ADDRESSES[listing])
    return reverse(ADDRESSES[listing], args=[home]) if AN_ID.fullmatch(home) else None


@dataclass(frozen=True)
class Views:
    """A list as it is looked at, and what its member keeps of it: for `components/saved_views.html`."""

    member: Membership
    listing: Listing
    path: str
    query: str  # what is asked now, as `known`
    home: str = ""  # whose list it is, where it is one home's

    @cached_property
    def rows(self) -> list[SavedView]:
        """The member's, by name."""
        return of_member(self.member, self.listing)

    @property
    def default(self) -> SavedView | None:
        """The one that opens when nothing is asked."""
        return next((row for row in self.rows if row.is_default), None)

    @property
    def everything(self) -> str:
        """The address of the list without a filter, even where a default would open."""
        return f"{self.path}?{KNOWN[self.listing][0]}=" if self.default else self.path

    @property
    def is_new(self) -> bool:
        """Whether something is asked that isn't kept yet."""
        return bool(self.query) and all(row.query != self.query for row in self.rows)


def of_member(member: Membership, listing: Listing) -> list[SavedView]:
    """A member's views of a list, by name."""
    rows = SavedView.objects.filter(membership=member, listing=listing)
    return list(rows.order_by(Lower("name"), "pk"))


def can_be_saved[**P](
    listing: Listing,
) -> Callable[[Callable[Concatenate[HostRequest, P], HttpResponse]], Callable[..., HttpResponse]]:
    """For the view of a list, inside `host`: open the default when nothing is asked, and set `request.saved_views`."""

    def decorate(view: Callable[Concatenate[HostRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def opened(request: HostRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            home = str(kwargs.get("public_id", ""))
            views = Views(request.membership, listing, request.path, known(listing, request.GET), home)
            if not request.GET and views.default:
                return redirect(f"{request.path}?{views.default.query}")
            request.saved_views = views  # type: ignore[attr-defined]  # this is where it is defined
            return view(request, *args, **kwargs)

        return opened

    return decorate


def keep(
    member: Membership, listing: Listing, name: str, query: str, now: datetime, *, is_default: bool
) -> SavedView:
    """Keep a query under a name. Raises NameTaken, TooMany."""
    with transaction.atomic():
        _lock(member)
        if SavedView.objects.filter(membership=member, listing=listing).count() >= SavedView.MOST:
            raise TooMany
        row = SavedView(
            organization_id=member.organization_id,
            membership=member,
            listing=listing,
            query=query,
            created_at=now,
        )
        return _write(row, name, is_default=is_default)


def change(row: SavedView, name: str, *, is_default: bool) -> None:
    """Give a view another name, or make it the one that opens by itself, or no longer. Raises NameTaken."""
    with transaction.atomic():
        _lock(row.membership)
        _write(row, name, is_default=is_default)


def _write(row: SavedView, name: str, *, is_default: bool) -> SavedView:
    others = SavedView.objects.filter(membership=row.membership, listing=row.listing).exclude(pk=row.pk)
    if others.filter(name__iexact=name).exists():
        raise NameTaken
    if is_default:
        others.filter(is_default=True).update(is_default=False)
    row.name, row.is_default = name, is_default
    row.save()
    return row


def _lock(member: Membership) -> None:
    Membership.objects.select_for_update(no_key=True).get(pk=member.pk)
