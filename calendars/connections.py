"""The Connections tab: calendars we read, and the links channels read from us."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.tenancy import HostRequest, get_or_404, host
from calendars import exports, ledger, polling, sentences, tasks
from calendars.forms import ExportForm, FeedsForm
from calendars.models import ExportLink, Feed, FeedRead
from connectors import links
from connectors.broker import hint
from domain.channels import CHANNELS
from properties.models import Property

UNPROCESSABLE = 422
LATE = timedelta(minutes=60)
SOON = timedelta(minutes=2)
LOG_LINES = 20
EXPORT_IDS = "id_export_%s"  # two forms of the page have a label


def _property(request: HostRequest, public_id: str) -> Property:
    return get_or_404(Property.objects.all(), request, public_id=public_id)


def _feed(request: HostRequest, public_id: str, feed_id: str) -> Feed:
    rows = Feed.objects.select_related("property")
    return get_or_404(rows, request, property__public_id=public_id, public_id=feed_id)


def _link(request: HostRequest, public_id: str, link_id: str) -> ExportLink:
    rows = ExportLink.objects.select_related("property")
    return get_or_404(rows, request, property__public_id=public_id, public_id=link_id)


def _row(feed: Feed) -> dict[str, Any]:
    """What the page shows of a feed: its state in a word, and a sentence where something is wrong."""
    now = timezone.now()
    if feed.paused_at:
        state = "paused"
    elif feed.last_read_at is None or (feed.lease_until and feed.lease_until > now) or _is_due(feed, now):
        state = "checking"
    elif feed.failures:
        state = "failing"
    elif feed.last_good_at is None or now - feed.last_good_at > LATE:
        state = "late"
    elif feed.held_nights:
        state = "held"
    else:
        state = "ok"
    return {
        "feed": feed,
        "property": feed.property,
        "state": state,
        "problem": sentences.sentence(feed.problem),
        "waits": state == "checking",
    }


def _is_due(feed: Feed, now: datetime) -> bool:
    """Whether a worker is about to read it; long overdue means that none comes, which must not look busy."""
    return feed.next_poll_at is not None and now - SOON < feed.next_poll_at <= now


@require_GET
@host
def connections(request: HostRequest, public_id: str) -> HttpResponse:
    """The tab itself."""
    return _page(request, _property(request, public_id))


@require_http_methods(["GET", "POST"])
@host
def add_feeds(request: HostRequest, public_id: str) -> HttpResponse:
    """Add the pasted links; each is read at once in the background."""
    row = _property(request, public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect("calendars:connections", public_id)
    form = FeedsForm(row, request.POST)
    if not form.is_valid():
        return _page(request, row, form=form)
    now = timezone.now()
    ids = []
    for new in form.feeds:
        try:
            feed = Feed.objects.create(
                organization=request.org,
                property=row,
                channel=new.channel,
                label=new.label,
                url=new.url,
                url_digest=links.digest(new.url),
                host=links.host_of(new.url),
                created_at=now,
                next_poll_at=now,
            )
        except IntegrityError:  # the same link, pasted twice within a moment
            continue
        ids.append(feed.pk)
        _ensure_export(row, new.channel)
    hint(tasks.read_now, ids)
    return redirect("calendars:connections", row.public_id)


@require_GET
@host
def feed_row(request: HostRequest, public_id: str, feed_id: str) -> HttpResponse:
    """One feed's row, asked for again by the page while a read is under way."""
    feed = _feed(request, public_id, feed_id)
    if not request.htmx:  # type: ignore[attr-defined]  # django-htmx sets it
        return redirect("calendars:connections", public_id)
    return render(request, "calendars/connections.html#feed_row", _row(feed))


@require_GET
@host
def feed_log(request: HostRequest, public_id: str, feed_id: str) -> HttpResponse:
    """The sync log of one feed, newest first."""
    feed = _feed(request, public_id, feed_id)
    reads = FeedRead.objects.filter(feed=feed).order_by("-at")[:LOG_LINES]
    context = _row(feed) | {
        "reads": [{"read": read, "problem": sentences.sentence(read.problem)} for read in reads],
    }
    return render(request, "calendars/feed_log.html", context)


def _on_feed(
    action: Callable[[HostRequest, Feed], None],
) -> Callable[..., HttpResponse]:
    """A button on a feed: do it, then show the tab again (or only the row, for htmx)."""

    @require_POST
    @host
    def view(request: HostRequest, public_id: str, feed_id: str) -> HttpResponse:
        feed = _feed(request, public_id, feed_id)
        action(request, feed)
        if request.htmx and Feed.objects.of(request.org).filter(pk=feed.pk).exists():  # type: ignore[attr-defined]  # django-htmx sets it
            feed.refresh_from_db()
            return render(request, "calendars/connections.html#feed_row", _row(feed))
        return redirect("calendars:connections", public_id)

    return view


