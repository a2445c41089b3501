"""`bin/manage`: manage.py on the engines of bin/up, or on engines of its own for as long as it runs."""

import os
import sys

from launcher.place import (
    TakenError,
    as_guest,
    await_guests,
    data_folder,
    development_secrets,
    engines,
    holding,
    write_holder,
)
from launcher.run import ROOT, Crew, PartError, Screen, Stopped

WITHOUT_DATABASE = {
    *("help", "version", "inspect_feed", "replay_feed", "check", "diffsettings", "findstatic"),
    *("collectstatic", "makemessages", "compilemessages", "startapp"),
}


def needs_database(words: list[str]) -> bool:
    return not (not words or words[0].startswith("-") or words[0] in WITHOUT_DATABASE or "--help" in words)


def main() -> int:
    """The exit status of manage.py; doesn't return at all where manage.py can take this process's place."""
    words, data = sys.argv[1:], data_folder()
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    env = {**development_secrets(data), "DEBUG": "1", **os.environ}
    if not needs_database(words):
        os.execve(command[0], command, env)
    with as_guest(data) as offered:
        if offered:
            os.execve(command[0], command, {**env, **offered})
    try:
        with holding(data), Crew(Screen(sys.stderr)) as crew, engines(crew, data) as addresses:
            env |= addresses
            write_holder(
                data, f"bin/manage {words[0]}", None, {**development_secrets(data), "DEBUG": "1", **addresses}
            )
            code = crew.attend(command, env=env)
            await_guests(data)
            return code
    except TakenError:
        sys.stderr.write("Another command is just starting or stopping here. Try again in a moment.\n")
    except Stopped:
        return 130
    except PartError as death:
        sys.stderr.write(f"{death}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
