"""Reading the environment, loudly: nonsense stops the start with a sentence."""

import os
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

# A database that has vanished is noticed within seconds (libpq's parameters; DATABASE_URL may say otherwise).
PATIENCE = {"connect_timeout": "5", "tcp_user_timeout": "10000"}


def flag(name: str, *, default: bool = False) -> bool:
    """A yes or no: 1/true/yes/on or 0/false/no/off."""
    text = os.environ.get(name, "").strip().lower()
    if not text:
        return default
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    message = f"{name} must be 1 or 0, not {text!r}."
    raise ImproperlyConfigured(message)


def number(name: str, default: int) -> int:
    """A whole number of zero or more."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if text.isdecimal():
        return int(text)
    message = f"{name} must be a whole number, not {text!r}."
    raise ImproperlyConfigured(message)


def text(name: str) -> str:
    """Any text, empty where it isn't set."""
    return os.environ.get(name, "")


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def secrets(name: str, *, development: str | None) -> list[str]:
    """One or more comma-separated secrets; NAME_FILE may point at a file that holds them."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - settings load before anything else
            found = [line.strip() for line in file.read().replace(",", "\n").splitlines() if line.strip()]
    else:
        found = words(name)
    if found:
        return found
    if development is not None:
        return [development]
    message = f"{name} is not set. Put a long random value into the environment."
    raise ImproperlyConfigured(message)


def database(url: str, role: str = "") -> dict[str, object]:
    """Django's database settings from a PostgreSQL connection string; with a role, every session is that one's."""
    if not url.startswith(("postgres://", "postgresql://")):
        message = "DATABASE_URL must begin with postgresql://. Only PostgreSQL is supported."
        raise ImproperlyConfigured(message)
    parts = conninfo_to_dict(url)
    if role:
        parts["options"] = f"{parts.get('options', '')} -c role={role}".strip()
    name = unquote(urlsplit(url).path.lstrip("/")) or parts.get("dbname")
    return {
        "ENGINE": "amplistay.postgres",
        "NAME": parts.pop("dbname", name),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        "OPTIONS": PATIENCE | parts,
    }
