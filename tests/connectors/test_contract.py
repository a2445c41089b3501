"""Every line of the registry keeps the contract, as its recordings play it."""

from collections.abc import Iterator

import pytest

from connectors import registry
from tests.connectors import contract, plays
from tests.connectors.plays import Play


@pytest.fixture(params=contract.recordings())
def play(request: pytest.FixtureRequest) -> Iterator[Play]:
    with plays.played(request.param) as playing:
        yield playing


@pytest.fixture(params=[name for name in contract.recordings() if contract.of(name).block])
def closing(request: pytest.FixtureRequest) -> Iterator[Play]:
    """A system in which nights can be closed."""
    with plays.played(request.param) as playing:
        yield playing


class TestEverySystem(contract.Contract):
    """The one suite."""


def test_every_system_is_recorded() -> None:
    assert {contract.of(name).spec.key for name in contract.recordings()} == set(registry.SPECS)


def test_a_system_goes_by_its_key() -> None:
    assert [spec.key for spec in registry.SPECS.values()] == list(registry.SPECS)
