"""A link that nobody reads is told of: never read, no longer read, or not since a sale."""

from datetime import datetime, timedelta
from html import unescape
from itertools import combinations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from calendars import alerts, readership, receipts, sentences, tasks, unread, uptime
from calendars.models import Alert, Block, ExportLink, ExportRead, Readership, Suspension
from properties.models import Property
from tests import cast

NOW = cast.NOW
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_UP = NOW - 30 * DAY
VISITORS = (
    "WhatsApp/2.23.20.0 A",
    "curl/8.5.0",
)  # a preview of the address that was sent, somebody who tries it
Kind = Alert.Kind


@pytest.fixture
def link(home: Property) -> ExportLink:
    """Made 21 days ago, for Airbnb."""
    return a_link(home)


def a_link(home: Property, channel: str = "airbnb") -> ExportLink:
    link = cast.an_export(home, channel)
    ExportLink.objects.filter(pk=link.pk).update(created_at=NOW - 21 * DAY)
    return link


def read(link: ExportLink, *instants: datetime, agent: str = "Airbnb/1.0") -> None:
    """Read as it now stands."""
    link.refresh_from_db()
    receipts.write([receipts.Pull(link.public_id, link.body_version, agent, at) for at in instants])


def read_hourly(link: ExportLink, until: datetime, agent: str = "Airbnb/1.0") -> None:
    read(link, *(until - number * HOUR for number in range(6)), agent=agent)


def sell(home: Property, at: datetime, start: int = 10, reference: str = "sold") -> Block:
    block = cast.a_sale(home, cast.nights(start, 2), reference=reference)
    Block.objects.filter(pk=block.pk).update(changed_at=at)
    return block


def found(now: datetime, up_since: datetime | None = LONG_UP) -> list[str]:
    """The kinds of what is open after a sweep."""
    unread.watch(now, up_since)
    return sorted(Alert.objects.open().values_list("kind", flat=True))


# Never read


def test_a_link_has_a_day_to_be_pasted(home: Property) -> None:
    cast.an_export(home)
    assert found(NOW + DAY - timedelta(minutes=1)) == []
    assert found(NOW + DAY) == ["unread"]
    assert found(NOW + 2 * DAY) == ["unread"]
    alert = Alert.objects.get()
    assert sentences.headline(alert) == "Airbnb has never read its Amplistay link for Casa Gràcia"


@pytest.mark.parametrize(("channel", "hours"), [("airbnb", 4), ("lodgify", 1), ("vrbo", 12)])
def test_with_a_sale_in_it_a_link_is_waited_for_as_long_as_its_site_takes(
    home: Property, channel: str, hours: int
) -> None:
    cast.an_export(home, channel)
    sell(home, NOW)
    assert found(NOW + hours * HOUR - timedelta(minutes=1)) == []
    assert found(NOW + hours * HOUR) == ["unread"]


def test_a_person_or_another_site_that_reads_it_is_not_who_it_is_for(link: ExportLink) -> None:
    read(link, NOW, agent=receipts.BROWSER)
    for agent in ("Booking.com", *VISITORS):
        read(link, NOW, agent=agent)
    assert found(NOW) == ["unread"]
    read(link, NOW + HOUR, agent="Java/17")
    assert found(NOW + HOUR) == []


def test_the_first_read_settles_it_as_good_news(link: ExportLink) -> None:
    found(NOW)
    read(link, NOW + HOUR)
    assert found(NOW + HOUR) == []
    assert Alert.objects.get().is_good_news


# No longer read


def test_four_usual_intervals_of_silence_are_a_stop(link: ExportLink) -> None:
    read_hourly(link, NOW)
    assert found(NOW + 4 * HOUR - timedelta(minutes=1)) == []
    assert found(NOW + 4 * HOUR) == ["stopped"]
    alert = Alert.objects.get()
    assert sentences.advice(alert).startswith("It read it last 1 Dec, 10:00.")


def test_half_an_hour_is_never_a_stop(link: ExportLink) -> None:
    read(link, *(NOW - number * timedelta(minutes=3) for number in range(6)))
    assert found(NOW + timedelta(minutes=29)) == []
    assert found(NOW + timedelta(minutes=30)) == ["stopped"]


def test_who_read_too_seldom_to_be_known_is_waited_for_by_the_plan(link: ExportLink) -> None:
    read(link, NOW)
    assert found(NOW + 16 * HOUR - timedelta(minutes=1)) == []
    assert found(NOW + 16 * HOUR) == ["stopped"]


def test_a_site_that_calls_itself_otherwise_now_has_not_stopped(link: ExportLink) -> None:
    read_hourly(link, NOW, agent="Java/17")
    read(link, NOW + 5 * HOUR, agent="Airbnb/2.0")
    assert found(NOW + 6 * HOUR) == []


