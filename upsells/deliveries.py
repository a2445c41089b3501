"""The outbox: what is to be sent about a purchase is written in the transaction that makes it true."""

from datetime import datetime

from upsells.models import Delivery, Purchase


def announce(purchase: Purchase, news: Delivery.News, now: datetime) -> None:
    """Write down who is to be told, within the caller's transaction; workers send it after the commit."""
