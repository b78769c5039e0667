"""话务台 through the browser's door: what is typed, what is suggested, what is stored."""

import re

import pytest
from django.utils import timezone, translation

from jishi.cases.models import Case, Choice, Handover, Membership, RefusedPair, Report, Suggestion
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague, key_on, statements
from jishi.cases.web.desk import reasons
from jishi.foundation import scope, trail
from jishi.foundation.actor import system

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]

ROOF = "青溪里3栋顶楼漏水，雨停了还在滴，厨房吊顶已经掉了一块。"
DRAIN = "翠竹苑3号楼北门口的雨水井堵了，一下雨就积水。"
TEL = "13900000417"


@pytest.fixture
def console(town):
    return colleague(town, "operator", title="话务员")


def typed(console, **changes):
    page = console.get("/desk/operator").content.decode()
    plain = {
        "text": DRAIN,
        "where": "",
        "matter": "",
        "kind": "report",
        "urgency": "normal",
        "voice": "open",
        "tel": TEL,
    }
    return {**plain, "idempotency_key": key_on(page), "do": "save", **changes}


def stored(town, model):
    with scope.work(system(town)):
        return list(model.objects.filter(tenant_id=town).order_by("id"))


class TestWhoMayOpenIt:
    def test_a_stranger_is_led_to_the_sign_in(self, client, town):
        response = client.get("/desk/operator", headers=HOST)

        assert response.status_code == 302
        assert response.headers["Location"].startswith("/sign-in")

    @pytest.mark.parametrize("role", ["handler", "dispatcher", "auditor"])
    def test_another_post_is_refused_and_nothing_is_stored(self, town, role):
        other = colleague(town, role)

        assert other.get("/desk/operator").status_code == 403
        assert other.post("/desk/operator/look", {"text": ROOF}).status_code == 403
        assert other.post("/desk/operator", {"text": ROOF, "do": "save"}).status_code == 403
        assert stored(town, Report) == []


class TestLookingWhileTyping:
    def test_gives_five_suggestions_each_with_its_reason_and_stores_nothing(self, town, console):
        html = console.post("/desk/operator/look", {"text": DRAIN, "voice": "open"}).content.decode()

        assert all(word in html for word in ("地点", "事项", "相近", "单位", "时限"))
        assert "翠竹苑3号楼" in html
        assert "个工作日" in html
        assert stored(town, Report) == [] and stored(town, Suggestion) == []

    def test_says_of_each_other_matter_by_which_words_and_of_the_share_what_it_is(self, console):
        told = {"text": "翠竹苑3号楼楼顶漏水，家里墙都泡了，物业不管", "voice": "open"}

        html = console.post("/desk/operator/look", told).content.decode()

        others = re.findall(r">(?:改选|选) [^<]*\d+%(.*?)</button>", html)
        assert len(others) == 2 and all("<small" in said and "“" in said for said in others), "no bare number"
        assert re.search(r">把握 \d+%<", html)

    def test_asks_the_one_question_that_the_lists_need(self, console):
        html = console.post(
            "/desk/operator/look", {"text": ROOF, "matter": "02.01.01", "voice": "open"}
        ).content.decode()

        assert "房子过保修期了吗" in html
        assert 'name="a.warranty"' in html

    def test_keeps_the_question_when_it_is_answered_and_names_the_body(self, console):
        said = {"text": ROOF, "matter": "02.01.01", "voice": "open", "a.warranty": "expired"}

        html = console.post("/desk/operator/look", said).content.decode()

        assert 'value="expired" checked' in html
        assert 'data-fill-to="' in html

    def test_says_nothing_of_one_character(self, console):
        html = console.post("/desk/operator/look", {"text": "水", "voice": "open"}).content.decode()

        assert "说了两个字就开始看" in html

    def test_shows_text_that_looks_like_a_page_as_text(self, console):
        html = console.post(
            "/desk/operator", typed(console, text="<script>alert(1)</script>雨水井堵了", do="look")
        ).content.decode()

        assert "<script>alert(1)" not in html
        assert "&lt;script&gt;alert(1)" in html

    def test_without_script_a_press_on_take_fills_the_field_in(self, console):
        html = console.post("/desk/operator", typed(console, take="locate")).content.decode()

        assert re.search(r'name="where"[^>]*value="翠竹苑3号楼"', html)


