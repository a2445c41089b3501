"""One purchase on the host's page: what happened to it in order, its money, its messages, who was told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization
from calendars import ledger, receipts
from calendars.models import Alert, ExportRead, Feed, FeedRead
from properties.models import Property
from tests import cast
from tests.upsells.pages import a_purchase, text
from tests.upsells.sold import a_payment, asked_of_the_database, some_hours
from upsells import certificates
from upsells.models import Certificate, Delivery, Purchase, StayLink

MINUTE = timedelta(minutes=1)


@pytest.fixture
def link(home: Property) -> StayLink:
    return cast.a_stay_link(home)


@pytest.fixture
def far(organization: Organization) -> StayLink:
    """The link of a home in another zone, twelve hours ahead or more."""
    return cast.a_stay_link(cast.a_property(organization, "Bay Cottage", "Pacific/Auckland"))


def page_of(purchase: Purchase) -> str:
    return reverse("upsells:purchase", args=[purchase.property.public_id, purchase.public_id])


def steps_of(alices: Client, purchase: Purchase) -> list[tuple[str, str]]:
    """What the story says, in order, with the local time of each step."""
    answer = alices.get(page_of(purchase))
    assert answer.status_code == 200
    zone = purchase.property.house.zone
    found = answer.context["steps"]
    return [(f"{step.at.astimezone(zone):%H:%M}" if step.at else "", step.what) for step in found]


def a_read(feed: Feed, first: int, last: int | None = None, **columns: object) -> FeedRead:
    """A line of the log, from so many minutes after now to so many."""
    at, until = cast.NOW + first * MINUTE, cast.NOW + (first if last is None else last) * MINUTE
    return FeedRead.objects.create(feed=feed, at=at, until=until, **{"outcome": "unchanged", **columns})


def test_the_story_of_a_sale_by_card_is_told_in_order_and_in_the_homes_time(
    alices: Client, link: StayLink
) -> None:
    feed, other = (
        cast.a_feed(link.property),
        cast.a_feed(link.property, "https://www.vrbo.com/icalendar/1.ics"),
    )
    sold = a_purchase(
        link, "held", requested_at=cast.NOW + 3 * MINUTE, guest_name="Marta Puig", collection="card"
    )
    with ledger.changing(link.property, cast.NOW + 6 * MINUTE) as change:
        ledger.hold(change, sold.span, until=cast.NOW + 9 * MINUTE, reference=sold.public_id)
        ledger.confirm(change, sold.public_id)
    Purchase.objects.filter(pk=sold.pk).update(state="confirmed", decided_at=cast.NOW + 8 * MINUTE)
    a_payment(sold, authorised_at=cast.NOW + 2 * MINUTE, captured_at=cast.NOW + 7 * MINUTE)
    a_read(feed, 1)
    a_read(feed, 4)
    a_read(other, 5, outcome="failed", problem=None)
    a_read(feed, 30)
    Delivery.objects.create(
        organization_id=sold.organization_id, purchase=sold, news="confirmed", to="guest", address="m@example.org",
        created_at=cast.NOW, next_try_at=cast.NOW, delivered_at=cast.NOW + 9 * MINUTE,
    )  # fmt: skip
    assert steps_of(alices, sold) == [
        ("10:00", "Kept for the guest, at €198.00"),
        ("10:02", "€198.00 reserved on the card"),
        ("10:03", "The guest pressed “book”"),
        ("10:04", "Airbnb was read once more"),
        ("10:05", "Vrbo couldn't be read"),
        ("10:06", "The nights are closed in every Amplistay link"),
        ("10:07", "€198.00 charged"),
        ("10:08", "Confirmed"),
        ("10:09", "Mail to the guest: confirmed"),
    ]


def test_reads_that_the_log_counts_together_are_shown_where_one_lay_in_between(
    alices: Client, link: StayLink
) -> None:
    feed, other = (
        cast.a_feed(link.property),
        cast.a_feed(link.property, "https://www.vrbo.com/icalendar/1.ics"),
    )
    sold = a_purchase(link, "confirmed", requested_at=cast.NOW + 5 * MINUTE, decided_at=cast.NOW + 9 * MINUTE)
    lines = [
        a_read(feed, 0, 4),
        a_read(feed, 4, 6, times=3),
        a_read(feed, 8, 60, times=5),
        a_read(other, 0, 60, times=9),
    ]
    assert len(lines) == 4
    reads = [at for at, what in steps_of(alices, sold) if "read" in what]
    assert reads == ["10:06", "10:08", "10:09"]
    assert "times from" not in text(alices.get(page_of(sold)))


@pytest.mark.parametrize("proof", [5, None], ids=["with a certificate", "without"])
def test_a_decided_story_stays_the_same_however_often_the_calendars_are_read_later(
    alices: Client, link: StayLink, proof: int | None
) -> None:
    feeds = [
        cast.a_feed(link.property, f"https://www.vrbo.com/icalendar/{number}.ics", label=f"Calendar {number}")
        for number in range(4)
    ]
    sold = a_purchase(link, "confirmed", requested_at=cast.NOW + 3 * MINUTE, decided_at=cast.NOW + 6 * MINUTE)
    if proof:
        Feed.objects.filter(property=link.property).update(last_good_at=cast.NOW + proof * MINUTE)
        certificates.certify(sold, cast.NOW + 6 * MINUTE)
    first, _second, _third, fourth = lines = [
        a_read(feeds[0], 0, 5, times=6),  # begun before the guest pressed "book"
        a_read(feeds[1], 4, 5, times=2),
        a_read(feeds[2], 5),
        a_read(feeds[3], 5, outcome="failed", problem=None),
    ]
    story = alices.get(page_of(sold)).context["steps"]
    told = [step for step in story if "Calendar" in step.what]
    assert len(told) == len(lines)
    assert all(sold.requested_at <= step.at <= sold.decided_at for step in told)
    assert first.feed.title in told[0 if proof else -1].what
    assert "couldn't be read" in str(told)
    if proof:
        assert {step.at for step in told} == {cast.NOW + proof * MINUTE}
    FeedRead.objects.exclude(pk=fourth.pk).update(until=cast.NOW + 11 * MINUTE, times=8)
    for feed in feeds:
        a_read(feed, 12)
    assert alices.get(page_of(sold)).context["steps"] == story


def test_a_refused_purchase_tells_of_no_read_that_perhaps_came_only_later(
    alices: Client, link: StayLink
) -> None:
    a_read(cast.a_feed(link.property), 0, 60, times=9)
    times = {"requested_at": cast.NOW + 3 * MINUTE, "decided_at": cast.NOW + 6 * MINUTE}
    refused = a_purchase(link, "declined", reason="taken", **times)
    assert not [what for _at, what in steps_of(alices, refused) if "read" in what]


def test_a_read_that_the_log_goes_on_counting_stands_before_the_nights_are_closed(
    alices: Client, link: StayLink
) -> None:
    feed = cast.a_feed(link.property)
    sold = a_purchase(link, "confirmed", requested_at=cast.NOW + 3 * MINUTE, decided_at=cast.NOW + 8 * MINUTE)
    with ledger.changing(link.property, cast.NOW + 6 * MINUTE) as change:
        ledger.hold(change, sold.span, until=cast.NOW + 9 * MINUTE, reference=sold.public_id)
        ledger.confirm(change, sold.public_id)
    a_read(feed, 0, 60, times=9)
    story = [what for _at, what in steps_of(alices, sold)]
    assert story[-3:] == [
        "Airbnb was read once more",
        "The nights are closed in every Amplistay link",
        "Confirmed",
    ]


def test_the_reads_of_another_home_are_no_part_of_the_story(
    alices: Client, link: StayLink, far: StayLink
) -> None:
    sold = a_purchase(link, "confirmed", decided_at=cast.NOW + 9 * MINUTE)
    a_read(cast.a_feed(far.property), 5)
    assert not [what for _at, what in steps_of(alices, sold) if "read" in what]


def a_question(purchase: Purchase, at: datetime) -> None:
    """The host is asked, as when a calendar doesn't answer in time."""
    Alert.objects.create(
        organization=purchase.organization, property=purchase.property, kind=Alert.Kind.REQUEST,
        key=f"request {purchase.public_id}", opened_at=at,
    )  # fmt: skip


