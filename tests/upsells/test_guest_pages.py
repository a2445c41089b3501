from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calendars.models import Feed
from properties.models import Property
from tests import cast
from tests.upsells.pages import (
    DEPARTURE,
    NIGHTLY,
    OTHER_GUEST,
    TWO_NIGHTS,
    a_purchase,
    address,
    choose,
    look,
    page_of,
    text,
)  # fmt: skip
from upsells.models import Offer, Purchase, StayLink

# What is offered ---------------------------------------------------------------------------------------------


def test_a_guest_is_first_asked_for_the_day_they_leave(client: Client, link: StayLink) -> None:
    answer = client.get(address(link))
    assert answer.status_code == 200
    assert "When do you check out?" in text(answer)
    assert "€" not in text(answer)


def test_the_nights_after_the_stay_are_shown_with_their_price_in_the_value_of_each_choice(
    client: Client, link: StayLink
) -> None:
    page = text(look(client, link))
    for count, until, price in [(1, "Sat 5 Dec", "€99.00"), (4, "Tue 8 Dec", "€396.00")]:
        assert f'value="extra_nights-{count}:{count * NIGHTLY}"' in page
        assert f"until {until}" in page
        assert price in page
    assert 'value="extra_nights-5:' not in page
    assert "You pay at the property" in page


def test_no_page_says_who_else_stays_or_when_the_next_guest_comes(client: Client, link: StayLink) -> None:
    for departure in (DEPARTURE, DEPARTURE + timedelta(days=3), cast.TODAY + timedelta(days=14)):
        page = text(look(client, link, departure))
        assert OTHER_GUEST not in page
        assert "13 Dec" not in page
        assert "airbnb" not in page.lower()


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (-1, "That day is over"),
        (366, "That is more than a year away"),
        (7, "No stay ends on Tue 8 Dec"),
        (14, "Nothing is free right after Tue 15 Dec"),
    ],
)
def test_a_day_with_nothing_to_offer_says_why_and_asks_for_another(
    client: Client, link: StayLink, days: int, sentence: str
) -> None:
    answer = look(client, link, cast.TODAY + timedelta(days=days))
    assert answer.status_code == 200
    assert sentence in text(answer)
    assert "When do you check out?" in text(answer)
    assert 'name="choice"' not in text(answer)


def test_an_offer_that_is_switched_off_sends_the_guest_to_the_host(
    client: Client, link: StayLink, offer: Offer
) -> None:
    Offer.objects.filter(pk=offer.pk).update(mode="off")
    assert "Nothing on sale at the moment" in text(look(client, link))


@pytest.mark.parametrize(
    "columns", [{"last_good_at": cast.NOW - timedelta(hours=2)}, {"paused_at": cast.NOW}]
)
def test_nothing_is_offered_while_a_calendar_is_late_or_paused(
    client: Client, link: StayLink, feed: Feed, columns: dict[str, object]
) -> None:
    Feed.objects.filter(pk=feed.pk).update(**columns)
    page = text(look(client, link))
    assert "We can't be sure right now" in page
    assert 'name="choice"' not in page


@pytest.mark.parametrize("day", ["", "31.12.26", "12/04/2026", "2026-02-30", "tomorrow", "٤", "2" * 5_000])
def test_a_day_that_is_no_date_is_answered_with_422_and_a_sentence(
    client: Client, link: StayLink, day: str
) -> None:
    answer = look(client, link, day)
    assert answer.status_code == 422
    assert "Enter the day" in text(answer)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_time_are_days_like_others(client: Client, link: StayLink, day: date) -> None:
    assert look(client, link, day).status_code == 200


# Choosing ----------------------------------------------------------------------------------------------------


def test_choosing_keeps_the_nights_at_the_price_that_was_shown(client: Client, link: StayLink) -> None:
    answer = choose(client, link)
    purchase = Purchase.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page_of(purchase))
    assert (purchase.span, purchase.amount, purchase.state) == (cast.nights(3, 2), 2 * NIGHTLY, "held")
    page = text(client.get(page_of(purchase)))
    assert "Book now, pay at the property" in page
    assert "€198.00" in page


def test_a_price_that_changed_is_answered_with_409_and_the_new_one(
    client: Client, link: StayLink, offer: Offer
) -> None:
    Offer.objects.filter(pk=offer.pk).update(price=12_000)
    answer = choose(client, link)
    assert answer.status_code == 409
    assert "The offer has changed" in text(answer)
    assert "€240.00" in text(answer)
    assert not Purchase.objects.exists()


