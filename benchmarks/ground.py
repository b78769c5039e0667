"""How quick is the ground: importing 100,000 polygons with a report, locating points, reading addresses, a route?

The grids are drawn here: a lattice with bent edges, 41 points a ring, half a percent of them with a fault. Peers
are measured in the same run: shapely's tree for locating.
"""

import math
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.run import Figure

SIDE, STEPS, CELL = 316, 10, 0.004  # 99,856 polygons of 41 points, about 400 m wide
POINTS, PLAINLY = 1_000_000, 20_000
FAULTS = {"overlap": 0.002, "gap": 0.002, "self_crossing": 0.001}


def places() -> list[Figure]:
    """Measure the ground; what a machine has not is printed as not run."""
    rings = town(SIDE)
    return [*_imported(rings), *_located(rings), *_converted(), *_read(), *_routes()]


def town(side: int, seed: int = 1) -> list[Any]:
    """Give the closed rings of a lattice whose corners and edges are bent alike for both neighbours."""
    chance = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(side + 1) * CELL + 119, np.arange(side + 1) * CELL + 27)
    corner = np.stack((x, y), -1) + chance.uniform(-0.2, 0.2, (*x.shape, 2)) * CELL
    along = np.linspace(0, 1, STEPS + 1)[:, None]
    bow = np.sin(along * np.pi)

    def edges(a: Any, b: Any, way: int) -> Any:
        bend = np.zeros((*a.shape[:2], 1, 2))
        bend[..., 0, way] = chance.uniform(-0.05, 0.05, a.shape[:2]) * CELL
        return np.round(a[..., None, :] * (1 - along) + b[..., None, :] * along + bow * bend, 7)

    east, north = edges(corner[:, :-1], corner[:, 1:], 1), edges(corner[:-1], corner[1:], 0)
    return [
        np.concatenate((east[i, j][:-1], north[i, j + 1][:-1], east[i + 1, j][::-1][:-1], north[i, j][::-1]))
        for i in range(side)
        for j in range(side)
    ]


def _faulty(rings: list[Any]) -> tuple[list[Any], dict[str, set[int]]]:
    """The rings with faults planted far from each other, and where."""
    made, planted, side = [r.copy() for r in rings], {}, int(len(rings) ** 0.5)
    for at, (fault, share) in enumerate(FAULTS.items()):
        wanted = range(side + 7 + 97 * at, len(rings), round(1 / share))  # the lowest row has no neighbour below
        planted[fault] = set(wanted)
        for n in wanted:
            ring = made[n]
            middle = ring[:-1].mean(axis=0)
            if fault == "self_crossing":
                ring[[3, 13]] = ring[[13, 3]]
            else:
                ring[5] += (ring[5] - middle) * (0.2 if fault == "overlap" else -0.2)
    return made, planted


