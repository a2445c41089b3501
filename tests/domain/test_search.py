"""What somebody means who looks for something, and what answers them best."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.search import MOST_WORDS, amount, asked, fit, fold, words

TODAY = date(2026, 11, 21)
NAMES = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
         "december")  # fmt: skip
MONTHS = {name: number for number, name in enumerate(NAMES, 1)} | {"diciembre": 12}
NAMED = {"tomorrow": TODAY + timedelta(days=1)}
TITLES = st.text(st.characters(categories=["L", "N", "Zs", "P"]), min_size=1, max_size=40)


def days(text: str) -> tuple[date, ...]:
    return asked(text, TODAY, MONTHS, NAMED).days


def test_accents_capitals_and_letters_of_other_alphabets_are_nothing() -> None:
    assert fold("Casa GRÀCIA, Ærø, Łódź, Straße") == "casa gracia, aero, lodz, strasse"


@pytest.mark.parametrize(
    "text",
    ["24 Dec", "24th of December", "dec 24", "24 dec.", "24.12.", "24/12", "24 de diciembre"],
)  # fmt: skip
def test_a_day_without_a_year_is_the_next_one_first(text: str) -> None:
    assert days(text) == (date(2026, 12, 24), date(2027, 12, 24), date(2025, 12, 24))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-24", date(2026, 12, 24)),
        ("24/12/26", date(2026, 12, 24)),
        ("24.12.2026", date(2026, 12, 24)),
        ("December 24, 2027", date(2027, 12, 24)),
        ("tomorrow", date(2026, 11, 22)),
        ("3/4/2027", date(2027, 4, 3)),  # the day first, as everywhere here
        ("4/13/2027", date(2027, 4, 13)),  # the only way it can be read
    ],
)
def test_a_day_with_its_year_is_that_day(text: str, day: date) -> None:
    assert days(text) == (day,)


@pytest.mark.parametrize(
    "text", ["31 feb", "2026-13-01", "ju 5", "casa 12", "marta 3 nights", "99/99", "ma 3", ""]
)
def test_what_is_no_day_stays_words(text: str) -> None:
    found = asked(text, TODAY, MONTHS, NAMED)
    assert (found.days, found.rest) == ((), found.words)


def test_the_words_beside_a_day_are_told_apart_from_it() -> None:
    found = asked("Gràcia 24 Dec offers", TODAY, MONTHS, NAMED)
    assert (found.words, found.rest) == (("gracia", "24", "dec", "offers"), ("gracia", "offers"))


@given(st.dates(TODAY - timedelta(days=300), TODAY + timedelta(days=300)))
def test_every_day_is_found_however_it_is_written(day: date) -> None:
    month = NAMES[day.month - 1]
    assert days(f"{day}") == (day,)
    for text in (f"{day.day} {month}", f"{month[:3]} {day.day}", f"{day.day}.{day.month}."):
        assert day in days(text)
        assert days(text)[0] >= TODAY


@given(st.text(max_size=300))
def test_whatever_is_written_is_bounded_and_never_an_error(text: str) -> None:
    found = asked(text, TODAY, MONTHS, NAMED)
    assert len(found.words) <= MOST_WORDS
    assert set(found.rest) <= set(found.words) | set(words(text))


@pytest.mark.parametrize(
    ("word", "digits", "minor"),
    [("198", 2, 19_800), ("198.00", 2, 19_800), ("198,50", 2, 19_850), ("198", 0, 198), ("198.50", 0, None),
     ("198", 3, 198_000), ("198a", 2, None), ("", 2, None)],
)  # fmt: skip
def test_an_amount_is_read_in_the_currency_s_own_units(word: str, digits: int, minor: int | None) -> None:
    assert amount(word, digits) == minor


def test_every_word_must_be_found() -> None:
    assert fit(("casa", "gracia"), "Casa Gràcia") is not None
    assert fit(("casa", "offers"), "Casa Gràcia") is None
    assert fit(("casa", "offers"), "Casa Gràcia", "offers, prices") is not None


def test_the_better_answer_is_the_one_that_says_it_whole_first_and_in_its_title() -> None:
    best_first = [
        ("Sales", ""),
        ("Sales of one home", ""),
        ("Wholesales", ""),
    ]
    scores = [fit(("sales",), *texts) or 0 for texts in best_first]
    assert scores == sorted(set(scores), reverse=True)
    assert (fit(("sales",), "Sales", "x") or 0) > (fit(("sales",), "Revenue", "sales") or 0)
    assert fit(("al",), "Sales") is None  # two letters are found where a word begins


@given(TITLES)
def test_a_title_answers_its_own_words_and_the_beginnings_of_them(title: str) -> None:
    own = words(title)
    whole = fit(own, title)
    assert whole is not None
    begun = fit([word[: len(word) // 2 + 1] for word in own], title)
    assert begun is not None
    assert begun <= whole
