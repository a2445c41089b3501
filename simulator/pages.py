"""The channels' pages for people: plain forms, no script, clearly not the real sites."""

from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path

from aiohttp import web

from simulator import actions
from simulator.channels import CHANNELS
from simulator.control import STATUSES, export_url, listing_of
from simulator.escapia_state import ESCAPIA
from simulator.fields import Fields
from simulator.keys import CLOCK, READER, WORLD
from simulator.page_parts import (
    bookings_table,
    closed_table,
    document,
    export_form,
    fault_form,
    imported_calendars,
    months,
    pace,
)
from simulator.stripe_bank import BANK
from simulator.world import Listing

STYLE = (Path(__file__).parent / "page.css").read_text()

type Act = Callable[[web.Request, Fields], Awaitable[str]]


def add_routes(app: web.Application) -> None:
    """Hang the pages and their forms into the application."""
    app.router.add_get("/", home)
    app.router.add_get("/page.css", style)
    app.router.add_post("/listings", _form(create))
    app.router.add_get("/listings/{listing}", listing_page)
    for path, act in (
        ("bookings", book),
        ("bookings/{booking}/alter", alter),
        ("bookings/{booking}/cancel", cancel),
        ("imports", add_import),
        ("imports/read", read_imports),
        ("imports/{import}/stop", stop_import),
        ("imports/{import}/go-on", go_on_with_import),
        ("imports/{import}/remove", remove_import),
        ("pace", change_pace),
        ("export", change_export),
        ("fault", fault),
    ):
        app.router.add_post(f"/listings/{{listing}}/{path}", _form(act))


async def style(_request: web.Request) -> web.Response:
    """The style sheet."""
    return web.Response(text=STYLE, content_type="text/css")


async def home(request: web.Request) -> web.Response:
    """Every listing, by channel, and a form for a new one."""
    return _html(home_page(request))


def home_page(request: web.Request, problem: str = "") -> str:
    """The front page, with the reason why a form was refused."""
    listings = list(request.app[WORLD].listings.values())
    groups = "".join(_group(key, [one for one in listings if one.channel == key]) for key in CHANNELS)
    options = "".join(f'<option value="{key}">{escape(one.title)}</option>' for key, one in CHANNELS.items())
    return document(
        "Simulated channels",
        f"""{_problem(problem)}
        <p class="lead">Stand-ins for booking channels. Each listing exports a calendar link and imports
        others, like the real sites do. Nothing here reaches the real sites.</p>
        {groups or "<p>No listing yet. Add one below.</p>"}
        {_stripe(request)}{_escapia(request)}
        <section><h2>Add a listing</h2><form method="post" action="/listings" class="row">
        <label>Channel <select name="channel">{options}</select></label>
        <label>Name <input name="name" required maxlength="200"></label>
        <label>Time zone <input name="timezone" value="Europe/Madrid" required></label>
        <button>Add listing</button></form></section>""",
    )


def _stripe(request: web.Request) -> str:
    bank = request.app[BANK]
    taken = sum(payment.captured - payment.refunded > 0 for payment in bank.payments.values())
    return f"""<section><h2>Simulated Stripe</h2><p>{len(bank.accounts)} hosts' accounts, {len(bank.payments)}
        payment pages, {taken} paid. Its API is at <code>{escape(str(request.url.origin() / "stripe"))}</code>,
        its <a href="/api/stripe/payments">payments</a> and <a href="/api/stripe/events">messages</a> can be read.</p>
        </section>"""


def _escapia(request: web.Request) -> str:
    managers = request.app[ESCAPIA].managers.values()
    return f"""<section><h2>Simulated Escapia</h2><p><a href="/escapia/">{len(managers)} managers</a> with
        {sum(len(one.units) for one in managers)} units. <a href="/api/escapia">Keys and addresses</a> and
        <a href="/api/escapia/requests">what was asked of it</a> can be read.</p></section>"""


def _group(key: str, listings: list[Listing]) -> str:
    if not listings:
        return ""
    rows = "".join(
        f'<li><a href="/listings/{one.id}">{escape(one.name)}</a> <small>{len(one.bookings)} bookings, '
        f"{len(one.imports)} imported calendars</small></li>"
        for one in listings
    )
    return f"<section><h2>Simulated {escape(CHANNELS[key].title)}</h2><ul>{rows}</ul></section>"


async def listing_page(request: web.Request) -> web.Response:
    """One listing's page; 404 when there is none."""
    listing = request.app[WORLD].listings.get(request.match_info["listing"])
    if listing is None:
        page = document("No such listing", '<p>This listing does not exist. <a href="/">All listings</a></p>')
        return _html(page, 404)
    return _html(page_of(request, listing))


