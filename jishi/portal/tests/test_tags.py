import datetime as dt
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from jishi.portal.templatetags.jishi import field

NOW = dt.datetime(2026, 11, 20, 10, 20, tzinfo=dt.UTC)
HOSTILE = '<script>alert(1)</script>"onload="x'


@pytest.fixture(autouse=True)
def _chinese():
    with translation.override("zh-hans"):
        yield


def shown(text, **facts):
    return Template("{% load jishi %}" + text).render(Context({"now": NOW, **facts}))


@dataclass
class Clock:
    due_at: dt.datetime
    share_used: float = 0.0
    late: bool = False
    paused: bool = False
    text: str = ""


class Matter(forms.Form):
    text = forms.CharField(label="什么事", max_length=20, widget=forms.Textarea, help_text="几个字也行")
    voice = forms.ChoiceField(
        label="能联系您吗",
        widget=forms.RadioSelect,
        choices=[("open", "可以"), ("secret", "保密\n只有受理处知道")],
    )
    public = forms.BooleanField(label="公开", required=False)


class TestIcon:
    def test_is_decoration_unless_it_has_a_label(self):
        assert 'aria-hidden="true"' in shown('{% icon "home" %}')
        assert 'role="img" aria-label="位置"' in shown('{% icon "pin" "位置" %}')

    def test_points_into_the_one_sprite(self):
        assert 'href="/static/portal/icons.svg#i-home"' in shown('{% icon "home" %}')


class TestStateChip:
    def test_shows_icon_and_word_of_a_state(self):
        state = SimpleNamespace(chip="run", zh="办理中", en="in hand")

        html = shown("{% state_chip s %}", s=state)

        assert 'class="chip run"' in html
        assert "#i-run" in html
        assert "办理中" in html

    def test_speaks_english_to_english_readers(self):
        with translation.override("en"):
            assert "In hand" in shown(
                "{% state_chip s %}", s={"chip": "run", "zh": "办理中", "en": "in hand"}
            )

    def test_finds_a_code_among_the_states_of_the_page(self):
        states = {"handling": {"chip": "run", "zh": "办理中", "en": "in hand"}}

        assert "办理中" in shown('{% state_chip "handling" %}', states=states)

    def test_shows_an_unknown_code_as_it_is_and_an_unknown_kind_plainly(self):
        assert '<span class="chip plain">odd</span>' in shown('{% state_chip "odd" %}')
        assert 'class="chip plain"' in shown("{% state_chip s %}", s={"chip": "glow", "zh": "x", "en": "x"})

    def test_escapes_what_it_is_given(self):
        assert "<script>" not in shown("{% state_chip s %}", s={"chip": "run", "zh": HOSTILE, "en": HOSTILE})


class TestClockChip:
    def test_the_ring_shows_what_has_gone_and_the_text_what_is_left(self):
        html = shown("{% clock_chip c %}", c=Clock(NOW + dt.timedelta(minutes=66), 0.45))

        assert 'stroke-dasharray="45 100"' in html
        assert "剩 1 小时 6 分" in html
        assert 'class="clk"' in html

    def test_shows_itself_from_three_quarters_on(self):
        soon = Clock(NOW + dt.timedelta(minutes=17), 0.75)

        assert 'class="clk near"' in shown("{% clock_chip c %}", c=soon)
        assert 'class="clk"' in shown("{% clock_chip c %}", c=Clock(NOW + dt.timedelta(minutes=17), 0.74))

    def test_says_late_when_it_is_over(self):
        html = shown("{% clock_chip c %}", c=Clock(NOW - dt.timedelta(minutes=4), 1.0, late=True))

        assert 'class="clk late"' in html
        assert "已超 4 分" in html

    def test_stands_still_when_paused(self):
        html = shown("{% clock_chip c %}", c=Clock(NOW, 0.4, paused=True, text="暂停，剩 3 天"))

        assert 'class="clk off"' in html
        assert "dasharray" not in html

    def test_never_draws_more_than_a_full_ring(self):
        assert 'stroke-dasharray="100 100"' in shown("{% clock_chip c %}", c=Clock(NOW, 3.2))

    def test_is_nothing_without_a_clock(self):
        assert shown("{% clock_chip c %}", c=None) == ""


