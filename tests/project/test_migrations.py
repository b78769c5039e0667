"""What the models say is what the migrations lay."""

import os
import re
from contextlib import nullcontext
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from jishi.foundation.management.commands import migrate
from jishi.foundation.management.commands.migrate import drawn_one_by_one

NOW = re.compile(r"'\d{4}-\d\d-\d\d [^']*'(?=::timestamptz)")  # the default of a column is the hour of its migration
AT_NIGHT = os.environ.get("JISHI_PROFILE") == "nightly"


@pytest.mark.django_db
def test_no_model_has_moved_on_without_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)  # leaves with 1 where something is missing


@pytest.mark.django_db
def test_an_empty_database_is_filled_by_the_very_statements_of_the_usual_way() -> None:
    """Of one room and all below it in every build, of everything at night."""
    assert _statements(drawn_one_by_one()) == _statements(nullcontext())


def _statements(way: Any) -> list[str]:
    executor = MigrationExecutor(connection)
    targets = executor.loader.graph.leaf_nodes() if AT_NIGHT else executor.loader.graph.leaf_nodes("bodies")
    executor.loader.applied_migrations = {}  # as if nothing stood yet
    plan = executor.migration_plan(targets)
    assert len(plan) > len(targets)
    state = executor.loader.project_state([], at_end=False)
    said: list[str] = []
    with way:
        for migration, _ in plan:
            with connection.schema_editor(collect_sql=True, atomic=False) as editor:
                state = migration.apply(state, editor, collect_sql=True)
            said += editor.collected_sql
    return [NOW.sub("now", one) for one in said]


@pytest.mark.django_db
def test_migration_gives_up_rather_than_queue_behind_a_long_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spec 90 §19: a change of the schema that waits for one reader holds up everybody who comes after it."""
    monkeypatch.setattr(migrate, "PATIENCE", "50ms")
    asked = connection.get_connection_params()
    reader = psycopg.connect(**{k: v for k, v in asked.items() if k in ("dbname", "host", "user", "password", "port")})
    try:
        reader.execute("SELECT count(*) FROM foundation_tenant")  # and goes on reading

        busy = pytest.raises(CommandError, match="busy")
        with busy, transaction.atomic(), migrate.giving_up(), connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("ALTER TABLE foundation_tenant ADD COLUMN late int")
    finally:
        reader.close()
