import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jishi.kernels.dutylist import (
    STREET,
    All,
    Any,
    Editions,
    Matter,
    Not,
    Place,
    Scope,
    Trace,
    decide,
    decide_many,
    decide_worlds,
    explain,
    guessed,
)

from . import naive
from .factories import (
    CITY,
    DATED_TESTS,
    DAY,
    DISTRICT,
    EAST,
    EAST_ONE,
    EAST_PLAIN,
    EAST_POINT,
    MATTERS,
    TESTS,
    UP,
    WEST_POINT,
    an_item,
    facts,
    facts_of,
    item_lists,
    lists,
)

AT_EAST = facts_of(matter="1.2", place=EAST_POINT)


class TestNamed:
    def test_the_one_item_that_matches_names_its_lead(self):
        decision = decide(AT_EAST, lists(an_item(matters=("1.2",)), an_item("基本-002", matters=("2",))), DAY)

        assert (decision.outcome, decision.item.number, decision.body) == ("named", "基本-001", "B-build")

    def test_two_equal_items_with_one_body_take_the_lower_number_and_the_trace_says_so(self):
        world = lists(an_item("基本-10"), an_item("基本-9"))

        decision = decide(AT_EAST, world, DAY)

        assert decision.item.number == "基本-9"
        row = next(row for row in decision.trace.page["rows"] if row["item"][2] == "基本-10")
        assert (row["role"], row["cause"]["by"]) == ("same_body", "number")

    def test_the_street_of_the_place_is_the_lead_where_the_list_says_so(self):
        item = an_item(lead_body=STREET, holder=(DISTRICT,))

        bodies = [
            decide(facts_of(matter="1", place=p), lists(item), DAY).body for p in (EAST_POINT, WEST_POINT)
        ]

        assert bodies == ["B-east", "B-west"]

    def test_an_item_holds_from_its_first_day_until_the_day_before_its_last(self):
        world = lists(an_item(effective_from=date(2026, 1, 1), effective_to=date(2026, 2, 1)))

        days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1))

        assert [decide(AT_EAST, world, day).outcome for day in days] == [
            "fallback",
            "named",
            "named",
            "fallback",
        ]


ZONE = Scope(zones=("Z1",))
BETTER = {
    "higher priority": ({"priority": 51}, {"matters": ("1.2",)}),
    "deeper matter": ({"matters": ("1.2",)}, {"matters": ("1",), "scope": ZONE}),
    "zone before grid": ({"scope": ZONE}, {"scope": Scope(grids=("G1",))}),
    "grid before community": ({"scope": Scope(grids=("G1",))}, {"scope": Scope((EAST_ONE,))}),
    "community before street": ({"scope": Scope((EAST_ONE,))}, {"holder": (EAST,)}),
    "street before district": ({"holder": (EAST,)}, {"holder": (DISTRICT,)}),
    "district before city": ({"holder": (DISTRICT,)}, {"holder": (CITY,)}),
    "place before tests": ({"holder": (EAST,)}, {"condition": {"fact": "place", "op": "known"}}),
    "more tests": (
        {"condition": {"fact": "place", "op": "known"}},
        {"effective_from": date(2026, 5, 1)},
    ),
    "later day": ({"effective_from": date(2026, 5, 1)}, {"effective_from": date(2026, 4, 1)}),
}


class TestBetter:
    @pytest.mark.parametrize("case", BETTER)
    def test_the_better_item_wins(self, case):
        better, worse = BETTER[case]
        world = lists(an_item("基本-001", **worse), an_item("基本-002", lead_body="B-water", **better))

        decision = decide(AT_EAST, world, DAY)

        assert (decision.outcome, decision.body) == ("named", "B-water")

    def test_a_place_that_the_condition_excludes_makes_no_item_narrower(self):
        outside = {"not": {"fact": "place", "op": "in_zone", "value": "Z1"}}
        world = lists(an_item(condition=outside), an_item("基本-002", holder=(EAST,), lead_body="B-water"))

        decision = decide(facts_of(matter="1", place=EAST_PLAIN), world, DAY)

        assert decision.body == "B-water"


