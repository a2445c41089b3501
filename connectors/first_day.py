"""The first day with a live account: questions that settle what Escapia's documents leave open.

Every probe only reads, but those that close nights for a moment, which somebody has to name. What is found is a
value: what was asked, what came, and which switches it settles; nothing is turned here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from connectors.contract import Account, ConnectorError, RateLimited, Tools
from connectors.escapia import LONGEST_STAY, YEAR, Escapia
from connectors.escapia_blocks import EVERY_KIND, stay_nights
from connectors.escapia_enet import Enet
from connectors.escapia_hsapi import Hsapi
from domain.spans import NIGHT, Span, nights_in

QUESTIONS = (
    "How many requests a minute, a day and a month do these keys allow, for HSAPI and for ENET?",
    "How long does a token live? Are there addresses that must be named beforehand?",
    "Which permissions does closing nights need, as an owner's stay and as a work order?",
    "Do nights that are closed through HSAPI reach the booking sites that the manager uses?",
    "Does Escapia call other software when something changes?",
)
MOST_UNITS = 12
_NOBODY = "0"
_MONTH = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one probe; without `settles` it left its question open."""

    probe: str
    asked: str
    found: str
    settles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit's stays and closed ranges, as two different questions tell of them."""

    number: str
    stays: tuple[Span, ...]
    holds: tuple[Span, ...]
    ranges: tuple[tuple[date, date], ...]


type Probe = Callable[[], Finding]


