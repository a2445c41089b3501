"""What was sold, given back and kept, by month and offer."""

import re
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from api.door import ApiRequest, OrgView, operation
from api.problems import invalid
from api.scopes import Scope
from api.v1.properties import AMOUNT
from api.wire import Id, Out, Query, Text
from properties.fields import EARLIEST
from properties.models import Property
from upsells import revenue
from upsells.models import Offer, Purchase

MONTH = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])")


class AskedMonths(Query):
    """Of which home, and up to which month."""

    property = Id(required=False, help_text="The id of a home; all of them where it isn't named.")
    until = Text(
        required=False, max_length=7, help_text="The last of the twelve months, YYYY-MM; this one otherwise."
    )


class FigureOut(Out):
    """What one offer came to in one month and currency. A purchase belongs to the month in which its guest began it."""

    month = serializers.CharField()
    kind = serializers.ChoiceField(choices=Offer.Kind.values)
    currency = serializers.CharField()
    begun = serializers.IntegerField(source="tally.held")
    asked_for = serializers.IntegerField(source="tally.booked", help_text="Of those, booked or asked for.")
    sales = serializers.IntegerField(source="tally.sales", help_text="Of those, confirmed.")
    cancelled = serializers.IntegerField(source="tally.cancelled", help_text="Of those, cancelled later.")
    sold = serializers.IntegerField(source="tally.sold", help_text=AMOUNT)
    given_back = serializers.IntegerField(
        source="tally.gone",
        help_text=f"{AMOUNT} What was never charged and needn't be paid any more counts, too.",
    )
    kept = serializers.IntegerField(source="tally.kept", help_text=AMOUNT)

    def to_representation(self, instance: revenue.Cell) -> dict[str, Any]:
        """With the month as it is asked for."""
        found: dict[str, Any] = super().to_representation(instance)
        return found | {"month": f"{instance.month:%Y-%m}"}


class Revenue(OrgView):
    """The figures."""

    @operation("getRevenue", Scope.SALES_READ, asks=AskedMonths, gives=FigureOut, many=True)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """What was sold in twelve months, by month, offer and currency; what has no purchase is left out."""
        homes = Property.objects.of(request.org)
        if named := asked.get("property"):
            homes = homes.filter(public_id=named)
        zones = set(homes.values_list("time_zone", flat=True))
        rows = Purchase.objects.of(request.org).filter(property__in=homes)
        return revenue.figures(rows, zones, revenue.months(_last(request, asked, homes))).cells


def _last(request: ApiRequest, asked: dict[str, Any], homes: Any) -> date:
    """The last month. Raises Problem for what is none."""
    if text := asked.get("until"):
        found = MONTH.fullmatch(text)
        if not found or int(found[1]) < EARLIEST.year:
            raise invalid({"until": _("Write the month as YYYY-MM.")})
        return date(int(found[1]), int(found[2]), 1)
    return max((home.house.today(request.now) for home in homes), default=request.now.date())
