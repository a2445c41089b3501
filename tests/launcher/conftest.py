import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.launcher.processes import Start, start_python


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a Python command line, and ends it after the test whatever happened."""
    begun: list[subprocess.Popen[str]] = []

    def run(*words: str, **variables: str) -> subprocess.Popen[str]:
        begun.append(start_python(*words, **variables))
        return begun[-1]

    yield run
    for process in begun:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=20)
