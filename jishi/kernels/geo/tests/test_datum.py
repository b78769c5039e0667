import os

import numpy as np
import pytest

from jishi.kernels.geo.datum import SwappedAxes, UnknownDatum, _even_odd, from_cgcs2000, to_cgcs2000, within
from jishi.kernels.geo.mainland import MAINLAND
from jishi.kernels.geo.metres import distance_m, ring_area_m2

STEP = 0.01 if os.environ.get("JISHI_PROFILE") == "nightly" else 0.23  # degrees
LNG, LAT = (a.ravel() for a in np.meshgrid(np.arange(74.03, 135, STEP), np.arange(18.1, 53.5, STEP)))
MAIN = within(LNG, LAT, MAINLAND)


class TestRoundTrip:
    @pytest.mark.parametrize(("crs", "limit_m"), [("gcj02", 0.001), ("bd09", 0.001), ("wgs84", 0.0), ("cgcs2000", 0.0)])
    def test_there_and_back_is_the_same_place(self, crs, limit_m):
        there = from_cgcs2000(LNG[MAIN], LAT[MAIN], crs)
        back = to_cgcs2000(*there, crs)

        assert float(distance_m(LNG[MAIN], LAT[MAIN], back.lng, back.lat).max()) <= limit_m

    def test_the_shift_of_beijing_and_wenzhou_is_the_known_one(self):
        lng, lat = np.array([116.397, 120.70]), np.array([39.909, 28.0])

        there = from_cgcs2000(lng, lat, "gcj02")

        assert np.allclose(distance_m(lng, lat, *there), [555, 540], atol=40)

    @pytest.mark.parametrize(
        ("lng", "lat"), [(114.17, 22.30), (113.545, 22.19), (121.5, 25.03), (106.9, 47.9), (118.32, 24.44)]
    )
    def test_a_place_outside_the_mainland_is_not_moved(self, lng, lat):
        assert from_cgcs2000(lng, lat, "gcj02") == (lng, lat)
        back = to_cgcs2000(lng, lat, "gcj02")
        assert (back.lng[0], back.lat[0]) == (lng, lat)

    def test_the_cells_answer_as_the_edges_do(self):
        assert np.array_equal(MAIN, _even_odd(LNG, LAT, MAINLAND))


class TestRefusals:
    @pytest.mark.parametrize("crs", [None, "", "xian80", "beijing54", "local"])
    def test_a_pair_without_a_known_system_is_refused(self, crs):
        with pytest.raises(UnknownDatum):
            to_cgcs2000(120.0, 28.0, crs)

    def test_swapped_axes_come_with_the_corrected_pair(self):
        with pytest.raises(SwappedAxes) as refused:
            to_cgcs2000(25.1, 99.1, "wgs84")

        assert [float(v[0]) for v in refused.value.corrected] == [99.1, 25.1]

    def test_one_bad_row_leaves_the_others_answered(self):
        seen = to_cgcs2000([120.0, np.nan, np.inf, 500.0, 121.0], [28.0, 28.0, 28.0, 28.0, np.nan], "gcj02")

        assert seen.bad.tolist() == [False, True, True, True, True]
        assert np.isfinite(seen.lng[0])


class TestMetres:
    def test_a_degree_of_latitude_at_forty_is_111_km(self):
        assert float(distance_m(116, 39.5, 116, 40.5)) == pytest.approx(111_035, abs=15)

    def test_a_ring_against_the_clock_has_positive_area(self):
        ring = [(120.0, 28.0), (120.01, 28.0), (120.01, 28.01), (120.0, 28.01)]

        assert ring_area_m2(ring) == pytest.approx(983.2 * 1108.2, rel=2e-3)
        assert ring_area_m2(ring[::-1]) < 0
