"""Hints to workers: PostgreSQL holds what is due, a message only makes it happen sooner."""

from typing import Protocol

from kombu.exceptions import OperationalError


class Task(Protocol):
    """What a Celery task offers here."""

    def apply_async(self, *, args: tuple[object, ...], retry: bool) -> object:
        """Put the task on its queue."""


def hint(task: Task, *args: object) -> bool:
    """Enqueue a task once; False when the broker cannot be reached, because the sweep will find the work."""
    try:
        task.apply_async(args=args, retry=False)
    except OperationalError:
        return False
    return True
