"""A property: what is let, in which zone, from when to when, and for how much a night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, time
from operator import attrgetter
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.fields import public_id, token
from accounts.models import TenantModel, TenantQuerySet
from domain.house import House
from domain.money import Money
from domain.prices import Rates, Season, Tax
from domain.spans import Span

DAY_MINUTES = 24 * 60
PHOTO_WIDTHS = (640, 1280)  # pixels


def _by_weekday(rates: dict[str, int]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((int(day), amount) for day, amount in rates.items()))


class PropertyQuerySet(TenantQuerySet["Property"]):
    """Choices of properties."""

    def active(self) -> Self:
        """Those that aren't archived."""
        return self.filter(archived_at=None)

    def usual_zone(self) -> ZoneInfo:
        """Where most of them are: what day it is on a page about all of them. UTC of none."""
        return self.zones()[0]

    def zones(self) -> tuple[ZoneInfo, ...]:
        """Where they are, the usual zone first: the clock of a page about all of them. UTC of none."""
        return zones_of(self.only("time_zone"))


def zones_of(homes: Iterable[Property]) -> tuple[ZoneInfo, ...]:
    """The zones of homes, the most usual first, and of two as usual that of the oldest home; UTC of none."""
    counts = Counter(home.time_zone for home in sorted(homes, key=attrgetter("pk")))
    return tuple(ZoneInfo(name) for name, _count in counts.most_common() or [("UTC", 0)])


class Property(TenantModel):
    """One home, room or unit that guests can stay in."""

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    time_zone = models.CharField(_("time zone"), max_length=64)
    check_in = models.TimeField(_("check-in from"), default=time(15))
    check_out = models.TimeField(_("check-out until"), default=time(11))
    turnaround = models.PositiveSmallIntegerField(
        _("turnaround"), default=120, validators=[MaxValueValidator(DAY_MINUTES)]
    )
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    nightly_rate = models.PositiveBigIntegerField(_("nightly rate"), help_text="minor units of the currency")
    weekday_rates = models.JSONField(default=dict, blank=True)  # "4" (Friday) -> minor units
    seasons = models.JSONField(default=list, blank=True)  # [arrival, departure, minor units, weekday rates]
    taxes = models.JSONField(
        default=list, blank=True
    )  # [name, hundredths of a percent, minor a night, per person]
    cleaner_email = models.EmailField(_("cleaners' e-mail"), blank=True, default="")
    cleaner_language = models.CharField(_("cleaners' language"), max_length=8, default="en")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PropertyQuerySet] = PropertyQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        verbose_name = _("property")
        verbose_name_plural = _("properties")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="property_in_organization"),
            models.CheckConstraint(
                condition=Q(check_out__lte=F("check_in")), name="check_out_not_after_check_in"
            ),
            models.CheckConstraint(condition=Q(turnaround__lte=DAY_MINUTES), name="turnaround_within_a_day"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="currency_is_iso_4217"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The host's page of the property, which tells most of it at a glance."""
        return reverse("overview", args=[self.public_id])

    @property
    def house(self) -> House:
        """The property's clock. Once there is a calendar, it is saved by `calendars.rehousing` alone."""
        return House(ZoneInfo(self.time_zone), self.check_in, self.check_out, self.turnaround)

    @house.setter
    def house(self, house: House) -> None:
        self.time_zone = house.zone.key
        self.check_in, self.check_out, self.turnaround = house.check_in, house.check_out, house.turnaround

    @property
    def rates(self) -> Rates:
        """What each night costs on the channels."""
        seasons = tuple(
            Season(Span(date.fromisoformat(start), date.fromisoformat(end)), base, _by_weekday(weekdays))
            for start, end, base, weekdays in self.seasons
        )
        return Rates(self.currency, self.nightly_rate, _by_weekday(self.weekday_rates), seasons)

    @property
    def tax_rules(self) -> tuple[Tax, ...]:
        """The taxes that come on top of every price."""
        return tuple(Tax(*row) for row in self.taxes)

    @property
    def photo(self) -> Photo | None:
        """What guests see of it; None where there is no photo, or none any more."""
        kept: Photo | None = getattr(self, "kept_photo", None)
        return kept if kept and kept.removed_at is None else None

    @property
    def has_other_amounts(self) -> bool:
        """Whether amounts beside the usual rate stand in its currency."""
        return bool(self.weekday_rates or self.seasons or any(tax.per_night for tax in self.tax_rules))

    @property
    def rate(self) -> Money:
        """What a night costs on the channels."""
        return Money(self.nightly_rate, self.currency)


class Photo(TenantModel):
    """What guests see of a home: a picture that we have drawn anew, without whatever else its file told.

    Another picture is another row with another `token`, so that whoever keeps a copy needn't ask again.
    """

    property = models.OneToOneField(Property, on_delete=models.CASCADE, related_name="kept_photo")
    token = models.CharField(max_length=40, unique=True, default=token, editable=False)
    words = models.CharField(_("what it shows"), max_length=160, blank=True, default="")
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    def address(self, width: int) -> str:
        """Where the picture of that width is."""
        return reverse("photo", args=[self.token, width])

    def small(self) -> str:
        """Where the small one is."""
        return self.address(PHOTO_WIDTHS[0])

    def large(self) -> str:
        """Where the large one is."""
        return self.address(PHOTO_WIDTHS[1])


class PhotoFile(models.Model):
    """A photo in one width: a WebP file."""

    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="files")
    width = models.PositiveSmallIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["photo", "width"], name="a_photo_once_in_a_width")]
