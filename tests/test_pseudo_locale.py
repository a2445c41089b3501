"""In a language that nobody speaks, not a word of English is left: pages, forms, messages, mails and papers."""

import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as site
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from pypdf import PdfReader
from pytest_django import Settings

from accounts import language
from accounts.models import Topic, User
from calendars import alerts, ledger, sentences
from calendars.models import Alert, Feed
from domain.channels import CHANNELS, OTHER
from properties.forms import zones
from properties.models import Property
from tests import cast, pseudo
from tests.addresses import ALL, BODIES, path_of
from tests.upsells import pages, sold
from upsells import certificates, homesheet, letters, receipts
from upsells.models import Delivery, Offer, Purchase, StayLink

NAMES = {
    *(channel.name for channel in CHANNELS.values() if channel is not OTHER),  # of booking sites
    *(channel.initials for channel in CHANNELS.values()),  # that stand for their logos
    "JPEG", "PNG", "WebP", "MB",  # of formats and units
    *(name for _code, name in site.LANGUAGES),  # of languages, each in itself
    "HomeAway", "Abritel", "Fewo-direkt", "Stayz", "Bookabach",  # which Vrbo goes by elsewhere
    "Amplistay", "Stripe", "Google", "Apple", "Visa",  # of the product and of other firms
    "Escapia", "HSAPI", "EscapiaNET", "Gateway",  # and of what they call their interfaces
    "Mallory's",  # of what BODIES fill in
    "UTC", "EUR", "USD",  # what ISO and the sea of clocks call a zone and currencies
}  # fmt: skip
ZONES = {label for _name, label in zones()}
CURRENCY = re.compile(r"\s*[A-Z]{3} · ")  # its code; its name is CLDR's
METHOD_NOT_ALLOWED, FOUND = 405, 302
UNREAD = {"export", "styleguide", "upsells:certificate"}  # by robots, by us, by courts
LINES = [["night", 19_000, "2026-12-04", ""], ["tax", 800, "", "C1ty tax3s"]]


