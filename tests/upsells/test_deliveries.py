"""Who hears of what, in which words, over a mail server that isn't always well."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from itertools import pairwise, product

import icalendar
import pytest
from django.db import connection, transaction
from django.utils import translation
from pypdf import PdfReader
from pytest_django import Settings

from accounts.models import User
from properties.models import Property
from tests import cast
from tests.conftest import free_port
from tests.post import Post, enclosure, header, mail_server
from tests.upsells.pages import DEPARTURE, a_purchase, instants
from upsells import deliveries, letters
from upsells.models import Delivery, Payment, Purchase, StayLink

NOW = cast.NOW
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GUEST, HOST, CLEANER = "marta@example.org", "alice@example.org", "clean@example.org"
LINES = [["night", 9_900, "2026-12-04", ""], ["night", 9_900, "2026-12-05", ""], ["tax", 1_980, "", "IVA"]]
News, To = Delivery.News, Delivery.To


@pytest.fixture
def crew(home: Property, alice: User, mallory: User) -> Property:
    """A home with a host, cleaners, and a stranger who must hear nothing."""
    home.cleaner_email, home.cleaner_language = CLEANER, "es"
    home.save(update_fields=["cleaner_email", "cleaner_language"])
    return home


@pytest.fixture
def sold(crew: Property, link: StayLink) -> Purchase:
    link.property = crew
    return a_sale(link)


def a_sale(link: StayLink, **columns: object) -> Purchase:
    values = {
        "guest_email": GUEST,
        "decided_at": NOW,
        "lines": LINES,
        "amount": 21_780,
        "language": "en",
        **columns,
    }
    return a_purchase(link, **{"state": "confirmed", **values})


def a_payment(purchase: Purchase, **columns: object) -> Payment:
    values = {"state": "captured", "captured": purchase.amount, "card": "Visa ···· 4242", **columns}
    return Payment.objects.create(
        organization_id=purchase.organization_id,
        purchase=purchase,
        account="acct_1",
        amount=purchase.amount,
        created_at=NOW,
        authorised_at=NOW,
        **values,
    )


def announce(purchase: Purchase, *news: Delivery.News) -> None:
    with transaction.atomic():
        for each in news:
            deliveries.announce(purchase, each, NOW)


# Who hears of what


HEARD = {
    News.CONFIRMED: {GUEST, HOST, CLEANER},
    News.DECLINED: {GUEST},
    News.CANCELLED: {GUEST, HOST, CLEANER},
    News.REFUNDED: {GUEST},
    News.CANCEL_WISHED: {HOST},
    News.CANCEL_REFUSED: {GUEST},
    News.SHORTENED: {GUEST, HOST, CLEANER},
    News.MOVED: {GUEST, HOST, CLEANER},
    News.MOVED_AWAY: {CLEANER},
    News.STUCK: {HOST},
}


@pytest.mark.parametrize("news", News, ids=lambda news: news.value)
def test_each_news_is_told_to_those_it_concerns_and_to_nobody_twice(
    sold: Purchase, post: Post, news: Delivery.News
) -> None:
    announce(sold, news, news)
    assert deliveries.send_due(NOW) == len(HEARD[news])
    assert {mail["to"][0] for mail in post.mails} == HEARD[news]
    assert deliveries.send_due(NOW + DAY) == 0


def test_a_guest_without_an_address_and_a_home_without_cleaners_cost_nothing(
    home: Property, link: StayLink, alice: User, post: Post
) -> None:
    announce(a_sale(link, guest_email=""), News.CONFIRMED)
    assert deliveries.send_due(NOW) == 1
    assert post.to(HOST) == ["Sold at Casa Gràcia: 2 more nights for €217.80"]


def test_news_of_a_sale_that_did_not_commit_are_not_told(sold: Purchase, post: Post) -> None:
    with transaction.atomic():
        deliveries.announce(sold, News.CONFIRMED, NOW)
        transaction.set_rollback(True)
    assert deliveries.send_due(NOW) == 0


def test_the_cleaners_learn_the_new_time_and_nothing_of_the_guest(sold: Purchase, post: Post) -> None:
    announce(sold, News.CONFIRMED, News.CANCELLED)
    deliveries.send_due(NOW)
    mails = [mail for mail in post.mails if mail["to"] == [CLEANER]]
    assert len(mails) == 2
    for mail in mails:
        for part in (mail["text"], mail["html"], mail["subject"]):
            for secret in ("Marta", GUEST, "217", sold.public_id, sold.stay_link.token):
                assert secret not in part
        assert "11:00" in mail["text"]
        assert mail["enclosures"] == []


# What is said


def test_the_guest_gets_the_new_time_the_price_and_the_way_to_pay_with_both_files(
    sold: Purchase, post: Post
) -> None:
    announce(sold, News.CONFIRMED)
    deliveries.send_due(NOW)
    (mail,) = [each for each in post.mails if each["to"] == [GUEST]]
    assert mail["subject"] == "Casa Gràcia: your new check-out is Sun, 6 Dec 2026, 11:00"
    page = f"https://stay.example/g/{sold.stay_link.token}/{sold.public_id}/"
    for part in (mail["text"], mail["html"]):
        for words in ("2 nights", "€198.00", "IVA", "€19.80", "€217.80", "To pay at the property", page):
            assert words in part
    (event,) = icalendar.Calendar.from_ical(enclosure(mail, "text/calendar")).walk("VEVENT")
    assert event["DTSTART"].dt == sold.takes.start
    assert event["DTEND"].dt == sold.takes.end
    assert event["DTEND"].params["TZID"] == "Europe/Madrid"
    (page,) = PdfReader(BytesIO(enclosure(mail, "application/pdf"))).pages
    assert "€217.80" in page.extract_text()


def test_money_that_went_back_is_named_with_its_amount(sold: Purchase, post: Post) -> None:
    a_payment(sold, state="refunded", to_refund=10_000, refunded=10_000)
    Purchase.objects.update(state="cancelled", collection="card", refund=10_000, cancelled_by="guest")
    announce(sold, News.CANCELLED, News.REFUNDED)
    deliveries.send_due(NOW)
    cancelled, refunded = [mail for mail in post.mails if mail["to"] == [GUEST]]
    assert "It is cancelled, as you asked." in cancelled["text"]
    assert "€100.00 goes back to your card" in cancelled["text"]
    assert refunded["subject"] == "Casa Gràcia: €100.00 is on its way back to you"


@pytest.mark.parametrize("reason", [*Purchase.Reason], ids=lambda reason: reason.value)
@pytest.mark.parametrize("card", [False, True], ids=["no card", "card"])
def test_a_guest_who_is_declined_reads_why_and_what_becomes_of_the_money(
    sold: Purchase, post: Post, reason: Purchase.Reason, card: bool
) -> None:
    Purchase.objects.update(state="declined", reason=reason)
    if card:
        a_payment(sold, state="voided", captured=0)
    announce(sold, News.DECLINED)
    deliveries.send_due(NOW)
    (mail,) = post.mails
    assert ("is released" in mail["text"]) is card
    why = mail["text"].splitlines()[0]
    assert why.endswith(".")
    assert "%" not in why


KINDS = [
    {},
    {"kind": "nights_before", "day": DEPARTURE + 2 * DAY},
    {"kind": "late_check_out", "lines": [["hours", 4_500, "", ""], ["lost_night", 9_900, "2026-12-04", ""]]},
    {"kind": "early_check_in", "lines": [["hours", 4_500, "", ""], ["rounding", -50, "", ""]]},
]


@pytest.mark.parametrize("columns", KINDS, ids=lambda columns: columns.get("kind", "extra_nights"))
@pytest.mark.parametrize("collection", ["card", "property", "channel"])
def test_every_mail_can_be_written_in_every_language(
    crew: Property, link: StayLink, columns: dict[str, object], collection: str
) -> None:
    house = crew.house
    start = house.instant(DEPARTURE, house.check_out)
    hours = instants(type(house.stay(cast.nights(1)))(start, start + 3 * HOUR))
    period = (
        {} if columns.get("kind", "extra_nights") in {"extra_nights", "nights_before"} else {"period": hours}
    )
    sale = a_sale(link, collection=collection, channel="airbnb", **columns, **period)
    if collection == "card":
        a_payment(sale, refunded=500, to_refund=500)
    for language, (to, news) in product(("en", "es", "fr", "de", "it", "pt"), letters.LETTERS):
        sale.language = language
        row = Delivery(purchase=sale, news=news, to=to, address="a@example.org", language=language)
        mail = letters.message(row)
        html = str(mail.alternatives[0].content)
        assert f'<html lang="{language}">' in html
        for part in (str(mail.subject), str(mail.body), html.split("</style>")[1]):
            assert part.strip()
            assert not any(rest in part for rest in ("%(", "{{", "{%", "None")), (language, news)
    assert translation.get_language() == "en"


def test_what_a_guest_types_cannot_break_a_mail(sold: Purchase, post: Post) -> None:
    name = "<b>Eve</b>\r\nBcc: all@example.org"
    Purchase.objects.update(guest_name=name)
    Property.objects.update(name="Casa\r\nBcc: x@example.org <i>")
    sold = Purchase.objects.select_related("property__organization", "stay_link").get()
    announce(sold, News.CONFIRMED, News.CANCEL_WISHED)
    assert deliveries.send_due(NOW) == 4
    for mail in post.mails:
        assert [key for key, _ in mail["headers"] if key == "Bcc"] == []
        assert "<b>Eve" not in mail["html"]


# A mail server that isn't well


@pytest.mark.parametrize(
    "trouble",
    [
        {"mode": "refuse", "status": 451},
        {"mode": "refuse", "status": 550},
        {"mode": "refuse_content", "status": 451},
        {"mode": "hang_up"},
        {"mode": "slow", "seconds": 30},
    ],
    ids=lambda trouble: f"{trouble['mode']} {trouble.get('status', '')}".strip(),
)
def test_while_the_mail_server_refuses_or_hangs_nothing_is_lost_and_nothing_sent_twice(
    sold: Purchase, post: Post, trouble: dict[str, object]
) -> None:
    announce(sold, News.CONFIRMED)
    post.trouble(**trouble)  # type: ignore[arg-type]  # the parameters above
    for minutes in (0, 1, 3):
        assert deliveries.send_due(NOW + minutes * MINUTE) == 0
    assert len(deliveries.undelivered(sold)) >= 1
    post.trouble("none")
    assert deliveries.send_due(NOW + 10 * MINUTE) == 3
    assert deliveries.send_due(NOW + HOUR) == 0
    assert {mail["to"][0] for mail in post.mails} == {GUEST, HOST, CLEANER}
    assert len(post.mails) == 3
    assert deliveries.undelivered(sold) == []


def test_while_there_is_no_mail_server_nothing_is_lost(
    sold: Purchase, post: Post, settings: Settings
) -> None:
    announce(sold, News.CONFIRMED)
    there = settings.MAILERS
    mail_server(settings, "127.0.0.1", free_port())
    assert deliveries.send_due(NOW) == 0
    settings.MAILERS = there
    assert deliveries.send_due(NOW + MINUTE) == 3


def test_an_address_that_hangs_does_not_keep_the_others_waiting(sold: Purchase, post: Post) -> None:
    post.trouble("slow", seconds=30, recipient=GUEST)
    announce(sold, News.CONFIRMED)
    assert deliveries.send_due(NOW) + deliveries.send_due(NOW) == 2
    assert {mail["to"][0] for mail in post.mails} == {HOST, CLEANER}


def test_an_address_that_is_refused_is_tried_ever_more_rarely_and_given_up_after_three_days_with_a_note(
    sold: Purchase, post: Post
) -> None:
    post.trouble("refuse", status=550, recipient=GUEST)
    announce(sold, News.CONFIRMED)
    tries = []
    while Delivery.objects.filter(delivered_at=None, given_up_at=None).exists():
        now = max(NOW, *Delivery.objects.filter(delivered_at=None).values_list("next_try_at", flat=True))
        tries.append((now - NOW) // MINUTE)
        deliveries.send_due(now)
    assert tries[:5] == [0, 1, 2, 4, 8]
    assert max(later - earlier for earlier, later in pairwise(tries)) == 6 * 60
    assert 3 * 24 * 60 <= tries[-1] <= 3 * 24 * 60 + 6 * 60
    (note,) = deliveries.undelivered(sold)
    said = f"The e-mail to {GUEST} (confirmed) couldn't be delivered within three days: 550 "
    assert note.said.startswith(said)
    assert note.again


def test_a_mail_that_is_sent_again_keeps_its_name(sold: Purchase, post: Post) -> None:
    announce(sold, News.CONFIRMED)
    deliveries.send_due(NOW)
    Delivery.objects.update(delivered_at=None, next_try_at=NOW)  # a worker died before it noted the answer
    deliveries.send_due(NOW + MINUTE)
    names: dict[str, list[str]] = {}
    for mail in post.mails:
        names.setdefault(mail["to"][0], []).append(header(mail, "Message-ID"))
    assert [len(set(each)) for each in names.values()] == [1, 1, 1]
    assert len({name for each in names.values() for name in each}) == 3
    assert all(name.endswith("@stay.example>") for each in names.values() for name in each)


def test_a_mail_that_cannot_be_written_costs_the_others_nothing(
    sold: Purchase, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    announce(sold, News.CONFIRMED)
    Delivery.objects.filter(to=To.GUEST).update(news=News.CANCEL_WISHED)  # nobody writes this to guests
    assert deliveries.send_due(NOW) == 2
    (note,) = deliveries.undelivered(sold)
    assert "KeyError" in note.said
    assert not note.again
    assert GUEST not in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_claimed", [True, False])
def test_it_is_the_claim_that_keeps_a_second_worker_from_sending_the_same(
    sold: Purchase, post: Post, settings: Settings, is_claimed: bool
) -> None:
    mail_server(settings, *post.state["address"], patience_s=30)
    Property.objects.update(cleaner_email="")
    sold.property.refresh_from_db()
    announce(sold, News.REFUNDED)
    post.trouble("slow", seconds=3, for_mails=1)
    second: list[int] = []

    def while_the_first_one_sends() -> None:
        try:
            assert waited(lambda: bool(post.state["attempts"]))
            if not is_claimed:
                Delivery.objects.update(next_try_at=NOW)
            second.append(deliveries.send_due(NOW))
        finally:
            connection.close()

    thread = threading.Thread(target=while_the_first_one_sends)
    thread.start()
    first = deliveries.send_due(NOW)
    thread.join(30)
    assert (first, second) == (1, [0 if is_claimed else 1])


def waited(what: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False
