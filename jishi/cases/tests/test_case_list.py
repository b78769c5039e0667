"""The list of cases and what a person keeps of it; screens that see each other; the keys of the dispatch desk."""

import json
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jishi.cases.actions import arrival, filters, intake
from jishi.cases.models import SavedFilter
from jishi.cases.queries import sifting
from jishi.cases.states import CASE, HANDOVER
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, statements, version_on
from jishi.cases.tests.test_attacks import client_of
from jishi.cases.web.desk import acts, bulk, presence
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _screens_of_its_own(in_the_town: None, settings: Any, tmp_path: Path) -> None:
    settings.PRESENCE_DIR = tmp_path / "screens"


def earlier() -> Any:
    return timezone.now() - timedelta(hours=3)


class TestKeptFilters:
    def test_stand_above_the_list_with_bounded_counts(self, town: int) -> None:
        f.a_case(town, now=earlier())
        desk = colleague(town, "dispatcher")
        desk.post("/cases/filters", {"name": "没办完的水井", "query": "status=open&matter=01.02.01&after=9&evil=1"})

        html = desk.get("/cases").content.decode()

        assert re.search(r'href="/cases\?status=open&amp;matter=01.02.01"[^>]*>没办完的水井 <b>1</b>', html)

    def test_are_ones_own(self, town: int) -> None:
        first, second = colleague(town, "dispatcher"), colleague(town, "dispatcher")
        first.post("/cases/filters", {"name": "夜里的事", "query": "status=open"})
        with scope.work(system(town)):
            row = SavedFilter.objects.get()

        assert "夜里的事" not in second.get("/cases").content.decode()
        assert second.post(f"/cases/filters/{row.id}/drop").status_code == 404
        first.post(f"/cases/filters/{row.id}/drop")
        with scope.work(system(town)):
            assert not SavedFilter.objects.exists()
            assert [e.verb for e in trail.of("filter", row.id)] == ["filter.kept", "filter.dropped"]

    def test_are_refused_without_a_name_a_filter_or_room(self, town: int) -> None:
        desk = colleague(town, "dispatcher")

        assert desk.post("/cases/filters", {"name": "", "query": "status=open"}).status_code == 422
        nothing = desk.post("/cases/filters", {"name": "全部", "query": "evil=1"})
        by = f.dispatcher(town)
        with pytest.raises(NotAllowed):
            f.do(system(town), filters.keep, "x", "status=open", now=timezone.now())
        with pytest.raises(NotFound):
            f.do(by, filters.drop, 999_999, now=timezone.now())

        assert nothing.status_code == 422 and "没有选任何条件" in nothing.content.decode()
        with scope.work(system(town)):
            assert not SavedFilter.objects.exists()

    def test_are_counted_in_one_statement_however_many(self, town: int) -> None:
        f.a_case(town, now=earlier())
        by = f.dispatcher(town)
        lists = [sifting.Filters(status=s) for s in ("open", "RECEIVED", "CLOSED", "OFFERED")]

        with scope.work(by), statements() as made:
            found = sifting.counts(lists, by=by)

        assert (found, len(made)) == ([1, 1, 0, 0], 1)

    def test_say_more_than_ten_thousand_and_count_no_further(self, town: int, monkeypatch: Any) -> None:
        monkeypatch.setattr(sifting, "MANY", 2)
        with scope.work(f.operator(town)):
            rows = [arrival.Incoming(text=f"{f.DRAIN}{i}", channel="phone", matter="01.02.01") for i in range(5)]
            intake.receive_many(rows, by=f.operator(town), now=timezone.now(), tenant_code="990181")

        html = colleague(town, "dispatcher").get("/cases").content.decode()

        assert "多于 2 件" in html


