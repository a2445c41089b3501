"""Making, changing, archiving and restoring a property, with every field's bad input."""

from collections.abc import Callable
from datetime import time
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization
from calendars import leases
from calendars.models import Feed
from domain.money import Money
from properties.fields import to_decimal, to_minor
from properties.models import Property
from tests import cast

FORM = {
    "name": "Àtic Gràcia",
    "time_zone": "America/New_York",
    "check_in": "16:30",
    "check_out": "10:15",
    "turnaround": "180",
    "currency": "EUR",
    "rate": "123.45",
}
BAD_INPUT = [
    ({"name": ""}, "name", "Fill this in."),
    ({"name": "   "}, "name", "Fill this in."),
    ({"name": "x" * 121}, "name", "Shorten this to 120 characters; it has 121."),
    ({"name": "a\x00b"}, "name", "It holds a sign that can't be kept."),
    ({"name": "a\nb"}, "name", "can't be printed"),
    ({"name": "Casa \u202ereversed"}, "name", "can't be printed"),
    ({"time_zone": ""}, "time_zone", "Choose one."),
    ({"time_zone": "Europe/Atlantis"}, "time_zone", "This isn't among the choices, or no longer."),
    ({"time_zone": "../../etc/passwd"}, "time_zone", "This isn't among the choices, or no longer."),
    ({"check_in": ""}, "check_in", "Enter a time of day, for example 15:00."),
    ({"check_in": "25:00"}, "check_in", "Enter a time of day, for example 15:00."),
    ({"check_out": "noon"}, "check_out", "Enter a time of day, for example 15:00."),
    ({"check_out": "17:00"}, "check_out", "Check-out must not be later than check-in"),
    ({"turnaround": ""}, "turnaround", "Fill this in."),
    ({"turnaround": "1441"}, "turnaround", "Enter 1440 or less."),
    ({"turnaround": "-1"}, "turnaround", "Enter 0 or more."),
    ({"turnaround": "1.5"}, "turnaround", "Enter a whole number, for example 3."),
    ({"currency": "XXZ"}, "currency", "This isn't among the choices, or no longer."),
    ({"currency": "eur"}, "currency", "This isn't among the choices, or no longer."),
    ({"rate": ""}, "rate", "Fill this in."),
    ({"rate": "cheap"}, "rate", "Enter a number, for example 12.50."),
    ({"rate": "NaN"}, "rate", "Enter a number, for example 12.50."),
    ({"rate": "0"}, "rate", "above zero"),
    ({"rate": "-5"}, "rate", "Enter 0 or more."),
    ({"rate": "1e999999999"}, "rate", "Enter a number, for example 12.50."),
    ({"rate": "1.005"}, "rate", "EUR has no more than 2 decimals."),
    ({"rate": "99999999999"}, "rate", "at most 1000000000"),
    ({"rate": "100.50", "currency": "JPY"}, "rate", "JPY has no more than 0 decimals."),
    ({"rate": "1.2345", "currency": "KWD"}, "rate", "KWD has no more than 3 decimals."),
]
Post = Callable[..., HttpResponse]


def named(case: object) -> str:
    return f"{case!r:.60}" if isinstance(case, dict) else ""


@pytest.fixture
def create(alices: Client) -> Post:
    return lambda **changes: alices.post(reverse("properties:new"), {**FORM, **changes})


@pytest.fixture
def change(alices: Client, home: Property) -> Post:
    return lambda **changes: alices.post(reverse("upsells:facts", args=[home.public_id]), {**FORM, **changes})


def refused(answer: HttpResponse, field: str, sentence: str) -> str:
    """The page with the sentence at the field; 422 so that nobody takes it for a success."""
    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    at = page.index(f'id="id_{field}_error"')
    assert sentence in page[at : page.index("</ul>", at)]
    return page


def columns(home: Property) -> dict[str, object]:
    found = Property.objects.filter(pk=home.pk).values().get()
    assert isinstance(found, dict)
    return found


def test_a_new_property_is_what_was_typed_and_leads_to_its_calendars(
    create: Post, organization: Organization
) -> None:
    answer = create()
    row = Property.objects.get()
    assert (answer.status_code, answer["Location"]) == (
        302,
        reverse("calendars:connections", args=[row.public_id]),
    )
    assert (row.organization, row.name, row.time_zone) == (organization, "Àtic Gràcia", "America/New_York")
    assert (row.check_in, row.check_out, row.turnaround) == (time(16, 30), time(10, 15), 180)
    assert row.rate == Money(12_345, "EUR")


