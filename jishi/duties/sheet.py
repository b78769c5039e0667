"""A duty list as a file: the printed columns and ours, xlsx and csv by one parser; all of a file or nothing."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from jishi.foundation import packed
from jishi.kernels import dutylist, worktime
from jishi.kernels.dutylist import Vocabulary

COLUMNS: Final = {
    "序号": "number", "类别": "kind", "事项名称": "name", "对应上级部门": "superior_dept",
    "上级部门职责": "superior_duty",
    "镇街配合职责": "own_part", "承接部门": "receiving_office", "工作方式": "way", "事项代码": "matters",
    "条件": "condition",
    "主办单位": "lead_body", "法定职权": "powers", "时限": "promises", "法律依据": "legal_basis", "优先级": "priority",
    "示例": "examples", "备注": "remark",
}  # fmt: skip
NEEDED: Final = ("序号", "类别", "事项名称", "事项代码", "主办单位")
KINDS: Final = {"基本履职": "basic", "配合履职": "assist", "上级收回": "taken_back"}
KIND_NAMES: Final = {code: name for name, code in KINDS.items()}
CLOCKS: Final = ("promise", "handling", "sign", "contact", "review", "part")
LONGEST: Final = {"number": 20, "name": 200, "superior_dept": 120, "receiving_office": 120}
LONGEST_TEXT, MOST_ROWS, MOST_BYTES, MOST_UNPACKED = 4000, 5000, 5_000_000, 60_000_000
POWERS: Final = {zh: code for code, (zh, _en) in dutylist.POWERS.items()}
_LEADS: Final = {"镇街": "$street", "$street": "$street", "社区（村）": "$community", "$community": "$community"}
_CLASSES: Final = {"body:$street": "镇街", "body:$community": "社区（村）"}
_WIDTHS: Final = {"序号": 12, "类别": 11, "事项名称": 34, "条件": 30, "法律依据": 40}

FAULTS: Final[Mapping[str, tuple[str, str]]] = {
    "not_a_sheet": ("不是能读的表格文件", "this is not a spreadsheet that can be read"),
    "too_large": ("文件太大", "the file is too large"),
    "no_rows": ("一条也没有", "there is no item"),
    "too_many_rows": ("超过 5000 条", "more than 5,000 items"),
    "missing_column": ("缺少这一列", "this column is missing"),
    "unknown_column": ("没有这一列“{detail}”", "there is no column {detail}"),
    "column_twice": ("这一列出现了两次", "this column stands there twice"),
    "merged_cells": ("有合并单元格 {detail}", "merged cells {detail}"),
    "formula": ("是公式，不是文字", "this is a formula, not text"),
    "not_text": ("不是文字：{detail}", "this is not text: {detail}"),
    "control_character": ("有看不见的控制字符", "there is a control character"),
    "empty": ("不能空着", "this cannot be empty"),
    "too_long": ("超过 {detail} 个字", "longer than {detail} characters"),
    "duplicate_number": ("编号和第 {detail} 行相同", "the same number as row {detail}"),
    "equal_items": ("和第 {detail} 行是同一条", "the same item as row {detail}"),
    "unknown_kind": ("类别只有基本履职、配合履职、上级收回", "the kind is one of 基本履职, 配合履职, 上级收回"),
    "unknown_department": ("单位名录里没有“{detail}”", "the register of bodies has no {detail}"),
    "unknown_body": ("单位名录里没有“{detail}”", "the register of bodies has no {detail}"),
    "unknown_matter": ("事项分类里没有代码“{detail}”", "the code book has no code {detail}"),
    "not_json": ("条件写得不完整：{detail}", "the condition is not complete: {detail}"),
    "bad_promise": ("时限写错了：“{detail}”", "the promise is not understood: {detail}"),
    "bad_priority": ("优先级是 0 到 99 的整数", "the priority is a whole number from 0 to 99"),
    "unknown_power": (
        "法定职权只有" + "、".join(POWERS) + "，没有“{detail}”",
        "{detail} is none of the lawful powers " + ", ".join(POWERS),
    ),
    "power_twice": ("法定职权写了两遍", "a lawful power stands there twice"),
    "bad_condition": ("条件不成立：{detail}", "the condition does not stand: {detail}"),
    "part_missing": ("配合事项要写镇街配合职责", "an assist item says the own part"),
    "pushed_down": ("{detail}", "{detail_en}"),
}


@dataclass(frozen=True, slots=True)
class NewItem:
    """One line of a list that is being drafted; values as the file and the form give them."""

    number: str
    kind: str
    name: str
    matters: tuple[str, ...] = ()
    condition: Mapping[str, Any] | None = field(default=None, hash=False)
    lead_body: str = ""
    superior_dept: str = ""
    superior_duty: str = ""
    own_part: str = ""
    receiving_office: str = ""
    way: str = ""
    legal_basis: str = ""
    promises: Mapping[str, str] = field(default_factory=dict, hash=False)
    priority: int = 50
    examples: str = ""
    remark: str = ""
    powers: tuple[str, ...] = ()

    @property
    def without_number(self) -> tuple[object, ...]:
        """All that two equal items have in common."""
        same = replace(self, number="", examples="", remark="")
        return tuple(str(same.__getattribute__(name)) for name in same.__slots__)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell. `row` counts as the sheet does (the head is row 1); 0 is the whole file."""

    row: int
    column: str
    code: str
    detail: str = ""
    detail_en: str = ""  # where the detail itself is a sentence

    def sentence(self, lang: str = "zh") -> str:
        """Say it."""
        words = FAULTS[self.code][1 if lang.startswith("en") else 0]
        return words.format(detail=self.detail, detail_en=self.detail_en or self.detail)

    def page(self) -> dict[str, Any]:
        """Give it as plain JSON, with its sentences."""
        said = {"zh": self.sentence(), "en": self.sentence("en")}
        return {"row": self.row, "column": self.column, "code": self.code, "detail": self.detail, **said}


