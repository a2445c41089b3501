"""The outbox to other software: an event is written in the transaction that makes it true, and sent after the commit.

Where nobody listens for an event, one look at an index is all it costs, and nothing is written.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.deeds import Change, What
from webhooks.models import Event, Message, Sending, SendingQuerySet, Webhook, new_secret

SECRETS = ("secret", "old_secret", "old_secret_until")
BOTH_SECRETS = timedelta(hours=24)
KEPT = timedelta(days=30)
AT_ONCE = 5_000  # messages that are forgotten in one turn
MOST_AGAIN = 1_000
TEST = {"note": "A test event: nothing has happened."}

type Data = Callable[[], dict[str, Any]]


def announce(organization_id: int, event: Event, data: Data, now: datetime) -> bool:
    """Write the event down for every webhook that wants it, within the caller's transaction; whether there is one.

    `data` is asked only then; it gives what JSON can hold, and no secret.
    """
    return bool(announce_all(organization_id, event, [data], now))


def announce_all(organization_id: int, event: Event, each: Iterable[Data], now: datetime) -> int:
    """The same for several events of a kind; how many were written."""
    if not (webhooks := _listening(organization_id, event)):
        return 0
    texts = [_body(event, data(), now) for data in each]
    for text in texts:
        _write(organization_id, event, text, webhooks, now)
    return len(texts)


def _listening(organization_id: int, event: Event) -> list[int]:
    """The webhooks that want it, which can't be swept before the commit; one that is being swept wants nothing.

    Without that lock, a sweep at the same moment would undo the sale that is announced (its foreign key).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id FROM webhooks_webhook
               WHERE organization_id = %s AND disabled_at IS NULL AND removed_at IS NULL
                 AND events @> ARRAY[%s]::varchar[]
               ORDER BY id FOR KEY SHARE SKIP LOCKED""",
            [organization_id, event.value],
        )
        return [row[0] for row in cursor.fetchall()]


def _body(event: Event, data: dict[str, Any], now: datetime) -> str:
    """The event as the scheme lays it out, without spaces."""
    payload = {"type": event.value, "timestamp": instant(now), "data": data}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def instant(at: datetime) -> str:
    """An instant as messages have it: RFC 3339, UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _write(organization_id: int, event: Event, text: str, webhooks: Iterable[int], now: datetime) -> Message:
    message = Message.objects.create(organization_id=organization_id, event=event, body=text, created_at=now)
    Sending.objects.bulk_create(
        Sending(
            organization_id=organization_id,
            webhook_id=webhook,
            message=message,
            since=now,
            next_try_at=now,
        )
        for webhook in webhooks
    )
    return message


# By the host's hand


def test(webhook: Webhook, now: datetime) -> bool:
    """Send a test event to this webhook alone; False while the last one is under way."""
    with transaction.atomic():
        locked = Webhook.objects.select_for_update(no_key=True).live().filter(pk=webhook.pk).first()
        waiting = Sending.objects.open().filter(webhook=webhook, message__event=Event.TEST, tries=0)
        if locked is None or waiting.exists():
            return False
        Webhook.objects.filter(pk=webhook.pk).update(rest_until=None)
        _write(webhook.organization_id, Event.TEST, _body(Event.TEST, TEST, now), [webhook.pk], now)
    return True


def again(sending: Sending, now: datetime) -> bool:
    """Send a message once more, with the same id; False where it is under way already, or the webhook is stopped."""
    rows = Sending.objects.filter(pk=sending.pk, webhook__disabled_at=None)
    return _begin_anew(rows, sending.webhook_id, now) > 0


def again_all(webhook: Webhook, now: datetime) -> int:
    """Send once more what was given up, the oldest first; how many those are."""
    missed = Sending.objects.missed().filter(webhook=webhook, webhook__disabled_at=None)
    oldest = missed.order_by("message").values_list("pk", flat=True)[:MOST_AGAIN]
    return _begin_anew(Sending.objects.filter(pk__in=list(oldest)), webhook.pk, now)


def _begin_anew(rows: SendingQuerySet, webhook: int, now: datetime) -> int:
    count = rows.ended().update(
        since=now, next_try_at=now, tries=0, delivered_at=None, given_up_at=None, trouble="", status=None
    )
    Webhook.objects.filter(pk=webhook).update(rest_until=None)
    return count


def rotate(webhook: Webhook, now: datetime) -> What:
    """Give the webhook a new secret; the one it had signs beside it for a day, so that nothing is missed meanwhile."""
    with transaction.atomic():
        row = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
        before = {name: getattr(row, name) for name in SECRETS}
        row.old_secret, row.old_secret_until = row.secret, now + BOTH_SECRETS
        row.secret = new_secret()
        row.save(update_fields=SECRETS)
    return What([Change.of(row, before, {"old_secret_until": row.old_secret_until})])


def stop(webhook: Webhook, why: Webhook.Stopped, now: datetime) -> What | None:
    """Tell it nothing any more; what waits for it is given up. None where it was told nothing before."""
    with transaction.atomic():
        rows = Webhook.objects.live().filter(pk=webhook.pk)
        if not rows.update(disabled_at=now, stopped=why, told_at=None, rest_until=None):
            return None
        waiting: defaultdict[str, list[int]] = defaultdict(list)
        for pk, trouble in Sending.objects.open().filter(webhook=webhook).values_list("pk", "trouble"):
            waiting[trouble].append(pk)
        given_up = [pk for rows in waiting.values() for pk in rows]
        Sending.objects.filter(pk__in=given_up).update(given_up_at=now, trouble="stopped")
    goes_on = Change.of(webhook, {"disabled_at": None, "stopped": ""}, {"disabled_at": now})
    return What(
        [
            goes_on,
            *(
                Change(
                    "webhooks.sending", pks, {"given_up_at": None, "trouble": trouble}, {"given_up_at": now}
                )
                for trouble, pks in waiting.items()
            ),
        ]
    )


def resume(webhook: Webhook) -> None:
    """Tell it what happens from now on. What it missed can be sent again by hand."""
    Webhook.objects.filter(pk=webhook.pk).update(
        disabled_at=None, stopped="", failing_since=None, rest_until=None, told_at=None
    )


def remove(webhook: Webhook, now: datetime) -> What:
    """Tell the webhook nothing any more and hide it. It is swept with its log when nobody can take that back."""
    Webhook.objects.filter(pk=webhook.pk).update(removed_at=now)
    return What([Change.of(webhook, {"removed_at": None}, {"removed_at": now})])


def forget(now: datetime) -> int:
    """Drop messages that are older than thirty days, with their log; how many those were."""
    old = Message.objects.filter(created_at__lt=now - KEPT).order_by("created_at")
    ids = list(old.values_list("pk", flat=True)[:AT_ONCE])
    Message.objects.filter(pk__in=ids).delete()
    return len(ids)
