import pytest
from hypothesis import given

from jishi.kernels.dutylist import (
    ALWAYS,
    ConditionRefused,
    Moment,
    Place,
    Ref,
    Test,
    evaluate,
    parse_condition,
    sentence,
    to_json,
    validate,
)
from jishi.kernels.dutylist.conditions import ordered
from jishi.kernels.dutylist.evaluation import compiled

from . import naive
from .factories import (
    DATED_TESTS,
    DISTRICT,
    EAST,
    EAST_POINT,
    TESTS,
    UP,
    VALUES,
    WEST_POINT,
    WORDS,
    conditions,
    facts,
    facts_of,
)

OK = {"fact": "has_photo", "op": "is", "value": True}


def deep(levels):
    page = OK
    for _ in range(levels - 1):
        page = {"not": page}
    return page


BAD = {
    "a list": ([], "/", "not_an_object"),
    "text": ({"all": [OK, "x"]}, "/all/1", "not_an_object"),
    "two keys": ({"all": [OK], "any": [OK]}, "/", "unknown_key"),
    "a strange key": ({"none": [OK]}, "/", "unknown_key"),
    "a strange key in a test": ({**OK, "code": "os.exit()"}, "/code", "unknown_key"),
    "a group that is no list": ({"all": OK}, "/all", "wrong_type"),
    "an empty group": ({"any": []}, "/any", "empty_group"),
    "an empty group inside": ({"not": {"all": []}}, "/not/all", "empty_group"),
    "nine levels": (deep(9), "/not" * 8, "too_deep"),
    "201 tests": ({"any": [{"all": [OK] * 101}, {"all": [OK] * 100}]}, "/", "too_many_tests"),
    "an unknown fact": ({"not": {"fact": "religion", "op": "is", "value": "x"}}, "/not/fact", "unknown_fact"),
    "a fact that is no text": ({"fact": 5, "op": "is", "value": "x"}, "/fact", "unknown_fact"),
    "an answer without a name": ({"fact": "answers.", "op": "is", "value": "x"}, "/fact", "unknown_fact"),
    "an unknown operator": ({"fact": "matter", "op": "matches", "value": ".*"}, "/op", "unknown_operator"),
    "an operator of another type": ({"fact": "matter", "op": "≥", "value": 3}, "/op", "unknown_operator"),
    "no operator": ({"fact": "matter"}, "/op", "unknown_operator"),
    "no value": ({"fact": "matter", "op": "is"}, "/value", "missing_value"),
    "a number for a code": ({"fact": "matter", "op": "is", "value": 5}, "/value", "wrong_type"),
    "an empty code": ({"fact": "matter", "op": "is", "value": ""}, "/value", "bad_code"),
    "a code with a line break": ({"fact": "matter", "op": "is", "value": "a\nb"}, "/value", "bad_code"),
    "a list with a number": ({"fact": "matter", "op": "in", "value": ["1", 2]}, "/value/1", "wrong_type"),
    "an empty list": ({"fact": "matter", "op": "in", "value": []}, "/value", "empty_list"),
    "a value twice": ({"fact": "tags", "op": "has_any", "value": ["t", "t"]}, "/value", "duplicate_value"),
    "a short division": ({"fact": "place", "op": "in_division", "value": "3303"}, "/value", "bad_code"),
    "text for a truth": ({"fact": "has_photo", "op": "is", "value": "true"}, "/value", "wrong_type"),
    "a truth for a number": ({"fact": "answers.n", "op": "≥", "value": True}, "/value", "wrong_type"),
    "no finite number": ({"fact": "answers.n", "op": "≥", "value": float("nan")}, "/value", "bad_number"),
    "too large a number": ({"fact": "answers.n", "op": "<", "value": 10**15}, "/value", "bad_number"),
    "a range upside down": ({"fact": "answers.n", "op": "between", "value": [3, 1]}, "/value", "bad_range"),
    "a range of three": ({"fact": "answers.n", "op": "between", "value": [1, 2, 3]}, "/value", "wrong_type"),
    "no such day": ({"fact": "said_at", "op": "before", "value": "2026-02-30"}, "/value", "bad_day"),
    "no such hour": (
        {"fact": "said_at", "op": "time_between", "value": ["24:00", "06:00"]},
        "/value",
        "bad_time",
    ),
    "an empty time": (
        {"fact": "said_at", "op": "time_between", "value": ["06:00", "06:00"]},
        "/value",
        "bad_range",
    ),
    "weekday nought": ({"fact": "said_at", "op": "weekday_in", "value": [1, 0]}, "/value/1", "bad_weekday"),
    "no such season": (
        {"fact": "said_at", "op": "season_between", "value": ["06-31", "07-01"]},
        "/value",
        "bad_season",
    ),
    "a unit of a code": ({"fact": "matter", "op": "is", "value": "1", "unit": "cm"}, "/unit", "wrong_type"),
}


