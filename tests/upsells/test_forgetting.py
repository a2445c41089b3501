"""Guests' data: handed out on request, erased on request, and erased by itself when its time is over."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Organization, User
from calendars import ledger
from calendars.models import Block, date_range
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.upsells.pages import a_purchase, instants
from upsells import forgetting
from upsells.models import Delivery, Purchase, StayLink

MARTA = "marta@example.org"


def confirmed(home: Property, nights: Span, email: str) -> Purchase:
    link = StayLink.objects.filter(property=home).first() or cast.a_stay_link(home)
    takes = instants(home.house.stay(nights))
    columns = {"day": nights.start, "nights": date_range(nights), "period": takes, "guest_email": email}
    return a_purchase(link, Purchase.State.CONFIRMED, **columns)


@pytest.fixture
def sold(home: Property) -> Purchase:
    """Two nights that Marta bought and stayed, with the letter she got."""
    nights = cast.nights(-30, 2)
    block = cast.a_sale(home, nights)
    Block.objects.filter(pk=block.pk).update(summary="Marta Puig")
    sold = confirmed(home, nights, "Marta@Example.org")
    Block.objects.filter(pk=block.pk).update(reference=sold.public_id)
    Delivery.objects.create(
        organization=home.organization,
        purchase=sold,
        news=Delivery.News.CONFIRMED,
        to=Delivery.To.GUEST,
        address=MARTA,
        created_at=cast.NOW,
        next_try_at=cast.NOW,
        delivered_at=cast.NOW,
    )
    return sold


def names(home: Property) -> str:
    """Every word about persons that is kept of a home's sales."""
    rows = [
        Purchase.objects.filter(property=home).values_list("guest_name", "guest_email"),
        Block.objects.filter(property=home).values_list("summary"),
        StayLink.objects.filter(property=home).values_list("guest"),
        Delivery.objects.filter(purchase__property=home).values_list("address"),
    ]
    return " ".join(str(word) for found in rows for row in found for word in row if word)


def test_a_guest_is_found_by_their_address_and_gets_all_that_is_kept(alices: Client, sold: Purchase) -> None:
    told = json.loads(alices.get(reverse("data-guest"), {"email": MARTA}).content)
    (purchase,) = told["purchases"]
    assert (purchase["reference"], purchase["name"]) == (sold.public_id, "Marta Puig")
    assert [letter["about"] for letter in purchase["letters"]] == ["confirmed"]


def test_erased_no_row_names_the_guest_and_the_books_stay(
    alices: Client, home: Property, sold: Purchase
) -> None:
    assert "Marta" in names(home)
    answer = alices.post(reverse("data-erase"), {"email": MARTA}, follow=True)
    assert "Erased" in answer.content.decode()
    assert names(home) == ""
    sold.refresh_from_db()
    assert (sold.state, sold.amount) == (Purchase.State.CONFIRMED, sold.amount)
    with ledger.changing(home, cast.NOW):
        pass  # the ledger is whole


def test_a_guest_who_is_yet_to_come_is_kept_and_the_host_is_told(
    alices: Client, home: Property, sold: Purchase
) -> None:
    to_come = cast.nights(400, 2)
    confirmed(home, to_come, MARTA)
    page = alices.post(reverse("data-erase"), {"email": MARTA}, follow=True).content.decode()
    assert "must be kept for now" in page
    assert list(Purchase.objects.exclude(guest_email="").values_list("day", flat=True)) == [to_come.start]


def test_another_organizations_guest_is_neither_found_nor_erased(
    client: Client, mallory: User, home: Property, sold: Purchase
) -> None:
    client.force_login(mallory)
    assert json.loads(client.get(reverse("data-guest"), {"email": MARTA}).content)["purchases"] == []
    client.post(reverse("data-erase"), {"email": MARTA})
    assert "Marta" in names(home)


def test_names_go_by_themselves_when_their_months_are_over(home: Property, sold: Purchase) -> None:
    end = sold.takes.end
    kept = timedelta(days=6 * 365.25 / 12)
    Organization.objects.update(guests_kept=6)
    organization = Organization.objects.get()
    assert forgetting.thin_out(organization, end + kept - timedelta(minutes=1)) == 0
    assert forgetting.thin_out(organization, end + kept) == 1
    assert names(home) == ""


def test_the_months_are_the_organizations_own(alices: Client, organization: Organization) -> None:
    alices.post(reverse("data"), {"months": "12"})
    organization.refresh_from_db()
    assert organization.guests_kept == 12
    for wrong in ("0", "121", "x", ""):
        assert alices.post(reverse("data"), {"months": wrong}).status_code == 422
    organization.refresh_from_db()
    assert organization.guests_kept == 12


def test_the_file_with_everything_holds_the_organizations_rows_and_no_secret(
    alices: Client, home: Property, sold: Purchase, mallory: User
) -> None:
    cast.a_feed(home)
    cast.a_property(mallory.organizations.get(), "Villa Mallory")
    body = b"".join(alices.post(reverse("data-take-out")))  # type: ignore[arg-type]  # a streaming answer
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        text = {name: archive.read(name).decode() for name in archive.namelist()}
    assert home.name in text["properties_property.jsonl"]
    assert sold.public_id in text["upsells_purchase.jsonl"]
    everything = "".join(text.values())
    assert "Villa Mallory" not in everything
    assert "secret" not in everything  # as in the feed's address
    assert sold.stay_link.token not in everything


def test_only_owners_take_everything_along(client: Client, bob: User) -> None:
    Membership.objects.filter(user=bob).update(role=Membership.Role.MANAGER)
    client.force_login(bob)
    assert client.post(reverse("data-take-out")).status_code == 403
    assert client.get(reverse("data")).status_code == 200


def test_nobody_is_erased_while_money_or_a_letter_is_on_its_way(home: Property, sold: Purchase) -> None:
    Delivery.objects.update(delivered_at=None)
    assert forgetting.erase(home.organization, MARTA, timezone.now()) == forgetting.Erased(0, 1)
