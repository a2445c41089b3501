"""Many homes at once, from a file or a paste: one line each with a name, its calendar links and its house rules.

The text is CSV as spreadsheets write it (RFC 4180, but with commas, semicolons or tabs, and cells with loose quotes
as people type them), with or without a line of headings. Nothing here judges what a cell says; times, amounts and
names are only brought into the one spelling that forms read.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from itertools import islice

from domain.channels import CHANNELS
from domain.links import LINK, SCHEME
from domain.listwords import HEADINGS, LINK_WORDS, Column

MOST_OCTETS = 900_000  # the text comes back with its form, and a form may have a million octets
MOST_LINES = 500
MOST_LINKS = 20  # of one line
DELIMITERS = "\t;,"
TRIED = 20  # lines that tell which delimiter it is
MOST_CELLS = 100  # of one line; what comes after them stays one cell
LONGEST_HEADING = 60
LIKE = 0.75  # of the letters
REST = re.compile(r"(?P<plain>.*)")
LEAST_HEADINGS = 2
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, .xls
CLOCK = re.compile(
    r"(\d{1,2})(?:\s*[:.h]\s*(\d{2}))?(?::\d{2})?\s*(?:([ap])\.?\s*m\.?|h|uhr)?", re.IGNORECASE
)
CURRENCY = re.compile(r"(?<![A-Za-z])(?:[A-Za-z]{3}|[€£])(?![A-Za-z])")
SIGNS: Mapping[str, str] = {"€": "EUR", "£": "GBP"}  # a dollar may be anybody's
NOON = 12


class Fault(StrEnum):
    """Why a text isn't read at all."""

    EMPTY = "empty"
    TOO_BIG = "too_big"
    TOO_MANY = "too_many"
    WORKBOOK = "workbook"
    NOT_TEXT = "not_text"


class Unreadable(Exception):
    """The text isn't a list that may be read; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        """Keep the fault."""
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Line:
    """One home of the list; `number` counts the text's own lines from 1, `links` are cells that ought to be links.

    A link may have words before it: "Vrbo https://…". One more of them than a line may have is kept, so that it shows.
    `settings` holds the filled cells of the other columns.
    """

    number: int
    name: str
    links: tuple[str, ...] = field(repr=False)
    settings: Mapping[Column, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list as it was read; `ignored` are headings whose columns nobody knows."""

    lines: tuple[Line, ...]
    ignored: tuple[str, ...] = ()