class TestField:
    def test_puts_the_label_above_and_ties_hint_and_error_to_the_control(self):
        html = shown("{% field f.text %}", f=Matter(data={}))

        assert '<label for="id_text">' in html
        assert 'aria-describedby="id_text_hint id_text_error"' in html
        assert 'aria-invalid="true"' in html
        assert 'id="id_text_error"' in html

    def test_keeps_what_was_typed(self):
        assert "雨水井" in shown("{% field f.text %}", f=Matter(data={"text": "雨水井"}))

    def test_counts_characters_where_there_is_a_limit(self):
        html = shown("{% field f.text %}", f=Matter())

        assert 'data-count="id_text_count"' in html
        assert 'data-max="20"' in html

    def test_shows_choices_as_cards_with_their_consequence(self):
        html = shown("{% field f.voice %}", f=Matter(data={"voice": "secret"}))

        assert "<legend>" in html
        assert html.count('class="opt"') == 1
        assert html.count('class="opt on"') == 1
        assert "<small>只有受理处知道</small>" in html

    def test_says_when_it_may_be_left_empty(self):
        assert "可不填" not in shown("{% field f.text %}", f=Matter())

    def test_escapes_what_was_typed(self):
        assert "<script>" not in shown("{% field f.text %}", f=Matter(data={"text": HOSTILE}))


class TestADay:
    class Asked(forms.Form):
        until = forms.DateField(label="最晚到哪天", widget=forms.DateInput(attrs={"type": "date"}))
        plain = forms.CharField(label="在等什么")

    def test_says_by_an_example_in_words_which_day_is_meant(self):
        form = self.Asked()

        html = shown("{% field f.until %}", f=form)
        with translation.override("en"):
            english = shown("{% field f.until %}", f=form)

        assert "例如 " in html and "月" in html and 'aria-describedby="id_until_hint"' in html
        assert "for example " in english and "月" not in english.split("hint")[1]
        assert "例如" not in shown("{% field f.plain %}", f=form)


class TestErrorSummary:
    def test_links_each_error_to_its_field(self):
        html = shown("{% error_summary f %}", f=Matter(data={}))

        assert 'href="#id_text"' in html
        assert 'role="alert"' in html
        assert "有 2 处要改" in html

    def test_is_nothing_when_all_is_well(self):
        assert shown("{% error_summary f %}", f=Matter(data={"text": "a", "voice": "open"})).strip() == ""


