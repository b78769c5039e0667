"""The ground of a day is put together from its rows: divisions, grids, compounds, houses, facilities, names."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import shapely

from jishi.kernels.geo.partition import PolygonIndex
from jishi.kernels.text.places import Gazetteer, Name
from jishi.places import models, shapes
from jishi.places.shapes import E7, Plane
from jishi.places.things import (
    DIVISION_KINDS,
    DIVISION_LEVELS,
    LINES,
    ROADS,
    SMALL_M,
    DivisionRow,
    GridRow,
    Ground,
    Storeys,
    Thing,
    building_number,
    common_division,
    unit_number,
)

NEAR_M = 8.0  # around a house: what lies here is said of the house


def gather(tenant_id: int, day: date, prefix: str, mark: tuple[int, ...]) -> Ground:
    """Put together the ground of a day; `prefix`: the digits with which every division of the tenant begins."""
    divisions = _divisions(prefix, day)
    grids = _grids(tenant_id, day)
    drawn = {g.code: shapes.read(g.polygon) for g in grids}
    plane = Plane(*_centre(drawn.values(), tenant_id, day))
    made = Ground(
        mark=mark, plane=plane, divisions=divisions, grids={g.id: g for g in grids},
        index=PolygonIndex({code: shapes.rings(shape) for code, shape in drawn.items()}),
        by_code={g.code: g for g in grids},
    )  # fmt: skip
    _storeys(made, tenant_id, day)
    _Builder(made, tenant_id, day, {c: plane.shape(s) for c, s in drawn.items()}).build()
    return made


def _storeys(made: Ground, tenant_id: int, day: date) -> None:
    """Lay out the houses of which floors belong to another grid than their ground."""
    members = models.GridMember.objects.filter(tenant_id=tenant_id, edition__effective__contains=day).order_by(
        "building_id", "floor_from"
    )
    drawn: dict[int, Any] = {}
    columns = ("building_id", "grid_id", "floor_from", "floor_to", "building__lng_e7", "building__lat_e7",
               "building__footprint")  # fmt: skip
    for house, grid, low, high, lng, lat, footprint in members.values_list(*columns):
        made.storeys.setdefault(house, []).append(Storeys(grid, low, high))
        if house not in drawn:
            point = shapely.Point(made.plane.xy(lng / E7, lat / E7))
            shape = made.plane.shape(shapes.read(footprint)) if footprint is not None else point
            drawn[house] = shapely.buffer(shape, NEAR_M)
    made.housed = list(drawn)
    made.house_tree = shapely.STRtree(list(drawn.values())) if drawn else None


def _centre(drawn: Iterable[Any], tenant_id: int, day: date) -> tuple[float, float]:
    """The middle of the grids; without grids, of the compounds; without those, of the country."""
    shapes_ = list(drawn)
    if shapes_:
        west, south, east, north = shapely.total_bounds(shapes_)
        return (west + east) / 2, (south + north) / 2
    first = _active(models.Compound, tenant_id, day).values_list("lng_e7", "lat_e7").first()
    return (first[0] / E7, first[1] / E7) if first else (105.0, 35.0)


def _divisions(prefix: str, day: date) -> dict[str, DivisionRow]:
    above = [prefix[:n].ljust(12, "0") for n in (2, 4) if n < len(prefix)]
    rows = models.DivisionVersion.objects.raw(
        "SELECT v.*, p.code AS above FROM places_divisionversion v "
        "LEFT JOIN places_divisionversion p ON p.division_id = v.parent_id "
        "AND p.valid_from <= %(d)s AND (p.valid_to IS NULL OR p.valid_to > %(d)s) "
        "WHERE (v.code LIKE %(p)s OR v.code = ANY(%(a)s)) AND v.valid_from <= %(d)s "
        "AND (v.valid_to IS NULL OR v.valid_to > %(d)s) ORDER BY v.code",
        {"d": day, "p": prefix + "%", "a": above},
    )
    return {
        v.code: DivisionRow(
            v.code, v.name, v.short_name, v.level, v.kind, getattr(v, "above", None) or "", v.placeholder,
            v.valid_from, v.valid_to, bytes(v.boundary) if v.boundary is not None else None,
        )
        for v in rows
    }  # fmt: skip


_GRID_COLUMNS = (
    "grid_id", "grid__code", "name", "grid__community", "grid__kind", "grid__special_of", "grid__owner_ref",
    "edition_id", "edition__number", "edition__effective", "polygon",
)  # fmt: skip


def _grids(tenant_id: int, day: date) -> list[GridRow]:
    versions = models.GridVersion.objects.filter(tenant_id=tenant_id, edition__effective__contains=day)
    return [_grid_row(row) for row in versions.order_by("grid__code").values_list(*_GRID_COLUMNS)]


def _grid_row(row: tuple[int, str, str, str, str, str, str, int, int, Any, Any]) -> GridRow:
    return GridRow(*row[:9], row[9].lower, bytes(row[10]))


def row_of(grid_id: int, edition_id: int) -> GridRow | None:
    """Give a grid as one edition draws it, whether it is in force or not; None where the edition has no such grid."""
    versions = models.GridVersion.objects.filter(grid_id=grid_id, edition_id=edition_id)
    row = versions.values_list(*_GRID_COLUMNS).first()
    return _grid_row(row) if row else None


def last_day(grid_id: int) -> date | None:
    """Give the last day of a grid that is no more; None while an edition without an end holds it."""
    versions = models.GridVersion.objects.filter(grid_id=grid_id).exclude(edition__effective__isempty=True)
    ends = [effective.upper for effective in versions.values_list("edition__effective", flat=True)]
    return max(ends) - timedelta(days=1) if ends and None not in ends else None


def _active(model: Any, tenant_id: int, day: date) -> Any:
    later = model.objects.filter(tenant_id=tenant_id, active_from__lte=day).exclude(active_to__lte=day)
    return later.order_by("id")


class _Builder:
    """Puts the things of a day together; lives as long as the building takes."""

    def __init__(self, made: Ground, tenant_id: int, day: date, drawn: Mapping[str, Any]) -> None:
        self.made, self.tenant_id, self.day, self.drawn = made, tenant_id, day, drawn
        self.called: dict[int, list[str]] = {}
        self.compounds: dict[int, int] = {}
        self.facilities: dict[int, int] = {}
        self.names: dict[int, int] = {}
        self.shapes: list[Any] = []
        self.seen: dict[tuple[str, str], int] = {}

    def build(self) -> None:
        self._divisions()
        self._grids()
        self._compounds()
        self._buildings()
        self._facilities()
        self._zones()
        self._names()
        self._aliases()
        self._homes()
        self._finish()

    def _add(self, thing: Thing, said: Iterable[str]) -> int:
        at = len(self.made.things)
        self.made.things.append(thing)
        self.seen.setdefault((thing.name, thing.level), at)
        spoken = [name for name in said if len(name.strip()) >= 2]
        if spoken:
            self._call(at, spoken)
        return at

    def _call(self, at: int, said: Iterable[str]) -> None:
        self.called.setdefault(at, []).extend(said)

    def _area(self, shape: Any, kinds: frozenset[str], zone: str = "", thing: int = -1) -> None:
        self.shapes.append(shape)
        self.made.areas.append((kinds, zone, thing))

    def _divisions(self) -> None:
        for row in self.made.divisions.values():
            if row.placeholder or row.level < 3 or row.boundary is None:
                continue
            shape = self.made.plane.shape(shapes.read(row.boundary))
            middle = shape.representative_point()
            lng, lat = self.made.plane.degrees(middle.x, middle.y)
            radius = shapely.minimum_bounding_radius(shape)
            thing = Thing(
                row.short_name, DIVISION_LEVELS[row.level], frozenset(), lng, lat, float(radius), shape,
                community=row.code if row.level == 5 else "", exact=False, division=row.code,
            )  # fmt: skip
            self._add(thing, {row.name, row.short_name})
            self.made.borders.append(row.code)
        plain = [t.shape for t in self.made.things]
        self.made.border_tree = shapely.STRtree(plain) if plain else None

    def _grids(self) -> None:
        for grid in self.made.grids.values():
            shape = self.drawn[grid.code]
            middle = shape.representative_point()
            lng, lat = self.made.plane.degrees(middle.x, middle.y)
            radius = float(shapely.minimum_bounding_radius(shape))
            kinds = frozenset({grid.special_of} if grid.special_of else ())
            thing = Thing(grid.name, "grid", kinds, lng, lat, radius, shape, community=grid.community)
            self._add(thing, [grid.name])
            if grid.special_of:
                self._area(shape, kinds)

    def _placed(self, row: Any, wkb: Any, level: str, kinds: frozenset[str], radius: float) -> Thing:
        lng, lat = row.lng_e7 / E7, row.lat_e7 / E7
        shape = self.made.plane.shape(shapes.read(wkb)) if wkb is not None else None
        if shape is not None:
            radius = float(shapely.minimum_bounding_radius(shape))
        point = shapely.Point(self.made.plane.xy(lng, lat))
        return Thing(row.name, level, kinds, lng, lat, radius, point if shape is None else shape)

    def _compounds(self) -> None:
        for row in _active(models.Compound, self.tenant_id, self.day):
            kinds = frozenset({"compound", row.kind})
            thing = self._placed(row, row.polygon, "compound", kinds, 120.0)
            thing.community = row.community
            at = self.compounds[row.id] = self._add(thing, [row.name, *row.aliases])
            self._area(thing.shape if row.polygon is not None else thing.shape.buffer(60.0), kinds, thing=at)

    def _doors(self) -> dict[int, dict[int, tuple[float, float]]]:
        """Give where the doors of each house are, by the number of their 单元; a number that two have is none."""
        found: dict[int, dict[int, tuple[float, float]]] = {}
        twice = set[tuple[int, int]]()
        rows = _active(models.Entrance, self.tenant_id, self.day).filter(kind="unit_door", building__isnull=False)
        for house, name, lng, lat in rows.values_list("building_id", "name", "lng_e7", "lat_e7"):
            number = unit_number(name)
            if number is None:
                continue
            if number in found.setdefault(house, {}):
                twice.add((house, number))
            found[house][number] = (lng / E7, lat / E7)
        for house, number in twice:
            del found[house][number]
        return found

    def _buildings(self) -> None:
        doors = self._doors()
        for row in _active(models.Building, self.tenant_id, self.day):
            above = self.compounds.get(row.compound_id)
            compound = self.made.things[above] if above is not None else None
            kinds = frozenset({"building"}) | (compound.kinds if compound else frozenset())
            thing = self._placed(row, row.footprint, "building", kinds, 20.0)
            thing.radius_m = max(thing.radius_m, 20.0)
            thing.compound, thing.community = above, compound.community if compound else ""
            if compound is not None:
                thing.name = f"{compound.name}{row.name}"
            at = self._add(thing, [] if compound is not None else [row.name, *row.aliases])
            if row.id in doors:
                self.made.doors[at] = doors[row.id]
            self._area(shapely.buffer(thing.shape, NEAR_M), kinds, thing=at)
            for said in (row.name, *row.aliases):
                number = building_number(said)
                if number:
                    self.made.numbered.setdefault(number, []).append(at)
                    if above is not None:
                        self.made.buildings.setdefault(above, {}).setdefault(number, at)

    def _facilities(self) -> None:
        for row in _active(models.Facility, self.tenant_id, self.day):
            thing = self._placed(row, row.polygon, "facility", frozenset({row.kind}), 40.0)
            thing.community = row.community
            at = self.facilities[row.id] = self._add(thing, [row.name, *row.aliases])
            self._area(thing.shape if row.polygon is not None else thing.shape.buffer(30.0), thing.kinds, thing=at)

    def _zones(self) -> None:
        for row in _active(models.Zone, self.tenant_id, self.day):
            self._area(self.made.plane.shape(shapes.read(row.polygon)), frozenset(), zone=row.code)

    def _names(self) -> None:
        for row in _active(models.GazetteerName, self.tenant_id, self.day):
            same = self._already(row)
            if same is not None:
                self.names[row.id] = same
                self._call(same, [row.name, *row.aliases])
                continue
            if row.kind in ("building", *DIVISION_KINDS):
                continue  # these names come from their own tables; alone, “3号楼” names nothing
            kinds = frozenset({"road", row.kind} if row.kind in ROADS else {row.kind})
            thing = self._placed(row, row.geometry, _level(row.kind), kinds, row.radius_m)
            if row.geometry is not None:
                thing.shape = thing.shape if "Polygon" in thing.shape.geom_type else _wide(thing.shape, row.width_m)
            at = self.names[row.id] = self._add(thing, [row.name, *row.aliases])
            self._area(thing.shape if thing.shape.area else thing.shape.buffer(30.0), kinds, thing=at)

    def _aliases(self) -> None:
        """Names that were proposed and accepted, and those that a place had before it was renamed."""
        for row in _active(models.NameAlias, self.tenant_id, self.day):
            held = (
                self.compounds.get(row.compound_id), self.facilities.get(row.facility_id),
                self.names.get(row.gazetteer_name_id),
            )  # fmt: skip
            for at in held:
                if at is not None:
                    self._call(at, [row.name])
                    if row.official_until is not None:
                        self.made.former.setdefault(at, []).append((row.name, row.official_until.isoformat()))

    def _already(self, row: Any) -> int | None:
        if row.compound_id is not None and row.compound_id in self.compounds:
            return self.compounds[row.compound_id]
        for level in (_level(row.kind), "compound", "facility", "grid", "community", "street", "district"):
            at = self.seen.get((row.name, level))
            if at is not None and (row.geometry is None or level != "facility"):
                return at
        return None

    def _homes(self) -> None:
        """Settle for each thing whether it lies in one grid, and in which division it lies for sure."""
        codes = list(self.drawn)
        tree = self.made.grid_tree = shapely.STRtree([self.drawn[c] for c in codes]) if codes else None
        for thing in self.made.things:
            if thing.division:
                continue
            if thing.level == "grid" or (thing.radius_m <= SMALL_M and thing.level not in ("road", "river")):
                continue
            touched = _touched(tree, codes, thing, self.drawn) if tree is not None else {}
            thing.exact = len(touched) == 1
            if not thing.exact:
                thing.division = common_division({self.made.by_code[c].community for c in touched})

    def _finish(self) -> None:
        made = self.made
        made.spoken = self.called
        made.tree = shapely.STRtree(self.shapes) if self.shapes else None
        for thing in made.things:
            if not thing.exact and thing.kinds:
                made.by_point.setdefault((round(thing.lng * E7), round(thing.lat * E7), thing.division), thing.kinds)
        made.gazetteer = Gazetteer.of(
            Name(at, thing.name, "road" if thing.level == "road" else thing.level, tuple(self.called.get(at, ())))
            for at, thing in enumerate(made.things)
            if at in self.called
        )


def _wide(line: Any, width_m: float | None) -> Any:
    """A road is its carriageway and the pavements: half the width and 8 m more."""
    return line.buffer((width_m or 10.0) / 2 + 8.0)


def _level(kind: str) -> str:
    if kind == "compound":
        return "compound"
    if kind in ("river", "canal"):
        return "river"
    return "road" if kind in LINES - {"bridge"} else "facility"


def _touched(tree: Any, codes: list[str], thing: Thing, drawn: Mapping[str, Any]) -> dict[str, float]:
    """The grids that hold at least a fiftieth of a thing."""
    shape = thing.shape if thing.shape.area else thing.shape.buffer(max(thing.radius_m, 1.0))
    found = {codes[i]: shapely.intersection(shape, drawn[codes[i]]).area for i in tree.query(shape, "intersects")}
    return {c: a for c, a in found.items() if a >= shape.area / 50}
