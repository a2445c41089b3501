"""What makes impossible now what was quoted before: only what concerns time, not what the host sells or asks."""

from datetime import date

from domain.diary import Diary, turnaround
from domain.offers import Kind, tight_end, tight_start
from domain.spans import Period, Span
from domain.stops import Stop, Why


def hinders(kind: Kind, day: date, nights: Span | None, period: Period, diary: Diary) -> Stop | None:
    """The first thing in the diary that leaves no room for a purchase; None when it still fits.

    `day` is the check-out or check-in day that the purchase changes; the diary is without the purchase itself.
    """
    if nights and (taken := next((night for night in nights.nights() if diary.is_taken(night)), None)):
        return Stop(Why.TAKEN, night=taken)
    match kind:
        case Kind.EXTRA_NIGHTS:
            return tight_end(diary, nights.end) if nights else None
        case Kind.NIGHTS_BEFORE:
            return tight_start(diary, nights.start) if nights else None
    if hours := next((hours for hours in diary.hours if hours.overlaps(period)), None):
        return Stop(Why.HOURS, at=hours.start)
    pause = turnaround(diary.house)
    if kind is Kind.LATE_CHECK_OUT:
        comes = diary.next_arrival(day)
        return Stop(Why.TURNAROUND, at=comes) if comes and period.end + pause > comes else None
    left = diary.previous_departure(day)
    return Stop(Why.TURNAROUND, at=left) if left and left + pause > period.start else None
