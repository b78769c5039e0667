"""Whose ground is a point, on a day (spec 20 §5)? Degrees come in with the name of their system, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from jishi.foundation import scope
from jishi.kernels.geo import datum
from jishi.kernels.geo.partition import STATUSES
from jishi.places import memory
from jishi.places.models import GridEdition
from jishi.places.refusals import NoEditionYet, SwappedAxes, UnknownDatum

CRS: frozenset[str] = frozenset(datum.KNOWN)


@dataclass(frozen=True, slots=True)
class Located:
    """One row of `locate`. `status` inside · border · gap · outside · bad_input (spec 20 §5)."""

    lng: float | None
    lat: float | None
    grid: str
    community: str
    status: str
    border_m: float | None
    other: str


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
    lngs: Sequence[float], lats: Sequence[float], *, crs: str, day: date, nearest_m: float = 0.0
) -> list[Located]:
    """Give the grid of each point, input order kept (spec 20 §5).

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
    return [
        Located(
            None if bad else float(lng), None if bad else float(lat), codes[at] if at >= 0 else "",
            ground.by_code[codes[at]].community if at >= 0 else "", STATUSES[status],
            None if np.isnan(border) else round(float(border), 2), codes[other] if other >= 0 else "",
        )
        for (lng, lat, at, status, border, other), bad in zip(rows, done.bad, strict=True)
    ]  # fmt: skip


def _first_day() -> str:
    tenant_id = scope.current().actor.tenant_id
    first = GridEdition.objects.filter(tenant_id=tenant_id).order_by("effective__startswith").first()
    return first.effective.lower.isoformat() if first else "—"
