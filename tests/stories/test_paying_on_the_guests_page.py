from datetime import timedelta

import time_machine
from django.test import Client
from django.utils import timezone

from properties.models import Property
from tests import cast, tills
from tests.conftest import Listing
from tests.tills import Till
from tests.upsells import pages
from upsells import cancelling, paying
from upsells.models import CancelTerms, Offer, Payment, Purchase, StayLink

GUEST = {"name": "Marta", "email": "marta@example.org"}
CHOICE = "extra_nights-2:19800"


def to_the_card(client: Client, link: StayLink) -> Payment:
    """The guest chooses two nights, says who they are and is sent to Stripe."""
    day = cast.leaving(link.property).day
    held = client.post(pages.address(link), {"departure": str(day), "choice": CHOICE})
    answer = client.post(held["Location"], GUEST)
    payment = Payment.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, payment.url)
    return payment


def page(client: Client, payment: Payment, **query: str) -> str:
    return pages.text(client.get(pages.page_of(payment.purchase), query))


def test_the_guest_is_sent_to_stripe_and_comes_back_to_a_confirmation(
    client: Client,
    link: StayLink,
    till: Till,
) -> None:
    payment = to_the_card(client, link)
    assert "Continue to payment" in page(client, payment)
    assert payment.url in page(client, payment)
    back = till.pay(payment)
    assert "Looking at your payment" in page(client, payment, paid="1")
    assert client.get(back.headers["Location"]).status_code in {200, 303, 404}  # Stripe's own page leads on
    tills.work(payment, till)
    said = page(client, payment)
    assert "Booked" in said
    assert "Visa ···· 4242" in said
    assert "€198" in said


def test_the_page_may_send_its_form_on_to_stripe(client: Client, link: StayLink, till: Till) -> None:
    day = cast.leaving(link.property).day
    held = client.post(pages.address(link), {"departure": str(day), "choice": CHOICE})
    said = pages.text(client.get(held["Location"]))
    assert "Simulated payments" in said
    assert "nothing is charged" in said


def test_a_provider_that_does_not_answer_leaves_a_page_that_asks_again(
    client: Client,
    link: StayLink,
    till: Till,
) -> None:
    till.fault("drop_request", count=1)
    day = cast.leaving(link.property).day
    held = client.post(pages.address(link), {"departure": str(day), "choice": CHOICE})
    answer = client.post(held["Location"], GUEST)
    assert answer["Location"] == held["Location"]
    payment = Payment.objects.get()
    said = page(client, payment)
    assert "Opening the payment page" in said
    assert 'http-equiv="refresh"' in said
    tills.work(payment, till)
    assert payment.url in page(client, payment)


def test_a_declined_card_is_told_and_another_may_be_tried(client: Client, link: StayLink, till: Till) -> None:
    payment = to_the_card(client, link)
    till.pay(payment, tills.DECLINED)
    tills.work(payment, till)
    said = page(client, payment)
    assert "The card didn't work" in said
    assert "Nothing was charged" in said


def test_letting_go_of_what_would_be_paid_says_that_the_card_is_not_charged(
    client: Client,
    link: StayLink,
    till: Till,
) -> None:
    payment = to_the_card(client, link)
    client.post(pages.page_of(payment.purchase), {"let_go": "1"})
    assert "Your card was not charged" in page(client, payment)
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        tills.work(payment, till)
    assert (payment.state, "Your card was not charged." in page(client, payment)) == ("expired", True)


def test_the_end_of_the_hold_is_waited_out_and_told(client: Client, link: StayLink, till: Till) -> None:
    payment = to_the_card(client, link)
    with time_machine.travel(timezone.now() + paying.PAY_WITHIN + timedelta(seconds=1)):
        assert "The time to pay is over" in page(client, payment)
        tills.work(payment, till)
        assert "It wasn't paid in time" in page(client, payment)


def test_a_purchase_that_cannot_be_says_that_the_reservation_is_released(
    client: Client,
    home: Property,
    link: StayLink,
    till: Till,
    place: Listing,
) -> None:
    payment = to_the_card(client, link)
    till.pay(payment)
    place.book(*cast.stay_of(home, 4, 6), guest="Quick")
    tills.work(payment, till)
    assert "€198.00 was reserved on your card and has been released" in page(client, payment)


def test_while_the_host_is_asked_the_money_is_only_reserved(
    client: Client, link: StayLink, till: Till
) -> None:
    Offer.objects.update(mode="approval")
    payment = to_the_card(client, link)
    till.pay(payment)
    tills.work(payment, till)
    assert "is only reserved on your card" in page(client, payment)


def test_a_guest_cancels_on_the_page_for_what_it_shows(client: Client, link: StayLink, till: Till) -> None:
    payment = to_the_card(client, link)
    till.pay(payment)
    tills.work(payment, till)
    assert "If you cancel now, you get back €198.00" in page(client, payment)
    client.post(pages.page_of(payment.purchase), {"cancel": "9900"})  # another amount than is true
    assert tills.work(payment, till).state == Purchase.State.CONFIRMED
    client.post(pages.page_of(payment.purchase), {"cancel": "19800"})
    assert "is on its way back to your card" in page(client, payment)
    tills.work(payment, till)
    said = page(client, payment)
    assert "You cancelled this" in said
    assert "€198.00 was given back to your card" in said


def test_a_guest_whose_host_decides_is_told_so(
    client: Client, home: Property, link: StayLink, till: Till
) -> None:
    CancelTerms.objects.create(
        organization=home.organization, property=home, tiers=[[24, 50]], automatic=False
    )
    payment = to_the_card(client, link)
    till.pay(payment)
    purchase = tills.work(payment, till)
    assert "Your host has to agree." in page(client, payment)
    client.post(pages.page_of(purchase), {"cancel": "9900"})
    assert "You asked to cancel" in page(client, payment)
    cancelling.keep(purchase, timezone.now())
    assert "Your host keeps the booking" in page(client, payment)


def test_pressing_twice_and_coming_back_lead_to_the_same_page(
    client: Client, link: StayLink, till: Till
) -> None:
    payment = to_the_card(client, link)
    assert client.post(pages.page_of(payment.purchase), GUEST)["Location"] == payment.url
    assert len(till.all()) == 1


def test_a_revoked_link_still_opens_a_payment_under_way(client: Client, link: StayLink, till: Till) -> None:
    payment = to_the_card(client, link)
    StayLink.objects.update(revoked_at=timezone.now())
    assert payment.url in page(client, payment)
