"""How a channel reads a pasted link: fetch, parse, close the nights, keep the last good state."""

import asyncio
import logging
import socket
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import chain
from typing import NamedTuple
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from icalendar import Calendar, Event

from simulator.channels import CHANNELS, Channel
from simulator.habits import SPEED, Habit, next_read
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


class Answer(NamedTuple):
    """A body, and what to ask with whether it is still the same."""

    body: bytes
    etag: str | None
    last_modified: str | None


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

    def __init__(self, world: World, clock: Callable[[], datetime], speed: float = SPEED) -> None:
        """Remember whose links to read, where the time (UTC) comes from, and how much faster than in life to read."""
        self._world = world
        self._clock = clock
        self._speed = speed
        self._session: aiohttp.ClientSession | None = None

    async def read_all(self, listing: Listing) -> None:
        """Read every link of the listing now, but for those that it has given up."""
        links = [link for link in listing.imports.values() if not link.stopped]
        await asyncio.gather(*(self.read(listing, link) for link in links))

    def habit(self, listing: Listing) -> Habit:
        """How often the listing's channel reads here."""
        return CHANNELS[listing.channel].reads_every.faster(self._speed)

    def next_read(self, listing: Listing, link: Import) -> datetime | None:
        """When the link is read next; see `habits.next_read`."""
        return next_read(listing, link, self.habit(listing))

    async def read(self, listing: Listing, link: Import) -> None:
        """Read one link; on any failure its nights stay as they were and `last_status` says why."""
        async with link.lock:
            now = self._clock()
            link.reads += 1
            try:
                is_new = await self._take_over(listing, link, now)
                link.last_ok = now
                found = f"{nights(link.nights)} closed nights"
                link.last_status = f"ok: {found}" if is_new else f"ok: unchanged, {found}"
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
                if (due_at := self.next_read(listing, link)) and due_at <= now and not link.lock.locked()
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

    async def _take_over(self, listing: Listing, link: Import, now: datetime) -> bool:
        """Close what the link says now; False where it is unchanged since it was read last."""
        channel = CHANNELS[listing.channel]
        answer = await self._fetch(link, channel)
        if answer is None:
            return False
        events = parse(answer.body)
        if not events and channel.refuses_empty:
            message = "refused: no events"
            raise RefusedError(message)
        today = now.astimezone(listing.zone).date()
        spans = (closed_span(event, listing.zone) for event in events)
        link.nights = merged(span for span in spans if span and span[1] >= today)
        link.etag, link.last_modified = answer.etag, answer.last_modified
        return True

    async def _fetch(self, link: Import, channel: Channel) -> Answer | None:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=DEADLINE_SECONDS)
            connector = aiohttp.TCPConnector(resolver=LoopbackNames(), force_close=True)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=connector)
        headers = asking(link, channel)
        async with self._session.get(link.url, headers=headers, max_redirects=LONGEST_CHAIN) as answer:
            if answer.status == 304 and channel.asks_for_changes:  # noqa: PLR2004  the status code is its own name
                return None
            if answer.status != 200:  # noqa: PLR2004  the status code is its own name
                message = f"error: HTTP {answer.status}"
                raise RefusedError(message)
            body = b""
            async for chunk in answer.content.iter_chunked(65_536):
                body += chunk
                if len(body) > LARGEST_OCTETS:
                    message = "error: larger than 2 MB"
                    raise RefusedError(message)
            return Answer(body, answer.headers.get("ETag"), answer.headers.get("Last-Modified"))


def asking(link: Import, channel: Channel) -> dict[str, str]:
    """The headers that the channel asks for the link with."""
    known = {"If-None-Match": link.etag, "If-Modified-Since": link.last_modified}
    return {
        "User-Agent": channel.agent,
        "Accept": "text/calendar, */*;q=0.5",
        "Accept-Encoding": "gzip",
        **{name: value for name, value in known.items() if value and channel.asks_for_changes},
    }


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
