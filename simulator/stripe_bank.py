"""What the simulated Stripe knows: payments, accounts, saved replies, messages on their way, and faults to play.

Amounts are minor units as Stripe counts them, times Unix seconds by the bank's own clock, which can be put forward.
"""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import web

from simulator.stripe_books import Books
from simulator.stripe_cards import FAILED, PENDING, Refund

DAY_S = 86_400
RESERVED_S = 7 * DAY_S  # how long a card's money stays reserved
KEYS_KEPT_S = DAY_S
HELD_S = 3.0  # a message that shall be overtaken waits at most so long for another
TOLD_KEPT = 2_000

FAULTS = {
    "lost": "a message is never sent",
    "doubled": "a message is sent twice",
    "reordered": "a message is overtaken by the next one",
    "late": "a message comes so many seconds later",
    "drop_request": "the connection closes before anything is done",
    "drop_reply": "the connection closes after it is done",
    "error_before": "status 500, and nothing is done",
    "error_after": "status 500, although it is done",
    "slow": "it is done at once, and answered so many seconds later",
    "too_many": "status 429, and nothing is done",
    "refused": "status 400, and nothing is done",
    "expires_early": "a new payment page closes after so many seconds",
    "authorisation_gone": "a capture is refused: the money is no longer reserved",
    "refund_fails": "a refund is pending, then fails",
}


@dataclass(slots=True)
class Payment:
    """One Checkout Session with what follows from it: intent, charge and refunds.

    `intent` is Stripe's status of the payment intent, empty before a card was tried. `dies_at` is when the page really
    closes, `busy_until` when a slow card answers.
    """

    id: str
    account: str
    reference: str
    amount: int
    currency: str
    title: str
    email: str
    fee: int
    metadata: dict[str, str]
    intent_metadata: dict[str, str]
    success_url: str
    cancel_url: str
    created: int
    expires_at: int
    dies_at: float
    url: str = ""
    session: str = "open"
    intent: str = ""
    card: str = ""
    declined: str = ""
    decline_code: str = ""
    busy_until: float = 0.0
    authorised_at: int = 0
    captured: int = 0
    cancelled_because: str = ""
    refunds: list[Refund] = field(default_factory=list)

    @property
    def session_id(self) -> str:
        """The Checkout Session's."""
        return f"cs_test_{self.id}"

    @property
    def intent_id(self) -> str:
        """The payment intent's."""
        return f"pi_{self.id}"

    @property
    def charge_id(self) -> str:
        """The charge's."""
        return f"ch_{self.id}"

    @property
    def refunded(self) -> int:
        """What was given back, or is on its way back."""
        return sum(refund.amount for refund in self.refunds if refund.status != FAILED)

    @property
    def voided(self) -> int:
        """What had been reserved and was released."""
        return self.amount if self.intent == "canceled" and self.authorised_at else 0

    def may_move(self) -> bool:
        """Whether time alone can change it."""
        waits = any(refund.status == PENDING for refund in self.refunds)
        return self.session == "open" or self.intent in {"processing", "requires_capture"} or waits


@dataclass(slots=True)
class Account:
    """A connected account; `due` is what its host hasn't told yet."""

    id: str
    country: str
    email: str
    metadata: dict[str, str]
    created: int
    charges_enabled: bool = False
    details_submitted: bool = False
    due: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Link:
    """A way into an account's onboarding form, once and until `expires_at`."""

    token: str
    account: str
    refresh_url: str
    return_url: str
    expires_at: int
    used: bool = False


@dataclass(slots=True)
class Reply:
    """What was answered to an idempotency key; `asked` is what was asked."""

    asked: str
    status: int
    body: dict[str, Any]
    at: float


@dataclass(slots=True)
class Message:
    """An event, and how it is doing on its way; `due` is a time of the real clock."""

    id: str
    number: int  # in the order in which they were told
    kind: str
    account: str
    created: int
    thing: dict[str, Any]
    due: float
    copies: int = 1
    tries: int = 0
    state: str = "waiting"  # or delivered, given up, lost, nowhere to send
    overtaken: bool = False
    of_platform: bool = False  # about the platform's own account: billing


@dataclass(slots=True)
class Fault:
    """A fault for the next `left` occasions (None: until told); `on` narrows it to one operation or message kind."""

    kind: str
    left: int | None
    on: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Options:
    """How the simulated Stripe is set up; kept over a reset."""

    webhook_url: str = ""
    billing_webhook_url: str = ""
    card_seconds: int = 20
    refund_seconds: int = 2


