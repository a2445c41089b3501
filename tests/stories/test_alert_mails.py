"""Mails of alerts: over a mail server that isn't always well, by several workers at once, and how they read."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts import wishes
from accounts.models import User
from calendars import alerts, sentences, tasks
from calendars.models import Alert, Feed
from properties.models import Property
from tests import cast
from tests.conftest import free_port
from tests.post import GIVES_UP_AFTER_S, Post, mail_server
from tests.stories.troubles import DAY, HOUR, MEMBERS, MINUTE, NOW, failing, sweep, works_again

pytestmark = pytest.mark.usefixtures("an_hours_patience")


# A mail server that isn't well


@pytest.mark.parametrize(
    "trouble",
    [
        {"mode": "refuse"},
        {"mode": "refuse", "status": 550},
        {"mode": "refuse_content", "status": 451},
        {"mode": "refuse_content", "status": 554},
        {"mode": "hang_up"},
        {"mode": "slow", "seconds": 3 * GIVES_UP_AFTER_S},
    ],
    ids=lambda trouble: f"{trouble['mode']} {trouble.get('status', '')}".strip(),
)
def test_while_the_mail_server_refuses_or_hangs_nothing_is_lost_and_nothing_sent_twice(
    home: Property, members: None, post: Post, trouble: dict[str, object]
) -> None:
    failing(home)
    post.trouble(**trouble)  # type: ignore[arg-type]  # the parameters above
    for minutes in (0, 3, 6):
        assert sweep(NOW + minutes * MINUTE) == 0
    assert Alert.objects.open().get().told_at is None
    post.trouble("none")
    assert sweep(NOW + 20 * MINUTE) == 2
    assert sweep(NOW + 60 * MINUTE) == 0
    assert {mail["to"][0] for mail in post.mails} == MEMBERS
    assert len(post.mails) == 2


def test_while_there_is_no_mail_server_nothing_is_lost(
    home: Property, members: None, post: Post, settings: Settings
) -> None:
    failing(home)
    there = settings.MAILERS
    mail_server(settings, "127.0.0.1", free_port())
    assert sweep(NOW) == 0
    settings.MAILERS = there
    assert sweep(NOW + MINUTE) == 0
    assert sweep(NOW + 2 * MINUTE) == 2


def test_an_address_that_is_refused_costs_the_others_nothing_and_is_tried_ever_more_rarely(
    home: Property, members: None, post: Post
) -> None:
    failing(home)
    post.trouble("refuse", status=550, recipient="alice@example.org")
    for minutes in (*range(0, 20, 2), *range(20, 60, 5), *range(60, 24 * 60, 90)):
        sweep(NOW + minutes * MINUTE)
    tries = post.state["attempts"] - 1
    assert 5 < tries < 15
    assert (len(post.to("alice@example.org")), len(post.to("bob@example.org"))) == (0, 1)
    post.trouble("none")
    assert sweep(NOW + 2 * DAY) == 1
    assert (len(post.to("alice@example.org")), len(post.to("bob@example.org"))) == (1, 1)


def test_only_who_heard_of_it_is_told_that_it_is_over(home: Property, members: None, post: Post) -> None:
    feed = failing(home)
    post.trouble("refuse", recipient="alice@example.org")
    assert sweep(NOW) == 1
    post.trouble("none")
    works_again(feed, NOW + MINUTE)
    assert sweep(NOW + 20 * MINUTE) == 1
    assert len(post.to("bob@example.org")) == 2
    assert post.to("alice@example.org") == []


def test_an_organization_whose_mail_cannot_be_written_does_not_keep_others_from_theirs(
    home: Property, members: None, mallory: User, post: Post
) -> None:
    poisoned = cast.a_property(mallory.organizations.get())
    failing(poisoned)
    failing(home)
    alerts.watch(NOW)
    Alert.objects.filter(property=poisoned).update(details={})
    assert alerts.tell(NOW) == 2
    assert {mail["to"][0] for mail in post.mails} == MEMBERS
    assert alerts.tell(NOW + HOUR) == 0


def test_what_a_killed_worker_had_taken_on_is_told_two_minutes_later(
    home: Property, members: None, post: Post
) -> None:
    failing(home)
    alerts.watch(NOW)
    Alert.objects.update(telling_until=NOW + alerts.TELLING)
    assert sweep(NOW + MINUTE) == 0
    assert sweep(NOW + 2 * MINUTE) == 2


# Two workers at once


def in_threads(*acts: Callable[[], Any]) -> list[Any]:
    """The acts at the same time, each on a connection of its own; their results."""
    found: list[Any] = [None] * len(acts)

    def run(place: int) -> None:
        try:
            found[place] = acts[place]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


@pytest.fixture
def crowd(transactional_db: None) -> Property:
    """A home of Alice's with forty failing feeds, committed."""
    organization = cast.an_organization()
    cast.a_member(organization, "alice@example.org")
    home = cast.a_property(organization)
    for number in range(40):
        failing(home, number)
    return home


def test_two_workers_at_once_open_one_alert_each_and_send_one_mail(crowd: Property, post: Post) -> None:
    start = threading.Barrier(3)

    def work() -> int:
        start.wait(10)
        return sweep(NOW)

    assert sorted(in_threads(work, work, work)) == [0, 0, 1]
    assert Alert.objects.count() == 40
    assert post.mails[0]["subject"] == "40 things about your calendars"


