"""A double booking: both claims, what can be done about it, each with one click, and what to write to the guest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.tenancy import HostRequest, get_or_404, host
from calendars import conflicts, ledger
from calendars.lineage import KINDS, channel_of
from calendars.models import Alert, Block
from calendars.sentences import headline
from domain.channels import Channel
from domain.events import Kind
from domain.roles import Power
from domain.spans import Span
from properties.dates import clock, day, moment, stay
from properties.models import Property
from properties.templatetags.stays import money
from upsells import remedies, sentences, tasks
from upsells.models import Offer, Purchase

LATE_SIDE = frozenset({Offer.Kind.EXTRA_NIGHTS, Offer.Kind.LATE_CHECK_OUT})


@dataclass(frozen=True, slots=True)
class Claim:
    """One side of a double booking: a block, for our own sale with its purchase."""

    block: Block
    channel: Channel
    kind: str
    purchase: Purchase | None
    what: tuple[str, str]
    when: str
    last_seen: datetime | None


@require_GET
@host(Power.GUESTS)
def conflict(request: HostRequest, conflict_id: str) -> HttpResponse:
    """What is known about a double booking and what can be done; that it is over, and whom to write to, when it is."""
    alert = _alert(request, conflict_id)
    purchase, now = _sale(request, alert), timezone.now()
    shared, today = conflicts.nights(alert), alert.property.house.today(now)
    context: dict[str, Any] = {
        "alert": alert,
        "property": alert.property,
        "tab": "calendar",
        "headline": headline(alert),
        "nights": shared,
        "night": today if today in shared else shared.start,
        "turnover": conflicts.turnover(alert) if conflicts.is_turnover(alert) else None,
        "purchase": purchase,
        "settled": conflicts.SETTLED in alert.details,
    }
    if alert.resolved_at:
        context |= _aftermath(request, alert, purchase)
    else:
        with timezone.override(alert.property.house.zone):
            claims = [_claim(block, purchase) for block in conflicts.claims(alert)]
        context |= {"claims": claims, "first": _first(claims)}
        if purchase and purchase.state == Purchase.State.CONFIRMED:
            context |= _ways_out(purchase, now)
    return render(request, "upsells/conflict.html", context)


@require_POST
@host(Power.SELL)
def cancel(request: HostRequest, conflict_id: str) -> HttpResponse:
    """Take the sale back."""

    def done(alert: Alert, now: datetime) -> str:
        remedies.cancel(alert, _sold(request, alert), now)
        return _("Cancelled. The guest gets an e-mail.")

    return _try(request, conflict_id, done)


@require_POST
@host(Power.SELL)
def shorten(request: HostRequest, conflict_id: str) -> HttpResponse:
    """Let the guest keep the nights that are left, as many and for as much as the page said."""

    def done(alert: Alert, now: datetime) -> str:
        shown = _whole(request, "nights"), _whole(request, "amount")
        left = remedies.shorten(alert, _sold(request, alert), shown, now)
        words = {"nights": stay(left.nights), "price": money(left.price.total)}
        return _("Shortened to %(nights)s, for %(price)s. The guest gets an e-mail.") % words

    return _try(request, conflict_id, done)


@require_POST
@host(Power.SELL)
def move(request: HostRequest, conflict_id: str) -> HttpResponse:
    """Give the guest another home of the organization."""
    alert, asked = _alert(request, conflict_id), request.POST.get("home", "")
    homes = Property.objects.of(request.org).active()
    home = homes.filter(public_id=asked).first() if asked.isalnum() else None
    if home is None:
        messages.error(request, _("Choose the home that the guest shall get."))
        return redirect("upsells:conflict", alert.public_id)

    def done(alert: Alert, now: datetime) -> str:
        remedies.move(alert, _sold(request, alert), home, now)
        return _("Moved to %(home)s. The guest gets an e-mail.") % {"home": home.name}

    try:
        return _try(request, conflict_id, done)
    except ledger.NightsTaken:
        words = _("%(home)s isn't free for all these nights any more. Nothing has changed.")
        messages.error(request, words % {"home": home.name})
    return redirect("upsells:conflict", alert.public_id)


@require_POST
@host(Power.SELL)
def settle(request: HostRequest, conflict_id: str) -> HttpResponse:
    """Two bookings of other sites have been dealt with there."""

    def done(alert: Alert, now: datetime) -> str:
        remedies.settle(alert, now)
        return _("Settled. You hear of it again if other nights are booked twice.")

    return _try(request, conflict_id, done)


def _try(request: HostRequest, conflict_id: str, remedy: Callable[[Alert, datetime], str]) -> HttpResponse:
    """Back to the page, with what was done, or that nothing was because something else has happened before."""
    alert = _alert(request, conflict_id)
    try:
        messages.success(request, remedy(alert, timezone.now()))
        if sale := _sale(request, alert):
            tasks.at_once(sale)
    except remedies.Over:
        words = _("Something has changed meanwhile. Nothing was done; this is how it stands now.")
        messages.error(request, words)
    return redirect("upsells:conflict", alert.public_id)


def _alert(request: HostRequest, conflict_id: str) -> Alert:
    rows = Alert.objects.select_related("property").filter(kind=Alert.Kind.CONFLICT)
    return get_or_404(rows, request, public_id=conflict_id)


def _sale(request: HostRequest, alert: Alert) -> Purchase | None:
    """Our own sale among the two claims."""
    rows = Purchase.objects.of(request.org).select_related("property", "stay_link")
    return rows.filter(public_id__in=conflicts.references(alert)).first()


def _sold(request: HostRequest, alert: Alert) -> Purchase:
    """The same, to be changed. Raises Over when there is none."""
    if purchase := _sale(request, alert):
        return purchase
    raise remedies.Over


def _whole(request: HttpRequest, name: str) -> int:
    """A number of the form. Raises Over when it is none."""
    text = request.POST.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= len("2147483647")):
        raise remedies.Over
    return int(text)


def _claim(block: Block, purchase: Purchase | None) -> Claim:
    feed = block.feed
    own = purchase if purchase and block.reference == purchase.public_id else None
    return Claim(
        block=block,
        channel=channel_of(block),
        kind=_(KINDS[Kind(block.kind)]) if feed else "",
        purchase=own,
        what=sentences.bought(own, own.property.house) if own else ("", ""),
        when=_when(block),
        last_seen=(block.missing_since or feed.last_good_at) if feed else None,
    )


def _when(block: Block) -> str:
    """The nights of a claim, and its hours where it names any; in the time zone that is active."""
    nights = stay(block.span) if block.span else ""
    if not block.period:
        return nights
    edges = (moment(localtime(at)) for at in (block.period.lower, block.period.upper))
    hours = "\N{EN DASH}".join(edges)
    return f"{nights} ({hours})" if nights else hours


def _first(claims: Sequence[Claim]) -> Claim | None:
    """Whichever was seen before all others; None where a single read brought them."""
    is_known = len(claims) > 1 and claims[0].block.since < claims[1].block.since
    return claims[0] if is_known else None


# What can be done


def _ways_out(purchase: Purchase, now: datetime) -> dict[str, Any]:
    return {
        "refund": _refunded(purchase, now),
        "money_note": _money_note(purchase),
        "shorter": remedies.shorter(purchase),
        "homes": remedies.homes(purchase, now),
        "begun": purchase.takes.start <= now,
    }


def _refunded(purchase: Purchase, now: datetime) -> str:
    """What the guest needn't pay, or gets back, when the host cancels."""
    words = {"guest": purchase.guest_name, "amount": money(remedies.refund(purchase, now))}
    return _("You cancel, so %(guest)s pays none of it: %(amount)s are theirs.") % words


