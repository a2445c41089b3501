"""Django's entry for the app."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The app's name and nothing else: no signals are connected."""

    name = "billing"
