"""Purchases, with the price the guest was shown."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField, DateRangeField, DateTimeRangeField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import token
from accounts.models import TenantQuerySet
from calendars.models import PropertyRow
from domain.money import Money
from domain.prices import Item, Line, Price
from domain.remedies import Tier, refund
from domain.spans import Period, Span
from upsells.models.offers import Offer
from upsells.models.stays import StayLink


class PurchaseQuerySet(TenantQuerySet["Purchase"]):
    """Choices of purchases."""

    def checking(self) -> Self:
        """Those whose guest has pressed "book" and waits for our answer."""
        return self.filter(state=Purchase.State.CHECKING)

    def alive(self) -> Self:
        """Those that keep or took time: held, being decided, or confirmed."""
        return self.filter(state__in=Purchase.ALIVE)

    def unanswered(self, now: datetime) -> Self:
        """Those whose host didn't answer in time."""
        return self.filter(state=Purchase.State.ASKED, answer_by__lte=now)

    def wished_back(self) -> Self:
        """Confirmed ones whose guest asked to cancel and waits for the host's word."""
        return self.filter(state=Purchase.State.CONFIRMED, wished_at__isnull=False)

    def lapsed(self, now: datetime) -> Self:
        """Those whose hold ran out before the guest booked."""
        return self.filter(state=Purchase.State.HELD, held_until__lte=now)


