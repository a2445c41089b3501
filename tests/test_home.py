"""Home: the first steps, what needs the host, who comes and leaves, what was sold, how the channels are read."""

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Organization, User
from amplistay.takings import takings
from billing import subscriptions
from calendars import alerts, receipts
from calendars.models import Alert, Block, ExportLink, Feed, date_range
from domain.spans import Period
from properties.models import Property
from tests import cast
from tests.upsells.pages import a_purchase, instants, text
from upsells.doorstep import Day, days
from upsells.models import Delivery, Purchase, StayLink

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
STEPS = (
    "Add a property",
    "Paste the sites' calendar links here",
    "Paste the Amplistay links into the sites",
    "Set your prices and go live",
    "Show guests their page",
    "First sale",
)


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    with time_machine.travel(cast.NOW, tick=False):
        yield


def a_read_feed(
    home: Property, url: str = "https://www.airbnb.com/calendar/ical/1.ics?s=a", **columns: Any
) -> Feed:
    later = cast.NOW + 5 * timedelta(minutes=1)
    values = {"last_good_at": cast.NOW, "last_read_at": cast.NOW, "next_poll_at": later, **columns}
    return cast.a_feed(home, url, **values)


def is_read_by_its_site(link: ExportLink) -> None:
    receipts.write([receipts.Pull(link.public_id, link.body_version, "Airbnb", cast.NOW - HOUR)])


def test_moments_of_several_homes_are_told_in_one_clock_which_is_named(
    alices: Client, organization: Organization
) -> None:
    details = {"first": "Airbnb", "second": "Vrbo", "arrival": "2026-12-02", "departure": "2026-12-04"}
    for name, zone in (("Casa Dos", "Europe/Madrid"), ("Loft", "America/New_York")):
        home = cast.a_property(organization, name, zone)
        a_read_feed(home)
        alerts.open_one(home, Alert.Kind.CONFLICT, name, details, cast.NOW)
        a_purchase(cast.a_stay_link(home), "asked", answer_by=cast.NOW + 9 * HOUR)
    page = text(alices.get("/"))
    assert page.count("Since 1 Dec, 10:00") == page.count("Until Tue 1 Dec, 19:00") == 2
    assert page.count('+01:00" data-relative="just now">1 Dec, 10:00</time>') == 1
    assert "Times are those of Europe/Madrid; check-in and check-out times are those of each home." in page
    for path in ("sales:list", "notices:list"):
        page = text(alices.get(reverse(path)))
        assert "Times are those of Europe/Madrid" in page, path
        assert "04:00" not in page, path


def test_the_clock_of_several_homes_is_that_of_most_and_else_of_the_oldest(
    organization: Organization,
) -> None:
    def zones() -> list[str]:
        return [str(zone) for zone in Property.objects.of(organization).zones()]

    assert zones() == ["UTC"]
    cast.a_property(organization, "Casa", "Europe/Madrid")
    cast.a_property(organization, "Loft", "America/New_York")
    assert zones() == ["Europe/Madrid", "America/New_York"]
    cast.a_property(organization, "Loft 2", "America/New_York")
    assert zones() == ["America/New_York", "Europe/Madrid"]


def test_homes_in_one_zone_need_no_word_about_the_clock(alices: Client, organization: Organization) -> None:
    cast.a_property(organization)
    assert "Times are those of" not in text(alices.get("/"))


def the_steps(browser: Client) -> tuple[list[str], str]:
    """The titles of the steps that are done, and that of the next one."""
    page = text(browser.get("/")).partition("first-steps")[2].partition("</ol>")[0]
    found = re.findall(r'<li class="(\w*)".*?<b>([^<]+)</b>', page, re.DOTALL)
    now = [title for state, title in found if state == "now"]
    return [title for state, title in found if state == "done"], "".join(now)


def hours_sold(link: StayLink, day: Any, kind: str, begins: time, ends: time, **columns: Any) -> Purchase:
    zone = link.property.house.zone
    period = Period(datetime.combine(day, begins, zone), datetime.combine(day, ends, zone))
    return a_purchase(
        link, "confirmed", kind=kind, day=day, nights=date_range(None), period=instants(period), **columns
    )


# First steps