class TestParse:
    @pytest.mark.parametrize("case", BAD)
    def test_refuses_with_the_path_in_the_tree(self, case):
        page, path, code = BAD[case]

        with pytest.raises(ConditionRefused) as refused:
            parse_condition(page)

        assert (refused.value.path, refused.value.code) == (path, code)
        assert refused.value.detail

    def test_takes_eight_levels_and_two_hundred_tests(self):
        assert to_json(parse_condition(deep(8))) == deep(8)
        assert parse_condition({"all": [OK] * 200})

    @pytest.mark.parametrize("page", [None, {}, {"all": []}])
    def test_nothing_is_the_condition_that_always_holds(self, page):
        assert parse_condition(page) == ALWAYS
        assert evaluate(parse_condition(page), {}).value is True

    @given(conditions((*TESTS, *DATED_TESTS)))
    def test_what_is_written_is_read_back_equal(self, page):
        cond = parse_condition(page)

        assert parse_condition(to_json(cond)) == cond
        assert ordered(ordered(cond)) == ordered(cond)


def moment(text, **more):
    from datetime import datetime

    return Moment(datetime.fromisoformat(text), **more)


FRIDAY_LATE = moment("2026-11-20T23:30+08:00", working=False)
OPERATORS = [
    ("matter", "is", "1.2", "1.2", True),
    ("matter", "is", "1.2", "1.1", False),
    ("matter", "is", "1.2", "1", None),
    ("matter", "under", "1", "1.2", True),
    ("matter", "under", "1", "10", False),
    ("matter", "under", ["2", "1"], "1", True),
    ("matter", "in", ["1.1", "2"], "2", True),
    ("tags", "has", "t", frozenset({"t"}), True),
    ("tags", "has_any", ["t", "u"], frozenset(), False),
    ("tags", "has_all", ["t", "u"], frozenset({"t"}), False),
    ("tags", "empty", True, frozenset(), True),
    ("place", "in_division", DISTRICT, EAST_POINT, True),
    ("place", "in_division", EAST, WEST_POINT, False),
    ("place", "in_division", EAST, Place(UP), None),
    ("place", "in_division", EAST, Place((EAST,)), True),
    ("place", "in_zone", "Z1", EAST_POINT, True),
    ("place", "in_zone", "Z1", WEST_POINT, False),
    ("place", "in_zone", "Z1", Place(UP, exact=False), None),
    ("place", "in_grid", "G1", EAST_POINT, True),
    ("place", "in_kind", ["river", "road"], EAST_POINT, True),
    ("road_owner", "is", "B-build", Ref("B-build", "dept"), True),
    ("road_owner", "is_kind", "street", Ref("B-build", "dept"), False),
    ("road_owner", "is_kind", "street", Ref("B-build"), None),
    ("answers.depth", "=", 0.1, 0.1, True),
    ("answers.depth", "<", 30, 30, False),
    ("answers.depth", "≤", 30, 30, True),
    ("answers.depth", ">", 30, 30.5, True),
    ("answers.depth", "≥", 30, 29, False),
    ("answers.depth", "between", [30, 40], 40, True),
    ("said_at", "before", "2026-11-20", FRIDAY_LATE, False),
    ("said_at", "after", "2026-11-19", FRIDAY_LATE, True),
    ("said_at", "between_days", ["2026-11-20", "2026-11-20"], FRIDAY_LATE, True),
    ("said_at", "time_between", ["22:00", "06:00"], FRIDAY_LATE, True),
    ("said_at", "time_between", ["06:00", "23:30"], FRIDAY_LATE, False),
    ("said_at", "weekday_in", [5], FRIDAY_LATE, True),
    ("said_at", "is_working", True, FRIDAY_LATE, False),
    ("said_at", "is_working", True, FRIDAY_LATE.at, None),
    ("said_at", "season_between", ["11-15", "03-15"], FRIDAY_LATE, True),
    ("said_at", "season_between", ["06-01", "09-30"], FRIDAY_LATE, False),
    ("said_at", "before", "2026-11-21", FRIDAY_LATE.at.replace(tzinfo=None), None),
    ("has_photo", "is", False, False, True),
    ("has_photo", "known", None, False, True),
]


