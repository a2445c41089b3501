"""By which rules, and for how much, each kind of thing is sold at a home."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api.door import ApiRequest, OrgView, operation, refuse_if_changed
from api.problems import invalid, of_form
from api.scopes import Scope
from api.v1.properties import AMOUNT, home_of
from api.wire import Body, Choice, Clock, Day, Flag, Out, Whole, rows_of
from calendars.models import Feed
from domain.spans import NIGHT
from properties.fields import HOUR, to_decimal
from properties.models import Property
from upsells import terms
from upsells.models import Offer
from upsells.offerforms import TermsForm, form_for

MOST_ROWS = 60
OTHERS = "others"  # guests of all sites that aren't named
NIGHTLY = frozenset({"most_nights", "least_gap", "steps", "weekend_off", "gap_off"})
HOURLY = frozenset({"slots", "most_minutes", "step_minutes", "limit", "closes_night", "adds_lost_night"})
FORM_NAMES = {"most_hours": "most_minutes", "cut_off": "cut_off_minutes"}


class Step(Body):
    """From the nth night on, so many percent off."""

    from_night = Whole(min_value=2, max_value=30)
    percent_off = Whole(min_value=1, max_value=90)


class Slot(Body):
    """Up to so many minutes for the amount."""

    minutes = Whole(min_value=15, max_value=1440)
    amount = Whole(min_value=1, help_text=AMOUNT)


class Blackout(Body):
    """Days from `arrival` to the one before `departure`."""

    arrival = Day()
    departure = Day()


class TermsBody(Body):
    """Terms as they shall be; what is left out stays. Amounts are minor units of the home's currency."""

    mode = Choice(choices=Offer.Mode.values, required=False)
    priced_by = Choice(choices=Offer.PricedBy.values, required=False)
    price = Whole(
        min_value=1, required=False, help_text="Of a night, an hour or the whole, as `priced_by` says."
    )
    percent = Whole(min_value=1, max_value=1_000, required=False)
    steps = rows_of(Step, MOST_ROWS, required=False, help_text="Nights only.")
    slots = rows_of(Slot, MOST_ROWS, required=False, help_text="Hours only.")
    weekend_off = Whole(min_value=-200, max_value=90, required=False, help_text="Nights only.")
    last_minute_off = Whole(min_value=0, max_value=90, required=False)
    last_minute_hours = Whole(min_value=0, max_value=30_000, required=False)
    gap_off = Whole(min_value=0, max_value=90, required=False, help_text="Nights only.")
    minimum = Whole(min_value=0, required=False)
    rounding = Whole(min_value=1, required=False)
    most_nights = Whole(min_value=1, max_value=30, required=False, help_text="Nights only.")
    least_gap = Whole(min_value=0, max_value=30, required=False, help_text="Nights only.")
    most_minutes = Whole(min_value=15, max_value=1440, required=False, help_text="Hours only.")
    step_minutes = Whole(min_value=15, max_value=1440, required=False, help_text="Hours only.")
    limit = Clock(required=False, allow_null=True, help_text="Hours only.")
    closes_night = Flag(required=False, help_text="Hours only.")
    adds_lost_night = Flag(required=False, help_text="Hours only.")
    weekdays = serializers.ListField(
        child=Whole(min_value=0, max_value=6), required=False, max_length=7, help_text="0 is Monday."
    )
    blackouts = rows_of(Blackout, MOST_ROWS, required=False)
    opens_days = Whole(min_value=1, max_value=365, required=False, allow_null=True)
    cut_off_minutes = Whole(min_value=0, max_value=129_600, required=False)
    collection = serializers.DictField(
        child=Choice(choices=Offer.Collection.values), required=False, help_text="By site, and `others`."
    )


class StepOut(Out):
    """From the nth night on, so many percent off."""

    from_night = serializers.IntegerField()
    percent_off = serializers.IntegerField()


class SlotOut(Out):
    """Up to so many minutes for the amount."""

    minutes = serializers.IntegerField()
    amount = serializers.IntegerField()


class BlackoutOut(Out):
    """Days from `arrival` to the one before `departure`."""

    arrival = serializers.DateField()
    departure = serializers.DateField()


class TermsOut(Out):
    """By which rules, and for how much, one kind of thing is sold."""

    kind = serializers.ChoiceField(choices=Offer.Kind.values)
    mode = serializers.ChoiceField(choices=Offer.Mode.values)
    currency = serializers.CharField()
    priced_by = serializers.ChoiceField(choices=Offer.PricedBy.values)
    price = serializers.IntegerField()
    percent = serializers.IntegerField()
    steps = serializers.SerializerMethodField()
    slots = serializers.SerializerMethodField()
    weekend_off = serializers.IntegerField()
    last_minute_off = serializers.IntegerField()
    last_minute_hours = serializers.IntegerField()
    gap_off = serializers.IntegerField()
    minimum = serializers.IntegerField()
    rounding = serializers.IntegerField()
    most_nights = serializers.IntegerField()
    least_gap = serializers.IntegerField()
    most_minutes = serializers.IntegerField()
    step_minutes = serializers.IntegerField()
    limit = Clock(allow_null=True)
    closes_night = serializers.BooleanField()
    adds_lost_night = serializers.BooleanField()
    weekdays = serializers.ListField(child=serializers.IntegerField())
    blackouts = serializers.SerializerMethodField()
    opens_days = serializers.IntegerField(allow_null=True)
    cut_off_minutes = serializers.IntegerField()
    collection = serializers.SerializerMethodField()

    @extend_schema_field(StepOut(many=True))
    def get_steps(self, offer: Offer) -> list[dict[str, int]]:
        """As they are asked for."""
        return [{"from_night": first, "percent_off": off} for first, off in offer.steps]

    @extend_schema_field(SlotOut(many=True))
    def get_slots(self, offer: Offer) -> list[dict[str, int]]:
        """As they are asked for."""
        return [{"minutes": minutes, "amount": amount} for minutes, amount in offer.slots]

    @extend_schema_field(BlackoutOut(many=True))
    def get_blackouts(self, offer: Offer) -> list[dict[str, str]]:
        """As they are asked for."""
        return [{"arrival": first, "departure": end} for first, end in offer.blackouts]

    def get_collection(self, offer: Offer) -> dict[str, str]:
        """As it is asked for."""
        return {key or OTHERS: how for key, how in offer.collection.items()}


