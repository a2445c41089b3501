"""Ends whatever a killed supervisor leaves behind: `watcher.py SECONDS`.

Standard input is a pipe from the supervisor; a line is "+PID SIGNAL" (a process group that lives) or "-PID"
(one that ended). The pipe's end means that the supervisor is gone, however it died: every group left gets its
signal, and SECONDS later SIGKILL.
"""

import os
import signal
import sys
import time
from contextlib import suppress


def alive(group: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(groups: dict[int, int], grace: float) -> None:
    """Stops the groups: politely their leaders, then all that is left of them."""
    for group, polite in groups.items():
        with suppress(ProcessLookupError):
            os.kill(group, polite)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(map(alive, groups)):
        time.sleep(0.02)
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def main() -> None:
    """Reads until the pipe ends, then cleans up."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        pid, _, polite = line.strip().partition(" ")
        if pid.startswith("+"):
            groups[int(pid)] = int(polite)
        else:
            groups.pop(-int(pid), None)
    end(groups, float(sys.argv[1]))


if __name__ == "__main__":
    main()
