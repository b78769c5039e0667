"""No script of ours writes a field whose name came from outside: nothing reaches a prototype (ASVS V15.3.6).

What is kept by name is kept in a `Map`; `Object.fromEntries`, spread and `JSON.parse` make fields of the object's own.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(p for p in (ROOT / "jishi").glob("*/static/**/*.js") if "vendor" not in p.parts)
COMPUTED = re.compile(r"[\w)\]]\[(?![\"'\d])[^\]\n]+\]\s*(?:[-+*/|&?]{0,2}=(?![=>])|\+\+|--)")
MERGED = re.compile(r"__proto__|\bconstructor\s*\[|setPrototypeOf|Object\.assign\((?!\w+, \{|document\.createElement)")
OURS = {("pocket/clock.js", "Object.assign(")}  # what this device wrote itself, sealed


def found_in(text: str) -> list[str]:
    return [m.group().rstrip("=").strip() for pattern in (COMPUTED, MERGED) for m in pattern.finditer(text)]


def test_the_rule_sees_what_it_is_for() -> None:
    bad = ("held[name] = value", "a.b[key] += 1", "x[`${k}`] ??= {}", "o['__proto__']", "Object.assign(all, told)")
    good = ("const [a] = b", "list[0] = 1", "new Map().set(name, value)", "if (held[name] === 1) x()", "({ [k]: v })")

    assert [text for text in bad if not found_in(text)] == []
    assert [text for text in good if found_in(text)] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_a_script_writes_no_field_by_a_name_from_outside(script: Path) -> None:
    told = [
        one for one in found_in(script.read_text(encoding="utf-8"))
        if not any(script.as_posix().endswith(file) and one == said for file, said in OURS)
    ]  # fmt: skip

    assert told == []
