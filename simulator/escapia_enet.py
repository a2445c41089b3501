"""The simulated ENET (EVRN, SOAP 1.1): units and their calendars, a letter for each day.

The letter of a day tells of the night before it and of its own night: A both free, O only its own taken (somebody
arrives), U both taken, I only the one before (somebody leaves). Errors come inside status 200, SOAP faults with 500.
Whether `ShowHolds` has to be asked for is not known; here soft blocks are left out without it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import escape
from xml.etree.ElementTree import Element, ParseError, fromstring

from aiohttp import web

from simulator import escapia_traffic as traffic
from simulator.escapia_keys import EVERY_MANAGER, Key
from simulator.escapia_state import ESCAPIA, Escapia
from simulator.escapia_traffic import Asked, Refused
from simulator.escapia_world import Manager, Unit, distributed
from simulator.spans import NIGHT, Span, merged

NAMESPACE = "http://www.escapia.com/EVRN/2007/02"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
LETTERS = {(False, False): "A", (False, True): "O", (True, True): "U", (True, False): "I"}
INSIDE, FAULT = 200, 500  # where a refusal is told: in `Errors`, or as a SOAP fault
SEGMENT_DAYS = 365
BATCH_DAYS = 730
MOST_DAYS = 1500


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, understood as far as every operation does."""

    escapia: Escapia
    asked: Asked
    key: Key
    root: Element

    def plays(self, kind: str) -> bool:
        """Whether the fault is to be played now."""
        return self.escapia.traffic.take(kind, self.asked) is not None

    def managers(self) -> list[Manager]:
        """The managers who admitted the key."""
        every = self.escapia.managers.values()
        return [one for one in every if one.granted and self.key.manager in (EVERY_MANAGER, one.id)]

    def units(self, code: str = "") -> list[tuple[Manager, Unit]]:
        """The units that were handed to us, of the manager with this code."""
        return [
            (manager, unit)
            for manager in self.managers()
            if code in ("", manager.code)
            for unit in distributed(manager.units.values())
        ]


def letters(taken: Iterable[Span], first: date, last: date) -> str:
    """The letter of each day from the first to the last."""
    nights = {start + place * NIGHT for start, end in merged(taken) for place in range((end - start).days)}
    days = [first + place * NIGHT for place in range((last - first).days + 1)]
    return "".join(LETTERS[day - NIGHT in nights, day in nights] for day in days)


def _told(name: str, inside: str = "", **attributes: object) -> str:
    """An element; what is inside is XML already."""
    given = "".join(f' {key}="{escape(str(value))}"' for key, value in attributes.items())
    return f"<{name}{given}>{inside}</{name}>" if inside else f"<{name}{given}/>"


def unit_search(ask: Ask) -> str:
    """UnitSearch: every unit, up to MaxResponses; there is no way to ask for the rest."""
    units = [] if ask.plays("no_units") else ask.units()
    most = int(ask.root.get("MaxResponses", "500"))
    told = "".join(
        _told(
            "Unit",
            UnitCode=_code(manager, unit),
            UnitName=unit.name,
            UnitHeadline=unit.headline,
            PropertyManagerCode=manager.code,
            InfoSource="VRS",
            UnitClassCode=1,
            AvailabilityStatus="AvailableForSale",
        )
        for manager, unit in units[:most]
    )
    return "<Success/>" + _told("Units", told, moredata=str(len(units) > most).lower())


def calendar(ask: Ask) -> str:
    """UnitCalendarAvail: one unit's letters, at most a year in each segment."""
    wanted, days = _find(ask.root, "UnitRef"), _find(ask.root, "CalendarDateRange")
    code = wanted.get("UnitCode", "")
    for manager, unit in ask.units():
        if _code(manager, unit) == code:
            span = _day(days.get("Start", "")), _day(days.get("End", ""))
            shows = (ask.root.findtext(_name("ShowHolds")) or "").strip().lower() == "true"
            told = "".join(_segments(ask, unit, span, soft=shows))
            return "<Success/>" + _told(
                "UnitCalendarAvailSegments",
                told,
                PropertyManagerCode=manager.code,
                UnitCode=code,
                UnitName=unit.name,
            )
    raise Refused(INSIDE, f"There is no unit {code} for this partner.")


