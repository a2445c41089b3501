"""The import of many homes: the list, what would come of it, what has come of it, and how its links are read."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from io import StringIO
from typing import Any

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from accounts import audit
from accounts.tenancy import HostRequest, host
from billing.limits import why_not_add
from calendars import importing, standing, tasks
from calendars.importforms import DefaultsForm, SheetForm
from calendars.importing import Effect, Result, Verdict
from calendars.models import Feed
from calendars.standing import Standing
from domain.listwords import HEADINGS, Column
from domain.roles import Power
from properties.models import Property, zones_of

UNPROCESSABLE = 422
SETTINGS = "settings"  # the cell of a home's zone, hours and price
CELLS = (Column.NAME, Column.LINKS, SETTINGS)
SALT = "calendars.import"
GOOD_FOR = timedelta(days=1)  # a page that shows what would come of a list
IN_SESSION = "imported"
EXAMPLE = ("Casa del Mar", "https://…", "https://…", "", "Europe/Madrid", "15:00", "11:00", "120", "EUR")
UNREAD = {Standing.LATE, Standing.FAILING, Standing.QUARANTINED}
TROUBLED = {Standing.PARTLY, *UNREAD}
DOTTED = frozenset(
    {"en"}
)  # languages whose spreadsheets have commas between cells, because decimals have points


@sensitive_post_parameters("text")
@require_http_methods(["GET", "POST"])
@host(Power.SET_UP, everywhere=True)
def sheet(request: HostRequest) -> HttpResponse:
    """The list. Posted, it is shown what would come of it; nothing is written until that page is confirmed."""
    if request.method == "GET":
        defaults = DefaultsForm(instance=importing.usual(request.org))
        return _page(request, SheetForm(), defaults)
    data, files = request.POST, request.FILES
    form = SheetForm(data, files, too_big=getattr(request, "upload_was_too_big", False))
    defaults = DefaultsForm(data, instance=Property(organization=request.org))
    if not all([form.is_valid(), defaults.is_valid()]):
        return _page(request, form, defaults, status=UNPROCESSABLE)
    now = timezone.now()
    text, values = form.cleaned_data["text"], {name: data.get(name, "") for name in defaults.fields}
    refusal = why_not_add(request.org.pk, now)
    verdicts = importing.plan(request.org, form.sheet, values, refusal)
    since = _shown_at(data.get("shown", ""), text, values) if "import" in data else None
    if since:
        return _carried_out(request, verdicts, since, now)
    audit.only_shows(request)
    check = {
        "verdicts": verdicts,
        "lines": list(_lines(verdicts)),
        "counts": Counter(verdict.effect for verdict in verdicts),
        "good": sum(verdict.effect in {Effect.NEW, Effect.LINKS} for verdict in verdicts),
        "fresh": sum(len(verdict.new) for verdict in verdicts if verdict.effect is not Effect.WRONG),
        "ignored": form.sheet.ignored,
        "shown": _sign(now, text, values),
        "changed": "import" in data and not since,
    }
    return _page(request, SheetForm(initial={"text": text}), defaults, check=check)


def _lines(verdicts: Iterable[Verdict]) -> Iterator[tuple[Verdict, dict[str, list[str]]]]:
    """Each line, with what is wrong at its cells; a sentence is said in full at the first line that it is true of."""
    first: dict[str, int] = {}
    for verdict in verdicts:
        number, cells = verdict.line.number, {cell: dict[str, None]() for cell in CELLS}
        for column, sentences in verdict.wrong.items():
            cell = cells.get(column, cells[SETTINGS])
            for sentence in sentences:
                line = first.setdefault(sentence, number)
                cell[sentence if line == number else _("As in line %(number)s.") % {"number": line}] = None
        yield verdict, {name: list(cell) for name, cell in cells.items()}


def _page(
    request: HostRequest,
    form: SheetForm,
    defaults: DefaultsForm,
    *,
    check: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "defaults": defaults, "check": check}
    return render(request, "properties/import.html", context, status=status)


def _sign(at: datetime, text: str, values: dict[str, Any]) -> str:
    """Proof that it was shown at the instant what would come of this list, without a word of it."""
    return signing.dumps([at.isoformat(), _digest(text, values)], salt=SALT)


def _shown_at(signed: str, text: str, values: dict[str, Any]) -> datetime | None:
    """When it was shown what would come of this very list; None when it wasn't, or too long ago."""
    try:
        at, digest = signing.loads(signed, salt=SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None
    return datetime.fromisoformat(at) if digest == _digest(text, values) else None


def _digest(text: str, values: dict[str, Any]) -> str:
    return sha256(json.dumps([text, sorted(values.items())]).encode()).hexdigest()


def _carried_out(
    request: HostRequest, verdicts: list[Verdict], since: datetime, now: datetime
) -> HttpResponse:
    outcomes = importing.carry_out(request.org, verdicts, since, now)
    feeds = sorted({key for outcome in outcomes for key in outcome.feeds})
    tasks.read_soon(feeds)
    request.session[IN_SESSION] = {"lines": [asdict(outcome) for outcome in outcomes], "feeds": feeds}
    return redirect("calendars:imported")


@require_GET
@host(Power.SET_UP, everywhere=True)
def template(request: HostRequest) -> HttpResponse:  # noqa: ARG001 - every view is given one
    """A list to fill in, with headings in the reader's language; its example can't be imported by mistake."""
    language = (get_language() or "en").partition("-")[0]
    words = {column: names[0] for column, names in HEADINGS.get(language, HEADINGS["en"]).items()}
    link = words[Column.LINKS]
    others = (Column.TIME_ZONE, Column.CHECK_IN, Column.CHECK_OUT, Column.RATE, Column.CURRENCY)
    text = StringIO()
    rows = csv.writer(text, delimiter="," if language in DOTTED else ";")
    rows.writerow(
        [words[Column.NAME], *(f"{link} {n}" for n in (1, 2, 3)), *(words[each] for each in others)]
    )
    rows.writerow(EXAMPLE)
    answer = HttpResponse(f"\ufeff{text.getvalue()}", content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="amplistay-homes.csv"'
    return answer


@require_GET
@host(Power.SET_UP, everywhere=True)
def done(request: HostRequest) -> HttpResponse:
    """What has come of the last import of this session, line by line, and how its links are read by now."""
    imported = request.session.get(IN_SESSION)
    if not imported:
        return redirect("calendars:import")
    results = Counter(line["result"] for line in imported["lines"])
    links = _progress(request)
    context = {
        "lines": imported["lines"],
        "left": sum(results[result] for result in (Result.LEFT_OUT, Result.BUSY, Result.FAILED)),
        "results": results,
        "progress": links,
    }
    with timezone.override(links["zones"][0]):
        return render(request, "properties/imported.html", context)


@require_GET
@host(Power.SET_UP, everywhere=True)
def progress(request: HostRequest) -> HttpResponse:
    """How the links are read by now: a part of the page, which asks for it until all are read."""
    if not request.htmx:
        return redirect("calendars:imported")
    links = _progress(request)
    with timezone.override(links["zones"][0]):
        return render(request, "properties/imported.html#progress", {"progress": links})


def _progress(request: HostRequest) -> dict[str, Any]:
    now = timezone.now()
    keys = request.session.get(IN_SESSION, {}).get("feeds", [])
    rows = (
        Feed.objects.of(request.org).filter(pk__in=keys).select_related("property").with_turns().defer("url")
    )
    feeds = [standing.shown(feed, now) for feed in rows.order_by("property__name", "property_id", "pk")]
    waiting = sum(row["waits"] for row in feeds)
    unread = sum(row["state"] in UNREAD for row in feeds)
    return {
        "zones": zones_of({row["property"] for row in feeds}),
        "total": len(feeds),
        "tried": len(feeds) - waiting,
        "read": len(feeds) - waiting - unread,
        "unread": unread,
        "waits": bool(waiting),
        "failing": [row for row in feeds if row["state"] in TROUBLED],
        "nights": sum(row["feed"].closed_nights for row in feeds),
    }
