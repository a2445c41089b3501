"""E-mails to people: HTML and text of the same, what the mail server made of one, and when to try again."""

from collections.abc import Mapping
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

LONGEST_PAUSE = timedelta(hours=6)


class Refused(Exception):
    """The mail server is there, and doesn't take this mail or this address; the text is its answer."""


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
