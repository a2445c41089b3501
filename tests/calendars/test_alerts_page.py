"""What needs the host: on the home page, as a count on every page, by e-mail, and the way to where it is settled."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from calendars import alerts, sentences
from calendars.models import Alert, Feed
from domain.spans import NIGHT, Span
from properties.models import Property
from tests import cast
from upsells.models import StayLink

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Kind = Alert.Kind


def text_of(answer: HttpResponse) -> str:
    """The page's words on one line, without the markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def of(feed: Feed, kind: Kind = Kind.FAILING, **columns: object) -> Alert:
    values = {"key": f"{kind} {feed.pk}", "details": {"feed": feed.title, "nights": 2}, **columns}
    return Alert.objects.create(
        organization_id=feed.organization_id,
        property=feed.property,
        feed=feed,
        kind=kind,
        **{"opened_at": timezone.now(), **values},
    )


def a_double_booking(home: Property, today: date) -> Alert:
    """Two feeds reserve the same nights, ten days ahead; the alert that the ledger opens for it."""
    for url in ("https://www.airbnb.com/calendar/ical/1.ics", "https://www.vrbo.com/icalendar/1.ics"):
        cast.an_import(cast.a_feed(home, url), Span(today + 10 * NIGHT, today + 12 * NIGHT))
    return Alert.objects.filter(kind=Kind.CONFLICT).latest("pk")


def way(alert: Alert) -> str:
    return reverse("calendars:alert", args=[alert.public_id])


# The home page


def test_home_lists_what_is_open_with_advice_since_when_and_a_way_to_settle_it(
    alices: Client, home: Property
) -> None:
    alert = of(cast.a_feed(home, last_good_at=timezone.now() - DAY))
    answer = alices.get("/")
    said = text_of(answer)
    assert "Airbnb can't be read for Casa Gràcia" in said
    assert "What it closed stays closed." in said
    assert f"Since {alert.opened_at.astimezone(home.house.zone).day} " in said
    assert f"{alert.opened_at.astimezone(home.house.zone):%H:%M}" in said
    assert f'href="{way(alert)}"' in answer.content.decode()


def test_double_bookings_stand_first_then_what_can_not_be_read_and_of_those_the_latest(
    alices: Client, home: Property, today: date
) -> None:
    double = a_double_booking(home, today)
    Alert.objects.filter(pk=double.pk).update(opened_at=timezone.now() - 9 * HOUR)
    older = of(cast.a_feed(home), opened_at=timezone.now() - HOUR)
    newer = of(cast.a_feed(home, "https://one.example.org/a.ics"), Kind.LATE)
    held = of(cast.a_feed(home, "https://two.example.org/a.ics"), Kind.HELD)
    page = alices.get("/").content.decode()
    found = [page.index(way(alert)) for alert in (double, newer, older, held)]
    assert found == sorted(found)


def test_home_says_so_when_nothing_is_open(alices: Client, home: Property) -> None:
    assert "Nothing yet. No calendar is connected." in text_of(alices.get("/"))
    feed = cast.a_feed(home, last_good_at=timezone.now())
    of(feed, resolved_at=timezone.now())
    assert "Nothing. The calendar is being read." in text_of(alices.get("/"))
    Feed.objects.update(failures=1)
    assert "Nothing for now. 1 calendar couldn't be read just now" in text_of(alices.get("/"))


def test_calendars_that_were_never_read_need_the_host_from_the_first_try_on_each_by_its_name_and_cause(
    alices: Client, home: Property
) -> None:
    hosts = ("one.example.org", "two.example.org")
    feeds = [cast.a_feed(home, f"https://{host}/a.ics") for host in hosts]
    for feed, status in zip(feeds, (404, 410), strict=True):
        problem = sentences.of(feed, sentences.status(status, feed.host))
        Feed.objects.filter(pk=feed.pk).update(failures=1, failing_since=timezone.now(), problem=problem)
    said = text_of(alices.get("/"))
    assert "2 need you" in said
    assert "Nothing for now" not in said
    needs = said.partition("What needs you")[2].partition("Get ready")[0]
    assert [needs.count(f"{host} can't be read for Casa Gràcia") for host in hosts] == [2, 2]
    assert "one.example.org answered “404 not found”. Check that the whole link was copied" in needs
    assert "two.example.org says this calendar is gone." in needs
    assert needs.count("It has never been read, so it closes no night.") == 2
    assert "What it closed stays closed" not in needs
    alert = of(feeds[0], details={"feed": "one.example.org"})
    page = alices.get("/")
    assert way(alert) in page.content.decode()
    assert text_of(page).count("one.example.org can't be read for Casa Gràcia") == 2


def test_what_concerns_an_archived_home_needs_nobody(alices: Client, home: Property) -> None:
    alert = of(cast.a_feed(home))
    cast.a_property(home.organization, "Casa Sants")
    Property.objects.filter(pk=home.pk).update(archived_at=timezone.now())
    page = alices.get("/").content.decode()
    assert way(alert) not in page
    assert 'class="badge"' not in page


