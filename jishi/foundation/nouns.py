"""The shapes that tables of all rooms share. Rooms inherit from here and from nowhere else."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

import orjson
from django.db import connections, models, transaction
from psycopg.types.range import Range

AT_ONCE = 5000  # rows of one statement


Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class Rows(models.QuerySet[Row_co]):
    """Rows that are made together: one statement takes them in as one JSON value, however many they are.

    Three times less work than a parameter per value, and one text per table: the server plans it once, nothing puts it
    together again. The same refusals by the database; ids come back as always.
    """

    def bulk_create(self, objs: Iterable[Any], *args: Any, **options: Any) -> list[Any]:
        rows = list(objs)
        if args or options or not rows or any(r.pk is not None for r in rows):
            return super().bulk_create(rows, *args, **options)
        for row in rows:
            row._prepare_related_fields_for_save(operation_name="bulk_create")
        for row, pk in zip(rows, self._take_in(rows, told_by_column), strict=True):
            row.pk, row._state.adding, row._state.db = pk, False, self.db
        return rows

    def take_in(self, values: Iterable[dict[str, Any]]) -> None:
        """Store rows that nobody looks at again, given by column, every one of them: no row is built."""
        self._take_in(list(values), list)

    def _take_in(self, rows: list[Any], told: Callable[[list[Any]], list[dict[str, Any]]]) -> list[Any]:
        statement, ids = _statement(cast(Hashable, self.model)), []
        with transaction.atomic(using=self.db, savepoint=False), connections[self.db].cursor() as cursor:
            for start in range(0, len(rows), AT_ONCE):
                cursor.execute(statement, [as_json(told(rows[start : start + AT_ONCE]))])
                ids += [pk for (pk,) in cursor.fetchall()]
        return ids


def as_json(value: Any) -> str:
    """Write what goes into the database as one value; what JSON has no form for is written as the database reads it."""
    return orjson.dumps(value, default=_said, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()


def told_by_column(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Give rows of one table by column, as they are stored; with their ids where they have them already. What is empty
    is not sent: a column that is not told is stored as nothing."""
    kept, made = _columns(cast(Hashable, type(rows[0])))
    pk, told = type(rows[0])._meta.pk, []
    for row in rows:
        held = row.__dict__
        values = {column: value for column, name in kept if (value := held[name]) is not None}
        if held[pk.attname] is not None:
            values[pk.column] = held[pk.attname]
        for column, field in made:
            values[column] = field.pre_save(row, True)
        told.append(values)
    return told


@cache
def _columns(model: Any) -> tuple[list[tuple[str, str]], list[tuple[str, Any]]]:
    """Columns that hold what stands in the row, and those that make their value when it is stored."""
    fields = [f for f in model._meta.concrete_fields if not f.primary_key]
    made = [(f.column, f) for f in fields if type(f).pre_save is not models.Field.pre_save]
    return [(f.column, f.attname) for f in fields if type(f).pre_save is models.Field.pre_save], made


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
    return inserting(model).replace("{given}", "%s::json") + f' RETURNING "{model._meta.pk.column}"'


@cache
def inserting(model: Any, *, numbered: bool = False) -> str:
    """Write the insert of a table's rows, which stand as JSON at `{given}`; `numbered`: their ids among them."""
    fields = [f for f in model._meta.concrete_fields if numbered or not f.primary_key]
    columns = ", ".join(f'"{f.column}"' for f in fields)
    typed = ", ".join(
        f'"{f.column}" {(f.rel_db_type if f.primary_key else f.db_type)(connections["default"])}' for f in fields
    )
    return (
        f'INSERT INTO "{model._meta.db_table}" ({columns}) SELECT {columns} '
        f"FROM json_to_recordset({{given}}) AS given({typed})"
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
