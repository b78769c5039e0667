"""Row security, derived from the models and applied after every migration (decision 0003).

For each `TenantRow`/`FactRow`: FORCEd row security, a permissive policy per granted command, the restrictive
`of_tenant`, `not_recused` where the model names accused bodies or hangs on a row that does, tenant-first foreign
keys, and the web role's
grants. A project test reads the catalogue and compares.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import ProgrammingError, connection, models, transaction

from jishi.foundation.nouns import FactRow, TenantRow

WEB = "jishi_web"
TENANT = "(SELECT nullif(current_setting('jishi.tenant', true), ''))::bigint"
ACCOUNT = "(SELECT nullif(current_setting('jishi.account', true), ''))::bigint"
BODIES = "coalesce((SELECT nullif(current_setting('jishi.bodies', true), ''))::bigint[], '{}'::bigint[])"


def protected_models() -> list[type[models.Model]]:
    """List every table that holds a tenant's rows."""
    rows = [m for m in apps.get_models() if issubclass(m, TenantRow | FactRow)]
    return sorted(rows, key=lambda m: m._meta.db_table)


def apply() -> None:
    """Bring the whole database to what the models declare; running it twice changes nothing."""
    with connection.cursor() as cursor:
        _ensure_web_role(cursor)
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {WEB}")
        for model in protected_models():
            with transaction.atomic():  # who reads meanwhile never meets a table between its old policies and the new
                for statement in _statements(model):
                    cursor.execute(statement)
        for table in _open_tables():
            cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {WEB}')
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {WEB}")
        cursor.execute(f'REVOKE INSERT, UPDATE, DELETE ON "foundation_tenant" FROM {WEB}')
        cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {WEB}")
        _tell_the_planner(cursor)


# Of a table that was never looked at, the planner takes every column for a key: (tenant_id, id) and (tenant_id,
# received_at) look alike to it, and a key is searched row after row. One town fills most tables alone: so it is told.
_SHARED = """
    SELECT pg_restore_attribute_stats(
        'schemaname', 'public', 'relname', c.relname::text, 'attname', 'tenant_id', 'inherited', false,
        'null_frac', 0::real, 'avg_width', 8, 'n_distinct', 1::real)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.reltuples < 0
"""


def _tell_the_planner(cursor: Any) -> None:
    """Say of every table not yet looked at that its rows share a tenant (PostgreSQL 18; older ones learn it later)."""
    cursor.execute("SELECT 1 FROM pg_proc WHERE proname = 'pg_restore_attribute_stats'")
    if cursor.fetchone() is not None:
        cursor.execute(_SHARED)


