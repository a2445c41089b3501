from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from calendars import ledger, polling
from calendars.models import Alert, Block, Feed
from connectors.http import Limits, fetch_groups
from properties.models import Property
from tests import cast, tills
from tests.conftest import Listing, read
from tests.tills import Till
from upsells import cancelling, checkout, paying, payments, remedies, shelves
from upsells.models import CancelTerms, Offer, Payment, PayoutAccount, Purchase, StayLink
from upsells.shelves import Nothing

State = Purchase.State


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs is given up after two seconds instead of thirty."""
    monkeypatch.setattr(polling, "fetch_groups", partial(fetch_groups, limits=Limits(total_s=2)))


def test_a_guest_pays_for_two_nights_and_they_are_closed_before_the_card_is_charged(
    home: Property, till: Till, payment: Payment
) -> None:
    till.pay(payment)
    payments.pursue(payment, timezone.now(), till.stripe)
    purchase = Purchase.objects.select_related("property__organization").get(payment=payment)
    assert (purchase.state, till.of(payment)["captured"]) == (State.CHECKING, 0)
    checkout.look_again(purchase, timezone.now())
    checkout.decide(purchase, timezone.now())
    purchase.refresh_from_db()
    assert purchase.state == State.CAPTURING
    assert Block.objects.filter(reference=purchase.public_id, origin=Block.Origin.SALE).exists()
    assert tills.work(payment, till).state == State.CONFIRMED
    assert (payment.state, payment.captured, payment.card) == ("captured", 19_800, "Visa ···· 4242")
    assert payment.check_at is None
    assert tills.disagreements(home, till) == []


def test_without_an_account_that_takes_cards_what_is_paid_by_card_is_not_on_sale(
    home: Property, till: Till
) -> None:
    PayoutAccount.objects.update(charges_enabled=False)
    assert shelves.shelf(home, cast.leaving(home), timezone.now()).why is Nothing.OFF
    Offer.objects.update(collection={"": "card", "airbnb": "channel"})
    assert shelves.shelf(home, cast.leaving(home), timezone.now(), "airbnb").choices


def test_the_platform_takes_its_part_of_the_charge(link: StayLink, till: Till, settings: Settings) -> None:
    settings.STRIPE_FEE_BASIS_POINTS = 250
    payment = tills.at_the_page(link, till)
    assert (payment.fee, till.of(payment)["fee"]) == (495, 495)


def test_a_booking_of_a_channel_between_card_and_charge_releases_the_money(
    home: Property, till: Till, payment: Payment, place: Listing
) -> None:
    till.pay(payment)
    place.book(*cast.stay_of(home, 4, 6), guest="Quick")
    purchase = tills.work(payment, till)
    assert (purchase.state, purchase.reason) == (State.DECLINED, Purchase.Reason.TAKEN)
    assert (payment.state, till.of(payment)["voided"]) == ("voided", 19_800)
    assert tills.disagreements(home, till) == []


@pytest.mark.parametrize("mode", ["hang", "server_error", "garbage"])
def test_a_feed_that_fails_at_that_moment_turns_the_sale_into_a_question(
    home: Property, till: Till, payment: Payment, place: Listing, impatience: None, mode: str
) -> None:
    till.pay(payment)
    place.fault(mode)
    payments.pursue(payment, timezone.now(), till.stripe)
    purchase = Purchase.objects.select_related("property__organization").get(payment=payment)
    checkout.look_again(purchase, timezone.now())
    assert checkout.decide(purchase, timezone.now()) == State.CHECKING
    later = timezone.now() + checkout.ANSWER_WITHIN + timedelta(seconds=1)
    assert checkout.decide(purchase, later) == State.ASKED
    assert Alert.objects.open().filter(kind=Alert.Kind.REQUEST).exists()
    assert (till.of(payment)["captured"], till.of(payment)["voided"]) == (0, 0)
    place.fault("none")
    assert checkout.agree(purchase, later)
    with time_machine.travel(later + timedelta(seconds=1)):
        assert tills.work(payment, till).state == State.CONFIRMED
    assert tills.disagreements(home, till) == []


def test_the_host_is_asked_with_the_money_reserved_and_a_no_releases_it(
    home: Property, link: StayLink, till: Till
) -> None:
    Offer.objects.update(mode="approval")
    payment = tills.at_the_page(link, till)
    till.pay(payment)
    purchase = tills.work(payment, till)
    assert (purchase.state, payment.state) == (State.ASKED, "authorised")
    assert checkout.refuse(purchase, timezone.now())
    assert tills.work(payment, till).state == State.DECLINED
    assert payment.state == "voided"
    assert tills.disagreements(home, till) == []


def test_a_host_who_does_not_answer_costs_the_guest_nothing(
    home: Property, link: StayLink, till: Till
) -> None:
    Offer.objects.update(mode="approval")
    payment = tills.at_the_page(link, till)
    till.pay(payment)
    purchase = tills.work(payment, till)
    assert purchase.answer_by
    checkout.release_lapsed(purchase.answer_by)
    assert tills.work(payment, till).reason == Purchase.Reason.UNANSWERED
    assert tills.disagreements(home, till) == []


def test_a_declined_card_may_be_followed_by_another_within_the_hold(
    home: Property, till: Till, payment: Payment
) -> None:
    assert till.pay(payment, tills.DECLINED).status_code == 402
    assert tills.work(payment, till).state == State.PAYING
    assert payment.declined
    till.pay(payment)
    assert tills.work(payment, till).state == State.CONFIRMED
    assert not payment.declined
    assert tills.disagreements(home, till) == []


def test_a_card_whose_bank_asks_first_is_waited_for(home: Property, till: Till, payment: Payment) -> None:
    till.pay(payment, tills.ASKS_BANK)
    assert tills.work(payment, till).state == State.CONFIRMED


def test_a_hold_that_nobody_pays_ends_only_when_the_page_is_closed(
    home: Property, till: Till, payment: Payment
) -> None:
    over = timezone.now() + paying.PAY_WITHIN + timedelta(seconds=1)
    till.fault("drop_request")
    checkout.release_lapsed(over)
    payments.pursue(payment, over, till.stripe)
    payment.purchase.refresh_from_db()
    assert payment.purchase.state == State.PAYING
    with pytest.raises(ledger.NightsTaken), ledger.changing(home, over) as change:
        ledger.hold(change, cast.more_nights(home), until=over + timedelta(hours=1), reference="other")
    till.mended()
    with time_machine.travel(over + timedelta(minutes=6)):
        assert tills.work(payment, till).state == State.LAPSED
    assert till.of(payment)["session"] == "expired"
    assert not Block.objects.ours().exists()


def test_a_card_that_was_faster_than_the_end_of_the_hold_still_buys(
    home: Property, till: Till, payment: Payment
) -> None:
    till.pay(payment)
    with time_machine.travel(timezone.now() + paying.PAY_WITHIN + timedelta(minutes=5)):
        assert tills.work(payment, till).state == State.CONFIRMED
    assert tills.disagreements(home, till) == []


def test_who_lets_go_gets_back_what_was_paid_in_another_tab(
    home: Property, till: Till, payment: Payment
) -> None:
    assert checkout.let_go(payment.purchase, timezone.now())
    assert not Block.objects.ours().exists()
    till.pay(payment)
    assert tills.work(payment, till).state == State.LAPSED
    assert tills.disagreements(home, till) == []


@pytest.mark.parametrize("kind", ["drop_request", "drop_reply", "error_before", "error_after", "too_many"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_payment_page_whose_answer_is_lost_is_opened_once_by_a_worker(
    link: StayLink, till: Till, kind: str, count: int
) -> None:
    till.fault(kind, count=count)
    payment = tills.at_the_page(link, till)
    assert payment.url == ""
    for _ in range(8):
        payments.pursue(payment, timezone.now(), till.stripe)
    payment.refresh_from_db()
    assert payment.url
    assert till.of(payment)["session_id"] == payment.session_id


@pytest.mark.parametrize("kind", ["drop_request", "drop_reply", "error_before", "error_after", "too_many"])
def test_a_charge_whose_answer_is_lost_is_made_once(
    home: Property, till: Till, payment: Payment, kind: str
) -> None:
    till.pay(payment)
    till.fault(kind, count=4, on="capture")
    for _ in range(5):
        purchase = tills.work(payment, till)
    assert purchase.state == State.CONFIRMED
    assert tills.disagreements(home, till) == []


def test_a_charge_that_is_refused_ends_the_sale_and_opens_its_nights(
    home: Property, till: Till, payment: Payment
) -> None:
    till.pay(payment)
    till.fault("authorisation_gone", count=1)
    purchase = tills.work(payment, till)
    assert (purchase.state, purchase.reason) == (State.DECLINED, Purchase.Reason.UNPAID)
    assert not Block.objects.ours().exists()
    assert tills.disagreements(home, till) == []


def test_a_page_that_the_provider_refuses_ends_the_purchase(
    home: Property, link: StayLink, till: Till
) -> None:
    PayoutAccount.objects.update(stripe_id="acct_nobody")
    payment = tills.at_the_page(link, till)
    purchase = tills.work(payment, till)
    assert (purchase.state, purchase.reason) == (State.DECLINED, Purchase.Reason.UNPAID)
    assert not Block.objects.ours().exists()


def test_two_pages_for_one_payment_come_down_to_one(home: Property, till: Till, payment: Payment) -> None:
    Payment.objects.update(attempt=7)
    second = Payment.objects.select_related("purchase__property", "purchase__stay_link").get()
    told = payments._open(second, till.stripe)
    assert told.session_id != payment.session_id
    assert payments.end_orphans(tills.ACCOUNT, timezone.now(), till.stripe) == 1
    assert payments.end_orphans(tills.ACCOUNT, timezone.now(), till.stripe) == 0
    till.pay(payment)
    assert tills.work(payment, till).state == State.CONFIRMED
    states = {each["session_id"]: each["session"] for each in till.all()}
    assert states == {payment.session_id: "complete", told.session_id: "expired"}


def test_a_second_page_that_was_paid_is_given_back(home: Property, till: Till, payment: Payment) -> None:
    Payment.objects.update(attempt=7)
    second = Payment.objects.select_related("purchase__property", "purchase__stay_link").get()
    told = payments._open(second, till.stripe)
    tills.sold(till, payment)
    Payment.objects.update(url=told.url)
    till.pay(payment)
    assert payments.end_orphans(tills.ACCOUNT, timezone.now(), till.stripe) == 1
    assert tills.disagreements(home, till) == []


def test_the_reconciler_hears_what_nobody_told(home: Property, till: Till, payment: Payment) -> None:
    till.pay(payment)
    now = timezone.now()
    Payment.objects.update(check_at=now + timedelta(days=1))
    assert payments.reconcile(now) == 1
    assert Payment.objects.due(now).count() == 1
    tills.work(payment, till)
    assert payments.reconcile(now) == 0


def test_two_workers_do_not_speak_about_one_payment_at_once(till: Till, payment: Payment) -> None:
    now = timezone.now()
    Payment.objects.update(leased_until=now + payments.LEASE, check_at=now + payments.LEASE)
    till.pay(payment)
    payments.pursue(payment, now, till.stripe)
    payment.refresh_from_db()
    assert (payment.state, payment.check_at) == ("open", now)  # whoever has it looks once more
    with time_machine.travel(now + payments.LEASE + timedelta(seconds=1)):
        assert tills.work(payment, till).state == State.CONFIRMED


def conflict(home: Property, place: Listing, first: int, last: int) -> Alert:
    """A channel that books nights we have sold, after the sale."""
    place.book(*cast.stay_of(home, first, last), guest="Late")
    read(Feed.objects.get(property=home))
    return Alert.objects.open().get(kind=Alert.Kind.CONFLICT)


def test_a_sale_shortened_for_a_double_booking_gives_back_the_difference_and_later_the_rest(
    home: Property, till: Till, payment: Payment, place: Listing
) -> None:
    purchase = tills.sold(till, payment)
    alert = conflict(home, place, 4, 6)
    remedies.shorten(alert, purchase, (1, 9_900), timezone.now())
    purchase = tills.work(payment, till)
    assert (purchase.state, payment.refunded) == (State.CONFIRMED, 9_900)
    assert tills.disagreements(home, till) == []
    assert cancelling.cancel(purchase, timezone.now())
    tills.work(payment, till)
    assert payment.refunded == 19_800
    assert tills.disagreements(home, till) == []


def test_a_sale_cancelled_for_a_double_booking_gives_everything_back(
    home: Property, till: Till, payment: Payment, place: Listing
) -> None:
    purchase = tills.sold(till, payment)
    remedies.cancel(conflict(home, place, 3, 6), purchase, timezone.now())
    tills.work(payment, till)
    assert payment.refunded == 19_800
    assert tills.disagreements(home, till) == []


def test_a_sale_moved_to_another_home_takes_its_payment_along(
    home: Property, till: Till, payment: Payment, place: Listing, listing: Callable[..., Listing]
) -> None:
    purchase = tills.sold(till, payment)
    other = cast.a_property(home.organization, "Alfama Terrace")
    read(cast.a_feed(other, listing("booking").export_url))
    moved = remedies.move(conflict(home, place, 3, 6), purchase, other, timezone.now())
    payment.refresh_from_db()
    assert (payment.purchase, moved.state) == (moved, State.CONFIRMED)
    assert tills.work(payment, till).property == other
    assert tills.disagreements(home, till) == []
    assert cancelling.cancel(moved, timezone.now())
    tills.work(payment, till)
    assert payment.refunded == 19_800
    assert tills.disagreements(other, till) == []


def test_a_guest_whose_host_decides_waits_with_the_sale_standing(
    home: Property, till: Till, payment: Payment
) -> None:
    CancelTerms.objects.create(
        organization=home.organization, property=home, tiers=[[24, 50]], automatic=False
    )
    purchase = tills.sold(till, payment)
    Purchase.objects.update(tiers=[[24, 50]])
    assert not cancelling.wish(purchase, 9_900, timezone.now())
    assert cancelling.keep(purchase, timezone.now())
    assert not cancelling.keep(purchase, timezone.now())
    assert tills.work(payment, till).state == State.CONFIRMED
    assert not cancelling.wish(purchase, 9_900, timezone.now())
    assert cancelling.grant(purchase, timezone.now())
    assert tills.work(payment, till).state == State.CANCELLED
    assert payment.refunded == 9_900
    assert tills.disagreements(home, till) == []


def test_the_same_key_with_another_question_gets_a_new_key(
    home: Property, link: StayLink, till: Till
) -> None:
    till.fault("drop_reply", count=1)
    payment = tills.at_the_page(link, till)
    Property.objects.update(name="Casa Nova")  # which is in the title that the provider was told
    for _ in range(4):
        purchase = tills.work(payment, till)
    assert (purchase.state, bool(payment.url)) == (State.PAYING, True)
    assert len(till.all()) == 1
