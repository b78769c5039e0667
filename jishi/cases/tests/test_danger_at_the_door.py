"""In a danger nobody is promised an ordinary day: console, receipts and desk propose what is quick (spec 12 §7)."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jishi.accounts.actions import clients
from jishi.cases.actions import attending
from jishi.cases.models import Case, Clock, RiskMark
from jishi.cases.tests import factories as f
from jishi.cases.tests import open311_steps as o
from jishi.cases.tests.desk_steps import colleague, key_on
from jishi.cases.tests.import_steps import csv_of, run_through
from jishi.cases.tests.test_resident_pages import client, said
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.models import IdempotencyRecord
from jishi.portal.demo import hotline_rows

__all__ = ["client"]  # a fixture
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]
GAS = "翠竹苑3号楼楼道里有很浓的煤气味"
DESPAIR = "我没有活路了，想从翠竹苑3号楼跳楼"
CALM = "翠竹苑3号楼北门口的雨水井堵了，一下雨就积水。"
DAY = re.compile(r"最迟 <strong>|\d 个工作日")


@pytest.fixture
def console(town):
    return colleague(town, "operator", title="话务员")


def looked(console, text, **more) -> str:
    return console.post("/desk/operator/look", {"text": text, "voice": "open", **more}).content.decode()


def saved(console, text, urgency) -> str:
    page = console.get("/desk/operator").content.decode()
    told = {"text": text, "kind": "report", "urgency": urgency, "voice": "open", "tel": "13900000417", "do": "save"}
    return console.post("/desk/operator", {**told, "idempotency_key": key_on(page)}).content.decode()


def stored(town, model):
    with scope.work(system(town)):
        return list(model.objects.filter(tenant_id=town).order_by("id"))


class TestTheConsole:
    def test_proposes_the_urgency_with_the_words_and_no_ordinary_day_beside_the_number(self, console):
        html = looked(console, GAS)

        assert "tel:119" in html and "<q>煤气</q>" in html
        assert 'data-fill-urgency="emergency"' in html
        assert not DAY.search(html)

    def test_without_danger_it_proposes_no_urgency_and_the_day(self, console):
        html = looked(console, CALM)

        assert "data-fill-urgency" not in html
        assert DAY.search(html)

    def test_says_how_soon_once_the_urgency_stands(self, console):
        html = looked(console, GAS, urgency="emergency")

        assert "data-fill-urgency" not in html
        assert "10 分钟内派出" in html and "2 小时内联系来电人" in html
        assert not DAY.search(html)

    def test_without_script_a_press_sets_the_urgency(self, console):
        page = console.get("/desk/operator").content.decode()
        told = {"text": GAS, "urgency": "normal", "voice": "open", "take": "urgency:emergency"}

        html = console.post("/desk/operator", {**told, "idempotency_key": key_on(page)}).content.decode()

        assert re.search(r'value="emergency"\s+selected', html)

    @pytest.mark.parametrize(("urgency", "told"), [("emergency", "10 分钟内派出"), ("normal", "不念答复日")])
    def test_reads_no_day_out_to_who_is_in_danger(self, town, console, urgency, told):
        html = saved(console, GAS, urgency)

        assert told in html and not DAY.search(html)
        assert [case.urgency for case in stored(town, Case)] == [urgency]

    def test_reads_the_day_out_to_everybody_else(self, console):
        assert DAY.search(saved(console, CALM, "normal"))


class TestWhoWrites:
    def test_is_told_whom_to_call_while_writing_and_on_the_receipt_before_any_day(self, client):
        seen = client.post("/speak/look", {"text": GAS}).content.decode()
        said(client, text=GAS)
        receipt = client.get("/receipt").content.decode()

        for page in (seen, receipt):
            assert 'href="tel:119"' in page and "别等这里的答复" in page
        assert receipt.index("tel:119") < receipt.index("书面答复的日子")

    @pytest.mark.parametrize("text", [DESPAIR, CALM])
    def test_of_self_harm_or_without_danger_nothing_is_marked_on_the_screen(self, client, text):
        seen = client.post("/speak/look", {"text": text}).content.decode()
        said(client, text=text)

        assert "别等这里的答复" not in seen + client.get("/receipt").content.decode()


class TestTheDispatchDesk:
    @pytest.fixture
    def desk(self, town):
        return colleague(town, "dispatcher", title="派单员")

    @pytest.mark.parametrize(("text", "kept"), [(GAS, "险情提示：“煤气”、“味”"), (DESPAIR, "险情提示")])
    def test_sets_it_by_one_press_and_keeps_no_word_that_only_the_desk_may_know(self, town, client, desk, text, kept):
        said(client, text=text)
        (case,) = stored(town, Case)
        page = desk.get("/desk/dispatch").content.decode()
        at = page.index(f"/cases/{case.number}/do/urgency")
        form = page[at : page.index("</form>", at)]
        told = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))

        answer = desk.post(f"/cases/{case.number}/do/urgency", told)

        assert answer.status_code in (200, 302)
        assert f.again(town, case.id).urgency == "emergency"
        (clock,) = [c for c in stored(town, Clock) if c.kind == "dispatch" and c.stopped_at is None]
        assert (clock.due_at - clock.started_at).total_seconds() == 600
        with scope.work(system(town)):
            entry = next(e for e in trail.of("case", case.id) if e.verb == "case.urgency_set")
            assert trail.words_of("case", case.id)[entry.seq]["why"] == kept
        assert stored(town, RiskMark), "to say how urgent it is, is no act upon the danger"


class TestPrograms:
    @pytest.fixture
    def api(self, town):
        with scope.work(system(town)):
            issued_at = timezone.now() - timedelta(days=400)
            _, key = clients.issue("phone", roles=["operator"], body_ids=[], by=system(town), now=issued_at)
        return Client(SERVER_NAME="town.example", HTTP_AUTHORIZATION=f"Bearer {key}")

    def create(self, api, text, key="k1", lang="zh-hans"):
        headers = {"Idempotency-Key": key, "Accept-Language": lang}
        answer = api.post("/api/v1/reports", {"text": text}, content_type="application/json", headers=headers)
        assert answer.status_code == 201, answer.content
        return answer.json()

    @pytest.mark.parametrize(
        ("lang", "say", "name"),
        [
            ("zh-hans", "听起来有危险：先保证人安全，别等这里的答复。 拨 119", "燃气泄漏"),
            ("en", "This sounds dangerous: get everybody safe first, do not wait for an answer from here. Call 119",
             "gas smell"),
        ],
    )  # fmt: skip
    def test_are_told_whom_to_call_beside_the_day_and_again_when_the_answer_was_lost(self, api, lang, say, name):
        first = self.create(api, GAS, lang=lang)
        again = self.create(api, GAS, lang=lang)

        danger = first["danger"]
        assert (danger["say"], danger["call"], first["promise_due_at"] is not None) == (say, ["119"], True)
        (heard,) = danger["heard"]
        assert (heard["code"], heard["name"], heard["call"]) == ("gas", name, "119")
        assert "煤气" in heard["words"]
        assert again["danger"] == danger

    @pytest.mark.parametrize("text", [DESPAIR, CALM])
    def test_are_told_nothing_of_self_harm_or_where_nothing_is_heard(self, town, api, text):
        told = self.create(api, text)

        assert told["danger"] is None
        assert "self_harm" not in str(told)
        with scope.work(system(town)):
            assert "self_harm" not in str(list(IdempotencyRecord.objects.values_list("answer", flat=True)))

    def test_read_in_the_description_of_the_api_what_is_answered(self, api):
        described = api.get("/api/v1/openapi.json").json()
        answer = described["paths"]["/api/v1/reports"]["post"]["responses"]["201"]["content"]["application/json"]
        shapes = described["components"]["schemas"]

        told = shapes[answer["schema"]["$ref"].split("/")[-1]]
        assert {"number", "promise_due_at", "danger"} <= set(told["properties"])
        assert {"say", "call", "heard"} == set(shapes["DangerOut"]["properties"])

    @pytest.mark.parametrize(("lang", "first"), [("zh-hans", "听起来有危险"), ("en", "This sounds dangerous")])
    def test_of_open311_read_it_before_the_day(self, town, lang, first):
        said = o.post("requests", o.a_report(o.key_of(town), description=GAS), **{"Accept-Language": lang})

        notice = said.value[0]["service_notice"]
        assert notice.startswith(first)
        assert "119" in notice


class TestAnImport:
    def test_names_the_danger_in_the_row_that_was_taken_in_until_the_desk_has_acted(self, town):
        rows = hotline_rows(2)
        said_at = timezone.localtime(timezone.now() - timedelta(hours=3))
        rows[1] |= {"留言详情": GAS, "留言时间": f"{said_at:%Y/%m/%d %H:%M:%S}"}
        walk, _ = run_through(town, csv_of(rows), now=timezone.now())
        desk = colleague(town, "operator")

        told = desk.get(f"/api/v1/imports/{walk.run_id}/rows?result=created").json()["rows"]
        page = desk.get(f"/desk/import/{walk.run_id}?result=created").content.decode()
        (mark,) = stored(town, RiskMark)
        f.do(f.dispatcher(town), attending.attend, mark.case_id, now=timezone.now())
        later = desk.get(f"/api/v1/imports/{walk.run_id}/rows?result=created").json()["rows"]

        assert [[d["call"] for d in row["dangers"]] for row in told] == [[], ["119"]]
        assert page.count("<q>煤气</q>") == 1
        assert [row["dangers"] for row in later] == [[], []]

    def test_names_what_only_the_receiving_desk_may_know_to_its_people_and_to_no_program(self, town):
        rows = hotline_rows(1)
        said_at = timezone.localtime(timezone.now() - timedelta(hours=3))
        rows[0] |= {"留言详情": DESPAIR, "留言时间": f"{said_at:%Y/%m/%d %H:%M:%S}"}
        walk, _ = run_through(town, csv_of(rows), now=timezone.now())
        with scope.work(system(town)):
            issued_at = timezone.now() - timedelta(days=400)
            who, roles = system(town), ["operator", "dispatcher"]
            _, key = clients.issue("hotline", roles=roles, body_ids=[], by=who, now=issued_at)
        program = Client(SERVER_NAME="town.example", HTTP_AUTHORIZATION=f"Bearer {key}")

        told = [
            who.get(f"/api/v1/imports/{walk.run_id}/rows?result=created").json()["rows"][0]["dangers"]
            for who in (colleague(town, "operator"), program)
        ]

        assert ([d["code"] for d in told[0]], told[1]) == (["self_harm"], [])
