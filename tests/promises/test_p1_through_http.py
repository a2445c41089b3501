"""The race for one night as guests run it: through HTTP, to the payment page; with and without the lock."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from calendars import ledger
from calendars.models import Block, Calendar
from domain.spans import Period, Span
from properties.models import Property
from tests import cast, guests, tills
from tests.guests import Guest
from tests.promises.test_p1_no_night_is_sold_twice import without_constraints
from tests.tills import Till
from tests.upsells import pages
from upsells.models import Payment, Purchase, StayLink

pytestmark = pytest.mark.django_db(transaction=True)

GUESTS = 32
GOT_IT, TOO_LATE = 302, 409


@pytest.fixture
def site(live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """The product with a thread for every guest. A machine that is busy beside may let them wait for the lock."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    monkeypatch.setattr(ledger, "LOCK_TIMEOUT", "60s")
    address: str = live_server.url
    return address


@pytest.fixture
def no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock taken out; every guest has found the night free before any of them takes it."""
    looked, is_taken = Barrier(GUESTS), ledger._is_taken

    def unlocked(home: Property, _now: datetime) -> Calendar:
        return Calendar.objects.get(property=home)

    def all_look_first(home: Property, nights: Span | None, period: Period, *, needs_hours: bool) -> bool:
        found = is_taken(home, nights, period, needs_hours=needs_hours)
        looked.wait(guests.PATIENCE_S)
        return found

    monkeypatch.setattr(ledger, "_locked", unlocked)
    monkeypatch.setattr(ledger, "_is_taken", all_look_first)


def rush(site: str, link: StayLink) -> list[tuple[int, str]]:
    """Every guest presses at the same moment; who holds the night goes on to Stripe: statuses, and Stripe's pages."""
    path, departure = pages.address(link), str(cast.leaving(link.property).day)
    ready = Barrier(GUESTS)

    def buy(number: int) -> tuple[int, str]:
        guest = Guest(site, number)
        with guest.session:
            page = guest.look(path, departure=departure)
            ready.wait(guests.PATIENCE_S)
            answer = guest.choose(path, departure, page, nights=1 + number % 3)
            held = answer.status_code == GOT_IT
            return answer.status_code, guest.go_to_pay(answer.headers["Location"]) if held else ""

    with ThreadPoolExecutor(GUESTS) as pool:
        return list(pool.map(buy, range(GUESTS)))


def test_without_the_lock_the_race_is_there_to_be_seen_on_the_payment_pages(
    site: str, till: Till, link: StayLink, no_lock: None
) -> None:
    with without_constraints():
        answers = rush(site, link)
        assert [status for status, _ in answers].count(GOT_IT) > 1
        assert len({url for _, url in answers if url}) > 1
        assert len(till.all()) > 1
        assert Block.objects.ours().count() > 1


def test_of_32_guests_exactly_one_gets_to_the_payment_page_and_the_night(
    site: str, till: Till, home: Property, link: StayLink
) -> None:
    answers = rush(site, link)
    assert sorted(status for status, _ in answers) == [GOT_IT] + [TOO_LATE] * (GUESTS - 1)
    (url,) = {url for _, url in answers if url}
    payment = Payment.objects.get()
    assert (payment.url, [each["reference"] for each in till.all()]) == (url, [payment.public_id])
    assert Block.objects.ours().count() == 1
    assert guests.pay(url) == 303
    assert tills.work(payment, till).state == Purchase.State.CONFIRMED
    assert tills.disagreements(home, till) == []
