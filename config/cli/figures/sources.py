"""Figures of the sources: findings of the linter, secrets, licences (F16), ASVS (F17), mutants (F18)."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from random import Random

from config.cli.figures.figure import Figure, worst
from config.cli.standing import BASE

SECRETS = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----", r"AKIA[0-9A-Z]{16}", r"ghp_[A-Za-z0-9]{36}", r"xox[baprs]-[A-Za-z0-9-]{20,}",
    r"jishi_[A-Za-z0-9_-]{43}",
)  # fmt: skip
# What the gate of the design lets in, by what a licence calls itself.
FREE = re.compile(
    r"MIT|BSD|Apache|PSF|Python Software|ISC|MPL|Mozilla|LGPL|Lesser|PostgreSQL|HPND|Unlicense|Public Domain|0BSD|zlib"
    r"|Artistic|CNRI|BlueOak",
    re.IGNORECASE,
)
ASVS = BASE / "docs/asvs.toml"
# What is mutated, and the tests that must notice.
MUTATED = {
    "jishi/cases/policies.py": ("jishi/cases/tests/test_moves.py", "jishi/cases/tests/test_api.py"),
    "jishi/foundation/sealed.py": ("jishi/foundation/tests/test_sealed.py",),
    "jishi/foundation/trail.py": ("jishi/foundation/tests/test_trail.py", "jishi/foundation/tests/test_anchors.py"),
    "jishi/foundation/scope.py": ("jishi/foundation/tests/test_protect.py", "jishi/foundation/tests/test_rows.py"),
}
A_FEW = 2  # mutants a file when not all are asked for
KILLED = 0.95


def findings() -> Figure:
    """Security findings of the linter in what runs, secrets in the history, licences of what is installed (F16)."""
    linted, said = _linted()
    secrets = _secrets()
    bare = _unlicensed()
    known = [said, f"{len(secrets)} secrets in the history", f"{len(bare)} licences to look at"]
    known += [f"licences: {', '.join(bare[:4])}"] if bare else []
    known += ["known vulnerabilities: asked at the release, with a network (pip-audit)"]
    reached = worst(linted, not secrets, not bare, None)
    return Figure("F16", "static findings, secrets, parts", reached, "; ".join(known))


def _linted() -> tuple[bool | None, str]:
    command = [sys.executable, "-m", "ruff", "check", "--select", "S", "--output-format", "json", "jishi", "config"]
    done = subprocess.run(command, cwd=BASE, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        return False, "ruff is not installed here"
    found = [one for one in json.loads(done.stdout) if "/tests/" not in one["filename"]]
    codes = sorted({str(one["code"]) for one in found})
    return not found, f"{len(found)} findings {' '.join(codes)}".strip()


def _secrets() -> list[str]:
    """Lines that look like a key in any commit of this checkout; an archive without a history has none to look at."""
    pattern = "|".join(SECRETS)
    command = ["git", "log", "--all", "-p", "--no-color", "-G", pattern, "--extended-regexp", "--format=%h"]
    done = subprocess.run(command, cwd=BASE, capture_output=True, text=True, errors="replace", check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("+") and re.search(pattern, line)]
    return [line for line in lines if "BEGIN [A-Z" not in line and "SECRETS" not in line]


def _unlicensed() -> list[str]:
    """Installed parts whose licence the gate does not know."""
    found = []
    for one in metadata.distributions():
        told = one.metadata
        said = [value for name in ("License-Expression", "License", "Classifier") for value in told.get_all(name, [])]
        if not FREE.search(" ".join(said)) and told["Name"]:
            found.append(str(told["Name"]))
    return sorted(set(found))


def asvs() -> Figure:
    """Every requirement of levels 1 and 2 answered by a test, "not applicable: why", or an issue (F17)."""
    what = "OWASP ASVS 5.0, levels 1 and 2"
    if not ASVS.is_file():
        return Figure("F17", what, False, "0 % answered: docs/asvs.toml is not there")
    told = tomllib.loads(ASVS.read_text(encoding="utf-8"))
    rows, asked = told["requirement"], int(told["requirements"])
    met = [r for r in rows if r.get("test") or r.get("review")]
    apart = [r for r in rows if r.get("not_applicable")]
    open_ = [r for r in rows if r.get("issue")]
    first = [r["no"] for r in open_ if r.get("level") == 1]
    share = (len(met)) / max(1, len(rows) - len(apart))
    said = f"{len(rows)} of {asked} answered, {share:.0%} met, {len(open_)} open, of level 1: {len(first)}"
    return Figure("F17", what, len(rows) == asked and share >= 0.95 and not first, said)


# --- mutants -----------------------------------------------------------------------------------------------


def mutants(*, full: bool) -> Figure:
    """Change one thing at a time in policies, sealed, trail, scope; the tests must notice (F18)."""
    tried, alive = 0, []
    for name, tests in MUTATED.items():
        source = (BASE / name).read_text(encoding="utf-8")
        every = list(mutations(source))
        chosen = every if full else Random(90).sample(every, min(A_FEW, len(every)))
        for line, changed in chosen:
            tried += 1
            if not _noticed(name, changed, tests):
                alive.append(f"{Path(name).name}:{line}")
    share = 1 - len(alive) / max(1, tried)
    said = f"{tried} mutants, {share:.0%} killed" + (f"; alive: {', '.join(alive[:6])}" if alive else "")
    return Figure("F18", "mutants of policies, sealed, trail, scope", worst(share >= KILLED, full or None), said)


class _Mutator(ast.NodeTransformer):
    """Changes the n-th thing that can be changed: a comparison turned, and/or swapped, a not dropped, a constant."""

    TURNED = {
        ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
        ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    }  # fmt: skip

    def __init__(self, at: int) -> None:
        self.at, self.seen, self.line = at, -1, 0

    def _now(self, node: ast.AST) -> bool:
        self.seen += 1
        if self.seen == self.at:
            self.line = getattr(node, "lineno", 0)
        return self.seen == self.at

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if type(node.ops[0]) in self.TURNED and self._now(node):
            node.ops[0] = self.TURNED[type(node.ops[0])]()
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        if self._now(node):
            node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return node.operand if isinstance(node.op, ast.Not) and self._now(node) else node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return ast.copy_location(ast.Pass(), node) if self._now(node) else node


def mutations(source: str) -> Iterator[tuple[int, str]]:
    """Give every mutant of a file as (line, text)."""
    n = 0
    while True:
        mutator = _Mutator(n)
        tree = mutator.visit(ast.parse(source))
        if mutator.seen < n:
            return
        yield mutator.line, ast.unparse(ast.fix_missing_locations(tree))
        n += 1


def _noticed(name: str, changed: str, tests: tuple[str, ...]) -> bool:
    """Run the tests with one module replaced, as its import would find it; the file itself is not touched."""
    module = name.removesuffix(".py").replace("/", ".")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("JISHI_") or k == "JISHI_PG_BIN"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:xdist", "-p", "config.cli.figures.instead", *tests]
    given = {**kept, "JISHI_MUTANT": module, "JISHI_MUTANT_TEXT": changed}
    done = subprocess.run(command, cwd=BASE, env=given, capture_output=True, check=False)
    return done.returncode != 0
