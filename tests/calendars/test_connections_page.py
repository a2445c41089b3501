"""The Connections tab: what it says of each feed, and each of its buttons with and without htmx."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calendars import sentences
from calendars.models import Block, ExportLink, Feed, FeedRead
from properties.models import Property
from tests import cast

SECRET = "s3cr3t-in-the-link"
AIRBNB = f"https://www.airbnb.com/calendar/ical/42.ics?s={SECRET}"
VRBO = f"https://www.vrbo.com/icalendar/{SECRET}.ics"
HTMX = {"HX-Request": "true"}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SOUND = {"events": 41, "closed_nights": 126}


def at(home: Property, name: str = "connections", *ids: str) -> str:
    return reverse(f"calendars:{name}", args=[home.public_id, *ids])


def text_of(answer: HttpResponse) -> str:
    """The page's words on one line, without the markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def read_at(ago: timedelta, **columns: object) -> dict[str, object]:
    """The columns of a feed that was read well so long ago and is read again in ten minutes."""
    now = timezone.now()
    times = {"last_read_at": now - ago, "last_good_at": now - ago, "next_poll_at": now + 10 * MINUTE}
    return {**times, **SOUND, **columns}


def row_of(browser: Client, home: Property, **columns: object) -> str:
    """What the page says of a feed with these columns."""
    feed = cast.a_feed(home, AIRBNB, **columns)
    answer = browser.get(at(home))
    assert answer.status_code == 200
    page = answer.content.decode()
    row = page[page.index(f'id="feed-{feed.public_id}"') : page.index('aria-labelledby="add"')]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", row)))


# What the page says of a feed


def test_a_feed_that_was_never_read_is_being_checked_and_asks_again_by_itself(
    alices: Client, home: Property
) -> None:
    feed = cast.a_feed(home, AIRBNB)
    answer = alices.get(at(home))
    assert "Checking…" in text_of(answer)
    assert f'hx-get="{at(home, "feed", feed.public_id)}?waited=1"' in answer.content.decode()


def test_a_feed_that_was_read_says_what_and_when_next(alices: Client, home: Property) -> None:
    columns = read_at(5 * MINUTE)
    local = columns["next_poll_at"].astimezone(home.house.zone)  # type: ignore[attr-defined]  # an instant
    said = row_of(alices, home, **columns)
    assert "Up to date" in said
    assert f"Read 41 events, 126 closed nights, next read at {local:%H:%M}." in said


def test_a_sound_feed_does_not_ask_again(alices: Client, home: Property) -> None:
    cast.a_feed(home, AIRBNB, **read_at(5 * MINUTE))
    assert "every 2s" not in alices.get(at(home)).content.decode()


def test_one_event_and_one_night_are_said_in_the_singular(alices: Client, home: Property) -> None:
    assert "Read 1 event, 1 closed night," in row_of(
        alices, home, **read_at(MINUTE, events=1, closed_nights=1)
    )


def test_a_feed_without_bookings_says_that_it_is_connected(alices: Client, home: Property) -> None:
    assert "It lists no bookings at the moment" in row_of(
        alices, home, **read_at(MINUTE, events=0, closed_nights=0)
    )


@pytest.mark.parametrize(
    ("status", "says"), [(404, "The link was probably reset"), (410, "gone"), (503, "error 503")]
)
def test_a_failing_feed_says_why_and_that_its_nights_stay_closed(
    alices: Client, home: Property, status: int, says: str
) -> None:
    problem = sentences.status(status, "www.airbnb.com")
    said = row_of(alices, home, **read_at(2 * HOUR, failures=3, problem=problem))
    assert "Can't be read" in said
    assert says in said
    assert "126 closed nights, all still closed" in said
    assert "Next try at" in said


def test_a_feed_that_failed_from_the_start_does_not_pretend_to_know_nights(
    alices: Client, home: Property
) -> None:
    problem = sentences.failure("dns", "www.airbnb.com")
    said = row_of(alices, home, last_read_at=timezone.now(), failures=1, problem=problem)
    assert "We couldn't find www.airbnb.com." in said
    assert "It has not been read yet, so it closes no night." in said


