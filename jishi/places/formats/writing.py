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
    """Write polygons with their fields (names up to ten bytes) as .shp .shx .dbf .prj .cpg in one zip."""
    bodies = [_polygon(shape_of(f["geometry"])) for f in features]
    bounds = [shape_of(f["geometry"]).bounds for f in features]
    shp, shx, at = [], [], 50
    for number, body in enumerate(bodies, start=1):
        shx.append(struct.pack(">2i", at, len(body) // 2))
        shp.append(struct.pack(">2i", number, len(body) // 2) + body)
        at += 4 + len(body) // 2
    parts = {
        "shp": _head(at, bounds) + b"".join(shp), "shx": _head(50 + 4 * len(bodies), bounds) + b"".join(shx),
        "dbf": table(features, fields), "prj": PRJ.encode(), "cpg": b"UTF-8",
    }  # fmt: skip
    return packed({f"{name}.{ending}": part for ending, part in parts.items()})


def packed(files: Mapping[str, bytes]) -> bytes:
    """Put files into one zip, the same bytes for the same files."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _FIXED), content, zipfile.ZIP_DEFLATED)
    return held.getvalue()


def _head(words: int, bounds: Sequence[tuple[float, float, float, float]]) -> bytes:
    box = np.array(bounds or [(0.0, 0.0, 0.0, 0.0)])
    west, south = box[:, :2].min(axis=0)
    east, north = box[:, 2:].max(axis=0)
    return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, words) + struct.pack(
        "<2i8d", 1000, 5, west, south, east, north, 0, 0, 0, 0
    )


def _polygon(shape: Any) -> bytes:
    rings = []
    for part in getattr(shape, "geoms", [shape]):
        rings += [_turned(part.exterior, clockwise=True), *(_turned(r, clockwise=False) for r in part.interiors)]
    first = np.concatenate(([0], np.cumsum([len(r) for r in rings])[:-1])).astype("<i4")
    points = np.concatenate(rings).astype("<f8")
    return (
        struct.pack("<i4d2i", 5, *shape.bounds, len(rings), len(points)) + first.tobytes() + points.tobytes()
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
        b" " + b"".join(_cut(str(f["properties"].get(n) or ""), _WIDTH, encoding).ljust(_WIDTH) for n in fields)
        for f in features
    )
    return head + columns + b"\r" + rows + b"\x1a"


def _cut(text: str, most: int, encoding: str) -> bytes:
    return text.encode(encoding)[:most].decode(encoding, "ignore").encode(encoding)


def workbook(features: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> bytes:
    """Write a sheet with the fields and the ground as WKT; a cell that begins = + - @ is a text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("grids")
    sheet.append([*fields, "wkt"])
    for feature in features:
        said = [str(feature["properties"].get(n) or "") for n in fields]
        sheet.append([*(_text(s) for s in said), shape_of(feature["geometry"]).wkt])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _text(said: str) -> str:
    return f"'{said}" if said[:1] in "=+-@\t\r" and said else said
