"""The host's pages of webhooks, with and without JavaScript."""

import json
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Organization
from connectors.links import BadLink, normalise
from tests import cast
from tests.connectors.test_ssrf import CORPUS
from tests.webhooks.conftest import Listens
from tests.webhooks.listeners import Answer, answering
from webhooks import outbox, sending, views
from webhooks.models import Event, Sending, Webhook

LIST, NEW = reverse("webhooks:list"), reverse("webhooks:new")
LINK = "https://hooks.example/canary0c4nary?key=canary0c4nary"
WANTED = ["sale.confirmed", "feed.failing"]
NOW = cast.NOW


def text(answer: Any) -> str:
    return unescape(answer.content.decode())


def add(alices: Client, follow: bool = True, **fields: object) -> Any:
    return alices.post(NEW, {"link": LINK, "events": WANTED, **fields}, follow=follow)


def page(webhook: Webhook, name: str = "log", *more: str) -> str:
    return reverse(f"webhooks:{name}", args=[webhook.public_id, *more])


def press(alices: Client, webhook: Webhook, name: str, *more: str) -> str:
    return text(alices.post(page(webhook, name, *more), follow=True))


@pytest.fixture
def webhook(alices: Client) -> Webhook:
    add(alices, description="Our own books")
    return Webhook.objects.get()


def test_the_menu_leads_to_a_page_that_says_what_to_do_first(alices: Client) -> None:
    assert f'href="{LIST}"' in text(alices.get(reverse("home")))
    answer = text(alices.get(LIST))
    assert "Nobody is told yet" in answer
    assert f'href="{NEW}"' in answer


