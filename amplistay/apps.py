"""Django's entry for the project, and its deploy-time checks."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from amplistay import checks


class AmplistayConfig(AppConfig):
    """Registers what `check --deploy` refuses."""

    name = "amplistay"

    def ready(self) -> None:
        """Register the checks."""
        register(checks.deployable, Tags.security, deploy=True)
