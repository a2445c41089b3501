"""What nights cost when it isn't the usual rate, and the taxes on top."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api.door import ApiRequest, OrgView, operation, refuse_if_changed
from api.problems import Problem, of_form
from api.scopes import Scope
from api.v1.properties import AMOUNT, home_of
from api.wire import Body, Day, Flag, Out, Text, Whole, rows_of
from domain.prices import HUNDRED
from domain.spans import NIGHT
from properties.fields import to_decimal
from properties.models import Property
from properties.rateforms import MOST_SEASONS, MOST_TAXES, Rows, SeasonForm, TaxForm, WeekForm

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_NAMES = {f"day_{number}": name for number, name in enumerate(DAYS)}


class Weekdays(Body):
    """Nights of single days of the week; those that are left out cost the usual rate."""

    monday = Whole(min_value=1, required=False, allow_null=True)
    tuesday = Whole(min_value=1, required=False, allow_null=True)
    wednesday = Whole(min_value=1, required=False, allow_null=True)
    thursday = Whole(min_value=1, required=False, allow_null=True)
    friday = Whole(min_value=1, required=False, allow_null=True)
    saturday = Whole(min_value=1, required=False, allow_null=True)
    sunday = Whole(min_value=1, required=False, allow_null=True)


class WeekdaysOut(Out):
    """Nights of single days of the week; null where they cost the usual rate."""

    monday = serializers.IntegerField(allow_null=True)
    tuesday = serializers.IntegerField(allow_null=True)
    wednesday = serializers.IntegerField(allow_null=True)
    thursday = serializers.IntegerField(allow_null=True)
    friday = serializers.IntegerField(allow_null=True)
    saturday = serializers.IntegerField(allow_null=True)
    sunday = serializers.IntegerField(allow_null=True)


class Season(Body):
    """Nights from `arrival` to the one before `departure`, with rates of their own."""

    arrival = Day()
    departure = Day()
    nightly_rate = Whole(min_value=1, help_text=AMOUNT)
    weekdays = Weekdays(required=False)


class SeasonOut(Out):
    """Nights from `arrival` to the one before `departure`, with rates of their own."""

    arrival = serializers.DateField()
    departure = serializers.DateField()
    nightly_rate = serializers.IntegerField(help_text=AMOUNT)
    weekdays = WeekdaysOut()


class RatesBody(Body):
    """All rates beside the usual one; they replace those that are there."""

    weekdays = Weekdays()
    seasons = rows_of(Season, MOST_SEASONS)


class RatesOut(Out):
    """All rates of a home; `nightly_rate` is the usual one."""

    currency = serializers.CharField()
    nightly_rate = serializers.IntegerField(help_text=AMOUNT)
    weekdays = WeekdaysOut()
    seasons = SeasonOut(many=True)


class TaxBody(Body):
    """A tax on top of every sale: a share of the price, an amount per night, or both."""

    name = Text(max_length=40, help_text="As the guest reads it.")
    basis_points = Whole(min_value=0, max_value=HUNDRED * HUNDRED, help_text="Hundredths of a percent.")
    per_night = Whole(min_value=0, help_text=AMOUNT)
    per_person = Flag(help_text="Whether the amount is for each person.")


class TaxesBody(Body):
    """All taxes; they replace those that are there."""

    taxes = rows_of(TaxBody, MOST_TAXES)


class TaxOut(Out):
    """A tax on top of every sale."""

    name = serializers.CharField()
    basis_points = serializers.IntegerField()
    per_night = serializers.IntegerField()
    per_person = serializers.BooleanField()


class TaxesOut(Out):
    """All taxes of a home."""

    currency = serializers.CharField()
    taxes = TaxOut(many=True)


def _week(rates: Mapping[str, int]) -> dict[str, int | None]:
    return {name: rates.get(str(number)) for number, name in enumerate(DAYS)}


def _rates(home: Property) -> dict[str, Any]:
    return {
        "currency": home.currency,
        "nightly_rate": home.nightly_rate,
        "weekdays": _week(home.weekday_rates),
        "seasons": [
            {
                "arrival": date.fromisoformat(start),
                "departure": date.fromisoformat(end),
                "nightly_rate": base,
                "weekdays": _week(week),
            }
            for start, end, base, week in home.seasons
        ],
    }


def _taxes(home: Property) -> dict[str, Any]:
    return {
        "currency": home.currency,
        "taxes": [dict(zip(TaxOut().fields, row, strict=True)) for row in home.taxes],
    }


def _money(amount: int | None, currency: str) -> str:
    return "" if amount is None else f"{to_decimal(amount, currency):f}"


def _typed_week(prefix: str, week: Mapping[str, int | None], currency: str) -> dict[str, str]:
    """The days of a week as their form takes them."""
    return {f"{prefix}-day_{n}": _money(week.get(name), currency) for n, name in enumerate(DAYS)}


def _typed_season(number: int, season: Mapping[str, Any], currency: str) -> dict[str, str]:
    prefix, end = f"season-{number}", season["departure"]
    return {
        f"{prefix}-first": str(season["arrival"]),
        f"{prefix}-last": str(end - NIGHT if end > date.min else end),
        f"{prefix}-rate": _money(season["nightly_rate"], currency),
        **_typed_week(prefix, season.get("weekdays", {}), currency),
    }


def _typed_tax(number: int, tax: Mapping[str, Any], currency: str) -> dict[str, str]:
    prefix = f"tax-{number}"
    share = Decimal(tax["basis_points"]) / HUNDRED
    return {
        f"{prefix}-name": tax["name"],
        f"{prefix}-percent": f"{share:f}" if share else "",
        f"{prefix}-per_night": _money(tax["per_night"] or None, currency),
        **({f"{prefix}-per_person": "on"} if tax["per_person"] else {}),
    }


def _refuse(rows: Rows[Any], path: str, names: Mapping[str, str]) -> None:
    """Raises Problem that names each field of each row that is wrong."""
    found = []
    for number, form in enumerate(rows.forms):
        if form.errors:
            told = of_form(form, {key: f"{path}.{number}.{name}" for key, name in names.items()})
            found.append(told)
    if found:
        raise Problem("invalid", found[0].detail, [error for each in found for error in each.errors])


def _locked(request: ApiRequest, property_id: str) -> Property:
    """The home, which nobody else changes until the transaction ends."""
    return get_or_404(Property.objects.select_for_update(no_key=True), request, public_id=property_id)


class HomeRates(OrgView):
    """Rates."""

    @operation("getRates", Scope.PROPERTIES_READ, gives=RatesOut, guarded=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """What the nights of a home cost."""
        return _rates(home_of(request, property_id))

    @operation(
        "replaceRates", Scope.PROPERTIES_WRITE, takes=RatesBody, gives=RatesOut, guarded=True,
        example={
            "weekdays": {"friday": 15000, "saturday": 15000},
            "seasons": [{"arrival": "2027-08-01", "departure": "2027-09-01", "nightly_rate": 18000}],
        },
    )  # fmt: skip
    def put(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """Replace the rates of weekdays and seasons. The usual rate is the property's own."""
        with transaction.atomic():
            home = _locked(request, property_id)
            refuse_if_changed(request, _rates(home), RatesOut)
            data = _typed_week("week", asked["weekdays"], home.currency)
            for number, season in enumerate(asked["seasons"]):
                data |= _typed_season(number, season, home.currency)
            week = WeekForm(data, prefix="week", currency=home.currency)
            if not week.is_valid():
                raise of_form(week, {key: f"weekdays.{name}" for key, name in DAY_NAMES.items()})
            seasons = Rows(SeasonForm, "season", "season", home, data)
            if not seasons.is_valid():
                days = {key: f"weekdays.{name}" for key, name in DAY_NAMES.items()}
                _refuse(
                    seasons,
                    "seasons",
                    {"first": "arrival", "last": "departure", "rate": "nightly_rate", **days},
                )
            home.weekday_rates, home.seasons = week.rates, seasons.rows
            home.save(update_fields=["weekday_rates", "seasons"])
        return _rates(home)


class HomeTaxes(OrgView):
    """Taxes."""

    @operation("getTaxes", Scope.PROPERTIES_READ, gives=TaxesOut, guarded=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """The taxes on top of every sale of a home."""
        return _taxes(home_of(request, property_id))

    @operation(
        "replaceTaxes", Scope.PROPERTIES_WRITE, takes=TaxesBody, gives=TaxesOut, guarded=True,
        example={
            "taxes": [{"name": "City tax", "basis_points": 0, "per_night": 350, "per_person": True}]
        },
    )  # fmt: skip
    def put(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """Replace the taxes. They are part of every price that guests see from then on."""
        with transaction.atomic():
            home = _locked(request, property_id)
            refuse_if_changed(request, _taxes(home), TaxesOut)
            data: dict[str, str] = {}
            for number, tax in enumerate(asked["taxes"]):
                data |= _typed_tax(number, tax, home.currency)
            found = Rows(TaxForm, "tax", "tax", home, data)
            if not found.is_valid():
                names = {"name": "name", "percent": "basis_points"}
                _refuse(found, "taxes", names | {key: key for key in ("per_night", "per_person")})
            home.taxes = found.rows
            home.save(update_fields=["taxes"])
        return _taxes(home)
