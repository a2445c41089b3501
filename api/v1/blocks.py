"""Which nights are free, which aren't and why, and nights closed by the host."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api import cursors
from api.door import ApiRequest, OrgView, operation
from api.problems import conflict, invalid, of_form
from api.scopes import Scope
from api.v1.properties import home_named, home_of
from api.wire import Body, Day, Id, Out, Query, Text
from calendars import ledger
from calendars.forms import BlockForm
from calendars.lineage import channel_of
from calendars.models import Block
from domain.events import Kind
from domain.spans import Span
from properties.fields import EARLIEST, LATEST
from properties.models import Property

USUAL, MOST = timedelta(days=90), timedelta(days=731)
TRIES = 5  # to see everything in one state, while others change it
KINDS, ORIGINS = [kind.value for kind in Kind], Block.Origin.values


class SourceOut(Out):
    """One claim on a night. `yields` when the host lets the night be sold all the same: alone, it doesn't close it."""

    block = serializers.CharField(source="public_id", help_text="The id of the block.")
    origin = serializers.ChoiceField(choices=ORIGINS)
    kind = serializers.ChoiceField(choices=KINDS)
    feed = serializers.SerializerMethodField(help_text="The id of the calendar that names it.")
    channel = serializers.SerializerMethodField(help_text="The site whose calendar that is, or Amplistay.")
    since = serializers.DateTimeField()
    missing_since = serializers.DateTimeField(
        allow_null=True,
        help_text="Since when its calendar no longer names it; it stays closed until that is sure.",
    )
    yields = serializers.BooleanField()

    def get_feed(self, block: Block) -> str | None:
        """Its id; null for what is ours."""
        return block.feed.public_id if block.feed else None

    def get_channel(self, block: Block) -> str:
        """Its key."""
        return channel_of(block).key


class NightOut(Out):
    """One night, from check-in on its date to check-out on the day after."""

    date = serializers.DateField()
    status = serializers.ChoiceField(choices=["free", "closed"])
    sources = SourceOut(many=True)


class AvailabilityOut(Out):
    """The merged calendar; `version` grows with each change of the home's nights."""

    version = serializers.IntegerField()
    nights = NightOut(many=True)
    busy = serializers.ListField(
        child=serializers.ListField(child=serializers.DateField(), min_length=2, max_length=2),
        help_text="Runs of closed nights: the first of them and the morning after the last, within the window.",
    )


class BlockOut(Out):
    """One claim on a home's time: whole nights, or hours alone."""

    id = serializers.CharField(source="public_id")
    property = serializers.CharField(source="property.public_id")
    origin = serializers.ChoiceField(choices=ORIGINS)
    kind = serializers.ChoiceField(choices=KINDS)
    arrival = serializers.DateField(allow_null=True, source="nights.lower")
    departure = serializers.DateField(allow_null=True, source="nights.upper")
    starts_at = serializers.SerializerMethodField()
    ends_at = serializers.SerializerMethodField()
    feed = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField(help_text="The host's note to a block of their own.")
    since = serializers.DateTimeField()
    missing_since = serializers.DateTimeField(allow_null=True)
    yields = serializers.BooleanField()

    def get_starts_at(self, block: Block) -> str | None:
        """The instant, where hours are known."""
        return _local(block, "lower")

    def get_ends_at(self, block: Block) -> str | None:
        """The instant, where hours are known."""
        return _local(block, "upper")

    def get_feed(self, block: Block) -> str | None:
        """The id of the calendar that names it; null for what is ours."""
        return block.feed.public_id if block.feed else None

    def get_note(self, block: Block) -> str:
        """Of the host's own; what other calendars say may name a guest."""
        return block.summary if block.origin == Block.Origin.HOST else ""


class BlockBody(Body):
    """Nights to close by hand, from `arrival` to the one before `departure`."""

    property = Id(help_text="The id of the home.")
    arrival = Day()
    departure = Day()
    note = Text(required=False, allow_blank=True, max_length=200)


class Window(Query):
    """Which nights."""

    vars()["from"] = Day(required=False, help_text="The first night; today where it isn't named.")
    to = Day(required=False, help_text="The day after the last night; 90 days later where it isn't named.")


class AskedBlocks(cursors.Paged):
    """Which blocks."""

    property = Id(required=False, help_text="The id of a home.")
    origin = serializers.ChoiceField(required=False, choices=ORIGINS)
    vars()["from"] = Day(required=False, help_text="Those with a night on or after the day.")
    to = Day(required=False, help_text="Those with a night before the day.")


def _local(block: Block, edge: str) -> str | None:
    if not block.period or getattr(block.period, edge) is None:
        return None
    text: str = getattr(block.period, edge).astimezone(block.property.house.zone).isoformat()
    return text


