"""Files of grids: checked with a report that is kept, then applied as the next edition, or dropped (spec 20 §7).

`check_file` stores the rows that its report speaks of and no ground. `apply` takes exactly these rows: they are checked
once more, and where the report has changed since (another edition, a moved border) nothing is stored.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.utils.timezone import localdate
from shapely.geometry import mapping
from shapely.geometry import shape as shape_of

from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Stale
from jishi.kernels.dutylist.operators import division_head
from jishi.kernels.geo import datum
from jishi.kernels.geo.metres import distance_m
from jishi.kernels.geo.validate import BLOCKER, WARNING, Finding
from jishi.places import drawings, formats, memory, shapes, snaps
from jishi.places.actions import grids
from jishi.places.drawings import Report
from jishi.places.formats import Source, System
from jishi.places.models import Compound, GridEdition, GroundImport
from jishi.places.policies import ensure_may_keep_ground, ensure_may_keep_ground_of
from jishi.places.refusals import GroundFileRefused, ImportIsOver, ReportHasChanged, UnknownDatum
from jishi.places.shapes import E7

MOST_KEPT = 64 * 1024 * 1024  # bytes of the rows of one file, packed
MOST_FINDINGS = 2000  # kept with the report, blockers first
TRIED = ("cgcs2000", "gcj02", "bd09")


@transaction.atomic
def check_file(
    content: bytes, name: str, *, division: str, crs: str, by: Actor, now: datetime,
    columns: Mapping[str, str] | None = None,
) -> GroundImport:  # fmt: skip
    """Check a file of all grids of a division and keep it with its report; no ground is changed.

    `crs` is what the person says; empty takes what the file says. Where neither says it, that is the one finding.

    :raises GroundFileRefused: not readable or too large. :raises UnknownDatum: a system that is not known.
    :raises NotAllowed: the post does not keep places.
    """
    ensure_may_keep_ground_of(by, division)
    source = formats.read(content, name, columns=columns)
    system, found = _system(source, crs)
    if system is None:
        report = Report(division, "", (), found, "", len(source.features))
        kept: Sequence[Any] = source.features
        more: dict[str, Any] = {"previews": _previews(source, division, by)}
    else:
        report, kept, more = _checked(source, system, found, division, by)
    packed = gzip.compress(json.dumps(kept, default=_plain).encode(), 6)
    if len(packed) > MOST_KEPT:
        most = MOST_KEPT // 2**20
        raise GroundFileRefused(why=f"图形打包以后超过 {most} MB", why_en=f"its shapes are above {most} MB, packed")
    row = GroundImport.objects.create(
        tenant_id=by.tenant_id, division_code=division, file_name=name[-120:], file_format=source.format,
        sha256=hashlib.sha256(content).hexdigest(), source_crs=report.source_crs, columns=dict(source.columns),
        report=_told(report, source) | more, features=packed,
        checked_at=now, checked_by=by.label,
    )  # fmt: skip
    trail.record(
        "ground_file.checked", ("ground_import", row.id), by=by, at=now, new=True,
        codes={"division": division, "sha256": row.sha256, "rows": report.features, "blockers": len(report.blockers)},
    )  # fmt: skip
    return row


def look(content: bytes, name: str, *, division: str, crs: str, by: Actor) -> Report:
    """Check a file of all grids of a division in any format and keep nothing, for a command; refuses as `check_file`.

    Where neither the person nor the file says the system, that is the one finding.
    """
    ensure_may_keep_ground_of(by, division)
    source = formats.read(content, name)
    system, found = _system(source, crs)
    if system is None:
        return Report(division, "", (), found, "", len(source.features))
    return _checked(source, system, found, division, by)[0]


@transaction.atomic
def apply(
    import_id: int, *, effective_from: date, document_no: str, by: Actor, now: datetime, replaces: int | None = None,
    version: int | None = None,
) -> GridEdition:  # fmt: skip
    """Adopt the rows of a checked file as the next edition of its division; refuses as `grids.adopt` does.

    :raises ImportIsOver: it was applied or dropped before. :raises ReportHasChanged: the ground around it is another
    since the check, and the report with it. :raises NotFound: there is no such file. :raises Stale: another version, or
    another edition was adopted since the check.
    """
    row = _open(import_id, by, version)
    memory.touch(by.tenant_id)  # the row is locked: editions are adopted one after the other
    _ensure_nobody_was_faster(row, replaces)
    report = grids.check_features(rows_of(row), division=row.division_code, crs="cgcs2000", by=by)
    then = {f["code"] for f in row.report["findings"] if f["level"] == BLOCKER}
    _ensure_same_base(row, now)
    if report.hash != row.report["hash"] or {f.code for f in report.blockers} - then:
        raise ReportHasChanged
    edition = grids.adopt(
        report, effective_from=effective_from, document_no=document_no, by=by, now=now, replaces=replaces
    )
    row.change(state="applied", applied_at=now, edition=edition)
    trail.record(
        "ground_file.applied", ("ground_import", row.id), by=by, at=now,
        codes={"division": row.division_code, "edition": edition.number, "sha256": row.sha256},
    )  # fmt: skip
    return edition


def _ensure_nobody_was_faster(row: GroundImport, replaces: int | None) -> None:
    """:raises Stale: an edition of the division was adopted since the check, and it is not the one to be replaced."""
    since = GridEdition.objects.filter(
        tenant_id=row.tenant_id, division_code=row.division_code, adopted_at__gt=row.checked_at,
        effective__isempty=False,
    )  # fmt: skip
    newest = since.order_by("-number").values_list("number", flat=True).first()
    if newest is not None and newest != replaces:
        raise Stale(version=newest, seen=replaces)


def _ensure_same_base(row: GroundImport, now: datetime) -> None:
    """:raises ReportHasChanged: a moved border was drawn on another edition than the one in force."""
    border = row.report.get("border")
    if border is None:
        return
    held = GridEdition.objects.filter(
        tenant_id=row.tenant_id, division_code=row.division_code, effective__contains=localdate(now)
    )
    if list(held.values_list("number", flat=True)) != [border["base"]]:
        raise ReportHasChanged


@transaction.atomic
def drop(import_id: int, *, by: Actor, now: datetime, version: int | None = None) -> None:
    """Drop a checked file that will not be applied. :raises ImportIsOver: it was applied or dropped before."""
    row = _open(import_id, by, version)
    row.change(state="dropped")
    trail.record("ground_file.dropped", ("ground_import", row.id), by=by, at=now, codes={"sha256": row.sha256})


def rows_of(row: GroundImport) -> list[dict[str, Any]]:
    """Give the rows of a file as its report saw them: GeoJSON features in CGCS2000."""
    kept: list[dict[str, Any]] = json.loads(gzip.decompress(bytes(row.features)))
    return kept


def _open(import_id: int, by: Actor, version: int | None = None) -> GroundImport:
    ensure_may_keep_ground(by)
    row = GroundImport.objects.select_for_update().filter(tenant_id=by.tenant_id, id=import_id).first()
    if row is None:
        raise NotFound
    ensure_may_keep_ground_of(by, row.division_code)
    if row.state != "checked":
        raise ImportIsOver(state="已启用" if row.state == "applied" else "已放弃", state_en=row.state)
    if version not in (None, row.version):
        raise Stale(version=row.version, seen=version)
    return row


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else str(value)


def _system(source: Source, crs: str) -> tuple[System | None, tuple[Finding, ...]]:
    """The person's word stands over the file's; that they differ is said."""
    said = formats.label_of(crs) if crs.strip() else None
    if said is None:
        itself = formats.named(source.crs)
        missing = Finding("no_crs", (), None, 0.0, "choose_a_system", BLOCKER)
        return itself, source.findings if itself else (*source.findings, missing)
    try:
        itself = formats.named(source.crs)
    except UnknownDatum:
        itself = None
    if itself is not None and itself != said and {itself.label, said.label} != {"cgcs2000", "wgs84"}:
        return said, (*source.findings, Finding("crs_said_otherwise", (), None, 0.0, itself.label, WARNING))
    return said, source.findings


def _checked(
    source: Source, system: System, found: Sequence[Finding], division: str, by: Actor
) -> tuple[Report, Sequence[Any], dict[str, Any]]:
    """The report of the rows in degrees, the rows to keep, and the repaired copies of rings that cross themselves."""
    rows = [_in_degrees(f, system) for f in source.features] if system.epsg else source.features
    crs = "cgcs2000" if system.epsg else system.label
    report = grids.check_features(rows, division=division, crs=crs, by=by, found=found)
    report = Report(
        report.division, system.label, report.grids, report.findings, report.hash, report.features, report.cut
    )
    kept = [_as_feature(g) for g in report.grids] or drawings.converted(rows, crs)
    strips = snaps.proposed(kept, report.findings, grids.border_of(division)) if report.grids else []
    return report, kept, {"repairs": _repairs(kept, report), "cut": report.cut, "snaps": strips}


def _in_degrees(feature: dict[str, Any], system: System) -> dict[str, Any]:
    """A feature of a projected file in degrees; what is no ground stays for the check to name."""
    try:
        moved = shapely.transform(shape_of(feature["geometry"]), system.degrees)
        return {**feature, "geometry": mapping(moved)} if np.isfinite(moved.bounds).all() else feature
    except (TypeError, ValueError, AttributeError, KeyError, shapely.errors.GEOSException):
        return feature


def _as_feature(grid: drawings.Drawn) -> dict[str, Any]:
    said = {
        "code": grid.code, "name": grid.name, "kind": grid.kind, "special_of": grid.special_of,
        "owner_ref": grid.owner_ref,
    }  # fmt: skip
    return {"type": "Feature", "properties": said, "geometry": mapping(shapes.read(grid.wkb))}


def _repairs(kept: Sequence[Any], report: Report) -> list[dict[str, Any]]:
    """For each ring that crosses itself, spikes or is not closed: a repaired copy, and by how many m² it differs."""
    made = []
    for number in sorted({f.features[0] for f in report.findings if f.code in ("self_crossing", "spike", "unclosed")}):
        try:
            drawn = shape_of(kept[number]["geometry"])
        except (TypeError, ValueError, AttributeError, KeyError, shapely.errors.GEOSException):
            continue
        whole = shapely.make_valid(drawn, method="structure", keep_collapsed=False)
        if whole.is_empty or "Polygon" not in whole.geom_type:
            continue
        plane = shapes.Plane(whole.centroid.x, whole.centroid.y)
        away = abs(plane.shape(whole).area - abs(plane.shape(drawn).area))
        made.append({"feature": number, "geometry": mapping(whole), "differs_m2": round(float(away), 2)})
    return made[:200]


def _previews(source: Source, division: str, by: Actor) -> list[dict[str, Any]]:
    """Where the file would lie under three systems, and how far that is from what is known of the division."""
    points = [p for f in source.features[:200] if (p := _middle(f.get("geometry")))]
    if not points:
        return []
    lng, lat = np.array(points, np.float64).T
    anchor = _anchor(division, by)
    found = []
    for crs in TRIED:
        try:
            moved = datum.to_cgcs2000(lng, lat, crs)
        except datum.SwappedAxes:
            return []
        x, y = float(np.nanmean(moved.lng)), float(np.nanmean(moved.lat))
        away = round(float(distance_m(x, y, *anchor)), 1) if anchor and np.isfinite(x) else None
        found.append({"crs": crs, "lng": round(x, 6), "lat": round(y, 6), "away_m": away})
    return sorted(found, key=lambda r: (r["away_m"] is None, r["away_m"] or 0.0))


def _middle(geometry: Any) -> tuple[float, float] | None:
    try:
        west, south, east, north = shape_of(geometry).bounds
    except (TypeError, ValueError, AttributeError, KeyError, shapely.errors.GEOSException):
        return None
    return ((west + east) / 2, (south + north) / 2) if max(map(abs, (west, south, east, north))) <= 180 else None


def _anchor(division: str, by: Actor) -> tuple[float, float] | None:
    border = grids.border_of(division)
    if border is not None:
        return float(border.centroid.x), float(border.centroid.y)
    head = division_head(division)
    rows = Compound.objects.filter(tenant_id=by.tenant_id, community__startswith=head, active_to=None)
    places = list(rows.values_list("lng_e7", "lat_e7")[:500])
    if not places:
        return None
    lng, lat = np.array(places, np.float64).mean(axis=0) / E7
    return float(lng), float(lat)


def _told(report: Report, source: Source) -> dict[str, Any]:
    ordered = sorted(report.findings, key=lambda f: (f.level != BLOCKER, f.features[:1], f.code))
    return {
        "hash": report.hash, "features": report.features, "grids": len(report.grids), "headers": list(source.headers),
        "samples": list(source.samples), "blockers": len(report.blockers),
        "warnings": len(report.findings) - len(report.blockers),
        "findings": [
            {
                "code": f.code, "level": f.level, "features": list(f.features[:20]), "place": f.place,
                "size_m2": f.size_m2, "proposal": f.proposal,
            }
            for f in ordered[:MOST_FINDINGS]
        ],
    }  # fmt: skip