class TestTheSameNumbersOpenCases:
    def test_are_shown_to_be_added_to_without_a_count(self, town, console):
        case = f.a_case(town, now=timezone.now(), caller_contact=TEL)

        html = console.post(
            "/desk/operator/look", {"text": DRAIN, "tel": "139 0000 0417", "voice": "open"}
        ).content.decode()

        own = html[html.index("这个号码没办完的") :]
        assert case.number in own
        assert "补充到这一件" in own
        assert not re.search(r"\d+ ?(次|件)", own.replace(case.title, "").replace(case.number, ""))

    def test_ended_ones_and_those_of_others_are_not(self, town, console):
        f.a_case_at(town, Status.DECLINED, now=timezone.now(), caller_contact=TEL)
        other = f.a_case(town, now=timezone.now(), caller_contact="13900000999")

        html = console.post("/desk/operator/look", {"text": "柳岸停水了", "tel": TEL, "voice": "open"}).content.decode()

        assert "补充到这一件" not in html
        assert other.number not in html[html.index("这个号码没办完的") :]

    def test_a_confidential_reporter_is_found_by_nobody(self, town, console):
        f.a_case(town, now=timezone.now(), caller_contact=TEL, voice="confidential")

        html = console.post("/desk/operator/look", {"text": "柳岸停水了", "tel": TEL, "voice": "open"}).content.decode()

        assert "补充到这一件" not in html

    def test_an_addendum_goes_to_the_report_of_that_number_only(self, town, console):
        case = f.a_case(town, now=timezone.now(), caller_contact=TEL)

        seen = f"{case.number}~{case.version}"

        wrong = console.post("/desk/operator/add", {"case": seen, "tel": "13900000999", "text": "又堵了"})
        stale = console.post("/desk/operator/add", {"case": f"{case.number}~9", "tel": TEL, "text": "又堵了"})
        blind = console.post("/desk/operator/add", {"case": case.number, "tel": TEL, "text": "又堵了"})
        right = console.post("/desk/operator/add", {"case": seen, "tel": TEL, "text": "又堵了，水进了楼道"})

        assert (wrong.status_code, stale.status_code, blind.status_code) == (409, 412, 428)
        assert right.status_code == 200
        with scope.work(system(town)):
            assert [e.verb for e in trail.of("case", case.id)].count("report.added_to") == 1


