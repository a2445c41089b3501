"""Addresses of other software, and what they were told."""

import json
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api import cursors
from api.door import ApiRequest, OrgView, operation
from api.problems import conflict, of_form
from api.scopes import Scope
from api.wire import AskedFlag, Body, Choice, Out, Text
from connectors.broker import hint
from webhooks import outbox, sentences, tasks
from webhooks.forms import CHOICES, WebhookForm
from webhooks.models import Event, Sending, Webhook
from webhooks.views import MOST

EVENTS = [value for value, _label in CHOICES]


class WebhookOut(Out):
    """An address that is told. The address itself is a secret and never shown; `host` is the server it leads to."""

    id = serializers.CharField(source="public_id")
    host = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    events = serializers.ListField(child=serializers.ChoiceField(choices=EVENTS))
    state = serializers.ChoiceField(choices=["live", "failing", "stopped"])
    stopped = serializers.SerializerMethodField(help_text="Why it is told nothing any more.")
    created_at = serializers.DateTimeField()
    failing_since = serializers.DateTimeField(allow_null=True)
    stopped_at = serializers.DateTimeField(allow_null=True, source="disabled_at")

    def get_stopped(self, webhook: Webhook) -> str | None:
        """host, gone or failing; null while it is told."""
        return webhook.stopped or None


class SecretOut(Out):
    """What signs its messages; for a day after it was replaced, the old one signs as well."""

    id = serializers.CharField(source="public_id")
    secrets = serializers.SerializerMethodField(help_text="The newest first.")
    old_secret_until = serializers.DateTimeField(allow_null=True)

    def get_secrets(self, webhook: Webhook) -> list[str]:
        """Those that sign now."""
        return webhook.secrets(self.context["now"])


class NewWebhookOut(WebhookOut):
    """A new webhook, with the secret that signs its messages."""

    secret = serializers.CharField()


class WebhookBody(Body):
    """Where it listens, and what it wants to hear."""

    url = Text(max_length=2_000, help_text="It begins with https://.")
    description = Text(required=False, allow_blank=True, max_length=80)
    events = serializers.ListField(child=Choice(choices=EVENTS), min_length=1, max_length=50)


class MessageOut(Out):
    """One message to one webhook, and how far it has come; `body` is what is signed and sent."""

    id = serializers.CharField(source="message.public_id")
    event = serializers.ChoiceField(choices=Event.values, source="message.event")
    created_at = serializers.DateTimeField(source="message.created_at")
    state = serializers.ChoiceField(choices=["delivered", "missed", "waiting", "retried"])
    tries = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True, help_text="Of HTTP, at the last try.")
    trouble = serializers.SerializerMethodField(help_text="Why the last try failed, as a sentence.")
    last_try_at = serializers.DateTimeField(allow_null=True)
    next_try_at = serializers.DateTimeField()
    body = serializers.SerializerMethodField()

    def get_trouble(self, sending: Sending) -> str:
        """Empty when it didn't."""
        return sentences.trouble(sending)

    def get_body(self, sending: Sending) -> dict[str, Any]:
        """As JSON."""
        found: dict[str, Any] = json.loads(sending.message.body)
        return found


class AskedMessages(cursors.Paged):
    """Which messages."""

    delivered = AskedFlag(required=False, help_text="Only those that were, or only those that weren't.")


class ReplayedOut(Out):
    """How many messages are sent again."""

    messages = serializers.IntegerField()


def _webhook(request: ApiRequest, webhook_id: str) -> Webhook:
    return get_or_404(Webhook.objects.all(), request, public_id=webhook_id)


class Webhooks(OrgView):
    """All webhooks."""

    @operation("listWebhooks", Scope.CONNECTIONS_READ, gives=WebhookOut, many=True, whole=True)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """All webhooks of the organization."""
        return Webhook.objects.of(request.org).order_by("pk")

    @operation(
        "createWebhook", Scope.CONNECTIONS_WRITE, takes=WebhookBody, gives=NewWebhookOut, status=201,
        at="api:webhook", whole=True, example={"url": "https://hooks.example.org/1", "events": ["sale.confirmed"]},
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: dict[str, Any]) -> Webhook:
        """Tell one more address. The answer holds the secret that signs its messages."""
        form = WebhookForm(None, asked | {"link": asked["url"]})
        if not form.is_valid():
            raise of_form(form, {"link": "url"})
        if Webhook.objects.of(request.org).count() >= MOST:
            words = _("More than %(n)s webhooks aren't possible. Remove one first.")
            raise conflict(words % {"n": MOST})
        return Webhook.objects.create(organization=request.org, created_at=request.now, **form.columns)


