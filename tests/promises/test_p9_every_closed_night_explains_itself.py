from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import Settings

from calendars import ledger, lineage
from calendars.models import Block, Feed
from domain.events import Kind
from domain.spans import Span, nights_in
from domain.switches import Switches
from properties.models import Property
from tests import cast
from tests.conftest import read
from tests.stories.lookalikes import Site, airbnb_closed, airbnb_reserved, booking_closed

MINUTE = timedelta(minutes=1)
SINCE = "1 Dec 2026, 10:00"  # cast.NOW on Madrid's clocks
WORDS = {
    Kind.RESERVATION: "a booking",
    Kind.TENTATIVE: "a tentative booking",
    Kind.OWNER: "kept for the owner",
    Kind.PREPARATION: "preparation time",
    Kind.GAP: "a gap too short to book",
    Kind.ADVANCE_NOTICE: "too soon to book there",
    Kind.BOOKING_WINDOW: "too far ahead to book there",
    Kind.BLOCK: "closed there, without a reason",
}


@pytest.fixture(autouse=True)
def the_day() -> Iterator[None]:
    """It is the day of the cast."""
    with time_machine.travel(cast.NOW):
        yield


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with Site("airbnb") as site:
        yield site


def _answer(client: Client, home: Property, night: object) -> Any:
    answer = client.get(reverse("calendars:month", args=[home.public_id]), {"night": str(night)})
    assert answer.status_code == 200
    return answer


def _why(client: Client, home: Property, night: object) -> str:
    """The page that explains the night, as its reader sees it."""
    return unescape(_answer(client, home, night).content.decode())


def test_the_page_names_feed_event_since_when_and_what_would_open_it(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, label="Flat on Airbnb", last_good_at=cast.NOW + 5 * MINUTE)
    span = cast.nights(12, 3)
    cast.an_import(feed, span, summary="Reserved for Marta")
    page = _why(alices, home, span.start)
    for words in (
        "Closed by Flat on Airbnb",
        "Reserved for Marta",
        SINCE,
        "1 Dec 2026, 10:05",
        "It opens when Flat on Airbnb no longer lists it",
    ):
        assert words in page


@pytest.mark.parametrize("kind", WORDS)
def test_every_kind_of_entry_says_what_it_is_since_when_and_what_would_open_it(
    alices: Client, home: Property, kind: Kind
) -> None:
    feed = cast.a_feed(home)
    cast.an_import(feed, cast.nights(12, 2), kind=kind, summary="As the site says")
    page = _why(alices, home, cast.nights(13).start)
    for words in (
        "Closed by Airbnb",
        "As the site says",
        WORDS[kind],
        SINCE,
        "It opens when Airbnb no longer",
    ):
        assert words in page


def test_there_are_words_for_every_kind() -> None:
    assert WORDS.keys() == set(Kind) - {Kind.HOURS}
    assert lineage.KINDS.keys() == set(Kind)


def test_a_night_that_waits_says_since_when_and_when_it_can_open(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, held_nights=3)
    span = cast.nights(12, 3)
    cast.an_import(feed, span, missing_since=cast.NOW, missing_reads=1)
    page = _why(alices, home, span.start)
    for words in (
        "Airbnb no longer lists it. It stays closed until more reads agree",
        "seen missing once",
        "It can open at 1 Dec, 10:30 at the earliest.",
        "Free all 3 nights now",
    ):
        assert words in page


def test_a_night_that_a_faulty_read_left_out_is_explained_by_what_really_happened(
    alices: Client, home: Property, site: Site
) -> None:
    today = home.house.today(timezone.now())
    stay, other = (Span(today + timedelta(days=n), today + timedelta(days=n + 3)) for n in (10, 20))
    site.says(airbnb_reserved(stay, guest="a"), airbnb_reserved(other, guest="b"))
    feed = site.feed(home)
    read(feed)
    site.says(airbnb_reserved(other, guest="b"))
    read(feed)
    page = _why(alices, home, stay.start)
    for words in ("Closed by Airbnb", "Reserved", "no longer lists it", "seen missing once"):
        assert words in page
    site.instead = b"<html>sorry</html>"
    read(feed)
    assert "no longer lists it" in _why(alices, home, stay.start)


def test_a_night_that_is_sold_all_the_same_says_so(alices: Client, home: Property, site: Site) -> None:
    today = home.house.today(timezone.now())
    stay = Span(today + timedelta(days=10), today + timedelta(days=13))
    after = Span(stay.end, stay.end + timedelta(days=1))
    site.says(airbnb_reserved(stay), airbnb_closed(after))
    feed = site.feed(home)
    read(feed)
    with ledger.changing(home, timezone.now()) as change:
        ledger.treat(change, feed, Switches(sells_around=True))
    page = _why(alices, home, after.start)
    for words in (
        "Closed by Airbnb; you sell it",
        "preparation time",
        "You let such nights be sold, so this alone doesn't close it.",
    ):
        assert words in page


