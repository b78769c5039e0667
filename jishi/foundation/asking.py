"""A statement that every request asks: on one cursor of its connection, under a text that is written out once.

The framework makes a cursor for each statement, and `psycopg` looks for the places of its values each time where a text
has more than 4,096 characters: 80 µs before anything is sent, 35 this way. What counts statements, turns the database's
faults into the framework's and refuses a broken transaction stands around it as around any other.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import RawCursor

Values = Sequence[Any] | Mapping[str, Any]
_PLACE = re.compile(r"%(?:\((\w+)\)s|s|%)")
_KEPT = "jishi_cursor"


def ask(text: str, values: Values) -> list[tuple[Any, ...]]:
    """Give the rows of one statement; places of values are `%s` or `%(name)s`."""
    return list(_done(text, values).fetchall())


def tell(text: str, values: Values) -> None:
    """This will carry out one statement that gives no rows."""
    _done(text, values)


def _done(text: str, values: Values) -> Any:
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.queries_logged:  # who wants to read the statements reads them in the framework's own form
        cursor = connection.cursor()
        cursor.execute(text, values)
        return cursor
    connection.ensure_connection()
    cursor = getattr(connection.connection, _KEPT, None)
    if cursor is None or cursor.db is not connection:
        cursor = connection.make_cursor(RawCursor(connection.connection))
        setattr(connection.connection, _KEPT, cursor)
    numbered, names = _numbered(text)
    cursor.execute(numbered, [values[name] for name in names] if isinstance(values, Mapping) else values)
    return cursor


@lru_cache(maxsize=256)
def _numbered(text: str) -> tuple[str, tuple[str, ...]]:
    """Write places of values as the database reads them, $1, $2 …; give the name that stands at each."""
    names: list[str] = []
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        if found[1] is None:
            count += 1
            return f"${count}"
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return _PLACE.sub(number, text), tuple(names)
