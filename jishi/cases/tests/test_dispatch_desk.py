"""派单台 through the browser's door: queues by clock, one press on the version that was seen, statements counted."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from jishi.bodies import queries as bodies
from jishi.cases.actions import arrival, intake
from jishi.cases.models import Consultation, Ruling
from jishi.cases.queries import casepage, desks, judging
from jishi.cases.states import HandoverStatus, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague, statements, version_on
from jishi.duties import queries as duties
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]


@pytest.fixture
def desk(town):
    return colleague(town, "dispatcher", title="派单员")


def opened(desk, case, queue="waiting"):
    return desk.get(f"/desk/dispatch?queue={queue}&case={case.number}").content.decode()


def press(desk, case, act, *, version=None, **said):
    """Press one act as the page stands: with the version that it shows."""
    seen = version or version_on(desk.get(f"/desk/dispatch?case={case.number}").content.decode())
    return desk.post(f"/cases/{case.number}/do/{act}", {"version": seen, "seq": "1", "back": "dispatch", **said})


def named(town, case):
    """The choice that the page offers first."""
    with scope.work(f.dispatcher(town)):
        return judging.judge(case, lang="zh", now=timezone.now()).targets[0]


def item(town):
    """A line of today's lists as one types it."""
    with scope.work(system(town)):
        row = min((r for r, _ in duties.law(timezone.localdate()).by_item_id.values()), key=lambda r: r.id)
        return judging.item_label(row, "zh")


class TestWhoMayOpenIt:
    @pytest.mark.parametrize("role", ["operator", "handler", "auditor"])
    def test_another_post_is_refused(self, town, role):
        assert colleague(town, role).get("/desk/dispatch").status_code == 403

    def test_a_stranger_is_led_to_the_sign_in(self, client, town):
        assert client.get("/desk/dispatch", headers=HOST).status_code == 302

    def test_a_desk_of_another_area_does_not_see_the_case(self, town):
        case = f.a_case(town)
        other = Actor(tenant_id=town, kind="staff", account_id=3, roles=frozenset({"dispatcher"}), area="990199")

        with scope.work(other):
            assert desks.queue("waiting", by=other, now=timezone.now()).rows == ()
        assert case.division_code.startswith("990181")

    def test_the_accused_body_finds_it_in_no_queue(self, town):
        case = f.a_case(town, accused_body_ids=(f.body_id(town, "swj"),), voice="confidential")

        page = colleague(town, "dispatcher", body="swj").get("/desk/dispatch").content.decode()

        assert case.number not in page
        assert "待派 <b>0</b>" in page


