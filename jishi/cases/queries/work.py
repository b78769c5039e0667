"""Looking for those who work on cases: the import's rows, the body's inbox, reviews, feedback."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jishi.cases.models import ImportRow, ImportRun
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound

# --- import ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowSaid:
    """What became of one row of a file; the words of the row are not here."""

    line: int
    result: str
    code: str
    facts: Mapping[str, Any]
    report_number: str = ""

    def sentence(self, lang: str = "zh") -> str:
        """Say why it was refused."""
        from jishi.cases.actions import importing  # noqa: PLC0415 - actions look through queries too

        return importing.sentence(self.code, self.facts, lang) if self.code else ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run over a file."""

    id: int
    file_name: str
    column_map: str
    started_at: datetime
    applied_at: datetime | None
    counts: Mapping[str, Any]
    stages: list[dict[str, Any]]
    has_file: bool


def import_rows(run_id: int, *, by: Actor, result: str = "", after: int = 0, limit: int = 50) -> list[RowSaid]:
    """List what became of the rows of a run, by line, after line `after`."""
    rows = ImportRow.objects.filter(tenant_id=by.tenant_id, run=run_id, line__gt=after)
    if result:
        rows = rows.filter(result=result)
    found = rows.order_by("line").values_list("line", "result", "code", "detail", "report__number")[:limit]
    return [
        RowSaid(line, res, code, json.loads(detail) if detail.endswith("}") else {}, number or "")
        for line, res, code, detail, number in found
    ]


def import_run(run_id: int, *, by: Actor) -> Run:
    """Give one run. :raises NotFound: no such run here."""
    found = _runs(by).filter(id=run_id).first()
    if found is None:
        raise NotFound
    return _run(found)


def import_runs(*, by: Actor, limit: int = 10) -> list[Run]:
    """List the newest runs."""
    return [_run(r) for r in _runs(by).order_by("-id")[:limit]]


def _runs(by: Actor) -> Any:
    return (
        ImportRun.objects.filter(tenant_id=by.tenant_id)
        .extra(select={"has_file": "content IS NOT NULL"})
        .defer("content")
    )


def _run(row: Any) -> Run:
    return Run(
        row.id,
        row.file_name,
        row.column_map,
        row.started_at,
        row.applied_at,
        row.counts,
        row.stages,
        bool(row.has_file),
    )
