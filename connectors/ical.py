"""A calendar link as a system: one unit, its taken nights, and no way to close any.

The strangers' door fetches it and the sandbox reads it, as they do for feeds.
"""

from datetime import timedelta

from connectors import api_words, http, links, sandbox
from connectors.answers import Answer, Failure
from connectors.contract import (
    Account,
    AuthFailed,
    BadReply,
    BlockStyle,
    Calendar,
    Cap,
    Changes,
    ConnectorError,
    Credential,
    Health,
    Limit,
    Listing,
    NotPermitted,
    Page,
    RateLimited,
    Rejected,
    Spec,
    Stretch,
    Switch,
    Temporary,
    Tools,
)
from domain.channels import CHANNELS, recognise
from domain.house import House
from domain.ics import Reading, Window
from domain.spans import Span
from domain.switches import Switches

SPEC = Spec(
    key="ical",
    title="iCal",
    caps=frozenset({Cap.LISTINGS, Cap.CALENDAR}),
    credentials=(Credential("link"),),
    switches=(
        Switch(
            "last_day",
            ("departure", "night"),
            "what an all-day entry's end is; RFC 5545 §3.6.1: the departure",
        ),
    ),
    limits=(Limit(288, timedelta(days=1), "unit"),),
    min_interval=timedelta(minutes=5),
    horizon=timedelta(days=730),
    block_style=BlockStyle.NONE,
)
_OK, _MULTIPLE = 200, 300
_KINDS: dict[int, type[ConnectorError]] = {401: AuthFailed, 403: NotPermitted, 404: Rejected, 410: Rejected}
_WORDS = {401: api_words.WRONG_KEYS, 403: api_words.NOT_ALLOWED}
_TIMEOUT, _TOO_MANY, _BAD, _SERVER = 408, 429, 400, 500
_AWAY = frozenset({"dns", "connect", "tls", "timeout", "protocol"})


def connect(account: Account, tools: Tools) -> "Ical":
    """The connector of one link. Raises ValueError without a house: times would be read by the wrong clock."""
    if tools.house is None:
        message = "a calendar is read by the clock of a house"
        raise ValueError(message)
    return Ical(account, tools, tools.house)


class Ical:
    """One link."""

    spec = SPEC

    def __init__(self, account: Account, tools: Tools, house: House) -> None:
        self._account, self._tools, self._house = account, tools, house

    def check(self) -> Health:
        """Whether there is a calendar at the link."""
        window = Span(self._tools.today, self._tools.today + SPEC.horizon)
        try:
            self._reading(self._link(), window)
        except RateLimited:
            raise
        except ConnectorError as error:
            return Health(frozenset(), {Cap.CALENDAR: str(error)})
        return Health(SPEC.caps, {})

    def listings(self, cursor: str | None = None) -> Page:
        """The link itself, named by a digest, which gives nothing of it away."""
        if cursor is not None:
            raise Rejected(api_words.REFUSED, detail="cursor")
        link = self._link()
        return Page((Listing(links.digest(link), CHANNELS[recognise(link)].name),), None)

    def calendar(self, listing: str, window: Span) -> Calendar:
        """What the calendar closes. One in which something may close more than was read is a BadReply."""
        link = self._link()
        if listing != links.digest(link):
            raise Rejected(api_words.UNKNOWN_UNIT)
        reading = self._reading(link, window)
        if not reading.is_whole:
            raise BadReply(api_words.ODD, detail=f"ical.read: {reading.state}")
        closed = (Stretch(each.nights, label=each.summary) for each in reading.events if each.nights)
        return Calendar(window, tuple(closed))

    def changes(self, cursor: str | None) -> Changes:  # noqa: ARG002 - as the contract has it
        """Not known."""
        raise NotPermitted(api_words.NOT_ALLOWED)

    def block(self, listing: str, nights: Span, ref: str, note: str) -> str:  # noqa: ARG002 - as the contract has it
        """Not possible."""
        raise NotPermitted(api_words.NOT_ALLOWED)

    def unblock(self, listing: str, handle: str) -> None:  # noqa: ARG002 - as the contract has it
        """Not possible."""
        raise NotPermitted(api_words.NOT_ALLOWED)

    def _link(self) -> str:
        text = self._account.credentials.get("link", "")
        try:
            return links.normalise(text, loopback_ports=self._tools.loopback_ports)
        except links.BadLink as error:
            code = error.code
        raise AuthFailed(api_words.WRONG_KEYS, detail=f"ical.link: {code}")

    def _reading(self, link: str, window: Span) -> Reading:
        """The calendar as it is now. Raises ConnectorError."""
        answer = self._fetched(link)
        try:
            return sandbox.read(
                answer.body,
                self._house,
                Window(window.start, window.end),
                channel=recognise(link),
                today=self._tools.today,
                switches=Switches(ends_inclusive=self._account.switches.get("last_day") == "night"),
            )
        except sandbox.Quarantined as bad:
            trouble: ConnectorError = BadReply(api_words.ODD, detail=f"ical.read: {bad.code}")
        except sandbox.NotStarted:
            trouble = Temporary(api_words.OUT_OF_ORDER, detail="ical.read: not started")
        raise trouble

    def _fetched(self, link: str) -> Answer:
        self._tools.spend("ical.read")
        outcome = http.fetch(
            http.Target(link), user_agent=self._tools.user_agent, loopback_ports=self._tools.loopback_ports
        )
        if isinstance(outcome, Failure):
            away = outcome.code in _AWAY
            kind, words = (Temporary, api_words.SILENT) if away else (BadReply, api_words.ODD)
            raise kind(words, detail=f"ical.read: {outcome.code}")
        if not _OK <= outcome.status < _MULTIPLE:
            raise _trouble(outcome)
        return outcome


def _trouble(answer: Answer) -> ConnectorError:
    """What a status means in the contract's words."""
    detail = f"ical.read: HTTP {answer.status}"
    if answer.status == _TOO_MANY:
        wait = None if answer.retry_after is None else timedelta(seconds=answer.retry_after)
        return RateLimited(api_words.TOO_MANY, wait, detail=detail)
    if answer.status >= _SERVER or answer.status == _TIMEOUT:
        return Temporary(api_words.OUT_OF_ORDER, detail=detail)
    kind = _KINDS.get(answer.status, Rejected if answer.status >= _BAD else BadReply)
    return kind(_WORDS.get(answer.status, api_words.REFUSED), detail=detail)
