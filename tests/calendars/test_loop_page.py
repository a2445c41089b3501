"""The card of the loop check on the Connections tab, in each of its states, with and without htmx."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from calendars import receipts
from calendars.models import ExportLink, Feed, LoopCheck
from properties.models import Property
from tests import cast
from tests.calendars.test_connections_page import HTMX, at, text_of

pytestmark = pytest.mark.django_db

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def link(home: Property) -> ExportLink:
    """A link for Airbnb and its calendar, read a minute ago."""
    now = timezone.now()
    cast.a_feed(home, created_at=now - 2 * DAY, last_read_at=now, last_good_at=now)
    link = cast.an_export(home)
    link.created_at = now - 2 * DAY
    link.save()
    return link


def airbnb_reads(link: ExportLink, agent: str = "Airbnb") -> None:
    """It gets the link with the mark, and we have looked at its calendar since."""
    now = timezone.now()
    link.refresh_from_db()
    receipts.write([receipts.Pull(link.public_id, link.body_version, agent, now)])
    Feed.objects.update(last_read_at=now + MINUTE, last_good_at=now + MINUTE)


def test_without_a_link_there_is_nothing_to_test_yet(alices: Client, home: Property) -> None:
    said = text_of(alices.get(at(home)))
    assert "No link to test yet" in said
    assert "Test it now" not in said


def test_pressed_it_runs_until_every_loop_is_closed_and_says_so(
    alices: Client, home: Property, link: ExportLink
) -> None:
    assert "Test it now" in text_of(alices.get(at(home)))
    answer = alices.post(at(home, "start-loop"))
    assert (answer.status_code, answer["Location"]) == (302, at(home) + "#loop-check")
    page = alices.get(at(home))
    assert "Under way since" in text_of(page)
    assert f'hx-get="{at(home, "loop")}" hx-trigger="every 5s"' in page.content.decode()
    assert "Airbnb should read our link by" in text_of(page)

    airbnb_reads(link)
    card = alices.get(at(home, "loop"), headers=HTMX)
    assert "every 5s" not in card.content.decode()
    said = text_of(card)
    assert "Every loop is closed" in said
    assert "Both ways" in said
    assert "Airbnb read our link on" in said
    assert "The test is over: every loop is closed." in said  # to who doesn't see it
    assert "Every loop is closed" in text_of(alices.get(at(home)))  # and it stays
    assert LoopCheck.objects.get().ended_at is not None


def test_ended_early_it_claims_nothing_of_who_had_no_time(
    alices: Client, home: Property, link: ExportLink
) -> None:
    alices.post(at(home, "start-loop"), headers=HTMX)
    said = text_of(alices.post(at(home, "end-loop"), headers=HTMX))
    assert "Ended before every site had its time" in said
    assert "Not known" in said
    assert "Airbnb didn't read our link before the test was ended" in said
    assert "Paste our link" not in said


def test_what_is_missing_says_what_to_do_and_leads_there(
    alices: Client, home: Property, link: ExportLink
) -> None:
    vrbo = cast.a_feed(home, "https://www.vrbo.com/icalendar/1.ics", created_at=timezone.now() - 2 * DAY)
    alices.post(at(home, "start-loop"))
    LoopCheck.objects.update(since=timezone.now() - DAY, until=timezone.now())
    card = alices.get(at(home, "loop"), headers=HTMX)
    said, page = text_of(card), card.content.decode()
    assert "2 sites need something from you" in said
    assert "Airbnb didn't read our link during this test. We read its calendar." in said
    assert "Paste our link into Airbnb" in said
    assert "Vrbo has no link to read us by. Its calendar couldn't be read during this test." in said
    assert f'href="{at(home)}#export"' in page
    assert f'href="{at(home, "log", vrbo.public_id)}"' in page
    assert "Test again" in said


def test_a_link_pasted_into_the_wrong_site_is_named(alices: Client, home: Property, link: ExportLink) -> None:
    alices.post(at(home, "start-loop"))
    airbnb_reads(link, "Vrbo-iCal/1.0")
    said = text_of(alices.post(at(home, "end-loop"), headers=HTMX))
    assert "The link for Airbnb seems to be pasted into Vrbo." in said


def test_what_was_connected_after_the_test_asks_for_another(
    alices: Client, home: Property, link: ExportLink
) -> None:
    alices.post(at(home, "start-loop"))
    alices.post(at(home, "end-loop"))
    assert "connected after this test" not in text_of(alices.get(at(home)))
    cast.an_export(home, "vrbo")
    assert "connected after this test" in text_of(alices.get(at(home)))


def test_an_archived_home_has_no_button(alices: Client, home: Property, link: ExportLink) -> None:
    Property.objects.filter(pk=home.pk).update(archived_at=timezone.now())
    assert "Test it now" not in text_of(alices.get(at(home)))


def test_the_card_costs_the_same_number_of_queries_however_many_sites_there_are(
    alices: Client, home: Property, link: ExportLink, django_assert_max_num_queries: object
) -> None:
    for number in range(9):
        cast.a_feed(home, f"https://www.vrbo.com/icalendar/{number}.ics", created_at=timezone.now())
        cast.an_export(home, "vrbo")
    alices.post(at(home, "start-loop"))
    with django_assert_max_num_queries(14):  # type: ignore[operator]  # pytest-django's fixture
        alices.get(at(home, "loop"), headers=HTMX)
