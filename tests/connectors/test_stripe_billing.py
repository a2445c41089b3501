"""Stripe Billing through its door, against the simulated Stripe on a real socket."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from connectors.stripe_billing import Billing
from connectors.stripe_words import Refused, Unreachable
from domain.billing import Plan, Status, Told
from domain.money import Money
from tests.till import GOOD, Till, post

HOST = Plan("host", Money(500, "USD"), free=1)
MIRROR = Plan("mirror", Money(100, "USD"), least=1_900)
LATER_DECLINED = "4000000000000341"
MONTH_S = 30 * 86_400
BACK = "https://stay.example.org/plan/"


@pytest.fixture
def door(till: Till) -> Iterator[Billing]:
    """As a worker has it; every plan is known."""
    billing = Billing(till.stripe().key, f"{till.address}/stripe", 20)
    till.later(0)
    for plan in (HOST, MIRROR):
        billing.know(plan)
    yield billing
    till.later(0)


def a_customer(door: Billing) -> str:
    return door.create_customer(
        reference="s-1", name="Gràcia Homes", email="alice@example.org", idempotency="customer-1"
    )


def page(door: Billing, customer: str, units: int = 3, trial_until: datetime | None = None) -> str:
    return door.subscribing_page(
        customer,
        HOST,
        units,
        reference="s-1",
        trial_until=trial_until,
        language="es",
        success_url=f"{BACK}?back=1",
        cancel_url=BACK,
        idempotency=f"page-{units}-{trial_until}",
    )


def subscribed(door: Billing, number: str = GOOD, **options: datetime) -> tuple[str, Told]:
    customer = a_customer(door)
    assert post(page(door, customer, **options), number=number).headers["Location"] == f"{BACK}?back=1"
    return customer, door.look(customer)


def test_a_customer_is_made_once_and_has_nothing_at_first(door: Billing) -> None:
    customer = a_customer(door)
    assert a_customer(door) == customer
    assert door.look(customer) == Told()
    assert door.bills(customer) == []


def test_a_plan_is_made_known_as_often_as_one_likes(door: Billing) -> None:
    door.know(HOST)


def test_a_card_subscribes_and_pays_the_first_month(door: Billing) -> None:
    customer, told = subscribed(door)
    assert (told.status, told.plan, told.price, told.units) == (Status.ACTIVE, "host", Money(500, "USD"), 3)
    assert (told.card, told.cancels, told.extras) == ("Visa ···· 4242", False, ())
    (bill,) = door.bills(customer)
    assert (bill.state, bill.amount) == ("paid", Money(1_500, "USD"))
    assert bill.end == told.next_at
    assert bill.end - bill.start == timedelta(days=30)
    assert requests.get(bill.link, timeout=20).status_code == 200


def test_nothing_is_charged_before_the_trial_ends(door: Billing, till: Till) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=10)
    customer, told = subscribed(door, trial_until=until)
    assert (told.status, told.trial_until, told.next_at) == (Status.TRIALING, until, until)
    assert [bill.amount.amount for bill in door.bills(customer)] == [0]
    till.later(11 * 86_400)
    assert door.look(customer).status is Status.ACTIVE
    assert [bill.amount.amount for bill in door.bills(customer)] == [1_500, 0]


def test_a_trial_that_ends_too_soon_is_refused(door: Billing) -> None:
    with pytest.raises(Refused, match="2 days"):
        page(door, a_customer(door), trial_until=datetime.now(UTC) + timedelta(hours=5))


def test_a_card_that_is_declined_subscribes_to_nothing(door: Billing) -> None:
    customer = a_customer(door)
    assert post(page(door, customer), number=LATER_DECLINED).status_code == 402
    assert door.look(customer) == Told()


def test_units_and_plan_change_and_the_next_invoice_says_what_that_means(door: Billing) -> None:
    customer, told = subscribed(door)
    door.set_units(told, HOST, 4)
    more = door.look(customer)
    assert (more.units, more.price) == (4, Money(500, "USD"))
    amount = door.next_amount(customer, more)
    assert amount is not None
    assert 2_490 <= amount.amount <= 2_500
    door.set_units(more, MIRROR, 19)
    other = door.look(customer)
    assert (other.plan, other.price, other.units) == ("mirror", Money(100, "USD"), 19)


def test_a_subscription_ends_with_what_is_paid_for_or_is_kept(door: Billing, till: Till) -> None:
    customer, told = subscribed(door)
    door.cancel(told.subscription)
    ending = door.look(customer)
    assert ending.cancels
    assert door.next_amount(customer, ending) is None
    door.keep(told.subscription)
    assert not door.look(customer).cancels
    door.cancel(told.subscription)
    till.later(MONTH_S + 1)
    over = door.look(customer)
    assert (over.status, over.ended_at) == (Status.CANCELED, told.next_at)


def test_while_it_is_paused_invoices_are_void(door: Billing, till: Till) -> None:
    customer, told = subscribed(door)
    assert told.next_at
    until = told.next_at + timedelta(days=5)
    door.pause(told.subscription, until)
    assert door.look(customer).paused_until == until
    till.later(MONTH_S + 60)
    assert [bill.state for bill in door.bills(customer)] == ["void", "paid"]
    till.later(MONTH_S + 6 * 86_400)
    assert door.look(customer).paused_until is None
    door.pause(told.subscription, told.next_at + timedelta(days=50))
    door.resume(told.subscription)
    assert door.look(customer).paused_until is None
    till.later(2 * MONTH_S + 60)
    assert [bill.state for bill in door.bills(customer)] == ["paid", "void", "paid"]


def test_a_bill_that_is_not_paid_stays_open_until_a_card_pays_it(door: Billing, till: Till) -> None:
    until = datetime.now(UTC) + timedelta(days=3)
    customer, _told = subscribed(door, LATER_DECLINED, trial_until=until)
    till.later(4 * 86_400)
    assert door.look(customer).status is Status.PAST_DUE
    bill = door.bills(customer)[0]
    assert (bill.state, bill.amount.amount) == ("open", 1_500)
    assert post(door.card_page(customer, BACK), number=GOOD).headers["Location"] == BACK
    assert door.look(customer).card == "Visa ···· 4242"
    assert post(bill.link, number=GOOD).status_code == 200
    assert door.look(customer).status is Status.ACTIVE
    assert door.bills(customer)[0].state == "paid"


def test_another_card_pays_at_the_next_try(door: Billing, till: Till) -> None:
    until = datetime.now(UTC) + timedelta(days=3)
    customer, _told = subscribed(door, LATER_DECLINED, trial_until=until)
    till.later(4 * 86_400)
    door.look(customer)
    post(door.card_page(customer, BACK), number=GOOD)
    till.later(8 * 86_400)
    assert door.look(customer).status is Status.ACTIVE


def test_a_second_subscription_is_seen_as_one_too_many(door: Billing) -> None:
    customer, told = subscribed(door)
    post(page(door, customer, units=5), number=GOOD)
    both = door.look(customer)
    assert len(both.extras) == 1
    door.end(both.extras[0], gives_back=True)
    left = door.look(customer)
    assert (left.subscription, left.extras) == (told.subscription, ())


def test_failures_are_told_in_our_words(door: Billing, till: Till) -> None:
    with pytest.raises(Refused, match="No such customer"):
        door.look("cus_nobody")
    till.fault("error_before", on="subscriptions.list")
    with pytest.raises(Unreachable, match="500"):
        door.look("cus_nobody")
    with pytest.raises(Refused, match="no key"):
        Billing("").look("cus_nobody")
