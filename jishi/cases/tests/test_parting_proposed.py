"""一单多诉: a text that surely says two things is proposed to be parted; one press parts it, nothing does by itself."""

import html
import re

import pytest
from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.cases.models import Case, Membership
from jishi.cases.queries import parting as told
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, statements, version_on
from jishi.cases.triage import parting
from jishi.foundation import scope
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db
LIGHT, DRAIN = "翠竹苑门口的路灯不亮了，晚上看不见路。", "另外小区门口雨水井堵了，一下雨就积水。"
TWO = LIGHT + DRAIN
ONE = "翠竹苑门口的路灯不亮了。三盏路灯都坏了，晚上看不见路，请派人修路灯。谢谢。"


def of(town: int, text: str, **given: str) -> list[parting.Piece]:
    with scope.work(system(town)):
        return parting.parts_of(text, day=localdate(MONDAY_TEN), **given)


class TestPieces:
    def test_end_where_a_sentence_ends_or_another_matter_is_opened(self) -> None:
        assert [t for _, t in parting.pieces_of("路灯坏了三天了，另外垃圾也没有人收。好的。")] == [
            "路灯坏了三天了，", "另外垃圾也没有人收。好的。",
        ]  # fmt: skip
        assert [t for _, t in parting.pieces_of("工地半夜施工吵得睡不着，同时想问一下老年证怎么办")] == [
            "工地半夜施工吵得睡不着，", "同时想问一下老年证怎么办",
        ]  # fmt: skip
        assert parting.pieces_of("水压 1.5 公斤，温度 2.3 度") == [(0, "水压 1.5 公斤，温度 2.3 度")]

    def test_stand_where_they_were_said(self, town: int) -> None:
        assert all(TWO[p.start :].startswith(p.text) for p in of(town, TWO))


class TestProposal:
    def test_names_each_matter_with_its_own_words(self, town: int) -> None:
        found = of(town, TWO)

        assert [p.text for p in found] == [LIGHT, DRAIN]
        assert len({p.matter.rpartition(".")[0] for p in found}) == 2
        assert all(p.p >= 0.5 and p.reason for p in found)

    def test_begins_with_what_the_case_is_about(self, town: int) -> None:
        assert of(town, TWO, first=of(town, TWO)[1].matter)[0].text == DRAIN

    def test_of_four_matters_loses_no_word_and_begins_with_that_of_the_case(
        self, town: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(parting, "MOST", 1)
        second = of(town, TWO)[0]

        (only,) = of(town, TWO, first="" if not second else second.matter)

        assert only.text == TWO

    @pytest.mark.parametrize("text", [ONE, "路灯坏了", "", "。。。", LIGHT + "请尽快处理，谢谢领导。" * 3])
    def test_is_none_where_one_thing_is_said(self, town: int, text: str) -> None:
        assert of(town, text) == []


class TestTheDesk:
    def test_parts_it_by_one_press_with_the_words_and_the_matter(self, town: int) -> None:
        case = f.a_case(town, text=TWO, matter="")
        desk = colleague(town, "dispatcher")

        page = desk.get(f"/desk/dispatch?case={case.number}").content.decode()
        block = page[page.index('id="parting"') :]
        form = block[block.index("<form") : block.index("</form>")]
        said = {k: html.unescape(v) for k, v in re.findall(r'name="(\w+)" value="([^"]*)"', form)}
        with scope.work(system(town)):
            assert Case.objects.count() == 1, "nothing is parted by itself"
        answer = desk.post(f"/cases/{case.number}/do/split", {**said, "version": version_on(page)})

        assert answer.status_code == 302
        with scope.work(system(town)):
            cases = list(Case.objects.order_by("id"))
            parts = list(Membership.objects.filter(to_at=None).order_by("id").values_list("part_text", flat=True))
        assert [c.matter for c in cases] == ["03.02.01", "01.02.01"] == [cases[0].matter, said["second_matter"]]
        assert parts == [LIGHT.rstrip("。"), DRAIN.rstrip("。")]

    def test_shows_none_for_one_matter_nor_to_who_may_not_part(self, town: int) -> None:
        one, two = f.a_case(town, text=ONE), f.a_case(town, text=TWO)
        desk, ruler = colleague(town, "dispatcher"), colleague(town, "ruler", body="ldxz")

        assert 'id="parting"' not in desk.get(f"/desk/dispatch?case={one.number}").content.decode()
        assert 'id="parting"' not in ruler.get(f"/desk/dispatch?case={two.number}").content.decode()

    def test_costs_nothing_where_one_sentence_was_said(self, town: int) -> None:
        case = f.a_case(town)
        with scope.work(f.dispatcher(town)):
            report = Membership.objects.select_related("report").get(case=case).report
            with statements() as made:
                assert told.of_report(report, case, now=MONDAY_TEN, lang="zh") == []
        assert made == []


def test_the_console_shows_the_two_with_whose_each_would_be(town: int) -> None:
    page = colleague(town, "operator").post("/desk/operator/look", {"text": TWO}).content.decode()

    block = page[page.index('id="parting"') :]
    assert "<form" not in block[: block.index("</section>")]
    assert "路灯" in block and "雨水井" in block
