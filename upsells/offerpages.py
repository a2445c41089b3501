"""The Offers tab: what a property sells, each offer's own form with a live preview, copying, the cleaners' limit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.deeds import Change, What, done
from accounts.models import Organization
from accounts.tenancy import HostRequest, get_or_404, host, together
from billing.limits import why_not_sell
from calendars.models import Feed
from domain.roles import Power
from properties.models import Property
from upsells import previews, sentences, terms
from upsells.models import Offer
from upsells.offerforms import TermsForm, form_for
from upsells.shelves import Side, Stay
from upsells.tabforms import CleanersForm, CopyForm, DayForm

UNPROCESSABLE = 422
USUAL_PERSONS = 2
NAME = 200  # characters of what a deed was done to
ICONS = {
    "extra_nights": "bed-double",
    "nights_before": "calendar-plus",
    "late_check_out": "alarm-clock",
    "early_check_in": "key-round",
}


def _home(request: HostRequest, public_id: str) -> Property:
    row = get_or_404(Property.objects.all(), request, public_id=public_id)
    row.organization = request.org
    return row


def _saved(request: HostRequest, home: Property) -> list[Offer]:
    found = list(Offer.objects.of(request.org).filter(property=home))
    for offer in found:
        offer.property = home
    return sorted(found, key=lambda offer: Offer.Kind.values.index(offer.kind))


def _offer(request: HostRequest, home: Property, kind: str) -> Offer:
    """The home's offer of the kind, one to start with when there is none yet; 404 for a kind that doesn't exist."""
    if kind not in Offer.Kind.values:
        raise Http404
    found = Offer.objects.of(request.org).filter(property=home, kind=kind).first()
    if found:
        found.property = home
    return found or terms.start(home, kind)


# The tab


@require_GET
@host(Power.GUESTS)
@together
def offers(request: HostRequest, public_id: str) -> HttpResponse:
    """All four offers at a glance, and what a guest of a day would be offered by them."""
    return _tab(request, _home(request, public_id))


def _tab(
    request: HostRequest,
    home: Property,
    copying: CopyForm | None = None,
    cleaners: CleanersForm | None = None,
) -> HttpResponse:
    now, saved = timezone.now(), _saved(request, home)
    others = Property.objects.of(request.org).active().exclude(pk=home.pk).order_by("name")
    side = Side.ARRIVING if request.GET.get("side") == Side.ARRIVING else Side.LEAVING
    every = terms.at_home(home, saved)
    context = {
        "property": home,
        "tab": "offers",
        "cards": [card(offer, home) for offer in every.values()],
        "unpayable": [offer.get_kind_display() for offer in terms.unpayable(home, saved)],
        "sells": any(offer.mode != Offer.Mode.OFF for offer in saved),
        "copying": copying or (CopyForm(saved, others) if saved and others else None),
        "cleaners": cleaners or CleanersForm(initial={"cleanings": request.org.cleanings_a_day}),
        **_preview(home, saved or every.values(), side, request.GET, now),
    }
    status = UNPROCESSABLE if copying or cleaners or context["day_form"].errors else 200
    fragment = request.htmx and request.method == "GET"
    return render(request, "upsells/offers.html" + ("#preview" if fragment else ""), context, status=status)


def card(offer: Offer, home: Property) -> dict[str, Any]:
    """What a card says of an offer."""
    return {
        "offer": offer,
        "name": offer.get_kind_display(),
        "icon": ICONS[offer.kind],
        "price": sentences.glance(offer, home),
        "reach": sentences.reach(offer, home, terms.farthest(offer, home)),
    }


def _preview(
    home: Property, chosen: Iterable[Offer], side: Side, data: QueryDict, now: datetime
) -> dict[str, Any]:
    """What a guest of the day would be offered; the day is the one that was asked for, else the next real one."""
    days = previews.days(home, now)
    asked = next((text for text in (data.get("preview", ""), data.get("day", "")) if len(text) > 1), "")
    form = DayForm({"day": asked or str(days.first(side))})
    stay = Stay(form.cleaned_data["day"], side, USUAL_PERSONS) if form.is_valid() else None
    tried = previews.tried(home, chosen, stay, now) if stay else []
    notes = previews.notes(home, stay, now) if stay else []
    stops = any(note.stops for note in notes)
    count = 0 if stops else sum(len(each.options) for each in tried)
    return {
        "day_form": form,
        "side": side.value,
        "day": stay.day if stay else None,
        "days": days.of(side),
        "tried": tried,
        "said": ngettext("%(n)s option for the guest.", "%(n)s options for the guest.", count) % {"n": count},
        "notes": notes,
        "stops": stops,
        "persons": USUAL_PERSONS if any(tax.per_person for tax in home.tax_rules) else 0,
    }


@require_POST
@host(Power.SET_UP)
def start(request: HostRequest, public_id: str) -> HttpResponse:
    """Put everything on sale that isn't yet, with sensible terms where there are none."""
    home = _home(request, public_id)
    found = terms.at_home(home, _saved(request, home)).values()
    off = [offer for offer in found if offer.mode == Offer.Mode.OFF]
    if off and (why := why_not_sell(request.org.pk, timezone.now())):
        messages.error(request, why)
        return redirect("upsells:offers", public_id)
    refused = [offer for offer in off if not _switch(offer, home, Offer.Mode.INSTANT)]
    for offer in refused:
        _ask_for_terms(request, offer)
    if len(refused) < len(off):
        messages.success(request, _("On sale. Look at the prices once, and send guests their link."))
        if (unread := previews.calendars(home, timezone.now())) and unread.stops:
            messages.warning(request, unread.text)
    return redirect("upsells:offers", public_id)


