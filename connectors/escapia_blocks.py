"""Nights that we close in Escapia: as an owner's stay, or as a work order that takes the unit off the calendar.

Each carries our reference in a text, so that it is found again when a reply was lost, and told apart when it is read.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Protocol

from connectors import api_words, shapes
from connectors.contract import NotPermitted, Rejected, Stretch
from connectors.escapia_hsapi import HOLDS, Hsapi, dates
from connectors.shapes import Record
from domain.spans import NIGHT, Span

EVERY_KIND = ("None", *HOLDS)
REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_MARK = re.compile(r"amplistay-([A-Za-z0-9_-]{1,64})", re.ASCII)
_OPENED = "Opened again by the calendar"
_GUEST_NAMES = ("lastName", "firstName", "fullNameFirstLast", "fullNameLastCommaFirst")
_ORDER_TEXTS = ("description", "notes", "additionalDescription")


class Blocks(Protocol):
    """One way to close nights."""

    def check(self) -> None:
        """Ask whether it may be done. Raises ConnectorError where it may not."""
        ...

    def ours(self, unit: str, window: Span) -> Iterator[Stretch]:
        """What we hold of a unit's nights in the window, not clipped."""
        ...

    def close(self, unit: str, nights: Span, ref: str, note: str) -> str:
        """Close the nights, or find them closed with this reference; gives the handle."""
        ...

    def open(self, unit: str, handle: str) -> None:
        """Open what the handle closed."""
        ...


class OwnerStays:
    """Reservations of the type that is for owners; nobody pays, and nobody's booking rules apply."""

    def __init__(self, hsapi: Hsapi) -> None:
        self._hsapi = hsapi

    def check(self) -> None:
        """Whether there is a type for owners."""
        self._type()

    def ours(self, unit: str, window: Span) -> Iterator[Stretch]:
        """Held stays alone: what a guest calls himself makes his booking none of ours."""
        for stay in self._hsapi.stays(unit, window.start, window.end, HOLDS):
            ref = _guest_mark(stay)
            if ref:
                yield Stretch(_nights(stay), ref)

    def close(self, unit: str, nights: Span, ref: str, note: str) -> str:
        """A new stay unless there is one with this reference."""
        found = self._found(unit, nights, ref)
        if found:
            return found
        answer = self._hsapi.create_stay(
            {
                "quoteSpecification": {
                    "stayDateRange": {"startDate": str(nights.start), "endDate": str(nights.end)},
                    "unitNativePMSID": unit,
                    "adults": 1,
                    "children": 0,
                    "reservationTypeNativePMSID": self._type(),
                    "ignoreBookingRules": True,
                },
                "guests": [{"firstName": "Calendar", "lastName": mark(ref), "isPrimaryGuest": True}],
                "note": noted(note, ref),
                "agreedToWarning": False,
                "setUnconfirmed": False,
            }
        )
        where = "CreateReservation"
        if shapes.text(answer, "unitNativePMSID", where) != unit or _nights(answer) != nights:
            shapes.odd(f"{where}: another stay")
        if answer.get("status") == "Cancelled":
            shapes.odd(f"{where}: status")
        return f"stay:{shapes.text(answer, 'nativePMSID', where)}"

    def open(self, unit: str, handle: str) -> None:
        """Cancel the stay, if it is there and still ours."""
        number = handle.removeprefix("stay:")
        stay = self._hsapi.stay(number)
        if stay is None or stay.get("status") == "Cancelled":
            return
        if shapes.maybe(stay, "unitNativePMSID", "GetReservationById") != unit or not _is_ours(stay):
            raise Rejected(api_words.NOT_OURS, detail="GetReservationById")
        answer = self._hsapi.cancel_stay(number, _OPENED)
        if answer is not None and answer.get("status") != "Cancelled":
            shapes.odd("CancelReservation: status")

    def _found(self, unit: str, nights: Span, ref: str) -> str:
        """The handle of the stay with this reference, "" where there is none. Raises Rejected for other nights."""
        for stay in self._hsapi.stays(unit, nights.start, nights.end, EVERY_KIND):
            if ref in {_guest_mark(stay), self._noted(stay, nights)}:
                if _nights(stay) != nights:
                    raise Rejected(api_words.OTHER_NIGHTS, detail="SearchReservationSummaries")
                return f"stay:{shapes.text(stay, 'nativePMSID', 'SearchReservationSummaries')}"
        return ""

    def _noted(self, stay: Record, nights: Span) -> str:
        """The reference in the notes of a stay whose summary names no guest."""
        if stay.get("primaryGuest") is not None or stay.get("holdType") == "None" or _nights(stay) != nights:
            return ""
        whole = self._hsapi.stay(shapes.text(stay, "nativePMSID", "SearchReservationSummaries"))
        return next(iter(_marks(whole)), "") if whole else ""

    def _type(self) -> str:
        for each in self._hsapi.stay_types():
            if each.get("ownerStayType") == "Owner":
                return shapes.text(each, "nativePMSID", "ListReservationTypes")
        raise NotPermitted(api_words.NO_OWNER_TYPE, detail="ListReservationTypes")


