"""What a host does in the dashboard, done by software."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.models import Organization
from calendars import exports
from calendars.models import Alert, Block, ExportLink, Feed
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.api.callers import Caller
from tests.api.conftest import a_conflict, a_purchase
from tests.conftest import Listing, read
from upsells.models import Offer, Purchase, StayLink
from webhooks.models import Sending, Webhook

LINK = "https://www.airbnb.com/calendar/ical/7.ics?s=abc"
OTHER = "https://www.vrbo.com/icalendar/8.ics"


def test_a_home_from_nothing_to_quotes(api: Caller, listing: Callable[..., Listing]) -> None:
    wanted = {
        "name": "Casa Nova", "time_zone": "Europe/Madrid", "check_in": "15:00", "check_out": "11:00",
        "turnaround": 120, "currency": "EUR", "nightly_rate": 12000,
    }  # fmt: skip
    home = api.send("POST", "/properties/", wanted, 201)
    path, row = f"/properties/{home['id']}", Property.objects.get()
    place = listing("airbnb")
    arrival, departure = cast.stay_of(row, 1, 3)
    place.book(arrival, departure)
    feed = api.send("POST", f"{path}/feeds/", {"link": place.export_url}, 201)
    assert feed["state"] == "checking"
    read(Feed.objects.get())
    assert api.get(f"/feeds/{feed['id']}/")["state"] == "fresh"
    (line,) = api.get(f"/feeds/{feed['id']}/reads/")["data"]
    assert (line["outcome"], line["closed"]) == ("changed", 2)
    api.send("PUT", f"{path}/rates/", {"weekdays": {}, "seasons": []})
    tax = {"name": "City tax", "basis_points": 1000, "per_night": 0, "per_person": False}
    api.send("PUT", f"{path}/taxes/", {"taxes": [tax]})
    terms = {"mode": "instant", "priced_by": "fixed", "price": 9900, "most_nights": 2}
    assert api.send("PATCH", f"{path}/terms/extra_nights/", terms)["price"] == 9900
    found = api.get(f"{path}/offers/?departure={departure}")
    assert [(each["kind"], each["amount"]) for each in found["offers"]] == [
        ("extra_nights", 10890),
        ("extra_nights", 21780),
    ]
    assert found["offers"][0]["nights"] == {
        "arrival": str(departure), "departure": str(departure + timedelta(days=1))
    }  # fmt: skip
    both = api.get(f"{path}/offers/?departure={departure}&arrival={arrival}")
    assert [each["side"] for each in both["nothing"]] == ["arriving"]
    assert api.get(f"{path}/offers/?departure=2001-01-01")["nothing"][0]["why"] == "over"


def test_availability_says_of_every_night_what_closes_it(api: Caller, home: Property) -> None:
    today = home.house.today(timezone.now())
    feed = cast.a_feed(home)
    cast.an_import(feed, Span(today, today + timedelta(days=3)), now=timezone.now())
    day = {days: str(today + timedelta(days=days)) for days in range(10)}
    note = {"property": home.public_id, "arrival": day[3], "departure": day[5], "note": "Paint"}
    block = api.send("POST", "/blocks/", note, 201)
    path = f"/properties/{home.public_id}/availability/?from={day[1]}&to={day[7]}"
    found = api.get(path)
    assert found["busy"] == [[day[1], day[5]]]
    closed = {each["date"]: each["status"] for each in found["nights"]}
    assert closed == {day[n]: "closed" if n < 5 else "free" for n in range(1, 7)}
    sources = {each["date"]: [source["origin"] for source in each["sources"]] for each in found["nights"]}
    assert (sources[day[1]], sources[day[4]], sources[day[6]]) == (["feed"], ["host"], [])
    api.send("DELETE", f"/blocks/{block['id']}/", status=204)
    later = api.get(path)
    assert later["busy"] == [[day[1], day[3]]]
    assert later["version"] > found["version"]
    (import_block,) = api.get(f"/blocks/?property={home.public_id}&from={day[1]}&to={day[2]}")["data"]
    assert api.send("DELETE", f"/blocks/{import_block['id']}/", status=409)["code"] == "conflict"


@pytest.mark.parametrize(
    "query", ["?from=1999-01-01", "?from=2027-01-02&to=2027-01-01", "?from=2027-01-01&to=2030-01-01"]
)
def test_windows_that_cant_be_meant_are_refused(api: Caller, home: Property, query: str) -> None:
    api.send("GET", f"/properties/{home.public_id}/availability/{query}", status=422)


def test_a_feeds_life(api: Caller, home: Property) -> None:
    path = f"/properties/{home.public_id}/feeds/"
    feed = api.send("POST", path, {"link": LINK}, 201)
    own = f"/feeds/{feed['id']}/"
    assert "ical/7" not in str(feed)
    assert api.send("POST", path, {"link": LINK}, 422)["errors"][0]["field"] == "link"
    assert api.send("POST", path, {"link": f"{OTHER}\n{LINK}"}, 422)["code"] == "invalid"
    assert api.send("PATCH", own, {"label": "Main", "sells_around": True})["name"] == "Main"
    assert api.send("PUT", own + "link/", {"link": OTHER})["channel"] == "vrbo"
    assert api.send("POST", own + "pause/")["state"] == "paused"
    assert "paused" in api.send("POST", own + "read/", status=409)["detail"]
    assert api.send("POST", own + "resume/")["state"] == "checking"
    assert api.send("POST", own + "read/", status=202)["state"] == "checking"
    assert api.send("POST", own + "free/") == {"nights": 0}
    api.send("DELETE", own, status=204)
    assert api.get(path)["data"] == []


def test_an_export_links_life(api: Caller, home: Property) -> None:
    path = f"/properties/{home.public_id}/exports/"
    link = api.send("POST", path, {"kind": "channel", "channel": "vrbo"}, 201)
    assert link["address"] == exports.address(ExportLink.objects.get())
    assert api.send("POST", f"/exports/{link['id']}/rotate/")["address"] != link["address"]
    people = api.send("POST", path, {"kind": "people", "label": "Owner", "shows_titles": True}, 201)
    assert api.send("PATCH", f"/exports/{people['id']}/", {"shows_guests": True})["shows_titles"] is True
    api.send("PATCH", f"/exports/{link['id']}/", {"shows_guests": True}, 409)
    api.send("POST", path, {"kind": "people"}, 422)
    api.send("POST", path, {"kind": "channel"}, 422)
    api.send("DELETE", f"/exports/{link['id']}/", status=204)
    assert [each["id"] for each in api.get(path)["data"]] == [people["id"]]


def test_terms_keep_what_is_left_out_and_refuse_what_cant_be_meant(api: Caller, home: Property) -> None:
    path = f"/properties/{home.public_id}/terms"
    wanted = {
        "mode": "approval",
        "priced_by": "slots",
        "slots": [{"minutes": 60, "amount": 1500}, {"minutes": 180, "amount": 4000}],
        "most_minutes": 180,
        "step_minutes": 60,
        "limit": "14:30",
        "cut_off_minutes": 90,
        "weekdays": [0, 1, 4],
        "blackouts": [{"arrival": "2027-12-24", "departure": "2027-12-27"}],
        "collection": {"airbnb": "channel", "others": "property"},
    }
    saved = api.send("PATCH", f"{path}/late_check_out/", wanted)
    assert {name: saved[name] for name in wanted} == wanted
    assert api.send("PATCH", f"{path}/late_check_out/", {"minimum": 1000}) == saved | {"minimum": 1000}
    for change, field in (
        ({"limit": "10:00"}, "limit"),
        ({"most_nights": 3}, "most_nights"),
        ({"collection": {"agoda": "property"}}, "collection.agoda"),
        ({"collection": {"airbnb": "card"}}, "collection.airbnb"),
        ({"cut_off_minutes": 7}, "cut_off_minutes"),
        ({"weekdays": []}, "weekdays"),
    ):
        errors = api.send("PATCH", f"{path}/late_check_out/", change, 422)["errors"]
        assert [each["field"] for each in errors] == [field], change
    assert Offer.objects.get().minimum == 1000
    assert [each["mode"] for each in api.get(f"{path}/")["data"]].count("off") == 3
    tiers = {
        "tiers": [{"hours_before": 72, "percent": 100}, {"hours_before": 24, "percent": 30}],
        "automatic": False,
    }
    assert api.send("PUT", f"/properties/{home.public_id}/cancel-terms/", tiers) == tiers


def test_the_hosts_word_about_purchases(api: Caller, home: Property, ids: dict[str, str]) -> None:
    link = StayLink.objects.general().get()
    asked = a_purchase(
        home,
        link,
        80,
        state=Purchase.State.ASKED,
        answer_by=timezone.now() + timedelta(hours=3),
        decided_at=None,
    )
    (found,) = api.get(f"/purchases/?state=asked&property={home.public_id}&q=marta")["data"]
    assert (found["id"], found["guest"]["email"], found["card"]) == (
        asked.public_id,
        "marta@example.org",
        None,
    )
    assert api.send("POST", f"/purchases/{asked.public_id}/refuse/")["reason"] == "refused"
    assert api.send("POST", f"/purchases/{asked.public_id}/agree/", status=409)["code"] == "conflict"
    path = f"/purchases/{ids['purchase_id']}"
    assert (
        api.send("PUT", f"{path}/guest-email/", {"email": "new@example.org"})["guest"]["email"]
        == "new@example.org"
    )
    assert (
        api.send("POST", f"{path}/cancel/", {"refund": "part", "amount": 20_000}, 422)["errors"][0]["field"]
        == "amount"
    )
    cancelled = api.send("POST", f"{path}/cancel/", {"refund": "part", "amount": 5_000})
    assert (cancelled["state"], cancelled["refund"], cancelled["cancelled_by"]) == (
        "cancelled",
        5_000,
        "host",
    )
    api.send("POST", f"{path}/cancel/", {"refund": "all"}, 409)
    assert api.get(f"{path}/certificate/")["certificate"]


def test_a_double_booking_is_shortened_or_settled(api: Caller, home: Property) -> None:
    now = timezone.now()
    feed = cast.a_feed(home, last_good_at=now)
    sold = a_purchase(home, cast.a_stay_link(home), 60)
    alert = a_conflict(feed, sold, 60)
    path = f"/conflicts/{alert.public_id}/"
    found = api.get(path)
    assert (found["purchase"], len(found["claims"])) == (sold.public_id, 2)
    assert api.get("/alerts/?open=true&kind=conflict")["data"][0]["id"] == alert.public_id
    api.send("POST", path + "settle/", status=409)
    api.send("POST", path + "shorten/", {"count": 9, "amount": 1}, 409)
    api.send("POST", path + "move/", {"property": "nowhere"}, 422)
    assert api.send("POST", path + "cancel/")["resolved_at"]
    assert Purchase.objects.get().state == Purchase.State.CANCELLED
    assert not Alert.objects.open().filter(kind=Alert.Kind.CONFLICT).exists()


def test_a_stays_link(api: Caller, home: Property) -> None:
    path = f"/properties/{home.public_id}/stay-links/"
    arrival, departure = cast.stay_of(home, 5, 8)
    wanted = {"arrival": str(arrival), "departure": str(departure), "channel": "airbnb", "guest": "Marta"}
    link = api.send("POST", path, wanted, 201)
    row = StayLink.objects.get()
    assert row.token not in link["id"]
    assert link["address"].endswith(f"/g/{row.token}/")
    api.send("POST", path, wanted, 409)
    other = api.send("POST", f"/stay-links/{link['id']}/renew/", status=201)
    assert other["id"] != link["id"]
    assert api.get(f"/stay-links/{link['id']}/")["stopped_at"]
    api.send("DELETE", f"/stay-links/{other['id']}/", status=204)
    assert len(api.get(f"{path}?from={date(2090, 1, 1)}")["data"]) == 0
    page = f"/properties/{home.public_id}/guest-page/"
    assert api.send("POST", page, status=201)["address"] == api.get(page)["address"]


def test_a_webhooks_life(api: Caller, organization: Organization) -> None:
    wanted = {"url": "https://hooks.example.org/1", "events": ["sale.confirmed"]}
    made = api.send("POST", "/webhooks/", wanted, 201)
    own = f"/webhooks/{made['id']}"
    assert api.get(f"{own}/secret/")["secrets"] == [made["secret"]]
    assert api.send("POST", f"{own}/rotate/")["secrets"][1] == made["secret"]
    assert api.send("PATCH", f"{own}/", {"events": ["sale.cancelled"]})["events"] == ["sale.cancelled"]
    api.send("POST", f"{own}/test/", status=202)
    api.send("POST", f"{own}/test/", status=409)
    (message,) = api.get(f"{own}/messages/?delivered=false")["data"]
    assert (message["event"], message["state"], message["body"]["type"]) == (
        "webhook.test",
        "waiting",
        "webhook.test",
    )
    Sending.objects.update(given_up_at=timezone.now())
    assert api.send("POST", f"{own}/replay/", status=202) == {"messages": 1}
    Sending.objects.update(given_up_at=timezone.now())
    assert api.send("POST", f"{own}/messages/{message['id']}/replay/", status=202)["state"] == "waiting"
    assert api.send("POST", f"{own}/stop/")["stopped"] == "host"
    assert api.send("POST", f"{own}/resume/")["state"] == "live"
    assert (
        api.send("POST", "/webhooks/", wanted | {"url": "http://10.0.0.1/"}, 422)["errors"][0]["field"]
        == "url"
    )
    api.send("DELETE", f"{own}/", status=204)
    assert not Webhook.objects.exists()


def test_only_what_is_the_hosts_own_can_be_read_by_a_note(api: Caller, home: Property) -> None:
    """What a site's calendar says may name a guest, which a token for calendars isn't told."""
    cast.an_import(cast.a_feed(home), cast.nights(5, 2), summary="Marta Puig")
    (block,) = api.get("/blocks/")["data"]
    assert block["note"] == ""
    assert Block.objects.get().summary == "Marta Puig"
