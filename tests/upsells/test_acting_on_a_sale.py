"""What a host does with one sale on its page: cancel it for a chosen refund, send a mail again, correct an address."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import redis
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse

from calendars.models import Alert
from domain.money import Money
from properties.models import Property
from tests import cast
from tests.upsells.conflicts import VRBO, WANTED, a_sale
from tests.upsells.pages import a_purchase, page_of, text
from tests.upsells.sold import a_payment
from upsells import cancelling, deliveries, remedies
from upsells.models import CancelTerms, Delivery, Payment, Purchase, StayLink

WRONG, RIGHT = "marta@exmaple.org", "marta@example.org"
TIERS = [[24, 50]]
News, To = Delivery.News, Delivery.To


@pytest.fixture
def sale(link: StayLink) -> Purchase:
    """Sold for 198 euros by card; its guest would get half of it back."""
    sale = a_purchase(
        link, "confirmed", collection="card", tiers=TIERS, guest_email=WRONG, decided_at=cast.NOW
    )
    a_payment(sale, goal="capture")
    return sale


@pytest.fixture
def queue() -> list[str]:
    """Empties the workers' queue; `asked_for` reads it."""
    redis.Redis.from_url(settings.CELERY_BROKER_URL).delete("celery")
    return []


def asked_for() -> set[str]:
    """The tasks that workers are asked for."""
    waiting: Any = redis.Redis.from_url(settings.CELERY_BROKER_URL).lrange("celery", 0, -1)
    return {json.loads(message)["headers"]["task"].removeprefix("upsells.tasks.") for message in waiting}


def act(alices: Client, name: str, sale: Purchase, **body: Any) -> Any:
    path = reverse(f"upsells:{name}", args=[sale.property.public_id, sale.public_id])
    return alices.post(path, body, follow=True)


def shown(alices: Client, sale: Purchase) -> Any:
    return alices.get(reverse("upsells:purchase", args=[sale.property.public_id, sale.public_id]))


def refunds(sale: Purchase) -> tuple[str, int | None, int]:
    sale.refresh_from_db()
    payment = Payment.objects.get(purchase=sale)
    return sale.state, sale.refund, payment.to_refund


# Cancelling


def test_the_page_offers_all_the_tier_and_an_amount_in_the_homes_currency(
    alices: Client, sale: Purchase
) -> None:
    page = text(shown(alices, sale))
    for words in ("everything: €198.00", "by the terms they were shown: €99.00", "another amount"):
        assert words in page
    assert "The other amount, in EUR" in page
    assert 'value="all" required id="id_how_0" checked' in page.replace("  ", " ")


@pytest.mark.parametrize(
    ("body", "back"),
    [
        ({"how": "all"}, 19_800),
        ({"how": "terms", "shown": "9900"}, 9_900),
        ({"how": "part", "amount": "12.34"}, 1_234),
        ({"how": "part", "amount": "12,34"}, 1_234),
        ({"how": "part", "amount": "198"}, 19_800),
        ({"how": "all", "amount": "500"}, 19_800),
    ],
)
def test_the_guest_gets_back_what_the_host_has_chosen(
    alices: Client, sale: Purchase, queue: list[str], body: dict[str, str], back: int
) -> None:
    answer = act(alices, "cancel", sale, **body)
    assert "Cancelled." in text(answer)
    assert refunds(sale) == ("cancelled", back, back)
    assert sale.cancelled_by == "host"
    assert {"deliver", "pursue"} <= asked_for()
    assert set(sale.deliveries.values_list("to", "news")) >= {("guest", "cancelled")}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "Choose how much the guest gets back."),
        ({"how": "part"}, "Enter the amount."),
        ({"how": "part", "amount": "198.01"}, "Enter €198.00 or less"),
        ({"how": "part", "amount": "0"}, "Enter an amount above zero."),
        ({"how": "part", "amount": "-5"}, "Enter 0 or more."),
        ({"how": "part", "amount": "1.005"}, "EUR has no more than 2 decimals."),
        ({"how": "part", "amount": "a lot"}, "Enter a number, for example 12.50."),
        ({"how": "terms", "shown": "19800"}, "By the terms it is €99.00 by now."),
        ({"how": "terms", "shown": "x"}, "Enter a whole number, for example 3."),
        ({"how": "half"}, "among the choices, or no longer."),
    ],
)
def test_a_refund_that_cannot_be_is_refused_at_its_field_and_nothing_is_cancelled(
    alices: Client, sale: Purchase, body: dict[str, str], sentence: str
) -> None:
    answer = act(alices, "cancel", sale, **body)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert refunds(sale) == ("confirmed", None, 0)


