"""The links channels and people read us by, and what is known of their readers."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.fields import public_id
from accounts.models import TenantModel, TenantQuerySet
from calendars.models.blocks import Block
from calendars.models.feeds import Feed
from calendars.models.rows import PropertyRow
from domain.channels import CHANNELS, Channel
from properties.templatetags.stays import named


class ExportLinkQuerySet(TenantQuerySet["ExportLink"]):
    """Choices of export links."""

    def live(self) -> Self:
        """Those that still answer."""
        return self.filter(revoked_at=None)

    def of_channels(self) -> Self:
        """Those that a site reads to learn what is sold here."""
        return self.filter(kind=ExportLink.Kind.CHANNEL)

    def of_people(self) -> Self:
        """Those that people read to see everything."""
        return self.filter(kind=ExportLink.Kind.PEOPLE)


class ExportLink(PropertyRow):
    """The address one channel reads our calendar at, or people do, and the very bytes that they get.

    A channel's link tells of sales and the host's own closures, whole nights without guest data. One for people
    tells of everything, with times; what is booked where, and guests' names, only where the host wants it.
    """

    class Kind(models.TextChoices):
        """Who reads it."""

        CHANNEL = "channel", _("a booking site")
        PEOPLE = "people", _("people")

    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CHANNEL)
    shows_titles = models.BooleanField(default=False)
    shows_guests = models.BooleanField(default=False)
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
            models.CheckConstraint(
                condition=Q(kind="people") | Q(shows_titles=False, shows_guests=False),
                name="channels_learn_of_no_guest",
            ),
        ]

    @property
    def source(self) -> Channel:
        """The channel the link is for."""
        return CHANNELS.get(self.channel, CHANNELS["other"])

    @property
    def site(self) -> str:
        """What the channel is called: by its name, and one that we don't know as the host calls it."""
        return self.title if self.source == CHANNELS["other"] else self.source.name

    @property
    def title(self) -> str:
        """The host's label, else the channel's name."""
        return self.label or (gettext("People") if self.kind == self.Kind.PEOPLE else named(self.source))


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


class Readership(TenantModel):
    """How one reader visits a link: since when, when last, how often, and at which intervals.

    Answers within two minutes are one visit. `gaps` are the seconds between the latest visits; `usual_s` is their
    median and `slow_s` their 95th percentile, null until there are three.
    """

    link = models.ForeignKey(ExportLink, on_delete=models.CASCADE, related_name="readerships")
    reader = models.CharField(max_length=40)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    visits = models.PositiveIntegerField(default=1)
    gaps = ArrayField(models.PositiveIntegerField(), default=list)
    usual_s = models.PositiveIntegerField(null=True)
    slow_s = models.PositiveIntegerField(null=True)

    objects: ClassVar[TenantQuerySet[Readership]] = TenantQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "reader"], name="one_readership_of_a_reader"),
        ]


class SuspensionQuerySet(TenantQuerySet["Suspension"]):
    """Choices of suspensions."""

    def left_out(self) -> Self:
        """Those whose sale isn't in the link now."""
        return self.filter(back_version=None)

    def due(self, now: datetime) -> Self:
        """Those whose sale must come back into the link, since the site has shown nothing in time."""
        return self.left_out().filter(shown_at=None, until__lte=now)


class Suspension(PropertyRow):
    """One sale, left out of one channel's link while the host lengthens the guest's stay in that channel itself.

    The sale is left out until `until`, and for as long as the channel's own feed shows the longer stay (`shown_at`).
    `said_at` is when the host said that it is done there; `feed` is null once it was removed and swept.
    `since_version` is the calendar's that left the sale out, and `back_version` the one that told of it again; null
    while it is left out. For everybody else it stays closed.
    """

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    block = models.ForeignKey(Block, on_delete=models.CASCADE, related_name="suspensions")
    link = models.ForeignKey(ExportLink, on_delete=models.CASCADE, related_name="suspensions")
    feed = models.ForeignKey(Feed, on_delete=models.SET_NULL, null=True, related_name="suspensions")
    since = models.DateTimeField()
    since_version = models.PositiveBigIntegerField()
    until = models.DateTimeField()
    said_at = models.DateTimeField(null=True)
    shown_at = models.DateTimeField(null=True)
    back_at = models.DateTimeField(null=True)
    back_version = models.PositiveBigIntegerField(null=True)

    objects: ClassVar[SuspensionQuerySet] = SuspensionQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["block", "link"], name="a_sale_is_suspended_once_in_a_link"),
            models.CheckConstraint(
                condition=Q(back_version=None, back_at=None)
                | Q(back_version__gt=F("since_version"), back_at__isnull=False),
                name="a_sale_comes_back_after_it_left",
            ),
        ]
        indexes = [
            models.Index(
                fields=["until"], condition=Q(back_version=None, shown_at=None), name="suspension_to_end"
            ),
        ]


class LoopCheck(PropertyRow):
    """One look at whether every channel reads us and is read by us.

    While it runs, each channel's link holds a marker on `night`, a night that is over. `version` is the calendar's
    that brought it; `heard` are the feeds that were read and gave the marker back, by key, and when (ISO 8601). Once
    it has ended, `heard` holds its result, too, which nothing changes any more.
    """

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    since = models.DateTimeField()
    version = models.PositiveBigIntegerField()
    night = models.DateField()
    until = models.DateTimeField()
    heard = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[TenantQuerySet[LoopCheck]] = TenantQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["property"], condition=Q(ended_at=None), name="one_loop_check_at_a_time"
            ),
        ]