def test_each_first_step_ticks_itself_until_the_first_sale_takes_the_list_away(
    alices: Client, organization: Organization
) -> None:
    assert the_steps(alices) == ([], STEPS[0])
    assert "5 steps left before guests can buy" in text(alices.get("/")), "the first sale is none of them"
    home = cast.a_property(organization)
    assert the_steps(alices) == ([STEPS[0]], STEPS[1])
    feed = a_read_feed(home, last_good_at=None)
    assert the_steps(alices) == ([STEPS[0]], STEPS[1])
    Feed.objects.update(last_good_at=cast.NOW)
    assert the_steps(alices) == ([*STEPS[:2]], STEPS[2])
    link = cast.an_export(home)
    assert f"#link-{link.public_id}" in text(alices.get("/"))
    receipts.write([receipts.Pull(link.public_id, link.body_version, receipts.BROWSER, cast.NOW)])
    assert the_steps(alices) == ([*STEPS[:2]], STEPS[2]), "a person who looks at a link is no site"
    is_read_by_its_site(link)
    alices.get(reverse("upsells:guest-page", args=[home.public_id]))
    assert the_steps(alices) == ([*STEPS[:3]], STEPS[3]), "nothing is on sale on the page that was opened"
    StayLink.objects.all().delete()
    cast.an_offer(home)
    assert the_steps(alices) == ([*STEPS[:4]], STEPS[4])
    alices.get(reverse("upsells:guest-page", args=[home.public_id]))
    assert the_steps(alices) == ([*STEPS[:5]], STEPS[5])
    a_purchase(StayLink.objects.get(), "confirmed")
    assert the_steps(alices) == ([], "")
    Feed.objects.filter(pk=feed.pk).update(failures=3, failing_since=cast.NOW)
    assert "Get ready to sell" not in text(alices.get("/"))


def test_what_is_on_sale_is_named_in_the_order_of_its_own_page(alices: Client, home: Property) -> None:
    for kind in ("early_check_in", "late_check_out", "extra_nights"):
        cast.an_offer(home, kind=kind)
    assert "Extra nights, Late check-out and Early check-in" in text(alices.get("/"))


def test_whose_plan_only_mirrors_is_led_to_the_system_and_not_to_selling(
    alices: Client, organization: Organization, settings: Settings
) -> None:
    settings.BILLING = True
    subscriptions.begin(organization, "mirror")
    page = text(alices.get("/"))
    assert "Connect Escapia" in page
    assert "sell" not in page.partition("Set-up")[2].partition("What needs you")[0]
    home = cast.a_property(organization)
    cast.a_unit(home, cast.a_connection(organization), last_good_at=cast.NOW)
    cast.an_export(home, "other")
    page = text(alices.get("/"))
    assert "1 of 2 done" in page
    assert "Set your prices and go live" not in page


def test_the_first_steps_can_be_hidden_and_brought_back_in_this_browser(
    alices: Client, bob: User, home: Property
) -> None:
    way = reverse("show-steps")
    assert alices.post(way).status_code == 302
    page = text(alices.get("/"))
    assert "Get ready to sell" not in page
    assert "Show the 5 steps that are left" in page
    bobs = Client()
    bobs.force_login(bob)
    assert the_steps(bobs)[1] == STEPS[1]
    alices.post(way, {"again": "1"})
    assert the_steps(alices)[1] == STEPS[1]


# What needs the host


def test_what_needs_the_host_stands_in_order_of_its_urgency(alices: Client, home: Property) -> None:
    link, feed = cast.a_stay_link(home), a_read_feed(home)
    for kind, about in (("held", feed), ("failing", feed), ("conflict", None)):
        details = {"feed": "Airbnb", "nights": 3, "first": "Airbnb", "second": "Vrbo", "arrival": "2026-12-04",
                   "departure": "2026-12-06"}  # fmt: skip
        Alert.objects.create(
            organization=home.organization, property=home, feed=about, kind=kind, key=kind, details=details,
            opened_at=cast.NOW,
        )  # fmt: skip
    late = a_purchase(link, "asked", answer_by=cast.NOW + 20 * HOUR, guest_name="Late Lena")
    soon = a_purchase(link, "asked", answer_by=cast.NOW + HOUR, guest_name="Hasty Hugo")
    alerts.open_one(home, Alert.Kind.REQUEST, "request", {"guest": "Hasty Hugo"}, cast.NOW)
    Delivery.objects.create(
        organization=home.organization, purchase=late, news="declined", to="guest", address="lena@nowhere.example",
        created_at=cast.NOW, next_try_at=cast.NOW, trouble="550 no such user", given_up_at=cast.NOW,
    )  # fmt: skip
    page = text(alices.get("/"))
    heads = [
        "Double booking at Casa Gràcia", "Hasty Hugo asks at Casa Gràcia: 2 extra nights", "Late Lena asks",
        "Airbnb can't be read", "An e-mail to lena@nowhere.example", "Airbnb dropped nights",
    ]  # fmt: skip
    places = [page.find(f"<b>{head}") for head in heads]
    assert -1 not in places
    assert places == sorted(places)
    assert page.count("<b>Hasty Hugo asks") == 1, "its alert says the same"
    assert f'href="{reverse("upsells:purchase", args=[home.public_id, soon.public_id])}"' in page
    assert "1 hour left" in page
    assert page.index("What needs you") < page.index("Get ready to sell")