def test_another_site_and_a_person_do_not_keep_a_link_read(link: ExportLink) -> None:
    read_hourly(link, NOW)
    for agent in (receipts.BROWSER, "Booking.com", *VISITORS, "Java/17"):
        read_hourly(link, NOW + 6 * HOUR, agent=agent)
    assert found(NOW + 6 * HOUR) == ["stopped"]


def test_it_is_over_when_it_is_read_again_and_may_stop_once_more(link: ExportLink) -> None:
    read_hourly(link, NOW)
    found(NOW + 5 * HOUR)
    read(link, NOW + 6 * HOUR)
    assert found(NOW + 6 * HOUR) == []
    over = Alert.objects.get()
    assert (over.is_good_news, over.cleared_at) == (True, None)
    assert sentences.relief(over) == "Airbnb reads its Amplistay link for Casa Gràcia again"
    assert found(NOW + 11 * HOUR) == ["stopped"]
    assert Alert.objects.get() == over


# A sale that isn't seen


def test_a_sale_is_unseen_past_the_slow_end_of_the_readers_own_intervals(
    home: Property, link: ExportLink
) -> None:
    read_hourly(link, NOW)
    sell(home, NOW)
    assert found(NOW + HOUR - timedelta(minutes=1)) == []
    assert found(NOW + HOUR) == ["unseen"]
    alert = Alert.objects.get()
    assert sentences.headline(alert) == "Airbnb hasn't read your sale of 11–13 Dec 2026 at Casa Gràcia"
    assert "since 1 Dec, 10:00" in sentences.advice(alert)
    read(link, NOW + 2 * HOUR)
    assert found(NOW + 2 * HOUR) == []
    assert Alert.objects.get().is_good_news


def test_what_may_be_the_site_has_seen_nothing_once_the_site_has_said_its_name(
    home: Property, link: ExportLink
) -> None:
    read_hourly(link, NOW, agent="python-requests/2.32")
    sale = sell(home, NOW)
    for agent in VISITORS:
        read(link, NOW + HOUR / 2, agent=agent)
    assert receipts.seen(sale)[link] is None
    assert found(NOW + HOUR) == ["unseen"]
    read(link, NOW + HOUR, agent="python-requests/2.32")
    assert receipts.seen(sale)[link] == NOW + HOUR
    assert found(NOW + HOUR) == []
    ExportRead.objects.create(
        organization=home.organization, link=link, body_version=0, reader="Airbnb", at=NOW - HOUR, until=NOW - HOUR,
        times=1,
    )  # fmt: skip
    Readership.objects.create(
        organization=home.organization, link=link, reader="Airbnb", first_at=NOW - HOUR, last_at=NOW - HOUR
    )
    assert receipts.seen(sale)[link] is None
    assert found(NOW + 4 * HOUR) == ["unseen"]


def test_the_database_takes_the_same_readers_for_the_site_as_the_page_does(home: Property) -> None:
    names = ("Airbnb", "Expedia", "Java", "curl", "Thunderbird")
    given = [each for size in range(len(names) + 1) for each in combinations(names, size)]
    about = {
        "organization": home.organization,
        "property": home,
        "created_at": NOW,
        "changed_at": NOW,
        "body": b"x",
    }
    channels = ("airbnb", "vrbo", "other")
    links = ExportLink.objects.bulk_create(
        ExportLink(channel=channel, **about) for channel in channels for _each in given
    )
    receipts.write(
        receipts.Pull(link.public_id, 1, agent, NOW)
        for link, agents in zip(links, given * len(channels), strict=True)
        for agent in (*agents, receipts.BROWSER)
    )
    said = {(row.link_id, row.reader) for row in receipts.counting(Readership.objects.all())}
    assert said == {(row.link_id, row.reader) for row in receipts.counting(ExportRead.objects.all())}
    shown = readership.readers(links)
    assert said == {(link.pk, row.reader) for link in links for row in shown[link.pk].own}
    assert {link.pk for link in unread.in_use()} - {pk for pk, _reader in said} == {
        link.pk for link in unread.unread(NOW + DAY)
    }


def test_where_nothing_is_learnt_a_sale_waits_as_long_as_the_plan_says(
    home: Property, link: ExportLink
) -> None:
    read(link, NOW)
    sell(home, NOW)
    assert found(NOW + 4 * HOUR - timedelta(minutes=1)) == []
    assert found(NOW + 4 * HOUR) == ["unseen"]


def test_the_alert_of_a_link_names_the_sale_that_has_waited_longest(home: Property, link: ExportLink) -> None:
    read_hourly(link, NOW)
    sell(home, NOW, 10, "first")
    sell(home, NOW + HOUR / 2, 20, "second")
    assert found(NOW + 2 * HOUR) == ["unseen"]
    assert Alert.objects.get().details["arrival"] == "2026-12-11"
    Block.objects.filter(reference="first").delete()
    assert found(NOW + 2 * HOUR) == ["unseen"]
    assert Alert.objects.get().details["arrival"] == "2026-12-21"


