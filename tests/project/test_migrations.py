"""What the models say is what the migrations lay."""

import os
import re
from contextlib import nullcontext
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

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
