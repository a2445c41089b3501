"""What is announced, when the fact that it is about is committed; and what never leaves."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import Organization
from calendars import alerts, announcements, ledger
from calendars.models import Alert, Feed
from domain.spans import Span, merge
from properties.models import Property
from tests import cast
from tests.conftest import Listing
from tests.upsells.pages import a_purchase
from tests.webhooks.conftest import Listens
from tests.webhooks.listeners import EVERYTHING
from upsells import cancelling, checkout
from upsells.announcements import EVENTS
from upsells.models import Delivery, Payment, Purchase, StayLink
from webhooks.models import Message, Webhook

NOW = cast.NOW
HOUR = timedelta(hours=1)
GUEST, MAIL = "Marta Canary", "canary@example.org"


@pytest.fixture
def listening(organization: Organization, settings: Settings) -> Webhook:
    """A webhook that wants everything; nothing is sent in these tests."""
    settings.SITE_URL = "https://stay.example"
    return Webhook.objects.create(
        organization=organization,
        url="https://hooks.example/1",
        host="hooks.example",
        events=EVERYTHING,
        created_at=NOW,
    )


def told(event: str = "") -> list[Any]:
    """The data of what was announced, in order."""
    rows = Message.objects.order_by("pk")
    bodies = [json.loads(row.body) for row in rows if row.event.startswith(event)]
    return [body["data"] for body in bodies]


def events() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("event", flat=True))


def run(span: Span) -> dict[str, str]:
    return {"arrival": str(span.start), "departure": str(span.end)}


# Nights


def test_one_commit_tells_exactly_the_nights_that_it_changed(home: Property, listening: Webhook) -> None:
    with ledger.changing(home, NOW) as change:
        block = ledger.close(change, cast.nights(10, 4))
        ledger.close(change, cast.nights(20, 2))
    with ledger.changing(home, NOW) as change:
        ledger.close(change, cast.nights(12, 5))
    with ledger.changing(home, NOW) as change:
        ledger.reopen(change, block)
    first, second, third = told("nights.changed")
    assert first == {
        "property": {"id": home.public_id, "name": "Casa Gràcia"},
        "version": 1,
        "closed": [run(cast.nights(10, 4)), run(cast.nights(20, 2))],
        "opened": [],
        "more": False,
    }
    assert (second["closed"], second["opened"]) == ([run(cast.nights(14, 3))], [])
    assert (third["closed"], third["opened"]) == ([], [run(cast.nights(10, 2))])


def test_nights_that_were_closed_already_are_no_news(home: Property, listening: Webhook) -> None:
    with ledger.changing(home, NOW) as change:
        ledger.close(change, cast.nights(10, 4))
    with ledger.changing(home, NOW) as change:
        ledger.close(change, cast.nights(11, 2))
    assert len(told("nights")) == 1


def test_a_hold_that_runs_out_and_is_taken_anew_in_one_commit_is_no_news(
    home: Property, listening: Webhook
) -> None:
    with ledger.changing(home, NOW) as change:
        ledger.hold(change, cast.nights(5, 2), until=NOW + HOUR, reference="one")
    with ledger.changing(home, NOW + HOUR) as change:
        ledger.hold(change, cast.nights(5, 2), until=NOW + 2 * HOUR, reference="two")
    with ledger.changing(home, NOW + 2 * HOUR):
        pass
    assert [(each["closed"], each["opened"]) for each in told("nights")] == [
        ([run(cast.nights(5, 2))], []),
        ([], [run(cast.nights(5, 2))]),
    ]


def test_nights_cost_one_look_where_nobody_wants_them(home: Property, listening: Webhook) -> None:
    Webhook.objects.update(events=["sale.confirmed"])
    with CaptureQueriesContext(connection) as queries, ledger.changing(home, NOW) as change:
        ledger.close(change, cast.nights(10, 4))
    looks = [query for query in queries if "webhooks_" in query["sql"]]
    assert len(looks) == 1
    assert not Message.objects.exists()


DAYS = st.integers(0, 40)


@given(st.lists(st.tuples(DAYS, st.integers(1, 6))), st.lists(st.tuples(DAYS, st.integers(1, 6))))
def test_what_was_and_what_changed_make_what_is(
    before: list[tuple[int, int]], after: list[tuple[int, int]]
) -> None:
    first = date(2026, 12, 1)

    def merged(runs: list[tuple[int, int]]) -> set[Span]:
        spans = [Span(first + timedelta(days=at), first + timedelta(days=at + n)) for at, n in runs]
        return set(merge(spans))

    def nights(spans: Any) -> set[date]:
        return {night for span in spans for night in span.nights()}

    was, is_now = merged(before), merged(after)
    closed, opened = announcements.differing(was, is_now)
    assert nights(closed) == nights(is_now) - nights(was)
    assert nights(opened) == nights(was) - nights(is_now)


# Calendars and double bookings


def failing(home: Property, number: int = 0, **columns: object) -> Feed:
    """A feed that has failed for two hours, with a secret in its link."""
    values = {"failing_since": NOW - 2 * HOUR, "failures": 5, "last_good_at": NOW - 3 * HOUR, **columns}
    return cast.a_feed(home, f"https://www.airbnb.com/calendar/ical/{number}.ics?s=canary", **values)


def test_a_calendar_in_trouble_is_told_once_and_once_more_when_it_is_well(
    home: Property, listening: Webhook
) -> None:
    feed = failing(home)
    for _ in range(3):
        alerts.watch(NOW)
    Feed.objects.filter(pk=feed.pk).update(failing_since=None, last_good_at=NOW + HOUR)
    for _ in range(3):
        alerts.watch(NOW + HOUR)
    assert events() == ["feed.failing", "feed.recovered"]
    assert told()[0] == {
        "property": {"id": home.public_id, "name": "Casa Gràcia"},
        "feed": {"id": feed.public_id, "channel": "airbnb", "name": "Airbnb"},
        "kind": "failing",
        "since": "2026-12-01T07:00:00Z",
        "last_good_at": "2026-12-01T06:00:00Z",
        "url": f"https://stay.example/properties/{home.public_id}/connections/{feed.public_id}/log/",
    }


def test_a_calendar_that_fails_again_before_anybody_heard_that_it_was_well_is_told_again(
    home: Property, listening: Webhook
) -> None:
    feed = failing(home)
    alerts.watch(NOW)
    Feed.objects.filter(pk=feed.pk).update(failing_since=None, last_good_at=NOW + HOUR)
    alerts.watch(NOW + HOUR)
    Feed.objects.filter(pk=feed.pk).update(failing_since=NOW)
    alerts.watch(NOW + 2 * HOUR)
    assert events() == ["feed.failing", "feed.recovered", "feed.failing"]


def test_a_calendar_that_is_paused_has_not_recovered(home: Property, listening: Webhook) -> None:
    feed = failing(home)
    alerts.watch(NOW)
    Feed.objects.filter(pk=feed.pk).update(paused_at=NOW)
    alerts.watch(NOW + HOUR)
    assert events() == ["feed.failing"]
    assert not Alert.objects.open().exists()


def test_calendars_of_another_organization_are_nobodys_news(
    home: Property, mallory: Any, listening: Webhook
) -> None:
    failing(cast.a_property(mallory.organizations.get(), "Villa Mallory"))
    alerts.watch(NOW)
    assert Alert.objects.exists()
    assert events() == []


def test_forty_calendars_of_a_site_that_is_down_cost_no_more_looks_than_one(
    home: Property, listening: Webhook
) -> None:
    Webhook.objects.all().delete()
    for number in range(40):
        failing(home, number)
    with CaptureQueriesContext(connection) as queries:
        alerts.watch(NOW)
    assert Alert.objects.count() == 40
    assert len([query for query in queries if "webhooks_" in query["sql"]]) == 1


def test_a_double_booking_is_told_and_when_it_is_over(home: Property, listening: Webhook) -> None:
    first = cast.an_import(cast.a_feed(home), cast.nights(10, 3))
    other = cast.a_feed(home, "https://ical.booking.com/v1/export?t=canary")
    cast.an_import(other, cast.nights(11, 3))
    with ledger.changing(home, NOW + HOUR) as change:
        first.delete()
        change.touched = True
    assert [event for event in events() if event.startswith("conflict")] == [
        "conflict.opened",
        "conflict.resolved",
    ]
    opened, over = told("conflict")
    assert opened == over
    assert opened == {
        "id": Alert.objects.get().public_id,
        "property": {"id": home.public_id, "name": "Casa Gràcia"},
        "arrival": str(cast.nights(11).start),
        "departure": str(cast.nights(13).start),
        "kind": "nights",
        "between": opened["between"],
        "url": f"https://stay.example/properties/alerts/{Alert.objects.get().public_id}/",
    }
    assert sorted(opened["between"]) == ["Airbnb", "Booking.com"]


# Sales


def booked(link: StayLink, nights: int = 2) -> Purchase:
    stay, now = cast.leaving(link.property), timezone.now()
    purchase = checkout.begin(link, stay, f"extra_nights-{nights}", nights * 9_900, now)
    checkout.book(purchase, name=GUEST, email=MAIL, now=now)
    purchase.refresh_from_db()
    return purchase


def test_a_sale_is_told_with_its_confirmation_and_its_end(
    home: Property, place: Listing, link: StayLink, listening: Webhook
) -> None:
    purchase = booked(link)
    checkout.look_again(purchase, timezone.now())
    checkout.decide(purchase, timezone.now())
    cancelling.cancel(purchase, timezone.now())
    confirmed, cancelled = told("sale")
    nights = cast.more_nights(home)
    assert confirmed == {
        "id": purchase.public_id,
        "property": {"id": home.public_id, "name": "Casa Gràcia"},
        "kind": "extra_nights",
        "state": "confirmed",
        "reason": None,
        "nights": run(nights),
        "starts_at": confirmed["starts_at"],
        "ends_at": confirmed["ends_at"],
        "amount": 19_800,
        "refund": None,
        "currency": "EUR",
        "collection": "property",
        "charged": None,
        "given_back": None,
        "channel": None,
        "cancelled_by": None,
        "moved_to": None,
        "moved_from": None,
        "url": f"https://stay.example/properties/{home.public_id}/sales/{purchase.public_id}/",
    }
    assert confirmed["ends_at"].startswith(f"{nights.end}T11:00:00+0")
    assert (cancelled["id"], cancelled["state"]) == (purchase.public_id, "cancelled")
    assert (cancelled["refund"], cancelled["cancelled_by"]) == (19_800, "host")
    assert [each["opened"] for each in told("nights")][-1] == [run(nights)]


def test_a_purchase_that_comes_to_nothing_is_told_with_its_reason(
    home: Property, place: Listing, link: StayLink, listening: Webhook
) -> None:
    purchase = booked(link)
    place.book(*cast.stay_of(home, 4, 6), guest="Quick")
    checkout.look_again(purchase, timezone.now())
    checkout.decide(purchase, timezone.now())
    (said,) = told("sale")
    assert (said["state"], said["reason"], events().count("sale.declined")) == ("declined", "taken", 1)


def test_what_the_card_was_charged_and_given_back_is_told(link: StayLink, listening: Webhook) -> None:
    purchase = a_purchase(link, "cancelled", refund=19_800, cancelled_by="guest", collection="card")
    Payment.objects.create(
        organization_id=purchase.organization_id, purchase=purchase, account="acct_canary", amount=19_800,
        captured=19_800, refunded=19_800, state="refunded", created_at=NOW, card="Visa ···· 4242",
    )  # fmt: skip
    checkout.tell(purchase, Delivery.News.REFUNDED, NOW)
    (said,) = told("sale.refunded")
    assert (said["charged"], said["given_back"], said["refund"]) == (19_800, 19_800, 19_800)


def test_what_is_between_guest_and_host_is_told_to_nobody_else(link: StayLink, listening: Webhook) -> None:
    purchase = a_purchase(link, "confirmed")
    checkout.tell(purchase, Delivery.News.CANCEL_WISHED, NOW)
    assert events() == []


def test_every_news_of_a_purchase_is_either_told_or_nobodys_business() -> None:
    quiet = {"cancel_wished", "cancel_refused", "stuck"}
    assert EVENTS.keys() | quiet == set(Delivery.News.values)


def test_no_message_holds_a_guest_or_a_secret(
    home: Property, place: Listing, link: StayLink, listening: Webhook, listens: Listens
) -> None:
    purchase = booked(link)
    checkout.look_again(purchase, timezone.now())
    checkout.decide(purchase, timezone.now())
    failing(home)
    alerts.watch(NOW)
    said = "\n".join(Message.objects.values_list("body", flat=True))
    assert {"sale.confirmed", "nights.changed", "feed.failing"} <= set(events())
    for secret in ("Canary", "canary", link.token, "4242", "acct_"):
        assert secret not in said


def test_a_sale_stands_whatever_becomes_of_the_webhook(
    home: Property, place: Listing, link: StayLink, listening: Webhook
) -> None:
    Webhook.objects.update(url="https://10.0.0.1/")
    purchase = booked(link)
    checkout.look_again(purchase, timezone.now())
    assert checkout.decide(purchase, timezone.now()) == Purchase.State.CONFIRMED
