"""Guests who pay by card on the simulated Stripe's page, and wait on their own until it says that the night is theirs.

Everything between is the product's: webhook, broker, worker, two feeds of another server read again, the ledger, the
charge. A guest's page asks again as often as it says itself, so that a part of the time is the page's pause.
"""

import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from bench import rows
from bench.guests import ADDRESSES, FIELD, FORM, NIGHTS
from bench.poll import await_worker, read_changed
from bench.processes import BenchError, await_port, running
from calendars.models import Feed
from upsells.models import Offer, PayoutAccount, StayLink

ACCOUNT = "acct_bench"
CARD = "4242424242424242"
AT_ONCE = 4
WORKERS = 2
STAY = timedelta(days=3)
PATIENCE_S = 30.0
ASKS_AGAIN = re.compile(r'id="progress" hx-get="([^"]+)" hx-trigger="every (\d+)s"')
BOOKED = "Booked."
TOMORROW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Door:
    """Where one guest goes in: their link's path, and the day they were going to leave."""

    path: str
    departure: str


@contextmanager
def open_for_business() -> Iterator[None]:
    """The outside parties, workers and beat run; feeds that nobody plays aren't read meanwhile."""
    Feed.objects.update(next_poll_at=timezone.now() + TOMORROW)
    port = urlsplit(settings.SIMULATOR_URL).port or 0
    mail = str(settings.MAILERS["default"]["OPTIONS"]["port"])
    webhook = f"{settings.SITE_URL}{reverse('stripe-events')}"
    words = ("--port", str(port), "--smtp-port", mail, "--stripe-webhook", webhook)
    celery = ("-m", "celery", "--quiet", "-A", "amplistay")
    with ExitStack() as stack:
        await_port(stack.enter_context(running("-m", "simulator", *words)), port)
        pool = ("--concurrency", str(WORKERS), "--loglevel", "ERROR")
        worker = stack.enter_context(running(*celery, "worker", *pool))
        await_worker(worker)
        stack.enter_context(running(*celery, "beat", "--loglevel", "ERROR"))
        yield


def doors(count: int, now: datetime) -> list[Door]:
    """Homes with two simulated listings that were just read, whose extra nights are paid by card."""
    host = rows.a_host()
    control("stripe/accounts", id=ACCOUNT)
    PayoutAccount.objects.create(
        organization=host, stripe_id=ACCOUNT, charges_enabled=True, details_submitted=True, wanted_at=now
    )
    homes = rows.properties(host, count)
    today = homes[0].house.today(now)
    for home in homes:
        for site in rows.SITES:
            made = control("listings", channel=site, name=home.name, timezone="UTC")
            days = {"arrival": str(today), "departure": str(today + STAY)}
            control(f"listings/{made['id']}/bookings", guest="Marta Puig", kind="booking", **days)
            feed = rows.a_feed(home, made["export_url"], now)
            feed.channel = site
            feed.save()
            read_changed(feed)
    offers = [offer for home in homes for offer in rows.offers(home)]
    for offer in offers:
        offer.collection = {"": Offer.Collection.CARD}
    Offer.objects.bulk_create(offers)
    links = [StayLink(organization=host, property=home, created_at=now) for home in homes]
    return [
        Door(reverse("guest:stay", args=[link.token]), str(today + STAY))
        for link in StayLink.objects.bulk_create(links)
    ]


def control(path: str, **values: str) -> dict[str, str]:
    """What the simulator answers; raises BenchError when it refuses."""
    answer = requests.post(f"{settings.SIMULATOR_URL}/api/{path}", json=values, timeout=PATIENCE_S)
    if not answer.ok:
        message = f"the simulator answers {path} with {answer.status_code}"
        raise BenchError(message)
    found: dict[str, str] = answer.json()
    return found


def paid_to_confirmed(ways_in: Sequence[Door]) -> list[float]:
    """For each guest, the milliseconds from pressing "pay" at Stripe's to the page that confirms, sorted."""
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        return sorted(crowd.map(bought, ways_in, range(len(ways_in))))


def bought(door: Door, number: int) -> float:
    """One guest's milliseconds; raises BenchError when it doesn't come to a booking."""
    with requests.Session() as browser:
        browser.headers.update({"X-Forwarded-For": f"{ADDRESSES}{number + 1}", "Accept-Language": "en"})
        url = at_the_card(browser, door)
        began = time.perf_counter()
        page = browser.post(
            url, data={"number": CARD}, timeout=PATIENCE_S
        ).text  # which leads back to the guest's
        while asks := ASKS_AGAIN.search(page):
            if time.perf_counter() - began > PATIENCE_S:
                break
            time.sleep(int(asks[2]))
            address = f"{settings.SITE_URL}{unescape(asks[1])}"
            page = browser.get(address, headers={"HX-Request": "true"}, timeout=PATIENCE_S).text or page
        if BOOKED not in page:
            message = "what a guest has paid is not confirmed"
            raise BenchError(message)
        return (time.perf_counter() - began) * 1000


def at_the_card(browser: requests.Session, door: Door) -> str:
    """The address of Stripe's page, after choosing a night and saying who they are."""
    page = browser.get(f"{settings.SITE_URL}{door.path}?departure={door.departure}", timeout=PATIENCE_S).text
    form = FORM.search(page)
    choices = NIGHTS.findall(form[0]) if form else []
    if not form or not choices:
        message = f"no night is on sale on {door.departure}"
        raise BenchError(message)
    held = sent(browser, door.path, {**hidden(form[0]), "choice": choices[0]})
    who = {"name": "Marta Puig", "email": "marta@example.org"}
    return sent(
        browser, held, {**hidden(browser.get(settings.SITE_URL + held, timeout=PATIENCE_S).text), **who}
    )


def hidden(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in FIELD.findall(page)}


def sent(browser: requests.Session, path: str, fields: dict[str, str]) -> str:
    """Where a form leads; raises BenchError when it leads nowhere."""
    answer = browser.post(
        f"{settings.SITE_URL}{path}", data=fields, allow_redirects=False, timeout=PATIENCE_S
    )
    if "Location" not in answer.headers:
        message = f"a guest's form was answered with {answer.status_code}"
        raise BenchError(message)
    return answer.headers["Location"]