class TestTheAddress:
    def test_of_a_program_that_means_nothing_is_refused_by_name(self, town: int) -> None:
        api = client_of(town, "dispatcher")

        for said in ("status=NONSENSE", "matter=不存在", "body=不存在", "sort=caller", "clock=x", "due_before=soon",
                     "after=x", "after=1.x", "urgency=yesterday", "changed_after=1"):  # fmt: skip
            answer = api.get(f"/api/v1/cases?{said}")
            assert answer.status_code == 422, said
            assert said.split("=")[0] in answer.json()["title"]
        with pytest.raises(Invalid):
            sifting.asked({"role": "boss"}, now=timezone.now())

    def test_holds_columns_and_order(self, town: int) -> None:
        f.a_case(town, now=earlier())

        html = colleague(town, "dispatcher").get("/cases?cols=tags,channel&sort=due").content.decode()

        heads = re.findall(r'<th scope="col"[^>]*>(?:<span[^>]*>)?([^<]+)', html)
        assert [h.strip() for h in heads] == ["选", "事件", "标签", "来路"]
        assert 'name="sort" value="due"' in html

    def test_of_the_sheet_leaves_an_entry_and_costs_two_hundred_points(self, town: int) -> None:
        from config import costs

        f.a_case(town, now=earlier())
        answer = colleague(town, "dispatcher").get("/cases.csv?status=open")

        lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
        assert (len(lines), answer.headers["Content-Type"]) == (2, "text/csv; charset=utf-8")
        with scope.work(system(town)):
            entries = trail.Entry.objects.filter(verb="cases.exported")
            assert [e.codes for e in entries] == [{"filters": ["status"]}]
        assert costs.price("GET", "/cases.csv") == ("page", 200)


class TestScreens:
    def test_see_each_other_and_not_themselves(self, town: int) -> None:
        case = f.a_case(town, now=earlier())
        one, two = colleague(town, "dispatcher", title="派单一"), colleague(town, "dispatcher", title="派单二")
        address = f"/cases/{case.number}/here"

        alone = one.post(address, {"screen": "aaaaaaaa"}).content.decode()
        second = two.post(address, {"screen": "bbbbbbbb"}).content.decode()
        first = one.post(address, {"screen": "aaaaaaaa"}).content.decode()
        own = one.post(address, {"screen": "cccccccc"}).content.decode()

        assert "开着" not in alone
        assert "派单一" in second and "派单二" not in second
        assert "派单二" in first and "另一个窗口" not in first
        assert "另一个窗口" in own and "派单二" in own

    def test_are_gone_when_they_close_or_say_nothing_for_45_seconds(self, tmp_path: Path) -> None:
        case = (1, 7)
        presence.say(case, "aaaaaaaa", who="1", post="甲")
        presence.say(case, "bbbbbbbb", who="2", post="乙")
        presence.leave(case, "aaaaaaaa")
        assert [o.post for o in presence.say(case, "cccccccc", who="3", post="丙")] == ["乙"]

        for sign in (tmp_path / "screens").rglob("bbbbbbbb*"):
            past = time.time() - presence.LASTS - 1
            import os

            os.utime(sign, (past, past))

        assert presence.say(case, "cccccccc", who="3", post="丙") == []
        assert not list((tmp_path / "screens").rglob("bbbbbbbb*"))

    def test_are_seen_by_another_process(self, tmp_path: Path) -> None:
        case = (1, 8)
        presence.say(case, "aaaaaaaa", who="1", post="甲")
        program = (
            "import django; django.setup()\nfrom django.conf import settings\n"
            f"settings.PRESENCE_DIR = {str(tmp_path / 'screens')!r}\nsettings.SECRET_KEY = {_secret()!r}\n"
            "from jishi.cases.web.desk import presence\nimport json\n"
            "print(json.dumps([o.post for o in presence.say((1, 8), 'zzzzzzzz', who='2', post='乙')]))"
        )

        said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

        assert json.loads(said.stdout) == ["甲"]
        assert [o.post for o in presence.say(case, "aaaaaaaa", who="1", post="甲")] == ["乙"]

    def test_of_a_case_that_one_may_not_see_are_not_shown_and_nothing_is_stored(self, town: int) -> None:
        case = f.a_case(town, now=earlier())
        desk = colleague(town, "dispatcher")

        with statements() as made:
            assert desk.post(f"/cases/{case.number}/here", {"screen": "aaaaaaaa"}).status_code == 200
        stranger = colleague(town, "handler", body="wlj") if f._has(town, "wlj") else colleague(town, "handler")

        assert stranger.post(f"/cases/{case.number}/here", {"screen": "dddddddd"}).status_code == 404
        assert desk.post(f"/cases/{case.number}/here", {"screen": "../../x"}).status_code == 422
        assert not [s for s in made if re.match(r"\s*(INSERT|UPDATE|DELETE)", s) and "session" not in s]


