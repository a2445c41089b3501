"""The month view: every night's state, and closing nights by hand."""

import re
from datetime import date
from html import unescape

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from calendars import ledger
from calendars.models import Alert, Block, ExportLink
from calendars.models.rows import EMPTY_NIGHTS
from domain.events import Kind
from domain.spans import NIGHT
from properties import dates
from properties.models import Property
from tests import cast
from tests.calendars.months import HOUR, ahead, at, hold, month_of, text_of, why
from tests.upsells.pages import text

# The grid


def test_each_claim_is_drawn_as_what_it_is(alices: Client, home: Property, today: date) -> None:
    feed = cast.a_feed(home)
    spans = {
        word: ahead(today, 40 + 3 * place)
        for place, word in enumerate(("closed", "held", "host", "hold", "sale"))
    }
    cast.an_import(feed, spans["closed"])
    cast.an_import(feed, spans["held"], missing_since=timezone.now(), missing_reads=1)
    with ledger.changing(home, timezone.now()) as change:
        ledger.close(change, spans["host"])
    hold(home, spans["hold"], "holding")
    hold(home, spans["sale"], "sold")
    with ledger.changing(home, timezone.now()) as change:
        ledger.confirm(change, "sold")
    for word, span in spans.items():
        shown = month_of(alices, home, span.start)
        assert shown[span.start] == word
        assert shown[span.end] == "free", "the departure day"


@pytest.mark.parametrize("reverse_order", [False, True])
def test_a_night_closed_twice_is_not_shown_as_waiting(
    alices: Client, home: Property, today: date, reverse_order: bool
) -> None:
    span = ahead(today, 30)
    waits = {"missing_since": timezone.now(), "missing_reads": 1}
    claims = [(cast.a_feed(home, "https://one.example.org/a.ics"), {}), (cast.a_feed(home), waits)]
    for feed, columns in reversed(claims) if reverse_order else claims:
        cast.an_import(feed, span, **columns)
    assert month_of(alices, home, span.start)[span.start] == "closed"


def test_a_month_shows_whole_weeks_and_marks_today(alices: Client, home: Property, today: date) -> None:
    answer = alices.get(at(home))
    days = [day for week in answer.context["weeks"] for day in week]
    assert len(days) % 7 == 0
    assert [day.night for day in days if day.is_today] == [today]
    assert {day.night.month for day in days if day.in_month} == {today.month}
    assert all(day.is_past == (day.night < today) for day in days)


def test_today_is_that_of_the_home_and_not_of_the_server(alices: Client, home: Property) -> None:
    far = {
        zone: cast.a_property(home.organization, zone, zone)
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago")
    }
    found = [alices.get(at(row)).context["today"] for row in far.values()]
    assert found == [row.house.today(timezone.now()) for row in far.values()]
    assert found[0] > found[1]


def test_february_of_a_leap_year_and_the_turn_of_a_year_are_whole(alices: Client, home: Property) -> None:
    shown = [day for day in month_of(alices, home, date(2028, 2, 1)) if day.month == 2]
    assert len(shown) == 29
    answer = alices.get(at(home, month="2026-12"))
    assert (answer.context["previous"], answer.context["next"]) == (date(2026, 11, 1), date(2027, 1, 1))


@pytest.mark.parametrize(
    "query",
    [
        {"month": "nonsense"}, {"month": "2026-13"}, {"month": "0001-01"}, {"month": "9999-12"}, {"month": "-1"},
        {"month": "2026-W10"}, {"month": "20261"}, {"month": "%00"}, {"month": "٢٠٢٦-١٢"},
        {"night": "nonsense"}, {"night": "2026-02-30"}, {"night": "9999-12-31"}, {"night": "0001-01-01"},
        {"month": "9999-12", "night": "9999-12-31"}, {"night": "x" * 3000},
    ],
)  # fmt: skip
def test_a_nonsense_month_or_night_shows_this_month(
    alices: Client, home: Property, today: date, query: dict[str, str]
) -> None:
    answer = alices.get(at(home, **query))
    assert answer.status_code == 200
    assert answer.context["first"] == today.replace(day=1)
    assert answer.context["night"] is None


