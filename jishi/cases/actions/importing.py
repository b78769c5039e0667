"""导入: a file of another system comes in, row by row, checked before it is applied (spec 10 §§3, 18, 19(15)).

The dry run and the application are the same walk over the same rows; only the last step differs, so they agree.
A part of `PART` rows is one transaction of the edge: the walk may be stopped anywhere and begun again, and
creates nothing twice.
"""

import json
import os
import struct
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.timezone import localdate

from jishi.cases import refusals, triage
from jishi.cases.actions import arrival, intake, sheets
from jishi.cases.actions import columns as maps
from jishi.cases.actions.arrival import Incoming
from jishi.cases.actions.column_maps import column_map, ensure_may_import
from jishi.cases.actions.columns import Columns, Row
from jishi.cases.actions.sheets import Sheet
from jishi.cases.events import CaseMoved
from jishi.cases.models import Addendum, ImportRow, ImportRun, Membership, Report
from jishi.duties import queries as duties
from jishi.foundation import keys, outbox, scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotFound, Refused
from jishi.foundation.tenants import Tenant
from jishi.kernels.text.minimise import minimise

PART = 500  # rows of one transaction
KEEP = timedelta(days=30)  # the file itself (spec 10 §13)
RESULTS = ("created", "known", "changed", "refused")
_SUITE = "a"


class RunIsOver(Refused):
    code, status = "import_is_over", 409
    zh, en = "这个文件已经导完，或存的文件已到期删除。", "This file is done, or the kept file has ended."
    next_zh = "要再导，重新上传；已经收过的不会重复。"
    next_en = "Upload it again; what came in is not taken twice."


@dataclass(frozen=True, slots=True)
class Said:
    """What became of one row."""

    line: int
    result: str
    code: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    report_id: int | None = None


@dataclass(slots=True)
class Stage:
    """One stage over all rows: how many it answered, how often it abstained and why, its time."""

    done: int = 0
    abstained: Counter[str] = field(default_factory=Counter)
    ms: float = 0.0

    def as_data(self, name: str) -> dict[str, Any]:
        rows = self.done + sum(self.abstained.values())
        return {
            "stage": name, "done": self.done, "abstained": dict(sorted(self.abstained.items())),
            "ms": round(self.ms, 1),
            "ms_per_thousand": round(self.ms * 1000 / rows, 1) if rows else 0.0,
        }  # fmt: skip


@dataclass(slots=True)
class Walk:
    """A file on its way: what was read, how far, and what was found. Held by the edge between two parts."""

    run_id: int
    applies: bool
    sheet: Sheet
    columns: Columns
    at: int = 0  # rows done
    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    stages: dict[str, Stage] = field(default_factory=dict)
    fresh: dict[str, set[str]] = field(default_factory=dict)  # external id → hashes met in this file

    @property
    def total(self) -> int:
        return len(self.sheet.rows)

    @property
    def is_over(self) -> bool:
        return self.at >= self.total


# --- the walk ----------------------------------------------------------------------------------------------


@transaction.atomic
def begin(content: bytes, file_name: str, *, columns: Columns, applies: bool, by: Actor, now: datetime,
          keeps: bool = False) -> Walk:  # fmt: skip
    """Read the file and open a run. `keeps`: the file is kept, encrypted, for at most 30 days.

    :raises Refused: the whole file, with the place (sheets). :raises NotAllowed: not this post.
    """
    ensure_may_import(by)
    began = time.perf_counter()
    sheet = sheets.read(content, file_name, wanted=columns.wanted)
    run = ImportRun.objects.create(
        tenant_id=by.tenant_id, file_name=sheet.file_name, file_sha256=sheet.sha256, column_map=columns.label,
        started_at=now, by=by.label, ends_on=localdate(now + KEEP), counts={"total": len(sheet.rows), "at": 0},
        content=_closed(content, by.tenant_id, sheet.sha256) if keeps else None,
    )  # fmt: skip
    walk = Walk(run.id, applies, sheet, columns)
    _add_time(walk, "read", began, len(sheet.rows))
    ImportRun.objects.filter(id=run.id).update(stages=stages_of(walk))
    codes = {"map": columns.label, "sha256": sheet.sha256, "rows": walk.total, "applies": applies}
    trail.record("import.begun", ("import", run.id), by=by, at=now, codes=codes)
    return walk