class TestKeys:
    def test_every_act_of_the_dispatch_desk_has_one_that_no_other_open_act_has(self) -> None:
        for state in CASE.states:
            verbs = {m.verb for m in CASE.open_moves(state.code, "HANDLING" if state.is_aside else None)}
            verbs |= {m.verb for held in HANDOVER.states for m in HANDOVER.open_moves(held.code, None)}
            keys_: dict[str, set[str]] = {}
            for act in acts.ACTS:
                if act.key and acts.MOVE_OF.get(act.move, act.move) in verbs:
                    keys_.setdefault(act.key, set()).add(act.move.split(".")[1].split("_")[0])
            assert all(len(k) == 1 for k in keys_)
            assert not set(keys_) & set("jkxlt/?z[]"), "taken by the page"
        placing = {"settle", "matter", "accept-return", "deny-return", "contest", "rule", "uphold", "conclude",
                   "consult", "take-back", "accept-objection", "answer", "decline"}  # fmt: skip
        assert not [code for code in placing if not acts.BY_CODE[code].key]

    def test_are_told_on_the_page_and_named_on_their_buttons(self, town: int) -> None:
        case = f.a_case(town, now=earlier())

        html = colleague(town, "dispatcher").get(f"/desk/dispatch?case={case.number}").content.decode()

        shown = re.findall(r'data-key="(\S)"', html)
        assert {"c", "n", "w", "l", "[", "]"} <= set(shown)
        assert len(shown) == len(set(shown)), "no key does two things"
        dialog = html[html.index('id="all-keys"') :]
        for key in ("X", "Shift X", "L", "N", "B", "Y", "["):
            assert f"<kbd>{key}</kbd>" in dialog


