"""Hot topics on the screens and over the interface: the board with its map, one of them, a nomination out of it."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jishi.cases.actions import clusters as clustering
from jishi.cases.actions import intake
from jishi.cases.actions.arrival import Incoming
from jishi.cases.models import Cluster
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague
from jishi.cases.tests.test_clusters import MATTER, WATER
from jishi.foundation import scope
from jishi.foundation.actor import clock


def _hot(town: int, place: str = "翠竹苑") -> Cluster:
    """Twelve neighbours have written since yesterday; the platform has looked."""
    now = timezone.now()
    batch = [
        Incoming(
            text=WATER[k % 6].replace("翠竹苑", place) + f"，电话1391234{k:04}", said_at=now - timedelta(hours=24 - k),
            channel="phone", matter=MATTER, address_text=place, caller_contact=f"1391234{k:04}",
        )
        for k in range(12)
    ]  # fmt: skip
    with scope.work(f.operator(town)) as held:
        intake.receive_many(batch, by=held.actor, now=now, tenant_code="990181")
    with scope.work(clock(town, "hand")) as held:
        clustering.recompute(by=held.actor, now=timezone.now())
        return Cluster.objects.order_by("id").last()


@pytest.fixture
def hot(town: int) -> Cluster:
    return _hot(town)


def test_the_dispatcher_sees_it_on_the_board_the_map_and_its_page(town: int, hot: Cluster) -> None:
    desk = colleague(town, "dispatcher")

    board, drawn = desk.get("/desk/clusters"), json.loads(desk.get("/desk/clusters/map").content)
    page = desk.get(f"/desk/clusters/{hot.id}").content.decode()

    assert "1 件事正热" in board.content.decode()
    assert hot.title in board.content.decode()
    shown = ("为什么说是一件事", "翠竹苑", "多在谁手里", "归并这些事件", "吹哨", "提名每月一题")
    assert all(words in page for words in shown)
    assert "1391234" not in page + board.content.decode()
    hulls = [x for x in drawn["features"] if x["properties"].get("code") == str(hot.id)]
    assert [h["geometry"]["type"] for h in hulls] == ["Polygon"] * bool(hot.hull_e7)
    assert not [x for x in drawn["features"] if x["geometry"]["type"] == "Point"]


def test_the_page_says_it_in_english_too(town: int, hot: Cluster) -> None:
    desk = colleague(town, "dispatcher")
    desk.cookies["__Host-jishi_language"] = "en"

    page = desk.get(f"/desk/clusters/{hot.id}").content.decode()

    assert "Why it is one thing" in page
    assert "Most of them name" in page


def test_a_nomination_out_of_it_is_filled_in_and_only_for_who_sees_it(town: int, hot: Cluster) -> None:
    office, body = colleague(town, "office", body="ldxz"), colleague(town, "handler", body="psyh")

    filled = office.get(f"/desk/topics?cluster={hot.id}").content.decode()
    empty = body.get(f"/desk/topics?cluster={hot.id}").content.decode()

    assert f'value="{hot.title}"' in filled
    assert "12 条诉求" in filled
    assert hot.title not in empty
    assert office.get("/desk/topics?cluster=999999").status_code == 200


def test_programs_of_the_desks_read_it_and_nobody_else_any(town: int, hot: Cluster) -> None:
    desk, body = colleague(town, "dispatcher"), colleague(town, "handler", body="psyh")

    told = json.loads(desk.get("/api/v1/clusters").content)["clusters"]
    later = json.loads(desk.get("/api/v1/clusters?since=2100-01-01T00:00:00Z").content)["clusters"]

    assert [(c["id"], c["state"], c["reports"], c["matter"]) for c in told] == [(hot.id, "hot", 12, MATTER)]
    assert not {"senders", "callers"} & set(told[0])
    assert later == []
    assert desk.get("/api/v1/clusters?since=2026-01-01T00:00:00").status_code == 422
    assert json.loads(desk.get("/api/v1/clusters?grid=nowhere").content)["clusters"] == []
    assert json.loads(body.get("/api/v1/clusters").content)["clusters"] == []
    assert json.loads(Client(headers=HOST).get("/api/v1/clusters").content)["clusters"] == []


def test_nobody_else_opens_the_board_or_finds_one(town: int, hot: Cluster) -> None:
    body = colleague(town, "handler", body="psyh")

    assert body.get("/desk/clusters").status_code == 403
    assert body.get(f"/desk/clusters/{hot.id}").status_code == 403
    assert colleague(town, "dispatcher").get("/desk/clusters/999999").status_code == 404


def test_the_board_takes_as_many_statements_for_three_as_for_one(town: int, hot: Cluster) -> None:
    desk = colleague(town, "dispatcher")
    desk.get("/desk/clusters")

    def counted() -> int:
        with CaptureQueriesContext(connection) as done:
            desk.get("/desk/clusters")
        return len(done)

    one = counted()
    _hot(town, "丁香苑")
    _hot(town, "幸福里")

    assert counted() == one


def test_nothing_to_show_is_said(town: int) -> None:
    assert "这几天没有好些人一起说的事" in colleague(town, "dispatcher").get("/desk/clusters").content.decode()
