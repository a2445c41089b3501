"""Everything that can go wrong on the way to Stripe, and what of it is told to whom."""

import logging
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.stripe_api import Refused, Stripe, Unreachable
from domain.payments import Intent, Session
from tests.connectors.acts import ACTS, everything_about, ready
from tests.till import HOST, Till, page

HOUR, DAY = 3600, 86_400
WRONG_KEY = "sk_test_wrong0key0tail99"


# Idempotency keys.


def test_the_same_key_opens_one_page(till: Till) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=40)
    assert till.open(expires_at=moment) == till.open(expires_at=moment)
    assert len(till.told("payments")) == 1


def test_the_same_key_with_another_amount_is_refused(till: Till) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=40)
    till.open(expires_at=moment)
    with pytest.raises(Refused, match="same parameters"):
        till.open(expires_at=moment, amount=13_000)


def test_a_key_in_use_has_an_unknown_outcome(till: Till) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=40)
    till.fault("slow", on="sessions.create", seconds=1)
    first = threading.Thread(target=till.open, kwargs={"expires_at": moment})
    first.start()
    while not till.told("payments"):
        time.sleep(0.01)
    with pytest.raises(Unreachable, match="409"):
        till.open(expires_at=moment)
    first.join()
    assert till.open(expires_at=moment).session is Session.OPEN
    assert len(till.told("payments")) == 1


# Everything that can go wrong on the way.


@pytest.mark.parametrize("kind", ["drop_request", "drop_reply", "error_before", "error_after", "too_many"])
@pytest.mark.parametrize("operation", ACTS)
def test_a_fault_on_the_way_leaves_the_outcome_unknown(till: Till, operation: str, kind: str) -> None:
    told = ready(till, operation)
    till.fault(kind, on=operation)
    with pytest.raises(Unreachable):
        ACTS[operation](till.stripe(), told)


@pytest.mark.parametrize("operation", ACTS)
def test_no_act_waits_longer_than_its_patience(till: Till, operation: str) -> None:
    told = ready(till, operation)
    till.fault("slow", on=operation, seconds=10)
    started = time.monotonic()
    with pytest.raises(Unreachable):
        ACTS[operation](till.stripe(timeout=0.3), told)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("operation", ACTS)
def test_a_wrong_key_is_refused_and_told_to_nobody(till: Till, operation: str) -> None:
    with pytest.raises(Refused) as caught:
        ACTS[operation](till.stripe(key=WRONG_KEY), till.paid())
    assert caught.value.code == "wrong_key"
    assert WRONG_KEY[-6:] not in everything_about(caught.value)


@pytest.mark.parametrize(("kind", "captured"), [("drop_reply", 12_000), ("drop_request", 0), ("too_many", 0)])
def test_after_an_unknown_outcome_a_look_tells_and_the_same_key_is_safe(
    till: Till, stripe: Stripe, kind: str, captured: int
) -> None:
    told = till.paid()
    till.fault(kind, on="intents.capture")
    with pytest.raises(Unreachable):
        stripe.capture(HOST, told.session_id, told.intent_id, "capture:p-1")
    assert stripe.look(HOST, told.session_id).captured == captured
    assert stripe.capture(HOST, told.session_id, told.intent_id, "capture:p-1").captured == 12_000