@transaction.atomic
def step(walk: Walk, *, by: Actor, now: datetime, tenant_code: str) -> list[Said]:
    """Do the next part: check it, and take it in if the walk applies. One transaction: a stop loses this part alone.

    :raises RunIsOver: every row is done.
    """
    ensure_may_import(by)
    run = ImportRun.objects.select_for_update().filter(tenant_id=by.tenant_id, id=walk.run_id).first()
    if run is None:
        raise NotFound
    if walk.is_over:
        raise RunIsOver
    _alone(by.tenant_id, walk.columns.system)
    began = time.perf_counter()
    rows = _read(walk, walk.sheet.rows[walk.at : walk.at + PART], by)
    said, fresh, changed = _sorted(rows, walk, by, now)
    _add_time(walk, "check", began, len(rows))
    looked = _look(walk, fresh, now)
    if walk.applies:
        began = time.perf_counter()
        said += _take(fresh, looked, by=by, now=now, tenant_code=tenant_code)
        said += _add_words(changed, by=by, now=now)
        _add_time(walk, "store", began, len(fresh) + len(changed))
    else:
        said += [Said(r.line, "created") for r in fresh] + [Said(r.line, "changed") for r in changed]
    said.sort(key=lambda s: s.line)
    _keep(run, walk, said, rows=len(rows), by=by, now=now)
    return said


def resume(run_id: int, *, by: Actor) -> Walk:
    """Give a kept run's walk back, where it stopped.

    :raises RunIsOver: it has ended, or its file is gone. :raises NotFound: no such run.
    """
    ensure_may_import(by)
    run = ImportRun.objects.filter(tenant_id=by.tenant_id, id=run_id).first()
    if run is None:
        raise NotFound
    if run.content is None or run.counts["at"] >= run.counts["total"]:
        raise RunIsOver
    columns = column_map(run.column_map, tenant_id=by.tenant_id)
    sheet = sheets.read(_opened(run), run.file_name, wanted=columns.wanted)
    walk = Walk(
        run.id, bool(run.counts.get("applies")), sheet, columns, at=run.counts["at"],
        counts=Counter({r: run.counts.get(r, 0) for r in RESULTS}), refused=Counter(run.counts.get("reasons", {})),
        stages={s["stage"]: Stage(s["done"], Counter(s["abstained"]), s["ms"]) for s in run.stages},
    )  # fmt: skip
    if not walk.applies:
        _remember(walk, run, by)
    return walk


@transaction.atomic
def apply_checked(run_id: int, *, by: Actor, now: datetime) -> Walk:
    """Open the run that applies a file whose dry run is done; the kept file goes over to it.

    :raises RunIsOver: the dry run has not ended, was applied already, or its file is gone.
    """
    ensure_may_import(by)
    run = ImportRun.objects.select_for_update().filter(tenant_id=by.tenant_id, id=run_id).first()
    if run is None:
        raise NotFound
    if run.content is None or run.counts["at"] < run.counts["total"] or run.counts.get("applies"):
        raise RunIsOver
    walk = begin(
        _opened(run), run.file_name, columns=column_map(run.column_map, tenant_id=by.tenant_id), applies=True, by=by,
        now=now, keeps=True,
    )  # fmt: skip
    counts = {"total": walk.total, "at": 0, "applies": True, "of": run.id}
    ImportRun.objects.filter(id=walk.run_id).update(counts=counts)
    run.change(content=None, counts={**run.counts, "applied_by": walk.run_id})
    return walk


# --- pieces of a step --------------------------------------------------------------------------------------