class TestSaving:
    def test_gives_number_word_and_promised_day_to_read_out(self, town, console):
        html = console.post("/desk/operator", typed(console)).content.decode()

        report = stored(town, Report)[0]
        assert report.number in html
        assert "口令" in html and "答复您" in html
        assert (report.channel, report.voice) == ("phone", "open")

    def test_the_same_press_twice_makes_one_report_and_says_the_word_once(self, town, console):
        said = typed(console)

        first = console.post("/desk/operator", said).content.decode()
        second = console.post("/desk/operator", said).content.decode()

        number = stored(town, Report)[0].number
        assert len(stored(town, Report)) == 1
        assert number in first and number in second
        assert "凭编号和口令" in first and "凭编号和口令" not in second

    def test_offers_in_one_go_when_the_lists_name_one_body(self, town, console):
        html = console.post("/desk/operator", typed(console, matter="雨水井堵塞 01.02.01", do="offer")).content.decode()

        case = stored(town, Case)[0]
        handover = stored(town, Handover)[0]
        assert case.status == Status.OFFERED
        assert "已保存，派给" in html
        assert handover.decision_id is not None

    def test_only_saves_when_the_lists_must_ask_first(self, town, console):
        html = console.post("/desk/operator", typed(console, text=ROOF, matter="02.01.01", do="offer")).content.decode()

        assert stored(town, Case)[0].status == Status.RECEIVED
        assert "没有当场派出" in html

    def test_does_not_offer_by_a_guess_nobody_has_confirmed(self, town, console):
        console.post("/desk/operator", typed(console, do="offer"))

        assert stored(town, Case)[0].status == Status.RECEIVED

    def test_keeps_what_was_typed_when_it_cannot_be_sent(self, town, console):
        response = console.post("/desk/operator", typed(console, text="", where="翠竹苑3号楼", matter="没有这种事"))

        html = response.content.decode()
        assert response.status_code == 422
        assert 'value="翠竹苑3号楼"' in html
        assert "还没有写是什么事" in html and "没有这种事" in html
        assert stored(town, Report) == []

    def test_an_anonymous_caller_leaves_neither_name_nor_number(self, town, console):
        console.post("/desk/operator", typed(console, voice="anonymous", name="李明", tel=TEL))

        from jishi.foundation.models import SealedValue

        report = stored(town, Report)[0]
        with scope.work(system(town)):
            sealed = SealedValue.objects.filter(owner_table="cases_report", owner_row=report.id)
            assert {s.field for s in sealed} == {"text"}
        assert report.voice == "anonymous"

    def test_the_accused_body_is_recused(self, town, console):
        console.post("/desk/operator", typed(console, accused="市水务局", voice="confidential"))

        case = stored(town, Case)[0]
        assert case.accused_body_ids == [f.body_id(town, "swj")]
        assert colleague(town, "dispatcher", body="swj").get(f"/cases/{case.number}").status_code == 404


class TestAnsweringAndDeclining:
    def test_answering_at_once_keeps_an_inquiry_and_closes_it(self, town, console):
        html = console.post(
            "/desk/operator", typed(console, do="answer", answer="带身份证到街道便民大厅就行。")
        ).content.decode()

        case = stored(town, Case)[0]
        assert (case.status, case.kind) == (Status.CLOSED, "inquiry")
        assert "已当场答复" in html

    def test_answering_without_words_stores_nothing(self, town, console):
        response = console.post("/desk/operator", typed(console, do="answer", answer=" "))

        assert response.status_code == 422
        assert stored(town, Case) == []

    def test_declining_needs_a_ground_and_words(self, town, console):
        response = console.post("/desk/operator", typed(console, do="decline"))

        assert response.status_code == 422
        assert stored(town, Case) == []

    def test_declining_keeps_ground_words_and_road(self, town, console):
        told = {
            "decline-ground": "other_procedure",
            "decline-text": "已经起诉，等法院判。",
            "decline-channel": "云溪市人民法院",
        }

        console.post("/desk/operator", typed(console, do="decline", **told))

        case = stored(town, Case)[0]
        assert (case.status, case.decline_ground, case.decline_channel) == (
            Status.DECLINED,
            "other_procedure",
            "云溪市人民法院",
        )


