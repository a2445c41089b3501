"""The project: settings, addresses, the worker, health."""

from amplistay.celery import app as celery_app

__all__ = ["celery_app"]
