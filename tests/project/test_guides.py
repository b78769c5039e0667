"""The guides say what the interface says: pictures are there, twins match, and each word quoted is on a page."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from jishi.portal.demo import town
from tests.guide_pictures import PICTURES, SCENES

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs/guide"
GUIDES = sorted(path.stem for path in (GUIDE / "zh").glob("*.md"))
QUOTED = re.compile(r"“([^”]+)”|「([^」]+)」")
PICTURE = re.compile(r"!\[([^\]]+)\]\(([^)]+)\)")
MOST = 3 * 1024 * 1024  # bytes of all pictures
# The roles of a post (jishi/portal/web/nav.py), and the guide that says what each does.
ROLES = {
    "operator": "operator", "dispatcher": "dispatcher", "handler": "handler", "head": "handler",
    "supervisor": "supervisor", "reviewer": "reviewer", "feedback": "feedback-caller", "grid_worker": "grid-worker",
    "volunteer": "grid-worker", "mediator": "mediator", "office": "leading-group-office", "ruler": "ruler",
    "auditor": "auditor", "system_admin": "system-administrator", "security_admin": "security-administrator",
    "resident": "resident",
}  # fmt: skip


def read(lang: str, role: str) -> str:
    return (GUIDE / lang / f"{role}.md").read_text(encoding="utf-8")


def plain(said: str) -> str:
    """Leave out what a page fills in or adds: numbers, placeholders, spaces, the mark at the end."""
    return re.sub(r"%\(\w+\)[sd]|\{\w+\}|[\d\s]", "", said).strip("…。：:？?.“”·").lower()


@cache
def words(lang: str) -> frozenset[str]:
    """Give every text of the interface in one language, whole: buttons, heads, choices (a choice's first line)."""
    found = []
    for path in sorted((ROOT / "jishi").glob("*/words/*.po")):
        with path.open("rb") as file:
            for entry in read_po(file):
                said = entry.id if lang == "zh" else entry.string
                found += [said] if isinstance(said, str) else list(said)
    return frozenset(plain(line) for said in found for line in (said, said.partition("\n")[0], said.partition("，")[0]))


def shape(text: str) -> list[str]:
    """Give headings by level, numbered steps and pictures, in their order."""
    kept = []
    for line in text.splitlines():
        head, step = re.match(r"#+ ", line), re.match(r"\d+\. ", line)
        kept += [head[0] if head else step[0]] if head or step else []
        kept += [Path(to).name for _, to in PICTURE.findall(line)]
    return kept


def test_each_role_has_its_guide_in_both_languages():
    assert {role for person in town().people for role in person.roles} <= set(ROLES)
    for lang in ("zh", "en"):
        assert {p.stem for p in (GUIDE / lang).glob("*.md")} == {*ROLES.values(), "every-post"}


@pytest.mark.parametrize("role", GUIDES)
def test_the_twins_have_the_same_headings_steps_and_pictures(role):
    assert shape(read("zh", role)) == shape(read("en", role))
    assert shape(read("zh", role)).count("# ") == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("role", GUIDES)
def test_what_a_guide_quotes_stands_in_the_interface(role, lang):
    quoted = ["".join(q).strip() for q in QUOTED.findall(read(lang, role))]

    missing = [q for q in quoted if plain(q) not in words(lang)]

    assert not missing, missing


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_picture_of_a_guide_exists_and_each_that_exists_is_shown(lang):
    shown = set()
    for role in GUIDES:
        for _, to in PICTURE.findall(read(lang, role)):
            assert (GUIDE / lang / to).is_file(), f"{lang}/{role}: {to}"
            shown.add(Path(to).name)

    assert {p.name for p in (PICTURES / lang).iterdir()} == shown == {s.file for s in SCENES}


def test_the_pictures_are_small():
    assert sum(p.stat().st_size for p in PICTURES.rglob("*.webp")) <= MOST


@pytest.mark.parametrize(("index", "lang"), [("README.zh.md", "zh"), ("README.md", "en")])
def test_the_index_leads_to_every_guide(index, lang):
    linked = set(re.findall(rf"\]\({lang}/([\w-]+)\.md\)", (GUIDE / index).read_text(encoding="utf-8")))

    assert linked == set(GUIDES)