def test_a_night_alone_brings_its_month(alices: Client, home: Property, today: date) -> None:
    night = today + 70 * NIGHT
    answer = alices.get(at(home, night=night))
    assert (answer.context["first"], answer.context["night"]) == (night.replace(day=1), night)


def test_a_home_without_calendars_says_that_it_looks_free_only_for_that(
    alices: Client, home: Property
) -> None:
    assert "No calendar is connected yet" in text_of(alices.get(at(home)).content.decode())
    cast.a_feed(home)
    assert "No calendar is connected yet" not in text_of(alices.get(at(home)).content.decode())


def test_a_month_costs_the_same_number_of_queries_however_full_it_is(
    alices: Client, home: Property, today: date, django_assert_max_num_queries: object
) -> None:
    feed = cast.a_feed(home)
    for start in range(0, 60, 3):
        cast.an_import(feed, ahead(today, start, 2))
    with django_assert_max_num_queries(14):  # type: ignore[operator]  # pytest-django's fixture
        alices.get(at(home, night=today))


def test_claims_on_hours_only_close_no_night(alices: Client, home: Property, today: date) -> None:
    feed = cast.a_feed(home)
    cast.an_import(feed, ahead(today, 5))
    Block.objects.update(nights=EMPTY_NIGHTS, period=(timezone.now(), timezone.now() + HOUR), kind=Kind.HOURS)
    assert month_of(alices, home, today + 5 * NIGHT)[today + 5 * NIGHT] == "free"


# Double bookings


def test_nights_of_a_double_booking_are_marked_and_explained(
    alices: Client, home: Property, today: date
) -> None:
    cast.an_import(cast.a_feed(home), ahead(today, 10, 3))
    cast.an_import(cast.a_feed(home, "https://www.vrbo.com/icalendar/1.ics"), ahead(today, 12, 3))
    shown = [month_of(alices, home, today + n * NIGHT)[today + n * NIGHT] for n in range(10, 15)]
    assert shown == ["closed", "closed", "conflict", "closed", "closed"]
    said = why(alices, home, today + 12 * NIGHT)
    assert "Double booking at Casa Gràcia: Airbnb and Vrbo" in said
    assert "Decide who stays" in said
    assert "Double booking" not in why(alices, home, today + 11 * NIGHT)


def test_a_bar_breaks_where_a_double_booking_interrupts_it(
    alices: Client, home: Property, today: date
) -> None:
    cast.an_import(cast.a_feed(home), ahead(today, 10, 5))
    cast.an_import(cast.a_feed(home, "https://www.vrbo.com/icalendar/1.ics"), ahead(today, 12, 1))
    alert = Alert.objects.get()
    assert (alert.details["arrival"], alert.details["departure"]) == tuple(
        str(today + n * NIGHT) for n in (12, 13)
    )
    edges = {}
    for month in {(today + n * NIGHT).replace(day=1) for n in range(10, 15)}:
        weeks = alices.get(at(home, month=f"{month:%Y-%m}")).context["weeks"]
        edges |= {day.night: (day.starts, day.ends) for week in weeks for day in week}
    assert [edges[today + n * NIGHT] for n in range(10, 15)] == [
        (True, False),
        (False, True),
        (True, True),
        (True, False),
        (False, True),
    ]


def test_a_double_booking_of_another_home_marks_nothing_here(
    alices: Client, home: Property, today: date
) -> None:
    other = cast.a_property(home.organization, "Casa Sants")
    cast.an_import(cast.a_feed(other), ahead(today, 10))
    cast.an_import(cast.a_feed(other, "https://www.vrbo.com/icalendar/1.ics"), ahead(today, 10))
    cast.an_import(cast.a_feed(home), ahead(today, 10))
    night = today + 10 * NIGHT
    assert month_of(alices, other, night)[night] == "conflict"
    assert month_of(alices, home, night)[night] == "closed"


# By hand


