"""The one place where what a member did is taken back."""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import deeds
from accounts.models import Deed
from accounts.tenancy import HostRequest, get_or_404, host
from calendars import removals
from domain.roles import Power
from upsells import stays

# How each kind of deed is taken back; a way raises TooLate when it can't be, and then has changed nothing.
WAYS: dict[str, Callable[[Deed, datetime], None]] = {
    deeds.COLUMNS: lambda deed, _now: deeds.put_back(deed),
    "feed": removals.bring_feed_back,
    "closed": removals.open_closed,
    "nights": removals.bring_nights_back,
    "link": removals.bring_link_back,
    "stay": stays.bring_back,
}


@require_POST
@host(Power.GUESTS)
def undo(request: HostRequest, deed_id: str) -> HttpResponse:
    """Take back what was done; pressed again, it only says once more that it is as it was before."""
    deed = get_or_404(Deed.objects.all(), request, public_id=deed_id)
    try:
        take_back(deed, timezone.now())
    except deeds.TooLate as why:
        messages.error(request, str(why))
    else:
        words = _("Undone. %(name)s is as it was before.")
        messages.success(request, words % {"name": deed.name})
    deeds.hide(request.session, deed)
    return redirect(deed.place)


def take_back(deed: Deed, now: datetime) -> None:
    """Make everything as it was before the deed, once. Raises TooLate when that can't be any more."""
    if deed.undone_at is None:
        deeds.refuse_when_late(deed, now)
        WAYS[deed.way](deed, now)
        deeds.note_undone(deed, now)
