"""The links guests open: for everybody at a property, for the guests of a site, and for one stay."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Case, OuterRef, Q, When
from django.db.models.functions import JSONObject

from accounts.fields import token
from accounts.models import TenantModel, TenantQuerySet
from calendars.models import Block, PropertyRow
from domain.events import Kind
from domain.spans import Period, Span
from domain.stays import Link, extended
from properties.models import Property


class StayLinkQuerySet(TenantQuerySet["StayLink"]):
    """Choices of stay links."""

    def live(self) -> Self:
        """Those that still open."""
        return self.filter(revoked_at=None)

    def general(self) -> Self:
        """Those of a property, whose guests name their own day."""
        return self.filter(nights=None)

    def of_stays(self) -> Self:
        """Those of single stays."""
        return self.exclude(nights=None)

    def from_day(self, day: date) -> Self:
        """Those of stays that aren't over on the day."""
        return self.filter(nights__endswith__gte=day)

    def with_sold(self) -> Self:
        """Each with what was sold at its property beside somebody's stay, as `stay` and `sold_hours` need it."""
        sold = Block.objects.filter(property=OuterRef("property"), origin=Block.Origin.SALE).exclude(side="")
        rows = sold.values(
            row=JSONObject(
                kind="kind",
                side="side",
                arrival="nights__startswith",
                departure="nights__endswith",
                begins="period__startswith",
                ends="period__endswith",
            )
        )
        return self.annotate(sold=Case(When(nights=None, then=None), default=ArraySubquery(rows)))


class StayLink(PropertyRow):
    """The unguessable address a guest opens, from a message or a QR code in the flat.

    There is one for everybody, one for the guests of each site, from whom the money may be collected otherwise, and
    one for each stay (`nights`), whose guest needn't name a day. That of a stay which no calendar names any more is
    `gone`: it opens, and offers nothing. A guest's name is for the host alone.
    """

    token = models.CharField(max_length=40, unique=True, default=token, editable=False)
    channel = models.CharField(
        max_length=24, blank=True, default=""
    )  # the site its guests booked at; "" where nobody knows
    nights = DateRangeField(null=True)  # of the stay as it was booked
    guest = models.CharField(max_length=60, blank=True, default="")
    by_hand = models.BooleanField(default=False)  # the host made it: it doesn't follow the calendars
    created_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[StayLinkQuerySet] = StayLinkQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    if TYPE_CHECKING:
        sold: list[dict[str, str]] | None  # of `with_sold`

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["property", "channel"],
                condition=Q(revoked_at=None, nights=None),
                name="one_live_link_per_property_and_site",
            ),
            models.UniqueConstraint(
                fields=["property", "nights"],
                condition=Q(revoked_at=None, gone_at=None, nights__isnull=False),
                name="one_live_link_per_stay",
            ),
            models.CheckConstraint(
                condition=Q(nights=None) | Q(nights__isempty=False), name="a_stay_has_nights"
            ),
            models.CheckConstraint(
                condition=Q(nights__isnull=False) | Q(gone_at=None, guest="", by_hand=False),
                name="only_a_stay_is_somebodys",
            ),
        ]
        indexes = [
            models.Index(fields=["property"], condition=Q(nights__isnull=False), name="staylink_of_stays"),
        ]

    @property
    def booked(self) -> Span | None:
        """The nights of the stay as it was booked; None for a link of the property."""
        return Span(self.nights.lower, self.nights.upper) if self.nights else None

    @property
    def stay(self) -> Span | None:
        """The nights of the stay with those that were bought beside it; the row must come `with_sold`."""
        if self.booked is None:
            return None
        nights = (each for each in self.sold or [] if each["kind"] != Kind.HOURS)
        return extended(self.booked, ((each["side"], _span(each)) for each in nights))

    @property
    def sold_hours(self) -> tuple[Period, ...]:
        """The hours that were bought at the property, beside this stay or another; the row must come `with_sold`."""
        hours = (each for each in self.sold or [] if each["kind"] == Kind.HOURS)
        return tuple(
            Period(datetime.fromisoformat(each["begins"]), datetime.fromisoformat(each["ends"]))
            for each in hours
        )

    @property
    def is_gone(self) -> bool:
        """Whether no calendar names its stay any more."""
        return self.gone_at is not None

    def as_link(self, nights: Span) -> Link:
        """What the rules of recognising stays need to know."""
        return Link(
            self.pk,
            nights,
            self.channel,
            fixed=self.by_hand,
            stopped=self.revoked_at is not None,
            gone=self.is_gone,
        )


class StayRegister(TenantModel):
    """Up to which version of its calendar a property's stays have got their links."""

    property = models.OneToOneField(Property, on_delete=models.CASCADE, primary_key=True)
    version = models.PositiveBigIntegerField(null=True)


def _span(sold: dict[str, str]) -> Span:
    return Span(date.fromisoformat(sold["arrival"]), date.fromisoformat(sold["departure"]))
