"""Hot topics at a town: what makes a cluster, what does not, and that nothing of a person gets into it (spec 12 §8)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conftest import MONDAY_TEN
from jishi.cases.actions import clusters as clustering
from jishi.cases.actions import intake
from jishi.cases.actions.arrival import Incoming
from jishi.cases.models import Cluster, ClusterReport, Report
from jishi.cases.queries import clusters
from jishi.cases.tests import factories as f
from jishi.foundation import scope
from jishi.foundation.actor import Actor, clock
from jishi.foundation.refusals import NotAllowed, NotFound

WATER = (
    "翠竹苑从早上起就停水了，什么时候来水", "我们翠竹苑一天没有水了，做不了饭", "翠竹苑停水，物业也不知道原因",
    "请问翠竹苑何时来水，家里有老人", "翠竹苑水龙头一滴水都没有", "打了供水公司电话，翠竹苑停水没人管",
)  # fmt: skip
OTHERS = (
    "滨江公园的长椅断了一条腿", "学校门口早上堵车，孩子过马路危险", "夜市油烟很大，楼上不敢开窗",
    "工地半夜还在打桩，睡不着", "请问社保卡丢了到哪里补办", "广场舞声音太大，晚上十点还没散",
)  # fmt: skip
NOW = MONDAY_TEN + timedelta(days=2)
MATTER = "01.01.01"


def _told(town: int, texts: Sequence[str], *, hours: float = 4.0, phone: str = "", **more: Any) -> list[Report]:
    """Take in reports said every `hours` from Monday at ten on, each from a telephone of its own or all of one."""
    batch = []
    for k, text in enumerate(texts):
        given: dict[str, Any] = {
            "text": text, "said_at": MONDAY_TEN + timedelta(hours=hours * k), "channel": "phone", "matter": MATTER,
            "address_text": "翠竹苑", "caller_contact": phone or f"1391234{k:04}",
        }  # fmt: skip
        batch.append(Incoming(**{**given, **more}))
    at = max(one.said_at or MONDAY_TEN for one in batch)
    with scope.work(f.operator(town)) as held:
        done, refused = intake.receive_many(batch, by=held.actor, now=at, tenant_code="990181")
        assert not refused
        return list(Report.objects.filter(id__in=[d.report_id for d in done]).order_by("id"))


def _clusters(town: int, now: datetime = NOW) -> list[Cluster]:
    with scope.work(clock(town, "sweep")):
        clustering.recompute(by=clock(town, "sweep"), now=now)
        return list(Cluster.objects.order_by("-reports_count", "id"))


def _twelve() -> list[str]:
    return [WATER[k % len(WATER)] for k in range(12)]


class TestMaking:
    def test_twelve_senders_in_two_days_at_one_compound_are_one_within_the_hour(self, town: int) -> None:
        """Spec 12 §12 line 10."""
        _told(town, OTHERS, matter="", address_text="")
        reports = _told(town, _twelve())
        last = max(r.received_at for r in reports)
        by = clock(town, "sweep")

        assert clustering.sweep(by=by, now=last + timedelta(minutes=59)) is not None

        with scope.work(by):
            (found,) = Cluster.objects.all()
            assert (found.reports_count, found.state, found.entity) == (12, "hot", "翠竹苑")
            assert ClusterReport.objects.filter(cluster=found).count() == 12

    def test_one_sender_forty_times_is_none(self, town: int) -> None:
        """Spec 12 §12 line 10."""
        _told(town, [f"{WATER[k % 6]}，第{k}次说了" for k in range(40)], hours=1.0, phone="13912345678")

        assert _clusters(town) == []

    def test_telephones_count_however_they_are_written_and_accounts_too(self, town: int) -> None:
        _told(town, _twelve()[:2], phone="13912345678")
        _told(town, _twelve()[2:4], phone="139-1234-5678")
        assert _clusters(town) == []

        _told(town, _twelve()[4:6])
        assert [c.reports_count for c in _clusters(town)] == [6]

    def test_leaves_out_what_was_told_in_confidence_and_tip_offs(self, town: int) -> None:
        _told(town, _twelve()[:6], voice="confidential")
        _told(town, _twelve()[6:], kind="tip_off", hours=3.0)

        assert _clusters(town) == []

    def test_is_the_platforms_own(self, town: int) -> None:
        with scope.work(f.dispatcher(town)) as held, pytest.raises(NotAllowed):
            clustering.recompute(by=held.actor, now=NOW)

    def test_stays_the_same_row_while_reports_come_and_settles_when_none_do(self, town: int) -> None:
        _told(town, _twelve()[:6])
        (before,) = _clusters(town)
        _told(town, _twelve()[6:], hours=5.0, said_at=NOW - timedelta(hours=1))

        (after,) = _clusters(town)
        assert (after.id, before.reports_count, after.reports_count) == (before.id, 6, 12)
        (later,) = _clusters(town, NOW + timedelta(days=20))
        assert (later.id, later.state) == (before.id, "settled")
        assert _clusters(town, NOW + timedelta(days=60))[0].state == "settled"
        assert _clusters(town, NOW + timedelta(days=120)) == []

    def test_making_it_twice_gives_the_same(self, town: int) -> None:
        _told(town, _twelve())

        first, second = (
            [(c.id, c.title, c.heat, c.state, c.reports_count, c.hull_e7) for c in _clusters(town)] for _ in range(2)
        )

        assert first == second

    def test_takes_as_many_statements_for_many_as_for_few(self, town: int) -> None:
        def counted() -> int:
            with scope.work(clock(town, "sweep")) as held, CaptureQueriesContext(connection) as done:
                clustering.recompute(by=held.actor, now=NOW)
            return len(done)

        _told(town, _twelve())
        counted()
        few = counted()
        for k, place in enumerate(("丁香苑", "幸福里")):
            texts = [t.replace("翠竹苑", place) for t in _twelve()]
            _told(town, texts, address_text=place, hours=3.0 - k)
        counted()

        assert counted() == few <= 14

    def test_nothing_new_is_not_made_again(self, town: int) -> None:
        _told(town, _twelve())
        by = clock(town, "sweep")

        assert clustering.sweep(by=by, now=NOW) is not None
        assert clustering.sweep(by=by, now=NOW + timedelta(minutes=10)) is None
        assert clustering.sweep(by=by, now=NOW + timedelta(hours=2)) is not None


SPELLED = (
    "13912345678", "139 1234 5678", "139-1234-5678", "１３９１２３４５６７８", "一三九一二三四五六七八", "139 12345678",
    "+86 13912345678", "0086-139-1234-5678", "1391234567八", "I3912345678", "139.1234.5678", "139１２３４5678",
)  # fmt: skip


class TestWhatIsHidden:
    def test_a_planted_telephone_reaches_neither_title_nor_words_nor_examples(self, town: int) -> None:
        """Spec 12 §12 line 7, the title of a cluster."""
        texts = [f"{spelled}，{WATER[k % 6]}，请打{spelled}，找{spelled}" for k, spelled in enumerate(SPELLED)]
        _told(town, texts)

        (found,) = _clusters(town)

        with scope.work(f.dispatcher(town)) as held:
            page = clusters.one(found.id, by=held.actor, now=NOW, lang="zh")
        shown = " ".join((found.title, *found.words, found.entity, *(e.text for e in page.examples)))
        assert "停水" in found.title or "翠竹苑" in found.title
        assert not any(spelled in shown for spelled in SPELLED)
        assert not any(part in shown for part in ("12345678", "1234 5678", "1234-5678", "１２３４", "三九一二"))

    def test_senders_stand_in_no_column(self) -> None:
        columns = {field.name for model in (Cluster, ClusterReport) for field in model._meta.fields}

        assert not {c for c in columns if "sender" in c or "caller" in c or "account" in c} - {"aside_account_ids"}

    def test_reports_about_a_body_make_a_cluster_that_this_body_does_not_see(self, town: int) -> None:
        cgj = f.body_id(town, "cgj")
        _told(town, _twelve())
        _told(town, _twelve(), accused_body_ids=(cgj,), hours=3.0)

        plain, accusing = sorted(_clusters(town), key=lambda c: len(c.accused_body_ids))

        assert (plain.accused_body_ids, accusing.accused_body_ids) == ([], [cgj])
        assert _seen(f.dispatcher(town)) == {plain.id, accusing.id}
        assert _seen(f.staff(town, "dispatcher", account=99, body="cgj")) == {plain.id}


def _seen(by: Actor) -> set[int]:
    with scope.work(by):
        return {told.row.id for told in clusters.board(by=by, now=NOW, lang="zh")}


class TestLooking:
    def test_the_board_says_where_what_and_who_holds_most(self, town: int) -> None:
        _told(town, _twelve())
        (row,) = _clusters(town)

        with scope.work(f.dispatcher(town)) as held:
            (told,) = clusters.board(by=held.actor, now=NOW, lang="zh")
            page = clusters.one(row.id, by=held.actor, now=NOW, lang="zh")

        assert (told.state.zh, told.where) == ("正热", "翠竹苑")
        assert sum(d.count for d in page.days) == 12
        assert len(page.examples) == 5
        assert len(page.cases) + page.more_cases >= 1
        assert any("翠竹苑" in why.zh for why in page.why)

    def test_nobody_but_the_desks_sees_any(self, town: int) -> None:
        _told(town, _twelve())
        (row,) = _clusters(town)
        nobody = (
            f.staff(town, "handler", account=98, body="psyh"), f.staff(town, "system_admin", account=97),
            Actor(tenant_id=town, kind="resident", account_id=5), Actor(tenant_id=town, kind="anonymous"),
        )  # fmt: skip

        for by in nobody:
            assert _seen(by) == set()
            with scope.work(by), pytest.raises(NotFound):
                clusters.one(row.id, by=by, now=NOW, lang="zh")

    def test_a_desk_of_another_street_sees_none(self, town: int) -> None:
        _told(town, _twelve())
        (row,) = _clusters(town)
        here = row.division_code

        assert _seen(f.staff(town, "dispatcher", account=96, body="sqzx", area=here)) == {row.id}
        assert _seen(f.staff(town, "dispatcher", account=95, body="sqzx", area="990199")) == set()

    def test_of_one_grid_and_since_a_moment(self, town: int) -> None:
        _told(town, _twelve())
        (row,) = _clusters(town)

        with scope.work(f.dispatcher(town)) as held:
            by = held.actor
            assert clusters.listed(by=by, now=NOW, grid="nowhere") == []
            assert [t.row.id for t in clusters.listed(by=by, now=NOW, since=NOW - timedelta(days=2))] == [row.id]
            assert clusters.listed(by=by, now=NOW, since=NOW + timedelta(days=1)) == []
