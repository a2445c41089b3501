"""What the audit log calls each deed and what it changed: a sentence for every address, words for columns."""

import re
from ast import literal_eval
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership
from domain.channels import CHANNELS
from domain.money import Money
from properties.dates import spelt
from properties.models import Property
from properties.templatetags.stays import money, named, zone
from upsells.models import Offer

SENTENCES: Mapping[str, Any] = {
    "change-view": gettext_lazy("Changed a saved view"),
    "remove-view": gettext_lazy("Removed a saved view"),
    "save-view": gettext_lazy("Saved a view"),
    "tokens:new": gettext_lazy("Made an API token"),
    "tokens:revoke": gettext_lazy("Revoked an API token"),
    "undo": gettext_lazy("Took something back"),
    "calendars:add-export": gettext_lazy("Made a calendar link for a channel"),
    "calendars:add-feeds": gettext_lazy("Connected calendars"),
    "calendars:add-people": gettext_lazy("Made a calendar link for people"),
    "calendars:close": gettext_lazy("Closed nights"),
    "calendars:end-loop": gettext_lazy("Ended a test of the connections"),
    "calendars:free": gettext_lazy("Opened nights that waited to be confirmed"),
    "calendars:import": gettext_lazy("Imported homes"),
    "calendars:pause": gettext_lazy("Paused a calendar"),
    "calendars:read": gettext_lazy("Had a calendar read at once"),
    "calendars:remove": gettext_lazy("Removed a calendar"),
    "calendars:reopen": gettext_lazy("Opened nights again"),
    "calendars:replace": gettext_lazy("Replaced a calendar's link"),
    "calendars:resume": gettext_lazy("Resumed a calendar"),
    "calendars:revoke": gettext_lazy("Took back a calendar link"),
    "calendars:rotate": gettext_lazy("Replaced the address of a calendar link"),
    "calendars:start-loop": gettext_lazy("Started a test of the connections"),
    "calendars:tick": gettext_lazy("Changed what a people's calendar shows"),
    "calendars:treat": gettext_lazy("Changed how a calendar is read"),
    "data": gettext_lazy("Changed how long guests' names are kept"),
    "data-erase": gettext_lazy("Erased a guest"),
    "data-guest": gettext_lazy("Downloaded a guest's data"),
    "data-take-out": gettext_lazy("Downloaded everything"),
    "audit-csv": gettext_lazy("Downloaded the audit log"),
    "end-organization": gettext_lazy("Wanted the organization deleted"),
    "invitation": gettext_lazy("Joined by an invitation"),
    "keep-organization": gettext_lazy("Kept the organization after all"),
    "leave": gettext_lazy("Left the organization"),
    "new-organization": gettext_lazy("Opened the organization"),
    "organization": gettext_lazy("Changed the organization's name"),
    "notices:read-all": gettext_lazy("Marked all news as read"),
    "notices:wishes": gettext_lazy("Changed what they are told"),
    "payments:connect": gettext_lazy("Went to connect the account for payouts"),
    "payments:everywhere": gettext_lazy("Let guests pay by card in all offers"),
    "plan:card": gettext_lazy("Went to change the card that the plan is paid with"),
    "plan:choose": gettext_lazy("Changed the plan"),
    "plan:end": gettext_lazy("Cancelled the plan"),
    "plan:keep": gettext_lazy("Kept the plan after all"),
    "plan:pause": gettext_lazy("Paused the plan"),
    "plan:resume": gettext_lazy("Resumed the plan"),
    "plan:subscribe": gettext_lazy("Went to pay for the plan"),
    "properties:archive": gettext_lazy("Archived a home"),
    "properties:new": gettext_lazy("Added a home"),
    "properties:photo": gettext_lazy("Changed a home's photo"),
    "properties:rates": gettext_lazy("Changed prices"),
    "properties:remove-photo": gettext_lazy("Removed a home's photo"),
    "properties:restore": gettext_lazy("Brought an archived home back"),
    "properties:taxes": gettext_lazy("Changed taxes"),
    "sales:csv": gettext_lazy("Downloaded the sales as a file"),
    "show-steps": gettext_lazy("Hid or showed the first steps"),
    "support-end": gettext_lazy("Let support in no more"),
    "support-give": gettext_lazy("Made a code for support"),
    "team:hand-over": gettext_lazy("Made another member the owner"),
    "team:invite": gettext_lazy("Invited somebody"),
    "team:invite-again": gettext_lazy("Sent an invitation again"),
    "team:member": gettext_lazy("Changed a member's role or homes"),
    "team:remove": gettext_lazy("Removed a member"),
    "team:withdraw": gettext_lazy("Withdrew an invitation"),
    "vendor-homes": gettext_lazy("Changed what the page for everybody says of homes"),
    "vendor-page": gettext_lazy("Changed the page for everybody"),
    "vendor-withdraw": gettext_lazy("Took down the page for everybody"),
    "systems:adopt": gettext_lazy("Made units of another system homes"),
    "systems:connect": gettext_lazy("Connected another system"),
    "systems:disconnect": gettext_lazy("Disconnected another system"),
    "systems:links": gettext_lazy("Downloaded the links of another system's homes"),
    "systems:look": gettext_lazy("Had the keys of another system checked"),
    "systems:rekey": gettext_lazy("Replaced the keys of another system"),
    "systems:two-way": gettext_lazy("Changed whether nights are closed at another system"),
    "staff:join-decide": gettext_lazy("Opened the organization after a request to join"),
    "upsells:address": gettext_lazy("Corrected a guest's e-mail address"),
    "upsells:agree": gettext_lazy("Agreed to a guest's request"),
    "upsells:cancel": gettext_lazy("Cancelled a sale"),
    "upsells:cancelling": gettext_lazy("Changed what guests get back when they cancel"),
    "upsells:cleaners": gettext_lazy("Changed the cleaners' day"),
    "upsells:conflict-cancel": gettext_lazy("Cancelled a sale because of a double booking"),
    "upsells:conflict-move": gettext_lazy("Moved a sale because of a double booking"),
    "upsells:conflict-settle": gettext_lazy("Settled a double booking"),
    "upsells:conflict-shorten": gettext_lazy("Shortened a sale because of a double booking"),
    "upsells:copy": gettext_lazy("Copied offers to other homes"),
    "upsells:facts": gettext_lazy("Changed a home's details"),
    "upsells:grant": gettext_lazy("Answered a guest who wants to cancel"),
    "upsells:keep": gettext_lazy("Kept a sale that a guest wanted to cancel"),
    "upsells:lengthen": gettext_lazy("Began to lengthen a stay at its site"),
    "upsells:lengthened": gettext_lazy("Said that a stay was lengthened at its site"),
    "upsells:new-stay": gettext_lazy("Made a link for a stay"),
    "upsells:refuse": gettext_lazy("Refused a guest's request"),
    "upsells:renew-link": gettext_lazy("Replaced the address of the guest page"),
    "upsells:renew-stay": gettext_lazy("Replaced the address of a stay's page"),
    "upsells:resend": gettext_lazy("Sent a mail again"),
    "upsells:start": gettext_lazy("Put an offer on sale"),
    "upsells:stop-lengthening": gettext_lazy("Gave up lengthening a stay at its site"),
    "upsells:stop-stay": gettext_lazy("Closed a stay's page"),
    "upsells:switch": gettext_lazy("Switched an offer"),
    "upsells:terms": gettext_lazy("Changed an offer's rules"),
    "webhooks:again": gettext_lazy("Sent a message to other software again"),
    "webhooks:again-all": gettext_lazy("Sent all missed messages to other software again"),
    "webhooks:edit": gettext_lazy("Changed a webhook"),
    "webhooks:new": gettext_lazy("Added a webhook"),
    "webhooks:remove": gettext_lazy("Removed a webhook"),
    "webhooks:resume": gettext_lazy("Resumed a webhook"),
    "webhooks:rotate": gettext_lazy("Replaced a webhook's secret"),
    "webhooks:show-secret": gettext_lazy("Looked at a webhook's secret"),
    "webhooks:stop": gettext_lazy("Stopped a webhook"),
    "webhooks:test": gettext_lazy("Sent a test message to other software"),
}
UNWORTHY = frozenset(
    {"notices:read-all", "notices:wishes", "show-steps"}
)  # change nothing but the person's own view
OF_API = "api:"  # how the API's addresses begin; the line's details name the operation


