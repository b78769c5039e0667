from dataclasses import replace

import pytest

from jishi.kernels.dutylist import guard

from .factories import EAST, an_item

BASIC = an_item("基本-1")
ASSIST = an_item("配合-1", list_kind="assist", holder=(EAST,), holder_level="street")
BACK = an_item("收回-1", list_kind="taken_back", holder=(EAST,), holder_level="street")
STREETS_OWN = an_item("基本-2", lead_body="B-east", holder=(EAST,), holder_level="street")
COMMUNITYS_OWN = an_item("基本-3", lead_body="B-east-1", holder=("B-east-1",), holder_level="community")
COMMUNITYS_PART = an_item("配合-3", list_kind="assist", holder=("B-east-1",), holder_level="community")
POWER = an_item("基本-4", powers=("penalty",), holder=(EAST,), holder_level="street")
COMMUNITYS_POWER = an_item("基本-5", powers=("inspection",), holder=("B-east-1",), holder_level="community")
PART_OF_POWER = replace(COMMUNITYS_PART, number="配合-4", powers=("penalty",))

REFUSED = [
    (BACK, "B-east", "lead", "street", "", "taken_back_pushed_down"),
    (BACK, "B-east", "assist", "town", "a part", "taken_back_pushed_down"),
    (BACK, "B-east", "act_first", "street", "", "taken_back_pushed_down"),
    (BACK, "B-east-1", "lead", "community", "", "taken_back_pushed_down"),
    (BACK, "W", "assist", "grid_worker", "a part", "taken_back_pushed_down"),
    (ASSIST, "B-east", "lead", "street", "", "town_cannot_lead_assist"),
    (ASSIST, "B-east", "act_first", "town", "", "town_cannot_lead_assist"),
    (BASIC, "B-east-1", "lead", "community", "", "not_on_communitys_list"),
    (STREETS_OWN, "B-east-1", "assist", "village", "a part", "not_on_communitys_list"),
    (ASSIST, "B-east-1", "assist", "community", "a part", "not_on_communitys_list"),
    (COMMUNITYS_PART, "B-east-1", "lead", "community", "", "community_cannot_lead_assist"),
    (BASIC, "B-water", "assist", "city_dept", " ", "part_text_missing"),
    (BASIC, "B-east", "assist", "street", "", "part_text_missing"),
    (POWER, "W", "lead", "grid_worker", "", "lawful_power_needed"),
    (POWER, "W", "assist", "grid_worker", "look at it", "lawful_power_needed"),
    (COMMUNITYS_POWER, "B-east-1", "lead", "community", "", "lawful_power_needed"),
    (COMMUNITYS_POWER, "B-east-1", "assist", "village", "look at it", "lawful_power_needed"),
    (PART_OF_POWER, "W", "lead", "grid_worker", "", "lawful_power_needed"),
    (PART_OF_POWER, "B-east-1", "lead", "community", "", "community_cannot_lead_assist"),
]
ALLOWED = [
    (BACK, "B-build", "lead", "city_dept", ""),
    (ASSIST, "B-build", "lead", "city_dept", ""),
    (ASSIST, "B-east", "assist", "street", ""),
    (BASIC, "B-build", "lead", "city_dept", ""),
    (BASIC, "B-east", "assist", "street", "fence it"),
    (STREETS_OWN, "B-east", "lead", "street", ""),
    (COMMUNITYS_OWN, "B-east-1", "lead", "community", ""),
    (COMMUNITYS_PART, "B-east-1", "assist", "community", ""),
    (POWER, "B-build", "lead", "city_dept", ""),
    (STREETS_OWN, "W", "lead", "grid_worker", ""),
    (POWER, "B-east", "lead", "street", ""),
    (PART_OF_POWER, "B-east-1", "assist", "community", ""),
    (PART_OF_POWER, "W", "assist", "grid_worker", "look at it"),
]
LAWFUL = {
    "taken_back_pushed_down",
    "town_cannot_lead_assist",
    "not_on_communitys_list",
}


class TestGuard:
    @pytest.mark.parametrize(("item", "body", "role", "level", "part", "code"), REFUSED)
    def test_refuses_and_names_item_lead_and_basis(self, item, body, role, level, part, code):
        refusal = guard(item, body, role, level, part_text=part)

        assert refusal is not None
        assert (refusal.code, refusal.number, refusal.lead) == (code, item.number, item.lead_body)
        assert item.legal_basis in refusal.articles
        assert len(refusal.articles) > 1 or code not in LAWFUL
        assert item.number in refusal.sentence("zh")
        assert item.number in refusal.sentence("en")

    @pytest.mark.parametrize(
        ("powers", "penalties"), [(("penalty", "inspection"), 1), (("licence",), 0), (("payment", "reward"), 0)]
    )
    def test_the_law_on_penalties_is_cited_for_penalties_alone(self, powers, penalties):
        refusal = guard(replace(POWER, powers=powers), "W", "lead", "grid_worker")

        assert refusal is not None
        assert sum("行政处罚法" in article for article in refusal.articles) == penalties
        assert POWER.legal_basis in refusal.articles

    @pytest.mark.parametrize(("item", "body", "role", "level", "part"), ALLOWED)
    def test_lets_pass_what_the_list_says(self, item, body, role, level, part):
        assert guard(item, body, role, level, part_text=part) is None

    @pytest.mark.parametrize(("item", "body", "role", "level", "part", "code"), REFUSED)
    def test_an_emergency_allows_to_act_first_and_nothing_else(self, item, body, role, level, part, code):
        assert guard(item, body, "act_first", level, emergency=True) is None
        if role != "act_first":
            assert guard(item, body, role, level, part_text=part, emergency=True) is not None

    def test_says_the_articles_of_the_regulations(self):
        refusal = guard(BACK, "B-east", "lead", "street")

        assert refusal.articles[:2] == ("潍坊市12345条例 第二十四条第二款", "北京市街道办事处条例 第十条")
        assert refusal.sentence("zh", {"B-build": "市住建局"}).startswith("收回-1“a duty”已由市住建局收回，")

    def test_offers_the_town_as_assist_instead(self):
        refusal = guard(ASSIST, "B-east", "lead", "street")

        assert refusal.instead == "assist"
        assert "北京市街道办事处条例 第十条" in refusal.articles
