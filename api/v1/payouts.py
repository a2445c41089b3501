"""The account that guests' cards are charged for. It is connected by the owner, in the dashboard."""

from typing import Any

from rest_framework import serializers

from api.door import ApiRequest, OrgView, operation
from api.scopes import Scope
from api.wire import Out
from upsells.models import PayoutAccount
from upsells.paypages import STANDINGS, standing


class PayoutsOut(Out):
    """How far the account is; it takes cards where it is `ready`."""

    state = serializers.ChoiceField(choices=STANDINGS)
    country = serializers.CharField(allow_null=True, help_text="ISO 3166-1, where the host is at home.")
    details_submitted = serializers.BooleanField()
    checked_at = serializers.DateTimeField(allow_null=True, help_text="When Stripe was asked last.")


class Payouts(OrgView):
    """The account."""

    @operation("getPayouts", Scope.ORGANIZATION_READ, gives=PayoutsOut, whole=True)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """Whether guests can pay by card, and what is missing."""
        row = PayoutAccount.objects.of(request.org).first()
        return {
            "state": standing(row),
            "country": (row.country if row else "") or None,
            "details_submitted": bool(row and row.details_submitted),
            "checked_at": row.checked_at if row else None,
        }
