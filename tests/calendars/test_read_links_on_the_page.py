"""What the Connections page says of each link: who reads it, how often, and what they have seen."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from calendars import readership, receipts, sentences
from calendars.models import Block, ExportLink
from domain.spans import NIGHT, Span
from properties.models import Property
from tests import cast

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def link(home: Property, now: datetime) -> ExportLink:
    """Made ten days ago, for Airbnb."""
    return a_link(home, now)


def a_link(home: Property, now: datetime, channel: str = "airbnb") -> ExportLink:
    link = cast.an_export(home, channel)
    ExportLink.objects.filter(pk=link.pk).update(created_at=now - 10 * DAY)
    link.refresh_from_db()
    return link


def read(link: ExportLink, *instants: datetime, agent: str = "Airbnb") -> None:
    link.refresh_from_db()
    receipts.write([receipts.Pull(link.public_id, link.body_version, agent, at) for at in instants])


def hourly(link: ExportLink, until: datetime, agent: str = "Airbnb") -> None:
    read(link, *(until - number * HOUR for number in range(5)), agent=agent)


def sell(home: Property, at: datetime, days: int = 12) -> Block:
    first = at.date() + days * NIGHT
    sale = cast.a_sale(home, Span(first, first + 2 * NIGHT), reference=f"sold {days}")
    Block.objects.filter(pk=sale.pk).update(changed_at=at)
    return sale


def row(alices: Client, link: ExportLink) -> str:
    """The words of the link's row, on one line."""
    page = alices.get(reverse("calendars:connections", args=[link.property.public_id])).content.decode()
    part = page.partition(f'id="link-{link.public_id}"')[2].partition('<div class="acts">')[0]
    assert part
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", f"<li {part}"))).replace("\xa0", " ")


def test_a_new_link_says_that_it_is_waited_for(alices: Client, home: Property, now: datetime) -> None:
    link = cast.an_export(home)
    ExportLink.objects.update(created_at=now - HOUR)
    said = row(alices, link)
    assert "Not read yet" in said
    assert "Airbnb hasn't read it. Paste it there" in said
    assert "every 3 hours" in said


def test_a_link_that_was_never_read_says_so_whoever_looked_at_it(
    alices: Client, link: ExportLink, now: datetime
) -> None:
    read(link, now - HOUR, agent=receipts.BROWSER)
    said = row(alices, link)
    assert "Never read" in said
    assert "Somebody opened it in a browser" in said


def test_a_link_that_is_read_says_by_whom_when_and_how_often(
    alices: Client, link: ExportLink, now: datetime
) -> None:
    read(link, now - 9 * HOUR)
    said = row(alices, link)
    assert "Last read 9 hours ago" in said
    assert "by Airbnb." in said
    assert "How often it reads isn't known yet; Airbnb is said to read every 3 hours." in said
    hourly(link, now)
    assert "It usually reads every hour." in row(alices, link)


def test_a_program_without_a_name_is_called_so(alices: Client, link: ExportLink, now: datetime) -> None:
    read(link, now - HOUR, agent="")
    assert "by a program without a name." in row(alices, link)


def test_a_link_that_is_no_longer_read_says_what_to_do(
    alices: Client, link: ExportLink, now: datetime
) -> None:
    hourly(link, now - 5 * HOUR)
    said = row(alices, link)
    assert "No longer read" in said
    assert "paste it once more" in said


def test_a_link_that_another_site_reads_was_pasted_wrongly(
    alices: Client, link: ExportLink, now: datetime
) -> None:
    read(link, now - HOUR, agent="Booking.com")
    said = row(alices, link)
    assert "Read by another site" in said
    assert "Booking.com reads this link, which is made for Airbnb" in said
    assert "Last read" not in said
    hourly(link, now - HOUR / 2)
    assert "Booking.com reads this link, which is made for Airbnb" in row(alices, link)


def test_who_opens_it_without_being_the_site_is_named_and_counts_for_nothing(
    alices: Client, home: Property, link: ExportLink, now: datetime
) -> None:
    read(link, now - 30 * DAY, agent="WhatsApp/2.23.20.0 A")
    assert "WhatsApp" not in row(alices, link)
    read(link, now - HOUR, agent="curl/8.5.0")
    said = row(alices, link)
    assert "Never read" in said
    assert "Opened by curl, last" in said
    hourly(link, now - 5 * HOUR, agent="Java/17")
    assert "by Java. It usually reads every hour." in row(alices, link)
    hourly(link, now - 5 * HOUR)
    read(link, now, agent="Java/17")
    said = row(alices, link)
    assert "No longer read" in said
    assert "Last read 5 hours ago" in said
    assert "Opened by Java, last" in said


def test_a_site_that_we_do_not_know_is_called_as_the_host_calls_it(
    alices: Client, home: Property, now: datetime
) -> None:
    link = cast.an_export(home, "other")
    ExportLink.objects.filter(pk=link.pk).update(label="Rentalia", created_at=now)
    said = row(alices, link)
    assert "Rentalia hasn't read it." in said
    assert "Other calendar" not in said


def test_less_than_a_minute_is_said_so(home: Property, link: ExportLink, now: datetime) -> None:
    sale = sell(home, now)
    moment = timedelta(seconds=20)
    (before,) = readership.exposures(sale, now + moment)
    assert before.says.startswith("Still open there, for less than a minute so far.")
    read(link, now + moment)
    (after,) = readership.exposures(sale, now + HOUR)
    assert after.says == "Read there less than a minute after the sale."


def test_sales_are_named_until_they_are_seen(
    alices: Client, home: Property, link: ExportLink, now: datetime
) -> None:
    hourly(link, now - 2 * HOUR)
    sell(home, now - HOUR / 2)
    said = row(alices, link)
    assert "Hasn't seen your sale of" in said
    assert "in the link for 30 minutes" in said
    assert "Sale not seen yet" not in said
    Block.objects.update(changed_at=now - 90 * timedelta(minutes=1))
    said = row(alices, link)
    assert "Sale not seen yet" in said
    assert "Have Airbnb refresh its calendars" in said
    read(link, now - timedelta(minutes=5))
    assert "Has seen your sale of" in row(alices, link)
    sell(home, now - timedelta(minutes=9), 20)
    read(link, now - timedelta(minutes=2))
    assert "Has seen 2 sales to come" in row(alices, link)


def test_the_page_asks_as_often_for_many_links_and_sales_as_for_few(
    alices: Client, home: Property, link: ExportLink, now: datetime
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            row(alices, link)
        return len(queries)

    hourly(link, now)
    sell(home, now)
    row(alices, link)
    few = asked()
    for number, channel in enumerate(("booking", "vrbo", "expedia", "agoda")):
        hourly(a_link(home, now, channel), now)
        sell(home, now, 20 + 5 * number)
    assert asked() == few


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (20, "every minute"), (240, "every 4 minutes"), (1_150, "every 20 minutes"), (3_500, "every hour"),
        (5_340, "every hour"), (13_900, "every 4 hours"), (86_400, "every 24 hours"), (200_000, "every 2 days"),
    ],
)  # fmt: skip
def test_intervals_are_said_as_people_say_them(seconds: int, said: str) -> None:
    assert sentences.every(seconds) == said
