"""The column maps of a town: the built-in ones, its own in versions, and who may save one (spec 10 §3)."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from jishi.cases.actions import columns as kinds
from jishi.cases.actions.columns import Columns
from jishi.cases.models import ColumnMap
from jishi.foundation import numbers, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed


def column_maps(tenant_id: int) -> list[Columns]:
    """List the newest version of every map: the built-in ones and the town's own, which may replace them."""
    found = dict(kinds.BUILT_IN)
    for row in ColumnMap.objects.filter(tenant_id=tenant_id).order_by("code", "number"):
        found[row.code] = kinds.from_data(row.code, row.number, row.name, row.columns)
    return list(found.values())


def column_map(name: str, *, tenant_id: int) -> Columns:
    """Find a map by its code (newest) or by `code@number`.

    :raises NoSuchMap: names those that are there.
    """
    newest = {m.code: m for m in column_maps(tenant_id)}
    if name in newest:
        return newest[name]
    code, _, number = name.partition("@")
    if numbers.names_a_row(number):
        if code in kinds.BUILT_IN and int(number) == kinds.BUILT_IN[code].number:
            return kinds.BUILT_IN[code]
        row = ColumnMap.objects.filter(tenant_id=tenant_id, code=code, number=int(number)).first()
        if row is not None:
            return kinds.from_data(row.code, row.number, row.name, row.columns)
    raise kinds.NoSuchMap(name=name, known="、".join(newest))


@transaction.atomic
def save_map(columns: Columns, *, by: Actor, now: datetime) -> Columns:
    """Save a map as the next version of its code; files taken in before keep naming theirs.

    :raises UnsoundMap: a needed field has no column, a form of time names no full day.
    """
    ensure_may_import(by)
    kinds.ensure_sound(columns)
    last = max((m.number for m in column_maps(by.tenant_id) if m.code == columns.code), default=0)
    saved = replace(columns, number=last + 1)
    row = ColumnMap.objects.create(
        tenant_id=by.tenant_id, code=saved.code, number=saved.number, name=saved.name, columns=saved.as_data()
    )
    trail.record("import.map_saved", ("column_map", row.id), by=by, at=now, codes={"map": saved.label})
    return saved


def ensure_may_import(by: Actor) -> None:
    """Insist on a desk that takes reports in: an administrator reads no content (spec 90 §4.2). :raises NotAllowed."""
    if not by.has("operator", "dispatcher", "system"):
        raise NotAllowed(why="导入由受理的岗位做：话务员、派单员。")
