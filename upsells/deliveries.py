"""The outbox: what is to be sent about a purchase is written in the transaction that makes it true.

Workers send it after the commit, outside any transaction, at least once: a worker that dies between the mail server's
"yes" and our note of it sends it again, with the same Message-ID. Nothing is lost while the mail server is away.
"""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import mail, wishes
from accounts.models import Membership, Topic
from upsells import letters
from upsells.models import Delivery, Purchase

log = structlog.get_logger()

AT_ONCE = 50
TURN_S = 15.0  # of sending; the last mail may take the server's own patience more
SENDING = timedelta(minutes=2)  # longer than a worker may take for a task
SHORTEST_PAUSE = timedelta(minutes=1)
GIVE_UP_AFTER = timedelta(days=3)
LONGEST_TROUBLE = 200
TOPICS: Mapping[str, Topic] = {  # what members are told about purchases
    Delivery.News.CONFIRMED: Topic.SALE,
    Delivery.News.CANCEL_WISHED: Topic.REQUEST,
    Delivery.News.CANCELLED: Topic.CANCELLED,
    Delivery.News.SHORTENED: Topic.CANCELLED,
    Delivery.News.MOVED: Topic.CANCELLED,
    Delivery.News.STUCK: Topic.MONEY,
}
STANDS: Mapping[str, Delivery.News] = {  # the news that says how a purchase stands
    Purchase.State.CONFIRMED: Delivery.News.CONFIRMED,
    Purchase.State.DECLINED: Delivery.News.DECLINED,
    Purchase.State.CANCELLED: Delivery.News.CANCELLED,
}


def announce(purchase: Purchase, news: Delivery.News, now: datetime, step: int = 0) -> None:
    """Write down who is to be told, within the caller's transaction; workers send it after the commit.

    Announced twice is told once; news that may come again has another `step` then (see Delivery). Who hears of which
    news stands in `letters.LETTERS`.
    """
    _write(purchase, news, now, step)


