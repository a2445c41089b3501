"""Addresses of other software, what it is told, and how far each message has come."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import SecretField, public_id, token
from accounts.models import TenantModel, TenantQuerySet, There
from domain.webhooks import secret_of

SECRET_BYTES = 32


def new_secret() -> str:
    """A secret to sign with, as it is shown to people."""
    return secret_of(secrets.token_bytes(SECRET_BYTES))


def message_id() -> str:
    """What goes with every try of a message as `webhook-id`; the scheme allows no full stop in it."""
    return f"msg_{token()}"


class Event(models.TextChoices):
    """What other software may be told; `docs/webhooks.md` says what comes with each."""

    SALE_CONFIRMED = "sale.confirmed", _("A sale is confirmed")
    SALE_DECLINED = "sale.declined", _("A purchase ended without a sale")
    SALE_CHANGED = "sale.changed", _("A sale keeps only some of its nights")
    SALE_CANCELLED = "sale.cancelled", _("A sale is cancelled")
    SALE_REFUNDED = "sale.refunded", _("Money went back to the guest's card")
    NIGHTS_CHANGED = "nights.changed", _("Nights closed or opened")
    CONFLICT_OPENED = "conflict.opened", _("A double booking was found")
    CONFLICT_RESOLVED = "conflict.resolved", _("A double booking is over")
    FEED_FAILING = "feed.failing", _("A calendar can't be read")
    FEED_RECOVERED = "feed.recovered", _("A calendar can be read again")
    TEST = "webhook.test", _("Test event")


class WebhookQuerySet(TenantQuerySet["Webhook"]):
    """Choices of webhooks."""

    def live(self) -> Self:
        """Those that are told anything."""
        return self.filter(disabled_at=None)

    def untold(self) -> Self:
        """Those that were stopped by themselves, of which nobody has heard yet."""
        return self.exclude(disabled_at=None).exclude(stopped="host").filter(told_at=None)


WebhooksThere = There.from_queryset(WebhookQuerySet)


class Webhook(TenantModel):
    """An address that other software listens at: what it wants to hear, and the secret that signs it.

    While a secret is replaced, messages are signed with both until `old_secret_until`. `rest_until` keeps workers
    away: one is sending, or the address needs a rest.
    """

    class Stopped(models.TextChoices):
        """Why it is told nothing any more."""

        HOST = "host", _("you stopped it")
        GONE = "gone", _("it answered that it is gone for good (410)")
        FAILING = "failing", _("it took nothing for five days")

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    url = SecretField()
    host = models.CharField(max_length=255)
    description = models.CharField(_("description"), max_length=80, blank=True, default="")
    events = ArrayField(models.CharField(max_length=24, choices=Event.choices))
    secret = SecretField(default=new_secret)
    old_secret = SecretField(null=True)
    old_secret_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    rest_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    stopped = models.CharField(max_length=8, choices=Stopped.choices, blank=True, default="")
    removed_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)  # when its members heard that it was stopped, not by their hand

    objects: ClassVar[WebhookQuerySet] = WebhooksThere()  # type: ignore[assignment]  # django-stubs types the manager
    everything: ClassVar[WebhookQuerySet] = WebhookQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(events__len__gt=0), name="a_webhook_wants_something"),
            models.CheckConstraint(
                condition=Q(disabled_at=None, stopped="") | Q(disabled_at__isnull=False) & ~Q(stopped=""),
                name="a_stopped_webhook_says_why",
            ),
        ]

    @property
    def title(self) -> str:
        """The host's word for it, else the server's name."""
        return self.description or self.host

    @property
    def state(self) -> str:
        """live, failing or stopped."""
        return "stopped" if self.disabled_at else "failing" if self.failing_since else "live"

    @property
    def wants(self) -> list[str]:
        """What it wants to hear, in words, in the order of the catalogue."""
        return [str(event.label) for event in Event if event in self.events]

    def secrets(self, now: datetime) -> list[str]:
        """The secrets that sign now, the newest first."""
        has_two = self.old_secret and self.old_secret_until and now < self.old_secret_until
        return [self.secret, self.old_secret] if has_two and self.old_secret else [self.secret]


class Message(TenantModel):
    """One event, in the very bytes that are signed and sent to every webhook that wants it."""

    public_id = models.CharField(max_length=40, unique=True, default=message_id, editable=False)
    event = models.CharField(max_length=24, choices=Event.choices)
    body = models.TextField()  # JSON
    created_at = models.DateTimeField()

    objects: ClassVar[TenantQuerySet[Message]] = TenantQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="message_age")]


class SendingQuerySet(TenantQuerySet["Sending"]):
    """Choices of sendings."""

    def open(self) -> Self:
        """Those that are yet to be delivered."""
        return self.filter(delivered_at=None, given_up_at=None)

    def due(self, now: datetime) -> Self:
        """Those to be tried now."""
        return self.open().filter(next_try_at__lte=now)

    def ended(self) -> Self:
        """Those that nothing is done about any more: delivered or given up."""
        return self.exclude(delivered_at=None, given_up_at=None)

    def missed(self) -> Self:
        """Those that were given up."""
        return self.exclude(given_up_at=None)


class Sending(TenantModel):
    """A message on its way to one webhook, and what came of the last try.

    `since` is when its tries began, or began anew by the host's hand; they go on for three days. `trouble` is a code
    of `connectors.answers.Failure`, "status" or "stopped".
    """

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="sendings")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="sendings")
    since = models.DateTimeField()
    next_try_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    last_try_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=12, blank=True, default="")
    answer = SecretField(null=True)  # the first of what the other side said
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    objects: ClassVar[SendingQuerySet] = SendingQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        indexes = [
            models.Index(
                fields=["webhook", "next_try_at"],
                condition=Q(delivered_at=None, given_up_at=None),
                name="sending_to_be_tried",
            ),
            models.Index(fields=["webhook", "-message"], name="sending_log"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "message"], name="message_once_per_webhook"),
        ]

    @property
    def state(self) -> str:
        """delivered, missed, waiting (never tried) or retried."""
        if self.delivered_at:
            return "delivered"
        if self.given_up_at:
            return "missed"
        return "retried" if self.last_try_at and self.trouble else "waiting"
