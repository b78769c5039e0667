"""The life of grid editions (spec 20 §§3.2, 7).

A drawing is checked, then adopted with a day; nothing is overwritten.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.timezone import localdate

from jishi.accounts.actions import proving
from jishi.foundation import outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Stale
from jishi.kernels.dutylist.operators import division_head
from jishi.kernels.geo.partition import PolygonIndex
from jishi.kernels.geo.validate import WARNING, Finding
from jishi.places import drawings, lineage, memory, shapes
from jishi.places.drawings import Drawn, Report
from jishi.places.events import GridEditionAdopted
from jishi.places.models import Building, Compound, DivisionVersion, Grid, GridEdition, GridMember, GridVersion
from jishi.places.policies import ensure_may_keep_ground, ensure_may_keep_ground_of
from jishi.places.queries import likeness
from jishi.places.refusals import (
    EditionsOverlap,
    EffectiveInThePast,
    GridCodeTaken,
    GridsHaveFaults,
    GroundAlreadyServed,
    NotAPartition,
    SpecialGridWithoutOwner,
)
from jishi.places.shapes import E7

__all__ = ["Report", "adopt", "check", "withdraw"]


def check(text: str | bytes, *, division: str, crs: str, by: Actor) -> Report:
    """Check a GeoJSON file of all grids of a division; stores nothing.

    Properties of a feature: code, name, kind (general, special), special_of, owner_ref.

    :raises UnknownDatum: the system is not named. :raises Invalid: no GeoJSON. :raises NotAllowed: no right.
    """
    ensure_may_keep_ground(by)
    return check_features(drawings.read(text), division=division, crs=crs, by=by)


def check_features(
    features: Sequence[dict[str, Any]], *, division: str, crs: str, by: Actor, found: Sequence[Finding] = ()
) -> Report:
    """Check features as `check` does; `found` is what was wrong with the file before it was looked at.

    :raises FileOfFaultyPlan: they part the houses as a calculation with faults does, whoever took its mark away.
    """
    ensure_may_keep_ground_of(by, division)
    parent = border_of(division)
    points = _points_in(division, by)
    report = drawings.examine(features, division=division, crs=crs, parent=parent, known=points)
    more: Sequence[Finding] = ()
    if report.grids:
        likeness.ensure_no_faulty_plan(report, by=by)
        more = [*_compounds_cut(report, division, by), *likeness.households_out_of_band(report, by=by)]
    return Report(
        report.division, report.source_crs, report.grids, (*found, *report.findings, *more), report.hash,
        report.features, report.cut,
    )  # fmt: skip


@transaction.atomic
def adopt(
    report: Report, *, effective_from: date, document_no: str, by: Actor, now: datetime, replaces: int | None = None
) -> GridEdition:
    """Adopt the grids of a report as the division's next edition; `replaces` is the edition that ends that day.

    The editions of divisions that were merged into this one by then end that day too: their ground is drawn here.
    Buildings and floors that were members of a grid stay with it where the grid goes on.
    The partition test runs on what was stored; if it fails, nothing was stored.

    :raises GridsHaveFaults: findings that must be cured first; :raises GroundAlreadyServed: special on general;
    :raises SpecialGridWithoutOwner: nobody answers for a special grid; :raises EditionsOverlap: another edition is
    in force then; :raises Stale: `replaces` has been replaced meanwhile; :raises EffectiveInThePast: yesterday's ground
    is history (only the loader brings history in);
    :raises GridCodeTaken: the code is another community's; :raises NotAPartition: the stored edition fails.
    """
    ensure_may_keep_ground_of(by, report.division)
    proving.ensure_fresh(by, now=now)
    memory.touch(by.tenant_id)  # the row is locked: editions are adopted one after the other
    _ensure_sound(report)
    if effective_from < localdate(now) and not by.has("system"):
        raise EffectiveInThePast(day=effective_from.isoformat())
    ended = _make_room(report, effective_from, replaces, by)
    edition = _store_edition(report, effective_from, document_no, by=by, now=now)
    _store_grids(report, edition, by)
    carried, gone = _carry_members(ended, edition)
    _ensure_partition(edition, border_of(report.division))
    codes = {"division": report.division, "number": edition.number, "hash": report.hash, "grids": len(report.grids)}
    codes |= {"members": carried, "members_gone": gone}
    trail.record(
        "grids.adopted", ("grid_edition", edition.id), by=by, at=now, new=True,
        codes={**codes, "from": effective_from.isoformat(), "document": document_no},
    )  # fmt: skip
    outbox.announce(GridEditionAdopted(edition.id, report.division, edition.number, effective_from.isoformat()), at=now)
    memory.forget(by.tenant_id)
    return edition


@transaction.atomic
def withdraw(edition_id: int, *, by: Actor, now: datetime) -> None:
    """Withdraw an edition that is not in force yet; its number is not given again.

    The editions that ended on its day for its sake are in force again for as long as it would have been.

    :raises EffectiveInThePast: people have been served by it. :raises NotFound: it was withdrawn before.
    """
    ensure_may_keep_ground(by)
    memory.touch(by.tenant_id)  # the row is locked, as for an adoption
    edition = GridEdition.objects.select_for_update().get(tenant_id=by.tenant_id, id=edition_id)
    ensure_may_keep_ground_of(by, edition.division_code)
    if edition.effective.isempty:
        raise NotFound
    day, upper = edition.effective.lower, edition.effective.upper
    if day <= localdate(now):
        raise EffectiveInThePast(day=day.isoformat())
    ended = GridEdition.objects.select_for_update().filter(
        tenant_id=by.tenant_id, effective__endswith=day,
        division_code__in={edition.division_code, *lineage.merged_into(edition.division_code, day)},
    )  # fmt: skip
    rows = list(ended.order_by("id"))
    edition.change(effective=DateRange(empty=True))
    for row in rows:
        row.change(effective=DateRange(row.effective.lower, upper))
    trail.record(
        "grids.withdrawn", ("grid_edition", edition.id), by=by, at=now,
        codes={"number": edition.number, "reopened": [row.id for row in rows]},
    )  # fmt: skip
    memory.forget(by.tenant_id)


def _ensure_sound(report: Report) -> None:
    blockers = report.blockers
    if not blockers:
        return
    first = blockers[0]
    codes = [g.code for g in report.grids] or [str(n + 1) for n in range(report.features)]
    for finding in blockers:
        if finding.code == "ground_already_served":
            special, general = (codes[n] for n in finding.features)
            raise GroundAlreadyServed(
                special=special, general=general, area_m2=finding.size_m2, cut=dict(report.cut or {})
            )
        if finding.code == "special_grid_without_owner":
            raise SpecialGridWithoutOwner(grid=codes[finding.features[0]])
    raise GridsHaveFaults(count=len(blockers), first=drawings.told(first), findings=report.as_json()["findings"][:50])


def _make_room(report: Report, effective_from: date, replaces: int | None, by: Actor) -> list[GridEdition]:
    """End what is replaced or merged into this division, and give it; refuse any other that is in force then, above
    or below too."""
    ended = []
    merged = lineage.merged_into(report.division, effective_from)
    head = division_head(report.division)
    above = [report.division[:n].ljust(12, "0") for n in (2, 4, 6, 9)]
    rows = GridEdition.objects.select_for_update().filter(
        tenant_id=by.tenant_id, effective__overlap=DateRange(effective_from, None)
    )
    for row in rows.order_by("id"):
        is_merged = row.division_code in merged
        if not (is_merged or row.division_code.startswith(head) or row.division_code in above):
            continue
        is_replaced = row.number == replaces and row.division_code == report.division
        if (is_merged or is_replaced) and row.effective.lower < effective_from:
            row.change(effective=DateRange(row.effective.lower, effective_from))
            ended.append(row)
            continue
        if row.division_code == report.division and replaces is not None and row.number > replaces:
            raise Stale(version=row.number, seen=replaces)  # somebody has replaced that edition since
        span = f"{row.effective.lower}–{row.effective.upper or '至今'}"
        raise EditionsOverlap(
            division=row.division_code, number=row.number, span=span, wanted=f"{report.division} {effective_from}–"
        )
    return ended


def _store_edition(report: Report, effective_from: date, document_no: str, *, by: Actor, now: datetime) -> GridEdition:
    former = GridEdition.objects.filter(tenant_id=by.tenant_id, division_code=report.division)
    number = (former.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    return GridEdition.objects.create(
        tenant_id=by.tenant_id, division_code=report.division, number=number, series=int(report.division),
        effective=DateRange(effective_from, None), document_no=document_no, hash=report.hash, adopted_at=now,
        adopted_by=by.label,
    )  # fmt: skip


def _store_grids(report: Report, edition: GridEdition, by: Actor) -> None:
    wanted = {g.code: g for g in report.grids}
    known = {g.code: g for g in Grid.objects.filter(tenant_id=by.tenant_id, code__in=wanted)}
    for code, grid in known.items():
        if grid.community != code[:12]:
            raise GridCodeTaken(grid=code)
    made = Grid.objects.bulk_create(
        Grid(
            tenant_id=by.tenant_id, code=g.code, community=g.code[:12], kind=g.kind, special_of=g.special_of,
            owner_ref=g.owner_ref,
        )
        for g in report.grids
        if g.code not in known
    )  # fmt: skip
    known |= {g.code: g for g in made}
    GridVersion.objects.bulk_create(
        GridVersion(tenant_id=by.tenant_id, edition=edition, grid=known[g.code], name=g.name, polygon=g.wkb, **_box(g))
        for g in report.grids
    )


def _carry_members(ended: Sequence[GridEdition], edition: GridEdition) -> tuple[int, int]:
    """Give the members of grids that go on to the new edition; how many, and how many lost their grid."""
    there = set(GridVersion.objects.filter(edition=edition).values_list("grid_id", flat=True))
    rows = list(GridMember.objects.filter(edition__in=ended, building__active_to=None).order_by("id"))
    made = GridMember.objects.bulk_create(
        GridMember(
            tenant_id=edition.tenant_id, edition=edition, grid_id=m.grid_id, building_id=m.building_id,
            floor_from=m.floor_from, floor_to=m.floor_to,
        )
        for m in rows
        if m.grid_id in there
    )  # fmt: skip
    return len(made), len(rows) - len(made)


def _box(grid: Drawn) -> dict[str, int]:
    bounds = [round(v * E7) for v in shapes.read(grid.wkb).bounds]
    return dict(zip(("min_lng_e7", "min_lat_e7", "max_lng_e7", "max_lat_e7"), bounds, strict=True))


def _ensure_partition(edition: GridEdition, border: Any) -> None:
    """Prove on the stored rows that every corner, edge and inner point has exactly one grid, its own."""
    rows = GridVersion.objects.filter(edition=edition).values_list("grid__code", "polygon")
    stored = {code: shapes.read(wkb) for code, wkb in rows}
    index = PolygonIndex({code: shapes.rings(shape) for code, shape in stored.items()})
    inner = [(shape.representative_point().coords[0], code) for code, shape in stored.items()]
    found = index.locate([p[0] for p, _ in inner], [p[1] for p, _ in inner])
    for (point, code), at in zip(inner, found.grid, strict=True):
        if at < 0 or index.codes[at] != code:
            raise NotAPartition(where=f"{code} @ {point[0]:.6f},{point[1]:.6f}")
    corners = np.vstack([_corners(shape) for shape in stored.values()])
    lost = np.flatnonzero(index.locate(corners[:, 0], corners[:, 1]).grid < 0)
    if len(lost):
        raise NotAPartition(where=f"{corners[lost[0], 0]:.7f},{corners[lost[0], 1]:.7f}")
    _ensure_areas(stored, border)


def _corners(shape: Any) -> Any:
    """All corners of a shape in whole 1e-7 degrees; they are what was stored."""
    return np.vstack([np.asarray(ring, np.float64) for ring in shapes.rings(shape)])


def _ensure_areas(stored: dict[str, Any], border: Any) -> None:
    plane = shapes.Plane(*next(iter(stored.values())).centroid.coords[0])
    metres = [plane.shape(s) for s in stored.values()]
    together = shapely.union_all(metres)
    twice = sum(s.area for s in metres) - together.area
    slack = max(1.0, 0.1 * together.length)  # findings below 0.1 m of width were let through as slivers
    if twice > slack:
        raise NotAPartition(where=f"重叠 {twice:.1f} 平方米")
    if border is not None:
        without = plane.shape(border).difference(together).area
        if without > slack:
            raise NotAPartition(where=f"空白 {without:.1f} 平方米")


def border_of(division: str) -> Any:
    """Give the border of a division in force, or None: most have a code and no border."""
    row = DivisionVersion.objects.filter(code=division, valid_to=None).values_list("boundary", flat=True).first()
    return shapes.read(row)


def _points_in(division: str, by: Actor) -> list[tuple[float, float]]:
    """Where the division's compounds stand: a drawing in a shifted system misses them all."""
    head = division_head(division)
    rows = Compound.objects.filter(tenant_id=by.tenant_id, community__startswith=head, active_to=None)
    return [(lng / E7, lat / E7) for lng, lat in rows.values_list("lng_e7", "lat_e7")[:5000]]


