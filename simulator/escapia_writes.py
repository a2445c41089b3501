"""What may be written through the simulated HSAPI: reservations made, moved and cancelled, and work orders.

Which of the two a manager permits is an option (`writes`): what isn't permitted is answered with 403. Whether the real
system lets a work order's nights be taken twice is not known; this one refuses with 400.
"""

from dataclasses import replace

from simulator import escapia_shapes as shapes
from simulator.escapia_hsapi import Act, Call
from simulator.escapia_shapes import Shape
from simulator.escapia_traffic import Refused
from simulator.escapia_world import GUEST_STAY, HOLD_OF_TYPE, Order, Unit
from simulator.spans import Span, overlap
from simulator.world import NightsTakenError

START, END = (f"{which}DateWhenUnitIsRemovedFromAvailability" for which in ("start", "end"))
REMOVES = "workOrderRemovesUnitFromAvailability"


def _permitted(call: Call, style: str) -> None:
    if call.escapia.options.writes not in ("both", style):
        raise Refused(403, "The manager doesn't permit that.")


def create_reservation(call: Call) -> object:
    """PUT CreateReservation; 412 for a booking rule that is neither ignored nor agreed to."""
    _permitted(call, "reservation")
    wanted = call.body.get("quoteSpecification")
    if not isinstance(wanted, dict):
        raise Refused(400, "A quoteSpecification is needed.")
    nights = shapes.nights_in(wanted.get("stayDateRange"))
    unit = call.unit(wanted.get("unitNativePMSID"))
    type_id = str(wanted.get("reservationTypeNativePMSID") or GUEST_STAY)
    if type_id not in HOLD_OF_TYPE:
        raise Refused(400, f"There is no reservation type {type_id}.")
    if not call.body.get("agreedToWarning") and (_breaks_rule(unit, nights, wanted) or call.plays("warning")):
        raise Refused(412, f"Guests stay {unit.min_nights} nights here at least.")
    if call.plays("refused"):
        return shapes.refused("The simulator was told to refuse this.")
    try:
        stay = call.escapia.book(
            unit,
            nights,
            type_id=type_id,
            guest=_last_name(call.body),
            partner=str(call.body.get("partnerID") or ""),
            note=str(call.body.get("note") or ""),
            confirmed=not call.body.get("setUnconfirmed"),
        )
    except NightsTakenError:
        return shapes.refused("The unit is not available for these dates.")
    call.escapia.save()
    return shapes.reservation(unit, stay)


def _breaks_rule(unit: Unit, nights: Span, wanted: Shape) -> bool:
    return (nights[1] - nights[0]).days < unit.min_nights and not wanted.get("ignoreBookingRules")


def _last_name(body: Shape) -> str:
    guests = body.get("guests")
    if not isinstance(guests, list) or not guests or not isinstance(guests[0], dict):
        raise Refused(400, "A guest is needed.")
    return str(guests[0].get("lastName") or "")


def cancel_reservation(call: Call) -> object:
    """POST CancelReservation; what can't be cancelled is told inside status 200."""
    _permitted(call, "reservation")
    try:
        unit, stay = call.reservation("id")
    except Refused as unknown:
        return shapes.refused(str(unknown))
    if stay.cancelled:
        return shapes.refused("The reservation is cancelled already.")
    if call.plays("refused"):
        return shapes.refused("The simulator was told to refuse this.")
    call.escapia.cancel(unit, stay)
    call.escapia.save()
    return shapes.reservation(unit, stay)


def update_reservation(call: Call) -> object:
    """PUT UpdateReservation: other nights of the same unit."""
    _permitted(call, "reservation")
    unit, stay = call.reservation("id")
    nights = shapes.nights_in(call.body.get("stayDateRange"))
    if stay.cancelled:
        return shapes.refused("The reservation is cancelled.")
    try:
        call.escapia.move(unit, stay, nights)
    except NightsTakenError:
        return shapes.refused("The unit is not available for these dates.")
    call.escapia.save()
    return shapes.reservation(unit, stay)


def save_work_order(call: Call) -> object:
    """PUT SaveWorkOrder: a new one, or with an id the known one with what is given changed."""
    _permitted(call, "work_order")
    unit, known = _order(call)
    body = call.body
    wanted = replace(
        known,
        span=_removed(call, known),
        description=str(body.get("description", known.description)),
        removes=bool(body.get(REMOVES, known.removes)),
        active=bool(body.get("active", known.active)),
        status=str(body.get("status", known.status)),
        priority=str(body.get("priority", known.priority)),
    )
    if wanted.removes and wanted.active and wanted.span is None:
        raise Refused(400, f"{START} and {END} are needed.")
    try:
        saved = call.escapia.save_order(unit, wanted)
    except NightsTakenError as taken:
        raise Refused(400, str(taken)) from taken
    call.escapia.save()
    return shapes.work_order(unit, saved, call.escapia.options.work_order_end)


def _order(call: Call) -> tuple[Unit, Order]:
    """The unit, and the work order as it was or as a new one begins."""
    order_id = call.body.get("nativePMSID")
    for unit in call.units():
        if order_id in unit.orders:
            call.asked.unit = unit.id
            return unit, unit.orders[order_id]
    if order_id:
        raise Refused(400, f"There is no work order {order_id}.")
    named = call.body.get("unit")
    if not isinstance(named, dict):
        raise Refused(400, "A unit with its nativePMSID is needed.")
    empty = Order("", "", None, "", False, True, "Entered", "None", call.asked.at)
    return call.unit(named.get("nativePMSID")), empty


def _removed(call: Call, known: Order) -> Span | None:
    if START not in call.body and END not in call.body:
        return known.span
    given = {"startDate": call.body.get(START), "endDate": call.body.get(END)}
    return shapes.nights_in(given, call.escapia.options.work_order_end)


def get_work_order(call: Call) -> object:
    """GET GetWorkOrder."""
    order_id = call.query.get("nativeWorkOrderId", "")
    for unit in call.units():
        if order_id in unit.orders:
            call.asked.unit = unit.id
            return shapes.work_order(unit, unit.orders[order_id], call.escapia.options.work_order_end)
    raise Refused(404, f"There is no work order {order_id}.")


def search_work_orders(call: Call) -> object:
    """POST SearchWorkOrders, by unit, words in the description, and the days on which the unit is removed."""
    _permitted(call, "work_order")
    words = [str(word).lower() for word in call.body.get("keywords") or []]
    unit_id, days = call.body.get("nativeUnitID"), call.body.get("startDateRange")
    within = shapes.days_in(days) if days else None
    found = [
        (unit, order)
        for unit in call.units()
        if unit_id in (None, "", unit.id)
        for order in unit.orders.values()
        if all(word in order.description.lower() for word in words)
        and (within is None or (order.span and overlap(order.span, within)))
    ]
    end = call.escapia.options.work_order_end
    return shapes.page(call.body, found, lambda pair: shapes.work_order(*pair, end))


WRITES: dict[str, tuple[str, Act]] = {
    "CreateReservation": ("PUT", create_reservation),
    "CancelReservation": ("POST", cancel_reservation),
    "UpdateReservation": ("PUT", update_reservation),
    "SaveWorkOrder": ("PUT", save_work_order),
    "GetWorkOrder": ("GET", get_work_order),
    "SearchWorkOrders": ("POST", search_work_orders),
}
