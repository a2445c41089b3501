"""The log on a feed's own page, and the chart of its history."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest
from django.test import Client

from calendars import sentences
from calendars.models import Feed
from tests.calendars.feeds import DAY, HOUR, MINUTE, a_read, at, local, text_of

# The log


def test_the_log_tells_each_read_newest_first_with_answer_and_duration(alices: Client, feed: Feed) -> None:
    problem = sentences.status(404, "www.airbnb.com")
    a_read(feed, HOUR, outcome="changed", closed=126, opened=2, milliseconds=1234)
    a_read(feed, MINUTE, outcome="failed", status=404, problem=problem)
    said = text_of(alices.get(at(feed)))
    assert said.index("The link was probably reset") < said.index("126 nights closed, 2 opened.")
    assert "HTTP 404" in said
    assert "HTTP 200 · 1,234 ms" in said


def test_reads_without_news_are_one_line_with_their_times(alices: Client, feed: Feed) -> None:
    line = a_read(feed, 2 * MINUTE, lasting=MINUTE, times=23)
    first, last = local(line.at, feed.property), local(line.until, feed.property)
    said = text_of(alices.get(at(feed)))
    assert re.search(rf"Read 23 times from (\d+ \w+, )?{first} to (\d+ \w+, )?{last}: nothing new\.", said)


def test_a_line_over_midnight_names_both_days(alices: Client, feed: Feed) -> None:
    line = a_read(feed, 30 * HOUR, lasting=25 * HOUR, times=100)
    home = feed.property
    first, last = (
        f"{moment.astimezone(home.house.zone).day} {local(moment, home, '%b, %H:%M')}"
        for moment in (line.at, line.until)
    )
    assert f"Read 100 times from {first} to {last}: nothing new." in text_of(alices.get(at(feed)))


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ({"closed": 3, "opened": 1, "held": 2}, "3 nights closed, 1 opened, 2 held back."),
        ({"closed": 1}, "1 night closed."),
        ({"opened": 1}, "1 night opened."),
        ({"opened": 2, "held": 1}, "2 nights opened, 1 held back."),
        ({"held": 1}, "1 night held back."),
        ({}, "Nothing new."),
    ],
)
def test_a_line_counts_what_changed(alices: Client, feed: Feed, counts: dict[str, int], says: str) -> None:
    a_read(feed, MINUTE, outcome="changed", **counts)
    assert f" {says} " in text_of(alices.get(at(feed)))


def test_a_line_lists_the_exact_nights_as_stays(alices: Client, feed: Feed) -> None:
    nights = {
        "closed": [["2026-12-12", "2026-12-15"], ["2026-12-31", "2027-01-01"]],
        "held": [["2027-02-01", "2027-02-03"]],
    }
    a_read(feed, MINUTE, outcome="changed", closed=4, held=2, nights=nights)
    said = text_of(alices.get(at(feed)))
    details = said[said.index("See what changed") :]
    assert "Closed 12–15 Dec 2026 (3 nights) 31 Dec 2026 – 1 Jan 2027 (1 night)" in details.replace(
        "\u2009", " "
    )
    assert "Held back 1–3 Feb 2027 (2 nights)" in details
    assert "Opened" not in details


def test_a_line_with_hundreds_of_stays_lists_some_and_counts_the_rest(alices: Client, feed: Feed) -> None:
    first = date(2027, 1, 1)
    stays = [[str(first + 2 * n * DAY), str(first + (2 * n + 1) * DAY)] for n in range(300)]
    a_read(feed, MINUTE, outcome="changed", closed=300, nights={"closed": stays})
    answer = alices.get(at(feed))
    assert answer.content.count(b"<dd>") == 41
    assert "and 260 more" in text_of(answer)


def test_a_read_that_could_not_be_trusted_says_why(alices: Client, feed: Feed) -> None:
    problem = {"template": "%(count)s entries can't be read.", "details": {"count": 2}}
    a_read(feed, MINUTE, problem=problem)
    assert "Nothing new. 2 entries can't be read." in text_of(alices.get(at(feed)))


def test_the_log_has_fifty_lines_a_page(alices: Client, feed: Feed) -> None:
    for number in range(51):
        a_read(feed, number * MINUTE, outcome="changed", closed=1000 + number)
    first, second = text_of(alices.get(at(feed))), text_of(alices.get(at(feed), {"page": 2}))
    assert "1000 nights closed" in first
    assert "1049 nights closed" in first
    assert "1050 nights closed" not in first
    assert "Page 1 of 2" in first
    assert "1050 nights closed" in second
    assert "1049 nights closed" not in second


@pytest.mark.parametrize("page", ["0", "99", "-1", "x", "\x00", "9" * 400])
def test_a_nonsense_page_of_the_log_is_answered(alices: Client, feed: Feed, page: str) -> None:
    a_read(feed, MINUTE)
    assert alices.get(at(feed), {"page": page}).status_code == 200


def test_before_the_first_read_the_page_says_what_will_stand_there(alices: Client, feed: Feed) -> None:
    said = text_of(alices.get(at(feed)))
    assert "Not read yet" in said
    assert "No history yet" in said


# The chart


def test_the_chart_says_in_words_and_as_a_table_what_it_draws(alices: Client, feed: Feed) -> None:
    a_read(feed, 9 * DAY, closed_nights=10)
    a_read(feed, 5 * DAY, closed_nights=14, outcome="changed")
    a_read(feed, 3 * DAY, closed_nights=14, outcome="failed")
    a_read(feed, 2 * DAY, closed_nights=14, outcome="failed")
    a_read(feed, DAY, closed_nights=12, outcome="changed")
    answer = alices.get(at(feed))
    summary = "12 nights are closed now. In this time there were between 10 and 14. 2 reads brought nothing."
    assert f'role="img" aria-label="{summary}"' in answer.content.decode()
    table = text_of(answer).partition("The same as a table")[2].partition("What Airbnb told us")[0]
    words = ["12 closed nights", "Failed in 2 reads", "14 closed nights", "10 closed nights"]
    assert [table.count(word) for word in words] == [1] * 4
    assert sorted(words, key=table.index) == words, "the latest first"


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ("failed", "it couldn't be read"),
        ("refused", "what it sent was no calendar"),
        ("quarantined", "it was quarantined"),
    ],
)
def test_reads_that_brought_nothing_have_marks_of_their_own(
    alices: Client, feed: Feed, outcome: str, says: str
) -> None:
    a_read(feed, 2 * HOUR)
    assert "<use" not in alices.get(at(feed)).content.decode()
    a_read(feed, HOUR, outcome=outcome)
    answer = alices.get(at(feed))
    assert answer.content.decode().count(f'href="#{outcome}-') == 1
    assert says in text_of(answer)


def test_reads_of_more_than_thirty_days_ago_are_not_drawn(alices: Client, feed: Feed) -> None:
    a_read(feed, 31 * DAY, closed_nights=99)
    assert "No history yet" in text_of(alices.get(at(feed)))
    a_read(feed, DAY, closed_nights=12)
    assert "99 closed nights" not in text_of(alices.get(at(feed)))


def test_a_page_needs_neither_inline_styles_nor_scripts(alices: Client, feed: Feed) -> None:
    a_read(feed, DAY, outcome="failed")
    attributes, tags = set(), set()

    class Look(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.add(tag)
            attributes.update(name for name, _value in attrs)
            assert tag != "script" or "src" in dict(attrs)

    Look().feed(alices.get(at(feed)).content.decode())
    assert "svg" in tags
    assert "style" not in tags | attributes
    assert [name for name in attributes if name.startswith(("on", "hx-on"))] == []
