"""A unit of another system on the pages that were made for links: what a link alone has isn't offered."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from calendars.models import Feed
from calendars.standing import pace
from properties.models import Property
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit(home: Property) -> Feed:
    now = timezone.now()
    times = {"last_read_at": now, "last_good_at": now, "asked_at": now}
    return cast.a_unit(home, cast.a_connection(home.organization), "217045", label="Sea house", **times)


def at(unit: Feed, name: str) -> str:
    return reverse(f"calendars:{name}", args=[unit.property.public_id, unit.public_id])


def test_its_page_names_system_and_unit_and_has_no_link_to_replace(alices: Client, unit: Feed) -> None:
    page = alices.get(at(unit, "log")).content.decode()
    assert "Escapia · 217045" in page
    assert at(unit, "replace") not in page
    assert "Replace the link" not in page
    assert "Beds24" not in page
    assert "Whenever somebody reads a link of this home, at most every 5 minutes," in page


def test_nor_does_a_unit_that_fails_ask_for_another_link(alices: Client, unit: Feed) -> None:
    Feed.objects.update(failures=2, failing_since=timezone.now(), problem={"template": "No.", "details": {}})
    page = alices.get(at(unit, "log")).content.decode()
    assert "No." in page
    assert "Replace the link" not in page


def test_its_label_is_saved_without_what_only_links_have(alices: Client, unit: Feed) -> None:
    alices.post(at(unit, "treat"), {"label": "Left door", "ends_inclusive": "on"})
    unit.refresh_from_db()
    assert (unit.label, unit.ends_inclusive) == ("Left door", False)


@pytest.mark.parametrize(
    ("kinds", "said", "unsaid"),
    [
        ({"link"}, "Every 15 minutes, and right before each sale.", "Whenever"),
        (
            {"unit"},
            "at most every 5 minutes, and right before each sale. Otherwise every 15 minutes",
            "Every 15",
        ),
        ({"link", "unit"}, "Links every 15 minutes. Units of other systems whenever", "Every 15"),
    ],
)
def test_the_tab_says_how_often_what_the_home_has_is_read(
    alices: Client, unit: Feed, kinds: set[str], said: str, unsaid: str
) -> None:
    if "link" in kinds:
        cast.a_feed(unit.property)
    if "unit" not in kinds:
        unit.delete()
    page = alices.get(reverse("calendars:connections", args=[unit.property.public_id])).content.decode()
    assert said in page
    assert unsaid not in page


def test_where_links_are_read_each_minute_no_one_stands_before_the_minute(settings: Settings) -> None:
    settings.POLL_INTERVAL = timedelta(minutes=1)
    assert pace([]) == "Every minute, and right before each sale."


def test_the_tab_lists_it_without_a_link_to_replace(alices: Client, unit: Feed) -> None:
    page = alices.get(reverse("calendars:connections", args=[unit.property.public_id])).content.decode()
    assert "Escapia · 217045" in page
    assert at(unit, "log") + "#link" not in page


def test_a_link_sent_all_the_same_is_refused_at_the_field(alices: Client, unit: Feed) -> None:
    answer = alices.post(at(unit, "replace"), {"link": "https://www.airbnb.com/calendar/ical/9.ics?s=x"})
    assert answer.status_code == 422
    assert "There is no link to replace." in answer.content.decode()
    unit.refresh_from_db()
    assert (unit.host, unit.listing) == ("", "217045")


def test_read_now_keeps_the_least_interval_and_says_so(alices: Client, unit: Feed) -> None:
    Feed.objects.update(next_poll_at=timezone.now() + timedelta(hours=1))
    answer = alices.post(at(unit, "read"), follow=True)
    assert "Escapia may be asked for Sea house again at" in answer.content.decode()
