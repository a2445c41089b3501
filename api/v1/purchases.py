"""What guests bought or ask for, and the host's word about it."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api import cursors
from api.door import ApiRequest, OrgView, operation
from api.problems import Problem, conflict, of_form
from api.scopes import Scope
from api.v1.offers import NightsOut, PriceLineOut, span_of
from api.v1.properties import AMOUNT
from api.wire import Body, Choice, Day, Id, Out, Text, Whole
from calendars.announcements import page as page_of
from connectors.broker import hint
from domain.channels import CHANNELS
from properties.fields import to_decimal
from properties.models import Property
from upsells import cancelling, certificates, checkout, deliveries, receipts, tasks
from upsells.limits import RESENDS, wait
from upsells.models import Certificate, Offer, Payment, Purchase
from upsells.purchaseforms import ALL, UNKNOWN, AddressForm, CancelSaleForm, FilterForm

STATES = Purchase.State.values


class PlaceOut(Out):
    """A home, by its id and name."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()


class GuestOut(Out):
    """Who bought."""

    name = serializers.CharField(allow_blank=True, source="guest_name")
    email = serializers.CharField(allow_blank=True, source="guest_email")
    language = serializers.CharField()


class CardOut(Out):
    """What the card was asked for, charged and given back."""

    reserved = serializers.IntegerField(source="amount")
    charged = serializers.IntegerField(source="captured")
    given_back = serializers.IntegerField(source="refunded")


class PurchaseOut(Out):
    """One guest's purchase. Amounts are minor units of its currency; times are on the home's clock."""

    id = serializers.CharField(source="public_id")
    property = PlaceOut()
    kind = serializers.ChoiceField(choices=Offer.Kind.values)
    state = serializers.ChoiceField(choices=STATES)
    reason = serializers.SerializerMethodField(help_text="Why it was declined.")
    nights = serializers.SerializerMethodField()
    day = serializers.DateField(help_text="The check-out or check-in day that it changes.")
    starts_at = serializers.SerializerMethodField()
    ends_at = serializers.SerializerMethodField()
    amount = serializers.IntegerField(help_text=AMOUNT)
    currency = serializers.CharField()
    lines = serializers.SerializerMethodField()
    persons = serializers.IntegerField()
    channel = serializers.SerializerMethodField()
    collection = serializers.ChoiceField(choices=Offer.Collection.values)
    guest = GuestOut(source="*")
    card = serializers.SerializerMethodField(help_text="Null where no card is charged.")
    created_at = serializers.DateTimeField()
    answer_by = serializers.DateTimeField(allow_null=True, help_text="Until then a guest's question waits.")
    decided_at = serializers.DateTimeField(allow_null=True)
    cancel_wished_at = serializers.DateTimeField(allow_null=True, source="wished_at")
    cancelled_by = serializers.SerializerMethodField()
    refund = serializers.IntegerField(allow_null=True, help_text="That the guest gets back, or asked for.")
    refund_by_terms = serializers.SerializerMethodField(help_text="What the guest's own terms give now.")
    moved_to = serializers.SerializerMethodField(
        help_text="The purchase at the home that the guest got instead."
    )
    url = serializers.SerializerMethodField(help_text="The host's page of it.")

    def get_reason(self, row: Purchase) -> str | None:
        """Null unless it was declined."""
        return row.reason or None

    @extend_schema_field(NightsOut(allow_null=True))
    def get_nights(self, row: Purchase) -> Any:
        """Null for hours that close no night."""
        return span_of(row.span)

    def get_starts_at(self, row: Purchase) -> str:
        """On the home's clock."""
        return row.takes.start.astimezone(row.property.house.zone).isoformat()

    def get_ends_at(self, row: Purchase) -> str:
        """On the home's clock."""
        return row.takes.end.astimezone(row.property.house.zone).isoformat()

    @extend_schema_field(PriceLineOut(many=True))
    def get_lines(self, row: Purchase) -> Any:
        """The price as the guest was shown it."""
        kept = row.made_of.lines
        return [
            {"item": x.item.value, "amount": x.amount.amount, "night": x.on, "name": x.name} for x in kept
        ]

    def get_channel(self, row: Purchase) -> str | None:
        """Where the guest booked; null where nobody knows."""
        return row.channel or None

    @extend_schema_field(CardOut(allow_null=True))
    def get_card(self, row: Purchase) -> Any:
        """Its payment."""
        payment: Payment | None = getattr(row, "payment", None)
        return CardOut(payment).data if payment else None

    def get_cancelled_by(self, row: Purchase) -> str | None:
        """Guest or host; null unless it was cancelled."""
        return row.cancelled_by or None

    def get_refund_by_terms(self, row: Purchase) -> int | None:
        """Null unless it can be cancelled."""
        if row.state != Purchase.State.CONFIRMED:
            return None
        return row.refund_at(self.context["now"]).amount

    def get_moved_to(self, row: Purchase) -> str | None:
        """Its id."""
        return row.moved_to.public_id if row.moved_to else None

    def get_url(self, row: Purchase) -> str:
        """In the dashboard."""
        return page_of("upsells:purchase", row.property.public_id, row.public_id)


