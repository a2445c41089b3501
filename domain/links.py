"""Where a pasted link begins, with its scheme or without."""

import re

SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"
BARE = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}(?::[0-9]+)?[/?]")  # a site's name with something after it
LINK = re.compile(rf"{SCHEME}|(?<!\S){BARE.pattern}")


def completed(text: str) -> str:
    """The link with https:// before it, where it begins with a site's name alone."""
    return f"https://{text}" if BARE.match(text) else text
