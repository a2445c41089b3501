"""The daily summary: at eight in the morning, where the organization's first home stands, when there is something.

When it is due stands with the membership. A run that was missed is made up for later that day, and one that is made
twice finds nothing due; a worker that dies with a mail on its way sends it once more, under the same Message-ID.
"""

import hashlib
import time
from collections import deque
from datetime import datetime, timedelta
from datetime import time as clock
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import language, mail
from accounts.acting import acting_for
from accounts.models import NEEDED, Level, Membership, Topic
from domain.roles import Power, roles_with
from notices import feed
from notices.feed import Entry
from properties.models import Property

log = structlog.get_logger()

MORNING, EVENING = clock(8), clock(20)  # local; what wasn't sent by the evening waits for the next morning
DAY = timedelta(days=1)
LONGEST_LOOK_BACK = timedelta(days=3)
SETTLED = timedelta(
    minutes=5
)  # younger news may belong to a transaction that isn't over: it is told tomorrow
SENDING = timedelta(minutes=2)  # longer than a worker may take for a task
SHORTEST_PAUSE = timedelta(minutes=5)
AT_ONCE = 200
TURN_S = 15.0
MOST_LISTED = 20


def next_morning(zone: ZoneInfo, now: datetime) -> datetime:
    """The next eight o'clock there that is still to come."""
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), MORNING, zone)
    return today if today > local else datetime.combine(local.date() + DAY, MORNING, zone)


def send_due(now: datetime) -> int:
    """Send the summaries that are due; how many mails that were. When the mail server is away, the turn ends."""
    claimed = deque(_claimed(now))
    end = time.monotonic() + TURN_S
    sent = 0
    while claimed and time.monotonic() < end:
        member = claimed.popleft()
        try:
            sent += _see_to(member, now)
        except OSError as error:
            log.warning("mail server away", member=member.pk, error=type(error).__name__)
            _plan(member, now + SHORTEST_PAUSE)
            break
        except Exception:
            log.exception("summary not written", member=member.pk)
            _plan(member, now + DAY)
    Membership.objects.filter(pk__in=[member.pk for member in claimed]).update(digest_at=now)
    return sent


def _claimed(now: datetime) -> list[Membership]:
    """Whose summary is due and being written by nobody else: ours for two minutes. "Off" is the only level kept."""
    due = Membership.objects.filter(user__is_active=True, levels__digest__isnull=True)
    due = due.filter(role__in=roles_with(Power.GUESTS))
    due = due.filter(Q(digest_at=None) | Q(digest_at__lte=now))
    with transaction.atomic():
        locked = due.select_for_update(skip_locked=True, no_key=True, of=("self",))
        ids = list(locked.order_by("digest_at", "pk").values_list("pk", flat=True)[:AT_ONCE])
        planned = Membership.objects.filter(pk__in=ids, digest_at__isnull=False)
        planned.update(digest_at=now + SENDING)
    return list(Membership.objects.filter(pk__in=ids).select_related("user", "organization").order_by("pk"))


def _see_to(member: Membership, now: datetime) -> bool:
    """Write one member's summary if it is the hour, and plan the next; whether a mail was taken.

    Raises OSError when the mail server is away.
    """
    homes = Property.objects.filter(organization=member.organization_id, archived_at=None).order_by("pk")
    with acting_for(member.organization_id, member.open_homes):
        home = homes.first()
    if home is None:
        _plan(member, now + DAY)
        return False
    zone = home.house.zone
    if member.digested_at is None:
        member.digested_at = now
        _plan(member, next_morning(zone, now), told_until=now)
        return False
    if not MORNING <= now.astimezone(zone).time() < EVENING:
        _plan(member, next_morning(zone, now))
        return False
    until = now - SETTLED
    with acting_for(member.organization_id, member.open_homes), language.spoken_to(member):
        letter = _letter(member, zone, until, now)
    if letter is not None:
        try:
            mail.send(letter)
        except mail.Refused as error:
            log.warning("mail refused", member=member.pk, error=type(error.__cause__).__name__)
            _plan(member, next_morning(zone, now))
            return False
    _plan(member, next_morning(zone, now), told_until=until)
    return letter is not None


def _plan(member: Membership, at: datetime, told_until: datetime | None = None) -> None:
    """When it is the next time; not where it was turned off, or on again, meanwhile."""
    rows = Membership.objects.filter(pk=member.pk, levels__digest__isnull=True)
    rows.update(digest_at=at, digested_at=told_until or member.digested_at)


def _letter(
    member: Membership, zone: ZoneInfo, until: datetime, now: datetime
) -> EmailMultiAlternatives | None:
    """The summary, or None where there is nothing to tell.

    That is what happened of the topics left to it, and what somebody must answer as long as it is open; what else is
    open comes with it.
    """
    since = max(member.digested_at or until, now - LONGEST_LOOK_BACK)
    summed = feed.topics(member, Level.DIGEST)
    rows = feed.between(member, summed, since, until)
    new = [entry for entry in feed.entries(rows, member, now) if not entry.is_over]
    waiting = [
        row
        for row in feed.still_open(member, feed.topics(member, Level.DIGEST, Level.MAIL))
        if row not in rows
    ]
    still = feed.entries(waiting, member, now)
    if not new and not any(entry.topic in NEEDED for entry in still):
        return None
    subject = _subject(new, still)
    context = {
        "subject": subject,
        "new": new[:MOST_LISTED],
        "open": still[:MOST_LISTED],
        "more": max(0, len(new) - MOST_LISTED) + max(0, len(still) - MOST_LISTED),
    }
    headers = {"Message-ID": _message_id(member, now.astimezone(zone))}
    return mail.to_member(member, Topic.DIGEST, subject, "digest", context, headers=headers)


def _subject(new: list[Entry], still: list[Entry]) -> str:
    if len(new) + len(still) == 1:
        return (new or still)[0].headline
    if not new:
        words = ngettext("%(count)s thing still needs you", "%(count)s things still need you", len(still))
        return words % {"count": len(still)}
    return _("Your summary: %(new)s new, %(open)s still open") % {"new": len(new), "open": len(still)}


def _message_id(member: Membership, local: datetime) -> str:
    """One for each member and day, so that a summary that arrives twice is recognised."""
    named = f"digest {member.pk} {local.date()}"
    return f"<{hashlib.sha256(named.encode()).hexdigest()[:40]}@{urlsplit(settings.SITE_URL).hostname}>"