def test_while_the_host_is_asked_ordinary_reads_are_no_part_of_the_story_and_tries_stand_together(
    alices: Client, link: StayLink
) -> None:
    good, bad = (
        cast.a_feed(link.property),
        cast.a_feed(link.property, "https://www.vrbo.com/icalendar/1.ics"),
    )
    asked = a_purchase(link, "asked", requested_at=cast.NOW + 2 * MINUTE)
    a_question(asked, cast.NOW + 4 * MINUTE)
    line = a_read(good, 0, 3, times=2)
    for minute in (2, 3, 4, 9, 14):
        a_read(bad, minute, outcome="failed", problem=None)
    story = steps_of(alices, asked)
    reads = [step for step in story if "read" in step[1]]
    assert reads == [("10:02", "Vrbo couldn't be read"), ("10:04", "Airbnb was read once more")]
    assert "Tried 3 times until 10:04:00." in text(alices.get(page_of(asked)))
    FeedRead.objects.filter(pk=line.pk).update(until=cast.NOW + 30 * MINUTE, times=9)
    assert steps_of(alices, asked) == story


def test_a_host_who_was_asked_at_once_sees_no_read_before_they_agree(alices: Client, link: StayLink) -> None:
    asked = a_purchase(link, "asked", requested_at=cast.NOW + 2 * MINUTE)
    a_question(asked, asked.requested_at)
    a_read(cast.a_feed(link.property), 2, 12, times=3)
    assert not [what for _at, what in steps_of(alices, asked) if "read" in what]


