"""Files of grids: each row of the table of spec 20 §7 has a planted file; its clean twin has no finding."""

import json
import sqlite3
import struct
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer
from shapely.geometry import shape

from conftest import MONDAY_TEN
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, Refused
from jishi.kernels.geo import datum
from jishi.places import drawings, formats
from jishi.places.actions import barriers, divisions, grids, ground, imports
from jishi.places.formats import packing, writing
from jishi.places.models import GridEdition, GroundImport
from jishi.places.queries import imports as looking
from jishi.places.refusals import GridsHaveFaults, GroundFileRefused, ImportIsOver, UnknownDatum
from jishi.places.tests.factories import SINCE, STREET, A, B, S, at, collection, degrees, grids_of, office, ring

pytestmark = pytest.mark.django_db
FIELDS = ["code", "name"]
WKT_CGCS = writing.PRJ
GAUSS = CRS.from_epsg(4526).to_wkt("WKT1_ESRI")  # zone 38: its easting has eight digits
XIAN = CRS.from_epsg(4610).to_wkt("WKT1_ESRI")


@pytest.fixture
def by(other_tenant: int):
    with scope.work(system(other_tenant)):
        _ground(system(other_tenant))
    actor = office(other_tenant)
    with scope.work(actor):
        yield actor


def _ground(by: Actor) -> None:
    """Divisions with borders and the compounds of A; no grids yet."""
    new = divisions.NewDivision
    divisions.found_divisions(
        [
            new("990000000000", "云江省", "云江省", 1, ""),
            new("990800000000", "云州市", "云州市", 2, "990000000000"),
            new("990882000000", "云溪市", "云溪市", 3, "990800000000", boundary=ring(0, 0, 4, 2)),
            new(STREET, "河西街道", "河西街道", 4, "990882000000", boundary=ring(0, 0, 4, 2)),
            new(A, "青溪社区居民委员会", "青溪社区", 5, STREET, boundary=ring(0, 0, 2, 2)),
        ],
        source="试验", valid_from=SINCE, by=by, now=MONDAY_TEN,
    )  # fmt: skip
    rows = [ground.NewCompound(f"c{n}", f"第{n}小区", A, *at(x, 1)) for n, x in enumerate((0.5, 1.0, 1.5))]
    ground.add_compounds(rows, crs="cgcs2000", active_from=SINCE, by=by, now=MONDAY_TEN)


def test_a_street_brings_in_its_own_communities_alone(by, other_tenant):
    own, other, town = (replace(by, area=area) for area in ("990882001", "990882002", "990882000000"))
    row = checked(collection(grids_of()).encode(), "a.geojson", own, "cgcs2000")
    verbs = [
        lambda: checked(collection(grids_of()).encode(), "a.geojson", other, "cgcs2000"),
        lambda: imports.apply(row.id, effective_from=SINCE, document_no="x", by=other, now=MONDAY_TEN),
        lambda: imports.drop(row.id, by=other, now=MONDAY_TEN), lambda: looking.ground_import(row.id, by=other),
        lambda: barriers.add([barriers.NewBarrier("w", "墙", "wall", shapely.LineString([(0, 0), (1, 1)]))],
                             crs="cgcs2000", active_from=SINCE, by=own, now=MONDAY_TEN),
    ]  # fmt: skip

    for verb in verbs:
        with pytest.raises(NotAllowed):
            verb()
    assert looking.ground_imports(by=town) == [row] == looking.ground_imports(by=own)
    assert not looking.ground_imports(by=other)


def test_a_town_whose_code_ends_in_zeros_is_cut_by_its_level(by):
    """A town …100000 covers …100 alone, not …101 to …199."""
    new = divisions.NewDivision
    divisions.found_divisions(
        [new("990882100000", "百镇", "百镇", 4, "990882000000"), new("990882101000", "旁镇", "旁镇", 4, "990882000000"),
         new("990882101001", "旁村", "旁村", 5, "990882101000")],
        source="试验", valid_from=SINCE, by=system(by.tenant_id), now=MONDAY_TEN,
    )  # fmt: skip
    far = ground.NewCompound("cx", "旁小区", "990882101001", *at(3.5, 1.5))
    ground.add_compounds([far], crs="cgcs2000", active_from=SINCE, by=system(by.tenant_id), now=MONDAY_TEN)

    assert grids._points_in("990882100000", by) == [] and imports._anchor("990882100000", by) is None
    assert len(grids._points_in("990882101000", by)) == 1


