"""The figures of README.md and README.zh.md: each from the newest record that holds it, with its day, machine and load.

`./dev bench --table` prints both, `./dev bench --table write` puts them between the two marks. No figure is written by
hand: tests/project/test_benchmarks.py finds each of them in the record that its line names.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BASE = Path(__file__).resolve().parent.parent
RESULTS = BASE / "benchmarks/results"
BEGIN, END = "<!-- ./dev bench --table write -->\n", "<!-- / -->\n"
AT = "p95 by the processor at 100,000 against 10,000 cases"
DESKS = ("create", "API list of 50", "desk page of 50")
ROWS: tuple[tuple[str, str, str, str], ...] = (  # command, what the record calls it, zh, en
    *(("statements", f"SQL statements: {one}", f"SQL 语句：{zh}", f"SQL statements: {one}")
      for one, zh in zip(DESKS, ("新建", "接口列表 50 条", "工作台 50 件"), strict=True)),
    *(("cpu", f"CPU per {one} (application + database)", f"每次用的处理器：{zh}（程序+数据库）", f"CPU per {one}")
      for one, zh in zip(DESKS, ("新建", "接口列表 50 条", "工作台 50 件"), strict=True)),
    ("pipeline", "pipeline in batch, one core, per 1,000 reports", "批量判断，一个核，每千件",
     "pipeline in batch, one core, per 1,000"),
    ("duplicates", "duplicates of one report at 1,000,000 against 10,000 cases, p95", "一百万件比一万件：找重复，p95",
     "1,000,000 against 10,000 cases: near-duplicates of one, p95"),
    ("import", "import of 4,326 messages: dry run", "导入 4,326 条真实留言：核对", "4,326 real messages: dry run"),
    ("import", "import of 4,326 messages: apply", "同上：收进来", "the same: taken in"),
    ("import", "import of 4,326 messages: apply again", "同上：再收一遍", "the same: again"),
    ("divisions", "load 620,573 communities", "载入全国区划", "the country's division table"),
    ("decide", "decide, 400 items × 40 towns, in memory", "照清单判一件", "deciding one matter by the lists"),
    ("dry-run", "dry run, decisions made again", "拿新清单重判过去的事", "past matters decided again by a new list"),
    ("start", "first page after up, first", "`up` 到第一页，头一次", "first page after `up`, first"),
    ("start", "first page after up, again", "`up` 到第一页，再一次", "first page after `up`, again"),
    ("start", "whole demonstration resident", "整个演示占的内存", "whole demonstration resident"),
    *(("scale", f"{AT}: {one}", f"十万件比一万件，p95（处理器）：{zh}",
       f"100,000 against 10,000 cases, p95 (processor): {one}")
      for one, zh in zip(DESKS, ("新建", "接口列表", "工作台"), strict=True)),
    ("scale", "whole lives at 100,000 against 10,000 cases", "十万件比一万件：整件事走完",
     "100,000 against 10,000 cases: whole lives"),
    ("bulk", "500 cases at once", "一次办 500 件", "500 cases at once"),
    ("sync", "500 devices of 3 reports", "500 台手机各带回三件", "500 devices bring three reports each"),
    ("burst", "250 people at once, three steps each", "250 人同时走三步", "250 people at once, three steps each"),
)  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """One figure as a run printed it; `file` is its record."""

    file: str
    machine: str
    load: str
    figure: Mapping[str, Any]


def newest() -> dict[str, Recorded]:
    """Give the newest record of every figure."""
    found = {}
    for path in sorted(RESULTS.glob("*.json"), key=_when):
        told = json.loads(path.read_text(encoding="utf-8"))
        load = f"{told['load'][0]:g}" if told.get("load") else "?"
        machine = ", ".join(told["machine"].split(", ")[:2])
        found |= {f["what"]: Recorded(path.name, machine, load, f) for f in told["figures"]}
    return found


def _when(path: Path) -> str:
    day, _, rest = path.stem.partition("T")
    return f"{day}T{rest.rstrip('Z').replace('Z', ''):0<6}"


def lines(language: str) -> Iterator[str]:
    """Write the table, a line at a time."""
    zh = language == "zh"
    yield "| 什么 | 测得 | 目标 | 哪一次 |" if zh else "| what | figure | goal | which run |"
    yield "|---|---|---|---|"
    known = newest()
    for word, what, in_zh, in_en in ROWS:
        yield row(word, in_zh if zh else in_en, known.get(what), zh=zh)


def row(word: str, name: str, found: Recorded | None, *, zh: bool) -> str:
    """Write one line; a figure that no record holds is said to be missing."""
    if found is None:
        never = "没有留下记录" if zh else "no run was recorded"
        return f"| {name} | {never} (`./dev bench {word}`) | – | – |"
    missed = (" **没到**" if zh else " **missed**") if found.figure["met"] is False else ""
    day = re.sub(r"T(\d\d)(\d\d).*", r" \1:\2", found.file)
    beside = f"负载 {found.load}" if zh else f"load {found.load}"
    ran = f"[{day} UTC](benchmarks/results/{found.file}), {found.machine}, {beside}"
    return f"| {name} | {found.figure['measured']}{missed} | {found.figure['goal']} | {ran} |"


def write() -> None:
    """Put the tables between the marks of both files."""
    for name, language in (("README.md", "en"), ("README.zh.md", "zh")):
        path = BASE / name
        before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        table = "\n".join(lines(language))
        path.write_text(f"{before}{BEGIN}{table}\n{END}{after}", encoding="utf-8")


def main(words: list[str]) -> int:
    """Print both tables, or write them."""
    if words == ["write"]:
        write()
    else:
        print("\n".join(["", *lines("en"), "", *lines("zh")]))
    return 0
