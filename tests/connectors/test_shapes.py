"""Answers that aren't what the documents say, and those that only look odd."""

import json
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import api_words, escapia_enet, safe_xml, shapes
from connectors.contract import BadReply, ConnectorError
from domain.spans import Span, nights_in
from tests.connectors import plays
from tests.connectors.contract import nights

START = date(2026, 12, 1)
WINDOW = Span(START, date(2027, 1, 1))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


# Json.NET's references.


def test_what_is_named_twice_is_the_same_thing() -> None:
    body = b'[{"$id":"1","a":{"$id":"2","b":1}},{"$id":"3","a":{"$ref":"2"}},{"$ref":"1"}]'
    first, second, third = shapes.parsed(body, "x")
    assert first == {"a": {"b": 1}}
    assert second["a"] is first["a"]
    assert third is first


def test_a_list_with_a_name_of_its_own_is_a_list() -> None:
    body = b'{"$id":"1","all":{"$id":"2","$values":[{"$id":"3","n":1}]},"again":{"$ref":"2"}}'
    assert shapes.parsed(body, "x") == {"all": [{"n": 1}], "again": [{"n": 1}]}


def test_a_thing_that_holds_itself_ends() -> None:
    found = shapes.parsed(b'{"$id":"1","self":{"$ref":"1"}}', "x")
    assert found["self"] is found


@pytest.mark.parametrize(
    "body",
    [
        b'{"$ref":"9"}',
        b'{"a":{"$ref":9}}',
        b'[{"$id":"1"},{"$id":"1"}]',
        b"",
        b"{",
        b"\xff",
        b"NaN",
        b"[" * 100_000,
        b"1" * 10_000,
        b"<html></html>",
    ],
)
def test_what_is_no_such_json_is_a_bad_reply(body: bytes) -> None:
    with pytest.raises(BadReply):
        shapes.parsed(body, "x")


def test_references_to_references_dont_grow() -> None:
    """As a billion laughs would in XML: what is named ten times at each of thirty levels is still thirty things."""
    levels: list[Any] = [{"$id": "0", "x": 1}]
    levels += [{"$id": str(n), "x": [{"$ref": str(n - 1)}] * 10} for n in range(1, 30)]
    found = shapes.parsed(json.dumps(levels).encode(), "x")
    assert found[29]["x"][9] is found[28]


@pytest.mark.parametrize("text", ["2026-12-20", "2026-12-20T00:00:00", "2026-12-20T00:00:00Z"])
def test_a_day_may_be_written_as_its_midnight(text: str) -> None:
    assert shapes.day({"d": text}, "d", "x") == date(2026, 12, 20)


@pytest.mark.parametrize(
    "value", ["2026-12-20T10:00:00", "20/12/2026", "2026-02-30", "", None, 20261220, [], "２０２６-12-20"]
)
def test_what_is_no_day_is_a_bad_reply(value: object) -> None:
    with pytest.raises(BadReply):
        shapes.day({"d": value}, "d", "x")


@settings(max_examples=25)
@given(st.data())
def test_no_answer_in_json_gets_anything_but_a_calendar_or_an_error_of_the_contract(
    data: st.DataObject,
) -> None:
    """Any part of any recorded answer may be anything."""
    with plays.played("escapia") as play:
        listing, exchanges = play.listing, play.recording.whole["exchanges"]
        answers = [one["answer"] for one in exchanges if "json" in one["answer"]]
        answer = data.draw(st.sampled_from(answers))
        answer["json"] = spoilt(data, answer["json"])
        connector = play.connector()
        for ask in (
            lambda: connector.calendar(listing, play.recording.window),
            connector.listings,
            lambda: connector.changes("64041481"),
            lambda: connector.block(listing, Span(date(2027, 2, 1), date(2027, 2, 4)), "7f3c", "Sold"),
            lambda: connector.unblock(listing, "stay:900010"),
        ):
            try:
                ask()
            except ConnectorError:
                continue


def spoilt(data: st.DataObject, value: Any) -> Any:
    """The value with something else in one place."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 4)):
        name = data.draw(st.sampled_from(sorted(value)))
        return value | {name: spoilt(data, value[name])}
    if isinstance(value, list) and value and data.draw(st.integers(0, 4)):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], spoilt(data, value[place]), *value[place + 1 :]]
    return data.draw(JSON)


# Letters.


def calendar(*segments: tuple[date, date, str]) -> safe_xml.Element:
    told = "".join(
        f'<UnitCalendarAvailSegment StartDate="{first}" EndDate="{last}">'
        f"<DailyAvailability>{letters}</DailyAvailability></UnitCalendarAvailSegment>"
        for first, last, letters in segments
    )
    return safe_xml.read(f"<UnitCalendarAvailSegments>{told}</UnitCalendarAvailSegments>".encode(), "x")


def letters_of(taken: frozenset[date], first: date, last: date) -> str:
    """As the vendor's clients draw them: a day by the night before it and its own."""
    known = {(False, False): "A", (True, True): "U", (False, True): "O", (True, False): "I"}
    days = map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
    return "".join(known[day - timedelta(days=1) in taken, day in taken] for day in days)


