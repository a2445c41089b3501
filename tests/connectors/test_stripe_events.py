"""Messages that say they are Stripe's: which are believed, and what is read from them."""

import json
from typing import Any

import pytest

from connectors.stripe_events import LARGEST_OCTETS, TOLERANCE_S, Event, Forged, event
from simulator.stripe_delivery import signature

SECRET, OLD, NOW = "whsec_the_new_one", "whsec_the_old_one", 1_790_000_000


def message(thing: dict[str, Any], kind: str = "checkout.session.completed", **more: Any) -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "data": {"object": thing}, **more}).encode()


SESSION = {"id": "cs_1", "object": "checkout.session", "payment_intent": "pi_1", "client_reference_id": "p-1"}
PAYLOAD = message(SESSION, account="acct_1")


def read(
    payload: bytes = PAYLOAD, header: str | None = None, *, signed_at: int = NOW, secret: str = SECRET
) -> Event:
    signed = signature(payload, signed_at, secret) if header is None else header
    return event(payload, signed, (SECRET, OLD), NOW)


def test_a_signed_message_says_what_it_is_about() -> None:
    assert read() == Event("evt_1", "checkout.session.completed", "acct_1", "cs_1", "pi_1", "p-1")


@pytest.mark.parametrize(
    ("thing", "intent_id", "reference"),
    [
        ({"id": "pi_1", "object": "payment_intent", "metadata": {"reference": "p-1"}}, "pi_1", "p-1"),
        ({"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "metadata": {}}, "pi_1", ""),
        (
            {"id": "re_1", "object": "refund", "payment_intent": "pi_1", "metadata": {"reference": "r"}},
            "pi_1",
            "r",
        ),
        ({"id": "acct_1", "object": "account", "metadata": None}, "", ""),
        (
            {"id": "cs_1", "object": "checkout.session", "payment_intent": None, "client_reference_id": None},
            "",
            "",
        ),
        ({"id": "cs_1", "object": "checkout.session", "payment_intent": {"id": "pi_1"}}, "", ""),
    ],
)
def test_the_payment_and_our_reference_are_found_in_every_kind_of_thing(
    thing: dict[str, Any], intent_id: str, reference: str
) -> None:
    found = read(message(thing))
    assert (found.about, found.intent_id, found.reference) == (thing["id"], intent_id, reference)


def test_the_old_secret_counts_while_it_is_being_replaced() -> None:
    assert read(secret=OLD).id == "evt_1"
    both = f"{signature(PAYLOAD, NOW, 'whsec_other')},{signature(PAYLOAD, NOW, SECRET).split(',')[1]}"
    assert read(header=both).id == "evt_1"


@pytest.mark.parametrize("moment", [NOW - TOLERANCE_S, NOW, NOW + TOLERANCE_S])
def test_five_minutes_are_let_pass(moment: int) -> None:
    assert read(signed_at=moment).id == "evt_1"


@pytest.mark.parametrize("moment", [NOW - TOLERANCE_S - 1, NOW + TOLERANCE_S + 1, 0])
def test_an_older_or_a_coming_message_is_not_believed(moment: int) -> None:
    with pytest.raises(Forged, match="five minutes"):
        read(signed_at=moment)


GOOD_SIGNATURE = signature(PAYLOAD, NOW, SECRET).partition("v1=")[2]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "t=,v1=",
        f"t={NOW}",
        f"v1={GOOD_SIGNATURE}",
        f"t={NOW},v0={GOOD_SIGNATURE}",
        f"t={NOW + 1},v1={GOOD_SIGNATURE}",
        f"t={NOW},v1={GOOD_SIGNATURE[:-1]}",
        f"t={NOW},v1={'0' * 64}",
        f"t={NOW},v1=ü",
        f"t=x,t={NOW},v1={GOOD_SIGNATURE}",
        f"t={NOW},v1={GOOD_SIGNATURE}" + "," * 5000,
        signature(PAYLOAD, NOW, "whsec_somebody_elses"),
    ],
)
def test_a_message_without_our_signature_is_not_believed(header: str) -> None:
    with pytest.raises(Forged):
        read(header=header)


@pytest.mark.parametrize("secrets", [(), ("",), ("  ",)])
def test_without_a_secret_nothing_is_believed(secrets: tuple[str, ...]) -> None:
    with pytest.raises(Forged):
        event(PAYLOAD, signature(PAYLOAD, NOW, ""), secrets, NOW)


def test_a_changed_body_is_not_believed() -> None:
    with pytest.raises(Forged):
        read(PAYLOAD.replace(b"cs_1", b"cs_2"), signature(PAYLOAD, NOW, SECRET))


def test_what_is_too_long_is_not_even_checked() -> None:
    filler = message(SESSION | {"filler": "x" * LARGEST_OCTETS})
    with pytest.raises(Forged, match="too long"):
        read(filler)


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b"null", b"{", b'{"id":1,"type":2,"data":{"object":null}}', b"\xff"]
)
def test_a_signed_message_that_makes_no_sense_is_refused_by_name(payload: bytes) -> None:
    header = signature(payload, NOW, SECRET)
    with pytest.raises(Forged) as caught:
        read(payload, header)
    assert SECRET not in f"{caught.value!r} {caught.value.__context__!r}"
