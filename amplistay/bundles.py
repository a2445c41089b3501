"""Style sheets and scripts that come as one file each: a first visit on a phone costs fewer requests.

Each is made of the files that people read and change, whenever static files are looked for: by `collectstatic`, which
gives it a name of its content, and by the development server.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

BUNDLES: Mapping[str, tuple[str, ...]] = {
    "css/page.css": (
        "css/tokens.css",
        "css/base.css",
        "css/components.css",
        "css/layout.css",
        "css/search.css",
    ),
    "js/page.js": (
        "js/menu.js",
        "js/dialog.js",
        "js/toast.js",
        "js/network.js",
        "js/copy-link.js",
        "js/relative-time.js",
        "js/error-summary.js",
    ),
    "css/guest-page.css": ("css/tokens.css", "css/base.css", "css/components.css", "css/guest.css"),
    "js/guest-page.js": ("js/menu.js", "js/network.js", "js/keep-fresh.js", "js/choice-total.js"),
}


_FOLDER = TemporaryDirectory(
    prefix="amplistay-bundles-"
)  # Django may make a second finder and drop the first
_MAKING = Lock()


class BundleFinder(BaseFinder):
    """Finds the bundles, in a folder that lasts as long as the process."""

    def find(self, path: str, find_all: bool = False) -> Any:
        """Where the bundle of that name is, made anew from its parts."""
        found = self._made(path) if path in BUNDLES else None
        if find_all:
            return [found] if found else []
        return found or []

    def list(self, ignore_patterns: object) -> Iterator[tuple[str, Storage]]:  # noqa: ARG002 - as the base has it
        """All bundles."""
        for path in BUNDLES:
            self._made(path)
            yield path, FileSystemStorage(_FOLDER.name)

    def _made(self, path: str) -> str:
        file = Path(_FOLDER.name, path)
        words = joined(path)
        with _MAKING:
            if not file.exists() or file.read_text() != words:
                file.parent.mkdir(exist_ok=True)
                half = file.with_name(f".{file.name}")
                half.write_text(words)
                half.replace(file)
        return str(file)


def joined(path: str) -> str:
    """What the bundle holds. Scripts are modules, so each keeps its names to itself, here by a block of its own."""
    parts = [(settings.BASE_DIR / "static" / part).read_text() for part in BUNDLES[path]]
    return "\n".join(f"{{\n{part}\n}}" if path.endswith(".js") else part for part in parts)
