"""A plan as a workbook of four sheets, and as a drawing for paper. Text is text, whatever it begins with."""

import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from openpyxl import Workbook
from openpyxl.styles import Font

from jishi.places.models import GridVersion, PlanGrid
from jishi.places.queries.plans import RunPage

FEW = 5  # households of one address: fewer are not counted out (spec 21 §12)
HEADS = {
    "zh": {
        "grids": (
            "网格",
            ("网格代码", "名称", "户数", "楼栋和小区", "平均步行(米)", "最远步行(米)", "步行怎么量", "豁免", "有毛病"),
        ),
        "units": ("单元", ("编号", "地址", "网格代码")),
        "moves": ("变动", ("编号", "地址", "户数", "原网格", "新网格", "理由")),
        "rules": ("参数", ("项", "值")),
    },
    "en": {
        "grids": (
            "grids",
            ("code", "name", "households", "units", "mean walk m", "longest m", "walks by", "exempt", "faulty"),
        ),
        "units": ("units", ("unit", "address", "grid")),
        "moves": ("moves", ("unit", "address", "households", "before", "after", "reason")),
        "rules": ("parameters", ("name", "value")),
    },
}  # fmt: skip


def workbook(page: RunPage, units: Sequence[tuple[str, str, str]], lang: str) -> bytes:
    """Give the four sheets as one file."""
    book, heads, run = Workbook(), HEADS[lang], page.run
    book.remove(book.active)
    grids = [
        (g.code, g.name, g.households, g.units, g.mean_walk_m, g.max_walk_m, g.walks, g.exempt, int(g.at_fault))
        for g in page.grids
    ]
    moves = [
        (m.unit, m.label, m.households if m.households >= FEW else f"< {FEW}", m.before_code, m.after_code, m.reason)
        for m in page.moves
    ]
    rules = [
        ("community", run.community), ("lo", run.lo), ("hi", run.hi), ("compounds", run.compounds), ("cap", run.cap),
        ("price", run.price), ("max_walk_m", run.max_walk_m), ("allow_islands", int(run.allow_islands)),
        ("verdict", run.verdict),
        ("faults", run.faults), ("households", run.households), ("households_moved", run.households_moved),
        ("input", run.input_hash), ("ways", run.ways), ("asked_at", run.asked_at.isoformat()),
    ]  # fmt: skip
    for key, rows in (("grids", grids), ("units", units), ("moves", moves), ("rules", rules)):
        _sheet(book, *heads[key], rows)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Drawing:
    """Paths of an SVG drawing of all grids, north above, in units of a millimetre; `ruler` stands for `metres`."""

    width: str
    height: str
    grids: tuple[tuple[str, str, str, str, str], ...]  # path, where its number stands, number, its class: bad, special
    ruler: str
    metres: int
    scale: int


WIDE, HIGH = 270.0, 250.0  # millimetres of an A3 sheet that the drawing may take
METRES_PER_DEGREE = 111_320.0


def drawing(grids: Sequence[PlanGrid], specials: Sequence[GridVersion] = ()) -> Drawing:
    """Draw the grids of a plan, and the special ones it leaves alone, in true proportions for a sheet of A3; no map
    server, no colour that a print needs."""
    every = [(g.code, "bad" if g.at_fault else "", g.polygon) for g in grids]
    every += [(g.grid.code, "special", g.polygon) for g in specials]
    read = [(code, css, shapely.from_wkb(bytes(wkb))) for code, css, wkb in every]
    shapes = [row for row in read if not row[2].is_empty]
    if not shapes:
        return Drawing(str(WIDE), "20", (), "", 0, 0)
    west, south, east, north = shapely.total_bounds(np.array([one for *_, one in shapes]))
    squeeze = math.cos(math.radians((south + north) / 2))
    broad, tall = (east - west) * squeeze * METRES_PER_DEGREE, (north - south) * METRES_PER_DEGREE  # metres
    per_mm = max(broad / WIDE, tall / HIGH, 0.01)

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            round((x - west) * squeeze * METRES_PER_DEGREE / per_mm, 2),
            round((north - y) * METRES_PER_DEGREE / per_mm, 2),
        )

    rows = []
    for code, css, one in shapes:
        middle = one.representative_point()
        x, y = at(middle.x, middle.y)
        rows.append((_path(one, at), str(x), str(y), code[12:], css))
    metres = _round_length(broad / 4)
    height = round(tall / per_mm + 12, 2)
    ruler = f"M1 {height - 4}v3h{metres / per_mm:.2f}v-3"
    return Drawing(str(round(broad / per_mm + 2, 2)), str(height), tuple(rows), ruler, metres, round(per_mm * 1000))


def _path(shape: Any, at: Callable[[float, float], tuple[float, float]]) -> str:
    rings = []
    for part in shapely.get_parts(shape):
        for ring in (part.exterior, *part.interiors):
            rings.append("M" + "L".join(f"{x} {y}" for x, y in (at(*c) for c in ring.coords[:-1])) + "Z")
    return "".join(rings)


def _round_length(metres: float) -> int:
    """Give 1, 2 or 5 times a power of ten, not longer.

    >>> _round_length(740), _round_length(199)
    (500, 100)
    """
    power = 10 ** max(0, math.floor(math.log10(max(metres, 1))))
    return int(next(n * power for n in (5, 2, 1) if n * power <= max(metres, 1)))


def _sheet(book: Workbook, title: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet = book.create_sheet(title)
    sheet.append(list(head))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(number, column, value)
            if isinstance(value, str):
                cell.data_type = "s"
    sheet.freeze_panes = "A2"
    for column in sheet.columns:
        longest = max(len(str(c.value or "")) for c in column)
        sheet.column_dimensions[column[0].column_letter].width = min(max(longest + 2, 8), 44)
