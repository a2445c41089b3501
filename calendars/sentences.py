"""Words for what happened to a feed: sentences a host can act on."""

from collections.abc import Mapping
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext, gettext_noop, ngettext

from calendars.models import Alert, ExportLink, Feed
from domain.channels import OTHER
from domain.events import CONTROL
from domain.problems import Problem
from properties.dates import between, moment
from properties.templatetags.stays import named

FAILURES: Mapping[str, str] = {
    "address": gettext_noop(
        "This link leads to a private address, which we don't open. Copy the export link from the site itself."
    ),
    "dns": gettext_noop("We couldn't find %(host)s. Check that the whole link was copied."),
    "connect": gettext_noop(
        "%(host)s didn't accept our connection. We keep the nights as they are and try again."
    ),
    "tls": gettext_noop(
        "%(host)s couldn't prove who it is (its certificate is wrong). We keep the nights as they are."
    ),
    "timeout": gettext_noop("%(host)s didn't answer in time. We keep the nights as they are and try again."),
    "too_big": gettext_noop(
        "What %(host)s sent is far larger than a calendar. Check that this is the iCal link."
    ),
    "headers": gettext_noop(
        "%(host)s sent an answer we can't read. We keep the nights as they are and try again."
    ),
    "redirects": gettext_noop(
        "%(host)s sent us round in circles. Copy the iCal link from the site once more."
    ),
    "scheme": gettext_noop("%(host)s sent us on to an address we don't open. Copy the iCal link once more."),
    "protocol": gettext_noop("%(host)s broke off its answer. We keep the nights as they are and try again."),
}
STATUSES: Mapping[int, str] = {
    401: gettext_noop("%(host)s asks for a log-in at this link. Copy its export (iCal) link instead."),
    403: gettext_noop(
        "%(host)s refuses to show us this calendar. If it goes on, copy the export link once more."
    ),
    HTTPStatus.NOT_FOUND: gettext_noop(
        "%(host)s answered “404 not found”. The link was probably reset: copy the new one from the site."
    ),
    410: gettext_noop("%(host)s says this calendar is gone. Copy the new export link from the site."),
    429: gettext_noop(
        "%(host)s asks us to read less often. We wait as long as it says and keep the nights as they are."
    ),
}
NOT_THERE = gettext_noop(
    "%(host)s answered “404 not found”. Check that the whole link was copied, or copy it once more from the site."
)
OTHER_STATUS = gettext_noop(
    "%(host)s answered with error %(status)s. We keep the nights as they are and try again."
)
LISTING_PAGE = gettext_noop(
    "This link opens the listing's own page, not its calendar. In %(channel)s, look for “Export calendar” and copy "
    "that link."
)
NOTHING_NEW = gettext_noop(
    "The site answered “nothing new” although we asked for the whole calendar. We keep the nights as they are and try "
    "again."
)
RESTING = gettext_noop(
    "Many calendars at %(host)s can't be read at the moment. We keep the nights as they are and ask again every few "
    "minutes."
)
LOST = Problem(
    gettext_noop(
        "Reading this calendar failed several times without an answer, so we set it aside and try again in six hours. "
        "What it closed stays closed. Press “Read now” to try at once, or replace the link."
    )
)

PART_OF_IT = gettext_noop("The system answered with a part of the calendar only.")
OVER_BUDGET = gettext_noop(
    "The requests that this account may make are used up for now. We keep the nights as they are and go on as soon as "
    "there are new ones."
)

