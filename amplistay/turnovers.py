"""When guests come and go, home by home, for whoever cleans: no names, no prices, no sites."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.tenancy import HostRequest, host, together
from domain.roles import Power
from properties.models import Property
from upsells.doorstep import Day, Move, days

AHEAD = 14  # days, today among them


@dataclass(slots=True)
class Turnover:
    """One day of a home: who leaves and who comes, by its own clock."""

    date: date
    leaving: list[Move] = field(default_factory=list)
    coming: list[Move] = field(default_factory=list)

    @property
    def tight(self) -> Move | None:
        """The departure after which there is less time than cleaning takes."""
        return next((move for move in self.leaving if move.is_tight), None)


@dataclass(frozen=True, slots=True)
class House:
    """A home with its turnovers, the next one first."""

    home: Property
    turnovers: list[Turnover]


@require_GET
@host(Power.CALENDAR)
@together
def page(request: HostRequest) -> HttpResponse:
    """The next two weeks of every home that is open to the member."""
    homes = list(Property.objects.of(request.org).active().order_by("name", "pk"))
    found = turnovers(homes, days(request.org, homes, timezone.now(), AHEAD))
    context = {"houses": found, "days": AHEAD}
    return render(request, "turnovers.html", context)


def turnovers(homes: Iterable[Property], found: Iterable[Day]) -> list[House]:
    """The same moves, home by home."""
    by_home: dict[int, dict[date, Turnover]] = defaultdict(dict)
    for day in found:
        for moves, side in ((day.leaving, "leaving"), (day.coming, "coming")):
            for move in moves:
                on = _day(move.at)
                turnover = by_home[move.home.pk].setdefault(on, Turnover(on))
                getattr(turnover, side).append(move)
    return [
        House(home, sorted(by_home[home.pk].values(), key=lambda turnover: turnover.date)) for home in homes
    ]


def _day(at: datetime) -> date:
    """The date on the home's clock, in whose zone moves are told."""
    return at.date()
