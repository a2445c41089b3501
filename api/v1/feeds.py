"""The calendars that are read: added, told more or less, read now, and what came of it."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api import cursors
from api.door import ApiRequest, OrgView, operation
from api.problems import conflict, invalid, of_form
from api.scopes import Scope
from api.v1.properties import home_of
from api.wire import Body, Flag, Out, Text
from calendars import history, ledger, linking, removals, standing, tasks
from calendars.forms import SWITCHES, FeedForm, FeedsForm, LinkForm
from calendars.models import Feed, FeedRead
from connectors.broker import hint

LONGEST_LINK = 2_000


class FeedOut(Out):
    """One calendar that is read. Its link is a secret and never shown; `host` is the server it leads to."""

    id = serializers.CharField(source="public_id")
    property = serializers.CharField(source="property.public_id")
    channel = serializers.CharField()
    name = serializers.CharField(source="title")
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # DRF takes fields out of the class
    host = serializers.CharField()
    state = serializers.SerializerMethodField()
    problem = serializers.SerializerMethodField(
        help_text="What is wrong, as a sentence; empty when nothing is."
    )
    closed_nights = serializers.IntegerField()
    held_nights = serializers.IntegerField(
        help_text="Nights that it no longer names and that stay closed yet."
    )
    confirm_at = serializers.DateTimeField(allow_null=True, help_text="When the first held night can open.")
    last_read_at = serializers.DateTimeField(allow_null=True)
    last_good_at = serializers.DateTimeField(allow_null=True)
    next_read_at = serializers.DateTimeField(allow_null=True, source="turn")
    paused_at = serializers.DateTimeField(allow_null=True)
    sells_around = serializers.BooleanField(help_text="Preparation nights and short gaps may be sold.")
    sells_tentative = serializers.BooleanField(help_text="Nights that are only tentative there may be sold.")
    ends_inclusive = serializers.BooleanField(help_text="Its entries end with the last night.")
    created_at = serializers.DateTimeField()

    def get_state(self, feed: Feed) -> str:
        """fresh, held, partly, late, failing, quarantined, paused or checking."""
        return standing.standing(feed, self.context["now"]).value

    def get_problem(self, feed: Feed) -> str:
        """The sentence of the dashboard."""
        return str(standing.shown(feed, self.context["now"])["problem"])


class NewFeed(Body):
    """A link to read."""

    link = Text(max_length=LONGEST_LINK, help_text="The site's iCal link. https:// or webcal://.")
    label = Text(required=False, allow_blank=True, max_length=80)  # type: ignore[assignment]  # DRF takes fields out of the class


class NewLink(Body):
    """The link to read instead."""

    link = Text(max_length=LONGEST_LINK)


class Treatment(Body):
    """How it is called, and how it is read."""

    label = Text(required=False, allow_blank=True, max_length=80)  # type: ignore[assignment]  # DRF takes fields out of the class
    sells_around = Flag(required=False)
    sells_tentative = Flag(required=False)
    ends_inclusive = Flag(required=False)


class FreedOut(Out):
    """How many nights are open again."""

    nights = serializers.IntegerField()


class ReadOut(Out):
    """One line of the sync log: a read, or `times` of them in a row without news, from `at` to `until`."""

    at = serializers.DateTimeField()
    until = serializers.DateTimeField()
    times = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=FeedRead.Outcome.values)
    status = serializers.IntegerField(allow_null=True, help_text="Of HTTP.")
    milliseconds = serializers.IntegerField()
    events = serializers.IntegerField()
    closed_nights = serializers.IntegerField(help_text="That the calendar closes in all.")
    closed = serializers.IntegerField(help_text="Nights that this read closed.")
    opened = serializers.IntegerField(help_text="Nights that it opened.")
    held = serializers.IntegerField(help_text="Nights that it no longer named, and that stay closed yet.")
    said = serializers.SerializerMethodField(help_text="The same as a sentence.")

    def get_said(self, read: FeedRead) -> str:
        """The sentence of the dashboard."""
        with timezone.override(read.feed.property.house.zone):
            return history.line(read).said


def _feed(request: ApiRequest, feed_id: str) -> Feed:
    rows = Feed.objects.select_related("property").with_turns().defer("url")
    return get_or_404(rows, request, public_id=feed_id)


def _all(request: ApiRequest) -> Any:
    return Feed.objects.of(request.org).select_related("property").with_turns().defer("url")


class Feeds(OrgView):
    """The calendars of a home."""

    @operation("listFeeds", Scope.CALENDAR_READ, gives=FeedOut, many=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """The calendars that a home is read from."""
        home = home_of(request, property_id)
        return _all(request).filter(property=home).order_by("pk")

    @operation(
        "createFeed", Scope.CONNECTIONS_WRITE, takes=NewFeed, gives=FeedOut, status=201, at="api:feed",
        example={"link": "https://www.airbnb.com/calendar/ical/1.ics?s=abc"},
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Feed:
        """Read one more calendar, from now on. Its site gets an export link, unless it has one."""
        home = home_of(request, property_id)
        form = FeedsForm(home, {"links": asked["link"], "label": asked.get("label", "")})
        if not form.is_valid():
            raise of_form(form, {"links": "link"})
        if len(form.feeds) != 1:
            raise invalid({"link": _("Send one link at a time.")})
        ids = linking.connect(home, form.feeds, request.now)
        if not ids:
            raise invalid({"link": _("This link is already connected to this property.")})
        hint(tasks.read_now, ids)
        return _all(request).get(pk=ids[0])  # type: ignore[no-any-return]  # a Feed


class OneFeed(OrgView):
    """One calendar."""

    @operation("getFeed", Scope.CALENDAR_READ, gives=FeedOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], feed_id: str) -> Feed:
        """One calendar, and how it stands."""
        return _feed(request, feed_id)

    @operation(
        "treatFeed", Scope.CONNECTIONS_WRITE, takes=Treatment, gives=FeedOut, example={"sells_around": True}
    )
    def patch(self, request: ApiRequest, asked: dict[str, Any], feed_id: str) -> Feed:
        """Change a calendar's label, and how it is read."""
        feed = _feed(request, feed_id)
        data = {name: asked.get(name, getattr(feed, name)) for name in ("label", *SWITCHES)}
        form = FeedForm.about(feed, data)
        if not form.is_valid():
            raise of_form(form, {})
        if linking.treat(feed, form.cleaned_data["label"], form.switches, request.now):
            hint(tasks.read_now, [feed.pk])
        return _feed(request, feed_id)

    @operation("deleteFeed", Scope.CONNECTIONS_WRITE)
    def delete(self, request: ApiRequest, asked: dict[str, Any], feed_id: str) -> None:
        """Forget a calendar. The nights that only it closed open at once."""
        feed = _feed(request, feed_id)
        with ledger.changing(feed.property, request.now) as change:
            ledger.remove_feed(change, feed)


