"""Places that people name when they speak up, by the kind of matter, some far more often than others."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from random import Random

from jishi.portal.demo import ground, streets
from jishi.portal.demo.ground import column_start, edges
from jishi.portal.demo.nouns import Building, Compound, Coord, Facility, Grid, Place, Town

# Letter in messages.csv → kinds of facility.
FACILITY_KINDS = {
    "s": ("school", "kindergarten"),
    "m": ("market",),
    "k": ("park", "square"),
    "x": ("bridge",),
    "t": ("bus_stop",),
    "h": ("hospital", "clinic"),
    "i": ("industrial_park",),
    "u": ("hub",),
}
LEVEE_REACH_M = 30


class Spots:
    """All places of the town that a message may name; `choose` prefers the places that are often named."""

    def __init__(self, town: Town, rng: Random) -> None:
        roads = _road_places(town.grids)
        self.by_letter: dict[str, list[Place]] = {
            "c": [compound_place(c) for c in town.compounds],
            "b": _building_places(town, aliases=True),
            "r": roads,
            "v": _river_places(town.grids),
            "l": [p for p in roads if p.name.startswith(("老街", "青溪巷"))],
        }
        for letter, kinds in FACILITY_KINDS.items():
            self.by_letter[letter] = [facility_place(f) for f in town.facilities if f.kind in kinds]
        self.by_letter["l"] += [facility_place(f) for f in town.facilities if f.kind == "heritage"]
        self.by_letter["o"] = [facility_place(f) for f in town.facilities if f.kind in _OFFICES]
        self.by_letter["o"] += self.by_letter["c"][::2]
        self.by_letter["p"] = [facility_place(f) for f in town.facilities if f.kind in _SHOPPING]
        self.by_letter["p"] += self.by_letter["r"][::3]
        self.by_name = {p.name: p for places in self.by_letter.values() for p in places}
        self.by_name |= {p.name: p for p in _building_places(town, aliases=False)}
        self.weights: dict[str, list[float]] = {}
        for letter, places in self.by_letter.items():
            rng.shuffle(places)
            self.weights[letter] = list(accumulate(1 / (rank + 4) for rank in range(len(places))))

    def choose(self, letters: str, rng: Random) -> Place:
        """This will choose a place for a matter whose letters of places are given."""
        letter = rng.choice(letters)
        return rng.choices(self.by_letter[letter], cum_weights=self.weights[letter])[0]


_OFFICES = ("office", "service_station")
_SHOPPING = ("market", "square", "hub")


def _place(
    name: str,
    kind: str,
    kinds: tuple[str, ...],
    ref: str,
    at: Coord,
    radius_m: int,
    grid: str,
    zones: tuple[str, ...] = (),
) -> Place:
    return Place(name, kind, kinds, zones, ref, *at, radius_m, grid, grid[:12], f"{grid[:9]}000")


def compound_place(compound: Compound) -> Place:
    """This will give a compound as a place."""
    return _place(
        compound.name, "compound", ("compound", compound.kind), compound.id, compound.point, 90, compound.grid
    )


def building_place(building: Building, compound: Compound, said: str) -> Place:
    """This will give a building as a place, under the name that was said."""
    kinds = ("building", "compound", compound.kind)
    return _place(f"{compound.name}{said}", "building", kinds, building.id, building.point, 20, compound.grid)


def facility_place(facility: Facility) -> Place:
    """This will give a facility as a place."""
    return _place(
        facility.name, facility.kind, (facility.kind,), facility.id, facility.point, 40, facility.grid
    )


def _building_places(town: Town, *, aliases: bool) -> list[Place]:
    """Every building; with `aliases` some under a name that people say, such as 3栋 for 3号楼."""
    compounds = {c.id: c for c in town.compounds}
    made = []
    for number, building in enumerate(town.buildings):
        said = (building.name, *building.aliases[:3])[number % 4 if aliases and number % 3 == 0 else 0]
        made.append(building_place(building, compounds[building.compound], said))
    return made


def _road_places(grids: Iterable[Grid]) -> list[Place]:
    """Every crossing, and points along both streets a little off it."""
    us, vs = edges()
    held = list(grids)
    made = []
    for row, (left, right, _) in enumerate(streets.CROSS_STREETS, start=1):
        for column, long_street in streets.LONG_STREETS.items():
            street = left if column <= ground.RIVER else right
            u, v = us[column_start(column)], vs[row * ground.FINE]
            kind = "lane" if long_street == "青溪巷" else "road"
            for name, du, dv in (
                (f"{street}与{long_street}路口", 3, 3),
                (f"{street}{long_street}口往东", 60, 2),
                (f"{long_street}近{street}", 2, 70),
            ):
                point = ground.bend(u + du, v + dv)
                grid = streets.grid_at(held, point)
                made.append(_place(name, kind, (kind,), f"crossing-{row}-{column}", point, 60, grid.code))
    return made


def _river_places(grids: Iterable[Grid]) -> list[Place]:
    us, vs = edges()
    held = list(grids)
    west = us[column_start(ground.RIVER)]
    made = []
    for number, name in enumerate(
        (
            "滨河步道一号亭往北",
            "滨河步道二号亭往北",
            "滨河步道三号亭",
            "云溪桥下",
            "柳岸桥西头河边",
            "南塘桥下游河滩",
            "翠竹渠入河口",
            "老街码头",
        )
    ):
        point = ground.bend(west + (8 if number % 2 else 40), vs[6 + number * 5] + 35)
        zones = ("levee",) if number % 2 else ()
        made.append(
            _place(
                name, "river", ("river", "path"), "river", point, 60, streets.grid_at(held, point).code, zones
            )
        )
    return made