class OneWebhook(OrgView):
    """One webhook."""

    @operation("getWebhook", Scope.CONNECTIONS_READ, gives=WebhookOut, whole=True, guarded=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], webhook_id: str) -> Webhook:
        """One webhook."""
        return _webhook(request, webhook_id)

    @operation(
        "changeWebhook", Scope.CONNECTIONS_WRITE, takes=WebhookBody, gives=WebhookOut, whole=True,
        example={"events": ["sale.confirmed", "sale.cancelled"]},
    )  # fmt: skip
    def patch(self, request: ApiRequest, asked: dict[str, Any], webhook_id: str) -> Webhook:
        """Change where it listens, or what it is told."""
        row = _webhook(request, webhook_id)
        now = {"description": row.description, "events": row.events}
        form = WebhookForm(row, now | asked | {"link": asked.get("url", "")})
        if not form.is_valid():
            raise of_form(form, {"link": "url"})
        Webhook.objects.of(request.org).filter(pk=row.pk).update(**form.columns)
        return _webhook(request, webhook_id)

    @operation("deleteWebhook", Scope.CONNECTIONS_WRITE, whole=True)
    def delete(self, request: ApiRequest, asked: dict[str, Any], webhook_id: str) -> None:
        """Forget it and its log."""
        outbox.remove(_webhook(request, webhook_id), request.now)


class Secret(OrgView):
    """Its secret."""

    @operation("getWebhookSecret", Scope.CONNECTIONS_READ, gives=SecretOut, whole=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], webhook_id: str) -> Webhook:
        """What signs its messages."""
        return _webhook(request, webhook_id)


class Rotate(OrgView):
    """A new secret."""

    @operation("rotateWebhookSecret", Scope.CONNECTIONS_WRITE, gives=SecretOut, whole=True)
    def post(self, request: ApiRequest, asked: dict[str, Any], webhook_id: str) -> Webhook:
        """Give it a new secret, beside which the old one signs for a day."""
        outbox.rotate(_webhook(request, webhook_id), request.now)
        return _webhook(request, webhook_id)


class Test(OrgView):
    """A test event."""

    @operation("testWebhook", Scope.CONNECTIONS_WRITE, gives=WebhookOut, status=202, whole=True)
    def post(self, request: ApiRequest, asked: dict[str, Any], webhook_id: str) -> Webhook:
        """Send it a test event."""
        row = _webhook(request, webhook_id)
        if row.disabled_at:
            raise conflict(_("The webhook is stopped. Resume it first."))
        if not outbox.test(row, request.now):
            raise conflict(_("A test event is on its way already."))
        hint(tasks.send)
        return _webhook(request, webhook_id)


class Stop(OrgView):
    """Stopped."""

    @operation("stopWebhook", Scope.CONNECTIONS_WRITE, gives=WebhookOut, whole=True)
    def post(self, request: ApiRequest, asked: dict[str, Any], webhook_id: str) -> Webhook:
        """Tell it nothing for now. What happens meanwhile isn't kept for it."""
        outbox.stop(_webhook(request, webhook_id), Webhook.Stopped.HOST, request.now)
        return _webhook(request, webhook_id)


class Resume(OrgView):
    """Resumed."""

    @operation("resumeWebhook", Scope.CONNECTIONS_WRITE, gives=WebhookOut, whole=True)
    def post(self, request: ApiRequest, asked: dict[str, Any], webhook_id: str) -> Webhook:
        """Tell it again what happens, from now on."""
        outbox.resume(_webhook(request, webhook_id))
        return _webhook(request, webhook_id)


class Replay(OrgView):
    """Everything missed, again."""

    @operation("replayWebhook", Scope.CONNECTIONS_WRITE, gives=ReplayedOut, status=202, whole=True)
    def post(self, request: ApiRequest, asked: dict[str, Any], webhook_id: str) -> Any:
        """Send once more everything that was given up, with the same ids."""
        row = _webhook(request, webhook_id)
        if row.disabled_at:
            raise conflict(_("The webhook is stopped. Resume it first."))
        if count := outbox.again_all(row, request.now):
            hint(tasks.send)
        return {"messages": count}


class Messages(OrgView):
    """Its log."""

    @operation(
        "listMessages", Scope.CONNECTIONS_READ, asks=AskedMessages, gives=MessageOut, paged=True, whole=True
    )
    def get(self, request: ApiRequest, asked: dict[str, Any], webhook_id: str) -> Any:
        """List what it was told, the latest first, for 30 days."""
        row = _webhook(request, webhook_id)
        rows = Sending.objects.of(request.org).filter(webhook=row).select_related("message").defer("answer")
        if (delivered := asked.get("delivered")) is not None:
            rows = rows.filter(delivered_at__isnull=not delivered)
        return cursors.page(rows, asked, f"messages {row.public_id}", newest_first=True)


class ReplayOne(OrgView):
    """One message, again."""

    @operation("replayMessage", Scope.CONNECTIONS_WRITE, gives=MessageOut, status=202, whole=True)
    def post(self, request: ApiRequest, asked: dict[str, Any], webhook_id: str, message_id: str) -> Sending:
        """Send one message once more, with the same id."""
        rows = Sending.objects.select_related("webhook", "message")
        sending = get_or_404(rows, request, webhook__public_id=webhook_id, message__public_id=message_id)
        if sending.webhook.disabled_at:
            raise conflict(_("The webhook is stopped. Resume it first."))
        if not outbox.again(sending, request.now):
            raise conflict(_("It is under way already."))
        hint(tasks.send)
        sending.refresh_from_db()
        return sending
