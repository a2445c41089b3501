"""Purchases as a table for a spreadsheet: CSV (RFC 4180), UTF-8 with a byte order mark, one line a purchase.

Days and times are ISO 8601 by the property's own clock, amounts plain decimals beside their currency. What people
typed can't become a formula when a spreadsheet opens the file, whichever mark it takes for the end of a cell.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from domain.prices import Item
from properties.fields import to_decimal
from upsells.models import Offer, Payment, Purchase

BOM = "\ufeff"
CHUNK = 1_000  # rows read at a time
# A cell that begins with one of these is a formula; spreadsheets differ in what ends a cell and in what they skip.
FORMULA = re.compile(r"(^|[;,|\t\r\n])([\s\"'\u200b\ufeff]*)([=+\-@\uff1d\uff0b\uff0d\uff20])")


class _Line:
    """What csv writes to: keeps the last line."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text = text
        return len(text)


def lines(purchases: Iterable[Purchase]) -> Iterator[str]:
    """The table line by line, its head first.

    The words are of the language that is active when this is called, not when the lines are taken.
    """
    words = Words()
    return written(heads(), (words.cells(purchase) for purchase in purchases))


def written(head: list[str], rows: Iterable[list[object]]) -> Iterator[str]:
    """Any table line by line, its head first."""
    kept = _Line()
    writer = csv.writer(kept, dialect="excel")
    writer.writerow(head)
    yield BOM + kept.text
    for row in rows:
        writer.writerow(row)
        yield kept.text


def safe(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would take for a formula."""
    return FORMULA.sub(r"\1\2'\3", text.replace("\x00", ""))


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