def decode(data: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16 with a byte order mark, plain UTF-8, else Windows-1252.

    Raises Unreadable for what is too big, a workbook, or no text.
    """
    if len(data) > MOST_OCTETS:
        raise Unreadable(Fault.TOO_BIG)
    if data.startswith(WORKBOOKS):
        raise Unreadable(Fault.WORKBOOK)
    marked = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else None
    for encoding in [marked] if marked else ["utf-8-sig", "cp1252"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(text.encode()) > MOST_OCTETS:
            raise Unreadable(Fault.TOO_BIG)
        if _is_text(text):
            return text
    raise Unreadable(Fault.NOT_TEXT)


def _is_text(text: str) -> bool:
    return not any(unicodedata.category(sign) == "Cc" and sign not in "\t\r\n" for sign in set(text))


def canonical(text: str) -> str:
    """The text with plain line feeds, as it is whatever a browser does to it on the way."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read(text: str) -> Sheet:
    """The lines of the list. Raises Unreadable for nothing, and for more than may be read at once."""
    if len(text.encode(errors="replace")) > MOST_OCTETS:
        raise Unreadable(Fault.TOO_BIG)
    text = canonical(text)
    rows = _rows(text, _delimiter(text))
    first = next(rows, None)
    if first is None:
        raise Unreadable(Fault.EMPTY)
    columns = [_column(cell) for cell in first[1]] if _is_heading(first[1]) else None
    lines: list[Line] = [] if columns else [_line(*first, None)]
    for number, cells in rows:
        if len(lines) == MOST_LINES:
            raise Unreadable(Fault.TOO_MANY)
        lines.append(_line(number, cells, columns))
    if not lines:
        raise Unreadable(Fault.EMPTY)
    unknown = (
        [cell for cell, column in zip(first[1], columns, strict=True) if cell and not column]
        if columns
        else ()
    )
    return Sheet(tuple(lines), tuple(unknown))


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that aren't empty, each with the number of its first line.

    A quoted cell may hold delimiters and line ends; a quote that nothing closes is a sign like any other, so that it
    spoils its own line only.
    """
    end = re.escape(delimiter)
    quoted = rf'[^\S\n{end}]*+"(?P<quoted>(?:[^"]|"")*+)"[^\S\n{end}]*+(?={end}|\n|\Z)'
    cell, blank = re.compile(rf"{quoted}|(?P<plain>[^{end}\n]*+)"), re.compile(rf"(?:[\s{DELIMITERS}]*\n)?")
    at, number = 0, 1
    while at < len(text):
        start, at = at, _match(blank, text, at).end()
        number += text.count("\n", start, at)
        cells: list[str] = []
        start, goes_on = at, True
        while goes_on:
            found = _match(cell if len(cells) < MOST_CELLS else REST, text, at)
            content = found[found.lastgroup or "plain"]
            cells.append((content.replace('""', '"') if found.lastgroup == "quoted" else content).strip())
            at = found.end() + 1
            goes_on = text[at - 1 : at] == delimiter
        if any(cell.strip(f"{DELIMITERS} ") for cell in cells):
            yield number, cells
        number += text.count("\n", start, at)


def _match(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    found = pattern.match(text, at)
    if found is None:
        message = "these patterns match anywhere, if only nothing"
        raise AssertionError(message)
    return found


def _delimiter(text: str) -> str:
    """What stands between cells: whatever makes headings of the first line, or names followed by links of most."""

    def fits(delimiter: str) -> tuple[bool, int, int]:
        rows = [cells for _, cells in islice(_rows(text, delimiter), TRIED)]
        linked = sum("://" not in cells[0] and any(map(LINK.match, cells[1:])) for cells in rows)
        return bool(rows) and _is_heading(rows[0]), linked, sum(map(len, rows))

    return max(DELIMITERS, key=fits)


def _is_heading(cells: Sequence[str]) -> bool:
    known = [_column(cell) for cell in cells]
    return not any(map(LINK.search, cells)) and len(known) - known.count(None) >= LEAST_HEADINGS


def _folded(text: str) -> str:
    """Small letters without accents, and whatever isn't a letter as one space."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(re.sub(r"[^a-z]+", " ", plain.casefold()).split())


_BY_WORD: Mapping[str, Column] = {
    _folded(word): column
    for columns in HEADINGS.values()
    for column, words in columns.items()
    for word in words
}
_SITES = frozenset(_folded(channel.name) for channel in CHANNELS.values())


def _column(heading: str) -> Column | None:
    """What a column holds; a site's name above it means its links."""
    folded = _folded(heading[:LONGEST_HEADING])
    if folded in _BY_WORD:
        return _BY_WORD[folded]
    has_links = folded in _SITES or not LINK_WORDS.isdisjoint(folded.split())
    return Column.LINKS if has_links else None


def _line(number: int, cells: Sequence[str], columns: Sequence[Column | None] | None) -> Line:
    """One home. Without headings, the first cell is its name and all others are links."""
    columns = columns or [Column.NAME, *[Column.LINKS] * (len(cells) - 1)]
    links: list[str] = []
    settings: dict[Column, str] = {}
    for column, cell in zip(columns, cells, strict=False):
        if not cell or column is None:
            continue
        if column is Column.LINKS:
            links += _links(cell)
        else:
            settings.setdefault(column, _spelled(column, cell))
    name = settings.pop(Column.NAME, "")
    if "://" in name or "www." in name:  # "Casa del Mar https://…", or a line that only has links
        words, *more = _links(name)
        found = LINK.search(words)
        cut = found.start() if found else 0
        links = [words[cut:], *more, *links]
        name = words[:cut].strip(" :-")
    _read_currency(settings)
    return Line(number, name, tuple(links[: MOST_LINKS + 1]), settings)


def _links(cell: str) -> list[str]:
    """The links of a cell, each with the words before it; what no link follows stands alone."""
    words: list[str] = []
    links: list[str] = []
    for piece in re.split(rf"[\s|]+|[,;]+(?=\s|$|www\.|{SCHEME})", cell):
        words.append(piece)
        if LINK.match(piece):
            links.append(" ".join(filter(None, words)))
            words = []
    rest = " ".join(filter(None, words))
    return [*links, rest] if rest else links


def _spelled(column: Column, cell: str) -> str:
    if column in {Column.CHECK_IN, Column.CHECK_OUT}:
        return clock(cell)
    return " ".join(cell.split())


def _read_currency(settings: dict[Column, str]) -> None:
    """Take the currency out of a price ("120 €") where no other column says it, and signs for their codes."""
    price, named = settings.get(Column.RATE, ""), settings.get(Column.CURRENCY, "")
    found = CURRENCY.search(price)
    said = found[0] if found else ""
    said = SIGNS.get(said, said.upper())
    named = SIGNS.get(named, named.upper())
    if said and named in {"", said}:
        settings[Column.RATE] = CURRENCY.sub("", price, count=1).strip()
        named = said
    if named:
        settings[Column.CURRENCY] = named


def clock(text: str) -> str:
    """A time of the day as HH:MM, from "15", "15h30", "15.30 Uhr" or "3 pm"; anything else stays as it is."""
    found = CLOCK.fullmatch(text.strip())
    if not found:
        return text.strip()
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if half and not 1 <= hour <= NOON:
        return text.strip()
    if half:
        hour = hour % NOON + (NOON if half == "p" else 0)
    return f"{hour:02}:{minute:02}"


def by_spelling(names: Iterable[str]) -> Mapping[str, str]:
    """The names, to be looked up by `known`."""
    return {_folded(name): name for name in names}


def known(text: str, names: Mapping[str, str]) -> str:
    """The name that is spelled so but for case, signs and accents; empty where there is none."""
    return names.get(_folded(text[:LONGEST_HEADING]), "")


def nearest(text: str, zones: Iterable[str]) -> str:
    """The IANA zone that was probably meant: by its city, else by its letters; empty where none is near."""
    by_city: dict[str, str] = {}
    by_name: dict[str, str] = {}
    for zone in zones:
        by_city.setdefault(_folded(zone.rpartition("/")[2]), zone)
        by_name.setdefault(_folded(zone), zone)
    parts = [_folded(part) for part in re.split(r"[/,(]", text[:LONGEST_HEADING])]
    for part in reversed(parts):
        if part in by_city:
            return by_city[part]
    near = get_close_matches(" ".join(parts), by_name, n=1, cutoff=LIKE)
    if near:
        return by_name[near[0]]
    near = get_close_matches(parts[-1], by_city, n=1, cutoff=LIKE)
    return by_city[near[0]] if near else ""
