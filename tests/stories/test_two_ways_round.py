"""All the way round: the system, our link, a site that passes on what it reads; nothing keeps itself closed."""

from collections.abc import Callable

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Organization
from calendars import exports
from calendars.models import Closure, Feed
from tests import cast
from tests.conftest import Listing, read
from tests.escapia import Escapia
from tests.mirrored import MINUTE, Mirror

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mirror(
    organization: Organization, escapia: Escapia, settings: Settings, live_server: LiveServer
) -> Mirror:
    settings.MIRROR_BASE_URLS = {"escapia": escapia.base_urls}
    settings.SITE_URL = live_server.url
    return Mirror.of(cast.a_property(organization), escapia, two_way=True)


@pytest.fixture
def place(mirror: Mirror, listing: Callable[..., Listing]) -> Listing:
    """A site that reads our link, and whose feed tells of what it read there."""
    place = listing("booking", import_interval=0)
    place.imports(exports.address(cast.an_export(mirror.home, "booking")))
    return place


@pytest.fixture
def booking(mirror: Mirror, place: Listing) -> Feed:
    return cast.a_feed(mirror.home, place.export_url)


def test_what_the_system_takes_goes_to_the_site_and_never_back_to_the_system(
    mirror: Mirror, place: Listing, booking: Feed
) -> None:
    stay = mirror.days(20, 3)
    number = mirror.book(stay)
    mirror.read()
    place.read_imports()
    assert place.refuses(stay.start, stay.end)
    read(booking, mirror.later(MINUTE))
    assert (mirror.tell(), mirror.there(), Closure.objects.count()) == (0, [stay], 0)

    mirror.escapia.cancel(mirror.unit, number)
    mirror.later()
    for _ in range(3):
        mirror.read()
        mirror.later(20 * MINUTE)
    assert not mirror.feed.blocks.exists()
    assert (mirror.tell(), mirror.there()) == (0, [])
    place.read_imports()
    for _ in range(3):
        read(booking, mirror.later(150 * MINUTE))
    assert (mirror.busy(), mirror.tell(), mirror.there()) == ([], 0, [])


def test_what_the_site_takes_goes_to_the_system_and_never_back_to_the_site(
    mirror: Mirror, place: Listing, booking: Feed
) -> None:
    mirror.read()
    stay = mirror.days(20, 3)
    number = place.book(stay.start, stay.end)
    read(booking, mirror.later(MINUTE))
    mirror.tell()
    assert mirror.there() == [stay]
    mirror.later()
    mirror.read()
    body = exports.Bodies(mirror.home).of(mirror.home.exportlinks.get())
    assert f"{stay.start:%Y%m%d}".encode() not in body
    place.cancel(number)
    place.read_imports()
    for _ in range(3):
        read(booking, mirror.later(150 * MINUTE))
    mirror.tell()
    mirror.later()
    mirror.read()
    assert (mirror.busy(), mirror.there()) == ([], [])
