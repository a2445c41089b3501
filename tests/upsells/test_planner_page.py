"""The calendar of all homes at once."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organization, User
from calendars import ledger, linking
from calendars.models import Feed
from domain.events import Kind
from properties.models import Property
from tests import cast
from tests.upsells.pages import a_purchase, text
from upsells import stays
from upsells.models import Offer

COLUMNS = Path(__file__).resolve().parents[2] / "static" / "css" / "planner-columns.css"
NIGHT = timedelta(days=1)


@pytest.fixture(autouse=True)
def noon() -> object:
    with time_machine.travel(cast.NOW, tick=False):
        yield


def board(browser: Client, **asked: object) -> str:
    answer = browser.get(reverse("planner"), asked)
    assert answer.status_code == 200
    return text(answer)


def bars(page: str, home: Property) -> list[tuple[str, str]]:
    """Where each bar of the home begins and how long it is, in half days, and what is said of it."""
    row = page.split(f'aria-label="{home.name}"', 1)[1].split('class="row-of"', 1)[0]
    found = re.findall(r'class="bar (s\d+ n\d+)[^"]*"[^>]*aria-label="([^"]*)"', row)
    return sorted(found)


def a_read_feed(home: Property, url: str = "https://www.airbnb.com/calendar/ical/1.ics?s=a") -> Feed:
    feed = cast.a_feed(home, url)
    feed.last_good_at = cast.NOW
    feed.save()
    return feed


def test_a_stay_is_drawn_from_its_first_afternoon_to_its_last_morning(alices: Client, home: Property) -> None:
    cast.an_import(a_read_feed(home), cast.nights(0, 3))
    page = board(alices)  # two days of the past come first
    assert bars(page, home) == [("s5 n6", "Airbnb, 1–4 Dec")]
    assert bars(board(alices, **{"from": cast.TODAY + NIGHT}), home) == [("s0 n5", "Airbnb, 1–4 Dec")]


def test_today_is_the_day_where_most_homes_are(alices: Client, home: Property) -> None:
    assert home.house.today(cast.NOW) == cast.TODAY
    for name in ("Bach", "Hut"):
        cast.a_property(home.organization, name, "Pacific/Kiritimati")  # 14 hours before UTC
    with time_machine.travel(cast.NOW + timedelta(hours=3), tick=False):
        page = board(alices)
    assert re.findall(r"<[^>]* is-today[^>]*>\D*(\d+)", page) == [str((cast.TODAY + NIGHT).day)]


def test_one_stay_told_by_two_calendars_is_one_bar_and_a_double_booking_is_two(
    alices: Client, home: Property
) -> None:
    airbnb = a_read_feed(home)
    manager = a_read_feed(home, "https://www.lodgify.com/ical/1.ics")
    vrbo = a_read_feed(home, "https://www.vrbo.com/icalendar/1.ics")
    cast.an_import(airbnb, cast.nights(0, 3))
    cast.an_import(manager, cast.nights(0, 3))
    assert [said for _where, said in bars(board(alices), home)] == ["Airbnb, 1–4 Dec"]
    cast.an_import(vrbo, cast.nights(2, 3))
    page = board(alices)
    assert len(bars(page, home)) == 2
    assert len(re.findall(r'class="bar s[^"]*is-conflict', page)) == 2
    assert "lane1" in page
    assert "Double booking" in page


def test_a_free_night_beside_a_stay_that_is_on_sale_shows_its_price(alices: Client, home: Property) -> None:
    cast.an_import(a_read_feed(home), cast.nights(0, 3))
    assert "is free and on sale" not in board(alices, gaps=1)
    cast.an_offer(home, price=9_900)
    assert 'data-from="?from=2026-11-29&gaps=1"' in board(alices)
    page = board(alices, gaps=1)
    assert "4 Dec is free and on sale for €99.00" in page
    assert page.count('class="gap ') == 1
    Feed.objects.update(last_good_at=cast.NOW - timedelta(hours=2))
    assert "is free and on sale" not in board(alices, gaps=1)


def test_a_night_beside_what_only_the_host_or_a_site_s_rule_closes_is_on_sale_to_no_guest(
    alices: Client, home: Property
) -> None:
    feed = a_read_feed(home)
    with ledger.changing(home, cast.NOW) as change:
        ledger.close(change, cast.nights(0, 3), "Painter")
    cast.an_import(feed, cast.nights(6, 2), uid="rule", kind=Kind.PREPARATION)
    feed.echoes = [[str(cast.nights(9).start), str(cast.nights(9).end)]]
    feed.save()
    cast.an_import(feed, cast.nights(9), uid="echo", kind=Kind.BLOCK)
    for kind in Offer.NIGHTLY:
        cast.an_offer(home, kind=kind)
    assert "is free and on sale" not in board(alices, gaps=1)


def test_a_night_beside_a_direct_booking_is_on_sale_to_its_guest(alices: Client, home: Property) -> None:
    a_read_feed(home)
    with ledger.changing(home, cast.NOW) as change:
        ledger.close(change, cast.nights(0, 3), "Marta")
    stays.add(home, cast.nights(0, 3), "", "Marta", cast.NOW)
    cast.an_offer(home, price=9_900)
    assert "4 Dec is free and on sale for €99.00" in board(alices, gaps=1)


@pytest.mark.parametrize(("language", "short"), [("en", "$99"), ("de", "99 $"), ("fr", "99 $"), ("it", "99")])
def test_a_price_on_the_board_is_short_enough_for_its_tile(
    alices: Client, home: Property, language: str, short: str
) -> None:
    cast.an_import(a_read_feed(home), cast.nights(0, 3))
    cast.an_offer(home, price=9_900)
    Property.objects.update(currency="USD")
    Offer.objects.update(currency="USD")
    alices.cookies["django_language"] = language
    shown = re.findall(r'class="gap [^>]*>(?:<[^>]*>)*([^<]*)', board(alices, gaps=1))
    assert [price.replace("\u00a0", " ") for price in shown] == [short]


def test_what_is_on_sale_comes_after_the_board_and_into_it(alices: Client, home: Property) -> None:
    cast.an_import(a_read_feed(home), cast.nights(0, 3))
    cast.an_offer(home)
    answer = text(alices.get(reverse("planner"), {"gaps": 1}, headers={"HX-Request": "true"}))
    assert f'data-of="gaps-{home.public_id}"><a class="gap s11 n2"' in answer
    assert 'class="bar ' not in answer
    assert "<html" not in answer


def test_sales_closures_and_held_nights_are_drawn_each_in_its_way(alices: Client, home: Property) -> None:
    feed = a_read_feed(home)
    cast.an_import(feed, cast.nights(0, 3))
    cast.a_sale(home, cast.nights(3, 2))
    with ledger.changing(home, cast.NOW) as change:
        ledger.close(change, cast.nights(20, 2), "Painter")
    cast.an_import(feed, cast.nights(30, 2), uid="gone", missing_since=cast.NOW, missing_reads=1)
    cast.an_import(feed, cast.nights(40, 2), uid="rule", kind=Kind.PREPARATION)
    page = board(alices)
    for state in ("is-closed", "is-sale", "is-host", "is-held", "is-rule"):
        assert state in page, state
    assert "Painter, 21–23 Dec" in page
    marks = dict(re.findall(r'is-(sale|host)" [^>]*data-ini="(\S+)"', page))
    assert marks == {"sale": "A", "host": "✕"}, "as the legend has them"


def test_a_stay_that_the_site_shows_lengthened_by_the_sale_is_one_bar(alices: Client, home: Property) -> None:
    feed, link = a_read_feed(home), cast.an_export(home)
    sale = cast.a_sale(home, cast.nights(3, 2))
    with ledger.changing(home, cast.NOW) as change:
        linking.suspend(change, sale, link, feed)
    cast.an_import(feed, cast.nights(0, 5))
    assert [said for _where, said in bars(board(alices), home)] == ["Airbnb, 1–6 Dec"]


def test_the_number_of_queries_does_not_grow_with_the_homes(
    alices: Client, organization: Organization, home: Property
) -> None:
    def filled(count: int) -> int:
        for number in range(count):
            other = cast.a_property(organization, f"Home {number:03}")
            for start in (0, 6, 12):
                cast.an_import(
                    a_read_feed(other, f"https://www.airbnb.com/calendar/ical/{number}{start}.ics"),
                    cast.nights(start, 3),
                )
            cast.an_offer(other)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            board(alices, gaps=1)
        return len(queries)

    assert filled(1) == filled(6)


def test_above_a_hundred_homes_the_others_come_as_they_are_scrolled_to(
    alices: Client, organization: Organization
) -> None:
    rows = [cast.a_property(organization, f"Home {number:03}") for number in range(103)]
    page = board(alices)
    assert page.count('role="group"') == 50
    more = re.search(r'class="more-homes" hx-get="([^"]+)"', page)
    assert more
    rest = alices.get(reverse("planner") + more[1], headers={"HX-Request": "true"}).content.decode()
    assert rest.count('role="group"') == 50
    assert "<html" not in rest
    assert rows[99].name in rest
    assert board(alices, **{"from": cast.TODAY, "after": 100}).count('role="group"') == 3


def test_rows_below_the_first_screens_are_there_for_browsers_without_scripts_too(
    alices: Client, organization: Organization
) -> None:
    for number in range(30):
        cast.a_property(organization, f"Home {number:03}")
    first, rest = board(alices).split('<noscript class="rest">')
    assert first.count('role="group"') == 24
    assert rest.split("</noscript>")[0].count('role="group"') == 6


def test_the_filter_is_in_the_address_and_finds_by_name_and_by_trouble(
    alices: Client, home: Property, organization: Organization
) -> None:
    other = cast.a_property(organization, "Villa Mar")
    page = board(alices, q="villa")
    assert other.name in page
    assert f'aria-label="{home.name}"' not in page
    assert 'value="villa"' in page
    assert "No home matches" in board(alices, show="trouble")
    assert "No home matches" in board(alices, q="nowhere")


def test_the_legend_explains_the_prices_between_the_bars(alices: Client, home: Property) -> None:
    sample = "Free and on sale, with its price"
    assert sample in board(alices)
    assert sample not in text(alices.get(reverse("calendars:month", args=[home.public_id])))


def test_whatever_is_searched_for_is_answered(alices: Client, home: Property) -> None:
    for words in ("\0", "%00", "'; --", "é" * 300):
        board(alices, q=words)


def test_nights_closed_from_the_board_lead_back_to_it(alices: Client, home: Property) -> None:
    nights = cast.nights(5, 2)
    body = {"start": nights.start, "end": nights.end, "board": cast.TODAY}
    answer = alices.post(reverse("calendars:close", args=[home.public_id]), body)
    back = f"{reverse('planner')}?from={cast.TODAY}"
    assert answer["Location"] == back
    page = text(alices.get(back))
    undo = page.partition('role="status"')[2].partition('action="')[2].partition('"')[0]
    assert alices.post(undo)["Location"] == back
    assert cast.busy(home) == []


@pytest.mark.parametrize("asked", ["", "tomorrow", "0001-01-01", "9999-12-31", "2026-13-40"])
def test_any_day_that_can_not_be_shown_leads_to_today(alices: Client, home: Property, asked: str) -> None:
    assert f'value="{cast.TODAY - 2 * NIGHT}"' in board(alices, **{"from": asked})
    assert home.name in board(alices, after=asked)


def test_the_agenda_says_who_comes_and_leaves_and_what_is_on_sale_day_by_day(
    alices: Client, home: Property
) -> None:
    cast.an_import(a_read_feed(home), cast.nights(0, 3))
    cast.an_offer(home)
    agenda = board(alices, view="agenda")
    assert re.findall(r"Arrival|Departure|Free and on sale", agenda) == [
        "Arrival",
        "Departure",
        "Free and on sale",
    ]
    assert 'name="view" value="agenda"' in agenda  # another filter stays with the agenda


def test_the_agenda_names_the_fortnight_it_tells_of(alices: Client, home: Property) -> None:
    for view in ("agenda", "board"):
        for asked, told in (("2026-11-20", "1–14 Dec"), ("2026-12-10", "10–23 Dec")):  # it doesn't look back
            page = re.sub(r"\s", "", board(alices, view=view, **{"from": asked}))
            assert f"<p>{told}</p>".replace(" ", "") in page, (view, asked)


def test_the_agenda_lets_a_guest_who_stays_on_leave_once_after_the_bought_night(
    alices: Client, home: Property
) -> None:
    cast.an_import(a_read_feed(home), cast.nights(0, 3))
    purchase = a_purchase(cast.a_stay_link(home), "confirmed", guest_name="Marta Puig")
    cast.a_sale(home, cast.nights(3, 2), reference=purchase.public_id)
    agenda = re.sub(r"<[^>]*>|\s+", " ", board(alices, view="agenda"))
    assert agenda.count("Arrival ·") == agenda.count("Departure ·") == 1
    assert "Departure · Airbnb · Marta Puig" in agenda.partition("6 Dec")[2]


def test_the_board_names_the_agenda_by_its_address_and_has_none_of_its_lines(
    alices: Client, home: Property
) -> None:
    cast.an_import(a_read_feed(home), cast.nights(0, 3))
    page = board(alices, q="casa")
    assert "Arrival" not in page
    address = re.search(r'id="agenda-days" hx-get="([^"]+)" hx-trigger="intersect once"', page)
    assert address
    assert f'href="{address[1]}"' in page  # where there is no JavaScript
    part = text(alices.get(reverse("planner") + address[1], headers={"HX-Request": "true"}))
    assert part.count("Arrival") == 1
    assert "<html" not in part


def test_the_agenda_of_many_homes_leads_on_to_the_next(alices: Client, organization: Organization) -> None:
    for number in range(101):
        cast.an_import(a_read_feed(cast.a_property(organization, f"Home {number:03}")), cast.nights(0, 3))
    page = board(alices, view="agenda")
    assert page.count("Arrival") == 50
    more = re.search(r'href="([^"]+after=50[^"]*)"', page)
    assert more
    rest = text(alices.get(reverse("planner") + more[1]))
    assert rest.count("Arrival") == 50
    assert "Home 050" in rest


def test_nobody_sees_another_organizations_homes(client: Client, home: Property, mallory: User) -> None:
    cast.an_import(a_read_feed(home), cast.nights(0, 3))
    client.force_login(mallory)
    page = board(client)
    assert home.name not in page
    assert "No home here yet" in page


def test_each_half_day_has_its_column() -> None:
    starts = "".join(f".s{number}{{grid-column-start:{number + 2}}}" for number in range(120))
    counts = "".join(f".n{number}{{grid-column-end:span {number}}}" for number in range(1, 121))
    assert COLUMNS.read_text().partition("\n")[2] == f"@layer components{{{starts}{counts}}}\n"


def test_the_day_that_a_bar_leads_to_is_one_of_the_board(alices: Client, home: Property) -> None:
    cast.an_import(a_read_feed(home), cast.nights(-10, 20))
    page = board(alices)
    found = re.search(r'href="([^"]+night=([\d-]+))"[^>]*data-channel="airbnb"', page)
    assert found
    assert date.fromisoformat(found[2]) == cast.TODAY - 2 * NIGHT
    assert alices.get(found[1].replace("&amp;", "&")).status_code == 200
