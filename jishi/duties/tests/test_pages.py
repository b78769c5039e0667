import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.duties.models import Decision, DutyList
from jishi.duties.sheet import to_xlsx
from jishi.duties.tests.factories import HOLDER, ITEMS, a_draft, a_stage
from jishi.foundation import scope
from jishi.foundation.models import Entry


@pytest.fixture
def stage(tenant):
    return a_stage(tenant)


@pytest.fixture
def keeper(client, tenant, stage):
    account = an_account(tenant)
    a_grant(account, "office", body_id=stage.bodies["bgs"], post_id=31, post_title="清单办公室")
    return signed_in(client, account, post=31, at=datetime.now(UTC))


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


class TestBrowsing:
    def test_shows_a_stranger_three_tabs_with_their_counts_and_the_edition(self, client, stage):
        answer = client.get("/duties")

        assert answer.status_code == 200
        for words in ("基本履职 2", "配合履职 2", "上级收回 2", "云办〔2025〕1号", "第 1 版", "基本-001"):
            assert words in text_of(answer)

    def test_finds_items_by_the_resident_s_word_for_the_matter(self, client, stage):
        answer = client.get("/duties", {"q": "篦子"})

        assert "基本-001" in text_of(answer) and "收回-001" not in text_of(answer)

    def test_prints_every_item_on_one_page(self, client, stage):
        answer = client.get("/duties", {"all": "1"})

        assert all(i.number in text_of(answer) for i in ITEMS)

    def test_takes_the_same_number_of_statements_for_every_page(self, client, stage, django_assert_max_num_queries):
        client.get("/duties")
        with django_assert_max_num_queries(8):
            client.get("/duties")


class TestItem:
    def test_says_condition_law_lead_assistant_edition_and_day(self, client, stage):
        assert "地点是老旧小区一类" in text_of(client.get("/duties/基本-001"))
        law = text_of(client.get("/duties/基本-002"))
        assert "物业管理条例 第十条" in law and "已对照原文" in law
        assist = text_of(client.get("/duties/配合-001"))
        assert "市水务局" in assist and "：巡查上报" in assist and "第 1 版" in assist

    def test_is_said_in_english_too(self, client, stage):
        answer = client.get("/duties/基本-001", headers={"Accept-Language": "en"})

        assert "the place is of kind an old housing estate" in text_of(answer)

    def test_that_is_not_there_is_not_found(self, client, stage):
        assert client.get("/duties/基本-999").status_code == 404


class TestWhose:
    def test_answers_a_resident_without_signing_in_and_names_item_edition_and_article(self, client, stage):
        answer = client.get("/duties/whose", {"matter": "02.01.04", "division": "990181001001"})

        page = text_of(answer)
        for words in ("青溪社区居委会", "基本-002", "第 1 版", "物业管理条例 第十条", "怎么判的"):
            assert words in page

    def test_stores_nothing(self, client, stage):
        with scope.work(stage.keeper):
            before = Entry.objects.count(), Decision.objects.count()

        client.get("/duties/whose", {"matter": "01.02.01", "division": "990181001001"})

        with scope.work(stage.keeper):
            assert (Entry.objects.count(), Decision.objects.count()) == before

    def test_asks_what_would_settle_it_and_takes_the_answer(self, client, stage):
        asked = client.get("/duties/whose", {"matter": "02.01.01", "division": "990181001001"})
        told = client.get("/duties/whose", {"matter": "02.01.01", "division": "990181001001", "a-warranty": "in"})

        assert "过保修期了吗" in text_of(asked)
        assert "收回-002" in text_of(told) and "主办 市水务局" in text_of(told)

    def test_finds_the_matter_by_a_few_words(self, client, stage):
        one = client.get("/duties/whose", {"q": "雨水篦子堵了"})
        several = client.get("/duties/whose", {"q": "漏水"})

        assert "雨水井堵塞" in text_of(one)
        assert "楼顶漏水" in text_of(several) and "邻里漏水" in text_of(several)

    @pytest.mark.parametrize(
        "odd", [{"matter": "zz"}, {"division": "1"}, {"matter": "01.02.03", "a-depth_cm": "-9e9"}, {"on": "x"}]
    )
    def test_takes_whatever_stands_in_the_address(self, client, stage, odd):
        assert client.get("/duties/whose", odd).status_code == 200