@pytest.mark.parametrize(
    ("currency", "rate", "amount"),
    [("JPY", "12000", 12_000), ("KWD", "12.345", 12_345), ("USD", "99", 9_900), ("EUR", "1.234,5", 123_450)],
)
def test_a_price_is_kept_in_the_currencys_own_minor_units(
    create: Post, currency: str, rate: str, amount: int
) -> None:
    assert create(currency=currency, rate=rate).status_code == 302
    assert Property.objects.get().rate == Money(amount, currency)
    assert to_minor(to_decimal(amount, currency), currency) == amount


def test_check_out_at_the_hour_of_check_in_is_allowed(create: Post) -> None:
    assert create(check_in="12:00", check_out="12:00").status_code == 302


@pytest.mark.parametrize(("changes", "field", "sentence"), BAD_INPUT, ids=named)
def test_bad_input_makes_no_property_and_says_why_at_the_field(
    create: Post, changes: dict[str, str], field: str, sentence: str
) -> None:
    refused(create(**changes), field, sentence)
    assert not Property.objects.exists()


@pytest.mark.parametrize(("changes", "field", "sentence"), BAD_INPUT[::3], ids=named)
def test_bad_input_changes_nothing_and_says_why_at_the_field(
    change: Post, home: Property, changes: dict[str, str], field: str, sentence: str
) -> None:
    before = columns(home)
    refused(change(**changes), field, sentence)
    assert columns(home) == before


def test_a_refused_change_leaves_the_name_of_the_page_alone(change: Post, home: Property) -> None:
    page = refused(change(rate="cheap"), "rate", "Enter a number, for example 12.50.")
    assert f"<h1>{home.name}</h1>" in page


def test_nothing_typed_is_lost_when_a_field_is_wrong(create: Post) -> None:
    page = refused(create(check_out="17:00"), "check_out", "Check-out must not be later")
    for field in ("name", "check_in", "turnaround", "rate"):
        assert f'value="{FORM[field]}"' in page, field
    assert 'value="17:00"' in page
    assert '<option value="America/New_York" selected>' in page
    assert '<option value="EUR" selected>' in page


def test_an_empty_form_names_every_field_that_is_missing(alices: Client) -> None:
    answer = alices.post(reverse("properties:new"), {"name": ""})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(FORM)


def test_a_property_is_changed_and_says_so(change: Post, alices: Client, home: Property) -> None:
    answer = change()
    assert (answer.status_code, answer["Location"]) == (
        302,
        reverse("properties:settings", args=[home.public_id]),
    )
    home.refresh_from_db()
    assert (home.name, home.time_zone, home.nightly_rate) == ("Àtic Gràcia", "America/New_York", 12_345)
    page = unescape(alices.get(answer["Location"]).content.decode())
    assert "Saved." in page
    assert 'value="123.45"' in page


def test_markup_in_a_name_is_shown_as_text(create: Post, alices: Client) -> None:
    create(name="<script>alert(1)</script>")
    page = alices.get(reverse("properties:list")).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_archived_property_is_put_aside_and_no_longer_read(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home)
    answer = alices.post(reverse("properties:archive", args=[home.public_id]))
    assert (answer.status_code, answer["Location"]) == (302, reverse("properties:list"))
    page = alices.get(answer["Location"])
    assert (page.context["lines"], page.context["archived"]) == ([], [home])
    assert reverse("properties:restore", args=[home.public_id]) in page.content.decode()
    assert leases.claim_due(timezone.now(), 10)[1] == []
    assert Feed.objects.filter(pk=feed.pk).exists()


def test_archiving_twice_keeps_the_first_time(alices: Client, home: Property) -> None:
    path = reverse("properties:archive", args=[home.public_id])
    alices.post(path)
    first = columns(home)["archived_at"]
    alices.post(path)
    assert columns(home)["archived_at"] == first


def test_a_restored_property_is_read_again(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, next_poll_at=timezone.now())
    Property.objects.filter(pk=home.pk).update(archived_at=timezone.now())
    answer = alices.post(reverse("properties:restore", args=[home.public_id]))
    assert answer.status_code == 302
    page = alices.get(answer["Location"])
    assert ([line.home for line in page.context["lines"]], page.context["archived"]) == ([home], [])
    assert leases.claim_due(timezone.now(), 10)[1] == [feed.pk]


def test_archiving_takes_a_post(alices: Client, home: Property) -> None:
    for name in ("properties:archive", "properties:restore"):
        assert alices.get(reverse(name, args=[home.public_id])).status_code == 405
    assert columns(home)["archived_at"] is None


def test_a_list_without_properties_says_what_to_do(alices: Client) -> None:
    page = alices.get(reverse("properties:list")).content.decode()
    assert reverse("properties:new") in page
    assert "No home here yet" in page


def test_pages_of_members_are_kept_out_of_caches(alices: Client, home: Property) -> None:
    for path in (reverse("properties:list"), reverse("properties:settings", args=[home.public_id])):
        assert "no-store" in alices.get(path)["Cache-Control"]
