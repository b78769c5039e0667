"""Whose ground is a point, on a day (spec 20 §5)? Degrees come in with the name of their system, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from jishi.foundation import scope
from jishi.kernels.geo import datum
from jishi.kernels.geo.partition import STATUSES
from jishi.places import memory
from jishi.places.models import GridEdition
from jishi.places.queries import micro
from jishi.places.refusals import NoEditionYet, SwappedAxes, UnknownDatum
from jishi.places.things import GridRow, Ground

CRS: frozenset[str] = frozenset(datum.KNOWN)


@dataclass(frozen=True, slots=True)
class Located:
    """One row of `locate`. `status` inside · border · gap · outside · bad_input; `by` polygon · member · nearest, ""
    without a grid; `reason` says why a row is not simply inside, and `needs_floor` where floors have several grids
    (spec 20 §5). `micro`: the micro-grid of its grid that it lies in.
    """

    lng: float | None
    lat: float | None
    grid: str
    community: str
    status: str
    border_m: float | None
    other: str
    by: str
    reason: str
    micro: str = ""


def looks_swapped(lng: float, lat: float) -> bool:
    """Tell whether the pair reads as (lat, lng) of a place in China."""
    return bool(datum.swapped(lng, lat))


def converted(lngs: Sequence[float], lats: Sequence[float], crs: str) -> datum.Converted:
    """Convert degrees of a named system to CGCS2000, at the edge, once.

    :raises UnknownDatum: no system is named, or one not known. :raises SwappedAxes: every row has latitude first.
    """
    try:
        return datum.to_cgcs2000(lngs, lats, crs)
    except datum.UnknownDatum:
        raise UnknownDatum(crs=crs or "—") from None
    except datum.SwappedAxes as no:
        raise SwappedAxes(lng=float(no.corrected[0][0]), lat=float(no.corrected[1][0])) from None


def locate(
    lngs: Sequence[float], lats: Sequence[float], *, crs: str, day: date, nearest_m: float = 0.0,
    floors: Sequence[int | None] = (),
) -> list[Located]:  # fmt: skip
    """Give the grid of each point, input order kept (spec 20 §5); a floor, where one is said, wins over the ground.

    `floors`: one for each point, None where it is not known; a point on a tower whose floors have several grids then
    has the grid of the ground, and says that it needs the floor. All from memory, however many points.
    :raises UnknownDatum: no known system is named. :raises SwappedAxes: latitude stands first in every row.
    :raises NoEditionYet: no edition was in force on the day.
    """
    done = converted(lngs, lats, crs)
    ground = memory.ground(day)
    if not ground.grids:
        raise NoEditionYet(day=day.isoformat(), first=_first_day())
    found = ground.index.locate(done.lng, done.lat, nearest_m=nearest_m)
    codes = ground.index.codes
    rows = zip(done.lng, done.lat, found.grid, found.status, found.border_m, found.other, strict=True)
    housed = _housed(done, floors, ground)
    answered = [
        _row(lng, lat, codes[at] if at >= 0 else "", STATUSES[status], border, codes[other] if other >= 0 else "",
             housed.get(i), ground, bad=bad)
        for i, ((lng, lat, at, status, border, other), bad) in enumerate(zip(rows, done.bad, strict=True))
    ]  # fmt: skip
    small = micro.lying(ground, day, done.lng.tolist(), done.lat.tolist(), [r.grid for r in answered])
    return [replace(r, micro=code) if code else r for r, code in zip(answered, small, strict=True)]


def _row(
    lng: float, lat: float, grid: str, status: str, border: float, other: str,
    housed: tuple[GridRow | None, str] | None, ground: Ground, *, bad: bool,
) -> Located:  # fmt: skip
    by = "" if not grid else "polygon" if status in ("inside", "border") else "nearest"
    reason = "" if status == "inside" else status
    if housed is not None:
        row, why = housed
        grid, by = (row.code, "member") if row is not None else (grid, by)
        reason = why or reason
    return Located(
        None if bad else float(lng), None if bad else float(lat), grid,
        ground.by_code[grid].community if grid else "", status,
        None if np.isnan(border) else round(float(border), 2), other, by, reason,
    )  # fmt: skip


def _housed(
    done: datum.Converted, floors: Sequence[int | None], ground: Ground
) -> dict[int, tuple[GridRow | None, str]]:
    """Ask the houses that some of the points lie on; of two houses the one with the lower number."""
    if ground.house_tree is None:
        return {}
    lng, lat = np.asarray(done.lng, np.float64), np.asarray(done.lat, np.float64)
    known = np.flatnonzero(np.isfinite(lng) & np.isfinite(lat) & ~np.asarray(done.bad, bool))
    points = ground.plane.points(lng[known].tolist(), lat[known].tolist())
    found: dict[int, tuple[GridRow | None, str]] = {}
    for at, house in sorted(zip(*ground.house_tree.query(points, predicate="intersects").tolist(), strict=True)):
        row = int(known[at])
        told = ground.of_floor(ground.housed[house], floors[row] if floors else None)
        if row not in found and told != (None, ""):
            found[row] = told
    return found


def _first_day() -> str:
    tenant_id = scope.current().actor.tenant_id
    first = GridEdition.objects.filter(tenant_id=tenant_id).order_by("effective__startswith").first()
    return first.effective.lower.isoformat() if first else "—"
