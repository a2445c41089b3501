"""What every mail about a purchase has in common: its parts, and how it turns to a guest, a host or the cleaners."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from domain.channels import site_name
from properties.templatetags.stays import money
from upsells import receipts
from upsells.models import Offer, Purchase
from upsells.receipts import Pair


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail in words: sentences, then what was bought and its price, then the link to go on with."""

    subject: str
    says: tuple[str, ...]
    facts: tuple[Pair, ...] = ()
    lines: tuple[Pair, ...] = ()
    action: Pair | None = None  # its words, and its address
    closing: tuple[str, ...] = ()
    brand: str = "Amplistay"
    encloses: bool = False  # the calendar entry and the receipt


def to_guest(purchase: Purchase, subject: str, *says: str, **parts: Any) -> Letter:
    """In the name of the home, with the way to the guest's page."""
    link = purchase.stay_link
    address = settings.SITE_URL + reverse("guest:purchase", args=[link.token, purchase.public_id])
    property_name = purchase.property.name
    return Letter(
        subject,
        says,
        action=(_("Open your page"), address),
        closing=(
            _("Questions about your stay? Write to your host where you booked."),
            _("%(property)s offers this through Amplistay.") % {"property": property_name},
        ),
        brand=property_name,
        **parts,
    )


def to_host(purchase: Purchase, subject: str, *says: str, **parts: Any) -> Letter:
    """With the way to the sale's page."""
    address = settings.SITE_URL + reverse(
        "upsells:purchase", args=[purchase.property.public_id, purchase.public_id]
    )
    return Letter(subject, says, action=(_("See the sale"), address), **parts)


def to_cleaners(purchase: Purchase, subject: str, *says: str) -> Letter:
    """The home's time and nothing else: no link, no name, no price."""
    closing = _("You get this because you are named as the cleaners of %(property)s.")
    return Letter(subject, says, closing=(closing % {"property": purchase.property.name},))


def guest_of(purchase: Purchase) -> Pair:
    """Who bought it, for the host."""
    return _("Guest"), purchase.guest_name


def bought(purchase: Purchase) -> tuple[Pair, ...]:
    """What it is about, with the number that a guest reads out."""
    return receipts.bought(purchase), (_("Number"), receipts.number(purchase))


def income(purchase: Purchase) -> tuple[Pair, ...]:
    """How the host gets the money."""
    if purchase.collection != Offer.Collection.CHANNEL:
        return receipts.payment_lines(purchase)
    site = site_name(purchase.channel) or _("your booking site")
    return ((_("Please charge it through %(site)s") % {"site": site}, money(purchase.price)),)


def another_time(purchase: Purchase, now: str, before: str) -> Letter:
    """To the cleaners: the guest leaves, or comes, at another time than was said before."""
    words = {"property": purchase.property.name, "now": now, "before": before}
    if purchase.kind in receipts.LEAVING:
        subject = _("%(property)s: check-out is on %(now)s")
        said = _("The guest leaves on %(now)s, and not on %(before)s.")
    else:
        subject = _("%(property)s: check-in is on %(now)s")
        said = _("The guest comes on %(now)s, and not on %(before)s.")
    return to_cleaners(purchase, subject % words, said % words)
