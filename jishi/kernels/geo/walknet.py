"""How far do people walk along the ways that there are, when barriers cut some of them and crossings open them again?

Lines become a net once (`joined`). A day's barriers leave some of its edges open (`open_edges`): a way that meets a
hard barrier away from a crossing is no way. Places hang on the net by a straight line × 1.35 (T) to its nearest node
that no barrier hides. Where the net does not lead, the estimate of `walking` stands in its place and is marked.

Of equally near nodes the first counts (they stand west to east); neither the order of lines nor their direction
changes an answer.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from .validate import BLOCKER, WARNING, Finding
from .walking import DETOUR, ON_IT_M, Doubles, Pass, Walks, walks

JOIN_M = 0.5  # ends that lie so near are one node
STEP_M = 10.0  # longer edges get nodes between, so that a door finds one near
ACCESS_M = 150.0  # (T) from a place to the net; farther away it is not on it
MOST_PAIRS = 5_000_000  # of lines whose boxes meet; more is not a drawing of ways
MOST_BESIDE = 500_000  # pairs of points within half a metre of each other, of which a thousand on one spot have as many
MOST_FOUND = 1000  # findings of one kind
_NEAREST, _AT_ONCE = 8, 8_000_000  # nodes tried for a place; distances held at one time
_LONG = 200  # points of a line that is worth a look at whether it goes to and fro
_LINES_AT_ONCE = 100  # asked for what they cross, so that few pairs are held before they are counted
_HALVINGS = 20  # of a reach of a kilometre: a millimetre
Ints = npt.NDArray[np.int32]
Truths = npt.NDArray[np.bool_]


class TooDense(ValueError):
    """More points or lines lie on each other than any drawing of ways has."""


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """Nodes in metres of a plane; edges u–v with their metres, and which of them have steps."""

    x: Doubles
    y: Doubles
    u: Ints
    v: Ints
    metres: Doubles
    steps: Truths


@dataclass(frozen=True, slots=True)
class NetWalks:
    """Metres between any two places; `straight` where the net does not lead and the estimate stands instead."""

    metres: Doubles
    straight: Truths
    estimate: Walks
    places: Doubles
    net: Net
    node: Ints  # of each place, −1 none
    ways: "_Ways"
    before: Ints | None  # [place, row] → the row before it on the way from the place; None: too many to hold

    def path(self, a: int, b: int) -> list[tuple[float, float]]:
        """This will give the points of the walk from place a to place b; nothing where nobody gets there."""
        if self.straight[a, b]:
            return self.estimate.path(a, b)
        ways, first = self.ways, int(self.ways.row[self.node[a]])
        before = _from(ways.graph, np.array([first], np.int32))[1][0] if self.before is None else self.before[a]
        rows = [int(ways.row[self.node[b]])]
        while rows[-1] != first:
            rows.append(int(before[rows[-1]]))
        steps = [ways.between(s, t) for s, t in itertools.pairwise(rows[::-1])]
        nodes = [int(self.node[a]), *(n for step in steps for n in step)]
        way = [(float(self.net.x[n]), float(self.net.y[n])) for n in nodes]
        (ax, ay), (bx, by) = self.places[a].tolist(), self.places[b].tolist()
        return [(ax, ay), *way, (bx, by)]


def nodes_of(lines: Sequence[Any]) -> tuple[int, int, float]:
    """This will tell how many nodes lines would have at most, which row is the longest (−1 none), and its metres."""
    shapes = np.array([*lines, None], dtype=object)[:-1]
    metres = shapely.length(shapes)
    metres = np.where(np.isfinite(metres), metres, 0.0)
    if not len(metres):
        return 0, -1, 0.0
    longest = int(np.argmax(metres))
    wanted = float(np.ceil(metres / STEP_M).sum() + shapely.get_num_coordinates(shapes).sum())
    return int(wanted), longest, float(metres[longest])


def joined(lines: Sequence[Any], steps: Sequence[bool] = ()) -> tuple[Net, tuple[Finding, ...]]:
    """This will join lines (metres of a plane) to a net, and say what a person should look at.

    Ends within half a metre are one node; an end on another line gets a node there (listed as mended). Lines that cross
    without a common vertex stay apart, as a bridge does, and are listed, a thousand at most. Whoever asks has looked
    at `nodes_of` before. :raises TooDense: too much lies on one spot.
    """
    kept, found = _sound(lines)
    if not kept:
        nothing, nowhere = np.empty(0), np.empty(0, np.int32)
        return Net(nothing, nothing, nowhere, nowhere, nothing, np.empty(0, bool)), tuple(found)
    drawn = np.array([shapely.force_2d(lines[n]) for n in kept], dtype=object)
    drawn, mended = _with_joints(drawn, kept)
    points, of = shapely.get_coordinates(shapely.get_parts(drawn), return_index=True)
    of_line = shapely.get_parts(drawn, return_index=True)[1]
    node, x, y = _nodes(points)
    ahead = np.flatnonzero(of[1:] == of[:-1])
    u, v = node[ahead], node[ahead + 1]
    stepped = np.array([bool(steps[n]) if len(steps) else False for n in kept])[of_line[of[ahead]]]
    net = _parted(_edges(x, y, np.minimum(u, v), np.maximum(u, v), stepped))
    return net, (*found, *mended, *_crossed(drawn, kept), *_apart(net))


def around(net: Net, bounds: tuple[float, float, float, float]) -> Net:
    """This will give the part of a net in a box (west, south, east, north); a way that leaves it is not seen."""
    inside = (net.x >= bounds[0]) & (net.x <= bounds[2]) & (net.y >= bounds[1]) & (net.y <= bounds[3])
    both = inside[net.u] & inside[net.v]
    fresh = np.cumsum(inside).astype(np.int32) - 1
    return Net(net.x[inside], net.y[inside], fresh[net.u[both]], fresh[net.v[both]], net.metres[both], net.steps[both])


def open_edges(net: Net, barriers: Sequence[Any], passes: Sequence[Pass]) -> Truths:
    """This will tell which edges lead on: those that meet no hard barrier, or meet it at one of its crossings."""
    is_open = np.ones(len(net.u), bool)
    if not len(barriers) or not len(net.u):
        return is_open
    lines = _lines(net.x[net.u], net.y[net.u], net.x[net.v], net.y[net.v])
    near = [_reach(barriers[n], [p for p in passes if p.barrier == n]) for n in range(len(barriers))]
    edge, barrier = shapely.STRtree(list(barriers)).query(lines, predicate="intersects")
    for at, n in zip(edge.tolist(), barrier.tolist(), strict=True):
        if near[n] is None or not near[n].covers(shapely.intersection(lines[at], barriers[n])):
            is_open[at] = False
    return is_open


def walks_on(
    net: Net, places: Sequence[tuple[float, float]], barriers: Sequence[Any] = (), passes: Sequence[Pass] = (), *,
    step_free: bool = False,
) -> NetWalks:  # fmt: skip
    """This will give the walks between places along the ways that are open, and the estimate where none leads.

    With `step_free` no way with steps is taken; whoever asks gives the crossings without steps alone.
    """
    there = np.array(places, np.float64).reshape(-1, 2)
    estimate = walks(places, barriers, passes)
    usable = open_edges(net, barriers, passes) & ~(net.steps & step_free)
    node, access = attached(net, usable, there, barriers)
    ways = _ways(net, usable, node[node >= 0])
    size, count = max(1, len(ways.kept)), len(there)
    along = np.full((count, count), np.inf)
    before = np.full((count, len(ways.kept)), -1, np.int32) if count * size <= _AT_ONCE else None
    on, step = np.flatnonzero(node >= 0), max(1, _AT_ONCE // size)
    for first in range(0, len(on), step):
        part = on[first : first + step]
        metres, backwards = _from(ways.graph, ways.row[node[part]])
        along[np.ix_(part, on)] = metres[:, ways.row[node[on]]] + access[part][:, None] + access[on][None, :]
        if before is not None:
            before[part] = backwards
    guessed = estimate.metres[:count, :count]
    beside = guessed <= access[:, None] + access[None, :]  # they meet before they come to the net
    straight = ~np.isfinite(along) | beside
    np.fill_diagonal(straight, True)
    return NetWalks(np.where(straight, guessed, along), straight, estimate, there, net, node, ways, before)


def metres_between(
    net: Net, pairs: Sequence[tuple[int, int]], places: Doubles, barriers: Sequence[Any] = (),
    passes: Sequence[Pass] = (),
) -> tuple[Doubles, Truths]:
    """This will give the metres of many pairs of places (rows of `places`) at once, and which are by straight line.

    Only who begins a walk is searched from, a bounded number at one time. By straight line is × 1.35, and infinite
    where a hard barrier lies between.
    """
    asked = np.array(pairs, np.int64).reshape(-1, 2)
    usable = open_edges(net, barriers, passes)
    node, access = attached(net, usable, places, barriers)
    a, b = asked[:, 0], asked[:, 1]
    guessed = np.hypot(*(places[a] - places[b]).T) * DETOUR
    guessed[_hidden(_lines(*places[a].T, *places[b].T), barriers)] = np.inf
    along = np.full(len(asked), np.inf)
    on = np.flatnonzero((node[a] >= 0) & (node[b] >= 0))
    starts, which = np.unique(node[a[on]], return_inverse=True)
    ways = _ways(net, usable, np.concatenate([node[a[on]], node[b[on]]]))
    step = max(1, _AT_ONCE // max(1, len(ways.kept)))
    for first in range(0, len(starts), step):
        metres, _ = _from(ways.graph, ways.row[starts[first : first + step]])
        mine = (which >= first) & (which < first + step)
        rows = on[mine]
        along[rows] = metres[which[mine] - first, ways.row[node[b[rows]]]] + access[a[rows]] + access[b[rows]]
    straight = ~np.isfinite(along) | (guessed <= access[a] + access[b])
    return np.where(straight, guessed, along), straight


def attached(net: Net, usable: Truths, places: Doubles, barriers: Sequence[Any]) -> tuple[Ints, Doubles]:
    """This will give the node by which each place comes to the net (−1 none), and the metres to it."""
    from scipy.spatial import cKDTree

    node, access = np.full(len(places), -1, np.int32), np.full(len(places), np.inf)
    alive = np.unique(np.concatenate([net.u[usable], net.v[usable]]))
    if not len(alive) or not len(places):
        return node, access
    count = min(_NEAREST, len(alive))
    far, at = cKDTree(np.stack([net.x[alive], net.y[alive]], axis=1)).query(places, k=count)
    far, at = far.reshape(len(places), count), alive[at.reshape(len(places), count)]
    order = np.lexsort((at, np.round(far, 6)), axis=1)
    far, at = np.take_along_axis(far, order, 1), np.take_along_axis(at, order, 1)
    px, py = (np.repeat(places[:, i], count) for i in (0, 1))
    hidden = _hidden(_lines(px, py, net.x[at.ravel()], net.y[at.ravel()]), barriers).reshape(far.shape)
    fits = (far <= ACCESS_M) & ~hidden
    first = fits.argmax(axis=1)
    has = fits.any(axis=1)
    rows = np.flatnonzero(has)
    node[rows], access[rows] = at[rows, first[rows]], far[rows, first[rows]] * DETOUR
    return node, access


@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """The open ways between junctions, dead ends and the nodes that were asked for: what lies on the way between two of
    these is one edge. `kept` (rows) their nodes, `row` of each node (−1 none); `key` of each edge in order, `via` the
    node on it that follows its lower row (−1: none lies between); `beside` the two neighbours of a node between."""

    graph: Any
    kept: Ints
    row: Ints
    key: npt.NDArray[np.int64]
    via: Ints
    beside: Ints

    def between(self, s: int, t: int) -> list[int]:
        """Give the nodes of the edge from row s to row t, without the first."""
        low, high = min(s, t), max(s, t)
        here = int(self.via[np.searchsorted(self.key, low * len(self.kept) + high)])
        last, end, found = int(self.kept[low]), int(self.kept[high]), []
        while here >= 0 and here != end:
            found.append(here)
            one, other = self.beside[here].tolist()
            last, here = here, other if one == last else one
        return [*found, end] if s == low else [*found[::-1], int(self.kept[low])]


def _ways(net: Net, usable: Truths, asked: Ints) -> _Ways:
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import connected_components

    size = len(net.x)
    u, v = np.minimum(net.u, net.v)[usable], np.maximum(net.u, net.v)[usable]
    u, v, metres, _ = _shortest(u, v, net.metres[usable])
    inner = np.bincount(np.concatenate([u, v]), minlength=size) == 2
    inner[asked] = False
    both = inner[u] & inner[v]
    links = coo_array((np.ones(int(both.sum()), np.int8), (u[both], v[both])), shape=(size, size))
    chain = connected_components(links, directed=False)[1] if size else np.empty(0, np.int32)
    on = np.where(inner[u], chain[u], np.where(inner[v], chain[v], -1))  # the chain of each edge
    length = np.bincount(on[on >= 0], metres[on >= 0], minlength=size)
    ends = np.flatnonzero(inner[u] != inner[v])  # a chain has two; one that is a ring has none and leads nowhere
    ends = ends[np.argsort(on[ends], kind="stable")]
    outer, first = np.where(inner[u[ends]], v[ends], u[ends]), np.where(inner[u[ends]], u[ends], v[ends])
    a, b, own = outer[::2], outer[1::2], first[::2]
    own = np.where(a < b, own, first[1::2])
    plain, apart = on < 0, a != b
    rows = (np.concatenate([u[plain], np.minimum(a, b)[apart]]), np.concatenate([v[plain], np.maximum(a, b)[apart]]),
            np.concatenate([metres[plain], length[on[ends][::2]][apart]]))  # fmt: skip
    via = np.concatenate([np.full(int(plain.sum()), -1, np.int32), own[apart]])
    kept = np.flatnonzero(~inner).astype(np.int32)
    row = np.full(size, -1, np.int32)
    row[kept] = np.arange(len(kept))
    u2, v2, metres2, via = _shortest(*rows, via)
    graph = csr_array((metres2, (row[u2], row[v2])), shape=(len(kept), len(kept)))
    beside = np.full((size, 2), -1, np.int32)
    near, far = np.concatenate([u, v]), np.concatenate([v, u])
    order = np.argsort(near, kind="stable")
    order = order[inner[near[order]]]
    beside[near[order][::2]] = far[order].reshape(-1, 2)
    return _Ways(graph, kept, row, row[u2].astype(np.int64) * len(kept) + row[v2], via.astype(np.int32), beside)


def _shortest(u: Ints, v: Ints, metres: Doubles, via: Ints | None = None) -> tuple[Ints, Ints, Doubles, Ints]:
    """Edges in order, of two side by side the shorter, then the one of the lower node between."""
    via = np.full(len(u), -1, np.int32) if via is None else via
    order = np.lexsort((via, metres, v, u))
    u, v, metres, via = u[order], v[order], metres[order], via[order]
    first = np.ones(len(u), bool)
    first[1:] = (u[1:] != u[:-1]) | (v[1:] != v[:-1])
    return u[first], v[first], metres[first], via[first]


def _from(graph: Any, starts: Ints) -> tuple[Doubles, Ints]:
    from scipy.sparse.csgraph import dijkstra

    found, before = dijkstra(graph, directed=False, indices=starts, return_predecessors=True)
    return found, before.astype(np.int32)


def _sound(lines: Sequence[Any]) -> tuple[list[int], list[Finding]]:
    kept, found = [], []
    for number, line in enumerate(lines):
        if line is None or line.geom_type not in ("LineString", "MultiLineString"):
            found.append(Finding("not_a_line", (number,), None, 0.0, "draw_again", BLOCKER))
        elif not np.isfinite(shapely.get_coordinates(line)).all():
            found.append(Finding("bad_number", (number,), None, 0.0, "draw_again", BLOCKER))
        elif line.is_empty or line.length < JOIN_M:
            found.append(Finding("no_length", (number,), _place(line), 0.0, "dropped", WARNING))
        else:
            kept.append(number)
    return kept, found


def _place(shape: Any) -> tuple[float, float] | None:
    return None if shape.is_empty else (float(shape.representative_point().x), float(shape.representative_point().y))


def _with_joints(drawn: Any, numbers: Sequence[int]) -> tuple[Any, list[Finding]]:
    """An end that lies on another line, where that line has no vertex, becomes a vertex of it."""
    parts, of = shapely.get_parts(drawn, return_index=True)
    ends = np.concatenate([shapely.get_point(parts, 0), shapely.get_point(parts, -1)])
    whose = np.concatenate([np.arange(len(parts))] * 2)
    end, on = _pairs(parts, ends, "dwithin", JOIN_M)
    end, on = end[whose[end] != on], on[whose[end] != on]
    vertices = np.array([shapely.MultiPoint(shapely.get_coordinates(p)) for p in parts], dtype=object)
    between = shapely.distance(vertices[on], ends[end]) > JOIN_M
    found: list[Finding] = []
    wanted: dict[int, list[Any]] = {}
    for e, n in zip(end[between].tolist(), on[between].tolist(), strict=True):
        wanted.setdefault(n, []).append(ends[e])
        both = numbers[of[whose[e]]], numbers[of[n]]
        if len(found) < MOST_FOUND:
            found.append(Finding("joint_missing", both, (float(ends[e].x), float(ends[e].y)), 0.0, "mended", WARNING))
    for n, points in wanted.items():
        old = shapely.get_coordinates(parts[n])
        at = [*shapely.line_locate_point(parts[n], shapely.points(old[1:-1])).tolist()] if len(old) > 2 else []
        more = [(float(shapely.line_locate_point(parts[n], p)), (p.x, p.y)) for p in points]
        inner = [*zip(at, map(tuple, old[1:-1].tolist()), strict=True), *more]
        parts[n] = shapely.LineString([tuple(old[0]), *(p for _, p in sorted(inner)), tuple(old[-1])])
    rows = [parts[of == n] for n in range(len(drawn))]
    return np.array([r[0] if len(r) == 1 else shapely.MultiLineString(list(r)) for r in rows], dtype=object), found


def _pairs(shapes: Any, asked: Any, predicate: Any, metres: float | None = None) -> tuple[Any, Any]:
    """Which of the asked meets which of the shapes. :raises TooDense: too many do, before they are all held."""
    tree, held, total = shapely.STRtree(shapes), [], 0
    for first in range(0, len(asked), _LINES_AT_ONCE):
        found = tree.query(asked[first : first + _LINES_AT_ONCE], predicate=predicate, distance=metres)
        total += found.shape[1]
        if total > MOST_PAIRS:
            raise TooDense
        found[0] += first
        held.append(found)
    a, b = np.concatenate(held, axis=1)
    return a, b


def _nodes(points: Doubles) -> tuple[Ints, Doubles, Doubles]:
    """Points that are near each other are one node, at the one of them that lies west, then south."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    spots = np.round(points, 3)
    order = np.lexsort((points[:, 1], points[:, 0], spots[:, 1], spots[:, 0]))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (spots[order[1:]] != spots[order[:-1]]).any(axis=1)  # on one millimetre: one point
    kept = order[fresh]
    tree = cKDTree(points[kept])
    if tree.count_neighbors(tree, JOIN_M) > 2 * MOST_BESIDE + len(kept):
        raise TooDense
    pairs = tree.query_pairs(JOIN_M, output_type="ndarray")
    size = len(kept)
    near = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    _, group = connected_components(near, directed=False)
    _, first, back = np.unique(group, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))  # nodes in the order of their westmost point
    node = np.empty(len(points), np.int32)
    node[order] = rank[back][np.cumsum(fresh) - 1]
    at = kept[np.sort(first)]
    return node, points[at, 0], points[at, 1]


