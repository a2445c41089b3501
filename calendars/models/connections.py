"""Accounts at property-management systems, and what asking them has cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import SecretField, public_id
from accounts.models import TenantModel, TenantQuerySet

LEAST_INTERVAL = timedelta(minutes=5)


class ConnectionQuerySet(TenantQuerySet["Connection"]):
    """Choices of connections."""

    def live(self) -> Self:
        """Those that aren't archived."""
        return self.filter(archived_at=None)

    def asking(self, now: datetime) -> Self:
        """Those whose system may be asked: their keys work, and nobody told us to stay away for a while."""
        return self.live().filter(Q(rest_until=None) | Q(rest_until__lte=now), state=Connection.State.READY)


class Connection(TenantModel):
    """A host's account at a system whose calendars are mirrored: `system` is its key in `connectors.registry`.

    `secrets` is a JSON object of what the host entered, encrypted as a whole; `credentials` reads it. `works` are the
    capabilities that answered when it was looked at last, `troubles` a sentence for each that didn't, `units` what the
    system listed then: `{"id", "name", "code", "place", "is_active"}`. `problem` is stored as a feed's is.
    """

    class State(models.TextChoices):
        """Whether the system is asked."""

        READY = "ready", _("connected")
        STOPPED = "stopped", _("its keys no longer work")

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    system = models.CharField(max_length=24)
    name = models.CharField(_("name"), max_length=80)
    secrets = SecretField(default="{}")
    switches = models.JSONField(default=dict)
    time_zone = models.CharField(_("time zone"), max_length=63)
    two_way = models.BooleanField(_("close nights there that are taken elsewhere"), default=False)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    state = models.CharField(max_length=8, choices=State.choices, default=State.READY)
    problem = models.JSONField(null=True)
    failing_since = models.DateTimeField(null=True)
    rest_until = models.DateTimeField(
        null=True
    )  # the system asked to be left alone, or the budget is used up
    paces = models.JSONField(default=dict)  # for each short limit, up to which instant its requests are spent

    looked_at = models.DateTimeField(null=True)
    works = models.JSONField(default=list)
    troubles = models.JSONField(default=dict)
    units = models.JSONField(default=list)

    least_interval = models.DurationField(default=LEAST_INTERVAL)  # between two reads of one unit
    cursor = models.TextField(default="")
    next_changes_at = models.DateTimeField(null=True)
    requests_a_day = models.PositiveIntegerField(
        null=True
    )  # what the host agreed with the system, if anything
    requests_a_month = models.PositiveIntegerField(null=True)

    objects: ClassVar[ConnectionQuerySet] = ConnectionQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        indexes = [
            models.Index(
                fields=["next_changes_at"], condition=Q(archived_at=None, state="ready"), name="changes_due"
            ),
        ]

    @property
    def credentials(self) -> Mapping[str, str]:
        """What the host entered, by name; never shown or logged."""
        found: dict[str, str] = json.loads(self.secrets)
        return found


class Spending(TenantModel):
    """How many requests went out: for each operation of a day, and for each unit and operation of a month.

    Without a `listing`, `since` is the day and every request is counted; with one, `since` is the first of the month
    and the requests made for that unit are. Days and months are those of UTC.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="spendings")
    since = models.DateField()
    listing = models.CharField(max_length=80, default="")
    operation = models.CharField(max_length=40)
    requests = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "since", "listing", "operation"], name="one_count_of_requests"
            ),
        ]
        indexes = [models.Index(fields=["since"], name="spending_age")]