class AskedPurchases(cursors.Paged):
    """Which purchases. Days of buying are those of each home's own zone, both ends included."""

    property = Id(required=False, help_text="The id of a home.")
    state = serializers.ChoiceField(
        required=False, choices=[*STATES, ALL], help_text="Otherwise whatever was booked or asked for."
    )
    kind = serializers.ChoiceField(required=False, choices=Offer.Kind.values)
    channel = serializers.ChoiceField(required=False, choices=[*CHANNELS, UNKNOWN])
    collection = serializers.ChoiceField(required=False, choices=Offer.Collection.values)
    q = Text(required=False, max_length=120, help_text="Guest's name, e-mail or id begins so.")
    bought_from = Day(required=False)
    bought_to = Day(required=False)
    stay_from = Day(required=False)
    stay_to = Day(required=False)


class CancelBody(Body):
    """How much the guest gets back, or needn't pay."""

    refund = Choice(choices=[CancelSaleForm.ALL, CancelSaleForm.TERMS, CancelSaleForm.PART])
    amount = Whole(min_value=1, required=False, help_text="With `part`: how much, in minor units.")
    shown = Whole(min_value=0, required=False, help_text="With `terms`: the `refund_by_terms` that you saw.")


class EmailBody(Body):
    """Where the guest really is written to."""

    email = Text(max_length=254)


class CertificateOut(Out):
    """The signed account of why the sale was safe; `verify_certificate` checks the same, as a file."""

    certificate = serializers.JSONField()


def purchase_of(request: ApiRequest, purchase_id: str) -> Purchase:
    """The organization's purchase, or 404."""
    rows = Purchase.objects.select_related("property__organization", "stay_link", "payment", "moved_to")
    return get_or_404(rows, request, public_id=purchase_id)


class Purchases(OrgView):
    """All purchases."""

    @operation("listPurchases", Scope.SALES_READ, asks=AskedPurchases, gives=PurchaseOut, paged=True)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """List what guests bought or ask for, the latest first."""
        homes = list(Property.objects.of(request.org).order_by("pk"))
        data = {name: str(value) for name, value in asked.items()} | {"home": asked.get("property", "")}
        form = FilterForm(data, homes, CHANNELS)
        if not form.is_valid():
            raise of_form(form, {"home": "property"})
        rows = Purchase.objects.of(request.org).select_related("property", "payment", "moved_to")
        return cursors.page(form.chosen(rows), asked, "purchases", newest_first=True)


class OnePurchase(OrgView):
    """One purchase."""

    @operation("getPurchase", Scope.SALES_READ, gives=PurchaseOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str) -> Purchase:
        """One purchase, and how far it has come."""
        return purchase_of(request, purchase_id)


