"""Which column of a foreign file means what: versioned maps, and one row read by one of them.

A map is data (spec 10 §3): three are built in, a town saves its own as a new version; nothing is guessed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from jishi.cases.actions.arrival import Incoming
from jishi.cases.states import Channel, Kind, Urgency, Voice
from jishi.foundation.refusals import Refused

FIELDS = (
    "external_id", "said_at", "text", "title", "kind", "voice", "urgency", "caller_name", "caller_contact",
    "address_text", "matter_1", "matter_2", "matter_3",
)  # fmt: skip
NEEDED = ("external_id", "said_at", "text")
FACT_LENGTH = 120  # characters of a fact that is kept beside the report
_MANGLED = re.compile(r"^\d(\.\d+)?[eE]\+?\d{1,2}$")
_SERIAL = re.compile(r"^\d{5}(\.\d+)?$")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - day 0 of spreadsheet programs has no zone
_DIRECTIVES = {"%Y": "2026", "%m": "3", "%d": "9", "%H": "17", "%M": "05", "%S": "00"}


class NumberMangled(Refused):
    code, status = "number_mangled", 422
    zh = "{what}被表格软件变成了数字：{value}。"
    en = "The {what_en} was turned into a number by the spreadsheet: {value}."
    next_zh, next_en = "把这一列设成“文本”再导出。", "Set the column to “text” and export again."


class DateNotInForm(Refused):
    code, status = "date_not_in_form", 422
    zh = "时间“{value}”不是约定的写法（{forms}）。"
    en = "The time “{value}” is not in the declared form ({forms})."
    next_zh = "改成约定的写法，或另存一版写明这种写法的列映射。"
    next_en = "Write it so, or save a map that declares this form."


class SerialDate(Refused):
    code, status = "serial_date", 422
    zh, en = "时间成了表格软件的序列号：{value}。", "The time is a spreadsheet's serial number: {value}."
    next_zh = "把这一列设成“文本”再导出，或用允许序列号的列映射。"
    next_en = "Set the column to “text”, or use a map that allows it."


class NoNumber(Refused):
    code, status = "no_external_id", 422
    zh, en = "没有编号，分不清以前收没收过。", "No number: whether it came before cannot be told."
    next_zh, next_en = "补上编号再导。", "Add the number and try again."


class ColumnsShifted(Refused):
    code, status = "columns_shifted", 422
    zh = "这一行有 {found} 格，表头只有 {expected} 列：多半是文字里的逗号没有加引号。"
    en = "The row has {found} cells, the headings {expected}: likely an unquoted comma."
    next_zh, next_en = "给含逗号的文字加引号，或改用 xlsx。", "Quote texts that hold commas, or use xlsx."


class UnsoundMap(Refused):
    code, status = "unsound_map", 422
    zh, en = "列映射不完整：{why}", "The column map is incomplete: {why_en}"
    next_zh = "至少要有编号、时间、内容三列，时间要写明写法。"
    next_en = "It needs number, time and text, and the form of times."


class NoSuchMap(Refused):
    code, status = "no_such_map", 404
    zh, en = "没有叫“{name}”的列映射。现有：{known}。", "There is no column map “{name}”. There are: {known}."
    next_zh, next_en = "选一个，或先存一个新的。", "Choose one, or save a new one first."


@dataclass(frozen=True, slots=True)
class Columns:
    """A column map. `fields`: ours → heading. `facts`, `words`: headings kept beside the report, words minimised.

    `left_out` is named so that the map says what it does not take: a user name there is never kept as a person.
    `forms`: how times are written; only these are read. `values`: foreign words of a field → our codes.
    """

    code: str
    name: str
    name_en: str
    system: str
    fields: Mapping[str, str]
    forms: tuple[str, ...]
    number: int = 1
    serial_dates: bool = False
    facts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{self.code}@{self.number}"

    @property
    def wanted(self) -> tuple[str, ...]:
        return tuple(self.fields.values())

    def as_data(self) -> dict[str, Any]:
        """Give the map as it is stored."""
        return {k: v for k, v in asdict(self).items() if k not in ("code", "number", "name")}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what comes in, or why it does not."""

    line: int
    incoming: Incoming | None
    refusal: Refused | None = None


