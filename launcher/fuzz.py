"""`bin/fuzz [--seconds N] [FILE …]`: looks for a body that breaks a rule of reading, or checks the ones named."""

import argparse
import importlib.util
import sys
from pathlib import Path

from launcher.place import data_folder
from launcher.run import ROOT, Crew, Screen, Stopped

SECONDS = 60
LONGEST = 4_096  # bytes of a body; enough for a dozen entries
PATIENCE = 10  # seconds for one body
MISSING = """atheris, the fuzzer, is not installed. It has no wheel for every system, so it is not part of the tests:

  {python} -m pip install atheris
  or, where pip is missing:  uv pip install --python {python} atheris

The rules that it checks are also checked in the ordinary tests (tests/domain/test_rules_of_reading.py).
"""


def main() -> int:
    """The exit status: 0 when no rule was broken."""
    parser = argparse.ArgumentParser(prog="bin/fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="how long to look (60)")
    parser.add_argument(
        "files", nargs="*", type=Path, help="findings to check again, instead of looking for more"
    )
    asked = parser.parse_args()
    if asked.files:
        return attend("fuzz.feeds", *(str(file.resolve()) for file in asked.files))
    if importlib.util.find_spec("atheris") is None:
        sys.stderr.write(MISSING.format(python=sys.executable))
        return 1
    return look(asked.seconds, data_folder() / "fuzz")


def look(seconds: int, folder: Path) -> int:
    """Fuzzes that long on the corpus in the folder; names what it found."""
    known = set(findings(folder))
    options = (f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={PATIENCE}")
    status = attend("fuzz", str(folder), *options)
    for path in sorted(set(findings(folder)) - known):
        sys.stdout.write(f"A rule is broken by {path}\n")
    return status


def attend(module: str, *words: str) -> int:
    """Runs the module on this terminal and gives its exit status."""
    try:
        with Crew(Screen(sys.stderr)) as crew:
            return crew.attend([sys.executable, "-m", module, *words], env={}, cwd=ROOT)
    except Stopped:
        return 130


def findings(folder: Path) -> list[Path]:
    """The inputs that libFuzzer kept, named crash-…, timeout-… or oom-…."""
    return [path for path in folder.glob("*-*") if path.is_file()]


if __name__ == "__main__":
    sys.exit(main())
