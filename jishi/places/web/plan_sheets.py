"""A plan as a workbook: grids, units, moves, parameters on four sheets. Text is text, whatever it begins with."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font

from jishi.places.queries.plans import RunPage

FEW = 5  # households of one address: fewer are not counted out (spec 21 §12)
HEADS = {
    "zh": {
        "grids": ("网格", ("网格代码", "名称", "户数", "楼栋和小区", "平均步行(米)", "最远步行(米)", "豁免", "有毛病")),
        "units": ("单元", ("编号", "地址", "网格代码")),
        "moves": ("变动", ("编号", "地址", "户数", "原网格", "新网格", "理由")),
        "rules": ("参数", ("项", "值")),
    },
    "en": {
        "grids": ("grids", ("code", "name", "households", "units", "mean walk m", "longest m", "exempt", "faulty")),
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
        (g.code, g.name, g.households, g.units, g.mean_walk_m, g.max_walk_m, g.exempt, int(g.at_fault))
        for g in page.grids
    ]
    moves = [
        (m.unit, m.label, m.households if m.households >= FEW else f"< {FEW}", m.before_code, m.after_code, m.reason)
        for m in page.moves
    ]
    rules = [
        ("community", run.community), ("lo", run.lo), ("hi", run.hi), ("compounds", run.compounds), ("cap", run.cap),
        ("price", run.price), ("allow_islands", int(run.allow_islands)), ("verdict", run.verdict),
        ("faults", run.faults), ("households", run.households), ("households_moved", run.households_moved),
        ("input", run.input_hash), ("asked_at", run.asked_at.isoformat()),
    ]  # fmt: skip
    for key, rows in (("grids", grids), ("units", units), ("moves", moves), ("rules", rules)):
        _sheet(book, *heads[key], rows)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


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