def test_without_a_link_nobody_is_said_to_see_what_is_closed(
    alices: Client, home: Property, today: date
) -> None:
    ExportLink.objects.filter(pk=cast.an_export(home).pk).update(revoked_at=timezone.now())
    span = ahead(today, 10, 2)
    answer = alices.post(at(home, "close"), {"start": span.start, "end": span.end}, follow=True)
    said = answer.content.decode()
    assert re.search(r"Closed here: [^.]+\. No booking site reads an Amplistay link of this home yet", said)


def test_what_can_be_undone_is_told_apart_by_its_home_and_its_nights(
    alices: Client, home: Property, today: date
) -> None:
    other = cast.a_property(home.organization, "Casa Sants")
    for place, days in ((home, 10), (other, 20)):
        span = ahead(today, days, 3)
        alices.post(at(place, "close"), {"start": span.start, "end": span.end})
    page = " ".join(alices.get("/").content.decode().split())
    listed = page[page.index("Undo what you did") :]
    for place, days in ((home, 10), (other, 20)):
        span = ahead(today, days, 3)
        nights = dates.between(span.start, span.end, "MMMd")
        assert f"<b>{place.name}</b> · Closed here: {nights}." in listed


def test_nights_closed_by_hand_are_closed_everywhere_and_can_be_opened_again(
    alices: Client, home: Property, today: date
) -> None:
    link = cast.an_export(home)
    span = ahead(today, 10, 2)
    answer = alices.post(at(home, "close"), {"start": span.start, "end": span.end, "note": "Painter"})
    assert "Every channel sees it" in alices.get(answer["Location"]).content.decode()
    assert (answer.status_code, answer["Location"].partition("#")[0]) == (
        302,
        at(home, month=f"{span.start:%Y-%m}", night=span.start),
    )
    assert cast.busy(home) == [(span.start, span.end)]
    assert f"DTSTART;VALUE=DATE:{span.start:%Y%m%d}" in alices.get(cast.path_of(link)).content.decode()
    assert b"Painter" not in alices.get(cast.path_of(link)).content
    said = why(alices, home, span.start)
    assert "Closed by you" in said
    assert "“Painter”" in said
    assert (
        ">✕</span>" in alices.get(at(home, night=span.start)).content.decode().partition('class="reason"')[2]
    )
    block = Block.objects.get()
    answer = alices.post(at(home, "reopen", block.public_id))
    assert (answer.status_code, answer["Location"]) == (302, at(home, month=f"{span.start:%Y-%m}"))
    assert cast.busy(home) == []
    assert f"{span.start:%Y%m%d}" not in alices.get(cast.path_of(link)).content.decode()


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "start", "Enter a day."),
        ({"start": "soon", "end": "2027-01-02"}, "start", "Enter the day as a date, for example 2026-12-06."),
        ({"start": "2020-01-01", "end": "2027-01-02"}, "start", "That night is over."),
        ({"start": "2027-01-02", "end": "2027-01-02"}, "end", "Choose a day after the first night."),
        ({"start": "2027-01-02", "end": "2099-01-02"}, "end", "two years ahead"),
    ],
)
def test_bad_nights_close_nothing_and_get_a_sentence_at_the_field(
    alices: Client, home: Property, body: dict[str, str], field: str, says: str
) -> None:
    answer = alices.post(at(home, "close"), {**body, "note": "Painter"})
    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    where = page.index(f'id="id_{field}_error"')
    assert says in page[where : page.index("</ul>", where)]
    assert 'value="Painter"' in page
    assert all(f'value="{value}"' in page for value in body.values())
    assert not Block.objects.exists()


def test_reopening_leaves_what_a_site_closes(alices: Client, home: Property, today: date) -> None:
    span = ahead(today, 10, 2)
    cast.an_import(cast.a_feed(home), span)
    alices.post(at(home, "close"), {"start": span.start, "end": span.end})
    alices.post(at(home, "reopen", Block.objects.get(origin="host").public_id))
    assert cast.busy(home) == [(span.start, span.end)]


