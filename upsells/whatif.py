"""The what-if page: other cleaning times, gaps and prices, tried on stays to come and on the past year's."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.tenancy import HostRequest, get_or_404, host
from domain import whatif
from domain.house import House
from domain.offers import Quote
from domain.roles import Power
from domain.whatif import Case, Outcome, Rules, Totals
from properties.dates import clock, in_hours
from properties.fields import QUARTER, HoursField, MoneyField, time_input
from properties.models import DAY_MINUTES, Property
from upsells import replays, terms
from upsells.models import Offer
from upsells.offerforms import MOST_MINUTES, MOST_NIGHTS
from upsells.shelves import KINDS, Side

UNPROCESSABLE = 422
PERSONS = 2  # as the guest's own page begins
NIGHTS = {  # the field of the form by the one that a contradiction names
    "least_gap": "least_gap",
    "steps": "most_nights",
    "percent": "percent",
    "price": "nights_price",
}
HOURS = {"step_minutes": "most_hours", "slots": "most_hours", "limit": "limit", "price": "hours_price"}
LIMITS = {Side.LEAVING: _("Not later than"), Side.ARRIVING: _("Not earlier than")}


class TrialForm(forms.Form):
    """What may be tried; `nights` and `hours` are the offers as they would be."""

    turnaround = forms.IntegerField(label=_("Cleaning takes (minutes)"), min_value=0, max_value=DAY_MINUTES)
    most_nights = forms.IntegerField(label=_("Nights at most"), min_value=1, max_value=MOST_NIGHTS)
    least_gap = forms.IntegerField(label=_("Shortest gap to leave"), min_value=0, max_value=MOST_NIGHTS)
    percent = forms.IntegerField(label=_("Percent of the usual price"), min_value=1, max_value=1_000)
    most_hours = HoursField(label=_("Hours at most"), least=QUARTER, most=MOST_MINUTES)
    limit = forms.TimeField(required=False, widget=time_input())

    def __init__(self, home: Property, side: Side, nights: Offer, hours: Offer, data: Any = None) -> None:
        super().__init__(data, initial=_initial(home, nights, hours))
        self.fields["limit"].label = LIMITS[side]
        self.home, self.nights, self.hours = home, copy(nights), copy(hours)
        self.fields["nights_price"] = MoneyField(label=_("Price of a night"), currency=home.currency)
        self.fields["hours_price"] = MoneyField(label=_("Price"), currency=home.currency)
        del self.fields["percent" if nights.priced_by == Offer.PricedBy.FIXED else "nights_price"]
        if hours.priced_by == Offer.PricedBy.SLOTS:
            del self.fields["hours_price"]
        elif hours.priced_by == Offer.PricedBy.PER_HOUR:
            self.fields["hours_price"].label = _("Price of an hour")
        self.order_fields(
            ["turnaround", "nights_price", "percent", "most_nights", "least_gap", "hours_price"]
        )

    def clean(self) -> dict[str, Any]:
        """Make the offers as they would be, and refuse what contradicts itself."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        self.nights.most_nights, self.nights.least_gap = data["most_nights"], data["least_gap"]
        self.nights.percent = data.get("percent", self.nights.percent)
        self.nights.price = data.get("nights_price", self.nights.price)
        self.hours.most_minutes, self.hours.limit = data["most_hours"], data["limit"]
        self.hours.price = data.get("hours_price", self.hours.price)
        for offer in (self.nights, self.hours):
            for name, sentence in terms.contradictions(offer, self.home):
                self.add_error(self._field_of(offer, name), sentence)
        return data

    def _field_of(self, offer: Offer, name: str) -> str:
        """The field that says what is wrong with another one of the offer's: by default what it costs."""
        named = (NIGHTS if offer.is_nightly else HOURS).get(name, "price")
        costs = ("nights_price", "percent") if offer.is_nightly else ("hours_price", "most_hours")
        return named if named in self.fields else next(each for each in costs if each in self.fields)


def _initial(home: Property, nights: Offer, hours: Offer) -> dict[str, Any]:
    return {
        "turnaround": home.turnaround,
        "most_nights": nights.most_nights,
        "least_gap": nights.least_gap,
        "percent": nights.percent,
        "nights_price": nights.price,
        "most_hours": hours.most_minutes,
        "limit": hours.limit,
        "hours_price": hours.price,
    }


@dataclass(frozen=True, slots=True)
class Seen:
    """What one guest could have bought of one kind, in the words of a table; `time` is the check-out or check-in."""

    amount: Any = None
    span: Any = None
    time: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """Other rules at a home, tried: the offers as they are, and both sets of rules; `after` only from a valid form."""

    form: TrialForm
    offers: tuple[Offer, Offer]
    ahead: tuple[Case, ...]
    year: replays.Past
    before: Rules
    after: Rules | None

    def totals(self, cases: Iterable[Case], rules: Rules) -> Totals:
        """The sums of what these days would have come to under one of its sets of rules."""
        return whatif.totals((whatif.outcome(case, rules) for case in cases), self.form.home.currency)


