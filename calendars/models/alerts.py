"""What a host must know about a property."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from accounts.fields import public_id
from accounts.models import TenantQuerySet
from calendars.models.exports import ExportLink
from calendars.models.feeds import Feed
from calendars.models.rows import PropertyRow
from domain.channels import Channel

TO_TELL = Q(told_at=None, cleared_at=None) | Q(resolved_at__isnull=False, cleared_at=None)


class AlertQuerySet(TenantQuerySet["Alert"]):
    """Choices of alerts."""

    def open(self) -> Self:
        """Those that are still true."""
        return self.filter(resolved_at=None)

    def to_say(self) -> Self:
        """With what their sentences need, and without what is secret or large."""
        return self.select_related("property", "feed", "link").defer("feed__url", "link__body")

    def note_opened(self) -> None:
        """Let each say how many nights the reads of its feed have opened since."""
        since = self.filter(feed__reads__at__gte=F("opened_at"), feed__reads__opened__gt=0)
        counts = dict(since.annotate(nights=Sum("feed__reads__opened")).values_list("pk", "nights"))
        rows = [row for row in self if row.pk in counts]
        for row in rows:
            row.details = {**row.details, "opened": counts[row.pk]}
        self.bulk_update(rows, ["details"])

    def to_tell(self, now: datetime) -> Self:
        """Those that somebody must be told and that nobody is telling: they are new, or what was told is over."""
        return self.filter(TO_TELL).filter(Q(telling_until=None) | Q(telling_until__lte=now))


class Alert(PropertyRow):
    """Something a host must know: told once in the app and by e-mail, and once more when it is over.

    `key` names what it is about; the schema keeps one open alert for each. `details` fill its sentence. `heard` are
    the members who were told that it began, and not yet that it is over; `told_at` is set once all were.
    """

    class Kind(models.TextChoices):
        """What happened."""

        FAILING = "failing", _("can't be read")
        LATE = "late", _("late")
        QUARANTINED = "quarantined", _("quarantined")
        HELD = "held", _("nights held back")
        CONFLICT = "conflict", _("double booking")
        REQUEST = "request", _("a guest asks")
        UNREAD = "unread", _("link never read")
        STOPPED = "stopped", _("link no longer read")
        UNSEEN = "unseen", _("sale not seen")
        KEYS = "keys", _("keys refused")
        BUDGET = "budget", _("requests nearly used up")
        REFUSED = "refused", _("closing refused")

    OF_LINKS = (Kind.UNREAD, Kind.STOPPED, Kind.UNSEEN)
    OF_ACCOUNTS = (Kind.KEYS, Kind.BUDGET)

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(max_length=160)
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, null=True, related_name="alerts")
    link = models.ForeignKey(ExportLink, on_delete=models.CASCADE, null=True, related_name="alerts")
    details = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    heard = models.JSONField(default=list)
    told_at = models.DateTimeField(null=True)
    telling_until = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True)  # when "it is over" was told, or needed telling no more

    objects: ClassVar[AlertQuerySet] = AlertQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["property", "key"], condition=Q(resolved_at=None), name="one_open_alert_of_a_kind"
            ),
        ]
        indexes = [
            models.Index(
                fields=["opened_at"],
                condition=TO_TELL,
                name="alert_to_tell",
            ),
        ]

    @property
    def source(self) -> Channel | None:
        """The site it is about, where it is about one."""
        about = self.feed or self.link
        return about.source if about else None

    @property
    def is_good_news(self) -> bool:
        """Whether it is over because things went well, and not because nobody looks any more.

        One about a link is cleared in the moment when it is resolved, unless the link was read.
        """
        if self.kind in self.OF_LINKS:
            return self.resolved_at is not None and self.cleared_at != self.resolved_at
        feed = self.feed
        if feed is None or self.kind in (self.Kind.HELD, self.Kind.REFUSED):
            return True
        return feed.last_good_at is not None and feed.last_good_at >= self.opened_at