def _read(walk: Walk, cells: Iterable[tuple[int, Sequence[Any]]], by: Actor) -> list[Row]:
    zone = ZoneInfo(Tenant.objects.get(id=by.tenant_id).zone)
    book = _matter_names() if "matter_1" in walk.columns.fields else {}
    reader = maps.Reader(walk.columns, walk.sheet.headings, zone, book)
    rows = [reader.read(line, row) for line, row in cells]
    return _minimised(rows, reader.words) if reader.words else rows


def _matter_names() -> dict[tuple[str, ...], str]:
    return {tuple(m.name for m in duties.matter_path(leaf.code)): leaf.code for leaf in duties.leaves()}


def _minimised(rows: Sequence[Row], headings: Sequence[str]) -> list[Row]:
    """Words of the other side (an answer, an opinion) may name people: only their minimised form is kept."""
    spots = [(i, h) for i, r in enumerate(rows) if r.incoming for h in headings if r.incoming.attributes.get(h)]
    shown = minimise([rows[i].incoming.attributes[h] for i, h in spots])  # type: ignore[union-attr]
    beside: dict[int, dict[str, str]] = {}
    for (i, h), found in zip(spots, shown, strict=True):
        beside.setdefault(i, {})[h] = found.shown
    return [
        replace(r, incoming=replace(r.incoming, attributes={**r.incoming.attributes, **beside[i]}))
        if r.incoming is not None and i in beside else r
        for i, r in enumerate(rows)
    ]  # fmt: skip


def _sorted(rows: Sequence[Row], walk: Walk, by: Actor, now: datetime) -> tuple[list[Said], list[Row], list[Row]]:
    """Tell known, changed, fresh and refused apart; what this file brought before counts as known."""
    said: list[Said] = []
    sound: list[Row] = []
    for row in rows:
        refusal = row.refusal or (arrival.refusal_of(row.incoming, now=now) if row.incoming else None)
        if refusal is not None:
            said.append(Said(row.line, "refused", refusal.code, _short(refusal.facts)))
        else:
            sound.append(row)
    known = _known(sound, walk, by)
    fresh: list[Row] = []
    doubtful: list[Row] = []
    for row in sound:
        one = _of(row)
        met = known.setdefault(one.external_id, walk.fresh.setdefault(one.external_id, set()))
        if not met:
            fresh.append(row)
        elif hash_of(one, by.tenant_id) in met:
            said.append(Said(row.line, "known"))
        else:
            doubtful.append(row)
        met.add(hash_of(one, by.tenant_id))
    again, changed = _said_before(doubtful, by)
    return said + [Said(r.line, "known") for r in again], fresh, changed


def _known(rows: Sequence[Row], walk: Walk, by: Actor) -> dict[str, set[str]]:
    """Give the hashes stored under each external id, with what this file brought before.

    Also of a report that is hidden from who brings the file: its number stands in the file, and another report under
    it would stop the whole batch.
    """
    with scope.within(system(by.tenant_id)):
        stored = list(_stored(rows, walk, by))
    found: dict[str, set[str]] = {}
    for external_id, kept in stored:
        found[external_id] = walk.fresh.setdefault(external_id, set())
        found[external_id].add(kept)
    return found


def _stored(rows: Sequence[Row], walk: Walk, by: Actor) -> Iterable[tuple[str, str]]:
    return Report.objects.filter(
        tenant_id=by.tenant_id, external_system=walk.columns.system, external_id__in=[_of(r).external_id for r in rows]
    ).values_list("external_id", "external_hash")


def _said_before(rows: Sequence[Row], by: Actor) -> tuple[list[Row], list[Row]]:
    """Other words under a known number: said already as an addendum (then known), or new (then changed)."""
    if not rows:
        return [], []
    shown = [m.shown for m in minimise([_of(r).text for r in rows])]
    ids = [_of(r).external_id for r in rows]
    added = Addendum.objects.filter(
        tenant_id=by.tenant_id, report__external_system=_of(rows[0]).external_system, report__external_id__in=ids
    ).values_list("report__external_id", "text_shown")
    with scope.within(system(by.tenant_id)):  # also of what is hidden from who brings the file
        there = set(added)
    again: list[Row] = []
    changed: list[Row] = []
    for row, words in zip(rows, shown, strict=True):
        key = (_of(row).external_id, words)
        (again if key in there else changed).append(row)
        there.add(key)
    return again, changed


