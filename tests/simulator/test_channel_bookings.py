"""Bookings, imports and pages over the control API of a running simulator."""

import re
import time
from collections.abc import Callable

import requests
from channel_client import Client

type Day = Callable[[int], str]


def test_a_listing_with_the_same_id_is_made_once(channels: Client) -> None:
    first = channels.api("POST", "/listings", channel="vrbo", id="x", name="Loft")
    again = channels.api("POST", "/listings", channel="vrbo", id="x", name="Other")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["name"] == "Loft"
    assert len(channels.api("GET", "/listings").json()["listings"]) == 1


def test_a_feed_address_survives_a_reset_and_carries_the_channel(channels: Client) -> None:
    before = channels.listing("google")["export_url"]
    channels.api("POST", "/reset")
    assert channels.listing("google")["export_url"] == before
    assert re.match(
        r"http://google\.localhost:\d+/calendar/ical/\w+%40group\.calendar\.google\.com/private-[0-9a-f]{32}/",
        before,
    )


def test_every_channel_serves_its_own_address_and_no_other(channels: Client) -> None:
    for channel in ("airbnb", "booking", "booking_legacy", "vrbo", "google", "manager"):
        channels.listing(channel, channel)
        answer = channels.read(channel)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert requests.get(f"{channels.address}/v1/export?t=unknown", timeout=5).status_code == 404
    assert requests.get(f"{channels.address}/icalendar/unknown.ics", timeout=5).status_code == 404


def test_a_second_booking_of_a_night_is_refused_and_a_touching_one_is_not(channels: Client, on: Day) -> None:
    channels.listing()
    assert channels.book(3, 6, guest="Ana").status_code == 201
    refused = channels.book(5, 7)
    assert refused.status_code == 409
    assert refused.json()["error"] == f"{on(3)} to {on(6)} is taken by the booking of Ana."
    assert channels.book(6, 8, kind="block").status_code == 201
    assert channels.book(7, 9).status_code == 409
    assert channels.state()["closed_nights"] == [[on(3), on(8)]]


def test_a_booking_can_lie_in_the_past_or_be_running(channels: Client, on: Day) -> None:
    channels.listing("vrbo")
    assert channels.book(-400, -390).status_code == 201
    assert channels.book(-2, 3).status_code == 201
    assert on(-2).replace("-", "") in channels.read().text


def test_a_booking_moves_only_to_free_nights(channels: Client, on: Day) -> None:
    channels.listing()
    moving = f"/listings/one/bookings/{channels.book(3, 6).json()['id']}"
    channels.book(8, 9)
    assert channels.api("PATCH", moving, departure=on(8)).status_code == 200
    assert channels.api("PATCH", moving, departure=on(9)).status_code == 409
    assert channels.state()["bookings"][0]["departure"] == on(8)


def test_a_cancelled_booking_leaves_the_feed(channels: Client) -> None:
    channels.listing()
    booking = channels.book(3, 6).json()["id"]
    assert "BEGIN:VEVENT" in channels.read().text
    assert channels.api("DELETE", f"/listings/one/bookings/{booking}").status_code == 204
    assert "BEGIN:VEVENT" not in channels.read().text
    assert channels.api("DELETE", f"/listings/one/bookings/{booking}").status_code == 404