class TestQueues:
    def test_the_most_pressing_stands_first(self, town, desk):
        now = timezone.now()
        calm = f.a_case(town, now=now - timedelta(minutes=30))
        danger = f.a_case(town, now=now - timedelta(minutes=5), urgency="emergency")

        page = desk.get("/desk/dispatch").content.decode()

        assert page.index(danger.number) < page.index(calm.number)

    def test_each_case_stands_where_its_life_is(self, town, desk):
        returned = f.a_case_at(town, Status.OFFERED, now=timezone.now())
        f.ask_return(returned, timezone.now())
        talked = f.a_case_at(town, Status.CONSULTING, now=timezone.now())

        with scope.work(f.dispatcher(town)):
            counted = desks.counts(f.dispatcher(town))

        assert returned.number in desk.get("/desk/dispatch?queue=returns").content.decode()
        assert talked.number in desk.get("/desk/dispatch?queue=consulting").content.decode()
        assert (counted["waiting"], counted["returns"], counted["consulting"]) == (0, 1, 1)

    def test_counts_say_what_the_queues_hold(self, town):
        now = timezone.now()
        f.a_case(town, now=now)
        f.a_case(town, now=now, matter="02.01.01", text="青溪里3栋顶楼漏水")
        f.a_case_at(town, Status.OFFERED, now=now)
        objected(town)
        by = f.dispatcher(town)

        with scope.work(by):
            counted = desks.counts(by)
            held = {code: len(desks.queue(code, by=by, now=now).rows) for code in desks.QUEUES}

        assert counted == held
        assert (counted["waiting"], counted["asking"], counted["objections"]) == (2, 1, 1)

    def test_what_needs_a_question_first_stands_in_a_tab_of_its_own_and_not_where_two_bodies_are_concerned(
        self, town, desk
    ):
        case = f.a_case(town, now=timezone.now(), matter="02.01.01", text="青溪里3栋顶楼漏水")
        assert case.routed == "ask"

        asked = desk.get("/desk/dispatch?queue=asking").content.decode()

        assert case.number in asked
        assert ("要先问清 <b>1</b>" in asked, "两家都沾边 <b>0</b>" in asked) == (True, True)
        assert case.number not in desk.get("/desk/dispatch?queue=contested").content.decode()

    def test_a_decline_nobody_objected_to_waits_for_nobody(self, town):
        f.a_case_at(town, Status.DECLINED, now=timezone.now())
        by = f.dispatcher(town)

        with scope.work(by):
            assert desks.counts(by)["objections"] == 0

    def test_pages_follow_each_other_without_gap_or_repetition(self, town):
        now, by = timezone.now(), f.dispatcher(town)
        for i in range(7):
            f.a_case(town, now=now - timedelta(minutes=i))
        seen, after = [], ""

        with scope.work(by):
            while True:
                page = desks.queue("waiting", by=by, now=now, after=after, limit=3)
                seen += [r.id for r in page.rows]
                after = page.after
                if not after:
                    break

        assert len(seen) == len(set(seen)) == 7

    @pytest.mark.parametrize("query", ["queue=nonsense", "after=x~y", "after=2026-01-01T00:00:00~1'or'1"])
    def test_an_address_that_names_nothing_is_refused(self, town, desk, query):
        assert desk.get(f"/desk/dispatch?{query}").status_code == 422

    def test_an_unknown_queue_is_named(self, town):
        with scope.work(f.dispatcher(town)), pytest.raises(Invalid):
            desks.queue("by_caller", by=f.dispatcher(town), now=timezone.now())


def objected(town):
    case = f.a_case_at(town, Status.DECLINED, now=timezone.now() - timedelta(hours=6))
    with scope.work(system(town)):
        report = case.memberships.get().report_id
    caller = Actor(tenant_id=town, kind="reporter", report_id=report)
    with scope.work(caller):
        intake.object_to_decline(case.id, text="我说的不是这个意思", by=caller, now=timezone.now())
    return case


class TestOneCase:
    def test_shows_words_trace_and_whom_the_list_names(self, town, desk):
        case = f.a_case(town, now=timezone.now(), text="翠竹苑3号楼雨水井堵了，我电话13900000123")

        page = opened(desk, case)

        assert "13900000123" not in page
        assert "清单怎么判的" in page and "条看过，结论" in page
        assert f'value="{named(town, case).value}" checked' in page

    def test_says_beforehand_what_the_guard_would_refuse(self, town, desk):
        case = f.a_case(town, now=timezone.now())

        page = opened(desk, case)

        assert "派出前会拦下的" in page and "镇街只能协办" in page

    def test_without_a_matter_it_asks_for_the_matter_first(self, town, desk):
        case = f.a_case(town, now=timezone.now(), matter="", text="这件事说不清楚，你们来看看吧")

        page = opened(desk, case)

        assert "先说定是什么事项" in page
        assert 'name="to" value="other" checked' in page

    def test_precedents_of_the_same_matter_stand_beside(self, town, desk):
        earlier = f.a_case_at(town, Status.CONSULTING, now=timezone.now())
        with scope.work(system(town)):
            Ruling.objects.create(
                tenant_id=town, case=earlier, number="Z1", ruler_body_id=f.body_id(town, "ldxz"),
                named_body_id=f.body_id(town, "swj"),
                cited_items=[f.some_item(town)], reasons="管道外的雨水井由排水管理单位负责，按清单办。",
                ruled_at=timezone.now(),
                precedent=True, matter="01.02.01",
            )  # fmt: skip

        assert "裁定 Z1" in opened(desk, f.a_case(town, now=timezone.now()))

    def test_every_line_of_the_trace_is_the_line_of_its_item(self, town):
        case = f.a_case(town, now=timezone.now())

        with scope.work(f.dispatcher(town)):
            judged = judging.judge(case, lang="zh", now=timezone.now())
        rows = sorted(judged.routed.decision.trace.page["rows"], key=lambda r: list(judging.MARKS).index(r["role"]))

        assert len(rows) == len(judged.lines) > 1
        assert all(row["item"][2] in line.title for row, line in zip(rows, judged.lines, strict=True))

    def test_a_number_that_is_not_there_is_not_found(self, desk):
        assert desk.get("/desk/dispatch?case=C990181260101000019").status_code == 404


