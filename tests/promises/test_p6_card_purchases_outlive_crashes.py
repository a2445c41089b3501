"""Kill -9 of web, worker and database while guests pay by card: everything settles by itself afterwards."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from properties.models import Property
from simulator.stripe_keys import DEMO_KEY, DEMO_WEBHOOK_SECRET
from tests import cast, guests, outages, tills
from tests.conftest import Simulator, read
from tests.guests import Guest
from tests.outages import Server
from tests.short_leases import LEASE
from tests.tills import Till
from tests.upsells import pages
from tests.workers import PATIENCE_S, Worker, within
from upsells import checkout
from upsells.models import Certificate, Payment, Purchase, StayLink

State = Purchase.State
HOMES, GUESTS = 14, 18
AT_ONCE = 4
LEAVES = 8  # every so manieth guest holds a night and closes the page
UNDER_WAY = (State.HELD, State.PAYING, State.CHECKING, State.ASKED, State.CAPTURING)


@dataclass
class Machines:
    """Everything that runs: simulated outside parties, and the product in processes of its own."""

    till: Till
    database: Server
    web: Server
    worker: Worker
    address: str
    links: list[StayLink] = field(default_factory=list)


@pytest.fixture
def machines(simulator: Simulator, tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Machines]:
    with tempfile.TemporaryDirectory(prefix="amplistay-") as name, django_db_blocker.unblock():
        folder = Path(name)
        database = outages.a_database(folder)
        database.start()
        try:
            with outages.moved_to(folder):
                machines = assembled(simulator, database, tmp_path)
                try:
                    yield machines
                finally:
                    machines.till.options(webhook_url="none")
                    machines.web.kill()
                    machines.worker.stop()
        finally:
            database.kill()


def assembled(simulator: Simulator, database: Server, folder: Path) -> Machines:
    """Homes whose extra nights are paid by card, and the machines that sell them."""
    address = outages.an_address()
    till = Till(simulator)
    simulator.call("POST", "/api/stripe/accounts", id=tills.ACCOUNT).raise_for_status()
    till.ahead(0)
    till.options(webhook_url=f"{address}/stripe/events/")
    outside = {
        "SITE_URL": address,
        "BEHIND_PROXY": "1",
        "STRIPE_SECRET_KEY": DEMO_KEY,
        "STRIPE_API_BASE": f"{simulator.url}/stripe",
        "STRIPE_WEBHOOK_SECRETS": DEMO_WEBHOOK_SECRET,
        "POLL_INTERVAL_SECONDS": "900",
    }
    worker = Worker(folder, simulator.port, app="tests.short_leases", processes=2, **outside)
    machines = Machines(till, database, outages.a_site(folder / "web.log", worker.env), worker, address)
    host = cast.an_organization()
    tills.an_account(host)
    for number in range(HOMES + 1):
        home = cast.a_property(host, f"Casa {number}")
        place = simulator.listing("airbnb")
        place.book(*cast.stay_of(home, 0, 3))
        read(cast.a_feed(home, place.export_url))
        cast.an_offer(home, collection={"": "card"})
        machines.links.append(cast.a_stay_link(home))
    return machines


def stubborn[Found](act: Callable[[], Found]) -> Found:
    """What comes of trying again and again, as people do who see an error page."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            if found := act():
                return found
        except requests.RequestException:
            pass
        assert time.monotonic() < end
        time.sleep(0.3)


def answered(response: requests.Response) -> tuple[int, str]:
    """The status, and where it leads; raises HTTPError for the server's failures."""
    if response.status_code >= 500:
        raise requests.HTTPError(response=response)
    return response.status_code, response.headers.get("Location", "")


def buys(guest: Guest, path: str, departure: str) -> tuple[str, str]:
    """A guest who buys a night, whatever breaks: the path of the purchase, "" for none, and what they were told."""
    page = stubborn(lambda: guest.look(path, departure=departure))
    if not guests.CHOICES.search(page):
        return "", ""
    _, own = stubborn(lambda: answered(guest.choose(path, departure, page)))
    if not own:
        return "", ""
    if guest.number % LEAVES == LEAVES - 1:
        return own, ""
    url = stubborn(lambda: guest.go_to_pay(own) or guest.stripe_page(own))
    guests.pay(url)
    return own, stubborn(lambda: said(guest.look(own, paid="1")))


