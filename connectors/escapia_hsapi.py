"""Escapia's REST interface, HSAPI version 10: `https://hsapi.escapia.com/dragomanadapter/hsapi/{Operation}`.

Dates are days without a zone. A stay's `endDate` is its departure day. Shapes are those of the vendor's own
description; what that leaves open is decided by switches of `connectors.escapia`.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from connectors import api_words, shapes
from connectors.contract import AuthFailed, BadReply, Rejected
from connectors.shapes import Record
from connectors.tokens import Token, Tokens, bearer
from connectors.transport import Ask, Reply, Transport

BASE = "https://hsapi.escapia.com/dragomanadapter/hsapi"
VERSION = "10"
END_SYSTEM = "EscapiaVRS"
PAGE = 100
MOST_PAGES = 50
MISSING = 404
HOLDS = ("Owner", "Maintenance", "SoftBlock", "GroupSoftBlock", "GuestOfOwner", "Unavailable")
_MANAGER = re.compile(r"[A-Za-z0-9_.-]{1,40}", re.ASCII)


class Hsapi:
    """The operations that we use, with the keys of one manager (`pmcid`, Escapia's COID)."""

    def __init__(self, transport: Transport, client: str, secret: str, manager: str) -> None:
        self._transport = transport
        self._base = transport.base("hsapi", BASE)
        self._client, self._secret, self._manager = client, secret, manager
        self._tokens = Tokens(self._base, client, secret, self._token)

    def managers(self) -> list[str]:
        """The managers that granted access to these keys."""
        found = self._ask("ListPmcs", "GET", for_manager=False)
        return [shapes.text(each, "pmcid", "ListPmcs") for each in shapes.records(found, "ListPmcs")]

    def units(self, page: int, size: int = PAGE) -> tuple[list[Record], bool]:
        """One page of units, counted from 1, and whether there are more."""
        wish = {
            "specification": {
                "returnUnavailableUnits": True,
                "returnInactiveUnits": True,
                "sortingMethod": "UnitCodeAlphabetical",
            },
            "pageSize": size,
            "pageNumber": page,
        }
        return self._page("SearchUnitSummaries", wish)

    def knows(self, unit: str) -> bool:
        """Whether the unit is there."""
        found = self._ask("GetUnitById", "GET", {"id": unit}, may_be_missing=True)
        return found is not None and _id(shapes.record(found, "GetUnitById"), "GetUnitById") == unit

    def non_availability(self, unit: str, start: date, end: date) -> list[tuple[date, date]]:
        """The dates that stand in each entry; whether the second is a night is another question."""
        name = "GetUnitNonAvailability"
        found = self._ask(name, "POST", body={"dateRange": _dates(start, end), "nativePMSUnitID": unit})
        return [dates(each, "dateRange", name) for each in shapes.records(found, name)]

    def stays(self, unit: str, start: date, end: date, kinds: tuple[str, ...]) -> Iterator[Record]:
        """The summaries of stays of these hold types that share a night with `[start, end)`."""
        specification = {
            "stayDateRangeSearchSpecification": {
                "dateRange": _dates(start, end),
                "dateRangeSearchMethod": "Overlap",
            },
            "unitNativePMSIDs": [unit],
            "holdTypes": list(kinds),
            "sortingMethod": "CheckInChronological",
        }
        return self._pages("SearchReservationSummaries", {"specification": specification})

    def stay(self, reservation: str) -> Record | None:
        """One reservation, None where there is no such."""
        found = self._ask("GetReservationById", "GET", {"id": reservation}, may_be_missing=True)
        return None if found is None else shapes.record(found, "GetReservationById")

    def stay_types(self) -> list[Record]:
        """The reservation types of this manager."""
        return shapes.records(self._ask("ListReservationTypes", "GET"), "ListReservationTypes")

    def create_stay(self, specification: Record) -> Record:
        """A new reservation."""
        return shapes.record(self._ask("CreateReservation", "PUT", body=specification), "CreateReservation")

    def cancel_stay(self, reservation: str, reason: str) -> Record | None:
        """The cancelled reservation, None where there is no such."""
        found = self._ask(
            "CancelReservation", "POST", {"id": reservation}, body={"reason": reason}, may_be_missing=True
        )
        return None if found is None else shapes.record(found, "CancelReservation")

    def work_orders(self, unit: str) -> Iterator[Record]:
        """The work orders of a unit."""
        return self._pages("SearchWorkOrders", {"nativeUnitID": unit})

    def may_see_work_orders(self) -> None:
        """Ask for one of them. Raises ConnectorError where they aren't shown."""
        self._page("SearchWorkOrders", {"pageSize": 1, "pageNumber": 1})

    def work_order(self, order: str) -> Record | None:
        """One work order, None where there is no such."""
        found = self._ask("GetWorkOrder", "GET", {"nativeWorkOrderId": order}, may_be_missing=True)
        return None if found is None else shapes.record(found, "GetWorkOrder")

    def save_work_order(self, order: Record) -> Record:
        """The work order as it was saved."""
        return shapes.record(self._ask("SaveWorkOrder", "PUT", body=order), "SaveWorkOrder")

    def changes(self, version: int) -> tuple[list[Record], int]:
        """The reservations changed after a version, and the version to go on from."""
        name = "GetReservationChanges"
        found = shapes.record(self._ask(name, "GET", {"startVersion": str(version)}), name)
        changed = [] if found.get("changes") is None else shapes.records(found["changes"], f"{name}.changes")
        end = shapes.count(found, "endVersion", name)
        if end < version or (changed and end == version):
            shapes.odd(f"{name}.endVersion")
        return changed, end

    def _page(self, name: str, wish: Record) -> tuple[list[Record], bool]:
        found = shapes.record(self._ask(name, "POST", body=wish), name)
        results = shapes.records(found.get("results"), f"{name}.results")
        total, size = shapes.count(found, "totalCount", name), wish["pageSize"]
        if found.get("pageSize") is not None:
            size = min(
                size, shapes.count(found, "pageSize", name)
            )  # it may give less at once than it was asked for
        before = (wish["pageNumber"] - 1) * size
        if len(results) != min(size, max(total - before, 0)):
            shapes.odd(f"{name}.totalCount")  # a page that is short would be taken for the last
        return results, before + len(results) < total

    def _pages(self, name: str, wish: Record) -> Iterator[Record]:
        """Everything on every page. Raises BadReply where there is no end to it."""
        for number in range(1, MOST_PAGES + 1):
            results, more = self._page(name, {**wish, "pageSize": PAGE, "pageNumber": number})
            yield from results
            if not more:
                return
        raise BadReply(api_words.ODD, detail=f"{name}: pages without end")

    def _ask(
        self,
        name: str,
        method: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Record | None = None,
        for_manager: bool = True,
        may_be_missing: bool = False,
    ) -> Any:
        """What an operation answers; None where it may be missing and is."""
        asked = "&".join(f"{key}={_in_query(value)}" for key, value in (query or {}).items())
        headers = self._headers() if for_manager else _HEADERS

        def send(authorization: str) -> Reply:
            return self._transport.send(
                Ask(
                    f"hsapi.{name}",
                    method,
                    f"{self._base}/{name}" + (f"?{asked}" if asked else ""),
                    {**headers, "Authorization": authorization},
                    None if body is None else json.dumps(body).encode(),
                    frozenset({MISSING}) if may_be_missing else frozenset(),
                )
            )

        reply = self._tokens.use(send)
        if reply.status == MISSING:
            return None
        found = shapes.parsed(reply.body, f"hsapi.{name}")
        self._heed_diagnosis(found, name)
        return found

    def _heed_diagnosis(self, found: Any, name: str) -> None:
        """Raise Rejected for a failure inside a success, in its own words."""
        if isinstance(found, dict) and found.get("failureDiagnosis") is not None:
            said = shapes.maybe(shapes.inner(found, "failureDiagnosis", name), "displayMessage", name)
            words = api_words.their_words(said, (self._secret, self._client))
            raise Rejected(words or api_words.REFUSED, detail=f"{name}: failureDiagnosis")

    def _headers(self) -> dict[str, str]:
        if not _MANAGER.fullmatch(self._manager):
            raise AuthFailed(api_words.WRONG_KEYS, detail="hsapi: pmcid")
        return {**_HEADERS, "x-homeaway-hasp-api-pmcid": self._manager}

    def _token(self) -> Token:
        """A new token; `authorizationHeaderValue` is sent as it is."""
        name = "hsapi.token"
        headers = {"Authorization": basic(self._client, self._secret), "Accept": "application/json"}
        reply = self._transport.send(Ask(name, "GET", f"{self._base}/auth/token", headers))
        found = shapes.record(shapes.parsed(reply.body, name), name)
        value = shapes.text(found, "authorizationHeaderValue", name)
        return bearer(value, shapes.maybe(found, "expiration", name), name)


_HEADERS: Mapping[str, str] = {
    "x-homeaway-hasp-api-version": VERSION,
    "x-homeaway-hasp-api-endsystem": END_SYSTEM,
    "Content-Type": "application/json",
    "Accept": "application/json",
}


def basic(client: str, secret: str) -> str:
    """The Authorization header for a pair of keys (RFC 7617)."""
    return "Basic " + b64encode(f"{client}:{secret}".encode("utf-8", "replace")).decode()


def dates(found: Record, name: str, where: str) -> tuple[date, date]:
    """The two dates of a range, in their order."""
    range_ = shapes.inner(found, name, where)
    start, end = shapes.day(range_, "startDate", where), shapes.day(range_, "endDate", where)
    return (start, end) if start <= end else shapes.odd(f"{where}.{name}")


def _id(found: Record, where: str) -> str:
    return shapes.text(found, "nativePMSID", where)


def _dates(start: date, end: date) -> dict[str, str]:
    return {"startDate": start.isoformat(), "endDate": end.isoformat()}


def _in_query(value: str) -> str:
    """A value in an address."""
    return quote(value, safe="", errors="replace")
