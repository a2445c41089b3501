"""The worker application and its beat: what is swept, how often."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "amplistay.settings")

app = Celery("amplistay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["calendars", "upsells"])