def test_home_lists_only_the_organizations_own(client: Client, mallory: User, home: Property) -> None:
    alert = of(cast.a_feed(home))
    cast.a_property(mallory.organizations.get(), "Villa Mallory")
    client.force_login(mallory)
    page = client.get("/").content.decode()
    assert way(alert) not in page
    assert 'class="badge"' not in page


def test_home_lists_twenty_and_counts_the_rest(
    alices: Client, home: Property, django_assert_max_num_queries: object
) -> None:
    for number in range(25):
        of(cast.a_feed(home, f"https://www.airbnb.com/calendar/ical/{number}.ics"))
    with django_assert_max_num_queries(22):  # type: ignore[operator]  # pytest-django's fixture
        answer = alices.get("/")
    assert answer.content.decode().count("See what to do") == 20
    assert "and 5 more" in text_of(answer)
    assert "25 need you" in text_of(answer)


def test_markup_in_a_label_is_shown_as_text(alices: Client, home: Property) -> None:
    evil = "<img src=x onerror=alert(1)>"
    of(cast.a_feed(home, label=evil))
    assert evil not in alices.get("/").content.decode()


# The count


@pytest.mark.parametrize(("number", "says"), [(1, "1 thing needs you"), (3, "3 things need you")])
def test_every_page_of_a_host_says_how_many_things_are_open(
    alices: Client, home: Property, number: int, says: str
) -> None:
    for each in range(number):
        of(cast.a_feed(home, f"https://www.airbnb.com/calendar/ical/{each}.ics"))
    for path in (
        reverse("properties:list"),
        home.get_absolute_url(),
        reverse("calendars:connections", args=[home.public_id]),
        reverse("account_change_password"),
    ):
        assert says in text_of(alices.get(path)), path


def test_without_anything_open_there_is_no_count(alices: Client, home: Property) -> None:
    page = alices.get(reverse("properties:list")).content.decode()
    assert 'class="badge"' not in page
    assert "need" not in page.partition('class="side"')[2].partition("</nav>")[0]


def test_pages_of_guests_ask_nothing_about_alerts(alices: Client, link: StayLink) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert alices.get(reverse("guest:stay", args=[link.token])).status_code == 200
    assert asked.captured_queries
    assert [query for query in asked.captured_queries if "calendars_alert" in query["sql"]] == []


# The way


def test_an_alert_about_a_feed_leads_to_its_page(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home)
    answer = alices.get(way(of(feed)))
    assert answer["Location"] == reverse("calendars:log", args=[home.public_id, feed.public_id])


def test_a_double_booking_leads_to_its_page(alices: Client, home: Property, today: date) -> None:
    alert = a_double_booking(home, today)
    answer = alices.get(way(alert), follow=True)
    assert answer.redirect_chain[0][0] == reverse("upsells:conflict", args=[alert.public_id])
    assert "Booked twice" in text_of(answer)


def test_what_is_over_says_so_where_it_leads(alices: Client, home: Property, today: date) -> None:
    feed = cast.a_feed(home, last_good_at=timezone.now())
    alert = of(feed, opened_at=timezone.now() - HOUR, resolved_at=timezone.now())
    assert "Airbnb can be read again for Casa Gràcia" in text_of(alices.get(way(alert), follow=True))
    double = a_double_booking(home, today)
    Alert.objects.filter(pk=double.pk).update(resolved_at=timezone.now())
    assert "The double booking at Casa Gràcia is over" in text_of(alices.get(way(double), follow=True))


def test_what_is_over_because_nobody_looks_any_more_is_not_called_good(
    alices: Client, home: Property
) -> None:
    feed = cast.a_feed(home, paused_at=timezone.now())
    alert = of(feed, resolved_at=timezone.now())
    said = text_of(alices.get(way(alert), follow=True))
    assert "This needs nobody any more." in said
    assert "can be read again" not in said


def test_there_is_no_way_for_anybody_else(client: Client, mallory: User, home: Property) -> None:
    alert = of(cast.a_feed(home))
    assert client.get(way(alert)).status_code == 302
    client.force_login(mallory)
    assert client.get(way(alert)).status_code == 404


# The e-mail


def test_a_mail_tells_of_one_topic_with_one_way_for_its_alert_in_both_forms(
    alices: Client, home: Property, today: date
) -> None:
    double = a_double_booking(home, today)
    failing = of(cast.a_feed(home, "https://one.example.org/a.ics"))
    assert alerts.tell(timezone.now()) == 2
    for message, alert, other in zip(mail.outbox, (failing, double), (double, failing), strict=True):
        (html,) = (content for content, _kind in message.alternatives)
        for body in (message.body, html):
            assert body.count(way(alert)) == 1
            assert way(other) not in body
        assert html.count('class="act"') == 1
        assert " style=" not in html
        assert "<script" not in html
        assert "<title>" in html


def test_markup_in_a_label_reaches_no_mail_as_markup(alices: Client, home: Property) -> None:
    evil = "<img src=x onerror=alert(1)>"
    of(cast.a_feed(home, label=evil))
    alerts.tell(timezone.now())
    (message,) = mail.outbox
    (html,) = (content for content, _kind in message.alternatives)
    assert evil in message.body
    assert evil not in html
    assert "\n" not in message.subject
