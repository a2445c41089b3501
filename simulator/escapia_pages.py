"""The simulated Escapia's pages for a manager: units distributed or not, stays booked, moved and cancelled by hand."""

from collections.abc import Awaitable, Callable
from html import escape

from aiohttp import web

from simulator.control import STATUSES
from simulator.escapia_state import ESCAPIA, Escapia
from simulator.escapia_world import GUEST_STAY, OWNER_STAY, Manager, Unit
from simulator.fields import Fields
from simulator.page_parts import Closures, document, month_grids
from simulator.world import UnknownThingError

PARTNER = "Amplistay"
BANNER = (
    '<p class="banner">Simulated Escapia &ndash; not the real site. <a href="/escapia/">All managers</a> '
    '<a href="/">All listings</a></p>'
)

type Act = Callable[[Escapia, web.Request, Fields], str]


def add_routes(app: web.Application) -> None:
    """Hang the pages into the application that is mounted at /escapia."""
    app.router.add_get("/", home)
    app.router.add_get("/managers/{manager}", _page(manager_page))
    app.router.add_get("/units/{unit}", _page(unit_page))
    app.router.add_post("/managers/{manager}/distribution", _form(distribute))
    app.router.add_post("/units/{unit}/stays", _form(book))
    app.router.add_post("/units/{unit}/stays/{stay}/move", _form(move))
    app.router.add_post("/units/{unit}/stays/{stay}/cancel", _form(cancel))
    app.router.add_post("/units/{unit}/orders/{order}/end", _form(end_order))


async def home(request: web.Request) -> web.Response:
    """Every manager."""
    rows = "".join(
        f'<li><a href="/escapia/managers/{one.id}">{escape(one.name)}</a> <small>PMC {one.id}, '
        f"{len(one.units)} units, {sum(unit.distributed for unit in one.units.values())} distributed</small></li>"
        for one in request.config_dict[ESCAPIA].managers.values()
    )
    return _html(
        document("Simulated Escapia", f"{BANNER}<section><h2>Managers</h2><ul>{rows}</ul></section>")
    )


def manager_page(escapia: Escapia, request: web.Request, problem: str = "") -> str:
    """A manager's units in two columns."""
    manager = escapia.manager(request.match_info["manager"])
    columns = "".join(_column(manager, distributed=distributed) for distributed in (False, True))
    return document(
        f"{escape(manager.name)} - Simulated Escapia",
        f"""{BANNER}{_problem(problem)}
        <section><h2>Unit distribution</h2><p>Network partner: <strong>{PARTNER}</strong>.</p>
        <div class="months">{columns}</div></section>
        <section><h2>Codes</h2><p>PMC {manager.id}, Property Manager Code {manager.code},
        Gateway {manager.gateway_id}.</p></section>""",
    )


def _column(manager: Manager, *, distributed: bool) -> str:
    units = [unit for unit in manager.units.values() if unit.distributed == distributed]
    ticks = "".join(
        f'<li><label class="tick"><input type="checkbox" name="unit-{unit.id}"> {escape(unit.name)}</label> '
        f'<a href="/escapia/units/{unit.id}" aria-label="Calendar of {escape(unit.name)}">Calendar</a></li>'
        for unit in units
    )
    title, verb, word = (
        ("Distributed units", "Take back", "off")
        if distributed
        else ("Undistributed units", "Distribute", "on")
    )
    buttons = (
        f'<button name="to" value="{word}">{verb}</button> '
        f'<button name="to" value="all-{word}" class="quiet">{verb} all</button>'
    )
    return f"""<form method="post" action="/escapia/managers/{manager.id}/distribution"><h3>{title}</h3>
    <p class="row">{buttons}</p><ul class="imports">{ticks or "<li>None</li>"}</ul></form>"""


def unit_page(escapia: Escapia, request: web.Request, problem: str = "") -> str:
    """A unit's calendar, its stays and work orders, and a form that books."""
    unit = escapia.unit(request.match_info["unit"])
    stays = [one for one in sorted(unit.stays.values(), key=lambda one: one.span) if not one.cancelled]
    rows = "".join(_stay_row(unit, one.id) for one in stays)
    orders = "".join(_order_row(unit, one.id) for one in unit.orders.values() if one.closes)
    head = "<tr><th>Arrival</th><th>Departure</th><th>What</th></tr>"
    table = f'<table class="list">{head}{rows}{orders}</table>' if rows or orders else "<p>None yet.</p>"
    manager = escapia.manager(unit.manager)
    state = "distributed" if unit.distributed else "not distributed"
    return document(
        f"{escape(unit.name)} - Simulated Escapia",
        f"""{BANNER}{_problem(problem)}
        <p><a href="/escapia/managers/{manager.id}">{escape(manager.name)}</a>, unit {unit.id},
        {state} to {PARTNER}.</p>
        <section><h2>Calendar</h2>{month_grids(_closures(unit), escapia.clock().date())}</section>
        <section><h2>Reservations and work orders</h2>{table}
        <form method="post" action="/escapia/units/{unit.id}/stays" class="row">
        <label>Arrival <input type="date" name="arrival" required></label>
        <label>Departure <input type="date" name="departure" required></label>
        <label>Guest <input name="guest" maxlength="100"></label>
        <button name="hold" value="None">Book</button>
        <button name="hold" value="Owner" class="quiet">Owner's stay</button></form></section>""",
    )