def _offer(request: ApiRequest, home: Property, kind: str) -> Offer:
    """The home's offer of the kind, one to start with when there is none yet; 404 for a kind that doesn't exist."""
    if kind not in Offer.Kind.values:
        raise Http404
    found = Offer.objects.of(request.org).filter(property=home, kind=kind).first()
    if found:
        found.property = home
    return found or terms.start(home, kind)


def _channels(request: ApiRequest, home: Property) -> list[str]:
    rows = Feed.objects.of(request.org).filter(property=home).only("channel").order_by("pk")
    return [feed.channel for feed in rows if not feed.gathers]


def hours_of(minutes: int) -> str:
    """Minutes, as a form takes hours."""
    return f"{round(Decimal(minutes) / HOUR, 4):f}"


def _typed(offer: Offer, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for over what is there, as the dashboard's form takes it."""
    now: dict[str, Any] = {**TermsOut(offer).data, **asked}
    currency = offer.property.currency
    if offer.currency != currency:  # amounts of before mean nothing now
        now |= {"price": 0, "slots": [], "minimum": 0, "rounding": 1} | {
            key: asked[key] for key in ("price", "slots", "minimum", "rounding") if key in asked
        }
    same = (
        "mode", "priced_by", "percent", "weekend_off", "last_minute_off", "last_minute_hours", "gap_off",
        "rounding", "most_nights", "least_gap", "step_minutes", "limit", "weekdays", "opens_days",
    )  # fmt: skip
    data = {name: "" if now[name] is None else now[name] for name in same}
    data |= {
        name: f"{to_decimal(now[name], currency):f}" if now[name] else "" for name in ("price", "minimum")
    }
    data |= {"most_hours": hours_of(now["most_minutes"]), "cut_off": hours_of(now["cut_off_minutes"])}
    data |= {name: "on" for name in ("closes_night", "adds_lost_night") if now[name]}
    data |= {f"from_{key}": how for key, how in now["collection"].items()}
    data |= {f"steps-{n}-from": row["from_night"] for n, row in enumerate(now["steps"])}
    data |= {f"steps-{n}-off": row["percent_off"] for n, row in enumerate(now["steps"])}
    for number, row in enumerate(now["slots"]):
        data[f"slots-{number}-hours"] = hours_of(row["minutes"])
        data[f"slots-{number}-amount"] = f"{to_decimal(row['amount'], currency):f}"
    for number, row in enumerate(now["blackouts"]):
        first, end = (date.fromisoformat(str(row[name])) for name in ("arrival", "departure"))
        data[f"blackouts-{number}-first"] = str(first)
        data[f"blackouts-{number}-last"] = str(end - NIGHT if end > date.min else end)
    return data


def _form(request: ApiRequest, offer: Offer, asked: Mapping[str, Any]) -> TermsForm:
    """The form of the offer's kind, which is valid. Raises Problem."""
    for name in sorted(asked.keys() & (HOURLY if offer.is_nightly else NIGHTLY)):
        raise invalid({name: _("This kind of offer has no such term.")})
    form = form_for(offer, offer.property, _channels(request, offer.property), _typed(offer, asked))
    for key in asked.get("collection", {}):
        if f"from_{key}" not in form.fields:
            words = _("This home has no calendar of such a site. Known are: %(names)s.")
            known = ", ".join([*form.channels, OTHERS])
            raise invalid({f"collection.{key}"[:80]: words % {"names": known}})
    if not form.is_valid():
        froms = {name: f"collection.{name[5:]}" for name in form.fields if name.startswith("from_")}
        raise of_form(form, FORM_NAMES | froms)
    return form


class AllTerms(OrgView):
    """All offers."""

    @operation("listTerms", Scope.PROPERTIES_READ, gives=TermsOut, many=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """What a home sells, by which rules; one of each kind, switched off or on."""
        home = home_of(request, property_id)
        saved = Offer.objects.of(request.org).filter(property=home)
        return list(terms.at_home(home, saved).values())


class Terms(OrgView):
    """One offer."""

    @operation("getTerms", Scope.PROPERTIES_READ, gives=TermsOut, guarded=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str, kind: str) -> Offer:
        """By which rules, and for how much, one kind of thing is sold."""
        return _offer(request, home_of(request, property_id), kind)

    @operation(
        "changeTerms", Scope.PROPERTIES_WRITE, takes=TermsBody, gives=TermsOut, guarded=True,
        example={"mode": "instant", "priced_by": "fixed", "price": 9900, "most_nights": 5},
    )  # fmt: skip
    def patch(self, request: ApiRequest, asked: dict[str, Any], property_id: str, kind: str) -> Offer:
        """Change them. They count for what guests are shown from then on."""
        with transaction.atomic():
            rows = Property.objects.select_for_update(no_key=True)
            home = get_or_404(rows, request, public_id=property_id)
            home.organization = request.org
            offer = _offer(request, home, kind)
            refuse_if_changed(request, offer, TermsOut)
            terms.save(_form(request, offer, asked).offer)
        return _offer(request, home, kind)
