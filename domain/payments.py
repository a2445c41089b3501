"""What a card payment may be asked next: pure rules over what the provider says and what the purchase wants.

Messages of the provider come late, twice, out of order or never. So no message is believed: each only makes us ask
how things stand (`Told`), and the next step follows from that alone.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Session(StrEnum):
    """Where the provider's payment page stands."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class Intent(StrEnum):
    """Where the money stands."""

    NONE = "none"  # no card was tried yet
    PENDING = "pending"  # being tried, or waiting for the guest's bank
    AUTHORISED = "authorised"  # reserved on the card
    CAPTURED = "captured"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Told:
    """How one payment stands by the provider's own word. Amounts are minor units.

    `captured` and `refunded` are totals so far; a refund that is still pending counts, one that failed doesn't.
    """

    session_id: str
    session: Session
    intent: Intent
    intent_id: str = ""
    url: str = ""
    expires_at: datetime | None = None
    amount: int = 0
    currency: str = ""
    captured: int = 0
    refunded: int = 0
    card: str = ""
    declined: str = ""  # why the last card didn't work, in the provider's words