def test_a_feed_set_aside_says_so_and_when_it_is_tried_again(alices: Client, home: Property) -> None:
    problem = sentences.problem(sentences.LOST)
    said = row_of(
        alices, home, **read_at(2 * HOUR, failures=1, quarantined_at=timezone.now(), problem=problem)
    )
    assert "Quarantined" in said
    assert "Can't be read" not in said
    assert "126 closed nights, all still closed. Next try at" in said
    assert "we set it aside and try again in six hours" in said


def test_a_feed_whose_server_rests_says_so_while_it_is_up_to_date(alices: Client, home: Property) -> None:
    said = row_of(alices, home, **read_at(5 * MINUTE, problem=sentences.resting("www.airbnb.com")))
    assert "Up to date" in said
    assert "Many calendars at www.airbnb.com can't be read at the moment." in said
    assert "Replace the link" not in said[said.index("Many calendars") :]


def test_a_feed_of_a_resting_server_that_was_never_read_does_not_look_busy(
    alices: Client, home: Property
) -> None:
    later = timezone.now() + 5 * MINUTE
    said = row_of(alices, home, next_poll_at=later, problem=sentences.resting("www.airbnb.com"))
    assert "Late" in said
    assert "It has not been read yet, so it closes no night." in said


def test_a_new_feed_that_no_worker_comes_for_stops_looking_busy(alices: Client, home: Property) -> None:
    said = row_of(alices, home, next_poll_at=timezone.now() - 2 * HOUR)
    assert "Checking…" not in said
    assert "Late" in said


def test_a_feed_not_read_well_for_an_hour_is_late(alices: Client, home: Property) -> None:
    said = row_of(alices, home, **read_at(61 * MINUTE))
    assert "Late" in said
    assert "Up to date" not in said


def test_a_paused_feed_says_since_when_and_that_its_nights_stay_closed(
    alices: Client, home: Property
) -> None:
    since = timezone.now() - 3 * HOUR
    said = row_of(alices, home, **read_at(3 * HOUR, paused_at=since))
    assert "Paused" in said
    assert f"{since.astimezone(home.house.zone):%H:%M}" in said
    assert "What it closed stays closed: 126 closed nights." in said
    assert "Resume" in said


def test_nights_that_wait_are_explained_and_can_be_freed(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, AIRBNB, **read_at(MINUTE, held_nights=3))
    answer = alices.get(at(home))
    assert "3 nights are no longer in this calendar. They stay closed until more reads agree" in text_of(
        answer
    )
    assert f'action="{at(home, "free", feed.public_id)}"' in answer.content.decode()


def test_without_waiting_nights_there_is_no_button_to_free_them(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, AIRBNB, **read_at(MINUTE))
    assert at(home, "free", feed.public_id) not in alices.get(at(home)).content.decode()


def test_the_tab_costs_the_same_number_of_queries_however_many_feeds_there_are(
    alices: Client, home: Property, django_assert_max_num_queries: object
) -> None:
    for number in range(12):
        cast.a_feed(home, f"https://www.airbnb.com/calendar/ical/{number}.ics", **read_at(MINUTE))
    with django_assert_max_num_queries(15):  # type: ignore[operator]  # pytest-django's fixture
        alices.get(at(home))


def test_a_page_without_feeds_explains_both_set_ups(alices: Client, home: Property) -> None:
    said = text_of(alices.get(at(home)))
    assert "With a channel manager: one link" in said
    assert "Without one: a link per site" in said
    for site in ("Airbnb", "Booking.com", "Vrbo", "Google Calendar", "AvaiBook"):
        assert site in said


