"""What every connector must do. `tests/connectors/test_contract.py` asks it of every recording."""

import logging
import traceback
from datetime import date, timedelta
from typing import Any

import pytest

from connectors.contract import (
    AuthFailed,
    BadReply,
    BlockStyle,
    Calendar,
    Cap,
    Connector,
    ConnectorError,
    NotPermitted,
    RateLimited,
    Rejected,
    Temporary,
)
from domain.spans import Span, nights_in
from tests.connectors import plays
from tests.connectors.plays import Flood, Play, Recording, status

LEAST_SENT = 64 * 1024 * 1024  # what is in a socket's buffers counts as sent
MOST_CALLS = 20


def nights(calendar: Calendar) -> frozenset[date]:
    return nights_in(each.nights for each in calendar.taken)


def read(play: Play, connector: Connector | None = None) -> Calendar:
    connector = connector or play.connector()
    return connector.calendar(play.listing, play.recording.window)


def failing(play: Play, fault: Any) -> ConnectorError:
    """The error of a read that fails in that way."""
    connector, listing = play.connector(), play.listing
    play.fault = fault
    with pytest.raises(ConnectorError) as caught:
        connector.calendar(listing, play.recording.window)
    return caught.value


class Contract:
    """One test for each promise; `play` is the system as it is recorded."""

    # What is known beforehand.

    def test_its_description_is_whole(self, play: Play) -> None:
        spec = play.recording.spec
        assert spec.key.isidentifier()
        assert spec.title
        assert {Cap.LISTINGS, Cap.CALENDAR} <= spec.caps
        assert (Cap.BLOCK in spec.caps) == (spec.block_style is not BlockStyle.NONE)
        assert len({each.name for each in spec.credentials}) == len(spec.credentials) > 0
        assert any(each.is_secret for each in spec.credentials)
        assert len({each.name for each in spec.switches}) == len(spec.switches)
        assert all(len(set(each.choices)) > 1 and each.why for each in spec.switches)
        assert spec.min_interval >= timedelta(minutes=5)
        assert spec.horizon >= timedelta(days=365)
        assert play.connector().spec is spec

    # Reading.

    def test_every_listing_is_on_one_of_the_pages(self, play: Play) -> None:
        connector, found, cursor = play.connector(), [], None
        for _ in range(MOST_CALLS):
            page = connector.listings(cursor)
            found += page.listings
            cursor = page.cursor
            if cursor is None:
                break
        assert cursor is None
        assert len({one.id for one in found}) == len(found) > 0
        assert play.recording.whole["name"] in {one.name for one in found}

    def test_a_calendar_is_every_taken_night_of_the_window(self, play: Play) -> None:
        calendar = read(play)
        assert calendar.window == play.recording.window
        assert nights(calendar) == play.recording.taken
        assert all(each.nights.clip(calendar.window) == each.nights for each in calendar.taken)
        assert not any(each.ours for each in calendar.taken)

    def test_a_smaller_window_holds_the_same_nights(self, play: Play) -> None:
        connector, listing, whole = play.connector(), play.listing, play.recording.window
        for start in list(whole.nights())[::9]:
            window = Span(start, min(start + timedelta(days=5), whole.end))
            calendar = connector.calendar(listing, window)
            assert nights(calendar) == {night for night in play.recording.taken if night in window}

    def test_a_unit_that_isnt_known_isnt_free(self, play: Play) -> None:
        for unit in (play.listing + "0", "nobody"):
            with pytest.raises(ConnectorError):
                play.connector().calendar(unit, play.recording.window)

    def test_a_check_only_reads_and_says_what_works(self, play: Play) -> None:
        health = play.connector().check()
        assert health.works == {Cap(name) for name in play.recording.whole["works"]}
        assert health.troubles == {}
        assert play.written == []

    def test_a_check_tells_of_keys_that_are_wrong(self, play: Play) -> None:
        play.fault = status(401)
        health = play.connector().check()
        assert health.works == frozenset()
        assert health.troubles
        assert not any(secret in said for said in health.troubles.values() for secret in play.secrets)

    # The budget.

    def test_each_request_is_counted_before_it_goes_out(self, play: Play) -> None:
        connector = play.connector()
        listing = play.listing
        for ask in (
            connector.listings,
            connector.check,
            lambda: connector.calendar(listing, play.recording.window),
        ):
            ask()
            assert len(play.spent) == len(play.asked)
        assert play.spent
        assert all(name.partition(".")[0] and name.partition(".")[2] for name in play.spent)

    def test_nothing_goes_out_when_the_budget_is_used_up(self, play: Play) -> None:
        listing, refusal = play.listing, RateLimited("enough", timedelta(minutes=3))

        def spend(_: str) -> None:
            raise refusal

        connector = play.connector(play.tools(spend=spend))
        for ask in (connector.check, lambda: connector.calendar(listing, play.recording.window)):
            with pytest.raises(RateLimited) as caught:
                ask()
            assert caught.value is refusal
        assert play.asked == []

    # Failures.

    def test_wrong_keys(self, play: Play) -> None:
        assert type(failing(play, status(401))) is AuthFailed

    def test_a_prohibition(self, play: Play) -> None:
        assert type(failing(play, status(403))) is NotPermitted

    @pytest.mark.parametrize("code", [500, 502, 503, 504])
    def test_something_out_of_order(self, play: Play, code: int) -> None:
        assert type(failing(play, status(code))) is Temporary

    def test_too_many_requests(self, play: Play) -> None:
        error = failing(play, status(429, Retry_After="90"))
        assert isinstance(error, RateLimited)
        assert error.wait == timedelta(seconds=90)

    def test_too_many_requests_until_nobody_knows_when(self, play: Play) -> None:
        error = failing(play, status(429))
        assert isinstance(error, RateLimited)
        assert error.wait is None

    def test_nobody_answers(self, play: Play) -> None:
        assert type(failing(play, plays.silence)) is Temporary

    @pytest.mark.parametrize("fault", [plays.cut, plays.web_page, plays.empty])
    def test_an_answer_that_is_none(self, play: Play, fault: Any) -> None:
        assert isinstance(failing(play, fault), (BadReply, Temporary))

    def test_a_success_that_is_a_web_page(self, play: Play) -> None:
        assert type(failing(play, plays.web_page)) is BadReply

    def test_a_way_to_somewhere_else_is_not_taken(self, play: Play) -> None:
        with plays.played(play.recording.name) as other:
            error = failing(play, status(302, Location=f"{other.base}/elsewhere"))
            assert isinstance(error, BadReply)
            assert other.asked == []

    def test_three_hundred_megabytes_are_not_taken(self, play: Play) -> None:
        flood = Flood()
        assert isinstance(failing(play, flood), BadReply)
        assert flood.sent < LEAST_SENT

    @pytest.mark.parametrize("length", [str(plays.MEGABYTES_300), "9" * 30])
    def test_nor_when_they_are_announced(self, play: Play, length: str) -> None:
        assert isinstance(failing(play, status(200, Content_Length=length)), (BadReply, Temporary))

    @pytest.mark.parametrize(
        "fault",
        [status(401), status(500), plays.web_page, plays.silence, plays.cut, status(302, Location="/x")],
    )
    def test_no_error_tells_a_secret(self, play: Play, fault: Any, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        error = failing(play, fault)
        told = "".join(traceback.format_exception(error)) + repr(error) + error.detail + caplog.text
        told += repr(play.connector()) + repr(play.tools())
        assert [secret for secret in play.secrets if secret in told] == []
        assert error.__context__ is None or not hasattr(error.__context__, "request")

    # Changes.

    def test_changes_lead_to_what_changed(self, play: Play) -> None:
        connector, listing = play.connector(), play.listing
        if Cap.CHANGES not in play.recording.spec.caps:
            with pytest.raises(NotPermitted):
                connector.changes(None)
            assert play.asked == []
            return
        cursor = self.caught_up(connector, None)
        assert not connector.changes(cursor).listings
        play.state = play.recording.whole["changed"]
        changes = connector.changes(cursor)
        assert listing in changes.listings or changes.is_everything
        self.caught_up(connector, changes.cursor)

    def caught_up(self, connector: Connector, cursor: str | None) -> str:
        for _ in range(MOST_CALLS):
            changes = connector.changes(cursor)
            if not changes.more:
                return changes.cursor
            assert changes.cursor != cursor
            cursor = changes.cursor
        raise AssertionError(cursor)

    # Closing nights.

    def test_where_nothing_can_be_closed_nothing_is_asked(self, play: Play) -> None:
        if play.recording.block:
            return
        listing, connector = play.listing, play.connector()
        with pytest.raises(NotPermitted):
            connector.block(listing, play.recording.window, "7f3c", "Sold")
        with pytest.raises(NotPermitted):
            connector.unblock(listing, "anything")
        assert play.asked == []

    def block(self, play: Play) -> tuple[Span, str]:
        """The nights and the reference that are recorded."""
        recorded = play.recording.whole["block"]
        return plays.span(recorded["nights"]), recorded["ref"]

    def test_closed_nights_are_closed_and_recognised(self, closing: Play) -> None:
        wanted, ref = self.block(closing)
        connector, listing = closing.connector(), closing.listing
        handle = connector.block(listing, wanted, ref, "Sold")
        calendar = connector.calendar(listing, closing.recording.window)
        assert handle
        assert nights(calendar) >= closing.recording.taken | nights_in([wanted])
        assert [(each.nights, each.ours) for each in calendar.taken if each.ours] == [(wanted, ref)]

    def test_nights_are_closed_once_with_one_reference(self, closing: Play) -> None:
        wanted, ref = self.block(closing)
        listing = closing.listing
        handles = {closing.connector().block(listing, wanted, ref, "Sold") for _ in range(3)}
        assert len(handles) == len(closing.written) == 1

    def test_nights_are_closed_once_when_the_reply_is_lost(self, closing: Play) -> None:
        wanted, ref = self.block(closing)
        listing, closing.loses_writes = closing.listing, True
        with pytest.raises(Temporary):
            closing.connector().block(listing, wanted, ref, "Sold")
        handle = closing.connector().block(listing, wanted, ref, "Sold")
        assert len(closing.written) == 1
        closing.connector().unblock(listing, handle)
        assert nights(read(closing)) == closing.recording.taken

    def test_opened_nights_are_open_and_opening_them_again_is_well(self, closing: Play) -> None:
        wanted, ref = self.block(closing)
        listing, connector = closing.listing, closing.connector()
        handle = connector.block(listing, wanted, ref, "Sold")
        for _ in range(2):
            connector.unblock(listing, handle)
            assert nights(read(closing)) == closing.recording.taken
        assert len(closing.written) == 2

    def test_an_opening_whose_reply_is_lost_may_be_repeated(self, closing: Play) -> None:
        wanted, ref = self.block(closing)
        listing, connector = closing.listing, closing.connector()
        handle = connector.block(listing, wanted, ref, "Sold")
        closing.loses_writes = True
        with pytest.raises(Temporary):
            connector.unblock(listing, handle)
        connector.unblock(listing, handle)
        assert len(closing.written) == 2

    def test_taken_nights_are_not_closed(self, closing: Play) -> None:
        with pytest.raises(Rejected):
            closing.connector().block(
                closing.listing, plays.span(closing.recording.whole["block"]["refused"]), "another", "Sold"
            )
        assert nights(read(closing)) == closing.recording.taken

    @pytest.mark.parametrize("ref", ["", "a b", "x" * 65, "é", "../..", '"'])
    def test_a_reference_that_cant_be_written_is_refused(self, closing: Play, ref: str) -> None:
        wanted, _ = self.block(closing)
        listing = closing.listing
        with pytest.raises(Rejected):
            closing.connector().block(listing, wanted, ref, "Sold")
        assert closing.asked == []


def recordings() -> list[str]:
    return sorted(path.stem for path in plays.RECORDINGS.glob("*.json"))


def of(name: str) -> Recording:
    return Recording(name)
