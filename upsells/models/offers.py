"""What a host sells at a property, and for how much."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import TenantQuerySet
from calendars.models import PropertyRow
from domain import offers
from domain.prices import Discounts, HourPrice, NightPrice, Pricing, Rates, Tax
from domain.spans import Span


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
        """How the host gets the money: see `Offer.collected`. By card it goes to the host's own account at Stripe."""

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
        """How the money of a guest from the channel is collected."""
        found: str = self.collection.get(channel) or self.collection.get("") or self.Collection.PROPERTY
        return found


def _pairs(rows: list[list[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((first, second) for first, second in rows)