class TestOffering:
    def test_by_the_list_starts_the_bodys_clock_and_goes_on_to_the_next(self, town, desk):
        case, after = f.a_case(town, now=timezone.now()), f.a_case(town, now=timezone.now())

        response = press(
            desk,
            case,
            "offer",
            to=named(town, case).value,
            instruction="先围挡再修",
            queue="waiting",
            next=after.number,
        )

        assert response.status_code == 302 and after.number in response.headers["Location"]
        assert f.again(town, case.id).status == Status.OFFERED
        assert f.lead_of(case).instruction == "先围挡再修"

    def test_to_another_body_needs_a_reason(self, town, desk):
        case = f.a_case(town, now=timezone.now())

        without = press(desk, case, "offer", to="other", other="市水务局")
        given = press(desk, case, "offer", to="other", other="市水务局", why="这段管网上个月移交给了水务局")

        assert without.status_code == 422 and "请写理由" in without.content.decode()
        assert given.status_code == 302
        assert f.lead_of(case).why_not_the_list == "这段管网上个月移交给了水务局"

    def test_to_a_body_that_does_not_exist_keeps_what_was_typed(self, town, desk):
        case = f.a_case(town, now=timezone.now())

        page = press(desk, case, "offer", to="other", other="天庭", why="好玩")

        assert page.status_code == 422
        assert 'value="天庭"' in page.content.decode() and "好玩" in page.content.decode()

    def test_pushing_a_duty_down_is_refused_and_only_the_attempt_is_recorded(self, town, desk):
        case = f.a_case(town, now=timezone.now())
        with scope.work(f.dispatcher(town)):
            assist = judging.judge(case, lang="zh", now=timezone.now()).routed.assists[0]
            lines = duties.law(timezone.localdate()).by_item_id.values()
            line = next(row for row, _ in lines if row.number == assist.number and row.kind == "assist")
        said = {"other": bodies_name(town, assist.body_id), "item": line.number, "why": "街道近，让街道办"}

        response = press(desk, case, "offer", to="other", **said)

        page = response.content.decode()
        assert response.status_code == 409 and "不能派给" in page
        assert said["why"] in page and 'data-focus' in page, "what was typed is kept, and the refusal stands beside it"
        assert f.again(town, case.id).status == Status.RECEIVED
        with scope.work(system(town)):
            assert trail.of("body", assist.body_id)[-1].verb == "duty.push_down_refused"

    def test_by_a_handler_is_refused(self, town):
        case = f.a_case_at(town, Status.OFFERED, now=timezone.now())
        theirs = colleague(town, "handler", body=bodies_code(town, case.lead_id))

        assert theirs.post(f"/cases/{case.number}/do/offer", {"version": case.version, "to": "1:0"}).status_code in (
            403,
            409,
        )

    def test_of_an_offered_case_is_the_wrong_moment(self, town, desk):
        case = f.a_case_at(town, Status.OFFERED, now=timezone.now())

        response = press(desk, case, "offer", version=str(case.version), to="other", other="市水务局", why="换一个")

        assert response.status_code == 409

    def test_without_the_version_is_refused(self, town, desk):
        case = f.a_case(town, now=timezone.now())

        assert desk.post(f"/cases/{case.number}/do/offer", {"to": "1:0"}).status_code == 428

    def test_of_a_stale_page_answers_412_with_what_differs_and_keeps_the_words(self, town, desk):
        case = f.a_case(town, now=timezone.now())
        target = named(town, case).value
        press(desk, case, "decline", ground="unlawful", text="内容违法，不办。", channel="")

        response = press(desk, case, "offer", version=str(case.version), to=target, instruction="先去看看")

        html = response.content.decode()
        assert response.status_code == 412
        assert "有人先保存了" in html and "内容违法，不办。" in html
        assert "先去看看" in html
        assert f.again(town, case.id).status == Status.DECLINED


