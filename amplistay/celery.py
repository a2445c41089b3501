"""The worker application and its beat: what is swept, how often."""

import os

from celery import Celery
from celery.signals import task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "amplistay.settings")

app = Celery("amplistay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    ["accounts", "amplistay", "api", "billing", "calendars", "directory", "notices", "upsells"]
)


@task_prerun.connect
def renew_connections(**_: object) -> None:
    """Replace a connection that PostgreSQL has ended, which Celery would keep for ever (CELERY_DB_REUSE_MAX)."""
    close_old_connections()
