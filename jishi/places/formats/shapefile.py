"""Zipped Shapefiles: .shp, .dbf, .prj, .cpg, read by their published layout (ESRI 1998; dBASE III)."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jishi.places.refusals import GroundFileRefused

POINT, LINE, POLYGON, MULTIPOINT = 1, 3, 5, 8
_MOST_RINGS, _MOST_FIELDS = 2000, 255  # of one shape: shells times holes is the work; a dbf has 255 fields at most
_CODE_PAGES = {0x4D: "gb18030", 0x4F: "big5"}  # language driver of the dbf header: GBK, Big5
_NAMED_PAGES = {"utf-8": "utf-8", "utf8": "utf-8", "65001": "utf-8", "gbk": "gb18030", "936": "gb18030"} | {
    "gb2312": "gb18030", "gb18030": "gb18030", "cp936": "gb18030", "big5": "big5", "950": "big5",
}  # fmt: skip


class Table(NamedTuple):
    """The rows of a dbf; `encoding` as it was read, `guessed` where the file does not say it."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    encoding: str
    guessed: bool


def geometries(shp: bytes) -> list[dict[str, Any] | None]:
    """Give the geometry of each record as GeoJSON, its rings as arrays; None for an empty one.

    :raises GroundFileRefused: no Shapefile, cut off, or a kind of shape that is not taken.
    """
    if len(shp) < 100 or struct.unpack(">i", shp[:4])[0] != 9994:
        raise GroundFileRefused(why=".shp 不是可读的 Shapefile", why_en="the .shp is no Shapefile")
    found: list[dict[str, Any] | None] = []
    at = 100
    while at + 12 <= len(shp):
        length = struct.unpack(">i", shp[at + 4 : at + 8])[0] * 2
        body = shp[at + 8 : at + 8 + length]
        if length < 4 or len(body) < length:
            raise GroundFileRefused(why=".shp 没有传全", why_en="the .shp is cut off")
        found.append(_geometry(body))
        at += 8 + length
    return found


def _geometry(body: bytes) -> dict[str, Any] | None:
    kind = struct.unpack("<i", body[:4])[0] % 10  # 15 and 25 are polygons with heights or measures
    try:
        if kind == POINT:
            return {"type": "Point", "coordinates": list(struct.unpack("<2d", body[4:20]))}
        if kind in (LINE, POLYGON):
            rings = _parts(body)
            return _lines(rings) if kind == LINE else _polygon(rings)
    except (struct.error, ValueError, IndexError):
        raise GroundFileRefused(why=".shp 里有读不出的图形", why_en="a shape of the .shp cannot be read") from None
    if kind == 0:
        return None
    raise GroundFileRefused(why=f".shp 的图形种类 {kind} 这里不收", why_en=f"shapes of kind {kind} are not taken")


def _parts(body: bytes) -> list[Any]:
    parts, points = struct.unpack("<2i", body[36:44])
    if parts < 0 or points < 0 or 44 + 4 * parts + 16 * points > len(body):
        raise ValueError
    first = np.frombuffer(body, "<i4", parts, 44)
    if parts > _MOST_RINGS or (parts and (first[0] != 0 or np.any(np.diff(first) <= 0) or first[-1] >= points)):
        raise ValueError
    coords = np.frombuffer(body, "<f8", 2 * points, 44 + 4 * parts).reshape(-1, 2)
    return [ring for ring in np.split(coords, first[1:]) if len(ring)]


def _lines(parts: Sequence[Any]) -> dict[str, Any] | None:
    made = [p.tolist() for p in parts]
    if not made:
        return None
    return {"type": "LineString", "coordinates": made[0]} if len(made) == 1 else {
        "type": "MultiLineString", "coordinates": made,
    }  # fmt: skip


def _polygon(rings: Sequence[Any]) -> dict[str, Any] | None:
    """Shells run clockwise in a Shapefile and holes the other way; GeoJSON has it reversed, so every ring is turned."""
    shells: list[list[Any]] = []
    holes = []
    for ring in rings:
        if _turn(ring) < 0 or len(rings) == 1:
            shells.append([ring])
        else:
            holes.append(ring)
    for hole in holes:
        around = [s for s in shells if _holds(s[0], hole[0])]
        (min(around, key=lambda s: abs(_turn(s[0]))) if around else _new(shells)).append(hole)
    made = [[ring[::-1] for ring in shell] for shell in shells if shell]
    if not made:
        return None
    return {"type": "Polygon", "coordinates": made[0]} if len(made) == 1 else {
        "type": "MultiPolygon", "coordinates": made,
    }  # fmt: skip


