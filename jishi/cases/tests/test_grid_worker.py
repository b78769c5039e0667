"""网格员: what his area holds today, and one screen to report or to settle."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.cases.actions import errands
from jishi.cases.models import Case
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague, key_on, statements
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.places import queries as places

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
AREA = "990181001002"  # 翠竹社区
CLUTTER = "04.01.04"  # 楼道堆物: on the spot list
SAID = {"text": "翠竹苑3号楼2单元楼道里堆着旧家具", "matter": CLUTTER, "done": "seen"}


@pytest.fixture
def worker(town) -> Client:
    account = an_account(town)
    a_grant(account, "grid_worker", body_id=f.body_id(town, "sqcz"), post_id=9900, post_title="网格员", area=AREA)
    return signed_in(Client(headers=HOST), account, post=9900)


def report(worker, **said):
    page = worker.get("/grid/report").content.decode()
    return worker.post("/grid/report", {"idempotency_key": key_on(page), **SAID, **said})


def cases(town):
    with scope.work(system(town)):
        return list(Case.objects.filter(tenant_id=town).order_by("-id"))


class TestToday:
    def test_is_where_the_root_leads_a_grid_worker(self, worker):
        assert worker.get("/")["Location"] == "/grid"
        assert worker.get("/grid").status_code == 200

    def test_shows_what_is_open_in_the_area_by_grid_and_nothing_of_others(self, town, worker):
        here = f.a_case_at(town, Status.OFFERED, now=NOW - timedelta(hours=1))
        away = f.a_case(town, now=NOW, text="石坊里12号楼前的路灯不亮了。", matter="02.03.02")
        ended = f.a_case_at(town, Status.CLOSED, now=NOW - timedelta(hours=9), text="翠竹苑5号楼的雨水井也堵了")
        with scope.work(system(town)):
            grid = next(g for g in places.grids_in(AREA) if g.id == here.grid_id)
            other = next(g for g in places.grids_in(AREA) if g.id != here.grid_id)

        page = worker.get("/grid").content.decode()

        assert here.division_code.startswith(AREA) and not away.division_code.startswith(AREA)
        assert here.number in page and away.number not in page and ended.number not in page
        assert here.number in worker.get(f"/grid?grid={grid.code}").content.decode()
        assert here.number not in worker.get(f"/grid?grid={other.code}").content.decode()
        assert worker.get("/grid?grid=990181002002002").status_code == 404

    def test_begins_with_the_errands_that_wait_in_the_area_and_leads_to_where_they_are_done(self, town, worker):
        case = f.a_case(town, now=NOW)
        look = errands.Setting("verify_before", "看是不是挡住消防门", case_id=case.id)
        f.do(f.dispatcher(town), errands.set_, look, now=NOW, tenant_code=f.TOWN)

        page = worker.get("/grid").content.decode()

        assert page.index("看是不是挡住消防门") < page.index('id="h-open"')
        assert 'href="/pocket#errands"' in page

    def test_leads_to_the_errands_in_the_order_of_a_walk_which_is_kept_nowhere(self, town, worker):
        assert "不到两件" in worker.get("/grid/walk").content.decode()
        for name, lng in (("西门公告栏", 1_152_000_000), ("东门公告栏", 1_152_080_000), ("南门公告栏", 1_152_040_000)):
            put_up = errands.Setting("deliver", "停水通知贴到公告栏", division_code=AREA, place_text=name, lng_e7=lng,
                                     lat_e7=301_000_000)  # fmt: skip
            f.do(f.dispatcher(town), errands.set_, put_up, now=NOW, tenant_code=f.TOWN)

        page = worker.get("/grid/walk").content.decode()

        assert page.index("西门公告栏") < page.index("南门公告栏") < page.index("东门公告栏")
        assert "按直线的 1.35 倍估" in page and "次序不保存" in page
        assert 'href="/grid/walk"' in worker.get("/grid").content.decode()

    def test_takes_as_many_statements_for_many_as_for_one(self, town, worker):
        f.a_case(town, now=NOW)
        worker.get("/grid")
        with statements() as few:
            worker.get("/grid")
        for i in range(5):
            f.a_case(town, now=NOW, text=f"翠竹苑{i + 1}号楼的雨水井堵了")

        with statements() as many:
            worker.get("/grid")

        # three lists on one page: cases as any list, errands and rounds with one statement each
        assert len(few) == len(many) <= 10, "\n".join(many)

    def test_is_refused_to_others_and_says_so_where_a_post_has_no_area(self, town):
        assert colleague(town, "dispatcher").get("/grid").status_code == 403
        assert "还没有写明管哪一片" in colleague(town, "grid_worker").get("/grid").content.decode()


class TestAReport:
    def test_becomes_a_case_that_the_desk_places(self, town, worker):
        response = report(worker)

        assert response["Location"] == "/grid"
        assert [(c.status, c.matter) for c in cases(town)] == [(Status.RECEIVED, CLUTTER)]

    def test_that_names_no_place_lies_in_the_grid_that_was_chosen(self, town, worker):
        with scope.work(system(town)):
            grid = places.grids_in(AREA)[-1]
        report(worker, text="绿化带里的水管一直在漏", matter="", grid=grid.code)

        assert [c.grid_id for c in cases(town)] == [grid.id]

    def test_sent_twice_is_one(self, town, worker):
        key = key_on(worker.get("/grid/report").content.decode())

        for _ in range(2):
            assert worker.post("/grid/report", {"idempotency_key": key, **SAID}).status_code == 302

        assert len(cases(town)) == 1

    def test_of_what_was_settled_is_closed_at_once(self, town, worker):
        report(worker, done="settled", how="和住户一起搬走了")

        assert [c.status for c in cases(town)] == [Status.CLOSED]

    @pytest.mark.parametrize(
        "said", [{"matter": "01.02.01", "how": "修好了"}, {"matter": "", "how": "好了"}, {"how": ""}, {"text": ""}]
    )
    def test_that_may_not_be_settled_so_changes_nothing(self, town, worker, said):
        response = report(worker, done="settled", **said)

        assert response.status_code == 422 and 'class="sum-err' in response.content.decode()
        assert cases(town) == []


class TestSettlingACase:
    def test_that_is_on_the_spot_list_is_an_act_on_its_page(self, town, worker):
        spot = f.a_case(town, now=NOW, **{k: v for k, v in SAID.items() if k != "done"})
        drain = f.a_case(town, now=NOW)
        press = {"version": spot.version, "seq": "1", "words": "搬走了"}

        assert 'id="act-settle"' in worker.get(f"/cases/{spot.number}").content.decode()
        assert 'id="act-settle"' not in worker.get(f"/cases/{drain.number}").content.decode()
        assert worker.post(f"/cases/{spot.number}/do/settle", press).status_code == 302
        assert f.again(town, spot.id).status == Status.CLOSED

    def test_outside_the_area_is_nobody_heres(self, town, worker):
        away = f.a_case(town, now=MONDAY_TEN, text="石坊里12号楼前的路灯不亮了。", matter="02.03.02")

        assert worker.post(f"/cases/{away.number}/do/settle", {"version": 1, "words": "好"}).status_code == 404
