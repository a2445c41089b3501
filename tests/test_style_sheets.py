"""A class has one home: two components that share a name break each other, and no page says so."""

import re
from collections import defaultdict
from pathlib import Path

from django.conf import settings

SHEETS = sorted(Path(settings.BASE_DIR, "static", "css").glob("*.css"))
APART = {"facts", "sheet"}  # of the landing page and the guests' pages, which load no host's sheets
BLOCK = re.compile(r"/\*.*?\*/|([^{};]*)\{|\}", re.DOTALL)


def rules(css: str) -> list[str]:
    """The selectors of the rules that hold always: in layers, but in no condition."""
    found, inside = [], []
    for match in BLOCK.finditer(css):
        if match[0].startswith("/*"):
            continue
        if match[0] == "}":
            inside.pop()
            continue
        head = (match[1] or "").strip()
        if all(each.startswith("@layer") for each in inside) and not head.startswith("@"):
            found.append(head)
        inside.append(head)
    return found


def test_no_class_is_the_name_of_two_components() -> None:
    homes = defaultdict(list)
    for sheet in SHEETS:
        for selector in rules(sheet.read_text()):
            if alone := re.fullmatch(r"\.([\w-]+)", selector):
                homes[alone[1]].append(sheet.name)
    twice = {name: sheets for name, sheets in homes.items() if len(sheets) > 1 and name not in APART}
    assert len(homes) > 100
    assert twice == {}
