"""A simulator on a real socket."""

from collections.abc import Callable, Iterator

import pytest
from channel_client import Client, day

from simulator.server import application, in_thread
from tests.escapia import Escapia


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of a simulator that lives as long as the test run."""
    with in_thread(application()) as found:
        yield found


@pytest.fixture
def channels(address: str) -> Iterator[Client]:
    """A simulator that knows no listing yet."""
    client = Client(address)
    assert client.api("POST", "/reset").status_code == 204
    yield client
    client.api("POST", "/reset")


@pytest.fixture
def on() -> Callable[[int], str]:
    """The function that tells the date so many days after today."""
    return day


@pytest.fixture
def escapia(channels: Client) -> Escapia:
    """The simulated Escapia, as it starts."""
    return Escapia(channels.address)
