"""A host who takes their account away, or a platform key that is gone: every state ends, or says what to do."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from calendars.models import Block
from connectors.stripe_api import Stripe
from properties.models import Property
from simulator.stripe_keys import DEMO_KEY
from tests import tills
from tests.tills import Till
from tests.upsells.pages import text
from upsells import cancelling, checkout, payments, payouts, shelves, tasks
from upsells.models import Delivery, Offer, Payment, PayoutAccount, Purchase, StayLink

State, News = Purchase.State, Delivery.News
HOUR = timedelta(hours=1)
NO_KEY = Stripe("")
pytestmark = pytest.mark.parametrize("gone", ["account", "key"])


def take_away(till: Till, gone: str) -> Stripe:
    """What is left to speak with."""
    if gone == "key":
        return NO_KEY
    till.disconnect()
    return till.stripe


def give_back(till: Till) -> None:
    till.connect()


def ask(payment: Payment, stripe: Stripe, at: datetime, times: int = 1) -> Purchase:
    for _ in range(times):
        payments.pursue(payment, at, stripe)
    payment.refresh_from_db()
    return Purchase.objects.select_related("property__organization").get(pk=payment.purchase_id)


def told(news: str) -> int:
    return Delivery.objects.filter(news=news).count()


def test_a_guest_at_the_payment_page_is_let_go_once_that_page_is_surely_closed(
    home: Property, till: Till, payment: Payment, gone: str
) -> None:
    stripe, start = take_away(till, gone), timezone.now()
    assert ask(payment, stripe, start + 11 * timedelta(minutes=1)).state == State.PAYING
    assert Block.objects.ours().exists()
    assert ask(payment, stripe, start + 59 * timedelta(minutes=1)).state == State.PAYING
    purchase = ask(payment, stripe, start + payments.PAGE_OPEN + timedelta(minutes=1))
    assert (purchase.state, purchase.reason) == (State.DECLINED, Purchase.Reason.UNPAID)
    assert not Block.objects.ours().exists()
    assert told(News.DECLINED) == 1


def test_who_paid_there_meanwhile_is_charged_nothing_and_gets_it_released_when_it_is_mended(
    home: Property, till: Till, payment: Payment, gone: str
) -> None:
    till.pay(payment)
    stripe, start = take_away(till, gone), timezone.now()
    ask(payment, stripe, start)
    assert ask(payment, stripe, start + 2 * HOUR).state == State.DECLINED
    give_back(till)
    with time_machine.travel(start + 3 * HOUR):
        assert tills.work(payment, till).state == State.DECLINED
    assert (payment.state, payment.refused_since) == ("voided", None)
    assert tills.disagreements(home, till) == []


def test_a_page_that_was_never_opened_ends_with_the_hold(
    home: Property, link: StayLink, till: Till, gone: str
) -> None:
    stripe, start = take_away(till, gone), timezone.now()
    broken = Till(till.simulator)
    payment = tills.paying.pay(tills.held(link), name="Marta", email="m@example.org", now=start)
    assert payments.begin(payment, stripe) == ""
    ask(payment, stripe, start)
    purchase = ask(payment, stripe, start + 21 * timedelta(minutes=1))
    assert (purchase.state, purchase.reason) == (State.DECLINED, Purchase.Reason.UNPAID)
    assert not Block.objects.ours().exists()
    assert broken.all() == []


def test_a_question_to_the_host_still_ends_by_their_answer_or_its_time(
    home: Property, link: StayLink, till: Till, gone: str
) -> None:
    Offer.objects.update(mode="approval")
    payment = tills.at_the_page(link, till)
    till.pay(payment)
    asked = tills.work(payment, till)
    assert asked.state == State.ASKED
    assert asked.answer_by
    stripe = take_away(till, gone)
    assert ask(payment, stripe, timezone.now() + HOUR).state == State.ASKED
    checkout.release_lapsed(asked.answer_by)
    assert ask(payment, stripe, asked.answer_by).reason == Purchase.Reason.UNANSWERED
    assert not Block.objects.ours().exists()


def test_a_sale_that_cannot_be_charged_tells_the_host_at_once_and_ends_after_a_day(
    alices: Client, alice: User, home: Property, till: Till, payment: Payment, gone: str
) -> None:
    till.pay(payment)
    purchase = ask(payment, till.stripe, timezone.now())
    checkout.look_again(purchase, timezone.now())
    stripe, start = take_away(till, gone), timezone.now()
    assert checkout.decide(purchase, start) == State.CAPTURING
    assert ask(payment, stripe, start, times=3).state == State.CAPTURING
    assert told(News.STUCK) == 1
    ask(payment, stripe, start + HOUR, times=3)
    assert told(News.STUCK) == 1
    page = text(alices.get(reverse("upsells:purchase", args=[home.public_id, purchase.public_id])))
    assert "Stripe refuses to act on this payment" in page
    assert "Connect your account again within a day" in page
    purchase = ask(payment, stripe, start + payments.GIVE_UP + HOUR)
    assert (purchase.state, purchase.reason) == (State.DECLINED, Purchase.Reason.UNPAID)
    assert not Block.objects.ours().exists()
    give_back(till)
    with time_machine.travel(start + 26 * HOUR):
        tills.work(payment, till)
    assert tills.disagreements(home, till) == []


def test_a_sale_that_is_mended_within_the_day_is_charged(
    home: Property, till: Till, payment: Payment, gone: str
) -> None:
    till.pay(payment)
    purchase = ask(payment, till.stripe, timezone.now())
    checkout.look_again(purchase, timezone.now())
    stripe, start = take_away(till, gone), timezone.now()
    checkout.decide(purchase, start)
    ask(payment, stripe, start, times=4)
    give_back(till)
    with time_machine.travel(start + 20 * HOUR):
        assert tills.work(payment, till).state == State.CONFIRMED
    assert payment.refused_since is None
    assert tills.disagreements(home, till) == []


def test_a_refund_that_is_refused_tells_the_host_what_to_do_and_is_made_once_it_is_mended(
    alices: Client, alice: User, home: Property, till: Till, payment: Payment, gone: str
) -> None:
    till.pay(payment)
    purchase = tills.work(payment, till)
    stripe, start = take_away(till, gone), timezone.now()
    assert cancelling.cancel(purchase, start, purchase.price.share(50))
    ask(payment, stripe, start, times=5)
    assert told(News.STUCK) == 1
    path = reverse("upsells:purchase", args=[home.public_id, purchase.public_id])
    assert (
        f"€99.00 should go back to the guest. Give it back in your Stripe dashboard ({payment.intent_id})."
        in (text(alices.get(path)))
    )
    give_back(till)
    with time_machine.travel(start + 30 * HOUR):
        tills.work(payment, till)
    assert payment.refunded == 9_900
    assert told(News.REFUNDED) == 1
    assert "should go back to the guest" not in text(alices.get(path))
    assert tills.disagreements(home, till) == []


def test_what_is_paid_by_card_is_off_sale_until_the_account_is_back(
    home: Property, till: Till, gone: str, settings: Settings
) -> None:
    account = PayoutAccount.objects.select_related("organization").get()
    stripe, now = take_away(till, gone), timezone.now()
    settings.STRIPE_SECRET_KEY = stripe.key
    payouts.prepare(account, now, stripe)
    account.refresh_from_db()
    assert (account.charges_enabled, account.check_at) == (False, now + payouts.CHECK_UNFINISHED_EVERY)
    assert account.trouble
    assert not shelves.shelf(home, tills.cast.leaving(home), now).choices
    give_back(till)
    settings.STRIPE_SECRET_KEY = DEMO_KEY
    payouts.prepare(account, now, till.stripe)
    assert shelves.shelf(home, tills.cast.leaving(home), now).choices


def test_payments_that_were_refused_go_on_when_the_account_is_back(
    till: Till, payment: Payment, gone: str
) -> None:
    stripe, now = take_away(till, gone), timezone.now()
    ask(payment, stripe, now)
    account = PayoutAccount.objects.select_related("organization").get()
    payouts.prepare(account, now, stripe)
    account.refresh_from_db()
    Payment.objects.update(check_at=now + HOUR)
    assert payments.reconcile(now) == 0  # it waits for its turn
    give_back(till)
    payouts.prepare(account, now, till.stripe)
    assert Payment.objects.due(now).count() == 1


def test_the_worker_looks_although_there_is_no_key(
    till: Till, payment: Payment, gone: str, settings: Settings
) -> None:
    settings.STRIPE_SECRET_KEY = take_away(till, gone).key
    tasks.pursue(payment.pk)
    payment.refresh_from_db()
    assert payment.refused_since
    assert payment.check_at
