"""Topics as the board, the public page and programs show them (spec 10 §§12, 17)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from django.db.models import Count, QuerySet
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases import policies, topic_rules
from jishi.cases.models import Topic, TopicCase, TopicMeasure
from jishi.cases.states import TOPIC, TopicEvidence, TopicStatus
from jishi.cases.topic_rules import Indicator
from jishi.duties import queries as duties
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound
from jishi.kernels.procedure import Spoken

PUBLIC = (TopicStatus.WORKING, TopicStatus.ASSESSED, TopicStatus.CLOSED)
EVIDENCE = {
    TopicEvidence.CLUSTER: Spoken("一类事反复出现", "the same kind of matter again and again"),
    TopicEvidence.BANKED: Spoken("一批挂账", "many banked cases"),
    TopicEvidence.SEASON: Spoken("季节性的事", "the season"),
    TopicEvidence.ASSEMBLY: Spoken("议事提出", "put forward by an assembly"),
}
FEW = 50


@dataclass(frozen=True, slots=True)
class OneMeasure:
    row: TopicMeasure
    body: str
    late: bool


@dataclass(frozen=True, slots=True)
class OneTopic:
    """One topic in words: who leads, what is done, what was counted before and after."""

    row: Topic
    state: Spoken
    chip: str
    matters: Sequence[str]
    evidence: Spoken
    lead: str
    assists: Sequence[str]
    nominated_by: str
    measures: Sequence[OneMeasure]
    indicator: Indicator | None
    baseline: str
    target: str
    result: str
    found: int
    late: bool
    may: frozenset[str]

    @property
    def done(self) -> int:
        """How many measures are done."""
        return sum(1 for m in self.measures if m.row.done_at is not None)


def board(*, by: Actor, now: datetime, lang: str) -> list[OneTopic]:
    """Give what the office has before it, what is due first on top; closed ones last."""
    rows = Topic.objects.filter(tenant_id=by.tenant_id)
    open_ = list(rows.filter(status__in=sorted(TOPIC.open_states)).order_by("due_date", "id")[:FEW])
    over = list(rows.exclude(status__in=sorted(TOPIC.open_states)).order_by("-id")[:20])
    return _many([*open_, *over], by=by, now=now, lang=lang)


def public(*, by: Actor, now: datetime, lang: str) -> list[OneTopic]:
    """Give what everybody may read: what is worked on, and what came of it; newest first."""
    rows = Topic.objects.filter(tenant_id=by.tenant_id, status__in=PUBLIC).order_by("-chosen_at", "-id")[:FEW]
    return _many(list(rows), by=by, now=now, lang=lang)


def one(topic_id: int, *, by: Actor, now: datetime, lang: str, is_public: bool = False) -> OneTopic:
    """Give one topic. :raises NotFound: there is none, or strangers may not read it."""
    rows: QuerySet[Topic] = Topic.objects.filter(tenant_id=by.tenant_id, id=topic_id)
    if is_public:
        rows = rows.filter(status__in=PUBLIC)
    found = rows.first()
    if found is None:
        raise NotFound
    return _many([found], by=by, now=now, lang=lang)[0]


def waiting(by: Actor) -> int:
    """Count what waits for the office: to be chosen, to be decided on."""
    wanted = (TopicStatus.NOMINATED, TopicStatus.ASSESSED)
    return Topic.objects.filter(tenant_id=by.tenant_id, status__in=wanted).count()


def _many(rows: Sequence[Topic], *, by: Actor, now: datetime, lang: str) -> list[OneTopic]:
    """Five statements, whatever the rows."""
    ids, today, known = [row.id for row in rows], localdate(now), bodies.names()
    measures: dict[int, list[TopicMeasure]] = {}
    for m in TopicMeasure.objects.filter(topic__in=ids).order_by("round", "by_date", "id"):
        measures.setdefault(m.topic_id, []).append(m)
    counts = TopicCase.objects.filter(topic__in=ids).values_list("topic").annotate(n=Count("id"))
    found = dict(counts.values_list("topic", "n"))
    names = {code: m.called(lang) for code, m in duties.matters(day=today).items()}

    def called(body: int | None) -> str:
        return known[body].called(lang) if body in known else ""

    return [
        _one(row, by, today, [
            OneMeasure(m, called(m.body_id), m.done_at is None and m.by_date < today) for m in measures.get(row.id, [])
        ], found.get(row.id, 0), [names.get(c, c) for c in row.matters], called)
        for row in rows
    ]  # fmt: skip


def _one(
    row: Topic, by: Actor, today: date, measures: Sequence[OneMeasure], found: int, matters: Sequence[str],
    called: Callable[[int | None], str],
) -> OneTopic:  # fmt: skip
    state, indicator = TOPIC.state(row.status), None
    if row.indicator:
        indicator = topic_rules.load().indicators.get((row.indicator, row.indicator_edition))
    stand = policies.topic_stand(row)
    return OneTopic(
        row=row, state=state.name, chip=str(state.chip), matters=matters, found=found, measures=measures,
        evidence=EVIDENCE[TopicEvidence(row.evidence_kind)], lead=called(row.lead_body_id),
        assists=[called(b) for b in row.assist_body_ids], nominated_by=called(row.nominated_by_id),
        indicator=indicator, baseline=written(indicator, row.baseline_n, row.baseline_of),
        target=_target(indicator, row.target),
        result=written(indicator, row.result_n, row.result_of) if row.assessed_at else "",
        late=row.status in TOPIC.open_states and row.due_date < today, may=_may(row, by, stand),
    )  # fmt: skip


def _may(row: Topic, by: Actor, stand: policies.TopicStand) -> frozenset[str]:
    open_ = [m for m in (*TOPIC.moves, *TOPIC.acts) if m.fits(row.status, None) and not m.is_birth]
    return frozenset(
        m.verb.removeprefix("topic.") for m in open_ if any(policies.TOPIC_PARTIES[p](by, stand) for p in m.who)
    )


def written(indicator: Indicator | None, n: int, of: int) -> str:
    """Write a counted value: a count, or a share with what it is a share of; exact until here."""
    if indicator is None:
        return ""
    if indicator.unit == "count":
        return f"{n:,}"
    # nothing was counted: a dash, never 0
    return f"{float(Fraction(n * 100, of)):.1f}%（{n}/{of}）" if of else "—（0/0）"


def _target(indicator: Indicator | None, target: int) -> str:
    if indicator is None:
        return ""
    sign = "≤" if indicator.better == "down" else "≥"
    return f"{sign} {target:,}" + ("" if indicator.unit == "count" else "%")
