"""Offers, the links guests open, and purchases with the price they were shown."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField, DateRangeField, DateTimeRangeField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import token
from accounts.models import TenantQuerySet
from calendars.models import PropertyRow
from domain import offers
from domain.money import Money
from domain.prices import Discounts, HourPrice, NightPrice, Pricing, Rates, Tax
from domain.spans import Period, Span


class OfferQuerySet(TenantQuerySet["Offer"]):
    """Choices of offers."""

    def on(self) -> Self:
        """Those that the host has switched on."""
        return self.exclude(mode=Offer.Mode.OFF)


def every_day() -> list[int]:
    """All days of the week, Monday first."""
    return list(range(7))


class Offer(PropertyRow):
    """What a host sells at a property, by which rules and for how much. Amounts are minor units of the currency."""

    class Kind(models.TextChoices):
        """What is sold."""

        EXTRA_NIGHTS = offers.Kind.EXTRA_NIGHTS.value, _("Extra nights")
        NIGHTS_BEFORE = offers.Kind.NIGHTS_BEFORE.value, _("Nights before the stay")
        LATE_CHECK_OUT = offers.Kind.LATE_CHECK_OUT.value, _("Late check-out")
        EARLY_CHECK_IN = offers.Kind.EARLY_CHECK_IN.value, _("Early check-in")

    class Mode(models.TextChoices):
        """How a sale comes about."""

        INSTANT = offers.Mode.INSTANT.value, _("sold at once")
        APPROVAL = offers.Mode.APPROVAL.value, _("when I agree")
        OFF = offers.Mode.OFF.value, _("not on sale")

    class PricedBy(models.TextChoices):
        """How the price comes about."""

        FIXED = "fixed", _("a fixed amount")
        PERCENT = "percent", _("a percentage of the night's rate")
        PER_HOUR = "per_hour", _("an amount per hour")
        SLOTS = "slots", _("an amount per slot")

    class Collection(models.TextChoices):
        """How the host gets the money. Nobody collects by card yet: see `Offer.collected`."""

        PROPERTY = "property", _("at the property")
        CARD = "card", _("by card")
        CHANNEL = "channel", _("with the booking site's own tool")

    NIGHTLY = frozenset({Kind.EXTRA_NIGHTS.value, Kind.NIGHTS_BEFORE.value})

    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.EXTRA_NIGHTS)
    mode = models.CharField(max_length=12, choices=Mode.choices, default=Mode.OFF)
    currency = models.CharField(max_length=3)
    collection = models.JSONField(default=dict, blank=True)  # channel key, or "" for all others -> how

    priced_by = models.CharField(max_length=12, choices=PricedBy.choices, default=PricedBy.FIXED)
    price = models.PositiveBigIntegerField(default=0)  # of a night, an hour or the whole, as `priced_by` says
    percent = models.PositiveSmallIntegerField(default=100)
    steps = models.JSONField(default=list, blank=True)  # [from the nth night on, percent off]
    slots = models.JSONField(default=list, blank=True)  # [up to so many minutes, amount]
    weekend_off = models.SmallIntegerField(default=0)
    last_minute_off = models.PositiveSmallIntegerField(default=0)
    last_minute_hours = models.PositiveSmallIntegerField(default=48)
    gap_off = models.PositiveSmallIntegerField(default=0)
    minimum = models.PositiveBigIntegerField(default=0)
    rounding = models.PositiveBigIntegerField(default=1)

    most_nights = models.PositiveSmallIntegerField(default=7)
    least_gap = models.PositiveSmallIntegerField(default=0)
    most_minutes = models.PositiveSmallIntegerField(default=240)
    step_minutes = models.PositiveSmallIntegerField(default=60)
    limit = models.TimeField(null=True, blank=True)
    closes_night = models.BooleanField(default=True)
    adds_lost_night = models.BooleanField(default=True)

    weekdays = ArrayField(models.SmallIntegerField(), default=every_day)
    blackouts = models.JSONField(default=list, blank=True)  # [arrival, departure]
    opens_days = models.PositiveSmallIntegerField(null=True, blank=True)
    cut_off_minutes = models.PositiveIntegerField(default=0)

    objects: ClassVar[OfferQuerySet] = OfferQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["property", "kind"], name="one_offer_of_a_kind"),
            models.CheckConstraint(
                condition=Q(most_nights__range=(1, 30)), name="one_to_thirty_extra_nights"
            ),
            models.CheckConstraint(condition=Q(step_minutes__gte=15), name="a_step_takes_time"),
            models.CheckConstraint(condition=Q(most_minutes__range=(15, 1440)), name="hours_of_one_day"),
            models.CheckConstraint(condition=Q(rounding__gte=1), name="rounded_to_something"),
            models.CheckConstraint(
                condition=Q(mode="off")
                | Q(priced_by="percent", percent__gt=0)
                | Q(priced_by="slots")
                | Q(price__gt=0),
                name="an_offer_costs_something",
            ),
            models.CheckConstraint(condition=Q(percent__lte=1000), name="percent_of_a_rate"),
            models.CheckConstraint(
                condition=Q(last_minute_off__lte=90, gap_off__lte=90, weekend_off__range=(-200, 90)),
                name="discounts_leave_a_price",
            ),
        ]

    @property
    def is_nightly(self) -> bool:
        """Whether it sells nights, not hours."""
        return self.kind in self.NIGHTLY

    @property
    def when(self) -> offers.When:
        """On which days it is sold, and how long before."""
        return offers.When(
            weekdays=frozenset(self.weekdays),
            blackouts=tuple(Span(date.fromisoformat(a), date.fromisoformat(b)) for a, b in self.blackouts),
            opens=None if self.opens_days is None else timedelta(days=self.opens_days),
            cut_off=timedelta(minutes=self.cut_off_minutes),
        )

    @property
    def night_rules(self) -> offers.NightRules:
        """The rules of selling nights."""
        return offers.NightRules(self.most_nights, self.least_gap, self.when)

    @property
    def hour_rules(self) -> offers.HourRules:
        """The rules of selling hours, but for the cleaners'."""
        return offers.HourRules(
            most=timedelta(minutes=self.most_minutes),
            step=timedelta(minutes=self.step_minutes),
            limit=self.limit,
            closes_night=self.closes_night,
            when=self.when,
        )

    def price_rules(self, rates: Rates, taxes: tuple[Tax, ...]) -> Pricing:
        """How it is priced at a property with these rates and taxes."""
        fixed = self.price if self.priced_by == self.PricedBy.FIXED else None
        return Pricing(
            rates=rates,
            nights=NightPrice(fixed if self.is_nightly else None, self.percent, _pairs(self.steps)),
            hours=HourPrice(
                fixed, self.price, _pairs(self.slots) if self.priced_by == self.PricedBy.SLOTS else ()
            ),
            discounts=Discounts(
                weekend=self.weekend_off,
                last_minute=self.last_minute_off,
                last_minute_within=timedelta(hours=self.last_minute_hours),
                gap=self.gap_off,
            ),
            taxes=taxes,
            minimum=self.minimum,
            step=self.rounding,
            adds_lost_night=self.adds_lost_night,
        )

    def collected(self, channel: str) -> str:
        """How the money of a guest from the channel is collected; at the property where cards, to come, are set."""
        found: str = self.collection.get(channel) or self.collection.get("") or self.Collection.PROPERTY
        return self.Collection.PROPERTY if found == self.Collection.CARD else found