def checked(content, name, by, crs="", **said) -> GroundImport:
    raw = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    return imports.check_file(raw, name, division=A, crs=crs, by=by, now=MONDAY_TEN, **said)


def geojson(rows) -> bytes:
    return collection(rows).encode()


def shp(rows, *, prj=WKT_CGCS, cpg=b"UTF-8", encoding="utf-8", fields=FIELDS) -> bytes:
    files = packing.unpacked(formats.shapefile_zip(rows, fields))
    files |= {"grids.dbf": writing.table(rows, fields, encoding=encoding), "grids.prj": prj.encode(), "grids.cpg": cpg}
    return writing.packed({n: c for n, c in files.items() if c})


def gpkg(rows, srs=4490) -> bytes:
    db = sqlite3.connect(":memory:")
    db.executescript(
        "CREATE TABLE gpkg_spatial_ref_sys (srs_id, organization, organization_coordsys_id, definition);"
        "CREATE TABLE gpkg_contents (table_name, data_type, srs_id);"
        "CREATE TABLE gpkg_geometry_columns (table_name, column_name, srs_id);"
        "CREATE TABLE wg (fid INTEGER PRIMARY KEY, geom BLOB, code TEXT, name TEXT);"
        "INSERT INTO gpkg_contents VALUES ('wg', 'features', 1);"
        "INSERT INTO gpkg_geometry_columns VALUES ('wg', 'geom', 1);"
    )
    db.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (1, 'EPSG', ?, '')", [srs])
    for row in rows:
        blob = b"GP\0\1" + struct.pack("<i", 1) + shapely.to_wkb(shape(row["geometry"]))
        said = row["properties"]
        db.execute("INSERT INTO wg (geom, code, name) VALUES (?, ?, ?)", [blob, said["code"], said["name"]])
    db.commit()
    return db.serialize()


def csv(rows, head="网格代码,网格名称,wkt", encoding="utf-8") -> bytes:
    lines = [f'{r["properties"]["code"]},{r["properties"]["name"]},"{shape(r["geometry"]).wkt}"' for r in rows]
    return "\n".join([head, *lines]).encode(encoding)


def moved(rows, way):
    """The same rows with every point put through `way` (arrays of x and y)."""
    made = []
    for row in rows:
        x, y = np.array(row["geometry"]["coordinates"][0]).T
        coordinates = [np.column_stack(way(x, y)).tolist()]
        made.append({**row, "geometry": {"type": "Polygon", "coordinates": coordinates}})
    return made


def with_ring(number, *coords):
    rows = grids_of()
    rows[number]["geometry"] = {"type": "Polygon", "coordinates": [[[x / 1e7, y / 1e7] for x, y in coords]]}
    return rows


def with_said(number, **said):
    rows = grids_of()
    rows[number]["properties"] |= said
    return rows


def in_metres(rows, epsg=4526):
    return moved(rows, Transformer.from_crs(4490, epsg, always_xy=True).transform)


CLEAN = {
    "g.geojson": (lambda: geojson(grids_of()), "cgcs2000"),
    "g.geojsonl": (lambda: b"\n".join(json.dumps(r).encode() for r in grids_of()), "cgcs2000"),
    "shape.zip": (lambda: shp(grids_of()), ""),
    "gauss.zip": (lambda: shp(in_metres(grids_of()), prj=GAUSS), ""),
    "g.gpkg": (lambda: gpkg(grids_of()), ""),
    "gauss.gpkg": (lambda: gpkg(in_metres(grids_of()), srs=4526), ""),
    "g.csv": (lambda: csv(grids_of()), "cgcs2000"),
    "g.xlsx": (lambda: formats.workbook(grids_of(), FIELDS), "cgcs2000"),
    "gcj.geojson": (lambda: geojson(moved(grids_of(), lambda x, y: datum.from_cgcs2000(x, y, "gcj02"))), "gcj02"),
}  # fmt: skip


