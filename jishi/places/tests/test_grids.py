"""Drawn grids with planted faults: each is found with its place and size, and the clean twin has none."""

import json
from datetime import date, timedelta

import pytest

from conftest import MONDAY_TEN
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound
from jishi.kernels.geo import datum
from jishi.places import queries
from jishi.places.actions import divisions, grids, ground
from jishi.places.models import Compound, Grid, GridEdition
from jishi.places.refusals import (
    EditionsOverlap,
    EffectiveInThePast,
    GridsHaveFaults,
    GroundAlreadyServed,
    NoEditionYet,
    SpecialGridWithoutOwner,
    SwappedAxes,
    UnknownDatum,
)
from jishi.places.tests.factories import (
    CRS,
    DAY,
    SINCE,
    A,
    B,
    a_town,
    adopt,
    at,
    collection,
    degrees,
    feature,
    grids_of,
    ring,
)
from jishi.places.tests.factories import office as an_office

pytestmark = pytest.mark.django_db
LATER = date(2026, 6, 1)


@pytest.fixture
def by(other_tenant: int):
    actor = system(other_tenant)
    with scope.work(actor):
        a_town(other_tenant)
        yield actor


def check(features, by: Actor, crs: str = CRS, division: str = A):
    return grids.check(collection(features), division=division, crs=crs, by=by)


def codes(report) -> set[str]:
    return {f.code for f in report.findings if f.level == "blocker"}


def found(report, code: str):
    return next(f for f in report.findings if f.code == code)


def edited(number: int, **changes) -> list[dict]:
    """The clean twin with one feature changed."""
    rows = grids_of()
    rows[number].update(changes)
    return rows


def polygon(*coords) -> dict:
    return {"type": "Polygon", "coordinates": [[[x / 1e7, y / 1e7] for x, y in coords]]}


class TestCheck:
    def test_a_clean_file_has_no_blocker(self, by):
        assert check(grids_of(), by).blockers == ()

    def test_crossed_rings_are_found_where_they_cross(self, by):
        bow = polygon(at(0, 0), at(1, 1), at(1, 0), at(0, 1), at(0, 0))

        report = check(edited(0, geometry=bow), by)

        assert found(report, "self_crossing").place == pytest.approx(degrees(0.5, 0.5), abs=1e-6)

    def test_an_open_ring_is_found(self, by):
        assert "unclosed" in codes(check(edited(0, geometry=polygon(at(0, 0), at(1, 0), at(1, 1), at(0, 1))), by))

    def test_an_overlap_is_found_with_its_square_metres(self, by):
        rows = edited(0, geometry=polygon(*ring(0, 0, 1.1, 1)))

        overlap = found(check(rows, by), "overlap")

        assert overlap.size_m2 == pytest.approx(481.6 * 554.3 * 0.1, rel=0.01)  # a tenth of a square of 481.6 × 554.3 m
        assert overlap.features == (0, 1)

    def test_a_gap_is_found_with_its_square_metres(self, by):
        gap = found(check(edited(0, geometry=polygon(*ring(0, 0, 0.9, 1))), by), "gap")

        assert gap.size_m2 == pytest.approx(26_690, rel=0.01)

    def test_ground_beyond_the_community_is_found(self, by):
        assert "outside_parent" in codes(check(edited(0, geometry=polygon(*ring(-0.2, 0, 1, 1))), by))

    def test_swapped_axes_are_found_for_the_whole_file(self, by):
        rows = grids_of()
        for row in rows:
            row["geometry"]["coordinates"] = [[[y, x] for x, y in row["geometry"]["coordinates"][0]]]

        swapped = found(check(rows, by), "swapped_axes")

        assert (swapped.features, swapped.proposal) == ((0, 1, 2, 3), "swap_all")

    @pytest.mark.parametrize("crs", ["gcj02", "bd09"])
    def test_a_shifted_datum_is_named_with_its_offset(self, by, crs):
        rows = grids_of()
        for row in rows:
            lng, lat = zip(*row["geometry"]["coordinates"][0], strict=True)
            moved = datum.from_cgcs2000(lng, lat, crs)
            row["geometry"]["coordinates"] = [[[float(x), float(y)] for x, y in zip(*moved, strict=True)]]

        report = check(rows, by)

        assert found(report, "wrong_crs").proposal.startswith(f"looks_like_{crs}:")
        assert check(rows, by, crs=crs).blockers == ()  # said rightly, the same file is clean

    @pytest.mark.parametrize(
        ("code", "fault"),
        [(f"{A}002", "duplicate_code"), (f"{B}001", "code_of_another_community"), ("网格一", "code_not_digits")],
    )
    def test_a_wrong_code_is_found(self, by, code, fault):
        assert fault in codes(check(edited(0, properties={"code": code, "name": "x"}), by))

    def test_a_turned_ring_is_repaired_and_listed(self, by):
        report = check(edited(0, geometry=polygon(*reversed(ring(0, 0, 1, 1)))), by)

        assert (report.blockers, found(report, "ring_order").level) == ((), "warning")
        assert report.grids[0].wkb == check(grids_of(), by).grids[0].wkb or report.hash

    def test_altitudes_are_dropped_and_said(self, by):
        rows = grids_of()
        rows[0]["geometry"]["coordinates"][0] = [[x, y, 12.5] for x, y in rows[0]["geometry"]["coordinates"][0]]

        report = check(rows, by)

        assert (report.blockers, found(report, "altitude_dropped").features) == ((), (0,))

    def test_a_compound_cut_by_a_border_is_a_warning(self, by):
        rows = [
            feature(f"{A}001", ring(0, 0, 0.5, 2)),
            feature(f"{A}002", ring(0.5, 0, 2, 2)),
        ]

        assert found(check(rows, by), "compound_cut").level == "warning"

    def test_a_file_without_a_label_cannot_enter(self, by):
        with pytest.raises(UnknownDatum):
            check(grids_of(), by, crs="")

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"type": "FeatureCollection", "features": []}', "\x00"])
    def test_what_is_no_geojson_is_refused(self, by, text):
        with pytest.raises(Invalid):
            grids.check(text, division=A, crs=CRS, by=by)

    def test_a_post_that_does_not_keep_places_may_not(self, by):
        worker = Actor(tenant_id=by.tenant_id, kind="staff", account_id=2, roles=frozenset({"grid_worker"}))

        with pytest.raises(NotAllowed):
            check(grids_of(), worker)


