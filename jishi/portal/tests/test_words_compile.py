import gettext

import pytest

from jishi.portal import words_compile

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def a_room(base, room, **pairs):
    folder = base / "jishi" / room / "words"
    folder.mkdir(parents=True)
    rows = "".join(f'msgid "{zh}"\nmsgstr "{en}"\n\n' for zh, en in pairs.items())
    (folder / "words.po").write_text(HEAD + rows)


class TestMerging:
    def test_puts_all_rooms_into_one_catalogue(self, tmp_path):
        a_room(tmp_path, "cases", 派单="Hand over")
        a_room(tmp_path, "places", 网格="Grid")

        counts = words_compile.compile_words(tmp_path, tmp_path / "out")

        with (tmp_path / "out/en/LC_MESSAGES/django.mo").open("rb") as file:
            words = gettext.GNUTranslations(file)
        assert counts["en"] == 2
        assert (words.gettext("派单"), words.gettext("网格")) == ("Hand over", "Grid")

    def test_refuses_two_english_words_for_one_chinese(self, tmp_path):
        a_room(tmp_path, "cases", 网格="Grid")
        a_room(tmp_path, "places", 网格="Mesh")

        with pytest.raises(words_compile.WordsDisagree, match="Mesh"):
            words_compile.compile_words(tmp_path, tmp_path / "out")

    def test_the_same_english_twice_is_no_quarrel(self, tmp_path):
        a_room(tmp_path, "cases", 网格="Grid")
        a_room(tmp_path, "places", 网格="Grid")

        assert words_compile.compile_words(tmp_path, tmp_path / "out")["en"] == 1

    def test_writes_nothing_when_nothing_changed(self, tmp_path):
        a_room(tmp_path, "cases", 网格="Grid")
        words_compile.compile_words(tmp_path, tmp_path / "out")
        folder = tmp_path / "out/en/LC_MESSAGES"
        before = [one.stat().st_mtime_ns for one in (folder, folder / "django.mo")]

        words_compile.compile_words(tmp_path, tmp_path / "out")

        after = [one.stat().st_mtime_ns for one in (folder, folder / "django.mo")]
        assert after == before, "not even a file put aside: two that start at once would take it from each other"


class TestLooking:
    def sentences(self, source):
        return [s for _line, s in words_compile.in_template(source).sentences]

    def test_finds_each_way_of_translating(self):
        source = """{% translate "派单" %}{% empty _("没有") "x" %}{{ a|default:_('无') }}
        {% blocktranslate with n=c %}共 {{ n }} 件，100%{% endblocktranslate %}
        {% blocktranslate count n=c %}{{ n }} 处{% plural %}{{ n }} 处{% endblocktranslate %}"""

        assert self.sentences(source) == ["派单", "没有", "无", "共 %(n)s 件，100%%", "%(n)s 处"]

    @pytest.mark.parametrize(
        "source",
        [
            "<p>派单</p>",
            '<a title="派单">x</a>',
            '{% chip "派单" %}',
            "{{ a|default:'无' }}",
            "{% if x %}：{% endif %}",
        ],
    )
    def test_reports_chinese_outside_translation(self, source):
        assert words_compile.in_template(source).bare

    @pytest.mark.parametrize(
        "source", ["{# 派单 #}", "{% comment %}派单{% endcomment %}", "<p>{{ case.title }} · 12</p>"]
    )
    def test_lets_comments_and_data_be(self, source):
        assert words_compile.in_template(source).bare == []

    def test_finds_the_sentences_of_python(self):
        found = words_compile.in_python(
            'x = _("派单")\ny = gettext_lazy("网格")\nz = "不是"\nw = ngettext("件", "件", n)\n'
        )

        assert [s for _line, s in found.sentences] == ["派单", "网格", "件"]