def _words(unit: Unit, stay_id: str) -> str:
    stay = unit.stays[stay_id]
    words = f"Stay of {stay.guest or 'a guest'}" if stay.type_id == GUEST_STAY else "Owner's stay"
    return f"{words} ({stay.number})" + (f": {stay.note}" if stay.note else "")


def _closures(unit: Unit) -> Closures:
    """Every closure as start, end, CSS class and the reason in words."""
    stays = [
        (*one.span, "block" if one.type_id == OWNER_STAY else "booking", _words(unit, one.id))
        for one in unit.stays.values()
        if not one.cancelled
    ]
    orders = [
        (*one.span, "imported", f"Work order {one.number}: {one.description}")
        for one in unit.orders.values()
        if one.closes and one.span
    ]
    return [*stays, *orders]


def _stay_row(unit: Unit, stay_id: str) -> str:
    stay = unit.stays[stay_id]
    dates, address = f"{stay.arrival} to {stay.departure}", f"/escapia/units/{unit.id}/stays/{stay.id}"
    return f"""<tr><td>{stay.arrival}</td><td>{stay.departure}</td><td>{escape(_words(unit, stay_id))}</td></tr>
    <tr class="alter"><td colspan="3"><details><summary aria-label="Change or cancel {dates}">Change or cancel</summary>
    <div class="row"><form method="post" action="{address}/move" class="row">
    <label>Arrival <input type="date" name="arrival" value="{stay.arrival}" required></label>
    <label>Departure <input type="date" name="departure" value="{stay.departure}" required></label>
    <button class="quiet" aria-label="Move {dates}">Move</button></form>
    <form method="post" action="{address}/cancel">
    <button class="quiet" aria-label="Cancel {dates}">Cancel</button></form></div></details></td></tr>"""


def _order_row(unit: Unit, order_id: str) -> str:
    order = unit.orders[order_id]
    start, end = order.span or ("", "")
    return f"""<tr><td>{start}</td><td>{end}</td><td>Work order {order.number}: {escape(order.description)}
    <form method="post" action="/escapia/units/{unit.id}/orders/{order.id}/end">
    <button class="quiet" aria-label="Give back {start} to {end}">Give back</button></form></td></tr>"""


def distribute(escapia: Escapia, request: web.Request, fields: Fields) -> str:
    """Ticked units, or all, to the partner or back."""
    manager = escapia.manager(request.match_info["manager"])
    to = fields.choice("to", ("on", "off", "all-on", "all-off"))
    for unit in manager.units.values():
        if to.startswith("all-") or f"unit-{unit.id}" in fields:
            unit.distributed = to.endswith("on")
    return f"/escapia/managers/{manager.id}"


def book(escapia: Escapia, request: web.Request, fields: Fields) -> str:
    """A guest's or the owner's stay."""
    unit = escapia.unit(request.match_info["unit"])
    hold = fields.choice("hold", ("None", "Owner"), "None")
    type_id = OWNER_STAY if hold == "Owner" else GUEST_STAY
    escapia.book(unit, fields.span(), type_id=type_id, guest=fields.text("guest", ""))
    return _of(unit)


def move(escapia: Escapia, request: web.Request, fields: Fields) -> str:
    """A stay on other dates."""
    unit = escapia.unit(request.match_info["unit"])
    escapia.move(unit, unit.stay(request.match_info["stay"]), fields.span())
    return _of(unit)


def cancel(escapia: Escapia, request: web.Request, _fields: Fields) -> str:
    """A cancellation."""
    unit = escapia.unit(request.match_info["unit"])
    escapia.cancel(unit, unit.stay(request.match_info["stay"]))
    return _of(unit)


def end_order(escapia: Escapia, request: web.Request, _fields: Fields) -> str:
    """A work order's nights given back."""
    unit = escapia.unit(request.match_info["unit"])
    escapia.end_order(unit, request.match_info["order"])
    return _of(unit)


def _of(unit: Unit) -> str:
    return f"/escapia/units/{unit.id}"


def _page(
    page: Callable[[Escapia, web.Request], str],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return _html(page(request.config_dict[ESCAPIA], request))
        except UnknownThingError as unknown:
            return _html(document("Not there", f"{BANNER}<p>{escape(str(unknown))}</p>"), 404)

    return handle


def _form(act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler that acts on a posted form and goes back to its page, or shows there what was wrong."""

    async def handle(request: web.Request) -> web.StreamResponse:
        escapia = request.config_dict[ESCAPIA]
        posted = await request.post()
        fields = Fields({name: value for name, value in posted.items() if isinstance(value, str)})
        try:
            address = act(escapia, request, fields)
        except UnknownThingError as unknown:
            return _html(document("Not there", f"{BANNER}<p>{escape(str(unknown))}</p>"), 404)
        except tuple(STATUSES) as failure:
            page = unit_page if "unit" in request.match_info else manager_page
            return _html(page(escapia, request, str(failure)), STATUSES[type(failure)])
        escapia.save()
        return web.Response(status=303, headers={"Location": address})

    return handle


def _problem(text: str) -> str:
    return f'<p class="problem" role="alert">{escape(text)}</p>' if text else ""


def _html(page: str, status: int = 200) -> web.Response:
    return web.Response(text=page, content_type="text/html", status=status)
