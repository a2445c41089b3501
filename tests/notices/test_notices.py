"""What members are told, how far each wishes, and how e-mails are turned off; over a mail server."""

import email.policy
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.signing import Signer
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts import mail, wishes
from accounts.models import Level, Membership, Organization, Topic, User
from calendars import alerts
from calendars.models import Alert, Feed
from notices import digest, feed
from properties.models import Property
from tests import cast
from tests.conftest import free_port
from tests.post import Post, header, mail_server
from tests.upsells.pages import a_purchase, text
from upsells import deliveries
from upsells.models import Delivery, Purchase, StayLink

NOW = cast.NOW  # 10:00 in Madrid
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TOMORROW_AT_EIGHT = datetime(2026, 12, 2, 7, 0, tzinfo=UTC)
ALICE, BOB = "alice@example.org", "bob@example.org"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
News = Delivery.News


@pytest.fixture
def both(alice: User, bob: User, mallory: User) -> tuple[Membership, Membership]:
    """Alice and Bob in one organization, Mallory in another."""
    return alice.memberships.get(), bob.memberships.get()


def wish(member: Membership, **levels: Level) -> None:
    wishes.choose(member, {Topic(topic): level for topic, level in levels.items()})


def sell(link: StayLink, news: News = News.CONFIRMED, now: datetime = NOW) -> Purchase:
    sold = a_purchase(link, "confirmed", decided_at=now)
    with transaction.atomic():
        deliveries.announce(sold, news, now)
    return sold


def tell_all(now: datetime = NOW) -> None:
    alerts.tell(now)
    deliveries.send_due(now)


def trouble(home: Property, kind: Alert.Kind = Alert.Kind.FAILING, now: datetime = NOW) -> Alert:
    broken = cast.a_feed(home, failing_since=now - HOUR)
    return Alert.objects.create(
        organization_id=home.organization_id,
        property=home,
        feed=broken,
        kind=kind,
        key=f"{kind} {broken.pk}",
        details={"feed": broken.title, "nights": 2, "first": "Airbnb", "second": "Vrbo"}
        | {"arrival": "2026-12-10", "departure": "2026-12-12"},
        opened_at=now,
    )


def off_path(letter: dict[str, Any]) -> str:
    """The path that the letter's header names."""
    return header(letter, "List-Unsubscribe").strip("<>").removeprefix("https://stay.example")


# How far each is told


def test_each_member_is_written_to_as_they_wish_and_the_app_tells_both(
    home: Property, link: StayLink, both: tuple[Membership, Membership], post: Post
) -> None:
    alice, bob = both
    wish(alice, sale=Level.APP, calendar=Level.OFF)
    wish(bob, sale=Level.MAIL, calendar=Level.DIGEST)
    sell(link)
    trouble(home)
    tell_all()
    assert post.to(ALICE) == []
    assert [subject[:20] for subject in post.to(BOB)] == ["Sold at Casa Gràcia:"]
    assert (feed.unread(alice, NOW), feed.unread(bob, NOW)) == (1, 2)
    assert not Delivery.objects.due(NOW + DAY).exists()
    assert deliveries.undelivered(Purchase.objects.get()) == []


def test_what_was_turned_off_or_whoever_left_after_the_sale_gets_no_mail_of_it(
    link: StayLink, both: tuple[Membership, Membership], post: Post
) -> None:
    alice, bob = both
    sell(link)
    wish(alice, sale=Level.OFF)
    bob.delete()
    tell_all()
    assert post.mails == []


def test_a_mail_server_that_is_away_loses_no_sale_and_the_wish_is_asked_when_it_is_back(
    link: StayLink, both: tuple[Membership, Membership], post: Post, settings: Settings
) -> None:
    good = settings.MAILERS
    mail_server(settings, "127.0.0.1", free_port())
    sell(link)
    tell_all()
    settings.MAILERS = good
    wish(both[0], sale=Level.APP)
    tell_all(NOW + 10 * MINUTE)
    assert (post.to(ALICE), len(post.to(BOB))) == ([], 1)


