"""Files that ground leaves in: zipped Shapefile and Excel, in degrees of CGCS2000 (spec 20 §7)."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from openpyxl import Workbook
from shapely.geometry import shape as shape_of

PRJ = (
    'GEOGCS["China Geodetic Coordinate System 2000",DATUM["China_2000",SPHEROID["CGCS2000",6378137,298.257222101]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
)
_WIDTH = 120
_FIXED = (2020, 1, 1, 0, 0, 0)  # the same ground gives the same bytes


def shapefile_zip(features: Sequence[Mapping[str, Any]], fields: Sequence[str], *, name: str = "grids") -> bytes:
    """Write shapes with their fields (names up to ten bytes) as .shp .shx .dbf .prj .cpg in one zip.

    A file of this format holds points, lines or polygons: several kinds are several files, by the kind in their names.
    """
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for feature in features:
        kinds.setdefault(_KINDS[feature["geometry"]["type"]], []).append(feature)
    files: dict[str, bytes] = {}
    for kind, some in sorted(kinds.items()) or [("areas", [])]:
        called = name if len(kinds) < 2 else f"{name}-{kind}"
        files |= {f"{called}.{ending}": part for ending, part in _shapefile(some, fields, kind).items()}
    return packed(files)


_KINDS = {
    "Point": "points", "LineString": "lines", "MultiLineString": "lines", "Polygon": "areas", "MultiPolygon": "areas",
}  # fmt: skip
_TYPES = {"points": 1, "lines": 3, "areas": 5}


def _shapefile(features: Sequence[Mapping[str, Any]], fields: Sequence[str], kind: str) -> dict[str, bytes]:
    drawn = [shape_of(f["geometry"]) for f in features]
    bodies = [struct.pack("<i2d", 1, s.x, s.y) if kind == "points" else _parts(s, _TYPES[kind]) for s in drawn]
    shp, shx, at = [], [], 50
    for number, body in enumerate(bodies, start=1):
        shx.append(struct.pack(">2i", at, len(body) // 2))
        shp.append(struct.pack(">2i", number, len(body) // 2) + body)
        at += 4 + len(body) // 2
    bounds = [s.bounds for s in drawn]
    return {
        "shp": _head(at, bounds, _TYPES[kind]) + b"".join(shp),
        "shx": _head(50 + 4 * len(bodies), bounds, _TYPES[kind]) + b"".join(shx),
        "dbf": table(features, fields), "prj": PRJ.encode(), "cpg": b"UTF-8",
    }  # fmt: skip


def packed(files: Mapping[str, bytes]) -> bytes:
    """Put files into one zip, the same bytes for the same files."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _FIXED), content, zipfile.ZIP_DEFLATED)
    return held.getvalue()


def _head(words: int, bounds: Sequence[tuple[float, float, float, float]], kind: int) -> bytes:
    box = np.array(bounds or [(0.0, 0.0, 0.0, 0.0)])
    west, south = box[:, :2].min(axis=0)
    east, north = box[:, 2:].max(axis=0)
    return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, words) + struct.pack(
        "<2i8d", 1000, kind, west, south, east, north, 0, 0, 0, 0
    )


def _parts(shape: Any, kind: int) -> bytes:
    rings = []
    for part in getattr(shape, "geoms", [shape]):
        if kind == 3:
            rings.append(np.asarray(part.coords)[:, :2])
        else:
            rings += [_turned(part.exterior, clockwise=True), *(_turned(r, clockwise=False) for r in part.interiors)]
    first = np.concatenate(([0], np.cumsum([len(r) for r in rings])[:-1])).astype("<i4")
    points = np.concatenate(rings).astype("<f8")
    return (
        struct.pack("<i4d2i", kind, *shape.bounds, len(rings), len(points)) + first.tobytes() + points.tobytes()
    )


def _turned(ring: Any, *, clockwise: bool) -> Any:
    points = np.asarray(ring.coords)[:, :2]
    return points[::-1] if ring.is_ccw == clockwise else points


def table(features: Sequence[Mapping[str, Any]], fields: Sequence[str], *, encoding: str = "utf-8") -> bytes:
    """Write a dBASE table of texts; what is longer than its field is cut between two signs."""
    head = struct.pack("<4BIHH20x", 3, 120, 1, 1, len(features), 33 + 32 * len(fields), 1 + _WIDTH * len(fields))
    columns = b"".join(
        struct.pack("<11sc4xB15x", _cut(name, 10, encoding), b"C", _WIDTH) for name in fields
    )
    rows = b"".join(
        b" " + b"".join(_cut(_word(f["properties"].get(n)), _WIDTH, encoding).ljust(_WIDTH) for n in fields)
        for f in features
    )
    return head + columns + b"\r" + rows + b"\x1a"


def _cut(text: str, most: int, encoding: str) -> bytes:
    return text.encode(encoding)[:most].decode(encoding, "ignore").encode(encoding)


def workbook(features: Sequence[Mapping[str, Any]], fields: Sequence[str], *, name: str = "grids") -> bytes:
    """Write a sheet with the fields and the ground as WKT; a cell that begins = + - @ is a text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name)
    sheet.append([*fields, "wkt"])
    for feature in features:
        said = [_word(feature["properties"].get(n)) for n in fields]
        sheet.append([*(_text(s) for s in said), shape_of(feature["geometry"]).wkt])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _word(said: Any) -> str:
    return "" if said is None else str(said)


def _text(said: str) -> str:
    return f"'{said}" if said[:1] in "=+-@\t\r" and said else said
