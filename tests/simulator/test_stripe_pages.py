"""The simulated Stripe's pages as people meet them, its control API, and its state over a restart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from stripe.params.checkout import SessionCreateParams

from connectors.stripe_api import Refused
from domain.payments import Intent, Session
from simulator.server import application, in_thread
from simulator.stripe_cards import CARDS
from simulator.stripe_http import ROUTES, nested
from simulator.stripe_keys import DEMO_KEY, DEMO_WEBHOOK_SECRET
from simulator.stripe_moves import PARAMETERS
from tests.till import ASKS, DECLINED, GOOD, HOST, SLOW, Till, page


@pytest.fixture
def till(address: str) -> Till:
    made = Till(address)
    made.reset()
    return made


def text(url: str) -> str:
    return requests.get(url, timeout=10).text


def test_the_payment_page_says_what_is_paid_to_whom_and_that_it_is_a_simulation(till: Till) -> None:
    shown = text(till.open(title="Late <check-out>").url)
    for words in (
        "120.00 EUR",
        "Late &lt;check-out&gt;",
        "host@example.org",
        "guest@example.org",
        "simulation",
    ):
        assert words in shown
    for card in CARDS:
        assert f'value="{card}"' in shown
    assert "<script" not in shown


def test_a_card_number_may_be_grouped(till: Till) -> None:
    told = till.open()
    till.pay(told, "4242 4242 4242 4242")
    assert till.stripe().look(HOST, told.session_id).intent is Intent.AUTHORISED


def test_a_declined_card_is_told_on_the_page_that_asks_again(till: Till) -> None:
    answer = till.pay(till.open(), DECLINED)
    assert answer.status_code == 402
    assert "Your card was declined." in answer.text
    assert 'name="number"' in answer.text


def test_the_guests_bank_has_a_page_with_two_answers(till: Till) -> None:
    told = till.open()
    till.pay(told, ASKS)
    shown = text(f"{told.url}/bank")
    assert 'value="approve"' in shown
    assert 'value="refuse"' in shown


def test_a_slow_card_shows_a_page_that_looks_again_by_itself(till: Till) -> None:
    told = till.open()
    till.pay(told, SLOW)
    assert 'http-equiv="refresh"' in text(told.url)
    till.later(60)
    answer = requests.get(told.url, allow_redirects=False, timeout=10)
    assert answer.status_code == 303


def test_a_payment_page_takes_one_card_only(till: Till) -> None:
    told = till.open()
    for _ in range(3):
        assert till.pay(told, GOOD).status_code == 303
    assert sum(one["kind"] == "checkout.session.completed" for one in till.told("events")) == 1


def test_an_unknown_payment_page_says_so(till: Till) -> None:
    assert requests.get(f"{till.address}/stripe/pay/cs_test_x", timeout=10).status_code == 404
    assert requests.get(f"{till.address}/stripe/connect/x", timeout=10).status_code == 404


def test_the_front_page_tells_of_the_simulated_stripe(till: Till) -> None:
    till.charged()
    shown = text(till.address)
    assert "Simulated Stripe" in shown
    assert "1 paid" in shown


def test_the_control_api_hands_out_the_keys(till: Till) -> None:
    found = requests.get(f"{till.address}/api/stripe", timeout=10).json()
    assert (found["api_base"], found["key"]) == (f"{till.address}/stripe", DEMO_KEY)
    assert found["webhook_secret"] == DEMO_WEBHOOK_SECRET


def test_the_ledger_tells_what_was_captured_given_back_and_released(till: Till) -> None:
    charged, released = till.charged("p-1"), till.paid("p-2")
    stripe = till.stripe()
    stripe.void(HOST, released.session_id, released.intent_id, "void:p-2")
    stripe.refund(
        HOST,
        charged.session_id,
        charged.intent_id,
        amount=2_000,
        currency="EUR",
        idempotency="refund:p-1",
        reference="p-1",
    )
    totals = [
        (one["reference"], one["captured"], one["refunded"], one["voided"]) for one in till.told("payments")
    ]
    assert totals == [("p-1", 12_000, 2_000, 0), ("p-2", 0, 0, 12_000)]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("fault", {"kind": "nonsense"}),
        ("fault", {"kind": "lost", "count": -1}),
        ("clock", {"ahead": "yesterday"}),
        ("options", {"webhook_url": "ftp://x"}),
        ("accounts", {"id": "casa luz"}),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_in_a_sentence(
    till: Till, path: str, values: dict[str, object]
) -> None:
    answer = requests.post(f"{till.address}/api/stripe/{path}", json=values, timeout=10)
    assert answer.status_code == 422
    assert answer.json()["error"].endswith(".")


def test_faults_end_when_they_are_counted_off_or_called_off(till: Till) -> None:
    till.fault("too_many", count=2, on="accounts.retrieve")
    till.control("fault", kind="slow", on="sessions.list", seconds=1)
    assert len(requests.get(f"{till.address}/api/stripe", timeout=10).json()["faults"]) == 2
    assert till.control("fault", kind="none") == {"faults": []}


def test_a_fault_is_for_its_operation_only(till: Till) -> None:
    till.fault("error_before", on="intents.capture")
    told = till.paid()
    assert till.stripe().look(HOST, told.session_id).intent is Intent.AUTHORISED


# As the real one.


def test_every_parameter_it_takes_is_one_the_library_knows() -> None:
    assert set(SessionCreateParams.__annotations__) >= PARAMETERS


@pytest.mark.parametrize("operation", ROUTES)
def test_without_the_key_nothing_is_answered(till: Till, operation: str) -> None:
    method, path, _ = ROUTES[operation]
    answer = requests.request(method, f"{till.address}/stripe/v1{path.replace('{id}', 'x')}", timeout=10)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.headers["Request-Id"].startswith("req_")


def test_an_unknown_parameter_is_refused_as_stripe_does(till: Till) -> None:
    headers = {"Authorization": f"Bearer {DEMO_KEY}", "Stripe-Account": HOST}
    values = {"mode": "payment", "payment_method_types[]": "card"}
    answer = requests.post(
        f"{till.address}/stripe/v1/checkout/sessions", data=values, headers=headers, timeout=10
    )
    assert answer.json()["error"]["code"] == "parameter_unknown"


def test_a_kept_answer_says_that_it_is_one(till: Till) -> None:
    headers = {"Authorization": f"Bearer {DEMO_KEY}", "Idempotency-Key": "one"}
    answers = [
        requests.post(
            f"{till.address}/stripe/v1/accounts", data={"country": "ES"}, headers=headers, timeout=10
        )
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]


def test_a_key_is_forgotten_after_a_day(till: Till) -> None:
    stripe = till.stripe()
    first = stripe.create_account("ES", "", "o-1", "account:o-1")
    till.later(86_401)
    assert stripe.create_account("ES", "", "o-1", "account:o-1") != first


def test_only_what_is_to_be_expanded_is(till: Till) -> None:
    told = till.charged()
    headers = {"Authorization": f"Bearer {DEMO_KEY}", "Stripe-Account": HOST}
    url = f"{till.address}/stripe/v1/checkout/sessions/{told.session_id}"
    plain = requests.get(url, headers=headers, timeout=10).json()
    deep = requests.get(
        url, params={"expand[0]": "payment_intent.latest_charge"}, headers=headers, timeout=10
    ).json()
    assert plain["payment_intent"] == told.intent_id
    assert deep["payment_intent"]["latest_charge"]["captured"] is True
    assert "refunds" not in deep["payment_intent"]["latest_charge"]


@pytest.mark.parametrize(
    ("pairs", "whole"),
    [
        ([("a", "1")], {"a": "1"}),
        ([("a[b][0][c]", "1"), ("a[b][1][c]", "2")], {"a": {"b": {"0": {"c": "1"}, "1": {"c": "2"}}}}),
        ([("a[]", "x"), ("a[]", "y")], {"a": {"0": "x", "1": "y"}}),
    ],
)
def test_a_form_is_read_as_what_it_nests(pairs: list[tuple[str, str]], whole: dict[str, object]) -> None:
    assert nested(pairs) == whole


# Over a restart.


def test_everything_but_faults_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "world.json"
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    with in_thread(application(state)) as address:
        till = Till(address)
        till.reset()
        till.control("options", webhook_url="http://127.0.0.1:9/nobody", card_seconds=7)
        charged, opened = till.charged("p-1"), till.open("p-2", expires_at=moment)
        till.fault("too_many", count=5)
        till.later(60)
    with in_thread(application(state)) as address:
        again = Till(address)
        stripe = again.stripe()
        assert stripe.look(HOST, charged.session_id).captured == 12_000
        assert stripe.open_session(HOST, **page("p-2", expires_at=moment)).session_id == opened.session_id
        waiting = [one for one in again.told("events") if one["kind"].startswith("payment_intent")]
        assert {one["state"] for one in waiting} == {"waiting"}
        found = requests.get(f"{address}/api/stripe", timeout=10).json()
        assert (found["ahead"], found["options"]["card_seconds"]) == (60, 7)
        assert stripe.expire(HOST, opened.session_id).session is Session.EXPIRED


def test_a_reset_forgets_payments_accounts_faults_and_the_clock(till: Till) -> None:
    told = till.paid()
    till.later(500)
    till.fault("too_many")
    requests.post(f"{till.address}/api/reset", timeout=10)
    found = requests.get(f"{till.address}/api/stripe", timeout=10).json()
    assert (found["ahead"], found["faults"], found["accounts"]) == (0, [], [])
    with pytest.raises(Refused):
        till.stripe().look(HOST, told.session_id)
