"""A feed's own page: how it stands, and its buttons and forms with and without scripts."""

import re
import uuid
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calendars import sentences
from calendars.models import Block, ExportLink, Feed, Readership
from connectors import links
from domain.events import Kind
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.calendars.feeds import AIRBNB, HOUR, MINUTE, SECRET, a_read, at, text_of

BOOKING = "https://ical.booking.com/v1/export?t=another-s3cr3t"
HTMX = {"HX-Request": "true"}


def field_errors(answer: HttpResponse, field: str) -> str:
    """What stands at a field of the page that was sent back."""
    page = unescape(answer.content.decode())
    start = page.index(f'id="id_{field}_error"')
    return page[start : page.index("</ul>", start)]


# How it stands


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({}, "Up to date"),
        ({"held_nights": 2}, "Waiting to be confirmed"),
        ({"last_good_at": timezone.now() - 3 * HOUR}, "Late"),
        ({"failures": 1, "problem": sentences.status(404, "www.airbnb.com")}, "Can't be read"),
        ({"failures": 2, "quarantined_at": timezone.now()}, "Quarantined"),
        ({"paused_at": timezone.now(), "failures": 3, "quarantined_at": timezone.now()}, "Paused"),
        ({"lease_until": timezone.now() + HOUR, "failures": 3}, "Checking…"),
    ],
)
def test_the_page_says_in_a_word_how_the_feed_stands(
    alices: Client, feed: Feed, columns: dict[str, object], word: str
) -> None:
    Feed.objects.update(**columns)
    answer = alices.get(at(feed))
    head = answer.content.decode().partition('id="head"')[2].partition("</section>")[0]
    chips = re.findall(r'class="chip[^"]*">.*?</svg>([^<]*)<', head, re.DOTALL)
    assert chips == [word] or [unescape(chip) for chip in chips] == [word]


def test_a_failing_feed_says_why_and_how_its_link_is_replaced(alices: Client, feed: Feed) -> None:
    Feed.objects.update(failures=1, problem=sentences.status(410, "www.airbnb.com"))
    page = alices.get(at(feed)).content.decode()
    assert "says this calendar is gone" in page
    assert 'href="#link"' in page


def test_waiting_nights_can_be_freed_from_the_page(alices: Client, feed: Feed) -> None:
    cast.an_import(feed, cast.nights(20, 2), missing_since=cast.NOW, missing_reads=1)
    Feed.objects.update(held_nights=2)
    assert "Free them now" in text_of(alices.get(at(feed)))
    answer = alices.post(at(feed, "free"), {"from": "page"})
    assert (answer.status_code, answer["Location"]) == (302, at(feed))
    assert "2 nights are open again." in text_of(alices.get(at(feed)))
    assert cast.busy(feed.property) == []


def test_no_page_of_a_feed_shows_its_link(alices: Client, feed: Feed) -> None:
    bad = {"label": "x" * 81}
    pages = [
        alices.get(at(feed)),
        alices.get(at(feed), headers=HTMX),
        alices.post(at(feed, "treat"), bad),
        alices.post(at(feed, "replace"), {"link": "nonsense"}),
    ]
    assert [page.status_code for page in pages] == [200, 200, 422, 422]
    for page in pages:
        assert SECRET not in page.content.decode()


def test_markup_from_outside_is_shown_as_text(alices: Client, feed: Feed) -> None:
    evil = "<img src=x onerror=alert(1)>"
    problem = sentences.status(404, evil)
    Feed.objects.update(label=evil, host=evil, failures=1, problem=problem)
    a_read(feed, HOUR, outcome="failed", problem=problem)
    page = alices.get(at(feed)).content.decode()
    assert evil not in page
    assert page.count("&lt;img src=x") > 3


def test_the_page_costs_the_same_number_of_queries_however_long_the_log_is(
    alices: Client, feed: Feed, django_assert_max_num_queries: object
) -> None:
    for number in range(60):
        a_read(
            feed,
            number * HOUR,
            outcome="changed",
            closed=number,
            nights={"closed": [["2026-12-01", "2026-12-03"]]},
        )
    with django_assert_max_num_queries(9):  # type: ignore[operator]  # pytest-django's fixture
        alices.get(at(feed))


# While it is read


def test_the_page_asks_again_soon_while_the_feed_is_read(alices: Client, feed: Feed) -> None:
    assert "every 2s" not in alices.get(at(feed)).content.decode()
    Feed.objects.update(next_poll_at=timezone.now())
    page = alices.get(at(feed)).content.decode()
    assert "every 2s" in page
    assert f'hx-get="{at(feed)}?waited=1"' in page


