"""What every template may use."""

from django.conf import settings
from django.http import HttpRequest

DEMO_EMAIL = "demo@amplistay.example"
DEMO_PASSWORD = "demo-stay-longer"  # noqa: S105 - shown on the log-in page of a demo


def place(_request: HttpRequest) -> dict[str, object]:
    """Whether this is a demo, and how to get into it."""
    if not settings.DEMO:
        return {"demo": False}
    return {
        "demo": True,
        "demo_email": DEMO_EMAIL,
        "demo_password": DEMO_PASSWORD,
        "simulator_url": settings.SIMULATOR_URL,
    }
