"""The month view: every night's state, why it is closed (promise P9), and closing nights by hand."""

import re
from datetime import date, datetime, timedelta
from html import unescape

import pytest
from django.contrib import messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calendars import ledger
from calendars.models import Alert, Block, ExportLink
from calendars.models.rows import EMPTY_NIGHTS
from domain.events import Kind
from domain.spans import NIGHT, Span
from properties.models import Property
from tests import cast

HTMX = {"HX-Request": "true"}
HOUR = timedelta(hours=1)


@pytest.fixture
def today(home: Property) -> date:
    return home.house.today(timezone.now())


def ahead(today: date, start: int, count: int = 1) -> Span:
    return Span(today + start * NIGHT, today + (start + count) * NIGHT)


def at(home: Property, name: str = "month", *ids: str, **query: object) -> str:
    path = reverse(f"calendars:{name}", args=[home.public_id, *ids])
    return path + "?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else path


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def why(browser: Client, home: Property, night: date, headers: dict[str, str] | None = None) -> str:
    """The words beside the calendar for one night."""
    answer = browser.get(at(home, month=f"{night:%Y-%m}", night=night), headers=headers)
    assert answer.status_code == 200
    page = answer.content.decode()
    start = page.index('id="why"')
    return text_of(page[start : page.index("</section>", start)])


def states(answer: HttpResponse) -> dict[date, str]:
    return {day.night: day.state for week in answer.context["weeks"] for day in week}


def month_of(browser: Client, home: Property, night: date) -> dict[date, str]:
    return states(browser.get(at(home, month=f"{night:%Y-%m}")))


def hold(home: Property, span: Span, reference: str = "guest") -> None:
    now = timezone.now()
    with ledger.changing(home, now) as change:
        ledger.hold(change, span, until=now + HOUR, reference=reference)


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
    with django_assert_max_num_queries(9):  # type: ignore[operator]  # pytest-django's fixture
        alices.get(at(home, night=today))


# Why a night is closed


def test_a_closed_night_names_its_feed_its_event_since_when_and_what_opens_it(
    alices: Client, home: Property, today: date
) -> None:
    feed = cast.a_feed(home, label="Airbnb, left door")
    span = ahead(today, 10, 3)
    since = datetime(2026, 7, 1, 21, 30, tzinfo=home.house.zone)
    block = cast.an_import(feed, span, summary="Reserved for Marta")
    Block.objects.filter(pk=block.pk).update(since=since)
    for night in span.nights():
        said = why(alices, home, night)
        assert "Closed by Airbnb, left door" in said
        assert "“Reserved for Marta”" in said
        assert "a booking" in said
        assert "First seen 1 Jul 2026, 21:30" in said
        assert "It opens when Airbnb, left door no longer lists it and later reads agree." in said
    assert "Closed by" not in why(alices, home, span.end)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (Kind.TENTATIVE, "a tentative booking"),
        (Kind.OWNER, "kept for the owner"),
        (Kind.PREPARATION, "preparation time"),
        (Kind.GAP, "a gap too short to book"),
        (Kind.ADVANCE_NOTICE, "too soon to book there"),
        (Kind.BOOKING_WINDOW, "too far ahead to book there"),
        (Kind.BLOCK, "closed there, without a reason"),
    ],
)
def test_each_kind_of_closure_has_its_words(
    alices: Client, home: Property, today: date, kind: Kind, says: str
) -> None:
    cast.an_import(cast.a_feed(home), ahead(today, 10), kind=kind, summary="Not available")
    assert says in why(alices, home, today + 10 * NIGHT)


def test_a_night_says_when_it_was_last_seen_unless_it_is_over(
    alices: Client, home: Property, today: date
) -> None:
    read = datetime(2026, 7, 1, 21, 30, tzinfo=home.house.zone)
    feed = cast.a_feed(home, last_good_at=read)
    cast.an_import(feed, ahead(today, -3, 6))
    assert "Last seen 1 Jul 2026, 21:30" in why(alices, home, today)
    assert "Last seen" not in why(alices, home, today - NIGHT)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (3, "That is soon, so it takes 3 reads over 4 hours."),
        (10, "That takes 2 reads over 30 minutes, or 4 hours when many nights go at once."),
    ],
)
def test_a_night_says_how_long_it_takes_to_open(
    alices: Client, home: Property, today: date, start: int, says: str
) -> None:
    cast.an_import(cast.a_feed(home), ahead(today, start))
    assert says in why(alices, home, today + start * NIGHT)


