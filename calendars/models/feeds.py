"""The calendars we read: where they are, what they said, and how fast their servers may be asked."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from accounts.fields import SealedField, SecretField, public_id
from accounts.models import TenantQuerySet, There
from calendars.models.connections import Connection
from calendars.models.rows import PropertyRow
from domain.channels import CHANNELS, OTHER, Channel
from domain.pace import Pace
from domain.spans import Span
from domain.switches import Switches
from properties.templatetags.stays import named


class FeedQuerySet(TenantQuerySet["Feed"]):
    """Choices of feeds."""

    def in_use(self) -> Self:
        """Those of properties that aren't archived."""
        return self.filter(property__archived_at=None)

    def reading(self) -> Self:
        """Those that are read: not paused."""
        return self.filter(paused_at=None)

    def mirrored(self) -> Self:
        """Those that are read through a connection, not by a link."""
        return self.exclude(connection=None)

    def by_link(self) -> Self:
        """Those of sites: read by a link, not through a connection."""
        return self.filter(connection=None)

    def with_turns(self) -> Self:
        """The same with what their `turn` follows from: a unit's connection, without what is secret or long of it."""
        rows = self.select_related("connection")
        return rows.defer("connection__secrets", "connection__units")

    def due_by(self, instant: datetime) -> Self:
        """Those whose `turn` had come by then; the greatest of PostgreSQL leaves nulls out."""
        free = Greatest(F("asked_at") + F("connection__least_interval"), "connection__rest_until")
        return self.annotate(turn_at=Greatest("next_poll_at", free)).filter(turn_at__lte=instant)


FeedsThere = There.from_queryset(FeedQuerySet)


class Feed(PropertyRow):
    """One upstream calendar: a link, or a unit of a connection's system; what it said last, when it is read next.

    A unit has the system's own id for it in `listing`, no link and no `host`. A removed feed closes nothing and is
    never due (`next_poll_at` is null).
    """

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    channel = models.CharField(max_length=24)
    label = models.CharField(_("label"), max_length=80, blank=True)
    url = SecretField()
    url_digest = models.CharField(max_length=64)
    host = models.CharField(max_length=255)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True, related_name="feeds")
    listing = models.CharField(max_length=80, default="")
    created_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    quarantined_at = models.DateTimeField(null=True)
    sells_around = models.BooleanField(_("sell preparation nights and short gaps"), default=False)
    sells_tentative = models.BooleanField(_("sell nights that are only tentative"), default=False)
    ends_inclusive = models.BooleanField(_("its entries end with the last night"), default=False)

    next_poll_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # leases since the last verdict
    quick_until = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(
        null=True
    )  # of a unit: when its last read was begun, for the least interval
    wanted_at = models.DateTimeField(null=True)  # of a unit: when a reader of our links last wanted it read
    told_version = models.PositiveBigIntegerField(default=0)  # the calendar's that its closures there follow

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
    confirm_at = models.DateTimeField(null=True)  # when the first held night can open at the earliest
    echoes = models.JSONField(default=list)  # [arrival, departure] of nights it reads back from our export
    quiet_line = models.BigIntegerField(null=True)  # the log line that counts reads without news

    objects: ClassVar[FeedQuerySet] = FeedsThere()  # type: ignore[assignment]  # django-stubs types the manager
    everything: ClassVar[FeedQuerySet] = FeedQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["property", "url_digest"],
                condition=Q(removed_at=None),
                name="link_once_per_property",
            ),
            models.UniqueConstraint(
                fields=["connection", "listing"],
                condition=Q(removed_at=None, connection__isnull=False),
                name="unit_once_per_connection",
            ),
            models.CheckConstraint(
                condition=Q(connection=None, listing="") & ~Q(host="")
                | Q(connection__isnull=False, host="") & ~Q(listing=""),
                name="a_link_or_a_unit",
            ),
        ]
        indexes = [
            models.Index(fields=["next_poll_at"], condition=Q(paused_at=None, attempts=0), name="feed_due"),
            models.Index(
                fields=["next_poll_at"], condition=Q(paused_at=None, attempts__gt=0), name="feed_suspect"
            ),
            models.Index(
                fields=["property"],
                condition=Q(connection__isnull=False, removed_at=None),
                name="feed_mirrors",
            ),
            models.Index(
                fields=["next_poll_at"],
                condition=Q(connection__isnull=False, paused_at=None, attempts=0),
                name="mirror_due",
            ),
        ]

    @property
    def switches(self) -> Switches:
        """What the host decided about it."""
        return Switches(self.sells_around, self.sells_tentative, self.ends_inclusive)

    @property
    def is_mirror(self) -> bool:
        """Whether it is a unit of a system that we mirror, and no link."""
        return self.connection_id is not None

    @property
    def free_at(self) -> datetime | None:
        """When a unit's system may be asked for it again, after its least interval and any rest; None for links."""
        if self.connection is None:
            return None
        floor = self.asked_at + self.connection.least_interval if self.asked_at else None
        return max((at for at in (floor, self.connection.rest_until) if at), default=None)

    @property
    def turn(self) -> datetime | None:
        """When it is read next: not before it is due, nor before its system may be asked."""
        if self.next_poll_at is None:
            return None
        return max(self.next_poll_at, self.free_at or self.next_poll_at)

    @property
    def echo_spans(self) -> tuple[Span, ...]:
        """Nights that it reads back from our own export."""
        return tuple(Span(date.fromisoformat(start), date.fromisoformat(end)) for start, end in self.echoes)

    @property
    def gathers(self) -> bool:
        """Whether it may repeat what other sites sell: a channel manager or somebody's own calendar."""
        return self.source.is_manager or self.channel in {"other", "google"}

    @property
    def source(self) -> Channel:
        """The channel as the catalogue knows it."""
        return CHANNELS.get(self.channel, CHANNELS["other"])

    @property
    def title(self) -> str:
        """The host's label, else the channel's name; of a site that nobody knows, where its link leads."""
        return self.host if self.is_nameless else self.label or named(self.source)

    @property
    def details(self) -> str:
        """Of its site and where it is read from, what the title doesn't say."""
        site = named(self.source) if self.label or self.is_nameless else ""
        where = "" if self.is_nameless else self.host or self.listing
        return " · ".join(filter(None, (site, where)))

    @property
    def was_read(self) -> bool:
        """Whether anything of it ever was, be it only a part."""
        return bool(self.last_good_at or self.events or self.closed_nights)

    @property
    def is_nameless(self) -> bool:
        """Whether neither the catalogue nor the host has a name for it, and its link leads to some host."""
        return not self.label and self.source.key == OTHER.key and bool(self.host)


