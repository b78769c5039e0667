"""GeoPackage (OGC 12-128r18): a SQLite file with WKB behind a small header. Read in memory, tables only, no views."""

import sqlite3
from typing import Any

import shapely
from shapely.geometry import mapping

from jishi.places.refusals import GroundFileRefused

_ENVELOPE = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_MOST_ROWS = 2_000_000


def features(content: bytes) -> tuple[list[dict[str, Any]], tuple[str, ...], str]:
    """Give features, columns and the definition of the coordinate system of the one feature table.

    :raises GroundFileRefused: no GeoPackage, damaged, no feature table or several.
    """
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(content)
        database.execute("PRAGMA trusted_schema = OFF")
        return _read(database)
    except sqlite3.Error:
        raise GroundFileRefused(why="不是可读的 GeoPackage", why_en="it is no readable GeoPackage") from None
    finally:
        database.close()


def _read(database: sqlite3.Connection) -> tuple[list[dict[str, Any]], tuple[str, ...], str]:
    layers = database.execute(
        "SELECT c.table_name, g.column_name, s.organization, s.organization_coordsys_id, s.definition "
        "FROM gpkg_contents c JOIN gpkg_geometry_columns g ON g.table_name = c.table_name "
        "JOIN sqlite_master m ON m.name = c.table_name AND m.type = 'table' "
        "LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id WHERE c.data_type = 'features'"
    ).fetchall()
    if len(layers) != 1:
        why = "里面没有图层" if not layers else "里面有几个图层，一次只收一个"
        raise GroundFileRefused(why=f"GeoPackage {why}", why_en="the GeoPackage must hold one layer of features")
    name, geometry, organization, number, definition = layers[0]
    cursor = database.execute(f"SELECT * FROM {_quoted(str(name))}")
    columns = [d[0] for d in cursor.description]
    rows = cursor.fetchmany(_MOST_ROWS)
    at = columns.index(geometry)
    said = tuple(c for c in columns if c != geometry)
    made = [
        {
            "type": "Feature",
            "properties": {c: v for c, v in zip(columns, row, strict=True) if c != geometry},
            "geometry": _geometry(row[at]),
        }
        for row in rows
    ]
    crs = f"EPSG:{number}" if str(organization).upper() == "EPSG" and number else str(definition or "")
    return made, said, crs


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _geometry(blob: Any) -> dict[str, Any] | None:
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 13:
        return None
    flags = blob[3]
    at = 8 + _ENVELOPE.get(flags >> 1 & 7, 0)
    shape = shapely.from_wkb(blob[at:], on_invalid="ignore")
    return None if shape is None or shape.is_empty else mapping(shape)