@dataclass(frozen=True, slots=True)
class Known:
    """What the cells of a file may name: departments by name, leads by name or code, and the words of conditions.

    `holder` is whose list it is: the guard asks, because a community may lead what stands on its own list.
    """

    departments: frozenset[str]
    leads: Mapping[str, str]
    words: Vocabulary
    holder: str = ""


Rows = list[tuple[int, dict[str, str]]]


def from_csv(text: str, known: Known) -> tuple[list[NewItem], list[Fault]]:
    """Read csv text with our columns; gives items, or faults and nothing of the file."""
    table = [(at, row) for at, row in enumerate(csv.reader(io.StringIO(text)), start=1)]
    return _items(table, [], known)


def from_xlsx(data: bytes, known: Known) -> tuple[list[NewItem], list[Fault]]:
    """Read the first sheet of a workbook; gives items, or faults and nothing of the file."""
    if fault := _unreadable(data):
        return [], [fault]
    try:
        sheet = openpyxl.load_workbook(io.BytesIO(data), data_only=False).worksheets[0]
    except Exception:  # noqa: BLE001 - whatever the parser of a stranger's file raises, the file is not one
        return [], [Fault(0, "", "not_a_sheet")]
    faults = [
        Fault(area.min_row, get_column_letter(area.min_col), "merged_cells", str(area))
        for area in sorted(sheet.merged_cells.ranges, key=lambda a: (a.min_row, a.min_col))
    ]
    if sheet.max_row > MOST_ROWS + 1 or sheet.max_column > 200:
        return [], [*faults, Fault(0, "", "too_many_rows")]
    table = []
    for at, cells in enumerate(sheet.iter_rows(), start=1):
        table.append((at, [_text(cell, faults) for cell in cells]))
    return _items(table, faults, known)