KINDS = {
    "诉求": "report", "投诉": "complaint", "投诉举报": "complaint", "咨询": "inquiry", "求助": "help", "求决": "help",
    "建议": "suggestion", "意见建议": "suggestion", "表扬": "praise", "感谢": "praise", "举报": "tip_off",
}  # fmt: skip
URGENCIES = {
    "一般": "normal", "普通": "normal", "紧急": "urgent", "加急": "urgent", "特急": "emergency", "险情": "emergency",
}  # fmt: skip
YES = {"是": "confidential", "保密": "confidential", "1": "confidential"}
ISO_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M")

BUILT_IN: Mapping[str, Columns] = {
    m.code: m
    for m in (
        Columns(
            code="messages", name="留言板导出", name_en="message board export", system="messages",
            fields={"external_id": "留言编号", "title": "留言主题", "said_at": "留言时间", "text": "留言详情"},
            forms=("%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S"), facts=("反对数", "点赞数"), left_out=("留言用户",),
        ),
        Columns(
            code="hotline", name="市热线工单导出", name_en="municipal hotline export", system="hotline",
            fields={
                "external_id": "工单编号", "said_at": "来电时间", "kind": "诉求类型", "caller_name": "来电人",
                "caller_contact": "联系电话", "voice": "是否保密", "title": "诉求标题", "text": "诉求内容",
                "address_text": "详细地址", "matter_1": "一级分类", "matter_2": "二级分类", "matter_3": "三级分类",
                "urgency": "紧急程度",
            },
            forms=ISO_FORMS, facts=("受理渠道", "所属区域", "承办单位", "办理状态", "办理时限", "办结时间"),
            words=("答复内容",), values={"kind": KINDS, "urgency": URGENCIES, "voice": YES},
        ),
        Columns(
            code="county", name="县级五环节表", name_en="county form of five stages", system="county",
            fields={
                "external_id": "受理编号", "said_at": "受理时间", "kind": "诉求类别", "caller_name": "诉求人",
                "caller_contact": "联系电话", "text": "诉求内容", "address_text": "诉求地点",
            },
            forms=ISO_FORMS,
            facts=("受理方式", "受理人单位", "预审结果", "预审时间", "派遣单位", "处置单位", "处置时间", "是否解决",
                   "回访时间", "回访结果", "结案时间"),
            words=("预审意见", "办理情况", "未解决原因", "公开答复内容"), values={"kind": KINDS},
        ),
    )
}  # fmt: skip


def from_data(code: str, number: int, name: str, data: Mapping[str, Any]) -> Columns:
    """Give a stored map back; what is stored was checked when it was saved."""
    lists = {k: tuple(data.get(k, ())) for k in ("forms", "facts", "words", "left_out")}
    return Columns(
        code=code, number=number, name=name, name_en=str(data.get("name_en") or name),
        system=str(data.get("system") or code), fields=dict(data["fields"]), values=dict(data.get("values", {})),
        serial_dates=bool(data.get("serial_dates")), **lists,
    )  # fmt: skip


def ensure_sound(columns: Columns) -> None:
    """Insist that the map can be read by.

    :raises UnsoundMap: a needed field has no column, a field or code is unknown, a form names no full day.
    """
    for need in NEEDED:
        if not columns.fields.get(need):
            raise UnsoundMap(why=f"缺 {need}", why_en=f"{need} has no column")
    for name in columns.fields:
        if name not in FIELDS:
            raise UnsoundMap(why=f"没有 {name} 这个字段", why_en=f"there is no field {name}")
    if not columns.forms or any(not all(d in f for d in ("%Y", "%m", "%d")) for f in columns.forms):
        raise UnsoundMap(why="时间的写法要有年、月、日", why_en="a form of time needs year, month and day")
    known = {"kind": Kind.values, "urgency": Urgency.values, "voice": Voice.values}
    for name, codes in columns.values.items():
        if not set(codes.values()) <= set(known.get(name, ())):
            raise UnsoundMap(why=f"{name} 的取值不认识", why_en=f"unknown codes for {name}")


