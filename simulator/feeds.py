"""The export links: what a reader of a channel's calendar gets, and the cheap calendars for load tests."""

import hashlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from aiohttp import web

from simulator import faults, shapes
from simulator.channels import CHANNELS
from simulator.keys import CLOCK, WORLD
from simulator.world import Booking, Listing

BENCH_STAMP = b"DTSTAMP:20000101T000000Z"
BENCH_EVENTS = 20
BENCH_MOST_EVENTS = 5000

_bench_reads: Counter[str] = Counter()


async def feed(request: web.Request) -> web.StreamResponse:
    """One listing's calendar, or whatever its fault makes of it; 404 for an unknown address."""
    key = f"{request.path}?t={request.query['t']}" if "t" in request.query else request.path
    listing = request.app[WORLD].by_feed(key)
    if listing is None:
        raise web.HTTPNotFound
    now = request.app[CLOCK]()
    listing.reads.count += 1
    listing.reads.last_user_agent = request.headers.get("User-Agent")
    listing.reads.last_read = now
    fault = listing.take_fault()
    shape = CHANNELS[listing.channel].shape
    ask = faults.Ask(
        request, fault, listing.name, listing.exported(now), lambda closures: shape(listing, closures, now)
    )
    answer = await faults.PLAYS[fault.mode](ask)
    return _validated(request, answer) if listing.validators else answer


def _validated(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """The answer with an ETag over everything but DTSTAMP, or 304 when the reader has that already."""
    if answer.status != web.HTTPOk.status_code or not isinstance(answer, web.Response):
        return answer
    body = answer.body if isinstance(answer.body, bytes) else b""
    lines = [line for line in body.splitlines() if not line.startswith(b"DTSTAMP")]
    etag = f'W/"{hashlib.sha256(b"\n".join(lines)).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag})
    answer.headers["ETag"] = etag
    return answer


async def rental(_request: web.Request) -> web.Response:
    """A public rental page, for those who paste the wrong link."""
    return web.Response(text=faults.rental_page("Bright flat near the market"), content_type="text/html")


async def bench(request: web.Request) -> web.Response:
    """An Airbnb-shaped calendar made by one replacement in a cached one."""
    wanted = request.query.get("events", "")
    events = min(int(wanted), BENCH_MOST_EVENTS) if wanted.isdecimal() else BENCH_EVENTS
    if "changing" in request.query:
        _bench_reads[request.path] += 1
        events += _bench_reads[request.path] % 30
    if "growing" in request.query:
        events += request.app[WORLD].grown
    now = datetime.now(UTC)
    stamp = f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}".encode()
    return faults.calendar(bench_template(events, now.date()).replace(BENCH_STAMP, stamp))


@lru_cache(maxsize=256)
def bench_template(events: int, today: date) -> bytes:
    """A calendar of that many two-night stays, three nights apart, from today on."""
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    stays = []
    for number in range(events):
        arrival = today + timedelta(days=3 * number)
        departure = arrival + timedelta(days=2)
        stays.append(Booking(str(number), arrival, departure, "booking", "", "", epoch, epoch))
    return shapes.airbnb(Listing("bench", "airbnb", "Bench", "UTC"), stays, epoch)
