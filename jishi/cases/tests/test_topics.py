"""Topics: every row of the table, figures that nobody types in, and what was found never counted as asked (10 §12)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate

from conftest import TOWN
from jishi.cases import topic_rules
from jishi.cases.actions import asking, counting, topic
from jishi.cases.actions.arrival import Incoming
from jishi.cases.models import Membership, Topic, TopicCase
from jishi.cases.refusals import GroundNeeded, SamePerson, UnknownMatter
from jishi.cases.states import TOPIC, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import topic_steps as t
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, Stale, WrongMoment

LATER = t.AT + timedelta(days=45)
FOUND = "翠竹苑3号楼北门巡到一口雨水井盖松了，还没有人说过。"


@dataclass(frozen=True)
class Way:
    verb: str
    start: str
    right: Callable[[int], Actor]
    perform: Callable[[Topic, Actor], Any]
    end: str
    entry: str
    wrong: Callable[[int], Actor] = t.lead
    elsewhere: str = "CLOSED"


def _do(verb: Callable[..., Any], **given: Any) -> Callable[[Topic, Actor], Any]:
    def perform(row: Topic, actor: Actor) -> Any:
        late = {k: v(row) if callable(v) else v for k, v in given.items()}
        return f.do(actor, verb, row.id, now=LATER, **late)

    return perform


def incoming(**more: Any) -> Incoming:
    return Incoming(**{"text": FOUND, "channel": "topic", "matter": t.MATTER, **more})


WAYS = [
    Way("topic.choose", "NOMINATED", f.office, _do(topic.choose, plan=lambda r: t.plan(r.tenant_id, LATER)), "WORKING",
        "topic.chosen"),
    Way("topic.pass_over", "NOMINATED", f.office, _do(topic.pass_over, why="已经列入年度改造"), "PASSED_OVER",
        "topic.passed_over"),
    Way("topic.finish_measure", "WORKING", t.lead,
        _do(topic.finish_measure, measure_id=t.measure_of, words="清了十二口井"), "WORKING", "topic.measure_done",
        wrong=f.supervisor),
    Way("topic.open_case", "WORKING", t.lead, _do(topic.open_case, incoming=incoming(), tenant_code=TOWN), "WORKING",
        "topic.case_found", wrong=f.supervisor),
    Way("topic.assess", "WORKING", f.office, _do(topic.assess, words="件数下来了，说没解决的也少了。"), "ASSESSED",
        "topic.assessed"),
    Way("topic.close", "ASSESSED", f.office, _do(topic.close), "CLOSED", "topic.closed", elsewhere="WORKING"),
    Way("topic.go_on", "ASSESSED", f.office, _do(topic.go_on, measures=lambda r: t.measures(r.tenant_id, LATER)),
        "WORKING", "topic.continued", elsewhere="NOMINATED"),
]  # fmt: skip


def test_every_row_of_the_table_has_its_way_here() -> None:
    assert {w.verb for w in WAYS} | {"topic.nominate"} == {x.verb for x in (*TOPIC.moves, *TOPIC.acts)}


@pytest.mark.parametrize("way", WAYS, ids=lambda w: w.verb)
def test_every_row_works_for_the_right_one_alone_at_its_moment_and_leaves_one_entry(way: Way, town: int) -> None:
    row, over = t.a_topic(town, way.start), t.a_topic(town, way.elsewhere)
    before, still = t.picture(row), t.picture(over)

    for nobody in (way.wrong(town), f.operator(town), f.stranger(town)):
        with pytest.raises((NotAllowed, NotFound)):
            way.perform(row, nobody)
    with pytest.raises(WrongMoment):
        f.do(way.right(town), _verb(way.verb), over.id, now=LATER, **_given(way, row))
    assert (t.picture(row), t.picture(over)) == (before, still)

    way.perform(row, way.right(town))

    assert t.again(row).status == way.end
    assert t.entries(row)[before[-1] :] == [way.entry]
    with pytest.raises(Stale):
        f.do(way.right(town), _verb(way.verb), row.id, now=LATER, version=1, **_given(way, row))


def _verb(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(topic, name.removeprefix("topic."))
    return found


def _given(way: Way, row: Topic) -> dict[str, Any]:
    town = row.tenant_id
    return {
        "topic.choose": {"plan": t.plan(town, LATER)}, "topic.pass_over": {"why": "已经列入年度改造"},
        "topic.finish_measure": {"measure_id": 1, "words": "清了十二口井"},
        "topic.open_case": {"incoming": incoming(), "tenant_code": TOWN},
        "topic.assess": {"words": "件数下来了，说没解决的也少了。"}, "topic.close": {},
        "topic.go_on": {"measures": t.measures(town, LATER)},
    }[way.verb]  # fmt: skip


class TestNominate:
    def test_takes_its_counts_from_the_record_and_is_due_by_the_month_end(self, town: int) -> None:
        for _ in range(2):
            f.a_case(town, now=t.AT - timedelta(days=3))
        f.a_case_at(town, Status.BANKED, now=t.AT - timedelta(days=3))

        row = t.a_topic(town)

        assert (row.evidence_asked, row.evidence_banked) == (3, 1)
        assert (row.month, row.due_date.day) == ("2026-03", 31)
        assert t.entries(row) == ["topic.nominated"]

    def test_needs_known_matters_evidence_and_a_body(self, town: int) -> None:
        for more, refusal in (
            ({"matters": ["99.99.99"]}, UnknownMatter), ({"matters": []}, GroundNeeded),
            ({"evidence": ""}, GroundNeeded), ({"evidence_kind": "gut"}, GroundNeeded),
        ):  # fmt: skip
            with pytest.raises(refusal):
                f.do(t.lead(town), topic.nominate, t.nomination(**more), now=t.AT)
        with pytest.raises(NotAllowed):
            f.do(Actor(tenant_id=town, kind="resident", account_id=5, roles=frozenset({"resident"})), topic.nominate,
                 t.nomination(), now=t.AT)  # fmt: skip


class TestChoose:
    def test_needs_an_indicator_causes_and_measures_with_days_ahead(self, town: int) -> None:
        row, day = t.a_topic(town), localdate(t.AT)
        late = [topic.Measure("清一遍井", f.body_id(town, t.LEAD), day)]
        far = [topic.Measure("清一遍井", f.body_id(town, t.LEAD), day + timedelta(days=800))]
        for more, refusal in (
            ({"indicator": "happiness"}, topic.UnknownIndicator), ({"causes": ""}, GroundNeeded),
            ({"measures": []}, GroundNeeded), ({"measures": late}, asking.NotAhead), ({"measures": far}, topic.FarAway),
        ):  # fmt: skip
            with pytest.raises(refusal):
                f.do(f.office(town), topic.choose, row.id, plan=t.plan(town, **more), now=t.AT)

    def test_freezes_a_baseline_that_nobody_typed_in(self, town: int) -> None:
        for _ in range(3):
            f.a_case(town, now=t.AT - timedelta(days=3))

        row = t.a_topic(town, "WORKING")

        assert (row.indicator, row.indicator_edition, row.baseline_n, row.baseline_of) == ("asked", 1, 3, 1)
        f.a_case(town, now=t.AT)
        assert t.again(row).baseline_n == 3


class TestAssess:
    def test_counts_by_the_edition_of_the_choice_though_a_newer_one_is_there(
        self, town: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row, rules = t.a_topic(town, "WORKING"), topic_rules.load()
        newer = replace(rules.indicators["asked", 1], edition=2, days=1)
        monkeypatch.setattr(
            topic_rules, "load", lambda: replace(rules, indicators={**rules.indicators, ("asked", 2): newer})
        )
        f.a_case(town, now=LATER - timedelta(days=9))
        f.a_case(town, now=LATER - timedelta(days=8))

        f.do(f.office(town), topic.assess, row.id, words="件数没有下来，还要接着治。", now=LATER)

        done = t.again(row)
        assert (done.indicator_edition, done.result_n, done.is_met) == (1, 2, False)

    def test_is_not_the_leads_nor_of_one_who_carried_out_a_measure(self, town: int) -> None:
        office = f.staff(town, "office", "handler", account=18, body="ldxz")
        row = t.a_topic(town, "WORKING", lead_id=f.body_id(town, "ldxz"))
        with pytest.raises(NotAllowed):
            f.do(office, topic.assess, row.id, words="我们自己觉得挺好的，都做完了。", now=LATER)

        both = replace(f.staff(town, "office", "handler", account=82, body=t.ASSIST))
        other = t.a_topic(town, "WORKING")
        mine = t.measure_of(other, t.ASSIST)
        f.do(both, topic.finish_measure, other.id, measure_id=mine, words="清走了摊位", now=LATER)
        with pytest.raises(SamePerson):
            f.do(both, topic.assess, other.id, words="件数下来了，摊位没有回来。", now=LATER)

    @pytest.mark.parametrize(
        ("code", "n", "of", "target", "met"),
        [("asked", 3, 1, 3, True), ("asked", 4, 1, 3, False), ("returned", 1, 3, 34, True),
         ("returned", 1, 3, 33, False), ("found_first", 1, 3, 33, True), ("found_first", 1, 3, 34, False),
         ("not_solved", 0, 0, 20, None)],
    )  # fmt: skip
    def test_meets_its_target_exactly_or_not_and_a_share_of_nothing_says_nothing(
        self, code: str, n: int, of: int, target: int, met: bool | None
    ) -> None:
        assert topic_rules.load().indicators[code, 1].meets(n, of, target) is met


class TestWhatWasFound:
    def test_is_counted_as_found_and_never_as_asked(self, town: int) -> None:
        f.a_case(town, now=t.AT - timedelta(days=1))
        row = t.a_topic(town, "WORKING")
        done = f.do(t.lead(town), topic.open_case, row.id, incoming=incoming(), tenant_code=TOWN, now=t.AT)

        day = localdate(t.AT) + timedelta(days=1)
        rules = topic_rules.load().indicators
        with scope.work(system(town)):
            report = Membership.objects.get(case=done.case_id).report
            asked = counting.value(rules["asked", 1], [t.MATTER], until=day)
            first = counting.value(rules["found_first", 1], [t.MATTER], until=day)
            linked = TopicCase.objects.filter(topic=row, case=done.case_id).exists()

        assert (report.channel, linked) == ("topic", True)
        assert (asked.n, first.n, first.of) == (1, 1, 2)

    def test_is_of_the_topics_own_matters(self, town: int) -> None:
        row = t.a_topic(town, "WORKING")

        other = incoming(matter="02.02.04")
        with pytest.raises(GroundNeeded):
            f.do(t.lead(town), topic.open_case, row.id, incoming=other, tenant_code=TOWN, now=t.AT)

    def test_of_another_body_is_no_measure_of_ones_own(self, town: int) -> None:
        row = t.a_topic(town, "WORKING")

        theirs = t.measure_of(row)
        with pytest.raises(topic.NotYetTheirMeasure):
            f.do(t.helper(town), topic.finish_measure, row.id, measure_id=theirs, words="替他们清了", now=t.AT)