class Purchase(PropertyRow):
    """One guest's purchase: nights or hours, the price shown and charged, and how far it has come.

    `nights` may be empty (hours that close no night); `period` is what the guest gets, half-open.
    """

    class State(models.TextChoices):
        """Held → (paying) → checking → (capturing) → confirmed, or an end without a sale.

        While it is captured the decision stands: its nights are sold and closed everywhere.
        """

        HELD = "held", _("held for the guest")
        PAYING = "paying", _("waiting for the card")
        CHECKING = "checking", _("being checked")
        ASKED = "asked", _("waiting for you")
        CAPTURING = "capturing", _("being charged")
        CONFIRMED = "confirmed", _("confirmed")
        DECLINED = "declined", _("not possible")
        LAPSED = "lapsed", _("ran out")
        CANCELLED = "cancelled", _("cancelled")

    class Reason(models.TextChoices):
        """Why a purchase was declined, in words for the host; `guest/_reason.html` has the guest's."""

        TAKEN = "taken", _("another booking took the time first")
        WITHDRAWN = "withdrawn", _("no longer on sale when it was booked")
        LAPSED = "lapsed", _("the time it was kept for ran out")
        REFUSED = "refused", _("you refused")
        UNANSWERED = "unanswered", _("you didn't answer in time")
        UNPAID = "unpaid", _("the card couldn't be charged")

    class By(models.TextChoices):
        """Who cancelled a sale."""

        GUEST = "guest", _("the guest")
        HOST = "host", _("the host")

    ALIVE = (State.HELD, State.PAYING, State.CHECKING, State.ASKED, State.CAPTURING, State.CONFIRMED)

    public_id = models.CharField(max_length=27, unique=True, default=token, editable=False)
    stay_link = models.ForeignKey(StayLink, on_delete=models.PROTECT, related_name="purchases")
    state = models.CharField(max_length=12, choices=State.choices, default=State.HELD)
    reason = models.CharField(max_length=12, choices=Reason.choices, blank=True, default="")
    kind = models.CharField(max_length=16, choices=Offer.Kind.choices, default=Offer.Kind.EXTRA_NIGHTS)
    day = models.DateField()  # of the check-out or the check-in it changes
    nights = DateRangeField()
    period = DateTimeRangeField()
    mode = models.CharField(max_length=12, choices=Offer.Mode.choices, default=Offer.Mode.INSTANT)
    channel = models.CharField(max_length=24, blank=True, default="")
    collection = models.CharField(
        max_length=12, choices=Offer.Collection.choices, default=Offer.Collection.PROPERTY
    )
    persons = models.PositiveSmallIntegerField(default=1)
    lines = models.JSONField(default=list)  # [item, amount, night or "", name] as shown to the guest
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    guest_name = models.CharField(max_length=120, blank=True, default="")
    guest_email = models.EmailField(blank=True, default="")
    language = models.CharField(max_length=8, default="en")  # that the guest read the page in
    created_at = models.DateTimeField()
    held_until = models.DateTimeField()
    feeds = ArrayField(models.BigIntegerField(), default=list)
    requested_at = models.DateTimeField(null=True)
    answer_by = models.DateTimeField(null=True)
    agreed_at = models.DateTimeField(null=True)  # when the host said yes
    decided_at = models.DateTimeField(null=True)
    tiers = models.JSONField(
        default=list, blank=True
    )  # [hours before, percent back] as the guest was shown them
    refund = models.PositiveBigIntegerField(
        null=True
    )  # that the guest asked for, or gets since it was cancelled
    wished_at = models.DateTimeField(null=True)  # when the guest asked to cancel, while that is open
    wish_refused_at = models.DateTimeField(null=True)  # when the host last kept the sale all the same
    cancelled_by = models.CharField(max_length=8, choices=By.choices, blank=True, default="")
    shortened_at = models.DateTimeField(null=True)
    first_nights = DateRangeField(null=True)  # that were bought, before the host had to shorten them
    revision = models.PositiveSmallIntegerField(default=0)  # how often the host shortened or moved it
    moved_to = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="moved_from")

    objects: ClassVar[PurchaseQuerySet] = PurchaseQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        indexes = [
            models.Index(fields=["state", "held_until"], name="purchase_unsettled"),
            models.Index(fields=["property", "-created_at"], name="purchase_of_property"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(period__isempty=False), name="a_purchase_takes_time"),
            models.CheckConstraint(
                condition=Q(state="asked", answer_by__isnull=False) | ~Q(state="asked"),
                name="a_question_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(state="declined") | Q(reason=""), name="only_a_decline_has_a_reason"
            ),
        ]

    @property
    def span(self) -> Span | None:
        """The nights that it closes; None for hours that close none."""
        return None if self.nights.isempty else Span(self.nights.lower, self.nights.upper)

    @property
    def takes(self) -> Period:
        """What the guest gets, as instants."""
        return Period(self.period.lower, self.period.upper)

    @property
    def first_span(self) -> Span | None:
        """The nights that were bought, where the host had to shorten them."""
        return Span(self.first_nights.lower, self.first_nights.upper) if self.first_nights else None

    @property
    def is_nightly(self) -> bool:
        """Whether nights were bought, not hours."""
        return self.kind in Offer.NIGHTLY

    @property
    def by_card(self) -> bool:
        """Whether its money goes through the payment provider."""
        return self.collection == Offer.Collection.CARD

    @property
    def price(self) -> Money:
        """What the guest was shown and pays."""
        return Money(self.amount, self.currency)

    @staticmethod
    def kept_lines(price: Price) -> list[list[Any]]:
        """The lines of a price as a purchase keeps them."""
        return [[line.item, line.amount.amount, str(line.on or ""), line.name] for line in price.lines]

    @property
    def made_of(self) -> Price:
        """The price that the guest was shown, line by line."""
        kept = (
            Line(Item(item), Money(amount, self.currency), date.fromisoformat(on) if on else None, name)
            for item, amount, on, name in self.lines
        )
        return Price(tuple(kept), self.currency)

    @property
    def cancel_tiers(self) -> tuple[Tier, ...]:
        """What the guest gets back who cancels, as they were shown it when they bought."""
        return tuple(Tier(timedelta(hours=hours), percent) for hours, percent in self.tiers)

    @property
    def was_moved(self) -> bool:
        """Whether the guest got another home instead, where what was paid counts."""
        return self.cancelled_by == self.By.HOST and self.refund is None

    def can_be_cancelled(self, now: datetime) -> bool:
        """Whether its guest may still ask for that: it is confirmed, hasn't begun, and no wish is open."""
        return self.state == self.State.CONFIRMED and now < self.takes.start and self.wished_at is None

    def refund_at(self, now: datetime) -> Money:
        """What the guest gets back, or needn't pay, who cancels at the instant."""
        return refund(self.price, self.cancel_tiers, self.takes.start - now)

    @property
    def wished(self) -> Money:
        """What a cancelled purchase's guest gets back, or one who asked to cancel would."""
        return Money(self.refund or 0, self.currency)

    @property
    def owed(self) -> Money | None:
        """What a cancelled purchase still costs where nothing was paid here; None when it is nothing."""
        left = 0 if self.refund is None else self.amount - self.refund
        return Money(left, self.currency) if left and self.state == self.State.CANCELLED else None

    @property
    def looked_since(self) -> datetime | None:
        """Since when every feed is to have been read: the guest pressed "book", or the host agreed after that."""
        return self.agreed_at or self.requested_at

    @property
    def waits(self) -> bool:
        """Whether the guest waits for our answer, which takes seconds."""
        return self.state in {self.State.CHECKING, self.State.CAPTURING}
