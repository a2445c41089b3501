"""What letters about joining and to vendors say."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.post import Words
from directory.models import JoinRequest, Vendor


def confirmation(row: JoinRequest, url: str) -> Words:
    """To whoever asked, or whose address somebody typed."""
    return Words(
        _("Confirm your request to join Amplistay"),
        (
            _("Somebody, hopefully you, asked to join Amplistay with this address and the domain %(domain)s.")
            % {"domain": row.site},
            _("Confirm it, and a person looks at it. The link works for three days."),
        ),
        url,
        _("Confirm the request"),
        _("If it wasn't you, do nothing: without a confirmation the request is forgotten."),
    )


def known(row: JoinRequest) -> Words:
    """To whoever asks once more while the first request waits."""
    return Words(
        _("Your request to join Amplistay"),
        (
            _("We have your request for %(domain)s. You get a letter as soon as somebody has looked at it.")
            % {"domain": row.site},
        ),
    )


def waiting(row: JoinRequest) -> Words:
    """To an operator."""
    return Words(
        _("A request to join waits"),
        (str(row),),
        settings.SITE_URL + reverse("staff:join-decide", args=[row.pk]),
        _("Decide about it"),
    )


def declined(_row: JoinRequest, word: str) -> Words:
    """To whoever may not join, with the operator's own word."""
    return Words(
        _("Your request to join Amplistay"),
        (_("We have looked at your request and can't take you in now."), word),
    )


def question(vendor: Vendor, name: str, email: str, text: str) -> Words:
    """To a vendor, from a stranger."""
    return Words(
        _("A message through your page at Amplistay"),
        (
            _("%(name)s (%(email)s) wrote to %(vendor)s:")
            % {"name": name, "email": email, "vendor": vendor.name},
            text,
            _("Your answer goes to that address. We haven't checked who wrote this."),
        ),
        settings.SITE_URL + reverse("vendor-page"),
        _("Change or take down your page"),
    )
