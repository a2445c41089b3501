"""What happened to one purchase, in order: the hold, the money, each feed read after "book", the decision, the mails.

Everything is read from what was written down at the time; nothing is guessed. Where only the order is known and not
the moment, the step carries none. Sentences are those of the active language, their times of the active zone.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from calendars import history, readership
from calendars.models import Alert, Block, Feed, FeedRead
from calendars.readership import Exposure
from domain.money import Money
from properties.dates import moment, when
from properties.templatetags.stays import listed, money
from upsells.models import Certificate, Delivery, Payment, Purchase

MOST_READS = 60
LOOKING = timedelta(minutes=15)  # the longest that a look at the feeds takes
State = Purchase.State


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, at an instant or at one that nobody wrote down; `tone` is a chip's."""

    at: datetime | None
    icon: str
    what: str
    more: str = ""
    tone: str = ""


def steps(purchase: Purchase, now: datetime) -> list[Step]:
    """Everything that happened so far; what is being waited for comes last."""
    asked = _asked(purchase)
    found = [
        *_begun(purchase, asked),
        *_reads(purchase, asked, now),
        *_exported(purchase, now),
        *_decided(purchase),
        *_money(purchase),
        *_sent(purchase),
    ]
    known = sorted((step for step in found if step.at), key=lambda step: step.at or now)
    return known + [step for step in found if not step.at]


def confirmed_at(purchase: Purchase) -> datetime | None:
    """When it was confirmed; None when it wasn't, or when it was cancelled since and nothing tells."""
    if purchase.state == State.CONFIRMED:
        return purchase.decided_at
    if purchase.state != State.CANCELLED:
        return None
    certificate, payment = (getattr(purchase, name, None) for name in ("certificate", "payment"))
    news = {Delivery.News.CONFIRMED, Delivery.News.MOVED}
    mails = (each.created_at for each in purchase.deliveries.all() if each.news in news)
    found = (certificate and certificate.created_at, payment and payment.captured_at, next(mails, None))
    return next((at for at in found if at), None)


def closed_at(purchase: Purchase) -> datetime | None:
    """When its nights were closed in every link, which a card is charged after; None where it closes none."""
    if purchase.span is None:
        return None
    sale = _sale(purchase)
    return sale.changed_at if sale else confirmed_at(purchase)


def _sale(purchase: Purchase) -> Block | None:
    rows = Block.objects.filter(property=purchase.property_id, origin=Block.Origin.SALE)
    return rows.filter(reference=purchase.public_id).first()


def told(purchase: Purchase, now: datetime) -> list[Exposure]:
    """The property's links that tell of the sale now, and what their sites know; none while it closes no night."""
    sale = _sale(purchase)
    if purchase.state not in {State.CAPTURING, State.CONFIRMED} or purchase.span is None or sale is None:
        return []
    return readership.exposures(sale, now)


# The guest and the host


def _asked(purchase: Purchase) -> list[datetime]:
    """When the host was asked."""
    key = f"request {purchase.public_id}"
    alerts = Alert.objects.filter(property=purchase.property_id, key=key).order_by("opened_at")
    return list(alerts.values_list("opened_at", flat=True)[:MOST_READS])


def _begun(purchase: Purchase, asked: list[datetime]) -> Iterator[Step]:
    price = money(purchase.price)
    yield Step(purchase.created_at, "hourglass", _("Kept for the guest, at %(price)s") % {"price": price})
    if purchase.requested_at:
        yield Step(purchase.requested_at, "hand", _("The guest pressed “book”"), purchase.guest_name)
    for at in asked:
        yield Step(at, "message-circle-question-mark", _("You were asked"))
    if purchase.agreed_at:
        more = _(
            "Every calendar is read once more; where one can't be read within half a minute, your word decides."
        )
        yield Step(purchase.agreed_at, "thumbs-up", _("You agreed"), more)


# The looks at every feed


@dataclass(frozen=True, slots=True)
class _Look:
    """The time in which every feed was read for the guest, or once more for the host who agreed.

    `is_over`: later reads are no part of it. `is_whole`: it ended with a sale or with a question to the host, so every
    feed was tried in it.
    """

    start: datetime
    end: datetime
    is_over: bool
    is_whole: bool


def _looks(purchase: Purchase, asked: datetime | None, now: datetime) -> Iterator[_Look]:
    """The look from "book" until the host was asked (none where they were asked at once), and that to the decision."""
    start = purchase.requested_at
    if start is None:
        return
    if asked and start < asked:
        yield _Look(start, asked, is_over=True, is_whole=True)
    if asked and not purchase.agreed_at:
        return
    start = purchase.agreed_at or start
    last = min(purchase.decided_at or now, start + LOOKING)
    decided = [at for at in (closed_at(purchase), confirmed_at(purchase)) if at]
    end = min(decided, default=last)  # a card is charged, and the sale confirmed, after its nights are closed
    yield _Look(start, end, is_over=bool(decided or purchase.decided_at), is_whole=bool(decided))


