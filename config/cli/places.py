"""Words about ground: load the national division table, import grids, locate points."""

import csv
import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from config.cli.standing import parser, stand, tenant_code


def divisions(argv: Sequence[str]) -> int:
    """Load a year's division table; says rows, seconds and peak memory."""
    args = parser("divisions", "载入一年的全国区划表 · load a year's national division table")
    args.add_argument("files", nargs="+", metavar="FOLDER|FILE", help="csv, csv.gz; code,name columns")
    args.add_argument("--year", type=int, required=True, help="表的年份 · the table's year")
    given = args.parse_args(argv)
    stand(given.data, role="owner")  # the web role's statements end after 15 s
    from django.utils import timezone

    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.foundation.refusals import Refused
    from jishi.places.actions import divisions as verbs

    began = time.perf_counter()
    by = system(_tenant())
    try:
        with scope.work(by):
            done = verbs.load_year(
                [Path(f) for f in given.files], year=given.year, by=by, now=timezone.now(), progress=_bar(began)
            )
    except Refused as no:
        return _refused(no)
    print(file=sys.stderr)
    seconds = time.perf_counter() - began
    total = sum(done.rows.values())
    levels = " / ".join(f"{done.rows[level]:,}" for level in sorted(done.rows))
    print(f"{total:,} 行 · rows ({levels}), {seconds:.1f} s, 内存峰值 · peak memory {_peak():.0f} MiB")
    print("，".join(f"{kind} {count:,}" for kind, count in done.changes.items()))
    for name, line, why in done.refused[:20]:
        print(f"{name}:{line} {why}", file=sys.stderr)
    if done.doubtful:
        print(f"{done.doubtful:,} 个名称与代码段不合（只提示）· names that do not fit their digits (a hint, no more)")
    return 0


def grids(argv: Sequence[str]) -> int:
    """Check a file of grids as the page does; store it with ``--apply`` if nothing blocks."""
    args = parser("grids", "检查并导入网格 · check grids, and import them")
    args.add_argument("file", type=Path, help="GeoJSON(L), Shapefile .zip, GeoPackage, Excel, CSV")
    args.add_argument("--division", required=True, help="12 位区划代码 · 12 digits")
    args.add_argument("--crs", default="", help="cgcs2000 | wgs84 | gcj02 | bd09 | EPSG:…；默认按文件 · as filed")
    args.add_argument("--from", dest="since", default="", help="启用日 YYYY-MM-DD，默认今天 · in force from, today")
    args.add_argument("--document", default="", help="文号 · document number")
    args.add_argument("--replaces", type=int, default=None, help="被替换的版本号 · number of the edition it replaces")
    args.add_argument("--apply", action="store_true", help="没有阻断项就存 · store it if nothing blocks")
    given = args.parse_args(argv)
    stand(given.data)
    from django.utils import timezone
    from django.utils.dateparse import parse_date

    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.foundation.refusals import Refused
    from jishi.places.actions import grids as verbs
    from jishi.places.actions import imports

    now = timezone.now()
    by = system(_tenant())
    try:
        with scope.work(by):
            content = given.file.read_bytes()
            report = imports.look(content, given.file.name, division=given.division, crs=given.crs, by=by)
            print(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
            if not given.apply:
                return 1 if report.blockers else 0
            since = parse_date(given.since) if given.since else timezone.localdate(now)
            if since is None:
                print(f"不是日期：{given.since} · not a day", file=sys.stderr)
                return 2
            edition = verbs.adopt(
                report, effective_from=since, document_no=given.document, by=by, now=now, replaces=given.replaces
            )
    except Refused as no:
        return _refused(no)
    except OSError as no:
        print(f"读不到文件 · cannot read: {no}", file=sys.stderr)
        return 2
    print(f"第 {edition.number} 版，{len(report.grids)} 个网格，自 {since} · edition {edition.number}", file=sys.stderr)
    return 0


def locate(argv: Sequence[str]) -> int:
    """Give the grid of each row of a csv with columns lng, lat, and floor if known; writes csv, input order kept."""
    args = parser("locate", "批量定位 · locate points")
    args.add_argument("file", type=Path, help="csv: lng,lat[,floor,…]")
    args.add_argument("--crs", required=True, help="cgcs2000 | wgs84 | gcj02 | bd09")
    args.add_argument("--day", default="", help="YYYY-MM-DD，默认今天 · today")
    given = args.parse_args(argv)
    stand(given.data)
    from django.utils import timezone
    from django.utils.dateparse import parse_date

    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.foundation.refusals import Refused
    from jishi.places import queries
    from jishi.places.rest import points

    day = parse_date(given.day) if given.day else timezone.localdate()
    if day is None:
        print(f"不是日期：{given.day} · not a day", file=sys.stderr)
        return 2
    try:
        with given.file.open(encoding="utf-8-sig", newline="") as lines:
            told = csv.DictReader(lines)
            rows = [
                (points.degree(r.get("lng")), points.degree(r.get("lat")), points.floor(r.get("floor"))) for r in told
            ]
        with scope.work(system(_tenant())):
            queries.grids_in("", day)  # the index is built before the clock runs
            began = time.perf_counter()
            found = queries.locate(
                [r[0] for r in rows], [r[1] for r in rows], crs=given.crs, day=day, floors=[r[2] for r in rows]
            )
            seconds = time.perf_counter() - began
    except Refused as no:
        return _refused(no)
    except OSError as no:
        print(f"读不到文件 · cannot read: {no}", file=sys.stderr)
        return 2
    out = csv.writer(sys.stdout)
    out.writerow(points.COLUMNS)
    out.writerows([getattr(r, name) for name in points.COLUMNS] for r in found)
    rate = len(rows) / seconds if seconds else 0
    print(f"{len(rows):,} 个点 · points, {seconds:.2f} s, {rate:,.0f}/s", file=sys.stderr)
    return 0


def _tenant() -> int:
    from jishi.foundation.tenants import Tenant

    return int(Tenant.objects.values_list("id", flat=True).get(code=tenant_code()))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _refused(no: Exception) -> int:
    sentence = getattr(no, "sentence", str)
    step = getattr(no, "next_step", str)
    print(f"\n{sentence('zh')} {step('zh')}\n{sentence('en')} {step('en')}", file=sys.stderr)
    return 1


def _bar(began: float):  # type: ignore[no-untyped-def]
    words = {"read": "读取 reading", "check": "核对 checking", "compare": "比对 comparing", "store": "写入 storing"}

    def show(stage: str, rows: int, share: float) -> None:
        if not sys.stderr.isatty() and stage == "read":
            return
        full = int(share * 30)
        bar = "█" * full + "·" * (30 - full)
        seconds = time.perf_counter() - began
        ending = "" if sys.stderr.isatty() else "\n"
        print(f"\r{bar} {rows:>9,} {words[stage]:14} {seconds:5.1f} s ", end=ending, file=sys.stderr, flush=True)

    return show