def sentence(name: str) -> str:
    """What was done, as the log says it; a name that no page has any more is shown as it is."""
    if name.startswith(OF_API):
        return _("By API: %(name)s") % {"name": name.removeprefix(OF_API)}
    return str(SENTENCES.get(name) or _("Did “%(name)s”") % {"name": name})


# What was changed

COLUMNS: Mapping[str, Any] = {
    "account": gettext_lazy("Account"),
    "adds_lost_night": gettext_lazy("Charge the night that is lost"),
    "automatic": gettext_lazy("When a guest cancels"),
    "blackouts": gettext_lazy("Never on these dates"),
    "calendar": gettext_lazy("Calendar"),
    "calendars": gettext_lazy("Calendars"),
    "check_in": gettext_lazy("Check-in from"),
    "check_out": gettext_lazy("Check-out until"),
    "cleaner_email": gettext_lazy("E-mail of the cleaners"),
    "cleaner_language": gettext_lazy("Language of that e-mail"),
    "cleanings_a_day": gettext_lazy("Changed turnovers a day, over all homes"),
    "closes_night": gettext_lazy("Sell it even when the night is lost"),
    "collection": gettext_lazy("How you get the money"),
    "currency": gettext_lazy("Currency"),
    "cut_off_minutes": gettext_lazy("Until so many hours before"),
    "description": gettext_lazy("Description"),
    "email": gettext_lazy("E-mail"),
    "ends_inclusive": gettext_lazy("Its entries end with the last night"),
    "events": gettext_lazy("What it is told"),
    "fields": gettext_lazy("What was sent"),
    "gap_off": gettext_lazy("Filling a whole gap: percent off"),
    "homes": gettext_lazy("Homes"),
    "host": gettext_lazy("Address"),
    "label": gettext_lazy("Label"),
    "last_minute_hours": gettext_lazy("Late means within so many hours"),
    "last_minute_off": gettext_lazy("Bought late: percent off"),
    "least_gap": gettext_lazy("Shortest gap to leave"),
    "limit": gettext_lazy("Not later, or not earlier, than"),
    "link": gettext_lazy("Link"),
    "minimum": gettext_lazy("Never less than"),
    "mode": gettext_lazy("How it is sold"),
    "months": gettext_lazy("Months"),
    "most_minutes": gettext_lazy("Hours at most"),
    "most_nights": gettext_lazy("Nights at most"),
    "name": gettext_lazy("Name"),
    "nightly_rate": gettext_lazy("Usual price per night"),
    "oldest_version": gettext_lazy("Old address"),
    "opens_days": gettext_lazy("On sale from so many days before"),
    "operation": gettext_lazy("Operation"),
    "percent": gettext_lazy("Percent of the usual price"),
    "plan": gettext_lazy("Plan"),
    "price": gettext_lazy("Price"),
    "priced_by": gettext_lazy("How it is priced"),
    "purchases": gettext_lazy("Sales"),
    "role": gettext_lazy("Role"),
    "rounding": gettext_lazy("Round the price"),
    "scopes": gettext_lazy("What it may do"),
    "seasons": gettext_lazy("Seasons"),
    "sells_around": gettext_lazy("Sell preparation nights and short gaps"),
    "sells_tentative": gettext_lazy("Sell tentative nights"),
    "shown": gettext_lazy("Shown"),
    "shows": gettext_lazy("What it shows"),
    "slots": gettext_lazy("Slots"),
    "step_minutes": gettext_lazy("In steps of"),
    "steps": gettext_lazy("Longer stays cost less"),
    "stopped": gettext_lazy("Stopped"),
    "taxes": gettext_lazy("Taxes"),
    "tiers": gettext_lazy("What a guest gets back who cancels"),
    "time_zone": gettext_lazy("Time zone"),
    "token": gettext_lazy("API token"),
    "turnaround": gettext_lazy("Cleaning takes"),
    "two_way": gettext_lazy("Closes nights there"),
    "until": gettext_lazy("Until"),
    "url_digest": gettext_lazy("Address"),
    "version": gettext_lazy("Address"),
    "webhook": gettext_lazy("Webhook"),
    "weekday_rates": gettext_lazy("Prices by weekday"),
    "weekdays": gettext_lazy("Days"),
    "weekend_off": gettext_lazy("Friday and Saturday nights: percent off"),
}
LABELS: Mapping[str, Mapping[str, Any]] = {
    "collection": dict(Offer.Collection.choices),
    "mode": dict(Offer.Mode.choices),
    "priced_by": dict(Offer.PricedBy.choices),
    "role": dict(Membership.Role.choices),
}
AMOUNTS = frozenset({"minimum", "nightly_rate", "price"})
MINUTES = frozenset({"cut_off_minutes", "most_minutes", "step_minutes", "turnaround"})
PLAIN: Mapping[str, Any] = {"True": gettext_lazy("yes"), "False": gettext_lazy("no"), "-": "\u2013"}
CODE = re.compile(r"[\[\]{}()'\"]")  # what Python writes around values that were cut short


