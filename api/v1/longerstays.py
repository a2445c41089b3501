"""A guest's stay, lengthened by the host at the booking site itself, while our sale makes way in that site's link."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api.door import ApiRequest, OrgView, operation
from api.problems import conflict
from api.scopes import Scope
from api.v1.purchases import purchase_of
from api.wire import Out
from calendars import ledger, linking, tasks
from calendars.ledger import Changing
from calendars.models import ExportLink
from connectors.broker import hint
from upsells.longerstays import Way, sale_of, ways
from upsells.models import Purchase

STATES = ("none", "asked", "open", "shown", "back")


class LongerStayOut(Out):
    """One site where the stay could be lengthened, and how far that is.

    `none` before it began, `asked` until the site has read the link without the sale, `open` from then on, `shown` once
    the site's own calendar shows the longer stay, `back` when the sale is in the link again.
    """

    export = serializers.CharField(source="link.public_id", help_text="The id of the link for the site.")
    feed = serializers.CharField(source="feed.public_id", help_text="The id of the site's calendar.")
    channel = serializers.CharField(source="link.channel")
    state = serializers.SerializerMethodField()
    until = serializers.SerializerMethodField(help_text="When the sale is in the link again by itself.")
    conflict = serializers.SerializerMethodField(
        help_text="The id of the double booking to be settled first."
    )

    def get_state(self, way: Way) -> str:
        """In a word."""
        return way.state or STATES[0]

    def get_until(self, way: Way) -> str | None:
        """Null before it began."""
        return way.suspension.until.isoformat() if way.suspension else None

    def get_conflict(self, way: Way) -> str | None:
        """Null where there is none."""
        return way.dispute.public_id if way.dispute else None


class LongerStays(OrgView):
    """All sites."""

    @operation("listLongerStays", Scope.SALES_READ, gives=LongerStayOut, many=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str) -> Any:
        """The sites where the stay of a sale could be lengthened; none for hours, and none once it is over."""
        return ways(purchase_of(request, purchase_id), request.now)


def _chosen(request: ApiRequest, row: Purchase, export_id: str) -> Way:
    """The way by that link. Raises Problem where there is none, and Http404 where the link isn't the home's."""
    link = get_or_404(
        ExportLink.objects.defer("body"), request, property=row.property_id, public_id=export_id
    )
    found = next((way for way in ways(row, request.now) if way.link.pk == link.pk), None)
    if found is None:
        raise conflict(_("The stay can't be lengthened by this link. Look up those by which it can."))
    return found


def _moved(
    request: ApiRequest, purchase_id: str, export_id: str, move: Callable[[Changing, Purchase, Way], None]
) -> Way:
    """The way, one step further. Raises Problem where it isn't there any more."""
    row = purchase_of(request, purchase_id)
    way = _chosen(request, row, export_id)
    try:
        with ledger.changing(row.property, request.now) as change:
            move(change, row, way)
    except ledger.Lapsed as error:
        raise conflict(
            _("Nothing was changed: it isn't as you saw it any more. This is how it stands now.")
        ) from error
    return _chosen(request, row, export_id)


def _begin(change: Changing, row: Purchase, way: Way) -> None:
    sale = sale_of(row)
    if sale is None:
        raise ledger.Lapsed
    linking.suspend(change, sale, way.link, way.feed)


def _done(change: Changing, _row: Purchase, way: Way) -> None:
    if way.suspension is None:
        raise ledger.Lapsed
    linking.say_done(change, way.suspension)


def _stop(change: Changing, _row: Purchase, way: Way) -> None:
    if way.suspension is None:
        raise ledger.Lapsed
    linking.take_back(change, way.suspension)


class Begin(OrgView):
    """Begun."""

    @operation("beginLongerStay", Scope.SALES_WRITE, gives=LongerStayOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str, export_id: str) -> Way:
        """Leave the sale out of this one link for a day, so that the site lets the host lengthen the stay there.

        Everywhere else the nights stay closed.
        """
        return _moved(request, purchase_id, export_id, _begin)


class Done(OrgView):
    """Done."""

    @operation("finishLongerStay", Scope.SALES_WRITE, gives=LongerStayOut, status=202)
    def post(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str, export_id: str) -> Way:
        """Say that the stay is longer there now: the site's calendar is read at once."""
        way = _moved(request, purchase_id, export_id, _done)
        hint(tasks.read_now, [way.feed.pk])
        return way


class Stop(OrgView):
    """Stopped."""

    @operation("stopLongerStay", Scope.SALES_WRITE, gives=LongerStayOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str, export_id: str) -> Way:
        """Tell the site of the sale again."""
        way = _moved(request, purchase_id, export_id, _stop)
        hint(tasks.read_now, [way.feed.pk])
        return way
