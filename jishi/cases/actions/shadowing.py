"""A new edition answers beside the one in force, unseen by those who work on the case (spec 12 §3).

Looked after by the worker, never at intake: nobody who reports waits for it.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.utils.timezone import localdate

from jishi.cases.models import ModelEdition, Report, ShadowAnswer, Suggestion
from jishi.cases.triage import Stage, classifying, learned
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.foundation.actor import Actor

BATCH = 200


def answer_beside(*, by: Actor, now: datetime) -> int:
    """Let the edition in the shadow answer every report that came in since and was guessed at; gives how many.

    A report whose matter a person had chosen before anything was guessed is left out: there is nothing to compare.
    """
    done = 0
    while True:
        with scope.work(by), transaction.atomic():
            more = _some(by, now)
        done += more
        if more < BATCH:
            return done


def _some(by: Actor, now: datetime) -> int:
    row = ModelEdition.objects.select_for_update(skip_locked=True).filter(
        tenant_id=by.tenant_id, kind=learned.KIND, shadow_from__isnull=False, shadow_to=None
    ).values_list("id", "number", "sha256", "shadow_from", "card").first()  # fmt: skip
    if row is None:
        return 0
    row_id, number, sha256, since, card = row
    assert since is not None
    held = learned.edition(by.tenant_id, row_id, number, sha256, card.get("thresholds"))
    reports = _unanswered(row_id, since, now, by) if held.model is not None else []
    if not reports:
        return 0
    law = duties.law(localdate(now))
    said = classifying.answers(law, classifying.with_learned(law, held), [text for _, text in reports])
    ShadowAnswer.objects.bulk_create(
        ShadowAnswer(
            tenant_id=by.tenant_id, report_id=report, model_id=row_id, candidates=list(one.candidates),
            abstained=one.abstained, at=now,
        )
        for (report, _), one in zip(reports, said, strict=True)
    )  # fmt: skip
    ModelEdition.objects.filter(id=row_id).update(shadowed=F("shadowed") + len(reports))
    return len(reports)


def _unanswered(row_id: int, since: datetime, now: datetime, by: Actor) -> list[tuple[int, str]]:
    known = ShadowAnswer.objects.filter(model=row_id, report=OuterRef("report"))
    guessed = Suggestion.objects.filter(tenant_id=by.tenant_id, stage=Stage.CLASSIFY, made_at__gte=since)
    rows = guessed.filter(made_at__lte=now).exclude(candidates__0__reason=classifying.TOLD).annotate(
        there=Subquery(known.values("id")[:1]),
        said=Subquery(Report.objects.filter(id=OuterRef("report")).values("text_shown")[:1]),
    )
    found: dict[int, str] = {}
    told: Any = rows.filter(there=None, said__isnull=False).order_by("id").values_list("report", "said")[:BATCH]
    for report, text in told:
        found.setdefault(report, text)
    return list(found.items())
