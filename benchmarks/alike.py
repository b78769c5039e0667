"""Is what is worth comparing found, and is finding it as quick in a large town as in a small one? (spec 12 §4, 95 B6)

Each report is asked alone, as at the desk. Both towns stand at once, each with a process and a database of its own, and
are asked the same words in turn, so that whatever else the machine does falls on both. The large one is the small one a
hundred times: each turn has ground of its own, as dense as the first; what is at no known place is a hundred times as
much. Every case has its report and its membership, which is all that comparing reads.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.run import Figure

ASKED, ROUNDS = 400, 240
GOAL_KEPT, GOAL_RATIO, GOAL_CANDIDATES = 0.98, 1.5, 200
LATELY = timedelta(days=45)
COMPARED = ("cases_report", "cases_case", "cases_membership")


def duplicates() -> list[Figure]:
    """Blocking against comparing with all in the small town; the time of one report in both."""
    from benchmarks.sizes import p95, towns

    with towns("benchmarks.alike") as both:
        sizes = tuple(one.cases for one in both)
        out = [_kept(both[0].ask("blocking"), sizes[0])]
        told: tuple[list[list[float]], list[list[float]]] = ([], [])
        for k in range(ROUNDS):
            for at in (0, 1) if k % 2 else (1, 0):
                told[at].append(both[at].ask("one", str(k)))
        most = max(one.ask("most") for one in both)
    for how, pick in (("", lambda s: s[0]), (" by the processor", lambda s: s[1] + s[2])):
        taken = [[pick(s) for s in one[40:]] for one in told]  # the first only warm
        for name, of in (("p50", median), ("p95", p95)):
            before, after = of(taken[0]), of(taken[1])
            said = f"{after / before:.2f} × ({before:.1f} → {after:.1f} ms)"
            what = f"duplicates of one report at {sizes[1]:,} against {sizes[0]:,} cases, {name}{how}"
            out.append(Figure(what, said, f"≤ {GOAL_RATIO} ×", after / before <= GOAL_RATIO))
    out.append(
        Figure("   most compared with one report", str(most), f"≤ {GOAL_CANDIDATES}", most <= GOAL_CANDIDATES)
    )
    return out


def _kept(told: tuple[int, int, int], count: int) -> Figure:
    kept, every, asked = told
    share = kept / every if every else 0.0
    what = f"blocking: pairs kept of those that comparing {asked} reports with all of {count:,} proposes"
    return Figure(what, f"{share:.4f} of {every}", f"≥ {GOAL_KEPT}", share >= GOAL_KEPT)


# ---------------------------------------------------------------- one town, in a process of its own


def serve(folder: Path, word: str, count: int) -> None:
    """Found the small town and end, or grow it to `count` cases and do what each line asks, one JSON line for each."""
    from benchmarks import growing, measures

    measures.scratch = lambda: folder
    tenant = measures.remembered(int(os.environ.get("JISHI_BENCH_SMALL", "10000")))
    if word == "found":
        return
    growing.widened(count, tables=COMPARED)
    doors = _doors(tenant)
    print(json.dumps({"cases": count}), flush=True)
    for line in sys.stdin:
        print(json.dumps(doors[line.split()[0]](*line.split()[1:])), flush=True)


def _doors(tenant: int) -> dict[str, Callable[..., Any]]:
    from django.utils import timezone

    from config import warming
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    warming.settle()
    now = timezone.now()

    def inside(door: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*words: str) -> Any:
            with scope.work(system(tenant)):
                return door(_words(tenant, now), now, *words)

        return asked

    return {"blocking": inside(_blocking), "one": inside(_one), "most": inside(_most)}


def _words(tenant: int, now: datetime) -> Sequence[Any]:
    """The newest reports of the first town, the same in both sizes, as if each were said again now."""
    from benchmarks import growing
    from jishi.cases import triage
    from jishi.cases.models import Membership

    rows = Membership.objects.filter(
        tenant_id=tenant, case__received_at__gt=now - LATELY, case__id__lt=growing.SHIFT
    ).order_by("-id")
    found = rows.values_list("report__text_shown", "case_id")[:ASKED]
    return [(triage.Words(text, now), case) for text, case in found]


def _blocking(words: Sequence[Any], now: datetime) -> tuple[int, int, int]:
    """Of all pairs that comparing with every case would propose: how many are among those that are compared."""
    from jishi.cases.tests import exhaustive

    kept = every = 0
    worth, whole = exhaustive.compared([w for w, _ in words], now=now)
    for at, (_, case) in enumerate(words):
        proposed = whole[at] - {case}
        every, kept = every + len(proposed), kept + len(proposed & worth[at])
    return kept, every, len(words)


def _one(words: Sequence[Any], now: datetime, at: str) -> tuple[float, float, float]:
    """What the stage takes for one report: ms by the wall, of this process, of the database's that served it."""
    from benchmarks.sizes import _spent
    from jishi.cases import triage
    from jishi.cases.triage import duplicates
    from jishi.cases.triage.classifying import Classes

    one = words[int(at)][0]
    (seen,) = triage.run([one], now=now, compare=False)
    classes = Classes(seen.stage("classify").candidates, seen.matter, "", "")
    return _spent(lambda: duplicates.find([one], [seen.shown], [seen.place], [classes], now=now))


def _most(words: Sequence[Any], now: datetime) -> int:
    from jishi.cases.tests import exhaustive

    return max(len(pairs) for pairs in exhaustive.compared([w for w, _ in words][:40], now=now, whole=False)[0])


ALL: dict[str, Callable[[], list[Figure]]] = {"duplicates": duplicates}

if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2], int((sys.argv[3:] or ["0"])[0]))