class FirstDay:
    """The probes of one account; `today` comes from the tools, every request is counted by them."""

    def __init__(self, account: Account, tools: Tools) -> None:
        self._account, self._tools = account, tools
        self._connector = Escapia(account, tools)

    def findings(self, test_unit: str = "", test_nights: Span | None = None) -> Iterator[Finding]:
        """One after the other. With a unit and nights, these are closed and opened again. Raises RateLimited."""
        having = self._connector.interfaces
        probes: list[tuple[str, Probe]] = [("keys", self._keys)]
        if having.hsapi:
            probes += self._hsapi_probes(having.hsapi)
        if having.enet:
            probes += self._enet_probes(having.enet)
        if test_unit and test_nights:
            probes += [
                ("owner stay", lambda: self._write("owner_stay", test_unit, test_nights)),
                ("work order", lambda: self._write("work_order", test_unit, test_nights)),
            ]
        for name, probe in probes:
            yield _found(name, probe)

    def _keys(self) -> Finding:
        health = self._connector.check()
        said = [f"{name}: {text}" for name, text in health.troubles.items()]
        works = ", ".join(sorted(health.works)) or "nothing"
        return Finding("keys", "What works with these keys?", "; ".join([f"works: {works}", *said]))

    # HSAPI.

    def _hsapi_probes(self, hsapi: Hsapi) -> list[tuple[str, Probe]]:
        units: list[Unit] = []

        def look() -> Finding:
            units.extend(self._units(hsapi))
            stays, ranges = (sum(len(getattr(unit, name)) for unit in units) for name in ("stays", "ranges"))
            asked = "Stays and closed ranges of some units, a year ahead"
            return Finding("units", asked, f"{len(units)} units, {stays} stays, {ranges} ranges")

        return [
            ("units", look),
            ("last day", lambda: last_day(units)),
            ("range start", lambda: self._range_start(hsapi, units)),
            ("range length", lambda: self._range_length(hsapi, units)),
            ("holds", lambda: holds(units)),
            ("unknown unit", lambda: self._unknown_unit(hsapi)),
            ("numbers", self._numbers),
        ]

    def _units(self, hsapi: Hsapi) -> Iterator[Unit]:
        today, end = self._tools.today, self._tools.today + YEAR
        page = self._connector.listings()
        for one in page.listings[:MOST_UNITS]:
            told = [
                (each.get("holdType"), stay_nights(each))
                for each in hsapi.stays(one.id, today, end, EVERY_KIND)
            ]
            yield Unit(
                one.id,
                tuple(nights for _, nights in told),
                tuple(nights for kind, nights in told if kind != "None"),
                tuple(
                    (first, min(last, end + YEAR))
                    for first, last in hsapi.non_availability(one.id, today - LONGEST_STAY, end)
                    if first < end + YEAR
                ),
            )

    def _range_start(self, hsapi: Hsapi, units: list[Unit]) -> Finding:
        """A range that has begun, asked for from its second day on."""
        asked = "A range that began earlier, asked for from within"
        for unit in units:
            for start, end in unit.ranges:
                if end - start >= timedelta(days=3):
                    inside = start + timedelta(days=2)
                    told = hsapi.non_availability(unit.number, inside, end)
                    is_told = any(first <= inside and last >= end for first, last in told)
                    choice = "exact" if is_told else "earlier"
                    return Finding("range start", asked, f"told: {is_told}", {"range_start": choice})
        return Finding("range start", asked, "no range is long enough")

    def _range_length(self, hsapi: Hsapi, units: list[Unit]) -> Finding:
        """Two years at once, and the second of them alone."""
        asked, today = "Two years at once, against the second year alone", self._tools.today
        late = 0
        for unit in units:
            alone = hsapi.non_availability(unit.number, today + YEAR + NIGHT, today + 2 * YEAR)
            late += len(alone)
            if alone and not set(alone) <= set(hsapi.non_availability(unit.number, today, today + 2 * YEAR)):
                return Finding(
                    "range length", asked, "the long answer lacks some", {"range_length": "yearly"}
                )
        if not late:
            return Finding("range length", asked, "nothing is closed that far ahead")
        return Finding("range length", asked, f"{late} ranges, in both", {"range_length": "whole"})

    def _unknown_unit(self, hsapi: Hsapi) -> Finding:
        asked = "The closed ranges of a unit that isn't there"
        try:
            told = hsapi.non_availability(_NOBODY, self._tools.today, self._tools.today + _MONTH)
        except RateLimited:
            raise
        except ConnectorError as error:
            return Finding("unknown unit", asked, f"refused: {error.detail}", {"nothing_closed": "believe"})
        return Finding("unknown unit", asked, f"{len(told)} ranges", {"nothing_closed": "ask_unit"})

    def _numbers(self) -> Finding:
        """The numbers of one interface looked for among those of the others."""
        asked = "The numbers of HSAPI's units among those of ENET and of the Gateway"
        having = self._connector.interfaces
        known: set[str] = set()
        cursor: str | None = None
        while True:
            page = self._connector.listings(cursor)
            known |= {one.id for one in page.listings}
            cursor = page.cursor
            if cursor is None:
                break
        others: set[str] = set()
        if having.gateway:
            gateway = having.gateway
            others |= {unit for number, _ in gateway.managers() for unit in gateway.units(number)}
        if having.enet:
            codes = (each.attributes.get("UnitCode", "") for each in having.enet.units())
            others |= {code.partition("-")[2] for code in codes}
        if not others:
            return Finding("numbers", asked, "nothing to compare with")
        common = len(others & known)
        choice = "shared" if common == len(others) else "unrelated"
        return Finding("numbers", asked, f"{common} of {len(others)} are the same", {"unit_numbers": choice})

    # ENET.

    def _enet_probes(self, enet: Enet) -> list[tuple[str, Probe]]:
        return [("letters", lambda: self._letters(enet)), ("clock", lambda: self._clock(enet))]

    def _letters(self, enet: Enet) -> Finding:
        """The same month with both ways of writing dates; the answer names its days itself."""
        asked = "A month of letters, with dates written in two ways"
        units = enet.units()
        if not units:
            return Finding("letters", asked, "no units")
        code = units[0].attributes.get("UnitCode", "")
        window = Span(self._tools.today, self._tools.today + _MONTH)
        fit = [choice for choice in ("us", "iso") if self._reads(code, window, {"enet_dates": choice})]
        settles = {"enet_dates": fit[0]} if fit else {}
        return Finding("letters", asked, f"understood: {', '.join(fit) or 'neither'}", settles)

    def _reads(self, code: str, window: Span, switches: Mapping[str, str]) -> bool:
        try:
            return self._turned(switches).calendar(code, window).window == window
        except RateLimited:
            raise
        except ConnectorError:
            return False

    def _clock(self, enet: Enet) -> Finding:
        """Changes after an hour from now: there are none, unless that is read by another zone's clock."""
        asked = "Letters that change in the future"
        told, _ = enet.changed(enet.now() + timedelta(hours=1))
        if told:
            return Finding("clock", asked, f"{len(told)} units", {"enet_clock": "half_day_back"})
        return Finding("clock", asked, "none: its clock isn't behind; whether it is ahead stays open")

    # Closing nights.

    def _write(self, style: str, unit: str, wanted: Span) -> Finding:
        """Close, read, open; the nights that were read tell which day ends a work order."""
        asked = f"{len(wanted)} nights closed and opened again by {style.replace('_', ' ')}"
        connector = self._turned({"write": style, "work_order_end": "departure"})
        handle = connector.block(unit, wanted, f"first-day-{style}", "A test; it is opened at once")
        window = Span(wanted.start - NIGHT, wanted.end + 2 * NIGHT)
        try:
            ranges = self._ranges(unit, window)
        finally:
            connector.unblock(unit, handle)
        ends = {end for start, end in ranges if start == wanted.start}
        if not ends:
            return Finding(style, asked, "it was accepted and closed no night")
        settles = {"write": style}
        if style == "work_order" and max(ends) > wanted.end:
            settles["work_order_end"] = "last_night"
        return Finding(style, asked, f"closed until {max(ends)}, wanted {wanted.end}", settles)

    def _ranges(self, unit: str, window: Span) -> list[tuple[date, date]]:
        hsapi = self._connector.interfaces.hsapi
        return hsapi.non_availability(unit, window.start, window.end) if hsapi else []

    def _turned(self, switches: Mapping[str, str]) -> Escapia:
        account = replace(self._account, switches={**self._account.switches, **switches})
        return Escapia(account, self._tools)


