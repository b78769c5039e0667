"""The layers of the ground on a day, as rows with a shape: what files and tiles give out (spec 20 §§8, 10).

Places only. No layer of persons, doors or households exists, and none is made here.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

import shapely
from django.db.models import Q

from jishi.foundation import scope
from jishi.foundation.refusals import NotFound
from jishi.kernels.dutylist.operators import division_head
from jishi.kernels.geo.tiles import Value
from jishi.places import memory, shapes
from jishi.places.models import Barrier, Building, Compound, Crossing, Entrance, Facility
from jishi.places.shapes import E7

Row = tuple[int, Any, Mapping[str, Value | None]]  # its number, its shape in degrees, what is said of it


def rows(layer: str, day: date, *, division: str = "", most: int | None = None) -> list[Row]:
    """Give a layer of a day by number, whole or of a division, at most so many; one or two statements.

    :raises NotFound: there is no such layer.
    """
    if layer not in LAYERS:
        raise NotFound
    return list(LAYERS[layer](day, division_head(division) if division else "", most))


def _divisions(day: date, head: str, most: int | None) -> Iterator[Row]:
    found = [d for d in memory.ground(day).divisions.values() if d.boundary is not None and d.code.startswith(head)]
    for row in found[:most]:
        yield int(row.code), shapes.read(row.boundary), {
            "code": row.code, "name": row.name, "short_name": row.short_name, "level": row.level, "kind": row.kind,
        }  # fmt: skip


def _grids(day: date, head: str, most: int | None) -> Iterator[Row]:
    found = [g for _, g in sorted(memory.ground(day).by_code.items()) if g.community.startswith(head)]
    for row in found[:most]:
        yield row.id, shapes.read(row.polygon), {
            "code": row.code, "name": row.name, "kind": row.kind, "special_of": row.special_of,
            "owner_ref": row.owner_ref, "community": row.community, "edition": row.edition,
            "since": row.effective_from.isoformat(),
        }  # fmt: skip


def _compounds(day: date, head: str, most: int | None) -> Iterator[Row]:
    for row in _standing(Compound, day, Q(community__startswith=head))[:most]:
        yield row.id, _shape(row, row.polygon), {
            "name": row.name, "kind": row.kind, "community": row.community, "built_year": row.built_year,
            "households_planned": row.households_planned,
        }  # fmt: skip


def _buildings(day: date, head: str, most: int | None) -> Iterator[Row]:
    inside = Q(compound__community__startswith=head) if head else Q()
    columns = ("id", "name", "compound_id", "compound__name", "floors_up", "lng_e7", "lat_e7", "footprint")
    for number, name, of, called, floors, lng, lat, drawn in _standing(Building, day, inside).values_list(*columns)[
        :most
    ]:
        said = {"name": name, "compound": called, "compound_id": of, "floors_up": floors}
        yield number, shapes.read(drawn) if drawn is not None else shapely.Point(lng / E7, lat / E7), said


def _entrances(day: date, head: str, most: int | None) -> Iterator[Row]:
    inside = Q(compound__community__startswith=head) | Q(building__compound__community__startswith=head)
    for row in _standing(Entrance, day, inside if head else Q())[:most]:
        yield row.id, _shape(row, None), {
            "name": row.name, "kind": row.kind, "foot": row.foot, "car": row.car, "step_free": row.step_free,
            "hours": row.hours, "compound_id": row.compound_id, "building_id": row.building_id,
        }  # fmt: skip


def _facilities(day: date, head: str, most: int | None) -> Iterator[Row]:
    for row in _standing(Facility, day, Q(community__startswith=head))[:most]:
        said = {"name": row.name, "kind": row.kind, "community": row.community, "owner_ref": row.owner_ref}
        yield row.id, _shape(row, row.polygon), said


def _barriers(day: date, head: str, most: int | None) -> Iterator[Row]:
    """A river belongs to no division: barriers and crossings are given whole."""
    for row in _standing(Barrier, day, Q())[:most]:
        yield row.id, shapes.read(row.geometry), {"name": row.name, "kind": row.kind, "hard": row.hard}


def _crossings(day: date, head: str, most: int | None) -> Iterator[Row]:
    for row in _standing(Crossing, day, Q()).select_related("barrier")[:most]:
        yield row.id, _shape(row, None), {
            "name": row.name or row.barrier.name, "kind": row.kind, "barrier": row.barrier.name,
            "step_free": row.step_free, "hours": row.hours,
        }  # fmt: skip


LAYERS: dict[str, Callable[[date, str, int | None], Iterator[Row]]] = {
    "divisions": _divisions, "grids": _grids, "compounds": _compounds, "buildings": _buildings,
    "entrances": _entrances, "facilities": _facilities, "barriers": _barriers, "crossings": _crossings,
}  # fmt: skip


def _standing(model: Any, day: date, more: Q) -> Any:
    lasting = Q(active_from__lte=day) & (Q(active_to=None) | Q(active_to__gt=day))
    return model.objects.filter(lasting, more, tenant_id=scope.current().actor.tenant_id).order_by("id")


def _shape(row: Any, drawn: Any) -> Any:
    return shapes.read(drawn) if drawn is not None else shapely.Point(row.lng_e7 / E7, row.lat_e7 / E7)
