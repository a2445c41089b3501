import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.fields import SealedField, SecretField
from accounts.models import User
from amplistay import checks
from amplistay.logs import Scrub
from amplistay.staff import staff
from calendars import alerts, exports, forms, leases, polling
from calendars.management.commands import inspect_feed
from calendars.models import Alert, ExportLink, Feed, FeedRead, Server, Snapshot
from connectors import http, sandbox
from connectors.answers import Target
from connectors.sandbox import Sandbox
from connectors.transfers import Job
from properties.models import Property
from tests import cast
from tests.conftest import Listing, Simulator, free_port, read
from tests.stories.lookalikes import Site, entry
from tests.workers import Worker, within
from upsells.models import StayLink

CANARY = "canary0c4nary1c4nary2"
GUEST = "Reservation URL: https://www.airbnb.com/hosting/reservations/details/HMCANARY42\\nPhone: 4711"
OF_GUESTS = ("HMCANARY42", "Phone: 4711")
LINK = f"https://10.1.2.3/calendar/{CANARY}.ics?t={CANARY}"


@pytest.fixture
def feed(home: Property) -> Feed:
    return cast.a_feed(home, LINK)


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    """A calendar with a guest's data in it, behind a link with a secret in path and query."""
    with Site("airbnb") as site:
        span = cast.nights(10, 3)
        site.says(entry(span, "Reserved", f"1418fb94e984-{CANARY[:9]}@airbnb.com", f"DESCRIPTION:{GUEST}"))
        yield site


@pytest.fixture
def kept(site: Site, home: Property) -> Feed:
    """A feed of that calendar, read."""
    feed = site.feed(home, f"{CANARY}.ics?t={CANARY}&x=")
    read(feed)
    return feed


@dataclass
class Ears:
    """Everything that was logged, at any level and by anybody, and what was printed."""

    log: pytest.LogCaptureFixture
    printed: pytest.CaptureFixture[str]

    @property
    def heard(self) -> str:
        out, err = self.printed.readouterr()
        records = "\n".join(str(vars(record)) for record in self.log.records)
        return f"{self.log.text}\n{records}\n{out}\n{err}"


