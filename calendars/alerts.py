"""What a host must know: opened when it becomes true, told once, and told again when it is over.

Alerts follow from the rows: nothing is lost when a sweep is late, and no sweep makes a second one.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.models import User
from calendars.models import Alert, Feed
from calendars.sentences import advice, headline, relief
from properties.models import Property

log = structlog.get_logger()

Kind = Alert.Kind
TELLING = timedelta(minutes=2)
AT_ONCE = 200
OF_FEEDS = (Kind.QUARANTINED, Kind.FAILING, Kind.LATE, Kind.HELD)


def keep(property: Property, kind: Kind, wanted: Mapping[str, dict[str, Any]], now: datetime) -> None:
    """Make the property's open alerts of one kind, without a feed, exactly those wanted: key to details."""
    rows = Alert.objects.open().filter(property=property, kind=kind)
    known = dict(rows.values_list("key", "pk"))
    if over := [pk for key, pk in known.items() if key not in wanted]:
        Alert.objects.filter(pk__in=over).update(resolved_at=now)
    Alert.objects.bulk_create(
        [
            Alert(
                organization_id=property.organization_id,
                property=property,
                kind=kind,
                key=key,
                details=details,
                opened_at=now,
            )
            for key, details in wanted.items()
            if key not in known
        ],
        ignore_conflicts=True,
    )


def troubled(kind: Kind, now: datetime) -> QuerySet[Feed]:
    """The feeds that this kind of alert is about, now."""
    feeds = Feed.objects.in_use()
    limit = now - settings.ALERT_AFTER
    match kind:
        case Kind.QUARANTINED:
            return feeds.reading().exclude(quarantined_at=None)
        case Kind.FAILING:
            return feeds.reading().filter(quarantined_at=None, failing_since__lte=limit)
        case Kind.LATE:
            return feeds.reading().filter(failing_since=None, next_poll_at__lte=limit)
        case Kind.HELD:
            return feeds.filter(held_nights__gt=0)
        case _:
            return feeds.none()


def watch(now: datetime) -> None:
    """Open alerts for feeds that got into trouble, and resolve those of feeds that are out of it."""
    for kind in OF_FEEDS:
        feeds = troubled(kind, now)
        alerts = Alert.objects.open().filter(kind=kind)
        alerts.exclude(feed__in=feeds.values("pk")).update(resolved_at=now)
        new = feeds.exclude(Exists(alerts.filter(feed=OuterRef("pk")))).select_related("property")
        Alert.objects.bulk_create([_about(feed, kind, now) for feed in new[:AT_ONCE]], ignore_conflicts=True)
    yesterday = (now - timedelta(days=1)).date()
    past = Alert.objects.open().filter(kind=Kind.CONFLICT, details__departure__lt=str(yesterday))
    past.update(resolved_at=now, cleared_at=now)


def tell(now: datetime) -> int:
    """Write to the members of each organization what is new and what is over; how many e-mails that were.

    An alert that was over before anybody heard of it is not told at all. A mail that can't be sent is tried again
    at a later sweep, two minutes on.
    """
    Alert.objects.filter(told_at=None, resolved_at__isnull=False, cleared_at=None).update(cleared_at=now)
    by_organization: dict[int, list[Alert]] = defaultdict(list)
    for alert in _claimed(now):
        by_organization[alert.organization_id].append(alert)
    return sum(_write_to(organization, alerts, now) for organization, alerts in by_organization.items())


def _claimed(now: datetime) -> list[Alert]:
    """Alerts that nobody else is telling, ours to tell for two minutes."""
    waiting = Alert.objects.to_tell().filter(Q(telling_until=None) | Q(telling_until__lt=now))
    with transaction.atomic():
        rows = waiting.select_for_update(skip_locked=True, no_key=True).order_by("opened_at")[:AT_ONCE]
        ids = list(rows.values_list("pk", flat=True))
        Alert.objects.filter(pk__in=ids).update(telling_until=now + TELLING)
    return list(Alert.objects.filter(pk__in=ids).select_related("property", "feed").order_by("opened_at"))


def _write_to(organization: int, alerts: list[Alert], now: datetime) -> int:
    new = [alert for alert in alerts if alert.resolved_at is None]
    over = [alert for alert in alerts if alert.resolved_at is not None and alert.is_good_news]
    people = list(User.objects.filter(memberships__organization=organization, is_active=True).order_by("pk"))
    sent = 0
    try:
        for person in people if new or over else []:
            _mail(person, new, over).send()
            sent += 1
    except OSError:  # smtplib's errors are among them
        log.warning("alert not mailed", organization=organization, alerts=len(alerts))
        return sent
    Alert.objects.filter(pk__in=[alert.pk for alert in new], told_at=None).update(told_at=now)
    done = [alert.pk for alert in alerts if alert.resolved_at is not None]
    Alert.objects.filter(pk__in=done).update(cleared_at=now)
    return sent


def _mail(person: User, new: list[Alert], over: list[Alert]) -> EmailMultiAlternatives:
    context = {
        "new": [(alert, headline(alert), advice(alert)) for alert in new],
        "over": [(alert, relief(alert)) for alert in over],
        "site_url": settings.SITE_URL,
    }
    subject = headline(new[0]) if len(new) == 1 else relief(over[0]) if len(over) == 1 and not new else ""
    message = EmailMultiAlternatives(
        subject=subject or _("%(count)s things about your calendars") % {"count": len(new) + len(over)},
        body=render_to_string("mail/alerts.txt", context),
        to=[person.email],
    )
    message.attach_alternative(render_to_string("mail/alerts.html", context), "text/html")
    return message


def _about(feed: Feed, kind: Kind, now: datetime) -> Alert:
    return Alert(
        organization_id=feed.organization_id,
        property=feed.property,
        feed=feed,
        kind=kind,
        key=f"{kind} {feed.pk}",
        details={"feed": feed.title, "nights": feed.held_nights, "closed": feed.closed_nights},
        opened_at=now,
    )
