"""Plain calls of the simulated Escapia's three APIs, for the tests of the simulator itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import requests

from simulator.escapia_enet import ENVELOPE, NAMESPACE
from tests.escapia import Escapia, Unit

type Spans = list[tuple[date, date]]

HEADER = "x-homeaway-hasp-api-"
EVERY_HOLD = ["None", "Owner", "Maintenance", "SoftBlock", "GroupSoftBlock", "GuestOfOwner", "Unavailable"]


@dataclass
class Hsapi:
    """A partner with one manager's key."""

    escapia: Escapia
    manager: str = "1020"
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.headers = {
            f"{HEADER}version": "10",
            f"{HEADER}endsystem": "EscapiaVRS",
            f"{HEADER}pmcid": self.manager,
        }
        self.log_in()

    def token(self) -> requests.Response:
        key = self.escapia.pmc(self.manager).keys["hsapi"]
        address = f"{self.escapia.base_urls['hsapi']}/auth/token"
        return requests.get(address, auth=(key["id"], key["secret"]), timeout=5)

    def log_in(self) -> None:
        self.headers["Authorization"] = self.token().json()["authorizationHeaderValue"]

    def ask(
        self, operation: str, body: object = None, method: str = "POST", timeout: float = 5, **query: object
    ) -> requests.Response:
        return requests.request(
            method,
            f"{self.escapia.base_urls['hsapi']}/{operation}",
            json=body,
            params={name: str(value) for name, value in query.items()},
            headers=self.headers,
            timeout=timeout,
        )

    def read(self, operation: str, **query: Any) -> Any:
        return whole(self.ask(operation, method="GET", **query).json())

    def ranges(self, unit: Unit, first: date, last: date) -> Spans:
        """What GetUnitNonAvailability tells, as it tells it."""
        asked = {
            "dateRange": {"startDate": str(first), "endDate": str(last)},
            "nativePMSUnitID": unit.id,
        }
        told = self.ask("GetUnitNonAvailability", asked)
        assert told.status_code == 200, told.text
        return [between(one["dateRange"]) for one in whole(told.json())]

    def stays(self, unit: Unit) -> list[dict[str, Any]]:
        specification = {"unitNativePMSIDs": [unit.id], "holdTypes": EVERY_HOLD}
        asked = {"specification": specification, "pageSize": 100, "pageNumber": 1}
        found: list[dict[str, Any]] = whole(self.ask("SearchReservationSummaries", asked).json())["results"]
        return found

    def create(self, unit: Unit, nights: tuple[date, date], **options: Any) -> requests.Response:
        """A stay of the owner's, unless the options say otherwise."""
        quote = {
            "stayDateRange": {"startDate": str(nights[0]), "endDate": str(nights[1])},
            "unitNativePMSID": unit.id,
            "adults": 1,
            "reservationTypeNativePMSID": options.pop("kind", "2"),
            "ignoreBookingRules": options.pop("ignores_rules", True),
        }
        guests = [{"lastName": "Block", "isPrimaryGuest": True}]
        return self.ask(
            "CreateReservation",
            {"quoteSpecification": quote, "guests": guests, "note": "ref 7f3c"} | options,
            "PUT",
        )

    def order(self, unit: Unit, nights: tuple[date, date], **options: Any) -> requests.Response:
        body = {
            "unit": {"nativePMSID": unit.id},
            "description": "ref 7f3c",
            "status": "Scheduled",
            "workOrderRemovesUnitFromAvailability": True,
            "startDateWhenUnitIsRemovedFromAvailability": str(nights[0]),
            "endDateWhenUnitIsRemovedFromAvailability": str(nights[1]),
            "active": True,
        }
        return self.ask("SaveWorkOrder", body | options, "PUT")


def between(told: dict[str, str]) -> tuple[date, date]:
    return date.fromisoformat(told["startDate"]), date.fromisoformat(told["endDate"])


def whole(told: Any, known: dict[str, Any] | None = None) -> Any:
    """The value without `$id`, each `$ref` replaced by what it names."""
    known = {} if known is None else known
    if isinstance(told, list):
        return [whole(one, known) for one in told]
    if not isinstance(told, dict):
        return told
    if "$ref" in told:
        return known[told["$ref"]]
    found = {name: whole(value, known) for name, value in told.items() if name != "$id"}
    known[told["$id"]] = found
    return found


def soap(
    escapia: Escapia, operation: str, inside: str, manager: str = "1020", **options: Any
) -> requests.Response:
    """One ENET call; `attributes` are the operation's."""
    key = escapia.pmc(manager).keys["enet"]
    who = f'<RequestorID ID="{key["id"]}" MessagePassword="{options.get("password", key["secret"])}"/>'
    body = (
        f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Body><EVRN_{operation}RQ xmlns="{NAMESPACE}" EchoToken="e" '
        f"{options.get('attributes', '')}><POS><Source>{who}</Source></POS>{inside}</EVRN_{operation}RQ></s:Body>"
        "</s:Envelope>"
    )
    service = options.get("service", "EVRNService.svc")
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": operation}
    return requests.post(
        f"{escapia.base_urls['enet']}/{service}", data=body.encode(), headers=headers, timeout=5
    )


def calendar(
    escapia: Escapia, unit: Unit, first: date, last: date, *, shows: bool = True
) -> requests.Response:
    """One UnitCalendarAvail."""
    days = f'<CalendarDateRange Start="{first:%m/%d/%Y}" End="{last:%m/%d/%Y}"/>'
    holds = f"<ShowHolds>{str(shows).lower()}</ShowHolds>"
    reference = f'<UnitRef UnitCode="{unit.enet_code}"/>'
    return soap(escapia, "UnitCalendarAvail", reference + days + holds, unit.manager)


def elements(answer: requests.Response, name: str) -> list[Element]:
    """Every element of that name in a SOAP answer."""
    root = fromstring(answer.content)  # noqa: S314 - our own simulator wrote it
    return list(root.iter(f"{{{NAMESPACE}}}{name}"))


def letters(answer: requests.Response) -> str:
    return "".join(one.text or "" for one in elements(answer, "DailyAvailability"))


def errors(answer: requests.Response) -> list[str]:
    return [one.get("ShortText", "") for one in elements(answer, "Error")]


def nights(spans: Iterable[tuple[date, date]]) -> set[date]:
    """The nights in half-open spans."""
    return {start + timedelta(days=place) for start, end in spans for place in range((end - start).days)}


def graphql(
    escapia: Escapia, query: str, manager: str = "1020", token: str = "", **variables: object
) -> requests.Response:
    """One call of the Gateway."""
    key = escapia.pmc(manager).keys["gateway"]
    base = escapia.base_urls["gateway"]
    token = token or requests.get(f"{base}/token", auth=(key["id"], key["secret"]), timeout=5).text
    return requests.post(
        f"{base}/graphql",
        json={"query": query, "variables": variables},
        headers={"Authorization": token},
        timeout=5,
    )
