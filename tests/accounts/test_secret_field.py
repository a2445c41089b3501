"""Links to strangers' calendars are passwords: no clear text in the database."""

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.db import connection
from pytest_django import Settings

from accounts.fields import ALPHABET, public_id, token
from calendars.models import Feed
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


def test_names_in_addresses_are_random_and_have_no_lookalikes() -> None:
    assert len({public_id() for _ in range(1000)}) == 1000
    assert {len(public_id()), len(token())} == {14, 27}
    assert set(public_id() + token()) <= set(ALPHABET)
    assert not set("01lio") & set(ALPHABET)
