"""Finds the browser for the browser tests, or has Debian install it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLAYWRIGHT = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)
INSTALL = ("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium")
INSTALL_SECONDS = 600


def find() -> str | None:
    """The path of a Chromium: $CHROMIUM, one on PATH, or one that Playwright has fetched."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    on_path = (shutil.which(name) for name in NAMES)
    caches = (Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright")
    fetched = (str(path) for cache in caches for form in PLAYWRIGHT for path in sorted(cache.glob(form)))
    return next((path for path in on_path if path), None) or next(fetched, None)


def is_debian() -> bool:
    release = Path("/etc/os-release")
    return release.is_file() and "ID=debian" in release.read_text().splitlines()


def install() -> None:
    """Asks Debian for its Chromium, where we are root; a failure leaves things as they were."""
    if os.geteuid() != 0 or not is_debian() or not shutil.which("apt-get"):
        return
    sys.stderr.write("Installing Debian's Chromium for the browser tests (once)\n")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("apt-get", "--quiet", "update"), INSTALL):
        subprocess.run(command, env=env, stdout=subprocess.DEVNULL, timeout=INSTALL_SECONDS, check=False)


def find_or_install() -> str | None:
    """The path of a Chromium; None, with a word on standard error, when there is none to be had."""
    path = find()
    if path is None and not os.environ.get("CHROMIUM"):
        install()
        path = find()
    if path is None:
        sys.stderr.write(
            "No Chromium found: the browser tests will be skipped. "
            "Install Chromium or Chrome, or name one with CHROMIUM=/path/to/it.\n"
        )
    return path
