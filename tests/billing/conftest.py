from collections.abc import Iterator

import pytest
from pytest_django import Settings

from simulator.stripe_keys import DEMO_BILLING_SECRET, DEMO_KEY
from tests.billing.desk import Desk
from tests.conftest import Simulator


@pytest.fixture
def desk(simulator: Simulator, settings: Settings) -> Iterator[Desk]:
    settings.BILLING = True
    settings.STRIPE_SECRET_KEY = DEMO_KEY
    settings.STRIPE_API_BASE = f"{simulator.url}/stripe"
    settings.STRIPE_SIMULATED = True
    settings.STRIPE_BILLING_WEBHOOK_SECRETS = [DEMO_BILLING_SECRET]
    made = Desk(simulator)
    made.later(seconds=0)
    yield made
    simulator.call("POST", "/api/stripe/options", billing_webhook_url="none").raise_for_status()
    made.ahead *= 0
    made.later(seconds=0)
