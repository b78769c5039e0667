"""GeoPackage (OGC 12-128r18): a SQLite file with WKB behind a small header. Read in memory, tables only, no views."""

import re
import sqlite3
from typing import Any

import shapely
from shapely.geometry import mapping

from jishi.places.refusals import GroundFileRefused

_ENVELOPE = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_MOST_ROWS = 2_000_000
_LONGEST = 64 * 1024 * 1024  # bytes of one value
_EVERY, _MOST_STEPS = 100_000, 20_000  # instructions between two looks, and looks: a query without end is ended
_OWN = ("gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys")


def features(content: bytes) -> tuple[list[dict[str, Any]], tuple[str, ...], str]:
    """Give features, columns and the definition of the coordinate system of the one feature table.

    :raises GroundFileRefused: no GeoPackage, damaged, no feature table or several.
    """
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(content)
        database.execute("PRAGMA trusted_schema = OFF")
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        steps = iter(range(_MOST_STEPS))
        database.set_progress_handler(lambda: next(steps, None) is None, _EVERY)
        _ensure_plain_tables(database)
        return _read(database)
    except sqlite3.Error:
        raise GroundFileRefused(why="不是可读的 GeoPackage", why_en="it is no readable GeoPackage") from None
    finally:
        database.close()


def _ensure_plain_tables(database: sqlite3.Connection) -> None:
    """Views, virtual tables and columns that are computed run what the sender wrote: none of them is read."""
    rows = database.execute("SELECT name, type, coalesce(sql, '') FROM sqlite_master").fetchall()
    kinds = {str(name).lower(): str(kind) for name, kind, _ in rows}
    if any(_is_computed(str(sql)) for _, k, sql in rows if k == "table" and not _is_index(str(sql))):
        raise GroundFileRefused(why="GeoPackage 里有算出来的列", why_en="the GeoPackage has computed columns")
    if any(kinds.get(name, "table") != "table" for name in _OWN):
        raise GroundFileRefused(why="GeoPackage 的目录不是表", why_en="the GeoPackage's contents are no table")


def _is_index(sql: str) -> bool:
    """The index that every GeoPackage brings is a virtual table too; it is not read."""
    return re.search(r"USING\s+rtree", sql, re.I) is not None


def _is_computed(sql: str) -> bool:
    return re.search(r"\bVIRTUAL\b|\bGENERATED\b|\bAS\s*\(", sql, re.I) is not None


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
    if geometry not in columns:
        raise GroundFileRefused(why="GeoPackage 里没有它自己说的那一列", why_en="the column it names is not there")
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
