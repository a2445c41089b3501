import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import hypothesis
import pytest
import requests
from django.conf import settings
from django.db import connection, transaction
from django.test import Client, TransactionTestCase, override_settings
from django.utils import timezone, translation
from pytest_django import DjangoDbBlocker, Settings

from accounts.models import Organization, User
from calendars import leases, polling
from calendars.models import Feed, FeedRead
from launcher import template
from properties.models import Property
from tests import cast, emptying
from tests.escapia import Escapia
from tests.post import Post, an_office, mail_server
from upsells.models import StayLink

# Machines are slow at times, so no example has a deadline; a build server tries the same examples every time.
# EXAMPLES sets how many a test tries that doesn't say so itself.
hypothesis.settings.register_profile(
    "here",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    max_examples=int(os.environ.get("EXAMPLES", "25")),
)
hypothesis.settings.load_profile("here")

ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN_S = 15

# Each process that a test starts would compile all of Django anew where no bytecode may lie beside the sources.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".data" / "bytecode"))


@pytest.fixture(scope="session", autouse=True)
def usual_settings() -> Iterator[None]:
    """Passwords of the cast needn't withstand an attack: the real hasher takes half a second each.

    And no thread writes to a test's database behind its back: the tests of receipts say when.
    """
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    with override_settings(PASSWORD_HASHERS=hashers, RECEIPTS_EVERY=0):
        yield


@pytest.fixture(scope="session", autouse=True)
def log_ins_that_are_fresh() -> Iterator[None]:
    """A forced log-in leaves in the session what a real one does: when somebody has proven who they are."""
    force = Client.force_login

    def force_login(client: Client, user: User, backend: str | None = None) -> None:
        force(client, user, backend)
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "force_login", force_login)
        yield


@pytest.fixture(scope="session", autouse=True)
def patient_turns() -> Iterator[None]:
    """A slow machine may take longer for what is read in one turn elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polling, "TURN_S", 60.0)
        patch.setattr(polling, "GROUP_S", 60.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_emptying() -> Iterator[None]:
    """After a test that commits, only tables that have rows are emptied."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: emptying.empty())
        yield


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A request leaves its language behind in its thread; the next test starts from the default."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """The test database is a copy of the template that bin/test has migrated; without one it is migrated itself."""
    connection.settings_dict["TEST"]["TEMPLATE"] = os.environ.get(template.VARIABLE)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, which can be dropped at the end even when a browser kept its line to the server open."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid), state, query FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        for _, state, query in cursor.fetchall():
            sys.stderr.write(f"A session was still open at the end ({state}): {query[:200]}\n")


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Rows that a fixture of this scope makes are there for every test; what a test changes is undone after it."""
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]  # like TestCase's own: what is durable may be in it
    with django_db_blocker.unblock(), around:
        yield
        transaction.set_rollback(True)


@pytest.fixture
def organization(db: None) -> Organization:
    return cast.an_organization()


@pytest.fixture
def alice(organization: Organization) -> User:
    return cast.a_member(organization, "alice@example.org")


@pytest.fixture
def bob(organization: Organization) -> User:
    return cast.a_member(organization, "bob@example.org")


@pytest.fixture
def mallory(db: None) -> User:
    return cast.a_member(cast.an_organization("Mallory & Co"), "mallory@example.org")


@pytest.fixture
def home(organization: Organization) -> Property:
    return cast.a_property(organization)


