"""What a point and a grid were through the years: every edition with its days, and the days of none (spec 20 §5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from jishi.foundation import scope
from jishi.kernels.geo.partition import PolygonIndex
from jishi.places import shapes
from jishi.places.models import GridEdition, GridVersion
from jishi.places.queries.locating import converted
from jishi.places.shapes import E7


@dataclass(frozen=True, slots=True)
class Stretch:
    """From a day until a day (None: still); `grid` "" and `edition` None where no edition held the ground."""

    since: date
    until: date | None
    grid: str
    name: str
    edition: int | None
    document_no: str


def history(lng: float, lat: float, *, crs: str) -> list[Stretch]:
    """Give whose ground a point was from the first edition that held it until now; days between two are said as such.

    :raises UnknownDatum: the system is not named. :raises SwappedAxes: latitude first.
    """
    tenant, done = scope.current().actor.tenant_id, converted([lng], [lat], crs)
    x, y = (round(float(a[0]) * E7) for a in (done.lng, done.lat))
    rows = GridVersion.objects.filter(
        tenant_id=tenant, min_lng_e7__lte=x, max_lng_e7__gte=x, min_lat_e7__lte=y, max_lat_e7__gte=y
    ).exclude(edition__effective__isempty=True)
    near: dict[GridEdition, dict[str, GridVersion]] = {}
    for row in rows.select_related("edition", "grid").order_by("grid__code"):
        near.setdefault(row.edition, {})[row.grid.code] = row
    found = []
    for edition, versions in near.items():
        index = PolygonIndex({code: shapes.rings(shapes.read(v.polygon)) for code, v in versions.items()})
        at = int(index.locate([x / E7], [y / E7]).grid[0])
        if at >= 0:
            found.append((edition, versions[index.codes[at]]))
    return _with_gaps(_stretch(edition, version) for edition, version in found)


def history_of_grid(code: str) -> list[Stretch]:
    """Give the editions in which a grid stood, oldest first, with the days between; none: it never stood."""
    tenant = scope.current().actor.tenant_id
    rows = GridVersion.objects.filter(tenant_id=tenant, grid__code=code).exclude(edition__effective__isempty=True)
    return _with_gaps(_stretch(row.edition, row) for row in rows.select_related("edition", "grid").defer("polygon"))


def _stretch(edition: GridEdition, version: GridVersion) -> Stretch:
    days = edition.effective
    return Stretch(days.lower, days.upper, version.grid.code, version.name, edition.number, edition.document_no)


def _with_gaps(rows: Iterable[Stretch]) -> list[Stretch]:
    made: list[Stretch] = []
    for row in sorted(rows, key=lambda r: (r.since, r.grid)):
        before = made[-1].until if made else None
        if before is not None and before < row.since:
            made.append(Stretch(before, row.since, "", "", None, ""))
        made.append(row)
    return made
