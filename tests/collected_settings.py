"""The settings with static files where a test has collected them, as the image holds them."""

import os
from pathlib import Path

from amplistay.settings import *  # noqa: F403 - a settings module extends another

STATIC_ROOT = Path(os.environ["COLLECTED"])
