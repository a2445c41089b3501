"""The simulated HSAPI, version 10: tokens, the headers that each call needs, and what may be read.

What it accepts and answers follows the vendor's description of version 10; what that leaves open is an option of
`simulator.escapia_state.Options`.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator import escapia_shapes as shapes
from simulator import escapia_traffic as traffic
from simulator.escapia_keys import EVERY_MANAGER, Key
from simulator.escapia_shapes import Shape
from simulator.escapia_state import ESCAPIA, Escapia
from simulator.escapia_traffic import Asked, Refused
from simulator.escapia_world import HOLDS, Manager, Stay, Unit, free
from simulator.spans import overlap

HEADER = "x-homeaway-hasp-api-"
VERSIONS = ("9", "10")


@dataclass(slots=True)
class Call:
    """One request, understood; `manager` is whom it is about (on ListPmcs nobody)."""

    escapia: Escapia
    asked: Asked
    key: Key
    manager: Manager | None
    query: dict[str, str]
    body: Any

    def units(self) -> list[Unit]:
        """The manager's units, as far as HSAPI tells of them."""
        everything = list(self.of.units.values())
        if self.escapia.options.hsapi_units == "distributed":
            return [unit for unit in everything if unit.distributed]
        return everything

    @property
    def of(self) -> Manager:
        """The manager it is about."""
        if self.manager is None:
            raise Refused(400, f"The header {HEADER}pmcid is missing.")
        return self.manager

    def unit(self, unit_id: object) -> Unit:
        """A unit of the manager's."""
        for unit in self.units():
            if unit.id == unit_id:
                return unit
        raise Refused(404, f"There is no unit {unit_id}.")

    def plays(self, kind: str) -> bool:
        """Whether the fault is to be played now."""
        return self.escapia.traffic.take(kind, self.asked) is not None

    def reservation(self, name: str) -> tuple[Unit, Stay]:
        """The reservation that the query names."""
        stay_id = self.query.get(name, "")
        unit = self.of.unit_of(stay_id)
        if unit is None or unit not in self.units():
            raise Refused(404, f"There is no reservation {stay_id}.")
        self.asked.unit = unit.id
        return unit, unit.stays[stay_id]


type Act = Callable[[Call], object]


def list_pmcs(call: Call) -> object:
    """GET ListPmcs: the managers who admitted the key."""
    every = call.escapia.managers.values()
    return [
        shapes.company(one) for one in every if one.granted and call.key.manager in (EVERY_MANAGER, one.id)
    ]


def search_units(call: Call) -> object:
    """POST SearchUnitSummaries."""
    wanted = call.body.get("specification") or {}
    found = call.units()
    if not wanted.get("returnInactiveUnits"):
        found = [unit for unit in found if unit.active]
    if not wanted.get("returnUnavailableUnits") and wanted.get("stayDateRange"):
        nights = shapes.nights_in(wanted["stayDateRange"])
        found = [unit for unit in found if free(unit, nights)]
    if call.plays("no_units"):
        found = []
    return shapes.page(call.body, sorted(found, key=lambda unit: unit.code), shapes.unit_summary)


def unit_by_id(call: Call) -> object:
    """GET GetUnitById."""
    return shapes.whole_unit(call.unit(call.query.get("id")))


def units_by_id(call: Call) -> object:
    """POST GetUnitsById; ids that don't exist are left out."""
    if not isinstance(call.body, list):
        raise Refused(400, "A list of ids is needed.")
    return [shapes.whole_unit(unit) for unit in call.units() if unit.id in call.body]


def non_availability(call: Call) -> object:
    """POST GetUnitNonAvailability: every stretch that touches the days asked for, whole."""
    days = shapes.days_in(call.body.get("dateRange"))
    unit = call.unit(call.body.get("nativePMSUnitID"))
    stretches = [span for span in unit.taken() if overlap(span, days)]
    if call.plays("no_nights"):
        stretches = []
    if call.plays("half"):
        stretches = stretches[1::2]
    end = call.escapia.options.non_availability_end
    return [shapes.non_availability(span, end) for span in stretches]


