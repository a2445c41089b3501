"""What owners are told by e-mail about a plan that isn't paid: at the start, the middle and the end of the grace."""

from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import language, post
from accounts.models import Membership
from accounts.post import Words
from billing.models import Subscription
from domain import billing as rules
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
            _write(row, due, since + rules.GRACE, now)
            log.info("reminded", subscription=pk, letter=due)
    return True


def _write(row: Subscription, which: int, ends: datetime, now: datetime) -> None:
    """To each owner, in their language."""
    owners = Membership.objects.filter(
        organization=row.organization_id, role=Role.OWNER, user__is_active=True
    )
    for owner in owners.select_related("organization", "user").order_by("pk"):
        with language.spoken_to(owner):
            post.write(owner.user.email, _words(owner, which, ends), now)


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
    stays = _(
        "Whatever is or isn't paid: your calendars are read, closed nights stay closed, and every link that a channel "
        "reads goes on answering."
    )
    return Words(
        subjects[which] % {"name": name},
        (first, stays),
        settings.SITE_URL + reverse("plan:page"),
        _("Plan and invoices"),
    )
