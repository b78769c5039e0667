"""Every refusal of the guard (spec 11 §4) that a written line can meet, through each door that writes lines.

The doors that give a case to a body have the same table in `jishi/cases/tests/test_pushing.py`.
"""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.bodies.tests.factories import COUNTY
from jishi.duties.actions import lists
from jishi.duties.models import DutyItem, DutyList
from jishi.duties.refusals import FileRefused, ItemsRefused
from jishi.duties.sheet import NewItem, to_xlsx
from jishi.duties.tests.factories import HOLDER, ITEMS, a_draft, a_stage, as_csv
from jishi.foundation import scope

TAKEN = NewItem("收回-009", "taken_back", "深水处置", ("01.02.03",), None, "lajd", "市城管局", "负责处置")
ASSIST = NewItem("配合-009", "assist", "疏通", ("01.02.01",), None, "lajd", "市水务局", "负责疏通", "巡查上报")
PUSHED = {
    "a taken-back item to a street": (TAKEN, "收回，不能交给镇街及以下办理", "北京市街道办事处条例 第十条"),
    "a taken-back item to the street of the place": (
        replace(TAKEN, lead_body="$street"), "收回，不能交给镇街及以下办理", "潍坊市12345条例 第二十四条第二款",
    ),
    "a taken-back item to a community": (
        replace(TAKEN, lead_body="qxsq"), "收回，不能交给镇街及以下办理", "北京市街道办事处条例 第十条",
    ),
    "an assist item to a street as lead": (ASSIST, "镇街只能协办", "北京市街道办事处条例 第十条"),
    "an assist item to a community as lead": (
        replace(ASSIST, lead_body="$community"), "社区（村）不能主办", "北京市街道办事处条例 第三十二条",
    ),
    "a basic item to a community by name, not on its own list": (
        replace(ITEMS[0], number="基本-009", name="清掏", lead_body="qxsq"), "自己的清单上，不能交给社区",
        "第十七条第二款",
    ),
    "a line that takes a lawful power to the community of the place": (
        replace(ITEMS[1], number="基本-010", name="群租房检查", powers=("inspection", "penalty")),
        "法定职权“行政检查、行政处罚”", "行政处罚法 第十七条",
    ),
}  # fmt: skip
PARTLESS = replace(ASSIST, lead_body="swj", own_part="")


@pytest.fixture
def stage(tenant):
    return a_stage(tenant)


def drafted(stage, items):
    return a_draft(stage, items=items)


def edited(stage, items):
    list_id = a_draft(stage)
    with scope.work(stage.keeper):
        lists.edit(list_id, put=items[-1:], seen_version=1, by=stage.keeper, now=MONDAY_TEN)


def imported(stage, data):
    with scope.work(stage.keeper):
        lists.draft_file(
            data, holder=HOLDER, title="第二版", effective_from=date(2026, 6, 1), by=stage.keeper, now=MONDAY_TEN
        )


DOORS = {
    "draft": drafted,
    "edit": edited,
    "import of csv": lambda stage, items: imported(stage, as_csv(items).encode()),
    "import of xlsx": lambda stage, items: imported(stage, to_xlsx(items, title="清单")),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize(("line", "words", "article"), PUSHED.values(), ids=PUSHED)
def test_a_line_that_pushes_a_duty_down_is_refused_with_its_ground_and_nothing_is_stored(
    stage, door, line, words, article
):
    with pytest.raises((ItemsRefused, FileRefused)) as no:
        door(stage, [*ITEMS, line])

    (fault,) = no.value.facts["faults"]
    assert (fault["column"], fault["code"]) == ("主办单位", "pushed_down")
    assert words in fault["zh"] and article in fault["zh"] and line.number in fault["en"]
    with scope.work(stage.keeper):
        assert not DutyItem.objects.filter(number=line.number).exists()


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_an_assist_line_without_the_part_that_is_asked_for_is_refused(stage, door):
    with pytest.raises((ItemsRefused, FileRefused)) as no:
        door(stage, [*ITEMS, PARTLESS])

    assert [f["code"] for f in no.value.facts["faults"]] == ["part_missing"]


class TestTheForm:
    """The form of one line is a door too; it says the ground on the page and keeps what was typed."""

    @pytest.fixture
    def draft(self, stage):
        return a_draft(stage, from_day=date(2099, 6, 1))

    @pytest.fixture
    def keeper(self, client, tenant, stage):
        account = an_account(tenant)
        a_grant(account, "office", body_id=stage.bodies["bgs"], post_id=31, post_title="清单办公室")
        return signed_in(client, account, post=31, at=datetime.now(UTC))

    def sent(self, keeper, draft, line):
        said = {
            "do": "save", "version": 1, "number": line.number, "kind": line.kind, "name": line.name,
            "matters": list(line.matters), "lead_body": line.lead_body, "superior_dept": line.superior_dept,
            "superior_duty": line.superior_duty, "own_part": line.own_part, "priority": "50", "c:k": "all",
            "powers": list(line.powers),
        }  # fmt: skip
        answer = keeper.post(f"/desk/duties/{draft}/items/new", said)
        return answer.status_code, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))

    @pytest.mark.parametrize(("line", "words", "article"), PUSHED.values(), ids=PUSHED)
    def test_refuses_a_line_that_pushes_a_duty_down_with_its_ground(self, stage, keeper, draft, line, words, article):
        status, page = self.sent(keeper, draft, line)

        assert status == 422 and words in page and article in page
        with scope.work(stage.keeper):
            assert not DutyItem.objects.filter(number=line.number).exists()

    def test_refuses_an_assist_line_without_the_part_that_is_asked_for(self, stage, keeper, draft):
        status, page = self.sent(keeper, draft, PARTLESS)

        assert status == 422 and "镇街配合职责" in page
        with scope.work(stage.keeper):
            assert not DutyItem.objects.filter(number=PARTLESS.number).exists()

    def test_takes_the_same_line_when_the_part_is_said(self, stage, keeper, draft):
        status, _page = self.sent(keeper, draft, replace(PARTLESS, own_part="巡查上报"))

        assert status == 302


def test_a_community_does_its_part_of_a_line_whose_lead_has_the_power(stage):
    part = [replace(ASSIST, number="配合-001", lead_body="cgj", superior_dept="市城管局", powers=("penalty",))]

    with scope.work(stage.keeper):
        list_id = lists.draft(
            "qxsq", title="社区清单", effective_from=date(2026, 6, 1), items=part, by=stage.keeper, now=MONDAY_TEN
        )
        assert DutyItem.objects.get(list=list_id).powers == ["penalty"]


def test_a_community_may_lead_what_stands_on_its_own_list(stage):
    own = [NewItem("基本-001", "basic", "楼道保洁", ("01.02.01",), None, "qxsq")]

    with scope.work(stage.keeper):
        for holder in ("qxsq", f"communities:{COUNTY}"):
            list_id = lists.draft(
                holder, title="社区清单", effective_from=date(2026, 6, 1), items=own, by=stage.keeper, now=MONDAY_TEN
            )
            assert DutyList.objects.get(id=list_id).holder == holder