def test_one_row_alone_is_for_htmx_and_sends_others_to_the_page(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, AIRBNB, **read_at(MINUTE))
    row = alices.get(at(home, "feed", feed.public_id), headers=HTMX)
    assert row.status_code == 200
    assert row.content.strip().startswith(b'<li class="feed"')
    assert b"<html" not in row.content
    plain = alices.get(at(home, "feed", feed.public_id))
    assert (plain.status_code, plain["Location"]) == (302, at(home))


def test_calendars_of_sites_that_nobody_knows_are_called_by_where_they_are_read_from(
    alices: Client, home: Property
) -> None:
    for host in ("ical.example.net", "pms.example.org"):
        feed = cast.a_feed(home, f"https://{host}/1.ics?s={SECRET}")
        page = text_of(alices.get(at(home)))
        assert f"More for {host}" in alices.get(at(home)).content.decode()
        assert "Other calendar ·" not in page
        assert host in text_of(alices.get(at(home, "log", feed.public_id)))
    Feed.objects.filter(pk=feed.pk).update(label="The left door")
    assert "Other calendar · pms.example.org" in text_of(alices.get(at(home)))


def test_markup_in_a_label_or_a_problem_is_shown_as_text(alices: Client, home: Property) -> None:
    evil = "<img src=x onerror=alert(1)>"
    cast.a_feed(home, AIRBNB, label=evil, **read_at(MINUTE, failures=1, problem=sentences.status(404, evil)))
    assert evil.encode() not in alices.get(at(home)).content


# Secrets


def test_no_page_shows_a_feeds_link(alices: Client, home: Property) -> None:
    problem = sentences.status(404, "www.airbnb.com")
    feeds = [
        cast.a_feed(home, AIRBNB),
        cast.a_feed(home, VRBO, **read_at(MINUTE, failures=2, problem=problem)),
    ]
    now = timezone.now()
    FeedRead.objects.create(feed=feeds[1], at=now, until=now, outcome="failed", status=404, problem=problem)
    pages = [
        alices.get(at(home)),
        alices.post(at(home, "add-feeds"), {"links": "nonsense"}),
        alices.get(reverse("home")),
    ]
    pages += [alices.get(at(home, "log", feed.public_id)) for feed in feeds]
    pages += [alices.get(at(home, "feed", feed.public_id), headers=HTMX) for feed in feeds]
    for page in pages:
        assert page.status_code in {200, 422}
        assert SECRET.encode() not in page.content


def test_a_page_shows_the_export_links_of_its_own_home_only(alices: Client, home: Property) -> None:
    other = cast.a_property(home.organization, "Casa Sants")
    mine, theirs = cast.an_export(home), cast.an_export(other)
    page = alices.get(at(home)).content.decode()
    assert cast.path_of(mine) in page
    assert theirs.public_id not in page


# Adding


def test_pasted_links_are_added_due_at_once_and_each_site_gets_a_link_of_ours(
    alices: Client, home: Property
) -> None:
    answer = alices.post(at(home, "add-feeds"), {"links": f"{AIRBNB}\nSea view {VRBO}"})
    assert (answer.status_code, answer["Location"]) == (302, at(home))
    feeds = Feed.objects.order_by("channel")
    assert [(feed.channel, feed.label, feed.url) for feed in feeds] == [
        ("airbnb", "", AIRBNB),
        ("vrbo", "Sea view", VRBO),
    ]
    assert all(feed.next_poll_at <= timezone.now() for feed in feeds)
    assert {feed.organization for feed in feeds} == {home.organization}
    assert sorted(ExportLink.objects.values_list("channel", flat=True)) == ["airbnb", "vrbo"]
    page = alices.get(at(home))
    assert "Checking…" in text_of(page)
    assert "2 calendars are added and are being read." in text_of(page)
    assert '<div class="messages" role="status" tabindex="-1" autofocus>' in page.content.decode()


def test_a_home_without_a_calendar_has_one_button_that_stands_out(alices: Client, home: Property) -> None:
    page = alices.get(at(home)).content.decode()
    assert page.count('href="#id_links"') == 2
    assert page.count("btn primary") == 1


