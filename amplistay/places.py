"""Where a search may lead beside rows: the pages of the app and what can be done there, a home's tabs, the help.

Each place has a title and words that people look for it by. The English ones are found in every language.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from pages.guides import GUIDES
from upsells.models import Offer


@dataclass(frozen=True, slots=True)
class Place:
    """A page: the name of its address with what fills it beside a home, and how it is told and looked for."""

    title: Any  # lazy text, as are its words
    words: Any
    address: str
    icon: str
    arguments: tuple[str, ...] = ()
    is_first: bool = False  # shown before anything is asked

    def href(self, *first: str) -> str:
        """Its path; that of a home's tab needs the home's id."""
        return reverse(self.address, args=[*first, *self.arguments])

    @property
    def sought(self) -> str:
        """What it is looked for by beside its title."""
        with translation.override("en"):
            english = f"{self.title} {self.words}"
        return f"{self.words} {english}"


PAGES = (
    Place(pgettext_lazy("start page", "Home"),
          gettext_lazy("start, dashboard, today, arrivals, departures"), "home", "house", is_first=True),
    Place(gettext_lazy("Calendar of all homes"),
          gettext_lazy("planner, board, free nights, agenda, availability"), "planner", "calendar-days", is_first=True),
    Place(gettext_lazy("Block nights"),
          gettext_lazy("close dates, closed by you, own use, maintenance"), "planner", "lock", is_first=True),
    Place(gettext_lazy("Turnovers"),
          gettext_lazy("cleaning, cleaners, check-outs, check-ins"), "turnovers", "brush-cleaning"),
    Place(gettext_lazy("Properties"),
          gettext_lazy("homes, apartments, listings, archived"), "properties:list", "building-2", is_first=True),
    Place(gettext_lazy("Add a property"),
          gettext_lazy("new home, another apartment, create"), "properties:new", "plus", is_first=True),
    Place(gettext_lazy("Import many homes"),
          gettext_lazy("csv, list, paste, spreadsheet, upload"), "calendars:import", "table-rows-split", is_first=True),
    Place(gettext_lazy("Sales"),
          gettext_lazy("purchases, bookings, requests, guests"), "sales:list", "receipt-text", is_first=True),
    Place(gettext_lazy("Revenue"),
          gettext_lazy("income, earnings, figures, statistics, money"), "sales:revenue", "chart-column", is_first=True),
    Place(gettext_lazy("Export the sales as CSV"),
          gettext_lazy("download, spreadsheet, excel, file, bookkeeping"), "sales:csv", "download"),
    Place(gettext_lazy("News"),
          gettext_lazy("notifications, bell, what happened, unread"), "notices:list", "bell", is_first=True),
    Place(gettext_lazy("Language and notifications"),
          gettext_lazy("translation, alerts, e-mails, daily summary, settings"), "notices:wishes", "bell-ring"),
    Place(gettext_lazy("Saved views"),
          gettext_lazy("filters, default, rename, remove"), "saved-views", "bookmark"),
    Place(gettext_lazy("Card payments"),
          gettext_lazy("stripe, payout, bank account, charge"), "payments:account", "credit-card"),
    Place(gettext_lazy("Plan and invoices"),
          gettext_lazy("billing, subscription, price, invoice, cancel, pause"), "plan:page", "receipt-text"),
    Place(gettext_lazy("Management systems"),
          gettext_lazy("escapia, units, mirror, keys"), "systems:list", "plug"),
    Place(gettext_lazy("Page for everybody"),
          gettext_lazy("vendor, directory, public, contact"), "vendor-page", "store"),
    Place(gettext_lazy("Webhooks"),
          gettext_lazy("api, software, integration, events"), "webhooks:list", "webhook"),
    Place(gettext_lazy("Email addresses"),
          gettext_lazy("account, log-in, profile"), "account_email", "mail"),
    Place(gettext_lazy("Change password"),
          gettext_lazy("account, security, log-in"), "account_change_password", "key-round"),
)  # fmt: skip

TABS = (
    Place(gettext_lazy("Overview"),
          gettext_lazy("summary, today, what needs me"), "overview", "layout-dashboard"),
    Place(gettext_lazy("Calendar"),
          gettext_lazy("month, block nights, close dates, availability"), "calendars:month", "calendar-days"),
    Place(gettext_lazy("Connections"),
          gettext_lazy("channels, links, ical, feeds, sync, export link"), "calendars:connections", "link"),
    Place(gettext_lazy("Offers"),
          gettext_lazy("extra nights, prices, upsell, what is sold"), "upsells:offers", "tag"),
    Place(gettext_lazy("Guest page"),
          gettext_lazy("qr code, poster, sheet, stay links, preview"), "upsells:guest-page", "qr-code"),
    Place(gettext_lazy("Sales"),
          gettext_lazy("purchases, requests, guests"), "upsells:sales", "receipt-text"),
    Place(gettext_lazy("Settings"),
          gettext_lazy("name, photo, rates, seasons, taxes, check-in, check-out, cleaning, time zone, archive"),
          "properties:settings", "settings"),
    *(Place(Offer.Kind(kind).label, gettext_lazy("offer, price, on sale, limits"), "upsells:terms", "tag", (kind,))
      for kind in Offer.Kind.values),
    Place(gettext_lazy("What guests get back"),
          gettext_lazy("cancellation, refund, tiers, terms"), "upsells:cancelling", "undo-2"),
    Place(gettext_lazy("What if"),
          gettext_lazy("try, simulate, offer on a day, why nothing is offered"), "upsells:what-if", "flask-conical"),
    Place(gettext_lazy("Link for one stay"),
          gettext_lazy("new stay, send the guest a link, qr"), "upsells:new-stay", "send"),
)  # fmt: skip

HELP = (
    Place(gettext_lazy("Help"),
          gettext_lazy("questions, support, guide, ical link, how to"), "pages:help", "circle-question-mark",
          is_first=True),
    Place(gettext_lazy("How it works"),
          gettext_lazy("guide, introduction, safe, double booking"), "pages:how", "book-open"),
    Place(gettext_lazy("Status"),
          gettext_lazy("delay, incident, outage, working"), "pages:status", "activity"),
    Place(gettext_lazy("Pricing"),
          gettext_lazy("cost, plan, fee"), "pages:pricing", "badge-euro"),
    Place(gettext_lazy("Terms"),
          gettext_lazy("conditions, contract, legal"), "pages:terms", "scale"),
    Place(gettext_lazy("Privacy"),
          gettext_lazy("data, gdpr, legal"), "pages:privacy", "shield"),
)  # fmt: skip


def channel_help() -> Iterator[tuple[str, str, str]]:
    """The help page of each channel: its title, what it is looked for by, its path."""
    for key, guide in GUIDES.items():
        title = _("Help: calendar links of %(site)s") % {"site": guide.channel.name}
        beside = " ".join(
            (*guide.also, _("copy, paste, ical, connect, link"), "copy paste ical connect help")
        )
        yield title, beside, reverse("pages:channel", args=[key])