def _money_note(purchase: Purchase) -> str:
    """Where the guest's money is."""
    if getattr(purchase, "payment", None):
        return _("It was paid by card: what isn't owed any more goes back to the card by itself.")
    if purchase.collection == Offer.Collection.CHANNEL:
        return _(
            "Nothing was charged here. If you asked for the money with the booking site's own tool, change that there."
        )
    return _(
        "Nothing was charged here: the guest pays at the property. Give back what they have paid already."
    )


# What to write


def _aftermath(request: HostRequest, alert: Alert, purchase: Purchase | None) -> dict[str, Any]:
    """What has become of the sale, and the letter that tells the guest; nothing where it is as it was."""
    if purchase is None:
        return {}
    told = _moved(request, alert) or _fate(alert, purchase)
    if told is None:
        return {}
    outcome, text = told
    words = {"guest": purchase.guest_name, "home": alert.property.name, "text": text}
    body = _letter(alert)
    subject = _("Your booking at %(home)s") % words
    query = urlencode({"subject": subject, "body": (body % words).replace("\n", "\r\n")}, quote_via=quote)
    letter = f"mailto:{quote(purchase.guest_email, safe='@')}?{query}" if purchase.guest_email else ""
    return {"outcome": outcome, "letter": letter, "body": body % words}


