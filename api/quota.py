"""How often one token may ask: a fixed window of a minute, counted in Redis, open while Redis is away."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from api.models import ApiToken
from upsells.limits import tally

WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of the minute: requests, and seconds until the next one."""

    most: int
    left: int
    seconds: int

    @property
    def is_spent(self) -> bool:
        """Whether this request was one too many."""
        return self.left < 0

    @property
    def headers(self) -> Mapping[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers-06 names them, which most software knows."""
        return {
            "RateLimit-Limit": str(self.most),
            "RateLimit-Remaining": str(max(self.left, 0)),
            "RateLimit-Reset": str(self.seconds),
        }


def spend(token: ApiToken, now: datetime) -> Quota:
    """Count one request of the token."""
    window, passed = divmod(int(now.timestamp()), WINDOW_S)
    count = tally(f"api:{token.public_id}:{window}", WINDOW_S)
    return Quota(settings.API_REQUESTS_A_MINUTE, settings.API_REQUESTS_A_MINUTE - count, WINDOW_S - passed)
