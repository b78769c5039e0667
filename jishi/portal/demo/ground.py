"""The ground of the town: a drawn map of blocks, bent into shape, cut into communities and grids.

The town is a lattice of blocks, each of 6 × 6 small quads. Every quad belongs to one grid, so the grids
cover the ground without a gap or an overlap: neighbours are built from the same integer corner points.
The river runs between the streets; its west half belongs to the western grids, its east half to the eastern.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

from jishi.portal.demo.nouns import Coord, Division, Grid, Line, Ring

CENTRE = (115.2, 30.1)  # an invented spot; metres per degree below are those of this latitude
METRES_PER_LNG, METRES_PER_LAT = 96_310.0, 110_850.0
FINE = 6
COLUMNS = (520, 480, 430, 400, 360, 340, 330, 140, 340, 360, 400, 450, 500, 540)
ROWS = (520, 470, 420, 380, 360, 380, 430, 480, 520)
RIVER = 7

# North is up; one letter is one block; the river runs in the gap.
MAP = """
QQQQYYY SSSSDD
QQQQYYY SSSDDD
QQQCYYY SSSDDD
QQCCCYL BSSSDD
HCCCCLL BBBDDD
HHCCCLL BBBBND
HHHCLLL BBBNNN
HHHHHLL BNNNNN
HHHHHHL NNNNNN
"""

PROVINCE, CITY, COUNTY = "990000000000", "990100000000", "990181000000"
STREETS = {"990181001000": "河西街道", "990181002000": "桥东街道"}
COMMUNITIES = {
    "Q": ("990181001001", "青溪"),
    "C": ("990181001002", "翠竹"),
    "H": ("990181001003", "河西"),
    "L": ("990181001004", "老街"),
    "Y": ("990181001005", "柳岸"),
    "B": ("990181002001", "桥东"),
    "S": ("990181002002", "石坊"),
    "N": ("990181002003", "南塘"),
    "D": ("990181002004", "东园"),
}

Cell = tuple[int, int]
Quad = tuple[int, int]


@dataclass(frozen=True)
class SpecialGround:
    """A market, school, … cut out of a block: quads `[u0, u1) × [v0, v1)` of that block."""

    name: str
    short: str
    kind: str
    owner: str
    cell: Cell
    box: tuple[int, int, int, int]
    aliases: tuple[str, ...] = ()


SPECIALS = (
    SpecialGround("老街集市", "集市", "market", "scjg", (6, 3), (0, 0, 3, 3), ("老街早市", "老街菜场")),
    SpecialGround("河西实验小学", "河小", "school", "jyj", (1, 2), (0, 0, 3, 3), ("河西小学", "实验小学")),
    SpecialGround("翠竹中学", "竹中", "school", "jyj", (3, 4), (3, 0, 6, 3), ("云溪二中",)),
    SpecialGround("云溪市人民医院", "医院", "hospital", "wjw", (4, 2), (0, 0, 3, 5), ("人民医院", "市医院")),
    SpecialGround("滨河公园", "公园", "park", "ylhw", (6, 7), (3, 1, 6, 6), ("河边公园",)),
    SpecialGround("青溪湿地公园", "湿地", "park", "ylhw", (0, 7), (0, 0, 5, 4), ("湿地公园",)),
    SpecialGround("桥东农贸市场", "农贸", "market", "scjg", (9, 4), (3, 3, 6, 6), ("桥东菜市场", "东市场")),
    SpecialGround("桥东中心小学", "桥小", "school", "jyj", (10, 2), (0, 3, 3, 6), ("桥东小学",)),
    SpecialGround("云溪客运站", "客运", "hub", "jtj", (12, 2), (0, 0, 3, 3), ("汽车站", "客运站")),
    SpecialGround(
        "东园产业园", "园区", "industrial_park", "fgj", (12, 6), (1, 0, 6, 4), ("产业园", "东园工业区")
    ),
    SpecialGround("石坊体育公园", "体育", "park", "wtj", (9, 7), (0, 0, 3, 4), ("体育公园",)),
)


@cache
def edges() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """This will give the positions in metres of all small columns and rows of the unbent lattice."""
    us, vs = [0.0], [0.0]
    for column, width in enumerate(COLUMNS):
        parts = 2 if column == RIVER else FINE
        us += [us[-1] + width / parts * (i + 1) for i in range(parts)]
    for height in ROWS:
        vs += [vs[-1] + height / FINE * (i + 1) for i in range(FINE)]
    return tuple(us), tuple(vs)


def column_start(column: int) -> int:
    """This will give the index of the first small column of a block column (14 gives the eastern edge)."""
    return column * FINE if column <= RIVER else (column - 1) * FINE + 2


def bend(u: float, v: float) -> Coord:
    """This will bend a point of the drawn map (metres from its south-west corner) into the landscape."""
    x, y = u - sum(COLUMNS) / 2, v - sum(ROWS) / 2
    x, y = x * (0.9 + 0.13 * math.cos(y / 1500)), y * (0.9 + 0.13 * math.cos(x / 2150))
    x, y = x + 75 * math.sin(y / 640 + 0.6) + 22 * math.sin(y / 260), y + 60 * math.sin(x / 900 + 0.9)
    cos, sin = math.cos(-0.12), math.sin(-0.12)
    x, y = x * cos - y * sin, x * sin + y * cos
    return round((CENTRE[0] + x / METRES_PER_LNG) * 1e7), round((CENTRE[1] + y / METRES_PER_LAT) * 1e7)


def in_cell(cell: Cell, across: float, up: float) -> Coord:
    """This will give a point of a block; `across` and `up` run from 0 to 6 like the block's small quads."""
    u, v = drawn(cell, across, up)
    return bend(u, v)