def test_after_the_first_good_read_the_page_leads_on_to_prices_until_something_is_on_sale(
    alices: Client, home: Property
) -> None:
    to_prices = f'<a class="btn primary" href="{reverse("upsells:offers", args=[home.public_id])}">'
    assert "What comes next" in text_of(alices.get(at(home)))
    assert alices.get(at(home)).content.decode().count("btn primary") == 1
    feed = cast.a_feed(home, AIRBNB)
    assert to_prices not in alices.get(at(home)).content.decode()
    Feed.objects.update(**read_at(MINUTE))
    assert "Next: set your prices and go live" in text_of(alices.get(at(home)))
    assert alices.get(at(home)).content.decode().count("btn primary") == 1
    row = alices.get(at(home, "feed", feed.public_id), {"waited": "1"}, headers=HTMX).content.decode()
    assert 'id="whats-next" aria-labelledby="next" hx-swap-oob="true"' in row
    assert to_prices in row
    cast.an_offer(home)
    for page in (at(home), f"{at(home, 'feed', feed.public_id)}?waited=1"):
        assert "whats-next" not in alices.get(page, headers=HTMX).content.decode()


def test_a_second_listing_on_a_site_needs_no_second_link_of_ours(alices: Client, home: Property) -> None:
    for number in (1, 2):
        alices.post(at(home, "add-feeds"), {"links": f"https://www.airbnb.com/calendar/ical/{number}.ics"})
    assert (Feed.objects.count(), ExportLink.objects.count()) == (2, 1)


def test_wrong_lines_are_named_nothing_is_lost_and_nothing_added(alices: Client, home: Property) -> None:
    typed = f"{VRBO.replace(SECRET, 'x')}\nhttps://www.airbnb.com/rooms/42"
    answer = alices.post(at(home, "add-feeds"), {"links": typed, "label": "Left door"})
    assert answer.status_code == 422
    page = unescape(answer.content.decode())
    assert "opens the listing's own page" in page
    assert 'id="id_links_error"' in page
    assert typed in page.replace("\r\n", "\n")
    assert 'value="Left door"' in page
    assert not Feed.objects.exists()
    assert not ExportLink.objects.exists()


@pytest.mark.parametrize("name", ["add-feeds", "add-export"])
def test_opening_the_address_of_the_sent_form_again_shows_the_page(
    alices: Client, home: Property, name: str
) -> None:
    answer = alices.get(at(home, name))
    assert (answer.status_code, answer["Location"]) == (302, at(home))


# Buttons


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_reading_again_within_ten_seconds_only_says_when_it_was_read(
    alices: Client, home: Property, headers: dict[str, str]
) -> None:
    feed = cast.a_feed(home, AIRBNB, **read_at(timedelta(seconds=2)))
    answer = alices.post(at(home, "read", feed.public_id), headers=headers, follow=True)
    local = feed.last_read_at.astimezone(home.house.zone)
    assert f"Airbnb was read a moment ago, at {local:%H:%M:%S}." in text_of(answer)
    before = feed.next_poll_at
    feed.refresh_from_db()
    assert feed.next_poll_at == before


def test_a_feed_that_is_being_read_is_not_asked_for_twice(alices: Client, home: Property) -> None:
    due = timezone.now() - timedelta(seconds=5)
    feed = cast.a_feed(home, AIRBNB, **read_at(MINUTE, next_poll_at=due))
    row = alices.post(at(home, "read", feed.public_id), headers=HTMX)
    assert "Checking…" in text_of(row)
    feed.refresh_from_db()
    assert feed.next_poll_at == due


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@pytest.mark.parametrize("name", ["pause", "resume", "read", "free"])
def test_each_button_works_with_and_without_scripts(
    alices: Client, home: Property, name: str, headers: dict[str, str]
) -> None:
    feed = cast.a_feed(home, AIRBNB, **read_at(MINUTE))
    answer = alices.post(at(home, name, feed.public_id), headers=headers)
    if headers:
        assert answer.status_code == 200
        assert f'id="feed-{feed.public_id}"' in answer.content.decode()
        assert b"<html" not in answer.content
    else:
        assert (answer.status_code, answer["Location"]) == (302, at(home))


