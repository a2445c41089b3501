"""How the channels read what hosts paste into them, and what they pass on of it."""

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import requests
from aiohttp import web
from channel_client import Client
from icalendar import Calendar

from simulator.channels import CHANNELS
from simulator.habits import Habit, next_read
from simulator.server import in_thread
from simulator.state import World
from simulator.world import Import, Listing

type Day = Callable[[int], str]

NOW = datetime(2026, 8, 22, 20, 25, 25, tzinfo=UTC)
IN_LIFE = {
    "airbnb": "3 to 4 h",
    "booking": "2 to 6 h",
    "booking_legacy": "2 to 6 h",
    "vrbo": "6 to 12 h",
    "google": "12 to 24 h",
    "manager": "15 to 60 min",
}


def _read(**values: object) -> Import:
    return Import("x", "http://a.test/x.ics", "A", last_read=NOW, last_ok=NOW, **values)  # type: ignore[arg-type]  # any field


def _waits(listing: Listing, habit: Habit) -> list[float]:
    """The seconds from one read to the next, for a hundred reads."""
    due = [next_read(listing, _read(reads=number), habit) for number in range(100)]
    return [(moment - NOW).total_seconds() for moment in due if moment]


@pytest.mark.parametrize("channel", list(CHANNELS))
def test_a_channel_reads_at_its_own_irregular_pace_and_the_same_in_every_run(channel: str) -> None:
    habit = CHANNELS[channel].reads_every
    assert str(habit) == IN_LIFE[channel]
    listing, fast = Listing("flat", channel, "Flat", "UTC"), habit.faster(60)
    waits = _waits(listing, fast)
    assert len(waits) == 100
    assert fast.least <= min(waits) < fast.least + (fast.most - fast.least) / 10
    assert fast.most >= max(waits) > fast.most - (fast.most - fast.least) / 10
    assert _waits(listing, fast) == waits != _waits(Listing("other", channel, "Flat", "UTC"), fast)


def test_a_persons_interval_and_a_link_that_was_given_up_replace_the_habit() -> None:
    habit = CHANNELS["airbnb"].reads_every
    flat = Listing("flat", "airbnb", "Flat", "UTC", import_interval=20)
    assert next_read(flat, _read(), habit) == NOW + timedelta(seconds=20)
    assert next_read(flat, _read(stopped=True), habit) is None
    flat.import_interval = 0
    assert next_read(flat, _read(), habit) is None
    flat.import_interval = None
    never_well = next_read(flat, Import("x", "http://a.test/x.ics", "A", last_read=NOW), habit)
    assert never_well is not None
    assert never_well <= NOW + timedelta(minutes=24)


def test_links_keep_over_a_restart_what_is_known_of_them(tmp_path: Path) -> None:
    world = World(tmp_path / "state.json")
    flat = world.add(Listing("flat", "google", "Flat", "UTC"))
    flat.imports["x"] = _read(nights=[(date(2026, 9, 1), date(2026, 9, 3))], stopped=True, etag='"1"')
    world.save()
    assert World(tmp_path / "state.json").listings == {"flat": flat}


def test_sites_ask_under_their_own_names_and_only_google_whether_anything_changed(channels: Client) -> None:
    asked: list[dict[str, str]] = []

    async def theirs(request: web.Request) -> web.Response:
        asked.append(dict(request.headers))
        if request.headers.get("If-None-Match") == '"one"':
            return web.Response(status=304)
        body = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:21000101\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        packed = {
            "Content-Encoding": "gzip",
            "ETag": '"one"',
            "Last-Modified": "Sat, 22 Aug 2026 20:25:25 GMT",
        }
        return web.Response(body=gzip.compress(body), headers=packed)

    async def moved(_request: web.Request) -> web.Response:
        raise web.HTTPFound("/now.ics")

    app = web.Application()
    app.add_routes([web.get("/now.ics", theirs), web.get("/then.ics", moved)])
    with in_thread(app) as address:
        for channel in CHANNELS:
            channels.listing(channel, channel)
            path = f"/listings/{channel}/imports"
            made = channels.api("POST", path, url=f"{address}/then.ics", label="Ours").json()
            again = channels.api("POST", f"{path}/read").json()["imports"][0]
            assert made["nights"] == again["nights"] == [["2100-01-01", "2100-01-02"]]
            found = "unchanged, 1 closed nights" if channel == "google" else "1 closed nights"
            assert again["last_status"] == f"ok: {found}", channel
    assert [one["User-Agent"] for one in asked[::2]] == [one.agent for one in CHANNELS.values()]
    assert all(one["Accept-Encoding"] == "gzip" for one in asked)
    conditions = [one for one in asked if "If-None-Match" in one or "If-Modified-Since" in one]
    assert [one["User-Agent"] for one in conditions] == [CHANNELS["google"].agent]
    assert conditions[0]["If-Modified-Since"] == "Sat, 22 Aug 2026 20:25:25 GMT"


