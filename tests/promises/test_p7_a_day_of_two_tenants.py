"""Promise P7 over a whole day: two organizations do their business side by side, and nothing of one reaches the other.

Each has words of its own in everything that it has: names, guests, notes, links, tokens. What was produced is gathered
afterwards: answers, letters, messages to other software, exports, log lines, tasks and cached keys.
"""

import json
import logging
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from ipaddress import IPv6Address
from secrets import randbits
from typing import Any

import pytest
from django.conf import settings as conf
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from redis import Redis

from accounts import tasks as letters
from accounts.models import User
from api import docs
from calendars import ledger
from calendars import tasks as calendars
from calendars.models import ExportLink, Feed
from domain.spans import Span
from notices import digest
from properties.models import Property
from tests import cast
from tests.addresses import ALL, MEMBERS_OWN
from tests.api.callers import Caller, a_token
from tests.conftest import Listing
from tests.post import Post
from tests.upsells import pages
from tests.webhooks.listeners import Listener, a_webhook
from upsells import tasks as sales
from upsells.models import Purchase, StayLink
from webhooks import tasks as webhooks

pytestmark = pytest.mark.django_db

OTHERS = (
    "mail.log",
    "urllib3",
    "aiohttp",
    "asyncio",
)  # the mail server, the channels, and how the test asks them
SHEETS = ("sales:csv", "audit-csv", "calendars:import-template")


@dataclass
class Tenant:
    """An organization in whose every row stands one word, with what was produced for it."""

    word: str
    home: Property
    owner: User
    feed: Feed
    link: StayLink
    export: ExportLink
    listener: Listener
    api: Caller
    browser: Client
    secrets: list[str]
    told: dict[str, str] = field(default_factory=dict)

    @property
    def canaries(self) -> list[str]:
        """What may be found with nobody else."""
        ids = [self.home.public_id, self.feed.public_id, self.export.public_id]
        return [self.word, *self.secrets, *ids]

    def keep(self, name: str, answer: Any) -> Any:
        """What it was told, unpacked where it is a file of files."""
        body = b"".join(answer) if answer.streaming else answer.content
        assert answer.status_code < 400, (name, answer.status_code)
        if body.startswith(b"PK"):
            with zipfile.ZipFile(BytesIO(body)) as archive:
                body = b"\n".join(archive.read(each) for each in archive.namelist())
        self.told[name] = f"{answer.headers}\n{body.decode('utf-8', 'replace')}"
        return answer


type Opens = Callable[[str], Tenant]


@pytest.fixture
def opens(listing: Callable[..., Listing], settings: Settings) -> Iterator[Opens]:
    """Opens an organization that bears the word, with a calendar, offers, links, software and somebody who comes."""
    with ExitStack() as stack:

        def opened(word: str) -> Tenant:
            now = timezone.now()
            organization = cast.an_organization(f"{word} Homes")
            owner = cast.a_member(organization, f"owner@{word}.example")
            home = cast.a_property(organization, f"Casa {word}")
            Property.objects.filter(pk=home.pk).update(cleaner_email=f"cleaner@{word}.example")
            place = listing("airbnb", name=f"Flat {word}")
            place.book(*cast.stay_of(home, 0, 3), guest=f"Marta {word}")
            place.book(*cast.stay_of(home, 40, 43), guest=f"Jordi {word}")
            feed = cast.a_feed(home, f"{place.export_url}&s={word}", label=f"Main of {word}")
            cast.an_offer(home)
            today = home.house.today(now)
            with ledger.changing(home, now) as change:
                ledger.close(
                    change, Span(today + timedelta(days=20), today + timedelta(days=22)), f"{word} paints"
                )
            listener = stack.enter_context(Listener())
            webhook = a_webhook(organization, listener, now, settings, description=f"PMS of {word}")
            link, token = cast.a_stay_link(home), a_token(organization)
            cast.a_people_link(home)
            cast.a_saved_view(owner.memberships.get(), name=f"View {word}")
            browser = Client(REMOTE_ADDR=str(IPv6Address(randbits(120))))
            browser.force_login(owner)
            secrets = [link.token, token, feed.url, *webhook.secrets(now), listener.url.split("?")[1]]
            secrets[-1] = f":{listener.port}/"
            return Tenant(
                word, Property.objects.get(pk=home.pk), owner, feed, link, cast.an_export(home), listener,
                Caller(token), browser, secrets,
            )  # fmt: skip

        yield opened