def _write(
    purchase: Purchase, news: Delivery.News, now: datetime, step: int = 0, to: Delivery.To | None = None
) -> None:
    """Announce it to everybody it concerns, or to one of them."""
    rows = [
        Delivery(
            organization_id=purchase.organization_id,
            purchase=purchase,
            news=news,
            step=step,
            to=whom,
            address=address,
            language=language,
            created_at=now,
            next_try_at=now,
        )
        for whom, about in letters.LETTERS
        if about == news and to in {None, whom}
        for address, language in _addresses(purchase, whom)
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def _addresses(purchase: Purchase, to: Delivery.To) -> Iterator[tuple[str, str]]:
    """Where they are written to, and in which language.

    Every member is written down; whether they wish to have it by e-mail is asked when it is sent.
    """
    home = purchase.property
    match to:
        case Delivery.To.GUEST if purchase.guest_email:
            yield purchase.guest_email, purchase.language
        case Delivery.To.HOST:
            for member in wishes.members([purchase.organization_id]):
                if member.opens(home.pk):
                    yield member.user.email, member.user.language
        case Delivery.To.CLEANER if home.cleaner_email:
            yield home.cleaner_email, home.cleaner_language


def send_due(now: datetime) -> int:
    """Send what is to be sent; how many mails that were.

    What can't be sent is tried again, later every time, for three days. When the mail server itself is away, the
    turn ends, and the rest stays due.
    """
    claimed = deque(_claimed(now))
    end = time.monotonic() + TURN_S
    sent = 0
    while claimed and time.monotonic() < end:
        delivery = claimed.popleft()
        try:
            sent += _send(delivery, now)
        except OSError as error:
            log.warning("mail server away", delivery=delivery.pk, error=type(error).__name__)
            _put_off(delivery, type(error).__name__, now)
            break
    Delivery.objects.filter(pk__in=[delivery.pk for delivery in claimed]).update(next_try_at=now)
    return sent


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A mail that couldn't be sent so far, and why, in a sentence for the host; `again` when nobody tries any more."""

    pk: int
    said: str
    again: bool


def undelivered(purchase: Purchase) -> list[Undelivered]:
    """What couldn't be sent about the purchase: given up, or still being tried."""
    rows = Delivery.objects.filter(purchase=purchase, delivered_at=None).exclude(trouble="").order_by("pk")
    return [Undelivered(row.pk, _trouble(row), row.given_up_at is not None) for row in rows]


def send_again(purchase: Purchase, pk: int, now: datetime) -> bool:
    """The host wants a mail that was given up to be tried for another three days; whether there was such a one."""
    rows = Delivery.objects.filter(purchase=purchase, pk=pk, delivered_at=None, given_up_at__isnull=False)
    return bool(rows.update(given_up_at=None, resent_at=now, next_try_at=now, tries=0))


def readdress(purchase: Purchase, address: str, now: datetime) -> None:
    """The guest has another address: what couldn't be sent goes there, and so does how the sale stands now.

    A mail that has arrived at the first address stays there; nothing goes to the new one twice.
    """
    with transaction.atomic():
        Purchase.objects.filter(pk=purchase.pk).update(guest_email=address)
        purchase.refresh_from_db(fields=["guest_email", "state"])
        waiting = Delivery.objects.filter(purchase=purchase, to=Delivery.To.GUEST, delivered_at=None)
        for row in waiting.exclude(address=address).select_for_update(no_key=True):
            there = Delivery.objects.filter(purchase=purchase, news=row.news, step=row.step, to=row.to)
            if there.filter(address=address).exists():
                row.delete()
                continue
            Delivery.objects.filter(pk=row.pk).update(
                address=address, trouble="", tries=0, given_up_at=None, resent_at=now, next_try_at=now
            )
        if news := STANDS.get(purchase.state):
            _write(purchase, news, now, to=Delivery.To.GUEST)


def _trouble(row: Delivery) -> str:
    words = (
        _("The e-mail to %(address)s (%(news)s) couldn't be delivered within three days: %(trouble)s")
        if row.given_up_at
        else _(
            "The e-mail to %(address)s (%(news)s) couldn't be delivered yet, and is tried again: %(trouble)s"
        )
    )
    return words % {"address": row.address, "news": row.get_news_display(), "trouble": row.trouble}


def _claimed(now: datetime) -> list[Delivery]:
    """What nobody else is sending: ours to send for two minutes. What was tried least often comes first."""
    with transaction.atomic():
        due = Delivery.objects.due(now).select_for_update(skip_locked=True, no_key=True)
        ids = [row.pk for row in due.order_by("tries", "next_try_at", "pk").only("pk")[:AT_ONCE]]
        Delivery.objects.filter(pk__in=ids).update(next_try_at=now + SENDING)
    rows = Delivery.objects.filter(pk__in=ids).order_by("tries", "created_at", "pk")
    return list(
        rows.select_related("purchase__property__organization", "purchase__stay_link", "purchase__payment")
    )


def _send(delivery: Delivery, now: datetime) -> bool:
    """Whether it was taken. Raises OSError when the mail server is away."""
    rows = Delivery.objects.filter(pk=delivery.pk)
    member = _member(delivery)
    if delivery.to == Delivery.To.HOST and member is None:
        rows.update(given_up_at=now, trouble="")
        return False
    rows.update(tries=F("tries") + 1)
    try:
        letter = letters.message(delivery, member, TOPICS.get(delivery.news))
    except Exception as error:
        log.exception("mail not written", delivery=delivery.pk)
        _put_off(delivery, type(error).__name__, now)
        return False
    try:
        mail.send(letter)
    except mail.Refused as error:
        log.warning("mail refused", delivery=delivery.pk, error=type(error.__cause__).__name__)
        _put_off(delivery, str(error), now)
        return False
    rows.update(delivered_at=now, trouble="")
    return True


def _member(delivery: Delivery) -> Membership | None:
    """The member a mail to the host is for; None where they may not see it any more, or don't wish it by e-mail."""
    if delivery.to != Delivery.To.HOST:
        return None
    home = delivery.purchase.property_id
    people = [member for member in wishes.members([delivery.organization_id]) if member.opens(home)]
    wishing = wishes.written_to(people, TOPICS[delivery.news])
    return next((member for member in wishing if member.user.email == delivery.address), None)


def _put_off(delivery: Delivery, trouble: str, now: datetime) -> None:
    """Try again later, or never."""
    age = now - (delivery.resent_at or delivery.created_at)
    Delivery.objects.filter(pk=delivery.pk).update(
        trouble=trouble[:LONGEST_TROUBLE],
        next_try_at=now + mail.pause(age, SHORTEST_PAUSE),
        given_up_at=now if age >= GIVE_UP_AFTER else None,
    )
