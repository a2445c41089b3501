"""Escapia: calendars from its REST interface where its keys are there, else from its SOAP interface.

Three groups of keys, each of which may be missing: HSAPI (units, calendars, changes, closing nights), ENET (units,
calendars, changes) and the Gateway (which units were distributed to us). What Escapia's documents leave open is a
switch; `docs/connectors.md` says why each begins as it does, and `connectors.first_day` finds out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from connectors import api_words, shapes
from connectors.contract import (
    Account,
    BlockStyle,
    Calendar,
    Cap,
    Changes,
    Credential,
    Health,
    Limit,
    Listing,
    NotPermitted,
    Page,
    Rejected,
    Spec,
    Stretch,
    Switch,
    Tools,
)
from connectors.escapia_blocks import REFERENCE, Blocks, OwnerStays, WorkOrders
from connectors.escapia_enet import Choices, Enet
from connectors.escapia_gateway import Gateway
from connectors.escapia_health import Interfaces, health
from connectors.escapia_hsapi import HOLDS, Hsapi, dates
from connectors.shapes import Record
from connectors.transport import Transport
from domain.spans import NIGHT, Span, merge

SWITCHES = (
    Switch(
        "last_day",
        ("night", "departure"),
        "the second date of a closed range: still a night, or the departure",
    ),
    Switch(
        "range_start",
        ("earlier", "exact"),
        "whether a range that began before the window is told when asked for it",
    ),
    Switch("range_length", ("whole", "yearly"), "whether two years may be asked for at once"),
    Switch(
        "holds",
        ("contained", "asked_too"),
        "whether closed ranges contain holds of owners and of maintenance",
    ),
    Switch(
        "nothing_closed",
        ("ask_unit", "believe"),
        "whether a unit that isn't known is told to be free altogether",
    ),
    Switch("write", ("owner_stay", "work_order"), "what a manager accepts as a closed night"),
    Switch("work_order_end", ("departure", "last_night"), "which day ends a work order"),
    Switch("enet_holds", ("shown", "hidden"), "whether ENET's calendars are asked for with holds"),
    Switch("enet_dates", ("us", "iso"), "how ENET reads the dates of a question"),
    Switch(
        "enet_clock", ("half_day_back", "utc"), "the zone in which ENET reads the moment of the last look"
    ),
    Switch(
        "unit_numbers", ("unrelated", "shared"), "whether the three interfaces give a unit the same number"
    ),
)
SPEC = Spec(
    key="escapia",
    title="Escapia",
    caps=frozenset({Cap.LISTINGS, Cap.CALENDAR, Cap.CHANGES, Cap.BLOCK}),
    credentials=(
        Credential("hsapi_id", is_secret=False, group="hsapi"),
        Credential("hsapi_secret", group="hsapi"),
        Credential("hsapi_manager", is_secret=False, group="hsapi"),
        Credential("enet_id", is_secret=False, group="enet"),
        Credential("enet_password", group="enet"),
        Credential("enet_manager", is_secret=False, group="enet"),
        Credential("gateway_id", is_secret=False, group="gateway"),
        Credential("gateway_secret", group="gateway"),
    ),
    switches=SWITCHES,
    limits=(Limit(288, timedelta(days=1), "unit"), Limit(8_640, timedelta(days=30), "unit")),
    min_interval=timedelta(minutes=5),
    horizon=timedelta(days=730),
    block_style=BlockStyle.RECORD,
)
LONGEST_STAY = timedelta(days=92)  # before the window, so that one under way isn't missed
YEAR = timedelta(days=365)
HALF_A_DAY = timedelta(hours=12)
MOST_LOOKED_UP = 20  # changed reservations; for more, every unit is read again
_LONGEST_NUMBER = 18
_PAST = "past:"  # a cursor on its way from the first change ever to now
_ENET = "enet:"


def connect(account: Account, tools: Tools) -> "Escapia":
    """The connector of one account."""
    return Escapia(account, tools)


class Escapia:
    """One manager's account."""

    spec = SPEC

    def __init__(self, account: Account, tools: Tools) -> None:
        self._account, self._tools = account, tools
        transport = Transport(tools)
        self._hsapi = self._group("hsapi", lambda keys: Hsapi(transport, *keys))
        self._enet = self._group("enet", lambda keys: Enet(transport, *keys, choices=self._choices()))
        self._gateway = self._group("gateway", lambda keys: Gateway(Transport(tools), *keys))

    def check(self) -> Health:
        """Each group of keys, and what it is good for."""
        keys = {group: self._keys(group) for group in ("hsapi", "enet", "gateway")}
        having = Interfaces(keys, self._hsapi, self._enet, self._gateway, self._blocks)
        return health(having, self._tools.today)

    def listings(self, cursor: str | None = None) -> Page:
        """Units of HSAPI where there are keys for it, else those of ENET."""
        if self._hsapi:
            number = _number(cursor or "1", "cursor")
            units, more = self._hsapi.units(number)
            handed = self._handed()
            found = tuple(_unit(each, handed) for each in units)
            return Page(found, str(number + 1) if more else None)
        return Page(tuple(_enet_unit(each.attributes) for each in self._by_letters().units()), None)

    def calendar(self, listing: str, window: Span) -> Calendar:
        """Taken nights from whichever interface knows the unit by that name."""
        unit = self._unit_number(listing)
        if not unit:
            taken = self._by_letters().taken(listing, window)
            return Calendar(window, tuple(Stretch(nights) for nights in taken))
        hsapi = self._by_ranges()
        closed = [nights for piece in self._pieces(window) for nights in self._closed(hsapi, unit, piece)]
        ours = [_clipped(each, window) for each in self._ours(unit, window)]
        marked = sorted((each for each in ours if each), key=lambda each: each.nights)
        others = [part for nights in merge(closed) for part in nights.minus(each.nights for each in marked)]
        return Calendar(window, (*(Stretch(nights) for nights in others), *marked))

    def changes(self, cursor: str | None) -> Changes:
        """The units of changed reservations; from the first change ever to now without looking at any."""
        if not self._hsapi:
            return self._changed_letters(cursor)
        catching_up = cursor is None or cursor.startswith(_PAST)
        version = _number((cursor or "0").removeprefix(_PAST), "cursor")
        changed, end = self._hsapi.changes(version)
        if catching_up:
            return Changes(frozenset(), f"{_PAST}{end}" if changed else str(end), more=bool(changed))
        units = self._units_of(changed)
        return Changes(units or frozenset(), str(end), more=bool(changed), is_everything=units is None)

    def block(self, listing: str, nights: Span, ref: str, note: str) -> str:
        """As the switch says, unless it is closed with this reference already."""
        if not REFERENCE.fullmatch(ref):
            raise Rejected(api_words.BAD_REFERENCE)
        return self._blocks().close(self._written_unit(listing), nights, ref, note)

    def unblock(self, listing: str, handle: str) -> None:
        """The handle itself says how the nights were closed: the switch may have been turned since."""
        unit, hsapi = self._written_unit(listing), self._by_ranges()
        blocks: Blocks = self._work_orders(hsapi) if handle.startswith("order:") else OwnerStays(hsapi)
        blocks.open(unit, handle)

    # Which keys, which interface, which number.

    def _group[T](self, group: str, make: Callable[[list[str]], T]) -> T | None:
        """The interface of a group of keys; None where one of them is missing."""
        keys = self._keys(group)
        return make(keys) if all(keys) else None

    def _keys(self, group: str) -> list[str]:
        names = (each.name for each in SPEC.credentials if each.group == group)
        return [self._account.credentials.get(name, "").strip() for name in names]

    def _choice(self, name: str) -> str:
        switch = next(each for each in SWITCHES if each.name == name)
        chosen = self._account.switches.get(name, "")
        return chosen if chosen in switch.choices else switch.default

    def _choices(self) -> Choices:
        return Choices(self._choice("enet_dates"), self._choice("enet_holds") == "shown")

    def _by_ranges(self) -> Hsapi:
        if self._hsapi is None:
            raise NotPermitted(api_words.MISSING_KEYS, detail="hsapi")
        return self._hsapi

    def _by_letters(self) -> Enet:
        if self._enet is None:
            raise NotPermitted(api_words.MISSING_KEYS, detail="enet")
        return self._enet

    def _unit_number(self, listing: str) -> str:
        """The unit's number at HSAPI, "" where it is to be asked of ENET: its codes are "manager-number"."""
        _, dash, number = listing.partition("-")
        if not dash:
            return listing
        return number if self._hsapi and self._choice("unit_numbers") == "shared" else ""

    def _written_unit(self, listing: str) -> str:
        unit = self._unit_number(listing)
        if not unit:
            raise NotPermitted(api_words.MISSING_KEYS, detail="hsapi")
        return unit

    def _handed(self) -> frozenset[str] | None:
        """The units that were distributed to us, None where nobody can say which of HSAPI's they are."""
        if self._gateway is None or self._choice("unit_numbers") == "unrelated":
            return None
        gateway = self._gateway
        return frozenset(unit for manager, _ in gateway.managers() for unit in gateway.units(manager))

    # Closed ranges.

    def _pieces(self, window: Span) -> Iterator[Span]:
        if self._choice("range_length") == "whole":
            yield window
            return
        start = window.start
        while start < window.end:
            end = min(start + YEAR, window.end)
            yield Span(start, end)
            start = end

    def _closed(self, hsapi: Hsapi, unit: str, window: Span) -> Iterator[Span]:
        """The closed nights of a unit in the window, the doubtful ones among them."""
        start = window.start - (LONGEST_STAY if self._choice("range_start") == "earlier" else NIGHT)
        ranges = hsapi.non_availability(unit, start, window.end + NIGHT)  # whatever its own end means
        if not ranges and self._choice("nothing_closed") == "ask_unit" and not hsapi.knows(unit):
            raise Rejected(api_words.UNKNOWN_UNIT, detail="GetUnitNonAvailability")
        if self._choice("holds") == "asked_too":
            stays = hsapi.stays(unit, window.start, window.end, HOLDS)
            spans = (dates(each, "stayDateRange", "SearchReservationSummaries") for each in stays)
            yield from _in_window(spans, window, timedelta(0))
        yield from _in_window(ranges, window, NIGHT if self._choice("last_day") == "night" else timedelta(0))

    def _ours(self, unit: str, window: Span) -> list[Stretch]:
        """Our own blocks, asked for only where there may be some."""
        if not self._tools.has_blocks:
            return []
        return list(self._blocks().ours(unit, window))

    def _blocks(self) -> Blocks:
        hsapi = self._by_ranges()
        return self._work_orders(hsapi) if self._choice("write") == "work_order" else OwnerStays(hsapi)

    def _work_orders(self, hsapi: Hsapi) -> WorkOrders:
        return WorkOrders(hsapi, ends_on_departure=self._choice("work_order_end") == "departure")

    # Changes.

    def _units_of(self, changed: list[Record]) -> frozenset[str] | None:
        """The units of changed reservations; None where that can't be told, so that all of them are read."""
        where = "GetReservationChanges"
        numbers = {shapes.text(each, "nativePMSID", where) for each in changed}
        if len(numbers) > MOST_LOOKED_UP:
            return None
        units: set[str] = set()
        for number in sorted(numbers):
            try:
                stay = self._by_ranges().stay(number)
            except NotPermitted:
                return None
            if stay is None:
                return None  # deleted: nobody says any more which unit it was in
            units.add(shapes.text(stay, "unitNativePMSID", "GetReservationById"))
        return frozenset(units)

    def _changed_letters(self, cursor: str | None) -> Changes:
        """The same from ENET, by its own clock."""
        enet = self._by_letters()
        if cursor is None:
            return Changes(frozenset(), _enet_cursor(enet.now()), more=False)
        try:
            since = datetime.fromisoformat(cursor.removeprefix(_ENET)).astimezone(UTC)
        except ValueError:
            raise Rejected(api_words.REFUSED, detail="cursor") from None
        back = HALF_A_DAY if self._choice("enet_clock") == "half_day_back" else timedelta(0)
        units, moment = enet.changed(since - back)
        return Changes(units, _enet_cursor(moment), more=False)


