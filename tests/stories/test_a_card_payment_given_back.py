"""Money on its way back: what a cancelled sale gives, refunds whose answer is lost, and those the bank sends back."""

from datetime import timedelta
from itertools import count

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from calendars.models import Block
from connectors.stripe_events import Event
from properties.models import Property
from tests import tills
from tests.tills import Till
from tests.upsells.pages import page_of, text
from upsells import cancelling, hearing, letters, payments, receipts
from upsells.models import Delivery, Payment, Purchase

News, State = Delivery.News, Purchase.State


def test_a_host_who_cancels_gives_everything_back_and_the_nights_open_at_once(
    home: Property, till: Till, payment: Payment
) -> None:
    purchase = tills.sold(till, payment)
    assert cancelling.cancel(purchase, timezone.now())
    assert not Block.objects.ours().exists()
    assert tills.work(payment, till).state == State.CANCELLED
    assert (payment.state, payment.refunded) == ("refunded", 19_800)
    assert tills.disagreements(home, till) == []


@pytest.mark.parametrize(
    ("tiers", "back"), [([[48, 100], [24, 50]], 19_800), ([[96, 100], [24, 50]], 9_900), ([], 0)]
)
def test_a_guest_who_cancels_gets_back_what_they_were_shown(
    home: Property, till: Till, payment: Payment, tiers: list[list[int]], back: int
) -> None:
    purchase = tills.sold(till, payment)
    Purchase.objects.update(tiers=tiers)
    purchase.refresh_from_db()
    with pytest.raises(cancelling.Changed):
        cancelling.wish(purchase, back + 1, timezone.now())
    assert cancelling.wish(purchase, back, timezone.now())
    purchase = tills.work(payment, till)
    assert (purchase.state, purchase.cancelled_by, payment.refunded) == (State.CANCELLED, "guest", back)
    assert tills.disagreements(home, till) == []


@pytest.mark.parametrize("kind", ["drop_request", "drop_reply", "error_before", "error_after", "too_many"])
def test_a_refund_whose_answer_is_lost_is_made_once(
    home: Property, till: Till, payment: Payment, kind: str
) -> None:
    purchase = tills.sold(till, payment)
    till.fault(kind, count=4, on="refund")
    assert cancelling.cancel(purchase, timezone.now(), purchase.price.share(50))
    for _ in range(5):
        tills.work(payment, till)
    assert payment.refunded == 9_900
    assert tills.disagreements(home, till) == []


def pages_of(alices: Client, purchase: Purchase) -> tuple[str, str, str, str]:
    """What the guest's page, the host's, the list and the file for a spreadsheet say of it."""
    host = reverse("upsells:purchase", args=[purchase.property.public_id, purchase.public_id])
    sheet = b"".join(alices.get(reverse("sales:csv")).streaming_content).decode()
    guest, mine, listed = (
        text(alices.get(path)) for path in (page_of(purchase), host, reverse("sales:list"))
    )
    return guest, mine, listed, sheet


def test_what_is_on_its_way_back_reads_so_wherever_money_given_back_is_shown_until_it_is(
    alices: Client, alice: User, home: Property, till: Till, payment: Payment
) -> None:
    purchase = tills.sold(till, payment)
    till.options(refund_seconds=3600)
    assert cancelling.cancel(purchase, timezone.now())
    purchase = tills.work(payment, till)
    assert (payment.refunded, payment.refunding, payment.owed) == (0, 19_800, None)
    assert receipts.payment_lines(purchase)[1:] == (("On its way back to the card", "€198.00"),)
    guest, host, listed, sheet = pages_of(alices, purchase)
    assert "€198.00 is on its way back to your card." in guest
    assert "was given back" not in guest
    assert "On its way back</dt><dd>€198.00" in host
    assert "State</dt><dd>On its way back" in host
    assert "Given back</dt>" not in host
    assert "Still to be given back" not in host
    assert "by card: on its way back" in listed
    assert sheet.endswith(",198.00,0.00,198.00,EUR\r\n")
    assert not Delivery.objects.filter(news=News.REFUNDED).exists()
    till.ahead(3601)
    payments.reconcile(timezone.now())
    purchase = tills.work(payment, till)
    guest, host, listed, sheet = pages_of(alices, purchase)
    assert "€198.00 was given back to your card." in guest
    assert "Given back</dt><dd>€198.00" in host
    assert "On its way back" not in host
    assert "by card: given back" in listed
    assert sheet.endswith(",198.00,198.00,0.00,EUR\r\n")
    assert receipts.payment_lines(purchase)[1:] == (("Given back to the card", "€198.00"),)
    assert Delivery.objects.filter(news=News.REFUNDED).exists()
    assert payment.check_at is None


