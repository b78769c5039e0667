"""Two hundred communities planned through batch: one worker and two, and a Spark cluster of two on this machine.

The town is drawn here. Seconds of the clock and of the processors are both printed: where others use the machine the
first say little. Spark's rows are not run without the extra [spark] and Java.
"""

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.run import BASE, Figure
from jishi import batch
from jishi.batch import communities
from jishi.kernels import gridplan

COMMUNITIES, SIDE = 200, 50
RULES = communities.Rules(band=gridplan.Band(300, 500))
GOAL = 0.9
PATIENCE = 120  # seconds for a cluster to come up


@dataclass(frozen=True)
class _Ran:
    outcome: batch.Outcome
    answers: list[bytes]
    clock: float
    processors: float
    start: float  # clock of as many small tasks as workers: children, compiled parts, cluster
    starting: float  # processors of the same


def spread() -> list[Figure]:
    """Measure what spreading costs and gains, and whether every way gives the same bytes."""
    whole = town(COMMUNITIES, SIDE)
    communities.plan(next(communities.tasks(town(1, SIDE), RULES)).given)  # compiled once, before anything is measured
    with tempfile.TemporaryDirectory() as folder:
        one, two = (_ran(whole, Path(folder) / str(n), workers=n) for n in (1, 2))
        begun = time.perf_counter()
        again = batch.run(communities.plan, communities.tasks(whole, RULES), store=Path(folder) / "2")
        repeat = time.perf_counter() - begun
        return [*_here(one, two, again, repeat), *_on_spark(whole, Path(folder), one)]


def town(count: int, side: int, seed: int = 1) -> communities.Town:
    """Give so many lattices of side × side buildings, each a community, with edges across their borders."""
    chance, each = np.random.default_rng(seed), side * side
    n = count * each
    number = np.arange(n).reshape(count, side, side)
    across, along = number.transpose(1, 0, 2).reshape(side, count * side), number
    u = np.concatenate([across[:, :-1].ravel(), along[:, :-1].ravel()])
    v = np.concatenate([across[:, 1:].ravel(), along[:, 1:].ravel()])
    place = np.arange(n)
    x = place // each * side * 40.0 + place % side * 40.0 + chance.uniform(-12, 12, n)
    y = place % each // side * 40.0 + chance.uniform(-12, 12, n)
    units = gridplan.Units(np.array([f"b{i:07d}" for i in place]), x, y, chance.integers(4, 90, n).astype(float))
    edges = gridplan.Edges(u, v, chance.uniform(2, 40, len(u)))
    return communities.Town(units, edges, place // each, [f"c{i:05d}" for i in range(count)])


def _ran(whole: communities.Town, store: Path, **how: Any) -> _Ran:
    used, begun = _used(), time.perf_counter()
    batch.run(communities.plan, communities.tasks(town(how["workers"], 4), RULES), store=store / "start", **how)
    start, starting = time.perf_counter() - begun, _used() - used
    used, begun = _used(), time.perf_counter()
    outcome = batch.run(communities.plan, communities.tasks(whole, RULES), store=store, **how)
    clock, processors = time.perf_counter() - begun, _used() - used
    return _Ran(outcome, [batch.answer(row, store=store) for row in outcome.rows], clock, processors, start, starting)


def _share(one: _Ran, two: _Ran) -> tuple[float, str]:
    """How well two are used, with the start counted; and how it is told, with the start left out beside it."""
    whole = one.clock / two.clock / 2
    working = (one.clock - one.start) / max(two.clock - two.start, 1e-9) / 2
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    return whole, f"{one.clock:.1f} s → {two.clock:.1f} s, {whole:.0%}, without start {working:.0%} ({load})"


def _used() -> float:
    told = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in told)


def _here(one: _Ran, two: _Ran, again: batch.Outcome, repeat: float) -> list[Figure]:
    share, told = _share(one, two)
    worked = [ran.processors - ran.starting for ran in (one, two)]
    cost = worked[0] / max(worked[1], 1e-9)
    same = one.outcome.table() == two.outcome.table() and one.answers == two.answers
    what = f"batch: {COMMUNITIES} communities of {SIDE * SIDE:,} buildings"
    return [
        Figure(f"{what}, one → two workers", told, f"≥ {GOAL:.0%}", share >= GOAL),
        Figure("batch: processor time of one : two workers, without start", f"{cost:.0%} ({worked[1]:.1f} s)",
               f"≥ {GOAL:.0%}", cost >= GOAL),
        Figure("batch: same bytes, one and two workers", "yes" if same else "NO", "yes", same),
        Figure("batch: the same run again", f"{again.made} planned, {again.kept} kept, {repeat:.2f} s", "0 planned",
               again.made == 0),
    ]  # fmt: skip


def _on_spark(whole: communities.Town, folder: Path, here: _Ran) -> list[Figure]:
    try:
        import pyspark
    except ImportError:
        return [Figure("batch on Spark", "not run: the extra [spark] is not installed", "", None)]
    if shutil.which("java") is None:
        return [Figure("batch on Spark", "not run: there is no Java", "", None)]
    with _cluster(Path(pyspark.__file__).parent, folder) as master:
        one, two = (_ran(whole, folder / f"spark{n}", engine="spark", master=master, workers=n) for n in (1, 2))
    share, told = _share(one, two)
    same = two.outcome.table() == here.outcome.table() and two.answers == one.answers == here.answers
    what = f"batch on Spark {pyspark.__version__}, a cluster of two workers here, one → two cores"
    return [
        Figure(what, told, f"≥ {GOAL:.0%}", share >= GOAL),
        Figure("batch: same bytes, Spark and local", "yes" if same else "NO", "yes", same),
    ]


@contextmanager
def _cluster(home: Path, folder: Path) -> Iterator[str]:
    """A master and two workers of one core each, on this machine alone; all ended at the end."""
    port = _free_port()
    master = f"spark://127.0.0.1:{port}"
    here = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, "SPARK_HOME": str(home),
            "PYTHONPATH": os.pathsep.join([str(BASE), *(p for p in sys.path if p)])}  # fmt: skip
    begin, java = [str(home / "bin/spark-class")], "org.apache.spark.deploy"
    page = ["--host", "127.0.0.1", "--webui-port", "0"]
    parts = [[f"{java}.master.Master", *page, "--port", str(port)]]
    parts += [[f"{java}.worker.Worker", *page, "--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"w{n}"),
               master] for n in (1, 2)]  # fmt: skip
    with (folder / "cluster.log").open("w") as log:
        running = [subprocess.Popen([*begin, *part], env=here, stdout=log, stderr=log) for part in parts]
        try:
            _until_registered(folder / "cluster.log")
            yield master
        finally:
            for one in running:
                one.terminate()
            for one in running:
                one.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _until_registered(log: Path) -> None:
    patience = time.monotonic() + PATIENCE
    while log.read_text(errors="replace").count("Successfully registered with master") < 2:
        if time.monotonic() > patience:
            raise TimeoutError(f"the cluster did not come up:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.5)


ALL: dict[str, Callable[[], list[Figure]]] = {"batch": spread}