def _in_window(ranges: Iterable[tuple[date, date]], window: Span, beyond: timedelta) -> Iterator[Span]:
    """The nights of ranges inside the window; what is closed from a day to itself closes that night."""
    for start, end in ranges:
        if start < window.end:
            last = end if end >= window.end else max(end + beyond, start + NIGHT)
            nights = Span(start, max(last, start + NIGHT)).clip(window)
            if nights:
                yield nights


def _clipped(stretch: Stretch, window: Span) -> Stretch | None:
    nights = stretch.nights.clip(window)
    return replace(stretch, nights=nights) if nights else None


def _unit(found: Record, handed: frozenset[str] | None) -> Listing:
    """A unit as HSAPI tells of it."""
    where = "SearchUnitSummaries"
    number = shapes.text(found, "nativePMSID", where)
    code = shapes.maybe(found, "code", where)
    return Listing(
        id=number,
        name=shapes.maybe(found, "name", where) or code or number,
        code=code,
        place=shapes.maybe(found, "address", where),
        is_active=found.get("available") is not False,
        is_handed=None if handed is None else number in handed,
    )


def _enet_unit(found: Mapping[str, str]) -> Listing:
    """A unit as ENET tells of it, which knows only those that were handed to us."""
    code = found.get("UnitCode", "")
    if "-" not in code:
        shapes.odd("enet.UnitSearch: UnitCode")
    return Listing(code, found.get("UnitName") or code, code, found.get("UnitHeadline", ""), is_handed=True)


def _enet_cursor(moment: datetime) -> str:
    return _ENET + moment.astimezone(UTC).isoformat(timespec="seconds")


def _number(text: str, where: str) -> int:
    """A number in a cursor of ours."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
        raise Rejected(api_words.REFUSED, detail=where)
    return int(text)
