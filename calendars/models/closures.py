"""Nights that we close at a property-management system: an outbox of one row for each."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import public_id
from accounts.models import TenantQuerySet
from calendars.models.feeds import Feed
from calendars.models.rows import PropertyRow
from domain.spans import Span


class ClosureQuerySet(TenantQuerySet["Closure"]):
    """Choices of closures."""

    def wanted(self) -> Self:
        """Those whose nights something still takes."""
        return self.filter(dropped_at=None)

    def refused(self, today: date) -> Self:
        """Those that the system won't have although something takes their nights, from that day on."""
        return self.wanted().filter(state=Closure.State.REFUSED, last__gt=today)

    def held_there(self) -> Self:
        """Those that the system has, or may have: a reply that was lost leaves one in doubt."""
        return self.filter(state__in=[Closure.State.SENT, Closure.State.THERE])

    def known_there(self, since: datetime) -> Self:
        """The same, and those that it had at some time after the instant."""
        return self.filter(
            Q(state__in=[Closure.State.SENT, Closure.State.THERE])
            | Q(ended_at__gte=since, began_at__isnull=False)
        )

    def due(self, now: datetime) -> Self:
        """Those that something must be said about to the system."""
        asked = Q(state__in=[Closure.State.DUE, Closure.State.SENT])
        return self.filter(
            asked | Q(state=Closure.State.THERE, dropped_at__isnull=False), next_try_at__lte=now
        )


class Closure(PropertyRow):
    """One run of nights that a connection's system keeps closed for us, because something else takes them.

    `reference` is ours and goes along with every try, so that the system closes them once; `handle` is the system's
    and opens them again. `dropped_at` is set when nothing takes the nights any more. `began_at` and `ended_at` are
    when the first try began and when the system had opened them again.
    """

    class State(models.TextChoices):
        """How far it got."""

        DUE = "due", _("to be closed")
        SENT = "sent", _("asked for; no answer yet")
        THERE = "there", _("closed")
        OVER = "over", _("opened again")
        REFUSED = "refused", _("refused")

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="closures")
    reference = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    first = models.DateField()
    last = models.DateField()  # the departure day: half-open like every span
    state = models.CharField(max_length=8, choices=State.choices, default=State.DUE)
    handle = models.TextField(default="")
    made_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    problem = models.JSONField(null=True)

    objects: ClassVar[ClosureQuerySet] = ClosureQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first__lt=F("last")), name="a_closure_has_nights"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(next_try_at__isnull=False), name="closure_due"),
            models.Index(fields=["feed", "last"], name="closure_of_feed"),
        ]

    @property
    def span(self) -> Span:
        """The nights as a value."""
        return Span(self.first, self.last)