@pytest.fixture
def alices(client: Client, alice: User) -> Client:
    """Alice's browser, logged in."""
    client.force_login(alice)
    return client


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Simulator:
    """The simulated channels, in a process of their own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def call(self, method: str, path: str, **body: object) -> requests.Response:
        return requests.request(method, self.url + path, json=body, timeout=10)

    def listing(self, channel: str = "airbnb", **options: object) -> "Listing":
        body = {"channel": channel, "name": "Casa Gràcia", "timezone": "Europe/Madrid", **options}
        return Listing(self, self.call("POST", "/api/listings", **body).json())


class Listing:
    """One simulated listing and what can be done to it."""

    def __init__(self, simulator: Simulator, state: dict[str, str]) -> None:
        self.simulator = simulator
        self.id = state["id"]
        self.export_url = state["export_url"]
        self.page_url = state["page_url"]

    def _call(self, method: str, path: str = "", **body: object) -> requests.Response:
        return self.simulator.call(method, f"/api/listings/{self.id}{path}", **body)

    def book(
        self, arrival: object, departure: object, guest: str = "Marta Puig", kind: str = "booking"
    ) -> str:
        answer = self._call(
            "POST", "/bookings", arrival=str(arrival), departure=str(departure), guest=guest, kind=kind
        )
        answer.raise_for_status()
        booking: str = answer.json()["id"]
        return booking

    def refuses(self, arrival: object, departure: object) -> bool:
        """Whether the channel refuses a booking of these nights as a double booking."""
        answer = self._call("POST", "/bookings", arrival=str(arrival), departure=str(departure), guest="Late")
        return answer.status_code == requests.codes.conflict

    def cancel(self, booking: str) -> None:
        self._call("DELETE", f"/bookings/{booking}").raise_for_status()

    def fault(self, mode: str, **options: object) -> None:
        self._call("POST", "/fault", mode=mode, **options).raise_for_status()

    def imports(self, url: str) -> None:
        self._call("POST", "/imports", url=url, label="Amplistay").raise_for_status()

    def read_imports(self) -> None:
        self._call("POST", "/imports/read").raise_for_status()

    def state(self) -> dict[str, object]:
        found: dict[str, object] = self._call("GET").json()
        return found


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[Simulator]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    simulator = Simulator(port)
    give_up = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            simulator.call("GET", "/api/listings")
            break
        except requests.ConnectionError:
            assert process.poll() is None, "the simulator ended"
            assert time.monotonic() < give_up, "the simulator doesn't answer"
            time.sleep(0.05)
    yield simulator
    process.terminate()
    process.wait(10)


@pytest.fixture
def simulator(simulator_process: Simulator, settings: Settings) -> Simulator:
    """The channels, whose loopback port our fetcher may reach in this test."""
    settings.LOOPBACK_FEED_PORTS = frozenset({simulator_process.port})
    simulator_process.call("POST", "/api/reset")
    return simulator_process


@pytest.fixture
def escapia(simulator: Simulator) -> Escapia:
    """The simulated Escapia, as it starts."""
    return Escapia(simulator.url)


@pytest.fixture
def listing(simulator: Simulator) -> Callable[..., Listing]:
    """Opens a listing on a simulated channel."""
    return simulator.listing


def read(feed: Feed, now: datetime | None = None) -> FeedRead:
    """One read through the real path; the feed's columns are fresh afterwards."""
    now = now or timezone.now()
    lease, ids = leases.claim_these([feed.pk], now)
    (line,) = polling.read(ids, lease, now)
    feed.refresh_from_db()
    return line


@pytest.fixture(scope="module")
def post_office() -> Iterator[str]:
    """The simulated mail server's address."""
    with an_office() as address:
        yield address


@pytest.fixture
def post(post_office: str, settings: Settings) -> Post:
    """The mail server that our mails go to in this test; empty, and well."""
    post = Post(post_office)
    post.empty()
    mail_server(settings, *post.state["address"])
    settings.SITE_URL = "https://stay.example"
    return post


@pytest.fixture
def place(home: Property, listing: Callable[..., Listing]) -> Listing:
    """A listing with a stay that ends in three days, read once; extra nights are on sale."""
    place = listing("airbnb")
    place.book(*cast.stay_of(home, 0, 3))
    read(cast.a_feed(home, place.export_url))
    cast.an_offer(home)
    return place


@pytest.fixture
def link(home: Property) -> StayLink:
    return cast.a_stay_link(home)