# The same of a calendar that was never read: no night is kept.
UNREAD: Mapping[str, str] = {
    STATUSES[HTTPStatus.NOT_FOUND]: NOT_THERE,
    STATUSES[429]: gettext_noop("%(host)s asks us to read less often. We wait as long as it says."),
    OTHER_STATUS: gettext_noop("%(host)s answered with error %(status)s. We try again."),
    FAILURES["connect"]: gettext_noop("%(host)s didn't accept our connection. We try again."),
    FAILURES["tls"]: gettext_noop(
        "%(host)s couldn't prove who it is (its certificate is wrong). We try again."
    ),
    FAILURES["timeout"]: gettext_noop("%(host)s didn't answer in time. We try again."),
    FAILURES["headers"]: gettext_noop("%(host)s sent an answer we can't read. We try again."),
    FAILURES["protocol"]: gettext_noop("%(host)s broke off its answer. We try again."),
    NOTHING_NEW: gettext_noop(
        "The site answered “nothing new” although we asked for the whole calendar. We try again."
    ),
    RESTING: gettext_noop(
        "Many calendars at %(host)s can't be read at the moment. We ask again every few minutes."
    ),
    LOST.template: gettext_noop(
        "Reading this calendar failed several times without an answer, so we set it aside and try again in six hours. "
        "Press “Read now” to try at once, or replace the link."
    ),
    OVER_BUDGET: gettext_noop(
        "The requests that this account may make are used up for now. We go on as soon as there are new ones."
    ),
}
RESTS = frozenset({RESTING, UNREAD[RESTING]})


def of(feed: Feed, found: Mapping[str, Any]) -> dict[str, Any]:
    """The problem as it is true of the feed, which was read before or never was."""
    template = found["template"]
    return {**found, "template": template if feed.was_read else UNREAD.get(template, template)}


def failure(code: str, host: str) -> dict[str, Any]:
    """The problem of a read that got no answer, as it is stored."""
    return {"template": FAILURES.get(code, FAILURES["connect"]), "details": {"host": host}}


def status(number: int, host: str) -> dict[str, Any]:
    """The problem of a read that was answered with an error."""
    return {"template": STATUSES.get(number, OTHER_STATUS), "details": {"host": host, "status": str(number)}}


def of_system(reason: str) -> dict[str, Any]:
    """The problem of a unit whose system gave no answer that counts: its connector's own sentence."""
    return {"template": reason.replace("%", "%%"), "details": {}}


def over_budget() -> dict[str, Any]:
    """The problem of a unit that our own budget doesn't let us ask for."""
    return {"template": OVER_BUDGET, "details": {}}


def resting(host: str) -> dict[str, Any]:
    """The problem of a feed whose server is left alone for a while."""
    return {"template": RESTING, "details": {"host": host}}


def listing_page(channel: str) -> dict[str, Any]:
    """The problem of a link that opens a page about the home."""
    return {"template": LISTING_PAGE, "details": {"channel": channel}}


def problem(found: Problem) -> dict[str, Any]:
    """A problem of reading, as it is stored."""
    return {"template": found.template, "details": dict(found.details)}


def sentence(stored: Mapping[str, Any] | None) -> str:
    """The stored problem in the reader's language."""
    if not stored:
        return ""
    text: str = gettext(stored["template"]) % stored["details"]
    return text


MINUTE, HOUR, DAY = 60, 3600, 86_400
LEAST_ROUND, ROUND = 10, 5  # minutes: from ten on they are said in fives


def every(seconds: float) -> str:
    """An interval as it is said: every 20 minutes, every hour, every 4 hours."""
    if seconds < HOUR - 5 * MINUTE:
        count = max(1, round(seconds / MINUTE))
        count = count if count < LEAST_ROUND else ROUND * round(count / ROUND)
        return ngettext("every minute", "every %(count)s minutes", count) % {"count": count}
    if seconds < 1.5 * DAY:
        count = round(seconds / HOUR)
        return ngettext("every hour", "every %(count)s hours", count) % {"count": count}
    count = round(seconds / DAY)
    return ngettext("every day", "every %(count)s days", count) % {"count": count}