def _look(walk: Walk, rows: Sequence[Row], now: datetime) -> list[triage.Looked]:
    looked = arrival.look([_of(r) for r in rows], now=now) if rows else []
    for seen in looked:
        for one in seen.suggested:
            stage = walk.stages.setdefault(one.stage, Stage())
            stage.ms += one.ms
            if why := one.abstained or _unsettled(one, seen):
                stage.abstained[why] += 1
            else:
                stage.done += 1
    return looked


def _unsettled(one: triage.Suggested, seen: triage.Looked) -> str:
    """Say why the lists named no body: something has to be asked first, two are as fit, no fallback is known."""
    if one.stage != triage.Stage.ROUTE or seen.routed is None:
        return ""
    outcome: str = seen.routed.outcome
    return outcome if outcome in ("ask", "contested") or seen.routed.body_id is None else ""


def _take(
    rows: Sequence[Row], looked: Sequence[triage.Looked], *, by: Actor, now: datetime, tenant_code: str
) -> list[Said]:
    if not rows:
        return []
    batch = [replace(_of(r), external_hash=hash_of(_of(r), by.tenant_id)) for r in rows]
    taken, refused = intake.receive_many(batch, by=by, now=now, tenant_code=tenant_code, suggested=looked)
    out = {r.index: r.refusal for r in refused}
    said = [Said(rows[i].line, "refused", no.code, _short(no.facts)) for i, no in out.items()]
    lines = [r.line for i, r in enumerate(rows) if i not in out]
    return said + [Said(line, "created", report_id=t.report_id) for line, t in zip(lines, taken, strict=True)]


def _add_words(rows: Sequence[Row], *, by: Actor, now: datetime) -> list[Said]:
    """Keep other words under a known number as an addendum; the report itself is never overwritten.

    Words to a report that is hidden from who brings the file are kept like anybody's; he is not led to it.
    """
    if not rows:
        return []
    with scope.within(system(by.tenant_id)):
        ids = _append(rows, by=by, now=now)
    seen = set(Report.objects.filter(tenant_id=by.tenant_id, id__in=ids).values_list("id", flat=True))
    return [Said(r.line, "changed", report_id=i if i in seen else None) for r, i in zip(rows, ids, strict=True)]


def _append(rows: Sequence[Row], *, by: Actor, now: datetime) -> list[int]:
    found = dict(
        Report.objects.filter(
            tenant_id=by.tenant_id, external_system=_of(rows[0]).external_system,
            external_id__in=[_of(r).external_id for r in rows],
        ).values_list("external_id", "id")
    )  # fmt: skip
    shown = minimise([_of(r).text for r in rows])
    ids = [found[_of(r).external_id] for r in rows]
    Addendum.objects.bulk_create(
        Addendum(tenant_id=by.tenant_id, report_id=i, at=now, text_shown=m.shown, entered_by=by.label)
        for i, m in zip(ids, shown, strict=True)
    )
    members = Membership.objects.filter(tenant_id=by.tenant_id, report__in=ids, to_at=None)
    touched = sorted(members.values_list("case_id", "report_id"))
    trail.record_many([trail.Note("report.added_to", ("case", c), now, {"report": r}) for c, r in touched], by=by)
    outbox.announce(*[CaseMoved(c, "intake.add_addendum", "", ("added_lead",)) for c, _ in touched], at=now)
    return ids


def _keep(run: ImportRun, walk: Walk, said: Sequence[Said], *, rows: int, by: Actor, now: datetime) -> None:
    ImportRow.objects.bulk_create(
        ImportRow(
            tenant_id=by.tenant_id, run=run, line=s.line, result=s.result, code=s.code, report_id=s.report_id,
            detail=json.dumps(s.facts, ensure_ascii=False)[:300] if s.facts else "",
        )
        for s in said
    )  # fmt: skip
    walk.at += rows
    walk.counts.update(s.result for s in said)
    walk.refused.update(s.code for s in said if s.result == "refused")
    values: dict[str, Any] = {"counts": {**run.counts, **counts_of(walk)}, "stages": stages_of(walk)}
    if walk.is_over and walk.applies:
        values |= {"applied_at": now, "content": None}
    run.change(**values)
    if walk.is_over:
        trail.record("import.ended", ("import", run.id), by=by, at=now, codes=counts_of(walk))