class TestContested:
    def test_two_equal_items_with_different_leads_are_never_picked_from(self):
        decision = decide(AT_EAST, lists(an_item("1"), an_item("2", lead_body="B-water")), DAY)

        assert (decision.outcome, decision.item, decision.body) == ("contested", None, None)
        assert {one.body for one in decision.candidates} == {"B-build", "B-water"}


class TestAsk:
    DEEP = {"fact": "answers.depth", "op": "≥", "value": 2}

    def test_the_best_possible_item_asks_for_its_missing_fact(self):
        world = lists(an_item("1"), an_item("2", lead_body="B-water", condition=self.DEEP))

        decision = decide(AT_EAST, world, DAY)

        assert (decision.outcome, decision.missing) == ("ask", ("answers.depth",))

    def test_the_shortest_list_of_missing_facts_goes_first(self):
        photo = {"fact": "has_photo", "op": "is", "value": True}
        both = {"all": [{"fact": "channel", "op": "is", "value": "web"}, self.DEEP]}

        decision = decide(AT_EAST, lists(an_item(condition={"any": [both, photo]})), DAY)

        assert decision.missing == ("has_photo",)

    def test_three_missing_facts_are_no_question_but_stand_in_the_trace(self):
        three = {
            "all": [
                self.DEEP,
                *[{"fact": f, "op": "is", "value": True} for f in ("has_photo", "in_emergency")],
            ]
        }

        decision = decide(AT_EAST, lists(an_item("1"), an_item("2", condition=three, priority=60)), DAY)

        assert decision.outcome == "named"
        row = next(row for row in decision.trace.page["rows"] if row["item"][2] == "2")
        assert (row["role"], len(row["missing"])) == ("unknown", 3)

    def test_a_worse_unknown_item_is_not_asked_about(self):
        world = lists(an_item("1", priority=60), an_item("2", lead_body="B-water", condition=self.DEEP))

        assert decide(AT_EAST, world, DAY).outcome == "named"

    def test_a_street_lead_without_a_place_asks_for_the_place(self):
        decision = decide(facts_of(matter="1"), lists(an_item(lead_body=STREET)), DAY)

        assert (decision.outcome, decision.missing) == ("ask", ("place",))

    def test_a_matter_known_only_to_its_branch_asks_for_the_matter(self):
        decision = decide(facts_of(matter="1", place=EAST_POINT), lists(an_item(matters=("1.2",))), DAY)

        assert (decision.outcome, decision.missing) == ("ask", ("matter",))


class TestFallback:
    @pytest.mark.parametrize(
        ("place", "body"), [(EAST_POINT, "B-office"), (Place((CITY,)), "B-city"), (None, "B-city")]
    )
    def test_nothing_matches_and_the_smallest_known_division_coordinates(self, place, body):
        decision = decide(facts_of(matter="2", place=place), lists(an_item(matters=("1",))), DAY)

        assert (decision.outcome, decision.item, decision.body) == ("fallback", None, body)


class TestAssist:
    LEAD = an_item("基本-033", matters=("1.2",), priority=60)
    PART = an_item(
        "配合-012",
        list_id="T",
        list_kind="assist",
        holder=(EAST,),
        holder_level="street",
        own_part="fence it",
    )

    def test_the_town_is_asked_for_its_own_part(self):
        decision = decide(AT_EAST, lists(self.LEAD, self.PART), DAY)

        assert (decision.outcome, decision.body) == ("named_with_assist", "B-build")
        assert [(one.body, one.part) for one in decision.assists] == [("B-east", "fence it")]

    def test_an_assist_item_alone_names_its_superior_as_lead(self):
        decision = decide(AT_EAST, lists(self.PART), DAY)

        assert (decision.body, decision.assists[0].body) == ("B-build", "B-east")

    def test_a_part_under_another_lead_is_not_asked_for(self):
        decision = decide(AT_EAST, lists(self.LEAD, replace(self.PART, lead_body="B-water")), DAY)

        assert (decision.outcome, decision.assists) == ("named", ())

    def test_an_assist_item_that_names_a_town_as_lead_is_refused_with_its_article(self):
        decision = decide(AT_EAST, lists(replace(self.PART, lead_body=STREET)), DAY)

        assert (decision.outcome, decision.refusal.code) == ("refused", "town_cannot_lead_assist")
        assert decision.refusal.articles

    def test_a_town_is_left_out_of_an_item_that_was_taken_back(self):
        item = an_item(list_kind="taken_back", assist_bodies=("B-east",), own_part="help")

        decision = decide(AT_EAST, lists(item), DAY)

        assert (decision.outcome, decision.refused_assists[0].code) == ("named", "taken_back_pushed_down")


