"""The JSON control API, described in the package's docstring."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, astuple
from datetime import date, datetime
from functools import partial

from aiohttp import web

from simulator import actions, smtp
from simulator.channels import CHANNELS, feed_address
from simulator.escapia_state import ESCAPIA
from simulator.fields import BadFieldError, Fields
from simulator.importing import Reader
from simulator.keys import CLOCK, DOMAIN, READER, WORLD
from simulator.smtp import MAILBOX, Mailbox
from simulator.spans import Span
from simulator.stripe_bank import BANK
from simulator.world import Booking, Import, Listing, NightsTakenError, UnknownThingError

STATUSES: dict[type[Exception], int] = {UnknownThingError: 404, NightsTakenError: 409, BadFieldError: 422}


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value))


def answer(value: object, status: int = 200) -> web.Response:
    """The value as JSON, dates in ISO form."""
    return web.json_response(value, status=status, dumps=partial(json.dumps, default=_plain))


@web.middleware
async def sentences(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Keep what a handler changed; turn its named failures into a status and a sentence."""
    try:
        response = await handler(request)
    except tuple(STATUSES) as failure:
        return answer({"error": str(failure)}, STATUSES[type(failure)])
    except web.HTTPException as failure:
        return answer({"error": f"{failure.reason}."}, failure.status)
    if request.method != "GET":
        request.config_dict[WORLD].save()
    return response


async def given(request: web.Request) -> Fields:
    """The values of the request's JSON object; an empty body is an empty object."""
    try:
        values = json.loads(await request.text() or "{}")
    except ValueError:
        values = None
    if not isinstance(values, dict):
        message = "The body must be a JSON object."
        raise BadFieldError(message)
    return Fields(values)


def listing_of(request: web.Request) -> Listing:
    """The listing the address names; raises UnknownThingError."""
    return request.config_dict[WORLD].listing(request.match_info["listing"])


def export_url(request: web.Request, listing: Listing) -> str:
    """The listing's export link, on the port the request came in by."""
    port = f":{request.url.port}" if request.url.port else ""
    host = f"{CHANNELS[listing.channel].host}.{request.config_dict[DOMAIN]}"
    return f"http://{host}{port}{feed_address(listing)}"


def described(request: web.Request, listing: Listing) -> dict[str, object]:
    """Everything there is to know of a listing."""
    return {
        "id": listing.id,
        "channel": listing.channel,
        "name": listing.name,
        "timezone": listing.timezone,
        "import_interval": listing.import_interval,
        "reads_every": astuple(_reader(request).habit(listing)),
        "reads_every_in_life": astuple(CHANNELS[listing.channel].reads_every),
        "reexports_imports": listing.reexports_imports,
        "exports_blocks": listing.exports_blocks,
        "validators": listing.validators,
        "export_url": export_url(request, listing),
        "page_url": str(request.url.origin() / "listings" / listing.id),
        "bookings": [described_booking(booking) for booking in _in_order(listing)],
        "imports": [described_import(request, listing, link) for link in listing.imports.values()],
        "imported_nights": _pairs(listing.imported_nights()),
        "closed_nights": _pairs(listing.closed_nights()),
        "feed_reads": asdict(listing.reads),
        "fault": asdict(listing.fault),
    }


def described_booking(booking: Booking) -> dict[str, object]:
    """A booking or block."""
    names = ("id", "arrival", "departure", "kind", "guest", "source", "created", "changed", "sequence")
    return {name: getattr(booking, name) for name in names}


def described_import(request: web.Request, listing: Listing, link: Import) -> dict[str, object]:
    """An imported calendar."""
    names = ("id", "url", "label", "stopped", "last_read", "last_ok", "last_status", "reads")
    told = {name: getattr(link, name) for name in names}
    return told | {"next_read": _reader(request).next_read(listing, link), "nights": _pairs(link.nights)}


def _reader(request: web.Request) -> Reader:
    return request.config_dict[READER]


def _in_order(listing: Listing) -> list[Booking]:
    return sorted(listing.bookings.values(), key=lambda booking: booking.span)


def _pairs(spans: list[Span]) -> list[list[date]]:
    return [list(span) for span in spans]


async def create(request: web.Request) -> web.Response:
    """POST /api/listings."""
    listing, is_new = actions.create_listing(request.config_dict[WORLD], await given(request))
    return answer(described(request, listing), 201 if is_new else 200)


async def every(request: web.Request) -> web.Response:
    """GET /api/listings."""
    listings = request.config_dict[WORLD].listings.values()
    return answer({"listings": [described(request, listing) for listing in listings]})