def search_reservations(call: Call) -> object:
    """POST SearchReservationSummaries; cancelled ones are not among them."""
    wanted = call.body.get("specification") or {}
    holds = wanted.get("holdTypes") or ["None"]
    if not set(holds) <= set(HOLDS):
        raise Refused(400, f"holdTypes may be {', '.join(HOLDS)}.")
    units = set(wanted.get("unitNativePMSIDs") or [])
    found = [
        (unit, stay)
        for unit in call.units()
        if not units or unit.id in units
        for stay in unit.stays.values()
        if not stay.cancelled and stay.hold in holds and _lies(stay, wanted)
    ]
    by_arrival = sorted(found, key=lambda pair: (pair[1].arrival, pair[1].id))
    return shapes.page(call.body, by_arrival, lambda pair: shapes.reservation_summary(*pair))


def _lies(stay: Stay, wanted: Shape) -> bool:
    dates = wanted.get("stayDateRangeSearchSpecification")
    if not dates:
        return True
    first, after = days = shapes.days_in(dates.get("dateRange"))
    match dates.get("dateRangeSearchMethod", "Overlap"):
        case "StartDate":
            return first <= stay.arrival < after
        case "EndDate":
            return first <= stay.departure < after
        case _:
            return overlap(stay.span, days)


def reservation_by_id(call: Call) -> object:
    """GET GetReservationById; whether it tells of cancelled ones is an option."""
    unit, stay = call.reservation("id")
    if stay.cancelled and call.escapia.options.cancelled == "gone":
        raise Refused(404, f"There is no reservation {stay.id}.")
    return shapes.reservation(unit, stay)


def reservation_changes(call: Call) -> object:
    """GET GetReservationChanges: the last change of each reservation, so many at a time; work orders are no part."""
    start = call.query.get("startVersion", "")
    if not start.isdecimal():
        raise Refused(400, "startVersion must be a whole number.")
    changes, end = call.of.after(int(start), call.escapia.options.changes_at_once)
    return {
        "startVersion": int(start),
        "endVersion": end,
        "changes": [
            {"nativePMSID": one.stay, "changeType": one.kind, "changeTime": shapes.moment(one.at)}
            for one in changes
        ],
    }


def reservation_types(call: Call) -> object:
    """GET ListReservationTypes."""
    return shapes.reservation_types(call.of)


READS: dict[str, tuple[str, Act]] = {
    "ListPmcs": ("GET", list_pmcs),
    "SearchUnitSummaries": ("POST", search_units),
    "GetUnitById": ("GET", unit_by_id),
    "GetUnitsById": ("POST", units_by_id),
    "GetUnitNonAvailability": ("POST", non_availability),
    "SearchReservationSummaries": ("POST", search_reservations),
    "GetReservationById": ("GET", reservation_by_id),
    "GetReservationChanges": ("GET", reservation_changes),
    "ListReservationTypes": ("GET", reservation_types),
}


def add_routes(app: web.Application, operations: Sequence[dict[str, tuple[str, Act]]]) -> None:
    """Hang the operations into the application that is mounted at /escapia."""
    app.router.add_get("/dragomanadapter/hsapi/auth/token", token)
    for operation, (method, act) in ((name, how) for some in operations for name, how in some.items()):
        app.router.add_route(method, f"/dragomanadapter/hsapi/{operation}", _answering(operation, act))


def basic(request: web.Request) -> tuple[str, str]:
    """Id and secret of a Basic authorization; empty ones where there is none."""
    given = request.headers.get("Authorization", "").removeprefix("Basic ")
    try:
        name, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


async def token(request: web.Request) -> web.Response:
    """GET auth/token: a new one each time."""
    escapia, (name, secret) = request.config_dict[ESCAPIA], basic(request)
    asked = Asked(escapia.clock(), "hsapi", "auth/token", name)
    escapia.traffic.requests.append(asked)
    if early := await traffic.instead(escapia.traffic, request, asked):
        return _done(asked, early)
    key = traffic.known_key("hsapi", name, secret, list(escapia.managers))
    if key is None or escapia.traffic.take("unauthorised", asked):
        return _done(asked, _response({"Message": "The client id or its secret is wrong."}, 401))
    made = escapia.traffic.token(key, asked.at, escapia.options.token_seconds)
    text = made.text.removeprefix("Bearer ")
    told = {
        "expiration": shapes.moment(made.expires),
        "id": text,
        "encodedId": text,
        "authorizationHeaderValue": made.text,
    }
    response = _response(shapes.numbered(told), 200)
    return _done(asked, await traffic.afterwards(escapia.traffic, request, asked, response))


