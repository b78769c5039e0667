"""Many rings at once are judged as each alone would be."""

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st

from jishi.kernels.geo.bulk import sound_polygons, together, touching
from jishi.kernels.geo.validate import validate_polygons

SQUARE = [(119.0, 27.0), (119.001, 27.0), (119.001, 27.001), (119.0, 27.001), (119.0, 27.0)]
SPIKE = [*SQUARE[:2], (119.001, 27.0005), (119.0015, 27.0005), (119.001, 27.000502), *SQUARE[2:]]


def feature(ring, code="330302001001001"):
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"code": code}, "geometry": geometry}


def test_a_spike_is_found_at_its_tip():
    found = validate_polygons([feature(SPIKE)])

    assert [(f.code, f.level) for f in found] == [("spike", "blocker")]
    assert found[0].place == (119.0015, 27.0005)


def test_only_rings_without_any_fault_are_taken_at_once():
    rings = [SQUARE, SQUARE[::-1], SQUARE[:4], [SQUARE[0], *SQUARE], SPIKE, [SQUARE[n] for n in (0, 2, 1, 3, 0)]]

    assert list(sound_polygons([np.array(r) for r in rings])) == [0]


def test_the_quick_union_is_the_union_even_where_corners_do_not_meet():
    """A T-crossing: the long edge of one has no corner where two others meet."""
    tall, low, high = shapely.box(0, 0, 1, 2), shapely.box(1, 0, 2, 1), shapely.box(1, 1, 2, 2)

    assert together([tall, low, high]).equals(shapely.box(0, 0, 2, 2))
    assert together([tall, low, high, shapely.box(1.5, 0, 3, 1)], frozenset({1, 3})).area == 5.0


def drawn(chance, side: int) -> list:
    """Squares of a lattice, most of them as they are; some moved, grown, doubled, put inside another, or parted."""
    made = []
    for i in range(side):
        for j in range(side):
            box = shapely.box(i, j, i + 1, j + 1)
            fate = chance.integers(0, 12)
            if fate == 0:
                box = shapely.affinity.translate(box, *chance.uniform(-0.3, 0.3, 2))
            elif fate == 1:
                made.append(box)
            elif fate == 2:
                made.append(shapely.box(i + 0.2, j + 0.2, i + 0.6, j + 0.6))
            elif fate == 3:
                made.append(shapely.box(i, j, i + 0.5, j + 1))  # a corner on the middle of a neighbour's edge
                box = shapely.box(i + 0.5, j, i + 1, j + 1)
            elif fate == 4:
                box = shapely.box(i, j, i + 1.4, j + 1)
            made.append(box)
    return [made[n] for n in chance.permutation(len(made))]


@pytest.mark.parametrize("seed", range(20))
def test_shapes_that_share_ground_are_found_as_by_cutting_every_two(seed):
    shapes = drawn(np.random.default_rng(seed), 5)
    every = {(a, b) for a in range(len(shapes)) for b in range(a + 1, len(shapes))
             if shapely.intersection(shapes[a], shapes[b]).area > 0}  # fmt: skip

    found = touching(shapes)

    assert [(a, b) for a, b, _ in found] == sorted(every)
    assert all(common.equals(shapely.intersection(shapes[a], shapes[b])) for a, b, common in found)


def lattice(west: float, south: float, columns: int, rows: int, width: float, height: float) -> list:
    """A sound coverage: every inner edge is a neighbour's too."""
    return [
        shapely.box(west + i * width, south + j * height, west + (i + 1) * width, south + (j + 1) * height)
        for i in range(columns)
        for j in range(rows)
    ]


def pairs_of(shapes: list) -> list[tuple[int, int]]:
    return [
        (a, b) for a in range(len(shapes)) for b in range(a + 1, len(shapes))
        if shapely.intersection(shapes[a], shapes[b]).area > 0
    ]  # fmt: skip


class TestTwoCoveragesThatAreSoundByThemselves:
    """Each of their inner edges is matched by a neighbour of their own: that says nothing of the other coverage."""

    def test_laid_over_each_other_share_all_that_cutting_each_with_each_finds(self):
        shapes = [*lattice(0, 0, 6, 6, 1, 1), *lattice(0.5, 0.5, 6, 6, 1, 1)]
        assert [(a, b) for a, b, _ in touching(shapes)] == pairs_of(shapes)

    def test_nine_special_grids_in_a_general_one_share_ground_with_it_the_middle_one_too(self):
        shapes = [shapely.box(-1, -1, 4, 4), *lattice(0, 0, 3, 3, 1, 1)]
        assert [(a, b) for a, b, _ in touching(shapes)] == [(0, n) for n in range(1, 10)]

    def test_with_the_same_outer_edges_share_what_lies_over_each_other(self):
        shapes = [*lattice(0, 0, 3, 3, 1, 1), *lattice(0, 0, 3, 3, 1, 1), *lattice(0, 0, 1, 3, 3, 1)]
        assert [(a, b) for a, b, _ in touching(shapes)] == pairs_of(shapes)

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_of_any_size_and_place(self, data):
        number, sides = st.floats(-3, 3), st.floats(0.3, 4)
        one, other = (
            lattice(data.draw(number), data.draw(number), data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5)),
                    data.draw(sides), data.draw(sides))
            for _ in range(2)
        )  # fmt: skip
        shapes = [*one, *other]
        found = {(a, b): common.area for a, b, common in touching(shapes)}
        every = {pair: shapely.intersection(*(shapes[n] for n in pair)).area for pair in pairs_of(shapes)}
        assert {p for p, area in found.items() if area > 1e-9} == {p for p, area in every.items() if area > 1e-9}