def _pairs(rows: list[list[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((first, second) for first, second in rows)


class StayLinkQuerySet(TenantQuerySet["StayLink"]):
    """Choices of stay links."""

    def live(self) -> Self:
        """Those that still open."""
        return self.filter(revoked_at=None)


class StayLink(PropertyRow):
    """The unguessable address a guest opens, from a message or a QR code in the flat.

    There is one for everybody, and one for the guests of each site, from whom the money may be collected otherwise.
    """

    token = models.CharField(max_length=40, unique=True, default=token, editable=False)
    channel = models.CharField(
        max_length=24, blank=True, default=""
    )  # the site its guests booked at; "" where nobody knows
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[StayLinkQuerySet] = StayLinkQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["property", "channel"],
                condition=Q(revoked_at=None),
                name="one_live_link_per_property_and_site",
            ),
        ]


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

    def lapsed(self, now: datetime) -> Self:
        """Those whose hold ran out before the guest booked."""
        return self.filter(state=Purchase.State.HELD, held_until__lte=now)


class Purchase(PropertyRow):
    """One guest's purchase: nights or hours, the price shown and charged, and how far it has come.

    `nights` may be empty (hours that close no night); `period` is what the guest gets, half-open.
    """

    class State(models.TextChoices):
        """Held → checking → confirmed, or an end without a sale."""

        HELD = "held", _("held for the guest")
        CHECKING = "checking", _("being checked")
        ASKED = "asked", _("waiting for the host")
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

    ALIVE = (State.HELD, State.CHECKING, State.ASKED, State.CONFIRMED)

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
    created_at = models.DateTimeField()
    held_until = models.DateTimeField()
    feeds = ArrayField(models.BigIntegerField(), default=list)
    requested_at = models.DateTimeField(null=True)
    answer_by = models.DateTimeField(null=True)
    agreed_at = models.DateTimeField(null=True)  # when the host said yes
    decided_at = models.DateTimeField(null=True)
    shortened_at = models.DateTimeField(null=True)
    first_nights = DateRangeField(null=True)  # that were bought, before the host had to shorten them
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
    def price(self) -> Money:
        """What the guest was shown and pays."""
        return Money(self.amount, self.currency)

    @property
    def waits(self) -> bool:
        """Whether the guest waits for our answer, which takes seconds."""
        return self.state == self.State.CHECKING
