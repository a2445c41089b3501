"""The source of the house, as the tests read it: its storeys, their modules, and what each imports."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
STOREYS = set(CONTRACTS["root_packages"])
BESIDE = {"simulator", "launcher", "bench", "fuzz"}  # nothing imports them
WITHOUT_DJANGO = {"connectors", "domain"}


class Source(NamedTuple):
    """A file of ours and its syntax tree."""

    name: str
    text: str
    tree: ast.Module


def sources(packages: set[str]) -> list[Source]:
    """Every module of the packages but the migrations."""
    found = []
    for package in sorted(packages):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/migrations/" not in name:
                text = path.read_text()
                found.append(Source(name, text, ast.parse(text)))
    return found


OURS = sources(STOREYS | BESIDE)


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def imported(source: Source) -> Iterator[str]:
    """Every dotted name that the module imports, absolute as all of ours are."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
