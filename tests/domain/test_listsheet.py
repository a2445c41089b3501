"""A list of homes as people have it: from any spreadsheet, in six languages, with whatever they typed in between."""

import csv
import io
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import listsheet
from domain.listsheet import DELIMITERS, MOST_CELLS, MOST_LINES, MOST_LINKS, MOST_OCTETS, Fault, Unreadable
from domain.listwords import HEADINGS, Column

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\ufeff")
    | st.sampled_from(' ,;"'),
    min_size=1,
    max_size=30,
).filter(lambda name: name.strip(' ,;"') and "://" not in name)
LINKS = st.builds(
    "https://{}.example/{}.ics?s={}".format,
    st.sampled_from(["www.airbnb", "ical.booking", "a"]),
    st.integers(0, 999),
    st.sampled_from(["x", "a,b", "a;b", "%20", "é"]),
)
HOMES = st.lists(st.tuples(NAMES, st.lists(LINKS, max_size=3)), min_size=1, max_size=4)


def plain(name: str) -> str:
    return " ".join(name.split())


def written(rows: list[list[str]], delimiter: str, end: str = "\r\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


@given(
    HOMES,
    st.sampled_from(DELIMITERS),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(sorted(HEADINGS)),
    st.data(),
)
def test_what_a_spreadsheet_writes_is_read_back_whatever_its_headings_and_delimiter(
    homes: list[tuple[str, list[str]]], delimiter: str, end: str, language: str, data: st.DataObject
) -> None:
    words = {column: data.draw(st.sampled_from(names)) for column, names in HEADINGS[language].items()}
    width = max(len(links) for _, links in homes)
    own = [Column.TIME_ZONE, Column.CHECK_IN, Column.RATE, Column.CURRENCY]
    head = [
        words[Column.NAME],
        *(f"{words[Column.LINKS]} {n}" for n in range(width)),
        *(words[each] for each in own),
    ]
    rows = [
        [name, *links, *[""] * (width - len(links)), "Europe/Madrid", "15.30", "1.200,50", "eur"]
        for name, links in homes
    ]
    sheet = listsheet.read(written([head, *rows], delimiter, end))
    assert [(line.name, list(line.links)) for line in sheet.lines] == [
        (plain(name), links) for name, links in homes
    ]
    assert {tuple(sorted(line.settings.items())) for line in sheet.lines} == {
        (("check_in", "15:30"), ("currency", "EUR"), ("rate", "1.200,50"), ("time_zone", "Europe/Madrid"))
    }
    assert [line.number for line in sheet.lines] == list(range(2, len(homes) + 2))
    assert sheet.ignored == ()


@given(
    st.lists(st.tuples(NAMES, st.lists(LINKS, min_size=1, max_size=3)), min_size=1, max_size=4),
    st.sampled_from(DELIMITERS),
)
def test_a_list_without_headings_is_names_and_links(
    homes: list[tuple[str, list[str]]], delimiter: str
) -> None:
    sheet = listsheet.read(written([[name, *links] for name, links in homes], delimiter))
    assert [(line.name, list(line.links)) for line in sheet.lines] == [
        (plain(name), links) for name, links in homes
    ]


@given(
    st.text()
    | st.lists(st.sampled_from([*DELIMITERS, '"', '""', "\n", "a", "https://a", "Name", " "])).map("".join)
)
def test_any_text_is_read_or_refused_by_name_and_its_lines_are_numbered_as_they_stand(text: str) -> None:
    try:
        sheet = listsheet.read(text)
    except Unreadable:
        return
    numbers = [line.number for line in sheet.lines]
    assert numbers == sorted(set(numbers))
    assert numbers[0] >= 1
    assert numbers[-1] <= listsheet.canonical(text).count("\n") + 1
    assert all(line.name or line.links or line.settings for line in sheet.lines) or sheet.ignored


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\t\n"), max_size=200)
)
def test_a_file_is_the_same_text_in_each_encoding_that_spreadsheets_write(text: str) -> None:
    text = text.removeprefix("\ufeff")
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        if encoding != "utf-8" or not text.encode().startswith((b"\xff\xfe", b"\xfe\xff")):
            try:
                assert listsheet.decode(text.encode(encoding)) == text
            except Unreadable as refused:
                assert refused.fault is Fault.WORKBOOK  # noqa: PT017 - no other fault is right
                assert text.startswith("PK")