def _unreadable(data: bytes) -> Fault | None:
    if len(data) > MOST_BYTES:
        return Fault(0, "", "too_large")
    wrong = packed.fault(data, packed.Limits(unpacked=MOST_UNPACKED))
    if wrong in ("too_large", "too_tight", "too_many"):
        return Fault(0, "", "too_large")
    return Fault(0, "", "not_a_sheet") if wrong else None


def _text(cell: Any, faults: list[Fault]) -> str:
    value = cell.value
    if value is None:
        return ""
    where = (cell.row, cell.column_letter)
    if cell.data_type == "f":
        faults.append(Fault(*where, "formula", str(value)[:40]))
    elif isinstance(value, bool) or not isinstance(value, str | int | float):
        faults.append(Fault(*where, "not_text", str(value)[:40]))
    elif isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def _items(
    table: Sequence[tuple[int, Sequence[str]]], faults: list[Fault], known: Known
) -> tuple[list[NewItem], list[Fault]]:
    if not table:
        return [], [*faults, Fault(0, "", "no_rows")]
    head = [name.strip().removeprefix("\ufeff") for name in table[0][1]]
    faults = [*faults, *_head_faults(head)]
    rows: Rows = [
        (at, {name: _clean(cell) for name, cell in zip(head, cells, strict=False)})
        for at, cells in table[1:]
        if any(cell.strip() for cell in cells)
    ]
    if not rows:
        faults.append(Fault(0, "", "no_rows"))
    if len(rows) > MOST_ROWS:
        return [], [*faults, Fault(0, "", "too_many_rows")]
    if any(f.code in ("missing_column", "not_a_sheet") for f in faults):
        return [], faults
    made: list[tuple[int, NewItem]] = []
    for at, row in rows:
        item, wrong = _item(at, row, known)
        faults += wrong
        made.append((at, item))
    faults += twice(made)
    faults = [replace(f, column=_column_of(f.column, head)) for f in faults]
    ordered = sorted(faults, key=lambda f: (f.row, f.column, f.code))
    return ([], ordered) if ordered else ([item for _, item in made], [])


def _column_of(letter: str, head: Sequence[str]) -> str:
    """Name a column by its head where it has one; letters stay for cells outside the table."""
    at = next((i for i in range(len(head)) if get_column_letter(i + 1) == letter), None)
    return head[at] or letter if at is not None else letter