def said(page: str) -> str:
    """The answer on a page that has one."""
    return next((words for words in (*guests.OVER, guests.ASKED) if words in page), "")


def caught(what: Callable[[], bool], buyers: list[Future[tuple[str, str]]]) -> bool:
    """Whether it was seen to be true while guests were buying."""
    while not all(one.done() for one in buyers):
        if what():
            return True
        time.sleep(0.002)
    return False


def is_at_stripe() -> bool:
    """Whether a worker is speaking with the payment provider."""
    return Payment.objects.filter(leased_until__gt=timezone.now() + LEASE - timedelta(seconds=0.5)).exists()


def storm(machines: Machines, buyers: list[Future[tuple[str, str]]]) -> list[bool]:
    """Each machine is killed in the middle of something, and started again; whether it was in the middle."""
    pays = Purchase.objects.filter(state=State.PAYING)
    in_the_middle = [caught(pays.exists, buyers)]
    machines.web.kill()
    machines.web.start()
    in_the_middle.append(caught(is_at_stripe, buyers))
    machines.worker.kill()
    machines.worker.start()
    in_the_middle.append(caught(is_at_stripe, buyers))
    restart(machines.database)
    return in_the_middle


def restart(database: Server) -> None:
    """Kill it, and start it on what it has on disk."""
    database.kill()
    with pytest.raises(OperationalError):
        Purchase.objects.exists()
    connection.close()
    database.start()


def is_settled() -> bool:
    """Whether nothing moves any more; what only waits for the clock or the host gets them."""
    now = timezone.now()
    late = Purchase.objects.filter(state__in=[State.HELD, State.PAYING], held_until__gt=now)
    if late.update(held_until=now):
        Payment.objects.filter(check_at__gt=now, leased_until=None).update(check_at=now)
    for purchase in Purchase.objects.filter(state=State.ASKED).select_related("property"):
        answer = checkout.agree if purchase.pk % 2 else checkout.refuse
        answer(purchase, now)
    moving = Purchase.objects.filter(state__in=UNDER_WAY).exists()
    return not moving and not Payment.objects.exclude(check_at=None).exists()


@pytest.mark.timeout(240)  # it takes less than one minute; two busy cores may need more than the usual two
def test_killed_web_worker_and_database_leave_every_payment_one_booking_or_nothing_taken(
    machines: Machines,
) -> None:
    """Leases last eight seconds here; the ten minutes of a hold, and the host's day, end at once when all is over."""
    *links, spare = machines.links
    departure = str(cast.leaving(spare.property).day)
    machines.web.start()
    machines.worker.start()
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        buyers = [
            crowd.submit(
                buys,
                Guest(machines.address, number),
                pages.address(links[number % HOMES]),
                departure,
            )
            for number in range(GUESTS)
        ]
        assert storm(machines, buyers) == [True] * 3
        ends = [one.result() for one in buyers]
    assert within(is_settled, every_s=0.5)
    restart(machines.database)  # while nobody works: those who come then find that their line to it is dead
    ends.append(buys(Guest(machines.address, GUESTS), pages.address(spare), departure))
    assert ends[-1][1] == guests.BOOKED
    assert within(is_settled, every_s=0.5)
    machines.worker.kill()
    states = {purchase.public_id: purchase.state for purchase in Purchase.objects.all()}
    for path, told in ends:
        if path:
            state = states[path.rstrip("/").rpartition("/")[2]]  # what a guest was told to hold was on disk
            assert told != guests.BOOKED or state == State.CONFIRMED
    assert State.CONFIRMED in states.values()
    known = set(Payment.objects.values_list("public_id", flat=True))
    assert {each["reference"] for each in machines.till.all()} <= known
    for home in Property.objects.all():
        assert tills.disagreements(home, machines.till) == []
    assert Certificate.objects.count() >= Purchase.objects.filter(state=State.CONFIRMED).count()
    call_command("verify_ledger")
