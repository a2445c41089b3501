"""What members wish to be told: their choices, who is written to, and the way to turn e-mails off without a log-in."""

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import NEEDED, ONLY_BY_MAIL, Level, Membership, Organization, Topic
from domain.roles import Power, roles_with

SALT = "accounts.wishes"  # a signature made for anything else turns nothing off


class SomebodyMustHear(Exception):
    """Nobody else of the organization is told about these topics, and they can't pass unheard."""

    def __init__(self, topics: list[Topic]) -> None:
        super().__init__(topics)
        self.topics = topics


class Forged(Exception):
    """No address that we gave out."""


def members(organizations: Iterable[int]) -> QuerySet[Membership]:
    """The people of these organizations who can log in and may see what letters tell: guests, above all.

    Of a home that isn't open to one of them they hear nothing: whoever writes asks `opens`.
    """
    rows = Membership.objects.filter(organization__in=organizations, user__is_active=True)
    rows = rows.filter(role__in=roles_with(Power.GUESTS))
    return rows.select_related("user", "organization").order_by("pk")


def written_to(people: Iterable[Membership], topic: Topic) -> list[Membership]:
    """Those of one organization's members who get an e-mail about it at once.

    What must not pass unheard goes to all of them where none hears of it: the one who did may have left since.
    """
    people = list(people)
    if topic in NEEDED and all(person.level(topic) == Level.OFF for person in people):
        return people
    return [person for person in people if person.level(topic) == Level.MAIL]


def unmailed(organization: Organization) -> list[Topic]:
    """The topics that somebody should hear of at once and that nobody gets an e-mail about."""
    people = list(members([organization.pk]))
    return [topic for topic in NEEDED if not written_to(people, topic)]


def choose(member: Membership, levels: Mapping[Topic, Level]) -> None:
    """Keep a member's choices. Raises SomebodyMustHear, and keeps nothing, where they would leave nobody to tell.

    The organization is locked, so that the last two members don't turn it off at the same moment.
    """
    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(pk=member.organization_id)
        others = [person for person in members([member.organization_id]) if person.pk != member.pk]
        alone = [
            topic
            for topic in NEEDED
            if levels.get(topic) == Level.OFF and all(each.level(topic) == Level.OFF for each in others)
        ]
        if alone:
            raise SomebodyMustHear(alone)
        _keep(member, levels)


def _keep(member: Membership, levels: Mapping[Topic, Level]) -> None:
    """Write the choices over those there are; a summary that is turned on again begins with the next morning."""
    row = Membership.objects.select_for_update(no_key=True).get(pk=member.pk)
    was = row.level(Topic.DIGEST)
    chosen = row.levels | {topic.value: level.value for topic, level in levels.items()}
    row.levels = {topic: level for topic, level in chosen.items() if level != Level.MAIL}
    if row.level(Topic.DIGEST) != was:
        row.digest_at = row.digested_at = None
    row.save(update_fields=["levels", "digest_at", "digested_at"])
    member.levels = row.levels


# Without a log-in


def off_address(member: Membership, topic: Topic) -> str:
    """Where whoever holds it turns off this member's e-mails about this topic, and nothing else."""
    signed = Signer(salt=SALT, sep=".").sign(f"{member.pk}-{topic.value}")
    return settings.SITE_URL + reverse("notices:mails-off", args=[signed])


def named_by(signed: str) -> tuple[Membership | None, Topic]:
    """Whose e-mails about what an address turns off; None once they are no member any more. Raises Forged."""
    try:
        named = Signer(salt=SALT, sep=".").unsign(signed)
    except BadSignature as error:
        raise Forged from error
    pk, _, topic = named.partition("-")
    return Membership.objects.select_related("user", "organization").filter(pk=pk).first(), Topic(topic)


def stop_mails(member: Membership, topic: Topic) -> None:
    """No e-mail about it any more, at once or in the summary; the app goes on telling. The same when done again."""
    if member.level(topic) in {Level.MAIL, Level.DIGEST}:
        with transaction.atomic():
            _keep(member, {topic: Level.OFF if topic in ONLY_BY_MAIL else Level.APP})
