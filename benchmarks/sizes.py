"""Is everything as quick in a city of 100,000 cases as in a town of 10,000? (issues of the spine and of cases; spec 13
§9.9, 95)

Both towns stand at once, each with a process and a database of its own, and are asked in turn, so that whatever else
the machine does falls on both. The large one is the small one ten times: as many cases on each grid, in the same year,
with the same forty bodies; what waits is ten times as much. Three figures tell of each door: the wall, the processor
(application and database), and the pages of the database that it touched, which no neighbour on the machine changes.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.run import BASE, Figure, scratch

ROUNDS = int(os.environ.get("JISHI_BENCH_ROUNDS", "120"))
LIVES, WARM = max(ROUNDS // 3, 2), 12
GOAL, GOAL_OPEN311 = 1.3, 1.5  # issues of the spine and of cases; spec 13 §9.9
FLOOR_PAGES = 400  # a door that touches fewer pages than this is small whatever the ratio says
MS = ("wall", "cpu", "database")
Spent = tuple[float, float, float]  # ms by the wall, of this process, of the database's process that served it

# Whom the demonstration names, and what he opens; empty: a stranger.
PAGES: tuple[tuple[str, str], ...] = (
    ("paidan1", "/desk/dispatch"), ("paidan1", "/desk/dispatch?queue=returns"),
    ("paidan1", "/desk/dispatch?queue=contested"), ("paidan1", "/desk/dispatch?queue=fallback"),
    ("paidan1", "/desk/dispatch?queue=consulting"), ("paidan1", "/desk/dispatch?queue=objections"),
    ("paidan1", "/cases"), ("paidan1", "/cases?status=open"), ("paidan1", "/cases?status=CLOSED"),
    ("paidan1", "/cases?matter=01"), ("paidan1", "/cases?matter=02.02.04&status=CLOSED"),
    ("paidan1", "/cases?urgency=emergency&status=open"), ("paidan1", "/cases?clock=promise&sort=due"),
    ("paidan1", "/cases?due_before=2100-01-01&sort=due"), ("paidan1", "/cases?sort=received"),
    ("paidan1", "/cases?q=路灯"), ("paidan1", "/cases?q=云溪大道 路灯"), ("paidan1", "/cases?tag=汛期"),
    ("paidan1", "/cases?body={body}"), ("paidan1", "/cases?body={body}&role=lead&status=open"),
    ("paidan1", "/cases?grid={grid}"), ("paidan1", "/cases?changed_after=2026-01-01"),
    ("paidan1", "/cases/{case}"), ("paidan1", "/"), ("huawu1", "/desk/operator"), ("huawu1", "/"),
    ("paishui1", "/desk/inbox"), ("paishui1", "/desk/inbox?show=running"), ("paishui1", "/desk/inbox?show=returned"),
    ("paishui1", "/desk/inbox?show=ended"), ("paishui1", "/"), ("paishui1", "/cases"),
    ("paishui1", "/cases?status=open"),
    ("cuizhu1", "/desk/inbox"), ("cuizhu1", "/cases"), ("cuizhu1", "/"), ("wangge1", "/grid"),
    ("shenhe1", "/desk/review"), ("huifang1", "/desk/feedback"), ("duban1", "/desk/stuck"), ("duban1", "/desk/banked"),
    ("lingdao1", "/"), ("lingdao1", "/desk/whistles"), ("lingdao1", "/desk/map/grids"), ("lingdao1", "/desk/clusters"),
    ("lingdao1", "/desk/topics"), ("jumin1", "/me"), ("jumin1", "/"), ("", "/map/grids"), ("", "/public"),
    ("", "/public?status=open"), ("", "/public?matter=02.02.04"), ("", "/api/v1/public/cases?limit=50"),
    ("", "/api/v1/tiles/cases/{tile}"), ("", "/quality"),
    ("client", "/api/v1/cases?limit=50"), ("client", "/api/v1/cases?limit=50&status=open"),
    ("client", "/api/v1/cases?limit=50&q=路灯"), ("client", "/api/v1/cases?limit=50&matter=02"),
    ("client", "/api/v1/cases/{case}"), ("client", "/api/v1/cases/{case}/timeline"),
    ("client", "/api/v1/reports/{report}"),
)  # fmt: skip
OPEN311 = tuple(f"/open311/v2/{what}" for what in (
    "requests.json", "requests.json?status=open", "requests.json?status=closed", "requests.json?service_code=02.02.04",
    "requests.json?service_code=02.02.04&status=open", "requests.json?start_date={day}", "requests.json?end_date={day}",
    "requests.json?start_date={month}&end_date={day}", "requests.json?updated_after={day}&page=1&page_size=50",
    "requests.json?updated_after={year}&page=1&page_size=50", "requests.json?page=1&page_size=50",
    "requests.json?page=20&page_size=50", "requests.json?just_count=true", "requests.json?status=open&just_count=true",
    "requests.json?lat={lat}&long={lng}&radius=300", "requests.json?bbox={box}", "requests.json?extensions=true",
    "requests/{public}.json", "requests/R9999999999.json", "servicerequestupdates.json?start_date={day}",
))  # fmt: skip


# ---------------------------------------------------------------- one town, in a process of its own


def serve(folder: Path, word: str, count: int) -> None:
    """Found the town and end, or grow it to `count` cases and do what each line asks, one JSON line for each."""
    from benchmarks import growing, measures

    measures.scratch = lambda: folder
    if word == "found":
        measures.remembered(growing.FOUNDED)
        return
    doors = _doors(growing.widened(count))
    print(json.dumps({"cases": count}), flush=True)
    for line in sys.stdin:
        print(json.dumps(doors[line.split()[0]](*line.split()[1:])), flush=True)


def _doors(tenant: int) -> Mapping[str, Callable[..., Any]]:
    from benchmarks import measures
    from config import warming

    values = _values(tenant)
    warming.settle()
    named: dict[str, Callable[[], Any]] = {name.replace(" ", "_"): door for name, door in measures.DOORS.items()}
    named["Open311_requests"] = measures.open311_requests

    def asked(at: str) -> Callable[[], Any]:
        who, path = _every()[int(at)]
        return lambda: _reader(who).get(path.format_map(values))

    def door(name: str) -> list[Spent]:
        answer: list[Any] = []
        spent = _spent(lambda: answer.append(named[name]()))
        assert answer[0].status_code in (200, 201), (name, answer[0].status_code, answer[0].content[:300])
        return [spent]

    return {
        "door": door, "life": lambda: _life(tenant), "page": lambda at: [_spent(lambda: _read(asked(at)))],
        "pages": lambda at: _pages(asked(at)), "create_pages": lambda: _pages(measures.create),
    }  # fmt: skip


def _values(tenant: int) -> dict[str, Any]:
    """What stands in the addresses: a case, a report, a body, a grid, a point, days."""
    from datetime import timedelta

    from django.utils import timezone

    from benchmarks import growing
    from jishi.cases.models import Membership
    from jishi.cases.tests import factories
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    with scope.work(system(tenant)):
        rows = Membership.objects.filter(
            case__visibility="public", report__voice="open", to_at=None, case__id__lt=growing.SHIFT,
            case__grid__isnull=False,
        )
        row = rows.select_related("report", "case", "case__grid").order_by("-id").first()
    assert row is not None and row.case.grid is not None
    lng, lat, today = row.case.lng_e7 / 1e7, row.case.lat_e7 / 1e7, timezone.localdate()
    z = 14
    x, y = _tile(lng, lat, z)
    return {
        "case": row.case.number, "report": row.report.number, "public": row.report.number,
        "body": factories.body_id(tenant, "psyh"), "grid": row.case.grid.code, "lng": lng, "lat": lat,
        "box": f"{lng - 0.004},{lat - 0.004},{lng + 0.004},{lat + 0.004}", "tile": f"{z}/{x}/{y}",
        "day": (today - timedelta(days=3)).isoformat(), "month": (today - timedelta(days=30)).isoformat(),
        "year": (today - timedelta(days=360)).isoformat(),
    }  # fmt: skip


def _tile(lng: float, lat: float, z: int) -> tuple[int, int]:
    from math import asinh, pi, radians, tan

    return int((lng + 180) / 360 * 2**z), int((1 - asinh(tan(radians(lat))) / pi) / 2 * 2**z)


def _reader(who: str) -> Any:
    from benchmarks import measures

    return measures.client() if who == "client" else measures.signed_in(who)


def _read(ask: Callable[[], Any]) -> Any:
    answer = ask()
    if getattr(answer, "streaming", False):
        b"".join(answer.streaming_content)
    return answer


def _spent(run: Callable[[], Any]) -> Spent:
    from benchmarks.spending import backend

    pid = backend()
    wall, app, base = time.perf_counter(), time.process_time(), pid()
    run()
    return (
        round((time.perf_counter() - wall) * 1000, 3), round((time.process_time() - app) * 1000, 3),
        round((pid() - base) * 1000, 3),
    )  # fmt: skip


def _life(tenant: int) -> dict[str, list[Spent]]:
    from benchmarks import lives

    return {verb: list(taken) for verb, taken in lives.lived(1, spent=_spent)[1].items()}


def _pages(ask: Callable[[], Any]) -> dict[str, Any]:
    """Tell how many pages of the database a door touches, and by which statements most; each is done once more under
    EXPLAIN, in a savepoint that is taken back."""
    _read(ask)
    with _explained() as found:
        answer = _read(ask)
    found.sort(key=lambda one: -one["pages"])
    return {"status": answer.status_code, "pages": sum(one["pages"] for one in found), "most": found[:4]}


@contextmanager
def _explained() -> Iterator[list[dict[str, Any]]]:
    from django.db import connection

    found: list[dict[str, Any]] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if not many and connection.in_atomic_block and _READS.match(sql) and not _FRAME.search(sql):
            execute("SAVEPOINT explained", None, False, context)
            execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql, params, many, context)
            told = context["cursor"].fetchone()[0]
            execute("ROLLBACK TO SAVEPOINT explained", None, False, context)
            told = (json.loads(told) if isinstance(told, str) else told)[0]
            plan = told["Plan"]
            found.append({
                "pages": plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0),
                "ms": told.get("Execution Time", 0.0), "planning": told.get("Planning Time", 0.0), "sql": sql,
                "plan": plan if os.environ.get("JISHI_BENCH_PLANS") else None,
            })  # fmt: skip
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


_READS = re.compile(r"\s*\(?(SELECT|WITH|INSERT|UPDATE|DELETE)\b")
_FRAME = re.compile(r"(?i)set_config|SAVEPOINT|pg_advisory|pg_try_advisory|nextval")


# ---------------------------------------------------------------- both towns, asked in turn


class Town:
    """A town that stands in a process of its own and does what a line says."""

    def __init__(self, folder: Path, cases: int, module: str) -> None:
        kept = {k: v for k, v in os.environ.items() if k not in ("JISHI_ROLE", "JISHI_PG_OWNER", "JISHI_PG_WEB")}
        words = [sys.executable, "-m", module, str(folder), "serve", str(cases)]
        self._process = subprocess.Popen(
            words, env={**kept, "PYTHONPATH": str(BASE)}, cwd=BASE, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        self.cases = cases

    def ready(self) -> None:
        self._heard()

    def ask(self, *words: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def _heard(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the town of {self.cases:,} ended: {self._process.wait()}")
        return json.loads(line)


@contextmanager
def towns(module: str = "benchmarks.sizes") -> Iterator[tuple[Town, Town]]:
    """Found one town, copy its folder, grow both, and let both wait for words, as `module` does it.
    `JISHI_BENCH_TOWNS`: a folder in which they are kept from run to run, those of one module."""
    small, large = int(os.environ.get("JISHI_BENCH_SMALL", "10000")), int(os.environ.get("JISHI_BENCH_LARGE", "100000"))
    from jishi.foundation import database

    kept = os.environ.get("JISHI_BENCH_TOWNS")
    folders = (Path(kept) / "small", Path(kept) / "large") if kept else (scratch(), scratch())
    if not (folders[1] / "database").exists():
        folders[0].mkdir(mode=0o711, parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", module, str(folders[0]), "found"], check=True, cwd=BASE)
        database.stop(folders[0] / "database")
        subprocess.run(["cp", "-a", f"{folders[0]}/.", str(folders[1])], check=True)
    both = Town(folders[0], small, module), Town(folders[1], large, module)
    try:
        for one in both:
            one.ready()
        yield both
    finally:
        for one, folder in zip(both, folders, strict=True):
            one.end()
            database.stop(folder / "database")


def in_turn(both: tuple[Town, Town], words: tuple[str, ...], rounds: int) -> tuple[list[Spent], list[Spent]]:
    """Ask both towns the same, one after the other, the other first each time; the first rounds only warm."""
    told: tuple[list[Spent], list[Spent]] = ([], [])
    for turn in range(WARM + rounds):
        for at in (0, 1) if turn % 2 else (1, 0):
            spent = both[at].ask(*words)
            if turn >= WARM:
                told[at].extend(tuple(one) for one in spent)
    return told


def p95(taken: list[float]) -> float:
    return quantiles(taken, n=20)[18]


def compared(name: str, told: tuple[list[Spent], list[Spent]], sizes: tuple[int, int], goal: float) -> list[Figure]:
    """Figures of one door: p95 by the processor against the goal; the wall and the medians beside it."""
    out = []
    for what, pick in (("processor", lambda s: s[1] + s[2]), ("wall", lambda s: s[0])):
        taken = [[pick(s) for s in one] for one in told]
        ratio, middle = p95(taken[1]) / p95(taken[0]), median(taken[1]) / median(taken[0])
        said = f"{ratio:.2f} × ({p95(taken[0]):.1f} → {p95(taken[1]):.1f} ms), medians {middle:.2f} ×"
        title = f"p95 by the {what} at {sizes[1]:,} against {sizes[0]:,} cases: {name}"
        out.append(Figure(title, said, f"≤ {goal} ×", ratio <= goal))
    return out


def scale() -> list[Figure]:
    """Compare create, lists, Open311 and the verbs of whole lives in both towns."""
    out = []
    with towns() as both:
        sizes = both[0].cases, both[1].cases
        for name in ("create", "API list of 50", "desk page of 50", "Open311 requests"):
            told = in_turn(both, ("door", name.replace(" ", "_")), ROUNDS)
            out += compared(name, told, sizes, GOAL_OPEN311 if name.startswith("Open311") else GOAL)
        out += _lives(both, sizes) + _touched(both, sizes)
    return out


def _lives(both: tuple[Town, Town], sizes: tuple[int, int]) -> list[Figure]:
    verbs: dict[str, tuple[list[Spent], list[Spent]]] = defaultdict(lambda: ([], []))
    whole: tuple[list[float], list[float]] = ([], [])
    for turn in range(WARM // 2 + LIVES):
        for at in (0, 1) if turn % 2 else (1, 0):
            lived = both[at].ask("life")
            if turn >= WARM // 2:
                whole[at].append(sum(s[1] + s[2] for taken in lived.values() for s in taken))
                for verb, taken in lived.items():
                    verbs[verb][at].extend(tuple(s) for s in taken)
    rates = [1000 / (sum(one) / len(one)) for one in whole]
    ratio = rates[0] / rates[1]
    said = f"{ratio:.2f} × ({rates[0]:.2f} → {rates[1]:.2f} a second of processor)"
    what = f"whole lives at {sizes[1]:,} against {sizes[0]:,} cases"
    out = [Figure(what, said, f"≤ {GOAL} ×", ratio <= GOAL)]
    for verb, told in sorted(verbs.items()):
        out += compared(verb, told, sizes, GOAL)
    return out


def _touched(both: tuple[Town, Town], sizes: tuple[int, int]) -> list[Figure]:
    """Compare the pages of the database that each door touches."""
    asked = [("create", ("create_pages",))]
    asked += [(f"{who} {path}".strip(), ("pages", str(at))) for at, (who, path) in enumerate(_every())]
    out = []
    for name, words in asked:
        few, many = (one.ask(*words) for one in both)
        ratio = max(many["pages"], FLOOR_PAGES) / max(few["pages"], FLOOR_PAGES)
        told = f"{few['pages']:,} → {many['pages']:,}"
        out.append(Figure(f"pages of the database: {name}", told, f"≤ {GOAL} ×, or few", ratio <= GOAL))
        if os.environ.get("JISHI_BENCH_PLANS"):
            print(json.dumps({"door": name, "few": few, "many": many}, ensure_ascii=False), file=sys.stderr)
    return out


def _every() -> list[tuple[str, str]]:
    return [*PAGES, *(("", path) for path in OPEN311)]


ALL: dict[str, Callable[[], list[Figure]]] = {"scale": scale}

if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2], int((sys.argv[3:] or ["0"])[0]))
