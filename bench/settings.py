"""The product's own settings, with the baseline's address added and the broker's keys kept apart."""

from typing import Any, cast

from amplistay import settings as product
from amplistay.settings import *  # noqa: F403 - a settings module extends another by taking over all its names

KEYS = "amplistay-bench:"

ROOT_URLCONF = "bench.baseline_urls"
CELERY_BROKER_TRANSPORT_OPTIONS = cast(
    "dict[str, Any]", {**product.CELERY_BROKER_TRANSPORT_OPTIONS, "global_keyprefix": KEYS}
)
CACHES = cast("dict[str, Any]", product.CACHES) | {
    "default": {**cast("dict[str, Any]", product.CACHES["default"]), "KEY_PREFIX": KEYS}
}

READS_PER_SECOND_AND_SERVER = (
    100_000  # all feeds come from one server here, and its pace isn't what is measured
)

# Pages name their static files by their plain names, so that none must be collected first; a browser gets them so.
WHITENOISE_USE_FINDERS = True
STORAGES = {
    **product.STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
