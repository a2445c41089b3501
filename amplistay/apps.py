"""Django's entry for the project: its deploy-time checks, and its words at the fields of forms."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from amplistay import checks, fieldwords


class AmplistayConfig(AppConfig):
    """Registers what `check --deploy` refuses, and says what is said at fields."""

    name = "amplistay"

    def ready(self) -> None:
        """Before any form is made."""
        register(checks.deployable, Tags.security, deploy=True)
        fieldwords.speak()