@pytest.mark.parametrize("is_claimed", [True, False])
def test_it_is_the_claim_that_keeps_a_second_worker_from_writing_the_same(
    crowd: Property, post: Post, settings: Settings, is_claimed: bool
) -> None:
    mail_server(settings, *post.state["address"], patience_s=30)
    post.trouble("slow", seconds=3, for_mails=1)
    alerts.watch(NOW)

    def while_the_first_one_writes() -> int:
        until = time.monotonic() + 20
        while not post.state["attempts"]:
            assert time.monotonic() < until
            time.sleep(0.02)
        if not is_claimed:
            Alert.objects.update(telling_until=None)
        return alerts.tell(NOW)

    assert in_threads(lambda: alerts.tell(NOW), while_the_first_one_writes) == [1, 0 if is_claimed else 1]
    assert len(post.mails) == (1 if is_claimed else 2)


def test_what_is_over_while_somebody_writes_that_it_began_is_told_as_over(
    crowd: Property, post: Post
) -> None:
    alerts.watch(NOW)
    claimed = alerts._claimed(NOW)
    Feed.objects.update(failing_since=None, failures=0, last_good_at=NOW + MINUTE)
    assert sweep(NOW + MINUTE) == 0
    ((organization, mine),) = claimed.items()
    assert alerts._write_to(wishes.members([organization]), mine, NOW + MINUTE) == 1
    assert sweep(NOW + 20 * MINUTE) == 1
    assert sweep(NOW + 40 * MINUTE) == 0
    assert Alert.objects.filter(cleared_at=None).count() == 0


def test_what_comes_back_while_somebody_writes_that_it_is_over_is_told_again(
    crowd: Property, post: Post
) -> None:
    assert sweep(NOW) == 1
    Feed.objects.update(failing_since=None, failures=0, last_good_at=NOW + MINUTE)
    alerts.watch(NOW + 20 * MINUTE)
    ((organization, mine),) = alerts._claimed(NOW + 20 * MINUTE).items()
    Feed.objects.update(failing_since=NOW - HOUR, failures=5)
    alerts.watch(NOW + 21 * MINUTE)
    alerts._write_to(wishes.members([organization]), mine, NOW + 21 * MINUTE)
    assert sweep(NOW + 40 * MINUTE) == 1
    assert Alert.objects.open().exclude(told_at=None).count() == 40


# How it reads


def test_a_mail_has_two_parts_and_a_link_to_what_can_be_done(
    home: Property, members: None, post: Post
) -> None:
    failing(home, last_good_at=NOW - DAY)
    sweep(NOW)
    (mail, _other) = post.mails
    alert = Alert.objects.get()
    link = f"https://stay.example/properties/alerts/{alert.public_id}/"
    assert link in mail["text"]
    assert f'href="{link}"' in mail["html"]
    assert "What it closed stays closed." in mail["text"]
    headers = dict(mail["headers"])
    assert headers["Content-Type"].startswith("multipart/alternative")
    assert headers["Auto-Submitted"] == "auto-generated"
    assert "secret" not in mail["text"] + mail["html"]


@pytest.mark.parametrize(
    ("columns", "advice"),
    [
        (
            {},
            "It has never been read, so it closes no night. Until it can be read, guests are offered nothing",
        ),
        (
            {"quarantined_at": NOW},
            "It has never been read, so it closes no night; we try again every six hours.",
        ),
        ({"failing_since": None, "failures": 0, "created_at": NOW - DAY}, "We are behind with reading"),
    ],
)
def test_a_mail_about_a_calendar_that_was_never_read_claims_no_closed_nights(
    home: Property, members: None, post: Post, columns: dict[str, object], advice: str
) -> None:
    failing(home, **columns)
    sweep(NOW)
    sweep(NOW + HOUR)
    text = " ".join(post.mails[0]["text"].split())
    assert advice in text
    assert "It has never been read" in text
    assert "What it closed" not in text


NASTY = 'Flat"><script>alert(1)</script>\r\nBcc: victim@example.org\r\n\r\nHello\u2028there %(home)s'


def test_names_can_neither_add_headers_nor_lines_nor_markup(
    home: Property, members: None, post: Post
) -> None:
    Property.objects.update(name="Casa\r\nBcc: other@example.org")
    failing(home, label=NASTY[:80])
    assert sweep(NOW) == 2
    for mail in post.mails:
        headers = [name for name, _value in mail["headers"]]
        assert "Bcc" not in headers
        assert len(mail["to"]) == 1
        assert "\n" not in mail["subject"]
        assert "<script>" not in mail["html"]
        assert "&lt;script&gt;" in mail["html"]
        assert not any(line.startswith("Bcc:") for line in mail["text"].splitlines())


def test_every_kind_of_alert_has_its_words(home: Property) -> None:
    details = {"feed": "Airbnb", "nights": 1, "closed": 9, "first": "", "second": "Vrbo"}
    details |= {"link": "Airbnb", "since": NOW.isoformat(), "account": "Escapia"}
    details |= {"system": "Escapia", "reason": "The request was refused."}
    dates = {"arrival": "2026-12-10", "departure": "2026-12-12"}
    for kind in Alert.Kind:
        alert = Alert(property=home, kind=kind, details=details | dates)
        for words in (sentences.headline, sentences.advice, sentences.relief):
            assert words(alert)
            assert "%" not in words(alert)


def test_the_workers_task_opens_alerts_and_tells_them(home: Property, members: None, post: Post) -> None:
    failing(home, failing_since=timezone.now() - 2 * HOUR)
    tasks.watch()
    assert len(post.mails) == 2
