"""站在哪里: compounds, houses and their entrances of one area, to be picked where there is no network (spec 10 §3, 12).

Places alone: no door of a dwelling, nobody who lives behind one. Bounded. A house without a compound belongs to the
area on whose ground it stands.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils.timezone import localdate

from jishi.foundation import scope
from jishi.kernels.dutylist.operators import division_head
from jishi.places import memory, shapes
from jishi.places.models import Building, Compound, Entrance, EntranceKind
from jishi.places.queries.locating import locate
from jishi.places.refusals import NoEditionYet
from jishi.places.shapes import E7

MOST = 600  # places of one area
LOOKED_AT = 4  # times as many rows of each kind are looked at: of every compound, of every house some
_REF = re.compile(r"([cbe])([1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Stand:
    """One place to stand at: `ref` names it to us, `of` the house of an entrance; `name` is said after the house's."""

    ref: str
    of: str
    compound: str
    name: str
    grid: str
    lng_e7: int
    lat_e7: int

    @property
    def words(self) -> str:
        """Say it as an address: compound, house, entrance."""
        return " ".join(part for part in (self.compound, self.name) if part)


def stands_in(area: str, *, day: date, most: int = MOST) -> tuple[list[Stand], Mapping[str, int]]:
    """Give what stands in an area on a day, by compound and house number, and how many of each grid are left out.

    Of more than `most` every grid has its share, whole compounds first; what a small grid does not need goes to the
    others. What was not even looked at is counted under no grid. Four statements, two more where there is too much. An
    empty area is nobody's own: nothing.
    """
    if not area:
        return [], {}
    looked = most * LOOKED_AT
    alive = Q(active_from__lte=day) & (Q(active_to=None) | Q(active_to__gt=day))
    here = Q(tenant_id=scope.current().actor.tenant_id) & alive
    compounds = Compound.objects.filter(here, community__startswith=division_head(area)).defer("polygon")
    found = list(compounds.order_by("name", "id")[:looked])
    houses = Building.objects.filter(here, compound__in=[c.id for c in found]).defer("footprint")
    stood, unseen = _in_turn(houses, "compound", looked)
    stood += _alone(here, area, day)[:looked]
    doors = Entrance.objects.filter(here, Q(compound__in=[c.id for c in found]) | Q(building__in=[b.id for b in stood]))
    ways, more = _in_turn(doors, "building", looked)
    kept, missing = _shared_out(_with_grids(_made(found, stood, ways), day), most)
    return kept, {**missing, "": unseen + more} if unseen + more else missing


def _in_turn(rows: Any, of: str, most: int) -> tuple[list[Any], int]:
    """Give so many rows, the first of each `of`, then the second: none is left out because it came late. And how many
    were."""
    turn = Window(RowNumber(), partition_by=F(of), order_by="id")
    found = list(rows.annotate(turn=turn).order_by("turn", "id")[:most])
    return found, rows.count() - len(found) if len(found) == most else 0


def _alone(here: Q, area: str, day: date) -> list[Building]:
    """Give the houses without a compound on the ground of an area; none where it has no grids yet."""
    ground, head = memory.ground(day), division_head(area)
    drawn = [shapes.read(g.polygon).bounds for g in ground.grids.values() if g.community.startswith(head)]
    if not drawn:
        return []
    west, south, east, north = (f(b[i] for b in drawn) for i, f in enumerate((min, min, max, max)))
    box = {"lng_e7__range": (int(west * E7), int(east * E7)), "lat_e7__range": (int(south * E7), int(north * E7))}
    rows = list(Building.objects.filter(here, compound=None, **box).defer("footprint").order_by("id"))
    spots = _grids_of([(b.lng_e7, b.lat_e7) for b in rows], day)
    return [b for b, grid in zip(rows, spots, strict=True) if grid.startswith(head)]