def test_the_last_who_hears_of_double_bookings_can_not_turn_them_off_and_is_told_why(
    alices: Client, both: tuple[Membership, Membership], organization: Organization
) -> None:
    alice, bob = both
    path = reverse("notices:wishes")
    chosen = {topic.value: Level.MAIL.value for topic in Topic} | {"conflict": "off", "sale": "app"}
    wish(bob, conflict=Level.OFF)
    page = alices.post(path, chosen)
    assert page.status_code == 422
    assert f"Nobody else of {organization.name} is told about this" in text(page)
    alice.refresh_from_db()
    assert (alice.level(Topic.CONFLICT), alice.level(Topic.SALE)) == (Level.MAIL, Level.MAIL)
    assert alices.post(path, chosen | {"conflict": "app"}).status_code == 302
    assert "Nobody gets an e-mail at once: Double bookings" in text(alices.get(path))
    wish(bob, conflict=Level.MAIL)
    assert alices.post(path, chosen).status_code == 302
    assert alices.post(path, chosen | {"conflict": "loudly"}).status_code == 422


@pytest.mark.parametrize("leaves", ["removed", "deactivated"])
def test_a_double_booking_reaches_somebody_even_when_the_last_who_heard_has_left(
    home: Property, both: tuple[Membership, Membership], post: Post, leaves: str
) -> None:
    alice, bob = both
    wish(alice, conflict=Level.OFF)
    if leaves == "removed":
        bob.delete()
    else:
        User.objects.filter(pk=bob.user_id).update(is_active=False)
    trouble(home, Alert.Kind.CONFLICT)
    tell_all()
    assert len(post.to(ALICE)) == 1
    assert post.to(BOB) == []


# Turning e-mails off from the e-mail