def bodies_name(town, body_id):
    with scope.work(system(town)):
        return bodies.names()[body_id].name


def bodies_code(town, body_id):
    with scope.work(system(town)):
        return bodies.names()[body_id].code


class TestTheOtherActs:
    def test_saying_the_matter_lets_the_lists_judge_again(self, town, desk):
        case = f.a_case(town, now=timezone.now(), matter="", text="这件事说不清楚，你们来看看吧")

        response = press(desk, case, "matter", matter="雨水井堵塞 01.02.01")

        fresh = f.again(town, case.id)
        assert response.status_code == 302
        assert fresh.matter == "01.02.01"
        with scope.work(system(town)):
            assert trail.of("case", case.id)[-1].verb == "case.matter_corrected"

    def test_a_branch_is_no_matter(self, town, desk):
        case = f.a_case(town, now=timezone.now(), matter="", text="这件事说不清楚，你们来看看吧")

        assert press(desk, case, "matter", matter="01").status_code == 422
        assert f.again(town, case.id).matter == ""

    def test_declining_needs_ground_and_words(self, town, desk):
        case = f.a_case(town, now=timezone.now())

        assert press(desk, case, "decline", ground="", text="").status_code == 422
        assert press(desk, case, "decline", ground="other_procedure", text="已经起诉", channel="").status_code == 422
        assert f.again(town, case.id).status == Status.RECEIVED

    def test_a_consultation_needs_two_bodies_that_exist(self, town, desk):
        case = f.a_case(town, now=timezone.now())

        one = press(desk, case, "consult", question="谁来办", first_body="市水务局", second_body="")
        two = press(desk, case, "consult", question="谁来办", first_body="市水务局", second_body="市住建局")

        assert (one.status_code, two.status_code) == (422, 302)
        assert f.again(town, case.id).status == Status.CONSULTING

    def test_concluding_gives_the_case_back_to_the_desk(self, town, desk):
        case = f.a_case(town, now=timezone.now())
        press(desk, case, "consult", question="谁来办", first_body="市水务局", second_body="市住建局")

        response = press(desk, case, "conclude", agreed="市水务局")

        assert response.status_code == 302
        assert f.again(town, case.id).status == Status.RECEIVED

    def test_accepting_a_return_puts_the_case_back(self, town, desk):
        case = f.a_case_at(town, Status.OFFERED, now=timezone.now())
        f.ask_return(case, timezone.now())

        page = opened(desk, case, "returns")
        response = press(desk, case, "accept-return", words="")

        assert "不是本单位职责" in page and "没有答复，退单就成立" in page
        assert response.status_code == 302
        assert f.again(town, case.id).status == Status.RECEIVED

    def test_denying_a_return_needs_a_cited_item(self, town, desk):
        case = f.a_case_at(town, Status.OFFERED, now=timezone.now())
        f.ask_return(case, timezone.now())

        without = press(desk, case, "deny-return", words="是你们的", cited="")
        given = press(desk, case, "deny-return", words="是你们的", cited=item(town))

        assert (without.status_code, given.status_code) == (422, 302)
        assert f.lead_of(case).status != HandoverStatus.RETURN_ASKED

    def test_contesting_takes_the_return_to_consultation(self, town, desk):
        case = f.a_case_at(town, Status.OFFERED, now=timezone.now())
        f.ask_return(case, timezone.now())

        press(desk, case, "contest", words="请两家说明依据")

        assert f.again(town, case.id).status == Status.CONSULTING
        with scope.work(system(town)):
            assert Consultation.objects.get(case=case).question == "请两家说明依据"

    def test_taking_back_an_unsigned_offer(self, town, desk):
        case = f.a_case_at(town, Status.OFFERED, now=timezone.now())

        press(desk, case, "take-back", words="派错了")

        assert f.again(town, case.id).status == Status.RECEIVED

    def test_only_the_ruling_post_rules_and_the_body_may_not_return_it(self, town, desk):
        case = f.a_case(town, now=timezone.now())
        press(desk, case, "consult", question="谁来办", first_body="市水务局", second_body="市住建局")
        reasons = "雨水井属于排水设施，按清单由水务部门负责维护，住建部门配合。"
        said = {"named": "市水务局", "cited": item(town), "text": reasons, "precedent": "on"}

        refused = press(desk, case, "rule", **said)
        ruled = press(colleague(town, "ruler", body="ldxz", title="裁定"), case, "rule", **said)

        assert refused.status_code == 403
        assert ruled.status_code == 302
        lead = f.lead_of(case)
        assert lead.designated and lead.body_id == f.body_id(town, "swj")

    def test_an_objection_is_looked_at_by_another_person(self, town, desk):
        case = objected(town)

        page = opened(desk, case, "objections")
        response = press(desk, case, "accept-objection", words="诉求人补充了事实，应当受理")

        assert "我说的不是这个意思" in page
        assert response.status_code == 302
        assert f.again(town, case.id).status == Status.RECEIVED


