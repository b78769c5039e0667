"""gridplan: divide units of a table into grids, replan, audit or explain; no installation is asked.

    jishi gridplan --nodes N.csv --edges E.csv --k K --band 0.9 1.1 --out plan.csv --json
    jishi gridplan --points C.csv --crs bd09 --ground county.geojson --out plan.geojson

Nodes: id, x, y (metres), weight or households; edges: u, v (ids), border or shared_perimeter (metres), barrier if there
is one. Points: id, lng, lat (degrees of --crs), households, buildings if known; the neighbours are found. With --k the
band is given in shares of the mean, without it in households. Exit: 0 legal, 1 not, 2 bad input.
"""

import argparse
import csv
import gzip
import io
import json
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from config.cli import compounds
from jishi.kernels import gridplan as planner
from jishi.kernels.geo import datum
from jishi.kernels.gridplan import problem, refusals

GZIPPED = b"\x1f\x8b"
MOST_SHOWN = 50
MOST_GRID = 2**31 - 1  # the number of a grid


class Unreadable(ValueError):
    """A file that cannot be read as what it should be; the message says which and why."""


def main(argv: Sequence[str]) -> int:
    """Plan (or, with --previous, replan; with --audit, only judge) and say what came out."""
    given = _flags().parse_args(argv)
    try:
        table = read(given)
        if given.audit:
            return _audited(given, table)
        begun = time.monotonic()
        plan = _planned(given, table)
        seconds = time.monotonic() - begun
        if given.out:
            _write(Path(given.out), table, plan)
        told = _told(plan, table, seconds)
        if given.explain is not None:
            told["explanation"] = asdict(planner.explain(plan, given.explain))
    except (refusals.BadInput, datum.UnknownDatum, datum.SwappedAxes, compounds.BadGround, Unreadable, OSError) as no:
        return refuse(given, no)
    _say(given, told)
    return 0 if plan.is_adoptable else 1


def _flags() -> argparse.ArgumentParser:
    written = argparse.RawTextHelpFormatter
    flags = argparse.ArgumentParser("jishi gridplan", description=__doc__, formatter_class=written)
    compounds.flags(flags)
    flags.add_argument("--nodes", help="单元表 · units, csv or csv.gz")
    flags.add_argument("--edges", help="相邻表 · neighbours, csv or csv.gz")
    flags.add_argument("--k", type=int, help="网格数 · grids, exactly")
    flags.add_argument("--band", type=float, nargs=2, default=None, metavar=("LO", "HI"),
                       help="户数区间;有 --k 时是均值的倍数 · households; with --k shares of the mean")  # fmt: skip
    flags.add_argument("--cut", action="store_true", help="超上限的单元先切开 · cut units above the band beforehand")
    flags.add_argument("--community", help="社区所在的列 · the column of the community no grid may leave")
    flags.add_argument("--compound", help="小区所在的列 · the column of the compound")
    flags.add_argument("--compounds", choices=("whole", "own_grid", "free"), default="whole")
    flags.add_argument("--cap", type=int, help="到多少户的小区不拆 · households up to which a compound stays whole")
    flags.add_argument("--max-walk", type=float, help="最远走多少米,直线×1.35 · longest walk, m, straight × 1.35")
    flags.add_argument("--previous", help="现行方案 (id,grid) · the plan in force: change it as little as possible")
    flags.add_argument("--price", type=float, default=10.0, help="变动的价格 · the price of a change")
    flags.add_argument("--audit", help="只核查这个方案 (id,grid) · only judge this plan")
    flags.add_argument("--explain", help="为什么这个单元在这里 · why this unit is where it is")
    flags.add_argument("--no-exemptions", action="store_true", help="不许豁免 · without any exemption")
    flags.add_argument("--allow-islands", action="store_true", help="允许小于下限的孤岛 · islands below the band")
    flags.add_argument("--effort", type=float, default=30.0)
    flags.add_argument("--seed", type=int, default=0)
    flags.add_argument("--threads", type=int, default=2)
    flags.add_argument("--time-limit", type=float, help="秒 · seconds")
    flags.add_argument("--out", help="写到这个 csv · write the plan to this csv")
    flags.add_argument("--json", action="store_true", help="结果用 JSON · say it in JSON")
    flags.add_argument("--progress", action="store_true", help="进度写到标准错误 · progress on standard error")
    return flags