class WorkOrders:
    """Work orders that take the unit off the calendar; `ends_on_departure` says which day is written as their end."""

    def __init__(self, hsapi: Hsapi, *, ends_on_departure: bool) -> None:
        self._hsapi = hsapi
        self._beyond = NIGHT * 0 if ends_on_departure else NIGHT

    def check(self) -> None:
        """Whether work orders may be looked at; whether they may be written shows when one is."""
        self._hsapi.may_see_work_orders()

    def ours(self, unit: str, window: Span) -> Iterator[Stretch]:
        """Those with a mark of ours, of any dates."""
        for _, ref, nights in self._marked(unit):
            if nights.overlaps(window):
                yield Stretch(nights, ref)

    def close(self, unit: str, nights: Span, ref: str, note: str) -> str:
        """A new work order unless there is one with this reference."""
        for order, found, closed in self._marked(unit):
            if found == ref:
                if closed != nights:
                    raise Rejected(api_words.OTHER_NIGHTS, detail="SearchWorkOrders")
                return _order_handle(order, "SearchWorkOrders")
        answer = self._hsapi.save_work_order(
            {
                "unit": {"nativePMSID": unit},
                "description": noted(note, ref),
                "status": "Scheduled",
                "priority": "Low",
                "workOrderRemovesUnitFromAvailability": True,
                "startDateWhenUnitIsRemovedFromAvailability": str(nights.start),
                "endDateWhenUnitIsRemovedFromAvailability": str(nights.end - self._beyond),
                "active": True,
            }
        )
        if not _closes(answer) or self._closed(answer) != nights:
            shapes.odd("SaveWorkOrder: other nights")
        return _order_handle(answer, "SaveWorkOrder")

    def open(self, unit: str, handle: str) -> None:
        """Save the work order as one that takes nothing off the calendar, if it is there and still ours."""
        order = self._hsapi.work_order(handle.removeprefix("order:"))
        if order is None or not _closes(order):
            return
        where = "GetWorkOrder"
        theirs = shapes.text(shapes.inner(order, "unit", where), "nativePMSID", where)
        if theirs != unit or not _order_mark(order):
            raise Rejected(api_words.NOT_OURS, detail=where)
        answer = self._hsapi.save_work_order(
            {**order, "workOrderRemovesUnitFromAvailability": False, "active": False}
        )
        if _closes(answer):
            shapes.odd("SaveWorkOrder: still closed")

    def _marked(self, unit: str) -> Iterator[tuple[Record, str, Span]]:
        for order in self._hsapi.work_orders(unit):
            ref = _order_mark(order)
            if ref and _closes(order):
                yield order, ref, self._closed(order)

    def _closed(self, order: Record) -> Span:
        names = ("startDateWhenUnitIsRemovedFromAvailability", "endDateWhenUnitIsRemovedFromAvailability")
        start, end = (shapes.day(order, name, "WorkOrder") for name in names)
        return _span(start, end, self._beyond == NIGHT)


def mark(ref: str) -> str:
    """Our reference as it stands in a text."""
    return f"amplistay-{ref}"


def noted(note: str, ref: str) -> str:
    """A note with our reference."""
    return f"{api_words.their_words(note)} [{mark(ref)}]".strip()


def _marks(stay: Record) -> Iterator[str]:
    """The references in a stay's guests and notes."""
    where = "GetReservationById"
    guests = shapes.records(stay.get("guests") or [], f"{where}.guests")
    notes = shapes.records(stay.get("notes") or [], f"{where}.notes")
    named = [shapes.maybe(guest, name, where) for guest in guests for name in _GUEST_NAMES]
    for text in [*named, *(shapes.maybe(note, "text", where) for note in notes)]:
        found = _MARK.search(text)
        if found:
            yield found[1]


def _guest_mark(stay: Record) -> str:
    """The reference in a summary's guest, "" where there is none."""
    where = "SearchReservationSummaries"
    if stay.get("primaryGuest") is None:
        return ""
    guest = shapes.inner(stay, "primaryGuest", where)
    found = _MARK.search(" ".join(shapes.maybe(guest, name, where) for name in _GUEST_NAMES))
    return found[1] if found else ""


def _is_ours(stay: Record) -> bool:
    """Whether a stay is what we made: marked, or at least not a guest's where its texts aren't shown."""
    shows_texts = bool(stay.get("guests") or stay.get("notes"))
    return any(_marks(stay)) if shows_texts else stay.get("holdType") == "Owner"


def _nights(stay: Record) -> Span:
    start, end = dates(stay, "stayDateRange", "stay")
    return _span(start, end, inclusive=False)


def _order_mark(order: Record) -> str:
    found = _MARK.search(" ".join(shapes.maybe(order, name, "WorkOrder") for name in _ORDER_TEXTS))
    return found[1] if found else ""


def _closes(order: Record) -> bool:
    return order.get("workOrderRemovesUnitFromAvailability") is True and order.get("active") is not False


def _order_handle(order: Record, where: str) -> str:
    return f"order:{shapes.text(order, 'nativePMSID', where)}"


def _span(start: date, end: date, inclusive: bool) -> Span:
    """The nights between two dates, one at least: nothing that is written down closes no night."""
    if end == date.max:
        shapes.odd("date")
    end = end + NIGHT if inclusive else end
    if end < start:
        shapes.odd("dates")
    return Span(start, max(end, start + NIGHT))