@pytest.mark.parametrize("name", ["pause", "resume", "read", "free", "remove"])
def test_buttons_take_a_post(alices: Client, home: Property, name: str) -> None:
    feed = cast.a_feed(home, AIRBNB)
    assert alices.get(at(home, name, feed.public_id)).status_code == 405


def test_pausing_stops_reading_and_resuming_starts_at_once(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, AIRBNB, **read_at(MINUTE))
    row = alices.post(at(home, "pause", feed.public_id), headers=HTMX)
    feed.refresh_from_db()
    assert feed.paused_at is not None
    assert "Paused" in text_of(row)
    row = alices.post(at(home, "resume", feed.public_id), headers=HTMX)
    feed.refresh_from_db()
    assert (feed.paused_at, feed.next_poll_at <= timezone.now()) == (None, True)
    assert "every 2s" in row.content.decode()


def test_pausing_twice_keeps_the_first_time(alices: Client, home: Property) -> None:
    since = timezone.now() - HOUR
    feed = cast.a_feed(home, AIRBNB, **read_at(HOUR, paused_at=since))
    alices.post(at(home, "pause", feed.public_id))
    feed.refresh_from_db()
    assert feed.paused_at == since


def test_read_now_makes_a_feed_due_and_watches_it(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, AIRBNB, **read_at(MINUTE))
    row = alices.post(at(home, "read", feed.public_id), headers=HTMX)
    feed.refresh_from_db()
    assert feed.next_poll_at is not None
    assert feed.next_poll_at <= timezone.now()
    assert "every 2s" in row.content.decode()


def test_freeing_opens_what_waits_and_says_how_much(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, AIRBNB, **read_at(MINUTE, held_nights=2))
    cast.an_import(feed, cast.nights(20, 2), missing_since=cast.NOW, missing_reads=1)
    cast.an_import(feed, cast.nights(30, 3))
    answer = alices.post(at(home, "free", feed.public_id), follow=True)
    assert cast.busy(home) == [(cast.nights(30).start, cast.nights(30, 3).end)]
    assert "2 nights are open again." in text_of(answer)
    feed.refresh_from_db()
    assert feed.held_nights == 0


def test_freeing_one_night_says_so_in_the_singular(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, AIRBNB, **read_at(MINUTE, held_nights=1))
    cast.an_import(feed, cast.nights(20), missing_since=cast.NOW, missing_reads=1)
    answer = alices.post(at(home, "free", feed.public_id), follow=True)
    assert "1 nights" not in text_of(answer)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_removed_feed_takes_only_its_own_nights_along(
    alices: Client, home: Property, headers: dict[str, str]
) -> None:
    gone, kept = cast.a_feed(home, AIRBNB), cast.a_feed(home, VRBO)
    cast.an_import(gone, cast.nights(20, 4))
    cast.an_import(kept, cast.nights(22, 4))
    answer = alices.post(at(home, "remove", gone.public_id), headers=headers)
    assert (answer.status_code, answer["Location"]) == (302, at(home))
    assert list(Feed.objects.all()) == [kept]
    assert cast.busy(home) == [(cast.nights(22).start, cast.nights(22, 4).end)]
    assert not Block.objects.filter(feed_id=gone.pk).exists()
    assert alices.post(at(home, "remove", gone.public_id)).status_code == 404


def test_of_an_archived_home_no_calendar_is_said_to_be_read(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, AIRBNB, **read_at(MINUTE))
    assert "next read at" in alices.get(at(home)).content.decode()
    home.archived_at = cast.NOW
    home.save()
    for page in (at(home), at(home, "log", feed.public_id)):
        told = alices.get(page).content.decode()
        assert "Not read while the home is archived. What it closed stays closed:" in told
        assert "Up to date" not in told
        assert "next read at" not in told
