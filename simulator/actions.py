"""What can be done to a listing, from the JSON API and from the pages alike: fields in, changed world out."""

import secrets
from dataclasses import replace
from datetime import datetime

from simulator.channels import CHANNELS
from simulator.faults import PLAYS
from simulator.fields import BadFieldError, Fields
from simulator.state import World
from simulator.world import Booking, Fault, Import, Listing, NightsTakenError

MOST_IMPORTS = 5
AS_IN_LIFE = "habit"


def create_listing(world: World, fields: Fields) -> tuple[Listing, bool]:
    """The listing and whether it is new; one that has the given id already is left as it is."""
    channel = fields.choice("channel", CHANNELS)
    listing_id = fields.text("id", secrets.token_hex(6))
    if not listing_id.replace("-", "").replace("_", "").isalnum():
        message = "id must consist of letters, digits, hyphens and underscores."
        raise BadFieldError(message)
    known = world.listings.get(listing_id)
    if known and known.channel != channel:
        message = f"The listing {listing_id} is on {known.channel} already."
        raise BadFieldError(message)
    if known:
        return known, False
    listing = Listing(
        listing_id,
        channel,
        fields.text("name", CHANNELS[channel].title),
        fields.timezone(),
        reexports_imports=CHANNELS[channel].passes_on,
        validators=CHANNELS[channel].validators,
    )
    change_options(listing, fields)
    return world.add(listing), True


def change_options(listing: Listing, fields: Fields) -> None:
    """Set the options that were given."""
    interval = _interval(fields, listing.import_interval)
    reexports = fields.flag("reexports_imports", default=listing.reexports_imports)
    blocks = fields.flag("exports_blocks", default=listing.exports_blocks)
    validators = fields.flag("validators", default=listing.validators)
    listing.import_interval = interval
    listing.reexports_imports, listing.exports_blocks, listing.validators = reexports, blocks, validators


def _interval(fields: Fields, known: int | None) -> int | None:
    return None if fields.says("import_interval", AS_IN_LIFE) else fields.integer("import_interval", known)


def book(listing: Listing, fields: Fields, now: datetime) -> tuple[Booking, bool]:
    """The booking or block and whether it is new; raises NightsTakenError."""
    arrival, departure = fields.span()
    kind = fields.choice("kind", ("booking", "block"), "booking")
    booking_id = fields.text("id", secrets.token_hex(6))
    if booking_id in listing.bookings:
        return listing.bookings[booking_id], False
    guest, source = fields.text("guest", ""), fields.text("source", "")
    wanted = Booking(
        booking_id, arrival, departure, "block" if kind == "block" else "booking", guest, source, now, now
    )
    return listing.place(wanted), True


def move(listing: Listing, booking_id: str, fields: Fields, now: datetime) -> Booking:
    """The same booking on other dates or for another guest, as a host alters it; raises NightsTakenError."""
    known = listing.booking(booking_id)
    dates = Fields(
        {
            name: fields.text(name, value.isoformat())
            for name, value in (("arrival", known.arrival), ("departure", known.departure))
        }
    )
    arrival, departure = dates.span()
    moved = replace(
        known,
        arrival=arrival,
        departure=departure,
        guest=fields.text("guest", known.guest),
        changed=now,
        sequence=known.sequence + 1,
    )
    try:
        return listing.place(moved)
    except NightsTakenError as taken:
        message = f"{known.arrival} to {known.departure} can't become {arrival} to {departure}: {taken}"
        raise NightsTakenError(message) from None


def cancel(listing: Listing, booking_id: str) -> None:
    """Open the booking's nights."""
    del listing.bookings[listing.booking(booking_id).id]


def add_import(listing: Listing, fields: Fields) -> tuple[Import, bool]:
    """The link and whether it is new; a new one is not yet read."""
    url = fields.url("url")
    for known in listing.imports.values():
        if known.url == url:
            return known, False
    if len(listing.imports) >= MOST_IMPORTS:
        message = f"A listing imports {MOST_IMPORTS} calendars at most. Remove one first."
        raise BadFieldError(message)
    link = Import(secrets.token_hex(4), url, fields.text("label", "Calendar"))
    listing.imports[link.id] = link
    return link, True


def change_import(listing: Listing, import_id: str, fields: Fields) -> Import:
    """Let the channel give up reading the link, or take it up again; its nights stay as they are."""
    link = listing.imported(import_id)
    link.stopped = fields.flag("stopped", default=link.stopped)
    return link


def remove_import(listing: Listing, import_id: str) -> None:
    """Forget the link and open the nights it closed."""
    del listing.imports[listing.imported(import_id).id]


def set_fault(listing: Listing, fields: Fields) -> Fault:
    """Make the feed misbehave from the next read on."""
    seconds = fields.integer("seconds")
    for_reads = fields.integer("for_reads")
    listing.fault = Fault(
        fields.choice("mode", PLAYS),
        for_reads or None,
        fields.integer("retry_after"),
        fields.text("location", "") or None,
        None if seconds is None else float(seconds),
    )
    return listing.fault
