"""Messages on their way over real sockets: signed, at least once, later every time, and never to the inside."""

import json
import time
from base64 import b64decode
from datetime import timedelta

import pytest
import standardwebhooks
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Organization, User
from tests import cast
from tests.post import Post, an_office, mail_server
from tests.webhooks.conftest import Listens
from tests.webhooks.listeners import (
    Answer,
    Heard,
    Listener,
    a_webhook,
    announced,
    answering,
    the_sending,
    verified,
)
from webhooks import letters, outbox, sending
from webhooks.models import Event, Message, Sending, Webhook

NOW = cast.NOW
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
EVENT = Event.SALE_CONFIRMED


# What arrives


def test_a_message_arrives_once_signed_as_the_scheme_says(
    organization: Organization, listens: Listens
) -> None:
    webhook, listener = listens()
    assert announced(organization)
    assert [sending.send_due(NOW), sending.send_due(NOW + DAY)] == [1, 0]
    (heard,) = listener.heard
    assert json.loads(verified(heard, webhook.secret, NOW)) == {
        "type": "sale.confirmed",
        "timestamp": "2026-12-01T09:00:00Z",
        "data": {"id": "sale1", "name": "Gràcia"},
    }
    assert (heard.method, heard.path) == ("POST", "/hooks/canary0c4nary?key=canary0c4nary")
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["user-agent"].startswith("Amplistay-Webhooks/1.0 (+http")
    assert heard.id == Message.objects.get().public_id
    assert "." not in heard.id
    assert not heard.headers.keys() & {"cookie", "authorization", "expect", "referer"}
    row = the_sending(webhook)
    assert (row.state, row.status, row.tries, row.trouble) == ("delivered", 204, 1, "")


def test_a_listener_with_somebody_elses_library_takes_it(
    organization: Organization, listens: Listens
) -> None:
    taken = []

    def takes(heard: Heard) -> Answer:
        taken.append(standardwebhooks.Webhook(webhook.secret).verify(heard.body, heard.headers))
        return Answer()

    webhook, listener = listens(takes)
    with time_machine.travel(NOW, tick=True):
        announced(organization)
        sending.send_due(timezone.now())
    assert [message["type"] for message in taken] == ["sale.confirmed"]
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(webhook.secret).verify(
            listener.heard[0].body + b" ", listener.heard[0].headers
        )


def test_a_message_goes_to_each_webhook_that_wants_it_and_to_no_other(
    organization: Organization, mallory: User, listens: Listens, settings: Settings
) -> None:
    wanting, other, stopped = listens(), listens(events=["feed.failing"]), listens()
    outbox.stop(stopped[0], Webhook.Stopped.HOST, NOW)
    with Listener() as strangers:
        a_webhook(mallory.organizations.get(), strangers, NOW, settings)
        announced(organization)
        sending.send_due(NOW)
        assert strangers.heard == []
    assert [len(listener.heard) for _, listener in (wanting, other, stopped)] == [1, 0, 0]


def test_where_nobody_listens_one_look_is_all_it_costs(
    organization: Organization, django_assert_num_queries: object
) -> None:
    def never() -> dict[str, object]:
        raise AssertionError

    with django_assert_num_queries(1):  # type: ignore[operator]  # pytest-django's fixture
        assert not outbox.announce(organization.pk, EVENT, never, NOW)
    assert not Message.objects.exists()


def test_what_is_taken_back_was_never_announced(organization: Organization, listens: Listens) -> None:
    _webhook, listener = listens()
    with transaction.atomic():
        announced(organization)
        transaction.set_rollback(True)
    assert sending.send_due(NOW) == 0
    assert listener.heard == []


# What goes wrong


def test_what_fails_is_tried_again_with_the_same_id_and_body_later_every_time(
    organization: Organization, listens: Listens
) -> None:
    webhook, listener = listens(answering(500, 404, 503, 200))
    announced(organization)
    now, waits = NOW, []
    while the_sending(webhook).state != "delivered":
        assert sending.send_due(now) == 1
        row = the_sending(webhook)
        waits.append(row.next_try_at - now)
        webhook.refresh_from_db()
        now = max(row.next_try_at, webhook.rest_until or now)
    assert [row.status for row in Sending.objects.all()] == [200]
    assert len(listener.heard) == 4
    assert len({(heard.id, heard.body) for heard in listener.heard}) == 1
    assert waits[0] < 15 * SECOND < waits[1] < 2 * MINUTE < waits[2] < 10 * MINUTE
    stamps = [int(heard.headers["webhook-timestamp"]) for heard in listener.heard]
    assert stamps == sorted(set(stamps))
    assert webhook.failing_since is None


