"""An offer's terms as a host types them: what is kept, and what is refused at its field with the reason."""

from datetime import date, time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from properties.fields import with_point
from properties.models import Property
from tests import cast
from tests.upsells.pages import text
from upsells import terms
from upsells.models import Offer
from upsells.offerforms import form_for

NIGHTS = {
    "mode": "instant", "priced_by": "percent", "percent": "90", "price": "", "most_nights": "7", "least_gap": "0",
    "last_minute_hours": "48", "rounding": "1", "weekdays": [str(n) for n in range(7)],
}  # fmt: skip
HOURS = {
    "mode": "instant", "priced_by": "per_hour", "price": "15", "percent": "100", "most_hours": "4", "limit": "15:00",
    "step_minutes": "60", "last_minute_hours": "48", "rounding": "1", "weekdays": [str(n) for n in range(7)],
    "closes_night": "on", "adds_lost_night": "on",
}  # fmt: skip
TWO_STEPS = {"steps-0-from": "3", "steps-0-off": "10", "steps-1-from": "5", "steps-1-off": "20"}
SLOTS = {"priced_by": "slots", "price": "", "slots-0-hours": "2", "slots-0-amount": "20"}


def posted(alices: Client, home: Property, kind: str, **changes: Any) -> Any:
    body = (NIGHTS if kind in Offer.NIGHTLY else HOURS) | changes
    return alices.post(reverse("upsells:terms", args=[home.public_id, kind]), body)


def told(answer: Any, field: str) -> str:
    """What the refused page says at the field."""
    assert answer.status_code == 422
    assert not Offer.objects.exists()
    form = answer.context["form"]
    assert list(form.errors) == [field]
    page = text(answer)
    assert f'href="#id_{field}' in page
    return " ".join(form.errors[field])


# What is kept


def test_all_that_is_typed_about_nights_is_kept_and_shown_again(alices: Client, home: Property) -> None:
    changes = TWO_STEPS | {
        "weekend_off": "-20", "gap_off": "15", "last_minute_off": "25", "last_minute_hours": "36", "minimum": "50",
        "rounding": "100", "least_gap": "2", "weekdays": ["4", "5"], "blackouts-0-first": "2026-12-24",
        "blackouts-0-last": "2026-12-26", "opens_days": "14", "cut_off": "1.5", "from_airbnb": "channel",
        "from_others": "property",
    }  # fmt: skip
    assert posted(alices, home, "extra_nights", **changes).status_code == 302
    offer = Offer.objects.get()
    assert (offer.mode, offer.priced_by, offer.percent, offer.currency) == ("instant", "percent", 90, "EUR")
    assert offer.steps == [[3, 10], [5, 20]]
    assert (offer.weekend_off, offer.gap_off, offer.last_minute_off, offer.last_minute_hours) == (
        -20,
        15,
        25,
        36,
    )
    assert (offer.minimum, offer.rounding, offer.least_gap, offer.weekdays) == (5_000, 100, 2, [4, 5])
    assert offer.blackouts == [["2026-12-24", "2026-12-27"]]
    assert (offer.opens_days, offer.cut_off_minutes) == (14, 90)
    assert (offer.collected("airbnb"), offer.collected("vrbo")) == ("channel", "property")
    page = text(alices.get(reverse("upsells:terms", args=[home.public_id, "extra_nights"])))
    for shown in ('value="-20"', 'value="2026-12-26"', 'value="50.00"', 'value="1.5"', 'value="36"'):
        assert shown in page, shown


def test_all_that_is_typed_about_hours_is_kept(alices: Client, home: Property) -> None:
    changes = SLOTS | {
        "slots-1-hours": "3.5",
        "slots-1-amount": "30",
        "step_minutes": "30",
        "adds_lost_night": "",
    }
    changes.pop("adds_lost_night")
    assert posted(alices, home, "late_check_out", **changes).status_code == 302
    offer = Offer.objects.get()
    assert (offer.slots, offer.step_minutes, offer.most_minutes) == ([[120, 2_000], [210, 3_000]], 30, 240)
    assert (offer.limit, offer.closes_night, offer.adds_lost_night) == (time(15), True, True)


