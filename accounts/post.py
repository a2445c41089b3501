"""Letters about accounts: written with what causes them, sent by workers, at least once.

What they say opens an account, so it is encrypted while it waits and gone when it is sent.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from accounts import mail
from accounts.acting import acting_for_the_house
from accounts.models import Letter

log = structlog.get_logger()

AT_ONCE = 50
TURN_S = 15.0
SENDING = timedelta(minutes=2)  # longer than a worker may take for a task
SHORTEST_PAUSE = timedelta(minutes=1)
LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Words:
    """What a letter says: its subject, paragraphs of plain text, one button, a word for whom it isn't meant for."""

    subject: str
    paragraphs: tuple[str, ...]
    url: str = ""
    label: str = ""
    otherwise: str = ""


def write(address: str, words: Words, now: datetime, *, reply_to: str = "") -> None:
    """Leave a letter for the workers, in the language that is active; with the transaction that is open, if one is.

    `reply_to` is an address that somebody has checked to be one, where answers don't come to us.
    """
    subject = " ".join(words.subject.split())[:LONGEST_SUBJECT]
    drawn = mail.message(address, subject, "account", {"words": words, "site_url": settings.SITE_URL})
    html = str(drawn.alternatives[0][0])
    with acting_for_the_house():
        Letter.objects.create(
            address=address,
            reply_to=reply_to,
            subject=subject,
            text=str(drawn.body),
            html=html,
            created_at=now,
            next_try_at=now,
        )


def send_due(now: datetime) -> int:
    """Send what is to be sent; how many letters that were. When the mail server is away, the turn ends."""
    end = time.monotonic() + TURN_S
    sent = 0
    for letter in _claimed(now):
        if time.monotonic() > end:
            break
        try:
            sent += _send(letter, now)
        except OSError as error:
            log.warning("mail server away", letter=letter.pk, error=type(error).__name__)
            _put_off(letter, now)
            break
    return sent


def _claimed(now: datetime) -> list[Letter]:
    """What nobody else is sending: ours to send for two minutes."""
    with transaction.atomic():
        due = Letter.objects.filter(next_try_at__lte=now).select_for_update(skip_locked=True, no_key=True)
        ids = [letter.pk for letter in due.order_by("next_try_at", "pk").only("pk")[:AT_ONCE]]
        Letter.objects.filter(pk__in=ids).update(next_try_at=now + SENDING)
    return list(Letter.objects.filter(pk__in=ids).order_by("pk"))


def _send(letter: Letter, now: datetime) -> bool:
    """Whether it was taken. Raises OSError when the mail server is away."""
    headers = {
        "Auto-Submitted": "auto-generated",  # RFC 3834 §5
        "Message-ID": f"<{letter.public_id}@{urlsplit(settings.SITE_URL).hostname}>",
    }
    answers = [letter.reply_to] if letter.reply_to else None
    found = EmailMultiAlternatives(
        letter.subject, letter.text, to=[letter.address], headers=headers, reply_to=answers
    )
    found.attach_alternative(letter.html, "text/html")
    try:
        mail.send(found)
    except mail.Refused as error:
        log.warning("mail refused", letter=letter.pk, error=type(error.__cause__).__name__)
        _put_off(letter, now)
        return False
    letter.delete()
    return True


def _put_off(letter: Letter, now: datetime) -> None:
    """Try again later, or never."""
    age = now - letter.created_at
    if age >= Letter.GIVEN_UP_AFTER:
        letter.delete()
        return
    Letter.objects.filter(pk=letter.pk).update(next_try_at=now + mail.pause(age, SHORTEST_PAUSE))
