"""Monthly partitions of the entries. Made by the owner at migration and by `jishi maintain`."""

from datetime import date

from django.db import connection

from jishi.foundation.protect import TENANT


def ensure_months(first: date, months: int) -> int:
    """Make the partitions of `months` months from `first`'s month on; each carries its own policies."""
    made = 0
    year, month = first.year, first.month
    for _ in range(months):
        after = (year + month // 12, month % 12 + 1)
        made += _make(f"foundation_entry_{year}_{month:02d}", f"{year}-{month:02d}-01", f"{after[0]}-{after[1]:02d}-01")
        year, month = after
    return made


def _make(name: str, start: str, end: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0]:
            return 0
        cursor.execute(
            f"CREATE TABLE {name} PARTITION OF foundation_entry "
            f"FOR VALUES FROM ('{start} 00:00+00') TO ('{end} 00:00+00')"
        )
        guard(name)
    return 1


def guard(name: str) -> None:
    """Close a partition against direct access: a parent's policies do not bind it (spec 90 §4.1)."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        cursor.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        cursor.execute(f"DROP POLICY IF EXISTS of_tenant ON {name}")
        cursor.execute(f"CREATE POLICY of_tenant ON {name} FOR ALL USING (tenant_id = {TENANT})")
        cursor.execute(f"REVOKE ALL ON {name} FROM jishi_web")
        cursor.execute(f"DROP TRIGGER IF EXISTS never_emptied ON {name}")
        cursor.execute(
            f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION jishi_never_changed()"
        )