def test_a_link_the_channel_gave_up_is_read_no_more_until_it_is_taken_up_again(channels: Client) -> None:
    theirs = channels.listing("vrbo", "theirs")
    page = channels.listing("airbnb", "ours", import_interval="habit")["page_url"]
    made = channels.api("POST", "/listings/ours/imports", url=theirs["export_url"], label="Vrbo").json()
    assert made["next_read"]
    link = f"/listings/ours/imports/{made['id']}"
    stopped = requests.post(f"{page}/imports/{made['id']}/stop", timeout=5)
    assert "Doesn't read it any more" in stopped.text
    left = channels.api("POST", "/listings/ours/imports/read").json()["imports"][0]
    assert (left["reads"], left["next_read"]) == (1, None)
    assert channels.api("PATCH", link, stopped=False).json()["next_read"] == made["next_read"]
    assert channels.api("POST", "/listings/ours/imports/read").json()["imports"][0]["reads"] == 2
    assert channels.api("PATCH", "/listings/ours/imports/none", stopped=True).status_code == 404


def _reservation(channels: Client) -> dict[str, str]:
    (event,) = Calendar.from_ical(channels.read("ours").content).walk("VEVENT")
    dates = {"end": f"{event['DTEND'].dt}"}
    return dates | {name: str(event[name]) for name in ("UID", "DESCRIPTION")}


def test_an_imported_calendar_stands_in_the_way_of_a_longer_stay_until_it_opens_the_nights(
    channels: Client, on: Day
) -> None:
    theirs = channels.listing("vrbo", "theirs")
    page = channels.listing("airbnb", "ours")["page_url"]
    stay = f"/listings/ours/bookings/{channels.book(3, 6, 'ours').json()['id']}"
    sale = f"/listings/theirs/bookings/{channels.book(6, 8, 'theirs').json()['id']}"
    channels.api("POST", "/listings/ours/imports", url=theirs["export_url"], label="Amplistay")
    before = _reservation(channels)

    form = {"arrival": on(3), "departure": on(8)}
    refused = requests.post(f"{page}/bookings/{stay.rsplit('/', 1)[-1]}/alter", form, timeout=5)
    assert refused.status_code == 409
    why = f"{on(6)} to {on(8)} is closed by the imported calendar Amplistay."
    assert f"{on(3)} to {on(6)} can&#x27;t become {on(3)} to {on(8)}: {why}" in refused.text
    assert _reservation(channels) == before

    channels.api("DELETE", sale)
    channels.api("POST", "/listings/ours/imports/read")
    altered = channels.api("PATCH", stay, departure=on(8))
    assert (altered.status_code, altered.json()["sequence"]) == (200, 1)
    assert _reservation(channels) == before | {"end": on(8)}

    channels.book(6, 8, "theirs")
    channels.api("POST", "/listings/ours/imports/read")
    assert channels.api("PATCH", stay, departure=on(7)).status_code == 200
    assert channels.api("PATCH", stay, departure=on(8)).status_code == 409


def test_booking_com_passes_on_what_it_reads_unless_it_exports_reservations_only(
    channels: Client, on: Day
) -> None:
    theirs = channels.listing("vrbo", "theirs")
    channels.book(3, 6, "theirs")
    for channel, passes_on in (("booking", True), ("airbnb", False)):
        page = channels.listing(channel, channel)["page_url"]
        channels.api("POST", f"/listings/{channel}/imports", url=theirs["export_url"], label="Vrbo")
        assert (on(3).replace("-", "") in channels.read(channel).text) is passes_on
        requests.post(f"{page}/export", {"reexports_imports": "on"}, timeout=5)
        assert on(3).replace("-", "") not in channels.read(channel).text
        requests.post(f"{page}/export", {"reexports_imports": "on", "exports_blocks": "on"}, timeout=5)
        assert on(3).replace("-", "") in channels.read(channel).text


@pytest.mark.parametrize(
    ("channel", "kept"), [(channel, channel != "booking") for channel in CHANNELS], ids=list(CHANNELS)
)
def test_of_past_imported_nights_only_the_one_that_ended_today_is_passed_on(channel: str, kept: bool) -> None:
    """Booking.com's feed begins with today since July 2026: what is over never comes back there."""
    flat = Listing("flat", channel, "Flat", "Europe/Rome", reexports_imports=True)
    over, ahead = (date(2026, 8, 19), date(2026, 8, 22)), (date(2026, 9, 1), date(2026, 9, 3))
    flat.imports["x"] = _read(nights=[over, ahead])
    events = Calendar.from_ical(CHANNELS[channel].shape(flat, flat.exported(NOW), NOW)).walk("VEVENT")
    starts = [event["DTSTART"].dt for event in events]
    found = [start.date() if isinstance(start, datetime) else start for start in starts]
    assert found == [*([date(2026, 8, 21)] if kept else []), date(2026, 9, 1)]


def test_the_page_says_how_often_the_listing_reads_and_takes_another_pace(channels: Client) -> None:
    made = channels.listing("airbnb", import_interval="habit")
    assert (made["import_interval"], made["reads_every"]) == (None, [180.0, 240.0])
    page = made["page_url"]
    assert "every 3 to 4 min</strong> (in life: every 3 to 4 h)" in requests.get(page, timeout=5).text
    set_here = requests.post(f"{page}/pace", {"import_interval": "20"}, timeout=5).text
    assert "every 20 s, set here</strong> (in life: every 3 to 4 h)" in set_here
    requests.post(f"{page}/pace", {"import_interval": "habit"}, timeout=5)
    assert channels.state()["import_interval"] is None
    assert requests.post(f"{page}/pace", {"import_interval": "soon"}, timeout=5).status_code == 422