def test_only_the_hosts_own_closures_can_be_reopened(alices: Client, home: Property, today: date) -> None:
    imported = cast.an_import(cast.a_feed(home), ahead(today, 10))
    hold(home, ahead(today, 20))
    for block in (imported, Block.objects.get(origin="hold")):
        assert alices.post(at(home, "reopen", block.public_id)).status_code == 404
    assert Block.objects.count() == 2


def test_pressing_open_again_twice_is_answered_with_not_found(
    alices: Client, home: Property, today: date
) -> None:
    alices.post(at(home, "close"), {"start": today, "end": today + NIGHT})
    path = at(home, "reopen", Block.objects.get().public_id)
    assert [alices.post(path).status_code for _ in range(2)] == [302, 404]


def test_opening_the_address_of_the_sent_form_again_shows_the_month(
    alices: Client, home: Property, today: date
) -> None:
    answer = alices.get(at(home, "close", start=today, end=today + NIGHT))
    assert (answer.status_code, answer["Location"]) == (302, at(home))
    assert not Block.objects.exists()


def test_reopening_takes_a_post(alices: Client, home: Property, today: date) -> None:
    alices.post(at(home, "close"), {"start": today, "end": today + NIGHT})
    assert alices.get(at(home, "reopen", Block.objects.get().public_id)).status_code == 405
    assert Block.objects.exists()


def test_a_free_night_that_is_on_sale_has_its_price_and_those_sold_with_it_are_marked(
    alices: Client, home: Property
) -> None:
    with time_machine.travel(cast.NOW, tick=False):
        cast.an_import(cast.a_feed(home, last_good_at=cast.NOW), cast.nights(-3, 3))
        page = text(alices.get(at(home)))
        assert 'class="gap"' not in page
        cast.an_offer(home, most=3)
        page = text(alices.get(at(home)))
    assert re.findall(r'class="night".*?class="gap"[^>]*>([^<]*)<.*?</time>: ([^<]*)<', page) == [
        ("€99", "free, on sale for €99"),
        ("+1", "free, on sale together with the nights beside it"),
        ("+2", "free, on sale together with the nights beside it"),
    ]


def test_the_grid_is_drawn_anew_as_soon_as_anything_in_it_changes(
    alices: Client, home: Property, today: date
) -> None:
    feed = cast.a_feed(home, last_good_at=timezone.now(), last_read_at=timezone.now())
    stay = ahead(today, 40)
    cast.an_import(feed, stay)

    def grid() -> str:
        page = text(alices.get(at(home), {"month": f"{stay.start:%Y-%m}"}))
        return page.partition("<tbody>")[2].partition("</tbody>")[0]

    first = grid()
    assert grid() == first
    assert 'class="gap"' not in first
    offer = cast.an_offer(home)
    assert "€99" in grid()
    offer.price = 12_000
    offer.save()
    assert "€120" in grid()
    assert "€99" not in grid()
    feed.channel = "vrbo"
    feed.save()
    assert 'data-channel="vrbo"' in grid()
    alices.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
    assert "frei" in grid()
    alices.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert month_of(alices, home, stay.start)[stay.start] == "closed"
    Block.objects.all().delete()
    assert month_of(alices, home, stay.start)[stay.start] == "free"


def test_after_nights_are_closed_the_page_is_shown_from_the_message_on_that_says_so(
    alices: Client, home: Property, today: date
) -> None:
    span = ahead(today, 5)
    answer = alices.post(at(home, "close"), {"start": span.start, "end": span.end})
    assert "#" not in answer["Location"]
    assert 'role="status" tabindex="-1" autofocus>' in text(alices.get(answer["Location"]))


def test_printed_the_month_has_neither_help_nor_an_empty_form(
    alices: Client, home: Property, today: date
) -> None:
    page = text(alices.get(at(home)))
    assert re.findall(r'class="card ([^"]*)" (?:id="why" )?aria-labelledby="(why-h|close)"', page) == [
        ("why no-print", "why-h"),
        ("no-print", "close"),
    ]
    assert 'class="card why chosen" id="why"' in text(alices.get(at(home, night=today)))