@pytest.mark.parametrize(
    ("columns", "wait"),
    [({}, timedelta(minutes=30)), ({"missing_slow": True}, timedelta(hours=4))],
)
def test_a_night_that_waits_says_since_when_and_when_it_opens_at_the_earliest(
    alices: Client, home: Property, today: date, columns: dict[str, object], wait: timedelta
) -> None:
    feed = cast.a_feed(home, last_good_at=timezone.now(), next_poll_at=timezone.now())
    since = timezone.now() - timedelta(minutes=5)
    cast.an_import(feed, ahead(today, 10), missing_since=since, missing_reads=2, **columns)
    said = why(alices, home, today + 10 * NIGHT)
    earliest = (since + wait).astimezone(home.house.zone)
    assert "Airbnb no longer lists it. It stays closed until more reads agree" in said
    assert f"{since.astimezone(home.house.zone):%H:%M}, seen missing 2 times" in said
    assert re.search(rf"It can open at \d+ \w+, {earliest:%H:%M} at the earliest\.", said)
    assert "Last seen" not in said


def test_a_night_missing_in_a_read_that_cannot_be_trusted_promises_no_time(
    alices: Client, home: Property, today: date
) -> None:
    cast.an_import(cast.a_feed(home), ahead(today, 10), missing_since=timezone.now(), missing_reads=0)
    said = why(alices, home, today + 10 * NIGHT)
    assert "in a read that can't be trusted" in said
    assert "at the earliest" not in said


def test_a_night_that_waits_for_a_paused_feed_says_that_nothing_is_read(
    alices: Client, home: Property, today: date
) -> None:
    feed = cast.a_feed(home, paused_at=timezone.now())
    cast.an_import(feed, ahead(today, 10), missing_since=timezone.now(), missing_reads=1)
    assert "While the calendar is paused, nothing is read" in why(alices, home, today + 10 * NIGHT)


def test_a_night_that_waits_can_be_freed_where_it_stands(alices: Client, home: Property, today: date) -> None:
    feed = cast.a_feed(home, held_nights=2)
    span = ahead(today, 10, 2)
    cast.an_import(feed, span, missing_since=timezone.now(), missing_reads=1)
    page = alices.get(at(home, night=span.start)).content.decode()
    assert f'action="{at(home, "free", feed.public_id)}"' in page
    assert "Free all 2 nights now" in page
    answer = alices.post(at(home, "free", feed.public_id), {"from": str(span.start)})
    assert answer["Location"] == at(home, month=f"{span.start:%Y-%m}", night=span.start)
    assert cast.busy(home) == []


def test_a_night_that_the_host_lets_be_sold_is_drawn_and_explained_as_such(
    alices: Client, home: Property, today: date
) -> None:
    night = today + 10 * NIGHT
    cast.an_import(cast.a_feed(home), ahead(today, 10), kind=Kind.PREPARATION, yields=True)
    assert month_of(alices, home, night)[night] == "yields"
    said = why(alices, home, night)
    assert "Closed by Airbnb; you sell it" in said
    assert "preparation time" in said
    assert "Close this night" in said


@pytest.mark.parametrize("columns", [{}, {"missing_since": timezone.now(), "missing_reads": 1}])
def test_a_night_that_something_else_closes_as_well_is_not_for_sale(
    alices: Client, home: Property, today: date, columns: dict[str, object]
) -> None:
    night = today + 10 * NIGHT
    cast.an_import(cast.a_feed(home), ahead(today, 10), kind=Kind.PREPARATION, yields=True)
    cast.an_import(cast.a_feed(home, "https://one.example.org/a.ics"), ahead(today, 10), **columns)
    assert month_of(alices, home, night)[night] == ("held" if columns else "closed")
    assert "Close this night" not in why(alices, home, night)


# Echoes


def test_a_sale_that_a_site_reads_back_is_named_as_ones_own(
    alices: Client, home: Property, today: date
) -> None:
    span = ahead(today, 10, 2)
    feed = cast.a_feed(home, echoes=[[str(span.start), str(span.end)]])
    hold(home, span)
    with ledger.changing(home, timezone.now()) as change:
        ledger.confirm(change, "guest")
    cast.an_import(feed, span, kind=Kind.BLOCK)
    said = why(alices, home, span.start)
    assert "This is your own sale, read back by Airbnb." in said
    assert "It opens some hours after yours is gone, once Airbnb has noticed." in said
    assert "Airbnb no longer lists it" not in said


def test_a_closure_that_a_site_reads_back_is_named_until_the_site_has_noticed(
    alices: Client, home: Property, today: date
) -> None:
    span = ahead(today, 10, 2)
    feed = cast.a_feed(home, echoes=[[str(span.start), str(span.end)]])
    with ledger.changing(home, timezone.now()) as change:
        block = ledger.close(change, span)
    cast.an_import(feed, ahead(today, 9, 3), kind=Kind.BLOCK)
    assert "This is your own closure, read back by Airbnb." in why(alices, home, span.start)
    assert "read back" not in why(alices, home, today + 9 * NIGHT), "only what is an echo"
    alices.post(at(home, "reopen", block.public_id))
    said = why(alices, home, span.start)
    assert "This was your own sale or closure, read back by Airbnb." in said
    assert "It is being freed: Airbnb may need some hours." in said


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


