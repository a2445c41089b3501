"""Offers, the links guests open, and purchases with the price they were shown."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import token
from accounts.models import TenantQuerySet
from calendars.models import PropertyRow
from domain.money import Money
from domain.offers import Terms
from domain.spans import Span


class OfferQuerySet(TenantQuerySet["Offer"]):
    """Choices of offers."""

    def on(self) -> Self:
        """Those that the host has switched on."""
        return self.filter(active=True)


class Offer(PropertyRow):
    """What a host sells at a property, and by which rules."""

    class Kind(models.TextChoices):
        """What is sold."""

        EXTRA_NIGHTS = "extra_nights", _("Extra nights")

    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.EXTRA_NIGHTS)
    active = models.BooleanField(_("on sale"), default=False)
    nightly_price = models.PositiveIntegerField(_("price per night"))
    currency = models.CharField(max_length=3)
    max_nights = models.PositiveSmallIntegerField(_("at most"), default=7)

    objects: ClassVar[OfferQuerySet] = OfferQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["property", "kind"], name="one_offer_of_a_kind"),
            models.CheckConstraint(condition=Q(nightly_price__gt=0), name="an_offer_costs_something"),
            models.CheckConstraint(condition=Q(max_nights__range=(1, 30)), name="one_to_thirty_extra_nights"),
        ]

    @property
    def terms(self) -> Terms:
        """The rules as a value."""
        return Terms(nightly=Money(self.nightly_price, self.currency), max_nights=self.max_nights)


class StayLinkQuerySet(TenantQuerySet["StayLink"]):
    """Choices of stay links."""

    def live(self) -> Self:
        """Those that still open."""
        return self.filter(revoked_at=None)


class StayLink(PropertyRow):
    """The unguessable address a guest opens, from a message or a QR code in the flat."""

    token = models.CharField(max_length=40, unique=True, default=token, editable=False)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[StayLinkQuerySet] = StayLinkQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["property"], condition=Q(revoked_at=None), name="one_live_link_per_property"
            ),
        ]


class PurchaseQuerySet(TenantQuerySet["Purchase"]):
    """Choices of purchases."""

    def checking(self) -> Self:
        """Those whose guest has pressed "book" and waits for our answer."""
        return self.filter(state=Purchase.State.CHECKING)

    def lapsed(self, now: datetime) -> Self:
        """Those whose hold ran out before the guest booked."""
        return self.filter(state=Purchase.State.HELD, held_until__lte=now)


class Purchase(PropertyRow):
    """One guest's purchase: nights, the price shown and charged, and how far it has come."""

    class State(models.TextChoices):
        """Held → checking → confirmed, or an end without a sale."""

        HELD = "held", _("held for the guest")
        CHECKING = "checking", _("being checked")
        CONFIRMED = "confirmed", _("confirmed")
        DECLINED = "declined", _("not possible")
        LAPSED = "lapsed", _("ran out")
        CANCELLED = "cancelled", _("cancelled")

    class Reason(models.TextChoices):
        """Why a purchase was declined."""

        TAKEN = "taken", _("Somebody else has just booked one of these nights.")
        UNREADABLE = (
            "unreadable",
            _("We couldn't make sure with every booking site that the nights are still free."),
        )
        WITHDRAWN = "withdrawn", _("Your host no longer offers these nights.")
        LAPSED = "lapsed", _("The nights were kept for ten minutes, and that time is over.")

    public_id = models.CharField(max_length=27, unique=True, default=token, editable=False)
    stay_link = models.ForeignKey(StayLink, on_delete=models.PROTECT, related_name="purchases")
    state = models.CharField(max_length=12, choices=State.choices, default=State.HELD)
    reason = models.CharField(max_length=12, choices=Reason.choices, blank=True, default="")
    nights = DateRangeField()
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    guest_name = models.CharField(max_length=120, blank=True, default="")
    guest_email = models.EmailField(blank=True, default="")
    created_at = models.DateTimeField()
    held_until = models.DateTimeField()
    feeds = ArrayField(models.BigIntegerField(), default=list)
    requested_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)

    objects: ClassVar[PurchaseQuerySet] = PurchaseQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        indexes = [
            models.Index(fields=["state", "held_until"], name="purchase_unsettled"),
            models.Index(fields=["property", "-created_at"], name="purchase_of_property"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(nights__isempty=False), name="a_purchase_has_nights"),
            models.CheckConstraint(
                condition=Q(state="declined") | Q(reason=""), name="only_a_decline_has_a_reason"
            ),
        ]

    @property
    def span(self) -> Span:
        """The nights as a value."""
        return Span(self.nights.lower, self.nights.upper)

    @property
    def price(self) -> Money:
        """What the guest was shown and pays."""
        return Money(self.amount, self.currency)

    @property
    def waits(self) -> bool:
        """Whether the guest is still waiting for an answer."""
        return self.state == self.State.CHECKING
