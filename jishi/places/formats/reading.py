"""One door for all formats: the bytes and the name of a file in, features and what is wrong with the file out."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from jishi.kernels.geo.validate import WARNING, Finding
from jishi.places.formats import geopackage, packing, shapefile, sheets
from jishi.places.refusals import FileOfFaultyPlan, GroundFileRefused

FORMATS: Final = ("geojson", "geojsonl", "shapefile", "geopackage", "excel", "csv")
COLUMNS: Final[Mapping[str, Sequence[str]]] = {  # field of ours → what files call it
    "code": (
        "code", "网格代码", "网格编码", "网格编号", "代码", "编码", "编号", "wgbm", "wgdm", "grid_code", "gridcode",
    ),
    "name": ("name", "网格名称", "名称", "wgmc", "grid_name", "gridname"),
    "kind": ("kind", "网格类型", "类型", "类别", "wglx"),
    "special_of": ("special_of", "专属类型", "专属种类"),
    "owner_ref": ("owner_ref", "责任单位", "责任单位代码", "负责单位", "owner"),
}  # fmt: skip
_KINDS = {"综合": "general", "综合网格": "general", "全科": "general", "专属": "special", "专属网格": "special"}
_LEAST = 10  # bytes of a dbf column name


@dataclass(frozen=True, slots=True)
class Source:
    """What a file holds. `crs` is what the file itself says ("" nothing); `columns` maps our fields to its columns."""

    format: str
    features: list[dict[str, Any]]
    headers: tuple[str, ...]
    columns: Mapping[str, str]
    crs: str
    findings: tuple[Finding, ...]
    samples: tuple[str, ...] = ()  # first names, so that a person sees whether the text was read rightly


def read(content: bytes, name: str, *, columns: Mapping[str, str] | None = None) -> Source:
    """Read a file by its name and content; `columns` (field → column) overrides what the names of columns tell.

    :raises GroundFileRefused: not readable, above 500 MB, packed above 100 : 1, no rows.
    """
    if len(content) > packing.MAX_BYTES:
        raise GroundFileRefused(why="文件超过 500 MB", why_en="it is above 500 MB")
    low = name.lower()
    if content[:4] == b"PK\3\4" and not low.endswith((".xlsx", ".ods")):
        source = _shapefile(packing.unpacked(content))
    elif content[:15] == b"SQLite format 3":
        source = _geopackage(content)
    elif low.endswith((".xlsx", ".xls", ".ods", ".csv", ".txt")):
        source = _sheet(content, name)
    else:
        source = _geojson(content)
    if not source.features:
        raise GroundFileRefused(why="里面一行也没有", why_en="it holds no row")
    return _mapped(source, columns or {})


def _geojson(content: bytes) -> Source:
    page: Any = None
    try:
        page = json.loads(content)
        kind, rows = "geojson", page.get("features") if isinstance(page, dict) else None
    except ValueError:
        kind, rows = "geojsonl", _lines(content)
    except RecursionError:
        rows, kind = None, "geojson"
    if isinstance(page, dict) and FileOfFaultyPlan.mark in page:
        raise FileOfFaultyPlan
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise GroundFileRefused(why="不是认得的格式", why_en="it is in no format we read")
    headers = tuple(dict.fromkeys(str(k) for r in rows[:1000] for k in (r.get("properties") or {})))
    return Source(kind, rows, headers, {}, "", ())


def _lines(content: bytes) -> list[Any] | None:
    """GeoJSON lines: one feature a line."""
    try:
        return [json.loads(line) for line in content.splitlines() if line.strip(b"\x1e \t\r")]
    except ValueError:
        return None


def _shapefile(files: Mapping[str, bytes]) -> Source:
    parts = shapefile.parts_of(files)
    table = shapefile.table(parts["dbf"], parts.get("cpg"))
    shapes = shapefile.geometries(parts["shp"])
    if len(shapes) != len(table.rows):
        raise GroundFileRefused(
            why=f"图形 {len(shapes)} 个、属性 {len(table.rows)} 行，对不上", why_en="shapes and rows differ in number"
        )
    rows = [
        {"type": "Feature", "properties": p, "geometry": g} for p, g in zip(table.rows, shapes, strict=True)
    ]
    found = [Finding("encoding_guessed", (), None, 0.0, table.encoding, WARNING)] if table.guessed else []
    crs = parts.get("prj", b"").decode("utf-8", "replace").strip("\ufeff \r\n\0")
    return Source("shapefile", rows, table.columns, {}, crs, tuple(found))


def _geopackage(content: bytes) -> Source:
    rows, headers, crs = geopackage.features(content)
    return Source("geopackage", rows, headers, {}, crs, ())


def _sheet(content: bytes, name: str) -> Source:
    headers, rows, encoding = sheets.rows_of(content, name)
    said = [dict(zip(headers, row, strict=True)) for row in rows]
    features = [
        {
            "type": "Feature",
            "properties": {k: v for k, v in row.items() if not sheets.is_ground(k)},
            "geometry": sheets.geometry(row),
        }
        for row in said
    ]
    found = [Finding("encoding_guessed", (), None, 0.0, encoding, WARNING)] if encoding == "gb18030" else []
    return Source("csv" if encoding else "excel", features, headers, {}, "", tuple(found))


def _mapped(source: Source, given: Mapping[str, str]) -> Source:
    """Give our fields to the features by the column map; say what had to be mended on the way."""
    columns = {f: c for f in COLUMNS if (c := given.get(f) or _column(f, source.headers)) in source.headers}
    guessed = {f: c for f, c in columns.items() if f not in given and c.lower() not in COLUMNS[f]}
    cut = tuple(f for f, c in guessed.items() if len(c.encode()) >= _LEAST - 1)
    features, floats = [], []
    for number, feature in enumerate(source.features):
        said = feature.get("properties") or {}
        ours = {field: said.get(column) for field, column in columns.items()}
        code, mended = _digits(ours.get("code"))
        if mended:
            floats.append(number)
        kind = str(ours.get("kind") or "").strip()
        ours |= {"code": code, "name": str(ours.get("name") or "").strip(), "kind": _KINDS.get(kind, kind or "general")}
        features.append({**feature, "properties": {**said, **{k: v for k, v in ours.items() if v is not None}}})
    found = list(source.findings)
    if cut and source.format == "shapefile":
        found.append(Finding("column_names_cut", (), None, 0.0, "、".join(columns[f] for f in cut), WARNING))
    if floats:
        found.append(Finding("numbers_as_text", tuple(floats), None, 0.0, "mended", WARNING))
    serials = _dated(features, source.headers)
    if serials:
        found.append(Finding("dates_as_serials", serials, None, 0.0, "mended", WARNING))
    names = tuple(str(f["properties"].get("name") or "") for f in features[:5])
    if any(_MOJIBAKE.search(str(f["properties"].get("name") or "")) for f in features):
        found.append(Finding("mojibake", (), None, 0.0, "choose_the_encoding", WARNING))
    return replace(source, features=features, columns=columns, findings=tuple(found), samples=names)


_DAYS = re.compile(r"日期|启用日|生效日|截止日|(^|_)(date|day|since|until)($|_)|_(from|to)$", re.IGNORECASE)
_SERIALS = (20_000, 80_000)  # 1954 to 2119
_MOJIBAKE = re.compile(r"\ufffd|锟斤拷|烫烫|屯屯|Ã[\x80-\xbf]|[ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑ]{2}")


def _column(field: str, headers: Sequence[str]) -> str:
    """The column that is called so; else the one whose name, cut at ten bytes, begins such a name."""
    low = {h.strip().lower(): h for h in headers}
    for wanted in COLUMNS[field]:
        if wanted in low:
            return low[wanted]
    cut = (h for h in headers if len(h.encode()) in (9, 10) and any(w.startswith(h.lower()) for w in COLUMNS[field]))
    return next(cut, "")


def _dated(features: Sequence[dict[str, Any]], headers: Sequence[str]) -> tuple[int, ...]:
    """Give days back to columns of days that a spreadsheet had made numbers (since 1899-12-30); says which rows."""
    columns = [h for h in headers if _DAYS.search(h)]
    mended = []
    for number, feature in enumerate(features if columns else ()):
        said = feature["properties"]
        days = {h: _day(said[h]) for h in columns if h in said}
        if any(days.values()):
            said |= {h: day for h, day in days.items() if day}
            mended.append(number)
    return tuple(mended)


def _day(value: Any) -> str:
    try:
        serial = float(str(value))
    except ValueError:
        return ""
    if isinstance(value, bool) or not _SERIALS[0] <= serial <= _SERIALS[1]:
        return ""
    return (date(1899, 12, 30) + timedelta(days=int(serial))).isoformat()


def _digits(value: Any) -> tuple[str, bool]:
    """A code as text. A number that a spreadsheet made of it is given back where no digit was lost."""
    if isinstance(value, bool) or value is None:
        return "", False
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value)), True
    text = str(value).strip()
    if re.fullmatch(r"[0-9]{12,17}\.0+", text):
        return text.split(".")[0], True
    return text, isinstance(value, int)
