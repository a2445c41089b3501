"""What the audit log calls each deed: a sentence for every address that changes something."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

SENTENCES: Mapping[str, Any] = {
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
    "notices:read-all": gettext_lazy("Marked all news as read"),
    "notices:wishes": gettext_lazy("Changed what they are told"),
    "payments:connect": gettext_lazy("Went to connect the account for payouts"),
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


def sentence(name: str) -> str:
    """What was done, as the log says it; a name that no page has any more is shown as it is."""
    return str(SENTENCES.get(name) or _("Did “%(name)s”") % {"name": name})
