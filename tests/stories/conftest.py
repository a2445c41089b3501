from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import Organization, User
from calendars.models import ExportLink
from properties.models import Property
from simulator.stripe_keys import DEMO_KEY, DEMO_WEBHOOK_SECRET
from tests import cast, tills
from tests.conftest import Listing, Simulator
from tests.escapia import Escapia
from tests.mirrored import Mirror
from tests.tills import Till
from upsells.models import Payment, StayLink


@pytest.fixture
def till(simulator: Simulator, settings: Settings, home: Property, place: Listing) -> Till:
    """Alice's account, and the offers of her home paid by card."""
    settings.STRIPE_SECRET_KEY = DEMO_KEY
    settings.STRIPE_API_BASE = f"{simulator.url}/stripe"
    settings.STRIPE_SIMULATED = True
    settings.STRIPE_WEBHOOK_SECRETS = [DEMO_WEBHOOK_SECRET]
    till = Till(simulator)
    till.options(webhook_url="none", refund_seconds=0)  # what a browser's test left behind
    till.simulator.call("POST", "/api/stripe/accounts", id=tills.ACCOUNT).raise_for_status()
    till.ahead(0)
    tills.an_account(home.organization)
    tills.by_card(home)
    return till


@pytest.fixture
def payment(link: StayLink, till: Till) -> Payment:
    return tills.at_the_page(link, till)


@pytest.fixture
def mirror(organization: Organization, escapia: Escapia, settings: Settings) -> Mirror:
    """A home that mirrors a unit two ways, and was read."""
    settings.MIRROR_BASE_URLS = {"escapia": escapia.base_urls}
    mirror = Mirror.of(cast.a_property(organization), escapia, two_way=True)
    mirror.read()
    return mirror


@pytest.fixture
def an_hours_patience(settings: Settings) -> None:
    settings.ALERT_AFTER, settings.POLL_INTERVAL = timedelta(hours=1), timedelta(minutes=15)


@pytest.fixture
def members(alice: User, bob: User, mallory: User) -> None:
    """Alice and Bob in one organization, Mallory in another."""


@pytest.fixture
def export(home: Property) -> ExportLink:
    return cast.an_export(home)