def test_before_anything_is_cancelled_the_page_says_what_that_does(alices: Client, sale: Purchase) -> None:
    page = text(shown(alices, sale))
    card = page.partition('aria-labelledby="cancel"')[2].partition("</section>")[0]
    assert 'method="get"' in card, "the first click changes nothing"
    path = reverse("upsells:purchase", args=[sale.property.public_id, sale.public_id])
    second = alices.get(path, {"how": "part", "amount": "120", "shown": "9900"})
    assert second.status_code == 200
    for part in ("€120.00 goes back to the guest's card.", "opens again on every site", "The guest gets an e-mail",
                 "This can't be undone.", "Keep the sale"):  # fmt: skip
        assert part in text(second), part
    assert refunds(sale) == ("confirmed", None, 0)
    sent = dict(re.findall(r'type="hidden" name="(how|amount|shown)" value="([^"]*)"', text(second)))
    assert "Cancelled." in text(act(alices, "cancel", sale, **sent))
    assert refunds(sale) == ("cancelled", 12_000, 12_000)


def test_an_amount_that_cannot_be_is_refused_before_the_second_step(alices: Client, sale: Purchase) -> None:
    path = reverse("upsells:purchase", args=[sale.property.public_id, sale.public_id])
    answer = alices.get(path, {"how": "part", "amount": "198.01"})
    assert answer.status_code == 422
    assert "Enter €198.00 or less" in text(answer)
    assert "goes back to the guest's card" not in text(answer)


def test_the_terms_are_those_of_the_moment_of_the_click(
    alices: Client, sale: Purchase, clock: time_machine.Traveller
) -> None:
    clock.move_to(sale.takes.start - timedelta(hours=23))
    answer = act(alices, "cancel", sale, how="terms", shown="9900")
    assert "By the terms it is €0.00 by now." in text(answer)
    assert "Cancelled." in text(act(alices, "cancel", sale, how="terms", shown="0"))
    assert refunds(sale) == ("cancelled", 0, 0)


def test_where_nothing_was_charged_it_is_what_the_guest_need_not_pay(alices: Client, link: StayLink) -> None:
    sale = a_purchase(link, "confirmed", tiers=TIERS, decided_at=cast.NOW)
    assert "What the guest needn't pay" in text(shown(alices, sale))
    act(alices, "cancel", sale, how="part", amount="50")
    sale.refresh_from_db()
    assert sale.owed == Money(14_800, "EUR")


def test_an_amount_in_yen_has_no_decimals(alices: Client, sale: Purchase) -> None:
    Purchase.objects.update(currency="JPY")
    assert "JPY has no more than 0 decimals." in text(act(alices, "cancel", sale, how="part", amount="1.5"))
    act(alices, "cancel", sale, how="part", amount="15")
    assert refunds(sale) == ("cancelled", 15, 15)


def test_a_sale_that_was_shortened_since_the_page_was_loaded_is_left_as_it_is(sale: Purchase) -> None:
    Purchase.objects.update(amount=9_900)
    assert not cancelling.cancel(sale, cast.NOW, Money(19_800, "EUR"))
    assert refunds(sale) == ("confirmed", None, 0)


# Mails


def given_up(sale: Purchase) -> Delivery:
    deliveries.announce(sale, News.CONFIRMED, cast.NOW)
    mails = Delivery.objects.filter(to=To.GUEST)
    mails.update(tries=20, given_up_at=cast.NOW, trouble="550 No such user")
    return mails.get()


def test_a_mail_that_was_given_up_is_shown_and_sent_again_for_three_more_days(
    alices: Client, sale: Purchase, queue: list[str]
) -> None:
    mail = given_up(sale)
    Delivery.objects.update(created_at=cast.NOW - timedelta(days=4))
    page = text(shown(alices, sale))
    assert (
        f"The e-mail to {WRONG} (confirmed) couldn't be delivered within three days: 550 No such user" in page
    )
    assert "Send again" in page
    assert "It is sent again." in text(act(alices, "resend", sale, mail=mail.pk))
    assert "deliver" in asked_for()
    mail.refresh_from_db()
    assert (mail.given_up_at, mail.next_try_at) == (None, cast.NOW)
    deliveries._put_off(mail, "550 No such user", cast.NOW + timedelta(days=2))
    mail.refresh_from_db()
    assert mail.given_up_at is None
    assert "is being tried already" in text(act(alices, "resend", sale, mail=mail.pk))


