"""What a person is told about a message that wasn't taken."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webhooks.models import Sending

TROUBLES: Mapping[str, Any] = {
    "address": gettext_lazy("The address leads into a private network, where nothing is sent."),
    "dns": gettext_lazy("The name of the server isn't known on the internet."),
    "connect": gettext_lazy("The server couldn't be reached."),
    "tls": gettext_lazy("The server's certificate isn't valid, so nothing was sent."),
    "timeout": gettext_lazy("The server didn't answer within 15 seconds."),
    "too_big": gettext_lazy("The server's answer was too long."),
    "headers": gettext_lazy("The server's answer had too many headers."),
    "redirects": gettext_lazy("The server sent us on to another address. Enter the final one."),
    "scheme": gettext_lazy("The address isn't one that can be sent to."),
    "protocol": gettext_lazy("The server's answer wasn't understood."),
    "stopped": gettext_lazy("It waited when the webhook was stopped."),
}


def trouble(sending: Sending) -> str:
    """Why the last try failed; empty when it didn't."""
    if sending.trouble == "status":
        return _("The server answered %(status)s instead of 2xx.") % {"status": sending.status}
    return str(TROUBLES.get(sending.trouble, "")) if sending.trouble else ""
