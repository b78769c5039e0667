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
from psycopg import OperationalError, RawCursor, errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

Values = Sequence[Any] | Mapping[str, Any]
_PLACE = re.compile(r"%(?:\((\w+)\)s|s|%)")
_KEPT = "jishi_cursor"


def ask(text: str, values: Values) -> list[tuple[Any, ...]]:
    """Give the rows of one statement; places of values are `%s` or `%(name)s`."""
    rows: list[tuple[Any, ...]] = _done(text, values, rows=True)
    return rows


def tell(text: str, values: Values) -> None:
    """This will carry out one statement that gives no rows."""
    _done(text, values, rows=False)


def _done(text: str, values: Values, *, rows: bool) -> Any:
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.queries_logged:  # who wants to read the statements reads them in the framework's own form
        cursor = connection.cursor()
        cursor.execute(text, values)
        return list(cursor.fetchall()) if rows else None
    numbered, encoded, names = _numbered(text)
    listed = [values[name] for name in names] if isinstance(values, Mapping) else values
    raw = connection.connection
    kept = getattr(raw, _KEPT, None)
    if kept is None or kept.cursor.db is not connection:
        connection.ensure_connection()
        raw = connection.connection
        kept = _Kept(connection)
        setattr(raw, _KEPT, kept)
    if not connection.execute_wrappers:
        connection.validate_no_broken_transaction()
        with connection.wrap_database_errors:
            done = kept.by_name(encoded, listed)
        if done is not None:
            return done
    kept.cursor.execute(numbered, listed)
    return list(kept.cursor.fetchall()) if rows else None


class _Kept:
    """What stays with one connection: a cursor, and what writes and reads its values."""

    def __init__(self, connection: Any) -> None:
        raw = connection.connection
        self.cursor = connection.make_cursor(RawCursor(raw))
        self._raw, self._values, self._prepared = raw, Transformer.from_context(raw), raw._prepared

    def by_name(self, text: bytes, values: Sequence[Any]) -> list[tuple[Any, ...]] | None:
        """Give the rows of a statement that stands prepared for values of these kinds; None: it does not."""
        told = self._values
        given = told.dump_sequence(values, [PyFormat.AUTO] * len(values))
        key = text, told.types or ()
        name = self._prepared._names.get(key)
        if name is None:
            return None
        self._prepared._names.move_to_end(key)
        pgconn = self._raw.pgconn
        if pgconn.transaction_status == TransactionStatus.IDLE and not self._raw.autocommit:
            _ensure_done(pgconn, pgconn.exec_(self._raw._get_tx_start_command()))
        result = pgconn.exec_prepared(name, given, told.formats)
        if result.status == ExecStatus.TUPLES_OK:
            told.set_pgresult(result)
            rows: list[tuple[Any, ...]] = told.load_rows(0, result.ntuples, tuple)
            return rows
        _ensure_done(pgconn, result)
        return []


def _ensure_done(pgconn: Any, result: Any) -> None:
    if result.status == ExecStatus.COMMAND_OK:
        return
    if pgconn.status == ConnStatus.BAD:
        raise OperationalError(pgconn.error_message.decode(errors="replace") or "the connection is closed")
    raise errors.error_from_result(result)


@lru_cache(maxsize=256)
def _numbered(text: str) -> tuple[str, bytes, tuple[str, ...]]:
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

    written = _PLACE.sub(number, text)
    return written, written.encode(), tuple(names)