def page_of(request: web.Request, listing: Listing, problem: str = "") -> str:
    """The listing's page, with the reason why a form was refused."""
    now, reader, channel = request.app[CLOCK](), request.app[READER], CHANNELS[listing.channel]
    today = now.astimezone(listing.zone).date()
    title = escape(channel.title)
    reads = listing.reads
    last = (
        f"{reads.last_read:%Y-%m-%d %H:%M:%S} UTC by {escape(reads.last_user_agent or '?')}"
        if reads.last_read
        else "never"
    )
    link = escape(export_url(request, listing))
    return document(
        f"{escape(listing.name)} - Simulated {title}",
        f"""<p class="banner">Simulated {title} &ndash; not the real site. <a href="/">All listings</a></p>
        {_problem(problem)}
        <section><h2>Calendar</h2>{months(listing, today)}{closed_table(listing)}</section>
        <section><h2>Bookings and blocks</h2>{bookings_table(listing)}
        <form method="post" action="/listings/{listing.id}/bookings" class="row">
        <label>Arrival <input type="date" name="arrival" required></label>
        <label>Departure <input type="date" name="departure" required></label>
        <label>Guest <input name="guest" maxlength="100"></label>
        <button name="kind" value="booking">Book</button>
        <button name="kind" value="block" class="quiet">Block these nights</button></form></section>
        <section><h2>Import calendar</h2>{pace(listing, reader, channel.reads_every)}
        {imported_calendars(listing, reader, now)}
        <form method="post" action="/listings/{listing.id}/imports" class="row">
        <label class="wide">Calendar link <input name="url" required placeholder="https://…/calendar.ics"></label>
        <label>Name <input name="label" maxlength="100"></label>
        <button>Import calendar</button></form></section>
        <section><h2>Export calendar</h2>
        <p><input class="link" readonly value="{link}" aria-label="Export link"></p>
        <p><small>Read {reads.count} times. Last read: {last}</small></p>{export_form(listing)}</section>
        <section><h2>Faults of the export link</h2>{fault_form(listing)}</section>""",
    )


def _problem(text: str) -> str:
    return f'<p class="problem" role="alert">{escape(text)}</p>' if text else ""


def _html(page: str, status: int = 200) -> web.Response:
    return web.Response(text=page, content_type="text/html", status=status)


def _form(act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler that acts on a posted form and goes back to its page, or shows there what was wrong."""

    async def handle(request: web.Request) -> web.StreamResponse:
        posted = await request.post()
        values = Fields({name: value for name, value in posted.items() if isinstance(value, str)})
        try:
            address = await act(request, values)
        except tuple(STATUSES) as failure:
            listing = request.app[WORLD].listings.get(request.match_info.get("listing", ""))
            page = page_of(request, listing, str(failure)) if listing else home_page(request, str(failure))
            return _html(page, STATUSES[type(failure)])
        request.app[WORLD].save()
        return web.Response(status=303, headers={"Location": address})

    return handle


def _address(listing: Listing) -> str:
    return f"/listings/{listing.id}"


async def create(request: web.Request, fields: Fields) -> str:
    """A new listing."""
    listing, _ = actions.create_listing(request.app[WORLD], fields)
    return _address(listing)


async def book(request: web.Request, fields: Fields) -> str:
    """A booking or a block."""
    actions.book(listing_of(request), fields, request.app[CLOCK]())
    return _address(listing_of(request))


async def alter(request: web.Request, fields: Fields) -> str:
    """A stay or block on other dates."""
    actions.move(listing_of(request), request.match_info["booking"], fields, request.app[CLOCK]())
    return _address(listing_of(request))


async def cancel(request: web.Request, _fields: Fields) -> str:
    """A cancellation."""
    actions.cancel(listing_of(request), request.match_info["booking"])
    return _address(listing_of(request))


async def add_import(request: web.Request, fields: Fields) -> str:
    """A pasted link, read at once."""
    listing = listing_of(request)
    link, _ = actions.add_import(listing, fields)
    await request.app[READER].read(listing, link)
    return _address(listing)


async def read_imports(request: web.Request, _fields: Fields) -> str:
    """Every link, read now."""
    await request.app[READER].read_all(listing_of(request))
    return _address(listing_of(request))


async def stop_import(request: web.Request, _fields: Fields) -> str:
    """A link the channel gives up, without a word to the host."""
    actions.change_import(listing_of(request), request.match_info["import"], Fields({"stopped": True}))
    return _address(listing_of(request))


async def go_on_with_import(request: web.Request, _fields: Fields) -> str:
    """A link the channel takes up again."""
    actions.change_import(listing_of(request), request.match_info["import"], Fields({"stopped": False}))
    return _address(listing_of(request))


async def change_pace(request: web.Request, fields: Fields) -> str:
    """Another interval between reads."""
    actions.change_options(listing_of(request), fields)
    return _address(listing_of(request))


async def change_export(request: web.Request, fields: Fields) -> str:
    """What the feed tells of; a box that isn't ticked isn't sent."""
    ticked = {name: name in fields for name in ("exports_blocks", "reexports_imports")}
    actions.change_options(listing_of(request), Fields(ticked))
    return _address(listing_of(request))


async def remove_import(request: web.Request, _fields: Fields) -> str:
    """A link taken away."""
    actions.remove_import(listing_of(request), request.match_info["import"])
    return _address(listing_of(request))


async def fault(request: web.Request, fields: Fields) -> str:
    """How the feed misbehaves from now on."""
    actions.set_fault(listing_of(request), fields)
    return _address(listing_of(request))
