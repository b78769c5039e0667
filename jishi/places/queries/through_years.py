"""Grids and divisions through the years: which editions began when, what each changed, what became of divisions
(spec 20 §10). Asked of the rows themselves: a day of long ago puts no ground together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from shapely.geometry import mapping

from jishi.foundation import scope
from jishi.places import lineage, shapes
from jishi.places.models import DivisionChange, DivisionVersion, GridEdition, GridVersion, Succession

MOST_DRAWN = 2000  # features of one map (spec 20 §8)
MOST_BELOW = 500


@dataclass(frozen=True, slots=True)
class EditionDay:
    """A day on which editions began or ended: (division, number, document) of those that began."""

    day: date
    began: tuple[tuple[str, int, str], ...]
    ended: int


@dataclass(frozen=True, slots=True)
class GridThen:
    """A grid as a day had it; `change`: new, moved (other ground than the day before), renamed, gone, or ""."""

    code: str
    name: str
    kind: str
    special_of: str
    owner_ref: str
    community: str
    edition: int
    since: date
    polygon: bytes
    change: str


def edition_days() -> list[EditionDay]:
    """Give the days on which the town's grids changed, oldest first; one statement."""
    rows = GridEdition.objects.filter(tenant_id=scope.current().actor.tenant_id, effective__isempty=False)
    began: dict[date, list[tuple[str, int, str]]] = {}
    ended: dict[date, int] = {}
    for row in rows.order_by("division_code", "number"):
        began.setdefault(row.effective.lower, []).append((row.division_code, row.number, row.document_no))
        if row.effective.upper is not None:
            ended[row.effective.upper] = ended.get(row.effective.upper, 0) + 1
    return [EditionDay(day, tuple(began.get(day, ())), ended.get(day, 0)) for day in sorted({*began, *ended})]


def grids_then(day: date) -> list[GridThen]:
    """Give the grids of a day by code, each with what the day changed, and those that it ended; two statements."""
    now, before = _of(day), _of(day - timedelta(days=1))
    rows = [_then(code, row, _change(row, before.get(code))) for code, row in now.items()]
    rows += [_then(code, row, "gone") for code, row in before.items() if code not in now]
    return sorted(rows, key=lambda r: (r.code, r.change))


def drawn_then(rows: Sequence[GridThen], tiled: dict[str, Any] | None = None) -> dict[str, Any]:
    """Give those grids for a map: what the day changed is marked, what it ended is not drawn.

    `tiled`: where the tiles of a large town are on that day; only what changed is drawn over them.
    """
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": mapping(shapes.read(r.polygon)), "properties": {
            "code": r.code, "name": r.name, "fill": "k3" if r.kind == "special" else "q1", "changed": bool(r.change),
        }}
        for r in rows if r.change != "gone" and (tiled is None or r.change)
    ][:MOST_DRAWN], "tiled": tiled}  # fmt: skip


def _of(day: date) -> dict[str, GridVersion]:
    rows = GridVersion.objects.filter(tenant_id=scope.current().actor.tenant_id, edition__effective__contains=day)
    return {row.grid.code: row for row in rows.select_related("grid", "edition").order_by("grid__code")}


def _change(row: GridVersion, before: GridVersion | None) -> str:
    if before is None:
        return "new"
    if bytes(row.polygon) != bytes(before.polygon):
        return "moved"
    return "renamed" if row.name != before.name else ""


def _then(code: str, row: GridVersion, change: str) -> GridThen:
    grid = row.grid
    return GridThen(
        code, row.name, grid.kind, grid.special_of, grid.owner_ref, grid.community, row.edition.number,
        row.edition.effective.lower, bytes(row.polygon), change,
    )  # fmt: skip


# --- divisions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turn:
    """What became of a division on a day: its name and code until then, and those of what it became ("" nothing)."""

    day: date
    kind: str
    name: str
    code: str
    became: str
    became_code: str
    share: float | None
    document_no: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A division on a day, the path above it, what lies below, what has become of these, and what waits."""

    path: tuple[DivisionVersion, ...]
    row: DivisionVersion
    below: tuple[DivisionVersion, ...]
    turns: tuple[Turn, ...]
    waiting: tuple[DivisionChange, ...]
    years: tuple[int, ...]


def branch(code: str, day: date) -> Branch | None:
    """Give a division with what lies below it on a day; None where nobody had the code by then. Ten statements at most.

    A division that is no more by then is shown as it was on its last day.
    """
    row = lineage.resolve(code, day)
    if row is None:
        return None
    on = min(day, row.valid_to - timedelta(days=1)) if row.valid_to is not None else day
    ever = DivisionVersion.objects.filter(Q(parent=row.division_id) | Q(division=row.division_id)).defer("boundary")
    mine = {v.division_id for v in ever}
    below = [v for v in ever if v.parent_id == row.division_id and _lasts(v, on)]
    steps = Succession.objects.filter(
        Q(predecessor__in=mine) | Q(successor__in=mine), on_date__lte=day
    ).order_by("-on_date", "id")[:MOST_BELOW]  # fmt: skip
    waiting = DivisionChange.objects.filter(division__in=mine, settled_at=None).order_by("code")[:MOST_BELOW]
    years = {v.valid_from.year for v in ever} | {v.valid_to.year for v in ever if v.valid_to is not None}
    return Branch(
        tuple(_path(row, on)), row, tuple(sorted(below, key=lambda v: v.code)[:MOST_BELOW]), tuple(_turns(steps)),
        tuple(waiting), tuple(sorted(years)),
    )  # fmt: skip


def _lasts(row: DivisionVersion, day: date) -> bool:
    return row.valid_from <= day and (row.valid_to is None or row.valid_to > day)


def _path(row: DivisionVersion, day: date) -> list[DivisionVersion]:
    found: list[DivisionVersion] = []
    above = row.parent_id
    while above is not None and len(found) < 5:
        lasting = Q(valid_from__lte=day) & (Q(valid_to=None) | Q(valid_to__gt=day))
        one = DivisionVersion.objects.filter(lasting, division=above).defer("boundary").first()
        if one is None:
            break
        found.append(one)
        above = one.parent_id
    return [one for one in found[::-1] if not one.placeholder]


def _turns(steps: Any) -> list[Turn]:
    kept = list(steps)
    wanted = {s.predecessor_id for s in kept} | {s.successor_id for s in kept if s.successor_id is not None}
    versions: dict[int, list[DivisionVersion]] = {}
    for v in DivisionVersion.objects.filter(division__in=wanted).defer("boundary").order_by("valid_from"):
        versions.setdefault(v.division_id, []).append(v)
    return [
        Turn(s.on_date, s.kind, *_called(versions, s.predecessor_id, s.on_date - timedelta(days=1)),
             *_called(versions, s.successor_id, s.on_date), s.share_households, s.document_no)
        for s in kept
    ]  # fmt: skip


def _called(versions: Mapping[int, Sequence[DivisionVersion]], division: int | None, day: date) -> tuple[str, str]:
    if division is None or division not in versions:
        return "", ""
    rows = versions[division]
    held = next((v for v in rows if _lasts(v, day)), rows[-1] if rows[-1].valid_from <= day else rows[0])
    return held.name, held.code
