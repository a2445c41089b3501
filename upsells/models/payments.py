"""Payments by card: the host's account they go to, one payment a purchase, and the provider's messages."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import public_id
from accounts.models import TenantModel, TenantQuerySet
from domain.money import Money
from domain.payments import Intent, Session, Told, rest
from upsells.models.purchases import Purchase

SENT_BACK = "The refund came back: the card's bank didn't take it."
PAID = frozenset({Intent.AUTHORISED, Intent.CAPTURED})


class PayoutAccountQuerySet(TenantQuerySet["PayoutAccount"]):
    """Choices of accounts."""

    def ready(self) -> Self:
        """Those that may take cards."""
        return self.filter(charges_enabled=True).exclude(stripe_id="")

    def due(self, now: datetime) -> Self:
        """Those that the provider is to be asked about."""
        return self.filter(check_at__lte=now)


class PayoutAccount(TenantModel):
    """The account of an organization at Stripe that guests' money goes to.

    Everything but `wanted_at` repeats what Stripe said at `checked_at`; `link` opens Stripe's own form until
    `link_until`.
    """

    country = models.CharField(max_length=2, blank=True, default="")  # ISO 3166-1, where the host is at home
    stripe_id = models.CharField(max_length=64, blank=True, default="")
    charges_enabled = models.BooleanField(default=False)
    details_submitted = models.BooleanField(default=False)
    due = models.JSONField(default=list, blank=True)  # what Stripe still wants to know, in its words
    link = models.TextField(blank=True, default="")
    link_until = models.DateTimeField(null=True)
    wanted_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    check_at = models.DateTimeField(null=True)  # when the provider is asked next
    trouble = models.TextField(blank=True, default="")  # the sentence when Stripe refused

    objects: ClassVar[PayoutAccountQuerySet] = PayoutAccountQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="one_payout_account_of_an_organization"),
            models.UniqueConstraint(
                fields=["stripe_id"], condition=~Q(stripe_id=""), name="one_organization_of_a_stripe_account"
            ),
        ]


class PaymentQuerySet(TenantQuerySet["Payment"]):
    """Choices of payments."""

    def unsettled(self) -> Self:
        """Those that may still move money."""
        return self.exclude(state__in=Payment.SETTLED)

    def due(self, now: datetime) -> Self:
        """Those that the provider is to be asked about."""
        return self.filter(check_at__lte=now)

    def free(self, now: datetime) -> Self:
        """Those that no worker speaks with the provider about."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lte=now))