def _decided(request: ApiRequest, purchase_id: str, decide: Callable[[Purchase, datetime], bool]) -> Purchase:
    """Give the host's word. Raises Problem where the question is settled."""
    row = purchase_of(request, purchase_id)
    if not decide(row, request.now):
        raise conflict(_("This question is settled already. Read the purchase to see how it stands."))
    tasks.at_once(row)
    return purchase_of(request, purchase_id)


class Agree(OrgView):
    """Yes."""

    @operation("agreeToPurchase", Scope.SALES_WRITE, gives=PurchaseOut, status=202)
    def post(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str) -> Purchase:
        """Say yes to a guest who asks.

        Every calendar is read once more; then it is confirmed, or declined because somebody was quicker.
        """
        row = _decided(request, purchase_id, checkout.agree)
        hint(tasks.settle, row.pk)
        return row


class Refuse(OrgView):
    """No."""

    @operation("refusePurchase", Scope.SALES_WRITE, gives=PurchaseOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str) -> Purchase:
        """Say no to a guest who asks. What was kept for them is free for others at once."""
        return _decided(request, purchase_id, checkout.refuse)


class Grant(OrgView):
    """A wish to cancel granted."""

    @operation("grantCancelling", Scope.SALES_WRITE, gives=PurchaseOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str) -> Purchase:
        """Cancel a sale as its guest asked, for what they were shown."""
        return _decided(request, purchase_id, cancelling.grant)


class Keep(OrgView):
    """A wish to cancel refused."""

    @operation("refuseCancelling", Scope.SALES_WRITE, gives=PurchaseOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str) -> Purchase:
        """Keep a sale although its guest asked to cancel."""
        return _decided(request, purchase_id, cancelling.keep)


class Cancel(OrgView):
    """Taken back."""

    @operation(
        "cancelPurchase", Scope.SALES_WRITE, takes=CancelBody, gives=PurchaseOut, example={"refund": "all"}
    )
    def post(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str) -> Purchase:
        """Take a sale back. What was sold is open again, and what goes back to the card does so by itself."""
        row = purchase_of(request, purchase_id)
        over = conflict(_("Nothing was cancelled: it isn't a confirmed sale. Read it to see how it stands."))
        if row.state != Purchase.State.CONFIRMED:
            raise over
        amount = asked.get("amount")
        data = {"how": asked["refund"], "shown": asked.get("shown", "")}
        data["amount"] = "" if amount is None else f"{to_decimal(amount, row.currency):f}"
        form = CancelSaleForm(row, request.now, data)
        if not form.is_valid():
            raise of_form(form, {"how": "refund"})
        if not cancelling.cancel(row, request.now, form.refund):
            raise over
        tasks.at_once(row)
        return purchase_of(request, purchase_id)


class GuestEmail(OrgView):
    """The guest's address."""

    @operation(
        "correctGuestEmail", Scope.SALES_WRITE, takes=EmailBody, gives=PurchaseOut,
        example={"email": "marta@example.org"},
    )  # fmt: skip
    def put(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str) -> Purchase:
        """Correct where the guest is written to, and send them there how their purchase stands."""
        row = purchase_of(request, purchase_id)
        form = AddressForm(asked)
        if not form.is_valid():
            raise of_form(form, {})
        if seconds := wait(RESENDS, request, row.public_id, request.now):
            raise Problem("too_many", _("That is too often for one hour."), retry_after=seconds)
        deliveries.readdress(row, form.cleaned_data["email"], request.now)
        tasks.at_once(row)
        return purchase_of(request, purchase_id)


class OneCertificate(OrgView):
    """Its certificate."""

    @operation("getCertificate", Scope.SALES_READ, gives=CertificateOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str) -> Any:
        """The signed account of why a sale was safe."""
        rows = Certificate.objects.select_related("purchase")
        found = get_or_404(rows, request, purchase__public_id=purchase_id)
        if not receipts.exists(found.purchase):
            raise Http404
        return {"certificate": json.loads(certificates.download(found))}
