"""What the guest's page says of hours, of earlier nights, of taxes, and of a host who must agree."""

import re
from datetime import date, time, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from calendars.models import Block, Feed, date_range
from domain.spans import Period
from properties.models import Property
from tests import cast, tills
from tests.upsells.pages import (
    DEPARTURE,
    HOURLY,
    NIGHTLY,
    TWO_NIGHTS,
    a_purchase,
    address,
    choose,
    instants,
    look,
    page_of,
    text,
)  # fmt: skip
from upsells import checkout
from upsells.models import Offer, Purchase, StayLink

ARRIVAL = cast.TODAY + timedelta(days=12)  # of the next guest
AGAIN = {"HX-Request": "true"}


@pytest.fixture
def offer(offer: Offer, home: Property) -> Offer:
    """Everything is on sale, and an hour is enough to clean."""
    Property.objects.filter(pk=home.pk).update(turnaround=60)
    for kind in ("late_check_out", "early_check_in"):
        cast.an_offer(home, HOURLY, kind=kind)
    cast.an_offer(home, NIGHTLY, 2, kind="nights_before")
    return offer


def hours(home: Property, day: date, start: int, end: int) -> Period:
    return Period(home.house.instant(day, time(start)), home.house.instant(day, time(end)))


def of_hours(home: Property) -> dict[str, object]:
    """The columns of a purchase of two hours after check-out."""
    return {
        "kind": "late_check_out",
        "nights": date_range(None),
        "period": instants(hours(home, DEPARTURE, 11, 13)),
        "amount": 2 * HOURLY,
    }


# What is offered ---------------------------------------------------------------------------------------------


def test_hours_are_offered_beside_nights_in_the_home_s_own_time(client: Client, link: StayLink) -> None:
    page = text(look(client, link))
    assert "How many nights more?" in page
    assert "Or just check out later?" in page
    assert f'value="late_check_out-120:{2 * HOURLY}"' in page
    assert "until 13:00" in page
    assert "2 hours later" in page
    assert "Nobody arrives before Tue 8 Dec" in page


def test_hours_alone_say_until_when_nobody_needs_the_home(client: Client, link: StayLink) -> None:
    Offer.objects.filter(kind="extra_nights").update(mode="off")
    page = text(look(client, link))
    assert "How long do you want to stay?" in page
    assert "Nobody needs the home before 15:00" in page


def test_a_guest_who_has_not_arrived_is_asked_for_their_day_and_offered_what_is_before_it(
    client: Client, link: StayLink
) -> None:
    asked = text(client.get(address(link)))
    assert "I haven't arrived yet" in asked
    other = text(client.get(address(link), {"side": "arriving"}))
    assert "When do you check in?" in other
    assert "I'm there already" in other
    page = text(look(client, link, arrival=ARRIVAL))
    assert f'value="nights_before-2:{2 * NIGHTLY}"' in page
    assert f'value="early_check_in-180:{3 * HOURLY}"' in page
    assert "from 12:00" in page
    assert "Nobody stays there from Fri 11 Dec on" in page


def test_a_day_on_which_nobody_arrives_is_not_sold_from(client: Client, link: StayLink) -> None:
    day = cast.TODAY + timedelta(days=8)
    page = text(look(client, link, arrival=day))
    assert "No stay begins on Wed 9 Dec" in page
    assert "When do you check in?" in page


def test_a_home_that_sells_one_side_only_asks_for_no_other(client: Client, link: StayLink) -> None:
    Offer.objects.filter(kind__in=["nights_before", "early_check_in"]).update(mode="off")
    assert "I haven't arrived yet" not in text(client.get(address(link)))
    page = text(look(client, link, arrival=ARRIVAL))
    assert "Nothing on sale at the moment" in page
    assert "Stay longer instead" in page


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"cut_off_minutes": 5 * 24 * 60}, "It is too late to book this here"),
        ({"opens_days": 1}, "You can book this from Thu 3 Dec, 11:00 on"),
        ({"weekdays": [0]}, "Nothing is on sale for Fri 4 Dec"),
        ({"blackouts": [["2026-12-01", "2026-12-31"]]}, "Nothing is on sale for Fri 4 Dec"),
    ],
)
def test_what_the_host_rules_out_is_not_called_taken(
    client: Client, link: StayLink, columns: dict[str, object], sentence: str
) -> None:
    Offer.objects.update(**columns)
    page = text(look(client, link))
    assert sentence in page
    assert "right after" not in page


# How it is paid ----------------------------------------------------------------------------------------------


@pytest.fixture
def cards(settings: Settings, home: Property) -> None:
    """The host's account takes cards."""
    settings.STRIPE_SECRET_KEY = "sk_test_1"
    tills.an_account(home.organization)


