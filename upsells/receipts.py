"""The receipt of a purchase: its facts and sums in words, for mails and pages, and as a PDF of A4.

The same purchase gives the same words and the same bytes; the language is the guest's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from domain.channels import site_name
from domain.money import Money
from domain.offers import Kind
from domain.prices import Item
from domain.spans import Period
from properties.dates import between, day, day_at, hours, stay, when
from properties.templatetags.stays import Summary, money, summed
from upsells import typeface
from upsells.models import Offer, Payment, Purchase
from upsells.typeface import BOLD, Style

type Pair = tuple[str, str]

SEA, GREY, LINE = (0.0, 0.404, 0.361), (0.314, 0.369, 0.365), (0.902, 0.886, 0.855)
MARGIN, STEP = 56.0, 18.0  # points
ROOM = A4[0] - 2 * MARGIN
LABELS = 0.34  # of the room: where values begin
LEAVING = frozenset({Kind.EXTRA_NIGHTS.value, Kind.LATE_CHECK_OUT.value})

ITEMS: Mapping[str, Any] = {
    Item.LENGTH: gettext_lazy("For a longer stay"),
    Item.WEEKEND: gettext_lazy("Weekend"),
    Item.LAST_MINUTE: gettext_lazy("Last minute"),
    Item.GAP: gettext_lazy("For filling a gap"),
    Item.MINIMUM: gettext_lazy("Up to the least amount"),
    Item.ROUNDING: gettext_lazy("Rounding"),
    Item.TAX: gettext_lazy("Tax"),
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says, in one language: pairs of what and how much."""

    title: str
    number: str
    organization: str
    facts: tuple[Pair, ...]
    lines: tuple[Pair, ...]
    total: Pair
    payment: tuple[Pair, ...]
    closing: str


def exists(purchase: Purchase) -> bool:
    """Whether something was sold, so that there is a receipt."""
    return purchase.state in {Purchase.State.CONFIRMED, Purchase.State.CANCELLED} and bool(
        purchase.decided_at
    )


def number(purchase: Purchase) -> str:
    """The purchase's number as the guest's page shows it."""
    return purchase.public_id[:6].upper()


def receipt(purchase: Purchase) -> Receipt:
    """The receipt in the language that is active."""
    home = purchase.property
    what, when = bought(purchase)
    facts = [
        (_("Home"), home.name),
        (what, when),
        (new_time_label(purchase), new_time(purchase)),
        (_("For"), purchase.guest_name),
        (_("Number"), number(purchase)),
    ]
    if purchase.requested_at:
        facts.append((_("Booked on"), _moment(purchase.requested_at, purchase)))
    if purchase.state == Purchase.State.CANCELLED and purchase.decided_at:
        facts.append((_("Cancelled on"), _moment(purchase.decided_at, purchase)))
    return Receipt(
        title=_("Receipt"),
        number=number(purchase),
        organization=home.organization.name,
        facts=tuple(pair for pair in facts if pair[1]),
        lines=lines(purchase),
        total=(_("Total"), money(purchase.price)),
        payment=payment_lines(purchase),
        closing=_("%(property)s offers this through Amplistay.") % {"property": home.name},
    )


# In words


def bought(purchase: Purchase) -> Pair:
    """What was bought, and when that is."""
    span = purchase.span
    if purchase.is_nightly and span:
        words = (
            ngettext("%(n)s more night", "%(n)s more nights", len(span))
            if purchase.kind == Kind.EXTRA_NIGHTS
            else ngettext("%(n)s night earlier", "%(n)s nights earlier", len(span))
        )
        return words % {"n": len(span)}, stay(span)
    took = _local(purchase)
    what = _("Late check-out") if purchase.kind == Kind.LATE_CHECK_OUT else _("Early check-in")
    return what, f"{day(purchase.day)}, {between(took.start, took.end, 'Hm')}"


def new_time_label(purchase: Purchase) -> str:
    """Which time is new."""
    return _("Your new check-out") if purchase.kind in LEAVING else _("Your new check-in")


def guests_time_label(purchase: Purchase) -> str:
    """The same for whoever isn't the guest."""
    return _("The guest's new check-out") if purchase.kind in LEAVING else _("The guest's new check-in")


def new_time(purchase: Purchase) -> str:
    """The day and time that the guest now leaves, or comes, at."""
    took = _local(purchase)
    at = took.end if purchase.kind in LEAVING else took.start
    return when(at, "yMMMEd Hm")


def old_time(purchase: Purchase) -> str:
    """The day and time that they would have left, or come, at without it."""
    home = purchase.property
    at = home.check_out if purchase.kind in LEAVING else home.check_in
    return day_at(purchase.day, at)


def first_time(purchase: Purchase) -> str:
    """The day and time that they would have left, or come, at before the host had to shorten it."""
    span, home = purchase.first_span, purchase.property
    if span is None:
        return new_time(purchase)
    on, at = (span.end, home.check_out) if purchase.kind in LEAVING else (span.start, home.check_in)
    return day_at(on, at)


def lines(purchase: Purchase) -> tuple[Pair, ...]:
    """What the price is made of."""
    return tuple((_line(each, purchase.takes), money(each.amount)) for each in summed(purchase.made_of))