@_on_feed
def pause(request: HostRequest, feed: Feed) -> None:
    """Stop reading; what the feed closed stays closed."""
    Feed.objects.of(request.org).filter(pk=feed.pk, paused_at=None).update(paused_at=timezone.now())


@_on_feed
def resume(_request: HostRequest, feed: Feed) -> None:
    """Read again, starting now."""
    Feed.objects.filter(pk=feed.pk).update(paused_at=None, next_poll_at=timezone.now())
    hint(tasks.read_now, [feed.pk])


@_on_feed
def read(_request: HostRequest, feed: Feed) -> None:
    """Read now."""
    Feed.objects.filter(pk=feed.pk).update(next_poll_at=timezone.now())
    hint(tasks.read_now, [feed.pk])


@_on_feed
def free_held(request: HostRequest, feed: Feed) -> None:
    """Open the nights that wait to be confirmed: the host knows better."""
    count = polling.free_held(feed, timezone.now())
    words = ngettext("%(count)s night is open again.", "%(count)s nights are open again.", count)
    messages.success(request, words % {"count": count})


@_on_feed
def remove(request: HostRequest, feed: Feed) -> None:
    """Forget the feed; the nights only it closed open at once."""
    with ledger.changing(feed.property, timezone.now()) as change:
        ledger.remove_feed(change, feed)
    messages.success(
        request, _("%(feed)s is removed, and the nights only it closed are open.") % {"feed": feed.title}
    )


@require_http_methods(["GET", "POST"])
@host
def add_export(request: HostRequest, public_id: str) -> HttpResponse:
    """A link of its own for one more channel."""
    row = _property(request, public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect("calendars:connections", public_id)
    form = ExportForm(request.POST, auto_id=EXPORT_IDS)
    if not form.is_valid():
        return _page(request, row, export_form=form)
    _new_export(row, form.cleaned_data["channel"], form.cleaned_data["label"])
    return redirect("calendars:connections", public_id)


@require_POST
@host
def rotate_export(request: HostRequest, public_id: str, link_id: str) -> HttpResponse:
    """Replace a link's address; the old one answers for 48 hours more."""
    link = _link(request, public_id, link_id)
    exports.rotate(link, timezone.now())
    messages.success(
        request,
        _(
            "The link for %(channel)s is new. Paste it there within 48 hours; until then the old one still works."
        )
        % {"channel": link.title},
    )
    return redirect("calendars:connections", public_id)


@require_POST
@host
def revoke_export(request: HostRequest, public_id: str, link_id: str) -> HttpResponse:
    """Stop answering at a link, at once and for good."""
    link = _link(request, public_id, link_id)
    ExportLink.objects.of(request.org).live().filter(pk=link.pk).update(revoked_at=timezone.now())
    messages.success(request, _("The link for %(channel)s no longer answers.") % {"channel": link.title})
    return redirect("calendars:connections", public_id)


def _new_export(row: Property, channel: str, label: str = "") -> None:
    with ledger.changing(row, timezone.now()) as change:
        ledger.new_link(change, channel, label)


def _ensure_export(row: Property, channel: str) -> None:
    """A channel that we read needs a link to read us by."""
    links_of = ExportLink.objects.filter(property=row).live()
    if not links_of.filter(channel=channel).exists():
        _new_export(row, channel)


def _page(
    request: HostRequest, row: Property, form: FeedsForm | None = None, export_form: ExportForm | None = None
) -> HttpResponse:
    feeds = Feed.objects.of(request.org).filter(property=row).order_by("created_at", "pk")
    for feed in feeds:
        feed.property = row
    live = ExportLink.objects.of(request.org).live().filter(property=row).order_by("created_at", "pk")
    context = {
        "property": row,
        "tab": "connections",
        "feeds": [_row(feed) for feed in feeds],
        "exports": [
            {
                "link": link,
                "address": exports.address(link),
                "overlaps": link.previous_until is not None and link.previous_until > timezone.now(),
            }
            for link in live
        ],
        "form": form or FeedsForm(row),
        "export_form": export_form or ExportForm(auto_id=EXPORT_IDS),
        "channels": CHANNELS,
        "interval": int(settings.POLL_INTERVAL.total_seconds() // 60),
    }
    invalid = form is not None or export_form is not None
    return render(request, "calendars/connections.html", context, status=UNPROCESSABLE if invalid else 200)
