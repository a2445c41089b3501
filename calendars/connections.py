"""The Connections tab: calendars we read, and the links channels read from us."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit, deeds
from accounts.deeds import Change, What, done
from accounts.tenancy import HostRequest, fresh, get_or_404, host, together
from calendars import exports, ledger, linking, loopcard, readership, standing, subscribers, tasks
from calendars.forms import ExportForm, FeedsForm, PeopleForm
from calendars.models import ExportLink, Feed
from connectors import links
from connectors.broker import hint
from domain.channels import CHANNELS
from domain.roles import Power
from properties.models import Property

UNPROCESSABLE = 422
EXPORT_IDS = "id_export_%s"  # two forms of the page have a label


def _property(request: HostRequest, public_id: str) -> Property:
    return get_or_404(Property.objects.all(), request, public_id=public_id)


def _link(request: HostRequest, public_id: str, link_id: str) -> ExportLink:
    rows = ExportLink.objects.select_related("property")
    link = get_or_404(rows, request, property__public_id=public_id, public_id=link_id)
    audit.note(request, link=link.title)
    return link


@require_GET
@host(Power.CONNECT)
@together
def connections(request: HostRequest, public_id: str) -> HttpResponse:
    """The tab itself."""
    return page(request, _property(request, public_id))


@require_http_methods(["GET", "POST"])
@host(Power.CONNECT)
def add_feeds(request: HostRequest, public_id: str) -> HttpResponse:
    """Add the pasted links; each is read at once in the background."""
    row = _property(request, public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect("calendars:connections", public_id)
    form = FeedsForm(row, request.POST)
    if not form.is_valid():
        return page(request, row, form=form)
    new = linking.connect(row, form.feeds, timezone.now())
    hint(tasks.read_now, new)
    if new:
        words = ngettext(
            "The calendar is added and is being read.",
            "%(count)s calendars are added and are being read.",
            len(new),
        )
        messages.success(request, words % {"count": len(new)})
    audit.note(request, calendars=[links.host_of(feed.url) for feed in form.feeds])
    return redirect("calendars:connections", row.public_id)


@require_http_methods(["GET", "POST"])
@host(Power.CONNECT)
def add_export(request: HostRequest, public_id: str) -> HttpResponse:
    """A link of its own for one more channel."""
    row = _property(request, public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect("calendars:connections", public_id)
    form = ExportForm(request.POST, auto_id=EXPORT_IDS)
    if not form.is_valid():
        return page(request, row, export_form=form)
    _new_export(row, form.cleaned_data["channel"], form.cleaned_data["label"])
    audit.note(request, link=form.cleaned_data["label"] or form.cleaned_data["channel"])
    return redirect("calendars:connections", public_id)


@require_POST
@host(Power.CONNECT)
@fresh
def rotate_export(request: HostRequest, public_id: str, link_id: str) -> HttpResponse:
    """Replace a link's address; the old one answers for 48 hours more."""
    link = _link(request, public_id, link_id)
    words, now = {"channel": link.title}, timezone.now()
    if exports.rotate(link, now):
        fresh = _(
            "The link for %(channel)s is new. Paste it there within 48 hours; until then the old one still works."
        )
        after = {"version": link.version + 1, "previous_until": now + exports.OVERLAP, "revoked_at": None}
        before = {name: getattr(link, name) for name in (*after, "oldest_version")}
        _done(request, fresh % words, link, What([Change.of(link, before, after)]), deeds.COLUMNS)
    else:
        stale = _("The link for %(channel)s was renewed or revoked meanwhile. This is how it stands now.")
        messages.error(request, stale % words)
    return redirect("calendars:connections", public_id)


def _done(request: HostRequest, words: str, link: ExportLink, what: What, way: str) -> None:
    place = reverse("calendars:connections", args=[link.property.public_id])
    done(request, words, what, name=link.title, home=link.property.name, place=place, way=way)


@require_POST
@host(Power.CONNECT)
def revoke_export(request: HostRequest, public_id: str, link_id: str) -> HttpResponse:
    """Stop answering at a link, at once."""
    link, now = _link(request, public_id, link_id), timezone.now()
    words = _("The link for %(channel)s no longer answers.") % {"channel": link.title}
    if ExportLink.objects.of(request.org).live().filter(pk=link.pk).update(revoked_at=now):
        what = What([Change.of(link, {"revoked_at": None}, {"revoked_at": now})])
        _done(request, words, link, what, "link")
    else:
        messages.success(request, words)
    return redirect("calendars:connections", public_id)


def _new_export(row: Property, channel: str, label: str = "") -> None:
    with ledger.changing(row, timezone.now()) as change:
        linking.new_link(change, channel, label)


def page(
    request: HostRequest,
    row: Property,
    form: FeedsForm | None = None,
    export_form: ExportForm | None = None,
    people_form: PeopleForm | None = None,
) -> HttpResponse:
    """The tab with the form that was sent back, if any."""
    now = timezone.now()
    rows = Feed.objects.of(request.org).filter(property=row).with_turns().defer("url")
    feeds = list(rows.order_by("created_at", "pk"))
    for feed in feeds:
        feed.property = row
    live = ExportLink.objects.of(request.org).live().of_channels().filter(property=row)
    links = list(live.defer("body").order_by("created_at", "pk"))
    read = readership.shown(row, links, now)
    context = {
        "property": row,
        "tab": "connections",
        "is_read": any(feed.last_good_at for feed in feeds),
        "feeds": [standing.shown(feed, now) for feed in feeds],
        "exports": [
            {
                "link": link,
                "address": exports.address(link),
                "overlaps": link.previous_until is not None and link.previous_until > now,
                "receipt": read[link.pk],
            }
            for link in links
        ],
        "loop": loopcard.shown(row, now),
        "form": form or FeedsForm(row),
        "export_form": export_form or ExportForm(auto_id=EXPORT_IDS),
        "people": subscribers.shown(row, now, people_form),
        "people_form": people_form if people_form and people_form.link is None else PeopleForm(),
        "channels": CHANNELS,
        "pace": standing.pace(feeds),
    }
    invalid = any((form, export_form, people_form))
    return render(request, "calendars/connections.html", context, status=UNPROCESSABLE if invalid else 200)
