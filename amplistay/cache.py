"""The cache as a hint: when Redis is away, nothing is remembered and nothing fails."""

from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as Away
from redis.exceptions import TimeoutError as Late


class HintCache(RedisCache):
    """Redis, except that its absence is a miss (reads) or a no-op (writes)."""

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
