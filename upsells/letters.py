"""What the mails about a purchase say: to the guest and the cleaners in their language, to the host in English.

A cleaner learns the new time of a home and nothing about the guest.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import mail
from domain import encode
from domain.channels import site_name
from domain.money import Money
from properties.templatetags.stays import money
from upsells import receipts
from upsells.models import Delivery, Offer, Purchase
from upsells.receipts import Pair

News, To = Delivery.News, Delivery.To
Reason = Purchase.Reason

REASONS: Mapping[str, Any] = {
    Reason.REFUSED: gettext_lazy("Your host can't make it possible this time."),
    Reason.UNANSWERED: gettext_lazy("Your host didn't answer in time."),
    Reason.WITHDRAWN: gettext_lazy("Your host no longer offers this."),
    Reason.UNPAID: gettext_lazy("The card couldn't be charged."),
}


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


def message(delivery: Delivery) -> EmailMultiAlternatives:
    """The mail of a delivery in its language; tried again, it keeps its Message-ID (RFC 5322 §3.6.4)."""
    purchase = delivery.purchase
    with translation.override(delivery.language):
        letter = LETTERS[To(delivery.to), News(delivery.news)](purchase)
        headers = {"Message-ID": message_id(delivery)}
        found = mail.message(delivery.address, letter.subject, "purchase", {"letter": letter}, headers)
        if letter.encloses:
            name = receipts.number(purchase).lower()
            found.attach(f"{name}.ics", calendar_entry(purchase), "text/calendar")
            found.attach(f"{name}.pdf", receipts.pdf(purchase), "application/pdf")
    return found


def message_id(delivery: Delivery) -> str:
    """The same for every try of one delivery, so that a mail that arrives twice is recognised."""
    named = f"{delivery.purchase.public_id} {delivery.news} {delivery.to} {delivery.address}"
    host = urlsplit(settings.SITE_URL).hostname
    return f"<{hashlib.sha256(named.encode()).hexdigest()[:40]}@{host}>"


def calendar_entry(purchase: Purchase) -> bytes:
    """What was bought, as an entry for the guest's own calendar."""
    home = purchase.property
    uid = hashlib.sha256(purchase.public_id.encode()).hexdigest()[:32]
    what, _when = receipts.bought(purchase)
    return encode.appointment(
        encode.Appointment(
            uid=f"{uid}@amplistay",
            period=purchase.takes,
            zone=home.house.zone,
            summary=f"{home.name}: {what}",
            changed_at=purchase.decided_at or purchase.created_at,
            place=home.name,
        )
    )


# To the guest


def _confirmed(purchase: Purchase) -> Letter:
    said = receipts.receipt(purchase)
    when = {"property": purchase.property.name, "when": receipts.new_time(purchase)}
    subject = (
        _("%(property)s: your new check-out is %(when)s")
        if purchase.kind in receipts.LEAVING
        else _("%(property)s: your new check-in is %(when)s")
    )
    return _to_guest(
        purchase,
        subject % when,
        _("It is booked. Every booking site was asked once more, and the time is yours."),
        facts=said.facts,
        lines=(*said.lines, said.total, *said.payment),
        encloses=True,
    )


def _declined(purchase: Purchase) -> Letter:
    words = REASONS.get(purchase.reason)
    if purchase.reason == Reason.TAKEN:
        words = (
            _("Somebody else has just booked one of these nights.")
            if purchase.is_nightly
            else _("A booking has just come in that needs these hours.")
        )
    payment = receipts.payment_of(purchase)
    nothing = (
        _(
            "Nothing is charged: what was reserved on your card is released. Banks may take some days to show it."
        )
        if payment and payment.authorised_at
        else _("You were charged nothing, and your stay is as it was.")
    )
    return _to_guest(
        purchase,
        _("%(property)s: it didn't work out") % {"property": purchase.property.name},
        str(words or _("What you chose was kept for a while, and that time is over.")),
        nothing,
        facts=(receipts.bought(purchase),),
    )


def _cancelled(purchase: Purchase) -> Letter:
    by_guest = purchase.cancelled_by == Purchase.By.GUEST
    said = _("It is cancelled, as you asked.") if by_guest else _("Your host took this back.")
    before = (
        _("You check out on %(when)s, as first booked.")
        if purchase.kind in receipts.LEAVING
        else _("You check in on %(when)s, as first booked.")
    )
    return _to_guest(
        purchase,
        _("%(property)s: cancelled") % {"property": purchase.property.name},
        said,
        before % {"when": receipts.old_time(purchase)},
        _money_after(purchase),
        facts=(receipts.bought(purchase), (_("Number"), receipts.number(purchase))),
    )


def _money_after(purchase: Purchase) -> str:
    """What a cancelled sale still costs, in a sentence."""
    back = purchase.amount if purchase.refund is None else purchase.refund
    left = money(Money(purchase.amount - back, purchase.currency))
    payment = receipts.payment_of(purchase)
    if payment and payment.captured:
        if not back:
            return _("Nothing is given back: the terms you bought it under say so.")
        words = _("%(amount)s goes back to your card. You get another e-mail when it is on its way.")
        return words % {"amount": money(Money(back, purchase.currency))}
    if back < purchase.amount:
        return _("By the terms you bought it under, %(amount)s is still to pay.") % {"amount": left}
    return _("There is nothing to pay.")