class Reader:
    """Collects what is left of English, with the address it is at."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}
        self.names = set(NAMES)
        self.seen: set[str] = set()

    def page(self, where: str, answer: Any) -> None:
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            self.html(where, answer.content.decode())

    def html(self, where: str, text: str) -> None:
        for place, words in pseudo.Said(text).texts:
            self.text(f"{where} <{place}>", words)

    def text(self, where: str, words: str) -> None:
        if words in self.seen or words in ZONES or CURRENCY.match(words):
            return
        self.seen.add(words)
        if left := pseudo.unmarked(words, self.names):
            self.found.setdefault(f"{where}: {' '.join(words.split())[:120]!r} ({' '.join(left[:6])})")


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture(scope="module")
def catalogs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pseudo.written(tmp_path_factory.mktemp("locale"))


@pytest.fixture
def spoken(settings: Settings, catalogs: Path) -> Iterator[None]:
    """The site has the language, and everybody reads it."""
    settings.LANGUAGES = [*site.LANGUAGES, (pseudo.CODE, pseudo.accented("Nobody's"))]
    settings.LOCALE_PATHS = [catalogs]
    with translation.override(pseudo.CODE):
        yield


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def ids(spoken: None, home: Property, alice: User) -> dict[str, str]:
    """One row of each kind, with names that are no words; the member reads the language, too."""
    language.learn(alice, pseudo.CODE)
    home.organization.name = "H0mes"
    home.organization.save(update_fields=["name"])
    home.name = "H0me"
    home.save(update_fields=["name"])
    feed = cast.a_feed(home, last_good_at=cast.NOW, last_read_at=cast.NOW)
    cast.an_import(feed, cast.nights(40, 2), missing_since=cast.NOW, missing_reads=1, summary="R3served")
    cast.an_import(feed, cast.nights(-2, 5), summary="R3served")
    Feed.objects.filter(pk=feed.pk).update(held_nights=2)
    with ledger.changing(home, cast.NOW) as change:
        block = ledger.close(change, cast.nights(50, 2))
    for kind in Offer.Kind.values:
        cast.an_offer(home, kind=kind)
    link = cast.a_stay_link(home)
    sale = pages.a_purchase(link, "confirmed", decided_at=cast.NOW, guest_name="Gu3st", lines=LINES)
    with ledger.changing(home, cast.NOW) as change:
        ledger.hold(change, cast.nights(3, 2), until=cast.NOW, reference=sale.public_id)
        ledger.confirm(change, sale.public_id)
        certificates.certify(sale, cast.NOW)
    cast.an_import(feed, cast.nights(4, 2), uid="twice", summary="R3served")
    webhook, message = cast.a_message(home.organization)
    people = cast.a_people_link(home)
    type(people).objects.filter(pk=people.pk).update(label="F4mily")
    conflict = Alert.objects.get(kind=Alert.Kind.CONFLICT).public_id
    return {
        "webhook_id": webhook.public_id, "message_id": message.public_id, "conflict_id": conflict,
        "public_id": home.public_id, "feed_id": feed.public_id, "alert_id": conflict,
        "block_id": block.public_id, "link_id": cast.an_export(home).public_id, "people_id": people.public_id,
        "purchase_id": sale.public_id, "kind": "extra_nights", "key": "booking",
        "token": cast.a_stay_link(home, cast.nights(70, 3)).token,
    }  # fmt: skip


@pytest.fixture
def host(spoken: None, alice: User) -> Client:
    host = Client(headers={"Accept-Language": pseudo.CODE})
    host.force_login(alice)
    return host


def clean(reader: Reader) -> None:
    assert not reader.found, "\n".join(reader.found)


def test_pages_for_members(host: Client, alice: User, ids: dict[str, str], reader: Reader) -> None:
    reader.names.add(receipts.number(Purchase.objects.get()))
    for name in sorted(ALL):
        if set(ALL[name].ids) - ids.keys() or name in UNREAD:
            continue
        path = path_of(name, ids)
        host.force_login(alice)
        answer = host.get(path)
        reader.page(name, answer)
        if answer.status_code == METHOD_NOT_ALLOWED or (not answer.streaming and b"<form" in answer.content):
            mark = transaction.savepoint_create()
            posted = host.post(path, BODIES.get(name, {}))
            reader.page(f"{name} posted", posted)
            if posted.status_code == FOUND:
                reader.page(f"{name} then", host.get(posted["Location"]))
            transaction.savepoint_rollback(mark)
    clean(reader)


def test_pages_of_a_sale_in_every_state(
    host: Client, alice: User, ids: dict[str, str], reader: Reader
) -> None:
    """The guest's and the host's page of it, and what a guest is offered for each day."""
    link = StayLink.objects.exclude(token=ids["token"]).get()
    guest = Client(headers={"Accept-Language": pseudo.CODE})
    host.force_login(alice)
    for days in (*range(-2, 7), 20, 43):
        for side in ("departure", "arrival"):
            day = (cast.TODAY + timedelta(days=days)).isoformat()
            reader.page(f"{side} {days}", guest.get(pages.address(link), {side: day}))
    for sale in sales(link):
        reader.names.add(receipts.number(sale))
        name = f"{sale.kind} {sale.state} {sale.reason}"
        reader.page(f"guest's {name}", guest.get(pages.page_of(sale)))
        reader.page(f"guest's {name} posted", guest.post(pages.page_of(sale), {"guest_email": "x"}))
        seen = host.get(reverse("upsells:purchase", args=[link.property.public_id, sale.public_id]))
        reader.page(f"host's {name}", seen)
    clean(reader)


def sales(link: StayLink) -> Iterator[Purchase]:
    """One in each state and for each reason, of nights and of hours, by card and not."""
    ends = [("declined", {"reason": reason}) for reason in Purchase.Reason.values]
    for state, columns in [*((state, {}) for state in Purchase.State.values), *ends]:
        decided = {} if state in Purchase.ALIVE[:-2] else {"decided_at": cast.NOW}
        values = {"guest_name": "Gu3st", "collection": "card", "tiers": [[48, 100], [1, 50]], "lines": LINES}
        sale = pages.a_purchase(link, state, **values, **decided, **columns)
        if state in {"confirmed", "cancelled", "capturing"}:
            sold.a_payment(sale, refunded=100)
        yield sale
        yield sold.some_hours(link, state, guest_name="Gu3st", lines=[], **decided, **columns)


def test_mails_and_papers(spoken: None, ids: dict[str, str], alice: User, reader: Reader) -> None:
    sale = Purchase.objects.get()
    Purchase.objects.update(language=pseudo.CODE)
    sale.refresh_from_db()
    reader.names.add(receipts.number(sale))
    sold.a_payment(sale, refunded=100)
    member = alice.memberships.get()
    for to, news in letters.LETTERS:
        delivery = Delivery(purchase=sale, to=to, news=news, address="a@example.org", language=pseudo.CODE)
        read_mail(reader, letters.message(delivery, member, Topic.SALE))
    for kind in Alert.Kind.values:
        alert = Alert(kind=kind, property=sale.property, details=DETAILS, opened_at=cast.NOW)
        for words in (sentences.headline(alert), sentences.advice(alert), sentences.relief(alert)):
            reader.text(f"alert {kind}", words)
    Alert.objects.update(opened_at=cast.NOW - timedelta(days=1))
    alerts.tell(cast.NOW)
    for letter in mail.outbox:
        read_mail(reader, letter)
    sheet = homesheet.Sheet("H0me", "https://amplistay.example/g/x/", "card", [pseudo.CODE])
    reader.text("poster", paper(homesheet.pdf(sheet, "a4")))
    clean(reader)


DETAILS = {
    "account": "B3ach",
    "system": "Esc4pia",
    "reason": "409",
    "feed": "F33d", "host": "h0st", "nights": 2, "first": "Airbnb", "second": "", "link": "Vrbo", "home": "H0me",
    "guest": "Gu3st", "arrival": "2026-12-30", "departure": "2027-01-01", "since": cast.NOW.isoformat(),
}  # fmt: skip


def read_mail(reader: Reader, letter: EmailMultiAlternatives) -> None:
    where = f"mail {' '.join(letter.subject.split()[:3])}"
    reader.text(f"{where} subject", letter.subject)
    for line in str(letter.body).splitlines():
        reader.text(where, line)
    for alternative in letter.alternatives:
        reader.html(f"{where} html", str(alternative.content))
    for attachment in letter.attachments:
        if attachment.filename.endswith(".pdf"):
            reader.text(f"{where} pdf", paper(attachment.content))


def paper(pdf: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def test_error_pages(spoken: None, rf: RequestFactory, db: None, reader: Reader) -> None:
    for code in ("400", "403", "403_csrf", "404", "405", "429", "500", "503"):
        reader.html(code, render_to_string(f"{code}.html", request=rf.get("/")))
    clean(reader)