class TestManyFromTheDesk:
    def test_of_a_handler_are_offered_only_what_a_handler_may(self, town: int) -> None:
        assert bulk._allowed(f.handler(town, "swj")) == ["tag", "urge"]
        assert bulk._allowed(f.supervisor(town)) == ["tag", "urge", "extend"]

    def test_all_of_a_filter_are_looked_at_and_done(self, town: int) -> None:
        made = [f.a_case(town, now=earlier(), caller_contact=f"1390000061{n}") for n in range(3)]
        other = f.a_case(town, now=earlier(), matter="02.01.01", text="青溪里3栋顶楼漏水，吊顶掉了")
        desk = colleague(town, "dispatcher")

        start = desk.get("/desk/bulk?matter=01.02.01&all=1").content.decode()
        said = {"all": "1", "query": "matter=01.02.01", "verb": "matter", "matter": "01.02.02"}
        plan = desk.post("/desk/bulk", said).headers["Location"]
        desk.post(f"{plan}/apply", {"version": version_on(desk.get(plan).content.decode())})

        assert 'name="query" value="matter=01.02.01"' in start
        assert {f.again(town, c.id).matter for c in made} == {"01.02.02"}
        assert f.again(town, other.id).matter == "02.01.01"

    def test_what_was_put_back_is_not_said_to_be_past_putting_back(self, town: int) -> None:
        case, desk = f.a_case(town, now=earlier()), colleague(town, "dispatcher")
        plan = desk.post("/desk/bulk", {"n": [case.number], "verb": "tag", "add": "汛期"}).headers["Location"]

        for step in ("apply", "undo"):
            desk.post(f"{plan}/{step}", {"version": version_on(desk.get(plan).content.decode())})

        page = desk.get(plan).content.decode()
        assert f.again(town, case.id).tags == []
        assert "撤回的结果在下面" in page
        assert "撤回的时间过了" not in page

    def test_a_plan_is_shown_to_its_maker_alone_and_an_old_page_is_refused(self, town: int) -> None:
        case = f.a_case(town, now=earlier())
        desk = colleague(town, "dispatcher")
        plan = desk.post("/desk/bulk", {"n": [case.number], "verb": "tag", "add": "汛期"}).headers["Location"]

        assert colleague(town, "dispatcher").get(plan).status_code == 404
        assert desk.post(f"{plan}/apply", {"version": "9"}).status_code == 412
        assert desk.post(f"{plan}/apply").status_code == 428
        assert desk.post(f"{plan}/close", {"version": "1"}).status_code == 404
        assert f.again(town, case.id).tags == []

    def test_what_is_missing_in_the_form_is_asked_for(self, town: int) -> None:
        case = f.a_case(town, now=earlier())
        desk = colleague(town, "dispatcher")

        wrong = [{"verb": "tag"}, {"verb": "take_back"}, {"verb": "offer", "whom": "other"}, {"verb": "extend"}, {}]
        for said in wrong:
            assert desk.post("/desk/bulk", {"n": [case.number], **said}).status_code == 422, said


class TestThePrograms:
    def test_look_do_and_undo(self, town: int) -> None:
        case = f.a_case(town, now=earlier())
        api = client_of(town, "dispatcher")

        def send(path: str, body: Any = None, **headers: str) -> Any:
            return api.post(f"/api/v1{path}", json.dumps(body or {}), content_type="application/json", headers=headers)

        said = {"verb": "tag", "cases": [case.number], "add": ["汛期"]}
        looked = send("/bulk", said, **{"Idempotency-Key": "b1"})
        again = send("/bulk", said, **{"Idempotency-Key": "b1"})
        plan = looked.json()
        done = send(f"/bulk/{plan['id']}/apply", **{"If-Match": looked.headers["ETag"]})
        undone = send(f"/bulk/{plan['id']}/undo", **{"If-Match": done.headers["ETag"]})

        assert (looked.status_code, again.json()["id"]) == (201, plan["id"])
        assert plan["rows"][0]["after"]["tags"] == ["汛期"]
        assert (done.json()["left"], done.json()["rows"][0]["state"]) == (0, "done")
        assert undone.json()["rows"][0]["state"] == "undone"
        assert api.get(f"/api/v1/bulk/{plan['id']}").json()["counts"]["undone"] == 1
        assert client_of(town, "dispatcher").get(f"/api/v1/bulk/{plan['id']}").status_code == 404

    def test_choose_by_numbers_or_by_a_filter_not_both(self, town: int) -> None:
        case = f.a_case(town, now=earlier())
        api = client_of(town, "dispatcher")

        def look(n: int, **said: Any) -> Any:
            return api.post("/api/v1/bulk", json.dumps({"verb": "tag", "add": ["汛期"], **said}),
                            content_type="application/json", headers={"Idempotency-Key": f"c{n}"})  # fmt: skip

        assert look(1, filter={"status": "open"}).json()["rows"][0]["case"] == case.number
        assert look(2, filter={"status": "open"}, cases=[case.number]).status_code == 422
        assert look(3, filter={"caller": "x"}).status_code == 422
        assert look(4).json()["code"] == "nothing_chosen"
        assert look(5, cases=["C990181-000000-00000-0"]).status_code == 404


def _secret() -> str:
    from django.conf import settings

    return str(settings.SECRET_KEY)
