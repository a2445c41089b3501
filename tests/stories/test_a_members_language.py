"""The language of each member: how it is learned, on which pages it is seen, and that every e-mail is written in it."""

import re
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address
from secrets import randbits
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from accounts import language
from accounts import post as outbox_of_accounts
from accounts.models import Level, Organization, User
from calendars import alerts, sentences
from calendars.models import Alert, Feed
from notices import digest
from properties.models import Property
from tests import cast
from tests.post import Post
from tests.upsells.pages import a_purchase
from upsells import deliveries
from upsells.models import Delivery, StayLink
from webhooks import letters, outbox
from webhooks.models import Webhook

NOW, HOUR = cast.NOW, timedelta(hours=1)
TOMORROW_AT_EIGHT = datetime(2026, 12, 2, 7, 0, tzinfo=UTC)
ALICE, BOB = "alice@example.org", "bob@example.org"
HOSTS_PAGES = (
    "home",
    "properties:list",
    "notices:wishes",
    "planner",
    "account_change_password",
    "pages:help",
)


@pytest.fixture
def both(alice: User, bob: User) -> None:
    """Two members of one organization: Alice reads German, Bob French."""
    language.learn(alice, "de")
    language.learn(bob, "fr")


def trouble(home: Property, kind: Alert.Kind) -> None:
    feed = cast.a_feed(
        home, "https://www.airbnb.com/1.ics" if kind == Alert.Kind.HELD else "https://vrbo.com/2.ics"
    )
    details = {"feed": "Airbnb", "nights": 2, "first": "Airbnb", "second": ""}
    Alert.objects.create(
        organization_id=home.organization_id,
        property=home,
        feed=feed,
        kind=kind,
        key=f"{kind} {feed.pk}",
        details=details | {"arrival": "2026-12-10", "departure": "2026-12-12"},
        opened_at=NOW,
    )


def sell(link: StayLink, now: datetime = NOW) -> None:
    sold = a_purchase(link, "confirmed", decided_at=now, language="it")
    with transaction.atomic():
        deliveries.announce(sold, Delivery.News.CONFIRMED, now)


def spoken(letter: dict[str, Any]) -> str:
    """The language that a mail says it is written in; not a word of its text is in English."""
    for words in ("You get this", "because you are a member", "Turn off", "See ", "Amplistay links"):
        assert words not in letter["text"]
    (code,) = re.findall(r'<html lang="(\w+)"', letter["html"])
    return str(code)


def language_of(page: Any) -> str:
    return str(re.findall(r'<html lang="([\w-]+)"', page.content.decode())[0])


# E-mails


def test_two_members_get_the_same_alerts_each_in_their_own_words_plurals_and_dates(
    home: Property, both: None, post: Post
) -> None:
    trouble(home, Alert.Kind.HELD)
    trouble(home, Alert.Kind.CONFLICT)
    assert alerts.tell(NOW) == 4
    assert sorted(post.to(ALICE)) == [
        "Airbnb nennt Nächte in Casa Gràcia nicht mehr: 2 Nächte zurückgehalten",
        "Doppelbuchung in Casa Gràcia: Airbnb und Ihr Verkauf, 10.–12. Dez. 2026",
    ]
    assert sorted(post.to(BOB)) == [
        "Airbnb ne cite plus certaines nuits à Casa Gràcia : 2 nuits en attente",
        "Double réservation à Casa Gràcia : Airbnb et votre vente, 10–12 déc. 2026",
    ]
    assert {(letter["to"][0], spoken(letter)) for letter in post.mails} == {(ALICE, "de"), (BOB, "fr")}
    assert translation.get_language() == "en"


def test_an_alert_names_an_unknown_site_in_the_language_of_who_reads_it_and_its_calendar_by_the_host(
    home: Property,
) -> None:
    link = cast.an_export(home, "other")
    with translation.override("de"):
        kept = sentences.kept(link)
    alert = Alert(kind=Alert.Kind.UNREAD, property=home, link=link, details={"link": kept})
    assert sentences.headline(alert) == "Other calendar has never read its Amplistay link for Casa Gràcia"
    assert sentences.kept(cast.a_feed(home, "https://unknown.example/1.ics")) == "unknown.example"
    assert sentences.kept(Feed(label="Tía Ana", channel="other", host="unknown.example")) == "Tía Ana"


def test_two_members_get_a_sale_and_their_summary_of_it_each_in_their_own_language(
    home: Property, link: StayLink, both: None, post: Post, alice: User, bob: User
) -> None:
    digest.send_due(NOW)
    sell(link, NOW + HOUR)
    assert deliveries.send_due(NOW + HOUR) == 2
    for member in (alice.memberships.get(), bob.memberships.get()):
        member.levels = {"sale": Level.DIGEST.value}
        member.save(update_fields=["levels"])
    assert digest.send_due(TOMORROW_AT_EIGHT) == 2
    for person, words in ((ALICE, "2 Nächte mehr für 198,00 €"), (BOB, "2 nuits de plus pour 198,00 €")):
        assert [words in subject for subject in post.to(person)] == [True, True], post.to(person)
    assert {(letter["to"][0], spoken(letter)) for letter in post.mails} == {(ALICE, "de"), (BOB, "fr")}
    dates = {letter["to"][0]: letter["text"] for letter in post.mails[2:]}
    assert ("4.–6. Dez. 2026" in dates[ALICE], "4–6 déc. 2026" in dates[BOB]) == (True, True)


