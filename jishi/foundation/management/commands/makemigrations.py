from typing import Any

from django.core.management.commands.makemigrations import Command as MakeMigrations
from django.db.migrations.operations import AddConstraint, AddIndex, CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import FieldOperation


class Command(MakeMigrations):
    """Writes indexes and constraints into the model they belong to.

    As operations of their own each makes every related model again when the schema is laid: ten seconds of a start.
    """

    def write_migration_files(self, changes: dict[str, list[Any]], *more: Any) -> None:
        for migrations in changes.values():
            for migration in migrations:
                migration.operations = fold(migration.operations, migration.app_label)
        super().write_migration_files(changes, *more)


def fold(operations: list[Operation], app_label: str) -> list[Operation]:
    """Give the same operations with each index and constraint inside its CreateModel, where the model is whole by then.

    A model that gets a field later in the same migration keeps its own operations: they may name that field.
    """
    later = {one.model_name_lower for one in operations if isinstance(one, FieldOperation)}
    folded: list[Operation] = []
    made: dict[str, int] = {}
    for one in operations:
        if isinstance(one, AddIndex | AddConstraint) and one.model_name_lower in made:
            place = made[one.model_name_lower]
            whole = folded[place].reduce(one, app_label)
            assert isinstance(whole, list)  # a model takes its own index in
            folded[place : place + 1] = whole
            continue
        if isinstance(one, CreateModel) and one.name_lower not in later:
            made[one.name_lower] = len(folded)
        folded.append(one)
    return folded
