"""The style guide shows every part, and breaks when a part does."""

import re
from html import unescape

import pytest
from django.test import RequestFactory

from accounts.models import User
from amplistay import purchase_samples
from amplistay.views import styleguide
from calendars.models import FeedRead
from calendars.standing import Standing
from upsells.models import Purchase
from upsells.shelves import Nothing


@pytest.fixture
def guide(rf: RequestFactory, db: None) -> str:
    request = rf.get("/styleguide/")
    request.user = User()
    answer = styleguide(request)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_it_shows_every_standing_of_a_feed(guide: str) -> None:
    card = guide.partition('aria-labelledby="states"')[2].partition("</section>")[0]
    assert [word for word in map(str, Standing.labels) if word not in card] == []


def test_it_shows_a_line_of_every_outcome_and_a_mark_of_every_bad_one(guide: str) -> None:
    log = guide.partition('class="log"')[2].partition("</ul>")[0]
    words = set(re.findall(r'class="chip[^"]*">.*?</svg>([^<]+)<', log, re.DOTALL))
    assert {word.casefold() for word in words} == {
        word.casefold() for word in map(str, FeedRead.Outcome.labels)
    }
    assert {f"#{outcome}-sample" for outcome in ("failed", "refused", "quarantined")} <= set(
        re.findall(r'<use href="([^"]+)"', guide)
    )


def test_it_shows_why_nothing_is_offered_and_why_a_purchase_was_declined(guide: str) -> None:
    assert {*re.findall(r'data-why="(\w+)"', guide)} == {*Nothing} - {"off", "stale"}
    assert {*re.findall(r'data-reason="(\w+)"', guide)} == {*Purchase.Reason.values}
    assert [label for label in map(str, Purchase.Reason.labels) if label not in guide] == []


def test_it_shows_what_can_be_chosen_with_both_ways_of_paying_and_of_being_sold(guide: str) -> None:
    card = guide.partition('aria-labelledby="choices"')[2].partition("</section>\n<section")[0]
    for part in ("You pay at the property", "Your host charges it", "Your host has to agree first", "For a longer stay",
                 "City tax", "with the night", "Choose and continue"):  # fmt: skip
        assert part in card, part


def test_it_shows_a_preview_with_options_and_without_and_a_trial(guide: str) -> None:
    for part in ("Nothing is offered", "Why not more: the night of", "It is not on sale", "guests can only ask",
                 "Nothing is set up", "Nights then", "No departure to try it on", "Held for you until",
                 "Go on with it"):  # fmt: skip
        assert part in guide, part


def test_it_shows_every_state_of_a_night(guide: str) -> None:
    cells = set(re.findall(r'<td class="is-(\w+)', guide))
    assert cells == {"free", "closed", "held", "hold", "sale", "host", "conflict", "yields"}


def test_it_shows_the_page_of_a_purchase_in_every_state_and_at_every_step_of_its_payment(guide: str) -> None:
    shown = set(re.findall(r'data-page="([\w-]+)"', guide))
    steps = {f"paying-{step}" for step in ("opening", "open", "returned", "ending")}
    assert shown == {*Purchase.State.values} - {"paying"} | steps
    for part in ("Simulated payments", "The card didn't work", "This takes longer than usual", "You asked to cancel",
                 "Your host keeps the booking", "is on its way back", "Somebody else has just booked"):  # fmt: skip
        assert part in guide, part


def test_it_shows_how_a_purchase_stands_in_every_state_and_every_tone_of_its_story(guide: str) -> None:
    card = guide.partition('aria-labelledby="purchase-states"')[2].partition("</section>")[0]
    assert [word for word in map(str, Purchase.State.labels) if word.capitalize() not in card] == []
    assert {"ok", "warn", "bad", "info"} <= set(re.findall(r'<li class="(\w+)">', card))


def test_it_shows_bars_stays_and_every_standing_of_the_account_for_cards(guide: str) -> None:
    assert {*re.findall(r'data-standing="(\w+)"', guide)} == {*purchase_samples.STANDINGS}
    for part in ("€1,602.00", "under way", "no longer in your calendars", "stopped", "and 3 more, later",
                 "You can take cards", "Stripe refused", "What kind of business you have"):  # fmt: skip
        assert part in guide, part


def test_it_shows_all_that_home_is_made_of(guide: str) -> None:
    for part in ("1 of 4 done", "20 hours left", "Show 2 more", "and 2 more", "30 days before", 'class="was"',
                 "only 30 minutes to clean", "Nobody comes or leaves.", "It has stopped.", "hasn't read our link yet",
                 "reads no calendar"):  # fmt: skip
        assert part in guide, part


def test_each_id_is_there_once(guide: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', guide)
    twice = {each for each in ids if ids.count(each) > 1}
    assert twice <= {"progress", "standing"}  # which nothing on the page refers to