def test_a_refused_form_keeps_what_was_typed(alices: Client, home: Property) -> None:
    page = text(posted(alices, home, "extra_nights", most_nights="0", **TWO_STEPS))
    assert 'name="steps-1-from"' in page
    assert 'value="20"' in page


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("12.50", 1_250), ("12,50", 1_250), ("1.234,50", 123_450), ("1,234.50", 123_450), ("1 234,5", 123_450),
     (" 12 ", 1_200), ("1\u202f234,00", 123_400), ("1,234,567", 123_456_700), ("1'234.50", 123_450),
     ("12,34,567.5", 123_456_750), (",5", 50)],
)  # fmt: skip
def test_an_amount_may_be_typed_with_a_point_or_a_comma(
    alices: Client, home: Property, typed: str, amount: int
) -> None:
    assert posted(alices, home, "extra_nights", priced_by="fixed", price=typed).status_code == 302
    assert Offer.objects.get().price == amount


@pytest.mark.parametrize(
    "typed", ["1,2,3", "1.2,3.4", "1,23,4.5", "12 50", "1e9", "1_000", "0x10", "NaN", "twelve", "--1"]
)
def test_what_is_no_number_stays_none(alices: Client, home: Property, typed: str) -> None:
    assert with_point(typed) == typed
    assert "Enter a number, for example 12.50." in told(
        posted(alices, home, "extra_nights", priced_by="fixed", price=typed), "price"
    )


@pytest.mark.parametrize(
    ("currency", "typed", "kept"),
    [("JPY", "1200", 1_200), ("KWD", "1,234", 1_234), ("JPY", "12,5", None),
     ("KWD", "1.2345", None), ("EUR", "1,234", None)],
)  # fmt: skip
def test_an_amount_has_the_decimals_of_its_currency_and_is_never_guessed(
    alices: Client, home: Property, currency: str, typed: str, kept: int | None
) -> None:
    Property.objects.filter(pk=home.pk).update(currency=currency)
    answer = posted(alices, home, "extra_nights", priced_by="fixed", price=typed)
    if kept is None:
        assert "decimals" in told(answer, "price")
    else:
        assert (Offer.objects.get().price, Offer.objects.get().currency) == (kept, currency)


def test_what_belongs_to_another_way_of_pricing_is_not_looked_at(alices: Client, home: Property) -> None:
    assert posted(alices, home, "extra_nights", price="nonsense").status_code == 302
    assert Offer.objects.get().priced_by == "percent"


# What is refused


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"mode": "always"}, "mode", "among the choices, or no longer."),
        ({"percent": ""}, "percent", "Fill this in."),
        ({"percent": "0"}, "percent", "Enter 1 or more."),
        ({"priced_by": "fixed", "price": "0"}, "price", "above zero"),
        ({"priced_by": "fixed", "price": "-1"}, "price", "Enter 0 or more."),
        ({"priced_by": "fixed", "price": "NaN"}, "price", "Enter a number, for example 12.50."),
        ({"priced_by": "fixed", "price": "1e999999999"}, "price", "Enter a number, for example 12.50."),
        ({"priced_by": "fixed", "price": "9" * 16}, "price", "digits"),
        ({"priced_by": "fixed", "price": "1000000001"}, "price", "at most 1000000000"),
        ({"priced_by": "fixed", "price": "999999999", "most_nights": "30"}, "price", "more than one sale can cost"),
        ({"priced_by": "per_hour"}, "priced_by", "among the choices, or no longer."),
        ({"most_nights": "31"}, "most_nights", "Enter 30 or less."),
        ({"most_nights": "2", "least_gap": "3"}, "least_gap", "a gap of 3 nights could never be sold"),
        (TWO_STEPS | {"steps-1-from": "3"}, "steps", "begin later"),
        (TWO_STEPS | {"steps-1-off": "10"}, "steps", "take more off"),
        (TWO_STEPS | {"steps-1-off": ""}, "steps", "Row 2, Percent off: Fill this in."),
        (TWO_STEPS | {"steps-0-off": "95"}, "steps", "Row 1"),
        (TWO_STEPS | {"most_nights": "4"}, "steps", "Night 5 never comes"),
        (TWO_STEPS | {"weekend_off": "80"}, "weekend_off", "nothing would be left"),
        ({"gap_off": "91"}, "gap_off", "Enter 90 or less."),
        ({"priced_by": "fixed", "price": "4", "rounding": "1000"}, "rounding", "rounded down to nothing"),
        ({"weekdays": []}, "weekdays", "Choose at least one."),
        ({"weekdays": ["7"]}, "weekdays", "among the choices, or no longer."),
        ({"blackouts-0-first": "2026-12-26", "blackouts-0-last": "2026-12-24"}, "blackouts", "before it begins"),
        ({"blackouts-0-first": "soon", "blackouts-0-last": "2026-12-24"}, "blackouts", "Row 1, From: Enter"),
        ({"blackouts-0-first": "2026-12-26", "blackouts-0-last": "9999-12-31"}, "blackouts", "this century"),
        ({"blackouts-0-first": "2027-02-28", "blackouts-0-last": "2027-02-29"}, "blackouts", "Row 1, To and with"),
        ({"opens_days": "1", "cut_off": "24"}, "cut_off", "would end before it opens"),
        ({"cut_off": "1.1"}, "cut_off", "quarters of an hour"),
        ({"last_minute_off": "10", "last_minute_hours": "5", "cut_off": "6"}, "last_minute_hours", "nobody would"),
        ({"last_minute_off": "10", "last_minute_hours": "6", "cut_off": "6"}, "last_minute_hours", "nobody would"),
        ({"last_minute_off": "10", "last_minute_hours": ""}, "last_minute_hours", "Enter how many hours"),
        ({"from_vrbo": "card"}, "from_vrbo", "can't take cards yet"),
        ({"from_vrbo": "barter"}, "from_vrbo", "among the choices, or no longer."),
    ],
)  # fmt: skip
def test_terms_of_nights_that_cannot_be_meant_are_refused_at_the_field(
    alices: Client, home: Property, changes: dict[str, Any], field: str, sentence: str
) -> None:
    assert sentence in told(posted(alices, home, "extra_nights", **changes), field)


