"""What became of one suggestion, said by somebody or a program of the desk: taken, or changed to what (spec 12 §11)."""

from datetime import datetime

from django.db import transaction

from jishi.cases.actions import choosing, correcting, moving
from jishi.cases.models import Choice, Membership, Suggestion
from jishi.cases.states import CASE
from jishi.cases.triage import Stage
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, WrongMoment


@transaction.atomic
def take(report_id: int, *, stage: str, value: str, by: Actor, now: datetime, version: int | None = None) -> Choice:
    """Keep what was chosen beside the suggestion. Another matter than the case has is corrected with it, and the
    entry is that of the correction.

    :raises NotAllowed: not of the receiving desk, nor in its place.
    :raises NotFound: nothing was suggested at this stage.
    :raises Invalid: no value. :raises WrongMoment: the case has ended. :raises UnknownMatter: not of the book.
    """
    choosing.ensure_of_the_desk(report_id, by=by)
    value = value.strip()
    if not value:
        raise Invalid(detail="value")
    said = Suggestion.objects.filter(tenant_id=by.tenant_id, report=report_id, stage=stage).order_by("-id").first()
    members = Membership.objects.filter(tenant_id=by.tenant_id, report=report_id, to_at=None).order_by("id")
    case_id = members.values_list("case", flat=True).first()
    if case_id is None or said is None or not said.candidates:
        raise NotFound
    held = moving.hold(case_id, by=by, version=version)
    if held.case.status in CASE.ends:
        state = CASE.state(held.case.status).name
        raise WrongMoment(
            state=held.case.status, state_zh=state.zh, state_en=state.en, open=[], open_zh="—", open_en="—"
        )
    corrects = stage == Stage.CLASSIFY and value != held.case.matter
    if corrects:
        correcting.correct_matter(case_id, matter=value, by=by, now=now, version=version)
    made = Choice.objects.filter(suggestion=said, at=now).order_by("-id").first() if corrects else None
    if made is None:  # the correction keeps the choice for the first report of the case alone
        (made,) = choosing.keep(report_id, chosen={stage: value}, by=by, now=now)
    if not corrects:
        codes = {"stage": stage, "taken": made.taken, "changed": bool(made.changed_to)}
        moving.beside(held, "case.suggestion_answered", by=by, now=now, codes=codes)
    return made
