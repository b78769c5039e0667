"""剔除: one caller's case left out of a rate. The body asks, somebody outside its line decides, the caller reads it.

Spec 10 §10. The ledger is public by body and ground; nothing is left out in silence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from jishi.bodies import queries as bodies
from jishi.cases import limits
from jishi.cases.actions import asking, moving
from jishi.cases.actions.moving import Held
from jishi.cases.models import Exclusion, Membership
from jishi.cases.refusals import GroundNeeded
from jishi.cases.states import Verdict
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Refused

RATES = ("contacted", "solved", "satisfied")  # 三率, never one
PERIOD = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
LEAST_WORDS = 20  # of what the caller reads, and of a decision


class NotAnExclusionGround(Refused):
    code, status = "not_an_exclusion_ground", 422
    zh, en = "“{ground}”不在公开的剔除理由里。", "{ground} is not on the public list of grounds."
    next_zh, next_en = "从清单里选；谁说过几次不是理由。", "Choose from the list; who said it how often is no ground."


class OfTheAskingLine(Refused):
    code, status = "of_the_asking_line", 403
    zh = "申请的是您单位，或者归您单位管，不能由您来定。"
    en = "The request is of your body, or of one below it: you do not decide on it."
    next_zh, next_en = "请申请单位和它上级以外的人来定。", "Somebody outside that line decides."


class ExcludedAlready(Refused):
    code, status = "excluded_already", 409
    zh, en = "这一条已经申请过，或者已经剔除。", "This one has been asked for, or left out, already."
    next_zh, next_en = "看剔除台账。", "See the ledger of exclusions."


class NothingExcluded(Refused):
    code, status = "nothing_excluded", 409
    zh, en = "没有可以这样做的剔除。", "There is no exclusion to which this applies."
    next_zh, next_en = "看剔除台账。", "See the ledger of exclusions."


class NotAPeriod(Refused):
    code, status = "not_a_period", 422
    zh, en = "从哪个月起写成 2026-11 这样。", "Give the month as 2026-11."
    next_zh, next_en = "改好再提交。", "Correct it and send again."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked: which rates, on which ground, with what proof, what the caller reads, from which month.

    `report`: number of the caller's report, where the case has several.
    """

    rates: Sequence[str]
    ground: str
    evidence: str
    told_caller: str
    from_period: str
    report: str = ""


@transaction.atomic
def ask(case_id: int, *, what: Wanted, by: Actor, now: datetime, version: int | None = None) -> Exclusion:
    """Ask that one caller's case is left out of rates; it counts until somebody else has decided.

    :raises NotAnExclusionGround, NotAPeriod, GroundNeeded: the request. :raises ExcludedAlready: asked or granted.
    """
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "exclusion.ask", by=by)
    _ensure_sound(what)
    member = _member(held, what.report)
    if Exclusion.objects.filter(membership=member, revoked_at=None, verdict__in=["", Verdict.APPROVED]).exists():
        raise ExcludedAlready
    assert held.case.lead_id is not None
    asked = Exclusion.objects.create(
        tenant_id=by.tenant_id, case=held.case, membership=member, rates=sorted(set(what.rates)), ground=what.ground,
        evidence=what.evidence.strip(), told_caller=what.told_caller.strip(), asked_body_id=held.case.lead_id,
        asked_at=now, asked_by=by.label, from_period=what.from_period,
    )  # fmt: skip
    moving.carry_out_beside(
        held, row, by=by, now=now, words={"evidence": asked.evidence}, codes=_codes(asked)
    )
    return asked