class Bank:
    """Everything simulated Stripe knows; kept in `path` when there is one."""

    def __init__(self, path: Path | None, clock: Callable[[], datetime]) -> None:
        """Read what `path` holds, if it exists; raises ValueError or KeyError when it is no state file."""
        self._path, self._clock = path, clock
        self.options = Options()
        self.wake = asyncio.Event()
        self._forget()
        if path and path.exists():
            self._restore(json.loads(path.read_text()))

    def _forget(self) -> None:
        self.payments: dict[str, Payment] = {}
        self.accounts: dict[str, Account] = {}
        self.links: dict[str, Link] = {}
        self.books = Books()
        self.replies: dict[str, Reply] = {}
        self.waiting: list[Message] = []
        self.told: deque[Message] = deque(maxlen=TOLD_KEPT)
        self.numbers = count()
        self.faults: list[Fault] = []
        self.under_way: set[str] = set()
        self.moving: set[str] = set()
        self.ahead = 0
        self.dirty = True

    def reset(self) -> None:
        """Forget everything but the options."""
        self._forget()

    def real(self) -> float:
        """The time of the world outside."""
        return self._clock().timestamp()

    def now(self) -> float:
        """The time by the bank's clock."""
        return self.real() + self.ahead

    def add(self, payment: Payment) -> Payment:
        """Keep a new payment."""
        self.payments[payment.id] = payment
        self.touch(payment)
        return payment

    def touch(self, payment: Payment) -> None:
        """The payment changed: time may move it from now on."""
        self.moving.add(payment.id)
        self.dirty = True

    def by_session(self, session_id: str) -> Payment | None:
        """The payment with this Checkout Session."""
        return self.payments.get(session_id.removeprefix("cs_test_"))

    def by_intent(self, intent_id: str) -> Payment | None:
        """The payment with this intent, if a card was tried already."""
        payment = self.payments.get(intent_id.removeprefix("pi_"))
        return payment if payment and payment.intent else None

    def take(self, kind: str, on: str = "") -> Fault | None:
        """The fault of this kind that is to be played now, counted off."""
        for fault in self.faults:
            if fault.kind == kind and fault.on in ("", on):
                if fault.left is not None:
                    fault.left -= 1
                    if fault.left <= 0:
                        self.faults.remove(fault)
                return fault
        return None

    def address(self, message: Message) -> str:
        """Where the message is sent; empty for nowhere."""
        return self.options.billing_webhook_url if message.of_platform else self.options.webhook_url

    def tell(self, kind: str, account: str, thing: dict[str, Any], *, of_platform: bool = False) -> None:
        """Send a message, with whatever is to go wrong on its way."""
        now = self.real()
        number = next(self.numbers)
        message = Message(
            f"evt_{secrets.token_hex(12)}", number, kind, account, int(self.now()), thing, due=now
        )
        message.of_platform = of_platform
        if late := self.take("late", kind):
            message.due += late.seconds
        if self.take("doubled", kind):
            message.copies = 2
        if self.take("reordered", kind):
            message.overtaken, message.due = True, now + HELD_S
        if self.take("lost", kind):
            message.state = "lost"
        elif not self.address(message):
            message.state = "nowhere to send"
        else:
            self.waiting.append(message)
        self.told.append(message)
        self.dirty = True
        self.wake.set()

    def taken(self, message: Message) -> None:
        """The message was delivered: those it was to overtake may follow."""
        message.state = "delivered"
        for held in self.waiting:
            if held.overtaken and held.number < message.number:
                held.overtaken, held.due = False, self.real()
                self.wake.set()

    def reply_to(self, scope: str) -> Reply | None:
        """What was answered under this key in the last 24 hours."""
        reply = self.replies.get(scope)
        return reply if reply and self.now() - reply.at < KEYS_KEPT_S else None

    def save(self) -> None:
        """Write the state file if anything changed, whole or not at all."""
        if self._path is None or not self.dirty:
            return
        kept = {name: [asdict(one) for one in getattr(self, name).values()] for name in _KEPT}
        kept["waiting"] = [asdict(one) for one in self.waiting]
        whole: dict[str, Any] = {
            **kept,
            "replies": {scope: asdict(one) for scope, one in self.replies.items()},
        }
        draft = self._path.with_name(f"{self._path.name}.draft")
        whole |= {"books": asdict(self.books), "ahead": self.ahead, "options": asdict(self.options)}
        draft.write_text(json.dumps(whole))
        draft.replace(self._path)
        self.dirty = False

    def _restore(self, stored: dict[str, Any]) -> None:
        for one in stored["payments"]:
            refunds = [Refund(**refund) for refund in one["refunds"]]
            self.add(Payment(**(one | {"refunds": refunds})))
        self.accounts = {one["id"]: Account(**one) for one in stored["accounts"]}
        self.links = {one["token"]: Link(**one) for one in stored["links"]}
        self.replies = {scope: Reply(**one) for scope, one in stored["replies"].items()}
        self.waiting = [Message(**one) for one in stored["waiting"]]
        self.told.extend(self.waiting)
        self.books = Books.read(stored.get("books", {}))
        self.ahead = stored["ahead"]
        self.options = Options(**stored["options"])


_KEPT = ("payments", "accounts", "links")

BANK = web.AppKey("bank", Bank)
