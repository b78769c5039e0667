"""import: a file of another system, checked row by row, then applied part by part."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.cli.standing import parser, stand, tenant_code

if TYPE_CHECKING:
    from jishi.cases.actions.importing import Walk
    from jishi.foundation.actor import Actor

REFUSED_SHOWN = 20
NAMES = {
    "read": "读文件 read", "check": "核对 check", "minimise": "去标识 minimise", "locate": "找地方 locate",
    "classify": "判事项 classify", "duplicates": "找相似 duplicates", "route": "定单位 route",
    "deadline": "算时限 deadline", "store": "入库 store",
}  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Take a file in, or only check it; exit code 0, 1 (the file is refused) or 2 (stopped by the person)."""
    flags = parser("import", "Take a hotline file in: xlsx, or csv in UTF-8 or GB18030.")
    flags.add_argument("file")
    flags.add_argument("--map", required=True, metavar="NAME", help="messages, hotline, county, or one of the town's")
    flags.add_argument("--dry-run", action="store_true", help="check every row and store no report")
    flags.add_argument("--json", action="store_true", help="print one JSON object")
    given = flags.parse_args(argv)
    path = Path(given.file)
    try:
        content = path.read_bytes()
    except OSError as no:
        print(f"打不开“{path}”：{no.strerror}。 The file cannot be opened: {path}.", file=sys.stderr)
        return 1
    stand(given.data)
    return _import(content, path.name, given)


def _import(content: bytes, name: str, given: Any) -> int:
    from django.utils import timezone

    from jishi.cases.actions import column_maps, importing
    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.foundation.refusals import Refused
    from jishi.foundation.tenants import Tenant

    code = tenant_code()
    by, began = system(Tenant.objects.get(code=code).id), time.perf_counter()
    try:
        with scope.work(by):
            columns = column_maps.column_map(given.map, tenant_id=by.tenant_id)
            walk = importing.begin(content, name, columns=columns, applies=not given.dry_run, by=by, now=timezone.now())
    except Refused as no:
        return _refused(no, as_json=given.json)
    try:
        _walk(walk, by, code)
    except KeyboardInterrupt:
        print("\n停在这里；再运行一次会接着导，不会重复。 Stopped; run it again to go on.", file=sys.stderr)
        return 2
    with scope.work(by):
        said = report(walk, by, seconds=time.perf_counter() - began)
    print(json.dumps(said, ensure_ascii=False) if given.json else as_text(said))
    return 0


def _walk(walk: "Walk", by: "Actor", code: str) -> None:
    from django.utils import timezone

    from config import warming
    from jishi.cases.actions import importing
    from jishi.foundation import scope

    shows = sys.stderr.isatty()
    warming.settle()
    while not walk.is_over:
        with scope.work(by):
            importing.step(walk, by=by, now=timezone.now(), tenant_code=code)
        if shows:
            print(f"\r{_bar(walk.at, walk.total)}", end="", file=sys.stderr, flush=True)
    if shows:
        print(file=sys.stderr)


def _bar(done: int, total: int) -> str:
    full = 24 * done // max(1, total)
    return f"[{'█' * full}{'·' * (24 - full)}] {total:,} 行里做了 {done:,} 行 · {done:,} of {total:,} rows"


def _refused(no: Any, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"refused": no.as_problem("zh"), "created": 0}, ensure_ascii=False))
    else:
        print(f"✕ {no.sentence('zh')}\n  {no.next_step('zh')}", file=sys.stderr)
        print(f"✕ {no.sentence('en')}\n  {no.next_step('en')}", file=sys.stderr)
    return 1


def report(walk: "Walk", by: "Actor", *, seconds: float) -> dict[str, Any]:
    """Give everything about a finished walk as one object; no words of people are in it."""
    from jishi.cases.actions import importing
    from jishi.cases.queries import work

    sheet = walk.sheet
    rows = work.import_rows(walk.run_id, by=by, result="refused", limit=REFUSED_SHOWN)
    return {
        "run": walk.run_id, "file": sheet.file_name, "form": sheet.form, "encoding": sheet.encoding,
        "sheet": sheet.sheet,
        "map": walk.columns.label, "dry_run": not walk.applies, **importing.counts_of(walk),
        "seconds": round(seconds, 2), "stages": importing.stages_of(walk),
        "refused_rows": [
            {"line": r.line, "code": r.code, "zh": r.sentence("zh"), "en": r.sentence("en")} for r in rows
        ],
    }  # fmt: skip


def as_text(said: Mapping[str, Any]) -> str:
    """Write the report for a terminal."""
    how = f"{said['form']} {said['encoding'] or said['sheet']}"
    would = "核对完，没有入库 · checked, nothing stored" if said["dry_run"] else "已导入 · taken in"
    lines = [
        f"{said['file']}（{how}，列映射 {said['map']}）：{would}",
        f"  {said['total']:,} 行 rows = 新建 created {said['created']:,} + 收过 known {said['known']:,}"
        f" + 有变 changed {said['changed']:,} + 没收 refused {said['refused']:,}，{said['seconds']} s",
    ]
    for stage in said["stages"]:
        why = "，".join(f"{k} {n:,}" for k, n in stage["abstained"].items())
        left = sum(stage["abstained"].values())
        lines.append(
            f"  {NAMES[stage['stage']]:18} 做出 done {stage['done']:>7,}  没做出 abstained {left:>6,}"
            f"  {stage['ms_per_thousand']:>8,.1f} ms/千行" + (f"  （{why}）" if why else "")
        )
    for code, count in said["reasons"].items():
        lines.append(f"  没收 refused {count:,} · {code}")
    lines += [f"    第 {r['line']} 行：{r['zh']} · {r['en']}" for r in said["refused_rows"]]
    if said["refused"] > len(said["refused_rows"]):
        lines.append(f"    …… 其余在导入页看 · the rest on the import page: /desk/import/{said['run']}")
    return "\n".join(lines)
