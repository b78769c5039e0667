"""Documents: twins stay twins, links lead somewhere, and the first question is answered in three steps."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TWINS = [("README.md", "README.zh.md"), ("docs/guide/README.md", "docs/guide/README.zh.md")]
PAGES = sorted(
    p
    for pattern in ("*.md", "docs/**/*.md", "jishi/**/README.md", "institutions/**/*.md", "benchmarks/*.md")
    for p in ROOT.glob(pattern)
)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _headings(page: str) -> list[int]:
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.S)
    return [len(m.group(1)) for m in re.finditer(r"^(#+) ", text, flags=re.M)]


def _rows(page: str) -> int:
    return len(re.findall(r"^\|", (ROOT / page).read_text(encoding="utf-8"), flags=re.M))


@pytest.mark.parametrize(("english", "chinese"), TWINS)
class TestTwins:
    def test_have_the_same_headings(self, english, chinese):
        assert _headings(english) == _headings(chinese)

    def test_have_the_same_tables_and_commands(self, english, chinese):
        pages = [(ROOT / p).read_text(encoding="utf-8") for p in (english, chinese)]
        blocks = [re.findall(r"```.*?```", page, flags=re.S) for page in pages]

        assert _rows(english) == _rows(chinese)
        assert blocks[0] == blocks[1]

    def test_name_the_same_things_in_code(self, english, chinese):
        names = [set(re.findall(r"`([^`\n]+)`", (ROOT / p).read_text(encoding="utf-8"))) for p in (english, chinese)]

        assert names[0] == names[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    targets = [t for t in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in t]

    assert [t for t in targets if not (page.parent / t).exists()] == []


@pytest.mark.parametrize("room", ["accounts", "places", "bodies", "duties", "cases", "foundation", "portal", "kernels"])
def test_every_room_has_a_page_that_says_its_question(room):
    text = (ROOT / "jishi" / room / "README.md").read_text(encoding="utf-8")

    assert "uestion" in text


def test_where_a_handover_is_signed_is_found_in_three_steps():
    first = (ROOT / "README.md").read_text(encoding="utf-8")
    second = (ROOT / "jishi/README.md").read_text(encoding="utf-8")
    third = (ROOT / "jishi/cases/README.md").read_text(encoding="utf-8")
    row = next(line for line in third.splitlines() if "签收 signed" in line)

    assert "](jishi/README.md)" in first
    assert "](cases/README.md)" in second or "`cases/README.md`" in second
    assert "](actions/handover.py) · `sign`" in row
    assert "`offered_body`" in row
    assert "policies.PARTIES" in row
    assert "def sign(" in (ROOT / "jishi/cases/actions/handover.py").read_text(encoding="utf-8")
    assert '"offered_body":' in (ROOT / "jishi/cases/policies.py").read_text(encoding="utf-8")
