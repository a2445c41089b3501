"""A client of a running simulator, for the tests."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests


@dataclass(frozen=True, slots=True)
class Client:
    """Requests to one simulator, given by its address."""

    address: str

    def api(self, method: str, path: str, **values: Any) -> requests.Response:
        """One call of the control API with the values as its JSON body."""
        return requests.request(method, f"{self.address}/api{path}", json=values, timeout=10)

    def listing(self, channel: str = "airbnb", listing_id: str = "one", **options: Any) -> dict[str, Any]:
        """A listing that reads its imports only when told to, unless the options say otherwise."""
        given = {"import_interval": 0, "timezone": "UTC", "name": f"Flat {listing_id}"} | options
        return self._json(self.api("POST", "/listings", channel=channel, id=listing_id, **given))

    def state(self, listing_id: str = "one") -> dict[str, Any]:
        """Everything the simulator tells of the listing."""
        return self._json(self.api("GET", f"/listings/{listing_id}"))

    def book(self, start: int, end: int, listing_id: str = "one", **values: Any) -> requests.Response:
        """A booking from `start` to `end` days after today."""
        return self.api(
            "POST", f"/listings/{listing_id}/bookings", arrival=day(start), departure=day(end), **values
        )

    def fault(self, mode: str, listing_id: str = "one", **values: Any) -> None:
        """Make the listing's feed misbehave."""
        self._json(self.api("POST", f"/listings/{listing_id}/fault", mode=mode, **values))

    def read(self, listing_id: str = "one", timeout: float = 10, **options: Any) -> requests.Response:
        """One read of the listing's feed by its own host name, over loopback."""
        link = urlsplit(self.state(listing_id)["export_url"])
        target = f"{self.address}{link.path}" + (f"?{link.query}" if link.query else "")
        headers = {"Host": link.netloc, "User-Agent": "Test/1.0"} | options.pop("headers", {})
        return requests.get(target, headers=headers, timeout=timeout, allow_redirects=False, **options)

    @staticmethod
    def _json(answer: requests.Response) -> dict[str, Any]:
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found


def day(offset: int) -> str:
    """The date so many days after today (UTC), in ISO form."""
    today: date = datetime.now(UTC).date()
    return (today + timedelta(days=offset)).isoformat()
