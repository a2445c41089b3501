"""What a host must know: opened when it becomes true, told once, and told again when it is over.

Alerts follow from the rows: nothing is lost when a sweep is late, and no sweep makes a second one. Who has heard of
an alert stands with it, so that a mail server that fails halfway neither costs anybody a mail nor sends one twice.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import ngettext

from accounts import language, mail, wishes
from accounts.models import Membership, Organization, Topic
from calendars import announcements
from calendars.models import Alert, Block, Closure, Connection, Feed
from calendars.models.alerts import AlertQuerySet
from calendars.sentences import advice, headline, kept, relief
from domain.events import BY_RULE
from properties.models import Property

log = structlog.get_logger()

Kind = Alert.Kind
OF_FEEDS = (Kind.QUARANTINED, Kind.FAILING, Kind.LATE, Kind.HELD, Kind.REFUSED)
TOPICS = dict.fromkeys(OF_FEEDS, Topic.CALENDAR) | dict.fromkeys(Alert.OF_LINKS, Topic.LINKS)
TOPICS |= dict.fromkeys(Alert.OF_ACCOUNTS, Topic.CALENDAR)
TOPICS |= {Kind.CONFLICT: Topic.CONFLICT, Kind.REQUEST: Topic.REQUEST}
STOPPED = Q(connection__state=Connection.State.STOPPED)  # one alert tells of all its units
FLIGHTY = (Kind.HELD, Kind.CONFLICT)  # a fault of one read brings them, and takes them away

DAY = timedelta(days=1)
SETTLES = timedelta(
    minutes=15
)  # what was taken there a moment ago is read by then, and isn't to be closed any more
WESTMOST = timedelta(hours=12)  # behind UTC: there, too, it is that day already
MOST_LISTED = 100  # in one e-mail
AT_ONCE = 200  # feeds that one sweep opens alerts for, and organizations that it writes to
TURN_S = 15.0  # of writing
TELLING = timedelta(minutes=2)  # longer than a worker may take for a task


@dataclass(frozen=True, slots=True)
class Letter:
    """What one person is told about one topic in one e-mail."""

    member: Membership
    topic: Topic
    new: list[Alert]
    over: list[Alert]


# Opening and resolving


def patience() -> timedelta:
    """After how long without a good read a feed that doesn't fail is late."""
    return max(settings.ALERT_AFTER, 2 * settings.POLL_INTERVAL)


def open_one(property: Property, kind: Kind, key: str, details: dict[str, Any], now: datetime) -> None:
    """Open one alert about the property, unless it is open already."""
    row = Alert(
        organization_id=property.organization_id,
        property=property,
        kind=kind,
        key=key,
        details=details,
        opened_at=now,
    )
    Alert.objects.bulk_create([row], ignore_conflicts=True)


def close_one(property: Property, key: str, now: datetime) -> None:
    """Resolve one alert about the property, without a word about it being over."""
    Alert.objects.open().filter(property=property, key=key).update(resolved_at=now, cleared_at=now)


def troubled(kind: Kind, now: datetime) -> QuerySet[Feed]:
    """The feeds that this kind of alert is about, now.

    Nights held back are news when they went missing as they do in faults, or wait longer than usual. A plain
    cancellation confirms itself, and what a site's rules close moves on every day; tonight's night leaves some feeds
    before the day is over. What a system refuses to close is news once a read hasn't settled it.
    """
    feeds = Feed.objects.in_use()
    limit = now - settings.ALERT_AFTER
    match kind:
        case Kind.QUARANTINED:
            return feeds.reading().exclude(quarantined_at=None)
        case Kind.FAILING:
            found = feeds.reading().filter(quarantined_at=None, failing_since__lte=limit)
            return found.exclude(STOPPED)
        case Kind.LATE:
            quiet = feeds.reading().filter(quarantined_at=None, failing_since=None).exclude(STOPPED)
            read = now - patience()
            unread = Q(last_good_at__lte=read) | Q(last_good_at=None, created_at__lte=read)
            # A unit of another system is read as seldom as the account's budget says: its turn must have long come
            is_waiting = Q(connection=None) | Q(pk__in=feeds.mirrored().due_by(read))
            return quiet.filter(unread).filter(is_waiting)
        case Kind.HELD:
            missing = Block.objects.filter(feed=OuterRef("pk"), nights__endswith__gt=now.date() + DAY)
            odd = missing.filter(
                Q(missing_since__lte=limit) | Q(missing_since__isnull=False, missing_slow=True)
            )
            return feeds.filter(Exists(odd.exclude(kind__in=BY_RULE)), held_nights__gt=0)
        case Kind.REFUSED:
            tried = Closure.objects.refused(now.date()).filter(began_at__lte=now - SETTLES)
            return feeds.filter(Exists(tried.filter(feed=OuterRef("pk"))))
        case _:
            return feeds.none()