class TestWhatThePersonChose:
    def test_a_taken_matter_is_stored_beside_the_guess_made_before_anybody_looked(self, town, console):
        console.post("/desk/operator", typed(console, matter="雨水井堵塞 01.02.01"))

        with scope.work(system(town)):
            guess = Suggestion.objects.get(stage="classify", report__tenant=town)
            choice = Choice.objects.get(suggestion=guess)
        assert guess.candidates[0]["reason"] != "由人选定"
        assert (choice.taken, choice.changed_to) == (True, "")

    def test_another_matter_is_stored_as_a_change(self, town, console):
        console.post("/desk/operator", typed(console, matter="06.02.01"))

        with scope.work(system(town)):
            choice = Choice.objects.get(suggestion__stage="classify", suggestion__report__tenant=town)
        assert (choice.taken, choice.changed_to) == (False, "06.02.01")

    def test_an_untouched_suggestion_leaves_no_choice(self, town, console):
        console.post("/desk/operator", typed(console))

        with scope.work(system(town)):
            assert not Choice.objects.filter(suggestion__stage__in=["classify", "duplicates", "route"]).exists()

    def test_a_word_in_confidence_stands_alone_and_the_receipt_says_so(self, town, console):
        case = f.a_case(town)

        said = typed(console, join=case.number, do="offer", voice="confidential")
        html = console.post("/desk/operator", said).content.decode()

        assert "已加入这一件" not in html and "没有加入您选的那一件" in html
        with scope.work(system(town)):
            assert Case.objects.get(id=case.id).reports_count == 1 and Case.objects.count() == 2

    def test_joining_makes_one_case_of_two_reports(self, town, console):
        case = f.a_case(town, now=timezone.now())

        html = console.post("/desk/operator", typed(console, join=case.number, do="offer")).content.decode()

        assert "已加入这一件" in html
        with scope.work(system(town)):
            assert Membership.objects.filter(case=case, to_at=None).count() == 2
            assert Case.objects.filter(tenant_id=town).count() == 1

    def test_not_the_same_is_remembered_for_the_pair(self, town, console):
        case = f.a_case(town, now=timezone.now())

        console.post("/desk/operator", typed(console, other_than=case.number))

        assert [p.case_id for p in stored(town, RefusedPair)] == [case.id]

    def test_where_somebody_lives_is_not_kept_in_a_choice(self, town, console):
        console.post("/desk/operator", typed(console, where="翠竹苑3号楼2单元501室"))

        with scope.work(system(town)):
            kept = [c.changed_to for c in Choice.objects.filter(suggestion__stage="locate")]
        assert not any("501" in words for words in kept)


class TestItsCost:
    def test_a_look_takes_a_bounded_number_of_statements(self, town, console):
        console.post("/desk/operator/look", {"text": DRAIN, "tel": TEL, "voice": "open"})  # memory is filled once
        for _ in range(3):
            f.a_case(town, now=timezone.now(), caller_contact=TEL)

        with statements() as made:
            console.post("/desk/operator/look", {"text": DRAIN, "tel": TEL, "voice": "open"})

        assert len(made) <= 16, "\n".join(made)


class TestReasons:
    def test_are_told_in_english_to_english_readers_piece_by_piece(self):
        with translation.override("en"):
            told = reasons.told("文中有“青溪里3栋”，即青溪里3号楼；与地图上的点相符；同在翠竹苑；相隔3天")

        assert told == (
            "the text says “青溪里3栋”, which is 青溪里3号楼; agrees with the point on the map; both in 翠竹苑; "
            "3 days apart"
        )

    def test_keep_their_own_words_where_no_shape_fits(self):
        with translation.override("en"):
            assert reasons.told("基本-001 雨水口清掏") == "基本-001 雨水口清掏"
            assert reasons.told("“路灯不亮”、“小吃店”") == "“路灯不亮”, “小吃店”"
        assert reasons.told("同一天；楼号不同") == "同一天；楼号不同"


class TestWhoseItIs:
    def test_says_what_is_missing_where_the_matter_is_known_and_not_that_it_is_not(self, console):
        told = {"text": "有人占道摆摊，路都走不了", "voice": "open"}

        html = console.post("/desk/operator/look", told).content.decode()

        assert "先问清：地点" in html
        assert "先定事项，才知道归谁" not in html

    def test_says_whose_it_would_be_if_the_second_matter_were_right(self, console):
        html = console.post("/desk/operator/look", {"text": "翠竹苑有流浪狗，还咬人", "voice": "open"}).content.decode()

        assert re.search(r"如果是“[^”]+”（\d+%）：\S+", html)

    def test_proposes_no_body_for_a_matter_that_it_does_not_put_forward(self, town, console):
        told = {"text": "翠竹苑有人养了十几只鸡，天天打鸣", "voice": "open"}

        html = console.post("/desk/operator/look", told).content.decode()

        assert "说不准，请问清楚" in html and "先定事项，才知道归谁" in html
        assert "data-fill-to" not in html
