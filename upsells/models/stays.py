"""The links guests open."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from accounts.fields import token
from accounts.models import TenantQuerySet
from calendars.models import PropertyRow


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