def watch(now: datetime) -> None:
    """Open alerts for feeds that got into trouble, and resolve those of feeds that are out of it."""
    for kind in OF_FEEDS:
        _follow(kind, now)
    _recount(now)
    over = Alert.objects.filter(resolved_at__isnull=False, cleared_at=None)
    over.filter(property__archived_at__isnull=False).update(cleared_at=now)
    today = (now - WESTMOST).date()
    past = Alert.objects.open().filter(kind=Kind.CONFLICT, details__departure__lte=str(today))
    past.update(resolved_at=now, cleared_at=now)


def _follow(kind: Kind, now: datetime) -> None:
    """Make the open alerts of one kind those of the feeds it is about."""
    feeds = troubled(kind, now)

    def found(alive: AlertQuerySet) -> list[Alert]:
        new = feeds.exclude(Exists(alive.filter(feed=OuterRef("pk"))))
        rows = list(new.select_related("property").defer("url")[:AT_ONCE])
        told = _details(kind, rows, now)
        return [_about(feed, kind, told[feed.pk], now) for feed in rows if feed.pk in told]

    with transaction.atomic():
        over, begun = follow(kind, Exists(feeds.filter(pk=OuterRef("feed"))), found, now)
        if kind == Kind.HELD:
            over.note_opened()
        if kind in announcements.OUTAGES:
            announcements.outages(_whole(over), now, over=True)
            announcements.outages(_whole(begun), now, over=False)


def follow(
    kind: Kind, is_true: Exists, found: Callable[[AlertQuerySet], list[Alert]], now: datetime
) -> tuple[AlertQuerySet, AlertQuerySet]:
    """Resolve the alerts of one kind that aren't true any more, and open what is; those over, and those begun.

    `found` makes the new ones, given those there are: one that isn't yet told as over goes on. In a transaction.
    """
    alerts = Alert.objects.filter(kind=kind)
    alive = alerts.filter(cleared_at=None)
    over = _locked(alerts.open().exclude(is_true))
    over.update(resolved_at=now)
    back = _locked(alive.exclude(resolved_at=None).filter(is_true))
    back.update(resolved_at=None)
    new = found(alive)
    Alert.objects.bulk_create(new, ignore_conflicts=True)
    made = Alert.objects.filter(public_id__in=[alert.public_id for alert in new]) if new else back.none()
    return over, made | back


def _locked(alerts: AlertQuerySet) -> AlertQuerySet:
    """These alerts as they are now, ours until the commit; a sweep beside this one sees to the others."""
    rows = alerts.select_for_update(skip_locked=True, no_key=True, of=("self",))
    keys = list(rows.values_list("pk", flat=True))
    return Alert.objects.filter(pk__in=keys) if keys else rows.none()


def _whole(alerts: AlertQuerySet) -> Iterable[Alert]:
    """The alerts with what is to be told of them; of none, nothing is prepared."""
    return [] if alerts.query.is_empty() else alerts.to_say().order_by("pk")


def _recount(now: datetime) -> None:
    """Let the open alerts of held nights say how many there are now, and those of refusals what is refused now."""
    held = Alert.objects.open().filter(kind=Kind.HELD)
    told = held.annotate(told=Cast(KT("details__nights"), IntegerField())).exclude(
        told=F("feed__held_nights")
    )
    refused = Alert.objects.open().filter(kind=Kind.REFUSED)
    for kind, rows in ((Kind.HELD, told), (Kind.REFUSED, refused)):
        alerts = {
            row.feed: row for row in rows.select_related("feed").defer("feed__url")[:AT_ONCE] if row.feed
        }
        found = _details(kind, alerts, now)
        for feed, alert in alerts.items():
            alert.details = found.get(feed.pk, alert.details)
        Alert.objects.bulk_update(alerts.values(), ["details"])


