"""What guests may buy: quotes as a guest would see them, the terms of each offer, what cancelling gives back."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from api.door import ApiRequest, OrgView, operation, refuse_if_changed
from api.problems import invalid, of_form
from api.scopes import Scope
from api.v1.properties import AMOUNT, home_of
from api.wire import AskedNumber, Body, Day, Flag, Out, Query, Whole, rows_of
from domain.channels import CHANNELS
from domain.prices import Item
from domain.spans import NIGHT, Span
from properties.fields import EARLIEST, LATEST
from properties.models import Property
from upsells.forms import MOST_PERSONS
from upsells.models import CancelTerms, Offer
from upsells.payforms import MOST_HOURS, MOST_TIERS, WHOLE, CancelForm
from upsells.shelves import Nothing, Shelf, Side, Stay, shelf, shelves_of

LONGEST_STAY = timedelta(days=366)


class NightsOut(Out):
    """Nights from `arrival` to the one before `departure`."""

    arrival = serializers.DateField()
    departure = serializers.DateField()


class PriceLineOut(Out):
    """One line of a price."""

    item = serializers.ChoiceField(choices=[item.value for item in Item])
    amount = serializers.IntegerField(help_text=AMOUNT)
    night = serializers.DateField(allow_null=True)
    name = serializers.CharField(allow_blank=True)


class QuoteOut(Out):
    """One thing that the guest could buy now."""

    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=Offer.Kind.values)
    mode = serializers.ChoiceField(choices=["instant", "approval"])
    nights = NightsOut(allow_null=True)
    starts_at = serializers.CharField()
    ends_at = serializers.CharField()
    amount = serializers.IntegerField(help_text=AMOUNT)
    currency = serializers.CharField()
    collection = serializers.ChoiceField(choices=Offer.Collection.values)
    lines = PriceLineOut(many=True)


class NothingOut(Out):
    """Why nothing is offered on one side of the stay."""

    side = serializers.ChoiceField(choices=[side.value for side in Side])
    why = serializers.ChoiceField(choices=[why.value for why in Nothing])
    opens_at = serializers.CharField(
        allow_null=True, help_text="When it can be bought, where it is too soon."
    )


class QuotesOut(Out):
    """What a guest of the stay is offered now, and why there is nothing more."""

    departure = serializers.DateField(allow_null=True)
    arrival = serializers.DateField(allow_null=True)
    offers = QuoteOut(many=True)
    nothing = NothingOut(many=True)


class AskedStay(Query):
    """Whose stay: its check-out day, its check-in day, or both."""

    departure = Day(required=False)
    arrival = Day(required=False)
    persons = AskedNumber(required=False, min_value=1, max_value=MOST_PERSONS, default=1)
    channel = serializers.ChoiceField(
        required=False, choices=list(CHANNELS), help_text="Where the guest booked."
    )


def _stay(asked: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """The days that were named. Raises Problem for days that make no stay."""
    arrival, departure = asked.get("arrival"), asked.get("departure")
    if arrival is None and departure is None:
        raise invalid({"departure": _("Name the check-out day, the check-in day, or both.")})
    for name, day in (("arrival", arrival), ("departure", departure)):
        if day and not EARLIEST <= day <= LATEST:
            raise invalid({name: _("Ask for a day of this century.")})
    if arrival and departure and not NIGHT <= departure - arrival <= LONGEST_STAY:
        raise invalid({"departure": _("A stay has at least one night, and at most a year.")})
    return arrival, departure


def _shelves(home: Property, asked: Mapping[str, Any], now: Any) -> Iterable[Shelf]:
    arrival, departure = _stay(asked)
    persons, channel = asked["persons"], asked.get("channel", "")
    if arrival and departure:
        return shelves_of(home, Span(arrival, departure), persons, now, channel)
    if departure:
        return [shelf(home, Stay(departure, Side.LEAVING, persons), now, channel)]
    return [shelf(home, Stay(arrival or LATEST, Side.ARRIVING, persons), now, channel)]


def _quoted(home: Property, found: Shelf, channel: str) -> list[dict[str, Any]]:
    zone = home.house.zone
    return [
        {
            "key": choice.quote.key,
            "kind": choice.quote.kind.value,
            "mode": choice.mode.value,
            "nights": span_of(choice.quote.nights),
            "starts_at": choice.quote.period.start.astimezone(zone).isoformat(),
            "ends_at": choice.quote.period.end.astimezone(zone).isoformat(),
            "amount": choice.quote.price.total.amount,
            "currency": home.currency,
            "collection": found.collection(choice.quote.kind, channel),
            "lines": [
                {"item": line.item.value, "amount": line.amount.amount, "night": line.on, "name": line.name}
                for line in choice.quote.price.lines
            ],
        }
        for choice in found.choices
    ]


def span_of(nights: Span | None) -> dict[str, date] | None:
    """Nights as answers have them."""
    return {"arrival": nights.start, "departure": nights.end} if nights else None


class Quotes(OrgView):
    """Quotes."""

    @operation("getOffers", Scope.PROPERTIES_READ, asks=AskedStay, gives=QuotesOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """What a guest who leaves, or arrives, on a day is offered now, and for how much."""
        home, channel = home_of(request, property_id), asked.get("channel", "")
        found = list(_shelves(home, asked, request.now))
        zone = home.house.zone
        return {
            "departure": asked.get("departure"),
            "arrival": asked.get("arrival"),
            "offers": [quote for each in found for quote in _quoted(home, each, channel)],
            "nothing": [
                {
                    "side": each.stay.side.value,
                    "why": each.why.value,
                    "opens_at": each.opens.astimezone(zone).isoformat() if each.opens else None,
                }
                for each in found
                if each.why
            ],
        }


# Cancelling


class Tier(Body):
    """Who cancels so many hours before, or earlier, gets so much back."""

    hours_before = Whole(min_value=0, max_value=MOST_HOURS)
    percent = Whole(min_value=0, max_value=WHOLE)


class TierOut(Out):
    """Who cancels so many hours before, or earlier, gets so much back."""

    hours_before = serializers.IntegerField()
    percent = serializers.IntegerField()


class CancelTermsBody(Body):
    """What guests get back who cancel; `automatic` where it is done without the host's word."""

    tiers = rows_of(Tier, MOST_TIERS)
    automatic = Flag()


