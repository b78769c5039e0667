import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jishi.kernels.text import figures
from jishi.kernels.text.figures import Share

SURE = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.4, 0.35, 0.25], [0.1, 0.1, 0.8]])


class TestShare:
    def test_of_nothing_is_not_measured(self):
        assert Share(0, 0).told() == {"value": None, "interval": None, "hits": 0, "of": 0}
        assert figures.percent(Share(0, 0).told()) == "not measured"

    def test_is_told_with_its_interval_as_tables_have_it(self):
        low, high = Share(81, 263).interval  # Newcombe 1998, table I: 0.2553 to 0.3662

        assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)

    @given(st.integers(0, 500), st.integers(1, 500))
    def test_lies_inside_its_interval_and_between_nought_and_one(self, hits, more):
        share = Share(hits, hits + more)
        low, high = share.interval

        assert 0 <= low <= share.value + 1e-12 <= high + 2e-12 <= 1 + 2e-12


class TestClassification:
    def test_counts_what_was_said_against_what_is_true(self):
        found = figures.classification(["甲", "乙", "乙", "丙"], ["甲", "乙", "丙"], SURE)

        assert (found["accuracy"]["hits"], found["accuracy"]["of"], found["top3"]["hits"]) == (3, 4, 4)
        assert found["macro_f1"]["value"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
        assert found["worst_pairs"] == [{"true": "乙", "said": "甲", "count": 1}]
        assert {c["label"]: c["support"] for c in found["classes"]} == {"甲": 1, "乙": 2, "丙": 1}

    def test_a_label_the_model_does_not_know_is_missed_not_forgotten(self):
        found = figures.classification(["甲", "丁"], ["甲", "乙", "丙"], SURE[:2])

        assert found["accuracy"]["hits"] == 1
        assert found["macro_f1"]["value"] == pytest.approx(1 / 3)

    def test_the_curve_takes_the_surest_first_and_ends_at_the_accuracy(self):
        found = figures.classification(["甲", "乙", "乙", "丙"], ["甲", "乙", "丙"], SURE)

        quarters = {r["coverage"]: r["accuracy"]["value"] for r in found["curve"]}
        assert [quarters[at] for at in (0.25, 0.5, 0.75, 1.0)] == [1.0, 1.0, 1.0, 0.75]
        assert found["curve"][-1]["threshold"] == pytest.approx(0.4)

    def test_an_answer_that_is_sure_and_wrong_has_a_calibration_error_of_one(self):
        found = figures.classification(["乙"], ["甲", "乙"], np.array([[1.0, 0.0]]))

        assert found["calibration_error"] == pytest.approx(1.0)

    def test_the_same_answers_give_the_same_figures(self):
        truth = ["甲", "乙", "乙", "丙"] * 20
        rows = np.tile(SURE, (20, 1))

        first, second = (figures.classification(truth, ["甲", "乙", "丙"], rows) for _ in range(2))

        low, high = first["macro_f1"]["interval"]
        assert first == second
        assert low < first["macro_f1"]["value"] < high


class TestPairs:
    def test_precision_and_recall_are_of_what_is_proposed(self):
        found = figures.pairs([True, True, False, True], np.array([0.9, 0.6, 0.7, 0.2]))

        assert (found["precision"]["hits"], found["precision"]["of"]) == (2, 3)
        assert (found["recall"]["hits"], found["recall"]["of"]) == (2, 3)

    def test_the_ladder_names_the_threshold_that_reaches_a_recall(self):
        found = figures.pairs([True, True, False, True], np.array([0.9, 0.6, 0.7, 0.2]))

        row = next(r for r in found["ladder"] if r["recall"] == 0.6)
        assert (row["threshold"], row["precision"]["hits"], row["precision"]["of"]) == (0.6, 2, 3)


class TestBCubed:
    def test_the_same_grouping_is_perfect(self):
        assert figures.b_cubed([["a", "b"], ["c"]], [["c"], ["b", "a"]])["f1"] == 1.0

    def test_one_group_for_all_loses_precision_and_none_loses_recall(self):
        marked = [["a", "b"], ["c", "d"]]

        assert figures.b_cubed([["a", "b", "c", "d"]], marked) == {"precision": 0.5, "recall": 1.0, "f1": 2 / 3}
        assert figures.b_cubed([], marked) == {"precision": 1.0, "recall": 0.5, "f1": 2 / 3}

    def test_what_does_not_belong_to_a_marked_group_costs_precision(self):
        assert figures.b_cubed([["a", "b", "x", "y"]], [["a", "b"]])["precision"] == 0.5


class TestSpans:
    def test_a_span_that_still_shows_one_character_is_not_found(self):
        found = figures.spans([[(0, 11, "phone")]], [[(0, 10, "phone")]])

        assert found["phone"]["recall"]["value"] == 0.0
        assert found["phone"]["precision"]["value"] == 1.0

    def test_what_is_hidden_without_need_costs_precision(self):
        found = figures.spans([[(0, 11, "phone")], []], [[(0, 11, "card")], [(3, 6, "name")]])

        assert found["phone"]["recall"]["value"] == 1.0
        assert found["card"]["precision"]["value"] == 1.0
        assert found["name"]["precision"]["value"] == 0.0
        assert (found["*"]["precision"]["hits"], found["*"]["precision"]["of"]) == (1, 2)
