"""The form of one line: the same verbs and rules as an import, nothing typed is lost, no script is needed."""

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.duties import conditions
from jishi.duties.actions import lists
from jishi.duties.models import DutyItem, DutyList
from jishi.duties.tests.factories import ITEMS, a_draft, a_stage
from jishi.duties.vocabulary import FACT_GROUPS, OPERATOR_NAMES
from jishi.foundation import scope, trail
from jishi.kernels import dutylist
from jishi.kernels.dutylist.facts import FACT_TYPES
from jishi.kernels.dutylist.operators import OPERATORS
from jishi.kernels.dutylist.tests.factories import conditions as random_conditions
from jishi.kernels.dutylist.tests.factories import facts as random_facts

OLD = {"c:k": "all", "c.0:k": "test", "c.0:f": "place", "c.0:o": "in_kind", "c.0:v": "old_estate"}
LINE = {
    "kind": "basic", "name": "老旧小区雨水口清掏", "matters": ["01.02.01", ""], "lead_body": "$street",
    "p-promise": "5", "u-promise": "wd", "priority": "60", "basis-law": "", "basis-article": "", "basis-words": "",
}  # fmt: skip


@pytest.fixture
def stage(tenant):
    return a_stage(tenant)


@pytest.fixture
def draft(stage):
    return a_draft(stage, from_day=date(2099, 6, 1))


@pytest.fixture
def keeper(client, tenant, stage):
    account = an_account(tenant)
    a_grant(account, "office", body_id=stage.bodies["bgs"], post_id=31, post_title="清单办公室")
    return signed_in(client, account, post=31, at=datetime.now(UTC))


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def version(stage, list_id):
    with scope.work(stage.keeper):
        return DutyList.objects.get(id=list_id).version


def send(keeper, stage, list_id, line, **said):
    where = f"/desk/duties/{list_id}/items/{line or 'new'}"
    return keeper.post(where, LINE | OLD | {"version": version(stage, list_id)} | said)


def stored(stage, list_id, number):
    with scope.work(stage.keeper):
        return DutyItem.objects.filter(list_id=list_id, number=number).first()


class TestSaving:
    def test_changes_one_item_by_the_verb_of_the_lists_and_leaves_a_record(self, keeper, stage, draft):
        answer = send(keeper, stage, draft, "基本-001", do="save", name="老旧小区雨水口清掏和疏通", priority="61")

        row = stored(stage, draft, "基本-001")
        assert answer.status_code == 302 and (row.name, row.priority) == ("老旧小区雨水口清掏和疏通", 61)
        assert row.condition == ITEMS[0].condition and row.promises == {"promise": "5wd"}
        with scope.work(stage.keeper):
            entry = trail.of("duty_list", draft)[-1]
            assert (entry.verb, entry.codes["put"]) == ("duty_list.edited", ["基本-001"])
            assert [i.number for i in lists.items_of(DutyList.objects.get(id=draft))] == [i.number for i in ITEMS]

    def test_keeps_everything_else_of_an_item_as_it_was(self, keeper, stage, draft):
        before = ITEMS[3]  # 收回-001: a number with a unit
        said = {
            "kind": before.kind, "name": before.name, "matters": list(before.matters), "lead_body": before.lead_body,
            "superior_dept": before.superior_dept, "superior_duty": before.superior_duty, "priority": "70",
            "p-promise": "1", "c.0:f": "answers.depth_cm", "c.0:o": "≥", "c.0:v": "50",
        }  # fmt: skip

        send(keeper, stage, draft, before.number, do="save", **said)

        with scope.work(stage.keeper):
            assert lists.items_of(DutyList.objects.get(id=draft))[3] == before

    def test_adds_an_item_behind_the_last_one_of_its_kind(self, keeper, stage, draft):
        answer = send(keeper, stage, draft, "", do="save", number="基本-003", name="路灯", matters=["雨水井堵塞"])

        assert answer.status_code == 302
        with scope.work(stage.keeper):
            there = [i.number for i in lists.items_of(DutyList.objects.get(id=draft))]
        assert there[:3] == ["基本-001", "基本-002", "基本-003"]
        assert stored(stage, draft, "基本-003").matters == ["01.02.01"]  # the name was read as its code

    def test_keeps_the_lawful_powers_that_were_ticked_and_shows_them_again(self, keeper, stage, draft):
        answer = send(keeper, stage, draft, "基本-001", do="save", powers=["inspection", "penalty"])

        page = keeper.get(f"/desk/duties/{draft}/items/基本-001").content.decode()
        assert answer.status_code == 302 and stored(stage, draft, "基本-001").powers == ["inspection", "penalty"]
        assert set(re.findall(r'name="powers" value="(\w+)" checked', page)) == {"inspection", "penalty"}

    def test_refuses_a_power_that_no_list_knows(self, keeper, stage, draft):
        answer = send(keeper, stage, draft, "基本-001", do="save", powers=["magic"])

        assert answer.status_code == 422 and "没有“magic”" in text_of(answer)
        assert stored(stage, draft, "基本-001").powers == []

    def test_withdraws_an_item(self, keeper, stage, draft):
        answer = send(keeper, stage, draft, "配合-002", do="withdraw")

        assert answer.status_code == 302 and stored(stage, draft, "配合-002") is None

    def test_takes_groups_and_not_as_they_were_built(self, keeper, stage, draft):
        said = {
            "c:k": "any", "c.1:k": "all", "c.1:n": "1", "c.1.0:k": "test", "c.1.0:f": "said_at",
            "c.1.0:o": "season_between", "c.1.0:v": ["11-01", "03-15"], "c.1.1:k": "test", "c.1.1:f": "channel",
            "c.1.1:o": "in", "c.1.1:v": ["phone", "visit"],
        }  # fmt: skip

        send(keeper, stage, draft, "基本-001", do="save", **said)

        season = {"fact": "said_at", "op": "season_between", "value": ["11-01", "03-15"]}
        channel = {"fact": "channel", "op": "in", "value": ["phone", "visit"]}
        assert stored(stage, draft, "基本-001").condition == {
            "any": [ITEMS[0].condition, {"not": {"all": [season, channel]}}]
        }

    def test_an_item_without_condition_holds_in_every_case(self, keeper, stage, draft):
        send(keeper, stage, draft, "基本-001", do="save", **{"c.0:k": "all"})
        assert stored(stage, draft, "基本-001").condition == ITEMS[0].condition  # an empty group is refused

        keeper.post(f"/desk/duties/{draft}/items/基本-001", LINE | {"version": version(stage, draft), "do": "save"})
        assert stored(stage, draft, "基本-001").condition is None


