from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jishi.kernels.geo.partition import BAD_INPUT, BORDER, GAP, INSIDE, OUTSIDE, UNIT, PolygonIndex, to_units


def square(west, south, size=0.01):
    return [[(west, south), (west + size, south), (west + size, south + size), (west, south + size), (west, south)]]


FOUR = {f"33030200100{i}": square(120 + (i % 2) * 0.01, 28 + (i // 2) * 0.01) for i in range(4)}


def lattice(seed, n=6):
    """Warped quadrilaterals that share their corners: a partition of crooked ground."""
    chance = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(n + 1) * 0.003, np.arange(n + 1) * 0.003)
    points = np.dstack((x, y)) + 120 + chance.uniform(-0.001, 0.001, (n + 1, n + 1, 2)) - [0, 92]
    order = chance.permutation(n * n)
    return {
        f"{order[i * n + j]:03d}": [[points[i, j], points[i, j + 1], points[i + 1, j + 1], points[i + 1, j]]]
        for i in range(n)
        for j in range(n)
    }


def oracle(x, y, ring):
    """Inside or on the edge, in rational numbers."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (
            min(x1, x2) <= x <= max(x1, x2)
            and min(y1, y2) <= y <= max(y1, y2)
            and (x2 - x1) * (y - y1) == (x - x1) * (y2 - y1)
        ):
            return True
        if (y1 > y) != (y2 > y) and x < x1 + Fraction((y - y1) * (x2 - x1), y2 - y1):
            inside = not inside
    return inside


class TestExact:
    @settings(max_examples=min(1000, settings.default.max_examples))  # spec 20 §13, 1: a thousand editions
    @given(st.integers(0, 10_000))
    def test_every_point_has_the_lowest_claiming_grid_as_rational_numbers_say(self, seed):
        grids = lattice(seed, 4)
        index = PolygonIndex(grids)
        rings = {code: [tuple(int(v) for v in to_units(p)) for p in rings[0]] for code, rings in grids.items()}
        vertices = np.array([p for ring in rings.values() for p in ring])
        middles = np.array(
            [
                ((a[0] + b[0]) // 2, (a[1] + b[1]) // 2)
                for ring in rings.values()
                for a, b in zip(ring, ring[1:], strict=False)
            ]
        )
        chance = np.random.default_rng(seed).integers(vertices.min(axis=0), vertices.max(axis=0), (40, 2))
        points = np.vstack((vertices, middles, chance))

        seen = index.grid_of(points[:, 0], points[:, 1])

        for (x, y), grid in zip(points.tolist(), seen, strict=True):
            claims = [code for code in index.codes if oracle(x, y, rings[code])]
            assert (claims[0] if claims else None) == (index.codes[grid] if grid >= 0 else None)

    def test_a_corner_of_four_belongs_to_the_lowest_code_and_is_a_border(self):
        seen = PolygonIndex(FOUR).locate([120.01], [28.01])

        assert (seen.grid[0], seen.status[0], seen.other[0], float(seen.border_m[0])) == (0, BORDER, 1, 0.0)

    def test_order_of_points_and_grids_does_not_matter(self):
        grids = lattice(1)
        lng, lat = np.random.default_rng(2).uniform([120, 28], [120.018, 28.018], (500, 2)).T
        straight = PolygonIndex(grids).locate(lng, lat)
        turned = PolygonIndex(dict(reversed(grids.items()))).locate(lng[::-1], lat[::-1])

        assert np.array_equal(straight.grid, turned.grid[::-1])
        assert np.array_equal(straight.other, turned.other[::-1])

    @pytest.mark.parametrize("threads", [1, 2, 8])
    def test_one_index_asked_by_many_threads_gives_the_same_bytes(self, threads):
        index = PolygonIndex(lattice(3))
        points = np.random.default_rng(4).uniform([120, 28], [120.018, 28.018], (4000, 2))
        alone = index.locate(*points.T)

        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(lambda part: index.locate(*part.T), np.array_split(points, 16)))

        for column in ("grid", "status", "other", "border_m"):
            together = np.concatenate([getattr(part, column) for part in parts])
            assert together.tobytes() == getattr(alone, column).tobytes()

    def test_a_hole_and_a_second_piece_are_respected(self):
        index = PolygonIndex({"001": [square(120, 28)[0], square(120.004, 28.004, 0.002)[0], square(120.02, 28)[0]]})

        assert index.locate([120.001, 120.005, 120.021], [28.001, 28.005, 28.001]).grid.tolist() == [0, -1, 0]


class TestStatus:
    def test_far_from_other_grids_is_inside_even_beside_the_outer_border(self):
        seen = PolygonIndex(FOUR).locate([120.00001, 120.005], [28.005, 28.005])

        assert seen.status.tolist() == [INSIDE, INSIDE]
        assert seen.border_m[0] == pytest.approx(0.983, abs=0.01)

    def test_nine_metres_from_a_neighbour_is_border_and_eleven_is_not(self):
        metres = 1 / 98_320
        seen = PolygonIndex(FOUR).locate([120.01 - 9 * metres, 120.01 - 11 * metres], [28.005, 28.005])

        assert seen.status.tolist() == [BORDER, INSIDE]
        assert seen.other.tolist() == [1, -1]

    def test_ground_without_a_grid_is_a_gap_and_names_the_nearest_only_when_asked(self):
        index = PolygonIndex({k: v for k, v in FOUR.items() if not k.endswith("3")}, ground=square(120, 28, 0.02))

        seen = index.locate([120.0105, 130.0], [28.015, 28.015], nearest_m=100)

        assert seen.status.tolist() == [GAP, OUTSIDE]
        assert (index.codes[seen.other[0]], seen.other[1]) == ("330302001002", -1)
        assert index.locate([120.0105], [28.015]).other[0] == -1

    def test_one_bad_row_leaves_the_others_answered(self):
        seen = PolygonIndex(FOUR).locate([np.nan, 120.005, np.inf, 1e9], [28.0, 28.005, 28.0, 28.0])

        assert seen.status.tolist() == [BAD_INPUT, INSIDE, BAD_INPUT, BAD_INPUT]

    def test_no_grids_and_no_points_are_answered_too(self):
        assert PolygonIndex({}).locate([120.0], [28.0]).status.tolist() == [OUTSIDE]
        assert len(PolygonIndex(FOUR).locate([], []).grid) == 0

    def test_units_are_a_centimetre(self):
        assert to_units([120.12345678]).tolist() == [1201234568]
        assert UNIT == 10**7


_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))


def test_a_large_batch_is_answered_bit_for_bit_as_its_small_parts():
    """Large batches run in compiled loops; the answer of a point may not depend on how many others were asked."""
    rng = np.random.default_rng(4)
    step = 0.001
    squares = {
        f"{n:04d}": [[(119 + (i + a) * step, 27 + (j + b) * step + 1e-4 * a) for a, b in _CORNERS]]
        for n, (i, j) in enumerate(np.ndindex(12, 12))
    }  # fmt: skip
    index = PolygonIndex(squares)
    corners = np.array([p for rings in squares.values() for p in rings[0]])
    spread = rng.uniform((118.999, 26.999), (119.013, 27.013), (18_000, 2))
    points = np.concatenate((spread, np.repeat(corners, 4, axis=0)))

    whole = index.locate(points[:, 0], points[:, 1])
    parts = [index.locate(p[:, 0], p[:, 1]) for p in np.array_split(points, 40)]

    for name in ("grid", "status", "border_m", "other"):
        apart = np.concatenate([getattr(p, name) for p in parts])
        assert np.array_equal(getattr(whole, name), apart, equal_nan=True), name
