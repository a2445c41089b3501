"""Escapia's SOAP interface, ENET (EVRN 2007/02): units, and calendars of one letter a day.

A letter says what its day is: `A` free, `U` taken, `O` only a departure (an arrival follows, so the night is taken),
`I` only an arrival (somebody leaves, so the night is free). Days are the house's own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

from connectors import api_words, safe_xml, shapes
from connectors.contract import AuthFailed, BadReply, Rejected, Temporary
from connectors.safe_xml import Element, written
from connectors.transport import Ask, Transport
from domain.spans import NIGHT, Span, runs

BASE = "https://api.escapia.com"
SERVICE, CONTENT = "EVRNService.svc", "EVRNContentService.svc"
NAMESPACE = "http://www.escapia.com/EVRN/2007/02"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
TAKEN, FREE = frozenset("UO"), frozenset("AI")
SOME_UNITS, MANY_UNITS = 500, 20_000
_FAULT = 500  # SOAP 1.1 §6.2: faults come with this status
_KEY_WORDS = ("password", "credential", "authenticat", "authoriz", "requestorid", "logon", "login")
_NOT_FOUND = "not found"

DATE_FORMATS: Mapping[str, Callable[[date], str]] = {
    "us": lambda day: day.strftime("%m/%d/%Y"),
    "iso": date.isoformat,
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What the documents leave open: how dates are written, whether holds are shown."""

    dates: str
    shows_holds: bool