@pytest.mark.parametrize(
    ("kind", "changes", "field", "sentence"),
    [
        ("late_check_out", {"limit": "11:00"}, "limit", "Check-out is at 11:00 anyway"),
        ("late_check_out", {"limit": "11:30"}, "limit", "Not even one step fits between 11:00 and 11:30"),
        ("late_check_out", {"limit": "noon"}, "limit", "Enter a time of day, for example 15:00."),
        ("early_check_in", {"limit": "15:00"}, "limit", "Check-in is from 15:00 anyway"),
        ("late_check_out", {"step_minutes": "240", "most_hours": "3"}, "step_minutes", "more than the most you sell"),
        ("late_check_out", {"most_hours": "25"}, "most_hours", "Enter 24 or less."),
        ("late_check_out", {"most_hours": "1e9999"}, "most_hours", "Enter a number, for example 12.50."),
        ("late_check_out", {"price": ""}, "price", "Fill this in."),
        ("late_check_out", {"priced_by": "slots", "price": ""}, "slots", "at least one slot"),
        ("late_check_out", SLOTS | {"slots-1-hours": "1", "slots-1-amount": "30"}, "slots", "longer than"),
        ("late_check_out", SLOTS | {"slots-1-hours": "3", "slots-1-amount": "10"}, "slots", "may not cost less"),
        ("late_check_out", SLOTS | {"slots-0-hours": "5"}, "slots", "A slot of 5 hours never comes"),
        ("late_check_out", SLOTS | {"slots-0-amount": "0"}, "slots", "above zero"),
        ("late_check_out", SLOTS | {"slots-0-hours": "0.5"}, "slots", "No step ends within the slot up to 0.5 hours"),
        ("late_check_out", SLOTS | {"slots-1-hours": "2.5", "slots-1-amount": "30"}, "slots", "up to 2.5 hours"),
        ("late_check_out", {"percent": ""}, "percent", "Fill this in."),
        ("late_check_out", {"percent": "0"}, "percent", "Enter 1 or more."),
        ("early_check_in", {"limit": "", "last_minute_off": "10", "last_minute_hours": "1"}, "last_minute_hours",
         "nobody would"),
        ("late_check_out", {"price": "0.01", "step_minutes": "15"}, "price", "Nothing would be left"),
    ],
)  # fmt: skip
def test_terms_of_hours_that_cannot_be_meant_are_refused_at_the_field(
    alices: Client, home: Property, kind: str, changes: dict[str, Any], field: str, sentence: str
) -> None:
    assert sentence in told(posted(alices, home, kind, **changes), field)


