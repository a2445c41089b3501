"""The settings with every logger at its loudest, each line with its level and its logger's name.

And nobody waits long for what hosts are told.
"""

from amplistay.settings import *  # noqa: F403 - a settings module extends another
from amplistay.settings import CELERY_BEAT_SCHEDULE as USUAL
from amplistay.settings import LOGGING as QUIET

LOUD = {"level": "DEBUG", "handlers": [], "propagate": True}
LOGGING = QUIET | {
    "formatters": {"whole": {"format": "%(levelname)s %(name)s %(message)s"}},
    "handlers": {"out": QUIET["handlers"]["out"] | {"formatter": "whole"}},  # type: ignore[index]  # a dict of dicts
    "root": {"handlers": ["out"], "level": "DEBUG"},
    "loggers": dict.fromkeys(("django", "django.db.backends", "celery", "kombu", "amqp", "urllib3"), LOUD),
}
WATCH = "see what hosts must know"
CELERY_BEAT_SCHEDULE = USUAL | {WATCH: USUAL[WATCH] | {"schedule": 2.0}}
