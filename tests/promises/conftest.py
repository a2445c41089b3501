"""The promises are told by the same people as the stories."""

from tests.stories.conftest import till

__all__ = ["till"]
