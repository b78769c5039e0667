"""One function a stage: its figures on held-out later cases, as rows with interval and counts (spec 12 §9).

A row that cannot be computed is there all the same, with the reason why it was not measured.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings

from jishi.cases.actions.learning import Confirmed
from jishi.cases.models import Case, Clock, Handover, Membership, RefusedPair, Report, Suggestion
from jishi.cases.states import Role
from jishi.cases.triage import Stage, Words, classifying, promising, routing
from jishi.cases.triage.classifying import Answering, Classes
from jishi.duties.queries import Law
from jishi.kernels.text import figures, golden
from jishi.kernels.text.certainty import Doubles, branch_probabilities
from jishi.kernels.text.figures import Share
from jishi.places import queries as places
from jishi.places.queries import Asked, Spot

NEAR_M = (50, 200, 1000)
DIGITS = 4
FEW = 30  # cases of one kind under which it gets no row of its own
EARTH_M = 6_371_008.8
Row = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """Held-out later cases with what became of them; `at_work`: what is asked, `alone`: zero-shot by itself."""

    law: Law
    cases: Sequence[Confirmed]
    reports: Mapping[int, Report]
    of_report: Mapping[int, Case]
    at_work: Answering
    alone: Answering
    learned: bool
    until: Any

    @property
    def known(self) -> list[tuple[Confirmed, Report, Case]]:
        """Those whose case is still there."""
        return [
            (c, self.reports[c.report], self.of_report[c.report])
            for c in self.cases
            if c.report in self.reports and c.report in self.of_report
        ]


def row(stage: str, figure: str, value: Any = None, *, by: str = "", model: str = "", why: str = "") -> Row:
    """Make one row; `value` is a Share, a dict with value and interval, a number, or nothing."""
    told = value.told() if isinstance(value, Share) else value if isinstance(value, Mapping) else {"value": value}
    low, high = told.get("interval") or (None, None)
    empty = told.get("value") is None
    return {
        "stage": stage, "figure": figure, "by": by, "model": model, "value": _short(told.get("value")),
        "low": _short(low), "high": _short(high), "hits": told.get("hits"), "of": told.get("of"),
        "why": (why or "no_cases") if empty else "",
    }  # fmt: skip


def _short(value: Any) -> Any:
    return round(float(value), DIGITS) if isinstance(value, float | np.floating) else value


def short(value: Any) -> Any:
    """Round every number of a table, so that the same answers give the same bytes on every machine."""
    if isinstance(value, Mapping):
        return {k: short(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [short(v) for v in value]
    return _short(value)


# --- locate ------------------------------------------------------------------------------------------------


def locate(sample: Sample) -> list[Row]:
    """Ask for the place by words alone where a pin says what is true."""
    pinned = [(r, c) for _, r, c in sample.known if r.source_lng is not None and c.lng_e7 is not None]
    spots = places.find([_asked(r, sample, pin=False) for r, _ in pinned]) if pinned else []
    far = [
        _metres(s, c) if s.lng_e7 is not None else math.inf for s, (_, c) in zip(spots, pinned, strict=True)
    ]
    n, name = len(pinned), Stage.LOCATE.value
    rows = [row(name, f"within_{m}", Share(sum(d <= m for d in far), n)) for m in NEAR_M]
    gridded = [(s, c) for s, (_, c) in zip(spots, pinned, strict=True) if c.grid_id is not None]
    settled = [(s, c) for s, (_, c) in zip(spots, pinned, strict=True) if len(c.division_code) == 12]
    rows.append(row(name, "right_grid", Share(sum(s.grid_id == c.grid_id for s, c in gridded), len(gridded))))
    right = sum(s.division_code == c.division_code for s, c in settled)
    rows.append(row(name, "right_community", Share(right, len(settled))))
    rows.append(row(name, "abstained", Share(sum(math.isinf(d) for d in far), n)))
    kinds = [str(s.candidates[0].get("level", "")) if s.candidates else "none" for s in spots]
    for kind in sorted(set(kinds)):
        of = [d for d, k in zip(far, kinds, strict=True) if k == kind]
        if len(of) >= FEW:
            rows.append(row(name, "within_200", Share(sum(d <= 200 for d in of), len(of)), by=kind))
    return rows


def _asked(report: Report, sample: Sample, *, pin: bool) -> Asked:
    return Asked(
        text=f"{report.address_text} {report.text_shown}".strip(), day=sample.law.day,
        lng=report.source_lng if pin else None, lat=report.source_lat if pin else None,
        crs=report.source_crs if pin else "",
    )  # fmt: skip


def _metres(spot: Spot, case: Case) -> float:
    """Distance on the sphere; the ellipsoid would change it by less than one in two hundred."""
    lat1, lat2 = math.radians((spot.lat_e7 or 0) / 1e7), math.radians((case.lat_e7 or 0) / 1e7)
    lng = math.radians(((spot.lng_e7 or 0) - (case.lng_e7 or 0)) / 1e7)
    a = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(lng / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(a))


# --- classify ----------------------------------------------------------------------------------------------


def classify(sample: Sample) -> tuple[list[Row], dict[str, Any]]:
    """Judge the answers of zero-shot alone and of what answers today; tables of the latter."""
    rows: list[Row] = []
    tables: dict[str, Any] = {}
    asked = [("zero_shot", sample.alone), *([("learned", sample.at_work)] if sample.learned else [])]
    for model, at_work in asked:
        found, tables = _classified(sample, model, at_work)
        rows += found
    if not sample.learned:
        wanted = ("accuracy", "top3", "macro_f1", "calibration_error")
        rows += [row(Stage.CLASSIFY.value, name, by="level_0", model="learned", why="not_learned") for name in wanted]
    return rows, tables


def _classified(sample: Sample, model: str, at_work: Answering) -> tuple[list[Row], dict[str, Any]]:
    texts, truth = [c.text for c in sample.cases], [c.matter for c in sample.cases]
    labels = at_work.model.labels
    scores = _scores(at_work, texts)
    paths = classifying.paths_of(sample.law, labels)
    path_of = dict(zip(labels, paths, strict=True))
    rows: list[Row] = []
    told: dict[str, Any] = {}
    name = Stage.CLASSIFY.value
    for level in range(max((len(p) for p in paths), default=0)):
        names, sums = branch_probabilities(scores, classifying.branches_of(paths, level))
        true = classifying.branches_of([path_of.get(label, [label]) for label in truth], level)
        found = figures.classification(true, names, sums)
        told = told or found
        by = f"level_{level}"
        rows += [row(name, key, found[key], by=by, model=model) for key in ("accuracy", "top3", "macro_f1")]
        rows.append(row(name, "calibration_error", found["calibration_error"], by=by, model=model))
        rows += _filled(name, sums, [names[k] for k in sums.argmax(axis=1)], true, at_work.least(level), by, model)
    kept = ("classes", "curve", "reliability", "worst_pairs")
    return rows, {"model": model, **{key: short(told.get(key, [])) for key in kept}}


def _scores(at_work: Answering, texts: Sequence[str]) -> Doubles:
    parts = [at_work.model.score(texts[k : k + 500]) for k in range(0, len(texts), 500)]
    return np.vstack(parts) if parts else np.zeros((0, len(at_work.model.labels)))


def _filled(
    name: str, sums: Doubles, said: Sequence[str], true: Sequence[str], least: float, by: str, model: str
) -> list[Row]:
    over = (sums.max(axis=1) >= least).tolist() if len(sums) else []
    right = [a == b for a, b, is_over in zip(said, true, over, strict=True) if is_over]
    return [
        row(name, "filled_in", Share(sum(over), len(over)), by=by, model=model),
        row(name, "filled_in_right", Share(sum(right), len(right)), by=by, model=model),
    ]


# --- route and deadline ------------------------------------------------------------------------------------


def route_and_deadline(sample: Sample) -> list[Row]:
    """Let the lists decide on the guessed matter, and set it beside the body that had the case in the end."""
    known = [(r, c) for _, r, c in sample.known if c.lead_id is not None]
    batch = [_words(r) for r, _ in known]
    shown = [w.text for w in batch]
    spots = places.find([_asked(r, sample, pin=True) for r, _ in known]) if known else []
    classes: list[Classes] = []
    for k in range(0, len(shown), 500):
        classes += classifying.answers(sample.law, sample.at_work, shown[k : k + 500])
    routes = routing.route(batch, spots, classes, now=sample.until) if known else []
    promised = promising.promise(batch, routes, now=sample.until)
    values = [[c.get("value") for c in r.candidates] for r in routes]
    leads = [c.lead_id for _, c in known]
    n, name = len(known), Stage.ROUTE.value
    first = [v[:1] == [lead] for v, lead in zip(values, leads, strict=True)]
    fallback = sum(r.routed is not None and r.routed.outcome == "fallback" for r in routes)
    rows = [
        row(name, "final_body", Share(sum(first), n)),
        row(name, "final_body_in_three", Share(sum(lead in v for v, lead in zip(values, leads, strict=True)), n)),
        row(name, "fallback", Share(fallback, n)),
        *_first_dispatch([c for _, c in known], [v[0] if v else None for v in values]),
    ]
    amounts = dict(
        Clock.objects.filter(case__in=[c.id for _, c in known], kind="promise")
        .order_by("-id").values_list("case", "amount")
    )  # fmt: skip
    pinned = [
        (str(p.candidates[0]["label"]) if p.candidates else "", amounts[c.id])
        for p, (_, c) in zip(promised, known, strict=True)
        if c.id in amounts
    ]
    equal = Share(sum(a == b for a, b in pinned), len(pinned))
    return [*rows, row(Stage.DEADLINE.value, "equal_to_pinned", equal)]


def _words(report: Report) -> Words:
    return Words(
        text=report.text_shown, said_at=report.said_at, lng=report.source_lng, lat=report.source_lat,
        crs=report.source_crs, address_text=report.address_text, channel=report.channel, kind=report.kind,
        answers=report.answers,
    )  # fmt: skip


def _first_dispatch(cases: Sequence[Case], suggested: Sequence[Any]) -> list[Row]:
    """首派准确率: whom the desk asked first still had it in the end; apart where it did as the lists suggest."""
    first: dict[int, int] = {}
    rows = Handover.objects.filter(case__in=[c.id for c in cases], role=Role.LEAD).order_by("id")
    for case_id, body_id in rows.values_list("case", "body"):
        first.setdefault(case_id, body_id)
    lots: dict[str, list[bool]] = {"": [], "taken": [], "not_taken": []}
    for case, value in zip(cases, suggested, strict=True):
        if case.id in first:
            right = first[case.id] == case.lead_id
            lots[""].append(right)
            lots["taken" if first[case.id] == value else "not_taken"].append(right)
    return [
        row(Stage.ROUTE.value, "first_dispatch", Share(sum(lot), len(lot)), by=by) for by, lot in lots.items()
    ]


# --- duplicates --------------------------------------------------------------------------------------------


def duplicates(sample: Sample, tenant_id: int, since: Any) -> list[Row]:
    """Set what was proposed beside what people joined or refused; what nobody decided counts for nothing."""
    said = Suggestion.objects.filter(
        tenant_id=tenant_id, stage=Stage.DUPLICATES, made_at__gte=since, made_at__lte=sample.until
    ).exclude(abstained__in=("skipped", "not_asked")).order_by("id")  # fmt: skip
    proposed = {s.report_id: {int(c["value"]) for c in s.candidates if c.get("value")} for s in said}
    gone = Case.objects.filter(tenant_id=tenant_id, absorbed_into__isnull=False)
    alive = {case: into or case for case, into in gone.values_list("id", "absorbed_into")}
    first: dict[int, int] = {}
    of: dict[int, int] = {}
    members = Membership.objects.filter(tenant_id=tenant_id, to_at=None).order_by("report_id")
    for report, case in members.values_list("report", "case"):
        of[report] = _living(case, alive)
        first.setdefault(of[report], report)
    refused = set(RefusedPair.objects.filter(tenant_id=tenant_id).values_list("report", "case"))
    joined = [r for r in proposed if r in of and first[of[r]] != r]
    found = sum(of[r] in {_living(c, alive) for c in proposed[r]} for r in joined)
    wrong = sum((r, c) in refused for r, cases in proposed.items() for c in cases)
    name = Stage.DUPLICATES.value
    precision, recall = Share(found, found + wrong), Share(found, len(joined))
    f1 = figures.f1_of(found, found + wrong, len(joined)) if joined or wrong else None
    return [
        row(name, "precision", precision, why="nobody_decided"), row(name, "recall", recall, why="nobody_decided"),
        row(name, "f1", f1, why="nobody_decided"), row(name, "blocking_recall", why="needs_every_pair"),
        row(name, "b_cubed", why="no_marked_groups"),
    ]  # fmt: skip


def _living(case: int, absorbed: Mapping[int, int]) -> int:
    for _ in range(20):
        if case not in absorbed:
            break
        case = absorbed[case]
    return case


# --- what is measured on sets of sentences, and by benches -------------------------------------------------


def personal_data() -> list[Row]:
    """Recall and precision per kind, on the generated sentences of the repository (same licence)."""
    rows: list[Row] = []
    for kind, found in golden.measure().items():
        rows.append(row("personal_data", "recall", Share(found.covered, found.gold), by=kind))
        rows.append(row("personal_data", "precision", Share(found.right, found.found), by=kind))
    return rows


def speed() -> list[Row]:
    """Give the newest recorded measurement of the pipeline; nothing is timed here."""
    rows: list[Row] = []
    for path in sorted((settings.BASE_DIR / "benchmarks" / "results").glob("*.json"), reverse=True):
        told = json.loads(path.read_text(encoding="utf-8"))
        rows = [row("speed", *_figure(f), by=f"{told['at']}") for f in told["figures"] if _figure(f)[0]]
        if rows:
            break
    measured = {r["figure"] for r in rows}
    return [*rows, *(row("speed", name, why="no_record") for name in _SPEED.values() if name not in measured)]


_SPEED = {
    "pipeline in batch, one core, per 1,000 reports": "pipeline_ms", "minimise": "minimise_ms", "locate": "locate_ms",
    "classify": "classify_ms", "route": "route_ms", "deadline": "deadline_ms", "one report, p95": "p95_ms",
    "resident memory": "memory_mib",
}  # fmt: skip


def _figure(said: Mapping[str, Any]) -> tuple[str, float | None]:
    name, measured = _SPEED.get(str(said["what"]).strip(), ""), str(said["measured"]).split()
    if not name or len(measured) < 2:
        return "", None
    return name, float(measured[0]) * (1000 if measured[1] == "s" else 1)


