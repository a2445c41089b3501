"""One feed: its row in the Connections tab, its own page, and its buttons and forms."""

from collections.abc import Callable
from datetime import date
from functools import wraps

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.deeds import Change, What, done
from accounts.tenancy import HostRequest, View, get_or_404, host
from calendars import history, linking, removals, standing, tasks
from calendars.forms import FeedForm, LinkForm
from calendars.models import Feed
from connectors.broker import hint
from domain.roles import Power

UNPROCESSABLE = 422
LINES = 50  # of the log on a page


def _feed(request: HostRequest, public_id: str, feed_id: str) -> Feed:
    rows = Feed.objects.select_related("property").with_turns().defer("url")
    feed = get_or_404(rows, request, property__public_id=public_id, public_id=feed_id)
    audit.note(request, calendar=feed.title)
    return feed


@require_GET
@host(Power.CONNECT)
def row(request: HostRequest, public_id: str, feed_id: str) -> HttpResponse:
    """One feed's row, asked for again by the tab while a read is under way."""
    feed = _feed(request, public_id, feed_id)
    if not request.htmx:
        return redirect("calendars:connections", public_id)
    return render(request, "calendars/connections.html#feed_row", standing.shown(feed, timezone.now()))


@require_GET
@host(Power.CONNECT)
def page(request: HostRequest, public_id: str, feed_id: str) -> HttpResponse:
    """A feed's own page: how it stands, its history, its log, and everything that can be done about it."""
    return _page(request, _feed(request, public_id, feed_id))


def _page(
    request: HostRequest, feed: Feed, form: FeedForm | None = None, link_form: LinkForm | None = None
) -> HttpResponse:
    now = timezone.now()
    reads = Paginator(feed.reads.order_by("-at", "-pk"), LINES).get_page(request.GET.get("page"))
    with timezone.override(feed.property.house.zone):
        context = standing.shown(feed, now) | {
            "page": reads,
            "lines": [history.line(read) for read in reads],
            "chart": history.chart(feed, now),
            "form": form or FeedForm.about(feed),
            "pace": standing.pace([feed]) if feed.is_mirror else "",
            "link_form": link_form or LinkForm(feed),
        }
    is_fragment = request.method == "GET" and request.htmx
    invalid = form is not None or link_form is not None
    template = "calendars/feed.html" + ("#news" if is_fragment else "")
    return render(request, template, context, status=UNPROCESSABLE if invalid else 200)


# Buttons


type _Action = Callable[[HostRequest, Feed], None]


def _button(power: Power) -> Callable[[_Action], Callable[..., HttpResponse]]:
    """A button on a feed: do it, then show what stood around the button (or only the row, for htmx)."""
    return lambda action: require_POST(host(power)(_pressed(action)))


def _pressed(action: _Action) -> View[[str, str]]:
    @wraps(action)
    def view(request: HostRequest, public_id: str, feed_id: str) -> HttpResponse:
        feed = _feed(request, public_id, feed_id)
        action(request, feed)
        rows = Feed.objects.of(request.org).select_related("property").with_turns()
        there = rows.filter(pk=feed.pk).first()
        if request.htmx and there:
            context = standing.shown(there, timezone.now())
            return render(request, "calendars/connections.html#feed_row", context)
        return redirect(_back(request, feed) if there else _connections(feed))

    return view


def _connections(feed: Feed) -> str:
    return reverse("calendars:connections", args=[feed.property.public_id])


def _own(feed: Feed) -> str:
    return reverse("calendars:log", args=[feed.property.public_id, feed.public_id])


def _back(request: HostRequest, feed: Feed) -> str:
    """The page that the button was on: the feed's own, a night of the month, or the tab."""
    origin = request.POST.get("from", "")
    if origin == "page":
        return _own(feed)
    try:
        night = date.fromisoformat(origin)
    except ValueError:
        return _connections(feed)
    month = reverse("calendars:month", args=[feed.property.public_id])
    return f"{month}?month={night:%Y-%m}&night={night}"


