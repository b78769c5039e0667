"""A town that grows inside the database: copies of lives that came in through their door. Good for asking; nothing is
told by how they came in. `multiplied` puts all of them where the first stood; `widened` gives each turn ground of its
own, so that ten times the cases is ten times the town."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.measures import as_owner, remembered

FOUNDED, SHIFT = 2000, 10_000_000
COPIED = (
    "cases_report", "cases_case", "cases_membership", "cases_handover", "cases_clock", "cases_reply", "cases_review",
    "cases_feedback", "cases_suggestion",
)  # fmt: skip
# What else is held of a case or report: by `subject_id` the record, by `owner_row` what is sealed.
HELD = (
    "cases_contactnote", "cases_progress", "foundation_entry", "foundation_entrywords", "foundation_trailhead",
    "foundation_sealedvalue", "foundation_searchhash", "foundation_rowkey",
)  # fmt: skip
DIVISION = (
    "CASE WHEN length(division_code) < 9 THEN division_code ELSE left(division_code, 6)"
    " || lpad(((substr(division_code, 7, 3)::int + 2 * %(turn)s) %% 1000)::text, 3, '0')"
    " || substr(division_code, 10) END"
)
MOVED = {
    "lng_e7": "lng_e7 + 1200000 * %(turn)s", "grid_id": "grid_id + 100000 * %(turn)s", "division_code": DIVISION,
    "recorded_at": "transaction_timestamp()", "mac": "sha256(mac || %(turn)s::text::bytea)",
}  # fmt: skip
GRIDS = """
    INSERT INTO places_grid (id, tenant_id, version, code, community, kind, special_of, owner_ref)
    SELECT id + 100000 * %(turn)s, tenant_id, version, 'T' || %(turn)s || '-' || id, community, kind, special_of,
           owner_ref
    FROM places_grid WHERE id < 100000
"""


def multiplied(count: int, tables: Sequence[str] = ()) -> int:
    """Fill the town up to `count` cases, denser and denser; all that hangs on them, or these tables alone; gives the
    tenant id."""
    return _grown(count, tables or COPIED, {}, "")


def widened(count: int, tables: Sequence[str] = (*COPIED, *HELD)) -> int:
    """Fill the town up to `count` cases by ground beside the first, as dense as it is, with all that is kept of each:
    record and sealed values too, or these tables alone."""
    tenant = _grown(count, tables, MOVED, GRIDS)
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    with scope.work(system(tenant)), as_owner() as cursor:
        for table in tables:
            if table not in ("foundation_entry", "foundation_sealedvalue"):
                cursor.execute(f"SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id) + 1) FROM {table}", [table])
    with as_owner() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return tenant


def _grown(count: int, tables: Sequence[str], said: Mapping[str, str], first: str) -> int:
    tenant = remembered(min(count, FOUNDED))
    from jishi.cases.models import Case
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    def counted() -> int:
        with scope.work(system(tenant)):
            return Case.objects.count()

    there = counted()
    while there < count:
        with scope.work(system(tenant)), as_owner() as cursor:
            cursor.execute("SELECT coalesce(max(id), 0) / %s + 1 FROM cases_case", [SHIFT])
            turn = cursor.fetchone()[0]
            cursor.execute("SET LOCAL statement_timeout = 0")
            if first:
                cursor.execute(first, {"turn": turn})
            for table in tables:
                cursor.execute(_copy_of(cursor, table, said), {"shift": SHIFT * turn, "turn": turn})
        there = counted()
        print(f"   {there} / {count}", file=sys.stderr, flush=True)
    with as_owner() as cursor:
        cursor.execute("ANALYZE")
    return tenant


def _copy_of(cursor: Any, table: str, more: Mapping[str, str]) -> str:
    """Write the statement that copies the first rows of a table, with ids and references moved on by `shift`."""
    cursor.execute("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table])
    columns = dict(cursor.fetchall())
    cursor.execute(
        "SELECT a.attname FROM pg_constraint c JOIN pg_attribute a"
        " ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
        " WHERE c.contype = 'f' AND c.conrelid = %s::regclass AND c.confrelid::regclass::text = ANY (%s)"
        " AND a.attname <> 'tenant_id'",
        [table, list(COPIED)],
    )
    moved = {"id", "subject_id", "owner_row", *(row[0] for row in cursor.fetchall())}
    said = {c: f'"{c}" + %(shift)s' for c in moved} | {"number": "'B' || id + %(shift)s", "external_id": "''"} | more
    if table == "foundation_rowkey":
        del said["number"]
    if columns["id"] == "uuid":
        said["id"] = "gen_random_uuid()"
    values = ", ".join(said.get(c, f'"{c}"') for c in columns)
    named = ", ".join(f'"{c}"' for c in columns)
    which = f"id < {SHIFT}" if columns["id"] != "uuid" else f"owner_row < {SHIFT}"
    if "subject_id" in columns:
        which = f"subject_id < {SHIFT} AND subject_kind IN ('case', 'report')"
    if "owner_row" in columns:
        which = f"owner_row < {SHIFT} AND owner_table LIKE 'cases\\_%%'"
    return f"INSERT INTO {table} ({named}) SELECT {values} FROM {table} WHERE {which}"
