"""How well danger and hot topics are told: on marked sets of our own, and by what the desk said (spec 12 §9).

Each gives the rows of one stage for `measuring`; what nobody has decided in this town yet is said to be so.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.timezone import localdate

from jishi.cases.actions.measured_stages import Row, row
from jishi.cases.models import Choice, ClusterReport, Membership, RiskLook, Suggestion
from jishi.cases.states import Status
from jishi.cases.triage import Stage, danger
from jishi.kernels.text import clusters_golden
from jishi.kernels.text.figures import Share, b_cubed

LEAST = 3  # reports that people put into one case make one topic of the town's own
SOON = 10.0  # minutes
OFFERS = 2000  # the newest are enough
OWN_DAYS = timedelta(days=30)  # as long as hot topics look back


@cache
def golden() -> tuple[Share, Share]:
    """Give recall and precision on the golden sentences of danger and their denied, past and imagined twins."""
    path = settings.INSTITUTIONS_DIR / "rules" / "risk_golden.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    fired = [{mark.code for mark in marks} for marks in danger.look([r["text"] for r in rows])]
    meant = [set(r["fires"]) for r in rows]
    right = sum(len(a & b) for a, b in zip(fired, meant, strict=True))
    return Share(right, sum(map(len, meant))), Share(right, sum(map(len, fired)))


def risk(*, since: datetime, until: datetime, tenant_id: int) -> list[Row]:
    """Give how many sentences of danger fire and how many that fire are danger, and how long a mark waited."""
    recall, precision = golden()
    first = localdate(since) - timedelta(days=6)  # the Monday of its week
    looks = list(RiskLook.objects.filter(tenant_id=tenant_id, week__gte=first, week__lte=localdate(until)))
    judged = [one.is_danger for one in looks if one.is_danger is not None]
    waits = sorted(one.minutes for one in looks)
    median = {"value": round(float(np.median(waits)), 1), "of": len(waits)} if waits else None
    return [
        row("risk", "recall", recall, by="golden"), row("risk", "precision", precision, by="golden"),
        row("risk", "precision", Share(sum(judged), len(judged)), by="desk", why="nobody_acted"),
        row("risk", "minutes_to_a_person", median, why="nobody_acted"),
        row("risk", "within_10_minutes", Share(sum(w <= SOON for w in waits), len(waits)), why="nobody_acted"),
    ]  # fmt: skip


def hot_topics(*, since: datetime, until: datetime, tenant_id: int) -> list[Row]:
    """Give what is found of the marked topics, and how the town's own groups stand beside what people put together."""
    found, name = clusters_golden.measure(), "hot_topics"
    late = {"value": round(float(np.median(found.delays)), 1), "of": found.topics} if found.delays else None
    fragments = {"value": round(found.fragments, 2), "of": found.topics}
    rows = [
        row(name, "precision_at_10", found.right_in_ten, by="marked"), row(name, "delay", late, by="marked"),
        row(name, "found_topics", Share(found.topics - found.missed, found.topics), by="marked"),
        row(name, "fragments", fragments, by="marked"),
        row(name, "b_cubed", {"value": found.b_cubed, "of": found.reports}, by="marked"),
    ]  # fmt: skip
    put, of = _put_together(until, tenant_id), dict(ClusterReport.objects.filter(tenant_id=tenant_id)
        .values_list("report", "cluster"))  # fmt: skip
    marked = [group for group in put if len(group) >= LEAST and any(int(r) in of for r in group)]
    pieces = [len({of[int(r)] for r in group if int(r) in of}) for group in marked]
    alike = b_cubed(_by_cluster(of, marked), marked) if marked else None
    more: Any = {"value": round(sum(pieces) / len(pieces), 2), "of": len(pieces)} if pieces else None
    beside = {"value": alike["f1"], "of": sum(map(len, marked))} if alike else None
    return [
        *rows, row(name, "fragments", more, by="town", why="nobody_put_together"),
        row(name, "b_cubed", beside, by="town", why="nobody_put_together"),
    ]  # fmt: skip


def _put_together(until: datetime, tenant_id: int) -> list[list[str]]:
    """The reports of each case that hold several, of the days that hot topics look at."""
    rows = Membership.objects.filter(
        tenant_id=tenant_id, to_at=None, case__reports_count__gte=LEAST, report__received_at__gt=until - OWN_DAYS,
        report__received_at__lte=until,
    ).order_by("case_id", "report_id")  # fmt: skip
    groups: dict[int, list[str]] = {}
    for case, report in rows.values_list("case", "report"):
        groups.setdefault(case, []).append(str(report))
    return list(groups.values())


def _by_cluster(of: dict[int, int], marked: Sequence[Sequence[str]]) -> list[list[str]]:
    """The found groups, of the reports that people put somewhere alone: of the others nobody said where they belong."""
    groups: dict[int, list[str]] = {}
    for group in marked:
        for report in group:
            if int(report) in of:
                groups.setdefault(of[int(report)], []).append(report)
    return list(groups.values())


def answers(*, since: datetime, until: datetime, tenant_id: int) -> list[Row]:
    """Give what became of the kept answers that were offered to who took the report in: taken, put aside (the case went
    on without it), or not looked at (it still waits as it came). Three statements, however many there are.
    """
    made = Suggestion.objects.filter(
        tenant_id=tenant_id, stage=Stage.KNOWLEDGE, made_at__gte=since, made_at__lt=until
    ).order_by("-id")  # fmt: skip
    offered: dict[int, int] = {}
    for report, number in made.values_list("report", "id")[:OFFERS]:
        offered.setdefault(report, number)
    choices = Choice.objects.filter(tenant_id=tenant_id, suggestion__in=list(offered.values()))
    said = dict(choices.order_by("id").values_list("suggestion", "taken"))
    waiting = set(
        Membership.objects.filter(tenant_id=tenant_id, report__in=list(offered), to_at=None)
        .filter(case__status=Status.RECEIVED).values_list("report", flat=True)
    )  # fmt: skip
    taken = sum(said.get(number, False) for number in offered.values())
    unseen = sum(number not in said and report in waiting for report, number in offered.items())
    counts = {"answer_taken": taken, "answer_aside": len(offered) - taken - unseen, "answer_unseen": unseen}
    return [row("answers", name, Share(n, len(offered)), why="nothing_offered") for name, n in counts.items()]