def _ensure_web_role(cursor: Any) -> None:
    """On a server of others the web role may not be there yet: make it, and let the owner step down to it."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [WEB])
    if cursor.fetchone() is None:
        cursor.execute(f"CREATE ROLE {WEB} NOLOGIN NOSUPERUSER NOBYPASSRLS")
    cursor.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [WEB])
    if not cursor.fetchone()[0]:
        try:
            cursor.execute(f"GRANT {WEB} TO CURRENT_USER")
        except ProgrammingError as no:
            raise RuntimeError(
                f"The role {WEB} exists, and this login may not step down to it. Ask the server's administrator for: "
                f"GRANT {WEB} TO <this login>;"
            ) from no


def _statements(model: type[models.Model]) -> Iterator[str]:
    table = model._meta.db_table
    commands = ("SELECT", "INSERT") if model.append_only else ("SELECT", "INSERT", "UPDATE", "DELETE")  # type: ignore[attr-defined]
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
    yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
    yield f'REVOKE ALL ON "{table}" FROM {WEB}'
    yield f'GRANT {", ".join(commands)} ON "{table}" TO {WEB}'
    for command in ("SELECT", "INSERT", "UPDATE", "DELETE"):
        yield f'DROP POLICY IF EXISTS may_{command.lower()} ON "{table}"'
    for command in commands:
        test = "WITH CHECK (true)" if command == "INSERT" else "USING (true)"
        yield f'CREATE POLICY may_{command.lower()} ON "{table}" FOR {command} {test}'
    yield f'DROP POLICY IF EXISTS of_tenant ON "{table}"'
    yield (
        f'CREATE POLICY of_tenant ON "{table}" AS RESTRICTIVE FOR ALL '
        f"USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
    )
    yield f'DROP POLICY IF EXISTS not_recused ON "{table}"'
    hidden = _recusal(model)
    if hidden:
        yield f'CREATE POLICY not_recused ON "{table}" AS RESTRICTIVE FOR ALL USING ({hidden}) WITH CHECK (true)'
    if model.append_only:  # type: ignore[attr-defined]
        yield from _append_only(table)
    if model._meta.managed:
        yield from _tenant_first_keys(model)


def _recusal(model: type[models.Model]) -> str:
    """Say when a row is seen in spite of recusal; empty where nobody is accused (spec 90 §4.1, `not_recused`).

    What hangs on a hidden row is hidden with it, what is sealed for it and who read that too; who acts for no body is
    asked nothing.
    """
    table, accused, beside = model._meta.db_table, model.recused_by, model.recused_with  # type: ignore[attr-defined]
    if accused:
        bodies = [accused, *([model.recused_line] if model.recused_line else [])]  # type: ignore[attr-defined]
        tests = [f"NOT ({column}::bigint[] && {BODIES})" for column in bodies]
        if model.recused_persons:  # type: ignore[attr-defined]
            tests.append(f"({ACCOUNT} = ANY ({model.recused_persons})) IS NOT TRUE")  # type: ignore[attr-defined]
        return " AND ".join([*tests, *([f"({_beside(model, beside)})"] if beside else [])])
    if beside:
        return _beside(model, beside)
    if {"subject_kind", "subject_id"} <= {f.name for f in model._meta.local_fields}:
        kinds = [
            f"(subject_kind <> '{m.subject_kind_of_trail}' OR {_seen(m._meta.db_table, 'subject_id', table)})"  # type: ignore[attr-defined]
            for m in protected_models()
            if m.subject_kind_of_trail  # type: ignore[attr-defined]
        ]
        return f"{BODIES} = '{{}}'::bigint[] OR ({' AND '.join(kinds)})" if kinds else ""
    if {"owner_table", "owner_row"} <= {f.name for f in model._meta.local_fields}:
        owners = [
            f"(owner_table <> '{m._meta.db_table}' OR {_seen(m._meta.db_table, 'owner_row', table)})"
            for m in protected_models()
            if m.recused_by  # type: ignore[attr-defined]
        ]
        return f"{BODIES} = '{{}}'::bigint[] OR ({' AND '.join(owners)})" if owners else ""
    return ""


def _beside(model: type[models.Model], name: str) -> str:
    """Say that the row on which this one hangs is seen; who acts for no body is asked nothing."""
    field, table = model._meta.get_field(name), model._meta.db_table
    column, target = field.column, field.related_model._meta.db_table  # type: ignore[union-attr]
    seen = _seen(target, f'"{table}"."{column}"', table)
    return f"""{BODIES} = '{{}}'::bigint[] OR "{column}" IS NULL OR {seen}"""


def _seen(target: str, row: str, table: str) -> str:
    """Look the row up by its key. Not EXISTS: for many rows the planner would hash the whole of `target` first."""
    return f'(SELECT true FROM "{target}" seen WHERE seen.tenant_id = "{table}".tenant_id AND seen.id = {row})'


def _append_only(table: str) -> Iterable[str]:
    yield f'DROP TRIGGER IF EXISTS never_changed ON "{table}"'
    yield (
        f'CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION jishi_never_changed()"
    )
    yield f'DROP TRIGGER IF EXISTS never_emptied ON "{table}"'
    yield (
        f'CREATE TRIGGER never_emptied BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION jishi_never_changed()"
    )


def _tenant_first_keys(model: type[models.Model]) -> Iterable[str]:
    """A foreign key carries the tenant, so that no row can point into another tenant.

    It stands in the place of the key without one, and a row that must point at another row of its tenant needs no key
    to the tenant besides: the other row has it. Each key is a look into another table per row that is written.
    """
    table = model._meta.db_table
    bound = False
    for field in model._meta.local_fields:
        target = field.related_model
        if not isinstance(field, models.ForeignKey) or not isinstance(target, type):
            continue
        if not issubclass(target, TenantRow | FactRow) or not target._meta.managed:
            continue
        name, other = f"same_tenant_{field.column}"[:60], target._meta.db_table
        # A unique index, not a constraint: Django's own table rebuilding stays unaware of it.
        yield f'CREATE UNIQUE INDEX IF NOT EXISTS "{other}_in_tenant" ON "{other}" (tenant_id, id)'
        yield (
            f"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{name}' "
            f"AND conrelid = '\"{table}\"'::regclass) THEN "
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (tenant_id, "{field.column}") '
            f'REFERENCES "{other}" (tenant_id, id) DEFERRABLE INITIALLY DEFERRED; END IF; END $$'
        )
        yield _without_plain_key(table, field.column)
        bound = bound or not (field.null or target is model)
    if bound:
        yield _without_plain_key(table, "tenant_id")


def _without_plain_key(table: str, column: str) -> str:
    """Drop the foreign key of this one column, whatever its name; the one that carries the tenant stays."""
    return (
        "DO $$ DECLARE found text; BEGIN FOR found IN SELECT c.conname FROM pg_constraint c JOIN pg_attribute a "
        f"ON a.attrelid = c.conrelid AND a.attname = '{column}' WHERE c.conrelid = '\"{table}\"'::regclass "
        "AND c.contype = 'f' AND c.conkey = ARRAY[a.attnum] "
        f"LOOP EXECUTE format('ALTER TABLE \"{table}\" DROP CONSTRAINT %I', found); END LOOP; END $$"
    )


def _open_tables() -> list[str]:
    """Tables without tenant: Django's, the queue's, the national division table, tenants themselves."""
    held = {m._meta.db_table for m in protected_models()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'foundation_entry%'"
        )
        return [row[0] for row in cursor.fetchall() if row[0] not in held]