def _reads(purchase: Purchase, asked: list[datetime], now: datetime) -> Iterator[Step]:
    """Each feed's reads in the looks, its failures of one kind together.

    The log counts reads in a row without news in one line, which goes on growing after the look: what is told of
    it then depends on nothing that came later, and counts nothing.
    """
    for look in _looks(purchase, min(asked, default=None), now):
        found: dict[tuple[int, str, str], list[tuple[datetime, FeedRead]]] = defaultdict(list)
        for at, read in _within(purchase, look):
            bad = read.outcome in history.BAD
            found[read.feed_id, read.outcome, str(read.problem) if bad else f"{read.pk}"].append((at, read))
        for reads in found.values():
            yield _step(*reads[0], [at for at, _read in reads[1:]])


def _within(purchase: Purchase, look: _Look) -> Iterator[tuple[datetime, FeedRead]]:
    """The lines of the log that tell of a read in the look, each with the instant of that."""
    rows = FeedRead.objects.filter(
        feed__property=purchase.property_id, until__gte=look.start, at__lte=look.end
    )
    reads = list(rows.select_related("feed").defer("feed__url").order_by("at", "pk")[:MOST_READS])
    latest = {read.feed_id: read for read in reads}
    rested = _rested_on(purchase)
    for read in reads:
        proof = rested.get(read.feed.public_id)
        if proof and not look.start <= proof <= look.end:
            proof = None
        at = _settled(read, look, proof, is_latest=read is latest[read.feed_id])
        if at:
            yield at, read


def _step(at: datetime, read: FeedRead, again: list[datetime]) -> Step:
    """One read of the line, and the tries `again` that came to the same; what it says holds for each of them."""
    one = copy(read)
    one.times = 1
    bad = read.outcome in history.BAD
    what = _("%(feed)s couldn't be read") if bad else _("%(feed)s was read once more")
    more = [history.line(one).said]
    if again:
        times = ngettext(
            "Tried %(n)s time until %(time)s.", "Tried %(n)s times until %(time)s.", len(again) + 1
        )
        more.append(times % {"n": len(again) + 1, "time": when(localtime(again[-1]), "Hms")})
    return Step(
        at=at,
        icon="triangle-alert" if bad else "refresh-cw",
        what=what % {"feed": read.feed.title},
        more=" ".join(filter(None, more)),
        tone="bad" if bad else "",
    )


def _rested_on(purchase: Purchase) -> dict[str, datetime | None]:
    """When each feed had last been read well as the sale was decided, by its key: its certificate tells."""
    certificate: Certificate | None = getattr(purchase, "certificate", None)
    feeds = json.loads(certificate.body).get("feeds", ()) if certificate else ()
    reads = {each["feed"]: each["last_good_read_at"] for each in feeds}
    return {feed: datetime.fromisoformat(at) if at else None for feed, at in reads.items()}


def _settled(read: FeedRead, look: _Look, proof: datetime | None, *, is_latest: bool) -> datetime | None:
    """The instant within the look at which the line tells of a read; None where perhaps none of its reads lay there.

    It is the read that the decision rested on (`proof`), else the first of a line that begins within the look, else
    the last of one that another line follows, or so far. The line may go on after the look: then a whole one, in which
    every feed was tried, had one of its reads.
    """
    if proof and max(read.at, look.start) <= proof <= min(read.until, look.end):
        return proof
    if read.at >= look.start:
        return read.at
    if not is_latest or not look.is_over:
        return min(read.until, look.end)
    return look.end if look.is_whole and not proof else None


# What came of it


def _decided(purchase: Purchase) -> Iterator[Step]:
    at, state, confirmed = purchase.decided_at, purchase.state, confirmed_at(purchase)
    if state in {State.CONFIRMED, State.CANCELLED}:
        more = [] if confirmed else [_("When exactly isn't known any more.")]
        unread = _on_word(purchase)
        if unread:
            more.append(_("%(feeds)s couldn't be read.") % {"feeds": listed(unread)})
        what = _("Confirmed on your word") if unread else _("Confirmed")
        yield Step(confirmed or at, "circle-check", what, " ".join(more), "ok")
        yield from _wished(purchase)
    if state == State.CANCELLED:
        yield Step(at, "ban", _cancelled(purchase), _("What was sold is open again."), "warn")
    elif state == State.DECLINED:
        yield Step(at, "calendar-x", _("Not possible"), purchase.get_reason_display(), "warn")
    elif state == State.LAPSED:
        yield Step(at, "timer-off", _("Let go"), _("The time ran out, or the guest gave it up."), "warn")
    elif state != State.CONFIRMED:
        yield from _waiting(purchase)


