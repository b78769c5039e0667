"""What the tests of the desks share: colleagues who are really signed in, and the statements of one answer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test import Client

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.cases.tests import factories as f

HOST = {"host": "town.example", "accept-language": "zh"}
# transactions of the test itself, and what a savepoint costs, are not the page's
_FRAME = re.compile(r"^\s*(SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO|SET LOCAL)", re.IGNORECASE)


def colleague(town: int, *roles: str, body: str = "sqzx", title: str = "") -> Client:
    """Sign somebody in who holds these roles for this body, in one post."""
    account = an_account(town)
    post = 9000 + account.id
    for role in roles:
        a_grant(account, role, body_id=f.body_id(town, body), post_id=post, post_title=title or role)
    client = Client(headers=HOST)
    return signed_in(client, account, post=post)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements that are made inside."""
    made: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not _FRAME.match(sql):
            made.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield made


def version_on(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found, page[:400]
    return found[1]


def key_on(page: str) -> str:
    found = re.search(r'name="idempotency_key" value="(\w+)"', page)
    assert found
    return found[1]
