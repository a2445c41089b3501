"""Which channel has seen what: told by the state of the link that it was given, not by the clock."""

import time
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from calendars import ledger, receipts, uptime
from calendars.models import Block, ExportLink, ExportRead
from properties.models import Property
from tests import cast

NOON = cast.NOW
STARTS_WITHIN_S = 20.0


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture(autouse=True)
def nothing_noted(db: None) -> None:
    """What other tests have read stays out of these."""
    receipts.flush()


@pytest.fixture
def link(home: Property) -> ExportLink:
    return cast.an_export(home)


def close(home: Property, start: int, now: datetime) -> Block:
    with ledger.changing(home, now) as change:
        return ledger.close(change, cast.nights(start, 2))


def pull(link: ExportLink, now: datetime, agent: str = "Airbnb/1.0") -> receipts.Pull:
    """What a reader of the link as it now stands is noted as."""
    version = ExportLink.objects.values_list("body_version", flat=True).get(pk=link.pk)
    return receipts.Pull(link.public_id, version, agent, now)


def seen_at(block: Block, link: ExportLink) -> datetime | None:
    block.refresh_from_db()
    return receipts.seen(block)[link]


def test_a_channel_has_seen_what_it_was_given_and_nothing_later(home: Property, link: ExportLink) -> None:
    first = close(home, 10, at(0))
    receipts.write([pull(link, at(5))])
    second = close(home, 20, at(6))
    assert (seen_at(first, link), seen_at(second, link)) == (at(5), None)
    receipts.write([pull(link, at(65)), pull(link, at(125))])
    assert (seen_at(first, link), seen_at(second, link)) == (at(5), at(65))


def test_an_answer_that_was_under_way_during_the_sale_has_not_shown_it(
    home: Property, link: ExportLink
) -> None:
    under_way = pull(link, at(10))
    sold = close(home, 10, at(0))  # its clock was behind: by the times alone, the reader would have seen it
    receipts.write([under_way])
    assert seen_at(sold, link) is None


def test_clocks_that_disagree_make_nothing_seen_too_early(home: Property, link: ExportLink) -> None:
    close(home, 10, at(5))
    early = pull(link, at(6))
    late = close(home, 20, at(1))  # committed after, by a worker whose clock is behind
    receipts.write([early])
    assert seen_at(late, link) is None


def test_each_link_has_receipts_of_its_own(home: Property, link: ExportLink) -> None:
    other = cast.an_export(home, "booking")
    sold = close(home, 10, at(0))
    receipts.write([pull(other, at(3), "Booking.com")])
    assert receipts.seen(sold) == {link: None, other: at(3)}


def test_a_person_who_looks_at_the_address_is_no_channel_that_read_it(
    client: Client, home: Property, link: ExportLink
) -> None:
    sold = close(home, 10, at(0))
    path = cast.path_of(link)
    assert (
        client.get(path, headers={"User-Agent": "Mozilla/5.0", "Sec-Fetch-Mode": "navigate"}).status_code
        == 200
    )
    assert receipts.flush() == 1
    assert ExportRead.objects.get(link=link).reader == receipts.BROWSER
    assert seen_at(sold, link) is None
    assert client.get(path, headers={"User-Agent": "Airbnb/1.0"}).status_code == 200
    receipts.flush()
    assert seen_at(sold, link) is not None


def test_a_reader_that_has_it_already_is_noted_too(client: Client, home: Property, link: ExportLink) -> None:
    sold = close(home, 10, at(0))
    link.refresh_from_db()
    answer = client.get(cast.path_of(link), headers={"If-None-Match": f'"{link.etag}"'})
    assert (answer.status_code, receipts.flush()) == (304, 1)
    assert seen_at(sold, link) is not None


@pytest.mark.parametrize("wrong", ["forged", "revoked"])
def test_who_gets_no_calendar_leaves_no_receipt(
    client: Client, home: Property, link: ExportLink, wrong: str
) -> None:
    path = cast.path_of(link)
    if wrong == "revoked":
        ExportLink.objects.filter(pk=link.pk).update(revoked_at=NOON)
    else:
        path = path[:-10] + "abcdef.ics"
    assert client.get(path).status_code == 404
    assert receipts.flush() == 0


def test_the_same_state_read_again_and_again_is_one_line(home: Property, link: ExportLink) -> None:
    for hour in range(3):
        receipts.write([pull(link, at(60 * hour + minute)) for minute in (0, 1)])
    row = ExportRead.objects.get(link=link)
    assert (row.reader, row.at, row.until, row.times) == ("Airbnb", at(0), at(121), 6)


def test_receipts_that_come_in_another_order_say_the_same(home: Property, link: ExportLink) -> None:
    receipts.write([pull(link, at(9))])
    receipts.write([pull(link, at(1))])
    row = ExportRead.objects.get(link=link)
    assert (row.at, row.until, row.times) == (at(1), at(9), 2)


def test_a_link_that_is_gone_meanwhile_costs_the_others_nothing(home: Property, link: ExportLink) -> None:
    gone = receipts.Pull("23456789abcdef", 1, "Airbnb", at(0))
    receipts.write([gone, pull(link, at(1))])
    assert ExportRead.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_the_database_does_not_take_now_it_gets_later() -> None:
    home = cast.a_property(cast.an_organization())
    link = cast.an_export(home)
    receipts.note(pull(link, at(0)))
    connection.close()
    host, connection.settings_dict["HOST"] = connection.settings_dict["HOST"], "127.0.0.1"
    port, connection.settings_dict["PORT"] = connection.settings_dict["PORT"], "1"
    try:
        assert receipts.flush() == 0
    finally:
        connection.settings_dict |= {"HOST": host, "PORT": port}
    assert receipts.flush() == 1
    assert ExportRead.objects.get().link == link


def test_more_than_can_be_kept_is_dropped_from_the_oldest(home: Property, link: ExportLink) -> None:
    for second in range(receipts.MOST_WAITING + 60):
        receipts.note(receipts.Pull(link.public_id, 0, "Airbnb", at(second / 60)))
    assert receipts.flush() == receipts.MOST_WAITING
    assert ExportRead.objects.get().at == at(1)


@pytest.mark.django_db(transaction=True)
def test_a_server_writes_them_by_itself_and_says_that_it_answers(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = cast.an_export(cast.a_property(cast.an_organization()))
    monkeypatch.setattr(uptime, "KEY", f"answering-{link.public_id}")
    settings.RECEIPTS_EVERY = 0.05
    try:
        client.get(cast.path_of(link), headers={"User-Agent": "Airbnb"})
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not ExportRead.objects.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        receipts.writer.stop()
    assert ExportRead.objects.get().reader == "Airbnb"
    assert uptime.since() is not None


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_asked_to_stop_writes_what_it_has_noted(client: Client, settings: Settings) -> None:
    link = cast.an_export(cast.a_property(cast.an_organization()))
    settings.RECEIPTS_EVERY = 3600
    client.get(cast.path_of(link), headers={"User-Agent": "Airbnb"})
    receipts.writer.stop()
    assert ExportRead.objects.get().link == link
