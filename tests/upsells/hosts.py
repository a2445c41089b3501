"""What a host clicks on the pages of selling."""

from typing import Any

from django.test import Client
from django.urls import reverse

from properties.models import Property


def tab(home: Property) -> str:
    return reverse("upsells:offers", args=[home.public_id])


def post(alices: Client, name: str, home: Property, *ids: str, **body: Any) -> Any:
    return alices.post(reverse(f"upsells:{name}", args=[home.public_id, *ids]), body, follow=True)
