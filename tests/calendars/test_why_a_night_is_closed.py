"""Why a night is closed, in the words beside the month (promise P9)."""

import re
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calendars import ledger
from calendars.models import Block
from domain.events import Kind
from domain.spans import NIGHT
from properties.models import Property
from tests import cast
from tests.calendars.months import ahead, at, hold, month_of, why
from tests.upsells.pages import a_purchase

HTMX = {"HX-Request": "true"}


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


def test_a_sold_night_leads_to_its_sale_and_says_of_which_home_it_is_where_that_isnt_seen(
    alices: Client, home: Property, today: date
) -> None:
    purchase = a_purchase(cast.a_stay_link(home), "confirmed")
    span = ahead(today, 10, 2)
    hold(home, span, purchase.public_id)
    with ledger.changing(home, timezone.now()) as change:
        ledger.confirm(change, purchase.public_id)
    cast.an_import(cast.a_feed(home), ahead(today, 20))
    sale = reverse("upsells:purchase", args=[home.public_id, purchase.public_id])
    asked = at(home, night=span.start)
    on_the_board = alices.get(asked, headers=HTMX | {"HX-Target": "why-place"}).content.decode()
    assert f'href="{sale}"' in on_the_board
    assert f'id="why-h">{home.name} · ' in on_the_board
    assert home.name not in why(alices, home, span.start, HTMX)
    assert "Open the sale" not in why(alices, home, today + 20 * NIGHT)


def test_a_free_night_that_is_on_sale_says_to_whom_and_for_how_much(alices: Client, home: Property) -> None:
    with time_machine.travel(cast.NOW, tick=False):
        feed = cast.a_feed(home, last_good_at=cast.NOW)
        cast.an_import(feed, cast.nights(0, 3))
        cast.an_import(feed, cast.nights(6, 3), uid="next")
        cast.an_offer(home, price=8_000, most=2)
        said = why(alices, home, cast.TODAY + 3 * NIGHT)
        assert "Free On sale now for €80.00 to the guest leaving on 4 Dec. It usually costs €" in said
        said = why(alices, home, cast.TODAY + 4 * NIGHT)
        assert "On sale now to the guest leaving on 4 Dec: 2 nights for €160.00." in said
        assert "On sale" not in why(alices, home, cast.TODAY + 5 * NIGHT)
        cast.an_offer(home, price=7_000, kind="nights_before", most=1)
        assert "On sale now for €70.00 to the guest arriving on 7 Dec." in why(
            alices, home, cast.TODAY + 5 * NIGHT
        )
        home.organization.ends_at = cast.NOW + 30 * NIGHT
        home.organization.save()
        assert "On sale" not in why(alices, home, cast.TODAY + 3 * NIGHT)