class Payment(TenantModel):
    """The card payment of one purchase, as the provider said last. Amounts are minor units of the purchase's currency.

    `goal` is what the purchase's story wants of it: a booking's money captured, or everything given back.
    """

    class State(models.TextChoices):
        """What the provider said last."""

        NEW = "new", _("not begun")
        OPEN = "open", _("waiting for the guest's card")
        AUTHORISED = "authorised", _("reserved on the card")
        CAPTURED = "captured", _("charged")
        VOIDED = "voided", _("released")
        EXPIRED = "expired", _("never paid")
        REFUNDED = "refunded", _("given back")

    class Goal(models.TextChoices):
        """What the money shall come to."""

        WAIT = "wait", _("wait")
        CAPTURE = "capture", _("charge")
        GIVE_BACK = "give_back", _("give everything back")

    SETTLED = (State.VOIDED, State.EXPIRED, State.REFUNDED)
    TOLD = (  # what `hear` writes
        "session_id", "intent_id", "url", "card", "state", "captured", "refunded", "refunding", "sent_back",
        "refund_at", "trouble", "authorised_at", "captured_at", "settled_at",
    )  # fmt: skip

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    purchase = models.OneToOneField(Purchase, on_delete=models.PROTECT, related_name="payment")
    account = models.CharField(max_length=64)  # the connected account it goes to
    session_id = models.CharField(max_length=255, blank=True, default="")
    intent_id = models.CharField(max_length=255, blank=True, default="")
    url = models.TextField(blank=True, default="")  # of Stripe's page, for the guest
    attempt = models.PositiveSmallIntegerField(default=1)  # part of the idempotency key of the session
    state = models.CharField(max_length=12, choices=State.choices, default=State.NEW)
    goal = models.CharField(max_length=12, choices=Goal.choices, default=Goal.WAIT)
    amount = models.PositiveBigIntegerField()
    fee = models.PositiveBigIntegerField(default=0)  # of the platform, out of the amount
    captured = models.PositiveBigIntegerField(default=0)
    to_refund = models.PositiveBigIntegerField(default=0)  # what shall have been given back in all
    refunded = models.PositiveBigIntegerField(default=0)  # what has been given back
    refunding = models.PositiveBigIntegerField(default=0)  # what is on its way back beside that, and may fail
    sent_back = models.PositiveSmallIntegerField(default=0)  # how often the card's bank sent a refund back
    refund_at = models.DateTimeField(null=True)  # before which a refund that came back isn't tried again
    card = models.CharField(max_length=40, blank=True, default="")  # "Visa ···· 4242", for the receipt
    trouble = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    authorised_at = models.DateTimeField(null=True)
    captured_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    check_at = models.DateTimeField(null=True)  # when the provider is asked next; None: nothing is open
    checks = models.PositiveSmallIntegerField(default=0)  # in a row without an answer
    refused_since = models.DateTimeField(
        null=True
    )  # that the provider won't act, or won't even say how it stands
    leased_until = models.DateTimeField(null=True)  # while a worker speaks with the provider about it

    objects: ClassVar[PaymentQuerySet] = PaymentQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        indexes = [
            models.Index(
                fields=["check_at"], condition=Q(check_at__isnull=False), name="payment_to_ask_about"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(captured__lte=F("amount")), name="captured_is_what_was_agreed"
            ),
            models.CheckConstraint(
                condition=Q(to_refund__lte=F("captured")), name="refunds_never_exceed_captures"
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=F("refunded") + F("refunding")), name="refunded_was_captured"
            ),
            models.CheckConstraint(condition=Q(fee__lte=F("amount")), name="a_fee_is_part_of_the_amount"),
        ]

    def hear(self, told: Told, now: datetime) -> None:
        """Take over what the provider says, within the row's own bounds whatever that is."""
        self.session_id, self.intent_id = told.session_id or self.session_id, told.intent_id or self.intent_id
        self.url, self.card = told.url or self.url, told.card or self.card
        self.state = _state_told(told)
        self.captured = max(min(told.captured, self.amount), self.captured)
        self.refunding = min(told.refunding, self.captured)
        self.refunded = min(told.refunded, self.captured) - self.refunding
        self._hear_of_refunds(told.sent_back, now)
        self.trouble = SENT_BACK if self.came_back else told.declined[:200]
        self.authorised_at = self.authorised_at or (now if told.intent in PAID else None)
        self.captured_at = self.captured_at or (now if self.captured else None)
        self.settled_at = (self.settled_at or now) if self.state in self.SETTLED else None

    def _hear_of_refunds(self, sent_back: int, now: datetime) -> None:
        """One that came back is tried again after a rest, however often we are asked to look before."""
        came_back, self.sent_back = sent_back > self.sent_back, max(sent_back, self.sent_back)
        if self.sent_back:
            rested = now + rest(self.sent_back)
            self.refund_at = rested if came_back else min(self.refund_at or rested, rested)

    @property
    def total(self) -> Money:
        """What the card is asked for."""
        return Money(self.amount, self.purchase.currency)

    @property
    def charged(self) -> Money:
        """What was charged so far."""
        return Money(self.captured, self.purchase.currency)

    @property
    def back(self) -> Money:
        """What was given back."""
        return Money(self.refunded, self.purchase.currency)

    @property
    def kept(self) -> Money:
        """What of the charge neither is given back nor will be."""
        going = self.to_come.amount if self.to_come else 0
        return Money(self.captured - self.refunded - going, self.purchase.currency)

    @property
    def to_come(self) -> Money | None:
        """What the guest will have back, on its way or not; None when nothing is."""
        wanted = self.captured if self.goal == self.Goal.GIVE_BACK else self.to_refund
        going = max(wanted - self.refunded, self.refunding)
        return Money(going, self.purchase.currency) if going else None

    @property
    def owed(self) -> Money | None:
        """What is still to be sent on its way back; None when nothing is."""
        left = self.to_come.amount - self.refunding if self.to_come else 0
        return Money(left, self.purchase.currency) if left else None

    @property
    def standing(self) -> str:
        """How it stands, in words for the host."""
        is_all = self.refunded + self.refunding >= self.captured
        return str(_("on its way back") if self.refunding and is_all else self.get_state_display())

    @property
    def came_back(self) -> bool:
        """Whether the card's bank sent back what is owed, so that it rests until it is tried again."""
        return self.sent_back > 0 and self.owed is not None

    @property
    def declined(self) -> str:
        """Why the guest's last card didn't work, in the provider's words."""
        return self.trouble if self.state == self.State.OPEN and not self.checks else ""


def _state_told(told: Told) -> Payment.State:
    if told.intent is Intent.CAPTURED:
        is_back = told.refunded - told.refunding >= told.captured > 0
        return Payment.State.REFUNDED if is_back else Payment.State.CAPTURED
    if told.intent is Intent.AUTHORISED:
        return Payment.State.AUTHORISED
    if told.session is Session.OPEN or told.intent is Intent.PENDING:
        return Payment.State.OPEN
    return Payment.State.VOIDED if told.intent is Intent.VOIDED else Payment.State.EXPIRED


class StripeEvent(models.Model):
    """A message of Stripe's, kept once; it only says that there may be news: the truth is asked for."""

    event_id = models.CharField(max_length=255, unique=True)
    kind = models.CharField(max_length=80)
    account = models.CharField(max_length=64, blank=True, default="")
    about = models.CharField(
        max_length=255, blank=True, default=""
    )  # the session's, intent's or account's id
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["received_at"], condition=Q(handled_at=None), name="stripe_event_unhandled"),
        ]