async def one(request: web.Request) -> web.Response:
    """GET /api/listings/<id>."""
    return answer(described(request, listing_of(request)))


async def change(request: web.Request) -> web.Response:
    """PATCH /api/listings/<id>."""
    listing = listing_of(request)
    actions.change_options(listing, await given(request))
    return answer(described(request, listing))


async def book(request: web.Request) -> web.Response:
    """POST /api/listings/<id>/bookings."""
    now = request.config_dict[CLOCK]()
    booking, is_new = actions.book(listing_of(request), await given(request), now)
    return answer(described_booking(booking), 201 if is_new else 200)


async def move(request: web.Request) -> web.Response:
    """PATCH /api/listings/<id>/bookings/<booking>."""
    now = request.config_dict[CLOCK]()
    fields = await given(request)
    return answer(
        described_booking(actions.move(listing_of(request), request.match_info["booking"], fields, now))
    )


async def cancel(request: web.Request) -> web.Response:
    """DELETE /api/listings/<id>/bookings/<booking>."""
    actions.cancel(listing_of(request), request.match_info["booking"])
    return web.Response(status=204)


async def add_import(request: web.Request) -> web.Response:
    """POST /api/listings/<id>/imports."""
    listing = listing_of(request)
    link, is_new = actions.add_import(listing, await given(request))
    await _reader(request).read(listing, link)
    return answer(described_import(request, listing, link), 201 if is_new else 200)


async def read_imports(request: web.Request) -> web.Response:
    """POST /api/listings/<id>/imports/read."""
    listing = listing_of(request)
    await _reader(request).read_all(listing)
    return answer(described(request, listing))


async def change_import(request: web.Request) -> web.Response:
    """PATCH /api/listings/<id>/imports/<import>."""
    listing = listing_of(request)
    link = actions.change_import(listing, request.match_info["import"], await given(request))
    return answer(described_import(request, listing, link))


async def remove_import(request: web.Request) -> web.Response:
    """DELETE /api/listings/<id>/imports/<import>."""
    actions.remove_import(listing_of(request), request.match_info["import"])
    return web.Response(status=204)


async def fault(request: web.Request) -> web.Response:
    """POST /api/listings/<id>/fault."""
    listing = listing_of(request)
    return answer(asdict(actions.set_fault(listing, await given(request))))


async def grow(request: web.Request) -> web.Response:
    """POST /api/grow."""
    world = request.config_dict[WORLD]
    world.grown += 1
    return answer({"grown": world.grown})


async def reset(request: web.Request) -> web.Response:
    """POST /api/reset."""
    request.config_dict[WORLD].reset()
    if mailbox := request.config_dict.get(MAILBOX):
        mailbox.reset()
    request.config_dict[BANK].reset()
    request.config_dict[ESCAPIA].reset()
    return web.Response(status=204)


def mailbox_of(request: web.Request) -> Mailbox:
    """The mail server's; raises UnknownThingError where none runs."""
    mailbox: Mailbox | None = request.config_dict.get(MAILBOX)
    if mailbox is None:
        message = "No mail server runs here: start the simulator with --smtp-port."
        raise UnknownThingError(message)
    return mailbox


async def mails(request: web.Request) -> web.Response:
    """GET /api/mails."""
    return answer(smtp.described(mailbox_of(request)))


async def forget_mails(request: web.Request) -> web.Response:
    """DELETE /api/mails."""
    mailbox_of(request).reset()
    return web.Response(status=204)


async def mail_fault(request: web.Request) -> web.Response:
    """POST /api/mails/fault."""
    return answer(asdict(smtp.set_trouble(mailbox_of(request), await given(request))))


def application() -> web.Application:
    """The API, to be mounted at /api."""
    api = web.Application(middlewares=[sentences])
    listing = "/listings/{listing}"
    api.add_routes(
        [
            web.post("/grow", grow),
            web.post("/reset", reset),
            web.post("/listings", create),
            web.get("/listings", every),
            web.get(listing, one),
            web.patch(listing, change),
            web.post(f"{listing}/bookings", book),
            web.patch(f"{listing}/bookings/{{booking}}", move),
            web.delete(f"{listing}/bookings/{{booking}}", cancel),
            web.post(f"{listing}/imports", add_import),
            web.post(f"{listing}/imports/read", read_imports),
            web.patch(f"{listing}/imports/{{import}}", change_import),
            web.delete(f"{listing}/imports/{{import}}", remove_import),
            web.post(f"{listing}/fault", fault),
            web.get("/mails", mails),
            web.delete("/mails", forget_mails),
            web.post("/mails/fault", mail_fault),
        ]
    )
    return api
