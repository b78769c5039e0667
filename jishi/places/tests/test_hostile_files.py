"""Files that were made to hurt whoever reads them are refused before they do (spec 20 §7, 90 §2 A8)."""

import csv
import io
import sqlite3
import struct
import zipfile

import numpy as np
import pytest

from jishi.places.formats import geopackage, packing, shapefile, sheets, systems
from jishi.places.refusals import GroundFileRefused, UnknownDatum


def database(*statements: str) -> bytes:
    made = sqlite3.connect(":memory:")
    for one in statements:
        made.execute(one)
    made.commit()
    return bytes(made.serialize())


CONTENTS = "CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT)"
SYSTEMS = (
    "CREATE TABLE gpkg_spatial_ref_sys (srs_id INT, organization TEXT, organization_coordsys_id INT, definition TEXT)"
)
COLUMNS = "CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, srs_id INT)"
FILLED = (
    "INSERT INTO gpkg_contents VALUES ('g', 'features')",
    "INSERT INTO gpkg_geometry_columns VALUES ('g', 'geom', 4490)",
)
ENDLESS = (
    "CREATE VIEW gpkg_contents AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
    " SELECT 'g' AS table_name, 'features' AS data_type FROM n"
)


@pytest.mark.parametrize(
    "statements",
    [
        (ENDLESS, COLUMNS, SYSTEMS, "CREATE TABLE g (geom BLOB)"),
        (CONTENTS, COLUMNS, SYSTEMS, *FILLED, "CREATE TABLE g (geom BLOB, n BLOB GENERATED ALWAYS AS (zeroblob(9)))"),
        (CONTENTS, COLUMNS, SYSTEMS, *FILLED, "CREATE VIRTUAL TABLE g USING fts5(geom)"),
        (CONTENTS, COLUMNS, SYSTEMS, *FILLED, "CREATE TABLE g (other BLOB)"),
    ],
    ids=["a view without end", "a computed column", "a virtual table", "a column that is not there"],
)
def test_a_database_that_runs_what_its_sender_wrote_is_not_read(statements):
    with pytest.raises(GroundFileRefused):
        geopackage.features(database(*statements))


def test_a_query_without_end_is_ended(monkeypatch):
    monkeypatch.setattr(geopackage, "_ensure_plain_tables", lambda _: None)
    monkeypatch.setattr(geopackage, "_MOST_STEPS", 5)
    with pytest.raises(GroundFileRefused):
        geopackage.features(database(ENDLESS, COLUMNS, SYSTEMS, "CREATE TABLE g (geom BLOB)"))


def workbook(*cells: str, padding: int = 0) -> bytes:
    out = io.BytesIO()
    rows = "".join(f'<row><c r="{c}"><v>1</v></c></row>' for c in cells)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", f"<sheetData>{rows}</sheetData>" + " " * padding)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [(workbook("A1", "XFD1048576"), "too wide or too long"), (workbook("A1", padding=2_000_000), "packed tighter")],
    ids=["two cells far apart", "a bomb"],
)
def test_a_workbook_that_grows_when_it_is_read_is_refused_before_it_is_read(content, why):
    with pytest.raises(GroundFileRefused) as refused:
        sheets.rows_of(content, "网格.xlsx")
    assert why in str(refused.value.facts["why_en"])


def test_a_workbook_above_the_limit_is_refused_unread(monkeypatch):
    monkeypatch.setattr(packing, "SHEET_BYTES", 10)
    with pytest.raises(GroundFileRefused):
        sheets.rows_of(workbook("A1"), "网格.xlsx")


@pytest.mark.parametrize("limit", [131_072, 64 * 1024 * 1024])
def test_a_table_with_a_quote_that_stays_open_is_refused(limit):
    before = csv.field_size_limit(limit)  # whatever another reader of the same program has set
    try:
        with pytest.raises(GroundFileRefused):
            sheets.rows_of(b'code,name\n1,"' + b"x" * 9_000_000, "a.csv")
        assert csv.field_size_limit() == limit
    finally:
        csv.field_size_limit(before)


def polygon(parts: list[int], points: int) -> bytes:
    coords = np.zeros((points, 2), "<f8")
    return (
        struct.pack("<i", 5) + bytes(32) + struct.pack("<2i", len(parts), points)
        + np.array(parts, "<i4").tobytes() + coords.tobytes()
    )  # fmt: skip


@pytest.mark.parametrize("parts", [[0, 50, 0, 50], [3], [0, 50, 50], [0, 101], [0, -1]])
def test_a_shape_whose_rings_overlap_in_the_file_is_refused(parts):
    with pytest.raises(GroundFileRefused):
        shapefile._geometry(polygon(parts, 100))


def test_a_table_whose_fields_overlap_is_refused():
    field = b"NAME".ljust(11, b"\0") + b"C" + bytes(4) + bytes([200]) + bytes(15)
    dbf = b"\x03" + bytes(3) + struct.pack("<IHH", 1000, 32 + 64 + 1, 1) + bytes(20) + field * 2 + b"\x0d" + b" " * 1000
    with pytest.raises(GroundFileRefused):
        shapefile.table(dbf, None)


@pytest.mark.parametrize("said", ["+init=/etc/passwd:x", "+proj=longlat +nadgrids=/etc/hosts", "nonsense", "EPSG:1"])
def test_a_system_is_read_as_wkt_or_by_its_number_and_opens_no_file(said):
    with pytest.raises(UnknownDatum):
        systems.named(said)
