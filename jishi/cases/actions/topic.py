"""每月一题: one kind of matter worked on at its root; what is found on the way is found, never asked (spec 10 §12).

Its life is institutions/procedures/topic.toml. Baseline and result are counted by the same definition, typed in by
nobody; the lead does not assess itself.
"""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases import policies, topic_rules
from jishi.cases.actions import asking, counting, intake, moving
from jishi.cases.actions.alongside import worded
from jishi.cases.actions.arrival import Incoming
from jishi.cases.events import TopicMoved
from jishi.cases.models import Topic, TopicCase, TopicMeasure
from jishi.cases.refusals import GroundNeeded, SamePerson, UnknownMatter
from jishi.cases.states import TOPIC, Channel, TopicEvidence
from jishi.duties import queries as duties
from jishi.foundation import outbox, procedures, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Refused, Stale
from jishi.kernels.procedure import BIRTH, Move
from jishi.kernels.text.minimise import minimise_one

MATTERS = 20


class UnknownIndicator(Refused):
    code, status = "unknown_indicator", 422
    zh, en = "没有这个指标。", "There is no such indicator."
    next_zh, next_en = "从公布的指标里选一个。", "Choose one of those that are published."


class NotYetTheirMeasure(Refused):
    code, status = "not_their_measure", 409
    zh, en = "没有这一条措施，或者已经做完了。", "There is no such measure, or it is done."
    next_zh, next_en = "看一下题里的措施。", "Look at the measures of the topic."


class FarAway(Refused):
    code, status = "measure_too_far", 422
    zh, en = "措施的日子最远 {months} 个月。", "A measure's day lies at most {months} months ahead."
    next_zh, next_en = "拆成几条，先定近的。", "Take smaller steps, the near ones first."


@dataclass(frozen=True, slots=True)
class Nomination:
    """Which kind of matter, and what shows that it wants work at its root."""

    title: str
    matters: Sequence[str]
    evidence_kind: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Measure:
    what: str
    body_id: int
    by_date: date


@dataclass(frozen=True, slots=True)
class Plan:
    """What the office decides with its choice: who leads, why it happens, what is done by whom until when, how far."""

    lead_id: int
    causes: str
    measures: Sequence[Measure]
    indicator: str
    target: int
    assist_ids: Sequence[int] = ()


@transaction.atomic
def nominate(what: Nomination, *, by: Actor, now: datetime) -> Topic:
    """This will put a topic before the leading group office, with its evidence; counts are taken with it.

    :raises UnknownMatter: not in the code book. :raises GroundNeeded, TooShortOrLong: title, matters or evidence.
    """
    move = _ensure(None, "topic.nominate", by=by)
    matters = list(dict.fromkeys(what.matters))
    if not matters or len(matters) > MATTERS or what.evidence_kind not in TopicEvidence.values:
        raise GroundNeeded(what="哪几类事、依据是什么", what_en="which matters, and from what it is seen")
    for code in matters:
        if duties.matter(code) is None:
            raise UnknownMatter(matter=code, successor=duties.successor_sentence(code))
    row = Topic.objects.create(
        tenant_id=by.tenant_id, matters=matters, evidence_kind=what.evidence_kind, nominated_at=now, status=move.to,
        title=minimise_one(worded(what.title, least=4, most=80, what="题目", what_en="the title")).shown[:80],
        evidence=minimise_one(worded(what.evidence, least=10, most=2000, what="依据", what_en="the evidence")).shown,
        evidence_asked=counting.asked(matters, now=now), evidence_banked=counting.banked(matters),
        nominated_by_id=min(by.body_ids, default=None), status_since=now, month=f"{localdate(now):%Y-%m}",
        due_date=_month_end(localdate(now)),
    )  # fmt: skip
    codes = {"body": row.nominated_by_id, "matters": matters, "evidence": row.evidence_kind}
    _tell(row, move, by=by, now=now, codes=codes, words={"title": row.title, "evidence": row.evidence}, new=True)
    return row


@transaction.atomic
def choose(topic_id: int, *, plan: Plan, by: Actor, now: datetime, version: int | None = None) -> Topic:
    """This will make it a topic of the month: the baseline is counted now, and frozen with the definition's edition.

    :raises UnknownIndicator. :raises GroundNeeded, TooShortOrLong, NotAhead, FarAway: causes, measures, days.
    """
    row = hold(topic_id, by=by, version=version)
    move = _ensure(row, "topic.choose", by=by)
    rules = topic_rules.load()
    indicator = rules.newest(plan.indicator)
    if indicator is None:
        raise UnknownIndicator
    causes = worded(plan.causes, least=rules.causes_least, most=2000, what="原因", what_en="the causes")
    involved = {plan.lead_id, *plan.assist_ids, *(m.body_id for m in plan.measures)}
    if not involved <= set(bodies.names()):
        raise GroundNeeded(what="哪些单位", what_en="which bodies")
    last = _add_measures(row, plan.measures, 1, now)
    base = counting.value(indicator, row.matters, until=localdate(now))
    _change(
        row, move, by=by, now=now, due_date=last, lead_body_id=plan.lead_id, causes=minimise_one(causes).shown,
        assist_body_ids=sorted(involved - {plan.lead_id}), chosen_at=now, indicator=indicator.code,
        indicator_edition=indicator.edition, baseline_n=base.n, baseline_of=base.of, baseline_date=localdate(now),
        target=plan.target,
    )  # fmt: skip
    by_edition = f"{indicator.code}@{indicator.edition}"
    codes = {"lead": row.lead_body_id, "assists": row.assist_body_ids, "indicator": by_edition,
             "baseline": [base.n, base.of], "target": row.target, "due": last.isoformat()}  # fmt: skip
    _tell(row, move, by=by, now=now, codes=codes, words={"causes": row.causes})
    return row