def test_a_sale_that_rests_on_the_hosts_word_says_so_and_which_calendar_is_missing(
    alices: Client, link: StayLink
) -> None:
    good, bad = (
        cast.a_feed(link.property),
        cast.a_feed(link.property, "https://www.vrbo.com/icalendar/1.ics"),
    )
    times = {
        "requested_at": cast.NOW,
        "agreed_at": cast.NOW + 10 * MINUTE,
        "decided_at": cast.NOW + 11 * MINUTE,
    }
    sold = a_purchase(link, "confirmed", **times)
    a_question(sold, cast.NOW + MINUTE)
    Feed.objects.filter(pk=good.pk).update(last_good_at=cast.NOW + 10 * MINUTE)
    Feed.objects.filter(pk=bad.pk).update(last_good_at=cast.NOW - 60 * MINUTE)
    certificates.certify(sold, cast.NOW + 11 * MINUTE)
    a_read(bad, 0, outcome="failed", problem=None)
    a_read(bad, 10, outcome="failed", problem=None)
    story = steps_of(alices, sold)
    assert [each for each in story if each[1] == "Vrbo couldn't be read"] == [
        ("10:00", "Vrbo couldn't be read"), ("10:10", "Vrbo couldn't be read"),
    ]  # fmt: skip
    assert story[-1] == ("10:11", "Confirmed on your word")
    assert "Vrbo couldn't be read.</p>" in text(alices.get(page_of(sold)))


ENDS = [
    ("declined", {"reason": "taken"}, "Not possible"),
    ("declined", {"reason": "lapsed"}, "Not possible"),
    ("lapsed", {}, "Let go"),
    ("cancelled", {"cancelled_by": "guest"}, "Cancelled by the guest"),
    ("cancelled", {"cancelled_by": "host"}, "Cancelled by you"),
    ("asked", {}, "Waiting for your answer until 2 Dec, 06:00"),
    ("held", {}, "Waiting for the guest until 1 Dec, 10:10"),
    ("paying", {}, "Waiting for the guest until 1 Dec, 10:10"),
    ("checking", {}, "Every calendar is being read"),
    ("capturing", {}, "Decided; the card is being charged"),
]


@pytest.mark.parametrize(("state", "columns", "last"), ENDS, ids=[f"{e[0]} {e[1]}" for e in ENDS])
def test_every_end_and_every_wait_has_its_words(
    alices: Client, link: StayLink, state: str, columns: dict[str, Any], last: str
) -> None:
    open_ones = {"asked", "held", "paying", "checking"}
    decided = {} if state in open_ones else {"decided_at": cast.NOW + MINUTE}
    purchase = a_purchase(link, state, **decided, **columns)
    assert steps_of(alices, purchase)[-1][1] == last
    page = text(alices.get(page_of(purchase)))
    assert ("Cancel this sale" in page, "The guest asks you" in page) == (False, state == "asked")


def test_every_state_there_is_has_a_page(alices: Client, link: StayLink) -> None:
    for state in Purchase.State.values:
        purchase = a_purchase(link, state, **({"reason": "taken"} if state == "declined" else {}))
        a_payment(purchase, "open", captured=0)
        assert alices.get(page_of(purchase)).status_code == 200, state


