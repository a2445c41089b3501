"""What a host pays us: a plan's price for so many properties, whether it is paid, and the next step at the provider.

Amounts are minor units of one currency, prices are for a month, moments are UTC. A plan's price is a number of units
times a price, so that the provider's quantity says all of it: the first property's being free and the least there is
to pay are in the number of units.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.money import Money

GRACE = timedelta(days=14)  # from a bill that stays unpaid to the restriction
MIDDLE = GRACE / 2
LONGEST_PAUSE = timedelta(days=183)
SHORTEST_PAUSE = timedelta(days=7)
BEFORE_THE_END = (timedelta(days=7), timedelta(days=1))  # of a free trial, when it is told


@dataclass(frozen=True, slots=True)
class Plan:
    """What is paid a month: `unit` for each property after the first `free` ones, and at least `least`.

    `sells` says whether offers can be put on sale with it. Raises ValueError where the least isn't whole units.
    """

    key: str
    unit: Money
    free: int = 0
    least: int = 0  # minor units
    trial_days: int = 0
    sells: bool = True

    def __post_init__(self) -> None:
        if self.unit.amount <= 0 or self.least % self.unit.amount or self.free < 0:
            message = f"the plan {self.key} can't be counted in units of {self.unit.amount}"
            raise ValueError(message)

    @property
    def least_units(self) -> int:
        """How many units are paid at least, once anything is."""
        return self.least // self.unit.amount


@dataclass(frozen=True, slots=True)
class Sum:
    """How a month's price comes about: so many properties, of which some are free, make so many units."""

    properties: int
    free: int
    units: int
    unit: Money

    @property
    def total(self) -> Money:
        """What a month costs."""
        return self.unit * self.units

    @property
    def paid(self) -> int:
        """The properties that are paid for."""
        return self.properties - self.free

    @property
    def is_least(self) -> bool:
        """Whether it is the least that the plan costs, rather than what the properties come to."""
        return self.units > self.paid


def price(plan: Plan, properties: int) -> Sum:
    """What a month costs with so many active properties; nothing where none of them is to be paid for."""
    free = min(plan.free, properties)
    paid = properties - free
    return Sum(properties, free, max(paid, plan.least_units) if paid else 0, plan.unit)


class Status(StrEnum):
    """How a subscription stands at the provider, in its words; NONE where there is none."""

    NONE = ""
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    PAUSED = "paused"
    CANCELED = "canceled"


OWED = frozenset({Status.PAST_DUE, Status.UNPAID, Status.PAUSED})
OVER = frozenset({Status.NONE, Status.CANCELED, Status.INCOMPLETE_EXPIRED, Status.INCOMPLETE})


class Standing(StrEnum):
    """What that means here."""

    FREE = "free"
    TRIAL = "trial"
    PAID = "paid"
    PAUSED = "paused"
    GRACE = "grace"
    RESTRICTED = "restricted"


LIMITED = frozenset({Standing.PAUSED, Standing.RESTRICTED})
"""With these no property is added and nothing new is put on sale. What there is goes on: calendars above all."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the standing follows from: the units of now, the own trial's end, and what the provider said last.

    `unpaid_since` is when we first saw a bill unpaid, `ended_at` when the last subscription ended.
    """

    units: int
    trial_until: datetime | None = None
    status: Status = Status.NONE
    unpaid_since: datetime | None = None
    ended_at: datetime | None = None
    paused_until: datetime | None = None


def owing_since(facts: Facts, now: datetime) -> datetime | None:
    """Since when something is owed: a bill is unpaid, or there is a price and nobody who pays it; None for not."""
    if facts.status in OWED:
        return facts.unpaid_since or now
    if facts.status not in OVER or not facts.units:
        return None
    since = max((each for each in (facts.trial_until, facts.ended_at) if each), default=now)
    return since if since <= now else None


def standing(facts: Facts, now: datetime) -> Standing:
    """What counts now. Between an unpaid bill and a restriction there are always fourteen days."""
    if since := owing_since(facts, now):
        return Standing.RESTRICTED if now >= since + GRACE else Standing.GRACE
    if facts.status in OVER:
        return Standing.TRIAL if facts.units else Standing.FREE
    if facts.paused_until and now < facts.paused_until:
        return Standing.PAUSED
    return Standing.TRIAL if facts.status is Status.TRIALING else Standing.PAID


def reminder(since: datetime | None, now: datetime) -> int:
    """Which letter is due about what is owed since then: 1 at the start, 2 in the middle, 3 at the end, 0 for none."""
    if since is None:
        return 0
    return 1 + sum(now >= since + wait for wait in (MIDDLE, GRACE))


def trial_ends(facts: Facts, next_at: datetime | None) -> datetime | None:
    """When a free trial ends after which something is charged; None where there is none, or it is paused.

    Without a subscription it is our own; `next_at` is when the provider's ends.
    """
    if not facts.units or facts.paused_until:
        return None
    if facts.status in OVER:
        return facts.trial_until
    return next_at if facts.status is Status.TRIALING else None


def trial_letter(ends: datetime, now: datetime) -> int:
    """Which letter is due about a trial's end: 1 a week before, 2 a day before, 0 for none; nothing once it is over."""
    return sum(now >= ends - wait for wait in BEFORE_THE_END) if now < ends else 0


# The next step at the provider


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider says of a customer's live subscription; `extras` are the ids of others that shouldn't be.

    Where none is live, it is the last one, and `ended_at` says when it ended. `price` is what one unit costs there.
    """

    subscription: str = ""
    item: str = ""
    status: Status = Status.NONE
    plan: str = ""
    price: Money | None = None
    units: int = 0
    trial_until: datetime | None = None
    next_at: datetime | None = None  # the end of what is paid or tried, when the next invoice is made
    paused_until: datetime | None = None
    cancels: bool = False
    ended_at: datetime | None = None
    card: str = ""
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be: so many units of a plan; while `asked`, also the owner's own pause and end.

    `ends` says that the organization itself is about to be deleted.
    """

    plan: Plan
    units: int
    asked: bool = False
    paused_until: datetime | None = None
    cancels: bool = False
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice as the provider made it; `state` is its word: open, paid, void or uncollectible.

    `start` and `end` are those of what is paid for, `link` leads to the page where it can be seen and paid.
    """

    id: str
    number: str
    state: str
    amount: Money
    issued_at: datetime
    start: datetime
    end: datetime
    link: str


class Step(StrEnum):
    """One act at the provider."""

    NOTHING = "nothing"
    END_EXTRA = "end_extra"
    END = "end"
    SET = "set"
    CANCEL = "cancel"
    KEEP = "keep"
    PAUSE = "pause"
    RESUME = "resume"


def next_step(wish: Wish, told: Told) -> Step:
    """The one act that brings the provider nearer to the wish; NOTHING when it is there, or nothing is to be had."""
    if told.extras:
        return Step.END_EXTRA
    if told.status in OVER:
        return Step.NOTHING
    if wish.ends:
        return Step.END
    if (told.plan, told.price, told.units) != (wish.plan.key, wish.plan.unit, wish.units):
        return Step.SET
    return _asked(wish, told) if wish.asked else Step.NOTHING


def _asked(wish: Wish, told: Told) -> Step:
    """What the owner asked for and the provider doesn't know yet."""
    if wish.cancels != told.cancels:
        return Step.CANCEL if wish.cancels else Step.KEEP
    if wish.paused_until != told.paused_until:
        return Step.PAUSE if wish.paused_until else Step.RESUME
    return Step.NOTHING
