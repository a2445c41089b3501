"""Hints to workers: PostgreSQL holds what is due, a message only makes it happen sooner."""

from typing import Protocol

from kombu.exceptions import OperationalError

LONGEST_WAIT_S = 3_600.0


class Task(Protocol):
    """What a Celery task offers here."""

    def apply_async(self, *, args: tuple[object, ...], retry: bool, expires: float) -> object:
        """Put the task on its queue."""


def hint(task: Task, *args: object, expires: float = LONGEST_WAIT_S) -> bool:
    """Enqueue a task once; False when the broker cannot be reached, because the sweep will find the work.

    After `expires` seconds in the queue it is dropped: by then the sweep has found it, too.
    """
    try:
        task.apply_async(args=args, retry=False, expires=expires)
    except OperationalError:
        return False
    return True