def _compounds_cut(report: Report, division: str, by: Actor) -> Sequence[Finding]:
    """Warn of compounds whose buildings stand on both sides of a border, and of grids without a building."""
    head = division_head(division)
    rows = Building.objects.filter(tenant_id=by.tenant_id, active_to=None, compound__community__startswith=head)
    found = list(rows.values_list("compound_id", "compound__name", "lng_e7", "lat_e7"))
    if not found:
        return ()
    by_code = {g.code: n for n, g in enumerate(report.grids)}
    index = PolygonIndex({g.code: shapes.rings(shapes.read(g.wkb)) for g in report.grids})
    at = index.locate([r[2] / E7 for r in found], [r[3] / E7 for r in found]).grid
    grids_of: dict[int, dict[int, tuple[float, float]]] = {}
    for row, grid in zip(found, at, strict=True):
        if grid >= 0:
            grids_of.setdefault(row[0], {}).setdefault(int(grid), (row[2] / E7, row[3] / E7))
    made = [
        Finding(
            "compound_cut",
            tuple(by_code[index.codes[g]] for g in sorted(held)),
            held[min(held)],
            0.0,
            "one_grid",
            WARNING,
        )
        for _, held in sorted(grids_of.items())
        if len(held) > 1
    ]
    lost = [(r[2] / E7, r[3] / E7) for r, grid in zip(found, at, strict=True) if grid < 0]
    made += [Finding("building_without_grid", (), place, 0.0, "look", WARNING) for place in lost[:200]]
    used = {int(g) for g in at}
    empty = [n for code, n in by_code.items() if index.codes.index(code) not in used]
    return [*made, *(Finding("grid_without_building", (n,), None, 0.0, "look", WARNING) for n in empty)]