def test_the_letters_of_the_example() -> None:
    found = escapia_enet.nights(
        calendar((START, date(2026, 12, 14), "AAAOUUIAAOUUUI")), Span(START, date(2026, 12, 15))
    )
    assert found == (
        Span(date(2026, 12, 4), date(2026, 12, 7)),
        Span(date(2026, 12, 10), date(2026, 12, 14)),
    )


@given(
    st.frozensets(st.integers(0, 40).map(lambda n: START + timedelta(days=n))),
    st.lists(st.integers(1, 39), unique=True, max_size=4).map(sorted),
    st.integers(0, 30),
    st.integers(1, 11),
)
def test_nights_come_back_from_letters_however_they_are_cut(
    taken: frozenset[date], cuts: list[int], first: int, length: int
) -> None:
    edges = [0, *cuts, 42]
    segments = []
    for start, end in pairwise(edges):
        begins, ends = START + timedelta(days=start), START + timedelta(days=end - 1)
        segments.append((begins, ends, letters_of(taken, begins, ends)))
    window = Span(START + timedelta(days=first), START + timedelta(days=first + length))
    found = escapia_enet.nights(calendar(*reversed(segments)), window)
    assert nights_in(found) == {night for night in taken if night in window}


def test_where_two_segments_disagree_the_night_is_taken() -> None:
    last = date(2026, 12, 31)
    both = calendar((START, last, "A" * 31), (START, START, "U"))
    assert escapia_enet.nights(both, WINDOW) == (Span(START, START + timedelta(days=1)),)


@pytest.mark.parametrize(
    "segments",
    [
        [],
        [(START, date(2026, 12, 31), "")],
        [(START, date(2026, 12, 31), "A" * 30)],
        [(START, date(2026, 12, 31), "A" * 32)],
        [(START, date(2026, 12, 31), "A" * 30 + "X")],
        [(START, date(2026, 12, 31), "a" * 31)],
        [(START, date(2026, 12, 30), "A" * 30)],
        [(START, date(2026, 12, 10), "A" * 10), (date(2026, 12, 12), date(2026, 12, 31), "A" * 20)],
        [(date(2026, 12, 31), START, "")],
        [(date(9999, 12, 30), date(9999, 12, 31), "AA")],
    ],
)
def test_letters_that_dont_tell_of_every_day_are_a_bad_reply(segments: list[tuple[date, date, str]]) -> None:
    with pytest.raises(BadReply):
        escapia_enet.nights(calendar(*segments), WINDOW)


# XML.

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "text",
    [
        f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><x>&l9;</x>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p">%p;]><x/>',
        "<!DOCTYPE html><html></html>",
        "<x>&unknown;</x>",
        "<x>",
        "",
        "<x></y>",
        "<x/><x/>",
        "\x00",
        "<?xml version='1.0' encoding='utf-16'?><x/>",
        "<?xml version='1.0' encoding='nonsense'?><x/>",
        "<a>" * 60 + "</a>" * 60,
        "<a>" * 200_000,
    ],
)
def test_xml_that_no_answer_needs_is_a_bad_reply(text: str) -> None:
    with pytest.raises(BadReply):
        safe_xml.read(text.encode(), "x")


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_is_written_is_read_back(value: str, inside: str) -> None:
    text = safe_xml.written("a", {"v": value}, safe_xml.plain(inside))
    found = safe_xml.read(text.encode(), "x")
    kept = "".join(letter for letter in value if letter >= " " or letter in "\t\r\n")
    assert found.attributes["v"].split() == kept.replace("\ufffe", "").replace("\uffff", "").split()


@given(st.binary(max_size=200))
def test_no_bytes_get_anything_but_an_element_or_a_bad_reply(body: bytes) -> None:
    try:
        safe_xml.read(body, "x")
    except BadReply:
        return


def test_a_fault_and_an_error_are_told_by_their_own_words() -> None:
    for text, words in (
        ("<Errors><Error ShortText='The range is invalid'>...</Error></Errors>", "The range is invalid"),
        ("<Errors><Error>Only  this\n</Error></Errors>", "Only this"),
        ("<Errors/>", api_words.REFUSED),
        ("<Fault><faultcode>s:Client</faultcode><faultstring>No</faultstring></Fault>", "No"),
        ("<Errors><Error ShortText='Wrong MessagePassword ENET-SECRET-1'/></Errors>", api_words.WRONG_KEYS),
        ("<Errors><Error ShortText='No: ENET-SECRET-1'/></Errors>", "No: …"),
        ("<Success/>", api_words.ODD),
        ("<Fault><faultcode>s:Server</faultcode></Fault>", api_words.OUT_OF_ORDER),
    ):
        with plays.played("escapia_enet") as play:
            listing = play.listing
            for one in play.recording.whole["exchanges"]:
                one["answer"]["text"] = f"<e><EVRN_UnitCalendarAvailRS>{text}</EVRN_UnitCalendarAvailRS></e>"
            with pytest.raises(ConnectorError) as caught:
                play.connector().calendar(listing, play.recording.window)
            assert str(caught.value) == words


def test_a_zipped_answer_is_read_and_one_that_grows_without_end_is_not() -> None:
    with plays.played("escapia") as play:
        listing = play.listing
        play.fault = plays.zipped
        assert nights(play.connector().calendar(listing, play.recording.window)) == play.recording.taken
        play.fault = plays.bomb
        with pytest.raises(BadReply):
            play.connector().calendar(listing, play.recording.window)