def test_a_cancelled_sale_tells_when_it_was_confirmed_as_far_as_anything_does(
    alices: Client, link: StayLink
) -> None:
    gone = a_purchase(link, "cancelled", requested_at=cast.NOW + MINUTE, decided_at=cast.NOW + 60 * MINUTE)
    assert ("11:00", "Confirmed") in steps_of(alices, gone)
    assert "When exactly isn't known any more." in text(alices.get(page_of(gone)))
    Certificate.objects.create(
        organization_id=gone.organization_id, purchase=gone, body="{}", signature="s", key_id="k",
        created_at=cast.NOW + 2 * MINUTE,
    )  # fmt: skip
    story = [what for _at, what in steps_of(alices, gone)]
    assert ("10:02", "Confirmed") in steps_of(alices, gone)
    assert story.index("Confirmed") < story.index("Cancelled")


def test_a_host_who_was_asked_sees_when_and_what_they_said(alices: Client, link: StayLink) -> None:
    said = cast.NOW + 30 * MINUTE
    purchase = a_purchase(link, "confirmed", requested_at=cast.NOW, agreed_at=said, decided_at=said + MINUTE)
    Alert.objects.create(
        organization=purchase.organization, property=link.property, kind=Alert.Kind.REQUEST,
        key=f"request {purchase.public_id}", opened_at=cast.NOW + MINUTE, resolved_at=said,
    )  # fmt: skip
    story = steps_of(alices, purchase)
    assert story[2:4] == [("10:01", "You were asked"), ("10:30", "You agreed")]
    assert ("10:00", "The guest pressed “book”") in story


def test_what_was_given_back_and_what_is_still_to_come_stand_beside_what_was_charged(
    alices: Client, link: StayLink
) -> None:
    gone = a_purchase(link, "cancelled", collection="card", decided_at=cast.NOW + 60 * MINUTE)
    a_payment(
        gone, captured_at=cast.NOW + MINUTE, to_refund=9_900, refunded=4_000, trouble="The bank is slow."
    )
    page = text(alices.get(page_of(gone)))
    for part in ("Charged</dt><dd>€198.00", "Given back</dt><dd>€40.00", "Still to be given back</dt><dd>€59.00",
                 "Left</dt><dd>€99.00", "Visa ···· 4242", "The bank is slow.",
                 "€59.00 is being given back"):  # fmt: skip
        assert part in page, part


def sell(link: StayLink, purchase: Purchase, now: datetime) -> None:
    """Close the nights that were bought, as a sale does."""
    with ledger.changing(link.property, now) as change:
        ledger.hold(change, purchase.span, until=now + MINUTE, reference=purchase.public_id)
        ledger.confirm(change, purchase.public_id)


def test_the_links_that_tell_channels_are_named_with_who_has_seen_it(alices: Client, link: StayLink) -> None:
    booking, airbnb = (cast.an_export(link.property, channel) for channel in ("booking", "airbnb"))
    sold = a_purchase(link, "confirmed", decided_at=cast.NOW + 5 * MINUTE)
    sell(link, sold, cast.NOW + 5 * MINUTE)
    page = text(alices.get(page_of(sold)))
    assert page.count("in the link since 1 Dec, 10:05:00") == 2
    assert page.count("Not read yet") == 2
    booking.refresh_from_db()
    at = cast.NOW + 75 * MINUTE
    receipts.write([receipts.Pull(booking.public_id, booking.body_version, "Booking.com", at)])
    page = text(alices.get(page_of(sold)))
    assert "Seen 1 Dec, 11:15" in page
    assert page.count("Not read yet") == 1
    assert ("11:15", "Seen by Booking.com") in steps_of(alices, sold)
    assert page.count("Read there 1 hour, 10 minutes after the sale.") == 2
    assert ExportRead.objects.filter(link=airbnb).exists() is False


def test_where_no_night_is_closed_nobody_is_told(alices: Client, link: StayLink) -> None:
    cast.an_export(link.property, "booking")
    closes_nothing = some_hours(link, decided_at=cast.NOW)
    assert "Who is told that it is closed" not in text(alices.get(page_of(closes_nothing)))