class TestDesk:
    def test_sends_a_stranger_to_sign_in(self, client, stage):
        assert client.get("/desk/duties").status_code == 302

    def test_offers_the_import_to_a_town_that_has_no_list_yet(self, client, other_tenant):
        account = an_account(other_tenant)
        a_grant(account, "office", post_id=31, post_title="清单办公室")
        first = signed_in(client, account, post=31, at=datetime.now(UTC))

        answer = first.get("/desk/duties/import", headers={"host": "other.example"})

        assert answer.status_code == 200
        assert "谁的清单" in text_of(answer)

    def test_leads_an_import_through_check_to_consultation(self, keeper, stage):
        from django.core.files.uploadedfile import SimpleUploadedFile

        file = SimpleUploadedFile("list.xlsx", to_xlsx(ITEMS, title="清单"))
        said = {"file": file, "holder": HOLDER, "title": "第二版", "day": "2099-06-01"}
        keeper.post("/desk/duties/import", said)
        with scope.work(stage.keeper):
            made = DutyList.objects.get(edition=2)
        where = f"/desk/duties/{made.id}"

        assert "还没检查" in text_of(keeper.get(where))
        keeper.post(f"{where}/do/check")
        assert "没有写法律依据" in text_of(keeper.get(where))
        keeper.post(f"{where}/do/consult")
        assert "征求意见到" in text_of(keeper.get(where))

    def test_names_row_and_column_of_a_file_with_faults_and_takes_nothing(self, keeper, stage):
        from django.core.files.uploadedfile import SimpleUploadedFile

        from jishi.duties.tests.factories import as_csv

        file = SimpleUploadedFile("list.csv", as_csv(ITEMS).replace('"01.02.01"', '"88.1"').encode())
        answer = keeper.post("/desk/duties/import", {"file": file, "holder": HOLDER, "title": "x", "day": "2099-06-01"})

        assert answer.status_code == 422
        assert "2 事项代码 事项分类里没有代码“88.1”" in text_of(answer)
        with scope.work(stage.keeper):
            assert not DutyList.objects.filter(edition=2).exists()

    def test_shows_a_dry_run_and_exports_a_workbook(self, keeper, stage):
        list_id = a_draft(stage)

        dry = keeper.get(f"/desk/duties/{list_id}/dry-run", {"from": "2026-03-01", "to": "2026-03-31"})
        file = keeper.get(f"/desk/duties/{list_id}/file")

        assert dry.status_code == 200 and "这段时间里没有判过的事" in text_of(dry)
        assert file.content[:2] == b"PK" and "attachment" in file["Content-Disposition"]


RIVAL = replace(ITEMS[3], number="收回-009", name="另一条", lead_body="swj", superior_dept="市水务局")


class TestCoverage:
    def test_shows_which_matter_no_item_covers_in_which_area(self, keeper, stage):
        list_id = a_draft(stage, items=ITEMS[:1])

        page = text_of(keeper.get(f"/desk/duties/{list_id}/coverage", {"show": "none"}))

        assert "4 种事 × 2 个地方： 0 格总有一条管； 2 格看情况； 6 格没有" in page
        assert "邻里漏水" in page and "雨水井堵塞" not in page

    def test_shows_where_two_lines_contest_with_facts_that_show_it(self, keeper, stage):
        list_id = a_draft(stage, items=[*ITEMS, RIVAL])

        page = text_of(keeper.get(f"/desk/duties/{list_id}/coverage", {"show": "contested"}))

        assert "收回-001 主办 市城管局" in page and "收回-009 主办 市水务局" in page
        assert "例：" in page and "事项 = 道路积水" in page and "水大约多深 = " in page
        assert "雨水井堵塞" not in page and "打架" in page

    def test_says_so_when_nothing_is_contested(self, keeper, stage):
        page = keeper.get(f"/desk/duties/{stage.list_id}/coverage", headers={"Accept-Language": "en"})

        assert "Every case was tried, none was sampled." in text_of(page)

    def test_does_not_ask_the_database_more_for_more_lines(self, keeper, stage, django_assert_max_num_queries):
        keeper.get(f"/desk/duties/{stage.list_id}/coverage")
        with django_assert_max_num_queries(14):
            keeper.get(f"/desk/duties/{stage.list_id}/coverage")
