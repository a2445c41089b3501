"""The story of a subscription: counted, wished, brought about at the provider, and written down as the provider says.

Pages and counts only write wishes and make the row due; one worker at a time asks the provider how it stands, does one
step after the other (`domain.billing.next_step`), and asks again. Nobody believes a message. No transaction is open
while the provider is asked.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256

import structlog
from django.conf import settings
from django.db import transaction

from accounts.models import Membership, Organization
from billing.models import Invoice, Subscription
from billing.plans import PLANS
from connectors.stripe_billing import Billing
from connectors.stripe_words import Refused, Unreachable
from domain import billing as rules
from domain.billing import Bill, Step, Told
from domain.money import Money
from domain.roles import Role

log = structlog.get_logger()

LEASE = timedelta(minutes=2)  # longer than a worker may take for a task
AGAIN = timedelta(seconds=30)
HOURLY = timedelta(hours=1)
CHECK_EVERY = timedelta(hours=6)
BEFORE_THE_END = timedelta(days=2)  # of an organization, when its subscription ends
LEAST_TRIAL = timedelta(hours=49)  # Stripe wants 48, and the page may be looked at for a while
MOST_STEPS = 8


def stripe(timeout: float = 15.0) -> Billing:
    """The provider, as this installation knows it."""
    return Billing(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, timeout)


def of(organization: Organization, properties: int, now: datetime) -> Subscription:
    """The organization's row, with the number of its active properties as it is now."""
    row, _is_new = Subscription.objects.get_or_create(organization=organization)
    if row.properties != properties or (row.trial_until is None and row.sum.units):
        _counted(row, properties, now)
    return row


def begin(organization: Organization, plan: str) -> None:
    """The row of a new organization, with the plan that it was promised; the trial begins as with every other."""
    Subscription.objects.create(organization=organization, plan=plan)


def count(counts: Mapping[int, int], now: datetime) -> int:
    """Write down how many active properties each organization has, by its primary key; how many that changed.

    Those that aren't named have none. Whoever has something to pay for the first time begins a trial.
    """
    known = {row.organization_id: row for row in Subscription.objects.all().iterator()}
    new = [Subscription(organization_id=key) for key in counts.keys() - known.keys()]
    Subscription.objects.bulk_create(new, ignore_conflicts=True)
    if new:
        rows = Subscription.objects.filter(organization__in=[row.organization_id for row in new])
        known |= {row.organization_id: row for row in rows}
    changed = [row for key, row in known.items() if row.properties != counts.get(key, 0)]
    for row in changed:
        _counted(row, counts.get(row.organization_id, 0), now)
    return len(changed)


def _counted(row: Subscription, properties: int, now: datetime) -> None:
    row.properties, row.check_at = properties, now
    if row.sum.units and row.trial_until is None:
        row.trial_until = now + timedelta(days=row.terms.trial_days)
    Subscription.objects.filter(pk=row.pk).update(
        properties=properties, trial_until=row.trial_until, check_at=now
    )


# What owners want


def choose(row: Subscription, plan: str, now: datetime) -> None:
    """Another plan from now on; where nothing was ever to be paid, it may begin a trial."""
    row.plan = plan
    Subscription.objects.filter(pk=row.pk).update(plan=plan, check_at=now)
    _counted(row, row.properties, now)


def pause(row: Subscription, until: datetime, now: datetime) -> None:
    """Charge nothing until then."""
    _wish(row, now, wants_pause_until=until)


def resume(row: Subscription, now: datetime) -> None:
    """Charge as usual again."""
    _wish(row, now, wants_pause_until=None)


def end(row: Subscription, now: datetime) -> None:
    """Let it end with what is paid for."""
    _wish(row, now, wants_end=True)


def keep(row: Subscription, now: datetime) -> None:
    """Let it go on after all."""
    _wish(row, now, wants_end=False)


def _wish(row: Subscription, now: datetime, **wants: object) -> None:
    Subscription.objects.filter(pk=row.pk).update(**wants, asked_at=now, check_at=now)
    row.refresh_from_db()


def subscribing_page(row: Subscription, place: str, language: str, now: datetime, stripe: Billing) -> str:
    """The address of the provider's page where a card is given, opened now; empty when a worker has to see to it.

    Two pages that are both used make two subscriptions: a worker ends the younger one and credits it.
    """
    units = row.sum.units
    if not (row.customer and units) or row.is_live:
        return ""
    in_trial = row.trial_until and row.trial_until > now + LEAST_TRIAL
    try:
        return stripe.subscribing_page(
            row.customer,
            row.terms,
            units,
            reference=row.public_id,
            trial_until=row.trial_until if in_trial else None,
            language=language,
            success_url=f"{place}?back=1",
            cancel_url=place,
            idempotency=f"amplistay-subscribe-{row.public_id}-{row.plan}-{units}-{language}-{now:%Y%m%d%H%M}",
        )
    except (Unreachable, Refused) as problem:
        log.warning("page to subscribe not opened", subscription=row.pk, problem=type(problem).__name__)
        return ""


def card_page(row: Subscription, place: str, stripe: Billing) -> str:
    """The address of the provider's page for another card, opened now; empty when it can't be."""
    if not row.customer:
        return ""
    try:
        return stripe.card_page(row.customer, f"{place}?back=1")
    except (Unreachable, Refused) as problem:
        log.warning("page for a card not opened", subscription=row.pk, problem=type(problem).__name__)
        return ""


