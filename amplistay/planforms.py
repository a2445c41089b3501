"""What owners fill in about their plan: which one, and until when it pauses."""

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.plans import CHOICES, PLANS
from domain.billing import LONGEST_PAUSE, SHORTEST_PAUSE, price
from properties.templatetags.stays import money


class PlanForm(forms.Form):
    """Which plan."""

    plan = forms.ChoiceField(
        label=_("Plan"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a plan."), "invalid_choice": _("Choose a plan.")},
    )

    def __init__(self, properties: int, data: Any = None, *, plan: str = "") -> None:
        """With what each plan would cost for so many properties; `plan` is the one of now."""
        super().__init__(data, initial={"plan": plan})
        self.fields["plan"].choices = [(key, _said(key, name, properties)) for key, name in CHOICES]  # type: ignore[attr-defined]  # a ChoiceField


def _said(key: str, name: Any, properties: int) -> str:
    """A plan and its price; of one that costs something as soon as there is a home, what that is."""
    plan, now = PLANS[key], price(PLANS[key], properties)
    if plan.least and not now.units:
        words = gettext("%(plan)s, %(price)s a month at least from the first home on")
        return words % {"plan": name, "price": money(price(plan, 1).total)}
    words = gettext("%(plan)s, now %(price)s a month")
    return words % {"plan": name, "price": money(now.total)}


class PauseForm(forms.Form):
    """The first day on which the plan is paid again: within half a year, and not within a week."""

    until = forms.DateField(
        label=_("Paused until"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Choose a day."), "invalid": _("Choose a day.")},
    )

    def __init__(self, today: date, data: Any = None) -> None:
        """As of today."""
        super().__init__(data)
        self.first, self.last = today + SHORTEST_PAUSE, today + LONGEST_PAUSE
        self.fields["until"].widget.attrs |= {"min": self.first.isoformat(), "max": self.last.isoformat()}

    def clean_until(self) -> date:
        """A day that a pause may end on. Raises ValidationError."""
        day: date = self.cleaned_data["until"]
        if not self.first <= day <= self.last:
            raise forms.ValidationError(
                _("Choose a day from %(first)s to %(last)s."),
                params={"first": self.first.isoformat(), "last": self.last.isoformat()},
            )
        return day

    @property
    def moment(self) -> datetime:
        """When the pause ends, of a valid form."""
        return datetime.combine(self.cleaned_data["until"], time(), tzinfo=UTC)
