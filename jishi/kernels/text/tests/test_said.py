"""What a text says to a model: windows and concepts, of the whole text and of what stands in front."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jishi.kernels.text import concepts, said
from jishi.kernels.text.classify import ZeroShot
from jishi.kernels.text.features import hashes, points

DOCUMENTS = {"空气": ["废气异味", "油烟扬尘"], "噪声": ["夜间施工噪音", "音响扰民"], "供水": ["停水", "水压低"]}
BITS = 18


def first(text: str, documents: dict[str, list[str]] = DOCUMENTS) -> str:
    model = ZeroShot.fit(documents)
    return model.labels[int(model.score([text])[0].argmax())]


class TestConcepts:
    def test_a_message_without_a_word_of_the_documents_is_found_by_its_field_of_work(self):
        assert not set("呛得头晕，很刺鼻") & set("".join(DOCUMENTS["空气"]))
        assert first("呛得头晕，很刺鼻") == "空气"

    def test_every_word_is_found_where_it_stands_and_in_every_concept_that_holds_it(self):
        names = list(concepts.CONCEPTS)
        line = "物业不管，闻到刺鼻味道"
        at, which = concepts.found(concepts.prints_of(points([line])))
        told = {(line[a : a + 2], names[c]) for a, c in zip(at.tolist(), which.tolist(), strict=True)}
        assert {("物业", "物业服务"), ("闻到", "空气污染"), ("刺鼻", "空气污染")} <= told

    def test_no_concept_holds_a_word_twice_or_one_too_long_to_be_found(self):
        for name, words in concepts.CONCEPTS.items():
            held = words.split()
            assert len(held) == len(set(held)), name
            assert max(map(len, held)) <= concepts.LONGEST, name

    def test_no_concept_is_about_who_speaks(self):
        held = {word for words in concepts.CONCEPTS.values() for word in words.split()}
        assert not held & {"先生", "女士", "汉族", "回族", "信教", "外地人", "本地人", "男", "女", "前科"}

    def test_there_is_room_for_each_among_the_features(self):
        assert len(concepts.CONCEPTS) <= said.RESERVED


class TestLeads:
    @pytest.mark.parametrize(("text", "lead"), [
        ("路灯坏了三盏没人修 我住在翠竹苑，每天晚上回家看不见。", "路灯坏了三盏没人修"),
        ("尊敬的领导：您好！小区门口的路灯三天不亮了。请派人看。", "小区门口的路灯三天不亮了"),
        ("停水。", "停水。"),
        ("", ""),
    ])  # fmt: skip
    def test_are_the_title_or_the_first_sentence_that_is_no_greeting(self, text, lead):
        assert said.leads([text]) == [lead]

    def test_what_stands_in_front_weighs_more_than_what_follows(self):
        story = "说来话长，那天下着小雨，邻居们都在楼下站着。"
        assert first(f"工地夜间施工噪音太大 {story}顺便说一句，家里停水。") == "噪声"
        assert first(f"家里停水两天水压低 {story}顺便说一句，工地夜间施工噪音太大。") == "供水"


class TestEmphasis:
    def test_a_word_of_the_field_counts_more_than_a_piece_of_words_and_a_plea_less(self):
        told = said.whole(["物业不管，希望处理"], BITS)
        weight = said.emphasis(BITS, 100)
        row = said.weighed(told, weight, BITS)
        said_of = dict(zip(row.indices.tolist(), row.values.tolist(), strict=True))
        field, piece, plea = (said_of[int(hashes(points([w]), 2, BITS)[0])] for w in ("物业", "业不", "希望"))
        assert field > 2 * piece and plea < 0.7 * piece
        assert (weight[-said.RESERVED :] == 1).all()

    def test_a_row_has_length_one_and_windows_twice_the_part_of_concepts(self):
        indptr, indices, values = said.whole(["楼下工地夜间施工，噪音很大，睡不着"], BITS)
        row = said.weighed((indptr, indices, values), said.emphasis(BITS, 100), BITS)
        concept = (row.indices & ((1 << BITS) - 1)) >= (1 << BITS) - said.RESERVED
        squares = row.values.astype(float) ** 2
        assert squares.sum() == pytest.approx(1, abs=1e-3)
        assert squares[~concept].sum() == pytest.approx(2 * squares[concept].sum(), rel=1e-3)


class TestCounting:
    def test_numbers_say_where_and_when_and_change_nothing(self):
        one, two = (said.whole([t], BITS) for t in ("3号楼2026年5月停水", "15号楼2024年11月停水"))
        assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))

    def test_a_window_never_passes_for_a_concept(self):
        lines = ["翠竹苑的猫上了树"] + [chr(0x4E00 + n) * 3 for n in range(3000)]
        indices = said.body(lines, BITS)[1]
        told = indices >= (1 << BITS) - said.RESERVED
        named = sum(len(concepts.found(concepts.prints_of(points([s])))[0]) > 0 for s in lines)
        assert told.sum() <= named + 1

    @given(st.lists(st.text("路灯停水噪音刺鼻 。，", max_size=60), min_size=1, max_size=12))
    def test_no_other_text_of_a_batch_changes_what_is_counted(self, texts):
        indptr, indices, values = said.whole(texts, BITS)
        alone = said.whole(texts[-1:], BITS)
        assert np.array_equal(indices[indptr[-2] :], alone[1]) and np.array_equal(values[indptr[-2] :], alone[2])