class Link(OrgView):
    """Its link."""

    @operation(
        "replaceFeedLink", Scope.CONNECTIONS_WRITE, takes=NewLink, gives=FeedOut,
        example={"link": "https://www.airbnb.com/calendar/ical/2.ics?s=def"},
    )  # fmt: skip
    def put(self, request: ApiRequest, asked: dict[str, Any], feed_id: str) -> Feed:
        """Read a calendar from another link.

        Nights that only the old one closed stay closed until more reads agree.
        """
        feed = _feed(request, feed_id)
        form = LinkForm(feed, {"link": asked["link"]})
        if not form.is_valid():
            raise of_form(form, {})
        try:
            linking.replace(feed, form.cleaned_data["link"], request.now)
        except linking.Connected as error:
            raise invalid({"link": _("This link is already connected to this property.")}) from error
        hint(tasks.read_now, [feed.pk])
        return _feed(request, feed_id)


class Pause(OrgView):
    """Paused."""

    @operation("pauseFeed", Scope.CONNECTIONS_WRITE, gives=FeedOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], feed_id: str) -> Feed:
        """Stop reading a calendar. What it closed stays closed."""
        feed = _feed(request, feed_id)
        Feed.objects.of(request.org).filter(pk=feed.pk, paused_at=None).update(paused_at=request.now)
        return _feed(request, feed_id)


class Resume(OrgView):
    """Resumed."""

    @operation("resumeFeed", Scope.CONNECTIONS_WRITE, gives=FeedOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], feed_id: str) -> Feed:
        """Read a calendar again, starting now."""
        feed = _feed(request, feed_id)
        rows = Feed.objects.of(request.org).filter(pk=feed.pk)
        rows.update(paused_at=None, next_poll_at=request.now)
        hint(tasks.read_now, [feed.pk])
        return _feed(request, feed_id)


class Read(OrgView):
    """Read now."""

    @operation("readFeed", Scope.CALENDAR_WRITE, gives=FeedOut, status=202)
    def post(self, request: ApiRequest, asked: dict[str, Any], feed_id: str) -> Feed:
        """Have a calendar read now.

        The answer doesn't wait for it: its state is `checking` until it was read.
        """
        feed = _feed(request, feed_id)
        if words := standing.why_not_read(feed, request.now):
            raise conflict(words)
        if standing.standing(feed, request.now) is not standing.Standing.CHECKING:
            Feed.objects.of(request.org).filter(pk=feed.pk).update(next_poll_at=request.now)
            hint(tasks.read_now, [feed.pk])
        return _feed(request, feed_id)


class Free(OrgView):
    """Open what is held."""

    @operation("freeHeldNights", Scope.CALENDAR_WRITE, gives=FreedOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], feed_id: str) -> Any:
        """Open the nights that a calendar no longer names, without waiting for more reads."""
        nights, _undo = removals.free_held(_feed(request, feed_id), request.now)
        return {"nights": nights}


class Reads(OrgView):
    """The sync log."""

    @operation("listReads", Scope.CALENDAR_READ, gives=ReadOut, paged=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], feed_id: str) -> Any:
        """What came of reading a calendar, the latest first."""
        feed = _feed(request, feed_id)
        return cursors.page(feed.reads.all(), asked, f"reads {feed.public_id}", newest_first=True)
