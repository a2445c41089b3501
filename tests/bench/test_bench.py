import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings

from bench.database import LARGE, NAME
from launcher.template import server_of

ROOT = Path(__file__).resolve().parents[2]
PLACES = {
    "DATABASE_URL": os.environ.get("DATABASE_URL", "postgresql:///amplistay"),
    "REDIS_URL": settings.REDIS_URL,
}
BOUND_S = 100
Bench = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Starts `python -m bench` on the engines of this test run, and ends it whatever happened."""
    begun: list[subprocess.Popen[str]] = []

    def run(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "bench", *words, "--json", "--quick"]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **PLACES},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield run
    for process in begun:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=30)


def figures(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """What it printed: one JSON document and nothing else."""
    out, err = process.communicate(timeout=BOUND_S)
    assert process.returncode == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def databases() -> set[str]:
    with server_of(PLACES["DATABASE_URL"]) as server:
        return {row[0] for row in server.execute("SELECT datname FROM pg_database")}


def test_export_is_measured_against_a_bare_view_of_the_same_bytes(bench: Bench) -> None:
    found = figures(bench("export"))
    notes = found.pop("notes")
    assert set(found) == {
        *("baseline_rps", "full_rps", "full_ratio", "not_modified_ratio", "p99_ratio", "cold_first_ms"),
        *("large_full_ratio", "large_not_modified_ratio", "mirrored_rps", "mirrored_ratio"),
        *("large_full_p99_ratio", "large_not_modified_p99_ratio"),
    }
    assert all(value > 0 for value in found.values())
    assert found["full_ratio"] == pytest.approx(found["full_rps"] / found["baseline_rps"], abs=0.01)
    rates = notes["rps"]
    assert found["large_full_ratio"] == pytest.approx(rates["large_full"] / rates["full"], abs=0.01)
    assert notes["properties"] == [100, 1000]
    assert notes["body_bytes"] > 1000
    assert LARGE not in databases()
    assert notes["load_generator_busy"] < 0.8


def test_polling_is_measured_through_broker_workers_and_database(bench: Bench) -> None:
    found = figures(bench("poll"))
    notes = found.pop("notes")
    assert set(found) == {"reads_per_s", "cpu_ms_per_read", "changed_p50_ms"}
    assert all(value > 0 for value in found.values())
    assert notes["bare_fetch_cpu_ms"] > 0
    assert notes["cpu_ms_per_read_by_part"]["workers"] > 0


def test_the_calendar_of_a_hundred_homes_is_measured_on_a_real_server_and_asks_a_fixed_number_of_times(
    bench: Bench,
) -> None:
    found = figures(bench("calendar"))
    notes = found.pop("notes")
    served = {"server_p50_ms", "server_p95_ms", "compressed_bytes", "queries"}
    seen = {
        "ttfb_ms",
        "lcp_ms",
        "dom_nodes",
        "scroll_frame_p50_ms",
        "scroll_frame_p95_ms",
        "scroll_frame_p95_while_filling_ms",
    }
    assert set(found) - seen == served | {
        "undrawn_p50_ms", "undrawn_p95_ms", "baseline_p50_ms", "home_p50_ms", "home_p95_ms",
        "small_home_p95_ms", "pages_p95_ms",
    }  # fmt: skip
    assert all(value > 0 for value in found.values())
    assert notes["homes"] == 100
    assert notes["bars"] > 1_000
    assert found["queries"] == notes["queries"]["calendar of few homes"]
    assert found["compressed_bytes"] < 60_000


def test_an_interrupted_benchmark_leaves_no_process_and_no_database(bench: Bench) -> None:
    process = bench("poll")
    assert process.stderr
    for line in process.stderr:
        if "Simulated channels" in line:
            break
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    assert NAME in databases()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=BOUND_S)
    assert (process.returncode, out) == (130, "")
    assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert NAME not in databases()


def test_an_unknown_benchmark_is_refused_with_the_names_there_are(bench: Bench) -> None:
    process = bench("chekout")
    out, err = process.communicate(timeout=BOUND_S)
    assert process.returncode != 0
    assert out == ""
    assert "'calendar', 'checkout', 'export', 'poll', 'scale'" in err


def test_of_many_guests_who_want_the_same_night_exactly_one_gets_it(bench: Bench) -> None:
    found = figures(bench("checkout"))
    notes = found.pop("notes")
    assert found.pop("paid_to_confirmed_p95_ms") >= notes["paid_to_confirmed_p50_ms"] > 0
    assert notes["purchases"] > 1
    assert set(found) == {"attempts_per_s", "p99_ms", "winners", "overlaps", "deadlocks"}
    assert (found["winners"], found["overlaps"], found["deadlocks"]) == (1, 0, 0)
    assert found["attempts_per_s"] > 0
    assert found["p99_ms"] >= notes["p50_ms"] > 0
    assert notes["guests"] == 32
    assert notes["winners_by_round"] == [1] * notes["rounds"]


def test_a_large_database_is_compared_with_a_small_one_of_the_same_kind(bench: Bench) -> None:
    found = figures(bench("scale", "--properties", "250"))
    notes = found.pop("notes")
    assert (found.pop("properties"), found.pop("feeds"), found.pop("blocks")) == (300, 600, 15_000)
    assert set(found) == {"claim_ms", "export_p99_ratio", "offers_p99_ratio"}
    assert all(value > 0 for value in found.values())
    times = notes["milliseconds"]["export"]
    slowest = {place: times[place]["p99"] for place in ("small", "large")}
    assert found["export_p99_ratio"] == pytest.approx(slowest["large"] / slowest["small"], rel=0.05)
    assert notes["quote_ms"] > 0
    assert LARGE not in databases()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("scale", "--properties", "100"), "at least 200"),
        (("export", "--properties", "1000"), "only scale has --properties"),
    ],
)
def test_a_number_of_properties_that_cannot_be_meant_is_refused(
    bench: Bench, words: tuple[str, ...], sentence: str
) -> None:
    process = bench(*words)
    out, err = process.communicate(timeout=BOUND_S)
    assert process.returncode != 0
    assert out == ""
    assert sentence in err
