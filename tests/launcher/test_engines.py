import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from launcher.engines import SYSTEM_USER, THROWAWAY, postgres_program, valkey_program
from launcher.place import engines
from launcher.run import Crew, Screen, leashed
from tests.launcher.processes import all_end


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.mark.usefixtures("bare")
def test_the_engines_keep_what_was_written_until_the_next_start(tmp_path: Path) -> None:
    with Crew(Screen()) as crew, engines(crew, tmp_path) as env:
        pids = [part.process.pid for part in crew.parts]
        with psycopg.connect(env["DATABASE_URL"]) as door:
            door.execute("CREATE TABLE note AS SELECT 'kept' AS word")
        with redis.Redis.from_url(env["REDIS_URL"]) as cache:
            cache.set("word", "kept")
    assert all_end(pids, 0.5)

    with Crew(Screen()) as crew, engines(crew, tmp_path, THROWAWAY) as env:
        with psycopg.connect(env["DATABASE_URL"]) as door:
            assert door.execute("SELECT word FROM note").fetchall() == [("kept",)]
            assert door.execute("SHOW fsync").fetchall() == [("off",)]
        with redis.Redis.from_url(env["REDIS_URL"]) as cache:
            assert cache.get("word") == b"kept"
            assert cache.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_addresses_in_the_environment_replace_the_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql:///elsewhere")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")

    with Crew(Screen()) as crew, engines(crew, tmp_path) as env:
        assert env == {"DATABASE_URL": "postgresql:///elsewhere", "REDIS_URL": "redis://elsewhere"}
        assert crew.parts == []


def test_a_long_path_to_the_checkout_still_gives_a_socket_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    data = tmp_path / ("long" * 30)
    data.mkdir()

    with Crew(Screen()) as crew, engines(crew, data) as env, psycopg.connect(env["DATABASE_URL"]) as door:
        assert door.execute("SELECT current_database()").fetchone() == ("amplistay",)


@pytest.mark.usefixtures("bare")
def test_engines_that_a_killed_run_left_behind_are_stopped_at_the_next_start(tmp_path: Path) -> None:
    with Crew(Screen()) as crew, engines(crew, tmp_path):
        pass
    left = [left_postgres(tmp_path), left_valkey(tmp_path)]

    with Crew(Screen()) as crew, engines(crew, tmp_path) as env:
        with psycopg.connect(env["DATABASE_URL"]) as door:
            assert door.execute("SELECT 1").fetchone() == (1,)
        assert [process.wait(timeout=1) for process in left] == [0, 0]


@pytest.mark.usefixtures("bare")
def test_a_stranger_that_got_a_dead_engines_number_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (tmp_path / "valkey.pid").write_text(f"{stranger.pid}\n")
    with Crew(Screen()) as crew, engines(crew, tmp_path):
        pass
    (tmp_path / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n")

    with Crew(Screen()) as crew, engines(crew, tmp_path):
        pass

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def left_postgres(data: Path) -> subprocess.Popen[bytes]:
    """A PostgreSQL on that folder that no supervisor knows."""
    words = ["-D", data / "postgres", "-c", "listen_addresses=", "-k", data / "socket"]
    user = SYSTEM_USER if os.geteuid() == 0 else "-"
    process = subprocess.Popen(leashed([postgres_program("postgres"), *map(str, words)], user), cwd="/")
    note = data / "postgres" / "postmaster.pid"
    while not (note.exists() and note.read_text().rstrip().endswith("ready")):
        assert process.poll() is None
        time.sleep(0.02)
    return process


def left_valkey(data: Path) -> subprocess.Popen[bytes]:
    """A Valkey on that folder that no supervisor knows."""
    process = subprocess.Popen(
        [
            valkey_program(),
            "--port",
            "0",
            "--unixsocket",
            data / "left",
            "--set-proc-title",
            "no",
            "--dir",
            data / "valkey",
        ],
        stdout=subprocess.DEVNULL,
    )
    (data / "valkey.pid").write_text(f"{process.pid}\n")
    return process
