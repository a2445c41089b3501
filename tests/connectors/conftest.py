from collections.abc import Iterator

import pytest

from connectors.sandbox import Sandbox
from connectors.stripe_api import Stripe
from simulator.server import application, in_thread
from tests.connectors.offices import Office
from tests.till import Till


@pytest.fixture
def hostile() -> Iterator[Sandbox]:
    """A sandbox whose child does what the calendar says."""
    made = Sandbox(module="tests.connectors.hostile_child")
    yield made
    made.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the simulator listens, while the tests of one file run."""
    with in_thread(application()) as found:
        yield found


@pytest.fixture
def office(address: str) -> Office:
    """The simulated Escapia as it is at first."""
    made = Office(address)
    made.reset()
    return made


@pytest.fixture
def till(address: str) -> Till:
    """The simulated Stripe as it is at first."""
    made = Till(address)
    made.reset()
    return made


@pytest.fixture
def stripe(till: Till) -> Stripe:
    """The door to it."""
    return till.stripe()
