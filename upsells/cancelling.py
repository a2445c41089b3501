"""Taking a confirmed sale back: by the host, or by the guest on the terms that they were shown when they bought."""

from datetime import datetime

import structlog
from django.db.models import F
from django.db.models.functions import Greatest

from calendars import ledger
from domain.money import Money
from properties.models import Property
from upsells import checkout
from upsells.models import CancelTerms, Delivery, Payment, Purchase

log = structlog.get_logger()


class Changed(Exception):
    """It isn't any more as the guest or the host saw it: begun, cancelled, or another amount."""


def cancel(
    purchase: Purchase, now: datetime, refund: Money | None = None, by: Purchase.By = Purchase.By.HOST
) -> bool:
    """A confirmed sale is taken back: its nights and every export open with this commit; whether it was one.

    The guest gets back `refund`, by default all of it; where nothing was charged here, they needn't pay that much.
    A sale that costs another amount by now than the row in hand says is left as it is.
    """
    with ledger.changing(purchase.property, now) as change:
        return taken_back(change, purchase, refund, by)


def taken_back(
    change: ledger.Changing,
    purchase: Purchase,
    refund: Money | None = None,
    by: Purchase.By = Purchase.By.HOST,
) -> bool:
    """The same under a lock that is held already; whether it was a confirmed sale."""
    amount = purchase.amount if refund is None else min(refund.amount, purchase.amount)
    rows = Purchase.objects.filter(pk=purchase.pk, amount=purchase.amount, state=Purchase.State.CONFIRMED)
    if not rows.update(
        state=Purchase.State.CANCELLED, decided_at=change.now, refund=amount, cancelled_by=by, wished_at=None
    ):
        return False
    ledger.release(change, purchase.public_id)
    keep_only(purchase, purchase.amount - amount, change.now)
    checkout.tell(purchase, Delivery.News.CANCELLED, change.now)
    log.info("sale cancelled", purchase=purchase.pk, by=by.value, refund=amount)
    return True


def keep_only(purchase: Purchase, amount: int, now: datetime) -> None:
    """The host keeps so much (minor units) of what was charged; the rest goes back. Never less than was said before."""
    payments = Payment.objects.filter(purchase=purchase, goal=Payment.Goal.CAPTURE)
    payments.update(to_refund=Greatest(F("to_refund"), F("captured") - amount), check_at=now)


def wish(purchase: Purchase, shown: int, now: datetime) -> bool:
    """The guest asks to cancel for what they were shown (minor units); whether it was done at once.

    It is where the host has said so; else the host decides, and the amount stays what it was when the guest asked.
    Raises Changed when it is another by now, or too late.
    """
    with ledger.changing(purchase.property, now) as change:
        purchase.refresh_from_db(fields=["state", "amount", "nights", "period", "tiers", "wished_at"])
        refund = purchase.refund_at(now)
        if not purchase.can_be_cancelled(now) or refund.amount != shown:
            raise Changed
        if is_automatic(purchase.property):
            return taken_back(change, purchase, refund, Purchase.By.GUEST)
        Purchase.objects.filter(pk=purchase.pk).update(
            wished_at=now, wish_refused_at=None, refund=refund.amount
        )
        checkout.tell(purchase, Delivery.News.CANCEL_WISHED, now, step=int(now.timestamp()))
    return False


def is_automatic(home: Property) -> bool:
    """Whether a guest of the home who cancels gets their tier at once, without the host's word."""
    terms = CancelTerms.objects.filter(property=home).first()
    return terms is None or terms.automatic


def grant(purchase: Purchase, now: datetime) -> bool:
    """The host grants a guest's wish: they get what they were shown when they asked; False without an open wish."""
    with ledger.changing(purchase.property, now) as change:
        open_wish = Purchase.objects.wished_back().filter(pk=purchase.pk).first()
        if open_wish is None:
            return False
        refund = Money(open_wish.refund or 0, purchase.currency)
        return taken_back(change, purchase, refund, Purchase.By.GUEST)


def keep(purchase: Purchase, now: datetime) -> bool:
    """The host keeps the sale although the guest asked to cancel; False without an open wish."""
    with ledger.changing(purchase.property, now):
        rows = Purchase.objects.wished_back().filter(pk=purchase.pk)
        if not rows.update(wished_at=None, wish_refused_at=now, refund=None):
            return False
        checkout.tell(purchase, Delivery.News.CANCEL_REFUSED, now, step=int(now.timestamp()))
    return True
