"""What the guest's page shows of a purchase's money: where the card payment stands, and what cancelling would give."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from upsells import cancelling
from upsells.models import Payment, Purchase

QUICK_S, SLOW_S = 2, 20  # between two questions of an open page


@dataclass(frozen=True, slots=True)
class Shown:
    """`stage` is a part of the page's state, empty where there is no payment."""

    stage: str
    waits_for_provider: bool
    context: dict[str, Any]


def shown(row: Purchase, now: datetime, *, has_paid: bool) -> Shown:
    """What is shown now; `has_paid` when the guest comes from the provider's page and has paid, as they say."""
    payment = Payment.objects.filter(purchase=row).first()
    stage = _stage(row, payment, now, has_paid=has_paid)
    context = {
        "payment": payment,
        "stage": stage,
        "paid": has_paid,
        "asks_every": _asks_every(row, payment, stage),
        "simulated": settings.STRIPE_SIMULATED,
        "can_cancel": row.can_be_cancelled(now),
        "back_now": row.refund_at(now),
        "cancels_at_once": cancelling.is_automatic(row.property),
    }
    return Shown(stage, payment is not None and payment.check_at is not None, context)


def _stage(row: Purchase, payment: Payment | None, now: datetime, *, has_paid: bool) -> str:
    if payment is None:
        return "-wished" if row.wished_at else ""
    if row.state != Purchase.State.PAYING:
        return f"-{payment.state}-{payment.refunded}{'-wished' if row.wished_at else ''}"
    if row.held_until <= now:
        return "-ending"
    if not payment.url:
        return "-opening"
    return "-returned" if has_paid else "-open"  # a card that was declined was another one, before


def _asks_every(row: Purchase, payment: Payment | None, stage: str) -> int:
    """After how many seconds the page asks again; 0 when there is nothing to wait for."""
    if row.waits or stage in {"-opening", "-returned", "-ending"}:
        return QUICK_S
    is_open = row.state in {Purchase.State.ASKED, Purchase.State.PAYING} or row.wished_at
    return SLOW_S if is_open or (payment and payment.check_at) else 0
