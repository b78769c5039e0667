"""How good is it? Every figure of spec 12 §9 from the town's own records, on held-out later cases, as one file.

The same records, edition and last day give the same bytes: no clock, no chance without a seed, no order of rows.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import get_current_timezone, localdate

from jishi.cases.actions import learning, measured_letters, measured_signals, measured_stages
from jishi.cases.actions.learning import Confirmed
from jishi.cases.actions.measured_stages import Row, Sample, row
from jishi.cases.models import Case, Membership, QualityFile, Report
from jishi.cases.states import Status
from jishi.cases.triage import classifying, learned
from jishi.cases.triage.classifying import Answering
from jishi.duties import queries as duties
from jishi.duties.queries import Law
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed
from jishi.kernels.text.classify import Blended, Learned

FORMAT = 1
OWN = 500  # later confirmed cases under which an edition has no figures of its own: a twin is asked then
MOST = 2000  # the newest are enough
STAGES = (
    "locate", "classify", "duplicates", "route", "deadline", "personal_data", "risk", "hot_topics", "answers",
    "letters", "speed",
)  # fmt: skip
# Stages that need no guess on a held-out case: stage → (since=, until=, tenant_id=) → rows.
MORE: dict[str, Callable[..., Sequence[Row]]] = {
    "risk": measured_signals.risk, "hot_topics": measured_signals.hot_topics,
    "answers": measured_signals.answers, "letters": measured_letters.letters,
}  # fmt: skip


@transaction.atomic
def publish(*, by: Actor, now: datetime, until: date | None = None) -> QualityFile:
    """Measure up to a day (yesterday) and publish the file; one that says the same already stays as it is.

    :raises NotAllowed: not the worker, the command line, or a keeper of models.
    """
    if by.kind not in ("system", "clock") and not (by.kind == "staff" and by.has("office", "system_admin")):
        raise NotAllowed
    content = written(measure(until=until or localdate(now) - timedelta(days=1), tenant_id=by.tenant_id))
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    last = QualityFile.objects.filter(tenant_id=by.tenant_id).order_by("-id").first()
    if last is not None and last.sha256 == sha256:
        return last
    made = QualityFile.objects.create(
        tenant_id=by.tenant_id, edition=json.loads(content)["edition"][:120], made_at=now, content=content,
        sha256=sha256,
    )  # fmt: skip
    trail.record("quality.published", ("quality_file", made.id), by=by, at=now, codes={"sha256": sha256})
    return made


def is_due(*, tenant_id: int) -> bool:
    """Tell whether nothing was published yet, or twice as many cases have ended since; looks at few rows."""
    last = QualityFile.objects.filter(tenant_id=tenant_id).order_by("-id").first()
    known = json.loads(last.content).get("ended", 0) if last is not None else 0
    ended = Case.objects.filter(tenant_id=tenant_id, status=Status.CLOSED).values("id")[: 2 * known + 1]
    return known < MOST and len(ended) > 2 * known


def written(told: Any) -> str:
    """Write figures as the file: sorted keys, no blanks, one line end."""
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


def measure(*, until: date, tenant_id: int) -> dict[str, Any]:
    """Give every figure of the table up to the end of `until`; what cannot be measured says why."""
    end = datetime.combine(until + timedelta(days=1), time.min, get_current_timezone()).astimezone(UTC)
    law = duties.law(until)
    known = learning.in_todays_words(learning.confirmed(now=end, tenant_id=tenant_id), law) if law.leaves else []
    at_work = classifying.in_force(law) if law.leaves else None
    ended = Case.objects.filter(tenant_id=tenant_id, status=Status.CLOSED, closed_at__lt=end).count()
    head: dict[str, Any] = {
        "format": FORMAT, "until": until.isoformat(), "book_edition": law.book_edition, "ended": ended
    }  # fmt: skip
    if at_work is None:
        return head | {"edition": "", "basis": "none", "cases": 0, "rows": _empty(), "tables": {}}
    basis, taught, held = held_out(known, seen=learned.newest_day(tenant_id))
    asked = _asked(basis, taught, at_work, law)
    sample = _sample(held, asked, law, end, tenant_id, learned_=basis != "zero_shot")
    rows, tables = _all(sample, tenant_id, held[0].at if held else end)
    return head | {
        "edition": at_work.edition, "basis": basis, "cases": len(held), "learned_from": len(taught),
        "period": [localdate(c.at).isoformat() for c in (held[0], held[-1])] if held else [],
        "confirmed": len(known), "corrected": sum(c.corrected for c in known), "seed": learning.SEED,
        "thresholds": measured_stages.short(list(asked.thresholds)), "rows": rows, "tables": tables,
    }  # fmt: skip


def held_out(known: Sequence[Confirmed], *, seen: str) -> tuple[str, Sequence[Confirmed], Sequence[Confirmed]]:
    """Which cases are asked, and from which is learned: never one and the same, and the asked ones are later.
    `seen`: the last day that the edition in force has learned from; empty without one.

    edition: what the edition in force was not shown, 500 or more. twin: the newest part, asked of a twin of the
    edition that learned from the part before. zero_shot: too few to learn from; all were never seen.
    """
    later = [c for c in known if seen and localdate(c.at).isoformat() > seen]
    if len(later) >= OWN:
        return "edition", known[: len(known) - len(later)], later[-MOST:]
    held = min(MOST, max(OWN, len(known) // 5), len(known) // 2)
    before = known[: len(known) - held]
    if len(before) >= learning.LEAST:
        return "twin", before, known[len(known) - held :]
    return "zero_shot", (), known[-MOST:]


def _asked(basis: str, taught: Sequence[Confirmed], at_work: Answering, law: Law) -> Answering:
    if basis == "edition":
        return at_work
    zero = classifying.zero_shot(law)
    if basis == "zero_shot":
        return Answering(Blended.of(zero, None), at_work.edition)
    lesson_end = taught[-1].at
    cut = len(taught) - max(1, len(taught) // 10)
    texts, truth = [c.text for c in taught], [c.matter for c in taught]
    share = learning.weights_of(taught, lesson_end)
    model = Blended.of(zero, Learned.fit(zero, texts[:cut], truth[:cut], seed=learning.SEED, newest=share[:cut]))
    return Answering(model, "twin", learning.thresholds_of(model, texts[cut:], truth[cut:], law=law))


def _sample(
    held: Sequence[Confirmed], asked: Answering, law: Law, end: datetime, tenant_id: int, *, learned_: bool
) -> Sample:
    reports = {r.id: r for r in Report.objects.filter(tenant_id=tenant_id, id__in=[c.report for c in held])}
    members = Membership.objects.filter(tenant_id=tenant_id, report__in=list(reports), to_at=None)
    case_of = dict(members.order_by("-id").values_list("report", "case"))
    cases = {c.id: c for c in Case.objects.filter(tenant_id=tenant_id, id__in=set(case_of.values()))}
    alone = Answering(Blended.of(classifying.zero_shot(law), None), f"zero-shot:book@{law.book_edition}")
    found = {report: cases[case] for report, case in case_of.items() if case in cases}
    return Sample(law, held, reports, found, asked, alone, learned_, end)


def _all(sample: Sample, tenant_id: int, since: datetime) -> tuple[list[Row], dict[str, Any]]:
    classes, tables = measured_stages.classify(sample)
    rows = [
        *measured_stages.locate(sample), *classes, *measured_stages.duplicates(sample, tenant_id, since),
        *measured_stages.route_and_deadline(sample), *measured_stages.personal_data(),
        *measured_stages.speed(),
    ]  # fmt: skip
    for stage, give in sorted(MORE.items()):
        rows = [r for r in rows if r["stage"] != stage]
        rows += give(since=since, until=sample.until, tenant_id=tenant_id)
    return sorted(rows, key=lambda r: STAGES.index(r["stage"])), tables


def _empty() -> list[Row]:
    return [row(stage, "", why="no_code_book") for stage in STAGES]
