"""Every address there is, who may come in there, and what a POST sends to it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

# Every address of ours, by who may come in. An address that isn't here fails a test of test_tenancy.
MEMBERS_OWN = {  # no id in the address: the organization's own rows
    "properties:list",
    "properties:new",
    "calendars:import",
    "calendars:import-template",
    "calendars:imported",
    "calendars:import-progress",
    "planner",
    "show-steps",
    "sales:list",
    "sales:csv",
    "sales:revenue",
    "payments:account",
    "payments:connect",
    "payments:everywhere",
    "plan:page",
    "plan:usage",
    "plan:choose",
    "plan:subscribe",
    "plan:card",
    "plan:pause",
    "plan:resume",
    "plan:end",
    "plan:keep",
    "webhooks:list",
    "webhooks:new",
    "notices:list",
    "notices:read-all",
    "notices:wishes",
    "turnovers",
    "organization",
    "leave",
    "end-organization",
    "keep-organization",
    "team:list",
    "team:invite",
    "audit",
    "audit-csv",
    "support",
    "support-give",
    "support-end",
    "data",
    "data-guest",
    "data-erase",
    "data-take-out",
    "tokens:list",
    "tokens:new",
    "search",
    "saved-views",
    "save-view",
    "vendor-page",
    "systems:list",
    "systems:connect",
    "vendor-homes",
    "vendor-withdraw",
}
MEMBERS_ROW = {  # an id in the address: 404 unless the row is the organization's
    "systems:account",
    "systems:links",
    "systems:progress",
    "systems:look",
    "systems:adopt",
    "systems:two-way",
    "systems:rekey",
    "systems:disconnect",
    "overview",
    "properties:settings",
    "properties:archive",
    "properties:restore",
    "properties:rates",
    "properties:taxes",
    "properties:photo",
    "properties:remove-photo",
    "calendars:month",
    "calendars:close",
    "calendars:reopen",
    "calendars:connections",
    "calendars:add-feeds",
    "calendars:feed",
    "calendars:log",
    "calendars:pause",
    "calendars:resume",
    "calendars:read",
    "calendars:free",
    "calendars:treat",
    "calendars:replace",
    "calendars:remove",
    "calendars:alert",
    "calendars:add-export",
    "calendars:rotate",
    "calendars:revoke",
    "calendars:add-people",
    "calendars:tick",
    "calendars:loop",
    "calendars:start-loop",
    "calendars:end-loop",
    "upsells:offers",
    "upsells:start",
    "upsells:copy",
    "upsells:cleaners",
    "upsells:cancelling",
    "upsells:what-if",
    "upsells:terms",
    "upsells:switch",
    "upsells:guest-page",
    "upsells:qr",
    "upsells:renew-link",
    "upsells:sheet",
    "upsells:new-stay",
    "upsells:stay",
    "upsells:stay-qr",
    "upsells:stop-stay",
    "upsells:renew-stay",
    "upsells:sales",
    "upsells:purchase",
    "upsells:receipt",
    "upsells:certificate",
    "upsells:cancel",
    "upsells:resend",
    "upsells:address",
    "upsells:grant",
    "upsells:lengthen",
    "upsells:lengthened",
    "upsells:stop-lengthening",
    "upsells:keep",
    "upsells:agree",
    "upsells:refuse",
    "upsells:conflict",
    "upsells:conflict-cancel",
    "upsells:conflict-shorten",
    "upsells:conflict-move",
    "upsells:conflict-settle",
    "upsells:facts",
    "notices:sale",
    "team:member",
    "team:remove",
    "team:hand-over",
    "team:invite-again",
    "team:withdraw",
    "webhooks:log",
    "webhooks:edit",
    "webhooks:show-secret",
    "webhooks:rotate",
    "webhooks:test",
    "webhooks:again-all",
    "webhooks:again",
    "webhooks:stop",
    "webhooks:resume",
    "webhooks:remove",
    "tokens:revoke",
    "undo",
    "change-view",
    "remove-view",
}
PERSONS_OWN = {"account", "unverified", "switch", "new-organization"}  # for whoever is logged in
BY_TOKEN = {
    "invitation",
    "guest:stay",
    "guest:purchase",
    "guest:receipt",
    "photo",
    "export",
    "notices:mails-off",  # a signature, as below
    "stripe-events",  # a signature takes the token's place
    "stripe-billing-events",  # likewise
}  # open to strangers who hold the address; in a public.py
FOR_STRANGERS = {  # forms and lists for whoever comes, beside the pages that only tell; in a public.py
    "directory:join",
    "directory:asked",
    "directory:confirm",  # a signature says which request
    "directory:vendors",
    "directory:sitemap",
    "directory:vendor",
    "directory:written",
}
NO_ROWS = {"kind"}  # parts of addresses that name no row
ANYBODY = (
    {"home", "health", "set_language", "styleguide", "robots", "sitemap", "security", "favicon"}
    | {"api-docs", "api:schema"}
    | {
        f"pages:{name}"
        for name in ("how", "pricing", "example", "help", "channel", "status", "terms", "privacy", "escapia")
    }
)
OF_ALLAUTH = "allauth."

BODIES: dict[str, dict[str, str]] = {
    "upsells:facts": {
        "name": "Mallory's now",
        "time_zone": "Europe/Madrid",
        "check_in": "15:00",
        "check_out": "11:00",
        "turnaround": "60",
        "currency": "EUR",
        "rate": "1.00",
    },
    "calendars:close": {"start": "2030-01-01", "end": "2030-01-02"},
    "calendars:add-feeds": {"links": "https://www.airbnb.com/calendar/ical/9.ics?s=mallory"},
    "calendars:add-export": {"channel": "vrbo"},
    "calendars:add-people": {"label": "Mallory's"},
    "calendars:tick": {"label": "Mallory's now", "shows_titles": "on", "shows_guests": "on"},
    "calendars:treat": {"label": "Mallory's now", "ends_inclusive": "on"},
    "calendars:replace": {"link": "https://www.airbnb.com/calendar/ical/9.ics?s=mallory"},
    "properties:rates": {"week-day_4": "1.00"},
    "properties:taxes": {"tax-0-name": "Mallory's", "tax-0-percent": "5"},
    "upsells:copy": {"kinds": "extra_nights", "homes": "x"},
    "upsells:cleaners": {"cleanings": "0"},
    "upsells:cancelling": {"tiers-0-hours": "1", "tiers-0-percent": "1", "automatic": "no"},
    "upsells:cancel": {"how": "all"},
    "upsells:resend": {"mail": "1"},
    "upsells:address": {"email": "mallory@example.org"},
    "upsells:new-stay": {"arrival": "2030-01-01", "departure": "2030-01-02"},
    "upsells:conflict-shorten": {"nights": "1", "amount": "1"},
    "upsells:conflict-move": {"home": "x"},
    "upsells:switch": {"mode": "off"},
    "change-view": {"name": "Mallory's now", "is_default": "on"},
    "save-view": {"listing": "sales", "query": "q=mallory", "name": "Mallory's"},
    "webhooks:edit": {"link": "https://mallory.example/", "events": "sale.confirmed"},
    "upsells:terms": {
        "mode": "instant",
        "priced_by": "fixed",
        "price": "1.00",
        "most_nights": "30",
        "rounding": "1",
        "weekdays": "0",
    },
}


class Address(NamedTuple):
    """One pattern of the resolver."""

    name: str
    ids: tuple[str, ...]
    module: str
    view: Any


def addresses(
    resolver: URLResolver | None = None, space: str = "", ids: tuple[str, ...] = ()
) -> Iterator[Address]:
    """Every address, with the names of the ids in it and the module of its view."""
    for pattern in (resolver or get_resolver()).url_patterns:
        found = (*ids, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLPattern):
            yield Address(f"{space}{pattern.name}", found, pattern.callback.__module__, pattern.callback)
        else:
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern, inner, found)


ALL = {address.name: address for address in addresses()}
STAFF = "staff:"  # Django's admin, for operators: their own test in test_tenancy
OURS = {
    name: address
    for name, address in ALL.items()
    if not address.module.startswith(OF_ALLAUTH) and not name.startswith(STAFF)
}
BY_BEARER = {
    name for name in OURS if name.startswith("api:")
} - ANYBODY  # a token; tests/api/test_tenants_walls.py tries them


def path_of(name: str, ids: dict[str, str]) -> str:
    return reverse(name, kwargs={part: ids[part] for part in ALL[name].ids})


def tried(browser: Client, name: str, ids: dict[str, str]) -> list[HttpResponse]:
    """What the address answers to a GET and to a POST that would change something."""
    path = path_of(name, ids)
    return [
        browser.get(path),
        browser.post(path, BODIES.get(name, {})),
        browser.post(path, headers={"HX-Request": "true"}),
    ]