def _letter(alert: Alert) -> str:
    if conflicts.is_turnover(alert):
        return _(
            "Dear %(guest)s,\n\nI am sorry: at %(home)s somebody else's booking leaves no time to clean beside yours."
            "\n\n%(text)s\n\nPlease write to me if you have any questions.\n"
        )
    return _(
        "Dear %(guest)s,\n\nI am sorry: at %(home)s somebody else booked the same nights at the same time as you.\n\n"
        "%(text)s\n\nPlease write to me if you have any questions.\n"
    )


def _moved(request: HostRequest, alert: Alert) -> tuple[str, str] | None:
    """That the guest got another home: for the host, and for the guest; None where they didn't."""
    rows = Purchase.objects.of(request.org).select_related("property", "stay_link")
    there = rows.filter(public_id=alert.details.get(remedies.MOVED, "")).first()
    if there is None or there.span is None:
        return None
    path = reverse("guest:purchase", args=[there.stay_link.token, there.public_id])
    words = {
        "home": there.property.name,
        "nights": stay(there.span),
        "price": money(there.price),
        "address": settings.SITE_URL + path,
    }
    text = _(
        "I have another home for you for these nights: %(home)s, %(nights)s. The price stays %(price)s.\n\n"
        "Your confirmation is on this page: %(address)s"
    )
    return _("You moved the guest to %(home)s.") % words, text % words


def _fate(alert: Alert, purchase: Purchase) -> tuple[str, str] | None:
    """What has become of a sale: for the host, and for the guest."""
    span = purchase.span
    if purchase.state == Purchase.State.CANCELLED:
        return _("You took the sale back."), _taken_back(alert, purchase)
    if purchase.state != Purchase.State.CONFIRMED or span is None:
        return None
    words = {"nights": stay(span), "price": money(purchase.price)}
    if _leaves_room(alert, span):
        cost = _("They cost %(price)s together.") % words
        shortened = _("You shortened the sale to %(nights)s, for %(price)s.") % words
        return shortened, f"{_still_yours(purchase, span)} {cost}"
    return None


def _leaves_room(alert: Alert, span: Span) -> bool:
    """Whether a sale was shortened: it no longer holds the nights that both wanted, or ends before the turnover."""
    if conflicts.is_turnover(alert):
        return conflicts.turnover(alert) not in (span.start, span.end)
    return not span.overlaps(conflicts.nights(alert))


def _taken_back(alert: Alert, purchase: Purchase) -> str:
    late = purchase.kind in LATE_SIDE
    at = alert.property.check_out if late else alert.property.check_in
    words = {"day": day(purchase.day), "time": clock(at)}
    first = _("I have to take back what you booked with me, and you don't pay for it.")
    then = (
        _("You check out on %(day)s at %(time)s, as before.")
        if late
        else _("You check in on %(day)s at %(time)s, as before.")
    )
    return f"{first} {then % words}"


def _still_yours(purchase: Purchase, span: Span) -> str:
    if purchase.kind in LATE_SIDE:
        return _("You can stay until %(day)s: these nights are still yours.") % {"day": day(span.end)}
    return _("You can come on %(day)s: these nights are still yours.") % {"day": day(span.start)}