def test_after_a_read_the_page_gets_its_news_and_nothing_else(alices: Client, feed: Feed) -> None:
    a_read(feed, 5 * MINUTE, outcome="changed", closed=3)
    answer = alices.get(at(feed), {"waited": 1}, headers=HTMX)
    page = answer.content.decode()
    assert page.count("hx-swap-oob") == 3
    assert "3 nights closed." in page
    assert "<html" not in page
    assert "New iCal link" not in page, "forms that are being filled in stay alone"
    assert "hx-swap-oob" not in alices.get(at(feed), headers=HTMX).content.decode()


@pytest.mark.parametrize("name", ["pause", "resume", "read", "free"])
def test_buttons_of_the_page_lead_back_to_it(alices: Client, feed: Feed, name: str) -> None:
    answer = alices.post(at(feed, name), {"from": "page"})
    assert (answer.status_code, answer["Location"]) == (302, at(feed))


def test_a_button_beside_a_night_leads_back_to_the_night(alices: Client, feed: Feed) -> None:
    answer = alices.post(at(feed, "free"), {"from": "2026-12-05"})
    month = reverse("calendars:month", args=[feed.property.public_id])
    assert answer["Location"] == f"{month}?month=2026-12&night=2026-12-05"


@pytest.mark.parametrize("origin", ["//evil.example", "https://evil.example/", "2026-13-01", "\x00"])
def test_nobody_is_led_anywhere_else(alices: Client, feed: Feed, origin: str) -> None:
    answer = alices.post(at(feed, "free"), {"from": origin})
    assert answer["Location"] == reverse("calendars:connections", args=[feed.property.public_id])


def test_removing_leads_to_the_tab_since_the_page_is_gone(alices: Client, feed: Feed) -> None:
    answer = alices.post(at(feed, "remove"), {"from": "page"})
    assert answer["Location"] == reverse("calendars:connections", args=[feed.property.public_id])
    assert alices.get(at(feed)).status_code == 404


@pytest.mark.parametrize(
    ("was_read", "others", "readers", "stays"),
    [(False, 0, 0, False), (True, 0, 0, True), (False, 1, 0, True), (False, 0, 1, True)],
)
def test_the_link_of_a_site_goes_with_a_wrong_address_that_it_was_opened_for(
    alices: Client, home: Property, *, was_read: bool, others: int, readers: int, stays: bool
) -> None:
    page = reverse("calendars:add-feeds", args=[home.public_id])
    for number in range(1 + others):
        alices.post(page, {"links": f"https://mistyped.example/{number}.ics"})
    feed = Feed.objects.order_by("pk")[0]
    Feed.objects.filter(pk=feed.pk).update(last_good_at=timezone.now() if was_read else None)
    link = ExportLink.objects.get(property=home)
    now = timezone.now()
    Readership.objects.bulk_create(
        Readership(organization_id=link.organization_id, link=link, reader="?", first_at=now, last_at=now)
        for _each in range(readers)
    )
    answer = alices.post(at(feed, "remove"), {"from": "page"}, follow=True)
    assert ExportLink.objects.live().filter(pk=link.pk).exists() is stays
    undo = re.search(r'action="(/undo/\w+/)"', answer.content.decode())
    assert undo
    alices.post(undo[1])
    assert ExportLink.objects.live().get() == link
    assert Feed.objects.count() == 1 + others


# How it is read


def test_the_form_shows_how_it_is_now(alices: Client, feed: Feed) -> None:
    Feed.objects.update(label="Left door", sells_tentative=True)
    page = alices.get(at(feed)).content.decode()
    assert 'value="Left door"' in page
    checked = re.findall(r'<input type="checkbox" name="(\w+)"[^>]* checked', page)
    assert checked == ["sells_tentative"]


def test_switches_are_saved_and_take_effect_at_once(alices: Client, feed: Feed) -> None:
    cast.an_import(feed, cast.nights(20, 2), kind=Kind.PREPARATION)
    cast.an_import(feed, cast.nights(30, 2), kind=Kind.TENTATIVE)
    answer = alices.post(at(feed, "treat"), {"label": "", "sells_around": "on"})
    assert (answer.status_code, answer["Location"]) == (302, at(feed))
    feed.refresh_from_db()
    assert (feed.sells_around, feed.sells_tentative, feed.ends_inclusive) == (True, False, False)
    assert feed.next_poll_at <= timezone.now()
    assert cast.busy(feed.property) == [(cast.nights(30).start, cast.nights(30, 2).end)]
    alices.post(at(feed, "treat"), {"sells_tentative": "on", "ends_inclusive": "on"})
    feed.refresh_from_db()
    assert (feed.sells_around, feed.sells_tentative, feed.ends_inclusive) == (False, True, True)
    assert cast.busy(feed.property) == [(cast.nights(20).start, cast.nights(20, 2).end)]


def test_a_new_label_alone_asks_for_no_read(alices: Client, feed: Feed) -> None:
    before = feed.next_poll_at
    alices.post(at(feed, "treat"), {"label": "  Left door "})
    feed.refresh_from_db()
    assert (feed.label, feed.next_poll_at) == ("Left door", before)


