"""The form of a webhook: where it listens, and what it wants to hear."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from connectors import links
from webhooks.models import Event, Webhook

BAD_LINKS: Mapping[str, Any] = {
    "too_long": _("This is longer than an address can be. Check that only the address was copied."),
    "characters": _("There is a space or a sign in it that no address has. Copy it once more."),
    "scheme": _("The address must begin with https://."),
    "credentials": _(
        "There is a user name or password in the address. We don't store those: every message is signed instead."
    ),
    "host": _("The address must name a server on the internet, such as https://example.org/hooks."),
    "port": _("Use the usual port of https, or none."),
}
OURS = _("This is Amplistay's own address. Enter the one of your software.")
CHOICES = [(event.value, event.label) for event in Event if event != Event.TEST]
USUAL = [event.value for event in Event if event not in {Event.TEST, Event.NIGHTS_CHANGED}]


class WebhookForm(forms.Form):
    """A new webhook, or the settings of one, whose address is secret and never shown."""

    link = forms.CharField(
        label=_("Address"),
        help_text=_("Where your software listens. It begins with https://."),
        widget=forms.TextInput(
            attrs={"inputmode": "url", "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
        ),
        max_length=50_000,
        error_messages={"required": _("Enter the address, beginning with https://.")},
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=80,
        help_text=_("For yourself, such as the name of the software."),
    )
    events = forms.MultipleChoiceField(
        label=_("What it is told"),
        choices=CHOICES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one thing that it is told."),
            "invalid_choice": _("Choose from the list."),
        },
    )

    def __init__(self, saved: Webhook | None = None, data: Any = None) -> None:
        """The form of a new webhook, or of the one that is there."""
        initial: dict[str, Any] = {"events": USUAL}
        if saved:
            initial = {"events": saved.events, "description": saved.description}
        super().__init__(data, initial=initial)
        if saved:
            link = self.fields["link"]
            link.required = False
            link.label = _("New address")
            link.help_text = _("Empty: it stays where it is. The address itself is never shown.")

    def clean_link(self) -> str:
        """An address that may be sent to, by the rules that calendar links are read by; empty where it stays."""
        text: str = self.cleaned_data["link"]
        if not text:
            return ""
        if text.partition("://")[0].lower() not in {"http", "https"}:
            raise ValidationError(BAD_LINKS["scheme"])
        try:
            link = links.normalise(text, loopback_ports=settings.LOOPBACK_FEED_PORTS)
        except links.BadLink as error:
            raise ValidationError(BAD_LINKS.get(error.code, BAD_LINKS["host"])) from error
        if urlsplit(link).netloc == urlsplit(settings.SITE_URL).netloc:
            raise ValidationError(OURS)
        return link

    @property
    def columns(self) -> dict[str, Any]:
        """The columns that a valid form says."""
        data = self.cleaned_data
        columns = {"description": data["description"], "events": data["events"]}
        if link := data["link"]:
            columns |= {"url": link, "host": links.host_of(link)}
        return columns