@pytest.mark.parametrize("mail", ["", "x", "0", "99999999999999999999", "²"])
def test_a_mail_that_there_is_not_is_not_sent_again(alices: Client, sale: Purchase, mail: str) -> None:
    assert "is being tried already" in text(act(alices, "resend", sale, mail=mail))


def test_another_sales_mail_is_not_sent_again_from_here(
    alices: Client, sale: Purchase, link: StayLink
) -> None:
    mail = given_up(sale)
    act(alices, "resend", a_purchase(link, "confirmed"), mail=mail.pk)
    mail.refresh_from_db()
    assert mail.given_up_at


def test_a_corrected_address_gets_what_could_not_be_delivered_and_nothing_twice(
    alices: Client, sale: Purchase, queue: list[str]
) -> None:
    mail = given_up(sale)
    for _ in range(2):
        assert "sent to the new address" in text(act(alices, "address", sale, email=RIGHT))
    assert "deliver" in asked_for()
    mail.refresh_from_db()
    assert (mail.address, mail.given_up_at, mail.trouble) == (RIGHT, None, "")
    assert Delivery.objects.filter(to=To.GUEST).count() == 1
    sale.refresh_from_db()
    assert sale.guest_email == RIGHT


def test_a_confirmation_that_went_to_a_stranger_goes_to_the_guest_as_well(
    alices: Client, sale: Purchase
) -> None:
    deliveries.announce(sale, News.CONFIRMED, cast.NOW)
    Delivery.objects.update(delivered_at=cast.NOW)
    act(alices, "address", sale, email=RIGHT)
    waiting = Delivery.objects.filter(delivered_at=None)
    assert list(waiting.values_list("to", "news", "address")) == [("guest", "confirmed", RIGHT)]


def test_an_address_that_is_none_is_refused_and_too_many_are(alices: Client, sale: Purchase) -> None:
    refused = act(alices, "address", sale, email="marta at home")
    assert refused.status_code == 422
    assert refused.context["address_form"].errors["email"]
    assert 'id="id_email_error"' in text(refused)
    for number in range(10):
        act(alices, "address", sale, email=f"{number}@example.org")
    assert "too often" in text(act(alices, "address", sale, email=RIGHT))
    sale.refresh_from_db()
    assert sale.guest_email == "9@example.org"


# Every edge that tells somebody wakes the workers


def test_a_guests_wish_and_the_hosts_answers_wake_the_workers(
    client: Client, alices: Client, sale: Purchase, home: Property, queue: list[str]
) -> None:
    CancelTerms.objects.create(organization=home.organization, property=home, tiers=TIERS, automatic=False)
    broker = redis.Redis.from_url(settings.CELERY_BROKER_URL)
    steps = [
        lambda: client.post(page_of(sale), {"cancel": "9900"}),
        lambda: act(alices, "keep", sale),
        lambda: client.post(page_of(sale), {"cancel": "9900"}),
        lambda: act(alices, "grant", sale),
    ]
    for number, step in enumerate(steps):
        broker.delete("celery")
        with time_machine.travel(cast.NOW + number * timedelta(seconds=1), tick=False):
            step()
        assert "deliver" in asked_for(), number
    assert refunds(sale) == ("cancelled", 9_900, 9_900)
    told = Delivery.objects.order_by("pk").values_list("news", flat=True)
    assert list(dict.fromkeys(told)) == ["cancel_wished", "cancel_refused", "cancelled"]
    assert list(told).count("cancel_wished") == 2  # each wish is told, not only the first


def test_a_refusal_and_a_remedy_wake_the_workers(
    alices: Client, home: Property, link: StayLink, queue: list[str]
) -> None:
    act(alices, "refuse", a_purchase(link, "asked"))
    assert "deliver" in asked_for()
    sold = a_sale(cast.a_stay_link(home, channel="airbnb"), cast.nights(5, 2))
    a_payment(sold, goal="capture")
    cast.an_import(cast.a_feed(home, VRBO, last_good_at=cast.NOW), WANTED)
    alert = Alert.objects.open().get(kind=Alert.Kind.CONFLICT)
    redis.Redis.from_url(settings.CELERY_BROKER_URL).delete("celery")
    alices.post(reverse("upsells:conflict-cancel", args=[alert.public_id]))
    assert {"deliver", "pursue"} <= asked_for()
    assert remedies.refund(sold, cast.NOW) == sold.price