def _on_word(purchase: Purchase) -> list[str]:
    """The feeds that weren't read after the host agreed, whose word the sale rests on; one that is gone has no name."""
    agreed = purchase.agreed_at
    unread = [feed for feed, at in _rested_on(purchase).items() if agreed and (at is None or at < agreed)]
    return [feed.title for feed in Feed.objects.filter(public_id__in=unread).defer("url")] if unread else []


def _cancelled(purchase: Purchase) -> str:
    match purchase.cancelled_by:
        case Purchase.By.GUEST:
            return _("Cancelled by the guest")
        case Purchase.By.HOST:
            return _("Cancelled by you")
    return _("Cancelled")


def _wished(purchase: Purchase) -> Iterator[Step]:
    if purchase.wished_at:
        yield Step(
            purchase.wished_at, "message-circle-question-mark", _("The guest asked to cancel"), "", "warn"
        )
    if purchase.wish_refused_at:
        yield Step(
            purchase.wish_refused_at, "hand", _("You kept the sale although the guest asked to cancel")
        )


def _waiting(purchase: Purchase) -> Iterator[Step]:
    """What is being waited for now."""
    held = _("Waiting for the guest until %(time)s") % {"time": _moment(purchase.held_until)}
    words = {
        State.ASKED: (
            "hourglass",
            _("Waiting for your answer until %(time)s") % {"time": _moment(purchase.answer_by)},
        ),
        State.HELD: ("hourglass", held),
        State.PAYING: ("credit-card", held),
        State.CHECKING: ("loader", _("Every calendar is being read")),
        State.CAPTURING: ("loader", _("Decided; the card is being charged")),
    }
    icon, what = words[State(purchase.state)]
    yield Step(None, icon, what, "", "info")


def _exported(purchase: Purchase, now: datetime) -> Iterator[Step]:
    if at := closed_at(purchase):
        more = _("At the same moment. A site knows once it has read its link again.")
        yield Step(at, "calendar-check", _("The nights are closed in every Amplistay link"), more)
    for link in told(purchase, now):
        if link.seen:
            yield Step(link.seen, "eye", _("Seen by %(site)s") % {"site": link.title}, link.says, "ok")


def _moment(at: datetime | None) -> str:
    return moment(localtime(at)) if at else ""


# Money and mails


def _money(purchase: Purchase) -> Iterator[Step]:
    payment: Payment | None = getattr(purchase, "payment", None)
    if payment is None:
        return
    card = payment.card
    reserved, charged = (money(Money(n, purchase.currency)) for n in (payment.amount, payment.captured))
    if at := payment.authorised_at:
        yield Step(at, "credit-card", _("%(amount)s reserved on the card") % {"amount": reserved}, card)
    if at := payment.captured_at:
        yield Step(at, "credit-card", _("%(amount)s charged") % {"amount": charged}, card, "ok")
    if payment.state == Payment.State.VOIDED:
        yield Step(payment.settled_at, "undo-2", _("The reservation on the card was released"))
    if payment.state == Payment.State.EXPIRED:
        yield Step(payment.settled_at, "timer-off", _("The payment page ran out; nothing was paid"))
    yield from _given_back(payment, purchase.currency)


def _given_back(payment: Payment, currency: str) -> Iterator[Step]:
    back, missing = payment.refunded, payment.to_refund - payment.refunded
    if back:
        at = payment.settled_at if payment.state == Payment.State.REFUNDED else None
        words = _("%(amount)s given back") % {"amount": money(Money(back, currency))}
        yield Step(at, "undo-2", words, payment.card)
    if missing > 0:
        words = _("%(amount)s is being given back") % {"amount": money(Money(missing, currency))}
        yield Step(None, "loader", words, "", "info")


def _sent(purchase: Purchase) -> Iterator[Step]:
    for mail in purchase.deliveries.all():
        words = {"whom": mail.get_to_display(), "news": mail.get_news_display()}
        if mail.delivered_at:
            yield Step(mail.delivered_at, "mail-check", _("Mail to %(whom)s: %(news)s") % words, mail.address)
        elif mail.given_up_at and mail.trouble:  # without any trouble, nobody wished to have it
            what = _("Mail to %(whom)s couldn't be delivered: %(news)s") % words
            yield Step(mail.given_up_at, "mail-x", what, f"{mail.address} {mail.trouble}".strip(), "bad")
