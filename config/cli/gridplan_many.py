"""gridplan-many: every community of a table planned by itself, several at once, each answer kept.

    jishi gridplan-many --nodes N.csv --edges E.csv --community COLUMN --store DIR --out plan.csv --table statuses.csv
    jishi gridplan-many … --engine spark --master spark://host:7077 --workers 16

Tables as for `jishi gridplan`. What the store holds is not planned again, so a run that was broken off goes on, and a
change in one community plans that one alone. Grids are numbered through the town in the order of its communities. With
--previous each community keeps near the plan in force.
Exit: 0 every community has a legal plan, 1 not, 2 bad input.
"""

import argparse
import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from config.cli import compounds, gridplan
from jishi import batch
from jishi.batch import communities
from jishi.kernels.geo import datum
from jishi.kernels.gridplan import refusals

LEGAL = ("legal", "legal_with_exemptions")
FAILED = "failed"
REFUSED = (
    refusals.BadInput, batch.CannotRun, datum.UnknownDatum, datum.SwappedAxes, compounds.BadGround,
    gridplan.Unreadable, OSError,
)  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Plan them and say what came out of each."""
    given = _flags().parse_args(argv, argparse.Namespace(k=None, cut=False))
    begun = time.monotonic()
    try:
        town, rules = _town(given)
        store = Path(given.store)
        outcome = batch.run(
            communities.plan, communities.tasks(town, rules), store=store, engine=given.engine, workers=given.workers,
            master=given.master,
        )  # fmt: skip
        table = [_line(row, answer) for row, answer in _answers(outcome, store)]
        if given.table:
            _write(given.table, list(table[0]), (list(line.values()) for line in table))
        if given.out:
            _write(given.out, ["id", "grid", "community"], _grids(town, _answers(outcome, store)))
    except REFUSED as no:
        return gridplan.refuse(given, no)
    _say(given, outcome, table, time.monotonic() - begun)
    return 0 if all(line["status"] in LEGAL for line in table) else 1


def _flags() -> argparse.ArgumentParser:
    written = argparse.RawTextHelpFormatter
    flags = argparse.ArgumentParser("jishi gridplan-many", description=__doc__, formatter_class=written)
    compounds.flags(flags)
    flags.add_argument("--nodes", help="单元表 · units, csv or csv.gz")
    flags.add_argument("--edges", help="相邻表 · neighbours, csv or csv.gz")
    flags.add_argument("--community", required=True, help="社区所在的列 · the column of the community")
    flags.add_argument("--band", type=float, nargs=2, metavar=("LO", "HI"), help="户数区间 · households per grid")
    flags.add_argument("--compound", help="小区所在的列 · the column of the compound")
    flags.add_argument("--compounds", choices=("whole", "own_grid", "free"), default="whole")
    flags.add_argument("--cap", type=int, help="到多少户的小区不拆 · households up to which a compound stays whole")
    flags.add_argument("--previous", help="现行方案 (id,grid) · the plan in force: change it as little as possible")
    flags.add_argument("--price", type=float, default=10.0, help="变动的价格 · the price of a change")
    flags.add_argument("--no-exemptions", action="store_true", help="不许豁免 · without any exemption")
    flags.add_argument("--allow-islands", action="store_true", help="允许小于下限的孤岛 · islands below the band")
    flags.add_argument("--effort", type=float, default=30.0)
    flags.add_argument("--seed", type=int, default=0)
    flags.add_argument("--store", required=True, help="结果存在这个目录 · the folder in which answers are kept")
    flags.add_argument("--engine", choices=batch.ENGINES, default="local")
    flags.add_argument("--workers", type=int, default=2, help="同时算几个 · how many at once")
    flags.add_argument("--master", default="", help="Spark 集群 · spark://host:7077; without: this machine")
    flags.add_argument("--out", help="每个单元的网格写到这个 csv · write the grid of every unit to this csv")
    flags.add_argument("--table", help="各社区的状态写到这个 csv · write the table of statuses to this csv")
    flags.add_argument("--json", action="store_true", help="结果用 JSON · say it in JSON")
    return flags


def _town(given: argparse.Namespace) -> tuple[communities.Town, communities.Rules]:
    read = gridplan.read(given)
    previous = gridplan.grids(given.previous, read) if given.previous else None
    town = communities.Town(
        read["units"], read["edges"], read["community"], read["communities"], read["atoms"], previous
    )  # fmt: skip
    return town, communities.Rules(
        band=read["band"], compounds=given.compounds, cap=given.cap, exempt=gridplan.exempt(given),
        effort=given.effort, seed=given.seed, price=given.price,
    )  # fmt: skip


def _answers(outcome: batch.Outcome, store: Path) -> Iterator[tuple[batch.Row, dict[str, Any]]]:
    """Read one answer after the other: a province's do not fit into memory at once."""
    for row in outcome.rows:
        yield row, json.loads(batch.answer(row, store=store)) if row.status == "done" else {}


def _line(row: batch.Row, answer: dict[str, Any]) -> dict[str, Any]:
    """Give one community's line of the table of statuses."""
    why = [c["sentence"] for c in answer.get("certificates", [])] or [answer.get("says", row.note)]
    return {
        "community": row.name, "status": answer.get("status", FAILED), "units": len(answer.get("id", ())),
        "households": answer.get("households", 0), "grids": len(answer.get("grids", ())),
        "faults": len(answer.get("faults", ())), "moves": answer.get("moves", 0), "note": why[0], "key": row.key,
    }  # fmt: skip


def _grids(town: communities.Town, answers: Iterator[tuple[batch.Row, dict[str, Any]]]) -> Iterator[list[Any]]:
    """Give unit, grid and community; a number is used once in the town, and grids in force keep theirs."""
    fresh = 0 if town.previous is None else int(town.previous.max()) + 1
    for row, answer in answers:
        kept = answer.get("kept", ())
        number = {grid: grid for grid in kept}
        for grid in sorted(set(answer.get("grid", ())) - set(kept)):
            number[grid], fresh = fresh, fresh + 1
        for unit, grid in zip(answer.get("id", ()), answer.get("grid", ()), strict=True):
            yield [unit, number[grid], row.name]


def _write(name: str, head: list[str], rows: Iterator[list[Any]]) -> None:
    with Path(name).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def _say(given: argparse.Namespace, outcome: batch.Outcome, table: list[dict[str, Any]], seconds: float) -> None:
    counts = dict(sorted(Counter(line["status"] for line in table).items()))
    if given.json:
        told = {"statuses": counts, "made": outcome.made, "kept": outcome.kept, "seconds": round(seconds, 3),
                "communities": table}  # fmt: skip
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return
    print(" · ".join(f"{status} {count}" for status, count in counts.items()))
    print(f"新算 {outcome.made}，已有 {outcome.kept} · {outcome.made} made, {outcome.kept} kept, {seconds:.1f} s")
    for line in table:
        if line["status"] not in LEGAL:
            print(f"  ✕ {line['community']}: {line['status']} {line['note']}", file=sys.stdout)
