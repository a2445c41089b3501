"""E-mails to people: HTML and text of the same, what the mail server made of one, and when to try again."""

from collections.abc import Mapping
from datetime import timedelta
from email.policy import Policy
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from accounts import wishes
from accounts.models import Membership, Topic

LONGEST_PAUSE = timedelta(hours=6)


class Refused(Exception):
    """The mail server is there, and doesn't take this mail or this address; the text is its answer."""


class OffHeader(str):
    """The value of List-Unsubscribe, on one line however long it is; mail programs read it as it stands (RFC 2369 §2).

    Python would write what is longer than 78 characters as an encoded word, which is no address any more.
    """

    __slots__ = ()
    name = "List-Unsubscribe"  # what has one is left to fold itself by `email`

    def fold(self, *, policy: Policy) -> str:
        """The line, whole."""
        return f"{self.name}: {self}{policy.linesep}"


def message(
    to: str,
    subject: str,
    template: str,
    context: Mapping[str, object],
    headers: Mapping[str, str] | None = None,
) -> EmailMultiAlternatives:
    """A mail of the templates `mail/<template>.txt` and `.html`, in the language that is active."""
    values = dict(context)
    mail = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string(f"mail/{template}.txt", values),
        to=[to],
        headers={
            "Auto-Submitted": "auto-generated",  # RFC 3834 §5: nobody's holiday reply, please
            **(headers or {}),
        },
    )
    mail.attach_alternative(render_to_string(f"mail/{template}.html", values), "text/html")
    return mail


def to_member(
    member: Membership,
    topic: Topic,
    subject: str,
    template: str,
    context: Mapping[str, object],
    *,
    headers: Mapping[str, str] | None = None,
) -> EmailMultiAlternatives:
    """A mail about a topic, with the ways to turn such mails off: in its footer, and for mail programs (RFC 8058)."""
    off = wishes.off_address(member, topic)
    footer = {
        "off": off,
        "topic": topic.label,
        "wishes": settings.SITE_URL + reverse("notices:wishes"),
        "organization": member.organization.name,
        "site_url": settings.SITE_URL,
    }
    ways = {
        OffHeader.name: OffHeader(f"<{off}>"),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return message(
        member.user.email, subject, template, {**context, "footer": footer}, {**ways, **(headers or {})}
    )


def send(mail: EmailMultiAlternatives) -> None:
    """Hand the mail over. Raises Refused, or OSError when the mail server is away (smtplib's errors are among them)."""
    try:
        mail.send()
    except SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()), (0, b""))
        raise Refused(_answer(code, text)) from error
    except SMTPDataError as error:
        raise Refused(_answer(error.smtp_code, error.smtp_error)) from error
    except ValueError as error:  # an address or a subject that can't be written into a mail
        raise Refused(type(error).__name__) from error


def pause(age: timedelta, shortest: timedelta) -> timedelta:
    """How long to wait before a mail of that age is tried again: after twice the time every time."""
    return min(max(age, shortest), LONGEST_PAUSE)


def _answer(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"