class TestEvaluate:
    @pytest.mark.parametrize(("fact", "op", "value", "found", "verdict"), OPERATORS)
    def test_an_operator_answers(self, fact, op, value, found, verdict):
        cond = parse_condition({"fact": fact, "op": op, "value": value})
        known = facts_of(**{fact: found})

        assert evaluate(cond, known).value is verdict
        assert evaluate(parse_condition({"not": to_json(cond)}), known).value is (
            None if verdict is None else not verdict
        )

    @pytest.mark.parametrize(("fact", "op", "value", "found", "verdict"), OPERATORS)
    def test_a_missing_fact_is_unknown_and_a_strange_value_never_raises(
        self, fact, op, value, found, verdict
    ):
        cond = parse_condition({"fact": fact, "op": op, "value": value})

        assert evaluate(cond, {}).value is (False if op == "known" else None)
        for strange in (
            None,
            1,
            2.5,
            float("nan"),
            "x",
            True,
            frozenset({"q"}),
            Place(),
            Ref("b"),
            FRIDAY_LATE,
        ):
            assert evaluate(cond, facts_of(**{fact: strange})).value in (True, False, None)

    @given(conditions((*TESTS, *DATED_TESTS)), facts())
    def test_agrees_with_the_naive_evaluator_compiled_or_not(self, page, known):
        cond = parse_condition(page)
        expected = naive.truth(cond, naive.answer(known))

        assert evaluate(cond, known).value is expected
        assert compiled(cond)(known) is expected

    @given(conditions((*TESTS, *DATED_TESTS), known=False), facts())
    def test_removing_a_fact_only_turns_an_answer_into_unknown(self, page, known):
        cond = parse_condition(page)
        before = evaluate(cond, known).value

        for name in VALUES:
            after = evaluate(cond, {n: f for n, f in known.items() if n != name}).value
            assert after in (before, None)

    @given(conditions(), facts())
    def test_a_cause_alone_makes_it_false_and_missing_facts_alone_could_make_it_true(self, page, known):
        cond = parse_condition(page)
        verdict = evaluate(cond, known)

        assert bool(verdict.cause) == (verdict.value is False)
        assert bool(verdict.missing) == (verdict.value is None)
        because = {answer.test: answer.verdict for answer in verdict.cause}
        if verdict.value is False:
            assert naive.truth(cond, because.get) is False

    def test_names_the_value_and_its_source(self):
        verdict = evaluate(Test("matter", "is", "1.2"), facts_of(matter="1.1"))

        assert verdict.tests[0].page() == {
            "fact": "matter",
            "op": "is",
            "value": "1.2",
            "found": "1.1",
            "source": {"kind": "said", "text": ""},
            "verdict": False,
        }


