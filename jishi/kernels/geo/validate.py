"""What is wrong with drawn grids, where, how large, and what would cure it. A clean file gives no finding."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape as geometry_of
from shapely.geometry.base import BaseGeometry

from .bulk import sound_polygons, spikes, together, touching
from .datum import swapped, to_cgcs2000
from .metres import distance_m, ring_area_m2, scale

BLOCKER, WARNING = "blocker", "warning"
OVERLAP_M2, OVERLAP_WIDE_M, SLIVER_WIDE_M = 1.0, 0.1, 0.5
_CODE = re.compile(r"[0-9]{12,17}")


@dataclass(frozen=True)
class Finding:
    """One fault: its code, the features (by number in the file) it concerns, a place (lng, lat), m², a cure,
    how grave."""

    code: str
    features: tuple[int, ...]
    place: tuple[float, float] | None
    size_m2: float
    proposal: str
    level: str


@dataclass(frozen=True)
class _Drawn:
    number: int
    code: str
    polygons: tuple[tuple[np.ndarray[Any, Any], ...], ...]


def _read(features: Sequence[Mapping[str, Any]]) -> tuple[list[_Drawn], list[Finding]]:
    drawn, findings = [], []
    for number, feature in enumerate(features):
        geometry = feature.get("geometry") or {}
        kind, coordinates = geometry.get("type"), geometry.get("coordinates")
        parts: list[Any] = [coordinates] if kind == "Polygon" else []
        if kind == "MultiPolygon" and isinstance(coordinates, (list, tuple)):
            parts = list(coordinates)
        code = str((feature.get("properties") or {}).get("code", ""))
        try:
            rings = tuple(tuple(_corners(ring) for ring in part) for part in parts)
        except (TypeError, ValueError, IndexError):
            rings = ()
        if not rings or not all(len(part) and all(np.isfinite(ring).all() for ring in part) for part in rings):
            findings.append(Finding("not_a_polygon", (number,), None, 0.0, "draw_again", BLOCKER))
            continue
        drawn.append(_Drawn(number, code, rings))
    return drawn, findings


def _corners(ring: Any) -> np.ndarray[Any, Any]:
    """Two coordinates each; an array of them is taken as it is."""
    if isinstance(ring, np.ndarray) and ring.ndim == 2:
        return np.asarray(ring[:, :2], np.float64)
    return np.array([p[:2] for p in ring], np.float64).reshape(-1, 2)


def validate_polygons(
    features: Sequence[Mapping[str, Any]],
    *,
    parent: Mapping[str, Any] | None = None,
    community: str = "",
    known: Sequence[tuple[float, float]] = (),
) -> list[Finding]:
    """This will check GeoJSON features (`properties.code`, Polygon or MultiPolygon) said to be CGCS2000 degrees.

    `parent` is the geometry of the community that they must fill and not leave; `community` the code they must
    begin with; `known`
    are places (CGCS2000) that should lie inside, such as compounds. Rings first; overlaps, gaps and the parent
    are only looked at
    where the rings are sound, and nothing else is where the axes or the system are wrong.
    """
    drawn, findings = _read(features)
    wrong_system = list(_axes_and_system(drawn, parent, known))
    if wrong_system:
        return [*findings, *wrong_system]
    findings += _codes(drawn, community)
    sound: list[tuple[_Drawn, BaseGeometry]] = []
    plain = [d for d in drawn if len(d.polygons) == 1 and len(d.polygons[0]) == 1]
    at_once = sound_polygons([d.polygons[0][0] for d in plain])
    quick = {plain[n].number: shape for n, shape in at_once.items()}
    for one in drawn:
        if one.number in quick:
            sound.append((one, quick[one.number]))
            continue
        faults = list(_rings(one))
        findings += faults
        if not any(f.level == BLOCKER for f in faults):
            shape, more = _shape(one)
            findings += more
            if shape is not None:
                sound.append((one, shape))
    shared = touching([shape for _, shape in sound]) if len(sound) > 1 else []
    return [*findings, *_overlaps(sound, shared), *_against_parent(sound, shared, parent)]


def _axes_and_system(
    drawn: list[_Drawn], parent: Mapping[str, Any] | None, known: Sequence[tuple[float, float]]
) -> Iterator[Finding]:
    points = np.vstack([np.empty((0, 2)), *(ring for d in drawn for part in d.polygons for ring in part)])
    if not len(points):
        return
    if swapped(points[:, 0], points[:, 1]).all():
        middle = points.mean(axis=0)
        yield Finding("swapped_axes", _all(drawn), (float(middle[1]), float(middle[0])), 0.0, "swap_all", BLOCKER)
        return
    if (np.abs(points[:, 0]) > 180).any() or (np.abs(points[:, 1]) > 90).any():
        yield Finding("metres_not_degrees", _all(drawn), None, 0.0, "say_the_projected_system", BLOCKER)
        return
    guess = _other_system(points, parent, known)
    if guess:
        crs, metres = guess
        middle = points.mean(axis=0)
        yield Finding(
            "wrong_crs",
            _all(drawn),
            (float(middle[0]), float(middle[1])),
            0.0,
            f"looks_like_{crs}:{metres:.0f}_m",
            BLOCKER,
        )


def _all(drawn: list[_Drawn]) -> tuple[int, ...]:
    return tuple(d.number for d in drawn)


def _other_system(
    points: Any, parent: Mapping[str, Any] | None, known: Sequence[tuple[float, float]]
) -> tuple[str, float] | None:
    """The shifted system under which the drawing fits what is known far better than as it stands, and the shift
    in metres."""
    anchor = np.array(known, np.float64).reshape(-1, 2)
    ground = geometry_of(parent) if parent is not None else None
    if ground is None and not len(anchor):
        return None

    def misfit(lng: Any, lat: Any) -> float:
        if ground is not None:
            east, _ = scale(float(lat.mean()))
            every = len(lng) // 2000 + 1
            return float(shapely.distance(shapely.points(lng[::every], lat[::every]), ground).mean() * east)
        centre = (lng.min() + lng.max()) / 2, (lat.min() + lat.max()) / 2
        return float(
            distance_m(
                *centre, (anchor[:, 0].min() + anchor[:, 0].max()) / 2, (anchor[:, 1].min() + anchor[:, 1].max()) / 2
            )
        )

    as_it_stands = misfit(points[:, 0], points[:, 1])
    best: tuple[float, str, float] | None = None
    for crs in ("gcj02", "bd09"):
        moved = to_cgcs2000(points[:, 0], points[:, 1], crs)
        shift = float(distance_m(points[:, 0], points[:, 1], moved.lng, moved.lat).mean())
        fit = misfit(moved.lng, moved.lat)
        if shift > 50 and as_it_stands > 0.1 * shift and fit < 0.1 * as_it_stands and (best is None or fit < best[0]):
            best = (fit, crs, shift)
    return (best[1], best[2]) if best else None


def _codes(drawn: list[_Drawn], community: str) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for d in drawn:
        place = _place(d)
        if not _CODE.fullmatch(d.code):
            yield Finding("code_not_digits", (d.number,), place, 0.0, "give_a_code", BLOCKER)
        elif community and not d.code.startswith(community):
            yield Finding("code_of_another_community", (d.number,), place, 0.0, "give_a_code", BLOCKER)
        if d.code and d.code in seen:
            yield Finding("duplicate_code", (seen[d.code], d.number), place, 0.0, "give_a_code", BLOCKER)
        seen.setdefault(d.code, d.number)


def _place(d: _Drawn) -> tuple[float, float]:
    middle = d.polygons[0][0].mean(axis=0)
    return float(middle[0]), float(middle[1])


def _rings(d: _Drawn) -> Iterator[Finding]:
    for part in d.polygons:
        for at, ring in enumerate(part):
            yield from _ring(d.number, ring, is_shell=at == 0)


def _ring(number: int, ring: Any, *, is_shell: bool) -> Iterator[Finding]:
    start = (float(ring[0, 0]), float(ring[0, 1]))
    if not (ring[0] == ring[-1]).all():
        yield Finding("unclosed", (number,), start, 0.0, "close_the_ring", BLOCKER)
        return
    again = (ring[1:] == ring[:-1]).all(axis=1)
    if again.any():
        where = ring[1:][again][0]
        yield Finding("duplicate_vertices", (number,), (float(where[0]), float(where[1])), 0.0, "drop_repeats", WARNING)
    if len(ring[1:][~again]) < 3:
        yield Finding("too_few_points", (number,), start, 0.0, "draw_again", BLOCKER)
        return
    for at in spikes(ring, np.zeros(len(ring), np.int64)):
        place = (float(ring[at, 0]), float(ring[at, 1]))
        yield Finding("spike", (number,), place, 0.0, "take_the_repaired_copy", BLOCKER)
    if not shapely.LinearRing(ring).is_simple:
        yield Finding("self_crossing", (number,), _crossing(ring), 0.0, "take_the_repaired_copy", BLOCKER)
        return
    area = ring_area_m2(ring[:-1])
    if abs(area) < 0.01:
        yield Finding("zero_area", (number,), start, 0.0, "draw_again", BLOCKER)
    elif (area > 0) != is_shell:
        yield Finding("ring_order", (number,), start, abs(area), "turn_the_ring", WARNING)


def _crossing(ring: Any) -> tuple[float, float]:
    """A place where the ring meets itself, as the geometry library reports it."""
    words = shapely.is_valid_reason(shapely.Polygon(ring))
    numbers = re.findall(r"-?[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?", words.split("[")[-1])
    return (float(numbers[0]), float(numbers[1])) if len(numbers) >= 2 else (float(ring[0, 0]), float(ring[0, 1]))


def _shape(d: _Drawn) -> tuple[BaseGeometry | None, list[Finding]]:
    """The geometry of sound rings; holes that leave their shell are found here."""
    findings = []
    for shell, *holes in d.polygons:
        whole = shapely.Polygon(shell)
        for hole in holes:
            if not whole.covers(shapely.Polygon(hole)):
                place = (float(hole[0, 0]), float(hole[0, 1]))
                size = _m2(shapely.Polygon(hole).difference(whole))
                findings.append(Finding("hole_outside_shell", (d.number,), place, size, "drop_the_hole", BLOCKER))
    if findings:
        return None, findings
    shape = shapely.union_all([shapely.Polygon(shell, holes) for shell, *holes in d.polygons])
    if not shape.is_valid:
        findings.append(Finding("self_crossing", (d.number,), _place(d), 0.0, "take_the_repaired_copy", BLOCKER))
        return None, findings
    return shape, findings


def _m2(shape: BaseGeometry) -> float:
    if shape.is_empty:
        return 0.0
    east, north = scale(shape.centroid.y)
    return float(shape.area * float(east) * float(north))


def _width_m(shape: BaseGeometry) -> float:
    """How wide a narrow thing is: twice the area over its outline."""
    if shape.is_empty:
        return 0.0
    east, north = scale(shape.centroid.y)
    outline = shapely.transform(shape, lambda p: p * [float(east), float(north)]).length
    return 2 * _m2(shape) / outline if outline else 0.0


def _pieces(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    for piece in getattr(shape, "geoms", [shape]):
        if piece.geom_type == "Polygon" and not piece.is_empty:
            yield piece


def _point(shape: BaseGeometry) -> tuple[float, float]:
    point = shape.representative_point()
    return round(float(point.x), 7), round(float(point.y), 7)


def _overlaps(
    sound: list[tuple[_Drawn, BaseGeometry]], shared: Sequence[tuple[int, int, BaseGeometry]]
) -> Iterator[Finding]:
    for a, b, common in shared:
        for piece in _pieces(common):
            size, wide = _m2(piece), _width_m(piece)
            both = (sound[a][0].number, sound[b][0].number)
            if size >= OVERLAP_M2 and wide >= SLIVER_WIDE_M:
                yield Finding("overlap", both, _point(piece), round(size, 2), "give_to_either_or_split", BLOCKER)
            elif size >= OVERLAP_M2 and wide >= OVERLAP_WIDE_M:
                yield Finding("overlap", both, _point(piece), round(size, 2), "snap_the_edge", BLOCKER)
            elif size >= OVERLAP_M2:
                yield Finding("sliver", both, _point(piece), round(size, 2), "snap_the_edge", WARNING)


def _against_parent(
    sound: list[tuple[_Drawn, BaseGeometry]],
    shared: Sequence[tuple[int, int, BaseGeometry]],
    parent: Mapping[str, Any] | None,
) -> Iterator[Finding]:
    if not sound:
        return
    apart = frozenset(n for a, b, _ in shared for n in (a, b))
    whole = together([shape for _, shape in sound], apart)
    ground = geometry_of(parent) if parent is not None else None
    if ground is None:
        # Without a community only what the grids enclose can be called a gap.
        ground = shapely.union_all([shapely.Polygon(p.exterior) for p in _pieces(whole)])
    tree = shapely.STRtree([shape for _, shape in sound])
    for piece in _pieces(ground.difference(whole)):
        size, wide = _m2(piece), _width_m(piece)
        if size >= OVERLAP_M2 and wide >= OVERLAP_WIDE_M:
            beside = _along(piece, sound, tree)
            yield Finding("gap", beside, _point(piece), round(size, 2), "give_to_the_longest_neighbour", BLOCKER)
        elif size >= OVERLAP_M2:
            yield Finding("sliver", _along(piece, sound, tree), _point(piece), round(size, 2), "snap_the_edge", WARNING)
    if parent is not None:
        yield from _outside(sound, ground)


def _outside(sound: list[tuple[_Drawn, BaseGeometry]], ground: BaseGeometry) -> Iterator[Finding]:
    for drawn, shape in sound:
        beyond = [p for p in _pieces(shape.difference(ground)) if _m2(p) > OVERLAP_M2 and _width_m(p) >= OVERLAP_WIDE_M]
        if beyond:
            largest = max(beyond, key=_m2)
            size = round(sum(map(_m2, beyond)), 2)
            yield Finding(
                "outside_parent", (drawn.number,), _point(largest), size, "cut_or_correct_the_parent", BLOCKER
            )


def _along(
    piece: BaseGeometry, sound: list[tuple[_Drawn, BaseGeometry]], tree: shapely.STRtree
) -> tuple[int, ...]:
    """The neighbour with the longest common edge."""
    around = piece.buffer(1e-7)
    edge = piece.boundary.buffer(1e-7)
    near = [
        (sound[n][1].boundary.intersection(edge).length, -sound[n][0].number)
        for n in tree.query(around, predicate="intersects")
    ]
    return (-max(near)[1],) if near else ()
