"""Rows of the ledger: the lock, the feeds and their log, the blocks, the merged nights, the export links."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from psycopg.types.range import DateRange, TimestamptzRange

from accounts.fields import SecretField, public_id
from accounts.models import TenantModel, TenantQuerySet
from domain.channels import CHANNELS, Channel
from domain.events import Kind
from domain.spans import Period, Span
from domain.sync import Claim, Missing
from properties.models import Property

EMPTY_NIGHTS = DateRange(empty=True)


def date_range(span: Span | None) -> DateRange:
    """The span as PostgreSQL holds it; None is the empty range."""
    return DateRange(span.start, span.end, "[)") if span else EMPTY_NIGHTS


class PropertyRow(TenantModel):
    """A row that hangs on a property of the same organization."""

    property = models.ForeignKey(Property, on_delete=models.CASCADE, related_name="%(class)ss")

    class Meta:
        abstract = True


class Calendar(TenantModel):
    """One per property: the row that is locked before its nights change, and their version."""

    property = models.OneToOneField(Property, on_delete=models.CASCADE, primary_key=True)
    version = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField()


class FeedQuerySet(TenantQuerySet["Feed"]):
    """Choices of feeds."""

    def reading(self) -> Self:
        """Those that are read: not paused."""
        return self.filter(paused_at=None)


class Feed(PropertyRow):
    """One upstream calendar: a link, what it said last, and when it is read next."""

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    channel = models.CharField(max_length=24)
    label = models.CharField(_("label"), max_length=80, blank=True)
    url = SecretField()
    url_digest = models.CharField(max_length=64)
    host = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)

    next_poll_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)

    etag = models.CharField(max_length=255, default="")
    last_modified = models.CharField(max_length=64, default="")
    digest = models.CharField(max_length=64, default="")
    read_for = models.CharField(max_length=120, default="")
    last_read_at = models.DateTimeField(null=True)
    last_good_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    problem = models.JSONField(null=True)
    events = models.PositiveIntegerField(default=0)
    closed_nights = models.PositiveIntegerField(default=0)
    held_nights = models.PositiveIntegerField(default=0)

    objects: ClassVar[FeedQuerySet] = FeedQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["property", "url_digest"], name="link_once_per_property"),
        ]
        indexes = [
            models.Index(fields=["next_poll_at"], condition=Q(paused_at=None), name="feed_due"),
        ]

    @property
    def source(self) -> Channel:
        """The channel as the catalogue knows it."""
        return CHANNELS.get(self.channel, CHANNELS["other"])

    @property
    def title(self) -> str:
        """The host's label, else the channel's name."""
        return self.label or self.source.name


class FeedRead(models.Model):
    """One line of the sync log: what came of reading a feed once."""

    class Outcome(models.TextChoices):
        """How the read ended."""

        CHANGED = "changed", _("changed")
        UNCHANGED = "unchanged", _("unchanged")
        REFUSED = "refused", _("not a calendar")
        FAILED = "failed", _("failed")

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="reads")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField(default=0)
    events = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    problem = models.JSONField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["feed", "-at"], name="feedread_log"),
            models.Index(fields=["at"], name="feedread_age"),
        ]


class BlockQuerySet(TenantQuerySet["Block"]):
    """Choices of blocks."""

    def overlapping(self, span: Span) -> Self:
        """Those that take a night of the span."""
        return self.filter(nights__overlap=date_range(span))

    def ours(self) -> Self:
        """Holds and sales: what no other claim of ours may overlap."""
        return self.filter(origin__in=Block.EXCLUSIVE)

    def exported(self) -> Self:
        """What channels are told: sales and the host's own blocks, never imports, never holds."""
        return self.filter(origin__in=[Block.Origin.SALE, Block.Origin.HOST])


