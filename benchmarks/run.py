"""`./dev bench [NAME …]`: measure, print beside the goal, keep the result."""

import itertools
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Figure:
    """One measured number beside its goal. `met` is None where there is no goal, or it was not run."""

    what: str
    measured: str
    goal: str
    met: bool | None


def main(argv: Sequence[str]) -> int:
    """Run the named benchmarks, all of them without a name; gives 0 whatever was reached. `NAME:PART` runs a part."""
    from benchmarks import (
        alike,
        attack,
        clocks,
        deciding,
        dividing,
        ground,
        lives,
        marked,
        measures,
        sameness,
        sizes,
        spending,
        spreading,
        table,
        tiles,
        triage,
    )

    groups = (
        spending, sameness, measures, sizes, deciding, clocks, lives, triage, alike, marked, attack, dividing, ground,
        tiles, spreading,
    )  # fmt: skip
    known: dict[str, Callable[..., list[Figure]]] = {name: run for group in groups for name, run in group.ALL.items()}
    if any(one in ("-h", "--help") for one in argv):
        print("./dev bench [NAME …]           NAME:PART 只量一部分 · a part")
        print(f"./dev bench --table [write]    README 的表 · the table of README\nNAME: {', '.join(known)}")
        return 0
    if argv[:1] == ["--table"]:
        return table.main(list(argv[1:]))
    names = list(argv) or list(known)
    unknown = [n for n in names if n.partition(":")[0] not in known]
    if unknown:
        print(f"没有 · there is no: {', '.join(unknown)}. {', '.join(known)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    try:
        for name in names:
            print(f"… {name}", file=sys.stderr, flush=True)
            group, _, part = name.partition(":")
            figures += known[group](part) if part else known[group]()
    finally:
        _clear()
    _print(figures)
    _keep(names, figures)
    return 0


def _print(figures: Sequence[Figure]) -> None:
    print(f"\n{_machine()}\n")
    for one in figures:
        mark = {True: "✓", False: "✕", None: "·"}[one.met]
        print(f"{mark} {one.what:64} {one.measured:>34}   {one.goal}")


def _keep(names: Sequence[str], figures: Sequence[Figure]) -> None:
    folder = BASE / "benchmarks/results"
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    loads = [round(load, 1) for load in os.getloadavg()]
    content = {"at": stamp, "machine": _machine(), "load": loads, "names": list(names),
               "figures": [asdict(f) for f in figures]}  # fmt: skip
    folder.mkdir(exist_ok=True)
    path = _free(folder, stamp)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"\n{path.relative_to(BASE)}", file=sys.stderr)


def _free(folder: Path, stamp: str) -> Path:
    """Make the file of a run; never that of another run that ended in the same second."""
    for number in itertools.count():
        path = folder / f"{stamp}{f'-{number}' if number else ''}.json"
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise AssertionError


def _machine() -> str:
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, {platform.system()}"


_FOLDERS: list[Path] = []


def scratch() -> Path:
    """Give a fresh folder for one benchmark's database; at the end of the run its server is stopped and it goes."""
    folder = Path(tempfile.mkdtemp(prefix="jishi-bench-"))
    folder.chmod(0o711)
    _FOLDERS.append(folder)
    return folder


def _clear() -> None:
    from jishi.foundation import database

    for folder in _FOLDERS:
        database.stop(folder / "database")
        shutil.rmtree(folder, ignore_errors=True)
