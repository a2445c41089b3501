"""The page of one stay's link: both sides of the stay, and nothing about any other day."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Organization
from calendars import ledger
from calendars.models import Block, Feed, date_range
from domain.spans import Period
from properties import photos
from properties.models import Property
from tests import cast
from tests.properties.test_photos import a_picture
from tests.upsells.pages import NIGHTLY, OTHER_GUEST, a_purchase, address, instants, page_of, text
from upsells.models import Offer, Purchase, StayLink

STAY = cast.nights(5, 3)  # Sunday 6 to Wednesday 9 December 2026
HOURLY = 1_500
HTMX = {"HX-Request": "true"}
KINDS = ["extra_nights", "late_check_out", "nights_before", "early_check_in"]


@pytest.fixture
def home(home: Property) -> Property:
    Property.objects.update(turnaround=60)
    home.refresh_from_db()
    return home


@pytest.fixture
def feed(home: Property) -> Feed:
    feed = cast.a_feed(home, last_good_at=cast.NOW)
    cast.an_import(feed, STAY, summary="Marta Puig")
    cast.an_import(feed, cast.nights(12, 4), summary=OTHER_GUEST)
    for kind in KINDS:
        cast.an_offer(home, NIGHTLY if "nights" in kind else HOURLY, kind=kind, most=2, most_minutes=60)
    return feed


@pytest.fixture
def own(home: Property, feed: Feed) -> StayLink:
    return cast.a_stay_link(home, STAY, channel="airbnb", guest="Marta")


def choices(answer: Any) -> list[str]:
    return re.findall(r'name="choice" value="([^"]+)"', text(answer))


def take(client: Client, link: StayLink, key: str, **days: object) -> Any:
    amount = {"extra": NIGHTLY, "night": NIGHTLY}.get(key[:5], HOURLY)
    count = int(key.rpartition("-")[2]) if "nights" in key else 1
    told = {"departure": STAY.end, "arrival": STAY.start, **days}
    return client.post(address(link), {"choice": f"{key}:{amount * count}", **told})


def sell(link: StayLink, key: str, client: Client) -> Purchase:
    """Through the page, up to the sale."""
    assert take(client, link, key).status_code == 302
    purchase = Purchase.objects.latest("pk")
    with ledger.changing(link.property, timezone.now()) as change:
        ledger.confirm(change, purchase.public_id)
    Purchase.objects.filter(pk=purchase.pk).update(state="confirmed", decided_at=cast.NOW)
    return purchase


def test_before_they_come_a_guest_sees_both_sides_at_once_and_is_asked_for_no_day(
    client: Client, own: StayLink
) -> None:
    answer = client.get(address(own))
    page = text(answer)
    kinds = [choice.partition("-")[0] for choice in choices(answer)]
    assert list(dict.fromkeys(kinds)) == KINDS
    assert "Sun 6 Dec" in page
    assert "Wed 9 Dec" in page
    assert "Nobody arrives before Fri 11 Dec" in page
    assert 'type="date"' not in page
    assert page.count("<form") - page.count("set_language") == page.count('id="options"') + page.count("i18n")


def test_once_they_are_there_only_the_departure_can_change(
    client: Client, own: StayLink, feed: Feed, clock: time_machine.Traveller
) -> None:
    clock.move_to(own.property.house.instant(STAY.start, own.property.check_in))
    Feed.objects.update(last_good_at=timezone.now())
    kinds = {choice.partition("-")[0] for choice in choices(client.get(address(own)))}
    assert kinds == {"extra_nights", "late_check_out"}


def test_no_day_of_the_address_shows_anything_about_another_stay(client: Client, own: StayLink) -> None:
    usual = text(client.get(address(own)))
    for query in ({"departure": "2026-12-17"}, {"arrival": "2026-12-13"}, {"side": "arriving"}):
        assert unsigned(text(client.get(address(own), query))) == unsigned(usual)
    assert OTHER_GUEST not in usual
    assert "Marta" not in usual
    assert "13 Dec" not in usual


def unsigned(page: str) -> str:
    return re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", re.sub(r"\?[a-z]+=[0-9a-z-]+", "", page))


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("extra_nights-1", {"departure": cast.nights(16).start}),
        ("extra_nights-1", {"departure": ""}),
        ("nights_before-1", {"arrival": cast.nights(12).start}),
        ("late_check_out-60", {"departure": cast.nights(16).start}),
    ],
)
def test_nothing_beside_another_day_is_sold(
    client: Client, own: StayLink, key: str, days: dict[str, object]
) -> None:
    answer = take(client, own, key, **days)
    assert answer.status_code in {409, 422}
    assert not Purchase.objects.exists()
    assert "extra_nights-1" in text(answer), "the page shows what can be booked"


@pytest.mark.parametrize(
    "key", ["extra_nights-2", "late_check_out-60", "nights_before-1", "early_check_in-60"]
)
def test_each_side_can_be_bought(client: Client, own: StayLink, key: str) -> None:
    answer = take(client, own, key)
    purchase = Purchase.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page_of(purchase))
    day = STAY.end if key.startswith(("extra", "late")) else STAY.start
    assert (purchase.day, purchase.channel, purchase.stay_link) == (day, "airbnb", own)


def test_the_money_is_collected_as_the_site_of_the_stay_wants(client: Client, own: StayLink) -> None:
    Offer.objects.update(collection={"": "property", "airbnb": "channel"})
    assert "Your host charges it through Airbnb" in text(client.get(address(own)))
    take(client, own, "extra_nights-1")
    assert Purchase.objects.get().collection == "channel"


def test_what_was_sold_beside_the_stay_moves_its_days_and_what_is_only_held_does_not(
    client: Client, own: StayLink
) -> None:
    take(Client(), own, "extra_nights-1")
    assert "Wed 9 Dec" in text(client.get(address(own)))
    Purchase.objects.all().delete()
    Block.objects.filter(origin="hold").delete()
    with ledger.changing(own.property, cast.NOW) as change:
        change.touched = True
    sell(own, "extra_nights-1", Client())
    sell(own, "nights_before-1", Client())
    answer = client.get(address(own))
    page = text(answer)
    assert "Sat 5 Dec" in page
    assert "Thu 10 Dec" in page
    assert {"extra_nights-1:9900", "nights_before-1:9900"} <= set(choices(answer))
    old = take(client, own, "extra_nights-1")
    assert old.status_code == 409
    assert take(client, own, "extra_nights-1", departure=cast.nights(9).start).status_code == 302


def test_hours_that_were_sold_show_in_the_times(client: Client, own: StayLink) -> None:
    assert "11:00" in text(client.get(address(own)))
    sell(own, "late_check_out-60", Client())
    card = text(client.get(address(own))).partition('id="offers"')[2].partition("</section>")[0]
    assert "12:00" in card
    assert "11:00" not in card


def test_a_stay_that_no_calendar_names_opens_and_says_so_and_asks_the_database_nothing_about_it(
    client: Client, own: StayLink, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    StayLink.objects.filter(pk=own.pk).update(gone_at=cast.NOW)
    with django_assert_max_num_queries(2):
        answer = client.get(address(own))
    assert answer.status_code == 200
    assert "We know of no such stay" in text(answer)
    assert not choices(answer)
    assert take(client, own, "extra_nights-1").status_code == 409
    assert not Purchase.objects.exists()


def test_a_link_that_was_stopped_opens_no_more(client: Client, own: StayLink) -> None:
    StayLink.objects.filter(pk=own.pk).update(revoked_at=cast.NOW)
    assert client.get(address(own)).status_code == 404


def test_a_stay_by_hand_that_the_calendar_shows_as_free_is_sold_nothing(
    client: Client, home: Property, feed: Feed
) -> None:
    link = cast.a_stay_link(home, cast.nights(20, 2), by_hand=True)
    answer = client.get(address(link))
    assert "We know of no such stay" in text(answer)
    assert not choices(answer)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda: Offer.objects.update(mode="off"), "Nothing on sale at the moment"),
        (
            lambda: Feed.objects.update(last_good_at=cast.NOW - timedelta(hours=2)),
            "We can't be sure right now",
        ),
        (lambda: StayLink.objects.update(nights=date_range(cast.nights(-9, 3))), "Your stay is over"),
        (lambda: StayLink.objects.update(nights=date_range(cast.nights(400, 3))), "more than a year away"),
    ],
)
def test_a_stay_that_can_t_be_changed_says_why(
    client: Client, own: StayLink, change: Any, sentence: str
) -> None:
    change()
    answer = client.get(address(own))
    assert answer.status_code == 200
    assert sentence in text(answer)
    assert not choices(answer)


def test_a_stay_between_two_others_says_that_nothing_is_free(
    client: Client, own: StayLink, feed: Feed
) -> None:
    Offer.objects.exclude(kind="extra_nights").delete()
    cast.an_import(feed, cast.nights(8, 2))
    assert "Nothing is free right after Wed 9 Dec" in text(client.get(address(own)))


def test_where_one_side_is_full_the_other_is_offered(client: Client, own: StayLink, feed: Feed) -> None:
    cast.an_import(feed, cast.nights(8, 4))
    kinds = {choice.partition("-")[0] for choice in choices(client.get(address(own)))}
    assert kinds == {"late_check_out", "nights_before", "early_check_in"}


def test_the_page_takes_few_queries_with_a_photo_and_with_cleaners_to_count(
    client: Client, own: StayLink, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    photos.keep(own.property, a_picture(), "", cast.NOW)
    Organization.objects.update(cleanings_a_day=3)
    with django_assert_max_num_queries(4):
        assert client.get(address(own)).status_code == 200
    take(client, own, "extra_nights-1")
    with django_assert_max_num_queries(5 + 1):  # and the session
        assert client.get(address(own)).status_code == 200


def test_the_cleaners_limit_of_each_day_holds(client: Client, own: StayLink, home: Property) -> None:
    Organization.objects.update(cleanings_a_day=1)
    begins = home.house.instant(STAY.start, home.check_in) - timedelta(hours=1)
    period = instants(Period(begins, begins + timedelta(hours=1)))
    other = cast.a_property(home.organization, "Next door")
    a_purchase(cast.a_stay_link(other), "confirmed", kind="early_check_in", day=STAY.start, period=period,
               nights=date_range(None))  # fmt: skip
    kinds = {choice.partition("-")[0] for choice in choices(client.get(address(own)))}
    assert kinds == {"extra_nights", "late_check_out", "nights_before"}


def test_where_a_tax_is_per_person_the_guest_says_how_many_they_are(client: Client, own: StayLink) -> None:
    Property.objects.update(taxes=[["City tax", 0, 200, True]])
    for told, price in (
        ({}, NIGHTLY + 400),
        ({"persons": "3"}, NIGHTLY + 600),
        ({"persons": "many"}, NIGHTLY + 400),
    ):
        answer = client.get(address(own), told)
        assert f"extra_nights-1:{price}" in choices(answer)
    assert "How many of you stay?" in text(answer)
    body = {
        "choice": f"extra_nights-1:{NIGHTLY + 600}",
        "departure": STAY.end,
        "arrival": STAY.start,
        "persons": 3,
    }
    assert client.post(address(own), body).status_code == 302
    assert Purchase.objects.get().persons == 3


def test_an_open_page_follows_what_happens(client: Client, own: StayLink, feed: Feed) -> None:
    seen = client.get(address(own)).context["seen"]
    assert client.get(address(own), {"seen": seen}, headers=HTMX).status_code == 204
    cast.an_import(feed, cast.nights(9))
    answer = client.get(address(own), {"seen": seen}, headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in text(answer)
    assert "extra_nights-2" not in text(answer)


def test_a_page_that_is_asked_again_and_again_is_asked_to_wait(client: Client, own: StayLink) -> None:
    answers = [client.get(address(own)).status_code for _ in range(62)]
    assert answers == [200] * 61 + [429]


def test_what_a_guest_let_go_shows_again_only_while_it_is_their_day(client: Client, own: StayLink) -> None:
    take(client, own, "extra_nights-1")
    purchase = Purchase.objects.get()
    Purchase.objects.update(state="lapsed", decided_at=cast.NOW)
    Block.objects.filter(origin="hold").delete()
    with ledger.changing(own.property, cast.NOW) as change:
        change.touched = True
    assert choices(client.get(page_of(purchase)))
    StayLink.objects.filter(pk=own.pk).update(nights=date_range(cast.nights(12, 4)))
    assert not choices(client.get(page_of(purchase)))


def test_the_photo_of_the_home_is_on_the_page_with_words_for_those_who_can_t_see_it(
    client: Client, own: StayLink
) -> None:
    assert "<img" not in text(client.get(address(own)))
    photo = photos.keep(own.property, a_picture(), "The terrace & the sea", cast.NOW)
    page = client.get(address(own)).content.decode()
    assert 'alt="The terrace &amp; the sea"' in page
    assert f'src="{photo.large()}"' in page
