"""Everything that can go wrong with a calendar link: one answer per fault mode."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from html import escape

from aiohttp import web

from simulator.world import Booking, Fault

CALENDAR = "text/calendar"
HANG_SECONDS = 600.0
DRIP_SECONDS = 0.5
SLOW_SECONDS = 5.0
RETRY_AFTER_SECONDS = 120
HUGE_OCTETS = 64_000_000


@dataclass(frozen=True, slots=True)
class Ask:
    """One read of a feed: the request, what the listing would say, and the fault to play."""

    request: web.Request
    fault: Fault
    name: str
    closures: Sequence[Booking]
    render: Callable[[Sequence[Booking]], bytes]

    def body(self) -> bytes:
        """The calendar as it should be."""
        return self.render(self.closures)


type Play = Callable[[Ask], Awaitable[web.StreamResponse]]


def calendar(body: bytes) -> web.Response:
    """A calendar answer as the channels give it."""
    return web.Response(body=body, content_type=CALENDAR, charset="utf-8")


async def none(ask: Ask) -> web.StreamResponse:
    """The calendar as it should be."""
    return calendar(ask.body())


async def half(ask: Ask) -> web.StreamResponse:
    """A faultless calendar without every other closure, the first one included."""
    return calendar(ask.render(ask.closures[1::2]))


async def empty(ask: Ask) -> web.StreamResponse:
    """A faultless calendar without events."""
    return calendar(ask.render([]))


async def html(_ask: Ask) -> web.StreamResponse:
    """An error page with status 200."""
    return web.Response(text=_page("We'll be right back"), content_type="text/html")


async def listing_page(ask: Ask) -> web.StreamResponse:
    """The public page of the rental, as if its address had been pasted instead of the export link."""
    return web.Response(text=rental_page(ask.name), content_type="text/html")


def rental_page(name: str) -> str:
    """A page that advertises a rental."""
    plain = escape(name)
    return (
        f'<!DOCTYPE html><html lang="en"><head><title>{plain} - Apartments for rent</title>'
        f'<meta property="og:type" content="website"></head><body><h1>{plain}</h1>'
        "<p>2 guests, 1 bedroom</p></body></html>"
    )


def _page(title: str) -> str:
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"


def _failing(status: int, title: str) -> Play:
    async def fail(ask: Ask) -> web.StreamResponse:
        wait = ask.fault.retry_after
        if wait is None and status == web.HTTPTooManyRequests.status_code:
            wait = RETRY_AFTER_SECONDS
        headers = {} if wait is None else {"Retry-After": str(wait)}
        return web.Response(status=status, text=_page(title), content_type="text/html", headers=headers)

    return fail


async def hang(_ask: Ask) -> web.StreamResponse:
    """No answer at all for ten minutes."""
    await asyncio.sleep(HANG_SECONDS)
    return web.Response(status=504)


async def drip(ask: Ask) -> web.StreamResponse:
    """The right calendar, one octet every half second."""
    body = ask.body()
    response = web.StreamResponse(headers={"Content-Type": f"{CALENDAR}; charset=utf-8"})
    response.content_length = len(body)
    await response.prepare(ask.request)
    for position in range(len(body)):
        await response.write(body[position : position + 1])
        await asyncio.sleep(DRIP_SECONDS)
    return response


async def truncated(ask: Ask) -> web.StreamResponse:
    """A complete HTTP answer whose calendar stops in the middle."""
    body = ask.body()
    return calendar(body[: len(body) // 2])


async def huge(ask: Ask) -> web.StreamResponse:
    """A calendar that goes on for 64 MB."""
    head, _, rest = ask.body().partition(b"END:VCALENDAR")
    filler = (b"X-FILLER:" + b"0" * 64 + b"\r\n") * 800
    response = web.StreamResponse(headers={"Content-Type": f"{CALENDAR}; charset=utf-8"})
    await response.prepare(ask.request)
    await response.write(head)
    for _ in range(HUGE_OCTETS // len(filler)):
        await response.write(filler)
    await response.write(b"END:VCALENDAR" + rest)
    return response


async def garbage(_ask: Ask) -> web.StreamResponse:
    """Octets that mean nothing, labelled as a calendar."""
    return calendar(hashlib.shake_256(b"garbage").digest(4096))


async def redirect_to(ask: Ask) -> web.StreamResponse:
    """A redirect to the fault's location, by default to the channel's front page."""
    return web.Response(status=302, headers={"Location": ask.fault.location or "/"})


async def slow(ask: Ask) -> web.StreamResponse:
    """The right calendar, after a while."""
    await asyncio.sleep(SLOW_SECONDS if ask.fault.seconds is None else ask.fault.seconds)
    return calendar(ask.body())


PLAYS: dict[str, Play] = {
    "none": none,
    "half": half,
    "empty": empty,
    "html": html,
    "listing_page": listing_page,
    "not_found": _failing(404, "Not Found"),
    "forbidden": _failing(403, "Forbidden"),
    "server_error": _failing(503, "Service Unavailable"),
    "too_many": _failing(429, "Too Many Requests"),
    "hang": hang,
    "drip": drip,
    "truncated": truncated,
    "huge": huge,
    "garbage": garbage,
    "redirect_to": redirect_to,
    "slow": slow,
}