@pytest.fixture
def ears(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Ears:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    return Ears(caplog, capsys)


def rows() -> str:
    """Every row of every table, as the database holds it."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - our own tables
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


# At rest


def test_no_table_holds_a_link_or_what_a_site_tells_of_its_guests_in_clear(kept: Feed, site: Site) -> None:
    site.instead = f"<html>{CANARY}</html>".encode()
    read(kept)
    alerts.watch(timezone.now() + timedelta(hours=2))
    assert all(model.objects.exists() for model in (Alert, FeedRead, Server, Snapshot))
    held = rows()
    for secret in (CANARY, *OF_GUESTS):
        assert secret not in held
        assert secret.encode().hex() not in held
    kept.refresh_from_db()
    assert CANARY in kept.url
    assert OF_GUESTS[0].encode() in kept.snapshots.get().body


def test_an_export_address_is_stored_nowhere(home: Property) -> None:
    link = cast.an_export(home)
    assert cast.path_of(link).split("/")[-1].removesuffix(".ics") not in rows()


# In words about objects


def test_no_object_shows_a_secret_where_it_is_written_down(kept: Feed, home: Property) -> None:
    body = kept.snapshots.get().body
    target = Target(LINK, etag="e")
    answer = http.Answer(200, body, "text/calendar", "", "", None, 0.1)
    job = Job(target, 0)
    objects = [
        kept, kept.snapshots.get(), kept.reads.get(), cast.an_export(home), cast.a_stay_link(home), target, answer,
        job, forms.NewFeed(LINK, "airbnb", ""), inspect_feed.Source(body, "airbnb", LINK),
        http.Line([job], 2), Feed.objects.all(), polling._judge, sandbox._kept,
    ]  # fmt: skip
    exported = [
        exports.signature(link.public_id, link.version, settings.EXPORT_KEYS[0])
        for link in ExportLink.objects.all()
    ]
    tokens = list(StayLink.objects.values_list("token", flat=True))
    for shown in objects:
        for words in (repr(shown), str(shown), f"{shown}"):
            for secret in (CANARY, *OF_GUESTS, *exported, *tokens):
                assert secret not in words, type(shown)


# In logs


@pytest.mark.parametrize(
    "fault",
    ["html", "listing_page", "not_found", "forbidden", "truncated", "hang_up", "garbage", "redirect_to"],
)
def test_no_log_line_and_no_sync_log_line_holds_a_link(
    home: Property, listing: Callable[..., Listing], fault: str, ears: Ears
) -> None:
    place = listing("airbnb")
    secret = place.export_url.rsplit("/", 1)[1]
    if fault == "hang_up":
        url = f"https://10.1.2.3/{secret}"
    else:
        url = place.export_url
        place.fault(fault, **({"location": f"http://10.1.2.3/{secret}"} if fault == "redirect_to" else {}))
    read(cast.a_feed(home, url))
    assert FeedRead.objects.filter(problem__isnull=False).exists()
    for sink in (ears.heard, str(list(FeedRead.objects.values()))):
        assert secret not in sink
        assert secret.partition("t=")[2] not in sink


@pytest.mark.parametrize("deed", ["trip", "crash", "leave", "swell", "say"])
def test_a_reading_that_fails_in_the_child_tells_the_log_nothing_of_the_calendar(
    kept: Feed, site: Site, ears: Ears, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    box = Sandbox(module="tests.connectors.hostile_child")
    monkeypatch.setattr(sandbox, "_kept", SimpleNamespace(sandbox=box))
    site.instead = f"{deed} {CANARY} {GUEST}".encode()
    assert read(kept).outcome == FeedRead.Outcome.QUARANTINED
    box.close()
    heard = ears.heard
    assert "feed quarantined" in heard
    for sink in (heard, str(list(Feed.objects.values("problem"))), str(list(FeedRead.objects.values()))):
        for secret in (CANARY, *OF_GUESTS):
            assert secret not in sink


def test_a_fault_of_ours_in_one_feed_is_logged_without_its_link(kept: Feed, site: Site, ears: Ears) -> None:
    site.says(entry(cast.nights(20, 3), "Reserved", "1418fb94e984-x@airbnb.com", f"DESCRIPTION:{GUEST}"))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE calendars_busy RENAME COLUMN nights TO nights_away")
        now = timezone.now()
        lease, ids = leases.claim_these([kept.pk], now)
        try:
            polling.read(ids, lease, now)
        finally:
            cursor.execute("ALTER TABLE calendars_busy RENAME COLUMN nights_away TO nights")
    heard = ears.heard
    assert "feed failed" in heard
    for secret in (CANARY, *OF_GUESTS):
        assert secret not in heard


@pytest.mark.django_db(transaction=True)
def test_a_worker_whose_every_logger_speaks_tells_no_secret(simulator: Simulator, tmp_path: Path) -> None:
    home = cast.a_property(cast.an_organization())
    cast.a_member(home.organization, "alice@example.org")
    secrets = [CANARY]
    today = home.house.today(timezone.now())
    faults = ("none", "html", "not_found", "server_error", "garbage", "truncated", "redirect_to")
    for fault in faults:
        place = simulator.listing("airbnb")
        place.book(today + timedelta(days=5), today + timedelta(days=9))
        link = place.export_url
        local = f"{simulator.url}/{link.split('/', 3)[3]}"
        body = requests.get(local, headers={"Host": link.split("/")[2]}, timeout=10).text
        secrets += [link.rpartition("t=")[2], *re.findall(r"HM[A-Z0-9]{8}", body.replace("\r\n ", ""))]
        place.fault(fault, **({"location": f"http://10.1.2.3/{CANARY}"} if fault == "redirect_to" else {}))
        cast.a_feed(home, link, next_poll_at=timezone.now())
    cast.a_feed(home, LINK, next_poll_at=timezone.now())
    cast.a_feed(home, f"http://airbnb.localhost:{free_port()}/{CANARY}.ics", next_poll_at=timezone.now())
    assert len(secrets) == 1 + 2 * len(faults)
    worker = Worker(
        tmp_path,
        simulator.port,
        DJANGO_SETTINGS_MODULE="tests.loud_settings",
        ALERT_AFTER_SECONDS="1",
        EMAIL_HOST="",
    )
    worker.start()
    try:
        assert within(lambda: FeedRead.objects.values("feed").distinct().count() == len(faults) + 2)
        assert within(lambda: Alert.objects.exclude(told_at=None).exists())
    finally:
        worker.stop()
    said = worker.log.read_text(errors="replace")
    for word in ("DEBUG django.db.backends", "UPDATE calendars_feed", "DEBUG celery", "can't be read for"):
        assert word in said
    for secret in secrets:
        assert secret not in said


# In mails, on pages, in reports


def test_no_mail_and_no_page_of_the_host_shows_a_link_after_it_was_saved(
    alices: Client, alice: User, home: Property, feed: Feed, kept: Feed
) -> None:
    now = timezone.now()
    Feed.objects.filter(pk=feed.pk).update(
        last_read_at=now, failures=1, failing_since=now - timedelta(hours=2), created_at=now
    )
    alerts.watch(now)
    assert alerts.tell(now) == 1
    (message,) = mail.outbox
    pages = [
        alices.get(reverse(name, args=[home.public_id]))
        for name in ("calendars:connections", "calendars:month", "properties:settings")
    ]
    for row in (feed, kept):
        at = [home.public_id, row.public_id]
        pages += [alices.get(reverse("calendars:log", args=at))]
        pages += [alices.get(reverse("calendars:feed", args=at), headers={"HX-Request": "true"})]
        pages += [
            alices.post(reverse("calendars:replace", args=at), {"link": f"ftp://x.example/{n}"}) for n in "ab"
        ]
    night = str(cast.nights(10).start)
    pages += [
        alices.get(reverse("calendars:month", args=[home.public_id]), {"night": night}),
        alices.get("/"),
    ]
    pages += [alices.get(reverse("calendars:alert", args=[Alert.objects.get().public_id]), follow=True)]
    assert {page.status_code for page in pages} <= {200, 422}
    for words in (message.message().as_string(), *(page.content.decode() for page in pages)):
        for secret in (CANARY, *OF_GUESTS):
            assert secret not in words


def test_the_operators_admin_lists_no_encrypted_column() -> None:
    """tests/accounts/test_support.py looks at its pages."""
    shown = {(table, name) for table, page in staff._registry.items() for name in page.get_fields(None)}  # type: ignore[arg-type]  # nothing is asked of it
    secret = {
        (table, field.name)
        for table in staff._registry
        for field in table._meta.fields
        if isinstance(field, (SecretField, SealedField))
    }
    assert secret
    assert shown & secret == set()


def test_the_health_page_counts_and_names_nothing(client: Client, kept: Feed, feed: Feed) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    for secret in (CANARY, "airbnb", kept.public_id, feed.host):
        assert secret not in answer.content.decode()


@pytest.mark.parametrize("name", ["calendars:add-feeds", "calendars:replace"])
def test_a_link_that_was_just_typed_is_in_no_error_page_no_log_and_no_mail_when_saving_fails(
    alices: Client, home: Property, feed: Feed, name: str, ears: Ears
) -> None:
    alices.raise_request_exception = False
    typed = "https://www.airbnb.com/calendar/ical/77.ics?s=typed0c4nary1"
    address = reverse(name, args=[home.public_id, *([feed.public_id] if name.endswith("replace") else [])])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE calendars_feed RENAME COLUMN host TO host_away")
        answer = alices.post(address, {"links": typed, "link": typed, "label": ""})
    assert answer.status_code == 500
    for sink in (answer.content.decode(), ears.heard, str([message.body for message in mail.outbox])):
        assert "typed0c4nary1" not in sink
        assert CANARY not in sink


def test_reports_of_what_hosts_typed_are_neither_shown_nor_mailed_on_a_server(settings: Settings) -> None:
    def refused() -> bool:
        return "amplistay.E006" in {str(found.id) for found in checks.deployable(None)}

    assert settings.ADMINS == []
    settings.DEBUG = False
    assert not refused()
    settings.ADMINS = ["ops@example.org"]
    assert refused()
    settings.ADMINS, settings.DEBUG = [], True
    assert refused()


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
    link = cast.a_stay_link(home)
    secrets = [
        cast.path_of(cast.an_export(home)),
        reverse("guest:stay", args=[link.token]),
        reverse("upsells:stay", args=[home.public_id, link.token]),
    ]
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


def test_an_export_that_fails_is_logged_without_its_address(
    client: Client, home: Property, ears: Ears
) -> None:
    path = cast.path_of(cast.an_export(home))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE calendars_exportlink RENAME COLUMN etag TO etag_away")
        answer = client.get(path)
    assert answer.status_code == 503
    secret = path.split("/")[-1].removesuffix(".ics")
    lines = [line for line in ears.heard.splitlines() if secret in line]
    assert all(Scrub().filter(record) and secret not in record.getMessage() for record in ears.log.records)
    assert not [line for line in lines if "export failed" in line]


# In what commands say


@pytest.mark.parametrize(
    "link",
    [
        LINK,
        f"https://user:{CANARY}@www.airbnb.com/1.ics",
        f"ftp://www.airbnb.com/{CANARY}.ics",
        f"https://{CANARY}",
        f"www.airbnb.com/{CANARY}.ics",
        f"https://www.airbnb.com:8443/{CANARY}.ics",
    ],
)
def test_inspect_feed_never_repeats_a_link_it_could_not_open(link: str, ears: Ears) -> None:
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("inspect_feed", link, "--timezone", "Europe/Madrid", stdout=out, stderr=err)
    for words in (str(refusal.value), repr(refusal.value), out.getvalue(), err.getvalue(), ears.heard):
        assert CANARY not in words


@pytest.mark.parametrize("answer", [None, b"<html>no</html>", b"", b"garbage"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_inspect_feed_shows_what_a_calendar_closes_and_nothing_more_of_it_or_its_link(
    kept: Feed, site: Site, ears: Ears, answer: bytes | None, options: list[str]
) -> None:
    out, err = StringIO(), StringIO()
    site.instead = answer
    call_command("inspect_feed", kept.url, "--timezone", "Europe/Madrid", *options, stdout=out, stderr=err)
    if options:
        json.loads(out.getvalue())
    for words in (out.getvalue(), err.getvalue(), ears.heard):
        for secret in (CANARY, *OF_GUESTS):
            assert secret not in words


def test_replay_feed_and_verify_ledger_name_no_link_and_no_guest(
    kept: Feed, feed: Feed, tmp_path: Path, ears: Ears
) -> None:
    for snapshot in kept.snapshots.all():
        (tmp_path / f"{snapshot.at:%Y%m%dT%H%M%SZ}.ics").write_bytes(snapshot.body)
    out, err = StringIO(), StringIO()
    call_command("replay_feed", str(tmp_path), "--timezone", "Europe/Madrid", stdout=out, stderr=err)
    assert out.getvalue()
    link = cast.an_export(kept.property)
    ExportLink.objects.update(body=b"wrong")
    with pytest.raises(CommandError) as wrong:
        call_command("verify_ledger", stdout=out, stderr=err)
    assert "export link" in err.getvalue()
    signed = cast.path_of(link).split("/")[-1].removesuffix(".ics")
    for words in (out.getvalue(), err.getvalue(), str(wrong.value), ears.heard):
        for secret in (CANARY, *OF_GUESTS, signed):
            assert secret not in words