@pytest.mark.parametrize("end", ["cancelled", "over", "revoked", "archived"])
def test_what_ends_otherwise_is_settled_without_a_word(home: Property, link: ExportLink, end: str) -> None:
    read_hourly(link, NOW)
    sale = sell(home, NOW)
    now = NOW + 2 * HOUR
    assert found(now) == ["unseen"]
    if end == "cancelled":
        sale.delete()
    elif end == "over":
        Block.objects.filter(pk=sale.pk).update(period=(NOW - DAY, NOW))
    elif end == "revoked":
        ExportLink.objects.filter(pk=link.pk).update(revoked_at=now)
    else:
        Property.objects.update(archived_at=now)
    assert found(now) == []
    assert (Alert.objects.get().cleared_at, Alert.objects.get().is_good_news) == (now, False)


def test_a_sale_that_a_link_leaves_out_is_not_waited_for_until_it_is_back(
    home: Property, link: ExportLink
) -> None:
    read_hourly(link, NOW)
    sale = sell(home, NOW)
    left = Suspension.objects.create(
        organization=home.organization, property=home, block=sale, link=link, feed=cast.a_feed(home), since=NOW,
        since_version=sale.version, until=NOW + DAY,
    )  # fmt: skip
    assert found(NOW + 2 * HOUR) == []
    back = NOW + 2 * HOUR
    left.back_at, left.back_version = back, sale.version + 1
    left.save()
    ExportLink.objects.filter(pk=link.pk).update(body_version=sale.version + 1)
    assert found(back + HOUR / 2) == []
    assert found(back + HOUR) == ["unseen"]


def test_a_sale_that_changes_nothing_in_the_link_is_not_waited_for(home: Property, link: ExportLink) -> None:
    read_hourly(link, NOW)
    sale = sell(home, NOW)
    ExportLink.objects.filter(pk=link.pk).update(body_version=sale.version - 1)
    assert found(NOW + 2 * HOUR) == []


def test_a_link_that_is_no_longer_read_has_one_alert(home: Property, link: ExportLink) -> None:
    read_hourly(link, NOW)
    sell(home, NOW)
    assert found(NOW + 2 * HOUR) == ["unseen"]
    assert found(NOW + 4 * HOUR) == ["stopped"]
    assert found(NOW + 9 * HOUR, NOW + 7 * HOUR) == ["stopped"]


# What is never told


def test_links_for_people_and_those_of_homes_that_are_no_longer_let_are_not_waited_for(
    home: Property, link: ExportLink
) -> None:
    sell(home, NOW)
    ExportLink.objects.filter(pk=link.pk).update(kind="people")
    assert found(NOW + 2 * DAY) == []
    ExportLink.objects.filter(pk=link.pk).update(kind="channel", revoked_at=NOW)
    assert found(NOW + 2 * DAY) == []
    ExportLink.objects.filter(pk=link.pk).update(revoked_at=None)
    Property.objects.update(archived_at=NOW)
    assert found(NOW + 2 * DAY) == []


def test_while_we_were_away_nobody_could_read_us(home: Property, link: ExportLink) -> None:
    read_hourly(link, NOW)
    sell(home, NOW)
    back = NOW + 2 * DAY
    assert found(back, None) == []
    assert found(back + timedelta(minutes=59), back) == []
    assert found(back + HOUR, back) == ["unseen"]
    assert found(back + 4 * HOUR, back) == ["stopped"]
    assert found(back + 5 * HOUR, None) == ["stopped"]


def test_links_are_answered_from_the_first_word_until_ten_minutes_after_the_last(
    home: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uptime, "KEY", f"answering-{home.public_id}")
    assert uptime.since() is None
    uptime.beat(NOW)
    uptime.beat(NOW + HOUR)
    assert uptime.since() == NOW


# All of it


def test_it_is_told_by_mail_and_on_the_home_page_and_leads_to_the_link(
    alices: Client, link: ExportLink
) -> None:
    tasks.watch_links()
    assert alerts.tell(NOW) == 1
    alert = Alert.objects.get()
    way = reverse("calendars:alert", args=[alert.public_id])
    assert sentences.headline(alert) in unescape(alices.get("/").content.decode())
    answer = alices.get(way)
    assert answer["Location"].endswith(f"/connections/#link-{link.public_id}")
    assert f'id="link-{link.public_id}"' in alices.get(answer["Location"]).content.decode()


def test_a_sweep_asks_as_often_for_many_links_as_for_one(home: Property, link: ExportLink) -> None:
    def asked(now: datetime) -> int:
        with CaptureQueriesContext(connection) as queries:
            unread.watch(now, LONG_UP)
        return len(queries)

    read_hourly(link, NOW)
    sell(home, NOW)
    few = asked(NOW + 2 * HOUR)
    for number in range(5):
        other = cast.a_property(home.organization, f"Casa {number}")
        each = a_link(other)
        read_hourly(each, NOW)
        sell(other, NOW, reference=f"sold {number}")
    assert asked(NOW + 2 * HOUR) <= few + 2
    assert Alert.objects.open().count() == 6
