from collections.abc import Iterator

import pytest

from connectors.sandbox import Sandbox


@pytest.fixture
def hostile() -> Iterator[Sandbox]:
    """A sandbox whose child does what the calendar says."""
    made = Sandbox(module="tests.connectors.hostile_child")
    yield made
    made.close()
