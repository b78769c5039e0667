import numpy as np
import pytest

from jishi.kernels.geo.datum import from_cgcs2000
from jishi.kernels.geo.metres import scale
from jishi.kernels.geo.validate import BLOCKER, validate_polygons

COMMUNITY = "330302001001"
EAST = 1 / float(scale(28.0)[0])  # degrees of longitude per metre


def box(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(number, *rings, kind="Polygon"):
    return {
        "type": "Feature",
        "properties": {"code": f"{COMMUNITY}{number:03d}"},
        "geometry": {"type": kind, "coordinates": list(rings)},
    }


PARENT = {"type": "Polygon", "coordinates": [box(120.0, 28.0, 120.02, 28.01)]}
LEFT, RIGHT = box(120.0, 28.0, 120.01, 28.01), box(120.01, 28.0, 120.02, 28.01)
CLEAN = [feature(1, LEFT), feature(2, RIGHT)]


def findings(features, **kwargs):
    return validate_polygons(features, parent=PARENT, community=COMMUNITY, **kwargs)


def moved(features, convert):
    return [
        feature(i + 1, *[[list(map(float, convert(*p))) for p in ring] for ring in f["geometry"]["coordinates"]])
        for i, f in enumerate(features)
    ]


PLANTED = {
    "self_crossing": [
        feature(1, [[120.0, 28.0], [120.01, 28.01], [120.01, 28.0], [120.0, 28.01], [120.0, 28.0]]),
        feature(2, RIGHT),
    ],
    "unclosed": [feature(1, LEFT[:-1]), feature(2, RIGHT)],
    "too_few_points": [feature(1, [[120.0, 28.0], [120.01, 28.0], [120.0, 28.0]]), feature(2, RIGHT)],
    "zero_area": [
        feature(1, LEFT),
        feature(2, RIGHT),
        feature(3, [[120.0, 28.0], [120.001, 28.0], [120.001, 28.0000000001], [120.0, 28.0]]),
    ],
    "duplicate_vertices": [feature(1, [LEFT[0], *LEFT]), feature(2, RIGHT)],
    "hole_outside_shell": [feature(1, LEFT, box(120.03, 28.0, 120.031, 28.001)[::-1]), feature(2, RIGHT)],
    "ring_order": [feature(1, LEFT[::-1]), feature(2, RIGHT)],
    "overlap": [feature(1, box(120.0, 28.0, 120.01 + 2 * EAST, 28.01)), feature(2, RIGHT)],
    "gap": [feature(1, box(120.0, 28.0, 120.01 - 2 * EAST, 28.01)), feature(2, RIGHT)],
    "sliver": [feature(1, box(120.0, 28.0, 120.01 + 0.05 * EAST, 28.01)), feature(2, RIGHT)],
    "duplicate_code": [feature(1, LEFT), feature(1, RIGHT)],
    "code_of_another_community": [feature(1, LEFT), {**feature(2, RIGHT), "properties": {"code": "330302001002002"}}],
    "code_not_digits": [feature(1, LEFT), {**feature(2, RIGHT), "properties": {"code": "第二网格"}}],
    "swapped_axes": moved(CLEAN, lambda x, y: (y, x)),
    "metres_not_degrees": moved(CLEAN, lambda x, y: (x * 1e4, y * 1e5)),
    "wrong_crs": moved(CLEAN, lambda x, y: [v[0] for v in from_cgcs2000(x, y, "gcj02")]),
    "outside_parent": [feature(1, LEFT), feature(2, box(120.01, 28.0, 120.02 + 5 * EAST, 28.01))],
    "not_a_polygon": [
        *CLEAN,
        {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2]}},
    ],
}


class TestPlantedFaults:
    def test_a_clean_file_has_no_finding(self):
        assert findings(CLEAN) == []

    @pytest.mark.parametrize("code", PLANTED)
    def test_each_planted_fault_is_found(self, code):
        assert code in {f.code for f in findings(PLANTED[code])}

    @pytest.mark.parametrize(
        "code",
        sorted(PLANTED.keys() - {"self_crossing", "unclosed", "too_few_points", "hole_outside_shell", "zero_area"}),
    )
    def test_nothing_else_is_found_beside_it(self, code):
        assert {f.code for f in findings(PLANTED[code])} == {code}

    def test_an_overlap_tells_its_place_and_size(self):
        (seen,) = findings(PLANTED["overlap"])

        assert seen.features == (0, 1)
        assert seen.size_m2 == pytest.approx(2 * 1108, rel=0.01)
        assert 120.01 < seen.place[0] < 120.01 + 2 * EAST
        assert seen.level == BLOCKER

    @pytest.mark.parametrize("crs", ["gcj02", "bd09"])
    def test_a_shifted_drawing_is_named_with_its_shift(self, crs):
        (seen,) = findings(moved(CLEAN, lambda x, y: [v[0] for v in from_cgcs2000(x, y, crs)]))

        assert seen.proposal.startswith(f"looks_like_{crs}:")

    def test_without_a_parent_an_enclosed_gap_is_found(self):
        around = feature(1, box(120.0, 28.0, 120.01, 28.01), box(120.004, 28.004, 120.005, 28.005)[::-1])

        assert [f.code for f in validate_polygons([around])] == ["gap"]

    def test_an_overlap_under_one_square_metre_is_no_finding(self):
        tiny = [feature(1, box(120.0, 28.0, 120.01 + 1e-9, 28.01)), feature(2, RIGHT)]

        assert findings(tiny) == []

    def test_nan_in_a_ring_is_refused_for_that_feature_only(self):
        assert [f.code for f in findings([*CLEAN, feature(3, [[np.nan, 28.0], *LEFT[1:]])])] == ["not_a_polygon"]