def sell(tenant: Tenant) -> Purchase:
    """A guest of theirs buys two nights and is told."""
    guest = Client(REMOTE_ADDR=str(IPv6Address(randbits(120))))
    departure = cast.leaving(tenant.home).day
    tenant.keep("guest looks", pages.look(guest, tenant.link, departure))
    chosen = pages.choose(guest, tenant.link, day=departure)
    assert chosen.status_code == 302, pages.text(chosen)
    who = {"name": f"Marta {tenant.word}", "email": f"marta@{tenant.word}.example"}
    guest.post(chosen["Location"], who)
    bought = Purchase.objects.get(property=tenant.home)
    sales.settle(bought.pk)
    bought.refresh_from_db()
    assert bought.state == Purchase.State.CONFIRMED
    tenant.keep("guest's page", guest.get(chosen["Location"]))
    return bought


def look_around(tenant: Tenant, other: Tenant, bought: Purchase) -> None:
    """The owner opens every page of their own, searches for the other's word, and downloads what there is."""
    for name in sorted(MEMBERS_OWN | {"home", "account"}):
        answer = tenant.browser.get(reverse(name))
        if answer.status_code == 200:
            tenant.keep(name, answer)
    ids = {
        "public_id": tenant.home.public_id,
        "purchase_id": bought.public_id,
        "feed_id": tenant.feed.public_id,
    }
    for name, door in ALL.items():
        if door.ids and {*door.ids} <= ids.keys() and hasattr(door.view, "power"):
            answer = tenant.browser.get(reverse(name, kwargs={each: ids[each] for each in door.ids}))
            if answer.status_code == 200:
                tenant.keep(name, answer)
    for word in (tenant.word, other.word[:-1]):
        tenant.keep(f"search {word[:2]}", tenant.browser.get(reverse("search"), {"q": word}))
    for path in re.findall(r'"/api/v1(/[a-z-]+/)": \{\n  "get"', docs.described().decode()):
        tenant.keep(f"API {path}", tenant.api("GET", path))
    tenant.keep("data-take-out", tenant.browser.post(reverse("data-take-out")))
    tenant.keep("export", Client().get(cast.path_of(tenant.export)))
    mine, theirs = (f"marta@{each.word}.example" for each in (tenant, other))
    tenant.keep("guest.json", tenant.browser.get(reverse("data-guest"), {"email": mine}))
    answer = tenant.browser.get(reverse("data-guest"), {"email": theirs})
    assert json.loads(answer.content)["purchases"] == []


def in_redis() -> str:
    """Keys and values: what is cached, and every task that waits with its arguments."""
    redis = Redis.from_url(conf.REDIS_URL)
    found = []
    for key in redis.scan_iter(count=1_000):
        kind = redis.type(key)
        value = redis.lrange(key, 0, -1) if kind == b"list" else redis.get(key) if kind == b"string" else b""
        found.append(f"{key!r} {value!r}")
    return "\n".join(found)


def tomorrow_at_eight(home: Property, now: datetime) -> datetime:
    return digest.next_morning(home.house.zone, now + timedelta(minutes=10)) + timedelta(minutes=1)


def test_nothing_of_one_organization_reaches_the_other(
    opens: Opens, post: Post, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    both = [opens(f"{bird}{randbits(40):x}") for bird in ("kanarie", "zaunkoenig")]
    calendars.read_now([tenant.feed.pk for tenant in both])
    sales.register_stays()
    digest.send_due(timezone.now())
    bought = [sell(tenant) for tenant in both]
    for task in (
        calendars.watch,
        calendars.watch_links,
        sales.deliver,
        webhooks.send,
        letters.deliver,
        sales.sweep,
    ):
        task()
    digest.send_due(tomorrow_at_eight(both[0].home, timezone.now()))
    one, other = both
    look_around(one, other, bought[0])
    look_around(other, one, bought[1])
    for tenant in both:
        for number, mail in enumerate(post.mails):
            if any(tenant.word in person for person in mail["to"]):
                tenant.told[f"mail {number}"] = json.dumps(mail)
        for heard in tenant.listener.heard:
            tenant.told[f"webhook {heard.id}"] = heard.body.decode()
    enough = {"mail", "webhook", "export", "guest.json", "data-take-out", "audit", "planner", *SHEETS}
    for tenant, stranger in (both, both[::-1]):
        assert {name for name in enough if not any(each.startswith(name) for each in tenant.told)} == set()
        assert sum(tenant.word in text for text in tenant.told.values()) > 30  # else the words are nowhere
        leaks = [
            (name, each) for name, text in tenant.told.items() for each in stranger.canaries if each in text
        ]
        assert leaks == []
        ours = [record for record in caplog.records if not record.name.startswith(OTHERS)]
        logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in ours)
        for each in (tenant.word, *tenant.secrets):
            assert each not in logged
            assert each not in in_redis()
