import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jishi.kernels.text.classify import (
    Learned,
    UnknownModel,
    ZeroShot,
    abstentions,
    blend,
    branch_probabilities,
    calibration_error,
)
from jishi.kernels.text.words import bigrams, tsquery_text, tsvector_text

DOCUMENTS = {
    "路灯": ["路灯不亮", "路灯损坏维修", "夜间照明", "灯杆倾斜"],
    "供水": ["自来水停水", "水压低", "水管爆裂漏水", "水质浑浊"],
    "噪声": ["夜间施工噪音扰民", "广场舞音响", "装修噪声", "酒吧吵闹"],
}
CASES = [
    ("小区门口的灯坏了好几盏", "路灯"),
    ("家里没有水", "供水"),
    ("楼上半夜唱歌太吵", "噪声"),
    ("龙头出黄水", "供水"),
] * 12
TEXTS, TRUTH = [t for t, _ in CASES], [y for _, y in CASES]


@pytest.fixture(scope="module")
def zero():
    return ZeroShot.fit(DOCUMENTS)


class TestZeroShot:
    def test_finds_the_matter_from_its_own_documents_and_names_the_words(self, zero):
        seen = zero.score(["建设路的路灯三天不亮", "全楼停水"])

        assert [zero.labels[i] for i in seen.argmax(axis=1)] == ["路灯", "供水"]
        assert any("路灯" in reason.words for reason in zero.reasons("建设路的路灯三天不亮", "路灯"))

    def test_order_of_labels_and_of_the_batch_does_not_matter(self, zero):
        turned = ZeroShot.fit(dict(reversed(DOCUMENTS.items())))

        assert np.allclose(turned.score(TEXTS[::-1])[::-1], zero.score(TEXTS))

    def test_batch_and_single_agree(self, zero):
        assert np.allclose(zero.score(TEXTS), np.vstack([zero.score([text]) for text in TEXTS]))

    def test_an_empty_text_has_an_answer_that_abstains(self, zero):
        assert abstentions(
            ["", "。。", "12345", "please repair the lamp here", "灯和水"],
            zero.score(["", "。。", "12345", "x", "灯和水"]),
        )[:4] == [
            "too_short",
            "too_short",
            "too_short",
            "language",
        ]

    def test_phones_and_hidden_marks_change_nothing(self, zero):
        assert np.allclose(zero.score(["路灯不亮〔电话〕"]), zero.score(["路灯不亮〔姓名〕"]))

    def test_survives_its_arrays_and_refuses_strange_ones(self, zero):
        header, arrays = zero.to_arrays()

        assert np.array_equal(ZeroShot.from_arrays(header, arrays).score(TEXTS), zero.score(TEXTS))
        with pytest.raises(UnknownModel):
            ZeroShot.from_arrays({**header, "format": 99}, arrays)
        with pytest.raises(UnknownModel):
            ZeroShot.from_arrays(header, {**arrays, "indptr": arrays["indptr"][:-1]})


class TestLearned:
    def test_learns_what_documents_do_not_say(self, zero):
        learned = Learned.fit(zero, TEXTS, TRUTH, seed=3)

        assert zero.labels[learned.score(["龙头出黄水了"])[0].argmax()] == "供水"

    def test_the_same_seed_gives_the_same_bytes(self, zero):
        first, second = (Learned.fit(zero, TEXTS, TRUTH, seed=3).to_arrays()[1] for _ in range(2))

        assert all(first[name].tobytes() == second[name].tobytes() for name in first)

    def test_survives_its_arrays(self, zero):
        learned = Learned.fit(zero, TEXTS, TRUTH, seed=3)

        assert np.array_equal(Learned.from_arrays(*learned.to_arrays()).score(TEXTS), learned.score(TEXTS))

    def test_a_class_without_cases_can_still_win_after_the_blend(self, zero):
        cases = [(t, y) for t, y in CASES if y != "路灯"]
        learned = Learned.fit(zero, [t for t, _ in cases], [y for _, y in cases], seed=3)
        text = ["路灯不亮，灯杆倾斜"]

        mixed = blend(zero.score(text), learned.score(text), learned.support)

        assert zero.labels[mixed[0].argmax()] == "路灯"

    def test_no_cases_at_all_give_the_zero_shot_answer(self, zero):
        learned = Learned.fit(zero, [], [], seed=3)

        assert np.allclose(learned.score(TEXTS), zero.score(TEXTS))


class TestFigures:
    def test_a_branch_is_the_sum_of_its_leaves(self):
        names, seen = branch_probabilities(np.array([[0.2, 0.3, 0.5]]), ["b", "a", "b"])

        assert names == ("a", "b")
        assert np.allclose(seen, [[0.3, 0.7]])

    def test_calibration_error_of_a_sure_and_wrong_model_is_one(self):
        assert calibration_error(np.array([[1.0, 0.0]] * 4), np.array([1, 1, 1, 1])) == 1.0


class TestSearchWords:
    def test_chinese_is_cut_in_pairs_and_latin_kept_whole(self):
        assert bigrams("地铁WIFI-6很慢") == ["地铁", "wifi-6", "很慢"]

    def test_a_query_is_words_and_never_operators(self):
        assert tsquery_text("停水 & !路灯坏 | a'b") == "'停水' & ('路灯' <-> '灯坏') & 'a' & 'b'"
        assert tsquery_text("!&|") == ""

    def test_a_single_character_is_searched_as_a_beginning(self):
        assert tsquery_text("水 a") == "'水':* & 'a'"
        assert tsvector_text("停水了3天").split() == ["停水", "水了", "了", "3", "天"]

    @given(st.text("停水了3天 a。", max_size=30))
    def test_every_chinese_character_begins_a_word(self, text):
        words = tsvector_text(text).split()

        assert {c for c in text if c >= "\u4e00"} <= {word[0] for word in words}