# --- reading ---------------------------------------------------------------------------------------------------


def _rows(name: str) -> dict[str, list[str]]:
    data = Path(name).read_bytes()
    try:
        packed = name.endswith(".gz") or data[:2] == GZIPPED
        plain = gzip.decompress(data) if packed else data
        with io.StringIO(_text(plain), newline="") as lines:
            return _table(name, lines)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error, csv.Error) as no:
        raise Unreadable(f"{name}: {no}") from no


def _text(data: bytes) -> str:
    """UTF-8, with a mark or without; else what spreadsheets here write."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _table(name: str, lines: io.StringIO) -> dict[str, list[str]]:
    """The columns of a table by their small names; lines without anything are none."""
    first = lines.readline()
    lines.seek(0)
    reader = csv.reader(lines, delimiter=max(",;\t", key=first.count))
    head = next(reader, None)
    if not head:
        raise Unreadable(f"{name}: 空文件 · the file is empty")
    columns: list[list[str]] = [[] for _ in head]
    for number, row in enumerate(reader, start=2):
        if len(row) == len(head):
            for column, value in zip(columns, row, strict=True):
                column.append(value)
        elif any(value.strip() for value in row):
            raise Unreadable(f"{name}:{number}: {len(row)} ≠ {len(head)} 列 · columns")
    return dict(zip((h.strip().lower() for h in head), columns, strict=True))


def _ids(name: str, columns: dict[str, list[str]], wanted: str) -> list[str]:
    """Names of units, without the blanks around them; 7.0 is 7, as spreadsheets write it."""
    told = [one.strip() for one in _column(name, columns, wanted)]
    return [one[:-2] if one.endswith(".0") and one[:-2].isdecimal() else one for one in told]


def _column(name: str, columns: dict[str, list[str]], *wanted: str) -> list[str]:
    for one in wanted:
        if one.strip().lower() in columns:
            return columns[one.strip().lower()]
    raise Unreadable(f"{name}: 缺少列 · there is no column {' / '.join(wanted)}")


def _numbers(name: str, columns: dict[str, list[str]], *wanted: str) -> Any:
    values = _column(name, columns, *wanted)
    try:
        return np.array([float(v) if v.strip() else np.nan for v in values], dtype=np.float64)
    except ValueError as no:
        raise Unreadable(f"{name}: {wanted[0]}: {no}") from no


def read(given: argparse.Namespace) -> dict[str, Any]:
    """Give units, edges, band and columns as the kernel takes them."""
    if given.points:
        return _built(given)
    if not (given.nodes and given.edges):
        raise Unreadable("--nodes --edges / --points: 缺少数据 · no data are named")
    nodes, links = _rows(given.nodes), _rows(given.edges)
    ids = _ids(given.nodes, nodes, "id")
    households = _numbers(given.nodes, nodes, "households", "weight")
    area = _numbers(given.nodes, nodes, "area") if "area" in nodes else None
    x, y = (_numbers(given.nodes, nodes, axis) for axis in ("x", "y"))
    units = planner.Units(np.array(ids, dtype=str), x, y, households, area)
    row = {one: i for i, one in enumerate(ids)}
    ends = [np.array([row.get(one, -1) for one in _ids(given.edges, links, end)], dtype=np.int64) for end in "uv"]
    barrier = np.nan_to_num(_numbers(given.edges, links, "barrier")).astype(np.int64) if "barrier" in links else None
    border = _numbers(given.edges, links, "border", "shared_perimeter")
    edges = planner.Edges(ends[0], ends[1], border, barrier)
    band, lo_hi = _band(given, households)
    of, names = np.arange(len(ids)), units.id
    if given.cut:
        problem.check(planner.Problem(units, edges))  # what makes no sense is refused before it is cut
        target = float(np.nansum(households)) / given.k if given.k else sum(lo_hi) / 2
        units, edges, of = planner.cut_heavy(units, edges, above=lo_hi[1], target=target)
    labels = {name: _labels(given.nodes, nodes, column)[of] if column else None
              for name, column in (("community", given.community), ("atoms", given.compound))}  # fmt: skip
    labels["communities"] = _known(_column(given.nodes, nodes, given.community)) if given.community else []
    return {"units": units, "edges": edges, "band": band, "of": of, "names": names, "row": row, **labels}


def _built(given: argparse.Namespace) -> dict[str, Any]:
    """Give the same from compounds as points."""
    told = _rows(given.points)
    homes = _numbers(given.points, told, "households", "weight")
    columns = {"id": np.array(_ids(given.points, told, "id"), dtype=str), "households": homes,
               **{axis: _numbers(given.points, told, axis) for axis in ("lng", "lat")}}  # fmt: skip
    if "buildings" in told:
        columns["buildings"] = _numbers(given.points, told, "buildings")
    if given.community:
        columns["community"] = _labels(given.points, told, given.community)
    band, _ = _band(given, homes)
    graph, plane = compounds.read(given, columns, band)
    ids = graph.units.id
    return {"units": graph.units, "edges": graph.edges, "band": band, "of": np.arange(len(ids)), "names": ids,
            "row": {one: i for i, one in enumerate(ids.tolist())}, "community": graph.community,
            "atoms": graph.atoms, "graph": graph, "plane": plane,
            "communities": _known(_column(given.points, told, given.community)) if given.community else []}  # fmt: skip


def _labels(name: str, columns: dict[str, list[str]], column: str) -> Any:
    """Codes of a column as whole numbers; empty and negative ones are none."""
    values = _column(name, columns, column)
    place = {v: i for i, v in enumerate(_known(values))}
    return np.array([place.get(v, -1) for v in values], dtype=np.int64)


def _known(values: list[str]) -> list[str]:
    return sorted({v for v in values if v.strip() and not v.startswith("-")})


def _band(given: argparse.Namespace, households: Any) -> tuple[planner.Band, tuple[float, float]]:
    if given.k is None:
        lo, hi = given.band or (300, 500)
        whole = float(lo).is_integer() and float(hi).is_integer()
        return planner.Band(int(lo) if whole else lo, int(hi) if whole else hi), (lo, hi)
    mean = float(np.nansum(households)) / given.k if given.k > 0 else 0.0
    lo, hi = (share * mean for share in given.band or (0.75, 1.25))
    if given.k < 1 or not lo <= hi < np.inf:
        raise refusals.BandMakesNoSense(k=given.k, lo=lo, hi=hi)
    return planner.Band(int(np.ceil(lo - 1e-9)), int(np.floor(hi + 1e-9))), (lo, hi)


def grids(name: str, table: dict[str, Any]) -> Any:
    """Read a plan (id, grid), put beside the units; −1 where it has none."""
    told = _rows(name)
    told_of = np.full(len(table["names"]), -1, np.int64)
    unknown = 0
    numbers = _numbers(name, told, "grid")
    if (np.abs(numbers) > MOST_GRID).any():
        raise Unreadable(f"{name}: grid: 数太大 · a number above {MOST_GRID}")
    for one, grid in zip(_ids(name, told, "id"), np.where(np.isnan(numbers), -1, numbers).tolist(), strict=True):
        if one in table["row"]:
            told_of[table["row"][one]] = int(grid)
        else:
            unknown += 1
    if unknown == len(numbers):
        raise refusals.PreviousDoesNotFit(unknown=unknown, missing=int((told_of < 0).sum()))
    return told_of[table["of"]]


# --- doing -----------------------------------------------------------------------------------------------------


def exempt(given: argparse.Namespace) -> planner.Exempt:
    """Give the exemptions that may be used."""
    if given.no_exemptions:
        return planner.Exempt(oversize_alone=False, unpeopled=False)
    return planner.Exempt(allow_islands=given.allow_islands)


def _fields(given: argparse.Namespace, table: dict[str, Any]) -> dict[str, Any]:
    return {
        "band": table["band"], "atoms": table["atoms"], "compounds": given.compounds, "cap": given.cap,
        "community": table["community"], "count": given.k, "exempt": exempt(given), "max_walk_m": given.max_walk,
    }  # fmt: skip


def _planned(given: argparse.Namespace, table: dict[str, Any]) -> planner.Plan:
    more = {"effort": given.effort, "threads": given.threads, "seed": given.seed,
            "progress": _progress if given.progress else None, "timer": time.monotonic,
            "time_limit_s": given.time_limit}  # fmt: skip
    fields = _fields(given, table)
    if given.previous:
        fields["previous"] = grids(given.previous, table)
        return planner.replan(planner.Problem(table["units"], table["edges"], **fields), price=given.price, **more)
    return planner.plan_grids(table["units"], table["edges"], **fields, **more)


def _audited(given: argparse.Namespace, table: dict[str, Any]) -> int:
    judged = planner.Problem(table["units"], table["edges"], **_fields(given, table))
    faults = planner.audit(grids(given.audit, table), judged)
    _say(given, {"status": "faulty" if faults else "legal", "faults": [asdict(f) for f in faults[:MOST_SHOWN]],
                 "fault_count": len(faults)})  # fmt: skip
    return 1 if faults else 0


def _progress(stage: str, done: int, total: int, faults: int, cost: float) -> bool:
    print(f"{stage} {done}/{total} faults {faults} J {cost:.4f}", file=sys.stderr)
    return True


def _write(path: Path, table: dict[str, Any], plan: planner.Plan) -> None:
    """One row per unit, or per piece of a unit that was cut; the grids themselves where their ground is known."""
    if path.suffix == ".geojson":
        if "graph" not in table:
            raise Unreadable(f"{path}: 没有地面 · GeoJSON is written of --points only")
        path.write_text(json.dumps(compounds.geojson(plan, table["graph"], table["plane"])), "utf-8")
        return
    names, of = table["names"][table["of"]], table["of"]
    piece = np.arange(len(of)) - np.searchsorted(of, of)
    rows = zip(names.tolist(), plan.assignment.tolist(), np.asarray(table["units"].households).astype(int).tolist(),
               piece.tolist(), strict=True)  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "grid", "households", "piece"])
        writer.writerows(rows)


def _told(plan: planner.Plan, table: dict[str, Any], seconds: float) -> dict[str, Any]:
    homes = [s.households for s in plan.grids]
    certificates = [{**asdict(c), "units": c.units[:MOST_SHOWN], "evidence": None} for c in plan.certificates]
    return {
        "status": plan.status, "grids": len(plan.grids), "units": len(plan.assignment),
        "band": [table["band"].lo, table["band"].hi], "least": min(homes), "greatest": max(homes),
        "seconds": round(seconds, 3), "metrics": dict(plan.metrics), "fault_count": len(plan.faults),
        "faults": [asdict(f) for f in plan.faults[:MOST_SHOWN]], "certificates": certificates[:MOST_SHOWN],
        "exemptions": [asdict(e) for e in plan.exemptions[:MOST_SHOWN]],
        "relaxations": [{"kind": r.kind, "price": r.price, "sentence": r.sentence} for r in plan.relaxations],
        "moves": len(plan.moves), "used": dict(plan.used),
    }  # fmt: skip


def _say(given: argparse.Namespace, told: dict[str, Any]) -> None:
    if given.json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return
    shown = ("status", "grids", "band", "least", "greatest", "seconds")
    print(" · ".join(f"{key} {told[key]}" for key in shown if key in told))
    for one in told.get("certificates", [])[:10]:
        print(f"  ✕ {one['kind']}: {one['sentence']}")
    for one in told["faults"][:10]:
        print(f"  ✕ {one['rule']} {one['code']} grid {one['grid']}: {one['number']}")
    for one in told.get("relaxations", [])[:10]:
        print(f"  → {one['price']:.0f}: {one['sentence']}")
    for one in told.get("explanation", {}).get("others", ()):
        print(f"  {one['grid']}: {one['sentence']}")


def refuse(given: argparse.Namespace, no: Exception) -> int:
    """Say what cannot be used; gives 2."""
    code = getattr(no, "code", "unreadable")
    if given.json:
        print(json.dumps({"status": "refused", "code": code, "says": str(no)}, ensure_ascii=False))
    print(f"不能用这些数据 · this cannot be used: {no}", file=sys.stderr)
    return 2