def test_nights_before_the_stay_are_never_bought_within_their_own_day(alices: Client, home: Property) -> None:
    late = {"last_minute_off": "10", "last_minute_hours": "24"}
    assert "nobody would" in told(posted(alices, home, "nights_before", **late), "last_minute_hours")
    assert posted(alices, home, "nights_before", **late | {"last_minute_hours": "25"}).status_code == 302


def test_a_day_that_is_ticked_twice_is_one_day(alices: Client, home: Property) -> None:
    assert posted(alices, home, "extra_nights", weekdays=["5", "4", "5"]).status_code == 302
    assert Offer.objects.get().weekdays == [4, 5]


def test_what_the_lost_night_costs_is_only_asked_where_it_is_charged(alices: Client, home: Property) -> None:
    body = HOURS | {"percent": "nonsense"}
    del body["adds_lost_night"]
    address = reverse("upsells:terms", args=[home.public_id, "late_check_out"])
    assert alices.post(address, body).status_code == 302
    assert Offer.objects.get().adds_lost_night is False


def test_a_sale_in_a_currency_of_many_units_can_be_kept(alices: Client, home: Property) -> None:
    Property.objects.filter(pk=home.pk).update(currency="IDR", nightly_rate=500_000_000)
    assert posted(alices, home, "extra_nights").status_code == 302
    assert posted(alices, home, "late_check_out", price="1.500.000,00").status_code == 302
    assert Offer.objects.get(kind="late_check_out").price == 150_000_000


def test_a_form_without_anything_in_it_changes_nothing(alices: Client, home: Property) -> None:
    answer = alices.post(reverse("upsells:terms", args=[home.public_id, "extra_nights"]), {"mode": ""})
    assert answer.status_code == 422
    assert not Offer.objects.exists()


def test_there_are_four_kinds_of_offers_and_no_more(alices: Client, home: Property) -> None:
    for kind in Offer.Kind.values:
        assert alices.get(reverse("upsells:terms", args=[home.public_id, kind])).status_code == 200
    assert alices.get(reverse("upsells:terms", args=[home.public_id, "breakfast"])).status_code == 404


# Where to begin


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
@pytest.mark.parametrize(("check_in", "check_out"), [(15, 11), (12, 12), (9, 8), (23, 16)])
def test_what_a_host_starts_with_fits_every_home(
    home: Property, currency: str, check_in: int, check_out: int
) -> None:
    home.currency, home.check_in, home.check_out = currency, time(check_in), time(check_out)
    for kind in Offer.Kind.values:
        offer = terms.start(home, kind)
        offer.mode = "instant"
        assert terms.contradictions(offer, home) == []
        terms.save(offer)
        assert Offer.objects.get(kind=kind).collected("airbnb") == "channel"


def test_an_hour_is_first_offered_at_an_eighth_of_the_night_in_whole_units(home: Property) -> None:
    home.nightly_rate = 12_345
    assert terms.start(home, "late_check_out").price == 1_500
    home.nightly_rate = 100
    assert terms.start(home, "late_check_out").price == 100


def test_a_saved_offer_comes_back_out_of_its_own_form_unchanged(home: Property) -> None:
    offer = cast.an_offer(
        home, steps=[[3, 10]], blackouts=[["2026-12-24", "2026-12-27"]], opens_days=5, cut_off_minutes=75, minimum=900,
        collection={"": "property", "airbnb": "channel", "agoda": "channel"}, weekdays=[1, 2], least_gap=2,
    )  # fmt: skip
    shown = form_for(offer, home, [])
    data: dict[str, Any] = {}
    for bound in shown:
        value = bound.value()
        if bound.name in {"steps", "blackouts"}:
            for number, row in enumerate(value):
                for column, cell in zip(bound.field.columns, row, strict=True):
                    data[f"{bound.name}-{number}-{column.key}"] = str(cell)
        elif value not in (None, ""):
            data[bound.name] = value
    form = form_for(offer, home, [], data)
    assert form.is_valid(), form.errors
    for column in Offer._meta.concrete_fields:
        assert getattr(form.offer, column.attname) == getattr(offer, column.attname), column.name


def test_the_last_day_of_a_blackout_is_a_day_of_it(alices: Client, home: Property) -> None:
    posted(
        alices, home, "extra_nights", **{"blackouts-0-first": "2026-12-24", "blackouts-0-last": "2026-12-24"}
    )
    assert Offer.objects.get().when.forbids(date(2026, 12, 24))
    assert not Offer.objects.get().when.forbids(date(2026, 12, 25))
