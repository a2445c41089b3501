"""`inspect_feed`: scripts rely on its JSON, people on its text, and neither on a database."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.connectors.strangers import Server, reply
from tests.domain.snapshots import calendar, closings, day, nights, reservations

ROOT = Path(__file__).resolve().parent.parent.parent
NOBODY = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "REDIS_URL": "redis://127.0.0.1:1/0"}
SECRET = "s3cr3t-t0ken"
PUZZLING = calendar("BEGIN:VEVENT", "UID:a", "SUMMARY:Odd", "DTSTART;VALUE=DATE:20261345", "END:VEVENT")

GAP = reservations((3, 5), (7, 9), blocks=((5, 7),))
UNLABELLED = GAP.replace(b"7f662ec65913-", b"other-").replace(b"Airbnb (Not available)", b"Blocked")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "feed.ics"
    path.write_bytes(closings((3, 5), (8, 9)))
    return path


def said(source: object, *options: str) -> str:
    """What the command prints, on the first of December in Madrid unless told otherwise."""
    out = StringIO()
    words = ["--timezone", "Europe/Madrid", "--today", "2026-12-01", *options]
    call_command("inspect_feed", str(source), *words, stdout=out)
    return out.getvalue()


def found(source: object, *options: str) -> Any:
    return json.loads(said(source, *options, "--json"))


def refused(source: object, *options: str) -> str:
    """The sentence with which the command gives up."""
    with pytest.raises(CommandError) as error:
        found(source, *options)
    assert error.value.returncode == 1
    return str(error.value)


def test_a_file_is_answered_with_its_nights_and_entries(file: Path) -> None:
    answer = found(file)
    assert set(answer) == {"state", "nights", "events", "problems"}
    assert (answer["state"], answer["nights"], answer["problems"]) == ("ok", nights((3, 5), (8, 9)), [])
    assert answer["events"][0] == {
        "uid": f"{3:032x}@booking.example",
        "kind": "block",
        "start": "2026-12-04",
        "end": "2026-12-06",
        "summary": "CLOSED - Not available",
        "nights": nights((3, 5)),
    }


def test_times_carry_their_offset_and_hours_close_no_night(file: Path) -> None:
    file.write_bytes(
        calendar(
            *("BEGIN:VEVENT", "UID:stay", "DTSTART;TZID=Europe/Madrid:20261204T160000"),
            *("DTEND;TZID=Europe/Madrid:20261206T110000", "END:VEVENT"),
            *("BEGIN:VEVENT", "UID:clean", "DTSTART:20261206T113000", "DTEND:20261206T140000", "END:VEVENT"),
        )
    )
    stay, clean = found(file)["events"]
    assert (stay["start"], stay["end"]) == ("2026-12-04T16:00:00+01:00", "2026-12-06T11:00:00+01:00")
    assert stay["nights"] == nights((3, 5))
    assert (clean["kind"], clean["nights"]) == ("hours", [])


def test_the_nights_shown_are_half_open(file: Path) -> None:
    answer = found(file, "--from", str(day(4)), "--to", str(day(8)))
    assert answer["nights"] == nights((4, 5))
    assert [event["nights"] for event in answer["events"]] == [nights((4, 5))]
    assert answer["events"][0]["start"] == str(day(3)), "what the entry says isn't clipped"


@pytest.mark.parametrize(
    ("options", "stays"),
    [(["--from", "2026-12-09"], [(8, 9)]), (["--to", "2026-12-06"], [(3, 5)]), (["--to", "2019-01-01"], [])],
)
def test_one_side_of_the_nights_shown_may_be_left_open(
    file: Path, options: list[str], stays: list[tuple[int, int]]
) -> None:
    assert found(file, *options)["nights"] == nights(*stays)


def test_old_entries_are_shown_unless_told_otherwise(file: Path) -> None:
    file.write_bytes(calendar("BEGIN:VEVENT", "UID:a", "DTSTART;VALUE=DATE:20190117", "END:VEVENT"))
    assert found(file)["nights"] == ["2019-01-17"]


def test_the_property_s_clock_decides_which_night_a_time_is_in(file: Path) -> None:
    lines = ("BEGIN:VEVENT", "UID:a", "DTSTART:20261204T120000Z", "DTEND:20261204T140000Z", "END:VEVENT")
    file.write_bytes(calendar(*lines))
    assert found(file)["nights"] == []
    assert found(file, "--check-in", "12:00")["nights"] == nights((3, 4))
    assert found(file, "--timezone", "Asia/Tokyo")["nights"] == nights((3, 4))


def test_a_channel_named_by_hand_tells_its_blocks_apart(file: Path) -> None:
    file.write_bytes(UNLABELLED)
    assert [event["kind"] for event in found(file)["events"]] == ["reservation", "block", "reservation"]
    kinds = [event["kind"] for event in found(file, "--channel", "airbnb")["events"]]
    assert kinds == ["reservation", "gap", "reservation"]


def test_an_end_that_is_the_last_night_closes_one_night_more(file: Path) -> None:
    assert found(file, "--ends-inclusive")["nights"] == nights((3, 6), (8, 10))


@pytest.mark.parametrize(
    ("body", "state", "words"),
    [
        (b"", "refused", "empty"),
        (b"<html>Log in</html>", "refused", "web page"),
        (closings((3, 5))[:-20], "refused", "breaks off"),
        (b" " * 3_000_000, "refused", "too big"),
        (PUZZLING, "degraded", "no date"),
    ],
    ids=["empty", "web page", "broken off", "too big", "puzzling"],
)
def test_a_calendar_that_cannot_be_trusted_is_an_answer_with_a_sentence(
    file: Path, body: bytes, state: str, words: str
) -> None:
    file.write_bytes(body)
    answer = found(file)
    assert (answer["state"], answer["nights"]) == (state, [])
    assert words in answer["problems"][0]


def test_without_json_a_person_can_read_it(file: Path) -> None:
    file.write_bytes(PUZZLING.replace(b"END:VCALENDAR", b"") + closings((3, 5)).split(b"EN\r\n", 1)[1])
    text = said(file)
    assert "degraded: 2 nights closed" in text
    assert "2026-12-04 → 2026-12-06  2 nights" in text
    assert "“Odd” has no date" in text


def test_a_calendar_can_not_command_the_terminal(file: Path) -> None:
    rule = "RRULE:FREQ=HOURLY\x1b[2J"
    file.write_bytes(calendar("BEGIN:VEVENT", "UID:a", "DTSTART:20261204T120000", rule, "END:VEVENT"))
    assert "FREQ=HOURLY" in said(file)
    assert "\x1b" not in said(file)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--timezone", "Europe/Atlantis"], "--timezone: “Europe/Atlantis” is no IANA time zone"),
        (["--timezone", "../../etc/passwd"], "is no IANA time zone"),
        (["--timezone", "Europe"], "is no IANA time zone"),
        (["--check-in", "3 pm"], "--check-in: “3 pm” is no time of day"),
        (["--check-out", "11:00+01:00"], "--check-out"),
        (["--check-in", "10:00"], "--check-out must not be later than --check-in"),
        (["--from", "01/12/2026"], "--from: “01/12/2026” is no date"),
        (["--today", "0001-01-01"], "--today: 0001-01-01 is outside"),
        (["--from", "2026-12-05", "--to", "2026-12-05"], "--from must be before --to"),
        (["--channel", "airbmb"], "--channel: “airbmb” is not known"),
    ],
)
def test_an_option_that_means_nothing_is_named(file: Path, options: list[str], words: str) -> None:
    assert words in refused(file, *options)


def test_what_is_no_file_is_said_without_repeating_what_may_be_a_link(tmp_path: Path) -> None:
    assert "directory" in refused(tmp_path)
    sentence = refused(f"www.airbnb.com/calendar/ical/7.ics?s={SECRET}")
    assert "no such file" in sentence
    assert SECRET not in sentence
    assert "can't be read" in refused("feed\0.ics")


@pytest.fixture
def site(settings: Settings) -> Iterator[Server]:
    """A site that answers with a calendar at /feed and otherwise with errors."""

    def answer(connection: Any, request: bytes) -> None:
        if request.startswith(b"GET /feed"):
            connection.sendall(reply(closings((3, 5)), "Content-Type: text/calendar"))
        elif request.startswith(b"GET /blocks"):
            connection.sendall(reply(UNLABELLED))
        elif request.startswith(b"GET /rooms"):
            connection.sendall(reply(b"<html>A lovely flat</html>"))
        else:
            connection.sendall(reply(status="404 Not Found"))

    with Server(answer) as server:
        settings.LOOPBACK_FEED_PORTS = frozenset({server.port})
        yield server


def test_a_link_is_fetched_and_its_calendar_answered(site: Server) -> None:
    assert found(site.url(f"/feed.ics?s={SECRET}"))["nights"] == nights((3, 5))


def test_the_host_of_a_link_names_the_channel(site: Server) -> None:
    link = f"http://airbnb.localhost:{site.port}/blocks.ics"
    assert [event["kind"] for event in found(link)["events"]] == ["reservation", "gap", "reservation"]
    kinds = [event["kind"] for event in found(link, "--channel", "booking")["events"]]
    assert kinds == ["reservation", "block", "reservation"]


def test_a_link_to_the_listing_s_own_page_is_told_for_what_it_is(site: Server) -> None:
    answer = found(f"http://airbnb.localhost:{site.port}/rooms/7")
    assert answer["state"] == "refused"
    assert "opens the listing's own page" in answer["problems"][0]


def test_a_link_that_is_not_answered_with_a_calendar_is_told_by_its_host_alone(
    site: Server, settings: Settings
) -> None:
    sentence = refused(site.url(f"/{SECRET}.ics?s={SECRET}"))
    assert "127.0.0.1 answered “404 not found”" in sentence
    assert SECRET not in sentence
    settings.LOOPBACK_FEED_PORTS = frozenset()
    asked = len(site.requests)
    assert SECRET not in refused(site.url(f"/feed/{SECRET}"))
    assert len(site.requests) == asked, "an address inside was asked"


@pytest.mark.parametrize("link", ["file:///etc/passwd", "https://a:b@example.org/x", "https://exa mple.org/"])
def test_a_link_we_do_not_open_is_told_in_a_sentence(link: str) -> None:
    sentence = refused(link + SECRET)
    assert sentence.startswith("The link ")
    assert SECRET not in sentence


def command(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, where neither database nor Redis can be reached."""
    return subprocess.run(
        [sys.executable, "manage.py", "inspect_feed", *words, "--timezone", "Europe/Madrid"],
        cwd=ROOT,
        env=os.environ | NOBODY,
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_it_needs_no_database_and_prints_one_document() -> None:
    done = command("-", "--json", "--today", "2026-12-01", given=closings((3, 5)))
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["nights"] == nights((3, 5))


def test_what_it_could_not_do_stands_on_stderr_alone() -> None:
    done = command("nowhere.ics", "--json")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"There is no such file." in done.stderr
    assert b"Traceback" not in done.stderr
