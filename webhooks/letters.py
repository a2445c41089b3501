"""What members are told by e-mail: that a webhook was stopped without their doing."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import language, mail, wishes
from accounts.models import Membership, Topic
from domain.roles import Power
from webhooks.models import Webhook

log = structlog.get_logger()

AT_ONCE = 20
TELLING = timedelta(minutes=10)  # until another worker may try


def tell_stopped(now: datetime) -> int:
    """Write to the members of webhooks that were stopped; how many e-mails that were. Tried again every ten minutes."""
    free = Webhook.objects.untold().filter(Q(rest_until=None) | Q(rest_until__lte=now))
    sent = 0
    for webhook in free.order_by("disabled_at")[:AT_ONCE]:
        if not free.filter(pk=webhook.pk).update(rest_until=now + TELLING):
            continue
        try:
            sent += _tell(webhook)
        except OSError as error:
            log.warning("mail server away", webhook=webhook.pk, error=type(error).__name__)
            break
        Webhook.objects.filter(pk=webhook.pk).update(told_at=now, rest_until=None)
    return sent


def _tell(webhook: Webhook) -> int:
    """Raises OSError when the mail server is away."""
    members = wishes.members([webhook.organization_id])
    people = [each for each in members if each.may(Power.CONNECT) and each.homes is None]
    sent = 0
    for member in wishes.written_to(people, Topic.SOFTWARE):
        try:
            mail.send(_letter(webhook, member))
        except mail.Refused as error:
            log.warning("mail refused", webhook=webhook.pk, error=type(error.__cause__).__name__)
        else:
            sent += 1
    return sent


def _letter(webhook: Webhook, member: Membership) -> EmailMultiAlternatives:
    """In the member's language."""
    with language.spoken_to(member):
        subject = _("Your webhook at %(host)s was stopped") % {"host": webhook.host}
        context = {"webhook": webhook, "subject": subject, "site_url": settings.SITE_URL}
        return mail.to_member(member, Topic.SOFTWARE, subject, "webhook", context)
