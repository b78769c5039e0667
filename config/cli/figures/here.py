"""Figures of this very installation, read as the web role: F1, F4, F10, F11, F12."""

import time
from typing import Any

from config.cli.figures.figure import Figure

VALUES = 2000  # sealed and opened for F12
SEALS_WITHIN = 0.1  # milliseconds of CPU a value


def registered() -> Figure:
    """Every sealed value that lies here has a purpose that is registered (F1)."""
    from jishi.foundation import purposes

    known = {one.code for one in purposes.every()}
    seen = {str(row[0]) for row in _in_every_town("SELECT DISTINCT purpose FROM foundation_sealedvalue")}
    strange = sorted(seen - known)
    said = f"unregistered: {', '.join(strange)}" if strange else f"{len(seen)} purposes in use, {len(known)} registered"
    return Figure("F1", "personal fields sealed and registered", not strange, said)


def seen_without_scope() -> Figure:
    """The web role sees no row of a tenant without a scope (F4)."""
    from django.db import connection, transaction

    from jishi.foundation import protect

    tables = [m._meta.db_table for m in protect.protected_models()]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('jishi.tenant', '', true)")
        seen = [t for t in tables if _one(cursor, f'SELECT EXISTS (SELECT FROM "{t}")')]
        views = _one(cursor, "SELECT count(*) FROM pg_views WHERE schemaname = 'public'")
    said = f"0 rows of {len(tables)} tables, {views} views of our own"
    return Figure("F4", "web role without scope sees no row", not seen, ", ".join(seen) or said)


def trail_verifies() -> Figure:
    """The whole trail of this installation verifies (F10)."""
    from jishi.foundation import anchors, scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    began, entries, findings = time.monotonic(), 0, 0
    for town in Tenant.objects.order_by("id"):
        with scope.work(system(town.id)):
            found = anchors.verify()
        entries, findings = entries + found.entries, findings + len(found.findings)
    said = f"{entries} entries here, {findings} findings, {time.monotonic() - began:.1f} s (1M entries: ≤ 60 s)"
    fine: bool | None = None if entries < 1_000_000 else time.monotonic() - began <= 60
    return Figure("F10", "tampering is named at its entry", fine if findings == 0 else False, said)


def replayed() -> Figure:
    """Every case's row is what its entries tell (F11)."""
    from jishi.cases.actions import replaying
    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    cases, different = 0, list[replaying.Different]()
    for town in Tenant.objects.order_by("id"):
        with scope.work(system(town.id)):
            told = replaying.whole(by=system(town.id))
        cases, different = cases + told.cases, [*different, *told.different]
    said = f"{cases} cases, {len(different)} differences" + "".join(f"; {d.number}" for d in different[:5])
    return Figure("F11", "rows rebuilt from entries are the same", not different, said)


def sealing_costs() -> Figure:
    """CPU of sealing and opening one value of 64 bytes, without the database (F12)."""
    from jishi.foundation import keys

    key, plain = b"k" * 32, b"p" * 64
    began = time.process_time()
    for n in range(VALUES):
        bound = str(n).encode()
        keys.decrypt(key, keys.encrypt(key, plain, bound, "a"), bound, "a")
    each = (time.process_time() - began) * 1000 / VALUES
    said = f"{each:.4f} ms CPU a value (target {SEALS_WITHIN})"
    return Figure("F12", "seal and log cost", each <= SEALS_WITHIN, said)


def _in_every_town(query: str) -> list[Any]:
    from django.db import connection

    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    rows: list[Any] = []
    for town in Tenant.objects.order_by("id"):
        with scope.work(system(town.id)), connection.cursor() as cursor:
            cursor.execute(query)
            rows += cursor.fetchall()
    return rows


def _one(cursor: Any, query: str) -> Any:
    cursor.execute(query)
    return cursor.fetchone()[0]
