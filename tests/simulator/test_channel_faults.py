"""Every fault of a feed over a real socket, and the simulator as a process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from channel_client import Client
from icalendar import Calendar

from simulator.faults import PLAYS


@pytest.fixture
def feed(channels: Client) -> Client:
    """A listing with four stays."""
    channels.listing()
    for start in (1, 5, 9, 13):
        assert channels.book(start, start + 2).status_code == 201
    return channels


def count(body: bytes) -> int:
    return len(Calendar.from_ical(body).walk("VEVENT"))


def test_half_and_empty_are_faultless_calendars_with_stays_missing(feed: Client) -> None:
    feed.fault("half")
    assert count(feed.read().content) == 2
    feed.fault("empty")
    assert count(feed.read().content) == 0
    feed.fault("none")
    assert count(feed.read().content) == 4


def test_half_loses_even_an_only_stay(channels: Client) -> None:
    channels.listing("booking")
    channels.book(1, 3)
    channels.fault("half")
    assert count(channels.read().content) == 0


@pytest.mark.parametrize("mode", ["html", "listing_page"])
def test_a_web_page_comes_with_status_200(feed: Client, mode: str) -> None:
    feed.fault(mode)
    answer = feed.read()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "BEGIN:VCALENDAR" not in answer.text
    assert ("Flat one" in answer.text) == (mode == "listing_page")


@pytest.mark.parametrize(
    ("mode", "status"), [("not_found", 404), ("forbidden", 403), ("server_error", 503), ("too_many", 429)]
)
def test_a_refusal_has_its_status_and_tells_when_to_come_back(feed: Client, mode: str, status: int) -> None:
    feed.fault(mode, retry_after=77)
    answer = feed.read()
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "77")


def test_too_many_requests_names_a_wait_of_its_own_and_a_404_does_not(feed: Client) -> None:
    feed.fault("too_many")
    assert feed.read().headers["Retry-After"] == "120"
    feed.fault("not_found")
    assert "Retry-After" not in feed.read().headers


def test_a_fault_for_one_read_is_gone_on_the_next(feed: Client) -> None:
    feed.fault("server_error", for_reads=2)
    assert [feed.read().status_code for _ in range(3)] == [503, 503, 200]
    assert feed.state()["fault"]["mode"] == "none"


def test_a_hanging_feed_sends_nothing_and_blocks_nobody_else(feed: Client) -> None:
    feed.fault("hang")
    with pytest.raises(requests.ReadTimeout):
        feed.read(timeout=1)
    feed.fault("none")
    assert feed.read().status_code == 200


def test_a_dripping_feed_never_pauses_long_and_never_ends_soon(feed: Client) -> None:
    feed.fault("drip")
    started = time.monotonic()
    with feed.read(stream=True, timeout=2) as answer:
        body = answer.iter_content(1)
        assert [next(body) for _ in range(3)] == [b"B", b"E", b"G"]
    assert time.monotonic() - started >= 0.9
    assert int(answer.headers["Content-Length"]) > 500


def test_a_truncated_feed_is_a_complete_answer_with_half_a_calendar(feed: Client) -> None:
    whole = feed.read().content
    feed.fault("truncated")
    answer = feed.read()
    assert len(answer.content) == int(answer.headers["Content-Length"]) == len(whole) // 2
    assert answer.content.startswith(b"BEGIN:VCALENDAR")
    assert b"END:VCALENDAR" not in answer.content


def test_a_huge_feed_goes_on_after_five_megabytes(feed: Client) -> None:
    feed.fault("huge")
    read = 0
    with feed.read(stream=True) as answer:
        for chunk in answer.iter_content(65_536):
            read += len(chunk)
            if read > 5_000_000:
                break
    assert read > 5_000_000
    feed.fault("none")
    assert feed.read().status_code == 200


def test_garbage_is_labelled_as_a_calendar(feed: Client) -> None:
    feed.fault("garbage")
    answer = feed.read()
    assert answer.headers["Content-Type"].startswith("text/calendar")
    with pytest.raises(ValueError, match=r".+"):
        Calendar.from_ical(answer.content)


def test_a_redirect_goes_where_it_was_told(feed: Client) -> None:
    feed.fault("redirect_to", location="http://169.254.169.254/latest/")
    answer = feed.read()
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://169.254.169.254/latest/")


def test_a_slow_feed_is_right_in_the_end(feed: Client) -> None:
    feed.fault("slow", seconds=1)
    started = time.monotonic()
    assert count(feed.read().content) == 4
    assert time.monotonic() - started >= 1


def test_every_fault_is_tried_here() -> None:
    source = Path(__file__).read_text()
    assert [mode for mode in PLAYS if f'"{mode}"' not in source] == []


def test_the_bench_calendar_is_airbnb_shaped_and_differs_only_by_its_stamp(channels: Client) -> None:
    def bench(query: str) -> bytes:
        return requests.get(f"{channels.address}/bench/7.ics?{query}", timeout=5).content

    def unstamped(body: bytes) -> list[bytes]:
        return [line for line in body.splitlines() if not line.startswith(b"DTSTAMP")]

    first = bench("events=20")
    assert count(first) == 20
    assert b"DTSTAMP:2000" not in first
    time.sleep(1.1)
    second = bench("events=20")
    assert first != second
    assert unstamped(first) == unstamped(second)
    assert unstamped(bench("events=50&changing=1")) != unstamped(bench("events=50&changing=1"))


def test_a_growing_bench_calendar_has_one_stay_more_whenever_it_is_told_so(channels: Client) -> None:
    def stays(query: str) -> int:
        return count(requests.get(f"{channels.address}/bench/7.ics?{query}", timeout=5).content)

    assert [stays("events=3&growing=1"), stays("events=3&growing=1")] == [3, 3]
    assert channels.api("POST", "/grow").json() == {"grown": 1}
    assert [stays("events=3&growing=1"), stays("events=3")] == [4, 3]
    channels.api("POST", "/reset")
    assert stays("events=3&growing=1") == 3


@contextlib.contextmanager
def process(state: Path) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """``python -m simulator`` on a free port."""
    command = [sys.executable, "-m", "simulator", "--port", "0", "--state", str(state)]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=Path(__file__).parents[2]
    )
    try:
        assert running.stdout
        line = running.stdout.readline().strip()
        assert line.startswith("Simulated channels at http://127.0.0.1:")
        yield running, Client(line.rpartition(" ")[2])
    finally:
        running.kill()
        running.communicate()


def test_sigterm_ends_the_process_at_once_and_a_restart_keeps_the_bookings(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with process(state) as (running, client):
        client.listing("google")
        client.book(-2, 3, guest="Ana")
        client.api("POST", "/listings/one/imports", url="http://nobody.localhost:9/x.ics", label="x")
        client.fault("hang", retry_after=5)
        before = client.state()
        with pytest.raises(requests.ReadTimeout):
            client.read(timeout=0.5)
        before["feed_reads"] = client.state()["feed_reads"]
        os.kill(running.pid, signal.SIGTERM)
        assert running.wait(timeout=5) == 0
        assert running.stdout
        assert running.stdout.read() == ""
    assert json.loads(state.read_text())["listings"]
    with process(state) as (_, client):
        after = client.state()
    for name in ("export_url", "page_url"):
        before.pop(name)
        after.pop(name)
    assert after == before


def test_a_broken_state_file_is_named_at_start(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text("{")
    command = [sys.executable, "-m", "simulator", "--port", "0", "--state", str(state)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=20, check=False
    )
    assert done.returncode == 1
    assert "can't start" in done.stderr
    assert "Traceback" not in done.stderr