def _edges(x: Doubles, y: Doubles, u: Ints, v: Ints, steps: Truths) -> Net:
    apart = u != v
    pairs = np.unique(np.stack([u[apart], v[apart], steps[apart]]).astype(np.int64), axis=1)
    u, v = pairs[0].astype(np.int32), pairs[1].astype(np.int32)
    return Net(x, y, u, v, np.hypot(x[u] - x[v], y[u] - y[v]), pairs[2].astype(bool))


def _parted(net: Net) -> Net:
    """Long edges get nodes of their own between, by which no other line can be met."""
    pieces = np.maximum(1, np.ceil(net.metres / STEP_M).astype(np.int64))
    edge = np.repeat(np.arange(len(pieces)), pieces)
    part = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    inner = part > 0
    share = (part / pieces[edge])[inner]
    a, b = net.u[edge[inner]], net.v[edge[inner]]
    x, y = (np.concatenate([c, c[a] + (c[b] - c[a]) * share]) for c in (net.x, net.y))
    fresh = np.zeros(len(edge), np.int64)
    fresh[inner] = len(net.x) + np.arange(int(inner.sum()))
    u = np.where(inner, fresh, net.u[edge])
    v = np.where(part + 1 < pieces[edge], np.roll(fresh, -1), net.v[edge])
    metres = (net.metres / pieces)[edge]
    return Net(x, y, u.astype(np.int32), v.astype(np.int32), metres, net.steps[edge])