def _answering(operation: str, act: Act) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.StreamResponse:
        escapia = request.config_dict[ESCAPIA]
        body = await _body(request)
        asked = _asked(request, escapia, operation, body)
        if early := await traffic.instead(escapia.traffic, request, asked):
            return _done(asked, early)
        try:
            key = _admitted(request, escapia, asked)
            if wait := _over(escapia, asked):
                return _done(asked, wait)
            manager = _manager(request, escapia, key, asked) if act is not list_pmcs else None
            if isinstance(body, str):
                raise Refused(400, body)  # noqa: TRY301 - the sentences of all refusals are told in one place
            answer = act(Call(escapia, asked, key, manager, dict(request.query), body))
        except Refused as refusal:
            return _done(asked, _response({"Message": str(refusal)}, refusal.status))
        except (ValueError, TypeError, AttributeError) as failure:
            return _done(asked, _response({"Message": f"Bad Request: {failure}"}, 400))
        response = _response(shapes.numbered(answer), 200)
        return _done(asked, await traffic.afterwards(escapia.traffic, request, asked, response))

    return handle


def _done(asked: Asked, response: web.Response) -> web.Response:
    asked.status = response.status
    return response


def _response(told: object, status: int, headers: dict[str, str] | None = None) -> web.Response:
    body = json.dumps(told).encode()
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


async def _body(request: web.Request) -> Any:
    """The body's JSON; a text says what is wrong with it."""
    if request.method == "GET":
        return {}
    try:
        body = json.loads(await request.read())
    except ValueError:
        return "The request's body is no JSON."
    return body if isinstance(body, dict | list) else "The request's body must be an object or a list."


def _asked(request: web.Request, escapia: Escapia, operation: str, body: Any) -> Asked:
    known = escapia.traffic.tokens.get(request.headers.get("Authorization", ""))
    pmcid = request.headers.get(f"{HEADER}pmcid", "")
    asked = Asked(
        escapia.clock(), "hsapi", operation, known.key.id if known else "", pmcid, _unit_in(request, body)
    )
    escapia.traffic.requests.append(asked)
    return asked


def _unit_in(request: web.Request, body: Any) -> str:
    """The id of the one unit that the request names."""
    if request.path.endswith("/GetUnitById"):
        return request.query.get("id", "")
    if not isinstance(body, dict):
        return ""
    nested = [body, *(body.get(name) for name in ("quoteSpecification", "specification"))]
    for part in nested:
        if isinstance(part, dict):
            for name in ("nativePMSUnitID", "unitNativePMSID", "nativeUnitID"):
                if isinstance(part.get(name), str):
                    return str(part[name])
            several = part.get("unitNativePMSIDs")
            if isinstance(several, list) and len(several) == 1:
                return str(several[0])
    unit = body.get("unit")
    return str(unit.get("nativePMSID", "")) if isinstance(unit, dict) else ""


def _admitted(request: web.Request, escapia: Escapia, asked: Asked) -> Key:
    given = escapia.traffic.tokens.get(request.headers.get("Authorization", ""))
    if given is None or given.expires <= asked.at or escapia.traffic.take("unauthorised", asked):
        raise Refused(401, "The Authorization header is missing, expired or malformed.")
    version = request.headers.get(f"{HEADER}version")
    if version not in VERSIONS:
        raise Refused(400, f"The header {HEADER}version must be 9 or 10, not {version}.")
    if request.headers.get(f"{HEADER}endsystem") != "EscapiaVRS":
        raise Refused(400, f"The header {HEADER}endsystem must be EscapiaVRS.")
    return given.key


def _over(escapia: Escapia, asked: Asked) -> web.Response | None:
    """429 for a request too many."""
    options = escapia.options
    if not options.hsapi_quota:
        return None
    left, wait = escapia.traffic.spend(asked.key, asked.at, options.hsapi_quota, options.quota_seconds)
    if left >= 0:
        return None
    headers = {"Retry-After": str(int(wait) + 1)} if options.quota_tells_when else {}
    return _response({"Message": "Too many requests."}, 429, headers)


def _manager(request: web.Request, escapia: Escapia, key: Key, asked: Asked) -> Manager:
    pmcid = request.headers.get(f"{HEADER}pmcid")
    if not pmcid:
        raise Refused(400, f"The header {HEADER}pmcid is missing.")
    manager = escapia.managers.get(pmcid)
    admitted = manager is not None and manager.granted and key.manager in (EVERY_MANAGER, pmcid)
    if manager is None or not admitted or escapia.traffic.take("forbidden", asked):
        raise Refused(403, f"The key may not do that for {pmcid}.")
    return manager