def last_day(units: list[Unit]) -> Finding:
    """Stays whose departure is nobody's arrival, next to the range that begins with them."""
    asked = "The ends of ranges that begin with a stay"
    as_departure = as_night = 0
    for unit in units:
        arrivals = {stay.start for stay in unit.stays}
        ends = dict(unit.ranges)
        for stay in unit.stays:
            if stay.end not in arrivals and stay.start in ends:
                as_departure += ends[stay.start] == stay.end
                as_night += ends[stay.start] == stay.end - NIGHT
    found = f"{as_departure} on the departure, {as_night} on the last night"
    if bool(as_departure) == bool(as_night):
        return Finding("last day", asked, found)
    return Finding("last day", asked, found, {"last_day": "departure" if as_departure else "night"})


def holds(units: list[Unit]) -> Finding:
    """Whether each night of a hold stands in a range, even where a range's end is no night."""
    asked = "The nights of holds among the closed ranges"
    held = missing = 0
    for unit in units:
        closed = nights_in(Span(start, max(end, start + NIGHT)) for start, end in unit.ranges)
        last_nights = {end for _, end in unit.ranges}
        for hold in unit.holds:
            held += 1
            missing += not set(hold.nights()) <= closed | last_nights
    if not held:
        return Finding("holds", asked, "there are no holds")
    choice = "asked_too" if missing else "contained"
    return Finding("holds", asked, f"{held} holds, {missing} of them missing", {"holds": choice})


def _found(name: str, probe: Probe) -> Finding:
    """The finding, or why there is none. Raises RateLimited."""
    try:
        return probe()
    except RateLimited:
        raise
    except ConnectorError as error:
        return Finding(name, "", f"{error} ({error.detail or type(error).__name__})")