@pytest.mark.parametrize("name", CLEAN)
def test_the_clean_twin_in_every_format_has_no_finding_and_the_same_ground(name, by):
    content, crs = CLEAN[name]

    row = checked(content(), name, by, crs)

    assert row.report["findings"] == []
    assert (row.report["grids"], row.state) == (4, "checked")
    shapes = {f["properties"]["code"]: shape(f["geometry"]) for f in imports.rows_of(row)}
    for one in grids_of():
        assert shapes[one["properties"]["code"]].symmetric_difference(shape(one["geometry"])).area < 1e-11


BOW = (at(0, 0), at(1, 1), at(1, 0), at(0, 1), at(0, 0))
SPIKY = (at(0, 0), at(1, 0), at(1, 1), at(0.5, 1), at(0.5, 1.4), at(0.50004, 1), at(0, 1), at(0, 0))
TURNED = tuple(reversed(ring(0, 0, 1, 1)))
HOLED = [[x / 1e7, y / 1e7] for x, y in ring(1.5, 1.5, 1.7, 1.7)]


def holed():
    rows = grids_of()
    rows[0]["geometry"]["coordinates"].append(HOLED)
    return rows


PLANTED = {
    "no_crs": (lambda: shp(grids_of(), prj=""), "g.zip", "", "blocker", None),
    "wrong_crs": (
        lambda: geojson(moved(grids_of(), lambda x, y: datum.from_cgcs2000(x, y, "gcj02"))), "g.geojson", "cgcs2000",
        "blocker", None,
    ),
    "swapped_axes": (lambda: geojson(moved(grids_of(), lambda x, y: (y, x))), "g.json", "cgcs2000", "blocker", None),
    "metres_not_degrees": (lambda: geojson(in_metres(grids_of())), "g.geojson", "cgcs2000", "blocker", None),
    "self_crossing": (lambda: geojson(with_ring(0, *BOW)), "g.geojson", "cgcs2000", "blocker", (0.5, 0.5)),
    "unclosed": (lambda: geojson(with_ring(0, *ring(0, 0, 1, 1)[:4])), "g.geojson", "cgcs2000", "blocker", (0, 0)),
    "too_few_points": (
        lambda: geojson(with_ring(0, at(0, 0), at(1, 0), at(0, 0))), "g.geojson", "cgcs2000", "blocker", (0, 0),
    ),
    "zero_area": (
        lambda: geojson(with_ring(0, at(0, 0), at(0.0001, 0), at(0.0001, 0.0001), at(0, 0))), "g.geojson",
        "cgcs2000", "blocker", (0, 0),
    ),
    "spike": (lambda: geojson(with_ring(0, *SPIKY)), "g.geojson", "cgcs2000", "blocker", (0.5, 1.4)),
    "duplicate_vertices": (
        lambda: geojson(with_ring(0, at(0, 0), *ring(0, 0, 1, 1))), "g.geojson", "cgcs2000", "warning", (0, 0),
    ),
    "ring_order": (lambda: geojson(with_ring(0, *TURNED)), "g.geojson", "cgcs2000", "warning", (0, 0)),
    "hole_outside_shell": (lambda: geojson(holed()), "g.geojson", "cgcs2000", "blocker", (1.5, 1.5)),
    "overlap": (lambda: geojson(with_ring(0, *ring(0, 0, 1.1, 1))), "g.geojson", "cgcs2000", "blocker", (1.05, 0.5)),
    "gap": (lambda: geojson(with_ring(0, *ring(0, 0, 0.9, 1))), "g.geojson", "cgcs2000", "blocker", (0.95, 0.5)),
    "sliver": (
        lambda: geojson(with_ring(0, *ring(0, 0, 1.00015, 1))), "g.geojson", "cgcs2000", "warning", (1.00007, 0.5),
    ),
    "outside_parent": (
        lambda: geojson(with_ring(0, *ring(-0.2, 0, 1, 1))), "g.geojson", "cgcs2000", "blocker", (-0.1, 0.5),
    ),
    "duplicate_code": (lambda: geojson(with_said(0, code=f"{A}002")), "g.geojson", "cgcs2000", "blocker", None),
    "code_of_another_community": (
        lambda: geojson(with_said(0, code=f"{B}001")), "g.geojson", "cgcs2000", "blocker", None,
    ),
    "code_not_digits": (lambda: geojson(with_said(0, code="网格一")), "g.geojson", "cgcs2000", "blocker", None),
    "encoding_guessed": (lambda: shp(grids_of(), cpg=b"", encoding="gb18030"), "g.zip", "", "warning", None),
    "mojibake": (lambda: geojson(with_said(0, name="锟斤拷锟")), "g.geojson", "cgcs2000", "warning", None),
    "column_names_cut": (
        lambda: shp([{**r, "properties": {"grid_code": r["properties"]["code"], "网格名称": r["properties"]["name"]}}
                     for r in grids_of()], fields=["grid_code", "网格名称"]),
        "g.zip", "", "warning", None,
    ),
    "numbers_as_text": (
        lambda: geojson(with_said(0, code=float(f"{A}001"))), "g.geojson", "cgcs2000", "warning", None,
    ),
    "altitude_dropped": (
        lambda: geojson(moved(grids_of(), lambda x, y: (x, y, np.full(len(x), 7.0)))), "g.geojson", "cgcs2000",
        "warning", None,
    ),
    "dates_as_serials": (
        lambda: formats.workbook(
            [{**r, "properties": r["properties"] | {"启用日期": 45962}} for r in grids_of()], [*FIELDS, "启用日期"]
        ), "g.xlsx", "cgcs2000", "warning", None,
    ),
    "crs_said_otherwise": (lambda: shp(in_metres(grids_of()), prj=WKT_CGCS), "g.zip", "EPSG:4526", "warning", None),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found_with_its_place_and_said_in_a_sentence(fault, by):
    content, name, crs, level, place = PLANTED[fault]

    row = checked(content(), name, by, crs)

    found = next((f for f in row.report["findings"] if f["code"] == fault), None)
    assert found is not None, row.report["findings"]
    assert found["level"] == level
    if place is not None:
        assert found["place"] == pytest.approx(degrees(*place), abs=0.3 * S / 1e7)
    sentence = drawings.told(drawings.Finding(**{**found, "features": tuple(found["features"])}))
    assert fault not in sentence and drawings.WORDS[fault][0] in sentence


HOUSES = {  # (compound, its house in steps): what is found with its place, and in which of the four grids
    "clean": ([("c0", 0.5, 0.5), ("c1", 1.5, 0.5), ("c2", 0.5, 1.5), ("c2", 0.6, 1.5), ("c3", 1.5, 1.5)], None, ()),
    "compound_cut": (
        [("c0", 0.9, 0.5), ("c0", 1.1, 0.5), ("c1", 1.5, 0.5), ("c2", 0.5, 1.5), ("c3", 1.5, 1.5)], (0.9, 0.5), (0, 1),
    ),
    "building_without_grid": (
        [("c0", 0.5, 0.5), ("c1", 1.5, 0.5), ("c2", 0.5, 1.5), ("c3", 1.5, 1.5), ("c3", 2.2, 1.5)], (2.2, 1.5), (),
    ),
    "grid_without_building": ([("c0", 0.5, 0.5), ("c1", 1.5, 0.5), ("c2", 0.5, 1.5)], None, (3,)),
}  # fmt: skip


@pytest.mark.parametrize("fault", HOUSES)
def test_houses_on_the_wrong_side_of_a_border_are_found_where_they_stand(fault, by):
    houses, place, rows = HOUSES[fault]
    loader = system(by.tenant_id)
    known = {"crs": "cgcs2000", "active_from": SINCE, "by": loader, "now": MONDAY_TEN}
    ground.add_compounds([ground.NewCompound("c3", "第三小区", A, *at(1.5, 1.5))], **known)
    ground.add_buildings(
        [ground.NewBuilding(f"h{n}", f"{n}号楼", *at(x, y), compound=c) for n, (c, x, y) in enumerate(houses)], **known
    )

    found = checked(geojson(grids_of()), "g.geojson", by, "cgcs2000").report["findings"]

    told = [(f["code"], f["level"], tuple(f["features"])) for f in found]
    assert told == ([] if fault == "clean" else [(fault, "warning", rows)])
    if place is not None:
        assert found[0]["place"] == pytest.approx(degrees(*place), abs=1e-7)


STRIPS = {"doubled": 1.00015, "left out": 0.99985}  # where the first grid's eastern edge is drawn: 7 cm off


@pytest.mark.parametrize("strip", STRIPS)
def test_a_sliver_is_shown_before_and_after_it_is_snapped(strip, by):
    doubled = STRIPS[strip] > 1

    row = checked(geojson(with_ring(0, *ring(0, 0, STRIPS[strip], 1))), "g.geojson", by, "cgcs2000")

    [snap] = row.report["snaps"]
    assert (snap["doubled"], [f["code"] for f in row.report["findings"]]) == (doubled, ["sliver"])
    assert 0.05 < snap["wide_m"] < 0.1
    assert snap["size_m2"] == pytest.approx(row.report["findings"][0]["size_m2"], rel=0.1)
    areas = [sum(shapely.Polygon(r).area for one in snap[w] for r in one["rings"]) for w in ("before", "after")]
    square, strip_m2 = snap["window_m"] ** 2, snap["wide_m"] * snap["window_m"]
    assert areas[1] == pytest.approx(square, rel=1e-3)
    assert areas[0] == pytest.approx(square + (strip_m2 if doubled else -strip_m2), rel=1e-2)
    drawn = looking.drawn(row, day=SINCE)["features"]
    assert [f["properties"]["changed"] for f in drawn if f["properties"]["code"] == "s0"] == [True]


class TestRefused:
    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (b"", "g.geojson"), (b"{}", "g.geojson"), (b"PK\3\4broken", "g.zip"),
            (b"SQLite format 3\0" + b"x" * 99, "g.gpkg"),
            (b"[" * 100_000, "g.geojson"), (b"a,b\n", "g.csv"), (b"a,a\n1,2\n", "g.csv"), (b"no workbook", "g.xlsx"),
            (writing.packed({"a.txt": b"x"}), "g.zip"), (writing.packed({"a.shp": b"x", "a.dbf": b"y"}), "g.zip"),
            (writing.packed({"a.shp": b"\0" * 20_000_000}), "bomb.zip"), (shp(grids_of())[:-40], "cut.zip"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_is_refused_in_words_and_nothing_is_kept(self, by, content, name):
        with pytest.raises(GroundFileRefused) as no:
            checked(content, name, by, "cgcs2000")

        assert "。" in no.value.sentence("zh")
        assert not GroundImport.objects.exists()

    def test_a_cut_shapefile_is_refused(self, by):
        files = packing.unpacked(formats.shapefile_zip(grids_of(), FIELDS))
        with pytest.raises(GroundFileRefused):
            checked(writing.packed(files | {"grids.shp": files["grids.shp"][:-8]}), "g.zip", by)

    def test_a_system_that_needs_parameters_is_refused_by_its_name(self, by):
        with pytest.raises(UnknownDatum) as no:
            checked(shp(grids_of(), prj=XIAN), "g.zip", by)
        assert "Xian" in no.value.sentence("zh")

    def test_others_may_not(self, tenant, by):
        stranger = Actor(tenant_id=tenant, kind="staff", account_id=2, roles=frozenset({"handler"}))
        with pytest.raises(NotAllowed):
            checked(geojson(grids_of()), "g.geojson", stranger, "cgcs2000")


def test_without_a_system_the_report_shows_where_the_file_would_lie_under_three(by):
    shifted = moved(grids_of(), lambda x, y: datum.from_cgcs2000(x, y, "gcj02"))

    previews = checked(geojson(shifted), "g.geojson", by).report["previews"]

    assert [p["crs"] for p in previews][0] == "gcj02"  # the nearest first
    assert previews[0]["away_m"] < 50 < previews[1]["away_m"]


def test_the_sheet_s_own_column_names_may_be_named_by_the_person(by):
    rows = csv(grids_of(), head="甲,乙,wkt")

    assert checked(rows, "g.csv", by, "cgcs2000").report["blockers"] > 0
    assert checked(rows, "g.csv", by, "cgcs2000", columns={"code": "甲", "name": "乙"}).report["findings"] == []


def test_a_crossed_ring_has_a_repaired_copy_beside_it(by):
    repair = checked(geojson(with_ring(0, *BOW)), "g.geojson", by, "cgcs2000").report["repairs"][0]

    assert repair["feature"] == 0
    assert shape(repair["geometry"]).is_valid


class TestApply:
    def test_takes_exactly_the_rows_of_the_report_and_leaves_a_record(self, by):
        row = checked(shp(grids_of()), "g.zip", by)

        edition = imports.apply(
            row.id, effective_from=date(2026, 4, 1), document_no="街办〔2026〕3号", by=by, now=MONDAY_TEN
        )

        row.refresh_from_db()
        assert (row.state, row.edition_id, edition.hash) == ("applied", edition.id, row.report["hash"])
        assert [e.verb for e in trail.of("ground_import", row.id)] == [
            "ground_file.checked", "ground_file.applied",
        ]  # fmt: skip
        with pytest.raises(ImportIsOver):
            imports.apply(row.id, effective_from=date(2026, 5, 1), document_no="", by=by, now=MONDAY_TEN)

    def test_is_refused_with_blockers_and_changes_nothing(self, by):
        row = checked(geojson(with_ring(0, *ring(0, 0, 1.1, 1))), "g.geojson", by, "cgcs2000")

        with pytest.raises(GridsHaveFaults):
            imports.apply(row.id, effective_from=date(2026, 4, 1), document_no="", by=by, now=MONDAY_TEN)

        assert not GridEdition.objects.filter(division_code=A).exists()

    def test_a_file_without_a_system_is_never_applied(self, by):
        row = checked(shp(grids_of(), prj=""), "g.zip", by)

        with pytest.raises(Refused):
            imports.apply(row.id, effective_from=date(2026, 4, 1), document_no="", by=by, now=MONDAY_TEN)

    def test_a_dropped_file_is_over(self, by):
        row = checked(geojson(grids_of()), "g.geojson", by, "cgcs2000")

        imports.drop(row.id, by=by, now=MONDAY_TEN)

        with pytest.raises(ImportIsOver):
            imports.drop(row.id, by=by, now=MONDAY_TEN)


def test_a_file_whose_shapes_are_too_large_is_refused_and_not_kept(by, monkeypatch):
    monkeypatch.setattr(imports, "MOST_KEPT", 100)

    with pytest.raises(GroundFileRefused):
        checked(geojson(grids_of()), "g.geojson", by, "cgcs2000")

    assert not GroundImport.objects.exists()


def test_what_is_written_reads_as_it_was(by):
    rows = grids_of()
    again = formats.read(formats.shapefile_zip(rows, FIELDS), "grids.zip")

    assert [f["properties"]["name"] for f in again.features] == [r["properties"]["name"] for r in rows]
    assert [shape(f["geometry"]).equals(shape(r["geometry"])) for f, r in zip(again.features, rows, strict=True)]
    sheet = formats.read(formats.workbook(with_said(0, name="=cmd"), FIELDS), "g.xlsx")
    assert sheet.features[0]["properties"]["name"] == "'=cmd"
