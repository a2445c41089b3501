from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calendars import ledger
from calendars.models import Block
from properties.models import Property
from tests import cast


def _why(client: Client, home: Property, night: object) -> str:
    answer = client.get(reverse("calendars:month", args=[home.public_id]), {"night": str(night)})
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_names_feed_event_since_when_and_what_would_open_it(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, label="Flat on Airbnb")
    span = cast.nights(12, 3)
    cast.an_import(feed, span, summary="Reserved for Marta")
    page = _why(alices, home, span.start)
    assert "Closed by Flat on Airbnb" in page
    assert "Reserved for Marta" in page
    assert "2026" in page
    assert "It opens when Flat on Airbnb no longer lists it" in page


def test_a_night_that_waits_says_so(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home)
    span = cast.nights(12, 3)
    cast.an_import(feed, span, missing_since=cast.NOW, missing_reads=1)
    assert "It stays closed until more reads agree" in _why(alices, home, span.start)


def test_every_origin_has_its_own_words(alices: Client, home: Property) -> None:
    now = timezone.now()
    with ledger.changing(home, now) as change:
        ledger.close(change, cast.nights(20), "Painter comes")
        ledger.hold(change, cast.nights(22), until=now + timedelta(minutes=10), reference="a")
        ledger.hold(change, cast.nights(24), until=now + timedelta(minutes=10), reference="b")
        ledger.confirm(change, "b")
    assert set(Block.objects.values_list("origin", flat=True)) == {"host", "hold", "sale"}
    assert "Painter comes" in _why(alices, home, cast.nights(20).start)
    assert "A guest is booking it right now" in _why(alices, home, cast.nights(22).start)
    assert "Sold by you as an extra night" in _why(alices, home, cast.nights(24).start)