def details(told: Mapping[str, Any], home: Property | None) -> str:
    """What a line tells besides its sentence, in words; amounts in the currency of the home."""
    return ", ".join(
        f"{_column(key)}: {_values(key, value, home)}" for key, value in told.items() if value != []
    )


def _column(key: str) -> str:
    return str(COLUMNS.get(key) or key.replace("_", " ").capitalize())


def _values(key: str, value: object, home: Property | None) -> str:
    """One value, or what it was and what it became."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return " → ".join(_value(key, part, home) for part in str(value).split(" → "))


def _value(key: str, text: str, home: Property | None) -> str:
    if text in PLAIN:
        return str(PLAIN[text])
    if key in AMOUNTS and home and text.isdecimal():
        return money(Money(int(text), home.currency))
    if key in MINUTES and text.isdecimal():
        return spelt(timedelta(minutes=int(text)))
    if key == "time_zone":
        return zone(text)
    return _several(key, text) if text.startswith(("[", "{")) else _word(key, text)


def _several(key: str, text: str) -> str:
    """A list, or values by booking site or whatever else, as Python wrote it."""
    try:
        found = literal_eval(text)
    except (SyntaxError, ValueError):
        return CODE.sub("", text)
    if isinstance(found, dict):
        return "; ".join(f"{_site(str(name))}: {_word(key, str(each))}" for name, each in found.items())
    return "; ".join(CODE.sub("", str(each)) for each in found)


def _word(key: str, text: str) -> str:
    return str(LABELS.get(key, {}).get(text, text))


def _site(key: str) -> str:
    """A booking site by its key, where it is one; none stands for all others."""
    if not key:
        return _("all others")
    return named(CHANNELS[key]) if key in CHANNELS else key
