"""The style guide shows every part, and breaks when a part does."""

import re
from html import unescape

import pytest
from django.test import RequestFactory

from accounts.models import User
from amplistay.views import styleguide
from calendars.models import FeedRead
from calendars.standing import Standing


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


def test_it_shows_every_state_of_a_night(guide: str) -> None:
    cells = set(re.findall(r'<td class="is-(\w+)', guide))
    assert cells == {"free", "closed", "held", "hold", "sale", "host", "conflict", "yields"}
