"""Whose matter is it: how long one decision takes, and how many a dry run makes again in a second (spec 11 §12.11)."""

import os
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benchmarks.run import Figure

ITEMS, TOWNS, ASKED, KEPT = 400, 40, 4_000, 3_000
DAY = date(2026, 4, 1)
COUNTY = "990181000000"


def decide() -> list[Figure]:
    """Decide facts about every matter in every town, one by one, in memory."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from jishi.kernels import dutylist

    editions, facts = _lists(), _facts(ASKED, random.Random(11))
    dutylist.decide(facts[0], editions, DAY)  # the index is made with the first
    took = []
    for one in facts:
        began = time.perf_counter()
        dutylist.decide(one, editions, DAY)
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    p50, p95, worst = took[len(took) // 2], took[int(len(took) * 0.95)], took[-1]
    said = f"p95 {p95:.2f} ms  (p50 {p50:.2f}, worst {worst:.1f}; n {len(took)})"
    return [Figure(f"decide, {ITEMS} items × {TOWNS} towns, in memory", said, "p95 ≤ 2 ms", p95 <= 2)]


def dry_run() -> list[Figure]:
    """Decide the stored decisions of a month again by a drafted edition, through the database, on one core."""
    from benchmarks.measures import town

    tenant, now = town(), datetime(2026, 4, 1, 2, tzinfo=UTC)
    from jishi.duties import queries, rehearsal
    from jishi.duties.actions import deciding, lists
    from jishi.duties.models import DutyList
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    by, facts = system(tenant), _facts(KEPT, random.Random(12))
    with scope.work(by):
        for start in range(0, KEPT, 500):
            deciding.keep(queries.decide(facts[start : start + 500], day=DAY), made_at=now, effective_on=DAY)
        first = DutyList.objects.order_by("id").first()
        draft = lists.draft_copy(first.id, title="试算", effective_from=DAY + timedelta(days=60), by=by, now=now)
    with scope.work(by):
        began, cpu = time.perf_counter(), time.process_time()
        made = rehearsal.dry_run(draft, start=now - timedelta(days=30), end=now + timedelta(days=1))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    a_second = made.total / seconds
    said = f"{a_second:,.0f} a second  ({made.total} in {seconds:.1f} s, {cpu:.1f} s of CPU)"
    return [Figure("dry run, decisions made again", said, "≥ 1,000 a second", a_second >= 1000)]


def _lists() -> Any:
    """The demonstration's lines, 400 of them, for a county of 40 towns."""
    from jishi.kernels.dutylist import Editions
    from jishi.portal.demo import institutions
    from jishi.portal.demo import town as drawn

    known = institutions.editions(drawn().divisions)
    own = [replace(i, list_id=f"streets:{COUNTY}", holder=(COUNTY,), holder_level="street") for i in known.items]
    again = [replace(i, number=f"{i.number}b", priority=max(i.priority - 5, 0)) for i in own]
    streets = {f"{COUNTY[:6]}{n:03d}000": f"town-{n}" for n in range(1, TOWNS + 1)}
    levels = dict(known.body_levels) | dict.fromkeys(streets.values(), "street")
    items = tuple([*own, *again][:ITEMS])
    return Editions(items, known.matters, levels, known.coordinators, {**known.holders, **streets})


def _facts(count: int, rng: random.Random) -> list[Any]:
    from jishi.kernels import dutylist
    from jishi.portal.demo import town as drawn

    leaves = sorted({m.code for m in drawn().matters} - {m.code.rpartition(".")[0] for m in drawn().matters})
    kinds = ("compound", "old_estate", "road", "lane", "market", "school", "river")
    made = []
    for _ in range(count):
        street = f"{COUNTY[:6]}{rng.randint(1, TOWNS):03d}000"
        spot = dutylist.Place(
            (COUNTY, street), community=f"{street[:9]}{rng.randint(1, 12):03d}", kinds=frozenset({rng.choice(kinds)})
        )
        at = datetime(2026, 3, rng.randint(1, 28), rng.randint(0, 23), tzinfo=UTC)
        made.append({
            "matter": dutylist.entered(rng.choice(leaves)), "place": dutylist.derived(spot),
            "channel": dutylist.entered(rng.choice(("web", "phone", "grid"))),
            "said_at": dutylist.derived(dutylist.Moment(at, working=rng.random() < 0.5)),
        })  # fmt: skip
    return made


ALL: dict[str, Callable[[], list[Figure]]] = {"decide": decide, "dry-run": dry_run}