def test_a_part_on_its_way_stands_beside_what_was_given_back_and_what_stays(
    alices: Client, alice: User, home: Property, till: Till, payment: Payment
) -> None:
    purchase = tills.sold(till, payment)
    cancelling.keep_only(purchase, 14_800, timezone.now())
    purchase = tills.work(payment, till)
    till.options(refund_seconds=3600)
    assert cancelling.cancel(purchase, timezone.now(), purchase.price.share(50))
    purchase = tills.work(payment, till)
    _guest, host, listed, sheet = pages_of(alices, purchase)
    for line in ("Given back</dt><dd>€50.00", "On its way back</dt><dd>€49.00", "Left</dt><dd>€99.00"):
        assert line in host
    assert "by card: charged" in listed
    assert sheet.endswith(",198.00,50.00,49.00,EUR\r\n")


@pytest.mark.parametrize("seconds", [0, 20], ids=["at once", "after a while"])
def test_a_refund_that_keeps_coming_back_rests_ever_longer_however_often_we_are_told(
    alices: Client, alice: User, home: Property, till: Till, payment: Payment, seconds: int
) -> None:
    till.pay(payment, tills.REFUND_FAILS)
    purchase = tills.work(payment, till)
    till.options(refund_seconds=seconds)
    tries, told, hours = [], [], count(3600, 3600)  # by which Stripe's clock is ahead
    with time_machine.travel(timezone.now(), tick=False) as traveller:

        def news() -> None:
            """Stripe tells three times over that a refund has failed."""
            till.ahead(next(hours))
            for number in range(3):
                failed = Event(f"evt_{number}", "refund.failed", tills.ACCOUNT, "re_1", payment.intent_id)
                assert hearing.hear(failed, timezone.now()).payments
                payments.pursue(payment, timezone.now(), till.stripe)

        assert cancelling.cancel(purchase, timezone.now())
        payments.pursue(payment, timezone.now(), till.stripe)
        for rest in (1, 4, 16, 64):
            news()
            traveller.shift(timedelta(minutes=rest, seconds=-1))
            news()
            tries.append(len(till.of(payment)["refunds"]))
            told.append(Delivery.objects.filter(news=News.STUCK).count())
            for mail in Delivery.objects.filter(news=News.STUCK):
                assert "has sent €198.00 back to your Stripe account" in letters.message(mail).body
            payment.refresh_from_db()
            assert payment.refund_at == timezone.now() + timedelta(seconds=1)
            assert payment.check_at <= payment.refund_at + payments.SOONEST
            traveller.shift(timedelta(seconds=1))
            payments.pursue(payment, timezone.now(), till.stripe)
    assert tries == [1, 2, 3, 4]
    assert told == [0, 0, 1, 1]
    assert not Delivery.objects.filter(news=News.REFUNDED).exists()


def test_the_host_reads_why_a_refund_waits_and_it_is_made_once_the_bank_takes_it(
    alices: Client, alice: User, home: Property, till: Till, payment: Payment
) -> None:
    purchase = tills.sold(till, payment)
    till.fault("refund_fails", count=1)
    assert cancelling.cancel(purchase, timezone.now())
    tills.work(payment, till)
    said = f"The guest's bank has sent €198.00 back to your Stripe account ({payment.intent_id})."
    assert said in pages_of(alices, purchase)[1]
    with time_machine.travel(timezone.now() + timedelta(minutes=1, seconds=1)):
        tills.work(payment, till)
    assert [each["status"] for each in till.of(payment)["refunds"]] == ["failed", "succeeded"]
    assert (payment.refunded, payment.trouble, payment.check_at) == (19_800, "", None)
    assert "sent €198.00 back" not in pages_of(alices, purchase)[1]
    assert tills.disagreements(home, till) == []


def test_a_rest_does_not_grow_when_the_clock_is_set_back(
    home: Property, till: Till, payment: Payment
) -> None:
    purchase = tills.sold(till, payment)
    till.fault("refund_fails", count=1)
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert cancelling.cancel(purchase, timezone.now())
        tills.work(payment, till)
    payments.reconcile(timezone.now())
    tills.work(payment, till)
    assert payment.refund_at
    assert payment.refund_at <= timezone.now() + timedelta(minutes=1)