@pytest.mark.usefixtures("cards")
@pytest.mark.parametrize(
    ("channel", "collection", "sentence"),
    [
        ("", {}, "You pay at the property"),
        ("airbnb", {"airbnb": "channel"}, "Your host charges it through Airbnb"),
        ("booking", {"airbnb": "channel"}, "You pay at the property"),
        ("", {"": "channel"}, "Your host charges it through your booking site"),
        ("other", {"": "channel"}, "Your host charges it through your booking site"),
        ("vrbo", {"": "card"}, "You pay by card"),
    ],
)
def test_the_page_says_who_takes_the_money(
    client: Client, link: StayLink, channel: str, collection: dict[str, str], sentence: str
) -> None:
    StayLink.objects.update(channel=channel)
    Offer.objects.update(collection=collection)
    assert sentence in text(look(client, link))
    choose(client, link)
    page = text(client.get(page_of(Purchase.objects.get())))
    assert ("Book now, pay at the property" in page) == ("at the property" in sentence)


def test_taxes_are_named_counted_per_person_and_listed(client: Client, link: StayLink) -> None:
    Property.objects.update(taxes=[["IVA", 1_000, 0, False], ["City tax", 0, 250, True]])
    assert "How many of you stay?" in text(client.get(address(link)))
    assert look(client, link).status_code == 422
    page = text(look(client, link, persons=3))
    total = 2 * NIGHTLY + 1_980 + 2 * 3 * 250
    assert "The price includes IVA and City tax." in page
    assert f'value="extra_nights-2:{total}"' in page
    assert "€15.00" in page
    assert choose(client, link, f"extra_nights-2:{total}", persons=2).status_code == 409
    assert choose(client, link, f"extra_nights-2:{total}", persons=3).status_code == 302
    held = text(client.get(page_of(Purchase.objects.get())))
    assert "What the price is made of" in held
    assert "City tax" in held


@pytest.mark.parametrize("persons", ["", "0", "31", "two"])
def test_a_number_of_persons_that_cannot_be_is_answered_with_422(
    client: Client, link: StayLink, persons: str
) -> None:
    Property.objects.update(taxes=[["City tax", 0, 250, True]])
    assert look(client, link, persons=persons).status_code == 422


def test_a_night_that_cannot_be_sold_any_more_stands_in_the_price_of_the_hours(
    client: Client, link: StayLink
) -> None:
    page = text(look(client, link))
    assert f'value="late_check_out-240:{4 * HOURLY + 12_000}"' in page
    assert "<small>with the night</small>" in page
    assert "The night of Fri 4 Dec, which nobody else can book then" in page


# A host who must agree ---------------------------------------------------------------------------------------


def test_a_host_who_must_agree_is_asked_and_the_page_waits_for_the_answer(
    client: Client, link: StayLink
) -> None:
    Offer.objects.update(mode="approval")
    assert "Your host has to agree first." in text(look(client, link))
    choose(client, link)
    page = page_of(Purchase.objects.get())
    assert "Ask your host" in text(client.get(page))
    client.post(page, {"name": "Marta Puig", "email": "marta@example.org"})
    asked = text(client.get(page))
    assert "Your host is asked" in asked
    assert "by Wed 2 Dec, 10:00 at the latest" in asked
    assert 'hx-trigger="every 20s"' in asked
    assert client.get(page, {"seen": "asked"}, headers=AGAIN).status_code == 204
    checkout.refuse(Purchase.objects.select_related("property").get(), cast.NOW)
    news = text(client.get(page, {"seen": "asked"}, headers=AGAIN))
    assert "Your host can't make it possible this time." in news
    assert "What you can book now" in news


def test_calendars_that_are_not_quite_fresh_ask_the_host_first(
    client: Client, link: StayLink, feed: Feed
) -> None:
    Feed.objects.filter(pk=feed.pk).update(last_good_at=cast.NOW - timedelta(minutes=30))
    assert "Your host has to agree first." in text(look(client, link))


def test_a_guest_may_take_the_question_back(client: Client, link: StayLink) -> None:
    purchase = a_purchase(link, "asked")
    assert "Withdraw the request" in text(client.get(page_of(purchase)))
    answer = client.post(page_of(purchase), {"let_go": "1"})
    assert answer["Location"] == f"{address(link)}?departure={DEPARTURE}&persons=1"
    assert cast.the_states() == ["lapsed"]
    assert "You withdrew your request" in text(client.get(page_of(purchase)))


@pytest.mark.parametrize(
    ("state", "columns", "sentence"),
    [
        ("held", {}, "2 hours later"),
        ("checking", {}, "Asking every booking site"),
        ("confirmed", {}, ">Fri 4 Dec</time>, 13:00"),
        ("declined", {"reason": "taken"}, "A booking has just come in that needs these hours."),
        ("declined", {"reason": "unanswered"}, "Your host didn't answer in time."),
        ("declined", {"reason": "withdrawn"}, "Your host no longer offers this."),
        ("declined", {"reason": "lapsed"}, "that time is over"),
        ("cancelled", {}, "You check out on Fri 4 Dec at 11:00, as before."),
    ],
)
def test_each_state_has_its_words_for_hours(
    client: Client, link: StayLink, state: str, columns: dict[str, object], sentence: str
) -> None:
    purchase = a_purchase(link, state, **of_hours(link.property), **columns)
    assert sentence in text(client.get(page_of(purchase)))


