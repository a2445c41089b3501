"""What other software is told of sales, in the transaction that makes it true.

Neither a guest's name nor their e-mail leaves: whoever needs them looks the sale up by its id.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from calendars.announcements import page, place, run
from upsells.models import Delivery, Payment, Purchase
from webhooks import outbox
from webhooks.models import Event

EVENTS: Mapping[str, Event] = {
    Delivery.News.CONFIRMED: Event.SALE_CONFIRMED,
    Delivery.News.DECLINED: Event.SALE_DECLINED,
    Delivery.News.CANCELLED: Event.SALE_CANCELLED,
    Delivery.News.REFUNDED: Event.SALE_REFUNDED,
    Delivery.News.SHORTENED: Event.SALE_CHANGED,
    Delivery.News.MOVED: Event.SALE_CONFIRMED,
    Delivery.News.MOVED_AWAY: Event.SALE_CANCELLED,
}


def sale(purchase: Purchase, news: Delivery.News, now: datetime) -> None:
    """Tell the news of a purchase to whoever listens; some of it is nobody else's business."""
    if event := EVENTS.get(news):
        outbox.announce(purchase.organization_id, event, lambda: _said(purchase.pk), now)


def _said(pk: int) -> dict[str, Any]:
    """A purchase as it stands in this transaction; amounts in minor units of the currency."""
    row = Purchase.objects.select_related("property", "moved_to").get(pk=pk)
    home, zone = row.property, row.property.house.zone
    payment = Payment.objects.filter(purchase=pk).first()
    moved_from = row.moved_from.values_list("public_id", flat=True).first()
    return {
        "id": row.public_id,
        "property": place(home),
        "kind": row.kind,
        "state": row.state,
        "reason": row.reason or None,
        "nights": run(row.span) if row.span else None,
        "starts_at": row.takes.start.astimezone(zone).isoformat(),
        "ends_at": row.takes.end.astimezone(zone).isoformat(),
        "amount": row.amount,
        "refund": row.refund,
        "currency": row.currency,
        "collection": row.collection,
        "charged": payment.captured if payment else None,
        "given_back": payment.refunded if payment else None,
        "channel": row.channel or None,
        "cancelled_by": row.cancelled_by or None,
        "moved_to": row.moved_to.public_id if row.moved_to else None,
        "moved_from": moved_from,
        "url": page("upsells:purchase", home.public_id, row.public_id),
    }