def ask_again(now: datetime, **lookup: object) -> list[int]:
    """There may be news: the rows' keys, which are due now."""
    rows = Subscription.objects.filter(**lookup)
    rows.update(check_at=now)
    return list(rows.values_list("pk", flat=True))


# What workers do


def pursue(pk: int, now: datetime, stripe: Billing) -> None:
    """Bring about at the provider what is wished, and write down how it stands; one worker at a time."""
    lease = now + LEASE
    if not Subscription.objects.free(now).filter(pk=pk).update(leased_until=lease):
        return
    row = Subscription.objects.select_related("organization").get(pk=pk)
    mine = Subscription.objects.filter(pk=pk, leased_until=lease)
    try:
        again = _visit(row, now, stripe)
        mine.update(trouble="", checked_at=now)
    except Unreachable as problem:
        log.warning("subscription not reached", subscription=pk, problem=str(problem))
        again = now + AGAIN
    except Refused as problem:
        log.warning("subscription refused", subscription=pk, code=problem.code)
        mine.update(trouble=problem.sentence[:200], checked_at=now)
        again = now + HOURLY
    mine.filter(check_at=row.check_at).update(check_at=again)  # unless somebody has asked meanwhile
    mine.update(leased_until=None)


def _visit(row: Subscription, now: datetime, stripe: Billing) -> datetime | None:
    """When to look again; None for never. Raises Unreachable, Refused."""
    if not row.customer:
        if not row.sum.units:
            return None
        _open(row, now, stripe)
    told = _steps(row, now, stripe)
    bills = stripe.bills(row.customer)
    ends = told.status in rules.OVER or told.cancels or told.paused_until
    following = None if ends else stripe.next_amount(row.customer, told)
    _record(row, told, following, now)
    _keep(row, bills)
    return now + CHECK_EVERY


def _open(row: Subscription, now: datetime, stripe: Billing) -> None:
    """Make the organization a customer; a lost answer makes no second one, and what failed gets another key in time."""
    organization = row.organization
    owner = Membership.objects.filter(organization=organization, role=Role.OWNER).order_by("pk")
    email = next(iter(owner.values_list("user__email", flat=True)[:1]), "")
    said = sha256(f"{organization.name} {email} {row.checked_at} {now:%Y%m%d%H}".encode()).hexdigest()[:16]
    for plan in PLANS.values():
        stripe.know(plan)
    row.customer = stripe.create_customer(
        reference=row.public_id,
        name=organization.name,
        email=email,
        idempotency=f"amplistay-customer-{row.public_id}-{said}",
    )
    Subscription.objects.filter(pk=row.pk).update(customer=row.customer)


def _steps(row: Subscription, now: datetime, stripe: Billing) -> Told:
    """How it stands after every step that brings it nearer to the wish. Raises Unreachable, Refused."""
    ends_at = row.organization.ends_at
    wish = row.wish(ends=ends_at is not None and ends_at - now < BEFORE_THE_END)
    for _ in range(MOST_STEPS):
        told = stripe.look(row.customer)
        step = rules.next_step(wish, told)
        if step is Step.NOTHING:
            return told
        log.info("subscription step", subscription=row.pk, step=step.value)
        _do(step, row, told, stripe)
    return told


def _do(step: Step, row: Subscription, told: Told, stripe: Billing) -> None:
    match step:
        case Step.END_EXTRA:
            stripe.end(told.extras[0], gives_back=True)
        case Step.END:
            stripe.end(told.subscription, gives_back=False)
        case Step.SET:
            stripe.set_units(told, row.terms, row.sum.units)
        case Step.CANCEL:
            stripe.cancel(told.subscription)
        case Step.KEEP:
            stripe.keep(told.subscription)
        case Step.PAUSE if row.wants_pause_until:
            stripe.pause(told.subscription, row.wants_pause_until)
        case Step.RESUME:
            stripe.resume(told.subscription)


def _record(row: Subscription, told: Told, following: Money | None, now: datetime) -> None:
    """Write down what the provider says. What an owner has asked for is done, unless they have asked anew since."""
    row.hear(told, now)
    columns = {name: getattr(row, name) for name in (*Subscription.TOLD, "unpaid_since")}
    columns |= {
        "next_amount": following.amount if following else None,
        "next_currency": following.currency if following else "",
    }
    Subscription.objects.filter(pk=row.pk).update(**columns)
    Subscription.objects.filter(pk=row.pk, asked_at=row.asked_at).update(
        asked_at=None, wants_pause_until=told.paused_until, wants_end=told.cancels
    )


def _keep(row: Subscription, bills: Iterable[Bill]) -> None:
    """Write the invoices down as they are now."""
    with transaction.atomic():
        for bill in bills:
            columns = {
                "number": bill.number,
                "state": bill.state,
                "amount": bill.amount.amount,
                "currency": bill.amount.currency,
                "issued_at": bill.issued_at,
                "period_start": bill.start,
                "period_end": bill.end,
                "link": bill.link,
            }
            Invoice.objects.update_or_create(
                organization_id=row.organization_id, subscription=row, stripe_id=bill.id, defaults=columns
            )
