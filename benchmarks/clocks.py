"""How long the clocks take: ten years in one question, and an id that must not be found (spec 11 §4.9, 13 §6)."""

import itertools
import json
import random
import time
from collections.abc import Callable
from datetime import datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.run import Figure

CALLS = 200


def worktime() -> list[Figure]:
    """Ask for the end of a clock of ten years with four extensions, and for its working minutes."""
    from jishi.kernels.worktime import Amount, Clock, Unit, between, calendar, due, season
    from jishi.kernels.worktime.tests.calendars_for_tests import table

    made = calendar([table(y) for y in range(2020, 2032)], [season("08:30-12:00", "13:30-17:30")])
    start, amount = datetime(2020, 3, 2, 10, tzinfo=ZoneInfo("Asia/Shanghai")), Amount(Unit.WORKDAY, 700)
    clock = Clock(start, amount, extensions=(amount, Amount(Unit.HALF_DAY, 1400), Amount(Unit.WORK_HOUR, 4000)))
    end = due(clock, made).moment
    assert end is not None
    asked: dict[str, Callable[[], Any]] = {
        "due": lambda: due(clock, made),
        "between": lambda: between(start, end, Unit.WORK_MINUTE, made),
    }
    out = []
    for name, ask in asked.items():
        took = sorted(_milliseconds(ask) for _ in range(CALLS))
        said = f"p50 {took[CALLS // 2]:.3f} ms, best {took[0]:.3f}"
        out.append(Figure(f"worktime, {name} over {(end - start).days // 365} years", said, "≤ 1 ms", took[0] <= 1))
    return out


def hidden() -> list[Figure]:
    """Ask Open311 in turn for a tip-off and for a number that never was."""
    from benchmarks.measures import client, town

    town()
    from jishi.foundation import numbers

    said = client().post(
        "/api/v1/reports", data=json.dumps({"text": "有人倒卖安置房指标，请查。", "kind": "tip_off"}),
        content_type="application/json", headers={"Idempotency-Key": f"bench-hidden-{random.random()}"},
    )  # fmt: skip
    assert said.status_code == 201, said.content[:300]
    number, never = said.json()["number"], numbers.with_check("R99018126010199999")
    took: dict[str, list[float]] = {number: [], never: []}
    for asked in itertools.islice(itertools.cycle((number, never)), 2 * CALLS + 20):
        took[asked].append(_milliseconds(lambda one=asked: client().get(f"/open311/v2/requests/{one}.json")))
    one, other = (median(each[10:]) for each in took.values())
    told = f"{one:.2f} and {other:.2f} ms"
    met = abs(one - other) <= max(0.1 * other, 2)
    return [Figure("Open311: median for a hidden id and for none", told, "within 10 % or 2 ms", met)]


def _milliseconds(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


ALL: dict[str, Callable[[], list[Figure]]] = {"worktime": worktime, "hidden": hidden}
