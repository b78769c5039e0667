"""The desk teaches: confirmed matters become a model edition, which a person adopts and can give back (spec 12 §3)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max, OuterRef, Subquery
from django.utils.timezone import localdate

from jishi.cases.models import Case, Choice, Membership, ModelEdition
from jishi.cases.refusals import ModelCannotBeRead, TooFewConfirmed
from jishi.cases.states import Kind, Status
from jishi.cases.triage import classifying, learned
from jishi.duties import queries as duties
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.kernels.text.certainty import calibration_error
from jishi.kernels.text.classify import Blended, Learned, UnknownModel, ZeroShot

LEAST = 200  # confirmed cases of the town before anything is learned
MOST = 20_000  # the newest are enough
PERIOD = timedelta(days=2 * 365)
HALF_LIFE_DAYS = 180.0
CONFIRMED = (Status.FEEDBACK, Status.CLOSED)  # a reviewer has approved the reply, or the matter is over
SEED = 1


@dataclass(frozen=True, slots=True)
class Confirmed:
    """One minimised text and the matter that people settled on."""

    at: datetime
    text: str
    matter: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """A trained model and how it does on the newest tenth, which it has not seen."""

    model: Learned
    quality: dict[str, Any]


@transaction.atomic
def learn(*, by: Actor, now: datetime, seed: int = SEED) -> ModelEdition:
    """Train on confirmed matters, the newest weighing most, and store the edition with its card; nobody uses it yet.

    The same cases and seed give the same bytes.
    :raises NotAllowed: not a keeper of models. :raises TooFewConfirmed: under 200 of them.
    """
    _ensure_keeper(by)
    law = duties.law(localdate(now))
    kept = confirmed(now=now, tenant_id=by.tenant_id)
    known = [c for c in kept if c.matter in {m.code for m in law.leaves}]
    if len(known) < LEAST:
        raise TooFewConfirmed(count=len(known), least=LEAST)
    lesson = teach(classifying.zero_shot(law), known, now=now, seed=seed)
    content = learned.packed(*lesson.model.to_arrays())
    last = ModelEdition.objects.filter(tenant_id=by.tenant_id, kind=learned.KIND).aggregate(n=Max("number"))["n"] or 0
    days = [localdate(c.at).isoformat() for c in (known[0], known[-1])]
    counts: dict[str, int] = {}
    for one in known:
        counts[one.matter] = counts.get(one.matter, 0) + 1
    row = ModelEdition.objects.create(
        tenant_id=by.tenant_id, kind=learned.KIND, number=last + 1, made_at=now, arrays=content,
        made_from=f"{len(known)} confirmed, {days[0]} – {days[1]}", sha256=hashlib.sha256(content).hexdigest(),
        card={
            "period": days, "cases": len(known), "left_out": len(kept) - len(known), "counts": counts, "seed": seed,
            "book_edition": law.book_edition, "features": f"characters 1–4, {lesson.model.zero.bits} bits",
            "half_life_days": HALF_LIFE_DAYS, "prefill": classifying.PREFILL, "quality": lesson.quality,
        },
    )  # fmt: skip
    _record("model.learned", row, by=by, now=now, codes={"cases": len(known)})
    return row


@transaction.atomic
def adopt(number: int, *, by: Actor, now: datetime) -> ModelEdition:
    """Let this edition answer from now on; suggestions made before keep theirs.

    :raises NotAllowed: not a keeper of models. :raises NotFound: no such edition.
    :raises ModelCannotBeRead: its arrays do not fit their hash or format.
    """
    _ensure_keeper(by)
    row = _held(number, by)
    try:
        learned.read(bytes(row.arrays), row.sha256)
    except UnknownModel:
        raise ModelCannotBeRead(number=number) from None
    _retire(by, now, besides=row.id)
    row.change(adopted_at=now, retired_at=None)
    _record("model.adopted", row, by=by, now=now)
    learned.forget()
    return row


@transaction.atomic
def return_to_former(*, by: Actor, now: datetime) -> ModelEdition | None:
    """Give back: the edition that answered before answers again; None: zero-shot alone.

    :raises NotAllowed: not a keeper of models. :raises NotFound: no learned model answers now.
    """
    _ensure_keeper(by)
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


def confirmed(*, now: datetime, tenant_id: int) -> list[Confirmed]:
    """Give texts with the matter that people settled on, oldest first: what the desk chose, and above it how the
    matter stood when its answer was approved (a lead body's correction counts above the first click)."""
    said = _chosen(now, tenant_id) | _approved(now, tenant_id)
    rows = sorted(said.items(), key=lambda row: (row[1].at, row[0]))[-MOST:]
    return [one for _, one in rows if one.matter and one.text.strip()]


def _approved(now: datetime, tenant_id: int) -> dict[int, Confirmed]:
    first = Membership.objects.filter(case=OuterRef("pk"), to_at=None).order_by("id")
    rows = Case.objects.filter(tenant_id=tenant_id, status__in=CONFIRMED).exclude(matter="").exclude(kind=Kind.TIP_OFF)
    rows = rows.filter(received_at__gt=now - PERIOD, received_at__lte=now).annotate(
        report=Subquery(first.values("report_id")[:1]), said=Subquery(first.values("report__text_shown")[:1])
    )
    told = rows.order_by("-received_at", "-id").values_list("report", "received_at", "said", "matter")[:MOST]
    return {report: Confirmed(at, text, matter) for report, at, text, matter in told if report is not None}


def _chosen(now: datetime, tenant_id: int) -> dict[int, Confirmed]:
    rows = Choice.objects.filter(
        tenant_id=tenant_id, suggestion__stage="classify", at__gt=now - PERIOD, at__lte=now
    ).order_by("-at", "-id")[:MOST]
    told = {}
    for report, at, text, candidates, taken, to in reversed(
        rows.values_list(
            "suggestion__report_id", "suggestion__report__received_at", "suggestion__report__text_shown",
            "suggestion__candidates", "taken", "changed_to",
        )
    ):  # fmt: skip
        matter = to or (str(candidates[0]["value"]) if taken and candidates else "")
        told[report] = Confirmed(at, text, matter)
    return told


def teach(zero: ZeroShot, cases: Sequence[Confirmed], *, now: datetime, seed: int) -> Lesson:
    """Train on all, after a trial that leaves the newest tenth out to measure (never a random split)."""
    texts, truth = [c.text for c in cases], [c.matter for c in cases]
    share = [0.5 ** ((now - c.at).total_seconds() / 86400 / HALF_LIFE_DAYS) for c in cases]
    held = max(1, len(cases) // 10)
    trial = Learned.fit(zero, texts[:-held], truth[:-held], seed=seed, newest=share[:-held])
    later = texts[-held:], truth[-held:]
    quality = {
        "held_out": held,
        "zero_shot": measured(Blended.of(zero, None), *later),
        "learned": measured(Blended.of(zero, trial), *later),
    }
    return Lesson(Learned.fit(zero, texts, truth, seed=seed, newest=share), quality)


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
    if not by.has("system_admin", "office", "system"):
        raise NotAllowed


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
