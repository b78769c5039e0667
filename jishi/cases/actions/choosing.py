"""What a person did with a suggestion: taken, or changed to what.

Suggestion and choice together are the quality record.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from jishi.cases import policies
from jishi.cases.models import Case, Choice, Membership, RefusedPair, Report, Suggestion
from jishi.cases.triage import Stage
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound


@transaction.atomic
def choose(report_id: int, *, chosen: Mapping[str, str], by: Actor, now: datetime) -> list[Choice]:
    """Keep what was chosen per stage of the newest suggestions: taken if a candidate had this value, changed if not
    the first one; `changed_to` says to which.

    A stage without an answer of the person, or without a suggestion, leaves nothing.
    :raises NotFound: no such report. :raises NotAllowed: not of the receiving desk.
    """
    if not by.has("operator", "dispatcher"):
        raise NotAllowed
    return keep(report_id, chosen=chosen, by=by, now=now)


def keep(report_id: int, *, chosen: Mapping[str, str], by: Actor, now: datetime) -> list[Choice]:
    """Keep it for a verb that has judged already who may: the office in the desk's place too. :raises NotFound:"""
    if not Report.objects.filter(tenant_id=by.tenant_id, id=report_id).exists():
        raise NotFound
    rows = Suggestion.objects.filter(report=report_id, stage__in=list(chosen)).order_by("-id")
    newest: dict[str, Suggestion] = {}
    for row in rows:
        newest.setdefault(row.stage, row)
    made = []
    for stage, row in sorted(newest.items()):
        value = chosen[stage].strip()
        if not value or not row.candidates:
            continue
        taken = any(str(c.get("value")) == value for c in row.candidates)
        first = str(row.candidates[0].get("value")) == value
        made.append(
            Choice(
                tenant_id=by.tenant_id, suggestion=row, taken=taken, changed_to="" if first else value[:120],
                by=by.label, at=now,
            )
        )  # fmt: skip
    return list(Choice.objects.bulk_create(made))


def ensure_of_the_desk(report_id: int, *, by: Actor) -> None:
    """Insist on the receiving desk, or on the office that places a case of this report in the desk's place.

    :raises NotAllowed: somebody else.
    """
    if by.has("operator", "dispatcher"):
        return
    mine = Case.objects.filter(tenant_id=by.tenant_id, memberships__report=report_id, memberships__to_at=None)
    if not by.has("office") or not any(policies.in_the_desks_place(by, case) for case in mine):
        raise NotAllowed


def keep_answer(case_id: int, *, number: int, by: Actor, now: datetime) -> None:
    """Keep beside the suggestion of the first report that this kept answer was given, so that it counts as taken
    wherever it was taken; what was said of the suggestion at intake stays."""
    first = (
        Membership.objects.filter(tenant_id=by.tenant_id, case=case_id, to_at=None).order_by("id").values("report")[:1]
    )
    said = Suggestion.objects.filter(tenant_id=by.tenant_id, report__in=first, stage=Stage.KNOWLEDGE)
    kept = Choice.objects.filter(tenant_id=by.tenant_id, suggestion=OuterRef("pk"))
    row = said.exclude(Exists(kept)).order_by("-id").first()
    if row is not None:
        keep(row.report_id, chosen={str(Stage.KNOWLEDGE): str(number)}, by=by, now=now)


@transaction.atomic
def refuse_pairs(report_id: int, *, case_ids: Iterable[int], by: Actor, now: datetime) -> None:
    """Remember that these cases are another matter than the report, so that the pair is not proposed again.

    :raises NotAllowed: not of the receiving desk, nor in its place.
    """
    ensure_of_the_desk(report_id, by=by)
    known = Case.objects.filter(tenant_id=by.tenant_id, id__in=set(case_ids)).values_list("id", flat=True)
    RefusedPair.objects.bulk_create(
        [RefusedPair(tenant_id=by.tenant_id, report_id=report_id, case_id=i, by=by.label, at=now) for i in known],
        ignore_conflicts=True,
    )