@pytest.mark.parametrize("status", [500, 302, 100, 418, 404])
def test_nothing_but_2xx_counts_as_taken(status: int, organization: Organization, listens: Listens) -> None:
    webhook, _ = listens(answering(status))
    announced(organization)
    sending.send_due(NOW)
    webhook.refresh_from_db()
    row = the_sending(webhook)
    assert (row.state, bool(row.trouble), webhook.failing_since) == ("retried", True, NOW)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    code: int, organization: Organization, listens: Listens, settings: Settings
) -> None:
    with Listener() as elsewhere:
        settings.LOOPBACK_FEED_PORTS = frozenset({elsewhere.port})
        webhook, listener = listens(answering(code, Location=elsewhere.url))
        announced(organization)
        sending.send_due(NOW)
        assert elsewhere.heard == []
    assert len(listener.heard) == 1
    assert the_sending(webhook).trouble == "redirects"


def test_one_that_hangs_holds_up_nobody_else(organization: Organization, listens: Listens) -> None:
    slow, hanging = listens()
    hanging.does = hanging.hang
    quick, prompt = listens()
    announced(organization)
    begun = time.monotonic()
    sending.send_due(NOW)
    assert time.monotonic() - begun < 20
    assert (the_sending(slow).trouble, the_sending(quick).state) == ("timeout", "delivered")
    assert len(prompt.heard) == 1


def test_an_address_inside_is_never_reached_whatever_stands_in_the_database(
    organization: Organization, listens: Listens, settings: Settings
) -> None:
    webhook, listener = listens()
    settings.LOOPBACK_FEED_PORTS = frozenset()
    links = [
        listener.url,
        listener.url.replace("127.0.0.1", "localhost"),
        listener.url.replace("127.0.0.1", "2130706433"),
        listener.url.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
    ]
    for link in links:
        Webhook.objects.filter(pk=webhook.pk).update(url=link, rest_until=None)
        Sending.objects.all().delete()
        announced(organization)
        sending.send_due(NOW)
        assert the_sending(webhook).trouble in {"address", "scheme"}, link
    assert listener.heard == []


def test_retry_after_is_honoured_for_all_that_waits(organization: Organization, listens: Listens) -> None:
    webhook, listener = listens(answering(503, 204, Retry_After="7200"))
    announced(organization)
    sending.send_due(NOW)
    announced(organization, 2, NOW + MINUTE)
    assert sending.send_due(NOW + 119 * MINUTE) == 0
    assert sending.send_due(NOW + 2 * HOUR) > 0
    sending.send_due(NOW + 2 * HOUR + SECOND)
    assert {row.state for row in Sending.objects.filter(webhook=webhook)} == {"delivered"}
    assert len(set(listener.ids)) == 2


def test_a_message_is_given_up_after_three_days(organization: Organization, listens: Listens) -> None:
    webhook, listener = listens(answering(500))
    announced(organization)
    now = NOW
    while the_sending(webhook).state == "retried" or not listener.heard:
        sending.send_due(now)
        now += 30 * MINUTE
        assert now < NOW + 5 * DAY
    row = the_sending(webhook)
    assert row.state == "missed"
    assert row.given_up_at is not None
    assert NOW + 3 * DAY <= row.given_up_at <= NOW + 4 * DAY
    assert 8 <= len(listener.heard) <= 16
    assert sending.send_due(now + DAY) == 0


def test_one_that_is_gone_is_stopped_at_once_and_its_members_are_told(
    organization: Organization, alice: User, listens: Listens, settings: Settings
) -> None:
    webhook, listener = listens(answering(410))
    announced(organization)
    announced(organization, 2)
    with an_office() as address:
        post = Post(address)
        mail_server(settings, *post.state["address"])
        sending.send_due(NOW)
        webhook.refresh_from_db()
        assert (webhook.disabled_at, webhook.stopped) == (NOW, Webhook.Stopped.GONE)
        assert not announced(organization, 3)
        assert [letters.tell_stopped(NOW), letters.tell_stopped(NOW + DAY)] == [1, 0]
        assert post.to("alice@example.org") == ["Your webhook at 127.0.0.1 was stopped"]
        assert "canary" not in json.dumps(post.mails)
    assert {row.state for row in Sending.objects.all()} == {"missed"}
    assert sending.send_due(NOW + DAY) == 0
    assert len(listener.heard) <= 2


