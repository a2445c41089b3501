import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher import health

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = ("migrate", "web", "worker", "beat")
LASTING = ("web", "worker", "beat", "db", "redis")
EXAMPLE = (ROOT / ".env.example").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_the_services_are_the_ones_the_readme_names() -> None:
    assert set(SERVICES) == {*OWN, "db", "redis"}


def test_our_own_services_share_one_image() -> None:
    assert {SERVICES[name]["image"] for name in OWN} == {"amplistay:latest"}


@pytest.mark.parametrize("name", OWN)
def test_our_own_services_run_without_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] == "amplistay"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "privileged" not in service


def test_the_image_itself_does_not_run_as_root() -> None:
    *_, last = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)
    assert last == "amplistay"
    assert "--require-hashes" in DOCKERFILE
    assert "HEALTHCHECK" in DOCKERFILE


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_has_a_health_check_and_restarts(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_nothing_starts_before_the_database_is_migrated(name: str) -> None:
    assert SERVICES[name]["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"},
        "db": {"condition": "service_healthy"},
        "redis": {"condition": "service_healthy"},
    }


def test_only_the_web_service_opens_a_port_and_only_on_loopback() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"web": ["${WEB_ADDRESS:-127.0.0.1:8000}:8000"]}


@pytest.mark.parametrize("name", ["beat", "db", "redis"])
def test_what_must_be_kept_lies_on_a_named_volume(name: str) -> None:
    volumes = [mount.split(":")[0] for mount in SERVICES[name]["volumes"]]
    assert volumes
    assert set(volumes) <= set(COMPOSE["volumes"])


def test_redis_forgets_nothing() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_no_secret_is_written_down() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "KEY" in name:
                assert value.startswith("${"), name
    address = SERVICES["web"]["environment"]["DATABASE_URL"]
    assert "${POSTGRES_PASSWORD:?" in address
    for name in ("SECRET_KEY", "FIELD_KEYS", "EXPORT_KEYS", "CERTIFICATE_KEYS", "POSTGRES_PASSWORD"):
        assert re.search(rf"^{name}=$", EXAMPLE, re.MULTILINE), name


def test_the_example_names_every_variable_that_the_product_reads() -> None:
    settings = (ROOT / "amplistay" / "settings.py").read_text()
    read = set(re.findall(r'env\.(?:flag|number|words|secrets)\(\s*"([A-Z_]+)"', settings))
    read |= set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert len(read) > 10
    assert read - set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE)) == set()


def test_secrets_and_working_files_stay_out_of_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".git", ".env", ".data", ".venv"} <= set(ignored)


def test_beat_is_well_while_it_writes_its_schedule_down(tmp_path: Path) -> None:
    schedule = tmp_path / "celerybeat-schedule"
    assert not health.beat(schedule)
    (tmp_path / "celerybeat-schedule-wal").touch()
    written = (tmp_path / "celerybeat-schedule-wal").stat().st_mtime
    assert health.beat(schedule, written + 300)
    assert not health.beat(schedule, written + 700)
