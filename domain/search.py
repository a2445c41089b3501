"""What somebody means who looks for something: words, days, amounts; and how well a text answers the words."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

LONGEST = 120  # characters that are looked at
MOST_WORDS = 8
SHORT = 3  # letters from which on a word may stand inside another
WORD = re.compile(r"\d+[.,]\d{2}(?!\d)|[^\W_]+")
AMOUNT = re.compile(r"(\d{1,9})(?:[.,](\d{2}))?")
# What PostgreSQL's `unaccent` writes in other letters and Unicode doesn't take apart.
LETTERS = str.maketrans({"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "AE", "œ": "oe",
                         "Œ": "OE", "ħ": "h", "Ħ": "H"})  # fmt: skip

ISO = re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b")
NUMBERS = re.compile(r"\b(?P<day>\d{1,2})[./](?P<month>\d{1,2})(?:[./](?P<year>\d{4}|\d{2})?)?(?![\w])")
DAY_FIRST = re.compile(
    r"\b(?P<day>\d{1,2})(?:\.|st|nd|rd|th|er|º|°)?\s+(?:de\s+|of\s+)?(?P<month>[^\W\d_]{3,})\.?(?:\s+(?:de\s+)?(?P<year>\d{4}))?\b"
)
MONTH_FIRST = re.compile(
    r"\b(?P<month>[^\W\d_]{3,})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(?P<year>\d{4})\b)?"
)
FIRST_YEAR, LAST_YEAR = 1970, 2200


def fold(text: str) -> str:
    """The text in small letters without accents: "Gràcia" and "GRACIA" are the same."""
    apart = unicodedata.normalize("NFKD", text.translate(LETTERS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).casefold()


def words(text: str) -> tuple[str, ...]:
    """The words of a text, folded, each once, no more than `MOST_WORDS`."""
    return tuple(dict.fromkeys(WORD.findall(fold(text[:LONGEST]))))[:MOST_WORDS]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was written into a search.

    `words` are all of them. Where some may be meant as a day, `days` are the days that fit, the likeliest first, and
    `rest` are the words beside it; without a day `rest` is `words`.
    """

    words: tuple[str, ...]
    rest: tuple[str, ...]
    days: tuple[date, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words)


def asked(text: str, today: date, months: Mapping[str, int], named: Mapping[str, date]) -> Asked:
    """What a text means on a day.

    `months` are folded names of months, whole or short, with their numbers; any beginning of three letters will do.
    `named` are folded words that are a day by themselves ("tomorrow"). A day without a year is the next one, the one
    before, or the one after. Days in numbers are read day first, and month first where that is the only way.
    """
    folded = fold(text[:LONGEST])
    every = words(folded)
    for found in chain.from_iterable(
        each.finditer(folded) for each in (ISO, DAY_FIRST, MONTH_FIRST, NUMBERS)
    ):
        if days := tuple(_days(found, today, months)):
            return Asked(every, words(folded[: found.start()] + " " + folded[found.end() :]), days)
    for word in every:
        if word in named:
            return Asked(every, tuple(other for other in every if other != word), (named[word],))
    return Asked(every, every)


def _days(found: re.Match[str], today: date, months: Mapping[str, int]) -> Iterator[date]:
    """The days that a match may mean, the likeliest first; none where it names no day."""
    day, month, year = int(found["day"]), _month(found["month"], months), found["year"]
    if not month:
        return
    pairs = [(day, month), (month, day)] if found.re is NUMBERS else [(day, month)]
    for number, of in pairs:
        if year:
            years = [int(year) + (2000 if len(year) == 2 else 0)]  # noqa: PLR2004 - digits of a year
        else:
            years = sorted(
                (today.year, today.year + 1, today.year - 1), key=lambda y: _likely(y, of, number, today)
            )
        found_days = [made for made in (_made(each, of, number) for each in years) if made]
        if found_days:
            yield from found_days
            return


def _month(text: str, months: Mapping[str, int]) -> int:
    """The number of a month; 0 for what isn't one, or may be several."""
    if text.isdecimal():
        return int(text)
    numbers = {number for name, number in months.items() if name.startswith(text)}
    return numbers.pop() if len(numbers) == 1 else 0


def _likely(year: int, month: int, day: int, today: date) -> tuple[bool, int]:
    """Sorts days to come before days that were, the nearest first."""
    distance = (year - today.year) * 372 + (month - today.month) * 31 + day - today.day
    return distance < 0, abs(distance)


def _made(year: int, month: int, day: int) -> date | None:
    """The day, where there is one that a stay could be on."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def amount(word: str, digits: int) -> int | None:
    """The amount that a word names, in minor units of a currency with so many digits; None where it names none."""
    found = AMOUNT.fullmatch(word)
    if not found or (found[2] and not digits and int(found[2])):
        return None
    hundredths = int(found[1]) * 100 + int(found[2] or 0)
    return int(hundredths * 10**digits // 100)


# How well something answers

WHOLE, BEGINS, INSIDE = 6, 4, 2
ELSEWHERE = 1  # less, where it stands beside the title
SAME, OPENS = 5, 2  # more, where the title is just that, or begins with it


def fit(sought: Sequence[str], title: str, *beside: str) -> int | None:
    """How well a title, and what is known beside it, answer the words; None unless each of them is found.

    A word may be the beginning of another, or, from three letters on, stand inside one.
    """
    texts = [fold(title), *(fold(text) for text in beside)]
    total = 0
    for word in sought:
        found = [
            value - ELSEWHERE * bool(place)
            for place, text in enumerate(texts)
            if (value := _found(word, text))
        ]
        if not found:
            return None
        total += max(found)
    phrase = " ".join(sought)
    bonus = SAME if " ".join(WORD.findall(texts[0])) == phrase else OPENS * texts[0].startswith(phrase)
    return total * 10 // max(len(sought), 1) + 10 * bonus


def _found(word: str, text: str) -> int:
    if word not in text:
        return 0
    found = WORD.findall(text)
    if word in found:
        return WHOLE
    if any(each.startswith(word) for each in found):
        return BEGINS
    return INSIDE if len(word) >= SHORT else 0
