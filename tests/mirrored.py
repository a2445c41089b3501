"""A manager's account at the simulated Escapia, with one unit that a home of ours mirrors."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from calendars import closing, leases, mirrors, polling
from calendars.mirrors import Entry
from calendars.models import Connection, Feed, FeedRead
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.escapia import Escapia, Pmc, Unit

MINUTE = timedelta(minutes=1)
FLOOR = timedelta(minutes=5)


def keys_of(pmc: Pmc) -> dict[str, str]:
    """What a manager enters for the REST interface."""
    keys = pmc.keys["hsapi"]
    return {"hsapi_id": keys["id"], "hsapi_secret": keys["secret"], "hsapi_manager": pmc.id}


@dataclass
class Mirror:
    """The account, the unit over there, the home here, and the clock: the real one, moved by hand."""

    escapia: Escapia
    connection: Connection
    unit: Unit
    home: Property
    feed: Feed
    now: datetime

    @classmethod
    def of(cls, home: Property, escapia: Escapia, *, two_way: bool = False, place: int = 0) -> "Mirror":
        now = timezone.now()
        entry = Entry(
            system="escapia",
            name="Beach rentals",
            credentials=keys_of(escapia.pmc()),
            switches={"last_day": "departure"},  # as the simulator means it unless told otherwise
            time_zone="Europe/Madrid",
        )
        connection = mirrors.connect(home.organization, entry, now)
        mirrors.set_two_way(connection, two_way=two_way)
        connection.refresh_from_db()
        unit = escapia.unit(place=place)
        feed = mirrors.mirror(connection, unit.id, home, "", now)
        return cls(escapia, connection, unit, home, feed, now)

    def days(self, start: int, count: int = 1) -> Span:
        """`count` nights that begin `start` days from the home's today."""
        first = self.home.house.today(self.now) + timedelta(days=start)
        return Span(first, first + timedelta(days=count))

    def book(self, nights: Span) -> str:
        return self.escapia.book(self.unit, nights.start, nights.end)

    def later(self, by: timedelta = FLOOR) -> datetime:
        self.now += by
        return self.now

    def read(self, *, somebody_waits: bool = False) -> FeedRead | None:
        """One read of the unit, if it may be read now."""
        lease, ids = leases.claim_these([self.feed.pk], self.now)
        lines = polling.read(ids, lease, self.now, somebody_waits=somebody_waits)
        self.feed.refresh_from_db()
        return lines[0] if lines else None

    def tell(self) -> int:
        """One turn of closing nights there; how many closures were tried."""
        closing.follow(self.now)
        return closing.send_due(self.now)

    def busy(self) -> list[Span]:
        return [Span(*pair) for pair in cast.busy(self.home)]

    def there(self) -> list[Span]:
        """What is taken over there."""
        return [Span(*pair) for pair in self.escapia.nights(self.unit)]

    def asked(self) -> int:
        """How often the unit's calendar was asked for."""
        return len(self.escapia.requests_of(self.unit, operation="GetUnitNonAvailability"))
