"""Is what is worth comparing found, and is finding it as quick in a large town as in a small one? (spec 12 §4, 95 B6)

Each report is asked alone, as at the desk: what one of a batch may read is bounded by the batch, not by the report.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any

from benchmarks.run import Figure

ASKED = 400
GOAL_KEPT, GOAL_RATIO, GOAL_CANDIDATES = 0.98, 1.5, 200
LATELY = timedelta(days=45)
COMPARED = ("cases_report", "cases_case", "cases_membership")


def duplicates() -> list[Figure]:
    """Blocking against comparing with all at 10,000 cases; the time of one report at two sizes of a town."""
    from benchmarks.growing import widened
    from benchmarks.measures import remembered

    small, large = int(os.environ.get("JISHI_BENCH_SMALL", "10000")), int(os.environ.get("JISHI_BENCH_LARGE", "100000"))
    tenant = remembered(small)
    out = _blocking(tenant, small)
    before = _taken(tenant)
    widened(large, tables=COMPARED)
    after = _taken(tenant)
    for name, one in (("p50", 0), ("p95", 1)):
        ratio = after[one] / before[one]
        told = f"{ratio:.2f} × ({before[one]:.1f} → {after[one]:.1f} ms)"
        what = f"duplicates of one report at {large:,} against {small:,} cases, {name}"
        out.append(Figure(what, told, f"≤ {GOAL_RATIO} ×", ratio <= GOAL_RATIO))
    most = after[2]
    out.append(
        Figure("   most compared with one report", str(most), f"≤ {GOAL_CANDIDATES}", most <= GOAL_CANDIDATES)
    )
    return out


def _words(tenant: int, now: datetime) -> Sequence[Any]:
    """The newest reports of the town, as if each were said again now."""
    from jishi.cases import triage
    from jishi.cases.models import Membership

    rows = Membership.objects.filter(tenant_id=tenant, case__received_at__gt=now - LATELY).order_by("-id")
    found = rows.values_list("report__text_shown", "case_id")[:ASKED]
    return [(triage.Words(text, now), case) for text, case in found]


def _blocking(tenant: int, count: int) -> list[Figure]:
    """Of all pairs that comparing with every case would propose: how many are among those that are compared."""
    from django.utils import timezone

    from jishi.cases.tests import exhaustive
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    now, kept, every = timezone.now(), 0, 0
    with scope.work(system(tenant)):
        words = _words(tenant, now)
        own = [case for _, case in words]
        worth, whole = exhaustive.compared([w for w, _ in words], now=now)
    for at, case in enumerate(own):
        proposed = whole[at] - {case}
        every, kept = every + len(proposed), kept + len(proposed & worth[at])
    share = kept / every if every else 0.0
    what = f"blocking: pairs kept of those that comparing {len(words)} reports with all of {count:,} proposes"
    return [Figure(what, f"{share:.4f} of {every}", f"≥ {GOAL_KEPT}", share >= GOAL_KEPT)]


def _taken(tenant: int) -> tuple[float, float, int]:
    """p50 and p95 of the stage in ms, asked one by one, and the most that one was compared with."""
    from django.utils import timezone

    from jishi.cases import triage
    from jishi.cases.tests import exhaustive
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    now = timezone.now()
    with scope.work(system(tenant)):
        words = [w for w, _ in _words(tenant, now)][:240]
        each = [triage.run([w], now=now)[0].stage("duplicates").ms for w in words][40:]
        most = max(len(pairs) for pairs in exhaustive.compared(words[:40], now=now, whole=False)[0])
    return median(each), quantiles(each, n=20)[18], most


ALL: dict[str, Callable[[], list[Figure]]] = {"duplicates": duplicates}
