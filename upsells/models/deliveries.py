"""What is to be sent about purchases, kept until it is sent; and the certificates of sales."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import TenantModel, TenantQuerySet
from upsells.models.purchases import Purchase


class DeliveryQuerySet(TenantQuerySet["Delivery"]):
    """Choices of deliveries."""

    def due(self, now: datetime) -> Self:
        """Those to be tried now."""
        return self.filter(delivered_at=None, given_up_at=None, next_try_at__lte=now)


class Delivery(TenantModel):
    """One message about a purchase to one recipient: written with the news, sent at least once.

    `step` tells apart what may happen to a purchase more than once: how much was given back in all (minor units), how
    often the host has changed what was sold, or the second (since 1970) of a wish to cancel and of its answer; 0 for
    what happens once.
    """

    class News(models.TextChoices):
        """What it is about."""

        CONFIRMED = "confirmed", _("confirmed")
        DECLINED = "declined", _("not possible")
        CANCELLED = "cancelled", _("cancelled")
        REFUNDED = "refunded", _("money given back")
        CANCEL_WISHED = "cancel_wished", _("the guest asks to cancel")
        CANCEL_REFUSED = "cancel_refused", _("the host keeps the sale")
        SHORTENED = "shortened", _("shortened")
        MOVED = "moved", _("moved here from another home")
        MOVED_AWAY = "moved_away", _("moved to another home")
        STUCK = "stuck", _("the money is stuck")

    class To(models.TextChoices):
        """Who gets it."""

        GUEST = "guest", _("the guest")
        HOST = "host", _("the host")
        CLEANER = "cleaner", _("the cleaner")

    purchase = models.ForeignKey(Purchase, on_delete=models.CASCADE, related_name="deliveries")
    news = models.CharField(max_length=16, choices=News.choices)
    step = models.PositiveBigIntegerField(default=0)
    to = models.CharField(max_length=8, choices=To.choices)
    address = models.EmailField()
    language = models.CharField(max_length=8, default="en")
    created_at = models.DateTimeField()
    resent_at = models.DateTimeField(
        null=True
    )  # when the host last had it sent again; its days count from then
    next_try_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=200, blank=True, default="")
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    objects: ClassVar[DeliveryQuerySet] = DeliveryQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(delivered_at=None, given_up_at=None),
                name="delivery_to_be_tried",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["purchase", "news", "step", "to", "address"], name="told_once"),
        ]


class Certificate(TenantModel):
    """The signed account of why a sale was safe: `body` is the signed text, canonical JSON."""

    purchase = models.OneToOneField(Purchase, on_delete=models.PROTECT, related_name="certificate")
    body = models.TextField()
    signature = models.CharField(max_length=128)
    key_id = models.CharField(max_length=32)
    created_at = models.DateTimeField()

    objects: ClassVar[TenantQuerySet[Certificate]] = TenantQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager
