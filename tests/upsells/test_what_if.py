"""The what-if page: departures to come and those of the past year, now and as they would be."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from calendars import ledger
from calendars.models import Feed, Snapshot
from domain.ics import content_digest
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.upsells.pages import DEPARTURE, NIGHTLY, text
from upsells import replays
from upsells.models import Offer

TRIAL = {
    "turnaround": "240", "nights_price": "99", "most_nights": "4", "least_gap": "0", "hours_price": "15",
    "most_hours": "4", "limit": "15:00",
}  # fmt: skip


def page(alices: Client, home: Property, **changes: str) -> Any:
    return alices.get(reverse("upsells:what-if", args=[home.public_id]), (TRIAL | changes) if changes else {})


def calendar(*stays: Span) -> bytes:
    """What a site says when these stays are booked there."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//"]
    for stay in stays:
        lines += ["BEGIN:VEVENT", f"UID:{stay.start}@test", f"DTSTART;VALUE=DATE:{stay.start:%Y%m%d}",
                  f"DTEND;VALUE=DATE:{stay.end:%Y%m%d}", "SUMMARY:Reserved", "END:VEVENT"]  # fmt: skip
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def said(feed: Feed, at: datetime, *stays: Span) -> None:
    body = calendar(*stays)
    Snapshot.objects.create(feed=feed, at=at, digest=content_digest(body), body=body)


def row(table: dict[str, Any], day: object) -> dict[str, Any]:
    (found,) = [each for each in table["rows"] if each["day"] == day]
    return found  # type: ignore[no-any-return]  # a row of a template context


def test_departures_to_come_are_shown_with_the_most_a_guest_could_buy(
    alices: Client, home: Property, offer: Offer
) -> None:
    answer = page(alices, home)
    nights, hours = row(answer.context["coming"], DEPARTURE)["now"]
    assert (nights.span, nights.amount.amount) == (cast.nights(3, 4), 4 * NIGHTLY)
    assert hours.amount is None
    assert answer.context["after"] is None
    assert "not on sale now" in text(answer)


def test_what_is_tried_stands_beside_what_is_now_and_is_not_saved(
    alices: Client, home: Property, offer: Offer
) -> None:
    answer = page(alices, home, most_nights="9", nights_price="50", turnaround="60")
    then_nights, then_hours = row(answer.context["coming"], DEPARTURE)["then"]
    assert (then_nights.span, then_nights.amount.amount) == (cast.nights(3, 9), 9 * 5_000)
    assert (then_hours.time, then_hours.amount.amount) == ("15:00", 4 * 1_500 + 12_000)
    assert answer.context["coming"]["now"]["nights"] == 4 + 4
    offer.refresh_from_db()
    home.refresh_from_db()
    assert (offer.most_nights, offer.price, home.turnaround) == (4, NIGHTLY, 240)


def test_a_shorter_cleaning_time_gives_later_check_outs_that_cost_no_night(
    alices: Client, home: Property, feed: Feed
) -> None:
    cast.an_offer(home, 1_500, kind="late_check_out", closes_night=False)
    for minutes, until in (("240", ""), ("120", "13:00"), ("60", "14:00"), ("0", "15:00")):
        answer = page(alices, home, turnaround=minutes, percent="100")
        assert row(answer.context["coming"], DEPARTURE)["then"][1].time == until


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"turnaround": "-1"}, "turnaround"),
        ({"turnaround": "x"}, "turnaround"),
        ({"turnaround": "9" * 400}, "turnaround"),
        ({"nights_price": "0"}, "nights_price"),
        ({"most_nights": "31"}, "most_nights"),
        ({"most_nights": "2", "least_gap": "5"}, "least_gap"),
        ({"limit": "10:00"}, "limit"),
        ({"most_hours": "0.1"}, "most_hours"),
    ],
)
def test_what_cannot_be_tried_is_refused_at_its_field(
    alices: Client, home: Property, offer: Offer, changes: dict[str, str], field: str
) -> None:
    answer = page(alices, home, **changes)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors


# The past year


@pytest.fixture
def history(home: Property, feed: Feed) -> Feed:
    """A guest left ten days ago; two days before, the next stay began three nights after; later it began sooner."""
    cast.an_import(feed, cast.nights(-14, 4))
    left = cast.nights(-14, 4)
    said(feed, cast.NOW - timedelta(days=30), left)
    said(feed, cast.NOW - timedelta(days=13), left, cast.nights(-7, 2))
    said(feed, cast.NOW - timedelta(days=11), left, cast.nights(-9, 2))
    return feed


def test_a_past_departure_is_judged_by_what_the_calendar_said_two_days_before(
    alices: Client, home: Property, history: Feed
) -> None:
    cast.an_offer(home, NIGHTLY, most=7)
    answer = page(alices, home)
    nights, _hours = row(answer.context["past"], cast.TODAY - timedelta(days=10))["now"]
    assert nights.span == cast.nights(-10, 3)
    assert "The history begins on Sun, 1 Nov 2026." in text(answer)


def test_nights_that_the_host_had_closed_by_then_were_not_free(
    alices: Client, home: Property, history: Feed
) -> None:
    cast.an_offer(home, NIGHTLY, most=7)
    with ledger.changing(home, cast.NOW - timedelta(days=20)) as change:
        ledger.close(change, cast.nights(-8, 1))
    nights, _hours = row(page(alices, home).context["past"], cast.TODAY - timedelta(days=10))["now"]
    assert nights.span == cast.nights(-10, 2)


def test_departures_before_the_history_begins_are_left_out(
    alices: Client, home: Property, feed: Feed
) -> None:
    cast.an_offer(home)
    cast.an_import(feed, cast.nights(-14, 4))
    assert page(alices, home).context["past"]["rows"] == []
    said(feed, cast.NOW - timedelta(days=5), cast.nights(-14, 4))
    assert page(alices, home).context["past"]["rows"] == []


def test_a_snapshot_that_cannot_be_read_any_more_is_left_out(
    alices: Client, home: Property, history: Feed
) -> None:
    Snapshot.objects.filter(at=cast.NOW - timedelta(days=13)).update(body=b"<html>Log in</html>")
    cast.an_offer(home)
    assert page(alices, home).context["past"]["rows"] == []


def test_calendars_that_changed_all_the_time_are_looked_at_week_by_week(
    alices: Client, home: Property, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "MOST_BODIES", 4)
    stays = [cast.nights(-3 * n, 2) for n in range(1, 12)]
    for stay in stays:
        cast.an_import(feed, stay)
        said(feed, cast.NOW - (cast.TODAY - stay.end) - timedelta(days=4), stay)
    cast.an_offer(home)
    answer = page(alices, home)
    assert "the beginning of each week" in text(answer)


def test_a_year_of_changes_costs_a_fixed_number_of_queries(
    alices: Client, home: Property, feed: Feed
) -> None:
    cast.an_offer(home)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert page(alices, home, turnaround="60").status_code == 200
        return len(queries)

    said(feed, cast.NOW - timedelta(days=300), cast.nights(-290, 4))
    cast.an_import(feed, cast.nights(-290, 4))
    few = asked()
    for n in range(30):
        stay = cast.nights(-9 * n - 9, 4)
        cast.an_import(feed, stay)
        said(feed, cast.NOW - timedelta(days=9 * n + 12), stay)
    assert asked() == few <= 14


def test_what_a_trial_makes_impossible_elsewhere_in_the_terms_is_said_at_its_price(
    alices: Client, home: Property, offer: Offer
) -> None:
    Offer.objects.update(rounding=10_000, minimum=0)
    form = page(alices, home, nights_price="4").context["form"]
    assert list(form.errors) == ["nights_price"]
    assert "rounded down to nothing" in form.errors["nights_price"][0]


# Guests who arrive


def test_arrivals_are_tried_with_the_nights_and_hours_before_them(
    alices: Client, home: Property, offer: Offer
) -> None:
    cast.an_offer(home, 5_000, most=2, kind="nights_before")
    cast.an_offer(home, 2_000, kind="early_check_in", most_minutes=120)
    home.turnaround = 60
    home.save(update_fields=["turnaround"])
    answer = alices.get(reverse("upsells:what-if", args=[home.public_id]), {"side": "arriving"})
    arrival = cast.nights(12).start
    assert [each["day"] for each in answer.context["coming"]["rows"]] == [arrival]
    nights, hours = row(answer.context["coming"], arrival)["now"]
    assert (nights.span, nights.amount.amount) == (cast.nights(10, 2), 2 * 5_000)
    assert (hours.time, hours.amount.amount) == ("13:00", 2 * 2_000)
    assert "Early check-ins" in text(answer)
    tried = alices.get(
        reverse("upsells:what-if", args=[home.public_id]),
        TRIAL | {"side": "arriving", "most_nights": "1", "nights_price": "70", "limit": "13:00"},
    )
    assert row(tried.context["coming"], arrival)["then"][0].amount.amount == 7_000


def test_taxes_per_person_are_reckoned_as_in_the_preview(
    alices: Client, home: Property, offer: Offer
) -> None:
    Property.objects.filter(pk=home.pk).update(taxes=[["City tax", 0, 250, True]])
    nights, _hours = row(page(alices, home).context["coming"], DEPARTURE)["now"]
    assert nights.amount.amount == 4 * (NIGHTLY + 2 * 250)