def test_one_click_turns_off_exactly_that_kind_for_exactly_that_person(
    link: StayLink, both: tuple[Membership, Membership], post: Post
) -> None:
    sell(link)
    tell_all()
    letter = next(each for each in post.mails if each["to"] == [ALICE])
    path = off_path(letter)
    assert header(letter, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    for part in (letter["text"], letter["html"]):
        assert "https://stay.example" + path in part
        assert "https://stay.example" + reverse("notices:wishes") in part
    assert letter["html"].count('class="act"') == 1
    robot = Client(enforce_csrf_checks=True)
    assert "Turn them off" in text(robot.get(path))
    before = list(Membership.objects.order_by("pk").values("pk", "levels"))
    assert {row["levels"].get("sale") for row in before} == {None}, "a look changes nothing"
    for _again in range(2):
        assert robot.post(path, ONE_CLICK).status_code == 200
    after = list(Membership.objects.order_by("pk").values("pk", "levels"))
    alice = both[0]
    changed = [row | {"levels": {"sale": "app"}} if row["pk"] == alice.pk else row for row in before]
    assert after == changed
    sell(cast.a_stay_link(link.property, cast.nights(20, 3)), now=NOW + MINUTE)
    tell_all(NOW + MINUTE)
    assert (len(post.to(ALICE)), len(post.to(BOB))) == (1, 2)


def test_no_address_but_a_signed_one_turns_anything_off_and_a_former_members_does_nothing(
    client: Client, both: tuple[Membership, Membership], mallory: User, settings: Settings
) -> None:
    alice, bob = both
    good = wishes.off_address(alice, Topic.SALE).rsplit("/", 2)[1]
    named, _, signature = good.partition(".")
    forged = [
        f"{bob.pk}-sale.{signature}",
        f"{alice.pk}-conflict.{signature}",
        f"{named}.{'A' * 43}",
        named,
        f"{good}x",
        Signer(salt="another", sep=".").sign(named),
    ]
    for signed in forged:
        for answer in (
            client.get(f"/notifications/off/{signed}/"),
            client.post(f"/notifications/off/{signed}/"),
        ):
            assert answer.status_code == 404, signed
    User.objects.filter(pk=bob.user_id).update(is_active=False)
    of_bob, of_alice = (wishes.off_address(each, Topic.SALE) for each in (bob, alice))
    old_key, settings.SECRET_KEY = (
        settings.SECRET_KEY,
        "another-secret-key-that-is-long-enough-for-django-checks",
    )
    settings.SECRET_KEY_FALLBACKS = [old_key]
    assert client.post(of_bob.removeprefix(settings.SITE_URL)).status_code == 200, "also after a new key"
    alice.delete()
    Membership.objects.create(organization=alice.organization, user=alice.user)  # she comes back
    page = client.post(of_alice.removeprefix(settings.SITE_URL), ONE_CLICK)
    assert "You are no member any more" in text(page)
    levels = {each.user.email: each.levels for each in Membership.objects.select_related("user")}
    assert levels == {ALICE: {}, BOB: {"sale": "app"}, mallory.email: {}}


@pytest.mark.parametrize(
    "site", ["https://a.example", "https://calendars-of-our-homes.a-long-name.example:8443"]
)
def test_the_address_in_the_header_stays_whole_on_its_line(
    alice: User, settings: Settings, site: str
) -> None:
    """Encoded, as Python writes long words, no mail program finds it."""
    settings.SITE_URL = site
    member = alice.memberships.get()
    address = wishes.off_address(member, Topic.CANCELLED)
    made = mail.to_member(member, Topic.CANCELLED, "Cancelled", "digest", {"subject": "Cancelled"})
    for policy in (email.policy.SMTP, email.policy.default):
        lines = made.message(policy=policy).as_bytes().splitlines()
        assert f"List-Unsubscribe: <{address}>".encode() in lines


def test_mails_to_guests_and_cleaners_carry_no_way_to_turn_them_off(
    home: Property, link: StayLink, alice: User, post: Post
) -> None:
    Property.objects.filter(pk=home.pk).update(cleaner_email="clean@example.org")
    link.property.refresh_from_db()
    sold = a_purchase(link, "confirmed", decided_at=NOW, guest_email="marta@example.org")
    deliveries.announce(sold, News.CONFIRMED, NOW)
    tell_all()
    ways = {each["to"][0]: [key for key, _ in each["headers"] if "Unsub" in key] for each in post.mails}
    assert {whom: len(names) for whom, names in ways.items()} == {
        "marta@example.org": 0,
        "clean@example.org": 0,
        ALICE: 2,
    }


# In the app


def test_the_bell_counts_what_was_not_opened_and_the_page_leads_to_each_place(
    alices: Client, home: Property, link: StayLink, both: tuple[Membership, Membership], mallory: User
) -> None:
    alice, bob = both
    with time_machine.travel(NOW + HOUR, tick=False):
        sold = sell(link)
        broken = trouble(home)
        page = text(alices.get(reverse("notices:list")))
        assert ": 2 unread" in page
        assert page.count('class="unread"') == 2
        for way in (
            reverse("notices:sale", args=[sold.public_id]),
            reverse("calendars:alert", args=[broken.public_id]),
        ):
            assert f'href="{way}"' in page
            assert alices.get(way).status_code == 302
        assert ": 0 unread" not in (quiet := text(alices.get(reverse("notices:list"))))
        assert 'class="unread"' not in quiet
        alice.refresh_from_db()
        assert (feed.unread(alice, NOW + HOUR), feed.unread(bob, NOW + HOUR)) == (0, 2)
        later = sell(cast.a_stay_link(home, cast.nights(20, 3)), now=NOW + MINUTE)
        deliveries.announce(sold, News.CANCELLED, NOW + 2 * MINUTE)
        assert feed.unread(alice, NOW + HOUR) == 2, "a cancellation is news although its sale was opened"
        made = (NOW + MINUTE).isoformat()
        alices.post(reverse("notices:read-all"), {"until": made})
        alice.refresh_from_db()
        assert feed.unread(alice, NOW + HOUR) == 1, "what came after the page was made stays unread"
        for until in ("9999-01-01T00:00:00+00:00", "", "2026-12-01", "x" * 999):
            assert alices.post(reverse("notices:read-all"), {"until": until}).status_code == 302
        alice.refresh_from_db()
        assert feed.unread(alice, NOW + HOUR) == 0
        assert alice.seen_until == NOW + HOUR, "never beyond now"
        assert feed.unread(mallory.memberships.get(), NOW + HOUR) == 0
        assert later.public_id in text(alices.get(reverse("notices:list")))


def test_a_notice_appears_and_goes_with_the_transaction_that_makes_it_true(
    link: StayLink, both: tuple[Membership, Membership]
) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        deliveries.announce(a_purchase(link, "confirmed"), News.CONFIRMED, NOW)
        assert feed.unread(both[0], NOW) == 1
        raise ZeroDivisionError
    assert feed.unread(both[0], NOW) == 0


def test_what_was_over_before_anybody_was_told_is_no_notice_and_what_was_told_stays(
    home: Property, both: tuple[Membership, Membership], post: Post
) -> None:
    brief = trouble(home)
    Alert.objects.filter(pk=brief.pk).update(resolved_at=NOW + MINUTE)
    assert list(feed.listed(both[0])) == []
    Alert.objects.filter(pk=brief.pk).update(resolved_at=None)
    tell_all()
    Alert.objects.filter(pk=brief.pk).update(resolved_at=NOW + HOUR)
    (entry,) = feed.entries(feed.listed(both[0]), both[0], NOW + HOUR)
    assert entry.is_over


def test_the_page_of_many_notices_takes_few_queries_and_the_bell_one(
    alices: Client, home: Property, link: StayLink, both: tuple[Membership, Membership]
) -> None:
    sold = a_purchase(link, "confirmed", decided_at=NOW)
    for step in range(60):
        deliveries.announce(sold, News.SHORTENED, NOW + step * MINUTE, step=step)
    with CaptureQueriesContext(connection) as bell:
        assert feed.unread(both[0], NOW + DAY) == 60
    assert len(bell) == 1
    with time_machine.travel(NOW + DAY, tick=False):
        with CaptureQueriesContext(connection) as queries:
            page = text(alices.get(reverse("notices:list")))
        assert len(queries) <= 12  # two of them begin and end the transaction
        assert "Page 1 of 3" in page
        assert text(alices.get(reverse("notices:list"), {"page": "3"})).count('class="unread"') == 10
    with time_machine.travel(NOW + 40 * DAY, tick=False):
        assert 'class="unread"' not in text(alices.get(reverse("notices:list")))


def test_an_empty_page_teaches(alices: Client) -> None:
    assert "Nothing has happened yet" in text(alices.get(reverse("notices:list")))


# The daily summary


def test_a_summary_is_sent_at_eight_where_the_home_is_once_and_only_when_there_is_something(
    home: Property, link: StayLink, both: tuple[Membership, Membership], post: Post
) -> None:
    wish(both[0], sale=Level.DIGEST)
    assert digest.send_due(NOW) == 0  # plans
    sell(link, now=NOW + HOUR)
    tell_all(NOW + HOUR)
    assert len(post.to(BOB)) == 1
    assert digest.send_due(TOMORROW_AT_EIGHT - MINUTE) == 0
    assert digest.send_due(TOMORROW_AT_EIGHT) == 1
    assert digest.send_due(TOMORROW_AT_EIGHT) == 0, "a second run"
    (letter,) = (each for each in post.mails if each["to"] == [ALICE])
    assert letter["subject"].startswith("Sold at Casa Gràcia: 2 more nights")
    assert "Marta Puig" in letter["text"]
    assert letter["html"].count('class="act"') == 1
    assert "digest" in off_path(letter)
    assert digest.send_due(TOMORROW_AT_EIGHT + DAY) == 0, "nothing new"
    Client().post(off_path(letter), ONE_CLICK)
    assert Membership.objects.get(user__email=ALICE).level(Topic.DIGEST) == Level.OFF
    sell(cast.a_stay_link(home, cast.nights(20, 3)), now=TOMORROW_AT_EIGHT + DAY)
    assert digest.send_due(TOMORROW_AT_EIGHT + 2 * DAY) == 0


def test_a_missed_morning_is_made_up_for_the_same_day_and_never_at_night(
    link: StayLink, both: tuple[Membership, Membership], post: Post
) -> None:
    wish(both[0], sale=Level.DIGEST)
    digest.send_due(NOW)
    sell(link, now=NOW + HOUR)
    assert digest.send_due(TOMORROW_AT_EIGHT + 13 * HOUR) == 0, "nine in the evening"
    assert digest.send_due(TOMORROW_AT_EIGHT + DAY + 5 * HOUR) == 1, "nobody ran until one o'clock"
    assert digest.send_due(TOMORROW_AT_EIGHT + 2 * DAY) == 0


@pytest.mark.parametrize("trouble_with", ["away", "killed"])
def test_a_summary_that_could_not_be_sent_comes_later_under_the_same_name(
    link: StayLink, alice: User, post: Post, settings: Settings, trouble_with: str
) -> None:
    member = alice.memberships.get()
    wish(member, sale=Level.DIGEST)
    digest.send_due(NOW)
    sell(link, now=NOW + HOUR)
    at = TOMORROW_AT_EIGHT
    if trouble_with == "away":
        good = settings.MAILERS
        mail_server(settings, "127.0.0.1", free_port())
        assert digest.send_due(at) == 0
        settings.MAILERS = good
        assert digest.send_due(at + MINUTE) == 0
    else:
        digest._claimed(at)  # by a worker that dies
        assert digest.send_due(at + MINUTE) == 0
    assert digest.send_due(at + 6 * MINUTE) == 1
    Membership.objects.update(
        digest_at=at, digested_at=NOW
    )  # killed between the server's "yes" and our note of it
    assert digest.send_due(at + 8 * MINUTE) == 1
    assert len({header(each, "Message-ID") for each in post.mails}) == 1


def test_a_double_booking_is_in_the_summary_until_it_is_over_and_other_things_come_with_it(
    home: Property, alice: User, post: Post
) -> None:
    digest.send_due(NOW)
    double = trouble(home, Alert.Kind.CONFLICT)
    Alert.objects.filter(pk=double.pk).update(
        told_at=NOW, details=double.details | {"departure": "2027-01-01"}
    )
    for day in range(2):
        assert digest.send_due(TOMORROW_AT_EIGHT + day * DAY) == 1
    assert post.mails[0]["subject"].startswith("Double booking at Casa Gràcia")
    Alert.objects.filter(pk=double.pk).update(resolved_at=TOMORROW_AT_EIGHT + 2 * DAY)
    Feed.objects.update(url_digest="another")
    trouble(home)
    assert digest.send_due(TOMORROW_AT_EIGHT + 3 * DAY) == 0, "told at once already"


def test_an_organization_without_homes_and_people_who_left_get_no_summary(
    organization: Organization, both: tuple[Membership, Membership], post: Post
) -> None:
    User.objects.filter(pk=both[1].user_id).update(is_active=False)
    for day in range(3):
        assert digest.send_due(TOMORROW_AT_EIGHT + day * DAY) == 0


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - given UTC
    st.sampled_from(
        ["Europe/Madrid", "America/St_Johns", "Pacific/Kiritimati", "Australia/Lord_Howe", "UTC"]
    ),
)
def test_the_next_morning_is_eight_o_clock_there_and_the_first_to_come(now: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    there = digest.next_morning(zone, now).astimezone(UTC)
    assert there.astimezone(zone).time() == time(8)
    assert timedelta(0) < there - now <= DAY + HOUR
    assert there.astimezone(zone).date() - now.astimezone(zone).date() in {timedelta(0), DAY}
