"""The simulated Stripe's test cards and refunds. The numbers are Stripe's own test numbers, but for the slow one."""

from dataclasses import dataclass, field
from typing import Literal

PENDING, SUCCEEDED, FAILED = "pending", "succeeded", "failed"
HIDDEN = "Your card was declined."


@dataclass(slots=True)
class Refund:
    """Money on its way back; `settles_at` is when it arrives, or `fails`."""

    id: str
    amount: int
    created: int
    settles_at: float
    fails: bool = False
    status: str = PENDING
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """A test card and what it does."""

    number: str
    title: str
    does: Literal["pays", "declines", "asks", "takes_its_time"]
    brand: str = "visa"
    message: str = ""
    code: str = ""
    refund_fails: bool = False
    fails_later: bool = False  # it can be kept for later, and is then declined

    @property
    def last4(self) -> str:
        """The digits that are shown."""
        return self.number[-4:]


CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242", "Visa that pays", "pays"),
        Card("5555555555554444", "Mastercard that pays", "pays", brand="mastercard"),
        Card("4000000000000002", "Declined", "declines", message=HIDDEN, code="generic_decline"),
        Card(
            "4000000000009995",
            "Insufficient funds",
            "declines",
            message="Your card has insufficient funds.",
            code="insufficient_funds",
        ),
        Card("4000002500003155", "Asks the guest's bank (3-D Secure)", "asks"),
        Card("4000000000000200", "Slow", "takes_its_time"),
        Card("4000000000005126", "Pays, but its refunds fail", "pays", refund_fails=True),
        Card(
            "4000000000000341",
            "Can be kept, then is declined",
            "declines",
            message=HIDDEN,
            code="generic_decline",
            fails_later=True,
        ),
    )
}
UNKNOWN = Card(
    "",
    "",
    "declines",
    message="Your card was declined. Your request was in test mode, but used a non test card.",
    code="test_mode_live_card",
)


def card_of(number: str) -> Card:
    """The test card with this number, however it is grouped."""
    return CARDS.get("".join(number.split()).replace("-", ""), UNKNOWN)