def drawn(cell: Cell, across: float, up: float) -> tuple[float, float]:
    us, vs = edges()
    column, row = column_start(cell[0]), cell[1] * FINE
    width, height = COLUMNS[cell[0]] / FINE, ROWS[cell[1]] / FINE
    return us[column] + across * width, vs[row] + up * height


def cells() -> dict[Cell, str]:
    """This will read the drawn map: block → letter of its community."""
    lines = [line.replace(" ", ".") for line in MAP.strip().splitlines()]
    return {
        (column, len(lines) - 1 - north): letter
        for north, line in enumerate(lines)
        for column, letter in enumerate(line)
        if letter != "."
    }


def block_households(cell: Cell) -> float:
    """This will say how built-up a block is: 1 in the middle of town, about 0.3 at its edge."""
    distance = math.hypot((cell[0] - RIVER) / 7, (cell[1] - 4) / 4.6)
    return max(0.25, 1.15 - 0.75 * distance)


def general_groups(rng: Random) -> dict[str, list[tuple[Cell, ...]]]:
    """This will join blocks of each community to general grids: one block in town, two or three outside."""
    letters = cells()
    groups: dict[str, list[tuple[Cell, ...]]] = {}
    for letter in COMMUNITIES:
        free = {cell for cell, its in letters.items() if its == letter}
        while free:
            start = min(free, key=lambda c: (len(_beside(c, free)), -c[1], c[0]))
            group = [start]
            free.remove(start)
            wanted = 1 if block_households(start) > 0.8 else 2
            while len(group) < wanted:
                near = sorted(set().union(*(_beside(c, free) for c in group)))
                if not near:
                    break
                chosen = min(near, key=lambda c: (len(_beside(c, free)), rng.random()))
                group.append(chosen)
                free.remove(chosen)
            groups.setdefault(letter, []).append(tuple(sorted(group)))
        groups[letter].sort(key=lambda g: (-max(c[1] for c in g), min(c[0] for c in g)))
    return groups


def _beside(cell: Cell, among: set[Cell]) -> set[Cell]:
    column, row = cell
    return {
        c for c in ((column - 1, row), (column + 1, row), (column, row - 1), (column, row + 1)) if c in among
    }


def quads_of_cell(cell: Cell) -> Iterator[Quad]:
    """This will give the small quads of a block, with the half of the river before its door."""
    start, row = column_start(cell[0]), cell[1] * FINE
    first, last = start, start + FINE
    if cell[0] == RIVER - 1:
        last += 1
    if cell[0] == RIVER + 1:
        first -= 1
    return ((i, j) for i in range(first, last) for j in range(row, row + FINE))


def quads_of_special(special: SpecialGround) -> set[Quad]:
    start, row = column_start(special.cell[0]), special.cell[1] * FINE
    u0, v0, u1, v1 = special.box
    u1 += special.cell[0] == RIVER - 1 and u1 == FINE  # a park on the bank has its half of the river
    return {(start + i, row + j) for i in range(u0, u1) for j in range(v0, v1)}


@cache
def node(i: int, j: int) -> Coord:
    us, vs = edges()
    return bend(us[i], vs[j])


def outline(quads: Iterable[Quad]) -> Ring:
    """This will trace the one ring around a set of small quads over their own corner points.

    :raises ValueError: if the quads hang together at no edge, or enclose a hole.
    """
    kept: dict[Quad, Quad] = {}
    chosen = set(quads)
    for i, j in sorted(chosen):
        for start, end, other in (
            ((i, j), (i + 1, j), (i, j - 1)),
            ((i + 1, j), (i + 1, j + 1), (i + 1, j)),
            ((i + 1, j + 1), (i, j + 1), (i, j + 1)),
            ((i, j + 1), (i, j), (i - 1, j)),
        ):
            if other not in chosen:
                if start in kept:
                    raise ValueError(f"two borders leave the corner {start}")
                kept[start] = end
    first = min(kept)
    ring, at = [first], kept.pop(first)
    while at != first:
        ring.append(at)
        at = kept.pop(at)
    if kept:
        raise ValueError("more than one ring")
    return tuple(node(*corner) for corner in [*ring, first])


