"""The shapes that tables of all rooms share. Rooms inherit from here and from nowhere else."""

from collections.abc import Hashable, Iterable
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

import orjson
from django.db import connections, models, transaction
from psycopg.types.range import Range

FEW = 5  # rows: below, one statement of plain values is as quick
AT_ONCE = 5000  # rows of one statement


Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class Rows(models.QuerySet[Row_co]):
    """Rows that are made by the hundred: one statement takes them in as one JSON value.

    Three times less work than a parameter per value. The same refusals by the database; ids come back as always.
    """

    def bulk_create(self, objs: Iterable[Any], *args: Any, **options: Any) -> list[Any]:
        rows = list(objs)
        if args or options or len(rows) < FEW or any(r.pk is not None for r in rows):
            return super().bulk_create(rows, *args, **options)
        for row in rows:
            row._prepare_related_fields_for_save(operation_name="bulk_create")
        statement = _statement(cast(Hashable, self.model))
        with transaction.atomic(using=self.db, savepoint=False), connections[self.db].cursor() as cursor:
            for start in range(0, len(rows), AT_ONCE):
                part = rows[start : start + AT_ONCE]
                cursor.execute(statement, [orjson.dumps(_plain(part), default=_said).decode()])
                for row, (pk,) in zip(part, cursor.fetchall(), strict=True):
                    row.pk, row._state.adding, row._state.db = pk, False, self.db
        return rows


def _plain(rows: list[Any]) -> list[dict[str, Any]]:
    fields = [(f, f.column) for f in rows[0]._meta.concrete_fields if not f.primary_key]
    return [{column: f.pre_save(row, True) for f, column in fields} for row in rows]


def _said(value: Any) -> str:
    """Write what JSON has no form for as the database reads it."""
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    if isinstance(value, Range):
        low, high = ("" if end is None else str(end) for end in (value.lower, value.upper))
        return "empty" if value.isempty else f"{value.bounds[0]}{low},{high}{value.bounds[1]}"
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value))


@cache
def _statement(model: Any) -> str:
    fields = [f for f in model._meta.concrete_fields if not f.primary_key]
    columns = ", ".join(f'"{f.column}"' for f in fields)
    typed = ", ".join(f'"{f.column}" {f.db_type(connections["default"])}' for f in fields)
    table, pk = model._meta.db_table, model._meta.pk.column
    return (
        f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM json_to_recordset(%s::json) AS given({typed}) '
        f'RETURNING "{pk}"'
    )


class TenantRow(models.Model):
    """A row of one tenant: row security binds it (`protect.py`), `version` grows by one per change.

    `append_only`: the web role may insert and select, nothing else, and a trigger refuses the owner too.
    `recused_by`: name of an integer-array column; whoever acts for one of these bodies does not see the row.
    `recused_line`: a second one, bodies above those; `recused_persons`: one of accounts that stand aside.
    `recused_with`: name of a foreign key; who does not see that row does not see this one either.
    `subject_kind_of_trail`: what the trail calls it; entries, words and news of a hidden row are hidden with it.
    """

    append_only: ClassVar[bool] = False
    recused_by: ClassVar[str | None] = None
    recused_line: ClassVar[str | None] = None
    recused_persons: ClassVar[str | None] = None
    recused_with: ClassVar[str | None] = None
    subject_kind_of_trail: ClassVar[str] = ""

    tenant = models.ForeignKey("foundation.Tenant", on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.PositiveIntegerField(default=1)

    objects = Rows.as_manager()

    class Meta:
        abstract = True

    def change(self, **values: Any) -> None:
        """Set `values` and save them with the next version. Only for rows that the verb has locked."""
        for name, value in values.items():
            setattr(self, name, value)
        self.version += 1
        self.save(update_fields=[*values, "version"])


class FactRow(models.Model):
    """A tenant's row that is written once and never changed: no version."""

    append_only: ClassVar[bool] = False
    recused_by: ClassVar[str | None] = None
    recused_line: ClassVar[str | None] = None
    recused_persons: ClassVar[str | None] = None
    recused_with: ClassVar[str | None] = None
    subject_kind_of_trail: ClassVar[str] = ""

    tenant = models.ForeignKey("foundation.Tenant", on_delete=models.PROTECT, related_name="+", db_index=False)

    objects = Rows.as_manager()

    class Meta:
        abstract = True
