"""Makes .venv satisfy a hashed requirements file: `environment.py check|make local|test [uv]`.

Runs under the base interpreter, before anything is installed: standard library only.
"""

import fcntl
import hashlib
import os
import platform
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"
LEVELS = ("local", "test")  # each holds all that the one before holds


def stamp(level: str, version: str) -> str:
    """What the stamp file says when `level` is installed under this version of Python."""
    digest = hashlib.sha256((ROOT / "requirements" / f"{level}.txt").read_bytes()).hexdigest()
    return f"{level} {digest} {version}\n"


def satisfied(level: str, version: str) -> bool:
    """Whether .venv holds `level` or more, as its requirements file stands now."""
    if not (STAMP.is_file() and PYTHON.exists()):
        return False
    higher = LEVELS[LEVELS.index(level) :]
    return STAMP.read_text() in [stamp(each, version) for each in higher]


@contextmanager
def alone() -> Iterator[None]:
    """Keeps a second bin/up or bin/test from writing to .venv at the same time."""
    data = Path(os.environ.get("AMPLISTAY_DATA", ROOT / ".data"))
    data.mkdir(parents=True, exist_ok=True)
    with (data / "venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def version_of(python: Path) -> str | None:
    """The version of that interpreter; None where it is missing or broken."""
    code = "import platform; print(platform.python_version())"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def wanted(level: str) -> str:
    """The level to install: never less than what is there already."""
    there = STAMP.read_text().split()[:1] if STAMP.is_file() else []
    return max([level, *(each for each in there if each in LEVELS)], key=LEVELS.index)


def install(level: str, uv: str | None) -> None:
    """Installs the requirements of `level` into .venv; every file is checked against its hash."""
    requirements = str(ROOT / "requirements" / f"{level}.txt")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(PYTHON)]
    else:
        command = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*command, "--require-hashes", "-r", requirements], check=True, cwd=ROOT)


def make(level: str, uv: str | None) -> None:
    """Brings .venv up to `level`, from nothing if need be."""
    there = version_of(PYTHON)
    if there and satisfied(level, there):
        return
    if there != platform.python_version() or not (uv or (VENV / "bin" / "pip").exists()):
        sys.stderr.write(f"Making .venv with Python {platform.python_version()} ({sys.executable})\n")
        venv.create(VENV, clear=True, symlinks=True, with_pip=not uv)
    level = wanted(level)
    sys.stderr.write(f"Installing requirements/{level}.txt into .venv (once; a minute or so)\n")
    STAMP.unlink(missing_ok=True)
    install(level, uv)
    STAMP.write_text(stamp(level, platform.python_version()))


def main() -> int:
    """The exit status: 0 when .venv is ready."""
    action, level, *rest = sys.argv[1:]
    if action == "check":
        return 0 if satisfied(level, platform.python_version()) else 1
    try:
        with alone():
            make(level, rest[0] if rest else None)
    except subprocess.CalledProcessError as failure:
        sys.stderr.write(
            f"Installing failed (exit code {failure.returncode}); its own words stand above.\n"
            "Nothing is lost: run the same command again once the cause is gone.\n"
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