# Who comes and leaves


def the_days(organization: Organization, now: datetime = cast.NOW) -> list[Day]:
    homes = list(Property.objects.of(organization).active().order_by("name"))
    return days(organization, homes, now)


def said(day: Day) -> list[tuple[str, str, str, str]]:
    """Each move of a day: which way, where, when, and who."""
    both = [("out", move) for move in day.leaving] + [("in", move) for move in day.coming]
    return [(way, move.home.name, f"{move.at:%H:%M}", move.guest) for way, move in both]


def test_a_stay_that_was_lengthened_leaves_once_and_at_the_hour_that_was_sold(
    alices: Client, home: Property
) -> None:
    link = cast.a_stay_link(home)
    cast.an_import(a_read_feed(home), cast.nights(-4, 3))
    cast.an_import(Feed.objects.get(), cast.nights(1, 4))
    cast.a_sale(home, cast.nights(-1, 2), reference="sold")
    a_purchase(link, "confirmed", nights=date_range(cast.nights(-1, 2)),
               period=instants(home.house.stay(cast.nights(-1, 2))), guest_name="Marta Puig")  # fmt: skip
    tomorrow = cast.TODAY + DAY
    hours_sold(link, tomorrow, "late_check_out", time(11), time(13, 30))
    today, next_day = the_days(home.organization)
    assert said(today) == []
    assert said(next_day) == [
        ("out", "Casa Gràcia", "13:30", "Marta Puig"),
        ("in", "Casa Gràcia", "15:00", ""),
    ]
    (leaving,) = next_day.leaving
    assert (leaving.rest, leaving.is_tight) == (1.5 * HOUR, True)
    page = text(alices.get("/"))
    assert "Late check-out sold" in page
    assert "only 1 hour, 30 minutes to clean" in page


def test_a_guest_whose_stay_is_a_sale_of_ours_is_named_once(
    alices: Client, organization: Organization, home: Property
) -> None:
    nights = cast.nights(0, 2)
    sale = cast.a_sale(home, nights)
    Block.objects.filter(pk=sale.pk).update(summary="Marta Puig")  # as checkout names it
    a_purchase(cast.a_stay_link(home), "confirmed", nights=date_range(nights),
               period=instants(home.house.stay(nights)), guest_name="Marta Puig")  # fmt: skip
    (coming,) = the_days(organization)[0].coming
    assert coming.who == "Marta Puig"
    assert "Marta Puig · Marta Puig" not in text(alices.get("/"))


def test_an_early_guest_and_nights_before_the_stay_are_one_arrival(home: Property) -> None:
    link = cast.a_stay_link(home)
    cast.an_import(a_read_feed(home), cast.nights(2, 3))
    cast.a_sale(home, cast.nights(0, 2))
    bought = cast.nights(0, 2)
    a_purchase(link, "confirmed", kind="nights_before", nights=date_range(bought),
               period=instants(home.house.stay(bought)), guest_name="Ada")  # fmt: skip
    hours_sold(link, cast.TODAY, "early_check_in", time(12), time(15), guest_name="Ada")
    today, tomorrow = the_days(home.organization)
    assert (said(today), said(tomorrow)) == ([("in", "Casa Gràcia", "12:00", "Ada")], [])


def test_today_is_each_homes_own(organization: Organization) -> None:
    at_midnight = datetime.combine(cast.TODAY, time(23, 30), cast.NOW.tzinfo)
    for name, zone in (("Auckland", "Pacific/Auckland"), ("Honolulu", "Pacific/Honolulu")):
        home = cast.a_property(organization, name, zone)
        url = f"https://www.airbnb.com/calendar/ical/{name}.ics"
        cast.an_import(a_read_feed(home, url), cast.nights(-1, 2))
    today, _tomorrow = the_days(organization, at_midnight)
    assert [name for _way, name, _at, _guest in said(today)] == ["Auckland"]
    assert today.date is None
    today, _tomorrow = the_days(organization, at_midnight + 13 * HOUR)
    assert [name for _way, name, _at, _guest in said(today)] == ["Honolulu"]


# What was sold


