"""Facts about our pages: small sheets, strict content policy, one set of colours, known classes."""

import re
from pathlib import Path

import pytest

from jishi.portal import words_compile

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "jishi/portal/static/portal"
TEMPLATES = [p for p in words_compile.own_files(ROOT)[0] if p.suffix == ".html"]
SHEETS = [STATIC / "jishi.css", STATIC / "pages.css", STATIC / "map.css"]
ROOM_SHEETS = sorted(ROOT.glob("jishi/*/static/*/**/*.css"))
OWN_SCRIPTS = sorted(p for p in (ROOT / "jishi").glob("*/static/**/*.js") if "vendor" not in p.parts)

INLINE_STYLE = re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE)
INLINE_HANDLER = re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE)
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc\s*=)[^>]*>", re.IGNORECASE)
DATA_SCRIPT = re.compile(r'<script[^>]*type="application/(?:ld\+)?json"', re.IGNORECASE)
FOREIGN = re.compile(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""", re.IGNORECASE)
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklch|oklab)a?\(")
EVALUATED = re.compile(r"\beval\(|new Function\(|document\.write\(|\.innerHTML\s*=|insertAdjacentHTML")
CLASS = re.compile(r'class="([^"]*)"')
TEMPLATE_CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)

# classes that say what a thing is to scripts or to tests, and have no look of their own
WITHOUT_LOOK = {"more-rows", "table"}


def source(path):
    return COMMENT.sub("", path.read_text())


def rules(sheet):
    return re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)


def known_classes():
    return {name for sheet in {*SHEETS, *ROOM_SHEETS} for name in re.findall(r"\.([a-zA-Z][\w-]*)", rules(sheet))}


def test_the_tokens_stay_within_6_kb():
    assert (STATIC / "tokens.css").stat().st_size <= 6_000


def test_the_components_stay_within_20_kb():
    assert (STATIC / "jishi.css").stat().st_size <= 20_000


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda p: p.name)
def test_no_colour_stands_outside_the_tokens(sheet):
    assert COLOUR.findall(rules(sheet)) == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda p: p.name)
def test_every_token_used_is_defined(sheet):
    defined = set(re.findall(r"(--[\w-]+)\s*:", (STATIC / "tokens.css").read_text()))

    assert set(re.findall(r"var\((--[\w-]+)", sheet.read_text())) <= defined


def test_every_icon_of_the_sprite_is_well_formed_and_named_once():
    names = re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text())

    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT / "jishi")))
class TestEachTemplate:
    def test_has_no_style_attribute(self, path):
        assert INLINE_STYLE.findall(TEMPLATE_CODE.sub("", source(path))) == []
        assert "<style" not in source(path)

    def test_has_no_inline_script_and_no_handler(self, path):
        text = TEMPLATE_CODE.sub("x", source(path))

        assert [s for s in INLINE_SCRIPT.findall(text) if not DATA_SCRIPT.match(s)] == []
        assert INLINE_HANDLER.findall(text) == []
        assert "javascript:" not in text

    def test_loads_nothing_from_elsewhere(self, path):
        assert FOREIGN.findall(source(path)) == []

    def test_has_no_colour_of_its_own(self, path):
        painted = re.findall(r'(?:fill|stroke|color|bgcolor)="(#[^"]+|rgb[^"]+)"', source(path))

        assert painted == []

    def test_uses_only_classes_that_exist(self, path):
        used = set()
        for value in CLASS.findall(re.sub(r"\{%.*?%\}", " ", source(path))):
            used |= set(re.sub(r"\S*\{\{.*?\}\}\S*", " ", value).split())

        assert used - known_classes() - WITHOUT_LOOK == set()

    def test_uses_only_icons_of_the_sprite(self, path):
        known = set(re.findall(r'<symbol id="i-([^"]+)"', (STATIC / "icons.svg").read_text()))

        assert set(re.findall(r'{%\s*icon\s+"([\w-]+)"', source(path))) <= known

    def test_marks_nothing_safe(self, path):
        assert not re.search(r"\|\s*safe\b|autoescape\s+off", source(path))


@pytest.mark.parametrize("path", OWN_SCRIPTS, ids=lambda p: p.name)
def test_our_scripts_evaluate_nothing_and_hold_no_words(path):
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)

    assert EVALUATED.findall(text) == []
    assert not words_compile.HAN.search(text)


def test_no_python_marks_text_safe():
    marking = re.compile(r"\bmark_safe\(|SafeString\(|format_html\(\s*f[\"']")
    found = [
        str(p.relative_to(ROOT))
        for p in (ROOT / "jishi").rglob("*.py")
        if "tests" not in p.parts and marking.search(p.read_text())
    ]

    assert found == []