def test_messages_name_whom_they_went_to_when_and_what_is_wrong(alices: Client, link: StayLink) -> None:
    sold = a_purchase(link, "confirmed", decided_at=cast.NOW)
    at = {
        "organization_id": sold.organization_id,
        "purchase": sold,
        "news": "confirmed",
        "created_at": cast.NOW,
    }
    next_try = {"next_try_at": cast.NOW + MINUTE}
    Delivery.objects.create(**at, **next_try, to="guest", address="m@example.org", delivered_at=cast.NOW)
    Delivery.objects.create(
        **at, **next_try, to="host", address="h@example.org", tries=2, trouble="Try later."
    )
    Delivery.objects.create(
        **at, **next_try, to="cleaner", address="c@example.org", given_up_at=cast.NOW, trouble="No such box."
    )
    Delivery.objects.create(**at, **next_try, to="host", address="first@example.org", tries=1)
    page = text(alices.get(page_of(sold)))
    assert page.count("Will be tried again") == 1, "a first try hasn't failed yet"
    for part in (
        "The guest: confirmed",
        "Sent 1 Dec, 10:00",
        "Will be tried again 1 Dec, 10:01",
        "On its way",
        "Try later.",
        "Not delivered",
    ):
        assert part in page, part


def test_the_lines_of_the_price_and_how_it_is_paid_stand_on_the_page(alices: Client, link: StayLink) -> None:
    page = text(alices.get(page_of(some_hours(link, collection="channel", mode="approval"))))
    for part in ("Late check-out, until 13:00", "City tax</dt><dd>€2.00", "With the booking site's own tool",
                 "Collect it with the booking site's own tool", "on request"):  # fmt: skip
        assert part in page, part


def test_the_page_asks_the_database_as_often_for_a_long_story_as_for_a_short_one(
    alices: Client, link: StayLink
) -> None:
    feed = cast.a_feed(link.property)
    sold = a_purchase(link, "confirmed", decided_at=cast.NOW + 9 * MINUTE)
    few = asked_of_the_database(alices, page_of(sold))
    for minute in range(1, 9):
        a_read(feed, minute)
        cast.an_export(link.property)
        Delivery.objects.create(
            organization_id=sold.organization_id, purchase=sold, news="confirmed", to="guest",
            address=f"{minute}@example.org", created_at=cast.NOW, next_try_at=cast.NOW,
        )  # fmt: skip
    assert asked_of_the_database(alices, page_of(sold)) == few


def test_a_story_without_end_is_cut(alices: Client, link: StayLink) -> None:
    feed = cast.a_feed(link.property)
    sold = a_purchase(link, "asked", requested_at=cast.NOW - 10 * MINUTE)
    for second in range(70):
        at = cast.NOW - timedelta(seconds=second + 1)
        FeedRead.objects.create(feed=feed, at=at, until=at, outcome="unchanged")
    assert len(steps_of(alices, sold)) < 70


def test_dates_are_those_of_the_home_and_not_of_the_server(alices: Client, far: StayLink) -> None:
    at = datetime(2026, 12, 1, 13, 0, tzinfo=UTC)
    sold = a_purchase(far, "confirmed", created_at=at, requested_at=at, decided_at=at)
    assert "2 Dec 2026, 02:00" in text(alices.get(reverse("sales:list")))
    assert "2 Dec, 02:00:00" in text(alices.get(page_of(sold)))


@pytest.mark.parametrize(
    ("word", "state", "said"),
    [("grant", "cancelled", "Cancelled as the guest asked."), ("keep", "confirmed", "The sale stays.")],
)
def test_a_guest_who_asks_to_cancel_is_answered_once(
    alices: Client, link: StayLink, word: str, state: str, said: str
) -> None:
    wish = {"wished_at": cast.NOW, "refund": 9_900}
    sold = a_purchase(link, "confirmed", decided_at=cast.NOW, guest_email="m@example.org", **wish)
    page = text(alices.get(page_of(sold)))
    assert "They needn't pay €99.00, as they were shown" in page
    assert "The guest asked to cancel" in page
    path = reverse(f"upsells:{word}", args=[link.property.public_id, sold.public_id])
    assert said in text(alices.post(path, follow=True))
    assert "This question is settled already." in text(alices.post(path, follow=True))
    sold.refresh_from_db()
    assert (sold.state, sold.wished_at) == (state, None)
    assert "The guest asks to cancel" not in text(alices.get(page_of(sold)))