@transaction.atomic
def decide(
    exclusion_id: int, *, verdict: str, why: str, by: Actor, now: datetime, version: int | None = None
) -> Exclusion:
    """Grant it or not, with reasons; a granted one is told to the caller.

    :raises OfTheAskingLine: the decider belongs to the asking body or above it. :raises NothingExcluded: decided.
    """
    held, asked = _held(exclusion_id, by, version)
    row = moving.ensure_beside(held, "exclusion.decide", by=by)
    _ensure_outside(asked, by)
    if asked.verdict:
        raise NothingExcluded
    if verdict not in Verdict.values or len(why.strip()) < LEAST_WORDS:
        raise GroundNeeded(what="同意或不同意，理由至少 20 个字", what_en="yes or no, and why in 20 characters or more")
    asked.change(
        verdict=verdict, decided_at=now, decided_by=by.label, decided_body_id=min(by.body_ids, default=None),
        why=why.strip(),
    )  # fmt: skip
    granted = verdict == Verdict.APPROVED
    moving.carry_out_beside(
        held, row, by=by, now=now, codes=_codes(asked) | {"verdict": verdict},
        words={"why": asked.why} | ({"told": asked.told_caller} if granted else {}),
        tells=row.tells if granted else ("exclusion_answered_body",),
    )  # fmt: skip
    return asked


@transaction.atomic
def revoke(exclusion_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Exclusion:
    """Let the case count again, with a reason that the caller reads. :raises NothingExcluded, OfTheAskingLine."""
    held, asked = _held(exclusion_id, by, version)
    row = moving.ensure_beside(held, "exclusion.revoke", by=by)
    _ensure_outside(asked, by)
    if asked.verdict != Verdict.APPROVED or asked.revoked_at is not None:
        raise NothingExcluded
    asking.ensure_words(why=(why, "为什么撤销", "why it is revoked"))
    asked.change(revoked_at=now, revoked_by=by.label, why_revoked=why.strip())
    moving.carry_out_beside(held, row, by=by, now=now, codes=_codes(asked), words={"why": asked.why_revoked})
    return asked


def _held(exclusion_id: int, by: Actor, version: int | None) -> tuple[Held, Exclusion]:
    found = Exclusion.objects.filter(tenant_id=by.tenant_id, id=exclusion_id).first()
    if found is None:
        raise NotFound
    held = moving.hold(found.case_id, by=by, version=version)
    found.refresh_from_db()  # what is written now was read under the lock of its case
    return held, found


def _codes(asked: Exclusion) -> dict[str, object]:
    return {"exclusion": asked.id, "report": asked.membership.report_id, "body": asked.asked_body_id,
            "ground": asked.ground, "rates": asked.rates, "from": asked.from_period}  # fmt: skip


def _member(held: Held, report: str) -> Membership:
    rows = Membership.objects.filter(case=held.case, to_at=None).select_related("report").order_by("id")
    found = [m for m in rows if not report or m.report.number == report.strip().upper()]
    if not found:
        raise NotFound
    if len(found) > 1:
        raise GroundNeeded(what="是哪一位诉求人的那一条（受理编号）", what_en="whose report it is, by its number")
    return found[0]


def _ensure_sound(what: Wanted) -> None:
    if what.ground not in limits.load().exclusion:
        raise NotAnExclusionGround(ground=what.ground)
    if not what.rates or not set(what.rates) <= set(RATES):
        raise GroundNeeded(what="哪些率", what_en="which rates")
    if not PERIOD.fullmatch(what.from_period):
        raise NotAPeriod
    asking.ensure_words(evidence=(what.evidence, "证据", "the evidence"))
    if len(what.told_caller.strip()) < LEAST_WORDS:
        raise GroundNeeded(what="写给诉求人的话，至少 20 个字", what_en="at least 20 characters for the caller")


def _ensure_outside(asked: Exclusion, by: Actor) -> None:
    """The asking body and every body above it decide nothing of its request (spec 10 §10)."""
    known = bodies.names()
    line: set[int] = set()
    on: int | None = asked.asked_body_id
    while on is not None and on not in line:
        line.add(on)
        on = known[on].parent_id if on in known else None
    if (by.body_ids | by.tied_to) & line:
        raise OfTheAskingLine
