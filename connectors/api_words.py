"""What a host is told when a system doesn't do what it was asked."""

import re
from collections.abc import Iterable

from domain.problems import gettext_noop

WRONG_KEYS = gettext_noop("These keys aren't accepted. Enter them again, or ask for new ones.")
NOT_ALLOWED = gettext_noop("These keys are right, but they don't allow this.")
TOO_MANY = gettext_noop("Too many requests. We wait and ask again.")
SILENT = gettext_noop("There was no answer. We ask again soon.")
OUT_OF_ORDER = gettext_noop("Something is out of order at the other side. We ask again soon.")
ODD = gettext_noop("The answer can't be understood, so nothing is concluded from it.")
REFUSED = gettext_noop("The request was refused.")
UNKNOWN_UNIT = gettext_noop("This unit isn't known there.")
MISSING_KEYS = gettext_noop("Some of these keys are missing.")
NO_ACCESS_YET = gettext_noop("The keys work, but this manager hasn't given us access yet.")
NO_OWNER_TYPE = gettext_noop("There is no reservation type for owners, so nights can't be closed there.")
NOT_OURS = gettext_noop("Somebody has changed what we closed there, so it stays as it is.")
OTHER_NIGHTS = gettext_noop("This reference has closed other nights there.")
BAD_REFERENCE = gettext_noop("This reference can't be used.")

LONGEST = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def their_words(text: str, secrets: Iterable[str] = ()) -> str:
    """A system's own sentence as one short line, without any of the secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    return " ".join(_CONTROL.sub(" ", text[: LONGEST * 4]).split())[:LONGEST]