def batch(ask: Ask) -> str:
    """UnitCalendarAvailBatch: every calendar that changed after an instant (UTC), the root doubled."""
    wanted = _find(_find(ask.root, "CalenadAvails"), "CalendarAvail")
    after = _instant(wanted.get("UpdatedAfter"))
    today = ask.asked.at.date()
    shows = ask.root.get("ShowHold", "").lower() == "true"
    code = wanted.get("UnitCode", "")
    told = "".join(
        _told(
            "UnitCalendarAvail",
            "".join(_segments(ask, unit, (today, today + timedelta(days=BATCH_DAYS)), soft=shows)),
            PropertyManagerCode=manager.code,
            UnitCode=_code(manager, unit),
        )
        for manager, unit in ask.units(wanted.get("PropertyManagerCode", ""))
        if code in ("", _code(manager, unit)) and (after is None or unit.changed > after)
    )
    inside = _told("UnitCalendarAvails", told, CachedData="false") + "<Success/>"
    return _told("EVRN_UnitCalendarAvailBatchRS", inside, Version="1.0")


def _segments(ask: Ask, unit: Unit, days: Span, *, soft: bool) -> Iterator[str]:
    first, end = days
    if end < first or (end - first).days > MOST_DAYS:
        raise Refused(INSIDE, "The date range is invalid.")
    taken = unit.taken(soft=soft)
    if ask.plays("no_nights"):
        taken = []
    if ask.plays("half"):
        taken = taken[1::2]
    cut = 0 if ask.plays("empty_days") else -1 if ask.plays("short_days") else None
    while first <= end:
        last = min(first + timedelta(days=SEGMENT_DAYS - 1), end)
        told = letters(taken, first, last)[:cut]
        rules = _told("StayRequirement", MinLOS=unit.min_nights, MaxLOS=28)
        inside = _told("DailyAvailability", told) + _told("StayRequirements", rules)
        yield _told("UnitCalendarAvailSegment", inside, StartDate=first, EndDate=last)
        first = last + NIGHT


OPERATIONS: dict[str, tuple[str, Callable[[Ask], str]]] = {
    "UnitSearch": ("EVRNService.svc", unit_search),
    "UnitCalendarAvail": ("EVRNService.svc", calendar),
    "UnitCalendarAvailBatch": ("EVRNContentService.svc", batch),
}


def add_routes(app: web.Application) -> None:
    """Hang the two services into the application that is mounted at /escapia."""
    for service in ("EVRNService.svc", "EVRNContentService.svc"):
        app.router.add_post(f"/enet/{service}", answer)


async def answer(request: web.Request) -> web.Response:
    """One SOAP call."""
    escapia = request.config_dict[ESCAPIA]
    operation = request.headers.get("SOAPAction", "").strip('"').rpartition("/")[2]
    asked = Asked(escapia.clock(), "enet", operation)
    escapia.traffic.requests.append(asked)
    try:
        root, name, secret = _read(await request.read(), operation)
    except Refused as refusal:
        return _done(asked, _fault(refusal))
    asked.key, asked.unit = name, _unit_in(root)
    if early := await traffic.instead(escapia.traffic, request, asked):
        return _done(asked, early)
    if over := _over(escapia, asked):
        return _done(asked, over)
    try:
        inside = _acted(escapia, asked, root, secret, request.path.rpartition("/")[2])
    except Refused as refusal:
        if refusal.status != INSIDE:
            return _done(asked, _fault(refusal))
        inside = _told("Errors", _told("Error", escape(str(refusal)), ShortText=refusal))
    told = {"EchoToken": root.get("EchoToken", "")} if "EchoToken" in root.attrib else {}
    version = {} if operation == "UnitCalendarAvailBatch" else {"Version": "1.0"}
    response = _response(_told(f"EVRN_{operation}RS", inside, xmlns=NAMESPACE, **told, **version), 200)
    return _done(asked, await traffic.afterwards(escapia.traffic, request, asked, response))


