"""When guests come and go, for whoever cleans: no names, no prices, no sites."""

from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from api import cursors
from api.door import ApiRequest, OrgView, operation
from api.problems import invalid
from api.scopes import Scope
from api.wire import Clock, Day, Id, Out
from domain.board import Board
from properties.fields import EARLIEST, LATEST
from properties.models import Property
from upsells import doorstep
from upsells.doorstep import Move

USUAL, MOST = timedelta(days=14), timedelta(days=62)
A_MINUTE = timedelta(minutes=1)


class MoveOut(Out):
    """One guest who leaves or comes, by the home's own clock."""

    at = serializers.SerializerMethodField()
    is_sold = serializers.SerializerMethodField(
        help_text="A late check-out or an early check-in was bought: it isn't the home's usual time."
    )

    def get_at(self, move: Move) -> str:
        """The instant, with the home's own offset."""
        return move.at.isoformat()

    def get_is_sold(self, move: Move) -> bool:
        """Whether the hour was bought."""
        return move.sold is not None


class TurnoverOut(Out):
    """One day on which somebody leaves the home, or comes."""

    date = serializers.DateField()
    leaving = MoveOut(many=True)
    coming = MoveOut(many=True)
    rest = serializers.SerializerMethodField(
        help_text="Minutes between the guest who leaves and the one who comes; null where it isn't one of each."
    )
    is_tight = serializers.SerializerMethodField(help_text="Cleaning takes longer than that.")

    def get_rest(self, day: doorstep.Day) -> int | None:
        """In minutes, less than 0 where the one comes before the other has left."""
        return next((move.rest // A_MINUTE for move in day.leaving if move.rest is not None), None)

    def get_is_tight(self, day: doorstep.Day) -> bool:
        """Whether there is less time than cleaning takes."""
        return any(move.is_tight for move in day.leaving)


class HomeTurnoversOut(Out):
    """A home with its turnovers, the first day at the beginning."""

    property = serializers.CharField(source="home.public_id")
    name = serializers.CharField(source="home.name")
    check_out = Clock(source="home.check_out")
    check_in = Clock(source="home.check_in")
    turnaround = serializers.IntegerField(source="home.turnaround", help_text="Minutes that cleaning takes.")
    turnovers = TurnoverOut(many=True)


class AskedTurnovers(cursors.Paged):
    """Which homes, and which days."""

    property = Id(required=False, help_text="The id of a home; all that aren't put aside otherwise.")
    vars()["from"] = Day(required=False, help_text="The first day; today where it isn't named.")
    to = Day(required=False, help_text="The day after the last one; 14 days later where it isn't named.")


def _board(asked: dict[str, Any], today: date) -> Board:
    """The days that were asked for. Raises Problem for none, too many, and those that no calendar reaches."""
    first: date = asked.get("from") or min(asked.get("to", today), today)
    if not EARLIEST <= first <= LATEST - MOST:
        raise invalid({"from": _("Ask for days of this century.")})
    end: date = asked.get("to") or first + USUAL
    if end <= first:
        raise invalid({"to": _("Ask for a day after the first one.")})
    if end - first > MOST:
        raise invalid({"to": _("Ask for at most %(n)s days at once.") % {"n": MOST.days}})
    return Board(first, (end - first).days)


class Turnovers(OrgView):
    """All homes' turnovers."""

    @operation("listTurnovers", Scope.CALENDAR_READ, asks=AskedTurnovers, gives=HomeTurnoversOut, paged=True)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """List when guests come and go, home by home, those made first at the beginning.

        A stay that several calendars name counts once, with the nights that its guest bought beside it.
        """
        rows = Property.objects.of(request.org).active()
        if named := asked.get("property"):
            rows = rows.filter(public_id=named)
        homes, following = cursors.page(rows, asked, "turnovers", newest_first=False)
        today = min((home.house.today(request.now) for home in homes), default=request.now.date())
        found = doorstep.of_homes(request.org, homes, _board(asked, today), request.now)
        return [{"home": home, "turnovers": days} for home, days in found], following
