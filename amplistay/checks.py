"""What must not go into production, as `check --deploy` sees it."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's own name

from domain.certificate import key_bytes

SHORTEST_KEY = 32
WHOLE = 10_000  # basis points
SHORT, LONG = timedelta(minutes=30), timedelta(hours=4)  # the design's waits of a removal
SOONEST_ALERT, LATEST_ALERT = timedelta(minutes=15), timedelta(days=1)


def deployable(app_configs: object, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's contract
    """Settings that are fine on a laptop and wrong in public."""
    refused = _errors() | _stripe_errors()
    errors = [Error(message, id=f"amplistay.{key}") for key, (wrong, message) in refused.items() if wrong]
    warnings = [
        Warning(message, id=f"amplistay.{key}") for key, (wrong, message) in _warnings().items() if wrong
    ]
    return [*errors, *warnings]


def _errors() -> dict[str, tuple[bool, str]]:
    """What is refused: whether it is so, and what to do."""
    return {
        "E001": (
            bool(settings.LOOPBACK_FEED_PORTS),
            "LOOPBACK_FEED_PORTS lets feeds be read from this machine itself. Unset it.",
        ),
        "E002": (
            not settings.SITE_URL.startswith("https://"),
            "SITE_URL must begin with https://: channels refuse other export links.",
        ),
        "E003": (
            any(len(key) < SHORTEST_KEY for key in settings.EXPORT_KEYS),
            f"Each of EXPORT_KEYS needs at least {SHORTEST_KEY} characters.",
        ),
        "E004": (settings.DEMO, "DEMO shows a log-in to everybody. Unset it."),
        "E005": (
            "console" in settings.MAILERS["default"]["BACKEND"],
            "EMAIL_HOST isn't set: password-reset links would land in the log, and nobody would be alerted.",
        ),
        "E006": (
            bool(settings.DEBUG or settings.ADMINS),
            "DEBUG shows and ADMINS mails reports with what hosts typed, links included. Unset both.",
        ),
        "E007": (
            not settings.CERTIFICATE_KEYS or not all(map(_is_key, settings.CERTIFICATE_KEYS)),
            "CERTIFICATE_KEYS must hold a key of its own, 32 random bytes in base64: it signs certificates of sales.",
        ),
    }


def _stripe_errors() -> dict[str, tuple[bool, str]]:
    """The same, of card payments."""
    has_key = bool(settings.STRIPE_SECRET_KEY)
    return {
        "E008": (
            settings.STRIPE_SIMULATED or "simulator" in settings.STRIPE_SECRET_KEY,
            "STRIPE_API_BASE or STRIPE_SECRET_KEY is the simulator's: nobody would really pay. Unset or replace both.",
        ),
        "E009": (
            has_key and not settings.STRIPE_WEBHOOK_SECRETS,
            "STRIPE_SECRET_KEY is set without STRIPE_WEBHOOK_SECRETS: Stripe's messages would all be refused.",
        ),
        "E011": (
            settings.BILLING and not settings.STRIPE_BILLING_WEBHOOK_SECRETS,
            "BILLING is on without STRIPE_BILLING_WEBHOOK_SECRETS: Stripe's messages would all be refused.",
        ),
        "E010": (
            settings.STRIPE_FEE_BASIS_POINTS > WHOLE,
            "STRIPE_FEE_BASIS_POINTS is more than 10000: the fee would be more than the price.",
        ),
    }


def _is_key(text: str) -> bool:
    try:
        key_bytes(text)
    except ValueError:
        return False
    return True


def _warnings() -> dict[str, tuple[bool, str]]:
    """What is let pass with a word."""
    return {
        "W001": (
            settings.REMOVAL_WAIT < SHORT,
            "REMOVAL_WAIT_SECONDS is below 1800: a feed's short fault could free sold nights.",
        ),
        "W002": (
            settings.REMOVAL_WAIT_LONG < LONG,
            "REMOVAL_WAIT_LONG_SECONDS is below 14400: a feed that loses its events could free sold nights.",
        ),
        "W004": (
            settings.STRIPE_SECRET_KEY.startswith(("sk_test_", "rk_test_")) and not settings.STRIPE_SIMULATED,
            "STRIPE_SECRET_KEY is a test key: guests would seem to pay, and no money would move.",
        ),
        "W003": (
            not SOONEST_ALERT <= settings.ALERT_AFTER <= LATEST_ALERT,
            "ALERT_AFTER_SECONDS is not between 900 and 86400: hosts would hear of every hiccup, or too late.",
        ),
    }
