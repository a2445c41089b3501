from datetime import timedelta

import pytest
from pytest_django import Settings

from amplistay.checks import deployable

GOOD = {
    "DEBUG": False,
    "DEMO": False,
    "ADMINS": [],
    "LOOPBACK_FEED_PORTS": frozenset(),
    "SITE_URL": "https://stay.example",
    "EXPORT_KEYS": ["k" * 32],
    "CERTIFICATE_KEYS": ["a" * 43 + "="],
    "MAILERS": {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}},
    "STRIPE_SECRET_KEY": "sk_live_1",
    "STRIPE_SIMULATED": False,
    "STRIPE_WEBHOOK_SECRETS": ["whsec_1"],
    "STRIPE_FEE_BASIS_POINTS": 0,
    "BILLING": True,
    "STRIPE_BILLING_WEBHOOK_SECRETS": ["whsec_2"],
    "REMOVAL_WAIT": timedelta(minutes=30),
    "REMOVAL_WAIT_LONG": timedelta(hours=4),
    "ALERT_AFTER": timedelta(hours=1),
}
WRONG = [
    ("E001", "LOOPBACK_FEED_PORTS", frozenset({8900})),
    ("E002", "SITE_URL", "http://stay.example"),
    ("E003", "EXPORT_KEYS", ["k" * 32, "short"]),
    ("E004", "DEMO", True),
    ("E005", "MAILERS", {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}),
    ("E006", "DEBUG", True),
    ("E007", "CERTIFICATE_KEYS", []),
    ("E007", "CERTIFICATE_KEYS", ["a" * 43 + "=", "short"]),
    ("E006", "ADMINS", ["ops@example.org"]),
    ("E008", "STRIPE_SIMULATED", True),
    ("E008", "STRIPE_SECRET_KEY", "sk_live_simulator"),
    ("E009", "STRIPE_WEBHOOK_SECRETS", []),
    ("E010", "STRIPE_FEE_BASIS_POINTS", 10_001),
    ("E011", "STRIPE_BILLING_WEBHOOK_SECRETS", []),
    ("W004", "STRIPE_SECRET_KEY", "sk_test_1"),
    ("W001", "REMOVAL_WAIT", timedelta(minutes=29)),
    ("W002", "REMOVAL_WAIT_LONG", timedelta(hours=3)),
    ("W003", "ALERT_AFTER", timedelta(minutes=1)),
    ("W003", "ALERT_AFTER", timedelta(days=2)),
]


@pytest.fixture
def good(settings: Settings) -> Settings:
    for name, value in GOOD.items():
        setattr(settings, name, value)
    return settings


def found() -> list[str]:
    return [str(message.id).removeprefix("amplistay.") for message in deployable(None)]


def test_a_server_as_it_should_be_is_let_pass(good: Settings) -> None:
    assert found() == []


@pytest.mark.parametrize(("key", "name", "value"), WRONG, ids=[f"{key} {name}" for key, name, _ in WRONG])
def test_each_setting_that_is_wrong_in_public_is_named(
    good: Settings, key: str, name: str, value: object
) -> None:
    setattr(good, name, value)
    assert found() == [key]