class CancelTermsOut(Out):
    """What guests get back who cancel; `automatic` where it is done without the host's word."""

    tiers = TierOut(many=True)
    automatic = serializers.BooleanField()


def _cancel_terms(request: ApiRequest, home: Property) -> dict[str, Any]:
    saved = CancelTerms.objects.of(request.org).filter(property=home).first()
    found = saved or CancelTerms(tiers=CancelTerms.USUAL)
    tiers = [{"hours_before": hours, "percent": percent} for hours, percent in found.tiers]
    return {"tiers": tiers, "automatic": found.automatic}


class Cancelling(OrgView):
    """Cancelling."""

    @operation("getCancelTerms", Scope.PROPERTIES_READ, gives=CancelTermsOut, guarded=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """What guests of a home get back who cancel."""
        return _cancel_terms(request, home_of(request, property_id))

    @operation(
        "replaceCancelTerms", Scope.PROPERTIES_WRITE, takes=CancelTermsBody, gives=CancelTermsOut, guarded=True,
        example={"tiers": [{"hours_before": 48, "percent": 100}], "automatic": True},
    )  # fmt: skip
    def put(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """Replace them. They count for what guests book from then on."""
        home = home_of(request, property_id)
        refuse_if_changed(request, _cancel_terms(request, home), CancelTermsOut)
        data: dict[str, Any] = {"automatic": "yes" if asked["automatic"] else "no"}
        data |= {f"tiers-{n}-hours": tier["hours_before"] for n, tier in enumerate(asked["tiers"])}
        data |= {f"tiers-{n}-percent": tier["percent"] for n, tier in enumerate(asked["tiers"])}
        form = CancelForm(CancelTerms(), data)
        if not form.is_valid():
            raise of_form(form, {})
        made = {**form.terms, "organization": request.org}
        rows = CancelTerms.objects.of(request.org)
        rows.update_or_create(property=home, defaults=form.terms, create_defaults=made)
        return _cancel_terms(request, home)
