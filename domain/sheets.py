"""Tables for a spreadsheet: CSV (RFC 4180) with a byte order mark, line by line.

What people typed can't become a formula when a spreadsheet opens the file, whichever mark it takes for the end of a
cell.
"""

import csv
import re
from collections.abc import Iterable, Iterator

BOM = "\ufeff"
# A cell that begins with one of these is a formula; spreadsheets differ in what ends a cell and in what they skip.
FORMULA = re.compile(r"(^|[;,|\t\r\n])([\s\"'\u200b\ufeff]*)([=+\-@\uff1d\uff0b\uff0d\uff20])")


class _Line:
    """What csv writes to: keeps the last line."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text = text
        return len(text)


def written(head: list[str], rows: Iterable[list[object]]) -> Iterator[str]:
    """The table line by line, its head first."""
    kept = _Line()
    writer = csv.writer(kept, dialect="excel")
    writer.writerow(head)
    yield BOM + kept.text
    for row in rows:
        writer.writerow(row)
        yield kept.text


def safe(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would take for a formula."""
    return FORMULA.sub(r"\1\2'\3", text.replace("\x00", ""))
