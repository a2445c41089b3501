"""Double bookings: both claims, and what can be done about one of them."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api.door import ApiRequest, OrgView, operation
from api.problems import conflict, invalid
from api.scopes import Scope
from api.v1.alerts import AlertOut
from api.v1.blocks import BlockOut
from api.v1.offers import NightsOut, span_of
from api.v1.properties import AMOUNT
from api.wire import Body, Id, Out, Whole
from calendars import conflicts, ledger
from calendars.models import Alert
from properties.models import Property
from upsells import remedies, tasks
from upsells.models import Purchase


class ShorterOut(Out):
    """What would be left of our sale, if it is shortened."""

    nights = NightsOut()
    amount = serializers.IntegerField(help_text=AMOUNT)
    count = serializers.IntegerField(help_text="How many nights those are.")


class ConflictOut(AlertOut):
    """Two bookings that want the same nights, or one that comes too soon after the other (`turnover`)."""

    turnover = serializers.SerializerMethodField()
    nights = serializers.SerializerMethodField(help_text="Those that both want.")
    claims = serializers.SerializerMethodField(help_text="Both, as far as they are still there.")
    purchase = serializers.SerializerMethodField(help_text="The id of our sale, where one of them is ours.")
    shorter = serializers.SerializerMethodField(help_text="Null where it can't be shortened.")
    homes = serializers.SerializerMethodField(help_text="The ids of homes that the sale could be moved to.")

    def get_turnover(self, alert: Alert) -> bool:
        """Whether no night is booked twice, but there is no time to clean."""
        return conflicts.is_turnover(alert)

    @extend_schema_field(NightsOut())
    def get_nights(self, alert: Alert) -> Any:
        """The span."""
        return span_of(conflicts.nights(alert))

    @extend_schema_field(BlockOut(many=True))
    def get_claims(self, alert: Alert) -> Any:
        """None once it is over."""
        return BlockOut([] if alert.resolved_at else conflicts.claims(alert), many=True).data

    def get_purchase(self, alert: Alert) -> str | None:
        """Its id."""
        sale = _sale(self.context["request"], alert)
        return sale.public_id if sale else None

    @extend_schema_field(ShorterOut(allow_null=True))
    def get_shorter(self, alert: Alert) -> Any:
        """Only of a sale that stands."""
        sale = self._standing(alert)
        left = remedies.shorter(sale) if sale else None
        if left is None:
            return None
        amount = left.price.total.amount
        return {"nights": span_of(left.nights), "amount": amount, "count": len(left.nights)}

    def get_homes(self, alert: Alert) -> list[str]:
        """Only for a sale that stands."""
        sale = self._standing(alert)
        return [home.public_id for home in remedies.homes(sale, self.context["now"])] if sale else []

    def _standing(self, alert: Alert) -> Purchase | None:
        sale = None if alert.resolved_at else _sale(self.context["request"], alert)
        return sale if sale and sale.state == Purchase.State.CONFIRMED else None


class ShortenBody(Body):
    """What the guest keeps, as `shorter` says it."""

    count = Whole(min_value=1, max_value=365)
    amount = Whole(min_value=0, help_text=AMOUNT)


class MoveBody(Body):
    """The home that the guest gets."""

    property = Id()


def _alert(request: ApiRequest, conflict_id: str) -> Alert:
    rows = Alert.objects.to_say().filter(kind=Alert.Kind.CONFLICT)
    return get_or_404(rows, request, public_id=conflict_id)


def _sale(request: ApiRequest, alert: Alert) -> Purchase | None:
    rows = Purchase.objects.of(request.org).select_related("property__organization", "stay_link")
    return rows.filter(public_id__in=conflicts.references(alert)).first()


def _try(request: ApiRequest, conflict_id: str, remedy: Callable[[Alert, Purchase], object]) -> Alert:
    """What the remedy leaves. Raises Problem where something else has happened before."""
    alert = _alert(request, conflict_id)
    sale = _sale(request, alert)
    if sale is None:
        raise conflict(_("Neither of the two bookings is a sale of yours. Settle it at the booking sites."))
    try:
        remedy(alert, sale)
    except remedies.Over as error:
        raise conflict(_("Something has changed meanwhile. Nothing was done; read it again.")) from error
    except ledger.NightsTaken as error:
        raise conflict(_("That home isn't free for all these nights. Nothing has changed.")) from error
    tasks.at_once(sale)
    return _alert(request, conflict_id)


class OneConflict(OrgView):
    """One double booking."""

    @operation("getConflict", Scope.SALES_READ, gives=ConflictOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], conflict_id: str) -> Alert:
        """A double booking, with both claims and what can be done."""
        return _alert(request, conflict_id)


class Cancel(OrgView):
    """The sale taken back."""

    @operation("cancelForConflict", Scope.SALES_WRITE, gives=ConflictOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], conflict_id: str) -> Alert:
        """Take our sale back. The guest gets everything back, and an e-mail."""
        return _try(request, conflict_id, lambda alert, sale: remedies.cancel(alert, sale, request.now))


class Shorten(OrgView):
    """The sale shortened."""

    @operation(
        "shortenForConflict", Scope.SALES_WRITE, takes=ShortenBody, gives=ConflictOut,
        example={"count": 1, "amount": 9900},
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: dict[str, Any], conflict_id: str) -> Alert:
        """Let the guest keep the nights that are left, for as much as `shorter` said."""
        shown = asked["count"], asked["amount"]
        return _try(
            request, conflict_id, lambda alert, sale: remedies.shorten(alert, sale, shown, request.now)
        )


class Move(OrgView):
    """The sale moved."""

    @operation(
        "moveForConflict", Scope.SALES_WRITE, takes=MoveBody, gives=ConflictOut, example={"property": "k3v8"}
    )
    def post(self, request: ApiRequest, asked: dict[str, Any], conflict_id: str) -> Alert:
        """Give the guest another home of the organization for the same nights and price."""
        _alert(request, conflict_id)
        home = Property.objects.of(request.org).active().filter(public_id=asked["property"]).first()
        if home is None:
            raise invalid({"property": _("There is no such property. `homes` names those that are free.")})
        return _try(request, conflict_id, lambda alert, sale: remedies.move(alert, sale, home, request.now))


class Settle(OrgView):
    """Settled elsewhere."""

    @operation("settleConflict", Scope.SALES_WRITE, gives=ConflictOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], conflict_id: str) -> Alert:
        """Say that two bookings of other sites have been dealt with there."""
        alert = _alert(request, conflict_id)
        try:
            remedies.settle(alert, request.now)
        except remedies.Over as error:
            words = _("There is nothing to settle: it is over, or one of the bookings is a sale of yours.")
            raise conflict(words) from error
        return _alert(request, conflict_id)