@transaction.atomic
def pass_over(topic_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Topic:
    """This will not choose it, with a reason for whoever nominated it. :raises GroundNeeded: no reason."""
    row = hold(topic_id, by=by, version=version)
    move = _ensure(row, "topic.pass_over", by=by)
    reason = worded(why, least=5, most=500, what="为什么不选", what_en="why it is not chosen")
    _change(row, move, by=by, now=now, passed_over_why=minimise_one(reason).shown)
    _tell(row, move, by=by, now=now, codes={"body": row.nominated_by_id}, words={"why": row.passed_over_why})
    return row


@transaction.atomic
def finish_measure(
    topic_id: int, *, measure_id: int, words: str, by: Actor, now: datetime, version: int | None = None
) -> TopicMeasure:
    """This will say what was done of one measure; only its own body can. :raises NotYetTheirMeasure."""
    row = hold(topic_id, by=by, version=version)
    move = _ensure(row, "topic.finish_measure", by=by)
    found = TopicMeasure.objects.select_for_update().filter(topic=row, id=measure_id, done_at=None)
    measure = found.filter(body__in=by.body_ids).first()
    if measure is None:
        raise NotYetTheirMeasure
    said = worded(words, least=5, most=500, what="做了什么", what_en="what was done")
    measure.change(done_at=now, done_words=minimise_one(said).shown[:500])
    row.change()
    codes = {"measure": measure.id, "body": measure.body_id}
    _tell(row, move, by=by, now=now, codes=codes, words={"words": measure.done_words})
    return measure


@transaction.atomic
def open_case(
    topic_id: int, *, incoming: Incoming, tenant_code: str, by: Actor, now: datetime, version: int | None = None
) -> intake.Received:
    """This will open a case that the topic found before anybody asked. It is counted as found, never as asked.

    :raises GroundNeeded: its matter is none of the topic's. Refusals of intake as they are.
    """
    row = hold(topic_id, by=by, version=version)
    move = _ensure(row, "topic.open_case", by=by)
    if incoming.matter not in row.matters:
        raise GroundNeeded(what="是这一题里的哪一类事", what_en="which of the topic's matters it is")
    found = Incoming(
        text=incoming.text, channel=Channel.TOPIC, matter=incoming.matter, lng=incoming.lng, lat=incoming.lat,
        crs=incoming.crs, address_text=incoming.address_text,
    )  # fmt: skip
    done = intake.receive(found, by=policies.receiving(by), now=now, tenant_code=tenant_code)
    TopicCase.objects.get_or_create(tenant_id=by.tenant_id, topic=row, case_id=done.case_id)
    row.change()
    _tell(row, move, by=by, now=now, codes={"case": done.case_id, "body": min(by.body_ids, default=None)})
    return done


@transaction.atomic
def assess(topic_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Topic:
    """This will count the same indicator again, by the same edition of its definition, and say what it shows.

    :raises GroundNeeded: no words. :raises NotAllowed: the lead. :raises SamePerson: who carried out a measure.
    """
    row = hold(topic_id, by=by, version=version)
    move = _ensure(row, "topic.assess", by=by)
    _ensure_another(row, "topic.measure_done", by=by)
    indicator = topic_rules.load().indicators[row.indicator, row.indicator_edition]
    said = worded(words, least=10, most=2000, what="看到了什么", what_en="what it shows")
    now_ = counting.value(indicator, row.matters, until=localdate(now))
    _change(
        row, move, by=by, now=now, due_date=localdate(now) + timedelta(days=_review_days()), result_n=now_.n,
        result_of=now_.of, assessed_at=now, is_met=indicator.meets(now_.n, now_.of, row.target),
        result=minimise_one(said).shown,
    )  # fmt: skip
    codes = {"indicator": f"{row.indicator}@{row.indicator_edition}", "result": [now_.n, now_.of], "met": row.is_met}
    _tell(row, move, by=by, now=now, codes=codes, words={"result": row.result})
    return row


@transaction.atomic
def close(topic_id: int, *, words: str = "", by: Actor, now: datetime, version: int | None = None) -> Topic:
    """This will close it; the result stands on the public page. `words`: instead of what was written before."""
    row = hold(topic_id, by=by, version=version)
    move = _ensure(row, "topic.close", by=by)
    said = worded(words, least=10, most=2000, what="结果", what_en="the result") if words.strip() else row.result
    _change(row, move, by=by, now=now, closed_at=now, result=minimise_one(said).shown)
    _tell(row, move, by=by, now=now, codes={"met": row.is_met}, words={"result": row.result})
    return row


@transaction.atomic
def go_on(
    topic_id: int, *, measures: Sequence[Measure], by: Actor, now: datetime, version: int | None = None
) -> Topic:
    """This will go on with new measures and days; indicator, edition and baseline stay. :raises as `choose`."""
    row = hold(topic_id, by=by, version=version)
    move = _ensure(row, "topic.go_on", by=by)
    last = _add_measures(row, measures, row.rounds + 1, now)
    more = {m.body_id for m in measures} - {row.lead_body_id}
    _change(
        row, move, by=by, now=now, due_date=last, rounds=row.rounds + 1,
        assist_body_ids=sorted(more | set(row.assist_body_ids)),
    )  # fmt: skip
    _tell(row, move, by=by, now=now, codes={"round": row.rounds, "due": last.isoformat()})
    return row


# --- pieces ------------------------------------------------------------------------------------------------


def hold(topic_id: int, *, by: Actor, version: int | None = None) -> Topic:
    """Lock a topic. :raises NotFound: no such topic. :raises Stale: it has moved since `version`."""
    row = Topic.objects.select_for_update().filter(tenant_id=by.tenant_id, id=topic_id).first()
    if row is None:
        raise NotFound
    if version is not None and version != row.version:
        since = [
            {"seq": e.seq, "at": trail.stamp(e.at), "verb": e.verb, "by": e.actor}
            for e in trail.of("topic", row.id)
            if int(e.codes.get("version", 0)) > version
        ]
        raise Stale(version=row.version, status=row.status, seen=version, since=since)
    return row


def _ensure(row: Topic | None, verb: str, *, by: Actor) -> Move:
    """Find the row of the table and insist that `by` may. :raises NotAllowed, WrongMoment."""
    stand = policies.topic_stand(row)
    rows = [m for m in (*TOPIC.moves, *TOPIC.acts) if m.verb == verb]
    policies.ensure_may_on_topic(rows[0], by, stand)
    return procedures.ensure_move(TOPIC, verb, row.status if row is not None else BIRTH)


def _ensure_another(row: Topic, entry: str, *, by: Actor) -> None:
    """Who carried out a measure assesses none of it, in whichever post (90 §4.2). :raises SamePerson."""
    did = {moving.person(e.actor) for e in trail.of("topic", row.id) if e.verb == entry}
    if moving.person(by.label) in did:
        why = TOPIC.separations[0].why
        raise SamePerson(why=why.zh, why_en=why.en)


def _change(row: Topic, move: Move, *, by: Actor, now: datetime, **values: Any) -> None:
    row.change(status=move.target(row.status), status_since=now, **values)


def _tell(
    row: Topic, move: Move, *, by: Actor, now: datetime, codes: Mapping[str, Any],
    words: Mapping[str, str] | None = None, new: bool = False,
) -> None:  # fmt: skip
    trail.record(
        move.trail, ("topic", row.id), by=by, at=now, codes={"version": row.version, "status": row.status, **codes},
        words=words, rule=f"{TOPIC.code}@{TOPIC.edition}", new=new,
    )  # fmt: skip
    outbox.announce(TopicMoved(row.id, move.verb, row.status, tuple(move.tells)), at=now)


def _add_measures(row: Topic, measures: Sequence[Measure], round_: int, now: datetime) -> date:
    rules, known = topic_rules.load(), bodies.names()
    if not 1 <= len(measures) <= rules.measures_most or any(m.body_id not in known for m in measures):
        raise GroundNeeded(what="做什么、谁做、到哪天", what_en="what is done, by whom, until when")
    last = localdate(now) + timedelta(days=31 * rules.furthest_months)
    for m in measures:
        if m.by_date <= localdate(now):
            raise asking.NotAhead(given=m.by_date.isoformat())
        if m.by_date > last:
            raise FarAway(months=rules.furthest_months)
        what = worded(m.what, least=4, most=200, what="措施", what_en="the measure")
        TopicMeasure.objects.create(
            tenant_id=row.tenant_id, topic=row, what=minimise_one(what).shown[:200], body_id=m.body_id,
            by_date=m.by_date, round=round_,
        )  # fmt: skip
    return max(m.by_date for m in measures)


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _review_days() -> int:
    amount = next(c.amount for c in TOPIC.clocks if c.kind == "topic_review")
    return int(amount.removesuffix("nd"))
