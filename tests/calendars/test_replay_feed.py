"""`replay_feed`: the history of a feed through the rules of polling, with episodes like those that were recorded.

The channels' faults below happened to others (a stay and a season lost for an hour, a feed gone empty, every gap
closed and opened again, entries merged overnight); every date in them is invented.
"""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.domain.snapshots import MORNING, Stay, closings, day, nights, reservations

ROOT = Path(__file__).resolve().parent.parent.parent
NOBODY = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "REDIS_URL": "redis://127.0.0.1:1/0"}
MINUTE = timedelta(minutes=1)
LATER = (60, 80)
WEB_PAGE = b"<html>Please log in</html>"


class History:
    """Snapshots of one feed, named by their instants, minutes after the first morning."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def keep(self, body: bytes, *minutes: float) -> None:
        for after in minutes:
            at = MORNING + after * MINUTE
            (self.directory / f"{at:%Y%m%dT%H%M%SZ}.ics").write_bytes(body)

    def replayed(self, *options: str) -> Any:
        out = StringIO()
        words = ["--timezone", "Europe/Madrid", *options, "--json"]
        call_command("replay_feed", str(self.directory), *words, stdout=out, stderr=StringIO())
        return json.loads(out.getvalue())


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def opened(answer: Any) -> list[str]:
    return [night for read in answer["reads"] for night in read["opened"]]


def busy(*stays: Stay) -> list[list[str]]:
    return [[str(day(start)), str(day(end))] for start, end in stays]


def test_each_snapshot_is_a_read_at_the_instant_of_its_name(history: History) -> None:
    history.keep(closings((3, 5)), 0)
    history.keep(closings((3, 5), (8, 9), at=MORNING + 15 * MINUTE), 15)
    answer = history.replayed()
    assert set(answer) == {"reads", "busy"}
    first, second = answer["reads"]
    assert first == {
        "at": "2026-12-01T08:00:00+00:00",
        "state": "ok",
        "closed": nights((3, 5)),
        "opened": [],
        "held": [],
    }
    assert datetime.fromisoformat(second["at"]) == MORNING + 15 * MINUTE
    assert second["closed"] == nights((8, 9))
    assert answer["busy"] == busy((3, 5), (8, 9))


def test_a_cancellation_opens_with_the_second_read_that_agrees_half_an_hour_on(history: History) -> None:
    history.keep(closings((10, 12), LATER), 0)
    history.keep(closings(LATER), 15, 30, 45)
    reads = history.replayed()["reads"]
    assert [read["held"] for read in reads] == [[], nights((10, 12)), nights((10, 12)), []]
    assert [read["opened"] for read in reads] == [[], [], [], nights((10, 12))]


def test_a_read_that_is_refused_says_what_waits_and_counts_for_nothing(history: History) -> None:
    history.keep(closings((10, 12), LATER), 0)
    history.keep(closings(LATER), 15)
    history.keep(WEB_PAGE, 30)
    history.keep(b"", 45)
    answer = history.replayed()
    assert [read["state"] for read in answer["reads"]] == ["ok", "ok", "refused", "refused"]
    assert [read["held"] for read in answer["reads"]] == [[], *[nights((10, 12))] * 3]
    assert answer["busy"] == busy((10, 12), LATER)


def test_a_stay_and_a_season_that_were_lost_for_an_hour_are_never_open(history: History) -> None:
    stays: list[Stay] = [(25, 27), (46, 47), (80, 83)]
    history.keep(closings((3, 5), *stays, (200, 484)), 0)
    history.keep(closings(*stays), 55, 70, 85, 100)
    history.keep(closings((3, 5), *stays, (200, 485)), 113)
    answer = history.replayed()
    assert opened(answer) == []
    assert [len(read["held"]) for read in answer["reads"]] == [0, *[286] * 4, 0]
    assert answer["reads"][-1]["closed"] == nights((484, 485))
    assert answer["busy"] == busy((3, 5), *stays, (200, 485))


@pytest.mark.parametrize("gone", [*range(15, 241, 15)])
def test_a_feed_that_is_empty_for_less_than_four_hours_opens_nothing(history: History, gone: int) -> None:
    stays = [(start, start + 3) for start in range(1, 160, 4)]
    history.keep(reservations(*stays), 0)
    history.keep(reservations(), *range(15, 15 + gone, 15))
    history.keep(reservations(*stays, (170, 171)), 15 + gone)
    answer = history.replayed("--channel", "airbnb")
    assert opened(answer) == []
    assert answer["reads"][-1]["held"] == []
    assert answer["busy"] == busy(*stays, (170, 171))


def test_a_feed_that_stays_empty_opens_with_the_first_read_after_four_hours(history: History) -> None:
    history.keep(reservations((1, 4), (9, 12)), 0)
    history.keep(reservations(), 15, 254, 255)
    answer = history.replayed()
    assert [len(read["opened"]) for read in answer["reads"]] == [0, 0, 0, 6]
    assert answer["busy"] == []


def test_gaps_that_a_channel_closes_and_opens_again_open_late_and_alone(history: History) -> None:
    stays = [(start, start + 3) for start in range(1, 100, 5)]
    gaps = tuple((start + 3, start + 5) for start in range(1, 95, 5))
    history.keep(reservations(*stays), 0, 960)
    history.keep(reservations(*stays, blocks=gaps), 200, 215)
    history.keep(reservations(*stays), 360, 375, 390, 599, 600)
    answer = history.replayed("--channel", "airbnb")
    assert [len(read["held"]) for read in answer["reads"]] == [0, 0, 0, *[38] * 4, 0, 0]
    assert [len(read["opened"]) for read in answer["reads"]] == [*[0] * 7, 38, 0]
    assert opened(answer) == nights(*gaps)
    assert answer["busy"] == busy(*stays)


def test_entries_that_are_merged_and_clipped_to_today_overnight_change_nothing(history: History) -> None:
    history.keep(closings((0, 3), (14, 15), (15, 16), LATER), 0)
    history.keep(closings((1, 3), (14, 16), LATER), 24 * 60, 24 * 60 + 15)
    answer = history.replayed()
    assert [(read["closed"], read["opened"], read["held"]) for read in answer["reads"][1:]] == [
        ([], [], [])
    ] * 2
    assert answer["busy"] == busy((0, 3), (14, 16), LATER), "the night that is over stays in the history"


def test_the_host_s_switches_are_those_of_the_feed(history: History) -> None:
    history.keep(reservations((3, 6), (8, 10), blocks=((6, 8),)), 0)
    assert history.replayed()["busy"] == busy((3, 10))
    assert history.replayed("--sells-around")["busy"] == busy((3, 6), (8, 10))
    assert history.replayed("--ends-inclusive")["busy"] == busy((3, 11))


def test_files_that_are_no_snapshots_are_named_and_left_out(history: History) -> None:
    history.keep(closings((3, 5)), 0)
    for name in ("notes.txt", "20261301T000000Z.ics", "20261201T080000.ics", "00010101T000000Z.ics"):
        (history.directory / name).write_bytes(closings((8, 9)))
    out, err = StringIO(), StringIO()
    call_command(
        "replay_feed", str(history.directory), "--timezone", "Europe/Madrid", "--json", stdout=out, stderr=err
    )
    assert len(json.loads(out.getvalue())["reads"]) == 1
    assert err.getvalue().count("skipped") == 4
    assert "notes.txt" in err.getvalue()


def test_without_json_a_person_reads_only_what_happened(history: History) -> None:
    history.keep(closings((10, 12), LATER), 0, 1, 2, 3)
    history.keep(closings(LATER), 15, 45)
    out = StringIO()
    call_command("replay_feed", str(history.directory), "--timezone", "Europe/Madrid", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines == [
        "2026-12-01 08:00:00 UTC  ok: closed 2026-12-11 → 2026-12-13, 2027-01-30 → 2027-02-19",
        "2026-12-01 08:15:00 UTC  ok: held back 2026-12-11 → 2026-12-13",
        "2026-12-01 08:45:00 UTC  ok: opened 2026-12-11 → 2026-12-13",
        "",
        "6 reads; 20 nights closed in the end, past ones included:",
        "  2027-01-30 → 2027-02-19  20 nights",
    ]


def refusal(directory: object) -> str:
    with pytest.raises(CommandError) as error:
        call_command("replay_feed", str(directory), "--timezone", "Europe/Madrid", stderr=StringIO())
    assert error.value.returncode == 1
    return str(error.value)


def test_a_directory_that_can_not_be_replayed_is_told_in_a_sentence(tmp_path: Path) -> None:
    assert "holds no snapshots" in refusal(tmp_path)
    assert "no such directory" in refusal(tmp_path / "nowhere")
    file = tmp_path / "20261201T080000Z.ics"
    file.mkdir()
    assert "20261201T080000Z.ics can't be read" in refusal(tmp_path)
    file.rmdir()
    file.write_bytes(b"")
    assert "That is a file" in refusal(file)


def test_it_needs_no_database_and_prints_one_document(history: History) -> None:
    history.keep(closings((3, 5)), 0)
    done = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "replay_feed",
            history.directory,
            "--timezone",
            "Europe/Madrid",
            "--json",
        ],
        cwd=ROOT,
        env=os.environ | NOBODY,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["busy"] == busy((3, 5))


def test_a_history_of_five_thousand_snapshots_is_replayed(history: History) -> None:
    stays = [(start, start + 3) for start in range(1, 200, 4)]
    for read in range(5_000):
        at = MORNING + read * 15 * MINUTE
        rest = [] if 2_000 <= read < 2_004 else stays
        history.keep(reservations(*rest, at=at), read * 15)
    answer = history.replayed("--channel", "airbnb")
    assert len(answer["reads"]) == 5_000
    assert opened(answer) == []