@pytest.mark.parametrize(("kind", "captured"), [("error_before", 0), ("error_after", 12_000)])
def test_a_500_is_repeated_for_its_key_and_a_new_key_goes_on(
    till: Till, stripe: Stripe, kind: str, captured: int
) -> None:
    told = till.paid()
    till.fault(kind, on="intents.capture")
    for _ in range(2):
        with pytest.raises(Unreachable, match="500"):
            stripe.capture(HOST, told.session_id, told.intent_id, "capture:p-1")
    assert stripe.look(HOST, told.session_id).captured == captured
    assert stripe.capture(HOST, told.session_id, told.intent_id, "capture:p-1:2").captured == 12_000


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        closed = Stripe("sk_test_x", f"http://127.0.0.1:{held.getsockname()[1]}", 1)
        with pytest.raises(Unreachable, match="could not be reached"):
            closed.account(HOST)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_an_answer_that_makes_no_sense_is_an_unknown_outcome(reply: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            line, _ = server.accept()
            with line:
                line.recv(65536)
                line.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        stripe = Stripe("sk_test_x", f"http://127.0.0.1:{server.getsockname()[1]}", 2)
        with pytest.raises(Unreachable):
            stripe.look(HOST, "cs_test_1")
        thread.join()


def test_the_key_is_sent_nowhere_else(till: Till) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            line, _ = server.accept()
            with line:
                line.recv(65536)
                there = f"{till.address}/stripe/v1/accounts/{HOST}".encode()
                line.sendall(b"HTTP/1.1 307 Moved\r\nLocation: " + there + b"\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        elsewhere = Stripe(till.stripe().key, f"http://127.0.0.1:{server.getsockname()[1]}", 5)
        with pytest.raises(Unreachable, match="could not be reached"):
            elsewhere.account(HOST)
        thread.join()


# Definite refusals.


def test_an_unknown_page_is_refused_by_name(stripe: Stripe) -> None:
    for act in (stripe.look, stripe.expire):
        with pytest.raises(Refused, match="No such checkout") as caught:
            act(HOST, "cs_test_nothing")
        assert caught.value.code == "resource_missing"


def test_an_account_that_left_us_is_refused_by_name(stripe: Stripe) -> None:
    with pytest.raises(Refused) as caught:
        stripe.open_session("acct_gone", **page("p-1"))
    assert caught.value.code == "account_invalid"


def test_another_hosts_payment_cant_be_touched(till: Till, stripe: Stripe) -> None:
    told = till.paid()
    till.control("accounts", id="acct_other")
    with pytest.raises(Refused):
        stripe.look("acct_other", told.session_id)
    with pytest.raises(Refused):
        stripe.capture("acct_other", told.session_id, told.intent_id, "capture:p-1")
    assert stripe.look(HOST, told.session_id).intent is Intent.AUTHORISED


@pytest.mark.parametrize("minutes", [10, 29, 24 * 60 + 1])
def test_a_page_for_too_short_or_too_long_is_refused(till: Till, minutes: int) -> None:
    with pytest.raises(Refused, match="30 minutes"):
        till.open(expires_at=datetime.now(UTC) + timedelta(minutes=minutes))
    assert till.told("payments") == []


def test_a_refusal_of_values_isnt_kept_for_the_key(till: Till) -> None:
    with pytest.raises(Refused):
        till.open(expires_at=datetime.now(UTC))
    assert till.open().session is Session.OPEN


# Secrets.


def test_the_key_isnt_in_what_stripe_is_called() -> None:
    stripe = Stripe("sk_live_abcdef", "https://api.stripe.com")
    assert "abcdef" not in f"{stripe!r} {stripe}"


@pytest.mark.parametrize("kind", ["drop_reply", "error_after", "too_many", "slow"])
def test_a_failure_carries_neither_key_nor_guest(
    till: Till, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stripe = till.stripe(timeout=0.3)
    till.fault(kind, on="sessions.create", seconds=2)
    with pytest.raises(Unreachable) as caught:
        stripe.open_session(HOST, **page("p-1"))
    shown = everything_about(caught.value) + caplog.text
    assert stripe.key not in shown
    assert "guest@example.org" not in shown
    assert "example.org" not in caplog.text
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_a_password_file_of_the_machine_changes_nothing(
    till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert till.stripe().account(HOST).charges_enabled


def test_a_refusal_that_repeats_the_key_is_scrubbed(till: Till) -> None:
    key = "sk_test_" + "a" * 24
    with pytest.raises(Refused) as caught:
        till.stripe(key=key).account(HOST)
    assert "sk_test" not in caught.value.sentence