def _new(shells: list[list[Any]]) -> list[Any]:
    shells.append([])
    return shells[-1]


def _turn(ring: Any) -> float:
    x, y = (ring - ring[0]).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def _holds(ring: Any, point: Any) -> bool:
    x, y = ring.T
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = (y[:-1] > point[1]) != (y[1:] > point[1])
        at = x[:-1] + (point[1] - y[:-1]) / (y[1:] - y[:-1]) * (x[1:] - x[:-1])
    return bool(np.count_nonzero(cross & (point[0] < at)) % 2)


def table(dbf: bytes, cpg: bytes | None) -> Table:
    """Read a dbf. Without a .cpg the texts are tried as UTF-8, then as GB18030.

    :raises GroundFileRefused: no dbf, or cut off.
    """
    if len(dbf) < 33:
        raise GroundFileRefused(why=".dbf 不是可读的表", why_en="the .dbf is no table")
    count, head, width = struct.unpack("<IHH", dbf[4:12])
    fields = list(_fields(dbf[32 : max(head - 1, 32)]))
    told = 1 + sum(end - start for _, _, (start, end) in fields)
    if not fields or len(fields) > _MOST_FIELDS or width < told or len(dbf) < head + count * width:
        raise GroundFileRefused(why=".dbf 没有传全", why_en="the .dbf is cut off")
    said = (cpg or b"").decode("ascii", "replace").strip().lower()
    encoding = _NAMED_PAGES.get(said) or _CODE_PAGES.get(dbf[29], "")
    texts = [name for name, _, _ in fields] + [
        dbf[at + a : at + b]
        for at in range(head, head + min(count, 20_000) * width, width)
        for _, kind, (a, b) in fields
        if kind == "C"
    ]
    guessed = not encoding and any(any(byte > 127 for byte in t) for t in texts)
    encoding = encoding or _tried(texts)
    columns = [name.decode(encoding, "replace") for name, _, _ in fields]
    rows = [
        {
            column: _value(dbf[at + a : at + b], kind, encoding)
            for column, (_, kind, (a, b)) in zip(columns, fields, strict=True)
        }
        for at in range(head, head + count * width, width)
        if dbf[at : at + 1] != b"*"
    ]
    return Table(tuple(columns), rows, encoding, guessed)


def _fields(heads: bytes) -> Iterator[tuple[bytes, str, tuple[int, int]]]:
    start = 1
    for at in range(0, len(heads) - 31, 32):
        if heads[at] == 0x0D:
            return
        name = heads[at : at + 11].split(b"\0")[0]
        length = heads[at + 16]
        yield name, chr(heads[at + 11]), (start, start + length)
        start += length


def _tried(texts: Sequence[bytes]) -> str:
    """UTF-8 where every text is; a name that was cut in the middle of a sign still counts."""
    for text in texts:
        try:
            text.rstrip(b" \0").decode("utf-8")
        except UnicodeDecodeError as no:
            if no.reason != "unexpected end of data":
                return "gb18030"
    return "utf-8"


def _value(raw: bytes, kind: str, encoding: str) -> Any:
    text = raw.decode(encoding, "replace").replace("\0", "").strip()
    if kind in "NF" and text:
        try:
            return int(text) if text.lstrip("+-").isdigit() else float(text)
        except ValueError:
            return text
    if kind == "D" and len(text) == 8:
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return text


def parts_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Give the parts of the one Shapefile in a zip by their endings.

    :raises GroundFileRefused: none, or several, or no table beside the shapes.
    """
    stems = [name[:-4] for name in files if name.endswith(".shp")]
    if len(stems) != 1:
        why = "压缩包里没有 .shp" if not stems else "压缩包里有几个 .shp，一次只收一个"
        raise GroundFileRefused(why=why, why_en="the zip must hold one .shp")
    named = {ending: f"{stems[0]}.{ending}" for ending in ("shp", "dbf", "prj", "cpg")}
    found = {ending: files[name] for ending, name in named.items() if name in files}
    if "dbf" not in found:
        raise GroundFileRefused(why="压缩包里少了 .dbf", why_en="the .dbf is missing from the zip")
    return found
