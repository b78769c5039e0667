"""Migrations are written so that a schema is laid quickly: an index stands in its model, not beside it."""

from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.operations import AddConstraint, AddField, AddIndex, CreateModel

from jishi.foundation.management.commands.makemigrations import fold

HERE = Path(__file__).resolve().parents[2]


def _model(name: str) -> CreateModel:
    return CreateModel(name, [("id", models.BigAutoField(primary_key=True)), ("at", models.DateField())])


def _index(model: str, field: str = "at") -> AddIndex:
    return AddIndex(model, models.Index(fields=[field], name=f"{model}_{field}"))


def test_an_index_and_a_constraint_go_into_their_model_past_other_models() -> None:
    rule = AddConstraint("one", models.UniqueConstraint(fields=["at"], name="one_a_day"))
    one, two = fold([_model("One"), _model("Two"), _index("one"), rule], "x")
    assert [i.name for i in one.options["indexes"]] == ["one_at"]
    assert [c.name for c in one.options["constraints"]] == ["one_a_day"]
    assert "indexes" not in two.options


def test_a_model_that_gets_a_field_later_keeps_its_operations() -> None:
    late = AddField("one", "two", models.ForeignKey("x.Two", models.CASCADE))
    operations = [_model("One"), _model("Two"), late, _index("one", "two")]
    assert fold(operations, "x") == operations


@pytest.mark.parametrize("room", [c.label for c in apps.get_app_configs() if c.name.startswith("jishi.")])
def test_every_first_migration_is_folded(room: str) -> None:
    for path in (HERE / room / "migrations").glob("0001_*.py"):
        written: type[migrations.Migration] = import_module(f"jishi.{room}.migrations.{path.stem}").Migration
        assert fold(list(written.operations), room) == list(written.operations)