class Block(PropertyRow):
    """One claim on a property's time.

    `nights` is half-open and may be empty (a claim on hours only); `period` is set where instants are known.
    """

    class Origin(models.TextChoices):
        """Who makes the claim."""

        FEED = "feed", _("channel calendar")
        HOST = "host", _("host")
        HOLD = "hold", _("guest paying")
        SALE = "sale", _("sale")

    EXCLUSIVE = (Origin.HOLD, Origin.SALE)

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    origin = models.CharField(max_length=8, choices=Origin.choices)
    kind = models.CharField(max_length=24, default=Kind.RESERVATION)
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, null=True, related_name="blocks")
    nights = DateRangeField()
    period = DateTimeRangeField(null=True)
    uid = models.CharField(max_length=255, default="")
    summary = models.CharField(max_length=200, default="")
    reference = models.CharField(max_length=40, default="")
    since = models.DateTimeField()
    changed_at = models.DateTimeField()
    missing_since = models.DateTimeField(null=True)
    missing_reads = models.PositiveIntegerField(default=0)
    missing_slow = models.BooleanField(default=False)
    held_until = models.DateTimeField(null=True)

    objects: ClassVar[BlockQuerySet] = BlockQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        indexes = [models.Index(fields=["property", "feed"], name="block_of_feed")]
        constraints = [
            ExclusionConstraint(
                name="no_night_is_sold_twice",
                expressions=[
                    ("property", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(origin__in=["hold", "sale"]),
            ),
            models.CheckConstraint(
                condition=Q(origin="feed", feed__isnull=False) | (~Q(origin="feed") & Q(feed=None)),
                name="a_feed_block_names_its_feed",
            ),
            models.CheckConstraint(
                condition=Q(origin="hold", held_until__isnull=False)
                | (~Q(origin="hold") & Q(held_until=None)),
                name="only_a_hold_expires",
            ),
            models.CheckConstraint(
                condition=~Q(origin__in=["hold", "sale"]) | Q(period__isnull=False),
                name="a_sale_has_a_period",
            ),
            models.CheckConstraint(
                condition=Q(nights__isempty=False) | Q(period__isnull=False),
                name="a_block_claims_something",
            ),
        ]

    @property
    def span(self) -> Span | None:
        """The nights as a value; None for a claim on hours only."""
        return None if self.nights.isempty else Span(self.nights.lower, self.nights.upper)

    @property
    def claim(self) -> Claim:
        """What a feed's block says, as the sync rules take it."""
        since = self.missing_since
        missing = Missing(since, self.missing_reads, self.missing_slow) if since else None
        period = Period(self.period.lower, self.period.upper) if self.period else None
        return Claim(
            uid=self.uid,
            kind=Kind(self.kind),
            summary=self.summary,
            nights=self.span,
            period=period,
            since=self.since,
            missing=missing,
        )

    @classmethod
    def of_feed(cls, feed: Feed, claim: Claim, now: datetime) -> Block:
        """An unsaved block that says what the claim says."""
        missing = claim.missing
        return cls(
            organization_id=feed.organization_id,
            property_id=feed.property_id,
            feed=feed,
            origin=cls.Origin.FEED,
            kind=claim.kind,
            uid=claim.uid,
            summary=claim.summary,
            nights=date_range(claim.nights),
            since=claim.since,
            changed_at=now,
            period=TimestamptzRange(claim.period.start, claim.period.end, "[)") if claim.period else None,
            missing_since=missing.since if missing else None,
            missing_reads=missing.reads if missing else 0,
            missing_slow=missing.slow if missing else False,
        )


class Busy(PropertyRow):
    """A maximal run of closed nights: the merged calendar. The schema keeps the runs apart."""

    nights = DateRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="busy_runs_are_disjoint",
                expressions=[
                    ("property", RangeOperators.EQUAL),
                    ("nights", RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="busy_runs_are_maximal",
                expressions=[
                    ("property", RangeOperators.EQUAL),
                    ("nights", RangeOperators.ADJACENT_TO),
                ],
            ),
            models.CheckConstraint(condition=Q(nights__isempty=False), name="a_busy_run_has_nights"),
        ]

    @property
    def span(self) -> Span:
        """The run as a value."""
        return Span(self.nights.lower, self.nights.upper)


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