class Reader:
    """Reads rows of one file by one map. `matters` are names of the code book from the widest to the leaf → code."""

    def __init__(
        self, columns: Columns, headings: Sequence[str], zone: tzinfo, matters: Mapping[tuple[str, ...], str]
    ) -> None:
        self._map, self._width, self._zone, self._matters = columns, len(headings), zone, matters
        at = {name: i for i, name in reversed(list(enumerate(headings)))}
        self._at = {name: at[column] for name, column in columns.fields.items() if column in at}
        self._facts = [(h, at[h]) for h in columns.facts if h in at]
        self._words = [(h, at[h]) for h in columns.words if h in at]

    @property
    def words(self) -> list[str]:
        """Name the columns whose words must be minimised before they are kept."""
        return [h for h, _ in self._words]

    def read(self, line: int, cells: Sequence[Any]) -> Row:
        """Read one row; what is wrong with its shape is said, the rest is judged by intake."""
        try:
            return Row(line, self._incoming(cells))
        except Refused as no:
            return Row(line, None, no)

    def _incoming(self, cells: Sequence[Any]) -> Incoming:
        if len(cells) > self._width and any(str(c).strip() for c in cells[self._width :]):
            raise ColumnsShifted(found=len(cells), expected=self._width)
        said = {name: tidy(cells[i]) if i < len(cells) else "" for name, i in self._at.items()}
        if _MANGLED.match(said["external_id"]):
            raise NumberMangled(what="编号", what_en="number", value=said["external_id"])
        if not said["external_id"]:
            raise NoNumber
        contact = said.get("caller_contact", "")
        if _MANGLED.match(contact):
            raise NumberMangled(what="电话", what_en="phone number", value=contact)
        voice = self._voice(said)
        anonymous = voice == Voice.ANONYMOUS
        raw = self._at["said_at"]
        return Incoming(
            text=said["text"], channel=Channel.IMPORT.value, voice=voice,
            kind=self._code("kind", said, Kind.REPORT.value),
            said_at=self._moment(cells[raw] if raw < len(cells) else "", said["said_at"]), title=said.get("title", ""),
            address_text=said.get("address_text", ""), urgency=self._code("urgency", said, Urgency.NORMAL.value),
            caller_name="" if anonymous else said.get("caller_name", ""),
            caller_contact="" if anonymous else contact, matter=self._matter(said), external_system=self._map.system,
            external_id=said["external_id"][:80], attributes=self._beside(cells, said),
        )  # fmt: skip

    def _voice(self, said: Mapping[str, str]) -> str:
        if said.get("caller_name") in ("匿名", "匿名先生/女士", "无名"):
            return Voice.ANONYMOUS.value
        return self._code("voice", said, Voice.OPEN.value)

    def _code(self, name: str, said: Mapping[str, str], otherwise: str) -> str:
        return self._map.values.get(name, {}).get(said.get(name, ""), otherwise)

    def _matter(self, said: Mapping[str, str]) -> str:
        """The other side's classification counts where our book has the same path of names; else triage looks."""
        path = tuple(said[n] for n in ("matter_1", "matter_2", "matter_3") if said.get(n))
        return self._matters.get(path, "")

    def _moment(self, raw: Any, text: str) -> datetime:
        if isinstance(raw, datetime | float | int) or _SERIAL.match(text):
            return self._serial(raw, text)
        for form in self._map.forms:
            try:
                return datetime.strptime(text, form).replace(tzinfo=self._zone)
            except ValueError:
                continue
        raise DateNotInForm(value=text[:40] or "—", forms=" / ".join(as_example(f) for f in self._map.forms[:2]))

    def _serial(self, raw: Any, text: str) -> datetime:
        if not self._map.serial_dates:
            raise SerialDate(value=text[:40])
        moment = raw if isinstance(raw, datetime) else _EPOCH + timedelta(days=round(float(text) * 86400) / 86400)
        return moment.replace(tzinfo=self._zone)

    def _beside(self, cells: Sequence[Any], said: Mapping[str, str]) -> dict[str, str]:
        kept = {h: tidy(cells[i])[:FACT_LENGTH] for h, i in self._facts if i < len(cells) and tidy(cells[i])}
        kept |= {h: tidy(cells[i]) for h, i in self._words if i < len(cells) and tidy(cells[i])}
        for name in ("kind", "urgency", "matter_1", "matter_2", "matter_3"):
            if said.get(name):
                kept[self._map.fields[name]] = said[name][:FACT_LENGTH]
        return kept


def tidy(cell: Any) -> str:
    """Write a cell as text: a whole number without its point, no control characters, no space around it."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return _CONTROL.sub("", str(cell)).strip() if cell is not None else ""


def as_example(form: str) -> str:
    """Show a form of time by an example, as people read it: 2026/3/9 17:05:00."""
    for directive, shown in _DIRECTIVES.items():
        form = form.replace(directive, shown)
    return form