@_button(Power.CONNECT)
def pause(request: HostRequest, feed: Feed) -> None:
    """Stop reading; what the feed closed stays closed."""
    now = timezone.now()
    if Feed.objects.of(request.org).filter(pk=feed.pk, paused_at=None).update(paused_at=now):
        words = _("%(feed)s is paused. What it closed stays closed.") % {"feed": feed.title}
        what = What([Change.of(feed, {"paused_at": None}, {"paused_at": now})])
        done(request, words, what, name=feed.title, home=feed.property.name, place=_back(request, feed))


@_button(Power.CONNECT)
def resume(request: HostRequest, feed: Feed) -> None:
    """Read again, starting now."""
    Feed.objects.of(request.org).filter(pk=feed.pk).update(paused_at=None, next_poll_at=timezone.now())
    hint(tasks.read_now, [feed.pk])


@_button(Power.KEEP)
def read(request: HostRequest, feed: Feed) -> None:
    """Read now, unless it is being read or was a moment ago."""
    now = timezone.now()
    if words := standing.why_not_read(feed, now):
        messages.info(request, words)
    elif standing.standing(feed, now) is not standing.Standing.CHECKING:
        Feed.objects.of(request.org).filter(pk=feed.pk).update(next_poll_at=now)
        hint(tasks.read_now, [feed.pk])


@_button(Power.KEEP)
def free_held(request: HostRequest, feed: Feed) -> None:
    """Open the nights that wait to be confirmed: the host knows better."""
    count, what = removals.free_held(feed, timezone.now())
    words = ngettext("%(count)s night is open again.", "%(count)s nights are open again.", count)
    words %= {"count": count}
    if count:
        done(
            request,
            words,
            what,
            name=feed.title,
            home=feed.property.name,
            place=_back(request, feed),
            way="nights",
        )
    else:
        messages.success(request, words)


@_button(Power.CONNECT)
def remove(request: HostRequest, feed: Feed) -> None:
    """Remove the feed; the nights only it closed open at once."""
    what = removals.remove_feed(feed, timezone.now())
    words = _("%(feed)s is removed, and the nights only it closed are open.") % {"feed": feed.title}
    done(request, words, what, name=feed.title, home=feed.property.name, place=_connections(feed), way="feed")


# Forms


@require_http_methods(["GET", "POST"])
@host(Power.CONNECT)
def treat(request: HostRequest, public_id: str, feed_id: str) -> HttpResponse:
    """Change the label, and how the calendar is read."""
    feed = _feed(request, public_id, feed_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect(_own(feed))
    form = FeedForm.about(feed, request.POST)
    if not form.is_valid():
        return _page(request, feed, form=form)
    if linking.treat(feed, form.cleaned_data["label"], form.switches, timezone.now()):
        hint(tasks.read_now, [feed.pk])
    messages.success(request, _("Saved."))
    return redirect(_own(feed))


@require_http_methods(["GET", "POST"])
@host(Power.CONNECT)
def replace(request: HostRequest, public_id: str, feed_id: str) -> HttpResponse:
    """Read the feed from another link from now on."""
    feed = _feed(request, public_id, feed_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect(_own(feed))
    form = LinkForm(feed, request.POST)
    if not form.is_valid():
        return _page(request, feed, link_form=form)
    try:
        what = linking.replace(feed, form.cleaned_data["link"], timezone.now())
    except linking.Connected:  # the same link, added to this property within a moment
        form.add_error("link", _("This link is already connected to this property."))
        return _page(request, feed, link_form=form)
    hint(tasks.read_now, [feed.pk])
    words = _(
        "The new link is being read. Nights that only the old one closed stay closed until more reads agree."
    )
    done(request, words, what, name=feed.title, home=feed.property.name, place=_own(feed))
    return redirect(_own(feed))
