"""What PostgreSQL is told about functions that tell nothing of their arguments (decision 0008).

Under row security the planner lets only such functions look at a row before the policies have: an index over
any other one is not used. Marking needs the superuser, so the supervisor does it; a server of others is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import psycopg
from psycopg import sql

FUNCTIONS = ("ts_match_vq(tsvector,tsquery)", "to_tsvector(regconfig,text)")
"""The two of the text index of cases: `to_tsvector('simple', search) @@ query`."""

REMEDY = " ".join(f"ALTER FUNCTION pg_catalog.{name} LEAKPROOF;" for name in FUNCTIONS)
"""The one line that an administrator of a server of others runs, in the platform's database."""

_NAMED = ", ".join(f"'pg_catalog.{name}'::regprocedure" for name in FUNCTIONS)
_LACKING = (
    "SELECT p.oid::regprocedure::text FROM pg_catalog.pg_proc p "
    f"WHERE p.oid = ANY (ARRAY[{_NAMED}]::oid[]) AND NOT p.proleakproof ORDER BY 1"
)


class Asks(Protocol):
    """A cursor or a connection, psycopg's or Django's."""

    def execute(self, query: Any, /) -> Any: ...

    def fetchall(self) -> Iterable[Any]: ...


def mark(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """This will mark every function in the connected database; the connection is the superuser's."""
    for name in FUNCTIONS:
        connection.execute(sql.SQL("alter function pg_catalog.{} leakproof").format(sql.SQL(name)))


def mark_at(url_bootstrap: str, databases: Iterable[str]) -> None:
    """This will mark them in databases of a server that runs."""
    for name in databases:
        with psycopg.connect(url_bootstrap, dbname=name, autocommit=True) as connection:
            if lacking(connection.cursor()):
                mark(connection)


def lacking(cursor: Asks) -> list[str]:
    """This will name the functions that are not marked in the connected database; any role may ask."""
    cursor.execute(_LACKING)
    return [str(row[0]) for row in cursor.fetchall()]