class TestWhatItCosts:
    def many(self, town, count):
        rows = [{"text": f"{f.DRAIN} 第{i}处", "caller_contact": f"1390000{i:04d}"} for i in range(count)]
        by = f.operator(town)
        with scope.work(by):
            incoming = [arrival.Incoming(channel="phone", matter="01.02.01", **row) for row in rows]
            taken, refused = intake.receive_many(incoming, by=by, now=timezone.now(), tenant_code="990181")
        assert not refused
        return taken

    @pytest.mark.parametrize("count", [5, 50])
    def test_the_list_takes_eight_statements_whatever_the_rows(self, town, desk, count):
        self.many(town, count)
        desk.get("/desk/dispatch")  # lists and ground are read into memory once

        with statements() as made:
            page = desk.get("/desk/dispatch").content.decode()

        assert len(re.findall("data-row", page)) == count
        assert len(made) <= 8, "\n".join(made)

    @pytest.mark.parametrize("count", [5, 50])
    def test_the_whole_desk_with_an_opened_case_is_bounded(self, town, desk, count):
        taken = self.many(town, count)
        desk.get(f"/desk/dispatch?case={taken[0].case_number}")

        with statements() as made:
            desk.get(f"/desk/dispatch?case={taken[0].case_number}")

        assert len(made) <= 25, "\n".join(made)


class TestNobodyIsCounted:
    def test_no_queue_or_filter_is_about_callers(self):
        names = {*desks.QUEUES, *desks.Filters.__dataclass_fields__, *desks.Row.__dataclass_fields__}

        assert not {n for n in names if any(w in n for w in ("caller", "reporter", "contact", "account", "phone"))}

    def test_the_pages_policy_is_the_verbs_policy(self, town):
        from jishi.cases import policies
        from jishi.cases.states import CASE

        for status in (Status.RECEIVED, Status.OFFERED, Status.HANDLING, Status.DECLINED):
            case = f.a_case_at(town, status, now=timezone.now())
            for by in (f.dispatcher(town), f.operator(town), f.reviewer(town)):
                with scope.work(by):
                    stand = casepage.stand_of(case)
                    shown = casepage.open_moves(by, stand)
                    rows = CASE.open_moves(case.status, case.status_before or None)
                    may = {m.verb for m in rows if policies.may(m, by, stand)}
                assert {v for v in shown if v in {m.verb for m in rows}} == may
