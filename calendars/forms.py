"""Forms for calendar links and how they are read, export links, and nights closed by hand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from calendars.models import ExportLink, Feed
from calendars.people import Ticks
from connectors import links
from domain.channels import CHANNELS, looks_like_listing_page, recognise
from domain.links import BARE, completed
from domain.spans import Span
from domain.switches import Switches
from properties.models import Property
from properties.templatetags.stays import named

MOST_LINKS = 20
FARTHEST = timedelta(days=730)

BAD_LINKS: Mapping[str, Any] = {
    "empty": _("Paste at least one link."),
    "too_long": _("is longer than a calendar link can be. Check that only the link was copied."),
    "characters": _(
        "has a space or a sign in it that no link has. Copy it once more, without the text around it."
    ),
    "scheme": _("doesn't begin with https://. Copy the whole iCal link."),
    "credentials": _(
        "holds a user name or password before the address. We don't store those; copy the plain link."
    ),
    "host": _("doesn't name a site on the internet. Copy the iCal link from the booking site."),
    "port": _("uses an unusual port. Calendar links use https without a port number."),
}
OUR_LINK = _("is Amplistay's own link. Paste the one of the booking site here, and ours over there.")
NOT_A_LINK = _("isn't a calendar link. Copy the whole link, beginning with https://.")
LISTING = _(
    "opens the listing's own page, not its calendar. In %(channel)s, look for “Export calendar” and copy that link."
)
CONNECTED = _("is already connected to this property.")
TWICE = _("is in the list twice.")
SWITCHES = tuple(field.name for field in fields(Switches))


@dataclass(frozen=True, slots=True)
class NewFeed:
    """A link that may be added; it is in no trace."""

    url: str = field(repr=False)
    channel: str
    label: str

    @classmethod
    def read(cls, line: str, label: str = "") -> "NewFeed":
        """What the line's link leads to, called as the line says, else by the label. Raises ValidationError."""
        name, url = _accepted(line)
        return cls(url, recognise(url), name or label)


