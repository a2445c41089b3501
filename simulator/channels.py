"""The channels there are: names, feed addresses, calendar formats, and how each asks for other calendars."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

from simulator import shapes
from simulator.habits import Habit
from simulator.world import Listing, token


@dataclass(frozen=True, slots=True)
class Channel:
    """One booking channel: its label in a host name, address form, calendar format and manners.

    `refuses_empty`: it takes no calendar without events. `validators`: its feed has an ETag. `asks_for_changes`: it
    reads with If-None-Match and If-Modified-Since. `passes_on`: its feed tells of nights that an import closed.
    """

    title: str
    host: str
    path: Callable[[Listing], str]
    shape: shapes.Shape
    agent: str
    reads_every: Habit
    refuses_empty: bool = False
    validators: bool = False
    asks_for_changes: bool = False
    passes_on: bool = False


# No site documents how often it reads: these are what hosts and makers of calendar tools report.
MINUTE, HOUR = 60, 3600


def _airbnb_path(listing: Listing) -> str:
    number = int(token(listing, "number", 14), 16) + 10**17
    return f"/calendar/ical/{number}.ics?t={token(listing, 'feed')}"


def _booking_path(listing: Listing) -> str:
    return f"/v1/export?t={UUID(token(listing, 'feed'), version=4)}"


def _vrbo_path(listing: Listing) -> str:
    return f"/icalendar/{token(listing, 'feed')}.ics"


def _google_path(listing: Listing) -> str:
    calendar = f"{token(listing, 'calendar', 26)}%40group.calendar.google.com"
    return f"/calendar/ical/{calendar}/private-{token(listing, 'feed')}/basic.ics"


def _manager_path(listing: Listing) -> str:
    return f"/{token(listing, 'feed')}.ics"


CHANNELS = {
    "airbnb": Channel(
        "Airbnb",
        "airbnb",
        _airbnb_path,
        shapes.airbnb,
        "Airbnb-Calendar-Import/1.0 (simulated)",
        Habit(3 * HOUR, 4 * HOUR),
    ),
    "booking": Channel(
        "Booking.com",
        "booking",
        _booking_path,
        shapes.booking,
        "Booking.com iCal importer (simulated)",
        Habit(2 * HOUR, 6 * HOUR),
        refuses_empty=True,
        passes_on=True,  # with "reserved and closed dates" chosen for its export
    ),
    "booking_legacy": Channel(
        "Booking.com before July 2026",
        "booking",
        _booking_path,
        shapes.booking_legacy,
        "Booking.com iCal importer (simulated)",
        Habit(2 * HOUR, 6 * HOUR),
        refuses_empty=True,
        passes_on=True,  # with "reserved and closed dates" chosen for its export
    ),
    "vrbo": Channel(
        "Vrbo",
        "vrbo",
        _vrbo_path,
        shapes.vrbo,
        "Vrbo-iCal-Import/1.0 (simulated)",
        Habit(6 * HOUR, 12 * HOUR),
    ),
    "google": Channel(
        "Google Calendar",
        "google",
        _google_path,
        shapes.google,
        "Google-Calendar-Importer (simulated)",
        Habit(12 * HOUR, 24 * HOUR),
        validators=True,
        asks_for_changes=True,
    ),
    "manager": Channel(
        "Channel manager",
        "lodgify",
        _manager_path,
        shapes.manager,
        "Lodgify-iCal/1.0 (simulated)",
        Habit(15 * MINUTE, HOUR),
    ),
}


def feed_address(listing: Listing) -> str:
    """The path and query of the listing's feed, as written in its export link."""
    return CHANNELS[listing.channel].path(listing)


def feed_key(listing: Listing) -> str:
    """The feed's address as a server sees it, with percent-encoding undone."""
    return unquote(feed_address(listing))
