"""What a new cluster must show before it is given its name: each check has been the silent fault of some
cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from .roles import OWNER, WEB
from .unavailable import unavailable

Connection = psycopg.Connection[tuple[Any, ...]]


def run(connection: Connection, *, major: int) -> None:
    """This will run every check in a transaction that is rolled back, so that nothing of it stays.

    :raises DatabaseUnavailable: self_test_failed, naming the check
    """
    checks: list[Callable[[Connection], str]] = [
        checksums, encoding, letters, chinese_index, trigrams, row_security, no_tcp,
    ]  # fmt: skip
    for check in checks:
        try:
            with connection.transaction(force_rollback=True):
                fault = check(connection)
        except psycopg.Error as error:
            fault = f"{check.__name__}: {error.sqlstate} {str(error).splitlines()[0]}"
        if fault:
            raise unavailable("self_test_failed", reason=f"PostgreSQL {major}, {fault}")


def checksums(connection: Connection) -> str:
    return "" if _one(connection, "show data_checksums") == "on" else "no data checksums"


def encoding(connection: Connection) -> str:
    found = _one(connection, "show server_encoding")
    locale = _one(
        connection, "select to_jsonb(d) ->> 'datlocale' from pg_database d where datname = current_database()"
    )
    ctype = _one(connection, "select datctype from pg_database where datname = current_database()")
    if found != "UTF8" or "C.UTF-8" not in (locale, ctype):
        return f"encoding {found}, locale {locale or ctype}"
    return ""


def letters(connection: Connection) -> str:
    """With the locale C, `lower` and \\w stop at ASCII."""
    good = _one(connection, "select lower('ÄÉ') = 'äé' and '社区' ~ '^\\w+$' and char_length('网格员') = 3")
    return "" if good is True else "letters outside ASCII are not letters"


def chinese_index(connection: Connection) -> str:
    """The index of two-character words finds what a scan finds, and is used."""
    connection.execute("create temporary table words (n int, body text, terms tsvector) on commit drop")
    connection.execute(
        "insert into words select n, t, to_tsvector('simple', t) from generate_series(1, 500) n, "
        "lateral (select case when n % 250 = 0 then '社区 网格' else '路灯 井盖' end) as x(t)"
    )
    connection.execute("create index on words using gin (terms)")
    connection.execute("set local enable_seqscan = off")
    query = "select count(*) from words where terms @@ to_tsquery('simple', '网格')"
    plan = str(_one(connection, "explain (format json) " + query))
    if "Bitmap Index Scan" not in plan:
        return "the text index is not used for Chinese"
    return "" if _one(connection, query) == 2 else "the text index does not find Chinese"


def trigrams(connection: Connection) -> str:
    """Only where the contrib module is there: it is optional, but must not ignore Chinese silently."""
    if not _one(connection, "select count(*) from pg_available_extensions where name = 'pg_trgm'"):
        return ""
    connection.execute("create schema jishi_selftest")
    connection.execute("create extension pg_trgm schema jishi_selftest")
    found = _one(connection, "select cardinality(jishi_selftest.show_trgm('社区网格'))")
    return "" if isinstance(found, int) and found > 0 else "trigrams ignore Chinese"


def row_security(connection: Connection) -> str:
    """Forced row security: without a scope neither web nor the owner sees a row, with one only its own
    tenant's."""
    connection.execute(f"set local role {OWNER}")
    connection.execute("create schema jishi_selftest")
    connection.execute("create table jishi_selftest.rows (tenant text not null)")
    connection.execute("alter table jishi_selftest.rows enable row level security, force row level security")
    connection.execute(
        "create policy of_tenant on jishi_selftest.rows "
        "using (tenant = (select nullif(current_setting('jishi.tenant', true), '')))"
    )
    connection.execute(f"grant usage on schema jishi_selftest to {WEB}")
    connection.execute(f"grant select on jishi_selftest.rows to {WEB}")
    for tenant in ("a", "b"):
        connection.execute("select set_config('jishi.tenant', %s, true)", [tenant])
        connection.execute("insert into jishi_selftest.rows values (%s)", [tenant])
    seen = {(role, tenant): _seen(connection, role, tenant) for role in (OWNER, WEB) for tenant in ("", "a")}
    expected = {(role, tenant): ["a"] if tenant else [] for role in (OWNER, WEB) for tenant in ("", "a")}
    return "" if seen == expected else "row security does not hold"


def no_tcp(connection: Connection) -> str:
    return "" if _one(connection, "show listen_addresses") == "" else "the server listens on the network"


def _seen(connection: Connection, role: str, tenant: str) -> list[str]:
    connection.execute(f"set local role {role}")
    connection.execute("select set_config('jishi.tenant', %s, true)", [tenant])
    return [str(row[0]) for row in connection.execute("select tenant from jishi_selftest.rows").fetchall()]


def _one(connection: Connection, query: str) -> object:
    row = connection.execute(query).fetchone()
    return row[0] if row else None