def _refunded(purchase: Purchase) -> Letter:
    payment = receipts.payment_of(purchase)
    amount = money(Money(payment.refunded if payment else 0, purchase.currency))
    words = {"property": purchase.property.name, "amount": amount}
    return _to_guest(
        purchase,
        _("%(property)s: %(amount)s is on its way back to you") % words,
        _("%(amount)s is on its way back to the card you paid with.") % words,
        _("Banks take up to ten days to show it."),
        facts=(receipts.bought(purchase), (_("Number"), receipts.number(purchase))),
        lines=receipts.payment_lines(purchase),
    )


def _kept(purchase: Purchase) -> Letter:
    return _to_guest(
        purchase,
        _("%(property)s: your booking stands") % {"property": purchase.property.name},
        _("You asked to cancel. Your host can't agree to that, so everything stays as booked."),
        facts=(receipts.bought(purchase), (receipts.new_time_label(purchase), receipts.new_time(purchase))),
    )


def _to_guest(purchase: Purchase, subject: str, *says: str, **parts: Any) -> Letter:
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


# To the host


def _sold(purchase: Purchase) -> Letter:
    what, when = receipts.bought(purchase)
    words = {"property": purchase.property.name, "what": what, "amount": money(purchase.price)}
    said = receipts.receipt(purchase)
    return _to_host(
        purchase,
        _("Sold at %(property)s: %(what)s for %(amount)s") % words,
        _(
            "Every calendar was read once more before it was confirmed, and your Amplistay links close it already."
        ),
        facts=(
            (what, when),
            (receipts.new_time_label(purchase), receipts.new_time(purchase)),
            _guest(purchase),
        ),
        lines=(*said.lines, said.total, *_income(purchase)),
    )


def _income(purchase: Purchase) -> tuple[Pair, ...]:
    """How the host gets the money."""
    if purchase.collection != Offer.Collection.CHANNEL:
        return receipts.payment_lines(purchase)
    site = site_name(purchase.channel) or _("your booking site")
    return ((_("Please charge it through %(site)s") % {"site": site}, money(purchase.price)),)


def _wished(purchase: Purchase) -> Letter:
    words = {"property": purchase.property.name, "guest": purchase.guest_name or _("A guest")}
    return _to_host(
        purchase,
        _("%(guest)s asks to cancel at %(property)s") % words,
        _("Until you answer, the sale stands and stays closed everywhere."),
        facts=(receipts.bought(purchase), _guest(purchase)),
        lines=_income(purchase),
    )


def _taken_back(purchase: Purchase) -> Letter:
    by_guest = purchase.cancelled_by == Purchase.By.GUEST
    return _to_host(
        purchase,
        _("Cancelled at %(property)s: %(what)s")
        % {"property": purchase.property.name, "what": receipts.bought(purchase)[0]},
        _("The guest cancelled it.") if by_guest else _("You took it back."),
        _("What was sold is open again, on every site that reads your Amplistay links."),
        facts=(receipts.bought(purchase), _guest(purchase)),
        lines=receipts.payment_lines(purchase),
    )


def _guest(purchase: Purchase) -> Pair:
    return _("Guest"), purchase.guest_name


def _to_host(purchase: Purchase, subject: str, *says: str, **parts: Any) -> Letter:
    address = settings.SITE_URL + reverse(
        "upsells:purchase", args=[purchase.property.public_id, purchase.public_id]
    )
    closing = (_("You get this because you are a member of %(organization)s at Amplistay."),)
    name = {"organization": purchase.property.organization.name}
    return Letter(
        subject,
        says,
        action=(_("See the sale"), address),
        closing=tuple(words % name for words in closing),
        **parts,
    )


# To the cleaners


def _new_time(purchase: Purchase) -> Letter:
    return _to_cleaners(purchase, receipts.new_time(purchase), receipts.old_time(purchase))


def _time_as_before(purchase: Purchase) -> Letter:
    return _to_cleaners(purchase, receipts.old_time(purchase), receipts.new_time(purchase))


def _to_cleaners(purchase: Purchase, now: str, before: str) -> Letter:
    words = {"property": purchase.property.name, "now": now, "before": before}
    if purchase.kind in receipts.LEAVING:
        subject = _("%(property)s: check-out is on %(now)s")
        said = _("The guest leaves on %(now)s, and not on %(before)s.")
    else:
        subject = _("%(property)s: check-in is on %(now)s")
        said = _("The guest comes on %(now)s, and not on %(before)s.")
    closing = _("You get this because you are named as the cleaners of %(property)s.")
    return Letter(subject % words, (said % words,), closing=(closing % words,))


# Who hears of which news, and how it is said
LETTERS: Mapping[tuple[Delivery.To, Delivery.News], Callable[[Purchase], Letter]] = {
    (To.GUEST, News.CONFIRMED): _confirmed,
    (To.GUEST, News.DECLINED): _declined,
    (To.GUEST, News.CANCELLED): _cancelled,
    (To.GUEST, News.REFUNDED): _refunded,
    (To.GUEST, News.CANCEL_REFUSED): _kept,
    (To.HOST, News.CONFIRMED): _sold,
    (To.HOST, News.CANCEL_WISHED): _wished,
    (To.HOST, News.CANCELLED): _taken_back,
    (To.CLEANER, News.CONFIRMED): _new_time,
    (To.CLEANER, News.CANCELLED): _time_as_before,
}