def _read(body: bytes, operation: str) -> tuple[Element, str, str]:
    """The operation's element, and the id and password in it."""
    if b"<!DOCTYPE" in body:
        raise Refused(FAULT, "A document type is not allowed.")
    try:
        envelope = fromstring(body)  # noqa: S314 - only our own clients ask, and no document type gets here
    except ParseError as failure:
        raise Refused(FAULT, f"The message can't be read: {failure}.") from None
    root = envelope.find(f"{{{ENVELOPE}}}Body/{_name(f'EVRN_{operation}RQ')}")
    if operation not in OPERATIONS or root is None:
        raise Refused(FAULT, f"The message with Action '{operation}' cannot be processed at the receiver.")
    who = root.find("/".join(_name(part) for part in ("POS", "Source", "RequestorID")))
    return (
        root,
        "" if who is None else who.get("ID", ""),
        "" if who is None else who.get("MessagePassword", ""),
    )


def _acted(escapia: Escapia, asked: Asked, root: Element, secret: str, service: str) -> str:
    """What is answered, as XML; raises Refused."""
    place, act = OPERATIONS[asked.operation]
    if escapia.traffic.take("soap_fault", asked):
        raise Refused(FAULT, "The server was unable to process the request due to an internal error.")
    if place != service:
        raise Refused(
            FAULT, f"The message with Action '{asked.operation}' cannot be processed at the receiver."
        )
    key = traffic.known_key("enet", asked.key, secret, list(escapia.managers))
    if key is None or escapia.traffic.take("unauthorised", asked):
        raise Refused(INSIDE, "The ID or its MessagePassword is wrong.")
    ask = Ask(escapia, asked, key, root)
    if not ask.managers() or escapia.traffic.take("forbidden", asked):
        raise Refused(INSIDE, "The partner has no access to this property manager.")
    if escapia.traffic.take("refused", asked):
        raise Refused(INSIDE, "The simulator was told to refuse this.")
    try:
        return act(ask)
    except ValueError as failure:
        raise Refused(INSIDE, str(failure)) from None


def _over(escapia: Escapia, asked: Asked) -> web.Response | None:
    """429 for a request too many."""
    options = escapia.options
    if not options.enet_quota:
        return None
    left, wait = escapia.traffic.spend(asked.key, asked.at, options.enet_quota, options.quota_seconds)
    if left >= 0:
        return None
    headers = {"Retry-After": str(int(wait) + 1)} if options.quota_tells_when else {}
    return web.Response(status=429, text="Too Many Requests", headers=headers)


def _done(asked: Asked, response: web.Response) -> web.Response:
    asked.status = response.status
    return response


def _fault(refusal: Refused) -> web.Response:
    words = f"<faultcode>s:Client</faultcode><faultstring>{escape(str(refusal))}</faultstring>"
    return _response(f"<s:Fault>{words}</s:Fault>", refusal.status)


def _response(inside: str, status: int) -> web.Response:
    envelope = f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Body>{inside}</s:Body></s:Envelope>'
    text = f'<?xml version="1.0" encoding="utf-8"?>{envelope}'
    return web.Response(body=text.encode(), status=status, content_type="text/xml", charset="utf-8")


def _name(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _find(root: Element, name: str) -> Element:
    found = root.find(_name(name))
    if found is None:
        raise Refused(INSIDE, f"The element {name} is missing.")
    return found


def _unit_in(root: Element) -> str:
    """The id of the one unit that the request names."""
    for place in root.iter():
        if "UnitCode" in place.attrib:
            return place.get("UnitCode", "").rpartition("-")[2]
    return ""


def _code(manager: Manager, unit: Unit) -> str:
    return f"{manager.code}-{unit.id}"


def _day(given: str) -> date:
    """A day, as clients write it: MM/DD/YYYY or in ISO form."""
    if "/" in given:
        return datetime.strptime(given, "%m/%d/%Y").replace(tzinfo=UTC).date()
    return date.fromisoformat(given)


def _instant(given: str | None) -> datetime | None:
    if not given:
        return None
    at = datetime.fromisoformat(given)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