class TestPieces:
    def test_own_words_are_quoted_and_escaped(self):
        html = shown("{% said w %}", w="堵了\n" + HOSTILE)

        assert html.startswith('<p class="said">“堵了<br>')
        assert "<script>" not in html

    def test_nothing_said_is_nothing_shown(self):
        assert shown('{% said "" %}') == ""

    def test_trace_marks_each_line(self):
        html = shown(
            "{% trace t %}", t=[{"mark": "yes", "title": "基本-033"}, {"mark": "nope", "text": HOSTILE}]
        )

        assert '<li class="yes">' in html
        assert '<li class="nope">' in html
        assert "<script>" not in html

    def test_unknown_facts_are_a_dash_and_nought_is_nought(self):
        html = shown("{% kv p %}", p=[("抄送", ""), ("退回", 0)])

        assert "<dd>—</dd>" in html
        assert "<dd>0</dd>" in html

    def test_figures_unknown_are_a_dash_never_nought(self):
        assert shown("{{ n|number }}", n=None) == "—"
        assert shown("{{ n|number }}", n=0) == "0"

    def test_timeline_item_says_when_what_and_in_whose_words(self):
        entry = {
            "at": NOW,
            "title": "退回",
            "kind": "back",
            "note": "不是本单位职责",
            "note_said": "是井内堵塞",
        }

        html = shown("{% timeline_item e %}", e=entry)

        assert 'datetime="2026-11-20T10:20+00:00"' in html
        assert "dot back" in html
        assert "“是井内堵塞”" in html

    def test_pager_keeps_filters_and_moves_the_key(self):
        request = RequestFactory().get("/cases", {"state": "run", "after": "10"})

        html = shown("{% pager 42 %}", request=request)

        assert "state=run" in html
        assert "after=42" in html
        assert "after=10" not in html

    def test_pager_is_nothing_on_the_last_page(self):
        assert shown("{% pager none %}", none=None) == ""

    def test_folded_cells_keep_their_column_head(self):
        assert shown('{% td "依据" "s" %}基本-003{% endtd %}') == '<td class="s" data-l="依据">基本-003</td>'
        assert shown('{% td "依据" %}{{ x }}{% endtd %}', x=HOSTILE).count("<script>") == 0

    def test_two_forms_have_two_keys_and_a_form_that_comes_back_keeps_its_own(self):
        assert shown("{% idempotency %}") != shown("{% idempotency %}")
        assert 'value="k1"' in shown('{% idempotency "k1" %}')

    def test_scripts_of_others_carry_their_digest(self):
        assert 'integrity="sha256-' in shown('{% vendor "htmx.min.js" %}')
        assert "defer" in shown('{% vendor "htmx.min.js" %}')


class TestOwnWordsOfTheTown:
    def test_are_marked_as_chinese_on_an_english_page(self):
        with translation.override("en"):
            assert shown("{{ t|own }}", t="Sport / 体育场地 A") == (
                'Sport / <span lang="zh-Hans">体育场地</span> A'
            )

    def test_keep_the_figures_of_a_name_in_one_piece(self):
        with translation.override("en"):
            assert shown("{{ t|own }}", t="翠竹01网格 5") == '<span lang="zh-Hans">翠竹01网格</span> 5'

    def test_are_left_alone_on_a_chinese_page_and_escaped_on_both(self):
        assert shown("{{ t|own }}", t="<b>雨水井") == "&lt;b&gt;雨水井"
        with translation.override("en"):
            assert "<b>" not in shown("{{ t|own }}", t="<b>雨水井")


class TestDaysInsideAText:
    def test_are_written_as_the_reader_writes_days(self):
        text = "按2019-11-22有效的清单"

        assert shown("{{ t|days }}", t=text) == "按2019年11月22日有效的清单"
        with translation.override("en"):
            assert "22 Nov 2019" in shown("{{ t|days }}", t=text)

    def test_leave_what_is_no_day(self):
        assert shown("{{ t|days }}", t="C2019-13-40") == "C2019-13-40"


class TestAFile:
    def test_has_words_of_our_own_over_the_browsers_control(self):
        class Form(forms.Form):
            file = forms.FileField(label="文件")

        html = shown("{% field f.file %}", f=Form())

        assert 'type="file"' in html
        assert "选文件" in html


class TestWordsOfPeople:
    def test_are_marked_as_chinese_on_an_english_page_lazy_ones_too(self):
        with translation.override("en"):
            assert 'lang="zh-Hans"' in shown("{% said t %}", t="雨水井堵了")
            assert "“a drain”" in shown("{% said t %}", t=translation.gettext_lazy("a drain"))


def test_choices_stand_side_by_side_only_while_a_phone_need_not_break_their_words():
    class Asked(forms.Form):
        short = forms.ChoiceField(choices=[("a", "可以"), ("b", "保密")], widget=forms.RadioSelect)
        long = forms.ChoiceField(
            choices=[("a", "没有人动手，也没有孩子有危险"), ("b", "有人动手")], widget=forms.RadioSelect
        )

    asked = Asked()

    assert [field(asked[name])["abreast"] for name in ("short", "long")] == [True, False]
