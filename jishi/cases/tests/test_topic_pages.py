"""Topics on the screens and over the interface: the office's board, a body's press, what everybody may read."""

import json
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases.models import Topic, TopicMeasure
from jishi.cases.tests import factories as f
from jishi.cases.tests import topic_steps as t
from jishi.cases.tests.desk_steps import HOST, colleague
from jishi.foundation import scope
from jishi.foundation.actor import system


def _name(town: int, code: str) -> str:
    with scope.work(system(town)):
        return next(b.name for b in bodies.names().values() if b.code == code)


def _row(town: int) -> Topic:
    with scope.work(system(town)):
        return Topic.objects.latest("id")


def test_a_topic_lives_on_the_screens_from_nomination_to_its_published_result(town: int) -> None:
    body, office = colleague(town, "handler", body=t.LEAD), colleague(town, "office", body="ldxz")
    nobody = Client(headers=HOST)
    assert "还没有选定的题" in nobody.get("/topics").content.decode()
    said = {"title": "下雨就积水的井", "matter_1": t.MATTER, "kind": "cluster", "evidence": t.EVIDENCE}
    nominated = body.post("/desk/topics", said)
    row = _row(town)
    base, day = f"/desk/topics/{row.id}", (localdate() + timedelta(days=20)).isoformat()

    def press(client: Client, code: str, **said: Any) -> int:
        return client.post(f"{base}/{code}", {"version": t.again(row).version, **said}).status_code

    assert nominated["Location"] == base
    assert nobody.get(f"/topics/{row.id}").status_code == 404, "a nomination is not public"
    lead = _name(town, t.LEAD)
    half = press(office, "choose", lead=lead, causes=t.CAUSES, what_1="清一遍井", body_1=lead, day_1=day, what_2="再说",
                 indicator="asked", target=1)  # fmt: skip
    chosen = press(office, "choose", lead=lead, causes=t.CAUSES, what_1="清一遍井", body_1=lead, day_1=day,
                   indicator="asked", target=1)  # fmt: skip
    with scope.work(system(town)):
        measure = TopicMeasure.objects.get(topic=row)
    found = press(body, "found", matter=t.MATTER, text="翠竹苑3号楼北门一口井盖松了", address="翠竹苑3号楼北门")
    done = press(body, "measure", measure=measure.id, words="清了十二口井")
    stale = office.post(f"{base}/assess", {"version": 1, "words": "件数下来了，说没解决的也少了。"})
    assessed = press(office, "assess", words="件数下来了，说没解决的也少了。")
    closed = press(office, "close", words="十二口井都清了，九十天里没有新的积水诉求。")

    assert (half, chosen, found, done, stale.status_code, assessed, closed) == (422, 302, 302, 302, 412, 302, 302)
    for page in [*map(nobody.get, ("/topics", f"/topics/{row.id}")), *map(office.get, ("/desk/topics", base))]:
        assert page.status_code == 200
        assert "下雨就积水的井" in page.content.decode()
    told = nobody.get(f"/topics/{row.id}").content.decode()
    for said in ("清了十二口井", "九十天里没有新的积水诉求", "1 件，不算居民提出", "达到了"):
        assert said in told, said


def test_the_board_is_no_page_of_residents_and_a_body_chooses_nothing(town: int) -> None:
    row = t.a_topic(town)
    body = colleague(town, "handler", body=t.LEAD)

    assert "选定" not in body.get(f"/desk/topics/{row.id}").content.decode().split("<aside", 1)[1]
    assert body.post(f"/desk/topics/{row.id}/pass-over", {"version": 1, "why": "不想做了"}).status_code == 403
    assert Client(headers=HOST).get("/desk/topics").status_code in (302, 401, 403)
    assert colleague(town, "operator").get("/desk/topics").status_code == 403


def test_the_interface_nominates_once_and_moves_as_the_pages_do(town: int) -> None:
    body, office = colleague(town, "handler", body=t.LEAD), colleague(town, "office", body="ldxz")
    said = {"title": "下雨就积水的井", "matters": [t.MATTER], "evidence_kind": "cluster", "evidence": t.EVIDENCE}

    def send(client: Client, path: str, body_: Any, **headers: str) -> Any:
        return client.post(f"/api/v1{path}", json.dumps(body_), content_type="application/json", headers=headers)

    first, again = (send(body, "/topics", said, **{"Idempotency-Key": "topic-1"}) for _ in range(2))
    row = first.json()["id"]
    with scope.work(system(town)):
        lead = f.body_id(town, t.LEAD)
    measure = {"what": "清一遍井", "body": lead, "by_date": (localdate() + timedelta(days=30)).isoformat()}
    plan = {"lead": lead, "causes": t.CAUSES, "indicator": "asked", "target": 1, "measures": [measure]}
    chosen = send(office, f"/topics/{row}/choose", plan, **{"If-Match": '"1"'})
    public = Client(headers=HOST).get("/api/v1/topics").json()["topics"]

    assert (first.status_code, again.json()["id"]) == (201, row)
    assert (chosen.status_code, chosen.json()["status"]) == (200, "WORKING")
    assert [x["id"] for x in public] == [row]
    assert public[0]["figures"]["baseline"] == [0, 1]