class TestRefusals:
    def unchanged(self, stage, draft):
        with scope.work(stage.keeper):
            return lists.items_of(DutyList.objects.get(id=draft)) == list(ITEMS)

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"c.0:f": "weather"}, "没有“weather”这个事实"),
            ({"c.0:f": "answers.colour"}, "没有“answers.colour”这个事实"),
            ({"c.0:f": "place", "c.0:o": "≥"}, "“place”不能用“≥”来比较"),
            ({"c.0:v": "castle"}, "没有“castle”这一类地点"),
            ({"c.0:v": ""}, "还没选值"),
            ({"c.0:f": ""}, "选一个事实"),
            ({"c.0:f": "matter", "c.0:o": "under", "c.0:v": "88.1"}, "事项分类里没有“88.1”"),
            ({"c.0:f": "place", "c.0:o": "in_division", "c.0:v": "123456789012"}, "没有“123456789012”这个区划"),
            ({"c.0:f": "road_owner", "c.0:o": "is", "c.0:v": "nobody"}, "单位名录里没有“nobody”"),
            ({"c.0:f": "said_at", "c.0:o": "time_between", "c.0:v": ["22:00", "25:00"]}, "时刻要写成 22:00 这样"),
            ({"c.0:f": "answers.depth_cm", "c.0:o": "≥", "c.0:v": "deep"}, "值写得不完整：deep"),
            ({"c.0:f": "answers.depth_cm", "c.0:o": "has", "c.0:v": "deep"}, "比较方法和问题的类型不合"),
        ],
    )
    def test_a_condition_that_does_not_stand_is_told_beside_its_test_and_nothing_is_stored(
        self, keeper, stage, draft, said, words
    ):
        answer = send(keeper, stage, draft, "基本-001", do="save", **said)

        assert answer.status_code == 422 and words in text_of(answer)
        assert self.unchanged(stage, draft)

    def test_a_duty_pushed_down_is_refused_with_its_ground(self, keeper, stage, draft):
        said = {"kind": "taken_back", "name": "深水处置", "matters": ["01.02.03"], "lead_body": "lajd", "do": "save"}

        answer = send(keeper, stage, draft, "收回-001", superior_dept="市城管局", **said)

        assert answer.status_code == 422 and self.unchanged(stage, draft)
        for words in ("收回-001“深水处置”已由", "收回，不能交给镇街及以下办理", "北京市街道办事处条例 第十条"):
            assert words in text_of(answer)

    def test_every_fault_of_the_form_is_named_at_once_and_what_was_typed_is_kept(self, keeper, stage, draft):
        said = {"name": "", "matters": ["99.9"], "lead_body": "nobody", "superior_dept": "外星局", "priority": "100"}

        answer = send(keeper, stage, draft, "基本-001", do="save", way="走着去", **said, **{"p-promise": "0"})

        page = text_of(answer)
        for words in ("不能空着", "没有代码“99.9”", "没有“nobody”", "没有“外星局”", "0 到 99 的整数", "对外承诺 0"):
            assert words in page
        assert "走着去" in answer.content.decode() and self.unchanged(stage, draft)

    def test_a_number_that_is_taken_is_refused(self, keeper, stage, draft):
        assert "这个编号已经有了" in text_of(send(keeper, stage, draft, "", do="save", number="配合-001"))

    def test_somebody_saved_before_shows_what_differs_and_keeps_what_was_typed(self, keeper, stage, draft):
        seen = version(stage, draft)
        send(keeper, stage, draft, "基本-001", do="save", name="先存的")

        answer = send(keeper, stage, draft, "基本-001", do="save", name="后写的", version=seen)

        assert answer.status_code == 412 and stored(stage, draft, "基本-001").name == "先存的"
        assert "先存的" in text_of(answer) and "后写的" in answer.content.decode()
        fresh = re.search(r'name="version" value="(\d+)"', answer.content.decode()).group(1)
        assert send(keeper, stage, draft, "基本-001", do="save", name="后写的", version=fresh).status_code == 302

    def test_a_published_edition_has_no_form(self, keeper, stage):
        assert keeper.get(f"/desk/duties/{stage.list_id}/items/基本-001").status_code == 409

    def test_a_post_that_keeps_no_lists_has_no_form(self, client, tenant, stage, draft):
        account = an_account(tenant)
        a_grant(account, "handler", body_id=stage.bodies["swj"], post_id=32)

        other = signed_in(client, account, post=32, at=datetime.now(UTC))

        assert other.get(f"/desk/duties/{draft}/items/基本-001").status_code == 403
        assert send(other, stage, draft, "基本-001", do="save", name="x").status_code == 403

    def test_a_form_of_hundreds_of_tests_is_refused(self, keeper, stage, draft):
        many = {f"c.{n}:k": "test" for n in range(450)}

        assert send(keeper, stage, draft, "基本-001", do="look", **many).status_code == 422


