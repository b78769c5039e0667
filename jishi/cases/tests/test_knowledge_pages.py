"""知识库 through the browser's door: everybody searches, a body keeps, the console and the case page answer with it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jishi.cases.actions import knowing, measured_signals
from jishi.cases.models import Case, Choice, KnowledgeItem, Suggestion
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague, key_on, statements, version_on
from jishi.cases.tests.test_knowledge import ASKED, PERMIT, kept, police
from jishi.foundation import scope, trail
from jishi.foundation.actor import system

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]


def rows(town: int) -> list[KnowledgeItem]:
    with scope.work(system(town)):
        return list(KnowledgeItem.objects.order_by("number"))


def form(**more: str) -> dict[str, str]:
    return {
        "question": "身份证丢了怎么补办？", "asked": "身份证遗失补领\n\n",
        "answer": "到任何一个派出所户籍窗口补领，带户口簿。",
        "source": "居民身份证法 11", "matter": "15.01.02", "valid_to": "", **more,
    }  # fmt: skip


class TestEverybody:
    def test_searches_what_holds_without_an_account_and_a_question_finds_its_answer_first(
        self, town: int, client: Client
    ) -> None:
        kept(town)
        for n in range(knowing.WAYS):
            kept(town, knowing.Said(f"第{n}路公交几点收车？", f"第{n}路末班 21:30，冬天提前半小时。", "演示"))
        gone = kept(town, knowing.Said("暖气报停怎么办？", "到热力公司营业厅，十月底以前。", "演示"))
        f.do(police(town), knowing.end, gone.number, why="改了", now=timezone.now())

        with statements() as made:
            every = client.get("/knowledge", headers=HOST).content.decode()
        found = client.get("/knowledge", {"q": "外地人去哪里办居住证"}, headers=HOST).content.decode()
        none = client.get("/knowledge", {"q": "护照<script>"}, headers=HOST).content.decode()
        for odd in ("after=²", "after=٣", "q=%00护"):
            assert client.get(f"/knowledge?{odd}", headers=HOST).status_code == 200

        assert PERMIT.question in every and "暖气报停" not in every and len(made) <= 8
        assert PERMIT.answer in found and "公交" not in found.split('id="h-answers"')[1]
        assert "没有现成的答案" in none and "<script>alert" not in none and "护照&lt;script&gt;" in none


class TestTheBody:
    def test_writes_changes_and_ends_an_item_each_on_the_version_that_was_seen(self, town: int) -> None:
        desk = colleague(town, "handler", body="gaj")

        wrong = desk.post("/desk/knowledge", form(answer="去"))
        done = desk.post("/desk/knowledge", form())
        page = desk.get("/desk/knowledge/1").content.decode()
        anew = form(answer="换了窗口，到便民中心补领。")
        stale = desk.post("/desk/knowledge/1", {**anew, "version": "9"})
        changed = desk.post("/desk/knowledge/1", {**anew, "version": version_on(page)})
        ended = desk.post("/desk/knowledge/1/end", {"why": "改由别的单位办", "version": "2"})

        assert (wrong.status_code, done.status_code, stale.status_code) == (422, 302, 412)
        assert (changed.status_code, ended.status_code) == (302, 302)
        (row,) = rows(town)
        assert (row.answer, row.asked, row.version) == ("换了窗口，到便民中心补领。", ["身份证遗失补领"], 3)
        assert "撤掉了" in desk.get("/desk/knowledge?show=ended").content.decode()

    def test_of_others_reads_and_changes_nothing_and_an_auditor_is_turned_away(self, town: int) -> None:
        kept(town)
        other = colleague(town, "handler", body="mzj")

        page = other.get("/desk/knowledge/1").content.decode()

        assert "由公安局管" in page.replace("市公安局", "公安局") and 'name="version"' not in page
        assert other.post("/desk/knowledge/1", {**form(), "version": "1"}).status_code == 403
        assert other.post("/desk/knowledge/1/end", {"why": "不对", "version": "1"}).status_code == 403
        assert other.get("/desk/knowledge/7").status_code == 404
        assert colleague(town, "auditor").get("/desk/knowledge").status_code == 403
        assert [r.version for r in rows(town)] == [1]


class TestTheConsole:
    def test_offers_the_answer_while_it_is_asked_and_one_press_answers_with_it(self, town: int) -> None:
        kept(town)
        console = colleague(town, "operator")
        said = {"text": ASKED, "where": "", "matter": "", "kind": "report", "urgency": "normal", "voice": "open"}

        looked = console.post("/desk/operator/look", said).content.decode()
        plain = console.post("/desk/operator/look", {**said, "text": "居住证窗口态度太差了"}).content.decode()
        page = console.get("/desk/operator").content.decode()
        answered = console.post("/desk/operator", {
            **said, "idempotency_key": key_on(page), "do": "answer", "answer": "到派出所办就行。", "knowledge": "1",
        })  # fmt: skip

        assert PERMIT.answer in looked and 'data-fill-knowledge="1"' in looked
        assert "居住证" in looked.split("文中有")[-1][:40]
        assert "知识库里有答案" not in plain
        assert answered.status_code == 200
        with scope.work(system(town)):
            (row,) = Suggestion.objects.filter(stage="knowledge")
            (choice,) = Choice.objects.filter(suggestion=row)
            assert (row.candidates[0]["value"], choice.taken, choice.changed_to) == (1, True, "")
            entry = trail.Entry.objects.get(verb="case.answered_at_once")
            assert entry.codes["knowledge"] == 1

    def test_without_script_taking_it_puts_it_into_the_answer(self, town: int) -> None:
        kept(town)
        console = colleague(town, "operator")
        page = console.get("/desk/operator").content.decode()

        back = console.post("/desk/operator", {
            "text": ASKED, "kind": "report", "urgency": "normal", "voice": "open", "idempotency_key": key_on(page),
            "take": "knowledge",
        }).content.decode()  # fmt: skip

        assert f">{PERMIT.answer}</textarea>" in back and 'name="knowledge" form="intake" value="1"' in back


class TestTheCase:
    def test_shows_it_to_the_operator_who_may_answer_and_answers_with_it_put_otherwise(self, town: int) -> None:
        kept(town)
        case = f.a_case(town, text=ASKED, kind="inquiry", matter="15.01.02", now=timezone.now() - timedelta(hours=1))
        desk = colleague(town, "operator")

        with statements() as made:
            seen = desk.get(f"/cases/{case.number}").content.decode()
        taken = desk.get(f"/cases/{case.number}?kept=1").content.decode()
        done = desk.post(f"/cases/{case.number}/do/answer", {
            "version": str(case.version), "words": "到派出所户籍窗口就能办。", "knowledge": "1",
        })  # fmt: skip

        assert len(made) <= 24
        assert PERMIT.answer in seen and "kept=1#act-answer" in seen and f">\n{PERMIT.answer}</textarea>" not in seen
        assert PERMIT.answer + "</textarea>" in taken and 'name="knowledge" value="1"' in taken
        assert done.status_code == 302 and f.again(town, case.id).status == Status.CLOSED
        with scope.work(system(town)):
            assert trail.of("case", case.id)[-1].codes["knowledge"] == 1


def test_what_became_of_offered_answers_is_counted(town: int) -> None:
    kept(town)
    console = colleague(town, "operator")
    said = {"text": ASKED, "where": "", "matter": "", "kind": "report", "urgency": "normal", "voice": "open"}

    def sent(**more: str) -> None:
        page = console.get("/desk/operator").content.decode()
        done = console.post("/desk/operator", {**said, "idempotency_key": key_on(page), **more})
        assert done.status_code == 200

    def counted() -> dict[str, tuple[int | None, int | None]]:
        span = {"since": timezone.now() - timedelta(days=1), "until": timezone.now() + timedelta(minutes=1)}
        with scope.work(system(town)), statements() as made:
            found = measured_signals.answers(**span, tenant_id=town)
        assert len(made) <= 3
        return {r["figure"]: (r["hits"], r["of"]) for r in found}

    nothing = counted()
    sent(do="answer", answer=PERMIT.answer, knowledge="1")
    sent(do="answer", answer="请到区里的窗口问。")
    sent(do="save")
    sent(do="save", text="居住证窗口态度太差了")

    assert set(nothing.values()) == {(0, 0)}, "nothing was offered"
    assert counted() == {"answer_taken": (1, 3), "answer_aside": (1, 3), "answer_unseen": (1, 3)}


def test_an_answer_taken_on_the_case_page_is_counted_as_taken(town: int) -> None:
    kept(town)
    desk = colleague(town, "operator")
    page = desk.get("/desk/operator").content.decode()
    desk.post("/desk/operator", {
        "text": ASKED, "where": "", "matter": "", "kind": "inquiry", "urgency": "normal", "voice": "open", "do": "save",
        "idempotency_key": key_on(page),
    })  # fmt: skip
    with scope.work(system(town)):
        (row,), case = Suggestion.objects.filter(stage="knowledge"), Case.objects.get()

    done = desk.post(f"/cases/{case.number}/do/answer", {
        "version": str(case.version), "words": "到派出所户籍窗口就能办。", "knowledge": "1",
    })  # fmt: skip

    span = {"since": timezone.now() - timedelta(days=1), "until": timezone.now() + timedelta(minutes=1)}
    with scope.work(system(town)):
        (choice,) = Choice.objects.filter(suggestion=row)
        found = {r["figure"]: (r["hits"], r["of"]) for r in measured_signals.answers(**span, tenant_id=town)}
    assert done.status_code == 302 and choice.taken
    assert found == {"answer_taken": (1, 1), "answer_aside": (0, 1), "answer_unseen": (0, 1)}
