"""Other terms, tried on stays to come and on the past year's; and terms copied to other homes."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.door import ApiRequest, OrgView, operation
from api.problems import of_form
from api.scopes import Scope
from api.v1.properties import AMOUNT, home_of
from api.v1.terms import hours_of
from api.wire import AskedNumber, Body, Choice, Clock, Id, Out, Query
from domain.whatif import Case, Rules, Totals
from properties.fields import to_decimal
from properties.models import DAY_MINUTES, Property
from upsells import terms
from upsells.models import Offer
from upsells.offerforms import MOST_MINUTES, MOST_NIGHTS
from upsells.shelves import Side
from upsells.tabforms import CopyForm
from upsells.whatif import Trial, TrialForm, offers_of, trial

MINUTE = timedelta(minutes=1)
MOST_PERCENT = 1_000
MONEY = ("nights_price", "hours_price")
FORM_NAMES = {"most_hours": "most_minutes"}


class AskedRules(Query):
    """What to try; what is left out is as it is. Where nothing is named, only the present rules are looked at."""

    side = serializers.ChoiceField(
        choices=[side.value for side in Side], required=False, help_text="Of guests who leave, or who arrive."
    )
    turnaround = AskedNumber(required=False, min_value=0, max_value=DAY_MINUTES, help_text="In minutes.")
    most_nights = AskedNumber(required=False, min_value=1, max_value=MOST_NIGHTS)
    least_gap = AskedNumber(required=False, min_value=0, max_value=MOST_NIGHTS)
    percent = AskedNumber(
        required=False,
        min_value=1,
        max_value=MOST_PERCENT,
        help_text="Where nights cost a share of the usual.",
    )
    nights_price = AskedNumber(required=False, min_value=1, help_text="Where a night has a price.")
    most_minutes = AskedNumber(required=False, min_value=15, max_value=MOST_MINUTES)
    limit = Clock(required=False, help_text="Not later, or not earlier, than that.")
    hours_price = AskedNumber(
        required=False, min_value=1, help_text="Of an hour or the whole, where hours have one."
    )


class SumsOut(Out):
    """What it would come to if each guest bought the most of each kind."""

    guests = serializers.IntegerField(help_text="To whom something would be offered.")
    nights = serializers.IntegerField()
    nights_amount = serializers.IntegerField(source="nights_price.amount", help_text=AMOUNT)
    minutes = serializers.SerializerMethodField()
    minutes_amount = serializers.IntegerField(source="hours_price.amount", help_text=AMOUNT)

    def get_minutes(self, sums: Totals) -> int:
        """Of late check-outs, or early check-ins."""
        return sums.hours // MINUTE


class BothOut(Out):
    """The same days under both sets of rules."""

    now = SumsOut(help_text="What is on sale.")
    then = SumsOut(allow_null=True, help_text="What is tried; null where nothing is.")


class TrialOut(Out):
    """What other rules would bring at a home."""

    currency = serializers.CharField()
    coming = BothOut(help_text="The next 60 days.")
    past = BothOut(help_text="The past year, as the calendars told then.")
    past_since = serializers.SerializerMethodField(help_text="When that history begins; null without one.")

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_past_since(self, found: dict[str, Any]) -> Any:
        """The instant."""
        return found["since"].isoformat() if found["since"] else None


def _typed(home: Property, side: Side, asked: dict[str, Any]) -> dict[str, Any] | None:
    """What was asked for over what is there, as the page's form takes it; None where nothing is tried."""
    wishes = {name: value for name, value in asked.items() if name != "side"}
    if not wishes:
        return None
    usual = TrialForm(home, side, *offers_of(home, side))
    minutes = wishes.pop("most_minutes", usual.initial["most_hours"])
    data = {name: usual.initial[name] for name in usual.fields} | wishes
    data |= {name: f"{to_decimal(data[name], home.currency):f}" for name in MONEY if name in usual.fields}
    data["limit"] = data["limit"] or ""
    return data | {"most_hours": hours_of(minutes)}


def _both(found: Trial, cases: Iterable[Case]) -> dict[str, Any]:
    def sums(rules: Rules | None) -> Totals | None:
        return found.totals(cases, rules) if rules else None

    return {"now": sums(found.before), "then": sums(found.after)}


class WhatIf(OrgView):
    """A trial."""

    @operation("tryTerms", Scope.SALES_READ, asks=AskedRules, gives=TrialOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """What other cleaning times, gaps and prices would bring: in the days to come, and in the past year.

        Nothing is changed by it.
        """
        home = home_of(request, property_id)
        side = Side(asked.get("side", Side.LEAVING))
        found = trial(home, side, _typed(home, side, asked), request.now)
        if found.form.errors:
            raise of_form(found.form, FORM_NAMES)
        return {
            "currency": home.currency,
            "coming": _both(found, found.ahead),
            "past": _both(found, found.year.cases),
            "since": found.year.since,
        }


# For other homes


class CopyBody(Body):
    """Which terms go to which other homes."""

    kinds = serializers.ListField(child=Choice(choices=Offer.Kind.values), min_length=1, max_length=10)
    properties = serializers.ListField(child=Id(), min_length=1, max_length=500)


class CopiedOut(Out):
    """What came of copying one kind of terms to one home."""

    property = serializers.CharField()
    kind = serializers.ChoiceField(choices=Offer.Kind.values)
    copied = serializers.BooleanField()
    why = serializers.CharField(allow_blank=True, help_text="Why they weren't, as a sentence.")


class CopyTerms(OrgView):
    """Copies."""

    @operation(
        "copyTerms", Scope.PROPERTIES_WRITE, takes=CopyBody, gives=CopiedOut, many=True,
        example={"kinds": ["extra_nights"], "properties": ["k3v8"]},
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """Give other homes the terms of this one, and say what was copied, and what wasn't and why."""
        home = home_of(request, property_id)
        saved = list(Offer.objects.of(request.org).filter(property=home).order_by("pk"))
        others = list(Property.objects.of(request.org).active().exclude(pk=home.pk).order_by("pk"))
        form = CopyForm(saved, others, {"kinds": asked["kinds"], "homes": asked["properties"]})
        if not form.is_valid():
            raise of_form(form, {"homes": "properties"})
        chosen = [offer for offer in saved if offer.kind in asked["kinds"]]
        targets = [target for target in others if target.public_id in asked["properties"]]
        return [_copied(offer, target, request.now) for target in targets for offer in chosen]


def _copied(offer: Offer, target: Property, now: datetime) -> dict[str, Any]:
    came = terms.copied(offer, target, now)
    if not came.refusal:
        terms.save(came.offer)
    return {
        "property": target.public_id,
        "kind": offer.kind,
        "copied": not came.refusal,
        "why": str(came.refusal),
    }