def _line(each: Summary, period: Period) -> str:
    match each.item:
        case Item.NIGHT:
            return ngettext("%(n)s night", "%(n)s nights", each.count) % {"n": each.count}
        case Item.HOURS:
            return hours(period)
        case Item.LOST_NIGHT:
            return _("The night of %(day)s, which nobody else can book then") % {"day": day(each.on)}
    return each.name or str(ITEMS[each.item])


def payment_of(purchase: Purchase) -> Payment | None:
    """Its payment by card, if there is one."""
    try:
        return purchase.payment
    except ObjectDoesNotExist:
        return None


def payment_lines(purchase: Purchase) -> tuple[Pair, ...]:
    """How it was or will be paid, and what went back."""
    payment = payment_of(purchase)
    if payment and payment.captured:
        card = _("Paid by card, %(card)s") % {"card": payment.card} if payment.card else _("Paid by card")
        found = [(card, money(Money(payment.captured, purchase.currency)))]
        if payment.refunded:
            found.append((_("Given back to the card"), money(payment.back)))
        if to_come := payment.to_come:
            found.append((_("On its way back to the card"), money(to_come)))
        return tuple(found)
    if purchase.state != Purchase.State.CANCELLED:
        return ((_to_pay(purchase), money(purchase.price)),)
    if owed := purchase.owed:
        return ((_("Cancelled, still to pay"), money(owed)),)
    return ((_("Cancelled, nothing to pay"), money(Money(0, purchase.currency))),)


def _to_pay(purchase: Purchase) -> str:
    site = site_name(purchase.channel)
    match purchase.collection:
        case Offer.Collection.CARD:
            return _("To pay by card")
        case Offer.Collection.CHANNEL if site:
            return _("Your host charges it through %(site)s") % {"site": site}
        case Offer.Collection.CHANNEL:
            return _("Your host charges it through your booking site")
    return _("To pay at the property")


def _local(purchase: Purchase) -> Period:
    zone = purchase.property.house.zone
    return Period(purchase.takes.start.astimezone(zone), purchase.takes.end.astimezone(zone))


def _moment(at: datetime, purchase: Purchase) -> str:
    return when(at.astimezone(purchase.property.house.zone), "yMMMEd Hm")


# On paper


def pdf(purchase: Purchase) -> bytes:
    """The receipt as a PDF in the guest's language, the same bytes every time."""
    with translation.override(purchase.language):
        said = receipt(purchase)
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=1, lang=purchase.language)
    canvas.setTitle(f"{said.title} {said.number}")
    canvas.setAuthor(said.organization)
    canvas.setCreator("Amplistay")
    y = _heading(canvas, said)
    for what, value in said.facts:
        y = _fact(canvas, y, what, value)
    y = _rule(canvas, y)
    for what, amount in said.lines:
        y = _sum(canvas, y, what, amount, Style())
    y = _rule(canvas, y)
    y = _sum(canvas, y, *said.total, Style(14, BOLD)) - 6
    for what, amount in said.payment:
        y = _sum(canvas, y, what, amount, Style(colour=GREY))
    typeface.draw(canvas, MARGIN, MARGIN, said.closing, Style(9, colour=GREY))
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _heading(canvas: Canvas, said: Receipt) -> float:
    """Who issues it, and what it is; gives the base line of what follows."""
    y = A4[1] - MARGIN - 12
    for line in typeface.wrapped(said.organization, Style(11, BOLD, SEA), ROOM):
        typeface.draw(canvas, MARGIN, y, line, Style(11, BOLD, SEA))
        y -= STEP
    typeface.draw(canvas, MARGIN, y - 16, f"{said.title} {said.number}", Style(24, BOLD))
    return y - 56


def _fact(canvas: Canvas, y: float, what: str, value: str) -> float:
    """One pair side by side, each in as many lines as it takes."""
    left = typeface.wrapped(what, Style(colour=GREY), ROOM * LABELS - 12)
    right = typeface.wrapped(value, Style(weight=BOLD), ROOM * (1 - LABELS))
    for row in range(max(len(left), len(right))):
        if row < len(left):
            typeface.draw(canvas, MARGIN, y, left[row], Style(colour=GREY))
        if row < len(right):
            typeface.draw(canvas, MARGIN + ROOM * LABELS, y, right[row], Style(weight=BOLD))
        y -= STEP
    return y


def _sum(canvas: Canvas, y: float, what: str, amount: str, style: Style) -> float:
    """One pair with the amount at the right edge."""
    room = ROOM - typeface.width(amount, style) - 24
    for row, line in enumerate(typeface.wrapped(what, style, room)):
        typeface.draw(canvas, MARGIN, y, line, style)
        if row == 0:
            typeface.draw(canvas, MARGIN + ROOM, y, amount, style, right=True)
        y -= STEP
    return y


def _rule(canvas: Canvas, y: float) -> float:
    canvas.setStrokeColorRGB(*LINE)
    canvas.line(MARGIN, y + 4, MARGIN + ROOM, y + 4)
    return y - 20