def test_sales_count_in_their_thirty_days_and_each_currency_by_itself(home: Property) -> None:
    link = cast.a_stay_link(home)
    for days_ago, amount, currency in ((0, 100_00, "EUR"), (29, 50_00, "EUR"), (30, 70_00, "EUR"), (59, 5_00, "EUR"),
                                       (60, 999_00, "EUR"), (3, 20_00, "USD")):  # fmt: skip
        row = a_purchase(link, "confirmed", amount=amount, created_at=cast.NOW - days_ago * DAY)
        Purchase.objects.filter(pk=row.pk).update(currency=currency)
    a_purchase(link, "held", amount=1_000_00)
    found = takings(home.organization, [home], cast.NOW)
    assert [(each.label, each.value, each.note) for each in found] == [
        ("Sold in 30 days", "€150.00", "€75.00 in the 30 days before"),
        ("Sold in 30 days", "US$20.00", "US$0.00 in the 30 days before"),
        ("Sales in 30 days", "3", "2 in the 30 days before"),
    ]
    euros = found[0].curve
    assert euros
    assert euros.line.startswith("M0 100.0L33 66.7L")
    assert euros.line.endswith("L1000 0.0")
    assert euros.before.endswith("L1000 50.0")


# The whole page


def fill(organization: Organization, count: int) -> None:
    """Homes with all that Home tells of."""
    for number in range(count):
        home = cast.a_property(organization, f"Home {number:03}", ("Europe/Madrid", "Asia/Tokyo")[number % 2])
        feed = a_read_feed(home, f"https://www.airbnb.com/calendar/ical/{number}.ics")
        cast.a_feed(home, f"https://www.vrbo.com/icalendar/{number}.ics", failures=2, failing_since=cast.NOW)
        cast.an_import(feed, cast.nights(-2, 3))
        cast.an_import(feed, cast.nights(1, 3))
        is_read_by_its_site(cast.an_export(home))
        cast.an_offer(home)
        link = cast.a_stay_link(home)
        asked = a_purchase(link, "asked")
        a_purchase(link, "confirmed")
        hours_sold(link, cast.TODAY + DAY, "late_check_out", time(11), time(12))
        Delivery.objects.create(
            organization=organization, purchase=asked, news="declined", to="guest", address="a@b.example",
            created_at=cast.NOW, next_try_at=cast.NOW, trouble="timeout",
        )  # fmt: skip
        Alert.objects.create(organization=organization, property=home, feed=feed, kind="failing", key="f",
                             details={"feed": "Airbnb"}, opened_at=cast.NOW)  # fmt: skip


def test_the_number_of_queries_does_not_grow(alices: Client, organization: Organization) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            page = text(alices.get("/"))
        assert "Home 000" in page
        return len(queries)

    fill(organization, 1)
    few = asked()
    fill(organization, 7)
    assert asked() == few <= 24


def test_nothing_of_another_organization_is_on_the_page(
    client: Client, organization: Organization, mallory: User
) -> None:
    fill(organization, 1)
    cast.a_property(mallory.organizations.get(), "Villa Mallory")
    client.force_login(mallory)
    page = text(client.get("/"))
    assert "Villa Mallory" in page
    for word in ("Home 000", "Marta Puig", "a@b.example", "Airbnb</a>"):
        assert word not in page, word


def test_a_site_that_nobody_knows_has_the_name_that_its_links_have(alices: Client, home: Property) -> None:
    cast.a_feed(home)
    link = cast.an_export(home, "other")
    assert "Other calendar" in alices.get("/").content.decode()
    ExportLink.objects.filter(pk=link.pk).update(label="Booking sites")
    page = alices.get("/").content.decode()
    assert "Booking sites" in page
    assert "Other calendar" not in page


def test_a_home_without_calendars_is_told_to_sell_nothing(alices: Client, home: Property) -> None:
    page = text(alices.get("/"))
    assert "Casa Gràcia reads no calendar, so nothing is sold there." in page
    assert "Nobody comes or leaves." in page
    assert "€0.00" in page


def test_a_calendar_that_rests_is_neither_called_read_nor_wrong(alices: Client, home: Property) -> None:
    a_read_feed(home)
    a_read_feed(home, "https://www.vrbo.com/icalendar/1.ics", paused_at=cast.NOW)
    page = text(alices.get("/"))
    assert "1 calendar is paused: new bookings there aren't seen." in page
    assert "calendars are being read" not in page
    assert "Airbnb: read." in page
    assert "See what is wrong" not in page
    assert "Not read yet" not in page


def test_where_all_calendars_rest_the_step_says_so(alices: Client, home: Property) -> None:
    a_read_feed(home, paused_at=cast.NOW)
    assert "Airbnb is paused at Casa Gràcia." in text(alices.get("/"))


def test_a_clock_is_named_as_people_write_its_place(alices: Client, organization: Organization) -> None:
    for name, zone in (("Loft", "America/New_York"), ("Lake", "America/New_York"), ("Casa", "Europe/Madrid")):
        cast.a_property(organization, name, zone)
    assert "Times are those of America/New York;" in text(alices.get("/"))
