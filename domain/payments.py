"""What a card payment may be asked next: pure rules over what the provider says and what the purchase wants.

Messages of the provider come late, twice, out of order or never. So no message is believed: each only makes us ask
how things stand (`Told`), and the next step follows from that alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Session(StrEnum):
    """Where the provider's payment page stands."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class Intent(StrEnum):
    """Where the money stands."""

    NONE = "none"  # no card was tried yet
    PENDING = "pending"  # being tried, or waiting for the guest's bank
    AUTHORISED = "authorised"  # reserved on the card
    CAPTURED = "captured"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Told:
    """How one payment stands by the provider's own word. Amounts are minor units.

    `captured` and `refunded` are totals so far; a refund that is still pending counts, one that failed doesn't.
    `refunding` is the pending part of `refunded`, `sent_back` how many refunds have failed.
    """

    session_id: str
    session: Session
    intent: Intent
    intent_id: str = ""
    url: str = ""
    expires_at: datetime | None = None
    amount: int = 0
    currency: str = ""
    captured: int = 0
    refunded: int = 0
    refunding: int = 0
    sent_back: int = 0
    card: str = ""
    declined: str = ""  # why the last card didn't work, in the provider's words


class Goal(StrEnum):
    """What the money shall come to."""

    WAIT = "wait"  # nothing is decided yet
    CAPTURE = "capture"  # the sale stands
    GIVE_BACK = "give_back"  # there is no sale, and never will be: this goal is final


class Step(StrEnum):
    """What the provider is asked to do."""

    NOTHING = "nothing"
    EXPIRE = "expire"  # close the payment page
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class News(StrEnum):
    """What the purchase is told. Hearing the same twice changes nothing."""

    NONE = "none"
    AUTHORISED = "authorised"  # the money is reserved, so the sale may be decided
    DEAD = "dead"  # this payment can't succeed any more
    CAPTURED = "captured"
    GIVEN_BACK = "given_back"  # nothing of the guest's money is with us, nor can be


@dataclass(frozen=True, slots=True)
class Wish:
    """What a purchase wants of its payment: the goal, the amount that was agreed, how much shall have been refunded.

    After `until` nobody waits for the guest's card any more; None waits for as long as the page is open. No refund is
    begun before `refund_after`.
    """

    goal: Goal
    amount: int
    currency: str
    to_refund: int = 0
    until: datetime | None = None
    refund_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """The next step, with the amount of a refund; the purchase hears the news before it is done.

    `settled` when no further look is needed unless the purchase wants something else.
    """

    step: Step = Step.NOTHING
    amount: int = 0
    news: News = News.NONE
    settled: bool = False


WAITING = Next()
IF_AUTHORISED = {
    Goal.WAIT: Next(news=News.AUTHORISED),
    Goal.CAPTURE: Next(Step.CAPTURE),
    Goal.GIVE_BACK: Next(Step.VOID),
}
SHORTEST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(days=1)
ENDS = {Goal.WAIT: News.DEAD, Goal.CAPTURE: News.DEAD, Goal.GIVE_BACK: News.GIVEN_BACK}


def next_step(wish: Wish, told: Told, now: datetime) -> Next:
    """The one thing to do next about a payment that stands as told, or that there is nothing to do.

    Never captures for a purchase that ended or another amount than was agreed; never refunds more than was captured.
    Done again and again with fresh looks, it comes to rest after at most three steps, whatever goes wrong between.
    """
    as_agreed = (told.amount, told.currency) == (wish.amount, wish.currency)
    if told.intent is Intent.CAPTURED:
        return _captured(wish, told, now, as_agreed=as_agreed)
    if told.intent is Intent.AUTHORISED:
        return IF_AUTHORISED[wish.goal if as_agreed else Goal.GIVE_BACK]
    is_over = wish.goal is not Goal.WAIT or (wish.until is not None and wish.until <= now)
    if told.session is Session.OPEN:
        return Next(Step.EXPIRE) if is_over or told.intent is Intent.VOIDED else WAITING
    if told.intent is Intent.PENDING:  # the page is closed and the guest's bank still thinks
        return Next(Step.VOID) if is_over or told.session is Session.EXPIRED else WAITING
    return Next(news=ENDS[wish.goal], settled=True)


def rest(sent_back: int) -> timedelta:
    """How long a refund rests that came back so often: four times as long each time, a day at most."""
    return min(SHORTEST_REST * 4 ** min(sent_back - 1, 10), LONGEST_REST) if sent_back else timedelta()


def _captured(wish: Wish, told: Told, now: datetime, *, as_agreed: bool) -> Next:
    """Money that was taken belongs to a sale that stands, or goes back."""
    gives_back = wish.goal is Goal.GIVE_BACK or not as_agreed
    wanted = told.captured if gives_back else min(wish.to_refund, told.captured)
    news = News.AUTHORISED if wish.goal is Goal.WAIT else News.CAPTURED
    if gives_back:
        news = News.NONE
    if (missing := wanted - told.refunded) > 0:
        is_early = wish.refund_after is not None and wish.refund_after > now
        return Next(news=news) if is_early else Next(Step.REFUND, missing, news)
    if gives_back:
        return Next(news=ENDS[wish.goal], settled=not told.refunding)
    return Next(news=news, settled=wish.goal is Goal.CAPTURE and not told.refunding)
