"""A small town to place things in: one street, two communities of 1 km², four grids each, drawn by hand.

Degrees around 115.20, 30.10; one step of `S` is about 500 m. Community A is the western square, B the eastern.
"""

import json
from collections.abc import Sequence
from datetime import date

from conftest import MONDAY_TEN
from jishi.foundation.actor import Actor, system
from jishi.places.actions import divisions, grids, ground

WEST, SOUTH, S = 1_152_000_000, 301_000_000, 50_000  # 1e-7 degree
STREET, A, B = "990882001000", "990882001001", "990882001002"
CRS = "cgcs2000"
SINCE = date(2026, 1, 1)
DAY = date(2026, 3, 9)


def ring(x0: float, y0: float, x1: float, y1: float) -> list[tuple[int, int]]:
    """A closed rectangle in steps of `S`, anticlockwise, as 1e-7 degrees."""
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))
    return [(round(WEST + x * S), round(SOUTH + y * S)) for x, y in corners]


def at(x: float, y: float) -> tuple[int, int]:
    return round(WEST + x * S), round(SOUTH + y * S)


def degrees(x: float, y: float) -> tuple[float, float]:
    lng, lat = at(x, y)
    return lng / 1e7, lat / 1e7


def feature(code: str, coords: Sequence[tuple[int, int]], **said: str) -> dict:
    shape = [[x / 1e7, y / 1e7] for x, y in coords]
    named = {"code": code, "name": f"第{code[12:]}网格", **said}
    return {"type": "Feature", "properties": named, "geometry": {"type": "Polygon", "coordinates": [shape]}}


def collection(features: Sequence[dict]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}, ensure_ascii=False)


def grids_of(community: str = A) -> list[dict]:
    """Four squares of half a kilometre that fill the community."""
    x = 0 if community == A else 2
    return [
        feature(f"{community}{n:03d}", ring(x + i, j, x + i + 1, j + 1))
        for n, (i, j) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1)), start=1)
    ]


def office(tenant: int) -> Actor:
    return Actor(tenant_id=tenant, kind="staff", account_id=1, roles=frozenset({"office"}))


def a_town(tenant: int) -> None:
    """Divisions with borders, one edition of grids each, two compounds, roads that cross, a school, a levee."""
    by = system(tenant)
    whole = ring(0, 0, 4, 2)
    new = divisions.NewDivision
    divisions.found_divisions(
        [
            new("990000000000", "云江省", "云江省", 1, ""),
            new("990800000000", "云州市", "云州市", 2, "990000000000"),
            new("990882000000", "云溪市", "云溪市", 3, "990800000000", boundary=whole),
            new(STREET, "河西街道", "河西街道", 4, "990882000000", boundary=whole),
            new(A, "青溪社区居民委员会", "青溪社区", 5, STREET, boundary=ring(0, 0, 2, 2)),
            new(B, "翠竹社区居民委员会", "翠竹社区", 5, STREET, boundary=ring(2, 0, 4, 2)),
        ],
        source="试验", valid_from=SINCE, by=by, now=MONDAY_TEN,
    )  # fmt: skip
    for community in (A, B):
        adopt(community, by)
    stand(by)


def adopt(community: str, by: Actor, since: date = SINCE, **more: int):
    report = grids.check(collection(grids_of(community)), division=community, crs=CRS, by=by)
    return grids.adopt(report, effective_from=since, document_no="试〔2026〕1号", by=by, now=MONDAY_TEN, **more)


def stand(by: Actor) -> None:
    known = {"crs": CRS, "active_from": SINCE, "by": by, "now": MONDAY_TEN}
    ground.add_compounds(
        [
            ground.NewCompound(
                "c1", "翠竹苑", A, *at(0.5, 0.5), ("翠竹苑小区",), "old_estate", ring(0.3, 0.3, 0.7, 0.7)
            ),
            ground.NewCompound("c2", "和平里", B, *at(3.5, 1.5), (), "commercial", ring(3.3, 1.3, 3.7, 1.7)),
            ground.NewCompound("c3", "幸福", A, *at(1.5, 1.5), (), "commercial", ring(1.4, 1.4, 1.6, 1.6)),
        ],
        **known,
    )
    ground.add_buildings(
        [
            ground.NewBuilding(f"{c}-{n}", f"{n}号楼", *at(x + 0.1 * n, y), compound=c, aliases=(f"{n}栋",), why="试验")
            for c, x, y in (("c1", 0.25, 0.4), ("c2", 3.25, 1.4))
            for n in (1, 2, 3, 12)
            if n < 4 or c == "c2"
        ],
        **known,
    )
    ground.add_facilities(
        [
            ground.NewFacility("f1", "河西小学", "school", *at(2.5, 0.5), ("学校",), B, "jyj"),
            ground.NewFacility("f2", "云溪市图书馆", "library", *at(3.5, 0.5), ("图书馆",), B),
        ],
        **known,
    )
    ground.add_zones([ground.NewZone("levee", "堤防管理线", ring(0.9, 0, 1.0, 2))], **known)
    ground.add_names(
        [
            ground.NewName("r1", "云溪大道", "main", *at(2, 1), 1000, line=[at(0, 1.02), at(4, 1.02)], width_m=20),
            ground.NewName("r2", "柳岸路", "secondary", *at(1.2, 1), 500, line=[at(1.2, 0), at(1.2, 2)], width_m=10),
        ],
        **known,
    )