def draw_grids(rng: Random) -> tuple[dict[str, set[Quad]], list[tuple[Grid, tuple[Cell, ...]]]]:
    """This will give the quads of every community, and all grids with the blocks each stands on."""
    letters, made, ground = cells(), [], {}
    taken = {s: quads_of_special(s) for s in SPECIALS}
    cut = set().union(*taken.values())
    for letter, groups in general_groups(rng).items():
        code, short = COMMUNITIES[letter]
        ground[code] = {q for c, its in letters.items() if its == letter for q in quads_of_cell(c)}
        for number, group in enumerate(groups, start=1):
            quads = {q for c in group for q in quads_of_cell(c)} - cut
            name = f"{short}{number:02d}网格"
            grid = Grid(f"{code}{number:03d}", name, "general", code, None, None, 0, outline(quads))
            made.append((grid, group))
        special = [s for s in SPECIALS if letters[s.cell] == letter]
        for number, place in enumerate(special, start=901):
            grid = Grid(
                f"{code}{number}",
                f"{short}·{place.name}专属网格",
                "special",
                code,
                place.kind,
                place.owner,
                0,
                outline(taken[place]),
            )
            made.append((grid, (place.cell,)))
    return ground, made


def divisions(ground: dict[str, set[Quad]]) -> tuple[Division, ...]:
    """This will give the divisions from province to community, with borders from the county down."""
    everywhere = set().union(*ground.values())
    made = [
        Division(PROVINCE, "演示省", "演示省", 1, None, "province", None),
        Division(CITY, "演示市", "演示市", 2, PROVINCE, "city", None),
        Division(COUNTY, "云溪市", "云溪", 3, CITY, "county_city", outline(everywhere)),
    ]
    for code, name in STREETS.items():
        quads = set().union(*(q for c, q in ground.items() if c[:9] == code[:9]))
        made.append(Division(code, name, name.removesuffix("街道"), 4, COUNTY, "street", outline(quads)))
    for code, short in COMMUNITIES.values():
        name = f"{short}社区居民委员会"
        parent = f"{code[:9]}000"
        made.append(
            Division(code, name, f"{short}社区", 5, parent, "residents_committee", outline(ground[code]))
        )
    return tuple(made)


def river() -> Ring:
    """This will give the river Yunxi between its two banks, a little beyond the town at both ends."""
    us, vs = edges()
    west, east = us[column_start(RIVER)], us[column_start(RIVER + 1)]
    steps = [-260.0, -130.0, *vs, vs[-1] + 130, vs[-1] + 260]
    up = [bend(east - 18, v) for v in steps]
    down = [bend(west + 18, v) for v in reversed(steps)]
    return (*up, *down, up[0])


def levee() -> Ring:
    """This will give the management line of the levee: the river and 25 m of both banks, inside the town."""
    us, vs = edges()
    west, east = us[column_start(RIVER)] - 25, us[column_start(RIVER + 1)] + 25
    up, down = [bend(east, v) for v in vs], [bend(west, v) for v in reversed(vs)]
    return (*up, *down, up[0])


def scenic() -> Ring:
    """This will give the historic quarter along the old street, a zone."""
    corners = [in_cell((5, 3), *p) for p in ((3.4, 0.0), (6.0, 0.0), (6.0, 6.0), (3.4, 6.0))]
    return (*corners, corners[0])


def line_along(*, u: float | None = None, v: float | None = None, start: float, end: float) -> Line:
    """This will draw a line of the map at constant `u` or `v` (metres), a vertex every 80 m."""
    count = max(2, round(abs(end - start) / 80))
    at = [start + (end - start) * i / count for i in range(count + 1)]
    return tuple(bend(u, x) if u is not None else bend(x, v or 0.0) for x in at)


def metres_between(a: Coord, b: Coord) -> float:
    """This will give the distance in metres, plane, good to a thousandth inside the town."""
    return math.hypot((a[0] - b[0]) * METRES_PER_LNG, (a[1] - b[1]) * METRES_PER_LAT) / 1e7


def area_m2(ring: Ring) -> float:
    """This will give the plane area of a closed ring in m²; anticlockwise is positive."""
    twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:], strict=False))
    return twice / 2 * METRES_PER_LNG * METRES_PER_LAT / 1e14


def inside(ring: Ring, point: Coord) -> bool:
    """This will say whether a point lies in a ring, exactly (integers), counting each border point once."""
    x, y = point
    odd = False
    for (x0, y0), (x1, y1) in zip(ring, ring[1:], strict=False):
        if (y0 > y) != (y1 > y):
            side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
            odd ^= (side > 0) == (y1 > y0)
    return odd