class TestBuilding:
    def test_says_the_condition_in_words_before_anything_is_saved(self, keeper, stage, draft):
        answer = send(keeper, stage, draft, "基本-001", do="look", **{"c.0:n": "1"})

        assert "并非（地点是老旧小区一类）" in text_of(answer)
        assert stored(stage, draft, "基本-001").name == ITEMS[0].name

    def test_adds_and_removes_tests_and_groups_by_buttons_alone(self, keeper, stage, draft):
        added = send(keeper, stage, draft, "基本-001", do="test c").content.decode()
        grouped = send(keeper, stage, draft, "基本-001", do="group c").content.decode()
        dropped = send(keeper, stage, draft, "基本-001", do="drop c.0").content.decode()

        assert 'name="c.1:f"' in added and "autofocus" in added
        assert 'name="c.1:k"' in grouped and 'name="c.1.0:f"' in grouped
        assert 'name="c.0:f"' not in dropped

    def test_a_newly_chosen_fact_brings_its_own_operators(self, keeper, stage, draft):
        answer = send(keeper, stage, draft, "基本-001", do="look", **{"c.0:f": "said_at"})

        page = answer.content.decode()
        assert '<option value="time_between"' in page and '<option value="in_kind"' not in page

    def test_shows_in_english(self, keeper, stage, draft):
        answer = keeper.get(f"/desk/duties/{draft}/items/基本-001", headers={"Accept-Language": "en"})

        assert "the place is of kind an old housing estate" in text_of(answer)

    @pytest.mark.parametrize(
        "odd", [{"c.0.0.0:k": "test"}, {"c.x:k": "test"}, {"do": "drop c"}, {"do": "test c.9"}, {"do": "zz"}]
    )
    def test_takes_whatever_is_sent(self, keeper, stage, draft, odd):
        assert send(keeper, stage, draft, "基本-001", **odd).status_code == 200


class TestTables:
    def test_every_fact_and_operator_of_the_kernel_has_its_place_and_name(self):
        assert {f for _, facts in FACT_GROUPS for f in facts} == set(FACT_TYPES)
        assert {op for ops in OPERATORS.values() for op in ops} | {"known"} == set(OPERATOR_NAMES)

    @given(random_conditions(), random_facts())
    def test_a_form_answers_as_the_condition_it_was_made_from(self, cond, facts):
        words = dutylist.Vocabulary()

        again = conditions.to_json(conditions.from_json(cond), words)

        before, after = (dutylist.evaluate(dutylist.parse_condition(c), facts) for c in (cond, again))
        assert before.value == after.value
        assert conditions.to_json(conditions.from_json(again), words) == again
