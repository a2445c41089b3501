"""Links to strangers' calendars are passwords, and what they say is of guests: no clear text in the database."""

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.db import connection
from pytest_django import Settings

from accounts.fields import ALPHABET, SealedField, SecretField, public_id, token
from calendars.models import Feed, Snapshot
from properties.models import Property
from tests import cast

URL = "https://www.airbnb.com/calendar/ical/1.ics?s=very-secret"


def stored(feed: Feed) -> tuple[str, str]:
    """The link's column and the whole row as the database holds them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT url, f::text FROM calendars_feed f WHERE id = %s", [feed.pk])
        url, row = cursor.fetchone()
    assert url in row
    return url, row


def test_the_database_holds_no_clear_text_of_a_link(home: Property) -> None:
    feed = cast.a_feed(home, URL)
    _url, row = stored(feed)
    for secret in (URL, "very-secret", "calendar/ical"):
        assert secret not in row
    assert Feed.objects.get(pk=feed.pk).url == URL


def test_the_same_link_is_stored_differently_each_time(home: Property) -> None:
    other = cast.a_property(home.organization, "Casa Sants")
    assert len({stored(cast.a_feed(place, URL))[0] for place in (home, other)}) == 2


def test_after_a_rotation_old_rows_are_read_and_new_ones_use_the_new_key(
    home: Property, settings: Settings
) -> None:
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
    feed = cast.a_feed(home, URL)
    settings.FIELD_KEYS = [new, old]
    again = Feed.objects.get(pk=feed.pk)
    assert again.url == URL
    again.save(update_fields=["url"])
    settings.FIELD_KEYS = [new]
    assert Feed.objects.get(pk=feed.pk).url == URL


def test_without_the_key_a_row_cannot_be_read(home: Property, settings: Settings) -> None:
    feed = cast.a_feed(home, URL)
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(InvalidToken):
        Feed.objects.get(pk=feed.pk)


BODY = b"BEGIN:VCALENDAR\r\nSUMMARY:Marta Puig\r\n\x00\xff" * 50


def a_snapshot(home: Property, body: bytes = BODY) -> Snapshot:
    return Snapshot.objects.create(feed=cast.a_feed(home, URL), at=cast.NOW, digest="d", body=body)


@pytest.mark.parametrize("body", [b"", b"\x00", BODY, bytes(range(256)) * 4000], ids=len)
def test_sealed_bytes_come_back_as_they_were(home: Property, body: bytes) -> None:
    assert Snapshot.objects.get(pk=a_snapshot(home, body).pk).body == body


def test_sealed_bytes_are_read_with_the_old_key_after_a_rotation_and_written_with_the_new_one(
    home: Property, settings: Settings
) -> None:
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
    snapshot = a_snapshot(home)
    settings.FIELD_KEYS = [new, old]
    again = Snapshot.objects.get(pk=snapshot.pk)
    assert again.body == BODY
    again.save(update_fields=["body"])
    settings.FIELD_KEYS = [new]
    assert Snapshot.objects.get(pk=snapshot.pk).body == BODY
    settings.FIELD_KEYS = [old]
    with pytest.raises(InvalidToken):
        Snapshot.objects.get(pk=snapshot.pk)


def test_sealed_bytes_that_were_changed_are_not_opened(home: Property) -> None:
    snapshot = a_snapshot(home)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE calendars_snapshot SET body = set_byte(body, 40, get_byte(body, 40) # 1)")
    with pytest.raises(InvalidToken):
        Snapshot.objects.get(pk=snapshot.pk)


def test_a_row_can_be_read_without_the_key_where_its_secret_is_not_asked_for(
    home: Property, settings: Settings
) -> None:
    a_snapshot(home)
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    assert Snapshot.objects.defer("body").get().digest == "d"
    assert Feed.objects.defer("url").get().title == "Airbnb"


def test_every_column_that_holds_a_link_or_what_one_said_is_encrypted() -> None:
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, SecretField | SealedField)
    }
    assert found >= {"calendars.Feed.url", "calendars.Snapshot.body"}


def test_names_in_addresses_are_random_and_have_no_lookalikes() -> None:
    assert len({public_id() for _ in range(1000)}) == 1000
    assert {len(public_id()), len(token())} == {14, 27}
    assert set(public_id() + token()) <= set(ALPHABET)
    assert not set("01lio") & set(ALPHABET)
