"""Offers, the links guests open, purchases with their payments, and what is sent about them."""

from upsells.models.cancelling import CancelTerms
from upsells.models.deliveries import Certificate, Delivery
from upsells.models.offers import Offer
from upsells.models.payments import Payment, PayoutAccount, StripeEvent
from upsells.models.purchases import Purchase
from upsells.models.stays import StayLink, StayRegister

__all__ = [
    "CancelTerms",
    "Certificate",
    "Delivery",
    "Offer",
    "Payment",
    "PayoutAccount",
    "Purchase",
    "StayLink",
    "StayRegister",
    "StripeEvent",
]