class FeedsForm(forms.Form):
    """One link or many, one per line, each optionally after a name: "Vrbo https://…"."""

    links = forms.CharField(
        label=_("iCal links"),
        help_text=_("One per line. Each starts with https:// and often ends in .ics."),
        widget=forms.Textarea(
            attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
        ),
        max_length=50_000,
    )
    label = forms.CharField(
        label=_("Label"),
        required=False,
        max_length=80,
        help_text=_("Useful when one site has two listings of this home."),
    )

    def __init__(self, property: Property, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.property = property
        self.feeds: list[NewFeed] = []

    def clean_links(self) -> str:
        """Every line a link we may open, new to this property; otherwise one sentence per line that isn't."""
        text: str = self.cleaned_data["links"]
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if len(lines) > MOST_LINKS:
            raise ValidationError(
                _("Please add at most %(most)s links at a time."), params={"most": MOST_LINKS}
            )
        errors = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            try:
                self.feeds.append(self._feed(line.strip()))
            except ValidationError as error:
                errors.append(error if len(lines) == 1 else _of_line(number, error))
        if errors:
            raise ValidationError(errors)
        return text

    def _feed(self, line: str) -> NewFeed:
        """The link in a line. Raises ValidationError with a sentence that names the line's beginning."""
        new = NewFeed.read(line, self.data.get("label", "").strip()[:80])
        digest = links.digest(new.url)
        if digest in {links.digest(feed.url) for feed in self.feeds}:
            raise about(line, TWICE)
        if Feed.objects.filter(property=self.property, url_digest=digest).exists():
            raise about(line, CONNECTED)
        return new


class LinkForm(forms.Form):
    """The link that a feed is read from instead of its old one, which is never shown."""

    link = forms.CharField(
        label=_("New iCal link"),
        help_text=_("It starts with https:// and often ends in .ics."),
        widget=forms.TextInput(
            attrs={"inputmode": "url", "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
        ),
        max_length=50_000,
    )

    def __init__(self, feed: Feed, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.feed = feed

    def clean_link(self) -> str:
        """A link we may open, and not one that this property has."""
        line: str = self.cleaned_data["link"]
        if self.feed.is_mirror:
            raise ValidationError(_("This calendar is read from its system. There is no link to replace."))
        _name, url = _accepted(line)
        digest = links.digest(url)
        if digest == self.feed.url_digest:
            raise ValidationError(_("This is the link that is read already."))
        if Feed.objects.filter(property=self.feed.property_id, url_digest=digest).exists():
            raise about(line, CONNECTED)
        return url


class FeedForm(forms.Form):
    """What a host decides about one feed: its label, and how it is read."""

    label = forms.CharField(
        label=_("Label"), required=False, max_length=80, help_text=_("Empty: the name of the site.")
    )
    sells_around = forms.BooleanField(
        label=_("Sell preparation nights and short gaps"),
        required=False,
        help_text=_(
            "Nights that the site closes only to prepare between bookings, or because the gap is too short to book "
            "there, may be bought as extra nights. Turn it on only where you can prepare the home without them."
        ),
    )
    sells_tentative = forms.BooleanField(
        label=_("Sell tentative nights"),
        required=False,
        help_text=_(
            "Nights that are only held or pending there may be bought here. If that booking is confirmed after your "
            "sale, the night is booked twice."
        ),
    )
    ends_inclusive = forms.BooleanField(
        label=_("Its entries end with the last night"),
        required=False,
        help_text=_(
            "Some systems, such as Beds24, write the last night where others write the departure day. Turn it on when "
            "the last night of each booking looks free here. On by mistake, it closes every departure day as well."
        ),
    )

    @classmethod
    def about(cls, feed: Feed, data: Mapping[str, Any] | None = None) -> "FeedForm":
        """The form as it is now, or as it was sent; a unit's system has nothing of what else is decided about links."""
        form = cls(data, initial={name: getattr(feed, name) for name in ("label", *SWITCHES)})
        for name in SWITCHES if feed.is_mirror else ():
            del form.fields[name]
        return form

    @property
    def switches(self) -> Switches:
        """What was chosen."""
        return Switches(
            **{name: self.cleaned_data.get(name, self.initial.get(name, False)) for name in SWITCHES}
        )


def _accepted(line: str) -> tuple[str, str]:
    """The name and the link in a line. Raises ValidationError unless it is a link that we may open and read."""
    name, url = _split(line)
    try:
        url = links.normalise(url, loopback_ports=settings.LOOPBACK_FEED_PORTS)
    except links.BadLink as error:
        message = OUR_LINK if _is_ours(url) else BAD_LINKS.get(error.code, NOT_A_LINK)
        raise about(line, message) from error
    if _is_ours(url):
        raise about(line, OUR_LINK)
    if looks_like_listing_page(url):
        raise about(line, LISTING, channel=CHANNELS[recognise(url)].name)
    return name, url


def _is_ours(url: str) -> bool:
    """Whether it is an export link of this site, whatever scheme it was pasted with."""
    ours = settings.SITE_URL.partition("://")[2]
    return completed(url.strip()).partition("://")[2].lower().startswith(f"{ours}/ical/")


def _split(line: str) -> tuple[str, str]:
    """A line as name and link; the name is empty where the line is only a link."""
    name, *rest = line.rsplit(None, 1)
    if rest and ("://" in rest[0] or BARE.match(rest[0])) and "://" not in name:
        return name.strip(" ,;:-\t")[:80], rest[0]
    return "", line


# Where a link begins: at a scheme, or where a word is a site's name with something after it.
LINK = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*:/{1,2})(?P<host>[^/?#\s]*)|(?<!\S)(?P<bare>[^/?#\s]*\.[a-z][^/?#\s]*(?=[/?#]))",
    re.IGNORECASE,
)
AFTER_WORD = re.compile(r"(?<=[^/:\s])[/?#].*", re.DOTALL)


def _open_part(line: str) -> str:
    """As much of a line as is no secret: what the host called the link, and the site that it leads to."""
    link = LINK.search(line)
    if not link:
        return AFTER_WORD.sub("/…", line)
    host = (link["host"] or link["bare"] or "").rpartition("@")[2]
    rest = "/…" if line[link.end() :].strip("/") else ""
    return f"{line[: link.start()]}{link['scheme'] or ''}{host}{rest}"


def _of_line(number: int, error: ValidationError) -> ValidationError:
    """The same, by the line that it is about."""
    params = {"number": number, "sentence": error.messages[0]}
    return ValidationError(_("Line %(number)s: %(sentence)s"), params=params)


def about(line: str, message: Any, **params: Any) -> ValidationError:
    """What is wrong with a line, as a sentence that names as much of it as is no secret."""
    line = _open_part(line)
    shown = line if len(line) <= 48 else f"{line[:45]}…"  # noqa: PLR2004 - fits a phone's line
    return ValidationError(
        _("“%(line)s” %(message)s"),
        params={"line": shown, "message": message % params if params else message},
    )


class ExportForm(forms.Form):
    """Which channel a new export link is for."""

    channel = forms.ChoiceField(label=_("Channel"))
    label = forms.CharField(label=_("Label"), required=False, max_length=80)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (channel.key, named(channel)) for channel in CHANNELS.values()
        ]


class PeopleForm(forms.Form):
    """What a link for people is called, and what it tells beyond the times."""

    label = forms.CharField(
        label=_("For whom?"),
        max_length=80,
        help_text=_("Only you see this, such as “Owner”, “Cleaners” or “Family”."),
    )
    shows_titles = forms.BooleanField(
        label=_("Show what is booked where"),
        required=False,
        help_text=_("The site, the kind of booking, and your own notes on closed nights."),
    )
    shows_guests = forms.BooleanField(
        label=_("Show guests"),
        required=False,
        help_text=_("What a site's calendar says of the guest, often a name, and the names of your buyers."),
    )

    def __init__(self, *args: Any, link: ExportLink | None = None, **kwargs: Any) -> None:
        name = link.public_id if link else "new"
        kwargs["auto_id"] = f"id_people_{name}_%s"  # several such forms are on the page
        super().__init__(*args, **kwargs)
        self.link = link

    @classmethod
    def about(cls, link: ExportLink) -> "PeopleForm":
        """An empty form that shows how the link is now."""
        names = ("label", "shows_titles", "shows_guests")
        return cls(link=link, initial={name: getattr(link, name) for name in names})

    @property
    def ticks(self) -> Ticks:
        """What was ticked."""
        return Ticks(self.cleaned_data["shows_titles"], self.cleaned_data["shows_guests"])


class BlockForm(forms.Form):
    """Nights that a host closes: the first night and the morning they are free again."""

    start = forms.DateField(
        label=_("First night"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    end = forms.DateField(
        label=_("Free again on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(label=_("Note to yourself"), required=False, max_length=200)

    def __init__(self, today: date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self) -> dict[str, Any]:
        """At least one night, none in the past, none beyond two years."""
        data = super().clean() or {}
        start, end = data.get("start"), data.get("end")
        if start and start < self.today:
            self.add_error("start", _("That night is over. Choose today or later."))
        if start and end and end <= start:
            self.add_error("end", _("Choose a day after the first night."))
        if end and end > self.today + FARTHEST:
            self.add_error("end", _("Calendars reach two years ahead. Choose an earlier day."))
        return data

    @property
    def span(self) -> Span:
        """The nights that were asked for."""
        return Span(self.cleaned_data["start"], self.cleaned_data["end"])