def counts_of(walk: Walk) -> dict[str, Any]:
    """Give the counts of a walk so far."""
    return {
        "total": walk.total, "at": walk.at, "applies": walk.applies, **{r: walk.counts[r] for r in RESULTS},
        "reasons": dict(sorted(walk.refused.items())),
    }  # fmt: skip


def stages_of(walk: Walk) -> list[dict[str, Any]]:
    """Give the stages in the order in which they run."""
    order = ["read", "check", *(s.value for s in triage.Stage), "store"]
    return [walk.stages[name].as_data(name) for name in order if name in walk.stages]


def sentence(code: str, facts: Mapping[str, Any], lang: str = "zh") -> str:
    """Say in words why a row was refused."""
    kind = _SAYINGS.get(code)
    return kind(**facts).sentence(lang) if kind else code


def _sayings() -> dict[str, type[Refused]]:
    found = [v for m in (refusals, maps) for v in vars(m).values() if isinstance(v, type) and issubclass(v, Refused)]
    return {k.code: k for k in found}


_SAYINGS = _sayings()


def hash_of(one: Incoming, tenant_id: int) -> str:
    """Give the keyed hash of the words, by which a repeat is known; without the key nobody can guess words from it."""
    context = f"import.words:{tenant_id}".encode()
    return keys.provider().mac("\n".join(one.text.split()).encode(), context=context, suite=_SUITE).hex()


def _of(row: Row) -> Incoming:
    if row.incoming is None:
        raise AssertionError(f"row {row.line} was refused and is still on its way")
    return row.incoming


def _short(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v if isinstance(v, int | float) else str(v)[:60] for k, v in facts.items()}


def _add_time(walk: Walk, name: str, began: float, rows: int) -> None:
    stage = walk.stages.setdefault(name, Stage())
    stage.ms += (time.perf_counter() - began) * 1000
    stage.done += rows


def _alone(tenant_id: int, system: str) -> None:
    """Let one part of a source be taken in at a time: two people with the same file create nothing twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [tenant_id, f"import:{system}"])


def _remember(walk: Walk, run: ImportRun, by: Actor) -> None:
    """A dry run stores no report, so what it met before the stop is read again from the file."""
    lines = set(ImportRow.objects.filter(run=run, result__in=("created", "changed")).values_list("line", flat=True))
    for row in _read(walk, [r for r in walk.sheet.rows[: walk.at] if r[0] in lines], by):
        one = _of(row)
        walk.fresh.setdefault(one.external_id, set()).add(hash_of(one, by.tenant_id))


# --- the kept file -----------------------------------------------------------------------------------------


def _closed(content: bytes, tenant_id: int, sha256: str) -> bytes:
    """Encrypt the file under a key of its own, which only the key provider unwraps."""
    key, context = os.urandom(keys.KEY_BYTES[_SUITE]), f"import.file:{tenant_id}:{sha256}".encode()
    wrapped = keys.provider().wrap(key, context=context, suite=_SUITE)
    return struct.pack(">H", len(wrapped)) + wrapped + keys.encrypt(key, zlib.compress(content, 6), context, _SUITE)


def _opened(run: ImportRun) -> bytes:
    if run.content is None:
        raise RunIsOver
    data, context = bytes(run.content), f"import.file:{run.tenant_id}:{run.file_sha256}".encode()
    (length,) = struct.unpack_from(">H", data)
    key = keys.provider().unwrap(data[2 : 2 + length], context=context, suite=_SUITE)
    return zlib.decompress(keys.decrypt(key, data[2 + length :], context, _SUITE))
