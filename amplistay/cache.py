"""The cache as a hint: when Redis is away, nothing is remembered and nothing fails."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis
from redis.exceptions import ConnectionError as Away
from redis.exceptions import TimeoutError as Late


class OneClient(RedisCacheClient):
    """One client for all commands; making one for each, as Django does, takes longer than most commands."""

    @cached_property
    def _only(self) -> Redis:
        return super().get_client(write=True)

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:  # noqa: ARG002 - there is one server
        """The client of the one server."""
        return self._only


class HintCache(RedisCache):
    """Redis, except that its absence is a miss (reads) or a no-op (writes)."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = OneClient

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """The value, or the default."""
        return _calmly(lambda: super(HintCache, self).get(key, default, version), default)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        """Remember the value if possible."""
        _calmly(lambda: super(HintCache, self).set(key, value, *args, **kwargs), None)

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        """Remember the value unless there is one; whether it was new."""
        return bool(_calmly(lambda: super(HintCache, self).add(key, value, *args, **kwargs), True))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget the value."""
        return bool(_calmly(lambda: super(HintCache, self).delete(key, version), False))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Count up; a count that can't be kept begins anew."""
        return int(_calmly(lambda: super(HintCache, self).incr(key, delta, version), delta))


def _calmly(act: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return act()
    except (Away, Late):
        return otherwise
