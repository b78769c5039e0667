"""Row security as the catalogue has it, and as the web role meets it (spec 90 §4.1, F4)."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from conftest import MONDAY_TEN
from jishi.foundation import protect, scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.models import Counter, Delivery, IdempotencyRecord, News, TrailHead
from jishi.foundation.nouns import FactRow, TenantRow

pytestmark = pytest.mark.django_db

HELD = [m._meta.db_table for m in protect.protected_models()]
APPEND_ONLY = [m._meta.db_table for m in protect.protected_models() if m.append_only]


@contextmanager
def another_connection() -> Iterator[psycopg.Connection]:
    """A second connection as the web role, outside the transaction of the test."""
    known = connection.settings_dict
    options = {k: v for k, v in known["OPTIONS"].items() if k in ("sslmode", "options")}
    with psycopg.connect(
        host=known["HOST"] or None, port=known["PORT"] or None, dbname=known["NAME"], user=known["USER"],
        password=known["PASSWORD"] or None, autocommit=True, **options,
    ) as other:  # fmt: skip
        other.execute("SET ROLE jishi_web")
        yield other


def rows(sql: str, params: list | None = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or [])
        return cursor.fetchall()


def partitions() -> list[str]:
    found = rows(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " JOIN pg_class p ON p.oid = i.inhparent WHERE p.relname = ANY (%s) ORDER BY 1",
        [HELD],
    )
    return [name for (name,) in found]


def fill_something(tenant_id: int) -> None:
    by = system(tenant_id)
    with scope.work(by):
        trail.record("test.filled", ("test", 1), by=by, at=MONDAY_TEN, words={"t": "话"}, new=True)
        news = News.objects.create(
            tenant_id=tenant_id, subject_kind="t", subject_id=1, name="X", facts={}, at=MONDAY_TEN
        )
        Delivery.objects.create(
            tenant_id=tenant_id, news=news, reaction="r", subject_kind="t", subject_id=1, next_at=MONDAY_TEN
        )
        Counter.objects.create(tenant_id=tenant_id, kind="Z", day=MONDAY_TEN.date(), last=1)


class TestCatalogue:
    def test_every_protected_table_forces_row_security_and_has_its_policies_and_grants(self) -> None:
        flags = {
            name: (on, forced)
            for name, on, forced in rows(
                "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = ANY (%s)", [HELD]
            )
        }
        assert set(flags) == set(HELD)
        for table in HELD:
            assert flags[table] == (True, True), table
            assert self.policies(table) == self.expected_policies(table), table
            assert self.grants(table) == self.expected_commands(table), table

    def test_a_table_with_a_tenant_column_is_a_protected_table_or_a_partition_of_one(self) -> None:
        found = {
            name
            for (name,) in rows(
                "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
                " JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = 'public' AND a.attname = 'tenant_id' AND c.relkind IN ('r', 'p')"
                " AND NOT a.attisdropped"
            )
        }

        assert found - set(HELD) - set(partitions()) == set()

    def test_neither_owner_nor_web_goes_around_row_security_or_reads_files(self) -> None:
        for name, superuser, bypass in rows(
            "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname IN ('jishi_owner', 'jishi_web')"
        ):
            assert not superuser, name
            assert not bypass, name
        assert (
            rows(
                "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid"
                " JOIN pg_roles w ON w.oid = m.member WHERE w.rolname = 'jishi_web'"
            )
            == []
        )

    def test_no_function_runs_with_the_rights_of_its_owner(self) -> None:
        assert (
            rows(
                "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
                " WHERE n.nspname = 'public' AND prosecdef"
            )
            == []
        )

    def test_tenant_stands_first_in_every_unique_constraint_and_index_of_a_protected_table(self) -> None:
        late = rows(
            "SELECT t.relname, i.relname, a.attname FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid"
            " JOIN pg_class i ON i.oid = x.indexrelid"
            " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]"
            " WHERE t.relname = ANY (%s) AND x.indisunique AND NOT x.indisprimary AND a.attname <> 'tenant_id'",
            [HELD],
        )

        assert late == []

    def test_a_key_between_protected_tables_carries_the_tenant(self) -> None:
        for model in protect.protected_models():
            for field in model._meta.local_fields:
                if not isinstance(field, models.ForeignKey) or not model._meta.managed:
                    continue
                if not issubclass(field.related_model, TenantRow | FactRow) or not field.related_model._meta.managed:
                    continue
                name = f"same_tenant_{field.column}"[:60]
                found = rows(
                    "SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass AND contype = 'f'",
                    [name, model._meta.db_table],
                )
                assert found, f"{model._meta.db_table}.{field.column}"

    def test_no_key_is_looked_up_twice_and_every_table_reaches_its_tenant(self) -> None:
        for model in protect.protected_models():
            keys = [
                set(columns)
                for (columns,) in rows(
                    "SELECT array_agg(a.attname::text) FROM pg_constraint c JOIN pg_attribute a"
                    " ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
                    " WHERE c.contype = 'f' AND c.conrelid = %s::regclass GROUP BY c.oid",
                    [model._meta.db_table],
                )
            ]
            carried = {name for key in keys if len(key) > 1 for name in key}
            assert not [key for key in keys if len(key) == 1 and key & carried - {"tenant_id"}], model
            assert not model._meta.managed or any("tenant_id" in key for key in keys), model

    def policies(self, table: str) -> set[tuple[str, str, str]]:
        return set(rows("SELECT policyname, permissive, cmd FROM pg_policies WHERE tablename = %s", [table]))

    def expected_policies(self, table: str) -> set[tuple[str, str, str]]:
        expected = {(f"may_{c.lower()}", "PERMISSIVE", c) for c in self.expected_commands(table)}
        expected.add(("of_tenant", "RESTRICTIVE", "ALL"))
        model = next(m for m in protect.protected_models() if m._meta.db_table == table)
        return expected | ({("not_recused", "RESTRICTIVE", "ALL")} if protect._recusal(model) else set())

    def grants(self, table: str) -> set[str]:
        commands = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
        return {c for c in commands if rows("SELECT has_table_privilege('jishi_web', %s, %s)", [table, c])[0][0]}

    def expected_commands(self, table: str) -> set[str]:
        return {"SELECT", "INSERT"} if table in APPEND_ONLY else {"SELECT", "INSERT", "UPDATE", "DELETE"}


class TestWithoutScope:
    def test_the_web_role_sees_no_row_of_any_protected_table(self, tenant: int, other_tenant: int) -> None:
        fill_something(tenant)
        fill_something(other_tenant)
        rows("SELECT set_config('jishi.tenant', '', true)")

        seen = {table: rows(f'SELECT count(*) FROM "{table}"')[0][0] for table in HELD}

        assert {table: count for table, count in seen.items() if count} == {}

    def test_a_fresh_connection_sees_no_row_either(self) -> None:
        with another_connection() as other:
            for table in HELD:
                assert other.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (0,), table

    def test_a_partition_cannot_be_read_around_its_parent(self, tenant: int) -> None:
        fill_something(tenant)
        assert len(partitions()) >= 14

        with scope.work(system(tenant)):
            for name in partitions():
                with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                    rows(f'SELECT * FROM "{name}"')

    def test_a_partition_carries_a_policy_of_its_own(self) -> None:
        for name in partitions():
            assert rows("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = %s", [name]) == [
                (True, True)
            ], name
            assert rows("SELECT policyname FROM pg_policies WHERE tablename = %s", [name]), name

    def test_nothing_can_be_written_without_a_scope(self, tenant: int) -> None:
        rows("SELECT set_config('jishi.tenant', '', true)")

        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Counter.objects.create(tenant_id=tenant, kind="Y", day=MONDAY_TEN.date(), last=1)


class TestAcrossTenants:
    def test_each_town_sees_its_own_rows_in_every_table(self, tenant: int, other_tenant: int) -> None:
        fill_something(tenant)
        fill_something(other_tenant)

        for mine in (tenant, other_tenant):
            with scope.work(system(mine)):
                for table in HELD:
                    foreign = rows(f'SELECT count(*) FROM "{table}" WHERE tenant_id <> %s', [mine])[0][0]
                    assert foreign == 0, table
                assert TrailHead.objects.filter(subject_kind="test").count() == 1

    def test_a_row_of_another_town_can_neither_be_inserted_nor_moved_there(
        self, tenant: int, other_tenant: int
    ) -> None:
        fill_something(tenant)

        with scope.work(system(tenant)):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                Counter.objects.create(tenant_id=other_tenant, kind="Y", day=MONDAY_TEN.date(), last=1)
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                Counter.objects.filter(kind="Z").update(tenant_id=other_tenant)

    def test_a_row_of_another_town_is_neither_changed_nor_deleted(self, tenant: int, other_tenant: int) -> None:
        fill_something(other_tenant)

        with scope.work(system(tenant)):
            assert Counter.objects.filter(tenant_id=other_tenant).update(last=99) == 0
            assert Counter.objects.filter(tenant_id=other_tenant).delete()[0] == 0
        with scope.work(system(other_tenant)):
            assert Counter.objects.get(kind="Z").last == 1

    def test_foreign_key_cannot_point_across_tenants(self, tenant: int, other_tenant: int) -> None:
        fill_something(other_tenant)
        with scope.work(system(other_tenant)):
            theirs = News.objects.get().id

        def point_there() -> None:
            with transaction.atomic():
                Delivery.objects.create(
                    tenant_id=tenant, news_id=theirs, reaction="r", subject_kind="t", subject_id=1, next_at=MONDAY_TEN
                )
                rows("SET CONSTRAINTS ALL IMMEDIATE; SELECT 1")

        with scope.work(system(tenant)), pytest.raises(IntegrityError):
            point_there()

    def test_unique_error_tells_nothing_of_another_tenant(self, tenant: int, other_tenant: int) -> None:
        for mine in (tenant, other_tenant):
            with scope.work(system(mine)):
                IdempotencyRecord.objects.create(
                    tenant_id=mine, actor="a", route="r", key="same", body_hash="x", expires_at=MONDAY_TEN
                )


class TestSurprises:
    @pytest.mark.parametrize("table", ["foundation_counter", "foundation_entry", "accounts_reading"])
    def test_copy_from_is_refused(self, tenant: int, table: str) -> None:
        def copy_in() -> None:
            with transaction.atomic(), connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(b"")

        with scope.work(system(tenant)), pytest.raises(Exception, match="COPY FROM not supported"):
            copy_in()

    def test_scope_does_not_leak_to_the_next_request_on_a_pooled_connection(self, tenant: int) -> None:
        with another_connection() as pooled:
            with pooled.transaction():
                pooled.execute("SELECT set_config('jishi.tenant', %s, true)", [str(tenant)])
                inside = pooled.execute("SELECT current_setting('jishi.tenant', true)").fetchone()
            with pooled.transaction():
                after = pooled.execute("SELECT nullif(current_setting('jishi.tenant', true), '')").fetchone()
                seen = pooled.execute("SELECT count(*) FROM accounts_account").fetchone()

        assert inside == (str(tenant),)
        assert (after, seen) == ((None,), (0,))

    def test_the_inner_scope_gives_way_to_the_outer_one_again(self, tenant: int, other_tenant: int) -> None:
        fill_something(tenant)
        fill_something(other_tenant)

        with scope.work(system(tenant)):
            with scope.within(system(other_tenant)):
                assert set(Counter.objects.values_list("tenant_id", flat=True)) == {other_tenant}
            assert set(Counter.objects.values_list("tenant_id", flat=True)) == {tenant}
            assert scope.current().actor.tenant_id == tenant

    def test_a_scope_needs_a_transaction(self, tenant: int) -> None:
        def enter() -> None:  # in a thread of its own, where no transaction is open
            with scope.within(Actor(tenant, "anonymous")):
                pass

        with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="inside a transaction"):
            pool.submit(enter).result()

    @pytest.mark.parametrize("table", APPEND_ONLY)
    @pytest.mark.parametrize("command", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}", "TRUNCATE {}"])
    def test_append_only_tables_refuse_every_change(self, tenant: int, table: str, command: str) -> None:
        with (
            scope.work(system(tenant)),
            connection.cursor() as cursor,
            pytest.raises(DatabaseError),
            transaction.atomic(),
        ):
            cursor.execute(command.format(table))

    def test_applying_twice_changes_nothing(self) -> None:
        def picture() -> list[tuple]:
            return rows(
                "SELECT tablename, policyname, permissive, roles::text, cmd, qual, with_check"
                " FROM pg_policies ORDER BY 1, 2"
            )

        before = picture()
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
        protect.apply()

        assert picture() == before

    def test_a_guessed_number_of_another_town_is_the_same_nothing_as_a_number_that_never_was(
        self, tenant: int, other_tenant: int
    ) -> None:
        fill_something(other_tenant)
        with scope.work(system(other_tenant)):
            theirs = News.objects.get().id

        with scope.work(system(tenant)):
            assert not News.objects.filter(id=theirs).exists()
            assert not News.objects.filter(id=uuid.uuid4().int % 10**9).exists()