class TestAdopt:
    def test_faults_are_refused_and_nothing_is_stored(self, by):
        before = (GridEdition.objects.count(), Grid.objects.count())
        report = check(edited(0, geometry=polygon(*ring(0, 0, 1.1, 1))), by)

        with pytest.raises(GridsHaveFaults, match="two grids overlap|重叠"):
            grids.adopt(report, effective_from=LATER, document_no="", by=by, now=MONDAY_TEN, replaces=1)
        assert (GridEdition.objects.count(), Grid.objects.count()) == before

    def test_an_edition_over_another_is_refused_naming_both(self, by):
        with pytest.raises(EditionsOverlap) as no:
            adopt(A, by, LATER)

        assert (no.value.facts["division"], no.value.facts["number"]) == (A, 1)
        assert LATER.isoformat() in no.value.facts["wanted"]

    def test_a_street_edition_over_a_community_edition_is_refused(self, by):
        rows = [*grids_of(A), *grids_of(B)]
        report = check(rows, by, division="990882001000")

        with pytest.raises(EditionsOverlap):
            grids.adopt(report, effective_from=LATER, document_no="", by=by, now=MONDAY_TEN)

    def test_the_edition_that_is_replaced_ends_that_day_and_answers_for_its_own_time(self, by):
        halves = [feature(f"{A}001", ring(0, 0, 1, 2)), feature(f"{A}009", ring(1, 0, 2, 2))]
        grids.adopt(check(halves, by), effective_from=LATER, document_no="", by=by, now=MONDAY_TEN, replaces=1)

        lng, lat = degrees(1.5, 0.5)
        answers = [
            queries.locate([lng], [lat], crs=CRS, day=day)[0].grid
            for day in (SINCE, LATER - timedelta(days=1), LATER, LATER + timedelta(days=400))
        ]

        assert answers == [f"{A}002", f"{A}002", f"{A}009", f"{A}009"]

    def test_yesterday_is_refused_except_to_the_loader(self, by):
        office = an_office(by.tenant_id)
        report = check(grids_of(), by)

        with pytest.raises(EffectiveInThePast):
            grids.adopt(report, effective_from=date(2026, 3, 8), document_no="", by=office, now=MONDAY_TEN)

    def test_a_special_grid_without_owner_is_refused(self, by):
        rows = grids_of()
        rows[0]["properties"] |= {"kind": "special", "special_of": "school"}

        with pytest.raises(SpecialGridWithoutOwner):
            grids.adopt(check(rows, by), effective_from=LATER, document_no="", by=by, now=MONDAY_TEN, replaces=1)

    def test_a_special_grid_over_a_general_one_is_refused_with_the_cut_that_would_make_it_lawful(self, by):
        school = ring(0.2, 0.2, 0.4, 0.4)
        rows = [*grids_of(), feature(f"{A}901", school, kind="special", special_of="school", owner_ref="jyj")]

        with pytest.raises(GroundAlreadyServed) as no:
            grids.adopt(check(rows, by), effective_from=LATER, document_no="", by=by, now=MONDAY_TEN, replaces=1)

        rows[0] = no.value.facts["cut"]["features"][0]
        assert check(rows, by).blockers == ()

    def test_it_leaves_a_record(self, by):
        edition = GridEdition.objects.get(division_code=A)

        entry = trail.of("grid_edition", edition.id)[-1]
        assert (entry.verb, entry.codes["hash"]) == ("grids.adopted", edition.hash)

    def test_an_edition_that_is_not_in_force_yet_can_be_withdrawn(self, by):
        edition = grids.adopt(
            check(grids_of(), by), effective_from=LATER, document_no="", by=by, now=MONDAY_TEN, replaces=1
        )

        grids.withdraw(edition.id, by=by, now=MONDAY_TEN)

        assert {g.edition for g in queries.grids_in(A, LATER)} == {1}  # the one it would have ended goes on
        with pytest.raises(NotFound):
            grids.withdraw(edition.id, by=by, now=MONDAY_TEN)