def span_of(asked: dict[str, Any], today: date) -> Span:
    """The nights that were asked for. Raises Problem for none, too many, and days that no calendar reaches."""
    start: date = asked.get("from") or min(asked.get("to", today), today)
    end: date = asked.get("to") or start + USUAL if start <= LATEST else LATEST
    if not EARLIEST <= start <= LATEST:
        raise invalid({"from": _("Ask for days of this century.")})
    if end <= start:
        raise invalid({"to": _("Ask for a day after the first night.")})
    if end - start > MOST:
        raise invalid({"to": _("Ask for at most %(n)s nights at once.") % {"n": MOST.days}})
    return Span(start, end)


class Availability(OrgView):
    """The merged calendar."""

    @operation("getAvailability", Scope.CALENDAR_READ, asks=Window, gives=AvailabilityOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """Every night's state, with what closes it.

        All of it is from one state of the calendar, the one that `version` names.
        """
        home = home_of(request, property_id)
        span = span_of(asked, home.house.today(request.now))
        for _try in range(TRIES):
            version = _version(request, home)
            blocks = list(_blocks(request).filter(property=home).overlapping(span).order_by("since", "pk"))
            busy = [run for each in ledger.taken(home, span) if (run := _within(each, span))]
            if _version(request, home) == version:
                break
        nights = [_night(night, blocks, busy) for night in span.nights()]
        return {"version": version, "nights": nights, "busy": [[run.start, run.end] for run in busy]}


def _blocks(request: ApiRequest) -> Any:
    rows = Block.objects.of(request.org).select_related("feed", "property")
    return rows.defer("feed__url")


def _version(request: ApiRequest, home: Property) -> int:
    rows = Property.objects.of(request.org).filter(pk=home.pk)
    return rows.values_list("calendar__version", flat=True).first() or 0


def _within(run: Span, window: Span) -> Span | None:
    start, end = max(run.start, window.start), min(run.end, window.end)
    return Span(start, end) if start < end else None


def _night(night: date, blocks: Iterable[Block], busy: Iterable[Span]) -> dict[str, Any]:
    there = [block for block in blocks if (span := block.span) and night in span]
    closed = any(night in run for run in busy)
    return {"date": night, "status": "closed" if closed else "free", "sources": there}


class Blocks(OrgView):
    """All claims."""

    @operation("listBlocks", Scope.CALENDAR_READ, asks=AskedBlocks, gives=BlockOut, paged=True)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """List the claims on homes' time, those made first at the beginning."""
        rows = _blocks(request)
        if home := asked.get("property"):
            rows = rows.filter(property__public_id=home)
        if origin := asked.get("origin"):
            rows = rows.filter(origin=origin)
        if first := asked.get("from"):
            rows = rows.filter(nights__endswith__gt=first)
        if end := asked.get("to"):
            rows = rows.filter(nights__startswith__lt=end)
        return cursors.page(rows, asked, "blocks", newest_first=False)

    @operation(
        "createBlock", Scope.CALENDAR_WRITE, takes=BlockBody, gives=BlockOut, status=201, at="api:block",
        example={"property": "k3v8", "arrival": "2027-03-01", "departure": "2027-03-05", "note": "Painters"},
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: dict[str, Any]) -> Block:
        """Close nights by hand. Every channel sees it the next time it reads its link."""
        home = home_named(request, asked)
        data = {"start": asked["arrival"], "end": asked["departure"], "note": asked.get("note", "")}
        form = BlockForm(home.house.today(request.now), data)
        if not form.is_valid():
            raise of_form(form, {"start": "arrival", "end": "departure"})
        with ledger.changing(home, request.now) as change:
            return ledger.close(change, form.span, form.cleaned_data["note"])


class OneBlock(OrgView):
    """One claim."""

    @operation("getBlock", Scope.CALENDAR_READ, gives=BlockOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], block_id: str) -> Block:
        """One claim."""
        rows = Block.objects.select_related("feed", "property").defer("feed__url")
        return get_or_404(rows, request, public_id=block_id)

    @operation("deleteBlock", Scope.CALENDAR_WRITE)
    def delete(self, request: ApiRequest, asked: dict[str, Any], block_id: str) -> None:
        """Open nights that were closed by hand. What something else closes stays closed."""
        block = get_or_404(Block.objects.select_related("property"), request, public_id=block_id)
        if block.origin != Block.Origin.HOST:
            raise conflict(_("Only nights that were closed by hand can be opened here."))
        with ledger.changing(block.property, request.now) as change:
            ledger.reopen(change, block)