def test_bad_values_are_answered_with_a_sentence(channels: Client, on: Day) -> None:
    channels.listing()
    backwards = channels.book(6, 3)
    assert backwards.status_code == 422
    assert backwards.json()["error"] == f"The departure ({on(3)}) must be after the arrival ({on(6)})."
    for path, values in (
        ("/listings/one/bookings", {"arrival": "soon", "departure": "later"}),
        ("/listings/one/bookings", {"arrival": on(1)}),
        ("/listings/one/bookings", {"arrival": "0001-01-01", "departure": "0001-01-02"}),
        ("/listings/one/bookings", {"arrival": on(1), "departure": on(2), "guest": 5}),
        ("/listings/one/bookings", {"arrival": on(1), "departure": on(2), "guest": "a\r\nb"}),
        ("/listings/one/fault", {"mode": "explode"}),
        ("/listings/one/fault", {"mode": "none", "for_reads": -1}),
        ("/listings/one/imports", {"url": "file:///etc/passwd"}),
        ("/listings", {"channel": "fax"}),
        ("/listings", {"channel": "vrbo", "timezone": "Mars/Olympus"}),
    ):
        answer = channels.api("POST", path, **values)
        assert (answer.status_code, bool(answer.json()["error"])) == (422, True), path
    broken = requests.post(f"{channels.address}/api/listings", data="{", timeout=5)
    assert broken.status_code == 422
    assert channels.api("GET", "/listings/nobody").status_code == 404
    assert channels.api("GET", "/nothing").status_code == 404


def test_an_import_closes_nights_and_refuses_bookings_on_them(channels: Client, on: Day) -> None:
    theirs = channels.listing("airbnb", "theirs")
    channels.book(3, 6, "theirs")
    channels.listing("booking", "ours")
    link = channels.api("POST", "/listings/ours/imports", url=theirs["export_url"], label="Airbnb")
    assert link.status_code == 201
    assert link.json()["last_status"] == "ok: 3 closed nights"
    state = channels.state("ours")
    assert state["imported_nights"] == [[on(3), on(6)]]
    assert state["imports"][0]["reads"] == 1
    refused = channels.book(5, 6, "ours")
    assert refused.status_code == 409
    assert refused.json()["error"] == f"{on(3)} to {on(6)} is closed by the imported calendar Airbnb."
    assert channels.book(6, 7, "ours").status_code == 201
    reads = channels.state("theirs")["feed_reads"]
    assert (reads["count"], reads["last_user_agent"]) == (1, "Booking.com iCal importer (simulated)")


def test_an_import_from_every_channel_closes_the_same_nights(channels: Client, on: Day) -> None:
    channels.listing("airbnb", "ours", timezone="America/New_York")
    for channel in ("airbnb", "booking", "booking_legacy", "vrbo", "google", "manager"):
        link = channels.listing(channel, channel, timezone="America/New_York")["export_url"]
        channels.book(3, 6, channel)
        made = channels.api("POST", "/listings/ours/imports", url=link, label=channel).json()
        assert made["nights"] == [[on(3), on(6)]], channel
        channels.api("DELETE", f"/listings/ours/imports/{made['id']}")
    assert channels.state("ours")["imported_nights"] == []


def test_an_import_keeps_its_last_state_while_the_other_side_fails(channels: Client, on: Day) -> None:
    theirs = channels.listing("vrbo", "theirs")
    channels.book(3, 6, "theirs")
    channels.listing("airbnb", "ours")
    channels.api("POST", "/listings/ours/imports", url=theirs["export_url"], label="Vrbo")
    for mode, status in (
        ("server_error", "error: HTTP 503"),
        ("html", "error: not a calendar"),
        ("truncated", "error: not a calendar"),
        ("garbage", "error: not a calendar"),
        ("huge", "error: larger than 2 MB"),
    ):
        channels.fault(mode, "theirs")
        link = channels.api("POST", "/listings/ours/imports/read").json()["imports"][0]
        assert (link["last_status"], link["nights"]) == (status, [[on(3), on(6)]])
    channels.fault("none", "theirs")
    booking = channels.state("theirs")["bookings"][0]["id"]
    channels.api("DELETE", f"/listings/theirs/bookings/{booking}")
    assert channels.api("POST", "/listings/ours/imports/read").json()["imported_nights"] == []


def test_booking_com_refuses_a_calendar_without_events_and_airbnb_does_not(channels: Client, on: Day) -> None:
    empty = channels.listing("vrbo", "empty")["export_url"]
    for channel, status in (("booking", "refused: no events"), ("airbnb", "ok: 0 closed nights")):
        channels.listing(channel, channel)
        made = channels.api("POST", f"/listings/{channel}/imports", url=empty, label="Vrbo").json()
        assert made["last_status"] == status
    channels.book(3, 6, "empty")
    channels.api("POST", "/listings/booking/imports/read")
    channels.fault("empty", "empty")
    kept = channels.api("POST", "/listings/booking/imports/read").json()
    assert kept["imports"][0]["last_status"] == "refused: no events"
    assert kept["imported_nights"] == [[on(3), on(6)]]