def test_one_that_takes_nothing_for_five_days_is_stopped(
    organization: Organization, listens: Listens
) -> None:
    webhook, _ = listens(answering(500), failing_since=NOW - 5 * DAY + SECOND)
    announced(organization)
    sending.send_due(NOW)
    webhook.refresh_from_db()
    assert webhook.disabled_at is None
    sending.send_due(NOW + 2 * MINUTE)
    webhook.refresh_from_db()
    assert webhook.stopped == Webhook.Stopped.FAILING


def test_messages_may_overtake_each_other_and_all_arrive(
    organization: Organization, listens: Listens
) -> None:
    refused: set[str] = set()

    def stumbles(heard: Heard) -> Answer:
        """The first two messages to come fail once."""
        if heard.id in refused or len(refused) == 2:
            return Answer()
        refused.add(heard.id)
        return Answer(500)

    _webhook, listener = listens(stumbles)
    for number in range(8):
        announced(organization, number)
    for minutes in range(20):
        sending.send_due(NOW + minutes * MINUTE)
    assert {row.state for row in Sending.objects.all()} == {"delivered"}
    assert len(set(listener.ids)) == 8
    assert listener.ids[-1] in refused
    assert all(listener.ids.count(name) == 1 + (name in refused) for name in listener.ids)


def test_a_backlog_of_one_that_is_down_keeps_nobody_waiting(
    organization: Organization, listens: Listens
) -> None:
    down, dead = listens(answering(500))
    for number in range(100):
        announced(organization, number)
    sending.send_due(NOW)
    assert len(dead.heard) == sending.EACH
    up, well = listens()
    announced(organization, 100, NOW + SECOND)
    sending.send_due(NOW + SECOND)
    assert (len(dead.heard), len(well.heard)) == (sending.EACH, 1)
    sending.send_due(NOW + 2 * MINUTE)
    assert len(dead.heard) == sending.EACH + 1
    assert (the_sending(up).state, Sending.objects.filter(webhook=down).open().count()) == ("delivered", 101)


def test_what_was_answered_is_kept_without_what_is_secret(
    organization: Organization, listens: Listens
) -> None:
    def echoes(heard: Heard) -> Answer:
        body = f"<p>no\0 {heard.path} {webhook.secret} {'x' * 9_000}".encode() + b"\xff"
        return Answer(500, {}, body)

    webhook, _ = listens(echoes)
    announced(organization)
    sending.send_due(NOW)
    kept = the_sending(webhook).answer
    assert kept is not None
    assert kept.startswith("<p>no /… … xxxx")
    assert len(kept) == sending.KEPT_ANSWER


def test_no_table_holds_a_secret_in_clear(organization: Organization, listens: Listens) -> None:
    webhook, _ = listens(lambda _: Answer(200, {}, b"Welcome to the answer"))
    outbox.rotate(webhook, NOW)
    announced(organization)
    sending.send_due(NOW)
    old, webhook = webhook, Webhook.objects.get()
    with connection.cursor() as cursor:
        for table in ("webhooks_webhook", "webhooks_sending", "webhooks_message"):
            cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608 - our own tables
            held = "\n".join(row[0] for row in cursor.fetchall())
            for secret in ("canary", old.secret, webhook.secret, "Welcome"):
                assert secret not in held


# Secrets


def test_a_replaced_secret_signs_beside_the_new_one_for_a_day(
    organization: Organization, listens: Listens
) -> None:
    webhook, listener = listens()
    old = webhook.secret
    outbox.rotate(webhook, NOW)
    new = Webhook.objects.get().secret
    assert old != new
    assert 24 <= len(b64decode(new.removeprefix("whsec_"))) <= 64
    for at in (NOW + DAY - SECOND, NOW + DAY):
        announced(organization, now=at)
        sending.send_due(at)
    before, after = listener.heard
    for secret in (old, new):
        verified(before, secret, NOW + DAY - SECOND)
    verified(after, new, NOW + DAY)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verified(after, old, NOW + DAY)
