"""What nights cost on days of the week and in seasons, and taxes: typed, kept, refused at the field."""

from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from domain.money import Money
from domain.prices import Tax
from properties.models import Property

SUMMER = {"season-0-first": "2027-07-01", "season-0-last": "2027-08-31", "season-0-rate": "180"}
CITY_TAX = {"tax-0-name": "City tax", "tax-0-per_night": "2,50", "tax-0-per_person": "on"}


def post(alices: Client, home: Property, name: str, /, **body: Any) -> Any:
    space = "upsells" if name == "facts" else "properties"
    return alices.post(reverse(f"{space}:{name}", args=[home.public_id]), body)


def page(alices: Client, home: Property) -> str:
    answer = alices.get(reverse("properties:settings", args=[home.public_id]))
    return unescape(answer.content.decode())


def test_days_of_the_week_and_seasons_decide_what_a_night_costs(alices: Client, home: Property) -> None:
    body = SUMMER | {
        "week-day_4": "150",
        "week-day_5": "155,50",
        "season-0-day_5": "220",
        "season-1-first": "",
    }
    assert post(alices, home, "rates", **body).status_code == 302
    home.refresh_from_db()
    costs = {date(2027, 6, 25): 15_000, date(2027, 6, 26): 15_550, date(2027, 6, 27): 12_000,
             date(2027, 7, 1): 18_000, date(2027, 7, 3): 22_000, date(2027, 8, 31): 18_000,
             date(2027, 9, 1): 12_000}  # fmt: skip
    assert {night: home.rates.of(night).amount for night in costs} == costs
    shown = page(alices, home)
    for value in ('value="155.50"', 'value="2027-08-31"', 'value="220.00"'):
        assert value in shown, value


def test_a_season_is_removed_by_its_tick_or_by_emptying_it(alices: Client, home: Property) -> None:
    winter = {"season-1-first": "2027-12-20", "season-1-last": "2028-01-06", "season-1-rate": "200"}
    post(alices, home, "rates", **SUMMER, **winter)
    home.refresh_from_db()
    assert len(home.seasons) == 2
    post(alices, home, "rates", **SUMMER, **winter, **{"season-0-remove": "on"})
    home.refresh_from_db()
    assert [season[0] for season in home.seasons] == ["2027-12-20"]
    post(alices, home, "rates", **dict.fromkeys(winter, ""), **dict.fromkeys(SUMMER, ""))
    home.refresh_from_db()
    assert home.seasons == []


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"season-0-last": "2027-06-30"}, "season-0-last", "can't be before the first"),
        ({"season-0-first": ""}, "season-0-first", "Enter a day."),
        ({"season-0-first": "summer"}, "season-0-first", "Enter the day as a date, for example 2026-12-06."),
        ({"season-0-first": "0001-01-01"}, "season-0-first", "this century"),
        ({"season-0-last": "9999-12-31"}, "season-0-last", "this century"),
        ({"season-0-rate": "0"}, "season-0-rate", "above zero"),
        ({"season-0-rate": "1.005"}, "season-0-rate", "EUR has no more than 2 decimals."),
        ({"season-0-day_2": "cheap"}, "season-0-day_2", "Enter a number, for example 12.50."),
        ({"week-day_1": "0"}, "week-day_1", "above zero"),
        ({"week-day_0": "1e3"}, "week-day_0", "Enter a number, for example 12.50."),
        ({"season-0-first": "2027-02-29"}, "season-0-first", "Enter the day as a date, for example 2026-12-06."),
        ({"week-day_0": "-5"}, "week-day_0", "Enter 0 or more."),
        ({"season-1-first": "2027-08-31", "season-1-last": "2027-09-05", "season-1-rate": "150"}, "season-1-first",
         "Another season above has some of these nights."),
    ],
)  # fmt: skip
def test_rates_that_cannot_be_are_refused_at_the_field_and_nothing_is_saved(
    alices: Client, home: Property, changes: dict[str, str], field: str, sentence: str
) -> None:
    answer = post(alices, home, "rates", **(SUMMER | changes))
    shown = unescape(answer.content.decode())
    assert answer.status_code == 422
    at = shown.index(f'id="id_{field}_error"')
    assert sentence in shown[at : shown.index("</ul>", at)]
    home.refresh_from_db()
    assert (home.seasons, home.weekday_rates) == ([], {})


def test_taxes_are_percentages_and_amounts(alices: Client, home: Property) -> None:
    body = CITY_TAX | {"tax-1-name": "VAT", "tax-1-percent": "7.25", "tax-2-name": "", "tax-2-percent": ""}
    assert post(alices, home, "taxes", **body).status_code == 302
    home.refresh_from_db()
    assert home.tax_rules == (Tax("City tax", 0, 250, per_person=True), Tax("VAT", 725))
    shown = page(alices, home)
    for value in ('value="City tax"', 'value="2.50"', 'value="7.25"'):
        assert value in shown, value
    post(alices, home, "taxes", **body, **{"tax-0-remove": "on"})
    home.refresh_from_db()
    assert [tax.name for tax in home.tax_rules] == ["VAT"]


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"tax-0-name": ""}, "name", "Fill this in."),
        ({"tax-0-name": "x" * 41}, "name", "Shorten this to 40 characters"),
        ({"tax-0-per_night": ""}, "percent", "Enter a percentage, an amount per night, or both."),
        ({"tax-0-percent": "101"}, "percent", "Enter 100 or less."),
        ({"tax-0-percent": "1.234"}, "percent", "Enter 2 digits after the point at most."),
        ({"tax-0-per_night": "-1"}, "per_night", "Enter 0 or more."),
        ({"tax-0-per_night": "", "tax-0-percent": "5"}, "per_person", "Only an amount per night"),
    ],
)
def test_taxes_that_cannot_be_are_refused_at_the_field(
    alices: Client, home: Property, changes: dict[str, str], field: str, sentence: str
) -> None:
    answer = post(alices, home, "taxes", **(CITY_TAX | changes))
    assert answer.status_code == 422
    shown = unescape(answer.content.decode())
    at = shown.index(f'id="id_tax-0-{field}_error"')
    assert sentence in shown[at : shown.index("</ul>", at)]
    home.refresh_from_db()
    assert home.taxes == []


def test_the_currency_stays_while_other_amounts_stand_in_it(alices: Client, home: Property) -> None:
    post(alices, home, "rates", **SUMMER)
    body = {"name": "Casa", "time_zone": "Europe/Madrid", "check_in": "15:00", "check_out": "11:00",
            "turnaround": "60", "currency": "USD", "rate": "120"}  # fmt: skip
    answer = post(alices, home, "facts", **body)
    assert answer.status_code == 422
    assert "have amounts in EUR" in unescape(answer.content.decode())
    post(alices, home, "rates")
    assert post(alices, home, "facts", **body).status_code == 302
    home.refresh_from_db()
    assert home.rate == Money(12_000, "USD")


def test_many_seasons_are_kept_in_order_and_one_more_can_be_added(alices: Client, home: Property) -> None:
    body = {}
    for n in range(12):
        first = date(2027, 12, 1) - timedelta(days=10 * n)
        body |= {f"season-{n}-first": str(first), f"season-{n}-last": str(first + timedelta(days=4)),
                 f"season-{n}-rate": "99"}  # fmt: skip
    assert post(alices, home, "rates", **body).status_code == 302
    home.refresh_from_db()
    assert home.seasons == sorted(home.seasons)
    assert 'name="season-12-first"' in page(alices, home)