UNKNOWN_WORDS = {
    "matter": ({"fact": "matter", "op": "under", "value": "9"}, "/value", "unknown_matter"),
    "division": (
        {"fact": "place", "op": "in_division", "value": "990000000000"},
        "/value",
        "unknown_division",
    ),
    "grid": (
        {"not": {"fact": "place", "op": "in_grid", "value": ["G1", "G9"]}},
        "/not/value/1",
        "unknown_grid",
    ),
    "zone": ({"fact": "place", "op": "in_zone", "value": "Z9"}, "/value", "unknown_zone"),
    "place kind": ({"fact": "place", "op": "in_kind", "value": "moon"}, "/value", "unknown_kind"),
    "body": ({"fact": "road_owner", "op": "is", "value": "B-9"}, "/value", "unknown_body"),
    "kind of body": ({"fact": "road_owner", "op": "is_kind", "value": "moon"}, "/value", "unknown_body_kind"),
    "tag": ({"fact": "tags", "op": "has", "value": "z"}, "/value", "unknown_tag"),
    "channel": ({"fact": "channel", "op": "is", "value": "pigeon"}, "/value", "unknown_value"),
    "question": ({"fact": "answers.colour", "op": "is", "value": "red"}, "/fact", "unknown_question"),
    "choice": ({"fact": "answers.scenic", "op": "is", "value": "maybe"}, "/value", "unknown_value"),
    "type of answer": ({"fact": "answers.scenic", "op": "≥", "value": 3}, "/op", "wrong_operator"),
    "unit": ({"fact": "answers.depth", "op": "≥", "value": 3, "unit": "m"}, "/unit", "wrong_unit"),
}


class TestValidate:
    @pytest.mark.parametrize("case", UNKNOWN_WORDS)
    def test_names_the_unknown_word_and_its_path(self, case):
        page, path, code = UNKNOWN_WORDS[case]

        assert [(f.path, f.code, f.severity) for f in validate(parse_condition(page), WORDS)] == [
            (path, code, "blocker")
        ]

    @given(conditions((*TESTS, *DATED_TESTS)))
    def test_finds_nothing_in_a_condition_of_known_words(self, page):
        assert validate(parse_condition(page), WORDS) == []

    def test_a_word_must_live_through_the_whole_period(self):
        from dataclasses import replace
        from datetime import date

        words = replace(WORDS, lives={"zone:Z1": (date(2026, 1, 1), date(2026, 7, 1))})
        zone = parse_condition({"fact": "place", "op": "in_zone", "value": "Z1"})

        found = validate(zone, words, (date(2025, 1, 1), None))

        assert [each.code for each in found] == ["zone_begins_later", "zone_ends_earlier"]
        assert validate(zone, words, (date(2026, 1, 1), date(2026, 7, 1))) == []


class TestSentence:
    PAGE = {
        "all": [
            {"fact": "matter", "op": "under", "value": "1"},
            {"any": [{"fact": "answers.depth", "op": "≥", "value": 30, "unit": "cm"}, {"not": OK}]},
            {"fact": "said_at", "op": "weekday_in", "value": [7, 6]},
        ]
    }

    def test_is_said_in_chinese_and_english(self):
        cond, names = parse_condition(self.PAGE), {"matter:1": "市政", "fact:answers.depth": "积水深度"}

        assert sentence(cond, "zh", names) == (
            "事项属于市政，并且（积水深度≥30 cm，或者并非（附有照片）），并且诉求时间在周六、周日"
        )
        assert sentence(cond, "en") == (
            "the matter is under 1, and (answers.depth ≥ 30 cm, or it is not so that (a photo is attached)), "
            "and the time of the report is on Saturday, Sunday"
        )

    @given(conditions((*TESTS, *DATED_TESTS)))
    def test_every_condition_has_one_in_both_languages(self, page):
        cond = parse_condition(page)

        assert sentence(cond, "zh")
        assert sentence(cond, "en")

    def test_nothing_is_every_case(self):
        assert (sentence(ALWAYS, "zh"), sentence(ALWAYS, "en")) == ("任何情况", "in every case")
