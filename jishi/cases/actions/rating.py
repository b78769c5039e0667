"""评哨: the street rates each body, each body the whistle; neither reads the other's before both are done (10 §8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from jishi.cases.actions import alongside, whistle
from jishi.cases.actions.alongside import Beside, worded
from jishi.cases.models import Participant, Rating, Whistle
from jishi.cases.refusals import GroundNeeded, NothingToObject, RatedBefore
from jishi.cases.states import WHISTLE, ParticipantStatus, RatingRuling, RatingSide, WhistleStatus, YesPartlyNo
from jishi.foundation.actor import Actor, system
from jishi.foundation.procedures import ensure_move

QUESTIONS: Mapping[str, tuple[str, str, str]] = {
    RatingSide.STREET: ("came", "did_its_part", "result_holds"), RatingSide.BODY: ("needed", "right_body", "prepared"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rated:
    """Three answers (yes, partly, no) to the questions of one's own side, and a sentence."""

    answers: Mapping[str, str] = field(default_factory=dict)
    words: str = ""


@transaction.atomic
def rate_body(participant_id: int, *, rated: Rated, by: Actor, now: datetime, version: int | None = None) -> Rating:
    """Say as the street whether the body came, did its part, and whether its result holds.

    :raises RatedBefore: it was said. :raises GroundNeeded: a question is open. :raises WrongMoment: not yet concluded.
    """
    beside, row, called = alongside.hold_participant(participant_id, by=by, version=version)
    return _rate(beside, row, called, RatingSide.STREET, "rating.rate_body", rated, by=by, now=now)


@transaction.atomic
def rate_whistle(participant_id: int, *, rated: Rated, by: Actor, now: datetime, version: int | None = None) -> Rating:
    """Say as the called body whether the whistle was needed, called the right body, and was prepared."""
    beside, row, called = alongside.hold_participant(participant_id, by=by, version=version)
    return _rate(beside, row, called, RatingSide.BODY, "rating.rate_whistle", rated, by=by, now=now)


def _rate(
    beside: Beside, row: Participant, called: Whistle, side: RatingSide, verb: str, rated: Rated, *, by: Actor,
    now: datetime,
) -> Rating:  # fmt: skip
    move = alongside.ensure(beside, verb, by=by)
    if called.status != WhistleStatus.CONCLUDED:
        ensure_move(WHISTLE, "whistle.rate", called.status)
    if Rating.objects.filter(participant=row, side=side).exists():
        raise RatedBefore
    answers = {q: str(rated.answers.get(q, "")) for q in QUESTIONS[side]}
    if not set(answers.values()) <= set(YesPartlyNo.values):
        raise GroundNeeded(what="三个问题都要选", what_en="an answer to each of the three questions")
    made = Rating.objects.create(
        tenant_id=row.tenant_id, participant=row, side=side, words=rated.words.strip()[:1000], rated_at=now,
        by_body_id=called.blown_by_id if side == RatingSide.STREET else row.body_id, **answers,
    )  # fmt: skip
    alongside.carry_out(beside, move, by=by, now=now, codes={"side": side.value})  # its words stay apart
    if _all_rated(called):
        whistle.rate(called.id, by=system(row.tenant_id), now=now)
    return made


def _all_rated(called: Whistle) -> bool:
    """Tell whether each side has rated every body that was not released."""
    rows = Participant.objects.filter(whistle=called).exclude(status=ParticipantStatus.RELEASED)
    return Rating.objects.filter(participant__in=rows).count() == 2 * rows.count()


@transaction.atomic
def object_(
    participant_id: int, *, side: str, words: str, by: Actor, now: datetime, version: int | None = None
) -> Rating:
    """Object to the rating that the other side gave (`side`: whose rating it is); the district office rules.

    :raises NothingToObject: no such rating, not yet open, or objected to before.
    """
    beside, row, called = alongside.hold_participant(participant_id, by=by, version=version)
    move = alongside.ensure(beside, "rating.object_", by=by)
    rating = Rating.objects.select_for_update().filter(participant=row, side=side, objected_at=None).first()
    rated_body = row.body_id if side == RatingSide.STREET else called.blown_by_id
    if rating is None or called.status != WhistleStatus.RATED or rated_body not in by.body_ids:
        raise NothingToObject
    said = worded(words, least=2, most=2000, what="哪里不符", what_en="what is wrong with it")
    rating.change(objected_at=now, objection_words=said)
    alongside.carry_out(beside, move, by=by, now=now, codes={"side": side}, words={"words": said})
    return rating


@transaction.atomic
def rule(
    participant_id: int, *, side: str, ruling: str, words: str, by: Actor, now: datetime, version: int | None = None
) -> Rating:
    """Rule on an objection to a rating; the rating is not changed, both stay.

    :raises NothingToObject: nobody objects. :raises GroundNeeded: no ruling, or no reasons.
    """
    beside, row, _called = alongside.hold_participant(participant_id, by=by, version=version)
    move = alongside.ensure(beside, "rating.rule", by=by)
    rating = Rating.objects.select_for_update().filter(participant=row, side=side, ruled_at=None).first()
    if rating is None or rating.objected_at is None:
        raise NothingToObject
    if ruling not in RatingRuling.values:
        raise GroundNeeded(what="异议成立不成立", what_en="whether the objection stands")
    said = worded(words, least=2, most=2000, what="裁定理由", what_en="the reasons of the ruling")
    rating.change(ruled_at=now, ruling=ruling, ruling_words=said)
    alongside.carry_out(beside, move, by=by, now=now, codes={"side": side, "ruling": ruling}, words={"words": said})
    return rating
