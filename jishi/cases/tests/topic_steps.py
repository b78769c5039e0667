"""Topics at any moment of their lives, reached by living them."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.cases.actions import topic
from jishi.cases.models import Topic, TopicMeasure
from jishi.cases.tests import factories as f
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system

MATTER = "01.02.01"
EVIDENCE = "连着三周，翠竹苑一带的雨水井下雨就堵，来了十几件，退了两次。"
CAUSES = "管径偏小，落叶没有及时清，井口被占。"
AT = MONDAY_TEN + timedelta(hours=5)
LEAD, ASSIST = "psyh", "cgj"


def lead(town: int) -> Actor:
    return f.staff(town, "handler", account=81, body=LEAD)


def helper(town: int) -> Actor:
    return f.staff(town, "handler", account=82, body=ASSIST)


def nomination(**more: Any) -> topic.Nomination:
    given: dict[str, Any] = {
        "title": "下雨就积水的井", "matters": [MATTER], "evidence_kind": "cluster", "evidence": EVIDENCE,
    }  # fmt: skip
    return topic.Nomination(**{**given, **more})


def measures(town: int, now: datetime = AT) -> list[topic.Measure]:
    day = localdate(now)
    return [
        topic.Measure("把翠竹苑的井全部清一遍", f.body_id(town, LEAD), day + timedelta(days=20)),
        topic.Measure("清走占井口的摊位", f.body_id(town, ASSIST), day + timedelta(days=40)),
    ]


def plan(town: int, now: datetime = AT, **more: Any) -> topic.Plan:
    given: dict[str, Any] = {
        "lead_id": f.body_id(town, LEAD), "causes": CAUSES, "measures": measures(town, now), "indicator": "asked",
        "target": 1,
    }  # fmt: skip
    return topic.Plan(**{**given, **more})


def a_topic(town: int, status: str = "NOMINATED", **more: Any) -> Topic:
    """A topic that has lived up to `status`."""
    row: Topic = f.do(lead(town), topic.nominate, nomination(), now=AT)
    office = f.office(town)
    if status == "PASSED_OVER":
        f.do(office, topic.pass_over, row.id, why="已经列入年度改造", now=AT)
    elif status != "NOMINATED":
        f.do(office, topic.choose, row.id, plan=plan(town, **more), now=AT)
    if status in ("ASSESSED", "CLOSED"):
        f.do(office, topic.assess, row.id, words="清完以后没有再堵，件数下来了。", now=AT + timedelta(days=45))
    if status == "CLOSED":
        f.do(office, topic.close, row.id, now=AT + timedelta(days=46))
    assert again(row).status == status
    return again(row)


def again(row: Topic) -> Topic:
    with scope.work(system(row.tenant_id)):
        return Topic.objects.get(id=row.id)


def measure_of(row: Topic, body: str = LEAD) -> int:
    with scope.work(system(row.tenant_id)):
        found = TopicMeasure.objects.filter(topic=row, body=f.body_id(row.tenant_id, body), done_at=None)
        return found.order_by("id").values_list("id", flat=True)[0]


def entries(row: Topic) -> list[str]:
    with scope.work(system(row.tenant_id)):
        return [e.verb for e in trail.of("topic", row.id)]


def picture(row: Topic) -> tuple[Any, ...]:
    """Everything that a refusal must leave as it was."""
    with scope.work(system(row.tenant_id)):
        return (
            tuple(Topic.objects.filter(id=row.id).values()),
            tuple(TopicMeasure.objects.filter(topic=row).order_by("id").values()),
            len(trail.of("topic", row.id)),
        )
