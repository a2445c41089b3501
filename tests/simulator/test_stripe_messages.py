"""The simulated Stripe's messages: signed, sent again until they are taken, and each way in which they go astray."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.stripe_events import Event, event
from simulator.server import application, in_thread
from simulator.stripe_keys import DEMO_WEBHOOK_SECRET
from tests.till import ASKS, DECLINED, HOST, Till

PATIENCE_S = 10
PAID = ["payment_intent.amount_capturable_updated", "checkout.session.completed"]


class Receiver:
    """Takes messages as the product would; `refusals` are the statuses of the next ones."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.refusals: list[int] = []
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                payload = self.rfile.read(int(self.headers["Content-Length"]))
                header = self.headers["Stripe-Signature"]
                status = receiver.take(event(payload, header, [DEMO_WEBHOOK_SECRET], int(time.time())))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def take(self, told: Event) -> int:
        with self._changed:
            if self.refusals:
                return self.refusals.pop(0)
            self.events.append(told)
            self._changed.notify_all()
            return 200

    def kinds(self, count: int) -> list[str]:
        """The kinds of the first so many messages, in the order in which they came."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= count, PATIENCE_S), self.events
            return [one.kind for one in self.events]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with in_thread(application()) as found:
        yield found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def till(address: str, receiver: Receiver) -> Till:
    made = Till(address)
    made.control("options", webhook_url=receiver.url)
    made.reset()
    assert receiver.kinds(1) == ["account.updated"]
    receiver.events.clear()
    return made


def states(till: Till) -> list[str]:
    return [one["state"] for one in till.told("events")]


def test_a_payment_is_told_step_by_step(till: Till, receiver: Receiver) -> None:
    told = till.charged("p-1")
    assert sorted(receiver.kinds(4)) == sorted([*PAID, "charge.captured", "payment_intent.succeeded"])
    assert {one.account for one in receiver.events} == {HOST}
    assert {one.intent_id for one in receiver.events} == {told.intent_id}
    assert {one.reference for one in receiver.events} == {"p-1"}


def test_what_ends_a_payment_is_told(till: Till, receiver: Receiver) -> None:
    stripe = till.stripe()
    stripe.expire(HOST, till.open("p-1").session_id)
    declined = till.open("p-2")
    till.pay(declined, DECLINED)
    till.pay(declined, ASKS)
    till.later(3600)
    assert sorted(receiver.kinds(3)) == [
        "checkout.session.expired",
        "checkout.session.expired",
        "payment_intent.payment_failed",
    ]


def test_a_refund_is_told_when_it_is_made_and_when_it_fails(till: Till, receiver: Receiver) -> None:
    told = till.charged()
    till.fault("refund_fails")
    till.stripe().refund(
        HOST,
        told.session_id,
        told.intent_id,
        amount=100,
        currency="EUR",
        idempotency="refund:1",
        reference="r-1",
    )
    till.later(60)
    kinds = receiver.kinds(7)
    assert {"refund.created", "charge.refunded", "refund.failed"} <= set(kinds)
    assert {one.reference for one in receiver.events if one.kind.startswith("refund")} == {"r-1"}


def test_a_message_that_isnt_taken_is_sent_again_with_the_same_id(till: Till, receiver: Receiver) -> None:
    receiver.refusals = [500, 302]
    till.paid()
    assert sorted(receiver.kinds(2)) == sorted(PAID)
    ids = {one["id"] for one in till.told("events")}
    assert {one.id for one in receiver.events} <= ids


def test_a_lost_message_never_comes(till: Till, receiver: Receiver) -> None:
    till.fault("lost", on="checkout.session.completed")
    told = till.paid()
    till.stripe().capture(HOST, told.session_id, told.intent_id, "capture:p-1")
    kinds = receiver.kinds(3)
    assert "checkout.session.completed" not in kinds
    assert states(till).count("lost") == 1


def test_a_doubled_message_comes_twice_with_one_id(till: Till, receiver: Receiver) -> None:
    till.fault("doubled", on="checkout.session.completed")
    till.paid()
    assert receiver.kinds(3).count("checkout.session.completed") == 2
    ids = [one.id for one in receiver.events if one.kind == "checkout.session.completed"]
    assert ids[0] == ids[1]


def test_a_reordered_message_is_overtaken_by_the_next(till: Till, receiver: Receiver) -> None:
    till.fault("reordered", on=PAID[0])
    till.paid()
    assert receiver.kinds(2) == PAID[::-1]


def test_a_message_that_nothing_overtakes_comes_all_the_same(till: Till, receiver: Receiver) -> None:
    till.fault("reordered", on=PAID[1])
    till.paid()
    assert receiver.kinds(2) == PAID


def test_a_late_message_comes_later(till: Till, receiver: Receiver) -> None:
    till.fault("late", on=PAID[0], seconds=1)
    started = time.monotonic()
    till.paid()
    assert receiver.kinds(1) == [PAID[1]]
    assert receiver.kinds(2) == PAID[::-1]
    assert time.monotonic() - started >= 0.9


def test_nobody_listening_loses_nothing(till: Till, receiver: Receiver) -> None:
    till.control("options", webhook_url="http://127.0.0.1:9/nobody")
    till.paid()
    time.sleep(0.3)
    assert "delivered" not in states(till)[-2:]
    till.control("options", webhook_url=receiver.url)
    assert sorted(receiver.kinds(2)) == sorted(PAID)