def offers_of(home: Property, side: Side) -> tuple[Offer, Offer]:
    """The nights and the hours that are sold on one side of a stay, or would be to begin with."""
    rows = Offer.objects.of(home.organization).filter(property=home, currency=home.currency)
    found = terms.at_home(home, rows)
    nights, hours = (found[kind] for kind in KINDS[side])
    return nights, hours


def trial(home: Property, side: Side, data: Any, now: datetime) -> Trial:
    """Try what a form wishes; with None, only what is on sale."""
    nights, hours = offers_of(home, side)
    form = TrialForm(home, side, nights, hours, data)
    before = _rules(home, home.house, nights, hours, on_sale=True)
    after = None
    if form.is_bound and form.is_valid():
        house = replace(home.house, turnaround=form.cleaned_data["turnaround"])
        after = _rules(home, house, form.nights, form.hours, on_sale=False)
    ahead, year = replays.ahead(home, side, now), replays.past(home, side, now)
    return Trial(form, (nights, hours), ahead, year, before, after)


@require_GET
@host(Power.GUESTS)
def page(request: HostRequest, public_id: str) -> HttpResponse:
    """Now against what is tried, for each departure, or arrival, to come and of the past year."""
    home = get_or_404(Property.objects.all(), request, public_id=public_id)
    side = Side.ARRIVING if request.GET.get("side") == Side.ARRIVING else Side.LEAVING
    home.organization = request.org
    tried = trial(home, side, request.GET if "turnaround" in request.GET else None, timezone.now())
    form, before, after, year = tried.form, tried.before, tried.after, tried.year
    context = {
        "property": home,
        "tab": "offers",
        "form": form,
        "side": side.value,
        "leaving": side is Side.LEAVING,
        "persons": PERSONS,
        "after": after,
        "coming": _tried(tried.ahead, before, after, home),
        "past": _tried(year.cases, before, after, home),
        "since": _day(year.since, home),
        "weekly": year.weekly,
        "off": [offer.get_kind_display() for offer in tried.offers if offer.mode == Offer.Mode.OFF],
    }
    return render(request, "upsells/what_if.html", context, status=UNPROCESSABLE if form.errors else 200)


def _day(at: datetime | None, home: Property) -> Any:
    return at and home.house.today(at)


def _rules(home: Property, house: House, nights: Offer, hours: Offer, *, on_sale: bool) -> Rules:
    """The offers as rules; those that are off sell nothing where only what is `on_sale` counts."""

    def sold(offer: Offer) -> bool:
        return not on_sale or offer.mode != Offer.Mode.OFF

    rates, taxes = home.rates, home.tax_rules
    return Rules(
        house,
        (nights.night_rules, nights.price_rules(rates, taxes)) if sold(nights) else None,
        (hours.hour_rules, hours.price_rules(rates, taxes)) if sold(hours) else None,
        arriving=hours.kind in KINDS[Side.ARRIVING],
        persons=PERSONS,
    )


def _tried(cases: Iterable[Case], before: Rules, after: Rules | None, home: Property) -> dict[str, Any]:
    """A table of the cases under both sets of rules, and its sums."""
    cases = list(cases)
    outcomes = [
        (whatif.outcome(case, before), whatif.outcome(case, after) if after else None) for case in cases
    ]
    return {
        "rows": [
            {
                "day": case.day,
                "now": [_seen(now.nights, home), _seen(now.hours, home)],
                "then": [_seen(then.nights, home), _seen(then.hours, home)] if then else [],
            }
            for case, (now, then) in zip(cases, outcomes, strict=True)
        ],
        "now": _sums((now for now, _then in outcomes), home),
        "then": _sums((then for _now, then in outcomes if then), home) if after else None,
    }


def _sums(outcomes: Iterable[Outcome], home: Property) -> dict[str, Any]:
    found = whatif.totals(outcomes, home.currency)
    number = round(found.hours / timedelta(hours=1), 2)
    return {
        "guests": found.guests,
        "nights": found.nights,
        "nights_price": found.nights_price,
        "hours": in_hours(number),
        "hours_price": found.hours_price,
    }


def _seen(quote: Quote | None, home: Property) -> Seen:
    if quote is None:
        return Seen()
    at = quote.period.start if quote.kind in KINDS[Side.ARRIVING] else quote.period.end
    return Seen(quote.price.total, quote.nights, clock(at.astimezone(home.house.zone)))
