"""Forms for strangers, which robots and senders of spam get nothing out of, and the vendor's own."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors import links
from directory import codes
from directory.codes import Verdict
from directory.models import Rule, Vendor
from properties.models import Property

LINK = re.compile(r"https?:|www\.|://|<a\s|\[url", re.IGNORECASE)
POT = "fax"  # filled in by robots alone: nobody sees it
LONGEST_QUESTION = 2000
NO_LINKS = gettext_lazy("Write it without links.")
NO_WEBSITE = gettext_lazy("Enter a domain or an address of a website, such as example.com.")


def without_links(text: str) -> None:
    """A validator: text that leads nowhere."""
    if LINK.search(text):
        raise ValidationError(NO_LINKS)


def on_one_line(text: str) -> None:
    """A validator: text without breaks and signs that nobody sees, which could begin another line of a mail."""
    if not text.isprintable():
        raise ValidationError(_("There is a sign in it that can't be printed."))


def domain_of(text: str) -> str:
    """The domain that was meant by "example.com", "www.example.com" or "https://example.com/homes/".

    Raises ValidationError.
    """
    host = links.host_of(link_of(text)).removeprefix("www.")
    if "." not in host or host.replace(".", "").isdigit() or ":" in host:
        raise ValidationError(NO_WEBSITE)
    return host


def link_of(text: str) -> str:
    """A website's whole address, with https:// put before what lacks it. Raises ValidationError."""
    try:
        return links.normalise(text if "://" in text else f"https://{text}")
    except links.BadLink as error:
        raise ValidationError(NO_WEBSITE) from error


