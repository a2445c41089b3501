"""The links channels read us by."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import public_id
from accounts.models import TenantModel, TenantQuerySet
from calendars.models.rows import PropertyRow
from domain.channels import CHANNELS, Channel


class ExportLinkQuerySet(TenantQuerySet["ExportLink"]):
    """Choices of export links."""

    def live(self) -> Self:
        """Those that still answer."""
        return self.filter(revoked_at=None)


class ExportLink(PropertyRow):
    """The address one channel reads our calendar at, and the very bytes it gets."""

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    channel = models.CharField(max_length=24)
    label = models.CharField(_("label"), max_length=80, blank=True)
    version = models.PositiveIntegerField(default=1)
    oldest_version = models.PositiveIntegerField(default=1)
    previous_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    body = models.BinaryField(default=b"")
    etag = models.CharField(max_length=64, default="")
    changed_at = models.DateTimeField()
    body_version = models.PositiveBigIntegerField(default=0)  # the calendar's, when these bytes became true

    objects: ClassVar[ExportLinkQuerySet] = ExportLinkQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=False) | ~Q(body=b""), name="a_live_link_is_never_empty"
            ),
        ]

    @property
    def source(self) -> Channel:
        """The channel the link is for."""
        return CHANNELS.get(self.channel, CHANNELS["other"])

    @property
    def title(self) -> str:
        """The host's label, else the channel's name."""
        return self.label or self.source.name


class ExportRead(TenantModel):
    """All times that one reader got one state of a link: the first, the last, and how many."""

    link = models.ForeignKey(ExportLink, on_delete=models.CASCADE, related_name="reads")
    body_version = models.PositiveBigIntegerField()
    reader = models.CharField(max_length=40)
    at = models.DateTimeField()
    until = models.DateTimeField()
    times = models.PositiveIntegerField()

    objects: ClassVar[TenantQuerySet[ExportRead]] = TenantQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link", "body_version", "reader"], name="one_line_per_state_read"
            ),
        ]