HEADLINES: Mapping[str, str] = {
    "failing": gettext_noop("%(feed)s can't be read for %(home)s"),
    "late": gettext_noop("%(feed)s hasn't been read in time for %(home)s"),
    "quarantined": gettext_noop("%(feed)s is set aside for %(home)s"),
    "held": gettext_noop("%(feed)s dropped nights at %(home)s: %(nights)s held back"),
    "request": gettext_noop("%(guest)s asks for more time at %(home)s"),
    "conflict": gettext_noop("Double booking at %(home)s: %(first)s and %(second)s, %(stay)s"),
    "turnover": gettext_noop(
        "No time to clean at %(home)s: %(first)s until %(until)s, %(second)s from %(comes)s"
    ),
    "unread": gettext_noop("%(link)s has never read its Amplistay link for %(home)s"),
    "stopped": gettext_noop("%(link)s no longer reads its Amplistay link for %(home)s"),
    "unseen": gettext_noop("%(link)s hasn't read your sale of %(stay)s at %(home)s"),
    "keys": gettext_noop("%(account)s no longer accepts its keys"),
    "budget": gettext_noop("The requests to %(account)s are nearly used up"),
    "refused": gettext_noop("%(system)s refuses to close %(stay)s for %(home)s"),
}
ADVICE: Mapping[str, str] = {
    "failing": gettext_noop(
        "What it closed stays closed. Until it can be read, nothing is sold without you."
    ),
    "late": gettext_noop(
        "What it closed stays closed. We are behind with reading; sales wait until it is read."
    ),
    "quarantined": gettext_noop(
        "Reading it takes more time or memory than any calendar should. What it closed stays closed; we try again "
        "every six hours."
    ),
    "held": gettext_noop(
        "They stay closed until more reads agree, in case the site made a mistake. If you cancelled them yourself, "
        "free them now."
    ),
    "request": gettext_noop("What they want is kept free for them until you answer. Say yes or no."),
    "conflict": gettext_noop(
        "Two guests may arrive for the same nights. Decide who stays, and cancel the other at its site."
    ),
    "turnover": gettext_noop(
        "One guest comes too soon after the other for the time that cleaning takes here. Agree on other hours with one "
        "of them, or take your sale back."
    ),
    "unread": gettext_noop(
        "It doesn't learn what is sold here, and can sell the same nights. Paste the link there, or revoke it where "
        "it isn't needed."
    ),
    "stopped": gettext_noop(
        "It read it last %(since)s. What is sold here isn't closed there any more: look whether the link still stands "
        "there, and paste it once more."
    ),
    "unseen": gettext_noop(
        "It has been in its link since %(since)s, longer than a read usually takes. Have the site refresh its "
        "calendars, or close the nights there yourself."
    ),
    "keys": gettext_noop(
        "We have stopped asking. Every night stays as it is; enter new keys, and its calendars are read again."
    ),
    "budget": gettext_noop(
        "When none are left, its calendars stay as they are until the next day or month begins. What is asked for "
        "comes before what we read by ourselves."
    ),
    "refused": gettext_noop(
        "Its reason: “%(reason)s” Those nights are taken, and could be sold there once more. Close them there "
        "yourself; with the next read this is settled."
    ),
}
NEVER_READ: Mapping[str, str] = {  # the advice about a calendar of which nothing was ever read
    "failing": gettext_noop(
        "It has never been read, so it closes no night. Until it can be read, guests are offered nothing here."
    ),
    "late": gettext_noop(
        "It has never been read, so it closes no night. We are behind with reading; sales wait until it is read."
    ),
    "quarantined": gettext_noop(
        "Reading it takes more time or memory than any calendar should. It has never been read, so it closes no "
        "night; we try again every six hours."
    ),
}
RELIEF: Mapping[str, str] = {
    "failing": gettext_noop("%(feed)s can be read again for %(home)s"),
    "late": gettext_noop("%(feed)s is up to date again for %(home)s"),
    "quarantined": gettext_noop("%(feed)s can be read again for %(home)s"),
    "held": gettext_noop("No night of %(feed)s waits any more at %(home)s"),
    "request": gettext_noop("The question of %(guest)s at %(home)s is settled"),
    "conflict": gettext_noop("The double booking at %(home)s is over: %(first)s and %(second)s, %(stay)s"),
    "turnover": gettext_noop(
        "There is time to clean again at %(home)s between %(first)s and %(second)s, %(stay)s"
    ),
    "unread": gettext_noop("%(link)s has read its Amplistay link for %(home)s"),
    "stopped": gettext_noop("%(link)s reads its Amplistay link for %(home)s again"),
    "unseen": gettext_noop("%(link)s has read your sale of %(stay)s at %(home)s"),
    "keys": gettext_noop("%(account)s accepts its keys again"),
    "budget": gettext_noop("There are requests to %(account)s again"),
    "refused": gettext_noop("Nothing of %(home)s waits to be closed at %(system)s any more"),
}


