"""What the mails about a purchase say: to guest, cleaners and each of the hosts in their own language.

A cleaner learns the new time of a home and nothing about the guest.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import mail
from accounts.models import Membership, Topic
from domain import encode
from domain.money import Money
from properties.templatetags.stays import money
from upsells import changeletters, receipts, sentences
from upsells.letterhead import Letter, another_time, bought, guest_of, income, to_guest, to_host
from upsells.models import Delivery, Purchase

News, To = Delivery.News, Delivery.To
Reason = Purchase.Reason

REASONS: Mapping[str, Any] = {
    Reason.REFUSED: gettext_lazy("Your host can't make it possible this time."),
    Reason.UNANSWERED: gettext_lazy("Your host didn't answer in time."),
    Reason.WITHDRAWN: gettext_lazy("Your host no longer offers this."),
    Reason.UNPAID: gettext_lazy("The card couldn't be charged."),
}


def message(
    delivery: Delivery, member: Membership | None = None, topic: Topic | None = None
) -> EmailMultiAlternatives:
    """The mail of a delivery in its language; tried again, it keeps its Message-ID (RFC 5322 §3.6.4).

    To a member it is in the language they read by now, and says how to turn off such mails.
    """
    purchase = delivery.purchase
    with translation.override(member.user.language if member else delivery.language):
        letter = LETTERS[To(delivery.to), News(delivery.news)](delivery)
        headers = {"Message-ID": message_id(delivery)}
        context = {"letter": letter}
        if member and topic:
            found = mail.to_member(member, topic, letter.subject, "purchase", context, headers=headers)
        else:
            found = mail.message(delivery.address, letter.subject, "purchase", context, headers)
        if letter.encloses:
            name = receipts.number(purchase).lower()
            found.attach(f"{name}.ics", calendar_entry(purchase), "text/calendar")
            found.attach(f"{name}.pdf", receipts.pdf(purchase), "application/pdf")
    return found


def message_id(delivery: Delivery) -> str:
    """The same for every try of one delivery, so that a mail that arrives twice is recognised."""
    news = f"{delivery.news}-{delivery.step}" if delivery.step else delivery.news
    named = f"{delivery.purchase.public_id} {news} {delivery.to} {delivery.address}"
    host = urlsplit(settings.SITE_URL).hostname
    return f"<{hashlib.sha256(named.encode()).hexdigest()[:40]}@{host}>"


def calendar_entry(purchase: Purchase) -> bytes:
    """What was bought, as an entry for the guest's own calendar.

    Shortened or moved to another home it stays the same entry, and a calendar takes the newer one: the UID is the
    first purchase's, SEQUENCE counts the changes and DTSTAMP is the last one's instant (RFC 5545 §3.8.7).
    """
    home = purchase.property
    what, _when = receipts.bought(purchase)
    first, moments = purchase, [purchase.decided_at or purchase.created_at, purchase.shortened_at]
    while before := first.moved_from.first():
        first, moments = before, [*moments, before.decided_at]
    uid = hashlib.sha256(first.public_id.encode()).hexdigest()[:32]
    return encode.appointment(
        encode.Appointment(
            uid=f"{uid}@amplistay",
            period=purchase.takes,
            zone=home.house.zone,
            summary=f"{home.name}: {what}",
            changed_at=max(moment for moment in moments if moment),
            place=home.name,
            sequence=purchase.revision,
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
    return to_guest(
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
    return to_guest(
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
        _("You check out on %(when)s, as before.")
        if purchase.kind in receipts.LEAVING
        else _("You check in on %(when)s, as before.")
    )
    return to_guest(
        purchase,
        _("%(property)s: cancelled") % {"property": purchase.property.name},
        said,
        before % {"when": receipts.old_time(purchase)},
        _money_after(purchase),
        facts=bought(purchase),
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


def _refunded(delivery: Delivery) -> Letter:
    """Money is on its way: so much of it as earlier mails didn't tell of; the lines name all of it."""
    purchase = delivery.purchase
    payment = receipts.payment_of(purchase)
    told = purchase.deliveries.filter(news=News.REFUNDED, to=delivery.to, step__lt=delivery.step)
    before = max(told.values_list("step", flat=True), default=0)
    back = delivery.step - before if delivery.step else (payment.refunded if payment else 0)
    amount = money(Money(back, purchase.currency))
    words = {"property": purchase.property.name, "amount": amount}
    return to_guest(
        purchase,
        _("%(property)s: %(amount)s is on its way back to you") % words,
        _("%(amount)s is on its way back to the card you paid with.") % words,
        _("Banks take up to ten days to show it."),
        facts=bought(purchase),
        lines=receipts.payment_lines(purchase),
    )


