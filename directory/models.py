"""Requests to join, the codes that keep robots out, and what organizations show of themselves to everybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.fields import public_id
from accounts.models import Organization, TenantModel, TenantQuerySet, User
from connectors import links
from properties.models import Property


class JoinRequestQuerySet(models.QuerySet["JoinRequest"]):
    """Choices of requests."""

    def waiting(self) -> Self:
        """Those that somebody has confirmed and no operator has decided."""
        return self.filter(decided_at=None).exclude(confirmed_at=None)

    def forgettable(self, now: datetime) -> Self:
        """Those that were never confirmed in time, or were declined long ago."""
        unconfirmed = Q(confirmed_at=None, asked_at__lt=now - JoinRequest.CONFIRMED_WITHIN)
        declined = Q(approved=False, decided_at__lt=now - JoinRequest.KEPT_FOR)
        return self.filter(unconfirmed | declined)


class JoinRequest(models.Model):
    """Somebody's wish to join, from the page for everybody; an operator decides about it once its mail is confirmed.

    It belongs to nobody: `organization` is what an approval opened, and the request goes with that. `letters` are the
    links that were sent since `asked_at`. `word` is what the operator wrote to whom they declined.
    """

    CONFIRMED_WITHIN = timedelta(days=3)
    KEPT_FOR = timedelta(days=90)

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    name = models.CharField(_("name"), max_length=80)
    email = models.EmailField(_("e-mail"))
    domain = models.CharField(_("domain"), max_length=253)
    language = models.CharField(_("language"), max_length=8)
    asked_at = models.DateTimeField()
    letters = models.PositiveSmallIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    approved = models.BooleanField(null=True)
    word = models.TextField(blank=True, default="")
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    organization = models.ForeignKey(Organization, null=True, on_delete=models.CASCADE, related_name="+")

    objects: ClassVar[JoinRequestQuerySet] = JoinRequestQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        verbose_name = _("request to join")
        verbose_name_plural = _("requests to join")
        constraints = [
            models.UniqueConstraint(
                fields=["email"], condition=Q(decided_at=None), name="one_open_request_of_an_address"
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None, approved=None)
                | Q(decided_at__isnull=False, approved__isnull=False, confirmed_at__isnull=False),
                name="only_confirmed_requests_are_decided",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], name="join_request_age")]

    def __str__(self) -> str:
        return f"{self.name}, {self.site}"

    @property
    @admin.display(description=_("domain"))
    def site(self) -> str:
        """The domain as people read it, in its own letters."""
        return links.readable(self.domain)


class SpentCode(models.Model):
    """An access code that nobody can use again: its answer was wrong, or what came with it was `accepted`."""

    name = models.CharField(max_length=32, unique=True)
    until = models.DateTimeField(db_index=True)  # by then it would have expired anyway
    accepted = models.BooleanField()


class VendorQuerySet(TenantQuerySet["Vendor"]):
    """Choices of vendors."""

    def shown(self) -> Self:
        """Those that want to be found, now."""
        return self.filter(is_shown=True, organization__ends_at=None)


class Vendor(TenantModel):
    """What an organization tells everybody about itself; nobody sees it unless `is_shown`.

    `email` is where the contact form writes to; it is shown nowhere. `language` is that of whoever filled this in.
    """

    is_shown = models.BooleanField(default=False)
    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    words = models.TextField(_("about you"), max_length=1000, blank=True, default="")
    town = models.CharField(_("town"), max_length=80, blank=True, default="")
    region = models.CharField(_("region"), max_length=80, blank=True, default="")
    website = models.URLField(_("website"), max_length=300, blank=True, default="")
    email = models.EmailField(_("e-mail"))
    language = models.CharField(max_length=8)
    changed_at = models.DateTimeField()

    objects: ClassVar[VendorQuerySet] = VendorQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="one_vendor_of_an_organization"),
        ]

    def get_absolute_url(self) -> str:
        """Its page for everybody."""
        return reverse("directory:vendor", args=[self.slug])

    @property
    def place(self) -> str:
        """Where it is, as far as it says so."""
        return ", ".join(part for part in (self.town, self.region) if part)


class Rule(models.TextChoices):
    """What a vendor may show of how a home's calendar is exported. Never a link: that is a key."""

    SITES = "sites", _("which sites read its calendar")
    PACE = "pace", _("how often it is brought up to date")
    CONTENT = "content", _("what the calendar says")


class ShownHome(TenantModel):
    """A home that a vendor's page names, and the rules it shows there; a home without a row isn't named."""

    property = models.OneToOneField(Property, on_delete=models.CASCADE, related_name="shown_home")
    rules = ArrayField(models.CharField(max_length=8, choices=Rule.choices))

    objects: ClassVar[TenantQuerySet[ShownHome]] = TenantQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(rules=[]), name="a_shown_home_shows_something"),
        ]
