"""Every golden sentence of urgent danger fires; its denied, past and imagined twins do not."""

import json
import tomllib
from pathlib import Path

import pytest

from jishi.kernels.text.risk import RiskRule, risk

RULES_FILE = Path(__file__).parents[4] / "institutions" / "rules" / "risk.toml"
GOLDEN = json.loads(RULES_FILE.with_name("risk_golden.json").read_text("utf-8"))
DANGERS = {
    *("gas", "fire", "wire", "collapse", "lift", "flood", "manhole", "poison", "violence", "missing", "self_harm"),
    "crowd",
}


def rules() -> list[RiskRule]:
    """The rules as the town has them: one for each way to say a danger."""
    rows = tomllib.loads(RULES_FILE.read_text("utf-8"))["risk"]
    told = ("wide", "desk_only", "under_way", "at_once")
    return [
        RiskRule(
            row["code"], tuple(tuple(group) for group in way), never=tuple(row.get("never", ())), call=row["call"],
            **{key: row.get(key, False) for key in told},
        )
        for row in rows
        for way in row["words"]
    ]  # fmt: skip


RULES = rules()
FIRED = [{mark.code for mark in marks} for marks in risk([row["text"] for row in GOLDEN], RULES)]


class TestGoldenSentences:
    def test_are_200_of_every_danger_and_200_twins(self):
        fires = [code for row in GOLDEN for code in row["fires"]]

        assert len(fires) >= 200 and set(fires) == DANGERS == {rule.code for rule in RULES}
        assert min(fires.count(code) for code in DANGERS) >= 15
        assert sum(not row["fires"] for row in GOLDEN) >= 200
        assert len({row["text"] for row in GOLDEN}) == len(GOLDEN)

    def test_all_sentences_of_danger_fire(self):
        missed = [row["text"] for row, said in zip(GOLDEN, FIRED, strict=True) if not set(row["fires"]) <= said]

        assert missed == []

    def test_no_denied_past_feared_or_imagined_twin_fires(self):
        wrong = [(row["text"], said) for row, said in zip(GOLDEN, FIRED, strict=True) if not row["fires"] and said]

        assert wrong == []


class TestGrammar:
    @pytest.mark.parametrize(
        ("text", "codes"),
        [
            ("消防通道着火了", {"fire"}),
            ("别墅着火了", {"fire"}),
            ("没人管，三楼着火了", {"fire"}),
            ("怕是着火了，楼上全是烟", {"fire"}),
            ("看着火车过去，声音很大", set()),
            ("家里煤气在漏气怎么办", {"gas"}),
            ("一下雨就被淹，请改造管网", set()),
            ("2018年11月他动手打人，法院判决了", set()),
            ("他现在又动手打人", {"violence"}),
        ],
    )
    def test_small_words_decide(self, text, codes):
        assert {mark.code for mark in risk([text], RULES)[0]} == codes

    def test_a_danger_said_in_two_ways_is_marked_once_with_its_number_and_place(self):
        (mark,) = risk(["楼道漏煤气，煤气味很大"], RULES)[0]

        assert (mark.code, mark.call) == ("gas", "119")
        assert mark.start >= 2

    def test_violence_and_self_harm_are_for_the_desk_alone(self):
        assert {rule.code for rule in RULES if rule.desk_only} == {"violence", "self_harm"}
