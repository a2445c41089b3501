"""Becomes a command that doesn't outlive its parent: `leash.py PARENT USER COMMAND …`.

On Linux the kernel sends it SIGTERM when the parent dies. USER is whom root steps down to ("-": stays).
Run as a file, so that it starts in milliseconds and imports nothing of the project.
"""

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1


def step_down(name: str) -> None:
    """Gives up root for the named user."""
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def main() -> None:
    """Never returns: the process is the command from here on."""
    parent, user, *command = sys.argv[1:]
    if user != "-":
        step_down(user)
    if sys.platform == "linux":
        # After the change of user, which would clear it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit("leash: the parent died before the command began")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
