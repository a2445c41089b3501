import logging
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from amplistay.logs import Scrub
from calendars.models import Feed, FeedRead
from properties.models import Property
from tests import cast
from tests.conftest import Listing, read

CANARY = "canary0c4nary1c4nary2"


@pytest.fixture
def feed(home: Property) -> Feed:
    return cast.a_feed(home, f"https://10.1.2.3/calendar/{CANARY}.ics?t={CANARY}")


def test_a_link_is_encrypted_at_rest(feed: Feed) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM calendars_feed")
        assert CANARY not in str(cursor.fetchall())
    feed.refresh_from_db()
    assert CANARY in feed.url


@pytest.mark.parametrize("fault", ["html", "not_found", "hang_up", "garbage", "redirect_to"])
def test_no_log_line_and_no_sync_log_line_holds_a_link(
    home: Property,
    listing: Callable[..., Listing],
    fault: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    place = listing("airbnb")
    secret = place.export_url.rsplit("/", 1)[1]
    if fault == "hang_up":
        url = f"https://10.1.2.3/{secret}"
    else:
        url = place.export_url
        place.fault(fault, **({"location": f"http://10.1.2.3/{secret}"} if fault == "redirect_to" else {}))
    read(cast.a_feed(home, url))
    printed = capsys.readouterr()
    assert FeedRead.objects.filter(problem__isnull=False).exists()
    for sink in (caplog.text, printed.out, printed.err, str(list(FeedRead.objects.values()))):
        assert secret not in sink


def test_no_page_of_the_host_shows_a_link_after_it_was_saved(
    alices: Client, home: Property, feed: Feed
) -> None:
    Feed.objects.update(last_read_at=timezone.now(), failures=1)
    for name in ("calendars:connections", "calendars:month", "properties:settings"):
        assert CANARY not in alices.get(reverse(name, args=[home.public_id])).content.decode()
    log = reverse("calendars:log", args=[home.public_id, feed.public_id])
    assert CANARY not in alices.get(log).content.decode()


def test_an_error_page_shows_nothing_of_the_link(alices: Client, home: Property, feed: Feed) -> None:
    alices.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE calendars_feed RENAME COLUMN etag TO etag_away")
        answer = alices.get(reverse("calendars:connections", args=[home.public_id]))
    assert answer.status_code == 500
    assert CANARY not in answer.content.decode()


@pytest.mark.parametrize("enforce", [True, False])
def test_no_log_line_holds_an_export_link_or_a_guests_link(home: Property, enforce: bool) -> None:
    client = Client(enforce_csrf_checks=enforce)
    secrets = [cast.path_of(cast.an_export(home)), reverse("guest:stay", args=[cast.a_stay_link(home).token])]
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(self.format(record))

    ear = Ear(logging.DEBUG)
    ear.addFilter(Scrub())
    logging.getLogger().addHandler(ear)
    try:
        for path in secrets:
            for tried in (path, path + "x"):
                client.post(tried)
                client.get(tried)
    finally:
        logging.getLogger().removeHandler(ear)
    handlers = settings.LOGGING["handlers"].values()
    assert all("scrub" in handler["filters"] for handler in handlers)
    for path in secrets:
        assert not any(path.strip("/").split("/")[-1] in line for line in heard)
    assert not enforce or heard
