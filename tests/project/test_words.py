"""Every Chinese sentence of the interface has English, and none stands outside translation."""

import re
from pathlib import Path

import pytest

from jishi.portal import words_compile

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES, PYTHON = words_compile.own_files(ROOT)
WORDS = sorted((ROOT / "jishi").glob("*/words/*.po"))


def test_every_chinese_sentence_has_english():
    assert words_compile.without_english(ROOT) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT / "jishi")))
def test_no_chinese_stands_outside_translation(path):
    assert words_compile.in_template(path.read_text()).bare == []


@pytest.mark.parametrize("path", WORDS, ids=lambda p: str(p.relative_to(ROOT / "jishi")))
def test_both_sides_of_a_sentence_name_the_same_facts(path):
    catalogue = words_compile.merged([path], locale="zh_Hans" if path.name.endswith(".zh.po") else "en")

    wrong = [m.id for m in catalogue if m.id and words_compile.facts_differ(m)]

    assert wrong == []


def test_english_is_english():
    catalogue = words_compile.english(ROOT)

    chinese = [m.id for m in catalogue if m.id and words_compile.HAN.search(_text(m.string))]

    assert chinese == []


def _text(string):
    """The Chinese term may stand in brackets where an office word has no twin."""
    return re.sub(r"\([^()]*\)", "", string if isinstance(string, str) else " ".join(string))