def test_a_link_nobody_answers_is_recorded_as_an_error(channels: Client) -> None:
    channels.listing()
    made = channels.api("POST", "/listings/one/imports", url="http://nobody.localhost:9/x.ics", label="x")
    assert made.status_code == 201
    assert made.json()["last_status"].startswith("error: ")


def test_imports_are_read_again_on_the_listings_own_interval(channels: Client, on: Day) -> None:
    theirs = channels.listing("airbnb", "theirs")
    channels.listing("vrbo", "ours", import_interval=1)
    channels.api("POST", "/listings/ours/imports", url=theirs["export_url"], label="Airbnb")
    channels.book(3, 6, "theirs")
    deadline = time.monotonic() + 8
    while not channels.state("ours")["imported_nights"]:
        assert time.monotonic() < deadline, "the listing never read its import again"
        time.sleep(0.2)
    assert channels.state("ours")["imported_nights"] == [[on(3), on(6)]]


def test_google_answers_304_until_something_changes(channels: Client) -> None:
    channels.listing("google")
    channels.book(3, 6)
    etag = channels.read().headers["ETag"]
    time.sleep(1.1)
    assert channels.read(headers={"If-None-Match": etag}).status_code == 304
    channels.book(8, 9)
    assert channels.read(headers={"If-None-Match": etag}).status_code == 200
    channels.listing("airbnb", "plain")
    assert "ETag" not in channels.read("plain").headers


def test_the_page_books_blocks_cancels_and_imports_without_script(channels: Client, on: Day) -> None:
    theirs = channels.listing("airbnb", "theirs")
    channels.book(20, 22, "theirs")
    page = channels.listing("booking", name="<b>Flat</b>")["page_url"]
    booked = requests.post(
        f"{page}/bookings",
        {"arrival": on(3), "departure": on(6), "guest": "Ana <i>", "kind": "booking"},
        timeout=5,
    )
    assert booked.status_code == 200
    assert "Simulated Booking.com &ndash; not the real site" in booked.text
    assert "Booked by Ana &lt;i&gt;" in booked.text
    assert "<b>Flat</b>" not in booked.text
    taken = requests.post(
        f"{page}/bookings", {"arrival": on(5), "departure": on(7), "kind": "block"}, timeout=5
    )
    assert taken.status_code == 409
    assert "is taken by the booking of Ana" in taken.text
    imported = requests.post(f"{page}/imports", {"url": theirs["export_url"], "label": "Airbnb"}, timeout=5)
    assert "Imported from Airbnb" in imported.text
    booking = channels.state()["bookings"][0]["id"]
    assert requests.post(f"{page}/bookings/{booking}/cancel", timeout=5).status_code == 200
    assert channels.state()["closed_nights"] == [[on(20), on(22)]]
    assert requests.post(f"{page}/fault", {"mode": "empty", "for_reads": ""}, timeout=5).status_code == 200
    assert channels.state()["fault"]["mode"] == "empty"


def test_the_front_page_lists_listings_and_makes_new_ones(channels: Client) -> None:
    made = requests.post(
        f"{channels.address}/listings",
        {"channel": "vrbo", "name": "Beach house", "timezone": "America/New_York"},
        timeout=5,
    )
    assert "Simulated Vrbo" in made.text
    assert "Beach house" in requests.get(f"{channels.address}/", timeout=5).text
    refused = requests.post(f"{channels.address}/listings", {"channel": "vrbo", "timezone": "x"}, timeout=5)
    assert refused.status_code == 422
    assert "timezone must be an IANA zone" in refused.text
    assert requests.get(f"{channels.address}/listings/nobody", timeout=5).status_code == 404
