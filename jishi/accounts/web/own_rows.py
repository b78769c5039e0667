"""Which rows are mine: the rooms above say so, wired on one page (`config.wiring.OWN_ROWS`).

Each entry is a dotted path of a query `(actor) -> list[(table, row)]`: the sealed rows of this account or reporter.
"""

from collections.abc import Callable
from importlib import import_module

from django.utils.module_loading import import_string

from jishi.accounts import queries
from jishi.foundation.actor import Actor
from jishi.foundation.sealed import Owner


def of(actor: Actor) -> list[Owner]:
    """Give every row of this person that may hold sealed fields."""
    own = queries.own_rows(actor.account_id) if actor.account_id else []
    for path in getattr(import_module("config.wiring"), "OWN_ROWS", ()):
        ask: Callable[[Actor], list[Owner]] = import_string(path)
        own += ask(actor)
    return own
