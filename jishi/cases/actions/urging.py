"""催办: a sentence to whoever holds the case. Nothing moves, no clock starts anew (spec 10 §7)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import localdate

from jishi.cases import limits, policies
from jishi.cases.actions import moving
from jishi.cases.actions.moving import Held
from jishi.cases.models import Urging
from jishi.cases.refusals import GroundNeeded, TooLong
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Refused
from jishi.kernels.text.minimise import minimise_one

LONGEST = 500


class UrgedAlready(Refused):
    code, status = "urged_already", 409
    zh, en = "这件事您 {last} 催过了，{next} 起可以再催。", "You urged this on {last}; you can again from {next}."
    next_zh, next_en = "有新情况，可以补充一句。", "If there is something new, add a word."


@transaction.atomic
def urge(case_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Urging:
    """Say a sentence to the holder: one a day from the same person, one a week from a caller.

    :raises GroundNeeded, TooLong: the sentence. :raises UrgedAlready: says from when it can be said again.
    """
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "urging.urge", by=by)
    said = words.strip()
    if not said:
        raise GroundNeeded(what="一句话", what_en="a sentence")
    if len(said) > LONGEST:
        raise TooLong(length=len(said), limit=LONGEST)
    is_caller = policies.PARTIES["caller"](by, held.stand)
    who = moving.person(trail.named(by, ("case", held.case.id)))
    _ensure_not_urged(held, who, is_caller=is_caller, now=now)
    body_id = held.lead.body_id if held.lead is not None else None
    urged = Urging.objects.create(
        tenant_id=by.tenant_id, case=held.case, body_id=body_id, by=who, is_caller=is_caller, at=now,
        words=minimise_one(said).shown[:LONGEST],
    )  # fmt: skip
    moving.carry_out_beside(
        held, row, by=by, now=now, codes={"body": body_id, "caller": is_caller}, words={"words": urged.words}
    )
    return urged


def next_at(case_id: int, by: Actor, *, is_caller: bool) -> datetime | None:
    """Say from when this person may urge this case again; None: now."""
    who = moving.person(trail.named(by, ("case", case_id)))
    last = Urging.objects.filter(case=case_id, by=who).order_by("-at").values_list("at", flat=True).first()
    return _again_from(last, is_caller=is_caller) if last is not None else None


def _again_from(last: datetime, *, is_caller: bool) -> datetime:
    rules = limits.load()
    return last + timedelta(days=rules.urging_caller_days if is_caller else rules.urging_person_days)


def _ensure_not_urged(held: Held, who: str, *, is_caller: bool, now: datetime) -> None:
    last = Urging.objects.filter(case=held.case, by=who).order_by("-at").values_list("at", flat=True).first()
    if last is None:
        return
    again = _again_from(last, is_caller=is_caller)
    if now < again if is_caller else localdate(now) < localdate(again):
        raise UrgedAlready(last=localdate(last).isoformat(), next=localdate(again).isoformat())