def _crossed(drawn: Any, numbers: Sequence[int]) -> list[Finding]:
    """Lines that cross where they have no common vertex: one way over the other, or a joint that was forgotten."""
    a, b = _pairs(drawn, drawn, None)
    a, b = a[a < b], b[a < b]
    once = np.array([_walked_once(d) for d in drawn], dtype=object)
    meets = shapely.crosses(once[a], once[b])
    a, b = a[meets], b[meets]
    if not len(a):
        return []
    shared, of = shapely.get_parts(shapely.intersection(once[a], once[b]), return_index=True)
    shared, of = shared[shapely.get_type_id(shared) == 0], of[shapely.get_type_id(shared) == 0]
    vertices = np.array([shapely.MultiPoint(shapely.get_coordinates(d)) for d in drawn], dtype=object)
    away = np.maximum(shapely.distance(vertices[a[of]], shared), shapely.distance(vertices[b[of]], shared))
    return [
        Finding("crosses_without_joint", (numbers[a[n]], numbers[b[n]]), (x, y), 0.0, "look", WARNING)
        for n, (x, y), far in zip(of.tolist(), shapely.get_coordinates(shared).tolist(), away.tolist(), strict=True)
        if far > JOIN_M
    ][:MOST_FOUND]


def _walked_once(line: Any) -> Any:
    """A line that goes to and fro on itself, each stretch once: what it crosses is looked for stretch by stretch."""
    if shapely.get_num_coordinates(line) < _LONG:
        return line
    points, of = shapely.get_coordinates(shapely.get_parts(line), return_index=True)
    ahead = np.flatnonzero(of[1:] == of[:-1])
    a, b = np.round(points[ahead], 3), np.round(points[ahead + 1], 3)
    turned = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    a[turned], b[turned] = b[turned], a[turned]
    stretches = np.unique(np.hstack([a, b]), axis=0)
    return line if len(stretches) == len(ahead) else shapely.multilinestrings(stretches.reshape(-1, 2, 2))


