"""What the mails say about a sale that its host had to shorten, or to move to another home, for a double booking."""

from django.utils.translation import gettext as _

from properties.dates import when
from properties.templatetags.stays import money
from upsells import receipts
from upsells.letterhead import Letter, another_time, guest_of, income, to_cleaners, to_guest, to_host
from upsells.models import Purchase

# To the guest


def shortened(purchase: Purchase) -> Letter:
    """Which nights are still the guest's, with what they cost now."""
    said = receipts.receipt(purchase)
    words = {"property": purchase.property.name, "when": receipts.new_time(purchase)}
    subject = (
        _("%(property)s: you now check out on %(when)s")
        if purchase.kind in receipts.LEAVING
        else _("%(property)s: you now check in on %(when)s")
    )
    return to_guest(
        purchase,
        subject % words,
        _(
            "Your host is sorry: somebody else had booked at the same time, so not all of your nights are left."
        ),
        _("These are still yours: %(nights)s.") % {"nights": receipts.bought(purchase)[1]},
        *_still_to_come(purchase),
        facts=said.facts,
        lines=(*said.lines, said.total, *said.payment),
        encloses=True,
    )


def _still_to_come(purchase: Purchase) -> tuple[str, ...]:
    """What goes back to the card of a sale that stands, in a sentence."""
    payment = receipts.payment_of(purchase)
    if payment is None or payment.to_come is None:
        return ()
    words = _("%(amount)s goes back to your card. You get another e-mail when it is on its way.")
    return (words % {"amount": money(payment.to_come)},)


def moved(purchase: Purchase) -> Letter:
    """The guest has another home for the same nights."""
    said = receipts.receipt(purchase)
    before = purchase.moved_from.select_related("property").first()
    words = {"property": purchase.property.name, "before": before.property.name if before else ""}
    return to_guest(
        purchase,
        _("%(property)s: your new home for these nights") % words,
        _("Your host is sorry: at %(before)s somebody else had booked at the same time.") % words,
        _("You have %(property)s instead, for the same nights and the same price.") % words,
        facts=said.facts,
        lines=(*said.lines, said.total, *said.payment),
        encloses=True,
    )


# To the host


def made_shorter(purchase: Purchase) -> Letter:
    """What is left of the sale."""
    what, when = receipts.bought(purchase)
    words = {"property": purchase.property.name, "what": what, "amount": money(purchase.price)}
    return to_host(
        purchase,
        _("Shortened at %(property)s: %(what)s for %(amount)s") % words,
        _("The guest keeps these nights, and has an e-mail that says so. The others are open again."),
        facts=(
            (what, when),
            (receipts.new_time_label(purchase), receipts.new_time(purchase)),
            guest_of(purchase),
        ),
        lines=(*receipts.lines(purchase), (_("Total"), money(purchase.price)), *income(purchase)),
    )


def given_another_home(purchase: Purchase) -> Letter:
    """Where the guest is now."""
    before = purchase.moved_from.select_related("property").first()
    words = {"property": purchase.property.name, "before": before.property.name if before else ""}
    return to_host(
        purchase,
        _("Moved from %(before)s to %(property)s") % words,
        _("The guest has these nights at %(property)s now, and an e-mail that says so.") % words,
        facts=(receipts.bought(purchase), guest_of(purchase)),
        lines=income(purchase),
    )


# To the cleaners


def shorter_time(purchase: Purchase) -> Letter:
    """The home's time once more."""
    return another_time(purchase, receipts.new_time(purchase), receipts.first_time(purchase))


def somebody_comes(purchase: Purchase) -> Letter:
    """A guest of another home comes here for their nights."""
    takes, zone = purchase.takes, purchase.property.house.zone
    comes, leaves = takes.start.astimezone(zone), takes.end.astimezone(zone)
    words = {
        "property": purchase.property.name,
        "comes": when(comes, "yMMMEd Hm"),
        "leaves": when(leaves, "yMMMEd Hm"),
    }
    subject = _("%(property)s: a guest comes on %(comes)s")
    return to_cleaners(
        purchase, subject % words, _("A guest comes on %(comes)s and leaves on %(leaves)s.") % words
    )
