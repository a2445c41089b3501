"""Several workers at once, one that dies, and webhooks that are removed meanwhile."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Organization
from tests import cast
from tests.webhooks.conftest import Listens
from tests.webhooks.listeners import Answer, Heard, announced, the_sending
from webhooks import outbox, sending
from webhooks.models import Message, Webhook

NOW = cast.NOW
MINUTE = timedelta(minutes=1)
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_each_message_once(organization: Organization, listens: Listens) -> None:
    listeners = [listens()[1] for _ in range(5)]
    for number in range(6):
        announced(organization, number)
    gate = threading.Barrier(4)

    def works() -> None:
        gate.wait(10)
        for _ in range(6):
            sending.send_due(NOW)
        connection.close()

    workers = [threading.Thread(target=works) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    sending.send_due(NOW)
    assert [sorted(listener.ids) for listener in listeners] == [
        sorted(Message.objects.values_list("public_id", flat=True))
    ] * 5


SENDS = """
import django; django.setup()
from datetime import datetime
from webhooks import sending
sending.send_due(datetime.fromisoformat("{now}"))
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_between_the_answer_and_our_note_of_it_is_followed_by_one_that_sends_it_again(
    organization: Organization, listens: Listens, tmp_path: Path
) -> None:
    started = threading.Event()

    def kills(_heard: Heard) -> Answer:
        started.wait(30)
        if len(listener.heard) == 1:
            os.kill(worker.pid, signal.SIGKILL)
        return Answer()

    webhook, listener = listens(kills)
    announced(organization)
    target = connection.settings_dict
    url = f"postgresql://{target['USER']}@/{target['NAME']}?host={target['HOST']}"
    env = os.environ | {
        "DATABASE_URL": url,
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "amplistay.settings",
        "LOOPBACK_FEED_PORTS": str(listener.port),
    }
    worker = subprocess.Popen([sys.executable, "-c", SENDS.format(now=NOW.isoformat())], cwd=ROOT, env=env)
    started.set()
    assert worker.wait(60) == -signal.SIGKILL
    assert the_sending(webhook).state == "waiting"
    assert sending.send_due(NOW + MINUTE) == 0
    assert sending.send_due(NOW + 3 * MINUTE) == 1
    assert the_sending(webhook).state == "delivered"
    assert len(listener.ids) == 2
    assert len(set(listener.ids)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_webhook_that_is_removed_at_the_same_moment_undoes_nothing_that_is_announced(
    organization: Organization, listens: Listens
) -> None:
    webhook, _ = listens()
    errors: list[Exception] = []

    def removes() -> None:
        try:
            outbox.remove(webhook, timezone.now())
        except Exception as error:  # noqa: BLE001 - the test shows it
            errors.append(error)
        finally:
            connection.close()

    remover = threading.Thread(target=removes)
    with transaction.atomic():
        announced(organization)
        remover.start()
        remover.join(10)
        assert not remover.is_alive(), "whoever removes it needn't wait"
        organization.name = "Renamed with it"
        organization.save(update_fields=["name"])
    organization.refresh_from_db()
    assert (errors, organization.name) == ([], "Renamed with it")
    assert not Webhook.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_whoever_announces_doesnt_wait_for_a_webhook_that_is_being_removed(
    organization: Organization, listens: Listens
) -> None:
    webhook, _ = listens()
    heard: list[bool] = []
    with transaction.atomic():
        list(Webhook.objects.select_for_update().filter(pk=webhook.pk))
        other = threading.Thread(target=lambda: (heard.append(announced(organization)), connection.close()))
        other.start()
        other.join(10)
        assert heard == [False]