@require_POST
@host(Power.SET_UP)
def switch(request: HostRequest, public_id: str, kind: str) -> HttpResponse:
    """Sell one offer at once, on request, or not at all; its form opens where its terms don't hold any more."""
    home = _home(request, public_id)
    offer, mode = _offer(request, home, kind), request.POST.get("mode", "")
    before = offer.mode
    if mode not in Offer.Mode.values:
        messages.error(request, _("Choose how it is sold."))
        return redirect("upsells:offers", public_id)
    if before == Offer.Mode.OFF != mode and (why := why_not_sell(request.org.pk, timezone.now())):
        messages.error(request, why)
        return redirect("upsells:offers", public_id)
    if not _switch(offer, home, Offer.Mode(mode)):
        _ask_for_terms(request, offer)
        return redirect("upsells:terms", public_id, kind)
    words = _("%(offer)s: not on sale.") if mode == Offer.Mode.OFF else _("%(offer)s: on sale.")
    words, place = words % {"offer": offer.get_kind_display()}, reverse("upsells:offers", args=[public_id])
    if mode == Offer.Mode.OFF != before:
        what = What([terms.of_the_home(home), Change.of(offer, {"mode": before}, {"mode": mode})])
        done(request, words, what, name=offer.get_kind_display(), home=home.name, place=place)
    else:
        audit.note_change(request, Offer, {"mode": before}, {"mode": mode})
        messages.success(request, words)
    return redirect(place)


def _switch(offer: Offer, home: Property, mode: Offer.Mode) -> bool:
    """Whether it could be switched: an offer that would cost nothing, or can't be meant, isn't put on sale."""
    offer.mode = mode
    fits = offer.currency == home.currency and not terms.contradictions(offer, home)
    if fits or mode == Offer.Mode.OFF:
        terms.save(offer)
    return fits or mode == Offer.Mode.OFF


def _ask_for_terms(request: HostRequest, offer: Offer) -> None:
    words = _("%(offer)s: its terms don't fit this home any more. Look at them and save.")
    messages.error(request, words % {"offer": offer.get_kind_display()})


# One offer


@require_http_methods(["GET", "POST"])
@host(Power.SET_UP)
def offer(request: HostRequest, public_id: str, kind: str) -> HttpResponse:
    """One offer's terms; posted with "preview" they are only tried, not saved."""
    home = _home(request, public_id)
    found = _offer(request, home, kind)
    tries = "preview" in request.POST or "day" in request.GET
    form = form_for(found, home, _channels(request, home), request.POST or None)
    if request.method == "POST" and form.is_valid() and not tries:
        change = terms.save(form.offer)
        audit.note_change(request, Offer, change.before, change.after)
        on = form.offer.mode != Offer.Mode.OFF
        words = _("%(offer)s: saved and on sale.") if on else _("%(offer)s: saved, not on sale.")
        messages.success(request, words % {"offer": found.get_kind_display()})
        return redirect("upsells:offers", public_id)
    audit.only_shows(request)
    return _terms(request, home, found, form, tries=tries)