NAMES = ("feed", "link", "first", "second")  # of calendars, among the details of an alert


def kept(row: Feed | ExportLink) -> str:
    """Its name as an alert keeps it: of a calendar of a site that nobody knows, the host that its link leads to.

    The word for such a site, which its link of ours has, is translated where it is read.
    A unit has the name of its system, for its label is mostly that of the home, which the alert names anyway.
    """
    if isinstance(row, Feed) and row.is_mirror:
        return row.source.name
    if isinstance(row, Feed) and row.is_nameless:
        return row.host
    return row.label or row.source.name


def _said(name: str) -> str:
    """A name that an alert keeps, in the reader's language; a sale of ours has none."""
    return named(OTHER) if name == OTHER.name else name or gettext("your sale")


def headline(alert: Alert) -> str:
    """What happened, in one line."""
    return _about(HEADLINES, alert)


def advice(alert: Alert) -> str:
    """What it means and what the host can do; of a calendar that was never read, with the cause."""
    feed = alert.feed if alert.kind in NEVER_READ else None
    if feed is None or feed.was_read:
        return _about(ADVICE, alert)
    said = _about(NEVER_READ, alert)
    return f"{sentence(feed.problem)} {said}" if alert.kind == Alert.Kind.FAILING and feed.problem else said


def relief(alert: Alert) -> str:
    """That it is over, in one line; of nights held back, with how many of them opened by themselves."""
    opened = alert.details.get("opened", 0)
    if alert.kind != Alert.Kind.HELD or not opened:
        return _about(RELIEF, alert)
    words = ngettext(
        "%(count)s night of %(feed)s opened at %(home)s, because several reads no longer listed it",
        "%(count)s nights of %(feed)s opened at %(home)s, because several reads no longer listed them",
        opened,
    )
    return words % {**_details(alert), "count": opened}


def _about(templates: Mapping[str, str], alert: Alert) -> str:
    """The template filled in."""
    topic = "turnover" if "until" in alert.details else alert.kind
    text: str = gettext(templates[topic]) % _details(alert)
    return text


def _details(alert: Alert) -> dict[str, Any]:
    """What fills a template, each in one line: names that hosts and sites gave may hold anything."""
    details = {"home": alert.property.name, "guest": gettext("A guest"), **alert.details}
    details |= {name: CONTROL.sub(" ", text) for name, text in details.items() if isinstance(text, str)}
    if "arrival" in details:
        first, last = (date.fromisoformat(details[name]) for name in ("arrival", "departure"))
        details["stay"] = between(first, last, "yMMMd")
    details |= {name: _said(details[name]) for name in NAMES if name in details}
    if reason := details.get("reason"):
        details["reason"] = gettext(reason).replace("%%", "%")
    for name in ("until", "comes", "since"):
        if name in details:
            local = datetime.fromisoformat(details[name]).astimezone(alert.property.house.zone)
            details[name] = moment(local)
    if "nights" in details:
        count = details["nights"]
        details["nights"] = ngettext("%(count)s night", "%(count)s nights", count) % {"count": count}
    return details