def test_a_label_that_is_too_long_gets_a_sentence_at_the_field_and_changes_nothing(
    alices: Client, feed: Feed
) -> None:
    answer = alices.post(at(feed, "treat"), {"label": "x" * 81, "sells_around": "on"})
    assert answer.status_code == 422
    assert "Shorten this to 80 characters" in field_errors(answer, "label")
    assert re.search(r'name="sells_around"[^>]* checked', answer.content.decode()), "what was chosen stays"
    feed.refresh_from_db()
    assert (feed.label, feed.sells_around) == ("", False)


@pytest.mark.parametrize("name", ["treat", "replace"])
def test_opening_the_address_of_a_sent_form_again_shows_the_page(
    alices: Client, feed: Feed, name: str
) -> None:
    answer = alices.get(at(feed, name))
    assert (answer.status_code, answer["Location"]) == (302, at(feed))


# Another link


def test_a_new_link_is_read_from_scratch_and_the_label_and_nights_stay(alices: Client, feed: Feed) -> None:
    cast.an_import(feed, cast.nights(20, 2))
    now = timezone.now()
    Feed.objects.update(
        label="Left door",
        etag='"1"',
        last_modified="x",
        digest="d",
        read_for="r",
        failures=7,
        failing_since=now,
        problem=sentences.status(404, "www.airbnb.com"),
        quarantined_at=now,
        attempts=2,
        quiet_line=5,
        sells_around=True,
    )
    answer = alices.post(at(feed, "replace"), {"link": f" {BOOKING} "}, follow=True)
    assert "The new link is being read." in text_of(answer)
    feed.refresh_from_db()
    assert (feed.url, feed.url_digest) == (BOOKING, links.digest(BOOKING))
    assert (feed.host, feed.channel, feed.label) == ("ical.booking.com", "booking", "Left door")
    assert (feed.etag, feed.last_modified, feed.digest, feed.read_for) == ("", "", "", "")
    assert (feed.failures, feed.failing_since, feed.problem) == (0, None, None)
    assert (feed.quarantined_at, feed.attempts, feed.quiet_line) == (None, 0, None)
    assert feed.next_poll_at <= timezone.now()
    assert feed.sells_around
    assert cast.busy(feed.property) == [(cast.nights(20).start, cast.nights(20, 2).end)]


def test_whoever_is_reading_the_old_link_loses_the_lease(alices: Client, feed: Feed) -> None:
    Feed.objects.update(lease_until=timezone.now() + HOUR, lease_token=uuid.uuid4())
    alices.post(at(feed, "replace"), {"link": BOOKING})
    feed.refresh_from_db()
    assert (feed.lease_until, feed.lease_token) == (None, None)


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("", "Fill this in."),
        ("nonsense", "doesn't begin with https://"),
        ("https://10.0.0.1/a.ics", "doesn't name a site on the internet"),
        ("https://user:pass@example.org/a.ics", "holds a user name or password"),
        ("https://www.airbnb.com/rooms/42", "opens the listing's own page, not its calendar. In Airbnb"),
        (AIRBNB, "is the link that is read already."),
        (BOOKING, "is already connected to this property."),
        ("https://example.org/" + "x" * 3000, "is longer than a calendar link can be"),
        ("https://example.org/a b.ics", "has a space or a sign in it that no link has"),
    ],
)
def test_a_link_that_is_not_taken_gets_a_sentence_at_the_field_and_changes_nothing(
    alices: Client, feed: Feed, link: str, says: str
) -> None:
    cast.a_feed(feed.property, BOOKING)
    before = Feed.objects.filter(pk=feed.pk).values().get()
    answer = alices.post(at(feed, "replace"), {"link": link})
    assert answer.status_code == 422
    assert says in field_errors(answer, "link")
    assert Feed.objects.filter(pk=feed.pk).values().get() == before


def test_a_link_of_another_home_may_be_used_here_too(alices: Client, feed: Feed, home: Property) -> None:
    other = cast.a_property(home.organization, "Casa Sants")
    cast.a_feed(other, BOOKING)
    assert alices.post(at(feed, "replace"), {"link": BOOKING}).status_code == 302


def test_nights_of_a_home_without_the_feed_are_left_alone(alices: Client, feed: Feed, home: Property) -> None:
    other = cast.a_property(home.organization, "Casa Sants")
    cast.an_import(cast.a_feed(other, BOOKING), cast.nights(20, 2), kind=Kind.GAP)
    alices.post(at(feed, "treat"), {"sells_around": "on"})
    assert cast.busy(other) == [(cast.nights(20).start, cast.nights(20, 2).end)]
    assert Block.objects.get().span == Span(cast.nights(20).start, cast.nights(20, 2).end)
