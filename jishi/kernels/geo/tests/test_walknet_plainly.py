"""Metres along a net agree with the plainest search of it, whatever net is drawn."""

import heapq

import numpy as np
import pytest

from jishi.kernels.geo.walknet import Net, metres_between


def plainest(n: int, u, v, metres, start: int) -> list[float]:
    best, waiting = [float("inf")] * n, [(0.0, start)]
    while waiting:
        far, one = heapq.heappop(waiting)
        if far < best[one]:
            best[one] = far
            for a, b, more in zip(u.tolist(), v.tolist(), metres.tolist(), strict=True):
                if one in (a, b):
                    heapq.heappush(waiting, (far + more, b if one == a else a))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_metres_of_all_pairs_are_those_of_a_search_from_each_node(seed):
    rng = np.random.default_rng(seed)
    n = 24
    x, y = rng.uniform(0, 2_000, (2, n))
    u, v = rng.integers(0, n, (2, 20))
    u, v = u[u != v].astype(np.int32), v[u != v].astype(np.int32)
    metres = np.hypot(x[u] - x[v], y[u] - y[v]) * rng.uniform(1, 2, len(u))
    on = np.unique(np.concatenate([u, v]))
    pairs = np.array([(a, b) for a in range(len(on)) for b in range(a + 1, len(on))])
    net = Net(x, y, u, v, metres, np.zeros(len(u), bool))

    far, straight = metres_between(net, pairs, np.stack([x[on], y[on]], axis=1))

    told = np.array([plainest(n, u, v, metres, int(on[a]))[int(on[b])] for a, b in pairs.tolist()])
    assert (straight == ~np.isfinite(told)).all()
    assert np.allclose(far[~straight], told[~straight])
    crow = np.hypot(x[on][pairs[:, 0]] - x[on][pairs[:, 1]], y[on][pairs[:, 0]] - y[on][pairs[:, 1]])
    assert np.allclose(far[straight], 1.35 * crow[straight])
