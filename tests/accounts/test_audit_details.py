"""What exactly was changed: the log says what was and what became, and nothing that is secret."""

import ast
import json

import time_machine
from django.db.models import DateTimeField
from django.test import Client
from django.urls import reverse

from accounts.models import AuditLine, Membership, Organization, User
from amplistay import auditwords
from calendars.forms import FeedForm
from calendars.models import ExportLink, Feed
from domain.roles import Role
from properties.models import Property
from tests import cast
from tests.sources import OURS
from upsells.models import CancelTerms, Offer

LINK = "https://www.vrbo.com/icalendar/0c4nary.ics?s=0c4nary"


def details(name: str) -> dict[str, object]:
    """Of the one line that bears the name."""
    found: dict[str, object] = AuditLine.objects.get(name=name).details
    return found


def test_settings_are_logged_as_they_were_and_became(alices: Client, home: Property) -> None:
    facts = {
        "name": "Casa Nova", "time_zone": home.time_zone, "check_in": "15:00", "check_out": "10:30",
        "turnaround": "240", "currency": "EUR", "rate": "130.00",
    }  # fmt: skip
    alices.post(reverse("upsells:facts", args=[home.public_id]), facts)
    assert details("upsells:facts") == {
        "name": "Casa Gràcia → Casa Nova",
        "check_out": "11:00 → 10:30",
        "nightly_rate": "12000 → 13000",
    }


def test_rates_and_terms_are_logged_as_they_were_and_became(alices: Client, home: Property) -> None:
    ids = [home.public_id]
    alices.post(reverse("properties:rates", args=ids), {"week-day_4": "150.00"})
    assert details("properties:rates") == {"weekday_rates": "- → {'4': 15000}"}
    cast.an_offer(home)
    alices.post(reverse("upsells:switch", args=[*ids, "extra_nights"]), {"mode": "off"})
    assert details("upsells:switch")["mode"] == "instant → off"
    tiers = {"tiers-0-hours": "48", "tiers-0-percent": "80", "automatic": "yes"}
    alices.post(reverse("upsells:cancelling", args=ids), tiers)
    assert "[48, 80]" in str(details("upsells:cancelling")["tiers"]).replace("(", "[").replace(")", "]")


def test_the_owner_reads_what_was_changed_in_words_and_by_the_clock_of_the_homes(
    alices: Client, home: Property
) -> None:
    told = {
        "collection": "{'airbnb': 'property'} → {'': 'card'}",
        "mode": "instant → off",
        "nightly_rate": "12000 → -",
        "automatic": "True → False",
        "time_zone": "America/New_York → Europe/Madrid",
        "seasons": "- → [['2026-12-01', '2026-12-0…",
        "calendars": ["www.vrbo.com", "www.airbnb.com"],
    }
    assert auditwords.details(told, home).split(", ") == [
        "How you get the money: Airbnb: at the property → all others: by card",
        "How it is sold: sold at once → not on sale",
        "Usual price per night: €120.00 → –",
        "When a guest cancels: yes → no",
        "Time zone: America/New York → Europe/Madrid",
        "Seasons: – → 2026-12-01",
        "2026-12-0…",
        "Calendars: www.vrbo.com",
        "www.airbnb.com",
    ]
    with time_machine.travel("2026-12-01T23:30:00Z", tick=False):
        alices.post(reverse("upsells:switch", args=[home.public_id, "extra_nights"]), {"mode": "instant"})
        page = alices.get(reverse("audit"), {"start": "2026-12-02"}).content.decode()
    assert "Times are those of Europe/Madrid." in page
    assert "2 Dec 2026, 00:30" in page.replace("Dec 2, 2026", "2 Dec 2026")


def test_a_role_is_logged_with_what_it_was_and_for_which_homes(
    alices: Client, organization: Organization, home: Property, bob: User
) -> None:
    row = Membership.objects.get(user=bob)
    wanted = {"role": Role.MANAGER.value, "where": "some", "homes": [str(home.pk)]}
    alices.post(reverse("team:member", args=[row.pk]), wanted)
    assert details("team:member") == {
        "email": bob.email,
        "role": "owner → manager",
        "homes": f"all → {home.name}",
    }


def test_links_are_logged_by_what_they_are_called_and_never_in_clear(alices: Client, home: Property) -> None:
    ids = [home.public_id]
    alices.post(reverse("calendars:add-feeds", args=ids), {"links": LINK})
    assert details("calendars:add-feeds") == {"calendars": ["www.vrbo.com"]}
    feed = Feed.objects.get()
    alices.post(reverse("calendars:replace", args=[*ids, feed.public_id]), {"link": LINK.replace("0c", "1c")})
    assert details("calendars:replace")["calendar"] == feed.title
    alices.post(reverse("calendars:add-export", args=ids), {"channel": "vrbo"})
    link = ExportLink.objects.latest("pk")
    for name in ("rotate", "revoke"):
        alices.post(reverse(f"calendars:{name}", args=[*ids, link.public_id]))
        assert details(f"calendars:{name}")["link"] == link.title
    webhook = {"link": "https://hooks.example/0c4nary", "events": "sale.confirmed", "description": "PMS"}
    alices.post(reverse("webhooks:new"), webhook)
    assert details("webhooks:new") == {"webhook": "hooks.example", "events": ["sale.confirmed"]}
    assert "4nary" not in json.dumps(list(AuditLine.objects.values_list("details", flat=True)))


# Columns of a home, an offer and what a guest gets back, that no member changes.
NEVER_TOLD = {"id", "public_id", "organization", "property", "kind"}


def columns() -> set[str]:
    """All that a line may tell besides its sentence: what views note, and what members change of a row."""
    noted = {
        word.arg
        for source in OURS
        for call in ast.walk(source.tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "audit.note"
        for word in call.keywords
        if word.arg
    }
    changed = {
        column.name
        for model in (Property, Offer, CancelTerms)
        for column in model._meta.concrete_fields
        if not isinstance(column, DateTimeField)
    }
    others = {"role", "homes", "cleanings_a_day", "url_digest", "version", "oldest_version"}
    webhook = {"description", "events", "host", "stopped"}
    return (noted | changed | others | webhook | set(FeedForm.base_fields)) - NEVER_TOLD


def test_every_column_that_the_log_tells_has_a_word() -> None:
    assert sorted(columns() - set(auditwords.COLUMNS)) == []


def test_minutes_are_told_as_a_time_that_lasts(home: Property) -> None:
    told = {"turnaround": "120 → 240", "step_minutes": "15 → 90"}
    assert auditwords.details(told, home) == (
        "Cleaning takes: 2 hours → 4 hours, In steps of: 15 minutes → 1 hour, 30 minutes"
    )
