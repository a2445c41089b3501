"""The simulated world as a collection, and as a JSON file that survives a restart."""

import json
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

from simulator.channels import feed_key
from simulator.world import Booking, Fault, Import, Listing, Reads, UnknownThingError


class World:
    """Every listing, by id and by feed address; kept in `path` when there is one.

    `grown` counts the stays that the growing load-test calendars have more than at first; it isn't kept.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Read what `path` holds, if it exists; raises ValueError when it is not a state file."""
        self._path = path
        self.listings: dict[str, Listing] = {}
        self._by_feed: dict[str, Listing] = {}
        self.grown = 0
        if path and path.exists():
            for stored in json.loads(path.read_text())["listings"]:
                self.add(_listing(stored))

    def add(self, listing: Listing) -> Listing:
        """Keep the listing under its id and its feed's address."""
        self.listings[listing.id] = listing
        self._by_feed[feed_key(listing)] = listing
        return listing

    def listing(self, listing_id: str) -> Listing:
        """The listing with this id; raises UnknownThingError."""
        try:
            return self.listings[listing_id]
        except KeyError:
            message = f"There is no listing {listing_id}."
            raise UnknownThingError(message) from None

    def by_feed(self, key: str) -> Listing | None:
        """The listing whose feed has this address, see `channels.feed_key`."""
        return self._by_feed.get(key)

    def reset(self) -> None:
        """Forget every listing."""
        self.listings.clear()
        self._by_feed.clear()
        self.grown = 0

    def save(self) -> None:
        """Write the state file, whole or not at all."""
        if self._path is None:
            return
        listings = [_stored(listing) for listing in self.listings.values()]
        draft = self._path.with_name(f"{self._path.name}.draft")
        draft.write_text(json.dumps({"listings": listings}, default=str, indent=1))
        draft.replace(self._path)


def _stored(listing: Listing) -> dict[str, Any]:
    plain = {name: getattr(listing, name) for name in _PLAIN}
    return plain | {
        "bookings": [asdict(booking) for booking in listing.bookings.values()],
        "imports": [{name: getattr(link, name) for name in _IMPORT} for link in listing.imports.values()],
        "reads": asdict(listing.reads),
        "fault": asdict(listing.fault),
    }


_PLAIN = (
    "id",
    "channel",
    "name",
    "timezone",
    "import_interval",
    "reexports_imports",
    "exports_blocks",
    "validators",
)
_IMPORT = (
    "id",
    "url",
    "label",
    "nights",
    "last_read",
    "last_ok",
    "last_status",
    "reads",
    "stopped",
    "etag",
    "last_modified",
)


def _listing(stored: dict[str, Any]) -> Listing:
    bookings = [_booking(item) for item in stored["bookings"]]
    imports = [_import(item) for item in stored["imports"]]
    reads = stored["reads"]
    return Listing(
        **{name: stored[name] for name in _PLAIN},
        bookings={booking.id: booking for booking in bookings},
        imports={link.id: link for link in imports},
        reads=Reads(reads["count"], reads["last_user_agent"], _moment(reads["last_read"])),
        fault=Fault(**stored["fault"]),
    )


def _booking(stored: dict[str, Any]) -> Booking:
    dates = {name: date.fromisoformat(stored[name]) for name in ("arrival", "departure")}
    moments = {name: datetime.fromisoformat(stored[name]) for name in ("created", "changed")}
    return Booking(**(stored | dates | moments))


def _import(stored: dict[str, Any]) -> Import:
    nights = [(date.fromisoformat(start), date.fromisoformat(end)) for start, end in stored["nights"]]
    moments = {name: _moment(stored[name]) for name in ("last_read", "last_ok")}
    return Import(**(stored | {"nights": nights} | moments))


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
