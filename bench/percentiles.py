"""How long most of many things took."""

from collections.abc import Sequence


def slowest(sorted_times: Sequence[float], share: float) -> float:
    """The time that this share of them stayed within."""
    return sorted_times[int(share * (len(sorted_times) - 1))]