# Other claims


def test_a_night_that_two_feeds_close_has_two_reasons(alices: Client, home: Property, today: date) -> None:
    for url, uid in (
        ("https://www.vrbo.com/icalendar/1.ics", "a"),
        ("https://ical.booking.com/v1/export?t=1", "b"),
    ):
        cast.an_import(cast.a_feed(home, url), ahead(today, 10), uid=uid)
    said = why(alices, home, today + 10 * NIGHT)
    assert "Closed by Vrbo" in said
    assert "Closed by Booking.com" in said


def test_holds_and_sales_say_what_would_open_them(alices: Client, home: Property, today: date) -> None:
    night = today + 10 * NIGHT
    hold(home, ahead(today, 10))
    assert "A guest is booking it right now" in why(alices, home, night)
    assert "It opens by itself when the guest doesn't finish within ten minutes." in why(alices, home, night)
    with ledger.changing(home, timezone.now()) as change:
        ledger.confirm(change, "guest")
    assert "Sold by you as an extra night" in why(alices, home, night)
    assert "It opens when the sale is cancelled." in why(alices, home, night)


def test_a_free_night_says_its_price_and_can_be_closed(alices: Client, home: Property, today: date) -> None:
    said = why(alices, home, today + 10 * NIGHT)
    assert "No calendar closes this night." in said
    assert "€120.00" in said
    assert "Close this night" in said


def test_a_night_that_is_over_offers_nothing(alices: Client, home: Property, today: date) -> None:
    assert "It is over." in why(alices, home, today - NIGHT)
    assert "Close this night" not in why(alices, home, today - NIGHT)


def test_htmx_gets_the_reason_alone(alices: Client, home: Property, today: date) -> None:
    cast.an_import(cast.a_feed(home), ahead(today, 10))
    night = today + 10 * NIGHT
    answer = alices.get(at(home, month=f"{night:%Y-%m}", night=night), headers=HTMX)
    assert b"<table" not in answer.content
    assert b"<html" not in answer.content
    assert "Closed by Airbnb" in why(alices, home, night, HTMX)


def test_markup_in_an_events_summary_is_shown_as_text(alices: Client, home: Property, today: date) -> None:
    cast.an_import(cast.a_feed(home), ahead(today, 10), summary="<script>alert(1)</script>")
    page = alices.get(at(home, night=today + 10 * NIGHT)).content
    assert b"<script>alert(1)" not in page
    assert b"&lt;script&gt;alert(1)" in page


def test_claims_on_hours_only_close_no_night(alices: Client, home: Property, today: date) -> None:
    feed = cast.a_feed(home)
    cast.an_import(feed, ahead(today, 5))
    Block.objects.update(nights=EMPTY_NIGHTS, period=(timezone.now(), timezone.now() + HOUR), kind=Kind.HOURS)
    assert month_of(alices, home, today + 5 * NIGHT)[today + 5 * NIGHT] == "free"


# By hand


def test_without_a_link_nobody_is_said_to_see_what_is_closed(
    alices: Client, home: Property, today: date
) -> None:
    ExportLink.objects.filter(pk=cast.an_export(home).pk).update(revoked_at=timezone.now())
    span = ahead(today, 10, 2)
    answer = alices.post(at(home, "close"), {"start": span.start, "end": span.end}, follow=True)
    assert "Closed here. No booking site reads an Amplistay link of this home yet" in answer.content.decode()


def test_nights_closed_by_hand_are_closed_everywhere_and_can_be_opened_again(
    alices: Client, home: Property, today: date
) -> None:
    link = cast.an_export(home)
    span = ahead(today, 10, 2)
    answer = alices.post(at(home, "close"), {"start": span.start, "end": span.end, "note": "Painter"})
    assert "Every channel sees it" in str(*messages.get_messages(answer.wsgi_request))
    assert (answer.status_code, answer["Location"]) == (
        302,
        at(home, month=f"{span.start:%Y-%m}", night=span.start),
    )
    assert cast.busy(home) == [(span.start, span.end)]
    assert f"DTSTART;VALUE=DATE:{span.start:%Y%m%d}" in alices.get(cast.path_of(link)).content.decode()
    assert b"Painter" not in alices.get(cast.path_of(link)).content
    said = why(alices, home, span.start)
    assert "Closed by you" in said
    assert "“Painter”" in said
    block = Block.objects.get()
    answer = alices.post(at(home, "reopen", block.public_id))
    assert (answer.status_code, answer["Location"]) == (302, at(home, month=f"{span.start:%Y-%m}"))
    assert cast.busy(home) == []
    assert f"{span.start:%Y%m%d}" not in alices.get(cast.path_of(link)).content.decode()


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "start", "This field is required."),
        ({"start": "soon", "end": "2027-01-02"}, "start", "Enter a valid date."),
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
