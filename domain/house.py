"""The clock of a property: when a night begins and ends, in its own time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.spans import NIGHT, Period, Span


@dataclass(frozen=True, slots=True)
class House:
    """Check-in and check-out in local time, turnaround in minutes.

    Night *d* runs from check-in on *d* to check-out on *d + 1*, local. Check-out must be
    before check-in, so that two nights never overlap; ValueError otherwise.
    """

    zone: ZoneInfo
    check_in: time = time(15)
    check_out: time = time(11)
    turnaround: int = 0

    def __post_init__(self) -> None:
        if self.check_out > self.check_in:
            message = "check-out must not be later than check-in"
            raise ValueError(message)

    def instant(self, day: date, at: time) -> datetime:
        """The local wall time as an instant in UTC; a skipped hour reads as the one after it."""
        return datetime.combine(day, at, self.zone).astimezone(UTC)

    def today(self, now: datetime) -> date:
        """The property's own date at the instant `now`."""
        return now.astimezone(self.zone).date()

    def night(self, day: date) -> Period:
        """The instants that night `day` takes."""
        return Period(self.instant(day, self.check_in), self.instant(day + NIGHT, self.check_out))

    def stay(self, span: Span) -> Period:
        """The instants from arrival on the first night to departure after the last."""
        return Period(self.instant(span.start, self.check_in), self.instant(span.end, self.check_out))

    def nights_of(self, period: Period) -> Span | None:
        """The nights whose own period this one overlaps; None when it only takes hours by day."""
        first = period.start.astimezone(self.zone).date() - NIGHT
        while self.instant(first + NIGHT, self.check_out) <= period.start:
            first += NIGHT
        last = period.end.astimezone(self.zone).date()
        while last >= first and self.instant(last, self.check_in) >= period.end:
            last -= NIGHT
        return Span(first, last + timedelta(days=1)) if last >= first else None
