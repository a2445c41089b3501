"""How a channel reads a pasted link: fetch, parse, close the nights, keep the last good state."""

import asyncio
import logging
import socket
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from icalendar import Calendar, Event

from simulator.channels import CHANNELS
from simulator.spans import NIGHT, Span, merged, nights
from simulator.state import World
from simulator.world import Import, Listing

log = logging.getLogger("simulator")

DEADLINE_SECONDS = 10
LARGEST_OCTETS = 2_000_000
LONGEST_CHAIN = 3
TICK_SECONDS = 0.5


class RefusedError(Exception):
    """The answer can't be taken over; its text goes to the host."""


class LoopbackNames(AbstractResolver):
    """A resolver that knows ``*.localhost`` everywhere (RFC 6761 §6.3) and asks the system otherwise."""

    def __init__(self) -> None:
        """Prepare the system's resolver."""
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of the host."""
        known = "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host
        return await self._system.resolve(known, port, family)

    async def close(self) -> None:
        """Let the system's resolver go."""
        await self._system.close()


class Reader:
    """Reads the links of every listing, by itself when they are due and at once when asked to."""

    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        """Remember whose links to read and where the time (UTC) comes from."""
        self._world = world
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def read_all(self, listing: Listing) -> None:
        """Read every link of the listing now."""
        await asyncio.gather(*(self.read(listing, link) for link in list(listing.imports.values())))

    async def read(self, listing: Listing, link: Import) -> None:
        """Read one link; on any failure its nights stay as they were and `last_status` says why."""
        async with link.lock:
            now = self._clock()
            link.reads += 1
            try:
                link.nights = await self._nights(listing, link.url, now)
                link.last_ok = now
                link.last_status = f"ok: {nights(link.nights)} closed nights"
            except RefusedError as refusal:
                link.last_status = str(refusal)
            except TimeoutError:
                link.last_status = f"error: no answer within {DEADLINE_SECONDS} s"
            except (aiohttp.ClientError, OSError, OverflowError) as failure:
                link.last_status = f"error: {type(failure).__name__}"
            link.last_read = now

    async def run(self) -> None:
        """Read links as they fall due, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = self._clock()
            due = [
                self.read(listing, link)
                for listing in self._world.listings.values()
                for link in listing.imports.values()
                if link.is_due(now, listing.import_interval) and not link.lock.locked()
            ]
            for outcome in await asyncio.gather(*due, return_exceptions=True):
                if isinstance(outcome, Exception):
                    log.error("import failed", exc_info=outcome)
            if due:
                self._world.save()

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def _nights(self, listing: Listing, url: str, now: datetime) -> list[Span]:
        channel = CHANNELS[listing.channel]
        body = await self._fetch(url, channel.agent)
        events = parse(body)
        if not events and channel.refuses_empty:
            message = "refused: no events"
            raise RefusedError(message)
        today = now.astimezone(listing.zone).date()
        spans = (closed_span(event, listing.zone) for event in events)
        return merged(span for span in spans if span and span[1] >= today)

    async def _fetch(self, url: str, agent: str) -> bytes:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=DEADLINE_SECONDS)
            connector = aiohttp.TCPConnector(resolver=LoopbackNames(), force_close=True)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=connector)
        headers = {"User-Agent": agent, "Accept": "text/calendar, */*;q=0.5"}
        async with self._session.get(url, headers=headers, max_redirects=LONGEST_CHAIN) as answer:
            if answer.status != 200:  # noqa: PLR2004  the status code is its own name
                message = f"error: HTTP {answer.status}"
                raise RefusedError(message)
            body = b""
            async for chunk in answer.content.iter_chunked(65_536):
                body += chunk
                if len(body) > LARGEST_OCTETS:
                    message = "error: larger than 2 MB"
                    raise RefusedError(message)
            return body


def parse(body: bytes) -> list[Event]:
    """The VEVENTs of one or more calendars; raises RefusedError when the body is not a calendar."""
    try:
        calendars = Calendar.from_ical(body, multiple=True)
        events = list(chain.from_iterable(calendar.walk("VEVENT") for calendar in calendars))
    except (ValueError, AttributeError) as problem:
        message = "error: not a calendar"
        raise RefusedError(message) from problem
    if not calendars or any(calendar.name != "VCALENDAR" for calendar in calendars):
        message = "error: not a calendar"
        raise RefusedError(message)
    return [event for event in events if isinstance(event, Event)]


def closed_span(event: Event, zone: ZoneInfo) -> Span | None:
    """The nights the event closes: from its first local day to its last, at least one when it is all-day."""
    if event.get("STATUS") == "CANCELLED" or event.get("TRANSP") == "TRANSPARENT":
        return None
    start, end = (_value(event, name) for name in ("DTSTART", "DTEND"))
    if start is None:
        return None
    first, all_day = _day(start, zone), not isinstance(start, datetime)
    last = _day(end, zone) if end is not None else first
    if all_day and last <= first:
        last = first + NIGHT
    return (first, last) if first < last else None


def _value(event: Event, name: str) -> date | None:
    value = getattr(event.get(name), "dt", None)
    if name == "DTEND" and value is None and isinstance(start := _value(event, "DTSTART"), date):
        duration = getattr(event.get("DURATION"), "dt", None)
        return start + duration if isinstance(duration, timedelta) else None
    return value if isinstance(value, date) else None


def _day(value: date, zone: ZoneInfo) -> date:
    if not isinstance(value, datetime):
        return value
    return (value.astimezone(zone) if value.tzinfo else value).date()