class FeedRead(models.Model):
    """One line of the sync log: what came of reading a feed once, or of `times` reads in a row without news.

    `at` is the first of them and `until` the last. `nights` tells what changed, as lists of [arrival, departure]
    under "closed", "opened", "held" and "back" (held before, and named again).
    """

    class Outcome(models.TextChoices):
        """How the read ended."""

        CHANGED = "changed", _("changed")
        UNCHANGED = "unchanged", _("unchanged")
        REFUSED = "refused", _("not a calendar")
        FAILED = "failed", _("failed")
        QUARANTINED = "quarantined", _("quarantined")

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="reads")
    at = models.DateTimeField()
    until = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField(default=0)
    events = models.PositiveIntegerField(default=0)
    closed_nights = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    nights = models.JSONField(null=True)
    problem = models.JSONField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["feed", "-at"], name="feedread_log"),
            models.Index(fields=["at"], name="feedread_age"),
        ]


class Snapshot(models.Model):
    """What a feed said, kept when it changed: its history, for explaining and for trying other rules on it."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="snapshots")
    at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    body = SealedField()

    class Meta:
        indexes = [
            models.Index(fields=["feed", "-at"], name="snapshot_history"),
            models.Index(fields=["at"], name="snapshot_age"),
        ]


class Server(models.Model):
    """A server that feeds come from: how fast it may be asked, and whether it is left alone for a while."""

    name = models.CharField(max_length=255, unique=True)
    free_at = models.DateTimeField()
    failing = models.JSONField(default=list)
    shut_until = models.DateTimeField(null=True)

    @property
    def pace(self) -> Pace:
        """What the rules of asking need to know."""
        return Pace(self.free_at, tuple(self.failing), self.shut_until)
