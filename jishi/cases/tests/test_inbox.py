"""我单位: what waits for a body, by clock; every press on the version that was seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from conftest import MONDAY_TEN
from jishi.bodies import queries as bodies
from jishi.cases.actions import dispatch, handling, handover, review
from jishi.cases.models import Handover, Reply
from jishi.cases.queries import judging, work
from jishi.cases.refusals import NothingForThePublic, PublicTextChanged
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, statements, version_on
from jishi.cases.web.work.forms import local_minute
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.kernels.text.minimise import minimise_one

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
ANSWER = "11月18日已与您电话联系。雨水井已清掏，水能下去，两天后再看一次。"


def code_of(case):
    with scope.work(f.the_clock(case.tenant_id)):
        return bodies.names()[case.lead_id].code


def opened(town, status, *, now=None, **facts):
    """A case that our body holds at this stage, and somebody of the body signed in."""
    case = f.a_case_at(town, status, now=now or NOW - timedelta(hours=6), **facts)
    return case, colleague(town, "handler", body=code_of(case))


def press(client, case, code, *, version=None, **said):
    version = case.version if version is None else version
    return client.post(reverse("inbox-act", args=[case.number, code]), {"version": version, **said})


def page(client, case):
    return client.get(reverse("inbox-case", args=[case.number])).content.decode()


def whole(**more):
    return {
        "outcome": "solved", "contacted_at": local_minute(NOW - timedelta(hours=1)), "contacted_how": "phone",
        "what_was_done": "清掏", "text_for_caller": ANSWER, **more,
    }  # fmt: skip


class TestTheInbox:
    def test_shows_what_waits_to_be_signed_with_item_and_clock_explained(self, town):
        case, client = opened(town, Status.OFFERED)

        html = client.get(reverse("inbox")).content.decode()

        assert case.title in html
        assert f'action="{reverse("inbox-act", args=[case.number, "sign"])}"' in html
        assert f.lead_of(case).duty_item.number in html
        assert "为什么是这时" in html

    def test_of_another_body_shows_nothing_of_it(self, town):
        case, _ = opened(town, Status.OFFERED)
        other = colleague(town, "handler", body="gaj")

        assert case.title not in other.get(reverse("inbox")).content.decode()
        assert other.get(reverse("inbox-case", args=[case.number])).status_code == 404
        assert press(other, case, "sign").status_code == 404

    @pytest.mark.parametrize("role", ["dispatcher", "reviewer", "operator"])
    def test_is_refused_to_posts_that_handle_nothing(self, town, role):
        assert colleague(town, role).get(reverse("inbox")).status_code == 403

    def test_sorts_by_the_clock_that_presses_and_tells_late_from_soon(self, town):
        late = f.a_case_at(town, Status.HANDLING, now=MONDAY_TEN)
        by = f.handler_of(late)
        fresh = f.a_case_at(town, Status.HANDLING, now=MONDAY_TEN + timedelta(days=21))

        with scope.work(by):
            found = work.inbox(by=by, now=MONDAY_TEN + timedelta(days=21, hours=3), lang="zh")

        assert [w.case.id for w in found.works] == [late.id, fresh.id]
        assert [w.case.id for w in found.of("late")] == [late.id]
        assert [w.case.id for w in found.of("running")] == [late.id, fresh.id]
        assert all(w.clock.why for w in found.works)

    def test_takes_no_more_than_eight_statements_whatever_the_rows(self, town):
        words = "翠竹苑{}号楼的雨水井堵了，积水很深。"
        cases = [
            f.a_case_at(town, Status.HANDLING, now=NOW - timedelta(hours=6), text=words.format(i + 1)) for i in range(6)
        ]
        by = f.handler_of(cases[0])
        with scope.work(by):
            work.inbox(by=by, now=NOW, lang="zh")
            with statements() as made:
                found = work.inbox(by=by, now=NOW, lang="zh")

        assert len(found.works) == 6
        assert len(made) <= 8, made

    def test_names_what_a_review_found_missing(self, town):
        case = f.a_case_at(town, Status.REPLIED, now=NOW - timedelta(hours=6))
        less = review.Elements(time_of_contact=True, with_whom=True, measures=True, by_when=False)
        f.do(f.reviewer(town), review.send_back, case.id, elements=less, why="没写什么时候好", now=NOW)
        case = f.again(town, case.id)
        client = colleague(town, "handler", body=code_of(case))

        html = client.get(reverse("inbox")).content.decode()

        assert "审核退回来的" in html
        assert "没写什么时候好" in html
        assert "看上次写的" in page(client, case)


class TestSigning:
    def test_starts_the_bodys_clocks(self, town):
        case, client = opened(town, Status.OFFERED)

        assert press(client, case, "sign").status_code == 302

        assert f.again(town, case.id).status == Status.HANDLING

    def test_on_a_version_that_has_gone_changes_nothing_and_says_so(self, town):
        case, client = opened(town, Status.OFFERED)

        answer = press(client, case, "sign", version=case.version - 1)

        assert answer.status_code == 412
        assert "有人先保存了" in answer.content.decode()
        assert f.again(town, case.id).status == Status.OFFERED

    def test_without_a_version_is_refused(self, town):
        case, client = opened(town, Status.OFFERED)

        assert client.post(reverse("inbox-act", args=[case.number, "sign"])).status_code == 428


class TestReturning:
    def words(self, town, case, **more):
        with scope.work(f.the_clock(town)):
            row = duties.law(NOW.date()).by_item_id[f.some_item(town)][0]
            other = bodies.names()[f.body_id(town, "cgj")]
            label = judging.item_label(row, "zh")
        words = "井盖没有坏，是井内堵塞。"
        return {"ground": "not_our_duty", "words": words, "cited": label, "proposed": other.name, **more}

    def test_carries_ground_words_item_and_body(self, town):
        case, client = opened(town, Status.HANDLING)

        answer = press(client, case, "return", **self.words(town, case))

        assert answer.status_code == 302
        lead = f.lead_of(case)
        assert (lead.status, lead.return_ground, lead.return_words) == (
            "RETURN_ASKED", "not_our_duty", "井盖没有坏，是井内堵塞。",
        )  # fmt: skip
        assert lead.cited_item_id is not None
        html = client.get(reverse("inbox")).content.decode()
        assert "到时不答，退单成立" in html
        assert "退单还没有答复，先等派单台的决定" in page(client, case)

    @pytest.mark.parametrize("left_out", ["cited", "proposed", "words"])
    def test_without_what_it_must_carry_keeps_what_was_typed(self, town, left_out):
        case, client = opened(town, Status.HANDLING)
        said = self.words(town, case) | {left_out: ""}

        answer = press(client, case, "return", **said)

        assert answer.status_code == 422
        html = answer.content.decode()
        assert said["ground"] in html
        assert left_out == "words" or said["words"] in html
        assert f.lead_of(case).status == "SIGNED"

    def test_names_an_item_that_is_not_there(self, town):
        case, client = opened(town, Status.HANDLING)

        answer = press(client, case, "return", **self.words(town, case, cited="基本-999999"))

        assert answer.status_code == 422
        assert "清单里找不到" in answer.content.decode()

    def test_is_closed_after_its_time_and_the_page_says_why(self, town):
        case, client = opened(town, Status.HANDLING, now=MONDAY_TEN)

        html = page(client, case)

        assert "退单期限已过" in html
        assert 'aria-describedby="no-return"' in html

    def test_answered_stays_in_sight_with_the_desks_words(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=NOW - timedelta(hours=6))
        f.ask_return(case, NOW - timedelta(hours=1))
        words, item = "设施册登记为雨水井", f.some_item(town)
        f.do(f.dispatcher(town), handover.deny_return, case.id, words=words, cited_item_id=item, now=NOW)
        client = colleague(town, "handler", body=code_of(case))

        html = client.get(reverse("inbox")).content.decode()

        assert "设施册登记为雨水井" in html
        assert "每件只能退一次" in page(client, f.again(town, case.id))


class TestContactAndProgress:
    def test_contact_opens_the_way_to_the_answer(self, town):
        case, client = opened(town, Status.HANDLING)
        assert "现在不能写答复：还没有联系诉求人的记录" in page(client, case)

        assert press(client, case, "contact", how="phone", reached="yes", gist="问清了位置").status_code == 302

        html = page(client, f.again(town, case.id))
        assert "问清了位置" in html
        assert f'action="{reverse("inbox-act", args=[case.number, "reply"])}"' in html

    def test_progress_says_what_is_waited_for(self, town):
        case, client = opened(town, Status.HANDLING)

        press(client, case, "progress", text="疏通一次，退水仍慢", waiting_for="管道检测报告", until="2026-11-23")

        html = client.get(reverse("inbox")).content.decode()
        assert "管道检测报告" in html

    def test_beside_the_table_still_insists_on_the_version(self, town):
        case, client = opened(town, Status.HANDLING)

        answer = press(client, case, "progress", version=case.version - 1, text="疏通一次")

        assert answer.status_code == 412
        assert "疏通一次" in answer.content.decode()


class TestAnswering:
    def test_hands_the_four_elements_to_review(self, town):
        case, client = opened(town, Status.HANDLING)
        f.contact(case, NOW)
        version = version_on(page(client, case))

        answer = press(client, case, "reply", version=version, **whole(done_by="2026-11-30"))

        assert answer.status_code == 302
        assert f.again(town, case.id).status == Status.REPLIED
        with scope.work(f.the_clock(town)):
            reply = Reply.objects.get(case=case)
        assert (reply.outcome, reply.what_was_done, str(reply.done_by_date)) == ("solved", "清掏", "2026-11-30")

    def test_too_short_says_how_many_and_keeps_the_rest(self, town):
        case, client = opened(town, Status.HANDLING)
        f.contact(case, NOW)
        version = version_on(page(client, case))

        answer = press(client, case, "reply", version=version, **whole(text_for_caller="已办。"))

        assert answer.status_code == 422
        html = answer.content.decode()
        assert "现在 3 字，至少 20 字" in html
        assert "清掏" in html
        assert f.again(town, case.id).status == Status.HANDLING

    def test_a_public_text_is_shown_as_it_will_stand_before_it_goes_to_review(self, town):
        case, client = opened(town, Status.HANDLING)
        f.contact(case, NOW)
        typed = "雨水井已经清掏，有事打13912345678。"

        first = press(client, case, "reply", **whole(text_public=typed))

        html = first.content.decode()
        assert first.status_code == 422 and f.again(town, case.id).status == Status.HANDLING
        assert "公开页上会是这样" in html and "13912345678" not in html
        shown = minimise_one(typed).shown
        seen = whole(text_public=shown, public_seen=shown)
        again = press(client, case, "reply", version=f.again(town, case.id).version, **seen)
        assert again.status_code == 302
        with scope.work(f.the_clock(town)):
            assert Reply.objects.get(case=case).text_public == shown

    def test_a_public_text_changed_after_it_was_shown_is_shown_again(self, town):
        case, client = opened(town, Status.HANDLING)
        f.contact(case, NOW)

        said = whole(text_public="井已清掏，井盖也换了。", public_seen="井已清掏。")

        assert press(client, case, "reply", **said).status_code == 422

    def test_a_program_s_public_text_that_names_a_number_is_refused_with_what_would_stand_there(self, town):
        case, _client = opened(town, Status.HANDLING)
        f.contact(case, NOW)
        answer = replace(f.answer_of(NOW), text_public="有事打13912345678。")

        with pytest.raises(PublicTextChanged) as no:
            f.do(f.handler_of(case), handling.reply, case.id, answer=answer, now=NOW)

        assert "13912345678" not in no.value.sentence("zh")
        assert f.again(town, case.id).status == Status.HANDLING

    @pytest.mark.parametrize("facts", [{"voice": "confidential"}, {"kind": "tip_off"}, {"accused": "gaj"}])
    def test_no_public_words_are_asked_for_or_taken_where_nobody_may_ever_open_the_case(self, town, facts):
        accused = (f.body_id(town, facts["accused"]),) if "accused" in facts else ()
        said = {k: v for k, v in facts.items() if k != "accused"}
        case, client = opened(town, Status.HANDLING, accused_body_ids=accused, **said)
        f.contact(case, NOW)
        version = f.again(town, case.id).version
        answer = replace(f.answer_of(NOW), text_public="雨水井已经清掏。")

        html = page(client, case)
        old_page = whole(text_public="井已清掏。", public_seen="井已清掏。")
        answered = press(client, case, "reply", version=version, **old_page)
        with pytest.raises(NothingForThePublic):
            f.do(f.handler_of(case), handling.reply, case.id, answer=answer, now=NOW)

        assert 'name="text_public"' not in html and "这件事不公开，所以没有给大家看的话可写" in html
        assert answered.status_code == 409 and "这件事不会公开" in answered.content.decode()
        assert f.again(town, case.id).status == Status.HANDLING
        assert press(client, case, "reply", version=version, **whole()).status_code == 302
        reviewing = colleague(town, "reviewer").get(reverse("review") + f"?case={case.number}").content.decode()
        assert "这件事不公开。" in reviewing and "没有写；这件事公开时" not in reviewing

    def test_the_reviewer_reads_what_will_be_public(self, town):
        case, client = opened(town, Status.HANDLING)
        f.contact(case, NOW)
        shown = "雨水井已经清掏。"
        seen = whole(text_public=shown, public_seen=shown)
        press(client, case, "reply", version=f.again(town, case.id).version, **seen)

        html = colleague(town, "reviewer").get(reverse("review") + f"?case={case.number}").content.decode()

        assert "给大家看的话" in html and shown in html

    def test_without_contact_is_refused_by_the_verb_too(self, town):
        case, client = opened(town, Status.HANDLING)

        assert press(client, case, "reply", **whole()).status_code == 409

    def test_of_an_unknown_act_is_not_found(self, town):
        case, client = opened(town, Status.HANDLING)

        assert press(client, case, "close").status_code == 404


def test_a_second_offer_to_the_same_body_is_a_new_row(town):
    case = f.a_case_at(town, Status.OFFERED, now=NOW - timedelta(hours=6))
    f.do(f.dispatcher(town), dispatch.take_back, case.id, reason="换一个", now=NOW)
    with scope.work(f.the_clock(town)):
        assert Handover.objects.filter(case=case, status="TAKEN_BACK").count() == 1
        by = f.handler(town, "cgj")
    with scope.work(by):
        assert work.inbox(by=by, now=NOW, lang="zh").works == ()