def test_a_file_of_windows_keeps_its_accents() -> None:
    assert listsheet.decode("Casa Gràcia;Preço 5 €".encode("cp1252")) == "Casa Gràcia;Preço 5 €"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"PK\x03\x04 an .xlsx", Fault.WORKBOOK),
        (b"\xd0\xcf\x11\xe0 an .xls", Fault.WORKBOOK),
        (b"Casa\x00Mar", Fault.NOT_TEXT),
        (b"\xff\xfe\x00\xd8", Fault.NOT_TEXT),
        (b"a" * (MOST_OCTETS + 1), Fault.TOO_BIG),
        (("à" * (MOST_OCTETS * 2 // 3)).encode("cp1252"), Fault.TOO_BIG),
    ],
)
def test_a_file_that_is_no_list_is_refused_by_name(data: bytes, fault: Fault) -> None:
    with pytest.raises(Unreadable) as refused:
        listsheet.decode(data)
    assert refused.value.fault is fault


@pytest.mark.parametrize("text", ["", " \n\t\n", ",,,\n;\n", "Name;Link\n", "Name,Link\n,\n"])
def test_a_list_without_lines_is_empty(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        listsheet.read(text)
    assert refused.value.fault is Fault.EMPTY


def test_a_list_has_an_end() -> None:
    head, line = "Name;Link\n", "Casa;https://a.example/1.ics\n"
    assert len(listsheet.read(head + line * MOST_LINES).lines) == MOST_LINES
    for text in (line * (MOST_LINES + 1), head + line * (MOST_LINES + 1)):
        with pytest.raises(Unreadable) as refused:
            listsheet.read(text)
        assert refused.value.fault is Fault.TOO_MANY
    (wide,) = listsheet.read("Casa" + ";https://a.example/1.ics" * MOST_CELLS * 3).lines
    assert len(wide.links) == MOST_LINKS + 1, "one more than may be, so that it shows"


@pytest.mark.parametrize(
    ("text", "name", "links"),
    [
        ("Casa del Mar https://a/1 https://b/2", "Casa del Mar", ["https://a/1", "https://b/2"]),
        ("Casa, centro; https://a/1?x=1,2;webcal://b/2", "Casa, centro", ["https://a/1?x=1,2", "webcal://b/2"]),
        ('12" Loft,Vrbo: https://a/1', '12" Loft', ["Vrbo: https://a/1"]),
        ('"Casa ""Sol""","https://a/1\nhttps://b/2, https://c/3"', 'Casa "Sol"', ["https://a/1", "https://b/2", "https://c/3"]),
        ("https://a/1;https://b/2", "", ["https://a/1", "https://b/2"]),
        ("Casa;www.a.es/1;b.es/2 c.es/3", "Casa", ["www.a.es/1", "b.es/2", "c.es/3"]),
        ("Casa del Mar www.a.es/1,www.b.es/2", "Casa del Mar", ["www.a.es/1", "www.b.es/2"]),
        ("Casa St.Pere/2;https://b/2", "Casa St.Pere/2", ["https://b/2"]),
        ("www.a.es/ical/calendar,www.b.es/ical/link", "", ["www.a.es/ical/calendar", "www.b.es/ical/link"]),
        ("Casa;not a link;https://b/2", "Casa", ["not a link", "https://b/2"]),
    ],
)  # fmt: skip
def test_a_line_as_people_type_it(text: str, name: str, links: list[str]) -> None:
    (line,) = listsheet.read(text).lines
    assert (line.name, list(line.links)) == (name, links)


def test_a_quote_that_is_never_closed_spoils_its_own_line_only() -> None:
    text = 'Name;Link\n"Casa;https://a/1\nVilla;https://b/2\n"Piso";https://c/3\n'
    found = [(line.number, line.name, list(line.links)) for line in listsheet.read(text).lines]
    assert found == [
        (2, '"Casa', ["https://a/1"]),
        (3, "Villa", ["https://b/2"]),
        (4, "Piso", ["https://c/3"]),
    ]


def test_a_sites_name_is_a_heading_and_an_unknown_one_is_told_of() -> None:
    sheet = listsheet.read("Apartamento;Booking.com;iCal Vrbo;Owner\nCasa;https://a/1;https://b/2;Ana\n")
    assert sheet.lines[0].links == ("https://a/1", "https://b/2")
    assert sheet.ignored == ("Owner",)


@pytest.mark.parametrize(
    ("price", "currency", "found"),
    [
        ("120", "", ("120", None)),
        ("120,50 €", "", ("120,50", "EUR")),
        ("EUR 120", "", ("120", "EUR")),
        ("£99", "gbp", ("99", "GBP")),
        ("$120", "", ("$120", None)),
        ("€ 120", "USD", ("€ 120", "USD")),
    ],
)
def test_a_price_may_say_its_currency_but_never_contradict_it(
    price: str, currency: str, found: tuple[str, str | None]
) -> None:
    (line,) = listsheet.read(f'Name;Price;Currency\nCasa;"{price}";{currency}').lines
    assert (line.settings[Column.RATE], line.settings.get(Column.CURRENCY)) == found


@pytest.mark.parametrize(
    ("typed", "read"),
    [("15", "15:00"), ("3 pm", "15:00"), ("12 a.m.", "00:00"), ("12 pm", "12:00"), ("15h30", "15:30"),
     ("15.30 Uhr", "15:30"), ("9:05:00", "09:05"), ("noon", "noon"), ("13 pm", "13 pm"), ("", "")],
)  # fmt: skip
def test_times_as_they_are_typed(typed: str, read: str) -> None:
    assert listsheet.clock(typed) == read


@pytest.mark.parametrize(
    ("typed", "near"),
    [("Madrid", "Europe/Madrid"), ("new york", "America/New_York"), ("Paris, France", "Europe/Paris"),
     ("Europe/Madird", "Europe/Madrid"), ("Mars/Olympus Mons", "")],
)  # fmt: skip
def test_a_zone_that_was_probably_meant(typed: str, near: str) -> None:
    zones = sorted(
        zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc", "posix"))
    )
    assert listsheet.nearest(typed, zones) == near
    assert listsheet.known("europe / MADRID", listsheet.by_spelling(zones)) == "Europe/Madrid"
    assert listsheet.known("Madrid", listsheet.by_spelling(zones)) == ""


def test_no_heading_means_two_columns() -> None:
    meanings: dict[str, set[Column]] = {}
    for words in HEADINGS.values():
        for column, names in words.items():
            for name in names:
                meanings.setdefault(listsheet._folded(name), set()).add(column)
    assert {name: columns for name, columns in meanings.items() if len(columns) > 1} == {}


def test_hostile_texts_are_read_in_a_moment() -> None:
    for text in ('"', ',"', ',""x', '"a""b\n', "\n", "https://a ;,", ",\n", " ,;\t"):
        whole = text * (MOST_OCTETS // len(text))
        try:
            listsheet.read(whole)
        except Unreadable as refused:
            assert refused.fault in {Fault.EMPTY, Fault.TOO_MANY}  # noqa: PT017 - no other fault is right