def shuffled(world, known, seed):
    """The same lists and facts in another order, items, tests, sets and all."""
    rng = random.Random(seed)

    def turn(cond):
        if isinstance(cond, Not):
            return Not(turn(cond.part))
        if not isinstance(cond, All | Any):
            return cond
        parts = [turn(part) for part in cond.parts]
        rng.shuffle(parts)
        return type(cond)(tuple(parts))

    def mixed(values):
        return tuple(rng.sample(list(values), len(values)))

    items = mixed([replace(i, condition=turn(i.condition), matters=mixed(i.matters)) for i in world.items])
    pairs = mixed(list(known.items()))
    return Editions(items, world.matters, world.body_levels, world.coordinators, world.holders), dict(pairs)


class TestEveryDecision:
    @given(item_lists((*TESTS, *DATED_TESTS)), facts(), st.integers())
    def test_gives_the_same_bytes_for_shuffled_items_tests_and_facts(self, items, known, seed):
        world = lists(*items)
        other, mixed = shuffled(world, known, seed)

        one, two = decide(known, world, DAY), decide(mixed, other, DAY)

        assert one.trace.to_json().encode() == two.trace.to_json().encode()
        assert (one.outcome, one.body, one.missing) == (two.outcome, two.body, two.missing)

    @given(item_lists((*TESTS, *DATED_TESTS)), st.lists(facts(), min_size=20, max_size=20))
    def test_agrees_with_the_naive_evaluator(self, items, many):
        world = lists(*items)

        for known, decision in zip(many, decide_many(many, world, DAY), strict=True):
            outcome, key, body, candidates, missing = naive.decide(known, world, DAY)
            assert decision.outcome.removesuffix("_with_assist").replace("refused", "named") == outcome
            assert decision.missing == missing
            if outcome == "named":
                assert (decision.item.key, decision.body) == (key, body)
            if candidates is not None:
                assert [(one.item.key, one.body) for one in decision.candidates] == candidates

    @given(item_lists((*TESTS, *DATED_TESTS)), facts())
    def test_has_a_row_for_every_candidate_with_a_cause_or_a_question_and_can_be_read(self, items, known):
        decision = decide(known, lists(*items), DAY)

        rows = decision.trace.page["rows"]
        looked = {line.item.key for line in decision.editions.candidates(known) if line.item.in_force(DAY)}
        assert {tuple(row["item"]) for row in rows} == looked
        for row in rows:
            if row["role"] == "rejected":
                assert row["cause"]["why"] == "no_body" or row["cause"]["tests"]
            if row["verdict"] is None:
                assert row["missing"]
        assert explain(decision, "zh") == explain(Trace.from_json(decision.trace.to_json()), "zh")
        assert len(explain(decision, "en")) >= 2

    @given(item_lists(), st.lists(facts(), max_size=5))
    def test_is_the_same_alone_and_in_a_batch(self, items, many):
        world = lists(*items)

        assert decide_many(many, world, DAY) == tuple(decide(known, world, DAY) for known in many)

    @given(item_lists(), st.lists(facts(), min_size=2, max_size=8))
    def test_is_not_swayed_by_what_was_decided_before(self, items, many):
        used = lists(*items)
        decide_many(many, used, DAY)

        again = [decide(known, used, DAY) for known in many]

        alone = [decide(known, lists(*items), DAY) for known in many]
        assert [d.trace.to_json() for d in again] == [d.trace.to_json() for d in alone]
        assert [(d.outcome, d.body, d.missing) for d in again] == [(d.outcome, d.body, d.missing) for d in alone]

    def test_does_not_take_one_for_true(self):
        world = lists(an_item(matters=("1.2",), condition={"fact": "answers.lifts", "op": "=", "value": 1}))

        said = [decide(facts_of(matter="1.2", place=EAST_POINT, **{"answers.lifts": v}), world, DAY) for v in (True, 1)]

        assert said[0].outcome != "named"
        assert said[1].outcome == "named"


