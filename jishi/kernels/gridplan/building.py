"""From compounds as points with households to the graph that is planned (spec 21 §8, `build_graph`).

Each point gets the ground that is nearest to it inside the border; who touches is a neighbour. Barriers take edges
out, crossings let one through. A compound too heavy for one grid becomes groups of its buildings; one too small goes
with a neighbour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from . import cells, refusals
from .problem import check, some
from .values import CLOSED, HARD, NONE, SOFT, Array, Band, Doubles, Edges, Ints, Problem, Units

GROUP = 100  # households in a group of buildings, where only their number is known
PER_HOME = 60.0  # m² of ground for one household, where the inside of a compound is not known
MOST_BESIDE = 12  # of the points beyond a border looked at around each
REACH = 1_000.0  # m beyond the border that a point may lie: borders are drawn coarsely
FAR_FROM_LINE = 100.0  # m between a crossing and its barrier's edges, at most
ASIDE = (0.25, 0.5, 0.75)  # where on the common border people could pass


@dataclass(frozen=True, eq=False)
class Points:
    """One row per compound: `id` unique; `x`, `y` (n,) metres in one plane; `households` (n,) whole, ≥ 0;
    `buildings` (n,) ≥ 1 or None: one each; `atoms` (n,) −1 alone: rows that are buildings of one compound;
    `community` (n,) codes, −1 told by the border that holds the point."""

    id: Array
    x: Array
    y: Array
    households: Array
    buildings: Array | None = None
    atoms: Array | None = None
    community: Array | None = None


@dataclass(frozen=True, eq=False)
class Barrier:
    """What people do not walk across: a line or polygon in metres; soft ones only cost."""

    shape: Any
    hard: bool = True


@dataclass(frozen=True)
class Crossing:
    """Where they can: a point in metres. One that is not `listed` is offered where no plan exists without it."""

    x: float
    y: float
    listed: bool = True


@dataclass(frozen=True, eq=False)
class Graph:
    """What is planned, and what had to be decided: `cells` the ground of each unit, `of` the row of its point.

    `outside` (row, metres beyond the border) · `isolated` rows without a neighbour · `split` row → groups ·
    `merged` row → row · `spread` rows that stood at one place · `opened` crossing → the edge it lets through.
    """

    units: Units
    edges: Edges
    atoms: Ints
    community: Ints | None
    cells: tuple[Any, ...]
    of: Ints
    outside: tuple[tuple[int, float], ...] = ()
    isolated: tuple[int, ...] = ()
    split: Mapping[int, int] = field(default_factory=dict)
    merged: Mapping[int, int] = field(default_factory=dict)
    spread: tuple[int, ...] = ()
    opened: Mapping[int, tuple[int, int]] = field(default_factory=dict)


def build_graph(
    points: Points, ground: Any = None, *, band: Band = Band(300, 500), cap: int | None = None,  # noqa: B008
    barriers: Sequence[Barrier] = (), crossings: Sequence[Crossing] = (), small: int = 0, group: int = GROUP,
) -> Graph:  # fmt: skip
    """This will give units, neighbours, compounds and the ground of each unit.

    `ground`: a polygon in metres, or {community code: polygon}; None takes the hull of the points. A compound above
    `cap` (default the band's upper end) becomes groups of its buildings of about `group` households; one below
    `small` households is tied to the neighbour it touches longest, if both fit one grid.

    :raises BadInput: `bad_unit`, `duplicate_unit`, `no_units`, `nobody_lives_here`, `looks_like_degrees`,
        `band_makes_no_sense`, `bad_option`, `bad_ground`, `outside_ground`, `community_without_ground`.
    """
    whole_up_to = band.hi if cap is None else max(cap, band.hi)
    points = _checked(points, band, cap, small, group)
    regions = _regions(ground, points)
    x, y, moved = cells.spread(points.x, points.y)
    lines = _barriers(barriers)
    where, outside = _placed(points, x, y, regions)
    rims = shapely.boundary(np.array([shape for _, shape in regions], dtype=object))[where]
    room = shapely.distance(rims, shapely.points(x, y))
    units, of, split = _parted(points, x, y, whole_up_to, group, lines, room)
    shapes = _shapes(units, where[of], regions)
    edges, along = _edges(shapes)
    edges, opened = _marked(units, edges, along, lines, barriers, crossings)
    codes = np.array([code for code, _ in regions], dtype=np.int64)[where]
    community = codes[of] if isinstance(ground, Mapping) or points.community is not None else None
    edges = _hung(units, _joined_inside(units, edges, of, split), of, [row for row, _ in outside], where)
    atoms, merged = _merged(points, of, split, edges, community, small, band.hi)
    alone = np.setdiff1d(np.arange(len(of)), np.concatenate([edges.u, edges.v]))
    every = _with_bare_ground(shapes, where[of], regions)
    area = shapely.area(np.array(every, dtype=object))
    units = Units(units.id, units.x, units.y, units.households, area)
    return Graph(
        units, edges, atoms, community, tuple(every), of, outside, tuple(alone.tolist()), split, merged,
        tuple(moved.tolist()), opened,
    )  # fmt: skip


def _checked(points: Points, band: Band, cap: int | None, small: int, group: int) -> Points:
    none = np.zeros(0, np.int64)
    check(Problem(Units(points.id, points.x, points.y, points.households), Edges(none, none, none), band, cap=cap))
    n = len(points.id)
    for name, least in (("small", small), ("group", group - 1)):
        if isinstance(least, bool) or not isinstance(least, (int, np.integer)) or least < 0:
            raise refusals.BadOption(option=name, value=least)
    counts = np.ones(n) if points.buildings is None else np.asarray(points.buildings, dtype=np.float64)
    if counts.shape != (n,):
        raise refusals.BadUnit(column="buildings")
    bad = ~np.isfinite(counts) | (counts < 1) | (counts != np.floor(counts))
    if bad.any():
        raise refusals.BadUnit(column="buildings", **some(np.asarray(points.id)[bad]))
    for name in ("atoms", "community"):
        column = getattr(points, name)
        if column is not None and (np.shape(column) != (n,) or np.asarray(column).dtype.kind not in "iu"):
            raise refusals.BadOption(option=name, value="one whole number per point")
    return Points(
        np.asarray(points.id), np.asarray(points.x, dtype=np.float64), np.asarray(points.y, dtype=np.float64),
        np.asarray(points.households, dtype=np.int64), counts.astype(np.int64),
        None if points.atoms is None else np.asarray(points.atoms, dtype=np.int64),
        None if points.community is None else np.asarray(points.community, dtype=np.int64),
    )  # fmt: skip


# --- the border ------------------------------------------------------------------------------------------------


def _regions(ground: Any, points: Points) -> list[tuple[int, Any]]:
    """Give (community, polygon) of each part of the ground, −1 where it is of one alone."""
    if ground is None:
        hull = shapely.convex_hull(shapely.MultiPoint(shapely.points(points.x, points.y)))
        side = max(np.ptp(points.x), np.ptp(points.y), 100.0)
        return [(-1, shapely.buffer(hull, side / max(np.sqrt(len(points.x)), 1.0) / 2, join_style="mitre"))]
    given = ground if isinstance(ground, Mapping) else {-1: ground}
    found = []
    for code, shape in given.items():
        wrong = not isinstance(shape, shapely.Geometry) or shape.is_empty or not np.isfinite(shape.bounds).all()
        if wrong or not shape.is_valid or not (parts := cells.parts_of(shape)):
            raise refusals.BadGround(community=code)
        found += [(int(code), part) for part in parts]
    return found


def _placed(
    points: Points, x: Doubles, y: Doubles, regions: list[tuple[int, Any]]
) -> tuple[Ints, tuple[tuple[int, float], ...]]:
    """Give the region of each point: that of its community, or the one that holds it or is nearest."""
    codes = np.array([code for code, _ in regions])
    shapes = np.array([shape for _, shape in regions], dtype=object)
    asked = shapely.points(x, y)
    far = np.stack([shapely.distance(shape, asked) for shape in shapes])
    if points.community is not None and codes.max() >= 0:
        missing = np.setdiff1d(points.community[points.community >= 0], codes)
        if len(missing):
            raise refusals.CommunityWithoutGround(**some(missing))
        far[(codes[:, None] != points.community) & (points.community >= 0)] = np.inf
    where = np.argmin(far, axis=0)
    beyond = far[where, np.arange(len(x))]
    if (beyond > REACH).any():
        raise refusals.OutsideGround(**some(points.id[beyond > REACH]), greatest_m=round(float(beyond.max())))
    return where, tuple((int(i), round(float(beyond[i]), 1)) for i in np.flatnonzero(beyond > 0))


def _shapes(units: Units, where: Ints, regions: list[tuple[int, Any]]) -> list[Any]:
    found: list[Any] = [None] * len(where)
    for at in np.unique(where).tolist():
        rows = np.flatnonzero(where == at)
        for row, shape in zip(rows.tolist(), cells.voronoi(units.x[rows], units.y[rows], regions[at][1]), strict=True):
            found[row] = shape
    return found


def _with_bare_ground(shapes: list[Any], where: Ints, regions: list[tuple[int, Any]]) -> list[Any]:
    """Ground without a point (an islet, a field) goes with the nearest unit of its community."""
    used, every = set(where.tolist()), list(shapes)
    codes = np.array([code for code, _ in regions])
    for at, (code, part) in enumerate(regions):
        own = np.flatnonzero(codes[where] == code)
        if at not in used and len(own):
            far = [(shapes[i].distance(part), i) for i in own.tolist()]
            every[min(far)[1]] = shapely.union_all([every[min(far)[1]], part])
    return every


# --- groups of buildings ---------------------------------------------------------------------------------------


def _parted(
    points: Points, x: Doubles, y: Doubles, above: int, group: int, lines: Any, to_rim: Doubles
) -> tuple[Units, Ints, dict[int, int]]:
    """Give units, the point of each, and into how many groups of buildings a compound was parted."""
    homes, buildings = points.households, np.asarray(points.buildings)
    times = np.where(homes > above, np.minimum(buildings, -(-homes // group)), 1)
    of = np.repeat(np.arange(len(x)), times)
    nth = np.arange(len(of)) - (np.cumsum(times) - times)[of]
    share = _shares(homes, buildings, times, of, nth)
    ux, uy = x[of].copy(), y[of].copy()
    radius = _room(points, x, y, np.flatnonzero(times > 1), lines, to_rim)
    for row, far in radius.items():
        ux[of == row], uy[of == row] = cells.sunflower(x[row], y[row], far, int(times[row]))
    names = [f"{one}·{i + 1}" if t > 1 else str(one) for one, i, t in zip(
        points.id[of].tolist(), nth.tolist(), times[of].tolist(), strict=True)]  # fmt: skip
    return Units(np.array(names), ux, uy, share), of, {int(r): int(times[r]) for r in np.flatnonzero(times > 1)}


def _shares(homes: Ints, buildings: Ints, times: Ints, of: Ints, nth: Ints) -> Ints:
    """Whole buildings to each group as equally as they go, households by buildings, nothing lost by rounding."""
    upto = (nth + 1) * buildings[of] // times[of] * homes[of] // buildings[of]
    before = nth * buildings[of] // times[of] * homes[of] // buildings[of]
    return np.asarray(upto - before, dtype=np.int64)


def _room(points: Points, x: Doubles, y: Doubles, rows: Ints, lines: Any, to_rim: Doubles) -> dict[int, float]:
    """Give the metres around a compound that are surely its own: short of neighbours, barriers and the border."""
    if not len(rows):
        return {}
    every = shapely.points(x, y)
    tree = shapely.STRtree(every)
    found = {}
    for row in rows.tolist():
        wanted = float(np.sqrt(points.households[row] * PER_HOME / np.pi))
        near = [i for i in tree.query(every[row], predicate="dwithin", distance=2.5 * wanted).tolist() if i != row]
        beside = [0.45 * float(np.hypot(x[i] - x[row], y[i] - y[row])) for i in near]
        room = min([*beside, 0.9 * float(to_rim[row]), wanted])
        if lines is not None:
            room = min(room, 0.9 * float(shapely.distance(lines, every[row])))
        found[row] = max(room, 0.1)
    return found


def _joined_inside(units: Units, edges: Edges, of: Ints, split: Mapping[int, int]) -> Edges:
    """Groups of one compound are one place: a barrier between two of them is none."""
    barrier = np.asarray(edges.barrier)
    inner = (of[edges.u] == of[edges.v]) & np.isin(of[edges.u], list(split))
    return Edges(edges.u, edges.v, edges.border, np.where(inner, NONE, barrier))


def _hung(units: Units, edges: Edges, of: Ints, beyond: Sequence[int], where: Ints) -> Edges:
    """A point beyond a coarse border, without ground of its own, hangs on the nearest unit inside. Several of them are
    neighbours where nothing lies between, or a whole quarter would hang on one house, each point by itself."""
    known = np.concatenate([edges.u, edges.v])
    alone = [i for i in np.flatnonzero(np.isin(of, beyond)).tolist() if i not in known]
    pairs = []
    for i in alone:
        near = np.flatnonzero((where[of] == where[of[i]]) & ~np.isin(np.arange(len(of)), alone))
        if len(near):
            far = np.hypot(units.x[near] - units.x[i], units.y[near] - units.y[i])
            pairs.append(sorted((i, int(near[np.lexsort((near, far))[0]]))))
    pairs += _between_them(units, [i for i in alone if (where[of] == where[of[i]]).sum() > 1], where[of])
    if not pairs:
        return edges
    more = np.array(pairs, dtype=np.int64)
    return Edges(
        np.concatenate([edges.u, more[:, 0]]), np.concatenate([edges.v, more[:, 1]]),
        np.concatenate([edges.border, np.full(len(more), cells.DISC)]),
        np.concatenate([np.asarray(edges.barrier), np.zeros(len(more), np.int64)]),
    )  # fmt: skip


def _between_them(units: Units, some: list[int], region: Ints) -> list[list[int]]:
    """Give pairs of these units of one region in whose circle (the way between them across) no other unit stands."""
    found = []
    for at, i in enumerate(some):
        later = np.array([j for j in some[at + 1 :] if region[j] == region[i]], dtype=np.int64)
        far = np.hypot(units.x[later] - units.x[i], units.y[later] - units.y[i])
        for j in later[np.lexsort((later, far))][:MOST_BESIDE].tolist():
            x, y = (units.x[i] + units.x[j]) / 2, (units.y[i] + units.y[j]) / 2
            inside = np.hypot(units.x - x, units.y - y) < np.hypot(units.x[i] - x, units.y[i] - y) * (1 - 1e-9)
            inside[[i, j]] = False
            if not inside.any():
                found.append([i, j])
    return found


# --- neighbours ------------------------------------------------------------------------------------------------


def _edges(shapes: list[Any]) -> tuple[Edges, Any]:
    u, v, border, along = cells.touching(shapes)
    return Edges(u, v, border, np.zeros(len(u), np.int64)), along


def _barriers(barriers: Sequence[Barrier]) -> Any:
    for one in barriers:
        if not isinstance(one.shape, shapely.Geometry) or one.shape.is_empty:
            raise refusals.BadGround(barrier="empty")
    return shapely.union_all([b.shape for b in barriers]) if barriers else None


def _marked(
    units: Units, edges: Edges, along: Any, lines: Any, barriers: Sequence[Barrier], crossings: Sequence[Crossing]
) -> tuple[Edges, dict[int, tuple[int, int]]]:
    """Mark the edges that no way leads along without meeting a barrier; let crossings through."""
    if lines is None or not len(edges.u):
        return edges, {}
    ways = _ways(units, edges, along)
    mark = np.zeros(len(edges.u), np.int64)
    for kind, level in ((False, SOFT), (True, HARD)):
        shapes = [b.shape for b in barriers if b.hard is kind]
        if shapes:
            wall = shapely.union_all(shapes)
            shapely.prepare(wall)
            mark[shapely.intersects(wall, ways).all(axis=1)] = level
    opened: dict[int, tuple[int, int]] = {}
    for number, crossing in enumerate(crossings):
        at = _let_through(units, edges, mark, crossing)
        if at is not None and (mark[at] != NONE or crossing.listed):
            opened[number] = (int(edges.u[at]), int(edges.v[at]))
            mark[at] = NONE if crossing.listed else CLOSED
    return Edges(edges.u, edges.v, edges.border, mark), opened


def _ways(units: Units, edges: Edges, along: Any) -> Any:
    """Give some ways from each unit to its neighbour, (m, 4): straight, and across their common border."""
    a = np.stack([units.x[edges.u], units.y[edges.u]], axis=1)
    b = np.stack([units.x[edges.v], units.y[edges.v]], axis=1)
    ways = [shapely.linestrings(np.stack([a, b], axis=1))]
    merged = shapely.line_merge(along)
    for share in ASIDE:
        longest = np.array([max(shapely.get_parts(line), key=lambda p: p.length) for line in merged], dtype=object)
        middle = shapely.line_interpolate_point(longest, share, normalized=True)
        point = np.stack([shapely.get_x(middle), shapely.get_y(middle)], axis=1)
        ways.append(shapely.linestrings(np.stack([a, point, b], axis=1)))
    return np.stack(ways, axis=1)


def _let_through(units: Units, edges: Edges, mark: Ints, crossing: Crossing) -> int | None:
    """Give the barred edge with the shortest way through a crossing, None if it is nobody's way."""
    barred = np.flatnonzero(mark >= HARD)
    if not len(barred):
        return None
    far = [np.hypot(units.x[end[barred]] - crossing.x, units.y[end[barred]] - crossing.y)
           for end in (edges.u, edges.v)]  # fmt: skip
    straight = np.hypot(*(axis[edges.u[barred]] - axis[edges.v[barred]] for axis in (units.x, units.y)))
    best = np.lexsort((edges.v[barred], edges.u[barred], far[0] + far[1]))[0]
    detour = float(far[0][best] + far[1][best] - straight[best])
    return int(barred[best]) if detour <= max(float(straight[best]), FAR_FROM_LINE) else None


# --- what stays together ---------------------------------------------------------------------------------------


def _merged(
    points: Points, of: Ints, split: Mapping[int, int], edges: Edges, community: Ints | None, small: int, most: int
) -> tuple[Ints, dict[int, int]]:
    """Tie each small compound to the neighbour it touches longest, the smallest first, while both fit one grid."""
    n = len(points.id)
    own = np.arange(n) if points.atoms is None else np.where(points.atoms >= 0, n + points.atoms, np.arange(n))
    home = dict(enumerate(np.unique(own, return_inverse=True)[1].tolist()))
    weight: dict[int, int] = {}
    for row, w in enumerate(points.households.tolist()):
        weight[home[row]] = weight.get(home[row], 0) + w
    beside = _beside(of, edges, community)
    merged: dict[int, int] = {}
    for row in np.lexsort((points.id, points.households)).tolist():
        mine = home[row]
        if weight[mine] >= small:
            continue
        fits = [(length, -other) for other, length in beside.get(row, {}).items()
                if home[other] != mine and weight[home[other]] + weight[mine] <= most]  # fmt: skip
        if fits:
            into = -max(fits)[1]
            merged[row], joined = into, home[into]
            weight[joined] += weight.pop(mine)
            home = {r: joined if h == mine else h for r, h in home.items()}
    label = np.array([home[r] for r in range(n)])[of]
    times = np.bincount(label)
    return np.where(times[label] > 1, label, -1), merged


def _beside(of: Ints, edges: Edges, community: Ints | None) -> dict[int, dict[int, float]]:
    found: dict[int, dict[int, float]] = {}
    free = np.asarray(edges.barrier) < HARD
    if community is not None:
        free &= community[edges.u] == community[edges.v]
    for u, v, length in zip(edges.u[free].tolist(), edges.v[free].tolist(), edges.border[free].tolist(), strict=True):
        a, b = int(of[u]), int(of[v])
        if a != b:
            for one, other in ((a, b), (b, a)):
                found.setdefault(one, {})
                found[one][other] = found[one].get(other, 0.0) + length
    return found