def test_a_sale_that_a_site_reads_back_is_told_from_a_booking(
    alices: Client, home: Property, site: Site
) -> None:
    cast.an_export(home, "booking")
    span = cast.nights(12, 2)
    with ledger.changing(home, cast.NOW) as change:
        ledger.hold(change, span, until=cast.NOW + 10 * MINUTE, reference="a")
        ledger.confirm(change, "a")
    site.name = "booking"
    site.says(booking_closed(span))
    read(site.feed(home))
    page = _why(alices, home, span.start)
    for words in (
        "Sold by you as an extra night",
        "Closed by Booking.com",
        "This is your own sale, read back by Booking.com.",
        "It opens when the sale is cancelled.",
        "It opens some hours after yours is gone",
    ):
        assert words in page
    with ledger.changing(home, cast.NOW + MINUTE) as change:
        ledger.release(change, "a")
    assert "This was your own sale or closure, read back by Booking.com." in _why(alices, home, span.start)


def test_every_origin_has_its_own_words(alices: Client, home: Property) -> None:
    now = timezone.now()
    with ledger.changing(home, now) as change:
        ledger.close(change, cast.nights(20), "Painter comes")
        ledger.hold(change, cast.nights(22), until=now + timedelta(minutes=10), reference="a")
        ledger.hold(change, cast.nights(24), until=now + timedelta(minutes=10), reference="b")
        ledger.confirm(change, "b")
    assert set(Block.objects.values_list("origin", flat=True)) == {"host", "hold", "sale"}
    for night, words in (
        (20, ("Closed by you", "Painter comes", "It opens when you open it again.")),
        (22, ("A guest is booking it right now", "It opens by itself")),
        (24, ("Sold by you as an extra night", "It opens when the sale is cancelled.")),
    ):
        page = _why(alices, home, cast.nights(night).start)
        assert all(each in page for each in words)


def test_a_double_booking_names_both_and_what_to_do(alices: Client, home: Property) -> None:
    for url in ("https://www.airbnb.com/1.ics", "https://www.vrbo.com/2.ics"):
        cast.an_import(cast.a_feed(home, url), cast.nights(12, 2))
    page = _why(alices, home, cast.nights(12).start)
    for words in ("Closed by Airbnb", "Closed by Vrbo", "Double booking", "Decide who stays"):
        assert words in page


def test_an_open_night_claims_nothing(alices: Client, home: Property) -> None:
    cast.an_import(cast.a_feed(home), cast.nights(12, 2))
    context = _answer(alices, home, cast.nights(14).start).context
    assert (context["reasons"], context["is_open"]) == ([], True)


@st.composite
def claims(draw: st.DrawFn) -> list[tuple[str, Span, dict[str, object]]]:
    """Claims on next month's nights of every origin, kind and state."""
    found = []
    for number in range(draw(st.integers(1, 6))):
        span = cast.nights(draw(st.integers(1, 20)), draw(st.integers(1, 6)))
        origin = draw(st.sampled_from(["feed", "host", "sale", "hold"]))
        columns: dict[str, object] = {"uid": str(number)}
        if origin == "feed":
            columns["kind"] = draw(st.sampled_from(list(WORDS)))
            state = draw(st.sampled_from(["closed", "held", "yields"]))
            columns["missing_since"] = cast.NOW if state == "held" else None
            columns["yields"] = state == "yields"
        found.append((origin, span, columns))
    return found


class Explained(TestCase):
    """Hypothesis needs a transaction for each example."""

    @given(claims())
    @hypothesis_settings(max_examples=25)
    def test_whatever_closes_a_night_says_who_since_when_and_what_would_open_it(
        self, found: list[tuple[str, Span, dict[str, object]]]
    ) -> None:
        home = cast.a_property(cast.an_organization())
        feed = cast.a_feed(home)
        for origin, span, columns in found:
            _claim(feed, origin, span, columns)
        blocks = list(Block.objects.select_related("feed"))
        today = home.house.today(cast.NOW)
        closed = nights_in(ledger.taken(home, cast.nights(0, 60)))
        for night in cast.nights(0, 40).nights():
            reasons = lineage.reasons(night, blocks, today)
            assert (night in closed) == any(reason.state != "yields" for reason in reasons)
            assert all(reason.title and reason.opens and reason.block.since for reason in reasons)
            assert all(reason.kind for reason in reasons if reason.block.feed)


def _claim(feed: Feed, origin: str, span: Span, columns: dict[str, object]) -> None:
    if origin == "feed":
        cast.an_import(feed, span, **columns)
        return
    reference = str(columns["uid"])
    with ledger.changing(feed.property, cast.NOW) as change:
        if origin == "host":
            ledger.close(change, span)
            return
        try:
            ledger.hold(change, span, until=cast.NOW + MINUTE, reference=reference)
        except ledger.NightsTaken:
            return
        if origin == "sale":
            ledger.confirm(change, reference)
