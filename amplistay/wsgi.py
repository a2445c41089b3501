"""The web application as granian serves it: robots that read calendars have a door of their own."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "amplistay.settings")
_product = get_wsgi_application()

from calendars.public import door  # noqa: E402 - models can be imported once Django is set up

application = door(_product)

# Every page's code is here before the first who asks for one. It stays: to look through it again for what nobody
# needs any more would hold up a page now and then.
get_resolver().url_patterns  # noqa: B018 - reading it is what loads them
gc.collect()
gc.freeze()
