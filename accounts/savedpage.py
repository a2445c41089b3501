"""The member's saved views of lists: all on a page, keeping, renaming, the default, removing."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import savedviews
from accounts.deeds import What, done
from accounts.forms import SavedViewForm
from accounts.models import SavedView
from accounts.savedviews import Listing
from accounts.tenancy import HostRequest, get_or_404, host
from domain.roles import Power

UNPROCESSABLE = 422


@require_GET
@host(Power.GUESTS)
def saved_views(request: HostRequest) -> HttpResponse:
    """Every list with its views."""
    return _page(request)


def _page(request: HostRequest, changed: SavedView | None = None, **context: Any) -> HttpResponse:
    """The page; a form that was sent and is wrong takes the place of a fresh one."""
    rows = SavedView.objects.of(request.org).filter(membership=request.membership).order_by("name", "pk")
    lists = []
    for listing in Listing:
        forms = []
        for row in rows:
            if row.listing == listing:
                fresh = SavedViewForm(
                    initial={"name": row.name, "is_default": row.is_default},
                    auto_id=f"view-{row.public_id}-%s",
                )
                forms.append((row, context["form"] if row == changed else fresh))
        lists.append((listing, savedviews.path(listing), forms))
    context |= {"lists": [each for each in lists if each[2]], "nav": "account", "most": SavedView.MOST}
    return render(
        request, "account/saved_views.html", context, status=UNPROCESSABLE if "form" in context else 200
    )


@require_POST
@host(Power.GUESTS)
def save_view(request: HostRequest) -> HttpResponse:
    """Keep what a list shows under a name, and go back to it."""
    listing, query = request.POST.get("listing", ""), QueryDict(request.POST.get("query", ""))
    if listing not in Listing.values or not (kept := savedviews.known(Listing(listing), query)):
        messages.error(request, _("Narrow the list down first; then its filter can be saved."))
        return redirect("saved-views")
    form, back = SavedViewForm(request.POST), savedviews.path(Listing(listing), request.POST.get("home", ""))
    if form.is_valid():
        name, is_default = form.cleaned_data["name"], form.cleaned_data["is_default"]
        try:
            savedviews.keep(
                request.membership, Listing(listing), name, kept, timezone.now(), is_default=is_default
            )
        except savedviews.NameTaken:
            form.add_error("name", _("You have a view of that name here already. Choose another name."))
        except savedviews.TooMany:
            words = _("More than %(n)s views of one list aren't possible. Remove one first.")
            form.add_error(None, words % {"n": SavedView.MOST})
        else:
            messages.success(request, _("Saved as “%(name)s”.") % {"name": name})
            return redirect(f"{back}?{kept}" if back else "saved-views")
    hidden = {"listing": listing, "query": kept, "home": request.POST.get("home", "")}
    return _page(request, form=form, unsaved=hidden, unsaved_list=Listing(listing).label)


@require_POST
@host(Power.GUESTS)
def change_view(request: HostRequest, view_id: str) -> HttpResponse:
    """Another name, or another default."""
    row = _row(request, view_id)
    form = SavedViewForm(request.POST, auto_id=f"view-{row.public_id}-%s")
    if form.is_valid():
        try:
            savedviews.change(row, form.cleaned_data["name"], is_default=form.cleaned_data["is_default"])
        except savedviews.NameTaken:
            form.add_error("name", _("You have a view of that name here already. Choose another name."))
        else:
            messages.success(request, _("Saved."))
            return redirect("saved-views")
    return _page(request, row, form=form)


@require_POST
@host(Power.GUESTS)
def remove_view(request: HostRequest, view_id: str) -> HttpResponse:
    """Forget it; what it showed stays as it is."""
    row = _row(request, view_id)
    what, place = What(rows=[row]), reverse("saved-views")
    SavedView.objects.of(request.org).filter(pk=row.pk).delete()
    words = _("“%(name)s” is removed. What it showed is still there; only the saved filter is gone.")
    done(request, words % {"name": row.name}, what, name=row.name, place=place)
    return redirect(place)


def _row(request: HostRequest, view_id: str) -> SavedView:
    """One of the member's own; another member's doesn't exist."""
    rows = SavedView.objects.filter(membership=request.membership).select_related("membership")
    return get_or_404(rows, request, public_id=view_id)
