import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from amplistay.celery import app
from calendars.models import Feed
from properties.models import Property
from tests import cast

LINK = "https://www.airbnb.com/calendar/ical/7.ics?s=abc"


@pytest.fixture(autouse=True)
def redis_is_away(settings: Settings) -> None:
    settings.CACHES = settings.CACHES | {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    }
    cache.close()


def test_the_cache_forgets_instead_of_failing() -> None:
    cache.set("key", 1)
    assert cache.get("key", "nothing") == "nothing"
    assert cache.add("key", 1) is True
    assert cache.incr("key") == 1
    assert cache.delete("key") is False


def test_a_host_can_sign_up_and_log_in(client: Client, db: None) -> None:
    wanted = {"email": "new@example.org", "password1": cast.PASSWORD, "organization": "New Homes"}
    assert client.post(reverse("account_signup"), wanted).status_code == 302
    client.logout()
    wanted = {"login": "new@example.org", "password": cast.PASSWORD}
    assert client.post(reverse("account_login"), wanted).status_code == 302
    assert User.objects.get().memberships.get().organization.name == "New Homes"


def test_a_pasted_link_is_kept_and_read_at_the_next_sweep(
    alices: Client, home: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    answer = alices.post(reverse("calendars:add-feeds", args=[home.public_id]), {"links": LINK})
    assert answer.status_code == 302
    assert Feed.objects.get().next_poll_at is not None
