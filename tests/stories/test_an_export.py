from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone
from icalendar import Calendar as ICalendar
from pytest_django import Settings

from calendars import exports, ledger
from calendars.models import ExportLink
from properties.models import Property
from tests import cast


def nights_of(body: bytes) -> list[tuple[date, date]]:
    """What an independent reader finds closed from today on."""
    events = ICalendar.from_ical(body).walk("VEVENT")
    spans = [(event["DTSTART"].dt, event["DTEND"].dt) for event in events]
    return sorted(span for span in spans if span[1] > cast.TODAY)


def close(home: Property, start: int, count: int) -> None:
    with ledger.changing(home, timezone.now()) as change:
        ledger.close(change, cast.nights(start, count))


def test_an_empty_calendar_carries_one_past_event_because_channels_refuse_empty_ones(
    client: Client, home: Property
) -> None:
    answer = client.get(cast.path_of(cast.an_export(home)))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert len(ICalendar.from_ical(answer.content).walk("VEVENT")) == 1
    assert nights_of(answer.content) == []


def test_nights_closed_by_hand_are_read_back_exactly(client: Client, home: Property) -> None:
    link = cast.an_export(home)
    close(home, 10, 3)
    assert nights_of(client.get(cast.path_of(link)).content) == [
        (cast.nights(10, 3).start, cast.nights(10, 3).end)
    ]


def test_what_channels_told_us_is_never_told_back(client: Client, home: Property) -> None:
    link = cast.an_export(home)
    cast.an_import(cast.a_feed(home), cast.nights(5, 4), summary="Secret Guest")
    body = client.get(cast.path_of(link)).content
    assert (nights_of(body), b"Secret" in body) == ([], False)


def test_bytes_stay_the_same_while_nothing_changed(client: Client, home: Property) -> None:
    link = cast.an_export(home)
    close(home, 10, 3)
    first = client.get(cast.path_of(link))
    cast.an_import(cast.a_feed(home), cast.nights(20, 2))
    again = client.get(cast.path_of(link))
    assert (first.content, first["ETag"]) == (again.content, again["ETag"])


def test_a_reader_that_has_it_gets_304(client: Client, home: Property) -> None:
    path = cast.path_of(cast.an_export(home))
    ExportLink.objects.update(changed_at=timezone.now())
    first = client.get(path)
    by_tag = client.get(path, headers={"If-None-Match": first["ETag"]})
    by_weak_tag = client.get(path, headers={"If-None-Match": f'"other", W/{first["ETag"]}'})
    by_date = client.get(path, headers={"If-Modified-Since": first["Last-Modified"]})
    stale = client.get(
        path, headers={"If-None-Match": '"other"', "If-Modified-Since": first["Last-Modified"]}
    )
    assert [a.status_code for a in (by_tag, by_weak_tag, by_date, stale)] == [304, 304, 304, 200]
    assert by_tag.content == b""
    assert by_tag["ETag"] == first["ETag"]


def test_head_has_the_headers_of_get_and_no_body(client: Client, home: Property) -> None:
    path = cast.path_of(cast.an_export(home))
    assert client.head(path)["ETag"] == client.get(path)["ETag"]
    assert client.head(path).content == b""


def test_no_cookie_no_redirect_no_query_and_not_for_search_engines(client: Client, home: Property) -> None:
    answer = client.get(cast.path_of(cast.an_export(home)))
    assert not answer.cookies
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Cache-Control"] == "private, no-cache"


def test_every_wrong_address_gets_the_same_404(client: Client, home: Property) -> None:
    link = cast.an_export(home)
    path = cast.path_of(link)
    forged = path.replace(path[-10:-4], "abcdef")
    unknown = path.replace(link.public_id, "23456789abcdef")
    ExportLink.objects.filter(pk=link.pk).update(revoked_at=timezone.now())
    answers = [client.get(wrong) for wrong in (forged, unknown, path)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({(answer.content, str(answer.headers)) for answer in answers}) == 1


def test_a_replaced_address_answers_for_48_hours_more(client: Client, home: Property) -> None:
    link = cast.an_export(home)
    old = cast.path_of(link)
    until = timezone.now() + exports.OVERLAP
    ExportLink.objects.filter(pk=link.pk).update(version=2, previous_until=until)
    link.refresh_from_db()
    new = cast.path_of(link)
    assert [client.get(old).status_code, client.get(new).status_code] == [200, 200]
    with time_machine.travel(until + timedelta(seconds=1)):
        assert [client.get(old).status_code, client.get(new).status_code] == [404, 200]


def test_addresses_signed_with_a_fallback_key_still_answer(
    client: Client, home: Property, settings: Settings
) -> None:
    old = cast.path_of(cast.an_export(home))
    settings.EXPORT_KEYS = ["a-newer-key-that-signs-from-now-on", *settings.EXPORT_KEYS]
    assert client.get(old).status_code == 200
    settings.EXPORT_KEYS = settings.EXPORT_KEYS[:1]
    assert client.get(old).status_code == 404


def test_a_fault_is_503_with_retry_after_and_never_an_empty_calendar(client: Client, home: Property) -> None:
    path = cast.path_of(cast.an_export(home))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE calendars_exportlink RENAME COLUMN body TO body_away")
        answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "120")
    assert b"VCALENDAR" not in answer.content


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_503_too(client: Client, settings: Settings) -> None:
    home = cast.a_property(cast.an_organization())
    path = cast.path_of(cast.an_export(home))
    connection.close()
    port, connection.settings_dict["PORT"] = connection.settings_dict["PORT"], "1"
    host, connection.settings_dict["HOST"] = connection.settings_dict["HOST"], "127.0.0.1"
    try:
        answer = client.get(path)
    finally:
        connection.close()
        connection.settings_dict |= {"PORT": port, "HOST": host}
    assert (answer.status_code, answer["Retry-After"]) == (503, "120")
    assert client.get(path).status_code == 200


def test_the_ledger_finds_a_body_that_is_not_what_the_blocks_say(home: Property) -> None:
    link = cast.an_export(home)
    close(home, 10, 3)
    assert ledger.differences(home) == []
    ExportLink.objects.filter(pk=link.pk).update(body=b"something else")
    assert ledger.differences(home) == [f"export link {link.public_id} is not what the blocks say"]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_meanwhile_is_replaced_without_the_channel_noticing(client: Client) -> None:
    path = cast.path_of(cast.an_export(cast.a_property(cast.an_organization())))
    assert client.get(path).status_code == 200
    connection.connection.close()
    assert client.get(path).status_code == 200


def test_renewing_twice_keeps_every_address_that_was_pasted_within_48_hours(
    client: Client, home: Property
) -> None:
    link = cast.an_export(home)
    paths = [cast.path_of(link)]
    for _ in range(2):
        assert exports.rotate(link, timezone.now())
        link.refresh_from_db()
        paths.append(cast.path_of(link))
    assert [client.get(path).status_code for path in paths] == [200, 200, 200]
    with time_machine.travel(timezone.now() + exports.OVERLAP + timedelta(seconds=1)):
        assert [client.get(path).status_code for path in paths] == [404, 404, 200]