def test_nights_taken_meanwhile_are_answered_with_409_and_what_is_left(
    client: Client, link: StayLink, feed: Feed
) -> None:
    cast.an_import(feed, cast.nights(4))
    answer = choose(client, link)
    assert answer.status_code == 409
    assert "Somebody was quicker" in text(answer)
    assert 'value="extra_nights-1:9900"' in text(answer)
    assert "extra_nights-2:" not in text(answer)
    assert not Purchase.objects.exists()


@pytest.mark.parametrize(
    "choice",
    [
        "",
        "2",
        "2:19800",
        "extra_nights:0",
        "extra_nights--1:9900",
        f"{TWO_NIGHTS}:1",
        "extra_nights-2:1e9",
        "extra_nights-٢:٩",
        f"{TWO_NIGHTS}\n2",
        "x" * 17 + "-2:19800",
        "9" * 9_000,
    ],
)
def test_a_choice_that_was_never_offered_is_answered_with_422(
    client: Client, link: StayLink, choice: str
) -> None:
    answer = choose(client, link, choice)
    assert answer.status_code == 422
    assert "Choose one of the offers." in text(answer)
    assert not Purchase.objects.exists()


@pytest.mark.parametrize(("day", "status"), [("", 422), ("soon", 422), (date.min, 409), (date.max, 409)])
def test_a_choice_on_no_possible_day_holds_nothing(
    client: Client, link: StayLink, day: object, status: int
) -> None:
    assert choose(client, link, day=day).status_code == status
    assert not Purchase.objects.exists()


def test_more_nights_than_are_sold_are_refused(client: Client, link: StayLink) -> None:
    assert choose(client, link, f"extra_nights-5:{5 * NIGHTLY}").status_code == 409
    assert not Purchase.objects.exists()


def test_a_guest_who_goes_back_finds_the_nights_kept_for_them_and_others_do_not(
    client: Client, link: StayLink
) -> None:
    choose(client, link)
    kept = page_of(Purchase.objects.get())
    page = text(look(client, link))
    assert "This is kept for you" in page
    assert kept in page
    stranger = text(look(Client(), link))
    assert "Nothing is free right after" in stranger
    assert kept not in stranger


# The purchase ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "columns", "sentence"),
    [
        ("held", {}, "Book now, pay at the property"),
        ("held", {"held_until": cast.NOW}, "The ten minutes are over"),
        ("checking", {}, "Asking every booking site"),
        ("confirmed", {}, "Booked. Sleep well."),
        ("declined", {"reason": "taken"}, "Somebody else has just booked one of these nights."),
        ("declined", {"reason": "lapsed"}, "What you chose was kept for a while"),
        ("lapsed", {}, "The ten minutes are over"),
        ("cancelled", {}, "Your host took this back"),
    ],
)
def test_each_state_of_a_purchase_has_its_page(
    client: Client, link: StayLink, state: str, columns: dict[str, object], sentence: str
) -> None:
    answer = client.get(page_of(a_purchase(link, state, **columns)))
    assert answer.status_code == 200
    assert sentence in text(answer)


@pytest.mark.parametrize("state", ["declined", "lapsed"])
def test_a_purchase_that_came_to_nothing_leads_back_to_what_is_free(
    client: Client, link: StayLink, state: str
) -> None:
    page = text(client.get(page_of(a_purchase(link, state))))
    assert "What you can book now" in page
    assert TWO_NIGHTS in page
    Offer.objects.update(mode="off")
    page = text(client.get(page_of(Purchase.objects.get())))
    assert f'href="{address(link)}?departure={DEPARTURE}&persons=1"' in page


@pytest.mark.parametrize(
    ("refund", "said"),
    [
        (19_800, "Cancelled, nothing to pay"),
        (9_900, "Cancelled, still to pay"),
        (0, "Cancelled, still to pay"),
    ],
)
def test_the_receipt_of_a_cancelled_purchase_says_the_same_as_the_sentence_above_it(
    client: Client, link: StayLink, refund: int, said: str
) -> None:
    page = text(client.get(page_of(a_purchase(link, "cancelled", cancelled_by="guest", refund=refund))))
    assert said in page
    assert ("you still owe your host" in page) == ("still to pay" in page)


def test_a_confirmation_says_the_new_check_out_and_what_to_pay(client: Client, link: StayLink) -> None:
    page = text(client.get(page_of(a_purchase(link, "confirmed"))))
    assert ">Sun 6 Dec</time>, 11:00" in page
    assert "To pay at the property" in page
    assert "€198.00" in page


def test_the_page_asks_again_only_while_we_check_with_or_without_script(
    client: Client, link: StayLink
) -> None:
    waiting = text(client.get(page_of(a_purchase(link, "checking"))))
    assert 'hx-trigger="every 2s"' in waiting
    assert '<noscript><meta http-equiv="refresh"' in waiting
    for state in ("held", "confirmed", "declined", "cancelled", "lapsed"):
        page = text(client.get(page_of(a_purchase(link, state))))
        assert "hx-trigger" not in page
        assert 'http-equiv="refresh"' not in page