def _apart(net: Net) -> list[Finding]:
    """Pieces that no way joins to the largest one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = len(net.x)
    ways = coo_array((np.ones(len(net.u), np.int8), (net.u, net.v)), shape=(size, size))
    count, piece = connected_components(ways, directed=False)
    length = np.bincount(piece[net.u], net.metres, count)
    pieces, first = np.unique(piece, return_index=True)
    others = np.sort(first[pieces != np.argmax(length)])[:MOST_FOUND]
    return [
        Finding("piece_apart", (), (float(net.x[n]), float(net.y[n])), round(metres, 2), "look", WARNING)
        for n, metres in zip(others.tolist(), length[piece[others]].tolist(), strict=True)
    ]


def _reach(barrier: Any, passes: Sequence[Pass]) -> Any:
    """The ground around the crossings of a barrier on which it may be crossed; None where it has none."""
    rounds = []
    for one in passes:
        at = shapely.Point(one.x, one.y)
        bank = at.distance(barrier.boundary) if barrier.area and barrier.covers(at) else 0.0
        rounds.append(at.buffer(1.5 * bank + ON_IT_M))
    return shapely.union_all(rounds) if rounds else None


def _lines(ax: Doubles, ay: Doubles, bx: Doubles, by: Doubles) -> Any:
    return shapely.linestrings(np.stack([np.stack([ax, ay], axis=1), np.stack([bx, by], axis=1)], axis=1))


def _hidden(lines: Any, barriers: Sequence[Any]) -> Truths:
    """Which of these straight lines a barrier stops."""
    stopped = np.zeros(len(lines), bool)
    if len(barriers) and len(lines):
        stopped[shapely.STRtree(list(barriers)).query(lines, predicate="intersects")[0]] = True
    return stopped


def near_pairs(x: Doubles, y: Doubles, *, reach_m: float, most: int) -> Ints:
    """This will give the pairs of points (rows, the lower first) at most `reach_m` apart; of more the nearest.

    `x`, `y`: metres in one plane. Points that lie on each other are all near: they alone may be more than `most`.
    """
    from scipy.spatial import cKDTree

    tree = cKDTree(np.column_stack((x, y)))

    def within(metres: float) -> int:
        return int((tree.count_neighbors(tree, metres) - tree.n) // 2)

    reach = reach_m
    if within(reach) > most:
        reach, step = 0.0, reach_m / 2
        for _ in range(_HALVINGS):
            reach += step if within(reach + step) <= most else 0.0
            step /= 2
    pairs: Ints = np.asarray(tree.query_pairs(reach, output_type="ndarray"), np.int32).reshape(-1, 2)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
