import os

import numpy as np
import pytest

from jishi.kernels.geo import datum, shifts
from jishi.kernels.geo.datum import SwappedAxes, UnknownDatum, _even_odd, from_cgcs2000, to_cgcs2000, within
from jishi.kernels.geo.mainland import MAINLAND
from jishi.kernels.geo.metres import distance_m, ring_area_m2

STEP = 0.01 if os.environ.get("JISHI_PROFILE") == "nightly" else 0.23  # degrees
LNG, LAT = (a.ravel() for a in np.meshgrid(np.arange(74.03, 135, STEP), np.arange(18.1, 53.5, STEP)))
LNG[:40] = 105 + np.linspace(-1e-6, 1e-6, 40)  # the shift has a root on this meridian: no slope there
LAT[:40] = 30.0
MAIN = within(LNG, LAT, MAINLAND)


def published(lng, lat):
    """The shift of GCJ-02 as open converters write it, sine by sine."""
    x, y, phi = lng - 105.0, lat - 35.0, np.radians(lat)
    wave = 20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (wave + 20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    north += (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (wave + 20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    east += (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    axis, square = 6378245.0, 0.00669342162296594323
    magic = 1 - square * np.sin(phi) ** 2
    return (
        lng + east * 180 / (axis / np.sqrt(magic) * np.cos(phi) * np.pi),
        lat + north * 180 / (axis * (1 - square) / magic**1.5 * np.pi),
    )


def published_second(lng, lat):
    turns = np.pi * 3000 / 180
    far = np.hypot(lng, lat) + 0.00002 * np.sin(lat * turns)
    angle = np.arctan2(lat, lng) + 0.000003 * np.cos(lng * turns)
    return far * np.cos(angle) + 0.0065, far * np.sin(angle) + 0.006


class TestRoundTrip:
    @pytest.mark.parametrize(("crs", "limit_m"), [("gcj02", 5e-6), ("bd09", 5e-6), ("wgs84", 0.0), ("cgcs2000", 0.0)])
    def test_there_and_back_is_the_same_place(self, crs, limit_m):
        there = from_cgcs2000(LNG[MAIN], LAT[MAIN], crs)
        back = to_cgcs2000(*there, crs)

        assert float(distance_m(LNG[MAIN], LAT[MAIN], back.lng, back.lat).max()) <= limit_m

    def test_the_shifts_are_the_published_ones(self):
        lng, lat = LNG[MAIN], LAT[MAIN]

        there, again = from_cgcs2000(lng, lat, "gcj02"), from_cgcs2000(lng, lat, "bd09")

        wanted = published(lng, lat)
        assert np.allclose(there, wanted, rtol=0, atol=2e-13)
        assert np.allclose(again, published_second(*wanted), rtol=0, atol=2e-13)

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


class TestABatch:
    """Alone, in a small batch (numpy) and in a large one (compiled) a point has the same bytes."""

    @pytest.mark.parametrize("crs", ["gcj02", "bd09"])
    @pytest.mark.parametrize("convert", [to_cgcs2000, from_cgcs2000])
    def test_has_the_bytes_of_its_points_alone(self, convert, crs):
        count = datum._MANY
        chance = np.random.default_rng(5)
        lng, lat = chance.uniform(70, 140, count), chance.uniform(0, 58, count)  # some outside, some at sea
        lng[:20], lat[:20] = np.linspace(104.9999999, 105.0000001, 20), 30.0

        def columns(lng, lat):
            told = convert(lng, lat, crs)
            return (told.lng, told.lat) if convert is to_cgcs2000 else told

        large = columns(lng, lat)

        small = [columns(lng[at : at + 9000], lat[at : at + 9000]) for at in range(0, count, 9000)]
        alone = [columns(lng[at : at + 1], lat[at : at + 1]) for at in range(0, count, 997)]
        for column in (0, 1):
            assert large[column].tobytes() == np.concatenate([s[column] for s in small]).tobytes()
            assert large[column][::997].tobytes() == np.concatenate([a[column] for a in alone]).tobytes()

    def test_of_many_keeps_its_bad_rows_to_themselves(self):
        lng, lat = np.full(datum._MANY, 120.0), np.full(datum._MANY, 28.0)
        lng[[3, 70_000]], lat[9] = np.nan, 91.0

        seen = to_cgcs2000(lng, lat, "gcj02")

        assert np.flatnonzero(seen.bad).tolist() == [3, 9, 70_000]
        assert np.isnan(seen.lng[seen.bad]).all()
        assert np.ptp(seen.lng[~seen.bad]) == 0

    def test_of_a_few_does_not_load_the_compiler(self, monkeypatch):
        monkeypatch.delattr(datum, "_quick")

        assert len(to_cgcs2000(LNG[:5000], LAT[:5000], "bd09").lng) == 5000

    def test_leaves_the_columns_that_came_in_as_they_are(self):
        lng = np.array([120.0, np.nan])

        told = to_cgcs2000(lng, [28.0, 28.0], "wgs84")
        told.lng[0] = 0.0

        assert lng[0] == 120.0

    def test_sines_and_cosines_are_those_of_the_library_to_a_rounding(self):
        angle = np.linspace(-0.63, 0.63, 2001)

        sine, cosine = shifts._turned(angle)

        assert np.allclose(sine, np.sin(angle), rtol=0, atol=2.5e-16)
        assert np.allclose(cosine, np.cos(angle), rtol=0, atol=2.5e-16)


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
