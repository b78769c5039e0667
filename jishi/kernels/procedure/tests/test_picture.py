"""The picture: the same bytes each time, well formed, nothing on top of anything."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jishi.kernels.procedure import draw, mermaid, page, parse
from jishi.kernels.procedure.layout import lay_out, text_width, wrap
from jishi.kernels.procedure.tests.factories import SOUND, lives


def overlaps(a, b):
    return a.x < b.x + b.w and b.x < a.x + a.w and a.y < b.y + b.h and b.y < a.y + a.h


class TestDraw:
    @given(lives(), st.sampled_from(["zh", "en"]))
    def test_no_words_touch_each_other_or_leave_the_page(self, life, lang):
        out = lay_out(life, lang)

        for i, a in enumerate(out.words):
            assert a.x >= 0
            assert a.x + a.w <= out.width
            assert a.y >= 0
            assert a.y + a.h <= out.height
            assert not [b for b in out.words[:i] if overlaps(a, b)]

    @given(lives())
    def test_no_words_lie_on_the_lines(self, life):
        out = lay_out(life, "zh")
        first, last = min(c.x for c in out.columns), max(c.x for c in out.columns)

        rungs = [w for w in out.words if w.role in ("move", "who", "clock")]

        assert all(w.x + w.w < first or w.x > last for w in rungs)

    @given(lives())
    def test_is_well_formed_and_the_same_each_time(self, life):
        svg = draw(life, "en")

        assert draw(life, "en") == svg
        assert ElementTree.fromstring(svg).tag.endswith("svg")

    def test_shows_every_state_and_every_move_in_the_chosen_language(self):
        svg = draw(parse(SOUND), "en")

        assert all(word in svg for word in ("Asked", "Done", "1  Ask", "2  Approve", "expiry of answer"))
        assert not re.search(r"[一-鿿]", svg.split("</style>")[1])

    def test_writes_signs_of_markup_as_text(self):
        svg = draw(parse(SOUND.replace('en = "Approve"', "en = '<b>&\"'")), "en")

        assert "&lt;b&gt;&amp;&quot;" in svg

    @pytest.mark.parametrize("text", ["会商时限、裁定时限、签收时限、首次联系时限", "one two three four"])
    def test_wraps_without_losing_a_sign(self, text):
        lines = wrap(text, 12, 80)

        assert all(text_width(line, 12) <= 80 for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")


class TestMermaid:
    def test_draws_one_arrow_between_two_states(self):
        text = mermaid(parse(SOUND), "zh")

        assert "  [*] --> ASKED : 申请" in text
        assert "  ASKED --> DONE : 同意 / 到时了结" in text
        assert "  DONE --> [*]" in text

    def test_page_lists_every_verb_and_every_clock(self):
        text = page(parse(SOUND))

        assert all(f"`{word}`" in text for word in ("visit.ask", "visit.approve", "visit.lapse", "answer"))
