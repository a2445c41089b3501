"""A sandbox's child that never comes to an end with a calendar in which somebody named Endless stays.

Run as the child is; all other calendars are read as always.
"""

import time

from connectors import child
from connectors.readings import Question
from domain.ics import Reading


def read(body: bytes, asked: Question) -> Reading:
    while b"Endless" in body:
        time.sleep(1)
    return child.read(body, asked)


if __name__ == "__main__":
    child.main(read)
