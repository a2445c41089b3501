"""The operator's decision about one request to join."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, teams
from accounts.models import AuditLine, User
from billing.plans import HOST, MIRROR
from directory import joining
from directory.models import JoinRequest
from domain import billing
from properties.templatetags.stays import money

UNPROCESSABLE = 422


def _plans() -> list[tuple[str, str]]:
    """What they may begin with, and what that costs; first what the page about Escapia promises."""
    mirror = _("Mirror: %(price)s a month for each home, %(least)s at least; nothing is sold") % {
        "price": money(MIRROR.unit),
        "least": money(billing.price(MIRROR, 1).total),
    }
    host = _("Host: %(price)s a month for each home after the first") % {"price": money(HOST.unit)}
    return [(MIRROR.key, mirror), (HOST.key, host)]


class ApprovalForm(forms.Form):
    """Let them in."""

    organization = forms.CharField(
        label=gettext_lazy("Name of the organization"),
        max_length=120,
        error_messages={"required": gettext_lazy("Enter a name.")},
    )
    plan = forms.ChoiceField(
        label=gettext_lazy("Plan"),
        choices=_plans,
        initial=MIRROR.key,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose a plan."),
            "invalid_choice": gettext_lazy("Choose a plan."),
        },
    )


class RefusalForm(forms.Form):
    """Decline."""

    word = forms.CharField(
        label=gettext_lazy("A word for the letter, in their language"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Write a word: it stands in the letter.")},
    )


def decide(request: HttpRequest, pk: int, context: dict[str, Any]) -> HttpResponse:
    """The request with both ways out; `context` is the admin's own. Raises Http404 for one that isn't confirmed."""
    row = JoinRequest.objects.filter(pk=pk).exclude(confirmed_at=None).first()
    if row is None or not isinstance(request.user, User):
        raise Http404
    act = request.POST.get("act", "") if request.method == "POST" else ""
    yes = ApprovalForm(request.POST if act == "approve" else None, initial={"organization": row.site})
    no = RefusalForm(request.POST if act == "decline" else None)
    try:
        if yes.is_valid():
            return _let_in(request, row, request.user, yes.cleaned_data)
        if no.is_valid():
            joining.decline(row, request.user, no.cleaned_data["word"], timezone.now())
            messages.success(request, _("Declined. The letter is on its way."))
            return redirect("staff:join-decide", pk)
    except joining.Decided:
        messages.warning(request, _("Somebody has decided about it meanwhile."))
        return redirect("staff:join-decide", pk)
    if act == "again":
        _invite_again(request, row)
        return redirect("staff:join-decide", pk)
    found = context | {"title": str(row), "row": row, "yes": yes, "no": no}
    return render(request, "staff/join.html", found, status=UNPROCESSABLE if yes.errors or no.errors else 200)


def _let_in(request: HttpRequest, row: JoinRequest, operator: User, given: dict[str, str]) -> HttpResponse:
    now, name, plan = timezone.now(), given["organization"], given["plan"]
    organization = joining.approve(row, operator, name, plan, now)
    audit.note(request, plan=plan)
    audit.record(request, organization, (AuditLine.Kind.SERVICE, operator.email, operator.pk), now)
    messages.success(
        request, _("%(name)s is open, and %(email)s is invited.") % {"name": name, "email": row.email}
    )
    return redirect("staff:join-decide", row.pk)


def _invite_again(request: HttpRequest, row: JoinRequest) -> None:
    try:
        if joining.invite_again(row, timezone.now()):
            messages.success(request, _("Another invitation is on its way; the old link is void."))
        else:
            messages.info(request, _("That invitation waits no more."))
    except teams.TooMany:
        messages.error(request, _("So many invitations were sent within the hour. Go on in an hour."))
