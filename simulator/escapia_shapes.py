"""The simulated HSAPI's objects in the shapes of its version 10, as far as anybody reads them.

Replies carry Json.NET's ``$id`` members; an object that is told a second time is ``{"$ref": "<its $id>"}``.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import count
from typing import Any

from simulator.escapia_world import OWNER_STAY, OWNERS_GUEST, Manager, Order, Stay, Unit
from simulator.spans import NIGHT, Span

type Shape = dict[str, Any]

MOST_ON_PAGE = 500


def numbered(value: object) -> object:
    """The value with ``$id`` in each object, and ``$ref`` in place of one that is equal to an earlier one."""
    numbers = count(1)
    known: dict[str, str] = {}

    def told(part: object) -> object:
        if isinstance(part, list):
            return [told(one) for one in part]
        if not isinstance(part, dict):
            return part
        whole = json.dumps(part, sort_keys=True)
        if whole in known:
            return {"$ref": known[whole]}
        known[whole] = number = str(next(numbers))
        return {"$id": number} | {name: told(one) for name, one in part.items()}

    return told(value)


def moment(at: datetime) -> str:
    """An instant, in UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def range_of(nights: Span, end: str) -> Shape:
    """A DateRange; `end` says whether its end is the "departure" day or the "last_night"."""
    last = nights[1] - NIGHT if end == "last_night" else nights[1]
    return {"startDate": nights[0].isoformat(), "endDate": last.isoformat()}


def nights_in(given: object, end: str = "departure") -> Span:
    """The nights of a DateRange; raises ValueError with a sentence."""
    told = given if isinstance(given, dict) else {}
    try:
        first, last = (date.fromisoformat(told[name][:10]) for name in ("startDate", "endDate"))
    except (KeyError, TypeError, ValueError):
        message = "A date range with startDate and endDate is needed."
        raise ValueError(message) from None
    if end == "last_night":
        last += NIGHT
    if last <= first:
        message = "The end of the date range is before its start."
        raise ValueError(message)
    return first, last


def days_in(given: object) -> Span:
    """The days of a DateRange that is searched in, its last one included; raises ValueError with a sentence."""
    return nights_in(given, "last_night")


def company(manager: Manager) -> Shape:
    """A Company."""
    return {
        "endSystem": "EscapiaVRS",
        "pmcid": manager.id,
        "name": manager.name,
        "logoURL": "",
        "url": f"https://{manager.id}.example.com",
    }


def unit_summary(unit: Unit) -> Shape:
    """A UnitSummary."""
    return {
        "code": unit.code,
        "name": unit.name,
        "headline": unit.headline,
        "sleeps": 2.0 + 2 * unit.bedrooms,
        "bedrooms": float(unit.bedrooms),
        "bathrooms": 1.0,
        "available": unit.active,
        "address": f"{_number_in(unit)} Example St, {unit.city}",
        "id": int(unit.id),
        "pmcid": unit.manager,
        "nativePMSID": unit.id,
    }


def whole_unit(unit: Unit) -> Shape:
    """A Unit; it knows no time zone, as in life."""
    return {
        "unitName": unit.name,
        "unitCode": unit.code,
        "unitHeadline": unit.headline,
        "address": {"street1": f"{_number_in(unit)} Example St", "city": unit.city, "country": "US"},
        "bedrooms": float(unit.bedrooms),
        "bathrooms": 1.0,
        "sleeps": 2.0 + 2 * unit.bedrooms,
        "available": unit.active,
        "isActive": unit.active,
        "id": int(unit.id),
        "pmcid": unit.manager,
        "nativePMSID": unit.id,
    }


def _number_in(unit: Unit) -> str:
    return unit.name.rpartition(" ")[2]


def non_availability(nights: Span, end: str) -> Shape:
    """A NonAvailability: no reason, no id."""
    return {"dateRange": range_of(nights, end)}


def reservation_summary(unit: Unit, stay: Stay) -> Shape:
    """A ReservationSummary."""
    return {
        "reservationNumber": stay.number,
        "stayDateRange": range_of(stay.span, "departure"),
        "unitNativePMSID": unit.id,
        "primaryGuest": _guest(stay),
        "holdType": stay.hold,
        "confirmed": stay.confirmed,
        "paymentStatus": "Unpaid",
        "reservationTypeNativePMSID": stay.type_id,
        "pmcid": unit.manager,
        "nativePMSID": stay.id,
    }


def _guest(stay: Stay) -> Shape:
    return {"lastName": stay.guest, "isPrimaryGuest": True}


def reservation(unit: Unit, stay: Stay) -> Shape:
    """A Reservation."""
    status = "Confirmed" if stay.confirmed else "Unconfirmed"
    return {
        "reservationNumber": stay.number,
        "stayDateRange": range_of(stay.span, "departure"),
        "unitNativePMSID": unit.id,
        "guests": [_guest(stay)],
        "notes": [{"text": stay.note, "modifiedOn": moment(stay.created)}] if stay.note else [],
        "holdType": stay.hold,
        "reservationTypeNativePMSID": stay.type_id,
        "status": "Cancelled" if stay.cancelled else status,
        "occupancyStatus": "AwaitingCheckIn",
        "partnerID": stay.partner,
        "createdAt": moment(stay.created),
        "pmcid": unit.manager,
        "nativePMSID": stay.id,
    }


def refused(reason: str) -> Shape:
    """A Reservation that wasn't made, inside status 200."""
    return {"failureDiagnosis": {"displayMessage": reason, "internalMessage": "The simulator says no."}}


def reservation_types(manager: Manager) -> list[Shape]:
    """Every ReservationType; the first is a guest's stay."""
    return [
        {
            "type": words,
            "isDefaultStay": kind == "None",
            "ownerStayType": kind,
            "pmcid": manager.id,
            "nativePMSID": type_id,
        }
        for type_id, words, kind in (
            ("1", "Guest stay", "None"),
            (OWNER_STAY, "Owner stay", "Owner"),
            (OWNERS_GUEST, "Guest of owner", "GuestOfOwner"),
        )
    ]


def work_order(unit: Unit, order: Order, end: str) -> Shape:
    """A WorkOrder."""
    dates = range_of(order.span, end) if order.span else {"startDate": None, "endDate": None}
    return {
        "unit": {"code": unit.code, "name": unit.name, "nativePMSID": unit.id},
        "workOrderNumber": order.number,
        "description": order.description,
        "status": order.status,
        "workOrderRemovesUnitFromAvailability": order.removes,
        "startDateWhenUnitIsRemovedFromAvailability": dates["startDate"],
        "endDateWhenUnitIsRemovedFromAvailability": dates["endDate"],
        "priority": order.priority,
        "createdOn": order.created.date().isoformat(),
        "active": order.active,
        "pmcid": unit.manager,
        "nativePMSID": order.id,
    }


def page[T](asked: Shape, found: Sequence[T], shape: Callable[[T], Shape]) -> Shape:
    """One page of what was found, its first page being number 1; raises ValueError with a sentence."""
    size, number = asked.get("pageSize", 100), asked.get("pageNumber", 1)
    if not isinstance(size, int) or not isinstance(number, int) or size < 1 or number < 1:
        message = "pageSize and pageNumber must be whole numbers from 1 on."
        raise ValueError(message)
    size = min(size, MOST_ON_PAGE)
    start = (number - 1) * size
    here = found[start : start + size]
    return {
        "results": [shape(one) for one in here],
        "totalCount": len(found),
        "pageSize": size,
        "pageNumber": number,
        "fromIndex": start + 1 if here else 0,
        "toIndex": start + len(here),
    }
