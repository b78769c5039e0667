from dataclasses import replace
from datetime import date
from itertools import combinations

from hypothesis import given, settings

from jishi.kernels.dutylist import (
    STREET,
    Editions,
    Scope,
    check,
    conflicts,
    coverage,
    decide,
    duplicates,
    hidden,
)

from .factories import (
    DAY,
    DISTRICT,
    EAST,
    HOLDERS,
    TESTS,
    WEST,
    WORDS,
    an_item,
    every_facts,
    item_lists,
    lists,
)

SMALL = tuple(t for t in TESTS if t["fact"] in ("matter", "channel", "has_photo", "place", "answers.depth"))
# An example takes thousands of decisions: a third of the examples keeps the build quick.
TRYING_ALL = settings(max_examples=max(12, settings.default.max_examples // 3))
PHOTO = {"fact": "has_photo", "op": "is", "value": True}


def depth(op, value):
    return {"fact": "answers.depth", "op": op, "value": value}


def today(items):
    """One period for all, so that one day shows everything."""
    return [replace(item, effective_from=date(2026, 1, 1), effective_to=None) for item in items]


def contested_by_trying(items, world):
    found = set()
    for known in every_facts(items):
        decision = decide(known, world, DAY)
        if decision.outcome == "contested":
            for a, b in combinations(decision.candidates, 2):
                if a.body != b.body and a.item.lead_body != b.item.lead_body:
                    found.add(frozenset({a.item.key, b.item.key}))
    return found


def chosen_by_trying(items, world):
    found = set()
    for known in every_facts(items):
        decision = decide(known, world, DAY)
        if decision.outcome != "ask":
            found |= {one.item.key for one in (*decision.candidates, *decision.assists)}
    return found


class TestConflicts:
    def test_two_items_on_one_matter_with_two_leads_have_a_witness(self):
        world = lists(
            an_item("1", condition=depth("≥", 2)), an_item("2", condition=depth("≤", 2), lead_body="B-water")
        )

        (finding,) = conflicts(world, WORDS)

        assert (finding.code, finding.severity) == ("different_leads", "blocker")
        assert finding.witness["answers.depth"].value == 2
        assert decide(finding.witness, world, finding.day).outcome == "contested"

    def test_disjoint_numbers_zones_and_branches_do_not_conflict(self):
        for one, two in [
            ({"condition": depth("<", 2)}, {"condition": depth("≥", 2)}),
            ({"matters": ("1.1",)}, {"matters": ("1.2",)}),
            ({"holder": (EAST,)}, {"holder": (WEST,)}),
            ({"condition": PHOTO}, {"condition": {"not": PHOTO}}),
            ({"effective_to": date(2026, 1, 1)}, {"effective_from": date(2026, 1, 1)}),
            ({"condition": depth("between", [1, 2])}, {"condition": {"all": [depth(">", 1), depth("<", 2)]}}),
        ]:
            world = lists(an_item("1", **one), an_item("2", lead_body="B-water", **two))
            assert conflicts(world, WORDS) == []

    def test_a_conflict_that_a_better_item_always_settles_is_none(self):
        pair = (an_item("1"), an_item("2", lead_body="B-water"))

        assert len(conflicts(lists(*pair), WORDS)) == 1
        assert conflicts(lists(*pair, an_item("3", priority=60)), WORDS) == []

    def test_a_street_that_is_its_own_lead_by_name_does_not_conflict_with_itself(self):
        named = an_item("1", lead_body="B-east", holder=(EAST,))
        meant = an_item("2", lead_body=STREET, holder=(EAST,))

        assert conflicts(lists(named, meant), WORDS) == []
        (finding,) = conflicts(lists(named, meant, holders={**HOLDERS, EAST: "B-other"}), WORDS)
        assert finding.code == "different_leads"

    def test_a_season_a_weekday_and_a_night_meet_on_a_concrete_moment(self):
        def at(op, value):
            return {"fact": "said_at", "op": op, "value": value}

        one = {"all": [at("season_between", ["02-29", "02-29"]), at("time_between", ["22:00", "06:00"])]}
        two = {"all": [at("weekday_in", [7]), at("time_between", ["05:00", "07:00"])]}
        world = lists(an_item("1", condition=one), an_item("2", condition=two, lead_body="B-water"))

        (finding,) = conflicts(world, WORDS)

        at = finding.witness["said_at"].value.at
        assert (at.month, at.day, at.isoweekday(), at.hour) == (2, 29, 7, 5)

    def test_more_boxes_than_the_limit_is_a_finding_of_its_own(self):
        many = {
            "all": [
                {"any": [PHOTO, depth("≥", 2), {"fact": "tags", "op": "has", "value": "t"}]},
                depth("<", 9),
            ]
        }
        world = lists(an_item("1", condition=many), an_item("2", condition=many, lead_body="B-water"))
        assert [f.code for f in conflicts(world, WORDS, limit=2)] == ["too_complex"]
        assert [f.code for f in conflicts(world, WORDS)] == ["different_leads"]

    @settings(TRYING_ALL)
    @given(item_lists(SMALL, most=4))
    def test_no_overlap_is_missed_and_every_one_has_a_witness(self, items):
        items = today(items)
        world = lists(*items)

        found = conflicts(world, WORDS)

        assert {frozenset(finding.items) for finding in found} == contested_by_trying(items, world)
        for finding in found:
            decision = decide(finding.witness, world, finding.day)
            assert decision.outcome == "contested"
            assert set(finding.items) <= {one.item.key for one in decision.candidates}

    @given(item_lists(TESTS, most=6))
    def test_every_overlap_of_longer_lists_has_a_witness_on_a_day_in_force(self, items):
        world = lists(*items)

        for finding in conflicts(world, WORDS):
            decision = decide(finding.witness, world, finding.day)
            assert decision.outcome == "contested"
            assert set(finding.items) <= {one.item.key for one in decision.candidates}


class TestHidden:
    def test_an_item_that_contradicts_itself_never_matches(self):
        never = {"all": [depth("<", 1), depth(">", 2)]}

        assert [(f.code, f.items) for f in hidden(lists(an_item("1", condition=never)), WORDS)] == [
            ("never_matches", (("L", 1, "1"),))
        ]

    def test_an_item_behind_another_names_the_one_that_hides_it(self):
        world = lists(an_item("1"), an_item("2", priority=60, lead_body="B-water"))

        (finding,) = hidden(world, WORDS)

        assert (finding.code, finding.items) == ("hidden_by", (("L", 1, "1"), ("L", 1, "2")))

    @settings(TRYING_ALL)
    @given(item_lists(SMALL, most=3))
    def test_is_said_of_exactly_the_items_that_no_facts_choose(self, items):
        items = [replace(item, list_kind="basic") for item in today(items)]
        world = lists(*items)

        found = {finding.items[0] for finding in hidden(world, WORDS)}

        assert found == {item.key for item in items} - chosen_by_trying(items, world)


class TestLists:
    def test_two_items_that_say_the_same_are_named(self):
        twice = {"all": [PHOTO, depth(">", 1)]}, {"all": [depth(">", 1), PHOTO]}
        world = lists(an_item("1", condition=twice[0]), an_item("2", condition=twice[1]), an_item("3"))

        assert [finding.items for finding in duplicates(world)] == [(("L", 1, "1"), ("L", 1, "2"))]

    def test_the_matrix_shows_what_is_covered_always_sometimes_and_never(self):
        world = lists(
            an_item("1", matters=("1",), holder=(EAST,)),
            an_item("2", matters=("2",), holder=(DISTRICT,), condition=PHOTO),
        )

        matrix = coverage(world, ("1.1", "2"), (EAST, WEST), DAY)

        states = [[cell.state for cell in row] for row in matrix.rows]
        assert states == [["covered", "none"], ["conditional", "conditional"]]
        assert [(hole.matter, hole.division) for hole in matrix.holes] == [("1.1", WEST)]

    def test_a_good_list_has_no_findings(self):
        world = lists(an_item("1", matters=("1",)), an_item("2", matters=("2",), lead_body="B-water"))

        assert check(world, WORDS) == []

    def test_each_fault_of_an_item_is_named(self):
        bad = an_item(
            "1",
            list_kind="taken_back",
            lead_body="B-east",
            matters=("9",),
            scope=Scope(zones=("Z9",)),
            assist_bodies=("B-9",),
            legal_basis="",
        )

        codes = {finding.code for finding in check(lists(bad), WORDS)}

        assert codes >= {
            "unknown_matter",
            "unknown_zone",
            "unknown_body",
            "taken_back_item_names_a_town_lead",
            "no_legal_basis",
        }

    def test_an_empty_world_is_checked_and_decides_to_fall_back(self):
        assert check(Editions(()), WORDS) == []
        assert decide({}, Editions(()), DAY).outcome == "fallback"
