"""`bin/bench`: one benchmark, on durable engines of its own so that no data is touched."""

import os
import sys
import tempfile
from pathlib import Path

from launcher.place import development_secrets, engines
from launcher.run import ROOT, Crew, PartError, Screen, Stopped


def main() -> int:
    """The exit status of `python -m bench`."""
    with tempfile.TemporaryDirectory(prefix="amplistay-bench-") as folder:
        data = Path(folder)
        try:
            # Only the benchmark writes to standard output: with --json it must be nothing but JSON.
            with Crew(Screen(sys.stderr)) as crew, engines(crew, data) as addresses:
                env = {**development_secrets(data), "DEBUG": "0", **os.environ, **addresses}
                return crew.attend([sys.executable, "-m", "bench", *sys.argv[1:]], env=env, cwd=ROOT)
        except Stopped:
            return 130
        except PartError as death:
            sys.stderr.write(f"{death}\n")
            return 1


if __name__ == "__main__":
    sys.exit(main())
