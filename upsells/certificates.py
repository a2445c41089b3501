"""The certificate of a sale: what each feed said, when, by which rules it was decided; signed."""

from datetime import datetime

from upsells.models import Purchase


def certify(purchase: Purchase, now: datetime) -> None:
    """Write the certificate of a sale, within the transaction that confirms it."""
