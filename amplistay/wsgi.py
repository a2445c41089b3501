"""The web application as granian serves it: robots that read calendars have a door of their own."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "amplistay.settings")
_product = get_wsgi_application()

from calendars.public import door  # noqa: E402 - models can be imported once Django is set up

application = door(_product)
