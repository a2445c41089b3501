"""The workers' application with leases and sweeps of seconds, so that a test can wait for those of the dead."""

from datetime import timedelta
from importlib import import_module

from celery import Celery
from celery.signals import worker_init

from amplistay.celery import app

__all__ = ["LEASE", "app"]

LEASE = timedelta(seconds=8)
SWEEP_S = 2.0


@worker_init.connect
def shorten(**_: object) -> None:
    """Only now are the models there that leases are about."""
    vars(import_module("calendars.leases"))["LEASE"] = LEASE
    vars(import_module("upsells.payments"))["LEASE"] = LEASE


@app.on_after_configure.connect
def hurry(sender: Celery, **_: object) -> None:
    """Beat reads its schedule after this."""
    for name in ("settle what waits", "send what the outbox holds"):
        sender.conf.beat_schedule[name]["schedule"] = SWEEP_S