def _shared_out(made: list[Stand], most: int) -> tuple[list[Stand], Mapping[str, int]]:
    """Cut to so many places, fairly: each grid keeps the first of its own; an entrance goes with its house."""
    grid = {s.ref: s.grid for s in made}
    by_grid: dict[str, list[Stand]] = {}
    for s in made:
        by_grid.setdefault(grid.get(s.of, s.grid), []).append(s)
    kept, missing = set[str](), dict[str, int]()
    for nth, (code, rows) in enumerate(sorted(by_grid.items(), key=lambda g: (len(g[1]), g[0]))):
        share = rows[: (most - len(kept)) // (len(by_grid) - nth)]
        kept |= {s.ref for s in share}
        if len(share) < len(rows):
            missing[code] = len(rows) - len(share)
    return [s for s in made if s.ref in kept], dict(sorted(missing.items()))


def stands_named(refs: Iterable[str], area: str) -> Mapping[str, Stand]:
    """Give the places of an area by their names, those that are gone too: a device may come three weeks late.

    A name that is none, or of another area, is not among them. At most five statements, none where nothing is named.
    """
    ids: dict[str, list[int]] = {"c": [], "b": [], "e": []}
    for ref in set(refs):
        if (is_ref := _REF.fullmatch(ref)) is not None:
            ids[is_ref[1]].append(int(is_ref[2]))
    if not area or not any(ids.values()):
        return {}
    own = {"tenant_id": scope.current().actor.tenant_id}
    doors = list(Entrance.objects.filter(**own, id__in=ids["e"])) if ids["e"] else []
    houses = {*ids["b"], *(d.building_id for d in doors if d.building_id)}
    stood = list(Building.objects.filter(**own, id__in=houses).defer("footprint")) if houses else []
    around = {*ids["c"], *(b.compound_id or 0 for b in stood), *(d.compound_id or 0 for d in doors)}
    compounds = Compound.objects.filter(**own, id__in=around, community__startswith=division_head(area))
    found = list(compounds.defer("polygon"))
    made = _made(found, [b for b in stood if b.compound_id], doors)
    lone = _made([], [b for b in stood if not b.compound_id], doors)
    near = _grids_of([(s.lng_e7, s.lat_e7) for s in lone], localdate(scope.current().recorded_at)) if lone else []
    made += [s for s, grid in zip(lone, near, strict=True) if grid.startswith(division_head(area))]
    return {one.ref: one for one in made}


def _made(compounds: list[Compound], houses: list[Building], doors: list[Entrance]) -> list[Stand]:
    """Put each house behind its compound, each entrance behind its house; what has none of these is left out."""
    made: list[Stand] = []
    of_compound: dict[int, list[Building]] = {}
    for house in houses:
        of_compound.setdefault(house.compound_id or 0, []).append(house)
    behind: dict[str, list[Entrance]] = {}
    for door in doors:
        behind.setdefault(f"b{door.building_id}" if door.building_id else f"c{door.compound_id}", []).append(door)
    for compound in compounds:
        made.append(_stand(f"c{compound.id}", compound, compound.name, ""))
        made += _doors(made[-1], behind, compound.name, "")
        for house in sorted(of_compound.get(compound.id, []), key=_order):
            said = house.name.removeprefix(compound.name)
            made.append(_stand(f"b{house.id}", house, compound.name, said))
            made += _doors(made[-1], behind, compound.name, said)
    for house in sorted(of_compound.get(0, []), key=_order):
        made.append(_stand(f"b{house.id}", house, "", house.name))
        made += _doors(made[-1], behind, "", house.name)
    return made


def _doors(house: Stand, behind: Mapping[str, list[Entrance]], compound: str, said: str) -> list[Stand]:
    called = [(d, d.name.strip() or EntranceKind(d.kind).label) for d in behind.get(house.ref, [])]
    ways = sorted(called, key=lambda one: (_number(one[1]), one[1], one[0].id))
    return [_stand(f"e{d.id}", d, compound, " ".join(p for p in (said, name) if p), of=house.ref) for d, name in ways]


def _stand(ref: str, row: Any, compound: str, name: str, *, of: str = "") -> Stand:
    return Stand(ref, of, compound, name, "", row.lng_e7, row.lat_e7)


def _order(house: Building) -> tuple[int, str, int]:
    return _number(house.name), house.name, house.id


def _number(name: str) -> int:
    found = re.search(r"\d+", name)
    return int(found[0][:9]) if found else 0


def _with_grids(made: list[Stand], day: date) -> list[Stand]:
    """Say whose grid each is; nothing before the first edition."""
    grids = _grids_of([(s.lng_e7, s.lat_e7) for s in made], day)
    return [replace(s, grid=g) for s, g in zip(made, grids, strict=True)]


def _grids_of(points: Sequence[tuple[int, int]], day: date) -> list[str]:
    try:
        found = locate([x / E7 for x, _ in points], [y / E7 for _, y in points], crs="cgcs2000", day=day)
    except NoEditionYet:
        return [""] * len(points)
    return [g.grid for g in found]
