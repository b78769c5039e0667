"""How sure the first day's answers may be (spec 12 §§3, 9): measured with the numbers as they stand in `certainty`.

Those numbers come from generated messages alone; real labelled messages are only measured with, never fitted on.
"""

import csv
import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from conftest import MONDAY_TEN
from jishi.cases import triage
from jishi.cases.tests import factories as f
from jishi.cases.triage import classifying
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.kernels.text.certainty import branch_probabilities, calibration_error
from jishi.kernels.text.classify import ZeroShot
from jishi.portal.demo import past_cases

TODAY = date(2026, 3, 9)
FOLDER = Path(os.environ.get("JISHI_SHARED") or Path(__file__).parents[4] / "shared") / "data/cases"


def read(name):
    if not (FOLDER / name).exists():
        pytest.skip(f"no messages: JISHI_SHARED names no folder with data/cases/{name}")
    with (FOLDER / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def model_of(town):
    with scope.work(system(town)):
        return classifying.zero_shot(duties.law(TODAY))


def suggested(town, texts):
    with scope.work(f.operator(town)):
        seen = triage.run([triage.Words(t, MONDAY_TEN) for t in texts], now=MONDAY_TEN, compare=False)
        return [s.stage("classify") for s in seen]


class TestSureness:
    def test_on_generated_messages_it_fills_in_half_and_is_as_often_right_as_it_says(self, town):
        model = model_of(town)
        cases = [c for c in past_cases(600, seed=5, today=TODAY) if c.matter in model.labels]
        truth = np.array([model.labels.index(c.matter) for c in cases])

        scores = model.score([c.text for c in cases])

        filled = scores.max(axis=1) >= classifying.PREFILL
        right = scores.argmax(axis=1) == truth
        assert filled.mean() >= 0.45 and right[filled].mean() >= 0.65
        assert calibration_error(scores, truth) <= 0.08

    def test_on_real_messages_it_fills_in_three_of_ten_and_ties_few(self, town):
        rows = read("hot_messages.csv")[::9]

        seen = suggested(town, [f"{r['留言主题']} {r['留言详情']}" for r in rows])

        why = [s.abstained for s in seen]
        assert why.count("") >= 0.3 * len(why)
        assert why.count("equally_likely") <= 0.1 * len(why)

    def test_on_real_labelled_messages_the_public_code_book_finds_the_class_and_says_how_sure(self):
        rows, documents = read("labelled_raw.csv"), {}
        classes = sorted({r["y"] for r in rows})
        for r in read("taxonomy_517.csv"):
            for label in (c for c in classes if r["一级分类"][:2] == c[:2]):
                path = (label, r["二级分类"], r["三级分类"])
                documents["/".join(path)] = [*path[:0:-1], " ".join(path)]
        model, truth = ZeroShot.fit(documents), np.array([classes.index(r["y"]) for r in rows])

        names, scores = branch_probabilities(
            model.score([r["x"] for r in rows]), [label.split("/")[0] for label in model.labels]
        )

        assert list(names) == classes
        first = scores.argmax(axis=1)
        filled = scores.max(axis=1) >= classifying.PREFILL
        assert (first == truth).mean() >= 0.76 and (first == truth)[filled].mean() >= 0.80
        assert filled.mean() >= 0.85 and calibration_error(scores, truth) <= 0.05


class TestWords:
    def test_greetings_and_small_words_choose_no_matter(self, town):
        said = ["尊敬的领导您好，请问这个问题什么时候能解决，希望尽快处理", "昨天晚上吃了一碗面", "感谢政府"]

        assert [s.abstained for s in suggested(town, said)] == ["cannot_tell"] * 3

    def test_a_branch_is_named_where_its_leaves_cannot_be_told_apart(self, town):
        vague, clear = suggested(town, ["供水有问题", "翠竹苑路灯三天不亮"])

        first = vague.candidates[0]
        assert vague.abstained == "unsure" and first["branch"]["p"] >= classifying.PREFILL > first["p"]
        assert first["value"].startswith(first["branch"]["value"] + ".")
        assert not clear.abstained and "branch" not in clear.candidates[0]