def test_a_mail_that_waits_is_written_in_the_language_that_its_reader_chose_meanwhile(
    link: StayLink, both: None, post: Post, alice: User
) -> None:
    sell(link)
    language.learn(alice, "es")
    deliveries.send_due(NOW)
    assert post.to(ALICE)[0].startswith("Vendido en Casa Gràcia: 2 noches más por")


def test_each_member_learns_in_their_language_that_a_webhook_was_stopped(
    organization: Organization, both: None, post: Post
) -> None:
    webhook, _message = cast.a_message(organization)
    outbox.stop(webhook, Webhook.Stopped.GONE, NOW)
    assert letters.tell_stopped(NOW) == 2
    assert post.to(ALICE) == ["Ihr Webhook bei hooks.example wurde gestoppt"]
    assert {(letter["to"][0], spoken(letter)) for letter in post.mails} == {(ALICE, "de"), (BOB, "fr")}


# Learning it


@pytest.mark.parametrize(
    ("code", "subject"), [("de", "Neues Passwort wählen"), ("pt", "Escolher uma nova palavra-passe")]
)
def test_who_signs_up_in_a_language_gets_it_on_every_device_and_in_mails_that_others_ask_for(
    db: None, post: Post, code: str, subject: str
) -> None:
    address, email = str(IPv6Address(randbits(120))), f"ada-{randbits(64):x}@example.org"
    form = {"email": email, "password1": cast.PASSWORD, "organization": "Casas de Ada"}
    Client(REMOTE_ADDR=address).post(reverse("account_signup"), form, headers={"Accept-Language": code})
    ada = User.objects.get()
    assert ada.language == code
    stranger = Client(REMOTE_ADDR=address)
    stranger.post(reverse("account_reset_password"), {"email": email})
    outbox_of_accounts.send_due(timezone.now())
    assert subject in post.to(email)
    letter = post.mails[post.to(email).index(subject)]
    assert f'<html lang="{code}">' in letter["html"]
    assert "/accounts/password/reset/key/" in letter["text"]
    new_device = Client(headers={"Accept-Language": "en"})
    new_device.force_login(ada)
    for name in HOSTS_PAGES:
        assert language_of(new_device.get(reverse(name))) == code, name


def test_an_address_is_confirmed_in_the_language_of_whoever_added_it(
    alices: Client, both: None, post: Post, settings: Settings
) -> None:
    settings.ACCOUNT_REAUTHENTICATION_REQUIRED = False
    alices.cookies["django_language"] = "en"
    added = f"ada-{randbits(64):x}@example.org"
    alices.post(reverse("account_email"), {"action_add": "", "email": added})
    outbox_of_accounts.send_due(timezone.now())
    letter = next(mail for mail in post.mails if mail["to"] == [added])
    assert '<html lang="de">' in letter["html"]
    assert "/accounts/confirm-email/" in letter["text"]


def test_the_switch_changes_the_member_who_is_logged_in_and_nobody_else(
    alices: Client, alice: User, bob: User
) -> None:
    switch = reverse("set_language")
    for browser, code in ((alices, "it"), (Client(), "pt"), (alices, "nl"), (alices, "")):
        browser.post(switch, {"language": code, "next": "/"})
    alices.get(switch, {"language": "fr"})
    assert [User.objects.get(pk=person.pk).language for person in (alice, bob)] == ["it", "en"]
    new_device = Client()
    new_device.force_login(alice)
    assert language_of(new_device.get(reverse("home"))) == "it"


def test_what_was_chosen_by_hand_on_a_device_goes_first_there_and_a_member_costs_no_query(
    alices: Client, both: None
) -> None:
    counts = []
    for code in ("", "es"):
        if code:
            alices.cookies["django_language"] = code
        alices.get(reverse("home"))
        with CaptureQueriesContext(connection) as queries:
            page = alices.get(reverse("home"))
        assert language_of(page) == (code or "de")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_choice_among_what_one_is_told_holds_for_mails_and_for_this_device_at_once(
    alices: Client, alice: User
) -> None:
    alices.cookies["django_language"] = "en"
    path = reverse("notices:wishes")
    page = alices.get(path)
    chosen = {name: field.initial for name, field in page.context["form"].fields.items()}
    assert chosen["language"] == "en"
    answer = alices.post(path, chosen | {"language": "fr"}, follow=True)
    assert (language_of(answer), User.objects.get(pk=alice.pk).language) == ("fr", "fr")
    assert alices.post(path, chosen | {"language": "xx"}).status_code == 422
    assert User.objects.get(pk=alice.pk).language == "fr"
