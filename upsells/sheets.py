"""Purchases as a table for a spreadsheet (`domain.sheets`), one line a purchase.

Days and times are ISO 8601 by the property's own clock, amounts plain decimals beside their currency.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from domain.prices import Item
from domain.sheets import safe, written
from properties.fields import to_decimal
from upsells.models import Offer, Payment, Purchase

CHUNK = 1_000  # rows read at a time


def lines(purchases: Iterable[Purchase]) -> Iterator[str]:
    """The table line by line, its head first.

    The words are of the language that is active when this is called, not when the lines are taken.
    """
    words = Words()
    return written(heads(), (words.cells(purchase) for purchase in purchases))


def heads() -> list[str]:
    """The names of the columns."""
    return [
        _("Reference"), _("Property"), _("Offer"), _("Day"), _("First night"), _("Departure"), _("Nights"),
        _("From"), _("Until"), _("Bought"), _("Decided"), _("State"), _("Reason"), _("Guest"), _("E-mail"),
        _("Persons"), _("Guest came through"), _("Paid"), _("Price"), _("Tax included"), _("Reserved on the card"),
        _("Charged"), _("Given back"), _("On its way back"), _("Currency"),
    ]  # fmt: skip


class Words:
    """The words of coded columns in one language."""

    def __init__(self) -> None:
        self.states = {value: str(label) for value, label in Purchase.State.choices}
        self.reasons = {value: str(label) for value, label in Purchase.Reason.choices} | {"": ""}
        self.kinds = {value: str(label) for value, label in Offer.Kind.choices}
        self.collections = {value: str(label) for value, label in Offer.Collection.choices}

    def cells(self, purchase: Purchase) -> list[object]:
        """The cells of one purchase, as `heads` names them."""
        home, span, takes = purchase.property, purchase.span, purchase.takes
        zone = home.house.zone

        def local(at: datetime | None) -> str:
            return at.astimezone(zone).isoformat(timespec="seconds") if at else ""

        return [
            purchase.public_id,
            safe(home.name),
            self.kinds[purchase.kind],
            purchase.day.isoformat(),
            span.start.isoformat() if span else "",
            span.end.isoformat() if span else "",
            len(span) if span else 0,
            local(takes.start),
            local(takes.end),
            local(purchase.created_at),
            local(purchase.decided_at),
            self.states[purchase.state],
            self.reasons[purchase.reason],
            safe(purchase.guest_name),
            safe(purchase.guest_email),
            purchase.persons,
            safe(purchase.channel),
            self.collections[purchase.collection],
            *_amounts(purchase),
            purchase.currency,
        ]


def _amounts(purchase: Purchase) -> Iterator[str]:
    """Price, tax in it, and what the card was asked for, charged and gives back; nothing of those without a card."""
    tax = sum(amount for item, amount, _on, _name in purchase.lines if item == Item.TAX)
    amounts: list[int | None] = [purchase.amount, tax]
    payment: Payment | None = getattr(purchase, "payment", None)
    if payment is None:
        amounts += [None] * 4
    else:
        reserved = payment.amount if payment.authorised_at else 0
        to_come = payment.to_come.amount if payment.to_come else 0
        amounts += [reserved, payment.captured, payment.refunded, to_come]
    for amount in amounts:
        yield "" if amount is None else f"{to_decimal(amount, purchase.currency):f}"