def _kept(purchase: Purchase) -> Letter:
    return to_guest(
        purchase,
        _("%(property)s: your booking stands") % {"property": purchase.property.name},
        _("You asked to cancel. Your host can't agree to that, so everything stays as booked."),
        facts=(receipts.bought(purchase), (receipts.new_time_label(purchase), receipts.new_time(purchase))),
    )


# To the host


def _sold(purchase: Purchase) -> Letter:
    what, when = receipts.bought(purchase)
    words = {"property": purchase.property.name, "what": what, "amount": money(purchase.price)}
    said = receipts.receipt(purchase)
    return to_host(
        purchase,
        _("Sold at %(property)s: %(what)s for %(amount)s") % words,
        _(
            "Every calendar was read once more before it was confirmed, and your Amplistay links close it already."
        ),
        facts=(
            (what, when),
            (receipts.guests_time_label(purchase), receipts.new_time(purchase)),
            guest_of(purchase),
        ),
        lines=(*said.lines, said.total, *income(purchase)),
    )


def _wished(purchase: Purchase) -> Letter:
    words = {"property": purchase.property.name, "guest": purchase.guest_name or _("A guest")}
    return to_host(
        purchase,
        _("%(guest)s asks to cancel at %(property)s") % words,
        _("Until you answer, the sale stands and stays closed everywhere."),
        facts=(receipts.bought(purchase), guest_of(purchase)),
        lines=income(purchase),
    )


def _taken_back(purchase: Purchase) -> Letter:
    by_guest = purchase.cancelled_by == Purchase.By.GUEST
    return to_host(
        purchase,
        _("Cancelled at %(property)s: %(what)s")
        % {"property": purchase.property.name, "what": receipts.bought(purchase)[0]},
        _("The guest cancelled it.") if by_guest else _("You took it back."),
        _("What was sold is open again, on every site that reads your Amplistay links."),
        facts=(receipts.bought(purchase), guest_of(purchase)),
        lines=receipts.payment_lines(purchase),
    )


def _stuck(purchase: Purchase) -> Letter:
    payment = receipts.payment_of(purchase)
    said = sentences.stuck(payment) if payment else ()
    words = {"property": purchase.property.name, "what": receipts.bought(purchase)[0]}
    return to_host(
        purchase,
        _("Please look at a payment at %(property)s: %(what)s") % words,
        *(said or (_("It has moved on since, and nothing is left to do."),)),
        facts=(receipts.bought(purchase), guest_of(purchase)),
        lines=receipts.payment_lines(purchase),
    )


# To the cleaners


def _new_time(purchase: Purchase) -> Letter:
    return another_time(purchase, receipts.new_time(purchase), receipts.old_time(purchase))


def _time_as_before(purchase: Purchase) -> Letter:
    return another_time(purchase, receipts.old_time(purchase), receipts.new_time(purchase))


# Who hears of which news, and how it is said


def _of(write: Callable[[Purchase], Letter]) -> Callable[[Delivery], Letter]:
    """A letter that the purchase alone says."""
    return lambda delivery: write(delivery.purchase)


LETTERS: Mapping[tuple[Delivery.To, Delivery.News], Callable[[Delivery], Letter]] = {
    (To.GUEST, News.CONFIRMED): _of(_confirmed),
    (To.GUEST, News.DECLINED): _of(_declined),
    (To.GUEST, News.CANCELLED): _of(_cancelled),
    (To.GUEST, News.REFUNDED): _refunded,
    (To.GUEST, News.CANCEL_REFUSED): _of(_kept),
    (To.GUEST, News.SHORTENED): _of(changeletters.shortened),
    (To.GUEST, News.MOVED): _of(changeletters.moved),
    (To.HOST, News.CONFIRMED): _of(_sold),
    (To.HOST, News.CANCEL_WISHED): _of(_wished),
    (To.HOST, News.CANCELLED): _of(_taken_back),
    (To.HOST, News.SHORTENED): _of(changeletters.made_shorter),
    (To.HOST, News.MOVED): _of(changeletters.given_another_home),
    (To.HOST, News.STUCK): _of(_stuck),
    (To.CLEANER, News.CONFIRMED): _of(_new_time),
    (To.CLEANER, News.CANCELLED): _of(_time_as_before),
    (To.CLEANER, News.SHORTENED): _of(changeletters.shorter_time),
    (To.CLEANER, News.MOVED): _of(changeletters.somebody_comes),
    (To.CLEANER, News.MOVED_AWAY): _of(_time_as_before),
}
