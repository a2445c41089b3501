"""The control API of the simulated Escapia, under /api/escapia: what a manager does there, faults, and requests."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from simulator import escapia_enet, escapia_gateway, escapia_hsapi, escapia_pages
from simulator.control import answer, given
from simulator.escapia_keys import EVERY_MANAGER, PATHS, base_urls, key_of
from simulator.escapia_state import ENDS, ESCAPIA, STYLES, Escapia, Options
from simulator.escapia_traffic import FAULTS, Asked, Fault
from simulator.escapia_world import GUEST_STAY, HOLD_OF_TYPE, HOLDS, Manager, Unit
from simulator.escapia_writes import WRITES
from simulator.fields import BadFieldError, Fields

CHOICES: dict[str, Sequence[str]] = {
    "non_availability_end": ENDS,
    "work_order_end": ENDS,
    "writes": STYLES,
    "hsapi_units": ("all", "distributed"),
    "cancelled": ("told", "gone"),
}
NUMBERS = (
    "changes_at_once",
    "token_seconds",
    "hsapi_quota",
    "enet_quota",
    "gateway_quota",
    "quota_seconds",
)


def application() -> web.Application:
    """The three APIs and the pages, to be mounted at /escapia."""
    app = web.Application()
    escapia_hsapi.add_routes(app, (escapia_hsapi.READS, WRITES))
    escapia_enet.add_routes(app)
    escapia_gateway.add_routes(app)
    escapia_pages.add_routes(app)
    return app


def add_routes(api: web.Application) -> None:
    """Hang the control API into the one that is mounted at /api."""
    unit = "/escapia/units/{unit}"
    api.add_routes(
        [
            web.get("/escapia", whole),
            web.get("/escapia/managers/{manager}", one_manager),
            web.patch("/escapia/managers/{manager}", change_manager),
            web.get(unit, one_unit),
            web.patch(unit, change_unit),
            web.post(f"{unit}/stays", book),
            web.patch(f"{unit}/stays/{{stay}}", move),
            web.delete(f"{unit}/stays/{{stay}}", cancel),
            web.delete(f"{unit}/orders/{{order}}", end_order),
            web.get("/escapia/requests", requests),
            web.delete("/escapia/requests", forget_requests),
            web.post("/escapia/fault", fault),
            web.post("/escapia/tokens/expire", expire),
            web.post("/escapia/options", change_options),
        ]
    )


def _escapia(request: web.Request) -> Escapia:
    return request.config_dict[ESCAPIA]


def _unit(request: web.Request) -> Unit:
    return _escapia(request).unit(request.match_info["unit"])


async def whole(request: web.Request) -> web.Response:
    """GET /api/escapia."""
    escapia = _escapia(request)
    return answer(
        {
            "base_urls": base_urls(str(request.url.origin())),
            "keys": _keys(EVERY_MANAGER),
            "options": asdict(escapia.options),
            "faults": [asdict(one) for one in escapia.traffic.faults],
            "managers": [described_manager(one) for one in escapia.managers.values()],
        }
    )


def _keys(manager_id: str) -> dict[str, dict[str, str]]:
    """Id and secret for each API."""
    keys = {api: key_of(api, manager_id) for api in PATHS}
    return {api: {"id": key.id, "secret": key.secret} for api, key in keys.items()}


def described_manager(manager: Manager) -> dict[str, object]:
    """A manager with its keys, without its units."""
    return {
        "id": manager.id,
        "name": manager.name,
        "property_manager_code": manager.code,
        "property_manager_id": manager.gateway_id,
        "granted": manager.granted,
        "units": len(manager.units),
        "distributed": sum(unit.distributed for unit in manager.units.values()),
        "keys": _keys(manager.id),
    }


def described_unit(escapia: Escapia, unit: Unit) -> dict[str, object]:
    """A unit with what takes its nights."""
    names = ("id", "manager", "code", "name", "min_nights", "distributed", "active", "changed")
    manager = escapia.manager(unit.manager)
    return {name: getattr(unit, name) for name in names} | {
        "enet_code": f"{manager.code}-{unit.id}",
        "page": f"/escapia/units/{unit.id}",
        "stays": [asdict(one) for one in sorted(unit.stays.values(), key=lambda one: one.span)],
        "orders": [asdict(one) for one in unit.orders.values()],
        "nights": [list(span) for span in unit.nights()],
    }


async def one_manager(request: web.Request) -> web.Response:
    """GET /api/escapia/managers/<id>: with every unit."""
    escapia = _escapia(request)
    manager = escapia.manager(request.match_info["manager"])
    units = [described_unit(escapia, unit) for unit in manager.units.values()]
    return answer(described_manager(manager) | {"units": units})


async def change_manager(request: web.Request) -> web.Response:
    """PATCH /api/escapia/managers/<id>: `granted`."""
    escapia = _escapia(request)
    manager = escapia.manager(request.match_info["manager"])
    manager.granted = (await given(request)).flag("granted", default=manager.granted)
    escapia.save()
    return answer(described_manager(manager))


async def one_unit(request: web.Request) -> web.Response:
    """GET /api/escapia/units/<id>."""
    return answer(described_unit(_escapia(request), _unit(request)))


async def change_unit(request: web.Request) -> web.Response:
    """PATCH /api/escapia/units/<id>: `distributed`, `active`."""
    escapia, unit, fields = _escapia(request), _unit(request), await given(request)
    distributed = fields.flag("distributed", default=unit.distributed)
    unit.active = fields.flag("active", default=unit.active)
    unit.distributed = distributed
    escapia.save()
    return answer(described_unit(escapia, unit))


def booked(escapia: Escapia, unit: Unit, fields: Fields) -> str:
    """The id of a reservation that the manager makes; raises NightsTakenError."""
    hold = fields.choice("hold", HOLDS, "None")
    type_id = next((known for known, its in HOLD_OF_TYPE.items() if its == hold), GUEST_STAY)
    guest = fields.text("guest", "")
    stay = escapia.book(
        unit,
        fields.span(),
        type_id=type_id,
        hold=hold,
        guest=guest,
        confirmed=fields.flag("confirmed", default=True),
    )
    escapia.save()
    return stay.id


async def book(request: web.Request) -> web.Response:
    """POST /api/escapia/units/<id>/stays."""
    unit = _unit(request)
    stay_id = booked(_escapia(request), unit, await given(request))
    return answer(asdict(unit.stays[stay_id]), 201)


async def move(request: web.Request) -> web.Response:
    """PATCH /api/escapia/units/<id>/stays/<stay>."""
    escapia, unit = _escapia(request), _unit(request)
    stay = unit.stay(request.match_info["stay"])
    escapia.move(unit, stay, (await given(request)).span())
    escapia.save()
    return answer(asdict(stay))


async def cancel(request: web.Request) -> web.Response:
    """DELETE /api/escapia/units/<id>/stays/<stay>."""
    escapia, unit = _escapia(request), _unit(request)
    escapia.cancel(unit, unit.stay(request.match_info["stay"]))
    escapia.save()
    return web.Response(status=204)


async def end_order(request: web.Request) -> web.Response:
    """DELETE /api/escapia/units/<id>/orders/<order>: the manager gives its nights back."""
    escapia, unit = _escapia(request), _unit(request)
    escapia.end_order(unit, request.match_info["order"])
    escapia.save()
    return web.Response(status=204)


async def requests(request: web.Request) -> web.Response:
    """GET /api/escapia/requests: oldest first, narrowed by `api`, `operation`, `key`, `manager`, `unit` and `since`."""
    since = _since(request.query.get("since", ""))
    names = ("api", "operation", "key", "manager", "unit")
    wanted = {name: request.query[name] for name in names if name in request.query}
    found = [
        asdict(one) for one in _escapia(request).traffic.requests if one.at >= since and _fits(one, wanted)
    ]
    return answer({"count": len(found), "requests": found})


def _fits(one: Asked, wanted: dict[str, str]) -> bool:
    return all(getattr(one, name) == value for name, value in wanted.items())


def _since(given: str) -> datetime:
    if not given:
        return datetime.min.replace(tzinfo=UTC)
    try:
        at = datetime.fromisoformat(given.replace(" ", "+"))
    except ValueError:
        message = f"since must be an instant such as 2026-12-24T12:00:00+00:00, not {given}."
        raise BadFieldError(message) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def forget_requests(request: web.Request) -> web.Response:
    """DELETE /api/escapia/requests: also what was counted for quotas."""
    traffic = _escapia(request).traffic
    traffic.requests.clear()
    traffic.windows.clear()
    return web.Response(status=204)


async def fault(request: web.Request) -> web.Response:
    """POST /api/escapia/fault."""
    traffic, fields = _escapia(request).traffic, await given(request)
    kind = fields.choice("kind", ("none", *FAULTS))
    if kind == "none":
        traffic.faults.clear()
    else:
        traffic.faults.append(
            Fault(
                kind,
                fields.integer("count") or None,
                fields.text("on", ""),
                fields.text("key", ""),
                fields.text("unit", ""),
                float(fields.integer("seconds", 0) or 0),
                fields.integer("retry_after"),
            )
        )
    return answer({"faults": [asdict(one) for one in traffic.faults]})


async def expire(request: web.Request) -> web.Response:
    """POST /api/escapia/tokens/expire: every token that was given out is over."""
    _escapia(request).traffic.tokens.clear()
    return web.Response(status=204)


async def change_options(request: web.Request) -> web.Response:
    """POST /api/escapia/options."""
    escapia, fields = _escapia(request), await given(request)
    before = asdict(escapia.options)
    chosen: dict[str, Any] = {
        name: fields.choice(name, allowed, before[name]) for name, allowed in CHOICES.items()
    }
    chosen |= {name: fields.integer(name, before[name]) for name in NUMBERS}
    chosen["quota_tells_when"] = fields.flag("quota_tells_when", default=before["quota_tells_when"])
    escapia.options = Options(**chosen)
    escapia.save()
    return answer(asdict(escapia.options))