def _about(feed: Feed, kind: Kind, details: dict[str, str | int], now: datetime) -> Alert:
    return Alert(
        organization_id=feed.organization_id,
        property=feed.property,
        feed=feed,
        kind=kind,
        key=f"{kind} {feed.pk}",
        details=details,
        opened_at=now,
    )


def _details(kind: Kind, feeds: Iterable[Feed], now: datetime) -> dict[int, dict[str, str | int]]:
    """What fills the sentences about each feed, by its key; of several refusals the one of the next nights."""
    by_key = {feed.pk: feed for feed in feeds}
    if kind != Kind.REFUSED:
        return {
            key: {"feed": kept(feed), "nights": feed.held_nights, "closed": feed.closed_nights}
            for key, feed in by_key.items()
        }
    refusals = Closure.objects.filter(feed__in=by_key).refused(now.date()).order_by("-first", "-pk")
    return {
        row.feed_id: {
            "system": by_key[row.feed_id].source.name,
            "arrival": str(row.first),
            "departure": str(row.last),
            "reason": (row.problem or {}).get("template", ""),
        }
        for row in refusals
    }


# Telling


def tell(now: datetime) -> int:
    """Write to the members of each organization what is new and what is over; how many e-mails that were.

    Double bookings are told at once. Other news of an organization is gathered for a quarter of ALERT_AFTER since
    the last e-mail, so that forty feeds of a site that is down don't become forty e-mails. An alert that was over
    before anybody heard of it is not told at all.

    A mail that can't be sent is tried again, later every time; when the mail server itself is away, the sweep ends.
    """
    _forget_unheard(now)
    claimed = _claimed(now)
    members = _members(claimed)
    end = time.monotonic() + TURN_S
    sent = 0
    while claimed and time.monotonic() < end:
        organization, alerts = claimed.popitem()
        try:
            sent += _write_to(members[organization], alerts, now)
        except OSError as error:  # smtplib's errors are among them
            log.warning("mail server away", organization=organization, error=type(error).__name__)
            _put_off(alerts, now)
            return sent
        except Exception:
            log.exception("alerts not told", organization=organization)
            _put_off(alerts, now)
    left = [alert.pk for alerts in claimed.values() for alert in alerts]
    Alert.objects.filter(pk__in=left).update(telling_until=None)
    return sent


def _forget_unheard(now: datetime) -> None:
    """Nobody is told that something is over that nobody heard of, or that was over long ago."""
    over = Alert.objects.to_tell(now).exclude(resolved_at=None)
    over.filter(Q(heard=[]) | Q(resolved_at__lt=now - DAY)).update(cleared_at=now)


def _waiting(now: datetime) -> QuerySet[Alert]:
    """What may be told now: not what may pass within minutes, and not to an organization that just heard from us."""
    limit = settings.ALERT_AFTER
    fresh = Q(kind=Kind.LATE, resolved_at=None, opened_at__gt=now - limit / 12)
    fresh |= Q(kind__in=FLIGHTY, resolved_at__gt=now - limit / 2)
    same = Alert.objects.filter(organization=OuterRef("organization"), told_at__isnull=False)
    lately = same.filter(Q(told_at__gt=now - limit / 4) | Q(cleared_at__gt=now - limit / 4))
    news = Alert.objects.to_tell(now).filter(property__archived_at=None).exclude(fresh)
    return news.filter(Q(kind=Kind.CONFLICT, resolved_at=None) | ~Exists(lately))


def _claimed(now: datetime) -> dict[int, list[Alert]]:
    """What nobody else is telling, by organization: ours to tell for two minutes.

    The organizations are what is locked, so that two workers don't share one out between them.
    """
    waiting = _waiting(now)
    with transaction.atomic():
        rows = Organization.objects.filter(Exists(waiting.filter(organization=OuterRef("pk"))))
        locked = rows.select_for_update(skip_locked=True, no_key=True).order_by("pk")[:AT_ONCE]
        ids = list(waiting.filter(organization__in=[row.pk for row in locked]).values_list("pk", flat=True))
        Alert.objects.filter(pk__in=ids).update(telling_until=now + TELLING)
    alerts = Alert.objects.filter(pk__in=ids).to_say()
    found: dict[int, list[Alert]] = defaultdict(list)
    for alert in alerts.order_by("opened_at", "pk"):
        found[alert.organization_id].append(alert)
    return found


