"""Django's entry for the app."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """The app's name and nothing else: it has no rows, and no signals are connected."""

    name = "pages"
