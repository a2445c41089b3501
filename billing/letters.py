"""What owners are told by e-mail: that a free trial is about to end, a week and a day before; and about a plan that
isn't paid, at the start, the middle and the end of the grace.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from functools import partial

import structlog
from babel.numbers import format_currency
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from accounts import language, post, wishes
from accounts.models import Membership, Topic
from accounts.post import Words
from billing.models import Subscription
from domain import billing as rules
from domain.billing import Status
from domain.money import Money, minor_digits
from domain.roles import Role

log = structlog.get_logger()

LAST = 3


def remind(now: datetime) -> int:
    """Write the letters that are due, each once with the commit that says so; how many rows that concerned."""
    owes = Q(status__in=rules.OWED) | Q(status__in=rules.OVER, properties__gt=0, trial_until__lte=now)
    rows = Subscription.objects.filter(owes & Q(reminded__lt=LAST) | Q(reminded__gt=0))
    return sum(_remind(pk, now) for pk in list(rows.values_list("pk", flat=True)))


def _remind(pk: int, now: datetime) -> bool:
    with transaction.atomic():
        row = Subscription.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=pk).first()
        if row is None:
            return False
        since = rules.owing_since(row.facts, now)
        due = rules.reminder(since, now)
        if due == row.reminded:
            return False
        Subscription.objects.filter(pk=pk).update(reminded=due)
        if since and due > row.reminded:
            _write(_owners(row), partial(_words, which=due, ends=since + rules.GRACE), now)
            log.info("reminded", subscription=pk, letter=due)
    return True


def _write(owners: Iterable[Membership], words: Callable[[Membership], Words], now: datetime) -> None:
    """To each of them, in their language."""
    for owner in owners:
        with language.spoken_to(owner):
            post.write(owner.user.email, words(owner), now)


def _owners(row: Subscription) -> list[Membership]:
    rows = Membership.objects.filter(organization=row.organization_id, role=Role.OWNER, user__is_active=True)
    return list(rows.select_related("organization", "user").order_by("pk"))


def _words(owner: Membership, which: int, ends: datetime) -> Words:
    name, day = owner.organization.name, f"{ends:%Y-%m-%d}"
    subjects = {
        1: _("%(name)s: your plan isn't paid"),
        2: _("%(name)s: your plan still isn't paid"),
        LAST: _("%(name)s: nothing can be added until your plan is paid"),
    }
    first = (
        _("Since today no property can be added and nothing new can be put on sale.")
        if which == LAST
        else _("From %(day)s on no property can be added and nothing new can be put on sale.") % {"day": day}
    )
    return _letter(subjects[which] % {"name": name}, first)


def _letter(subject: str, *paragraphs: str) -> Words:
    """What is said, that calendars go on, and the way to the page."""
    stays = _(
        "Whatever is or isn't paid: your calendars are read, closed nights stay closed, and every link that a channel "
        "reads goes on answering."
    )
    page = settings.SITE_URL + reverse("plan:page")
    return Words(subject, (*paragraphs, stays), page, _("Plan and invoices"))


# Before a free trial ends


def announce(now: datetime) -> int:
    """Write the letters about trials that end within a week, each once; how many rows that concerned."""
    soon = now + rules.BEFORE_THE_END[0]
    theirs = Q(status=Status.TRIALING)
    ends = Q(trial_until__gt=now, trial_until__lte=soon) | theirs & Q(next_at__gt=now, next_at__lte=soon)
    moved = Q(trial_told__gt=0) & (Q(trial_until__gt=soon) | theirs & Q(next_at__gt=soon))
    rows = Subscription.objects.filter(Q(trial_told__lt=len(rules.BEFORE_THE_END)) & ends | moved)
    return sum(_announce(pk, now) for pk in list(rows.values_list("pk", flat=True)))


def _announce(pk: int, now: datetime) -> bool:
    with transaction.atomic():
        row = Subscription.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=pk).first()
        if row is None:
            return False
        ends = row.trial_ends
        if ends is None or ends <= now:
            return False
        due = rules.trial_letter(ends, now)
        if due == row.trial_told:
            return False
        Subscription.objects.filter(pk=pk).update(trial_told=due)
        if due > row.trial_told:
            owners = _owners(row)
            told = owners if due == len(rules.BEFORE_THE_END) else wishes.written_to(owners, Topic.MONEY)
            _write(told, partial(_end_of_trial, row=row, ends=ends), now)
            log.info("trial announced", subscription=pk, letter=due)
    return True


def _end_of_trial(owner: Membership, row: Subscription, ends: datetime) -> Words:
    """What it will cost, and how to stop. The last letter before a charge is written whatever owners wish to hear."""
    words = {
        "name": owner.organization.name,
        "day": f"{ends:%Y-%m-%d}",
        "price": _price(row.sum.total),
        "card": row.card,
        "limited": f"{ends + rules.GRACE:%Y-%m-%d}",
    }
    subject = _("%(name)s: your free trial ends on %(day)s")
    cost = _("From then on it costs %(price)s a month, as many homes as there are now.")
    stop = (
        _("It is charged to %(card)s. To stop, cancel the plan before that day under Plan and invoices.")
        if row.is_live
        else _(
            "To go on, give a card under Plan and invoices. To stop, do nothing: nothing is charged, and from "
            "%(limited)s on no property can be added and nothing new can be put on sale."
        )
    )
    return _letter(subject % words, cost % words, stop % words)


def _price(amount: Money) -> str:
    """The amount with its currency, as the active language writes it."""
    number = Decimal(amount.amount).scaleb(-minor_digits(amount.currency))
    return str(format_currency(number, amount.currency, locale=to_locale(get_language() or "en")))