def _imported(rings: list[Any]) -> list[Figure]:
    from jishi.places import drawings, formats

    made, planted = _faulty(rings)
    features = [
        {
            "type": "Feature",
            "properties": {"code": f"330302{n:09d}", "name": f"第{n}格"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for n, ring in enumerate(made)
    ]
    content = formats.shapefile_zip(
        [{**f, "geometry": {"type": "Polygon", "coordinates": [f["geometry"]["coordinates"][0].tolist()]}}
         for f in features], ["code", "name"],
    )  # fmt: skip
    del features, made
    began, spent = time.perf_counter(), time.process_time()
    source = formats.read(content, "grids.zip")
    read = time.perf_counter() - began
    report = drawings.examine(source.features, division="330302000000", crs="cgcs2000", parent=None, known=())
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    seen: dict[str, set[int]] = {}
    for finding in report.findings:
        seen.setdefault(finding.code, set()).update(finding.features)
    missed = {
        f: len(wanted - seen.get(f, set()))
        for f, wanted in planted.items() if f != "gap"
    }  # fmt: skip
    points = sum(len(r) for r in rings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    what = f"import of {len(rings):,} polygons, {points:,} points: read and full report"
    return [
        Figure(what, f"{seconds:.1f} s, {spent:.1f} s of CPU (reading {read:.1f} s), {peak:.2f} GiB", "≤ 20 s, ≤ 2 GiB",
               seconds <= 20 and peak <= 2),
        Figure("planted faults that the report missed", ", ".join(f"{k} {v}" for k, v in missed.items()), "none",
               not any(missed.values())),
    ]  # fmt: skip


def _located(rings: list[Any]) -> list[Figure]:
    import shapely

    from jishi.kernels.geo.partition import PolygonIndex

    few = town(min(122, int(len(rings) ** 0.5)))
    began = time.perf_counter()
    index = PolygonIndex({f"{n:06d}": [ring] for n, ring in enumerate(few)})
    built = time.perf_counter() - began
    chance = np.random.default_rng(3)
    high = np.concatenate(few)
    half = POINTS // 2
    inside = chance.uniform(high.min(axis=0), high.max(axis=0), (half, 2))
    near = high[chance.integers(0, len(high), POINTS - half)] + chance.normal(0, 0.0002, (POINTS - half, 2))
    points = np.concatenate((inside, near))
    index.locate(points[:30_000, 0], points[:30_000, 1])  # warm: the loops are compiled once
    began = time.perf_counter()
    found = index.locate(points[:, 0], points[:, 1])
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    shapes = shapely.polygons([shapely.linearrings(r) for r in few])
    tree = shapely.STRtree(shapes)
    row, at = tree.query(shapely.points(points), predicate="intersects")
    peer = time.perf_counter() - began
    theirs = np.full(POINTS, len(few))
    np.minimum.at(theirs, row, at)
    differ = int((np.where(theirs == len(few), -1, theirs) != found.grid).sum())
    return [
        Figure(f"index of {len(few):,} grids", f"{built:.2f} s", "≤ 1.0 s", built <= 1.0),
        Figure("locate 1,000,000 points, half within 50 m of a border", f"{POINTS / seconds:,.0f}/s", "≥ 1,000,000/s",
               seconds <= 1.0),
        Figure("the same by shapely's tree, in the same run", f"{POINTS / peer:,.0f}/s; {differ} answers differ",
               "0 differ off the borders", None),
    ]  # fmt: skip


def _converted() -> list[Figure]:
    """Ten million points of one shifted system, a million at a time; beside it one point after the other in Python."""
    from jishi.kernels.geo import datum

    chance, told = np.random.default_rng(11), []
    lng, lat = chance.uniform(119, 122, POINTS), chance.uniform(27, 30, POINTS)
    began = time.process_time()
    plain = [_one_by_one(x, y) for x, y in zip(lng[:PLAINLY].tolist(), lat[:PLAINLY].tolist(), strict=True)]
    peer = (time.process_time() - began) * 10 * POINTS / PLAINLY
    for crs in ("gcj02", "bd09"):
        found = datum.to_cgcs2000(lng, lat, crs)  # warm: the loops are compiled once
        began, spent = time.perf_counter(), time.process_time()
        for _ in range(10):
            datum.to_cgcs2000(lng, lat, crs)
        seconds, spent = time.perf_counter() - began, time.process_time() - spent
        what, measured = f"convert {crs} to cgcs2000, {10 * POINTS:,} points", f"{seconds:.2f} s ({spent:.2f} s of CPU)"
        told.append(Figure(what, measured, "≤ 0.8 s", seconds <= 0.8))
        if crs == "gcj02":
            rows = zip(plain, found.lng[:PLAINLY], found.lat[:PLAINLY], lng[:PLAINLY], strict=True)
            off = max(abs(x - a) + abs(y - b) for (x, y), a, b, said in rows if a != said)  # at sea nothing is moved
            what = f"the published formula in Python, one by one ({PLAINLY:,} points, scaled)"
            said = f"{peer:.0f} s of CPU, {peer / spent:.0f} ×; {off * 111e6:.3f} mm off at most"
            told.append(Figure(what, said, "≥ 100 ×", peer / spent >= 100))
    return told


def _one_by_one(lng: float, lat: float) -> tuple[float, float]:
    """The place of GCJ-02 degrees as converters in plain Python find it: the shift taken away until nothing moves."""
    x, y = lng, lat
    for _ in range(10):
        east, north = _published(x, y)
        to_x, to_y = lng - east, lat - north
        if abs(to_x - x) + abs(to_y - y) < 1e-11:
            break
        x, y = to_x, to_y
    return to_x, to_y


def _published(lng: float, lat: float) -> tuple[float, float]:
    x, y, pi, sin = lng - 105, lat - 35, math.pi, math.sin
    wave = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    root, phi = math.sqrt(abs(x)), math.radians(lat)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (wave + 20 * sin(y * pi) + 40 * sin(y / 3 * pi) + 160 * sin(y / 12 * pi) + 320 * sin(y / 30 * pi)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (wave + 20 * sin(x * pi) + 40 * sin(x / 3 * pi) + 150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    axis, square = 6378245.0, 0.00669342162296594323
    flat = 1 - square * sin(phi) ** 2
    return (
        east * 180 / (axis / math.sqrt(flat) * math.cos(phi) * pi),
        north * 180 / (axis * (1 - square) / (flat * math.sqrt(flat)) * pi),
    )


def _read() -> list[Figure]:
    from jishi.kernels.address import Area, Book, Named, normalise_all
    from jishi.kernels.text.normalise import normalise_all as folded

    areas = [
        Area("330300000000", "温州市", 2), Area("330302000000", "鹿城区", 3, "330300000000"),
        Area("330302001000", "五马街道", 4, "330302000000"), Area("330302001001", "翠竹社区", 5, "330302001000"),
    ]  # fmt: skip
    kinds = (("苑", "compound"), ("路", "road"))
    said = [(f"{a}{b}{c}", k) for a in "翠锦龙凤金银和平" for b in "竹绣湖山桥泉" for c, k in kinds]
    names = [Named(n, word, k, "330302001001" if k == "compound" else "") for n, (word, k) in enumerate(said)]
    book = Book.of(areas, names, fold=lambda texts: [f.text for f in folded(texts)])
    chance = np.random.default_rng(5)
    lines = [
        f"温州市鹿城区{n.name}{chance.integers(1, 90)}" + (
            f"号楼{chance.integers(1, 5)}单元{chance.integers(1, 30)}0{chance.integers(1, 9)}室"
            if n.kind == "compound" else f"号附{chance.integers(1, 9)}号"
        )
        for n in (names[i] for i in chance.integers(0, len(names), 50_000))
    ]  # fmt: skip
    began = time.perf_counter()
    normalise_all(lines, within="330302000000", book=book)
    rate = len(lines) / (time.perf_counter() - began)
    goal = "25,000/s (1 M in 20 s on two cores)"
    return [Figure("addresses read, one process", f"{rate:,.0f}/s", goal, rate >= 25_000)]


def _routes() -> list[Figure]:
    from jishi.kernels.geo.routes import route_for

    stops = [(float(x), float(y)) for x, y in np.random.default_rng(7).uniform(-900, 900, (200, 2))]
    began = time.perf_counter()
    route = route_for(stops, (0.0, 0.0))
    took = (time.perf_counter() - began) * 1000
    share = route.length_m / route.given_m
    return [Figure("route over 200 stops", f"{took:.0f} ms, {share:.0%} of the order given", "≤ 100 ms", took <= 100)]


ALL: dict[str, Callable[[], list[Figure]]] = {"places": places}