class TestTrace:
    def test_reads_as_a_clerk_reads_it(self):
        zone = {"fact": "place", "op": "in_zone", "value": "Z1"}
        world = lists(
            an_item("基本-033", matters=("1.2",), condition=zone, name="步道护栏维护", priority=60),
            an_item(
                "基本-018", matters=("1.2",), condition={"not": zone}, lead_body="B-water", name="堤防护栏"
            ),
            an_item(
                "基本-007", matters=("1",), condition={"fact": "answers.scenic", "op": "is", "value": "yes"}
            ),
            TestAssist.PART,
            an_item("基本-001", matters=("1.1",)),
        )
        names = {"B-build": "市住建局", "B-water": "市水务局", "B-east": "河西街道", "zone:Z1": "市管步道"}
        names |= {
            "fact:answers.scenic": "是否在景区红线内",
            "list:L": "市住建局清单",
            "list:T": "河西街道清单",
        }

        lines = explain(decide(AT_EAST, world, DAY), "zh", names)

        assert lines == (
            "5条看过，结论：市住建局主办，河西街道协办。",
            "市住建局 基本-033 步道护栏维护：选中。事项属于步道护栏（来电人说） ✓；"
            "地点在“市管步道”范围（来电人说） ✓；优先60。",
            "河西街道 配合-012 a duty：配合事项，由市住建局主办；已列为协办：fence it。",
            "市住建局 基本-007 a duty：如果知道是否在景区红线内就可能对上。",
            "市水务局 基本-018 堤防护栏：没选：排除“地点在“市管步道”范围（来电人说）”。",
            "其余1条没选，都因为事项不同支：道路坑槽（1条）。",
            "按2026-11-20有效的清单：市住建局清单第1版、河西街道清单第1版。",
        )

    def test_shows_the_score_of_a_guess(self):
        known = {**AT_EAST, "channel": guessed("web", 0.92)}
        world = lists(an_item(condition={"fact": "channel", "op": "is", "value": "web"}))

        assert "92%" in explain(decide(known, world, DAY), "en")[1]


class TestWorlds:
    def test_the_answer_splits_by_world_and_names_what_to_ask(self):
        world = lists(an_item(matters=("1.2",)), an_item("基本-002", matters=("1.1",), lead_body="B-water"))
        likely = [
            (0.92, facts_of(matter="1.2", place=EAST_POINT)),
            (0.06, facts_of(matter="1.1", place=EAST_POINT)),
        ]

        split = decide_worlds([*likely, (0.02, facts_of(matter="1.2", place=WEST_POINT))], world, DAY)

        assert [(each.probability, each.decision.body) for each in split.answers] == [
            (Decimal("0.94"), "B-build"),
            (Decimal("0.06"), "B-water"),
        ]
        assert (split.answers[1].because, split.ask, split.settled) == (
            (("matter", "1.1"),),
            ("matter",),
            False,
        )

    def test_worlds_that_agree_are_settled(self):
        split = decide_worlds(
            [(0.6, facts_of(matter="1.1")), (0.4, facts_of(matter="1.2"))], lists(an_item()), DAY
        )

        assert split.settled
        assert split.ask == ()

    def test_no_world_or_a_probability_above_one_is_refused(self):
        for worlds in ([], [(1.5, {})]):
            with pytest.raises(ValueError, match="probability"):
                decide_worlds(worlds, lists(an_item()), DAY)


class TestEditions:
    def test_two_items_with_one_number_in_one_list_are_refused(self):
        with pytest.raises(ValueError, match="one number"):
            lists(an_item(), an_item())

    def test_a_matter_outside_its_branch_is_refused(self):
        with pytest.raises(ValueError, match="parent"):
            Editions((), {"1.1": Matter("1.1", "x", "2")})

    def test_the_first_known_division_is_enough_to_leave_other_towns_out(self):
        world = lists(an_item(holder=(EAST,)), an_item("基本-002", holder=("B-west",)))

        looked = world.candidates(facts_of(matter="1", place=EAST_POINT))
        both = world.candidates(facts_of(matter="1", place=Place(UP)))

        assert ([line.item.number for line in looked], len(both)) == (["基本-001"], 2)
        assert MATTERS["1.1"].parent == "1"
