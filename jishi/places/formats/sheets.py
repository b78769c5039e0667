"""Excel and CSV: a header line, then one row a thing; the ground as WKT or as two columns of degrees."""

import csv
import io
import itertools
from typing import Any

import shapely
from python_calamine import CalamineError, CalamineWorkbook
from shapely.geometry import mapping

from jishi.places.formats import packing
from jishi.places.refusals import GroundFileRefused

WKT_COLUMNS = ("wkt", "geometry", "geom", "the_geom", "边界", "范围", "几何")
LNG_COLUMNS, LAT_COLUMNS = ("lng", "lon", "longitude", "x", "经度"), ("lat", "latitude", "y", "纬度")
_MOST_ROWS = 1_000_000
_LONGEST = 8 * 1024 * 1024  # characters of a cell: a border as WKT is long


def rows_of(content: bytes, name: str) -> tuple[tuple[str, ...], list[list[Any]], str]:
    """Give header, rows and the encoding ("" for Excel).

    :raises GroundFileRefused: not readable, empty, a column without a name or named twice.
    """
    if name.lower().endswith((".xlsx", ".xls")):
        table, encoding = _workbook(content), ""
    else:
        table, encoding = _csv(content)
    if not table:
        raise GroundFileRefused(why="表是空的", why_en="the table is empty")
    header = tuple(str(cell or "").strip() for cell in table[0])
    if len(set(header)) != len(header) or not all(header):
        raise GroundFileRefused(why="表头有空的或重复的列名", why_en="a column has no name, or two have the same")
    rows = [row + [""] * (len(header) - len(row)) for row in table[1:] if any(str(c or "").strip() for c in row)]
    return header, [row[: len(header)] for row in rows], encoding


def _workbook(content: bytes) -> list[list[Any]]:
    if content[:2] == b"PK":
        packing.ensure_small(content)
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    except (CalamineError, IndexError, OSError):
        raise GroundFileRefused(why="不是可读的 Excel 表", why_en="it is no readable workbook") from None


def _csv(content: bytes) -> tuple[list[list[Any]], str]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        before = csv.field_size_limit(_LONGEST)  # one for the whole program: given back
        try:
            return list(itertools.islice(csv.reader(io.StringIO(text, newline="")), _MOST_ROWS)), encoding
        except csv.Error:
            why, why_en = "CSV 有一格太长，或引号没有合上", "a cell is too long, or a quote stays open"
            raise GroundFileRefused(why=why, why_en=why_en) from None
        finally:
            csv.field_size_limit(before)
    raise GroundFileRefused(why="文字编码读不出", why_en="the encoding of the text cannot be read")


def geometry(row: dict[str, Any]) -> dict[str, Any] | None:
    """Give the ground of a row: its WKT, else its point; None for neither."""
    low = {k.lower(): v for k, v in row.items()}
    wkt = next((str(low[c]).strip() for c in WKT_COLUMNS if str(low.get(c) or "").strip()), "")
    if wkt:
        shape = shapely.from_wkt(wkt, on_invalid="ignore")
        return None if shape is None or shape.is_empty else mapping(shape)
    lng, lat = (next((low[c] for c in names if c in low), None) for names in (LNG_COLUMNS, LAT_COLUMNS))
    try:
        return {"type": "Point", "coordinates": [float(str(lng)), float(str(lat))]}
    except ValueError:
        return None


def is_ground(column: str) -> bool:
    """Whether a column holds ground and not a fact."""
    return column.lower() in (*WKT_COLUMNS, *LNG_COLUMNS, *LAT_COLUMNS)
