"""The page of one case and the list of cases: who sees what, every clock with its reason, one look at a contact."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases.actions import arrival, handling, intake, sweeping
from jishi.cases.models import Report
from jishi.cases.queries import happened
from jishi.cases.states import LIVES, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague, statements
from jishi.foundation import scope
from jishi.foundation.actor import system

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]

TEL = "13900000417"


def lead_desk(town, case, *roles):
    with scope.work(system(town)):
        code = bodies.names()[case.lead_id].code
    return colleague(town, *(roles or ("handler",)), body=code, title="承办员")


def plain(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def earlier():
    return timezone.now() - timedelta(hours=5)


class TestWhoSeesIt:
    def test_the_desk_and_the_body_that_has_it_do(self, town):
        case = f.a_case_at(town, Status.OFFERED, now=earlier())

        assert colleague(town, "dispatcher").get(f"/cases/{case.number}").status_code == 200
        assert lead_desk(town, case).get(f"/cases/{case.number}").status_code == 200

    def test_another_body_finds_nothing_just_as_for_a_number_that_never_was(self, town):
        case = f.a_case_at(town, Status.OFFERED, now=earlier())
        other = colleague(town, "handler", body="rsj")

        assert other.get(f"/cases/{case.number}").status_code == 404
        assert other.get("/cases/C990181260101000019").status_code == 404
        assert case.number not in other.get("/cases").content.decode()

    def test_a_stranger_is_led_to_the_sign_in_and_a_resident_is_refused(self, client, town):
        case = f.a_case(town, now=earlier())

        assert client.get(f"/cases/{case.number}", headers=HOST).status_code == 302
        assert client.get("/cases", headers=HOST).status_code == 302

    def test_administrators_see_no_content_by_their_office(self, town):
        assert colleague(town, "system_admin").get("/cases").status_code == 403


class TestThePage:
    def test_shows_all_clocks_each_with_why_that_day(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=earlier())

        html = colleague(town, "dispatcher").get(f"/cases/{case.number}").content.decode()

        assert all(name in html for name in ("承诺时限", "办理时限", "签收时限", "派单时限", "退回期"))
        assert html.count("<details><summary>") >= 4
        assert re.search(r"收到，当天不算|时起算", html)

    def test_names_the_clock_that_ran_out_and_begins_with_what_was_said(self, town):
        case = f.a_case(town, now=timezone.now() - timedelta(days=3))
        f.do(f.the_clock(town), sweeping.sweep, now=timezone.now())

        html = colleague(town, "dispatcher").get(f"/cases/{case.number}").content.decode()

        assert "<h3>派单时限到了" in html and "<h3>时限到了" not in html
        assert case.title in html[html.index('id="t"'):]

    def test_says_beside_each_tab_how_much_is_in_it_and_beside_each_act_what_follows(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=earlier())

        html = lead_desk(town, case).get(f"/cases/{case.number}").content.decode()

        assert re.search(r'href="\?tab=handovers">[^<]*<b>1</b>', html)
        assert "<strong>申请延期</strong><small>到期前至少一个工作日提出" in html

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_names_the_same_lead_at_its_head_and_at_its_side_once_the_answer_is_approved(self, town, lang):
        case = f.a_case_at(town, Status.FEEDBACK, now=earlier())
        with scope.work(system(town)):
            body = bodies.names()[case.lead_id].called(lang)
        desk = colleague(town, "dispatcher")

        text = plain(desk.get(f"/cases/{case.number}", headers={"accept-language": lang}).content.decode())

        assert (f"{body}办过" if lang == "zh" else f"{body} handled it") in text
        assert (f"在{body}" if lang == "zh" else f"with {body}") not in text
        assert re.search(f"(主办|Lead) {body}", text)

    def test_tells_in_english_what_was_done_not_what_a_button_asks(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=earlier())
        desk = colleague(town, "dispatcher")

        text = plain(desk.get(f"/cases/{case.number}", headers={"accept-language": "en"}).content.decode())

        assert "Signed for ·" in text and "Offered to a body ·" in text
        assert "Sign for it" not in text and "Receive " not in text

    def test_every_entry_of_every_table_has_words_for_what_was_done(self):
        trails = {m.trail for life in LIVES for m in (*life.moves, *life.acts)}

        assert trails == set(happened.DONE) | happened.TOLD_ALREADY

    def test_shows_minimised_words_only(self, town):
        case = f.a_case(town, now=earlier(), text="雨水井堵了，我叫李明，电话13900000417，住翠竹苑3号楼2单元501室")

        html = colleague(town, "dispatcher").get(f"/cases/{case.number}?tab=facts").content.decode()

        assert TEL not in html and "501" not in html
        assert "雨水井堵了" in html

    @pytest.mark.parametrize("tab", ["life", "facts", "handovers", "replies", "feedback", "trail"])
    @pytest.mark.parametrize(
        "status", [Status.RECEIVED, Status.CONSULTING, Status.HANDLING, Status.CLOSED, Status.DECLINED]
    )
    def test_every_tab_of_every_moment_can_be_read(self, town, tab, status):
        case = f.a_case_at(town, status, now=earlier())

        response = colleague(town, "dispatcher").get(f"/cases/{case.number}?tab={tab}")

        assert response.status_code == 200
        assert response.content.decode().count("<h1") == 1

    def test_the_trail_is_recomputed_and_a_changed_entry_shows(self, town):
        case = f.a_case(town, now=earlier())
        page = colleague(town, "auditor").get(f"/cases/{case.number}?tab=trail").content.decode()

        from jishi.cases.queries import casepage

        with scope.work(system(town)):
            entries = casepage.entries_of(case)
            entries[0].codes = {**entries[0].codes, "matter": "99"}
            assert [link.sound for link in casepage.chain(entries, case=case, by=system(town))] == [False]
        assert "每一条都对得上" in page

    def test_names_no_worker(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=earlier())

        html = colleague(town, "dispatcher").get(f"/cases/{case.number}").content.decode()

        assert "staff:" not in html

    def test_the_handling_body_sees_no_feedback_before_the_close(self, town):
        case = f.a_case_at(town, Status.FEEDBACK, now=earlier())

        with scope.work(system(town)):
            case.refresh_from_db()
        html = lead_desk(town, case).get(f"/cases/{case.number}?tab=feedback").content.decode()

        assert "办结以前，承办单位看不到回访" in html

    def test_the_body_notes_contact_and_progress_and_others_may_not(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=earlier())
        theirs, version = lead_desk(town, case), case.version

        noted = theirs.post(f"/cases/{case.number}/do/contact", {"version": version, "how": "phone", "reached": "yes"})
        refused = colleague(town, "dispatcher").post(
            f"/cases/{case.number}/do/progress", {"version": f.again(town, case.id).version, "text": "快好了"}
        )
        told = theirs.post(
            f"/cases/{case.number}/do/progress",
            {"version": f.again(town, case.id).version, "text": "井已清掏，明天再看"},
        )

        assert (noted.status_code, refused.status_code, told.status_code) == (302, 403, 302)

    def test_signing_from_a_stale_page_answers_412(self, town):
        case = f.a_case_at(town, Status.OFFERED, now=earlier())
        theirs = lead_desk(town, case)

        stale = theirs.post(f"/cases/{case.number}/do/sign", {"version": case.version - 1, "seq": "1"})
        right = theirs.post(f"/cases/{case.number}/do/sign", {}, headers={**HOST, "If-Match": f'"{case.version}"'})

        assert (stale.status_code, right.status_code) == (412, 302)
        assert f.again(town, case.id).status == Status.HANDLING

    def test_an_act_that_is_none_is_not_found(self, town):
        case = f.a_case(town, now=earlier())

        assert colleague(town, "dispatcher").post(f"/cases/{case.number}/do/merge", {"version": 1}).status_code == 404

    def test_costs_the_same_whatever_the_members(self, town):
        case, by = f.a_case(town, now=earlier()), f.operator(town)
        desk = colleague(town, "dispatcher")
        desk.get(f"/cases/{case.number}")
        with statements() as few:
            desk.get(f"/cases/{case.number}")
        with scope.work(by):
            rows = [arrival.Incoming(text=f"{f.DRAIN}{i}", channel="phone", join_case_id=case.id) for i in range(30)]
            intake.receive_many(rows, by=by, now=timezone.now(), tenant_code="990181")

        with statements() as many:
            desk.get(f"/cases/{case.number}")

        assert len(many) == len(few) <= 24, "\n".join(many)


class TestReadingTheContact:
    def look(self, client, case, **said):
        return client.post(f"/cases/{case.number}/contact", {"why": "visit", "words": "约下午去看", **said})

    def test_shows_it_once_and_leaves_a_reading_that_the_person_sees(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=earlier(), caller_contact=TEL, caller_name="王女士")

        response = self.look(lead_desk(town, case), case)

        assert TEL in response.content.decode()
        assert "no-store" in response["Cache-Control"]
        with scope.work(system(town)):
            report = Report.objects.get(tenant_id=town)
            kept = accounts.readings_of("cases_report", report.id)
        assert [(r.purpose, r.reason) for r in kept] == [("contact.caller", "上门前联系：约下午去看")]

    def test_is_not_in_the_page_without_a_look(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=earlier(), caller_contact=TEL)

        assert TEL not in lead_desk(town, case).get(f"/cases/{case.number}").content.decode()

    def test_needs_a_purpose(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=earlier(), caller_contact=TEL)

        response = self.look(lead_desk(town, case), case, why="")

        assert response.status_code == 422
        assert TEL not in response.content.decode()

    def test_is_refused_to_a_body_that_gave_it_back_and_to_the_auditor(self, town):
        case = f.a_case_at(town, Status.OFFERED, now=earlier(), caller_contact=TEL)
        former = lead_desk(town, case)
        f.ask_return(case, timezone.now() - timedelta(hours=1))
        desk = f.dispatcher(town)
        from jishi.cases.actions import handover

        with scope.work(desk):
            handover.accept_return(case.id, by=desk, now=timezone.now())

        assert self.look(former, case).status_code == 403
        assert self.look(colleague(town, "auditor"), case).status_code == 403
        with scope.work(system(town)):
            assert accounts.readings_of("cases_report", Report.objects.get(tenant_id=town).id) == []

    def test_a_confidential_reporter_stays_sealed(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=earlier(), caller_contact=TEL, voice="confidential")

        html = self.look(lead_desk(town, case), case).content.decode()

        assert TEL not in html and "保密，封着" in html


class TestTheList:
    def test_filters_by_what_stands_in_the_address(self, town):
        drain = f.a_case(town, now=earlier())
        roof = f.a_case(town, now=earlier(), matter="02.01.01", text="青溪里3栋顶楼漏水，吊顶掉了")
        closed = f.a_case_at(town, Status.DECLINED, now=earlier(), text="路灯坏了一个月没人修", matter="06.02.01")
        desk = colleague(town, "dispatcher")

        def listed(query):
            html = desk.get(f"/cases?{query}").content.decode()
            return {c.number for c in (drain, roof, closed) if c.number in html}

        assert listed("") == {drain.number, roof.number, closed.number}
        assert listed("status=open") == {drain.number, roof.number}
        assert listed("matter=02") == set() or listed("matter=02.01.01") == {roof.number}
        assert listed("q=顶楼漏水") == {roof.number}
        assert listed("q=路灯&status=DECLINED") == {closed.number}
        assert listed("due_before=2020-01-01") == set()

    def test_finds_by_body_the_cases_it_has_or_had(self, town):
        case, other = f.a_case_at(town, Status.OFFERED, now=earlier()), f.a_case(town, now=earlier())
        with scope.work(system(town)):
            name = bodies.names()[case.lead_id].name

        html = colleague(town, "dispatcher").get("/cases", {"body": name}).content.decode()

        assert case.number in html and other.number not in html

    def test_a_number_leads_to_its_case(self, town):
        case = f.a_case(town, now=earlier())

        response = colleague(town, "dispatcher").get("/cases", {"q": case.number.lower()})

        assert response.status_code == 302 and response.headers["Location"] == f"/cases/{case.number}"

    def test_a_phone_number_or_a_name_finds_nobody(self, town):
        case = f.a_case(
            town, now=earlier(), text="雨水井堵了，电话13900000417，我叫李明", caller_contact=TEL, caller_name="李明"
        )

        for q in (TEL, "李明"):
            assert case.number not in colleague(town, "dispatcher").get("/cases", {"q": q}).content.decode()

    @pytest.mark.parametrize("q", ["'); drop table--", "a & b | !c", "：* <-> ()", "\x00", "%%"])
    def test_a_search_is_words_and_nothing_else(self, town, q):
        f.a_case(town, now=earlier())

        assert colleague(town, "dispatcher").get("/cases", {"q": q}).status_code == 200

    def test_a_word_that_names_nothing_filters_nothing_and_says_so(self, town):
        case = f.a_case(town, now=earlier())

        html = colleague(town, "dispatcher").get("/cases?status=NONSENSE&matter=不存在").content.decode()

        assert case.number in html and "没有对上" in html

    @pytest.mark.parametrize("count", [5, 50])
    def test_takes_eight_statements_whatever_the_rows(self, town, count):
        by = f.operator(town)
        with scope.work(by):
            rows = [arrival.Incoming(text=f"{f.DRAIN}{i}", channel="phone", matter="01.02.01") for i in range(count)]
            intake.receive_many(rows, by=by, now=timezone.now(), tenant_code="990181")
        desk = colleague(town, "dispatcher")
        desk.get("/cases")

        with statements() as made:
            html = desk.get("/cases").content.decode()

        assert len(re.findall("data-row", html)) == count
        assert len(made) <= 8, "\n".join(made)


def test_what_a_former_holder_reads_ends_with_its_time(town):
    case = f.a_case_at(town, Status.OFFERED, now=earlier())
    former = lead_desk(town, case)
    f.ask_return(case, timezone.now() - timedelta(hours=2))
    desk = f.dispatcher(town)
    from jishi.cases.actions import dispatch, handover

    with scope.work(desk):
        handover.accept_return(case.id, by=desk, now=timezone.now() - timedelta(hours=1))
        swj = f.body_id(town, "swj")
        dispatch.offer(
            case.id, to=dispatch.Offer(swj, why="管网移交", instruction="只给新单位的话"), by=desk, now=timezone.now()
        )
    theirs = f.handler(town, "swj")
    with scope.work(theirs):
        handover.sign(case.id, by=theirs, now=timezone.now())
        handling.note_contact(case.id, how="phone", reached="yes", gist="约好明天上门", by=theirs, now=timezone.now())

    html = former.get(f"/cases/{case.number}").content.decode()

    assert "只给新单位的话" not in html and "约好明天上门" not in html
