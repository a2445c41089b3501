"""The door to Stripe against the simulated one, over a real socket: every act, every state."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests

from connectors.stripe_api import Account, Refused, Stripe, Unreachable
from connectors.stripe_words import our_amount, their_amount
from domain.payments import Intent, Session
from tests.connectors.acts import ACTS, give_back
from tests.till import ASKS, DECLINED, FAILING_REFUND, GOOD, HOST, POOR, SLOW, Till, page, post

HOUR, DAY = 3600, 86_400
WRONG_KEY = "sk_test_wrong0key0tail99"


# What is asked for, and how it stands.


def test_a_page_is_opened_with_everything_that_was_asked(till: Till) -> None:
    asked = page("p-1", fee=600)
    told = till.stripe().open_session(HOST, **asked)
    assert (told.session, told.intent, told.intent_id) == (Session.OPEN, Intent.NONE, "")
    assert (told.amount, told.currency, told.expires_at) == (12_000, "EUR", asked["expires_at"])
    (payment,) = till.told("payments")
    assert (payment["reference"], payment["account"], payment["fee"]) == ("p-1", HOST, 600)
    assert (payment["title"], payment["email"]) == (asked["title"], asked["email"])
    assert "1 extra night" in requests.get(told.url, timeout=5).text


def test_an_open_page_is_told_as_open(till: Till, stripe: Stripe) -> None:
    told = till.open()
    assert stripe.look(HOST, told.session_id) == told


def test_a_good_card_reserves_the_money_and_charges_nothing(till: Till, stripe: Stripe) -> None:
    told = till.open()
    answer = till.pay(told)
    assert answer.status_code == 303
    now = stripe.look(HOST, told.session_id)
    assert (now.session, now.intent, now.captured, now.url) == (Session.COMPLETE, Intent.AUTHORISED, 0, "")
    assert now.card == "Visa ···· 4242"
    assert now.intent_id


def test_the_guest_comes_back_with_the_sessions_id(till: Till) -> None:
    told = till.open()
    till.pay(told)
    back = requests.get(told.url, allow_redirects=False, timeout=5).headers["Location"]
    assert back == f"https://stay.example.org/paid?session={told.session_id}"


@pytest.mark.parametrize(
    ("number", "words"), [(DECLINED, "declined"), (POOR, "insufficient"), ("1234", "non test")]
)
def test_a_declined_card_leaves_the_page_open_for_another(
    till: Till, stripe: Stripe, number: str, words: str
) -> None:
    told = till.open()
    till.pay(told, number)
    now = stripe.look(HOST, told.session_id)
    assert (now.session, now.intent, now.captured) == (Session.OPEN, Intent.NONE, 0)
    assert words in now.declined
    till.pay(told, GOOD)
    now = stripe.look(HOST, told.session_id)
    assert (now.intent, now.declined) == (Intent.AUTHORISED, "")


@pytest.mark.parametrize(
    ("verdict", "session", "intent"),
    [("approve", Session.COMPLETE, Intent.AUTHORISED), ("refuse", Session.OPEN, Intent.NONE)],
)
def test_the_guests_bank_decides_when_it_is_asked(
    till: Till, stripe: Stripe, verdict: str, session: Session, intent: Intent
) -> None:
    told = till.open()
    assert till.pay(told, ASKS).headers["Location"].endswith("/bank")
    assert stripe.look(HOST, told.session_id).intent is Intent.PENDING
    till.answer(told, verdict)
    now = stripe.look(HOST, told.session_id)
    assert (now.session, now.intent, bool(now.declined)) == (session, intent, verdict == "refuse")


def test_a_slow_card_is_pending_and_then_reserved(till: Till, stripe: Stripe) -> None:
    told = till.open()
    till.pay(told, SLOW)
    assert stripe.look(HOST, told.session_id).intent is Intent.PENDING
    till.later(21)
    now = stripe.look(HOST, told.session_id)
    assert (now.session, now.intent) == (Session.COMPLETE, Intent.AUTHORISED)


def test_a_page_that_ran_out_is_expired_and_takes_no_card(till: Till, stripe: Stripe) -> None:
    told = till.open()
    till.later(HOUR)
    assert stripe.look(HOST, told.session_id).session is Session.EXPIRED
    assert till.pay(told).status_code == 410
    assert stripe.look(HOST, told.session_id).intent is Intent.NONE


def test_a_page_may_expire_early(till: Till, stripe: Stripe) -> None:
    till.fault("expires_early")
    assert stripe.look(HOST, till.open().session_id).session is Session.EXPIRED


# Expire, capture, void.


def test_expiring_closes_the_page(till: Till, stripe: Stripe) -> None:
    told = till.open()
    assert stripe.expire(HOST, told.session_id).session is Session.EXPIRED
    assert till.pay(told).status_code == 410


def test_expiring_twice_is_no_error(till: Till, stripe: Stripe) -> None:
    told = till.open()
    stripe.expire(HOST, told.session_id)
    assert stripe.expire(HOST, told.session_id).session is Session.EXPIRED


def test_a_refusal_that_changes_nothing_is_passed_on(till: Till, stripe: Stripe) -> None:
    opened, paid = till.open("p-1"), till.paid("p-2")
    for operation, told in (("sessions.expire", opened), ("intents.capture", paid), ("intents.cancel", paid)):
        till.fault("refused", on=operation)
        with pytest.raises(Refused, match="told to refuse"):
            ACTS[operation](stripe, told)
    assert stripe.look(HOST, opened.session_id).session is Session.OPEN
    assert stripe.look(HOST, paid.session_id).intent is Intent.AUTHORISED


def test_expiring_too_late_tells_that_the_guest_was_faster(till: Till, stripe: Stripe) -> None:
    told = till.paid()
    now = stripe.expire(HOST, told.session_id)
    assert (now.session, now.intent) == (Session.COMPLETE, Intent.AUTHORISED)


def test_expiring_while_the_guests_bank_is_asked_lets_nothing_be_reserved(till: Till, stripe: Stripe) -> None:
    told = till.open()
    till.pay(told, ASKS)
    assert stripe.expire(HOST, told.session_id).intent is Intent.VOIDED
    till.answer(told, "approve")
    assert stripe.look(HOST, told.session_id).intent is Intent.VOIDED


def test_expiring_while_a_card_is_being_tried_has_an_unknown_outcome(till: Till, stripe: Stripe) -> None:
    told = till.open()
    till.pay(told, SLOW)
    with pytest.raises(Unreachable, match="429"):
        stripe.expire(HOST, told.session_id)


def test_capturing_charges_what_was_reserved(till: Till, stripe: Stripe) -> None:
    told = till.paid()
    now = stripe.capture(HOST, told.session_id, told.intent_id, "capture:p-1")
    assert (now.session, now.intent, now.captured) == (Session.COMPLETE, Intent.CAPTURED, 12_000)
    assert (now.session_id, now.intent_id, now.card) == (told.session_id, told.intent_id, "Visa ···· 4242")
    assert stripe.look(HOST, told.session_id).captured == 12_000


def test_capturing_twice_charges_once(till: Till, stripe: Stripe) -> None:
    told = till.paid()
    for key in ("capture:p-1", "capture:p-1", "another key"):
        assert stripe.capture(HOST, told.session_id, told.intent_id, key).intent is Intent.CAPTURED
    assert [payment["captured"] for payment in till.told("payments")] == [12_000]


def test_capturing_what_was_released_tells_so(till: Till, stripe: Stripe) -> None:
    told = till.paid()
    stripe.void(HOST, told.session_id, told.intent_id, "void:p-1")
    now = stripe.capture(HOST, told.session_id, told.intent_id, "capture:p-1")
    assert (now.intent, now.captured) == (Intent.VOIDED, 0)


def test_capturing_what_is_no_longer_reserved_tells_so(till: Till, stripe: Stripe) -> None:
    told = till.paid()
    till.fault("authorisation_gone")
    assert stripe.capture(HOST, told.session_id, told.intent_id, "capture:p-1").intent is Intent.VOIDED


def test_a_reservation_runs_out_after_a_week(till: Till, stripe: Stripe) -> None:
    told = till.paid()
    till.later(7 * DAY + 1)
    assert stripe.look(HOST, told.session_id).intent is Intent.VOIDED
    assert [payment["voided"] for payment in till.told("payments")] == [12_000]


def test_voiding_releases_what_was_reserved(till: Till, stripe: Stripe) -> None:
    told = till.paid()
    now = stripe.void(HOST, told.session_id, told.intent_id, "void:p-1")
    assert (now.intent, now.captured) == (Intent.VOIDED, 0)
    again = stripe.void(HOST, told.session_id, told.intent_id, "another key")
    assert again.intent is Intent.VOIDED


def test_voiding_what_is_charged_tells_so(till: Till, stripe: Stripe) -> None:
    told = till.charged()
    now = stripe.void(HOST, told.session_id, told.intent_id, "void:p-1")
    assert (now.intent, now.captured) == (Intent.CAPTURED, 12_000)


def test_voiding_what_a_guest_may_still_pay_is_refused(till: Till, stripe: Stripe) -> None:
    told = till.open()
    till.pay(told, ASKS)
    intent_id = stripe.look(HOST, told.session_id).intent_id
    with pytest.raises(Refused, match="Expire") as caught:
        stripe.void(HOST, told.session_id, intent_id, "void:p-1")
    assert caught.value.code == "payment_intent_unexpected_state"


# Refunds.


def test_a_refund_counts_while_it_is_pending_and_when_it_has_arrived(till: Till, stripe: Stripe) -> None:
    told = till.charged()
    now = give_back(stripe, told, 5_000, "refund:1")
    assert (now.intent, now.captured, now.refunded) == (Intent.CAPTURED, 12_000, 5_000)
    assert (now.refunding, now.sent_back) == (5_000, 0)
    till.later(HOUR)
    now = stripe.look(HOST, told.session_id)
    assert (now.refunded, now.refunding) == (5_000, 0)
    assert [one["status"] for one in till.told("payments")[0]["refunds"]] == ["succeeded"]


@pytest.mark.parametrize("how", ["fault", "card"])
def test_a_refund_that_fails_counts_no_longer(till: Till, stripe: Stripe, how: str) -> None:
    if how == "fault":
        till.fault("refund_fails")
    told = till.charged(number=GOOD if how == "fault" else FAILING_REFUND)
    assert give_back(stripe, told, 5_000, "refund:1").refunded == 5_000
    till.later(HOUR)
    now = stripe.look(HOST, told.session_id)
    assert (now.refunded, now.refunding, now.sent_back) == (0, 0, 1)


def test_more_than_was_charged_is_never_given_back(till: Till, stripe: Stripe) -> None:
    told = till.charged()
    with pytest.raises(Refused, match="greater"):
        give_back(stripe, told, 12_001, "refund:1")
    assert give_back(stripe, told, 12_000, "refund:2").refunded == 12_000
    assert give_back(stripe, told, 12_000, "refund:3").refunded == 12_000
    assert give_back(stripe, told, 12_000, "refund:2").refunded == 12_000


def test_what_was_never_charged_cant_be_given_back(till: Till, stripe: Stripe) -> None:
    with pytest.raises(Refused, match="successful charge"):
        give_back(stripe, till.paid(), 12_000, "refund:1")


def test_more_refunds_than_a_charge_comes_with_are_all_counted(till: Till, stripe: Stripe) -> None:
    told = till.charged()
    for number in range(12):
        now = give_back(stripe, told, 100, f"refund:{number}")
    assert now.refunded == 1_200


def test_the_platforms_part_goes_back_only_where_there_is_one(till: Till, stripe: Stripe) -> None:
    with_fee, without = till.charged("p-1", fee=600), till.charged("p-2")
    assert give_back(stripe, with_fee, 12_000, "refund:1", with_fee=True).refunded == 12_000
    with pytest.raises(Refused, match="no application fee"):
        give_back(stripe, without, 12_000, "refund:2", with_fee=True)


# Finding what was lost.


def test_a_page_whose_reply_was_lost_is_found_by_its_reference(till: Till, stripe: Stripe) -> None:
    since = datetime.now(UTC) - timedelta(seconds=5)
    till.fault("drop_reply", on="sessions.create")
    with pytest.raises(Unreachable):
        till.open("p-7")
    ((reference, told),) = stripe.sessions_since(HOST, since)
    assert (reference, told.session, bool(told.url)) == ("p-7", Session.OPEN, True)
    assert till.open("p-7", expires_at=told.expires_at) == told


def test_pages_are_listed_newest_first_over_several_leaves_and_with_their_money(
    till: Till, stripe: Stripe
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=5)
    told = till.charged("first")
    give_back(stripe, told, 700, "refund:1")
    with ThreadPoolExecutor(4) as guests:
        list(guests.map(till.open, [f"p-{number}" for number in range(120)]))
    found = stripe.sessions_since(HOST, since)
    assert len(found) == len({one.session_id for _, one in found}) == 121
    reference, oldest = found[-1]
    assert (reference, oldest.captured, oldest.refunded) == ("first", 12_000, 700)


def test_pages_of_other_times_and_accounts_are_left_out(till: Till, stripe: Stripe) -> None:
    now = datetime.now(UTC)
    till.control("accounts", id="acct_other")
    stripe.open_session("acct_other", **page("theirs"))
    till.open("ours")
    assert [reference for reference, _ in stripe.sessions_since(HOST, now - timedelta(minutes=1))] == ["ours"]
    assert stripe.sessions_since(HOST, now + timedelta(minutes=1)) == []
    assert stripe.sessions_since(HOST, now - timedelta(hours=2), now - timedelta(hours=1)) == []


# Accounts.


def test_a_host_is_onboarded_step_by_step(till: Till, stripe: Stripe) -> None:
    made = stripe.create_account("es", "anna@example.org", "o-1", "account:o-1")
    assert stripe.create_account("es", "anna@example.org", "o-1", "account:o-1") == made
    before = stripe.account(made)
    assert (before.charges_enabled, before.details_submitted, len(before.due)) == (False, False, 3)
    with pytest.raises(Refused, match="onboarding"):
        stripe.open_session(made, **page("p-1"))
    url, until = stripe.onboarding_link(made, "https://us.example/again", "https://us.example/done")
    assert timedelta(minutes=1) < until - datetime.now(UTC) < timedelta(minutes=10)
    assert post(url, outcome="complete").headers["Location"] == "https://us.example/done"
    assert stripe.account(made) == Account(made, charges_enabled=True, details_submitted=True, due=())
    assert stripe.open_session(made, **page("p-1")).session is Session.OPEN


def test_a_link_works_once_and_then_leads_back_for_a_new_one(stripe: Stripe) -> None:
    made = stripe.create_account("ES", "", "o-1", "account:o-1")
    url, _ = stripe.onboarding_link(made, "https://us.example/again", "https://us.example/done")
    post(url, outcome="unfinished")
    assert not stripe.account(made).details_submitted
    assert post(url, outcome="complete").headers["Location"] == "https://us.example/again"
    assert not stripe.account(made).details_submitted


def test_a_host_whose_details_are_still_checked_cant_be_paid_yet(stripe: Stripe) -> None:
    made = stripe.create_account("ES", "", "o-1", "account:o-1")
    url, _ = stripe.onboarding_link(made, "https://us.example/again", "https://us.example/done")
    post(url, outcome="checking")
    found = stripe.account(made)
    assert (found.details_submitted, found.charges_enabled, found.due) == (True, False, ())


# Amounts.


@pytest.mark.parametrize(
    ("currency", "ours", "theirs"),
    [
        ("EUR", 1234, 1234),
        ("JPY", 1234, 1234),
        ("ISK", 1234, 123_400),
        ("MGA", 1200, 12),
        ("KWD", 1230, 1230),
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(currency: str, ours: int, theirs: int) -> None:
    assert their_amount(ours, currency) == theirs
    assert our_amount(theirs, currency.lower()) == ours


def test_icelandic_money_comes_back_as_it_was(till: Till, stripe: Stripe) -> None:
    told = till.charged(currency="ISK", amount=15_000)
    assert [payment["captured"] for payment in till.told("payments")] == [1_500_000]
    assert (told.amount, told.captured, told.currency) == (15_000, 15_000, "ISK")
    now = stripe.refund(
        HOST,
        told.session_id,
        told.intent_id,
        amount=5_000,
        currency="ISK",
        idempotency="refund:1",
        reference="p-1",
    )
    assert now.refunded == 5_000


def test_a_part_of_what_is_only_charged_whole_is_refused(till: Till) -> None:
    with pytest.raises(Refused, match="whole MGA"):
        till.open(currency="MGA", amount=12_050)
