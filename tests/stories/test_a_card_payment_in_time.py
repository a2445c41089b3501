"""What time does to card payments: clocks that jump, and messages that never come."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from properties.models import Property
from tests import cast, tills
from tests.conftest import Listing
from tests.tills import Till
from upsells import cancelling, checkout, payments, tasks
from upsells.models import Payment, Purchase, StayLink, StripeEvent

State = Purchase.State
SWEEP, RECONCILER = timedelta(seconds=10), timedelta(minutes=5)  # as beat has them
HEALED = timedelta(minutes=15)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ENDS = (State.CONFIRMED, State.LAPSED, State.DECLINED)


def purchase_of(payment: Payment) -> Purchase:
    return Purchase.objects.select_related("property__organization").get(payment=payment)


def decide(payment: Payment) -> None:
    if purchase_of(payment).state == State.CHECKING:
        checkout.look_again(purchase_of(payment), timezone.now())
        checkout.decide(purchase_of(payment), timezone.now())


def sweep(payment: Payment, till: Till) -> Purchase:
    checkout.release_lapsed(timezone.now())
    payments.reconcile(timezone.now())
    return tills.work(payment, till)


@pytest.mark.parametrize("moment", range(4))
@pytest.mark.parametrize(
    "jumps",
    [[-24 * HOUR], [11 * MINUTE], [11 * MINUTE, -15 * MINUTE], [25 * HOUR]],
    ids=["a day back", "over the hold", "over the hold and back", "over everything"],
)
def test_a_clock_that_jumps_at_any_moment_leaves_a_booking_or_nothing_taken(
    home: Property, link: StayLink, till: Till, jumps: list[timedelta], moment: int
) -> None:
    with time_machine.travel(timezone.now()) as traveller:
        payment = tills.at_the_page(link, till)
        steps: list[Callable[[], object]] = [
            lambda: None,
            lambda: till.pay(payment),
            lambda: payments.pursue(payment, timezone.now(), till.stripe),
            lambda: decide(payment),
            lambda: tills.work(payment, till),
        ]
        for number, step in enumerate(steps):
            step()
            for jump in jumps if number == moment else []:
                traveller.shift(jump)
                sweep(payment, till)
        for _ in range(3):
            traveller.shift(6 * MINUTE)
            purchase = sweep(payment, till)
            if payment.check_at is None:
                break
    assert purchase.state in ENDS
    assert purchase.state == State.CONFIRMED or max(jumps) > timedelta()
    assert payment.check_at is None
    assert tills.disagreements(home, till) == []


def test_a_clock_that_is_set_back_makes_no_old_reading_a_fresh_one(
    home: Property, link: StayLink, till: Till, place: Listing
) -> None:
    with time_machine.travel(timezone.now() - timedelta(minutes=5)):
        payment = tills.at_the_page(link, till)
        till.pay(payment)
        place.book(*cast.stay_of(home, 4, 6), guest="Quick")
        purchase = tills.work(payment, till)
    assert (purchase.state, purchase.reason) == (State.DECLINED, Purchase.Reason.TAKEN)
    assert tills.disagreements(home, till) == []


@pytest.fixture
def silence(till: Till, live_server: LiveServer) -> Iterator[None]:
    """Not one message of the provider's comes."""
    till.options(webhook_url=f"{live_server.url}/stripe/events/")
    till.fault("lost")
    yield
    till.mended()
    till.options(webhook_url="none")


def minutes_until(is_so: Callable[[], bool], till: Till, traveller: time_machine.Traveller) -> int:
    """How many minutes of beat's sweeps and the reconciler it takes; 16 when fifteen aren't enough."""
    began = timezone.now()
    while timezone.now() < began + HEALED and not is_so():
        if (timezone.now() - began) % RECONCILER < SWEEP:
            tasks.reconcile()
        tasks.sweep()
        for pk in Payment.objects.due(timezone.now()).free(timezone.now()).values_list("pk", flat=True):
            tasks.pursue(pk)
        traveller.shift(SWEEP)
        till.ahead(int((timezone.now() - began).total_seconds()))
    return (timezone.now() - began) // timedelta(minutes=1) if is_so() else 16


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("asked_before", [False, True], ids=["at once", "just after we asked"])
def test_with_every_message_lost_what_was_paid_is_a_booking_within_15_minutes(
    home: Property, till: Till, payment: Payment, silence: None, asked_before: bool
) -> None:
    """Nobody opens the guest's page, either."""
    with time_machine.travel(timezone.now()) as traveller:
        if asked_before:
            tasks.pursue(payment.pk)
        till.pay(payment)
        took = minutes_until(lambda: cast.the_states() == [State.CONFIRMED], till, traveller)
    assert took < 15
    assert not StripeEvent.objects.exclude(about=tills.ACCOUNT).exists()
    assert {each["state"] for each in till.told() if each["about"] != tills.ACCOUNT} == {"lost"}
    assert tills.disagreements(home, till) == []


@pytest.mark.django_db(transaction=True)
def test_with_every_message_lost_a_closed_page_and_a_failed_refund_are_noticed_within_15_minutes(
    home: Property, link: StayLink, till: Till, payment: Payment, silence: None
) -> None:
    with time_machine.travel(timezone.now()) as traveller:
        till.fault("expires_early", count=1, seconds=60)
        assert minutes_until(lambda: cast.the_states() == [State.LAPSED], till, traveller) < 15
        till.ahead(0)
        again = tills.at_the_page(link, till)
        till.pay(again)
        purchase = tills.work(again, till)
        till.fault("refund_fails", count=1)
        assert cancelling.cancel(purchase, timezone.now())

        def is_given_back() -> bool:
            again.refresh_from_db()
            return [each["status"] for each in till.of(again)["refunds"]] == ["failed", "succeeded"]

        assert minutes_until(is_given_back, till, traveller) < 15
    assert not StripeEvent.objects.exclude(about=tills.ACCOUNT).exists()
    assert tills.disagreements(home, till) == []
