"""What an organization pays, as far as it has come, and its invoices."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.fields import SecretField, public_id
from accounts.models import TenantModel, TenantQuerySet
from billing.plans import CHOICES, PLANS, USUAL
from domain import billing as rules
from domain.billing import Facts, Plan, Standing, Status, Sum, Told, Wish
from domain.money import Money


class SubscriptionQuerySet(TenantQuerySet["Subscription"]):
    """Choices of subscriptions."""

    def due(self, now: datetime) -> Self:
        """Those that a worker should look at now."""
        return self.filter(check_at__lte=now)

    def free(self, now: datetime) -> Self:
        """Those that no worker is looking at."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lte=now))


class Subscription(TenantModel):
    """What an organization pays for, one row each: what its owners want, and what the provider said last.

    `properties` is how many were active at the last count. Until `asked_at` is empty again, a worker has yet to tell
    the provider about `wants_pause_until` and `wants_end`. `reminded` is the last letter about what is owed
    (`domain.billing.reminder`), `trial_told` the last about the trial's end (`domain.billing.trial_letter`). `check_at`
    is when to look at the provider next (None: never).
    """

    TOLD = (
        "stripe_id",
        "status",
        "told_plan",
        "told_units",
        "next_at",
        "paused_until",
        "cancels",
        "ended_at",
        "card",
    )

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    plan = models.CharField(_("plan"), max_length=16, choices=CHOICES, default=USUAL)
    properties = models.PositiveIntegerField(default=0)
    trial_until = models.DateTimeField(null=True)
    wants_pause_until = models.DateTimeField(null=True)
    wants_end = models.BooleanField(default=False)
    asked_at = models.DateTimeField(null=True)
    customer = models.CharField(max_length=64, blank=True, default="")
    # What the provider said last.
    stripe_id = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(
        max_length=24, choices=[(each.value, each.name) for each in Status], blank=True, default=""
    )
    told_plan = models.CharField(max_length=64, blank=True, default="")
    told_units = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    next_amount = models.BigIntegerField(null=True)  # minor units; None where there will be no invoice
    next_currency = models.CharField(max_length=3, blank=True, default="")
    paused_until = models.DateTimeField(null=True)
    cancels = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)
    card = models.CharField(max_length=60, blank=True, default="")
    unpaid_since = models.DateTimeField(null=True)
    reminded = models.PositiveSmallIntegerField(default=0)
    trial_told = models.PositiveSmallIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    check_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=200, blank=True, default="")

    objects: ClassVar[SubscriptionQuerySet] = SubscriptionQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="one_subscription_per_organization"),
            models.UniqueConstraint(
                fields=["customer"], condition=~Q(customer=""), name="a_customer_is_one_organization"
            ),
        ]
        indexes = [models.Index(fields=["check_at"], name="subscription_due")]

    @property
    def terms(self) -> Plan:
        """The plan's terms."""
        return PLANS[self.plan]

    @property
    def sum(self) -> Sum:
        """What a month costs with the properties of the last count."""
        return rules.price(self.terms, self.properties)

    @property
    def facts(self) -> Facts:
        """What its standing follows from."""
        return Facts(
            self.sum.units,
            self.trial_until,
            Status(self.status),
            self.unpaid_since,
            self.ended_at,
            self.paused_until,
        )

    def standing(self, now: datetime) -> Standing:
        """Whether it is paid, and what that means."""
        return rules.standing(self.facts, now)

    @property
    def trial_ends(self) -> datetime | None:
        """When something is charged for the first time, unless its owners have ended it."""
        return None if self.cancels or self.wants_end else rules.trial_ends(self.facts, self.next_at)

    @property
    def is_live(self) -> bool:
        """Whether there is a subscription at the provider that goes on."""
        return Status(self.status) not in rules.OVER

    @property
    def next_money(self) -> Money | None:
        """What the next invoice will be, as the provider reckons it."""
        return None if self.next_amount is None else Money(self.next_amount, self.next_currency)

    def wish(self, *, ends: bool) -> Wish:
        """What shall be at the provider."""
        asked = self.asked_at is not None
        return Wish(self.terms, self.sum.units, asked, self.wants_pause_until, self.wants_end, ends)

    def hear(self, told: Told, now: datetime) -> None:
        """Take over what the provider says."""
        self.stripe_id, self.status, self.card = told.subscription, told.status.value, told.card
        self.told_plan, self.told_units = told.plan, told.units
        self.next_at, self.paused_until, self.cancels = told.next_at, told.paused_until, told.cancels
        self.ended_at = told.ended_at
        self.unpaid_since = (self.unpaid_since or now) if told.status in rules.OWED else None


class InvoiceQuerySet(TenantQuerySet["Invoice"]):
    """Choices of invoices."""

    def latest_first(self) -> Self:
        """As people read them."""
        return self.order_by("-issued_at", "-pk")


class Invoice(TenantModel):
    """An invoice of ours, as the provider made it: number, period, amount, state, and the page where it can be paid."""

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("Unpaid")
        PAID = "paid", pgettext_lazy("an invoice", "Paid")
        VOID = "void", _("Cancelled")
        UNCOLLECTIBLE = "uncollectible", _("Given up")

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="invoices")
    stripe_id = models.CharField(max_length=64, unique=True)
    number = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=16, choices=State.choices)
    amount = models.BigIntegerField()  # minor units
    currency = models.CharField(max_length=3)
    issued_at = models.DateTimeField()
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    link = SecretField(default="")

    objects: ClassVar[InvoiceQuerySet] = InvoiceQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        indexes = [models.Index(fields=["subscription", "-issued_at"], name="invoices_by_date")]

    @property
    def money(self) -> Money:
        """What it asks for."""
        return Money(self.amount, self.currency)