def _terms(
    request: HostRequest, home: Property, found: Offer, form: TermsForm, *, tries: bool
) -> HttpResponse:
    now, side = timezone.now(), previews.side_of(found.kind)
    draft = form.offer if form.is_bound else found
    data = request.POST if form.is_bound else request.GET
    context = {
        "property": home,
        "tab": "offers",
        "card": card(found, home),
        "offer": found,
        "form": form,
        "gone_wrong": bool(form.errors),
        "is_off": not form.errors and draft.mode == Offer.Mode.OFF,
        **_preview(home, [] if form.errors else [draft], side, data, now),
    }
    if request.htmx and tries:
        return render(request, "upsells/terms.html#preview", context)
    return render(request, "upsells/terms.html", context, status=UNPROCESSABLE if form.errors else 200)


def _channels(request: HostRequest, home: Property) -> list[str]:
    """The booking sites whose calendars the property reads; not those that only gather."""
    rows = Feed.objects.of(request.org).filter(property=home).only("channel").order_by("pk")
    return [feed.channel for feed in rows if not feed.gathers]


# For other homes


@require_http_methods(["GET", "POST"])
@host(Power.SET_UP)
def copy(request: HostRequest, public_id: str) -> HttpResponse:
    """Give other homes the same terms; says what was copied, and what wasn't and why."""
    home = _home(request, public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect("upsells:offers", public_id)
    saved = _saved(request, home)
    others = list(Property.objects.of(request.org).active().exclude(pk=home.pk).order_by("name"))
    form = CopyForm(saved, others, request.POST)
    if not form.is_valid():
        return _tab(request, home, copying=form)
    chosen = [offer for offer in saved if offer.kind in form.cleaned_data["kinds"]]
    targets = [target for target in others if target.public_id in form.cleaned_data["homes"]]
    copies = {target.name: _copy(request, chosen, target) for target in targets}
    place = reverse("upsells:offers", args=[public_id])
    if came := {name: copied for name, copied in copies.items() if copied.changes}:
        words = " ".join(copied.words for copied in came.values())
        what = What([change for copied in came.values() for change in copied.changes])
        done(request, words, what, name=", ".join(came)[:NAME], place=place)
    return redirect(place)


@dataclass(frozen=True, slots=True)
class _Copied:
    """What was written at another home, and the words that say so."""

    changes: list[Change]
    words: str


def _copy(request: HostRequest, chosen: Iterable[Offer], target: Property) -> _Copied:
    changes, names = [], []
    for offer in chosen:
        came = terms.copied(offer, target, timezone.now())
        if came.refusal:
            words = _("%(offer)s wasn't copied to %(home)s: %(why)s")
            told = {"offer": offer.get_kind_display(), "home": target.name, "why": came.refusal}
            messages.warning(request, words % told)
        else:
            changes.append(terms.save(came.offer))
            names.append(offer.get_kind_display())
    words = _("Copied to %(home)s: %(offers)s.") % {"home": target.name, "offers": ", ".join(names)}
    return _Copied(changes, words)


@require_http_methods(["GET", "POST"])
@host(Power.SET_UP)
def cleaners(request: HostRequest, public_id: str) -> HttpResponse:
    """How many changed turnovers the organization's cleaners can take on one day."""
    home = _home(request, public_id)
    if request.method == "GET":  # the address of a form that was sent back, opened again
        return redirect("upsells:offers", public_id)
    form = CleanersForm(request.POST)
    if not form.is_valid():
        return _tab(request, home, cleaners=form)
    column, before = "cleanings_a_day", request.org.cleanings_a_day
    audit.note_change(request, Organization, {column: before}, {column: form.cleaned_data["cleanings"]})
    request.org.cleanings_a_day = form.cleaned_data["cleanings"]
    request.org.save(update_fields=["cleanings_a_day"])
    messages.success(request, _("Saved for all homes."))
    return redirect("upsells:offers", public_id)
