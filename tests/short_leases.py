"""The workers' application with leases of seconds, so that a test can wait until those of a dead worker run out."""

from datetime import timedelta
from importlib import import_module

from celery.signals import worker_init

from amplistay.celery import app

__all__ = ["LEASE", "app"]

LEASE = timedelta(seconds=8)


@worker_init.connect
def shorten(**_: object) -> None:
    """Only now are the models there that leases are about."""
    vars(import_module("calendars.leases"))["LEASE"] = LEASE