def _members(organizations: Iterable[int]) -> dict[int, list[Membership]]:
    """The people of each organization who can log in."""
    people: dict[int, list[Membership]] = defaultdict(list)
    for row in wishes.members(organizations):
        people[row.organization_id].append(row)
    return people


def _write_to(people: Iterable[Membership], alerts: list[Alert], now: datetime) -> int:
    """Write to members of one organization what they wish to hear and haven't; how many e-mails that were.

    Raises OSError when the mail server is away; who was written to before is remembered.
    """
    sent, refused = 0, False
    for letter in _letters(people, alerts):
        try:
            with language.spoken_to(letter.member):
                written = _mail(letter)
            mail.send(written)
        except mail.Refused as error:
            log.warning("mail refused", person=letter.member.user_id, error=type(error.__cause__).__name__)
            refused = True
        else:
            sent += 1
            _note(letter)
    (_put_off if refused else _finish)(alerts, now)
    return sent


def _letters(people: Iterable[Membership], alerts: Iterable[Alert]) -> list[Letter]:
    """What each hasn't heard yet of these alerts, topic by topic: each mail can be turned off by itself."""
    people = list(people)
    about: dict[tuple[Topic, Membership], list[Alert]] = defaultdict(list)
    for alert in alerts:
        topic = TOPICS[Kind(alert.kind)]
        for member in wishes.written_to([each for each in people if each.opens(alert.property_id)], topic):
            about[topic, member].append(alert)
    letters = [_letter(member, topic, rows) for (topic, member), rows in about.items()]
    return [letter for letter in letters if letter.new or letter.over]


def _letter(member: Membership, topic: Topic, alerts: Iterable[Alert]) -> Letter:
    person = member.user_id
    new = [alert for alert in alerts if alert.resolved_at is None and person not in alert.heard]
    over = [alert for alert in alerts if alert.resolved_at and person in alert.heard and alert.is_good_news]
    return Letter(member, topic, new, over)


def _mail(letter: Letter) -> EmailMultiAlternatives:
    """In the active language, which is its reader's."""
    new, over = letter.new, letter.over
    context = {
        "new": [(alert, headline(alert), advice(alert)) for alert in new[:MOST_LISTED]],
        "over": [(alert, relief(alert)) for alert in over[:MOST_LISTED]],
        "more": max(0, len(new) - MOST_LISTED) + max(0, len(over) - MOST_LISTED),
        "single": len(new) == 1,
        "site_url": settings.SITE_URL,
    }
    subject = headline(new[0]) if len(new) == 1 else relief(over[0]) if len(over) == 1 and not new else ""
    count = len(new) + len(over)
    many = ngettext("%(count)s thing about your calendars", "%(count)s things about your calendars", count)
    subject = subject or many % {"count": count}
    return mail.to_member(letter.member, letter.topic, subject, "alerts", context)


def _note(letter: Letter) -> None:
    """Remember that this person has heard it."""
    for alert in letter.new:
        alert.heard.append(letter.member.user_id)
    for alert in letter.over:
        alert.heard.remove(letter.member.user_id)
    Alert.objects.bulk_update([*letter.new, *letter.over], ["heard"])


def _put_off(alerts: Iterable[Alert], now: datetime) -> None:
    """Try again later: in two minutes at first, and after twice the time every time."""
    alerts = list(alerts)
    for alert in alerts:
        age = now - (alert.resolved_at or alert.opened_at)
        alert.telling_until = now + mail.pause(age, TELLING)
    Alert.objects.bulk_update(alerts, ["telling_until"])


def _finish(alerts: Iterable[Alert], now: datetime) -> None:
    """All have heard. What was told as over and came back meanwhile is new again."""
    new = [alert.pk for alert in alerts if alert.resolved_at is None]
    over = [alert.pk for alert in alerts if alert.resolved_at is not None]
    Alert.objects.filter(pk__in=new).update(told_at=now, telling_until=None)
    is_back = When(resolved_at=None, then=None)
    Alert.objects.filter(pk__in=over).update(
        told_at=Case(is_back, default=F("told_at")),
        cleared_at=Case(is_back, default=now),
        heard=[],
        telling_until=None,
    )
