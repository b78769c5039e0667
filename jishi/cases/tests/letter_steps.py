"""A letter's link in the hands of its reader: what stands after # is posted once, as the script of the page does."""

from typing import Any

from django.test import Client


def opened(client: Client, link: str) -> Any:
    """Open a link; gives the page behind it."""
    at, behind, code = link.partition("#")
    if not behind:
        return client.get(at)
    return client.get(place_of(client, link))


def place_of(client: Client, link: str) -> str:
    """Post the code; gives the address at which this browser now finds its page."""
    at, _, code = link.partition("#")
    answer = client.post(at, {"letter": code, "open": "1"})
    assert answer.status_code == 302 and code not in answer["Location"]
    return str(answer["Location"])


def pressed(client: Client, link: str, said: dict[str, Any], act: str = "") -> Any:
    """Send a form of that page: it carries the code of its own letter. An address without one is posted as it is."""
    at, behind, code = link.partition("#")
    where = f"{at}/{act}" if act else at
    return client.post(where, {**said, "letter": code} if behind else said)
