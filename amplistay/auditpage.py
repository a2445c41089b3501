"""The audit log as its owner reads it: filtered by the address, page by page, or whole as a file."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.models import AuditLine, AuditLineQuerySet
from accounts.tenancy import HostRequest, host
from amplistay import auditwords
from domain import sheets
from domain.roles import Power
from properties.models import Property

A_DAY = timedelta(days=1)
LISTED = 50
CHUNK = 1_000  # rows read at a time
UNPROCESSABLE = 422


class FilterForm(forms.Form):
    """What of the log is asked for; empty fields ask for everything."""

    who = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    name = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    home = forms.ChoiceField(label=gettext_lazy("Property"), required=False)
    start = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    end = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, data: Any, rows: AuditLineQuerySet, homes: Iterable[Property]) -> None:
        super().__init__(data)
        people = rows.order_by("who").values_list("who", flat=True).distinct()
        names = rows.order_by("name").values_list("name", flat=True).distinct()
        what = sorted(((name, auditwords.sentence(name)) for name in names), key=lambda each: each[1])
        self._choose("who", [(who, who) for who in people])
        self._choose("name", what)
        self._choose("home", [(home.public_id, home.name) for home in homes])

    def _choose(self, field: str, choices: list[tuple[str, str]]) -> None:
        self.fields[field].choices = [("", _("All")), *choices]  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def is_narrow(self) -> bool:
        """Whether anything was asked for."""
        return any(self.data.get(name, "").strip() for name in self.fields)

    def clean(self) -> dict[str, Any]:
        """The first day isn't after the last."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = cleaned.get("start"), cleaned.get("end")
        if start and end and start > end:
            self.add_error("end", _("This day comes before the first one."))
        return cleaned

    def chosen(self, rows: AuditLineQuerySet, zone: ZoneInfo) -> AuditLineQuerySet:
        """Those of the rows that a valid form asks for; days are those of the zone."""
        asked = self.cleaned_data
        rows = rows.filter(**{column: asked[column] for column in ("who", "name") if asked[column]})
        if asked["home"]:
            rows = rows.about(asked["home"])
        if asked["start"]:
            rows = rows.filter(at__gte=_midnight(asked["start"], zone))
        if asked["end"]:
            rows = rows.filter(at__lt=_midnight(asked["end"] + A_DAY, zone))
        return rows


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


@require_GET
@host(Power.MEMBERS)
def page(request: HostRequest) -> HttpResponse:
    """The log, the latest first."""
    rows, homes = AuditLine.objects.of(request.org), _homes(request)
    form, zone = FilterForm(request.GET, rows, homes.values()), _zone(request)
    is_valid = form.is_valid()
    chosen = form.chosen(rows, zone) if is_valid else rows.none()
    found = Paginator(chosen.order_by("-at", "-pk"), LISTED).get_page(request.GET.get("page"))
    context = {
        "nav": "account",
        "form": form,
        "page": found,
        "lines": [_line(deed, homes) for deed in found],
        "zone": zone.key,
    }
    return render(request, "audit.html", context, status=200 if is_valid else UNPROCESSABLE)


@require_GET
@host(Power.MEMBERS, logged=True)
def sheet(request: HostRequest) -> HttpResponse:
    """The same as a CSV file, whole; a filter that can't be meant goes back to the page, which says why."""
    rows, homes = AuditLine.objects.of(request.org), _homes(request)
    form = FilterForm(request.GET, rows, homes.values())
    if not form.is_valid():
        return redirect(f"{reverse('audit')}?{request.GET.urlencode()}")
    chosen = form.chosen(rows, _zone(request)).order_by("at", "pk").iterator(chunk_size=CHUNK)
    heads = [_("When"), _("Who"), _("As"), _("From where"), _("With"), _("What"), _("Property"), _("Details")]
    lines = sheets.written(heads, _cells(chosen, homes))
    name = f"amplistay-audit-{timezone.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
    return cast("HttpResponse", answer)  # the decorators only set headers


def _homes(request: HostRequest) -> dict[str, Property]:
    return {home.public_id: home for home in Property.objects.of(request.org).order_by("name", "pk")}


def _zone(request: HostRequest) -> ZoneInfo:
    """Of most homes; the log is about all of them."""
    return Property.objects.of(request.org).usual_zone()


def _line(deed: AuditLine, homes: dict[str, Property]) -> dict[str, Any]:
    home = homes.get(deed.rows.get("public_id") or deed.rows.get("property_id", ""))
    return {
        "deed": deed,
        "what": auditwords.sentence(deed.name),
        "home": home,
        "details": auditwords.details(deed.details, home),
    }


def _cells(rows: Iterable[AuditLine], homes: dict[str, Property]) -> Iterator[list[object]]:
    for deed in rows:
        line = _line(deed, homes)
        yield [
            deed.at.isoformat(timespec="seconds"),
            sheets.safe(deed.who),
            deed.kind,
            deed.address or "",
            sheets.safe(deed.agent),
            line["what"],
            sheets.safe(line["home"].name) if line["home"] else "",
            sheets.safe(line["details"]),
        ]
