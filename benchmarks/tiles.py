"""How quick is a vector tile of a layer of 200,000 houses: cut for the first time, and asked for again by HTTP?

The houses are drawn here, on 20 × 20 km, half of them in the middle quarter; the tile of the middle is asked for.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.run import Figure

HOUSES, KM = 200_000, 0.01
TURNS = 15


def tiles() -> list[Figure]:
    """Measure tiles at zoom 14 of a town's houses, in the order in which a map asks for them."""
    from benchmarks.measures import client, town
    from jishi.kernels.geo import tiles as kernel

    tenant = town()
    lng, lat = _stand(tenant)
    asking = client()
    edition = asking.get("/api/v1/tiles").json()["edition"]
    x, y = kernel.place(lng, lat, 14)
    asked = [f"/api/v1/tiles/buildings/{edition}/14/{x + dx}/{y + dy}" for dx in range(-2, 2) for dy in range(-2, 2)]
    laying = _milliseconds(lambda: asking.get(asked.pop(0)))
    cold = [_milliseconds(lambda one=one: asking.get(one)) for one in asked]
    warm = [_milliseconds(lambda: asking.get(asked[-1])) for _ in range(TURNS)]
    answer = asking.get(asked[-1], headers={"Accept-Encoding": "gzip"})
    middle, again = statistics.median(cold), statistics.median(warm)
    size = len(answer.content) / 1000
    said = f"{middle:.0f} ms of a core ({max(cold):.0f} the slowest of {len(cold)})"
    return [
        Figure(f"laying {HOUSES:,} houses on the map, once per edition", f"{laying / 1000:.1f} s of a core", "–", None),
        Figure("tile z14, cold, through HTTP", said, "≤ 80 ms", middle <= 80),
        Figure("the same, warm", f"{again:.1f} ms of a core", "≤ 5 ms", again <= 5),
        Figure("its size, packed", f"{size:.0f} kB", "≤ 500 kB", size <= 500),
    ]  # fmt: skip


def _stand(tenant: int) -> tuple[float, float]:
    """Let the houses stand, some 14 m wide; gives the middle."""
    import shapely
    from django.db import connection
    from django.utils.timezone import localdate

    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.places import memory

    chance = np.random.default_rng(11)
    half = HOUSES // 2
    off = np.concatenate((chance.uniform(-10, 10, (half, 2)), chance.uniform(-5, 5, (HOUSES - half, 2)))) * KM
    at = off + (115.2, 30.1)
    drawn = shapely.to_wkb(shapely.box(at[:, 0], at[:, 1], at[:, 0] + 0.00014, at[:, 1] + 0.00013))
    with scope.work(system(tenant)), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO places_building"
            " (tenant_id, version, ref, name, aliases, lng_e7, lat_e7, footprint, active_from)"
            " SELECT %s, 1, 'bench' || n, (n %% 60) || '号楼', '{}', x, y, drawn, %s"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[]) WITH ORDINALITY AS given(x, y, drawn, n)",
            [tenant, localdate(), *(np.round(at * 1e7).astype(int)[:, i].tolist() for i in (0, 1)), drawn.tolist()],
        )
        memory.touch(tenant)
    return 115.2, 30.1


def _milliseconds(asked: Callable[[], Any]) -> float:
    began = time.process_time()
    answer = asked()
    if answer.status_code != 200:
        raise RuntimeError(answer.content[:300])
    return (time.process_time() - began) * 1000


ALL: dict[str, Callable[[], list[Figure]]] = {"tiles": tiles}
