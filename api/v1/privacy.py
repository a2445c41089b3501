"""What is kept of one guest: given to them, or erased."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from rest_framework import serializers

from api.door import ApiRequest, OrgView, operation
from api.problems import invalid
from api.scopes import Scope
from api.v1.properties import AMOUNT
from api.wire import Body, Out, Text
from upsells import forgetting
from upsells.models import Delivery, Offer, Purchase

LONGEST_ADDRESS = 254


class GuestBody(Body):
    """Which guest is meant, in a body: whom it is about shall stand in no address and in no log."""

    email = Text(max_length=LONGEST_ADDRESS, help_text="Small and capital letters are the same.")


class LetterOut(Out):
    """A mail to the guest."""

    about = serializers.ChoiceField(choices=Delivery.News.values)
    at = serializers.CharField()


class KeptPurchaseOut(Out):
    """What the guest bought or asked for."""

    id = serializers.CharField(source="reference")
    home = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    email = serializers.CharField()
    language = serializers.CharField()
    persons = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Offer.Kind.values, source="what")
    vars()["from"] = serializers.CharField()
    until = serializers.CharField()
    state = serializers.ChoiceField(choices=Purchase.State.values)
    bought = serializers.CharField()
    amount = serializers.IntegerField(help_text=AMOUNT)
    currency = serializers.CharField()
    card = serializers.CharField(allow_blank=True, help_text="Such as Visa ···· 4242.")
    stay = serializers.CharField(allow_blank=True, help_text="The name that the link of the stay bears.")
    letters = LetterOut(many=True)


class KeptGuestOut(Out):
    """All that is kept of a guest, as they may ask for it (GDPR, Articles 15 and 20)."""

    host = serializers.CharField()
    email = serializers.CharField()
    purchases = KeptPurchaseOut(many=True)


class ErasedOut(Out):
    """How many purchases know the guest no more, and how many must for now: they are open, or yet to come."""

    erased = serializers.IntegerField(source="gone")
    kept = serializers.IntegerField()


def _email(asked: dict[str, Any]) -> str:
    """The address. Raises Problem for what is none."""
    text = str(asked["email"]).strip()
    try:
        validate_email(text)
    except ValidationError as error:
        raise invalid({"email": _("Enter the guest's e-mail address.")}) from error
    return text


EXAMPLE = {"email": "luc@example.com"}


class Export(OrgView):
    """To give to them."""

    @operation(
        "exportGuest", Scope.SALES_READ, takes=GuestBody, gives=KeptGuestOut, whole=True, example=EXAMPLE
    )
    def post(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """What is kept of a guest, to give to them; no purchases where nothing is."""
        return forgetting.told(request.org, _email(asked))


class Erase(OrgView):
    """For good."""

    @operation(
        "eraseGuest", Scope.SALES_WRITE, also=Scope.PROPERTIES_WRITE, takes=GuestBody, gives=ErasedOut,
        whole=True, example=EXAMPLE,
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: dict[str, Any]) -> forgetting.Erased:
        """Erase a guest from every purchase that is over. Amounts and dates stay; it can't be undone.

        What is open or yet to come keeps the guest: ask again after the stay.
        """
        return forgetting.erase(request.org, _email(asked), request.now)
