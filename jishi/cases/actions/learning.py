"""The desk teaches: confirmed matters become a model edition, which a person adopts and can give back (spec 12 §3)."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max, OuterRef, Subquery
from django.utils.timezone import localdate

from jishi.cases.models import Case, Choice, Membership, ModelEdition
from jishi.cases.refusals import ModelCannotBeRead, NotShadowedEnough, TooFewConfirmed
from jishi.cases.states import Kind, Status
from jishi.cases.triage import classifying, learned, renamed, thresholds
from jishi.duties import queries as duties
from jishi.duties.queries import Law
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment
from jishi.kernels.text.certainty import branch_probabilities, calibration_error
from jishi.kernels.text.classify import Blended, Learned, UnknownModel, ZeroShot

LEAST = 200  # confirmed cases of the town before anything is learned
MOST = 20_000  # the newest are enough
PERIOD = timedelta(days=2 * 365)
HALF_LIFE_DAYS = 180.0
CONFIRMED = (Status.FEEDBACK, Status.CLOSED)  # a reviewer has approved the reply, or the matter is over
SEED = 1
SHADOWED = 500  # cases that a new edition answers unseen before it may be adopted
CODE = 3  # of this way of learning: the same cases, seed and code give the same bytes


@dataclass(frozen=True, slots=True)
class Confirmed:
    """One minimised text and the matter that people settled on."""

    at: datetime
    text: str
    matter: str
    report: int = 0
    corrected: bool = False  # the matter at approval is another than the first one that a person clicked


@dataclass(frozen=True, slots=True)
class Lesson:
    """A trained model, how it does on the newest tenth, which it has not seen, and from where on it fills in."""

    model: Learned
    quality: dict[str, Any]
    thresholds: list[dict[str, Any]]


@transaction.atomic
def learn(*, by: Actor, now: datetime, seed: int = SEED) -> ModelEdition:
    """Train on confirmed matters, the newest weighing most, and store the edition with its card; nobody uses it yet.

    The same cases and seed give the same bytes.
    :raises NotAllowed: not a keeper of models. :raises TooFewConfirmed: under 200 of them.
    """
    if by.kind != "system":
        _ensure_keeper(by)
    law = duties.law(localdate(now))
    kept = confirmed(now=now, tenant_id=by.tenant_id)
    known = in_todays_words(kept, law)
    if len(known) < LEAST:
        raise TooFewConfirmed(count=len(known), least=LEAST)
    lesson = teach(classifying.zero_shot(law), known, now=now, seed=seed, law=law)
    content = learned.packed(*lesson.model.to_arrays())
    last = ModelEdition.objects.filter(tenant_id=by.tenant_id, kind=learned.KIND).aggregate(n=Max("number"))["n"] or 0
    row = ModelEdition.objects.create(
        tenant_id=by.tenant_id, kind=learned.KIND, number=last + 1, made_at=now, arrays=content,
        made_from=f"{len(known)} confirmed, {_day(known[0])} – {_day(known[-1])}",
        sha256=hashlib.sha256(content).hexdigest(), card=_card(lesson, known, len(kept) - len(known), law, seed),
    )  # fmt: skip
    _record("model.learned", row, by=by, now=now, codes={"cases": len(known)})
    return row


def _card(lesson: Lesson, known: Sequence[Confirmed], left_out: int, law: Law, seed: int) -> dict[str, Any]:
    """Write down what an edition was made from, by what code, how good it was and from where on it fills in."""
    return {
        "period": [_day(known[0]), _day(known[-1])], "cases": len(known), "left_out": left_out,
        "counts": dict(Counter(c.matter for c in known)), "corrected": sum(c.corrected for c in known), "seed": seed,
        "book_edition": law.book_edition, "reading": learned.reading_of(lesson.model),
        "features": f"characters 1–4, {lesson.model.zero.bits} bits", "code": CODE,
        "half_life_days": HALF_LIFE_DAYS, "prefill": thresholds.least_of(lesson.thresholds, 0),
        "thresholds": lesson.thresholds, "quality": lesson.quality,
    }  # fmt: skip


def _day(one: Confirmed) -> str:
    return localdate(one.at).isoformat()


@transaction.atomic
def shadow(number: int, *, by: Actor, now: datetime) -> ModelEdition:
    """Let this edition answer beside the one in force, unseen, until it is adopted or learned again.

    :raises NotAllowed: not a keeper of models. :raises NotFound: no such edition.
    :raises WrongMoment: it answers already, openly or in the shadow. :raises ModelCannotBeRead: it cannot.
    """
    _ensure_keeper(by)
    row = _held(number, by)
    if row.adopted_at is not None and row.retired_at is None:
        raise _wrong_moment("in_force", "正在用", "in use")
    if row.shadow_from is not None and row.shadow_to is None:
        raise _wrong_moment("in_shadow", "已经在试答", "answering in the shadow already")
    _ensure_readable(row)
    _end_shadows(by, now)
    row.change(shadow_from=now, shadow_to=None)
    _record("model.shadowed", row, by=by, now=now)
    return row


@transaction.atomic
def adopt(number: int, *, by: Actor, now: datetime) -> ModelEdition:
    """Let this edition answer from now on; suggestions made before keep theirs. One that was in force before needs no
    second shadow.

    :raises NotAllowed: not the leading group office. :raises NotFound: no such edition.
    :raises WrongMoment: it answers already. :raises NotShadowedEnough: under 500 cases in the shadow.
    :raises ModelCannotBeRead: its arrays do not fit their hash or format.
    """
    _ensure_adopter(by)
    row = _held(number, by)
    _ensure_readable(row)
    if row.adopted_at is not None and row.retired_at is None:
        raise _wrong_moment("in_force", "正在用", "in use already")
    if row.adopted_at is None and row.shadowed < SHADOWED:
        raise NotShadowedEnough(count=row.shadowed, least=SHADOWED)
    _retire(by, now, besides=row.id)
    ended = {"shadow_to": now} if row.shadow_from is not None and row.shadow_to is None else {}
    row.change(adopted_at=now, adopted_by=by.label, retired_at=None, **ended)
    _record("model.adopted", row, by=by, now=now, codes={"shadowed": row.shadowed})
    learned.forget()
    return row


@transaction.atomic
def return_to_former(*, by: Actor, now: datetime) -> ModelEdition | None:
    """Give back: the edition that answered before answers again; None: zero-shot alone.

    :raises NotAllowed: not the leading group office. :raises NotFound: no learned model answers now.
    """
    _ensure_adopter(by)
    rows = ModelEdition.objects.select_for_update().filter(tenant_id=by.tenant_id, kind=learned.KIND)
    in_force = rows.filter(adopted_at__isnull=False, retired_at=None).order_by("-adopted_at").first()
    if in_force is None:
        raise NotFound
    earlier = rows.filter(adopted_at__lt=in_force.adopted_at, retired_at__gte=in_force.adopted_at)
    former = earlier.order_by("-adopted_at").first()
    in_force.change(retired_at=now)
    _record("model.returned", in_force, by=by, now=now, codes={"to": former.number if former else 0})
    if former is not None:
        former.change(retired_at=None)
    learned.forget()
    return former


def give_back(number: int, *, by: Actor, now: datetime) -> ModelEdition | None:
    """`return_to_former` from this edition, so that two who press at once do not go back by two.

    :raises WrongMoment: it does not answer now. Else as `return_to_former`.
    """
    _ensure_adopter(by)
    row = _held(number, by)
    if row.adopted_at is None or row.retired_at is not None:
        raise _wrong_moment("not_in_force", "没有在用", "not in use")
    return return_to_former(by=by, now=now)


def in_todays_words(cases: Sequence[Confirmed], law: Law) -> list[Confirmed]:
    """Give the cases under the matters of the book in force: what has one successor moves, what was split is left."""
    to = renamed.followed({c.matter for c in cases}, law)
    return [c if to[c.matter] == c.matter else replace(c, matter=to[c.matter]) for c in cases if c.matter in to]


def confirmed(*, now: datetime, tenant_id: int) -> list[Confirmed]:
    """Give texts with the matter that people settled on, oldest first: what the desk chose, and above it how the
    matter stood when its answer was approved (a lead body's correction counts above the first click)."""
    chosen, first = _chosen(now, tenant_id)
    said = chosen | _approved(now, tenant_id)
    rows = sorted(said.items(), key=lambda row: (row[1].at, row[0]))[-MOST:]
    return [
        replace(one, report=report, corrected=report in first and first[report] != one.matter)
        for report, one in rows
        if one.matter and one.text.strip()
    ]


def _approved(now: datetime, tenant_id: int) -> dict[int, Confirmed]:
    first = Membership.objects.filter(case=OuterRef("pk"), to_at=None).order_by("id")
    rows = Case.objects.filter(tenant_id=tenant_id, status__in=CONFIRMED).exclude(matter="").exclude(kind=Kind.TIP_OFF)
    rows = rows.filter(received_at__gt=now - PERIOD, received_at__lte=now).annotate(
        report=Subquery(first.values("report_id")[:1]), said=Subquery(first.values("report__text_shown")[:1])
    )
    told = rows.order_by("-received_at", "-id").values_list("report", "received_at", "said", "matter")[:MOST]
    return {report: Confirmed(at, text, matter) for report, at, text, matter in told if report is not None}


def _chosen(now: datetime, tenant_id: int) -> tuple[dict[int, Confirmed], dict[int, str]]:
    """What was clicked last, and what was clicked first, by report."""
    rows = Choice.objects.filter(
        tenant_id=tenant_id, suggestion__stage="classify", at__gt=now - PERIOD, at__lte=now
    ).order_by("-at", "-id")[:MOST]
    told: dict[int, Confirmed] = {}
    first: dict[int, str] = {}
    for report, at, text, candidates, taken, to in reversed(
        rows.values_list(
            "suggestion__report_id", "suggestion__report__received_at", "suggestion__report__text_shown",
            "suggestion__candidates", "taken", "changed_to",
        )
    ):  # fmt: skip
        matter = to or (str(candidates[0]["value"]) if taken and candidates else "")
        told[report] = Confirmed(at, text, matter)
        first.setdefault(report, matter)
    return told, first


def teach(
    zero: ZeroShot, cases: Sequence[Confirmed], *, now: datetime, seed: int, law: Law | None = None
) -> Lesson:
    """Train on all, after a trial that leaves the newest tenth out to measure (never a random split)."""
    texts, truth = [c.text for c in cases], [c.matter for c in cases]
    share = weights_of(cases, now)
    held = max(1, len(cases) // 10)
    trial = Blended.of(zero, Learned.fit(zero, texts[:-held], truth[:-held], seed=seed, newest=share[:-held]))
    later = texts[-held:], truth[-held:]
    quality = {
        "held_out": held,
        "zero_shot": measured(Blended.of(zero, None), *later),
        "learned": measured(trial, *later),
    }
    least = thresholds_of(trial, *later, law=law)
    return Lesson(Learned.fit(zero, texts, truth, seed=seed, newest=share), quality, least)


def weights_of(cases: Sequence[Confirmed], now: datetime) -> list[float]:
    """The newest weighs most: half of it for every `HALF_LIFE_DAYS`."""
    return [0.5 ** ((now - c.at).total_seconds() / 86400 / HALF_LIFE_DAYS) for c in cases]


def thresholds_of(
    model: Blended, texts: Sequence[str], truth: Sequence[str], *, law: Law | None = None
) -> list[dict[str, Any]]:
    """Choose, on cases that the model has not seen, from where on each level is as often right as is stated."""
    scores = model.score(texts)
    paths = classifying.paths_of(law, model.labels) if law else [[label] for label in model.labels]
    path_of = dict(zip(model.labels, paths, strict=True))
    found = []
    for level in range(max(len(p) for p in paths)):
        names, sums = branch_probabilities(scores, classifying.branches_of(paths, level))
        true = classifying.branches_of([path_of.get(label, [label]) for label in truth], level)
        said = [names[at] for at in sums.argmax(axis=1).tolist()]
        right = np.array([a == b for a, b in zip(said, true, strict=True)])
        found.append(thresholds.chosen(sums.max(axis=1), right, level=level))
    return found


def measured(model: Blended, texts: Sequence[str], truth: Sequence[str]) -> dict[str, float]:
    """Give accuracy, share among the first three, macro-F1 over the classes that occur, calibration error."""
    at = {label: k for k, label in enumerate(model.labels)}
    right = np.array([at.get(label, -1) for label in truth])
    scores = model.score(texts)
    order = np.argsort(-scores, axis=1, kind="stable")
    return {
        "accuracy": round(float((order[:, 0] == right).mean()), 4),
        "top_3": round(float((order[:, :3] == right[:, None]).any(axis=1).mean()), 4),
        "macro_f1": round(_macro_f1(order[:, 0], right), 4),
        "calibration_error": round(calibration_error(scores, right), 4),
    }


def _macro_f1(said: Any, right: Any) -> float:
    scores = []
    for label in np.unique(right):
        both = float(((said == label) & (right == label)).sum())
        scores.append(2 * both / float((said == label).sum() + (right == label).sum()))
    return float(np.mean(scores)) if scores else 0.0


def _ensure_keeper(by: Actor) -> None:
    """Who may teach and shadow: nobody is judged by it yet."""
    if by.kind != "staff" or not by.has("system_admin", "office"):
        raise NotAllowed


def _ensure_adopter(by: Actor) -> None:
    """What answers is settled by a person of the leading group office, who sees old against new."""
    if by.kind != "staff" or not by.has("office"):
        raise NotAllowed


def _ensure_readable(row: ModelEdition) -> None:
    try:
        learned.read(bytes(row.arrays), row.sha256)
    except UnknownModel:
        raise ModelCannotBeRead(number=row.number) from None


def _wrong_moment(state: str, zh: str, en: str) -> WrongMoment:
    return WrongMoment(state=state, state_zh=zh, state_en=en, open=[], open_zh="—", open_en="—")


def _end_shadows(by: Actor, now: datetime) -> None:
    rows = ModelEdition.objects.filter(tenant_id=by.tenant_id, kind=learned.KIND, shadow_to=None)
    for row in rows.filter(shadow_from__isnull=False).select_for_update().defer("arrays"):
        row.change(shadow_to=now)


def _held(number: int, by: Actor) -> ModelEdition:
    row = (
        ModelEdition.objects.select_for_update()
        .filter(tenant_id=by.tenant_id, kind=learned.KIND, number=number)
        .first()
    )
    if row is None:
        raise NotFound
    return row


def _retire(by: Actor, now: datetime, *, besides: int) -> None:
    rows = ModelEdition.objects.filter(tenant_id=by.tenant_id, kind=learned.KIND, retired_at=None)
    for row in rows.filter(adopted_at__isnull=False).exclude(id=besides).defer("arrays"):
        row.change(retired_at=now)


def _record(
    verb: str, row: ModelEdition, *, by: Actor, now: datetime, codes: dict[str, Any] | None = None
) -> None:
    facts = {"number": row.number, "sha256": row.sha256, **(codes or {})}
    trail.record(verb, ("model_edition", row.id), by=by, at=now, codes=facts)