class StrangersForm(forms.Form):
    """What every form for strangers has: an access code, a trap for robots, and words that suit a mail."""

    purpose = ""
    why_email: Any = ""  # what the address is for

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=80,
        validators=[on_one_line, without_links],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": gettext_lazy("Enter your name.")},
    )
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": gettext_lazy("Enter your e-mail address.")},
    )
    code = forms.CharField(
        label=gettext_lazy("Access code"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={"required": gettext_lazy("Write the four numbers in figures.")},
    )
    token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=400)
    fax = forms.CharField(
        label=gettext_lazy("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, now: datetime, data: Any = None) -> None:
        """A form with a new code; or with what came back, and the code that it carries."""
        self.brought = data.copy() if data is not None else QueryDict(mutable=True)
        super().__init__(self.brought if data is not None else None)
        self.now = now
        self.fields["email"].help_text = self.why_email
        brought = codes.read(self.data.get("token", "")) if self.is_bound else None
        self.access = brought or self._another()
        self._show_code()

    @property
    def is_caught(self) -> bool:
        """Whether a robot has filled in what nobody sees."""
        return bool(self.data.get(POT))

    def clean(self) -> dict[str, Any]:
        """The right code. A wrong one is spent, and another one asked for; any other mistake leaves it as it was."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "code" not in cleaned:
            return cleaned
        verdict = codes.judge(self.access, self.purpose, cleaned["code"], self.now)
        if verdict == Verdict.WRONG:
            codes.spend(self.access, accepted=False)
            self.add_error("code", _("That isn't the code. Here is another one."))
        elif verdict == Verdict.VOID:
            self.add_error("code", _("This code is too old or was used. Here is another one."))
        elif verdict == Verdict.QUICK:
            self.add_error(None, _("That was very quick. Look it over, then send it once more."))
        if verdict in {Verdict.WRONG, Verdict.VOID}:
            self.access = self._another()
            self._show_code()
        return cleaned

    def _another(self) -> codes.Code:
        """Another code, in place of the one that came back, if one did."""
        code = codes.make(self.purpose, self.now)
        if self.is_bound:
            self.brought["token"], self.brought["code"] = code.token, ""
        else:
            self.initial["token"] = code.token
        return code

    def _show_code(self) -> None:
        asked = format_html("<b>{}</b>", self.access.words)
        # The field as it is drawn keeps a text of its own, from before a form that came back was looked at.
        self["code"].help_text = format_html(_("Write these numbers in figures: {}"), asked)


class JoinForm(StrangersForm):
    """A request to join."""

    purpose = "join"
    why_email = gettext_lazy("You get a letter to confirm it.")

    domain = forms.CharField(
        label=gettext_lazy("Your domain"),
        max_length=300,
        help_text=gettext_lazy("The website of your business, such as example.com."),
        widget=forms.TextInput(attrs={"autocomplete": "url", "inputmode": "url", "spellcheck": "false"}),
        error_messages={"required": NO_WEBSITE},
    )
    terms = forms.BooleanField(
        label=gettext_lazy("I agree to the terms of use"),
        error_messages={"required": gettext_lazy("Tick this, or we can't take you in.")},
    )
    field_order = ("name", "email", "domain", "code", "terms")

    def __init__(self, now: datetime, data: Any = None) -> None:
        """The terms are a link away."""
        super().__init__(now, data)
        read = format_html('<a href="{}">{}</a>', reverse("pages:terms"), _("Read the terms of use"))
        self.fields["terms"].help_text = read

    def clean_domain(self) -> str:
        """The bare domain."""
        return domain_of(self.cleaned_data["domain"])


class QuestionForm(StrangersForm):
    """A message to a vendor."""

    purpose = "vendor"
    why_email = gettext_lazy("The answer goes there.")

    text = forms.CharField(
        label=gettext_lazy("Your message"),
        max_length=LONGEST_QUESTION,
        validators=[without_links],
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("Write a message.")},
    )
    field_order = ("name", "email", "text", "code")


class VendorForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class can't be subscripted at run time
    """What an organization shows everybody, and whether it does."""

    website = forms.CharField(
        label=gettext_lazy("Website"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
    )
    email = forms.ChoiceField(
        label=gettext_lazy("Messages go to"),
        help_text=gettext_lazy("Nobody sees this address. It is a confirmed one of a member's."),
        error_messages={"invalid_choice": gettext_lazy("Choose from the list.")},
    )

    class Meta:
        model = Vendor
        fields = ["is_shown", "name", "slug", "words", "town", "region", "website", "email"]
        labels = {
            "is_shown": gettext_lazy("Show our page to everybody"),
            "name": gettext_lazy("Public name"),
            "slug": gettext_lazy("Address of the page"),
            "words": gettext_lazy("About you"),
        }
        help_texts = {
            "is_shown": gettext_lazy(
                "Anybody can find it, search engines too. Untick it, and it is gone at once."
            ),
            "slug": gettext_lazy("Small letters, figures and hyphens."),
        }
        widgets = {"words": forms.Textarea(attrs={"rows": 5})}
        error_messages = {
            "slug": {
                "unique": gettext_lazy("Somebody has this address. Choose another one."),
                "invalid": gettext_lazy("Use small letters, figures and hyphens."),
            }
        }

    def __init__(self, vendor: Vendor, addresses: Collection[str], data: Any = None) -> None:
        """For a vendor that may not be saved yet, with the addresses that it may be written to."""
        super().__init__(data, instance=vendor)
        self.fields["email"].choices = [(each, each) for each in addresses]  # type: ignore[attr-defined]  # a ChoiceField
        for field in ("name", "words", "town", "region"):
            self.fields[field].validators.append(without_links)

    def clean_slug(self) -> str:
        """In small letters."""
        slug: str = self.cleaned_data["slug"]
        return slug.lower()

    def clean_website(self) -> str:
        """With https://."""
        website: str = self.cleaned_data["website"].strip()
        return link_of(website) if website else ""


class RulesForm(forms.Form):
    """Which rules of each home the vendor's page shows; a home without any isn't named there."""

    def __init__(
        self, homes: Iterable[Property], chosen: Mapping[int, Collection[str]], data: Any = None
    ) -> None:
        """The homes of one page of the list, and what is shown of each by its primary key."""
        super().__init__(data)
        self.homes = list(homes)
        for home in self.homes:
            self.fields[home.public_id] = forms.MultipleChoiceField(
                label=home.name,
                choices=Rule.choices,
                required=False,
                initial=list(chosen.get(home.pk, ())),
                widget=forms.CheckboxSelectMultiple,
                error_messages={"invalid_choice": gettext_lazy("Choose from the list.")},
            )

    @property
    def rules(self) -> dict[int, list[str]]:
        """The rules of each home, by its primary key."""
        return {home.pk: self.cleaned_data[home.public_id] for home in self.homes}
