"""The fuzzer's own process: `python -m fuzz FOLDER …`, with what libFuzzer understands behind it.

The folder keeps the corpus, which grows from run to run, and the inputs that broke a rule.
"""

import sys
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["domain"]):
    from fuzz.feeds import check_one

from fuzz import seeds


def mutated(body: bytes, most: int, seed: int) -> bytes:
    """The body with a line put in, left out, moved or replaced, or else with libFuzzer's own change to its bytes."""
    chance = Random(seed)  # noqa: S311 - repeatable, not secret
    if chance.random() < 0.4:  # noqa: PLR2004 - a coin - half and half, nearly
        return bytes(atheris.Mutate(body, most))
    lines = body.splitlines(keepends=True)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines) + 1)
        taken = lines.pop(at) if at < len(lines) and chance.random() < 0.5 else b""  # noqa: PLR2004 - a coin
        new = chance.choice([taken, b"", chance.choice(seeds.LINES).encode() + b"\n"])
        lines.insert(chance.choice([at, chance.randrange(len(lines) + 1)]), new)
    return b"".join(lines)[:most]


def main() -> None:
    """Fuzz until the time is up; libFuzzer ends the process, with an exit status that isn't 0 on a finding."""
    folder, options = Path(sys.argv[1]), sys.argv[2:]
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    seeds.write(corpus)
    words = folder / "words"
    words.write_text(seeds.dictionary())
    options += [f"-dict={words}", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], str(corpus), *options], check_one, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