def test_asking_again_brings_nothing_until_there_is_news_and_then_says_it_aloud(
    client: Client, link: StayLink
) -> None:
    purchase = a_purchase(link, "checking")
    again = {"HX-Request": "true"}
    assert client.get(page_of(purchase), {"seen": "checking"}, headers=again).status_code == 204
    Purchase.objects.filter(pk=purchase.pk).update(state="confirmed")
    page = text(client.get(page_of(purchase), {"seen": "checking"}, headers=again))
    assert "<html" not in page
    assert 'id="progress"' in page
    assert '<div hx-swap-oob="innerHTML:#live">Booked. Your new check-out: <time' in page


def test_a_check_that_takes_long_says_so(
    client: Client, link: StayLink, clock: time_machine.Traveller
) -> None:
    purchase = a_purchase(link, "checking")
    assert "longer than usual" not in text(client.get(page_of(purchase)))
    clock.shift(timedelta(seconds=31))
    answer = client.get(page_of(purchase), {"seen": "checking"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "longer than usual" in text(answer)


def test_booking_asks_for_a_name_and_an_address_that_can_be_written_to(
    client: Client, link: StayLink
) -> None:
    choose(client, link)
    page = page_of(Purchase.objects.get())
    for name, email in [
        ("", ""),
        ("...", "marta@example.org"),
        ("Marta", "marta@"),
        ("x" * 121, "a@example.org"),
    ]:
        answer = client.post(page, {"name": name, "email": email}, follow=True)
        assert answer.status_code == 422
        assert "error-summary" in text(answer)
    assert cast.the_states() == ["held"]
    answer = client.post(page, {"name": " Marta\r\nPuig\u2028y  Sala\t", "email": "marta@example.org"})
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert cast.the_states() == ["checking"]
    assert (
        Purchase.objects.get().guest_name == "Marta Puig y Sala"
    )  # in one line, as subjects and lists want it


def test_a_form_that_was_refused_is_shown_by_get_once_so_that_the_way_back_sends_nothing(
    client: Client, link: StayLink
) -> None:
    choose(client, link)
    page = page_of(Purchase.objects.get())
    refused = client.post(page, {"name": "Marta Puig", "email": "marta@"})
    assert (refused.status_code, refused["Location"]) == (302, page)
    told = client.get(page)
    assert told.status_code == 422
    assert 'value="Marta Puig"' in told.content.decode()
    assert 'value="marta@"' in told.content.decode()
    again = client.get(page)
    assert again.status_code == 200
    assert 'role="alert"' not in again.content.decode()
    assert "Marta Puig" not in again.content.decode()


def test_booking_after_the_ten_minutes_shows_that_they_are_over(
    client: Client, link: StayLink, clock: time_machine.Traveller
) -> None:
    choose(client, link)
    page = page_of(Purchase.objects.get())
    clock.shift(timedelta(minutes=11))
    answer = client.post(page, {"name": "Marta Puig", "email": "marta@example.org"}, follow=True)
    assert answer.status_code == 200
    assert "The ten minutes are over" in text(answer)


# Addresses ---------------------------------------------------------------------------------------------------


def test_forged_and_replaced_addresses_open_nothing(client: Client, link: StayLink, home: Property) -> None:
    purchase = a_purchase(link)
    forged = reverse("guest:stay", args=["a" * 27])
    assert client.get(forged).status_code == client.post(forged).status_code == 404
    other = cast.a_stay_link(cast.a_property(home.organization, "Casa Two"))
    assert client.get(reverse("guest:purchase", args=[other.token, purchase.public_id])).status_code == 404
    StayLink.objects.filter(pk=link.pk).update(revoked_at=timezone.now())
    assert client.get(address(link)).status_code == 404
    assert client.get(page_of(purchase)).status_code == 404


def test_a_confirmation_outlives_the_address_it_was_booked_through(client: Client, link: StayLink) -> None:
    purchase = a_purchase(link, "confirmed")
    StayLink.objects.filter(pk=link.pk).update(revoked_at=timezone.now())
    assert "Booked. Sleep well." in text(client.get(page_of(purchase)))


def test_no_page_is_kept_by_caches_search_engines_or_referrers(client: Client, link: StayLink) -> None:
    answers = [client.get(address(link)), look(client, link), look(client, link, "x"), choose(client, link)]
    answers.append(client.get(page_of(Purchase.objects.get())))
    for answer in answers:
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert answer["Referrer-Policy"] == "same-origin"
