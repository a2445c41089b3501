"""Letters about accounts, as the tests read them: sent by the worker's task, through the mail server on its socket."""

import re
from urllib.parse import urlsplit

from accounts import tasks
from tests.post import Post


def the_letter(post: Post, person: str) -> str:
    """The text of the last letter to that person, after the workers' turn."""
    tasks.deliver()
    return str([mail["text"] for mail in post.mails if mail["to"] == [person]][-1])


def the_link(post: Post, person: str) -> str:
    """The path that the letter's button leads to."""
    found = re.search(r": (https://stay\.example/\S+)\s", the_letter(post, person))
    assert found
    return urlsplit(found[1]).path