class TestLocate:
    def test_every_status_is_said(self, by):
        points = [degrees(0.5, 0.5), degrees(1.005, 0.5), degrees(9, 9), (float("nan"), 30.0)]

        rows = queries.locate([p[0] for p in points], [p[1] for p in points], crs=CRS, day=DAY)

        assert [r.status for r in rows] == ["inside", "border", "outside", "bad_input"]
        assert rows[1].other == f"{A}001"

    def test_a_corner_of_four_grids_belongs_to_the_lowest_code(self, by):
        lng, lat = degrees(1, 1)

        row = queries.locate([lng], [lat], crs=CRS, day=DAY)[0]

        assert (row.grid, row.status) == (f"{A}001", "border")

    def test_a_day_before_the_first_edition_names_the_first(self, by):
        with pytest.raises(NoEditionYet) as no:
            queries.locate([115.2], [30.1], crs=CRS, day=date(2020, 1, 1))

        assert no.value.facts["first"] == SINCE.isoformat()


class TestUnlabelledCoordinates:
    @pytest.mark.parametrize("crs", ["", "epsg:3857", "local", "beijing54"])
    def test_cannot_enter_by_any_door(self, by, crs):
        point = {"lng_e7": at(1, 1)[0], "lat_e7": at(1, 1)[1]}
        known = {"crs": crs, "active_from": DAY, "by": by, "now": MONDAY_TEN}
        before = Compound.objects.count()

        for door in (
            lambda: queries.locate([115.2], [30.1], crs=crs, day=DAY),
            lambda: queries.find([queries.Asked("", 115.2, 30.1, crs, day=DAY)]),
            lambda: check(grids_of(), by, crs=crs),
            lambda: ground.add_compounds([ground.NewCompound("x", "x", A, **point)], **known),
            lambda: ground.add_buildings([ground.NewBuilding("x", "x", **point)], **known),
            lambda: ground.add_facilities([ground.NewFacility("x", "x", "school", **point)], **known),
            lambda: ground.add_names([ground.NewName("x", "x", "road", **point, radius_m=9)], **known),
            lambda: ground.add_zones([ground.NewZone("x", "x", ring(0, 0, 1, 1))], **known),
        ):
            with pytest.raises(UnknownDatum):
                door()
        assert Compound.objects.count() == before

    def test_swapped_integers_are_refused_with_the_corrected_pair(self, by):
        row = ground.NewCompound("x", "x", A, 301_000_000, 1_152_000_000)

        with pytest.raises(SwappedAxes) as no:
            ground.add_compounds([row], crs=CRS, active_from=DAY, by=by, now=MONDAY_TEN)
        assert no.value.facts == {"lng": 115.2, "lat": 30.1}


def test_a_repeated_import_adds_nothing(by):
    row = ground.NewCompound("c1", "翠竹苑", A, *at(0.5, 0.5))
    before = Compound.objects.count()

    given = ground.add_compounds([row], crs=CRS, active_from=DAY, by=by, now=MONDAY_TEN)

    assert (Compound.objects.count(), list(given)) == (before, ["c1"])


def test_divisions_founded_by_hand_keep_what_is_there(by):
    row = divisions.NewDivision(A, "别的名字", "别的", 5, "990882001000")

    divisions.found_divisions([row], source="再来", valid_from=DAY, by=by, now=MONDAY_TEN)

    assert queries.division_path(A, day=DAY)[-1].short_name == "青溪社区"


def test_map_layers_hold_the_tenant_s_own_ground_alone(by):
    layer = queries.as_geojson("grids", DAY)

    assert {f["properties"]["code"][:12] for f in layer["features"]} == {A, B}
    assert len(queries.as_geojson("communities", DAY)["features"]) == 2
    assert {f["properties"]["name"] for f in queries.as_geojson("roads", DAY)["features"]} == {"云溪大道", "柳岸路"}


@pytest.mark.parametrize("ends", [(179.99, -179.99), (179.99, 180.01)])
def test_ground_over_the_180th_meridian_is_refused(by, ends):
    west, east = ends
    ring = [[west, 30.0], [east, 30.0], [east, 30.01], [west, 30.01], [west, 30.0]]
    page = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"code": f"{A}001", "name": "一"},
         "geometry": {"type": "Polygon", "coordinates": [ring]}}]}  # fmt: skip

    with pytest.raises(Invalid, match="180"):
        grids.check(json.dumps(page), division=A, crs=CRS, by=by)
