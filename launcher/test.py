"""`bin/test`: every check and every test on throw-away engines; with arguments only pytest, with them."""

import base64
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from launcher import chromium, template
from launcher.engines import THROWAWAY
from launcher.place import engines
from launcher.run import ROOT, Crew, PartError, Screen, Stopped

MANAGE = (sys.executable, "manage.py")
STEPS: Mapping[str, tuple[str, ...]] = {
    "ruff check": (sys.executable, "-m", "ruff", "check", "--quiet"),
    "ruff format --check": (sys.executable, "-m", "ruff", "format", "--check", "--quiet"),
    "mypy": (sys.executable, "-m", "mypy", "--no-error-summary"),
    "lint-imports": (sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"),
    "makemigrations --check": (*MANAGE, "makemigrations", "--check", "--dry-run"),
    "check --deploy": (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"),
}
PYTEST = (sys.executable, "-m", "pytest")
EVERYTHING = ("-n", "2", "--dist", "worksteal")  # neighbours, which share what is dear, stay together
STEP_SECONDS = 900
CHECKS_AT_ONCE = 2


def production(addresses: Mapping[str, str]) -> dict[str, str]:
    """An environment like that of a real site, so that check --deploy has something to check."""
    return {
        "DEBUG": "0",
        "DEMO": "0",
        "SITE_URL": "https://amplistay.example",
        "ALLOWED_HOSTS": "amplistay.example",
        "LOOPBACK_FEED_PORTS": "",
        "EMAIL_HOST": "smtp.amplistay.example",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "EXPORT_KEYS": secrets.token_urlsafe(32),
        "CERTIFICATE_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        **addresses,
    }


def fails(name: str, command: tuple[str, ...], env: Mapping[str, str]) -> bool:
    """Runs a check; shows what it says only when it fails."""
    begun = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=STEP_SECONDS,
        check=False,
    )
    took = time.monotonic() - begun
    say(f"{'FAILED' if done.returncode else 'ok':<6} {name} ({took:.1f} s)")
    if done.returncode:
        say(done.stdout.rstrip())
    return done.returncode != 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def failed_checks(crew: Crew, env: Mapping[str, str]) -> list[str]:
    """Runs every check, a few at a time; gives the names of those that fail."""
    pool = ThreadPoolExecutor(CHECKS_AT_ONCE)
    try:
        begun = {name: pool.submit(fails, name, command, env) for name, command in STEPS.items()}
        while not all(check.done() for check in begun.values()):
            crew.wait(0.05)
        return [name for name, check in begun.items() if check.result()]
    finally:
        pool.shutdown(cancel_futures=True)


def run(crew: Crew, data: Path, words: list[str]) -> int:
    """Runs the checks (without arguments) and pytest; gives the exit status."""
    browser = chromium.find_or_install()
    with engines(crew, data, THROWAWAY) as addresses:
        env = {"DEBUG": "1", "DEMO": "0", "CHROMIUM": browser or "", **addresses}
        if words:
            return crew.attend([*PYTEST, *words], env=env, cwd=ROOT)
        with template.migrating(crew, addresses["DATABASE_URL"], env) as (name, step):
            failed = failed_checks(crew, production(addresses))
            if failed:
                say(f"\nFailed before pytest: {', '.join(failed)}\n")
            crew.join(step)
            env[template.VARIABLE] = name
            return crew.attend([*PYTEST, *EVERYTHING], env=env, cwd=ROOT) or int(bool(failed))


def main() -> int:
    """The exit status: 0 when every check and test passed."""
    with tempfile.TemporaryDirectory(prefix="amplistay-test-") as folder:
        try:
            with Crew(Screen(sys.stderr)) as crew:
                return run(crew, Path(folder), sys.argv[1:])
        except Stopped:
            return 130
        except PartError as death:
            sys.stderr.write(f"{death}\n")
            return 1


if __name__ == "__main__":
    sys.exit(main())