def _clean(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n").strip()


def _head_faults(head: Sequence[str]) -> Iterator[Fault]:
    for name in NEEDED:
        if name not in head:
            yield Fault(1, name, "missing_column")
    for at, name in enumerate(head):
        if name and name not in COLUMNS:
            yield Fault(1, name, "unknown_column", name)
        elif name and name in head[:at]:
            yield Fault(1, name, "column_twice")


def twice(rows: Iterable[tuple[int, NewItem]]) -> Iterator[Fault]:
    """Name numbers that stand there twice, and items that are equal but for their number."""
    numbers: dict[str, int] = {}
    contents: dict[tuple[object, ...], int] = {}
    for at, item in rows:
        if item.number and numbers.setdefault(item.number, at) != at:
            yield Fault(at, "序号", "duplicate_number", str(numbers[item.number]))
        elif contents.setdefault(item.without_number, at) != at:
            yield Fault(at, "事项名称", "equal_items", str(contents[item.without_number]))


def _item(at: int, row: Mapping[str, str], known: Known) -> tuple[NewItem, list[Fault]]:
    faults: list[Fault] = []
    cells = {key: row.get(name, "") for name, key in COLUMNS.items()}
    for key, text in cells.items():
        faults += _text_faults(at, key, text)
    item = NewItem(
        number=cells["number"], kind=KINDS.get(cells["kind"], cells["kind"]), name=cells["name"],
        matters=tuple(_several(cells["matters"])),
        powers=tuple(POWERS.get(name, name) for name in _several(cells["powers"].replace("、", ";"))),
        condition=_condition(at, cells["condition"], faults),
        lead_body=known.leads.get(cells["lead_body"], _LEADS.get(cells["lead_body"], cells["lead_body"])),
        superior_dept=cells["superior_dept"], superior_duty=cells["superior_duty"], own_part=cells["own_part"],
        receiving_office=cells["receiving_office"], way=cells["way"], legal_basis=cells["legal_basis"],
        promises=_promises(at, cells["promises"], faults), priority=_priority(at, cells["priority"], faults),
        examples=cells["examples"], remark=cells["remark"],
    )  # fmt: skip
    return item, [*faults, *item_faults(at, item, known)]


def _several(cell: str) -> list[str]:
    return [part.strip() for part in cell.replace("；", ";").split(";") if part.strip()]


def text_faults(at: int, item: NewItem) -> Iterator[Fault]:
    """Name texts that are too long for their column or hold what cannot be read."""
    for key in COLUMNS.values():
        if isinstance(text := getattr(item, key), str):
            yield from _text_faults(at, key, text)


def _text_faults(at: int, key: str, text: str) -> Iterator[Fault]:
    name = next(name for name, k in COLUMNS.items() if k == key)
    longest = LONGEST.get(key, LONGEST_TEXT)
    if any(ord(c) < 32 and c not in "\n\t" for c in text):
        yield Fault(at, name, "control_character")
    if len(text) > longest:
        yield Fault(at, name, "too_long", str(longest))


def item_faults(at: int, item: NewItem, known: Known) -> Iterator[Fault]:
    """Name what one item may not say, whether it came from a file or a form."""
    for name, text in (("序号", item.number), ("事项名称", item.name)):
        if not text:
            yield Fault(at, name, "empty")
    if item.kind not in KIND_NAMES:
        yield Fault(at, "类别", "unknown_kind")
    if item.superior_dept and item.superior_dept not in known.departments:
        yield Fault(at, "对应上级部门", "unknown_department", item.superior_dept)
    if not item.matters:
        yield Fault(at, "事项代码", "empty")
    for code in item.matters:
        if code not in known.words.matters:
            yield Fault(at, "事项代码", "unknown_matter", code)
    yield from _power_faults(at, item)
    yield from _part_faults(at, item, known.words)
    yield from _guard_faults(at, item, known)
    yield from _condition_faults(at, item, known.words)


def _power_faults(at: int, item: NewItem) -> Iterator[Fault]:
    for code in item.powers:
        if code not in dutylist.POWERS:
            yield Fault(at, "法定职权", "unknown_power", code)
    if len(set(item.powers)) < len(item.powers):
        yield Fault(at, "法定职权", "power_twice")


def _part_faults(at: int, item: NewItem, words: Vocabulary) -> Iterator[Fault]:
    if not item.lead_body and item.kind != "assist":
        yield Fault(at, "主办单位", "empty")
    elif item.lead_body and item.lead_body not in words.bodies and item.lead_body not in _LEADS:
        yield Fault(at, "主办单位", "unknown_body", item.lead_body)
    if item.kind == "assist" and not item.own_part:
        yield Fault(at, "镇街配合职责", "part_missing")


def _guard_faults(at: int, item: NewItem, known: Known) -> Iterator[Fault]:
    """No line may push a duty down (spec 11 §4): the guard that every offer asks is asked when the line is written."""
    levels = {dutylist.STREET: "street", dutylist.COMMUNITY: "community"}
    level = levels.get(item.lead_body) or known.words.bodies.get(item.lead_body)
    if level is None or item.kind not in KIND_NAMES:
        return
    what, _, division = known.holder.partition(":")
    whose = {"streets": "street", "communities": "community"}.get(what) or known.words.bodies.get(what, "street")
    line = dutylist.Item(
        item.number, known.holder, item.kind, item.name, item.lead_body,  # type: ignore[arg-type]
        holder=(division or what,), holder_level=whose, superior_dept=item.superior_dept,
        powers=tuple(p for p in item.powers if p in dutylist.POWERS),
    )  # fmt: skip
    if no := dutylist.guard(line, item.lead_body, "lead", level):
        called = {f"body:{code}": name for name, code in known.leads.items()} | _CLASSES
        yield Fault(at, "主办单位", "pushed_down", no.sentence("zh", called), no.sentence("en", called))


def _condition_faults(at: int, item: NewItem, words: Vocabulary) -> Iterator[Fault]:
    if item.condition is None:
        return
    try:
        condition = dutylist.parse_condition(dict(item.condition))
    except dutylist.ConditionRefused as no:
        yield Fault(at, "条件", "bad_condition", f"{no.path or '/'} {no.detail}")
        return
    for finding in dutylist.validate(condition, words):
        yield Fault(at, "条件", "bad_condition", f"{finding.path} {finding.detail}")


def _condition(at: int, text: str, faults: list[Fault]) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        page = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as fault:
        faults.append(Fault(at, "条件", "not_json", str(fault)[:80]))
        return None
    if not isinstance(page, dict):
        faults.append(Fault(at, "条件", "not_json", text[:40]))
        return None
    return page or None


def _promises(at: int, text: str, faults: list[Fault]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in text.replace("；", ";").split(";"):
        if not pair.strip():
            continue
        clock, _, amount = (part.strip() for part in pair.partition("="))
        try:
            worktime.parse_amount(amount)
        except worktime.WorktimeRefused:
            clock = ""
        if clock not in CLOCKS or clock in found:
            faults.append(Fault(at, "时限", "bad_promise", pair.strip()[:40]))
        else:
            found[clock] = amount
    return found


def _priority(at: int, text: str, faults: list[Fault]) -> int:
    if not text:
        return 50
    if text.isascii() and text.isdigit() and int(text) <= 99:
        return int(text)
    faults.append(Fault(at, "优先级", "bad_priority"))
    return 50


def cells_of(item: NewItem) -> list[str]:
    """Write one item as the texts of its row; `from_csv` and `from_xlsx` read the same item back."""
    texts = {
        "powers": ";".join(dutylist.POWERS[p][0] if p in dutylist.POWERS else p for p in item.powers),
        "kind": KIND_NAMES[item.kind], "matters": ";".join(item.matters), "priority": str(item.priority),
        "condition": json.dumps(item.condition, ensure_ascii=False) if item.condition else "",
        "promises": ";".join(f"{c}={item.promises[c]}" for c in CLOCKS if c in item.promises),
    }  # fmt: skip
    return [texts.get(key, "") if key in texts else str(getattr(item, key)) for key in COLUMNS.values()]


def to_xlsx(items: Iterable[NewItem], *, title: str) -> bytes:
    """Write the workbook: one sheet, one head row, every cell text (one that begins = + - @ too)."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "".join(c for c in title if c not in "[]:*?/\\")[:31] or "清单"
    for at, name in enumerate(COLUMNS, start=1):
        cell = sheet.cell(1, at, name)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E8EEEC")
        sheet.column_dimensions[get_column_letter(at)].width = _WIDTHS.get(name, 18)
    rows = 1
    for rows, item in enumerate(items, start=2):
        for at, text in enumerate(cells_of(item), start=1):
            cell = sheet.cell(rows, at)
            cell.value = text or None
            if text:
                cell.data_type = "s"  # never a formula, whatever it begins with
            cell.number_format, cell.alignment = "@", Alignment(wrap_text=True, vertical="top")
    choice = DataValidation(type="list", formula1='"' + ",".join(KINDS) + '"', allow_blank=False)
    choice.add(f"B2:B{max(rows, 2)}")
    sheet.add_data_validation(choice)
    sheet.freeze_panes = "D2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{rows}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
