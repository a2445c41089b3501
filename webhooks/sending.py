"""Delivering messages, outside any transaction and at least once, by the address rules that calendars are read by.

A worker claims webhooks, not messages: nobody else sends to an address meanwhile, so that one that hangs keeps one
worker busy, and not for long. Who dies between the other side's "yes" and our note of it sends it again, with the
same id.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber

from connectors import http
from connectors.http import Answer, Failure, Target
from domain import webhooks as scheme
from webhooks import outbox
from webhooks.models import Sending, Webhook

log = structlog.get_logger()

LIMITS = replace(http.STANDARD, total_s=15, redirects=0)
WEBHOOKS_AT_ONCE = 25
EACH = 4  # messages to one webhook in one turn; one, while it fails
CLAIM = timedelta(minutes=2)  # longer than a worker may take for a task
REST = timedelta(minutes=1)  # of a webhook that just failed
STOP_AFTER = timedelta(days=5)
KEPT_ANSWER = 500  # characters
DELIVERED = range(200, 300)
GONE = 410
SLOW_DOWN = frozenset({429, 503})

type Rests = dict[int, timedelta]


def send_due(now: datetime) -> int:
    """Send what is due, a turn's worth; how many messages were tried."""
    webhooks = _claimed(now)
    sendings = _theirs(webhooks, now)
    rests: Rests = {}
    groups = http.fetch_groups(
        [_target(sending, now) for sending in sendings],
        user_agent=settings.USER_AGENT_WEBHOOKS,
        loopback_ports=settings.LOOPBACK_FEED_PORTS,
        limits=LIMITS,
        per_host=len(sendings),
    )
    for group in groups:
        for place, outcome in group:
            _note(sendings[place], outcome, rests, now)
    for webhook in webhooks:
        rest = rests.get(webhook)
        Webhook.objects.filter(pk=webhook, rest_until=now + CLAIM).update(
            rest_until=None if rest is None else now + rest
        )
    return len(sendings)


def _claimed(now: datetime) -> list[int]:
    """Webhooks that something is due for and nobody is sending to: ours for two minutes, the longest due first."""
    due = Sending.objects.due(now).filter(webhook=OuterRef("pk")).order_by("next_try_at")
    waiting = Webhook.objects.live().annotate(due_at=Subquery(due.values("next_try_at")[:1]))
    ready = waiting.filter(Q(rest_until=None) | Q(rest_until__lte=now), due_at__isnull=False)
    with transaction.atomic():
        locked = ready.select_for_update(skip_locked=True, no_key=True).order_by("due_at", "pk")
        ids = [row.pk for row in locked.only("pk")[:WEBHOOKS_AT_ONCE]]
        Webhook.objects.filter(pk__in=ids).update(rest_until=now + CLAIM)
    return ids


def _theirs(webhooks: Sequence[int], now: datetime) -> list[Sending]:
    """The messages that these webhooks get in this turn, those that are due the longest first."""
    place = Window(RowNumber(), partition_by="webhook", order_by=["next_try_at", "pk"])
    due = Sending.objects.due(now).filter(webhook__in=webhooks).annotate(place=place)
    turn = due.filter(Q(place=1) | Q(place__lte=EACH, webhook__failing_since=None))
    ids = list(turn.values_list("pk", flat=True))
    Sending.objects.filter(pk__in=ids).update(next_try_at=now + CLAIM, tries=F("tries") + 1, last_try_at=now)
    return list(Sending.objects.filter(pk__in=ids).select_related("webhook", "message").order_by("message"))


def _target(sending: Sending, now: datetime) -> Target:
    """The signed request."""
    message, webhook = sending.message, sending.webhook
    body = message.body.encode()
    headers = (
        ("Content-Type", "application/json"),
        ("webhook-id", message.public_id),
        ("webhook-timestamp", str(scheme.seconds(now))),
        ("webhook-signature", scheme.signature(webhook.secrets(now), message.public_id, now, body)),
    )
    return Target(webhook.url, body=body, headers=headers)


def _note(sending: Sending, outcome: Answer | Failure, rests: Rests, now: datetime) -> None:
    """Write down what came of one try."""
    status = outcome.status if isinstance(outcome, Answer) else None
    delivered = status in DELIVERED
    code = "" if delivered else "status" if isinstance(outcome, Answer) else outcome.code
    columns = {
        "status": status,
        "milliseconds": round(outcome.seconds * 1000),
        "trouble": code,
        "answer": _scrubbed(outcome, sending.webhook) if isinstance(outcome, Answer) else None,
        **({"delivered_at": now, "given_up_at": None} if delivered else {}),
    }
    Sending.objects.filter(pk=sending.pk).update(**columns)
    log.info("webhook tried", sending=sending.pk, status=status, trouble=code, tries=sending.tries)
    webhook = Webhook.objects.filter(pk=sending.webhook_id)
    if delivered:
        webhook.exclude(failing_since=None).update(failing_since=None)
        return
    webhook.update(failing_since=Coalesce("failing_since", now))
    _put_off(sending, outcome, rests, now)
    if status == GONE:
        outbox.stop(sending.webhook, Webhook.Stopped.GONE, now)
    elif webhook.filter(failing_since__lte=now - STOP_AFTER).exists():
        outbox.stop(sending.webhook, Webhook.Stopped.FAILING, now)


def _put_off(sending: Sending, outcome: Answer | Failure, rests: Rests, now: datetime) -> None:
    """Try again later, no sooner than the other side asked for; or never."""
    asked = outcome.retry_after if isinstance(outcome, Answer) else None
    wanted = timedelta(seconds=asked or 0)
    slow_down = isinstance(outcome, Answer) and outcome.status in SLOW_DOWN
    rest = max(REST, wanted if slow_down else REST)
    rests[sending.webhook_id] = max(rest, rests.get(sending.webhook_id, REST))
    pause = scheme.pause(sending.tries, random.random())  # noqa: S311 - spreads load, guards nothing
    Sending.objects.filter(pk=sending.pk, given_up_at=None).update(
        next_try_at=now + max(pause, wanted),
        given_up_at=now if now - sending.since >= scheme.GIVE_UP_AFTER else None,
    )


def _scrubbed(answer: Answer, webhook: Webhook) -> str:
    """The first of what the other side said, as plain text without what is secret between us."""
    text = answer.body[: 8 * KEPT_ANSWER].decode("utf-8", "replace")
    path = webhook.url.partition("://")[2].partition("/")[2]
    for secret in (webhook.secret, webhook.old_secret, webhook.url, path):
        if secret:
            text = text.replace(secret, "…")
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(plain.split())[:KEPT_ANSWER]