def test_a_new_webhook_shows_its_secret_once_and_never_its_address(alices: Client) -> None:
    answer = add(alices, description="Our own books")
    webhook = Webhook.objects.get()
    assert (webhook.url, webhook.host, webhook.events) == (LINK, "hooks.example", WANTED)
    assert answer.redirect_chain == [(page(webhook), 302)]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert webhook.secret in text(answer)
    for later in (
        text(alices.get(page(webhook))),
        text(alices.get(LIST)),
        text(alices.get(page(webhook, "edit"))),
    ):
        assert "Our own books" in later
        assert webhook.secret not in later
        assert "canary" not in later
    assert webhook.secret in press(alices, webhook, "show-secret")
    assert webhook.secret not in text(alices.get(page(webhook)))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"link": ""}, "Enter the address, beginning with https://."),
        ({"link": "hooks.example"}, "The address must begin with https://."),
        ({"link": "webcal://hooks.example/"}, "The address must begin with https://."),
        ({"link": "ftp://hooks.example/"}, "The address must begin with https://."),
        ({"link": "https://10.0.0.1/"}, "The address must name a server on the internet"),
        ({"link": "https://localhost/"}, "The address must name a server on the internet"),
        ({"link": "https://me:pw@hooks.example/"}, "There is a user name or password in the address."),
        ({"link": "https://hooks.example:8443/"}, "Use the usual port of https"),
        ({"link": "https://hooks.example/a b"}, "There is a space or a sign in it"),
        ({"link": "https://hooks.example/" + "a" * 3000}, "This is longer than an address can be."),
        ({"link": "https://stay.example/webhooks/"}, "This is Amplistay's own address."),
        ({"events": []}, "Choose at least one thing that it is told."),
        ({"events": ["webhook.test"]}, "Choose from the list."),
        ({"events": ["sale.confirmed", "x"]}, "Choose from the list."),
        ({"description": "x" * 81}, "Shorten this to 80 characters"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(
    fields: dict[str, Any], sentence: str, alices: Client, settings: Settings
) -> None:
    settings.SITE_URL = "https://stay.example"
    answer = add(alices, **fields)
    assert answer.status_code == 422
    assert text(answer).count(sentence) == 2, "in the summary, and at the field"
    assert not Webhook.objects.exists()


def test_no_link_into_the_inside_is_taken(alices: Client) -> None:
    for link in CORPUS:
        with pytest.raises(BadLink):
            normalise(link)
        assert add(alices, link=link).status_code == 422, link
    assert not Webhook.objects.exists()


def test_ten_are_enough(alices: Client) -> None:
    for number in range(views.MOST):
        add(alices, link=f"https://hooks.example/{number}")
    assert "More than 10 webhooks aren't possible. Remove one first." in text(add(alices))
    assert Webhook.objects.count() == views.MOST
    assert f'href="{NEW}"' not in text(alices.get(LIST))


def test_its_settings_change_without_its_address(alices: Client, webhook: Webhook) -> None:
    changed = {"link": "", "description": "The books", "events": ["nights.changed"]}
    answer = alices.post(page(webhook, "edit"), changed, follow=True)
    assert "Saved." in text(answer)
    fresh = Webhook.objects.get()
    assert (fresh.url, fresh.description, fresh.events) == (LINK, "The books", ["nights.changed"])
    assert fresh.secret == webhook.secret
    alices.post(page(webhook, "edit"), {**changed, "link": "https://other.example/x"})
    assert Webhook.objects.get().host == "other.example"
    refused = alices.post(page(webhook, "edit"), {"link": "https://10.0.0.1/", "events": []})
    assert refused.status_code == 422
    assert Webhook.objects.get().host == "other.example"


def test_a_test_event_is_sent_and_its_outcome_stands_in_the_log(alices: Client, listens: Listens) -> None:
    webhook, listener = listens(lambda _: Answer(200, {}, b"Hello <b>there</b>"))
    sent = press(alices, webhook, "test")
    assert "A test event is on its way." in sent
    assert 'hx-trigger="every 2s"' in sent
    assert "A test event is on its way already." in press(alices, webhook, "test")
    sending.send_due(timezone.now())
    answer = alices.get(page(webhook), headers={"HX-Request": "true"})
    said = text(answer)
    assert "<html" not in said
    assert 'hx-trigger="every 2s"' not in said
    assert "Delivered" in said
    assert "HTTP 200" in said
    assert '"type": "webhook.test"' in said
    assert listener.heard[0].id in said
    assert b"Hello &lt;b&gt;there&lt;/b&gt;" in answer.content


def test_what_failed_says_why_and_when_it_is_tried_again(alices: Client, listens: Listens) -> None:
    webhook, listener = listens(answering(500))
    outbox.test(webhook, timezone.now())
    sending.send_due(timezone.now())
    said = text(alices.get(page(webhook)))
    for words in (
        "Failing",
        "Tried again",
        "The server answered 500 instead of 2xx.",
        "Next try at",
        "as you say",
    ):
        assert words in said
    assert "Failing" in text(alices.get(LIST))
    assert len(listener.heard) == 1


def test_what_was_given_up_can_be_sent_again_alone_or_together(alices: Client, listens: Listens) -> None:
    webhook, listener = listens()
    now = timezone.now()
    for _ in range(3):
        outbox.announce(webhook.organization_id, Event.SALE_CONFIRMED, dict, now)
    Sending.objects.update(given_up_at=now, trouble="dns")
    said = text(alices.get(page(webhook) + "?show=undelivered"))
    assert said.count("The name of the server isn't known on the internet.") == 3
    assert "Send again what was given up (3)" in said
    first = Sending.objects.earliest("pk").message.public_id
    assert "It is sent again, with the same id." in press(alices, webhook, "again", first)
    assert "It is under way already." in press(alices, webhook, "again", first)
    assert "2 messages are sent again." in press(alices, webhook, "again-all")
    assert "There is nothing to send again" in press(alices, webhook, "again-all")
    sending.send_due(timezone.now())
    assert len(set(listener.ids)) == 3
    assert "Everything was delivered" in text(alices.get(page(webhook) + "?show=undelivered"))


def test_a_secret_is_replaced_and_the_old_one_still_signs(alices: Client, webhook: Webhook) -> None:
    said = press(alices, webhook, "rotate")
    fresh = Webhook.objects.get()
    assert fresh.secret in said
    assert webhook.secret not in said
    assert "messages are signed with the old secret as well" in said
    assert fresh.secrets(timezone.now()) == [fresh.secret, webhook.secret]
    assert fresh.secrets(timezone.now() + timedelta(hours=25)) == [fresh.secret]


def test_a_stopped_webhook_is_told_nothing_until_it_is_resumed(
    alices: Client, organization: Organization, webhook: Webhook
) -> None:
    assert "Stopped. It is told nothing until you resume it." in press(alices, webhook, "stop")
    assert not outbox.announce(organization.pk, Event.SALE_CONFIRMED, dict, NOW)
    assert "The webhook is stopped. Resume it first." in press(alices, webhook, "test")
    assert "you stopped it" in text(alices.get(page(webhook)))
    assert "Resumed." in press(alices, webhook, "resume")
    assert outbox.announce(organization.pk, Event.SALE_CONFIRMED, dict, NOW)


def test_a_removed_webhook_is_gone_with_its_log(
    alices: Client, organization: Organization, webhook: Webhook
) -> None:
    outbox.announce(organization.pk, Event.SALE_CONFIRMED, dict, NOW)
    assert "Removed: Our own books is told nothing any more." in press(alices, webhook, "remove")
    assert not Webhook.objects.exists()
    assert not outbox.announce(organization.pk, Event.SALE_CONFIRMED, dict, NOW)
    assert not sending.send_due(NOW + timedelta(minutes=1)), "what waited for it waits"
    message = Sending.objects.get().message.public_id
    assert alices.get(page(webhook)).status_code == 404
    assert alices.post(page(webhook, "again", message)).status_code == 404


def test_the_log_costs_the_same_however_long_it_is(
    alices: Client, webhook: Webhook, django_assert_max_num_queries: Any
) -> None:
    for _ in range(45):
        outbox.announce(webhook.organization_id, Event.SALE_CONFIRMED, dict, NOW)
    with django_assert_max_num_queries(12):
        said = text(alices.get(page(webhook)))
    assert "Page 1 of 3" in said
    assert said.count(json.dumps("sale.confirmed")) == views.PAGE
