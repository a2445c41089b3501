"""What a host asks for by hand: messages sent once more, a test of one webhook; and how long they are kept."""

import json
from datetime import timedelta

from accounts.models import Organization
from tests import cast
from tests.webhooks.conftest import Listens
from tests.webhooks.listeners import (
    announced,
    answering,
    the_sending,
)
from webhooks import outbox, sending
from webhooks.models import Sending

NOW = cast.NOW
SECOND, MINUTE, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "days"))


def test_a_message_can_be_sent_again_with_the_same_id(organization: Organization, listens: Listens) -> None:
    webhook, listener = listens()
    announced(organization)
    sending.send_due(NOW)
    assert outbox.again(the_sending(webhook), NOW + DAY)
    assert not outbox.again(the_sending(webhook), NOW + DAY)
    sending.send_due(NOW + DAY)
    assert len(listener.heard) == 2
    assert len(set(listener.ids)) == 1


def test_what_was_missed_while_it_was_stopped_can_be_sent_again_at_once(
    organization: Organization, listens: Listens
) -> None:
    webhook, listener = listens(answering(410, 204))
    for number in range(3):
        announced(organization, number)
    sending.send_due(NOW)
    assert outbox.again_all(webhook, NOW) == 0
    outbox.resume(webhook)
    assert outbox.again_all(webhook, NOW + DAY) == Sending.objects.filter(delivered_at=None).count()
    sending.send_due(NOW + DAY)
    assert {row.state for row in Sending.objects.all()} == {"delivered"}
    assert len(set(listener.ids)) == 3


def test_a_test_event_goes_to_its_webhook_alone_whatever_it_wants(
    organization: Organization, listens: Listens
) -> None:
    webhook, listener = listens(events=["feed.failing"])
    _, other = listens()
    assert [outbox.test(webhook, NOW), outbox.test(webhook, NOW)] == [True, False]
    sending.send_due(NOW)
    assert [json.loads(heard.body)["type"] for heard in listener.heard] == ["webhook.test"]
    assert other.heard == []
    assert outbox.test(webhook, NOW + MINUTE)


def test_messages_are_forgotten_after_thirty_days(organization: Organization, listens: Listens) -> None:
    webhook, _ = listens()
    announced(organization)
    announced(organization, 2, NOW + DAY)
    sending.send_due(NOW + DAY)
    assert outbox.forget(NOW + 30 * DAY) == 0
    assert outbox.forget(NOW + 30 * DAY + SECOND) == 1
    assert Sending.objects.filter(webhook=webhook).count() == 1