class Enet:
    """The operations that we use, with the keys of one manager (`code` is the Property Manager Code)."""

    def __init__(self, transport: Transport, user: str, secret: str, code: str, *, choices: Choices) -> None:
        self._transport = transport
        self._base = transport.base("enet", BASE)
        self._user, self._secret, self._code = user, secret, code
        self._choices = choices

    def units(self, most: int = SOME_UNITS) -> list[Element]:
        """Every unit of this manager; where there are more than `most`, asked again for all of them."""
        found, _ = self._search(most)
        if _has_more(found) and most == SOME_UNITS:
            found, _ = self._search(MANY_UNITS)
            if _has_more(found):
                shapes.odd("enet.UnitSearch: moredata")
        return [each for each in found.named("Unit") if self._is_ours(each)]

    def now(self) -> datetime:
        """The instant by the other side's clock, from the head of a small answer."""
        return self._search(1)[1]

    def _is_ours(self, unit: Element) -> bool:
        """Whether the unit is this manager's: one pair of keys may be shown several managers' units."""
        code = unit.attributes.get("UnitCode", "")
        return unit.attributes.get("PropertyManagerCode", code.partition("-")[0]) == self._code

    def _search(self, most: int) -> tuple[Element, datetime]:
        nobody = written("GuestCounts", {}, written("GuestCount", {"Count": "1"}))
        criterion = written(
            "Criterion",
            {},
            written("Region", {}, written("CountryCode", {}, "US")),
            written("UnitStayCandidate", {}, nobody),
        )
        inside = written("Criteria", {"AvailableOnlyIndicator": "false"}, criterion)
        wish = {"MaxResponses": str(most), "ResponseType": "PropertyList"}
        reply, moment = self._ask(SERVICE, "UnitSearch", wish, inside)
        found = reply.first("Units")
        return (shapes.odd("enet.UnitSearch: Units") if found is None else found), moment

    def taken(self, unit: str, window: Span) -> tuple[Span, ...]:
        """The taken nights of the window, of which every one was named in the answer. Raises BadReply otherwise."""
        write = DATE_FORMATS[self._choices.dates]
        inside = (
            written("UnitRef", {"PropertyManagerCode": self._code, "UnitCode": unit}),
            written("CalendarDateRange", {"Start": write(window.start), "End": write(window.end - NIGHT)}),
            written("ShowHolds", {}, "true" if self._choices.shows_holds else "false"),
        )
        reply, _ = self._ask(SERVICE, "UnitCalendarAvail", {}, *inside)
        found = list(reply.named("UnitCalendarAvailSegments"))
        if [each.attributes.get("UnitCode") for each in found] != [unit]:
            shapes.odd("enet.UnitCalendarAvail: UnitCode")
        return nights(found[0], window)

    def changed(self, since: datetime) -> tuple[frozenset[str], datetime]:
        """The units whose calendars were changed after an instant, and the instant of the answer by its own clock."""
        after = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        wish = {"PropertyManagerCode": self._code, "UpdatedAfter": after}
        inside = written("CalenadAvails", {}, written("CalendarAvail", wish))  # sic
        options = {"SummaryOnly": "false", "ShowHold": "true" if self._choices.shows_holds else "false"}
        reply, moment = self._ask(CONTENT, "UnitCalendarAvailBatch", options, inside)
        if reply.first("UnitCalendarAvails") is None:
            shapes.odd("enet.UnitCalendarAvailBatch: UnitCalendarAvails")
        codes = [each.attributes.get("UnitCode", "") for each in reply.named("UnitCalendarAvail")]
        if not all(codes):
            shapes.odd("enet.UnitCalendarAvailBatch: UnitCode")
        return frozenset(codes), moment

    def _ask(
        self, service: str, operation: str, attributes: Mapping[str, str], *inside: str
    ) -> tuple[Element, datetime]:
        """The element that answers an operation, and the instant at which it did. Raises ConnectorError."""
        name = f"enet.{operation}"
        reply = self._transport.send(
            Ask(
                name,
                "POST",
                f"{self._base}/{service}",
                {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": operation},
                self._envelope(operation, attributes, inside),
                frozenset({_FAULT}),
            )
        )
        try:
            root = safe_xml.read(reply.body, name)
        except BadReply:
            root = None
        if reply.status == _FAULT and (root is None or root.first("Fault") is None):
            raise Temporary(api_words.OUT_OF_ORDER, detail=f"{name}: HTTP {_FAULT}")
        if root is None:
            shapes.odd(f"{name}: XML")
        self._heed(root, name)
        found = root.first(f"EVRN_{operation}RS")
        if found is None or found.first("Success") is None:
            shapes.odd(f"{name}: Success")
        return found, _moment(reply.headers.get("date", ""))

    def _envelope(self, operation: str, attributes: Mapping[str, str], inside: tuple[str, ...]) -> bytes:
        requestor = written("RequestorID", {"ID": self._user, "MessagePassword": self._secret})
        head = {"xmlns": NAMESPACE, "Target": "Production", "Version": "1.0", **attributes}
        wish = written(
            f"EVRN_{operation}RQ", head, written("POS", {}, written("Source", {}, requestor)), *inside
        )
        body = written("s:Envelope", {"xmlns:s": ENVELOPE}, written("s:Body", {}, wish))
        return b'<?xml version="1.0" encoding="utf-8"?>' + body.encode()

    def _heed(self, root: Element, name: str) -> None:
        """Raise what the answer says went wrong, be it a fault or an error among the answers."""
        fault = root.first("Fault")
        if fault is not None:
            code, words = fault.first("faultcode"), fault.first("faultstring")
            if code is None or not code.text.endswith("Client"):
                raise Temporary(api_words.OUT_OF_ORDER, detail=f"{name}: fault")
            raise self._refusal(words.text if words is not None else "", name)
        error = root.first("Error")
        if error is not None or root.first("Errors") is not None:
            said = "" if error is None else error.attributes.get("ShortText", "") or error.text
            raise self._refusal(said, name)

    def _refusal(self, said: str, name: str) -> AuthFailed | Rejected:
        words = api_words.their_words(said, (self._secret, self._user))
        if any(hint in words.lower() for hint in _KEY_WORDS):
            return AuthFailed(api_words.WRONG_KEYS, detail=f"{name}: error")
        if _NOT_FOUND in words.lower():
            return Rejected(api_words.UNKNOWN_UNIT, detail=f"{name}: error")
        return Rejected(words or api_words.REFUSED, detail=f"{name}: error")


def nights(calendar: Element, window: Span) -> tuple[Span, ...]:
    """The taken nights of the window in a unit's segments; every night must be named, and with a known letter."""
    taken: set[date] = set()
    told: set[date] = set()
    for segment in calendar.named("UnitCalendarAvailSegment"):
        for night, letter in _letters(segment):
            if letter not in TAKEN | FREE:
                shapes.odd("enet.DailyAvailability: letter")
            if night in window:
                told.add(night)
                if letter in TAKEN:
                    taken.add(night)
    if len(told) != len(window):
        shapes.odd("enet.DailyAvailability: days missing")
    return runs(taken)


def _letters(segment: Element) -> Iterator[tuple[date, str]]:
    """Each day of a segment with its letter; both ends are days of it."""
    where = "enet.UnitCalendarAvailSegment"
    start, end = (shapes.day(dict(segment.attributes), name, where) for name in ("StartDate", "EndDate"))
    daily = segment.first("DailyAvailability")
    if daily is None or len(daily.text) != (end - start).days + 1:
        shapes.odd("enet.DailyAvailability: length")
    days = map(date.fromordinal, range(start.toordinal(), end.toordinal() + 1))
    return zip(days, daily.text, strict=True)


def _has_more(units: Element) -> bool:
    return units.attributes.get("moredata", "false").lower() != "false"


def _moment(text: str) -> datetime:
    """The instant in an HTTP date; a minute of a day ago where there is none, so that nothing is missed."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC) - timedelta(days=1)
