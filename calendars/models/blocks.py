"""The ledger of nights: single claims on a property's time, and all of them merged."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from psycopg.types.range import TimestamptzRange

from accounts.fields import public_id
from accounts.models import TenantQuerySet
from calendars.models.feeds import Feed
from calendars.models.rows import PropertyRow, date_range
from domain.events import BY_RULE, Kind
from domain.spans import Period, Span
from domain.sync import Claim, Missing


class BlockQuerySet(TenantQuerySet["Block"]):
    """Choices of blocks."""

    def overlapping(self, span: Span) -> Self:
        """Those that take a night of the span."""
        return self.filter(nights__overlap=date_range(span))

    def closing(self) -> Self:
        """Those whose nights can't be sold: all but what the host lets be sold all the same."""
        return self.filter(nights__isempty=False, yields=False)

    def ours(self) -> Self:
        """Holds and sales: what no other claim of ours may overlap."""
        return self.filter(origin__in=Block.EXCLUSIVE)

    def of_guests(self) -> Self:
        """All but closures: what somebody may be there for."""
        return self.exclude(Q(origin=Block.Origin.HOST) | Q(kind__in=BY_RULE))

    def exported(self) -> Self:
        """What channels are told: sales, the host's own blocks, what a mirrored system takes; nothing else, no holds.

        With the feeds that entries of mirrored systems come from, but for what is secret of them.
        """
        ours = Q(origin__in=[Block.Origin.SALE, Block.Origin.HOST])
        mirrored = Q(feed__connection__isnull=False, nights__isempty=False, yields=False)
        return self.filter(ours | mirrored).select_related("feed").defer("feed__url")


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

    class Side(models.TextChoices):
        """Where the buyer's own stay is, as nobody else's can be there."""

        LEAVING = "leaving", _("before what was bought")
        ARRIVING = "arriving", _("after what was bought")

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
    side = models.CharField(max_length=8, choices=Side.choices, default="")
    since = models.DateTimeField()
    changed_at = models.DateTimeField()
    missing_since = models.DateTimeField(null=True)
    missing_reads = models.PositiveIntegerField(default=0)
    missing_slow = models.BooleanField(default=False)
    yields = models.BooleanField(default=False)  # the host lets these nights be sold all the same
    held_until = models.DateTimeField(null=True)
    version = models.PositiveBigIntegerField(
        default=0
    )  # the calendar's, when channels were last told otherwise

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
    def is_closure(self) -> bool:
        """Whether nobody comes, as far as we know: the host, or a rule of a site's own, closes the nights."""
        return self.origin == self.Origin.HOST or self.kind in BY_RULE

    @property
    def joins(self) -> date | None:
        """The day on which nights that somebody bought go over into their own stay; None for everything else."""
        span = self.span
        if span is None or not self.side or self.kind == Kind.HOURS:
            return None
        return span.start if self.side == self.Side.LEAVING else span.end

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
            yields=self.yields,
        )

    @classmethod
    def of_feed(cls, feed: Feed, claim: Claim, changed_at: datetime) -> Block:
        """An unsaved block that says what the claim says, and has since `changed_at`."""
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
            changed_at=changed_at,
            period=TimestamptzRange(claim.period.start, claim.period.end, "[)") if claim.period else None,
            missing_since=missing.since if missing else None,
            missing_reads=missing.reads if missing else 0,
            missing_slow=missing.slow if missing else False,
            yields=claim.yields,
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