def test_each_kind_is_confirmed_with_the_new_day_or_time(
    client: Client, link: StayLink, home: Property
) -> None:
    arrives = cast.TODAY + timedelta(days=12)
    nights = cast.nights(10, 2)
    before = a_purchase(
        link, "confirmed", kind="nights_before", day=arrives, nights=date_range(nights),
        period=instants(home.house.stay(nights)),
    )  # fmt: skip
    assert ">Fri 11 Dec</time>, 15:00" in text(client.get(page_of(before)))
    early = a_purchase(
        link, "confirmed", kind="early_check_in", day=arrives, nights=date_range(None),
        period=instants(hours(home, arrives, 12, 15)),
    )  # fmt: skip
    page = text(client.get(page_of(early)))
    assert "Your new check-in" in page
    assert ">Sun 13 Dec</time>, 12:00" in page


# An open page ------------------------------------------------------------------------------------------------


def test_an_open_page_hears_of_what_changed_and_of_nothing_else(client: Client, link: StayLink) -> None:
    seen = look(client, link).context["seen"]
    query = {"departure": str(DEPARTURE), "persons": "1", "seen": seen}
    assert client.get(address(link), query, headers=AGAIN).status_code == 204
    assert choose(Client(), link).status_code == 302
    news = client.get(address(link), query, headers=AGAIN)
    page = text(news)
    assert "<html" not in page
    assert TWO_NIGHTS not in page
    assert "How many nights more?" not in page
    assert "More time is already booked for Fri 4 Dec" in page
    assert "What you can book has changed." in page


def test_of_two_guests_beside_one_gap_the_second_sees_that_it_is_gone(client: Client, link: StayLink) -> None:
    Property.objects.update(turnaround=240)
    arriving = {"arrival": str(ARRIVAL)}
    seen = client.get(address(link), arriving).context["seen"]
    nine_nights = cast.nights(3, 9)
    Offer.objects.filter(kind="extra_nights").update(most_nights=9)
    assert choose(Client(), link, f"extra_nights-{len(nine_nights)}:{9 * NIGHTLY}").status_code == 302
    news = text(client.get(address(link), {**arriving, "seen": seen}, headers=AGAIN))
    assert "Nothing is free right before Sun 13 Dec" in news
    answer = client.post(address(link), {**arriving, "choice": f"nights_before-1:{NIGHTLY}"})
    assert answer.status_code == 409
    assert "Somebody was quicker" in text(answer)


# Queries -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("capacity", [None, 3])
@pytest.mark.parametrize("side", ["departure", "arrival"])
def test_a_guest_s_page_takes_few_queries(
    client: Client, link: StayLink, side: str, capacity: int | None,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    link.organization.cleanings_a_day = capacity
    link.organization.save(update_fields=["cleanings_a_day"])
    day = {"departure": str(DEPARTURE), "arrival": str(ARRIVAL)}[side]
    with django_assert_max_num_queries(4):
        page = client.get(address(link), {side: day})
    assert page.context["groups"]


def test_a_guest_who_came_back_costs_no_query_but_their_session(
    client: Client, link: StayLink, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    choose(client, link, f"extra_nights-1:{NIGHTLY}")
    with django_assert_max_num_queries(4 + 1) as queries:
        look(client, link)
    assert sum("django_session" in query["sql"] for query in queries.captured_queries) == 1


def test_the_clock_of_the_page_is_the_home_s(
    client: Client, link: StayLink, clock: time_machine.Traveller
) -> None:
    Property.objects.update(time_zone="Pacific/Auckland")
    clock.shift(timedelta(hours=3))  # 12:00 UTC is the next day's 01:00 there
    page = text(client.get(address(link)))
    assert timezone.now().date() == cast.TODAY
    assert "Wed 2 Dec" in page
    assert 'value="2026-12-02"' in page


# What is sold already ----------------------------------------------------------------------------------------


def test_a_night_that_a_late_check_out_closes_is_nobody_s_stay(
    client: Client, alices: Client, home: Property, link: StayLink
) -> None:
    Property.objects.update(turnaround=240)
    (choice,) = re.findall(r'value="(late_check_out-240:\d+)"', text(look(client, link)))
    assert choose(client, link, choice).status_code == 302
    Block.objects.ours().update(origin="sale", held_until=None)
    assert Purchase.objects.get().span == cast.nights(3, 1)
    after = {"departure": str(DEPARTURE + timedelta(days=1))}
    assert "No stay ends on Sat 5 Dec" in text(client.get(address(link), after))
    tab = alices.get(reverse("upsells:offers", args=[home.public_id]))
    assert tab.context["days"] == (DEPARTURE, DEPARTURE + timedelta(days=13))


def test_a_guest_who_stays_on_is_sold_no_late_check_out_of_the_first_departure(
    client: Client, alices: Client, home: Property, link: StayLink
) -> None:
    assert choose(client, link).status_code == 302
    Block.objects.ours().update(origin="sale", held_until=None)
    page = text(look(Client(), link))
    assert "More time is already booked for Fri 4 Dec" in page
    assert 'value="late_check_out' not in page
    tab = alices.get(reverse("upsells:offers", args=[home.public_id]))
    assert DEPARTURE not in tab.context["days"]
