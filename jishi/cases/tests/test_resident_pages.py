"""Pages of residents through the browser's door: no script, no account, real verbs, real database."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client

from jishi.accounts.tests.factories import an_account, signed_in
from jishi.cases.actions import feedback
from jishi.cases.models import Addendum, Case, Feedback, Membership, Report
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.letter_steps import opened, pressed
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.models import Entry, IdempotencyRecord

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]

DRAIN = "翠竹苑3号楼北门口的雨水井堵了，一下雨就积水。我叫李明，电话13900000123。"
NUMBER = re.compile(r'id="number">(.*?)</p>', re.DOTALL)
WORD = re.compile(r'id="word">([0-9A-Z]{5}-[0-9A-Z]{5})</p>')


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "town.example", "accept-language": "zh"})


def a_form(client: Client) -> dict[str, str]:
    """What a browser sends of the form as it stands."""
    page = client.get("/speak").content.decode()
    found = re.search(r'name="idempotency_key" value="(\w+)"', page)
    assert found
    return {"idempotency_key": found[1], "text": DRAIN, "where": "", "voice": "open", "tel": "13900000123"}


def said(client: Client, **changes: str) -> tuple[str, str]:
    """Say a matter and give number and word from the receipt."""
    response = client.post("/speak", a_form(client) | changes)
    assert response.status_code == 302, response.content.decode()
    page = client.get("/receipt").content.decode()
    number, word = NUMBER.search(page), WORD.search(page)
    assert number
    return number[1].replace("<wbr>", ""), word[1] if word else ""


def read(tenant: int):
    return scope.work(system(tenant))


def open_with(client: Client, number: str, word: str):
    return client.post("/mine", {"number": number, "word": word})


def press(client: Client, number: str, code: str, words: str):
    """Send a form of the timeline as it stands there, with the version that it carries."""
    page = client.get(f"/mine/{number}").content.decode()
    found = re.search(rf'action="/mine/{number}/{code}">.*?name="version" value="(\d+)"', page, re.DOTALL)
    return client.post(f"/mine/{number}/{code}", {"words": words, "version": found[1] if found else ""})


def judge(client: Client, path: str, **answers: str):
    """Send the three questions as they stand there."""
    found = re.search(r'name="version" value="(\d+)"', opened(client, path).content.decode())
    return pressed(client, path, {"version": found[1] if found else "", **answers})


class TestSpeakingUp:
    def test_works_without_script_and_account_and_gives_number_word_day_and_body(self, client, town):
        response = client.post("/speak", a_form(client), follow=True)

        page = response.content.decode()
        assert response.redirect_chain == [("/receipt", 302)]
        assert NUMBER.search(page)
        assert WORD.search(page)
        assert "这个日子怎么算的" in page
        with read(town):
            assert Report.objects.get().channel == "web"

    def test_a_double_press_is_one_report_with_one_receipt(self, client, town):
        form = a_form(client)

        client.post("/speak", form)
        first = client.get("/receipt").content.decode()
        client.post("/speak", form)
        second = client.get("/receipt").content.decode()

        with read(town):
            assert Report.objects.count() == 1
        assert WORD.search(first)[1] == WORD.search(second)[1]

    def test_the_word_lies_nowhere_in_the_store(self, client, town):
        _, word = said(client)

        with read(town):
            kept = [r.answer for r in IdempotencyRecord.objects.all()] + [Report.objects.get().word_hash]
        assert word.replace("-", "") not in str(kept)

    def test_a_changed_text_under_the_same_key_asks_again_and_keeps_both_apart(self, client, town):
        form = a_form(client)
        client.post("/speak", form)

        again = client.post("/speak", form | {"text": "路灯坏了三盏，晚上看不见路。"})

        assert again.status_code == 409
        assert "刚才那一份已经收到了" in again.content.decode()
        with read(town):
            assert Report.objects.count() == 1

    def test_an_empty_text_comes_back_beside_its_field_with_everything_else_kept(self, client, town):
        response = client.post("/speak", a_form(client) | {"text": "  ", "where": "翠竹苑", "voice": "confidential"})

        page = response.content.decode()
        assert response.status_code == 422
        assert 'id="id_text_error">还没有写是什么事' in page
        assert 'href="#id_text"' in page
        assert 'value="翠竹苑"' in page
        assert 'value="confidential" checked' in page

    def test_a_short_number_is_named_with_its_digits(self, client):
        response = client.post("/speak", a_form(client) | {"tel": "1390000012"})

        assert response.status_code == 422
        assert "手机号现在是 10 位，应为 11 位。" in response.content.decode()

    def test_a_refused_form_stores_nothing_and_the_same_press_still_works(self, client, town):
        form = a_form(client)
        client.post("/speak", form | {"tel": "139"})

        response = client.post("/speak", form)

        assert response.status_code == 302
        with read(town):
            assert Report.objects.count() == 1

    def test_who_complains_about_a_body_hides_the_matter_from_it(self, client, town):
        accused = f.body_id(town, "swj")

        said(client, accused=str(accused), voice="confidential")

        with read(town):
            assert Report.objects.get().accused_body_ids == [accused]
        with scope.work(f.handler(town, "swj")):
            assert not Case.objects.exists()

    def test_the_anonymous_sentence_stands_on_the_page(self, client):
        assert "本平台不记网络地址。您和我们之间的网络可能会记。" in client.get("/speak").content.decode()

    def test_the_notice_of_duty_stands_before_the_first_field(self, client):
        page = client.get("/speak").content.decode()

        assert page.index("谁在收这些话，为什么收，留多久") < page.index("<textarea")


class TestNobodyIsKept:
    def traces(self, town: int) -> str:
        with read(town):
            report = Report.objects.get()
            rows = [
                report.__dict__,
                *Membership.objects.values(),
                *Entry.objects.values(),
                *IdempotencyRecord.objects.values(),
            ]
        return str(rows)

    @pytest.mark.parametrize(("voice", "tel"), [("anonymous", ""), ("confidential", "13900000417")])
    def test_of_a_report_of_who_hides_by_a_signed_in_resident(self, client, town, voice, tel):
        account = an_account(town, staff=False)
        signed_in(client, account)

        said(client, voice=voice, tel=tel)

        assert f"resident:{account.id}" not in self.traces(town)
        with read(town):
            report = Report.objects.get()
            assert (report.reporter_id, report.entered_by) == (None, "anonymous")

    def test_of_somebody_who_showed_another_reports_word_before(self, client, town):
        number, word = said(client)
        open_with(client, number, word)

        said(client, voice="anonymous", tel="", text="路灯坏了三盏，晚上看不见路。")

        with read(town):
            assert {r.entered_by for r in Report.objects.all()} == {"anonymous"}
            assert not [e for e in Entry.objects.all() if e.actor.startswith("reporter:")]

    def test_a_number_with_an_anonymous_report_is_refused_beside_its_field(self, client, town):
        response = client.post("/speak", a_form(client) | {"voice": "anonymous"})

        assert response.status_code == 422
        assert 'id="id_tel_error">匿名就不留姓名和电话' in response.content.decode()

    def test_of_a_child_whatever_was_filled_in(self, client, town):
        account = an_account(town, staff=False)
        signed_in(client, account)

        said(client, child="on", tel="13900000123")

        with read(town):
            report = Report.objects.get()
            assert (report.voice, report.reporter_id) == ("anonymous", None)

    def test_no_session_begins_by_speaking(self, client):
        said(client, voice="anonymous", tel="")

        kept = {name for name in client.cookies if client.cookies[name].value}
        assert settings.SESSION_COOKIE_NAME not in kept


class TestLookingWhileTyping:
    def test_shows_the_place_and_what_will_be_hidden_and_keeps_nothing(self, client, town):
        page = client.post("/speak/look", {"text": DRAIN}).content.decode()

        assert "<strong>翠竹苑3号楼" in page
        assert "<mark>〔电话〕</mark>" in page
        with read(town):
            assert not Report.objects.exists()

    def test_says_nothing_of_too_little(self, client):
        assert "data-found" not in client.post("/speak/look", {"text": "水"}).content.decode()


class TestNumberAndWord:
    def test_open_the_timeline(self, client):
        number, word = said(client)

        response = open_with(client, number.lower(), word.lower())

        assert response["Location"] == f"/mine/{number}"
        assert client.get(f"/mine/{number}").status_code == 200

    def test_wrong_number_and_wrong_word_get_the_same_sentence(self, client):
        number, word = said(client)

        wrong_word = open_with(client, number, "0000000000")
        wrong_number = open_with(client, "R99018126111600001C", word)

        assert wrong_word.status_code == wrong_number.status_code == 404
        assert "编号和口令对不上" in wrong_word.content.decode()
        assert "编号和口令对不上" in wrong_number.content.decode()

    def test_nobody_is_locked_out_by_wrong_words(self, client):
        number, word = said(client)
        for _ in range(12):
            open_with(client, number, "0000000000")

        assert open_with(client, number, word).status_code == 302

    def test_open_nothing_of_another_report(self, client, town):
        number, word = said(client)
        other = f.receive(town)
        open_with(client, number, word)

        response = client.get(f"/mine/{other.number}")

        assert response["Location"].startswith("/mine?number=")

    def test_are_forgotten_when_put_away(self, client):
        number, word = said(client)
        open_with(client, number, word)

        client.post("/mine/leave")

        assert client.get(f"/mine/{number}").status_code == 302

    def test_the_receipt_is_shown_only_to_the_browser_that_sent(self, client):
        said(client)

        assert Client(headers={"host": "town.example"}).get("/receipt").status_code == 410

    def test_the_receipt_is_cleared_from_the_device(self, client):
        said(client)

        client.post("/receipt/away")

        assert client.get("/receipt").status_code == 410


class TestTheAccountsOwn:
    def test_matters_are_listed_without_number_and_word(self, client, town):
        signed_in(client, an_account(town, staff=False))

        number, word = said(client)

        assert word == ""
        page = client.get("/mine").content.decode()
        assert f"/mine/{number}" in page
        assert "在定归哪个单位办" in page

    def test_corner_leads_to_matters_readings_and_display(self, client, town):
        signed_in(client, an_account(town, staff=False))

        page = client.get("/me").content.decode()

        assert all(f'href="{way}"' in page for way in ("/mine", "/me/readings", "/me/sign-in"))


class TestTheCallersActs:
    def test_an_addendum_is_kept_beside_the_report(self, client, town):
        number, word = said(client)
        open_with(client, number, word)

        press(client, number, "add", "今天又积水了，打 13900000123 找我。")

        with read(town):
            assert Addendum.objects.get().text_shown.startswith("今天又积水了")
        page = client.get(f"/mine/{number}").content.decode()
        assert "您补充了一句" in page
        assert "13900000123" not in page

    def test_an_empty_addendum_comes_back_to_the_same_page(self, client, town):
        number, word = said(client)
        open_with(client, number, word)

        response = press(client, number, "add", " ")

        assert response.status_code == 422
        assert "还没有写是什么事" in response.content.decode()

    def test_without_the_version_of_the_page_is_refused_and_of_an_old_one_kept_on_the_page(self, client, town):
        number, word = said(client)
        open_with(client, number, word)
        press(client, number, "add", "今天又积水了。")

        blind = client.post(f"/mine/{number}/add", {"words": "还在积水。"})
        stale = client.post(f"/mine/{number}/add", {"words": "还在积水。", "version": "1"})

        assert (blind.status_code, stale.status_code) == (428, 412)
        assert ">还在积水。</textarea>" in stale.content.decode()
        with read(town):
            assert Addendum.objects.count() == 1

    def test_a_decline_is_objected_to_once(self, client, town):
        now = datetime.now(UTC)
        done = f.receive(town, now=now - timedelta(hours=2), wants_word=True)
        f._decline(f.again(town, done.case_id), now - timedelta(hours=1))
        open_with(client, done.number, done.word)
        page = client.get(f"/mine/{done.number}").content.decode()
        assert "走其他法定程序" in page
        assert "县人民法院诉讼服务中心" in page

        first = press(client, done.number, "object", "法院没有受理过这件事。")
        again = {"words": "还是不同意。", "version": f.again(town, done.case_id).version}
        second = client.post(f"/mine/{done.number}/object", again)

        assert (first.status_code, second.status_code) == (302, 409)
        assert f"/mine/{done.number}/object" not in client.get(f"/mine/{done.number}").content.decode()

    def test_a_closed_case_is_reopened_by_its_caller(self, client, town):
        now = datetime.now(UTC) - timedelta(hours=12)
        done = f.receive(town, now=now, wants_word=True)
        for _, live in f._ROAD[Status.CLOSED]:
            now += timedelta(hours=1)
            live(f.again(town, done.case_id), now)
        open_with(client, done.number, done.word)

        press(client, done.number, "reopen", "昨晚下雨又堵了。")

        assert f.again(town, done.case_id).status == Status.HANDLING
        assert "您说没有解决，重新办" in client.get(f"/mine/{done.number}").content.decode()


class TestFeedback:
    @pytest.fixture
    def asked(self, town) -> tuple[Case, Feedback, str]:
        case = f.a_case_at(town, Status.FEEDBACK, now=datetime.now(UTC) - timedelta(days=1))
        with read(town):
            row = Feedback.objects.get(case=case)
            return case, row, feedback.link_for(row.id)

    def test_asks_three_questions_and_chooses_none_beforehand(self, client, asked):
        page = opened(client, f"/feedback#{asked[2]}").content.decode()

        assert page.count('type="radio"') == 10
        assert " checked" not in page

    def test_keeps_three_answers_and_closes_a_solved_case(self, client, town, asked):
        answers = {"contacted": "yes", "solved": "yes", "satisfied": "basically", "text": ""}

        response = judge(client, f"/feedback#{asked[2]}", **answers)

        assert response.status_code == 302
        with read(town):
            row = Feedback.objects.get()
            assert (row.contacted, row.solved, row.satisfied) == ("yes", "yes", "basically")
        assert f.again(town, asked[0].id).status == Status.CLOSED

    def test_keeps_silence_as_no_answer(self, client, town, asked):
        judge(client, f"/feedback#{asked[2]}", solved="no")

        with read(town):
            row = Feedback.objects.get()
            assert (row.contacted, row.solved, row.satisfied) == ("no_answer", "no", "no_answer")

    def test_an_empty_sheet_is_no_answer_and_stays_open(self, client, town, asked):
        response = judge(client, f"/feedback#{asked[2]}", text=" ")

        assert response.status_code == 422
        with read(town):
            assert Feedback.objects.get().answered_at is None

    def test_a_used_link_says_what_to_do_now(self, client, asked):
        judge(client, f"/feedback#{asked[2]}", solved="no")

        response = opened(client, f"/feedback#{asked[2]}")

        assert response.status_code == 410
        assert "用编号和口令打开这一件" in response.content.decode()

    def test_an_unknown_link_is_over_too(self, client):
        assert opened(client, "/feedback#never-was-a-letter-of-ours").status_code == 410

    def test_is_given_and_changed_from_the_timeline(self, client, town):
        now = datetime.now(UTC) - timedelta(hours=12)
        done = f.receive(town, now=now, wants_word=True)
        for _, live in f._ROAD[Status.FEEDBACK]:
            now += timedelta(hours=1)
            live(f.again(town, done.case_id), now)
        open_with(client, done.number, done.word)

        judge(client, f"/mine/{done.number}/feedback", solved="no")
        judge(client, f"/mine/{done.number}/feedback", solved="partly", satisfied="not")

        with read(town):
            kept = list(Feedback.objects.order_by("id").values_list("solved", "superseded_by"))
        assert [solved for solved, _ in kept] == ["no", "partly"]
        assert kept[0][1] is not None


def test_a_refused_page_of_another_town_is_nobodys(client, town, other_tenant):
    number, word = said(client)
    elsewhere = Client(headers={"host": "other.example", "accept-language": "zh"})

    assert open_with(elsewhere, number, word).status_code == 404
