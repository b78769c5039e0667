"""Many rings at once are judged as each alone would be."""

import numpy as np
import shapely

from jishi.kernels.geo.bulk import sound_polygons, together
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
