"""Does a change leave every answer as it was? What triage says of generated messages, as one number to compare.

Run in the tree before and in the tree after, on the same day: equal numbers, equal bytes. Nothing is stored, the town
stands as it was founded, and the moment of asking is fixed, so nothing else moves the number.
"""

import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.run import Figure

ASKED = int(os.environ.get("JISHI_BENCH_ANSWERS", "2000"))
BATCH = 500


def answers() -> list[Figure]:
    """Ask for every message in batches of 500 and alone; give the hash of all that was said, times left out."""
    from benchmarks.measures import remembered

    tenant = remembered(2000)
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    words, now = _words(tenant)
    with scope.work(system(tenant)):
        many = _said([words[first : first + BATCH] for first in range(0, len(words), BATCH)], now)
        alone = _said([[one] for one in words], now)
    told = hashlib.sha256(json.dumps([many, alone], ensure_ascii=False).encode()).hexdigest()
    without = [[[s for s in one if s[0] != "duplicates"] for one in row] for row in (many, alone)]  # these name rows
    out = [Figure(f"answers to {len(words)} messages, in batches and alone", told[:32], "", None)]
    same = sum(a == b for a, b in zip(*without, strict=True))
    out.append(Figure("   alone as in a batch", f"{same} of {len(words)}", "all", same == len(words)))
    return out


def _words(tenant: int) -> tuple[list[Any], datetime]:
    """Generated messages, every third with a point near a case of the town; said a day after the newest case."""
    from django.db.models import Max

    from jishi.cases import triage
    from jishi.cases.models import Case
    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.portal.demo import past_cases
    from jishi.portal.founding import shanghai_today

    with scope.work(system(tenant)) as work:
        newest = Case.objects.aggregate(at=Max("received_at"))["at"]
        points = list(Case.objects.exclude(lng_e7=None).order_by("id").values_list("lng_e7", "lat_e7")[:997])
        today = shanghai_today(work.recorded_at)
    now = min(newest + timedelta(days=1), datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    made = []
    for k, case in enumerate(past_cases(ASKED, seed=77, today=today)):
        lng, lat = points[k % len(points)]
        point = {"lng": lng / 1e7, "lat": lat / 1e7, "crs": "CGCS2000"} if k % 3 == 0 else {}
        made.append(triage.Words(text=case.text, said_at=now, **point))  # type: ignore[arg-type]
    return made, now


def _said(batches: list[list[Any]], now: datetime) -> list[Any]:
    from jishi.cases import triage

    return [
        [[s.stage, s.candidates, s.abstained, s.edition] for s in one.suggested] + [["shown", one.shown]]
        for batch in batches
        for one in triage.run(batch, now=now)
    ]


ALL: dict[str, Callable[[], list[Figure]]] = {"answers": answers}
