"""The sites a calendar link may come from, recognised by host name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit


@dataclass(frozen=True, slots=True)
class Channel:
    """A site that exports calendars; `hosts` are the names left of its top-level domain."""

    key: str
    name: str
    initials: str
    hosts: tuple[str, ...] = ()
    is_manager: bool = False


OTHER = Channel("other", "Other calendar", "iC")
_ALL = (
    Channel("airbnb", "Airbnb", "Ab", ("airbnb",)),
    Channel("booking", "Booking.com", "Bk", ("booking",)),
    Channel("vrbo", "Vrbo", "Vr", ("vrbo", "homeaway", "abritel", "fewo-direkt", "stayz", "bookabach")),
    Channel("expedia", "Expedia", "Ex", ("expedia", "expediapartnercentral", "hotels")),
    Channel("google", "Google Calendar", "Go", ("google", "googleusercontent")),
    Channel("agoda", "Agoda", "Ag", ("agoda",)),
    Channel("tripadvisor", "Tripadvisor", "Ta", ("tripadvisor", "flipkey", "holidaylettings", "niumba")),
    Channel("tripcom", "Trip.com", "Tc", ("trip", "ctrip")),
    Channel("holidu", "Holidu", "Hd", ("holidu", "bookiply")),
    Channel("hometogo", "HomeToGo", "Hg", ("hometogo",)),
    Channel("lodgify", "Lodgify", "Lo", ("lodgify",), is_manager=True),
    Channel("avaibook", "AvaiBook", "Av", ("avaibook",), is_manager=True),
    Channel("icnea", "Icnea", "Ic", ("icnea",), is_manager=True),
    Channel("amenitiz", "Amenitiz", "Am", ("amenitiz",), is_manager=True),
    Channel("smoobu", "Smoobu", "Sm", ("smoobu",), is_manager=True),
    Channel("guesty", "Guesty", "Gu", ("guesty", "guestyforhosts"), is_manager=True),
    Channel("hostaway", "Hostaway", "Ha", ("hostaway",), is_manager=True),
    Channel("hospitable", "Hospitable", "Ho", ("hospitable", "smartbnb"), is_manager=True),
    Channel("ownerrez", "OwnerRez", "Or", ("ownerrez", "ownerreservations"), is_manager=True),
    Channel("beds24", "Beds24", "B2", ("beds24",), is_manager=True),
    Channel("avantio", "Avantio", "At", ("avantio",), is_manager=True),
    Channel("escapia", "Escapia", "Es", ("escapia",), is_manager=True),
    OTHER,
)
CHANNELS: Mapping[str, Channel] = MappingProxyType({channel.key: channel for channel in _ALL})
WORDED = frozenset(
    {"airbnb", "vrbo", "expedia"}
)  # sites that name their guests otherwise than what they read
WORDLESS = frozenset({"booking"})  # sites that write the same words for a guest and a closure
BY_HOST: Mapping[str, str] = MappingProxyType(
    {host: channel.key for channel in _ALL for host in channel.hosts}
)

# The name just left of a top-level domain: "www.airbnb.co.uk", "ical.booking.com", "airbnb.localhost".
SITE = re.compile(r"(?:^|\.)([a-z0-9-]+)\.(?:(?:com?|net|org)\.[a-z]{2}|[a-z]{2,})$")
FEED_PATH = re.compile(r"\.ics$|/ical(?:endar)?(?:/|\.html$|$)|/v1/export", re.IGNORECASE)
LISTING_PATHS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "airbnb": re.compile(r"/(?:rooms|h|hosting|multicalendar|calendar)(?:/|$)"),
        "booking": re.compile(r"/(?:hotel|apartments?)/|/searchresults"),
        "vrbo": re.compile(r"(?:^|/)(?:p?\d+(?:\.\d+)*(?:ha|vb)?|location-vacances/p\d+\w*)$|/p/|/calendar/"),
        "expedia": re.compile(r"hotel-information|/lodging/|\.h\d+\."),
        "google": re.compile(r"/calendar/(?:u/\d+|r|embed)(?:/|$)|/maps/|/travel/"),
        "agoda": re.compile(r"/hotel/"),
        "tripadvisor": re.compile(r"/(?:vacationrentalreview|hotel_review|rentals)"),
        "tripcom": re.compile(r"/hotels/"),
        "holidu": re.compile(r"/[ds]/\d+"),
        "hometogo": re.compile(r"/(?:rental|search|details)/"),
    }
)


def recognise(url: str) -> str:
    """The key of the channel the link belongs to, "other" when its host is not known."""
    parts = _split(url)
    site = SITE.search((parts.hostname or "").rstrip(".")) if parts else None
    return BY_HOST.get(site[1], OTHER.key) if site else OTHER.key


def site_name(key: str) -> str:
    """The name of the booking site with that key; empty where nobody knows which one it is."""
    return CHANNELS[key].name if key in CHANNELS and key != OTHER.key else ""


def looks_like_listing_page(url: str) -> bool:
    """Whether the link opens a listing or a dashboard page of a channel instead of its calendar file."""
    parts = _split(url)
    pages = LISTING_PATHS.get(recognise(url))
    if parts is None or pages is None or FEED_PATH.search(parts.path):
        return False
    return bool(pages.search(parts.path.lower()))


def _split(url: str) -> SplitResult | None:
    url = url.strip()
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
    except ValueError:
        return None
    return parts if parts.hostname else None
