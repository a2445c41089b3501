"""What must not go into production, as `check --deploy` sees it."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's own name

SHORTEST_KEY = 32


def deployable(app_configs: object, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's contract
    """Settings that are fine on a laptop and wrong in public."""
    found: list[CheckMessage] = []
    if settings.LOOPBACK_FEED_PORTS:
        message = "LOOPBACK_FEED_PORTS lets feeds be read from this machine itself. Unset it."
        found.append(Error(message, id="amplistay.E001"))
    if not settings.SITE_URL.startswith("https://"):
        message = "SITE_URL must begin with https://: channels refuse other export links."
        found.append(Error(message, id="amplistay.E002"))
    if any(len(key) < SHORTEST_KEY for key in settings.EXPORT_KEYS):
        message = f"Each of EXPORT_KEYS needs at least {SHORTEST_KEY} characters."
        found.append(Error(message, id="amplistay.E003"))
    if settings.DEMO:
        found.append(Error("DEMO shows a log-in to everybody. Unset it.", id="amplistay.E004"))
    if "console" in settings.MAILERS["default"]["BACKEND"]:
        message = "EMAIL_HOST isn't set: password-reset links would land in the log."
        found.append(Error(message, id="amplistay.E005"))
    if settings.REMOVAL_WAIT.total_seconds() < 1800:  # noqa: PLR2004 - design: half an hour
        message = "REMOVAL_WAIT_SECONDS is below 1800: a feed's short fault could free sold nights."
        found.append(Warning(message, id="amplistay.W001"))
    if settings.REMOVAL_WAIT_LONG.total_seconds() < 14_400:  # noqa: PLR2004 - design: four hours
        message = (
            "REMOVAL_WAIT_LONG_SECONDS is below 14400: a feed that loses its events could free sold nights."
        )
        found.append(Warning(message, id="amplistay.W002"))
    return found
