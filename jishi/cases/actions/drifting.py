"""Does the town still speak as when the model was made? Looked at each week, per matter and channel (spec 12 §3).

A limit that is passed is a notice to the desk. Nothing learns by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.timezone import get_current_timezone, localdate

from jishi.cases.actions import learning
from jishi.cases.models import Choice, DriftWeek, ModelEdition, Suggestion
from jishi.cases.triage import Stage, classifying, learned
from jishi.duties import queries as duties
from jishi.duties.queries import Law
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.kernels.text.figures import Share

LEAST = 30  # reports of a group in the week and in the time before, under which nothing is said
BEFORE = timedelta(weeks=26)  # what the week is set beside: the half year up to the making of the edition
MOST = 20_000
BINS = 5
STABLE = 0.25  # population stability index above which inputs have moved, beside what chance alone gives
CALIBRATED = 0.10  # gap between what was said and what came true
SHARES = 0.15  # change of a share


@dataclass(frozen=True, slots=True)
class Said:
    """One first guess: `length` of the text, `sure` of it; `truth` and `changed` where people have settled it."""

    at: datetime
    channel: str
    matter: str
    length: int
    sure: float
    abstained: bool
    changed: bool | None
    truth: str


def weekly(*, by: Actor, now: datetime) -> list[DriftWeek]:
    """Look at the last whole week, once; gives the rows that passed a limit."""
    monday = localdate(now) - timedelta(days=localdate(now).weekday() + 7)
    with transaction.atomic():
        if DriftWeek.objects.filter(tenant_id=by.tenant_id, week=monday).exists():
            return []
        rows = look(monday, by=by, now=now)
        DriftWeek.objects.bulk_create(rows)
        beyond = [r for r in rows if r.beyond]
        if beyond:
            limits = sorted({limit for r in beyond for limit in r.beyond})
            codes = {"week": monday.isoformat(), "groups": len(beyond), "limits": limits}
            trail.record("model.drifted", ("tenant", by.tenant_id), by=by, at=now, codes=codes)
    return beyond


def look(monday: date, *, by: Actor, now: datetime) -> list[DriftWeek]:
    """Set one week beside the half year up to the making of the edition in force; nothing is stored."""
    begin = datetime.combine(monday, time.min, get_current_timezone())
    end = begin + timedelta(days=7)
    law = duties.law(monday)
    if not law.leaves:
        return []
    made = ModelEdition.objects.filter(
        tenant_id=by.tenant_id, kind=learned.KIND, retired_at=None, adopted_at__isnull=False
    ).order_by("-number").values_list("made_at", flat=True).first()  # fmt: skip
    until = min(made or begin, begin)
    truth = {c.report: c.matter for c in learning.confirmed(now=now, tenant_id=by.tenant_id)}
    this, before = _said(begin, end, truth, by, law), _said(until - BEFORE, until, truth, by, law)
    edition = classifying.in_force(law).edition
    found = []
    usual = _groups(before, law)
    for (matter, channel), now_ in sorted(_groups(this, law).items()):
        then = usual.get((matter, channel), [])
        if len(now_) >= LEAST and len(then) >= LEAST:
            figures, beyond = compared(now_, then)
            found.append(
                DriftWeek(
                    tenant_id=by.tenant_id, week=monday, matter=matter, channel=channel, edition=edition[:120],
                    reports=len(now_), figures=figures, beyond=beyond, at=now,
                )
            )  # fmt: skip
    return found


def compared(now_: Sequence[Said], then: Sequence[Said]) -> tuple[dict[str, Any], list[str]]:
    """Give the four figures of a group beside those of the time before, and which limits they pass.

    A limit is passed when both the change is as large as the limit and chance does not explain it.
    """
    psi = {name: stability([getattr(s, name) for s in now_], [getattr(s, name) for s in then])
           for name in ("length", "sure")}  # fmt: skip
    settled = [s for s in now_ if s.truth]
    right = Share(sum(not s.changed for s in settled), len(settled))
    said = sum(s.sure for s in settled) / len(settled) if settled else None
    gap = abs(said - (right.value or 0.0)) if said is not None else None
    figures: dict[str, Any] = {
        "stability": {k: round(v, 3) for k, v in psi.items()},
        "calibration": {"said": None if said is None else round(said, 3), "right": right.told(),
            "gap": None if gap is None else round(gap, 3)},
        "abstained": _shares([s.abstained for s in now_], [s.abstained for s in then]),
        "changed": _shares(_known(now_), _known(then)),
        "before": len(then),
    }  # fmt: skip
    chance = (BINS - 1) * (1 / len(now_) + 1 / len(then))
    low, high = right.interval or (0.0, 1.0)
    beyond = []
    if max(psi.values()) > STABLE + 2 * chance:
        beyond.append("stability")
    if len(settled) >= LEAST and gap is not None and said is not None and gap > CALIBRATED and not low <= said <= high:
        beyond.append("calibration")
    beyond += [name for name in ("abstained", "changed") if _moved(figures[name])]
    return figures, beyond


def stability(now_: Sequence[float], then: Sequence[float]) -> float:
    """Population stability index over `BINS` parts that were equally large before; half a case keeps a part from
    being empty."""
    edges = np.unique(np.quantile(np.asarray(then, float), np.linspace(0, 1, BINS + 1)[1:-1]))
    shares = []
    for values in (now_, then):
        counts = np.bincount(np.searchsorted(edges, np.asarray(values, float), side="right"), minlength=len(edges) + 1)
        shares.append((counts + 0.5) / (len(values) + 0.5 * len(counts)))
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())


def _shares(now_: Sequence[bool], then: Sequence[bool]) -> dict[str, Any]:
    return {"now": Share(sum(now_), len(now_)).told(), "then": Share(sum(then), len(then)).told()}


def _moved(told: dict[str, Any]) -> bool:
    now_, then = told["now"], told["then"]
    if min(now_["of"], then["of"]) < LEAST:
        return False
    apart = now_["interval"][0] > then["interval"][1] or now_["interval"][1] < then["interval"][0]
    return bool(apart and abs(now_["value"] - then["value"]) > SHARES)


def _known(rows: Iterable[Said]) -> list[bool]:
    return [s.changed for s in rows if s.changed is not None]


def _groups(rows: Sequence[Said], law: Law) -> dict[tuple[str, str], list[Said]]:
    """All, every channel, every matter with those above it, and both together."""
    codes = sorted({s.matter for s in rows if s.matter})
    path_of = dict(zip(codes, classifying.paths_of(law, codes), strict=True))
    found: dict[tuple[str, str], list[Said]] = {}
    for one in rows:
        for matter in ("", *path_of.get(one.matter, ())):
            for channel in ("", one.channel):
                found.setdefault((matter, channel), []).append(one)
    return found


def _said(begin: datetime, end: datetime, truth: dict[int, str], by: Actor, law: Law) -> list[Said]:
    """What was guessed in a period; what a person had chosen before is no guess."""
    rows = Suggestion.objects.filter(
        tenant_id=by.tenant_id, stage=Stage.CLASSIFY, made_at__gte=begin, made_at__lt=end
    ).exclude(candidates__0__reason=classifying.TOLD).order_by("-made_at", "-id")  # fmt: skip
    names = ("id", "report", "made_at", "report__channel", "report__text_shown", "candidates", "abstained")
    kept = list(rows.values_list(*names)[:MOST])
    clicked = {
        c.suggestion_id: bool(c.changed_to) for c in Choice.objects.filter(suggestion__in=[r[0] for r in kept])
    }
    found = []
    for row_id, report, at, channel, text, candidates, why in kept:
        first = str(candidates[0]["value"]) if candidates else ""
        true = truth.get(report, "")
        changed = first != true if true else clicked.get(row_id)
        sure = float(candidates[0]["p"]) if candidates else 0.0
        found.append(Said(at, channel, true or first, len(text), sure, bool(why), changed, true))
    return found
