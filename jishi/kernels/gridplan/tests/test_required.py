"""Everything but the peers' rows runs with the required libraries alone (spec 21 §17, 12)."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
BASE = FOLDER.parents[2]
OPTIONAL = ("pymetis", "kahip", "gerrychain", "networkx", "ortools", "highspy", "spopt", "libpysal", "pandas")

RUN = """
import sys
from importlib import metadata
from importlib.abc import MetaPathFinder

OPTIONAL = {optional!r}

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in OPTIONAL:
            raise ModuleNotFoundError(f"{{name}} is not installed", name=name)

sys.meta_path.insert(0, Absent())
known = metadata.version

def version(name):
    if name in OPTIONAL:
        raise metadata.PackageNotFoundError(name)
    return known(name)

metadata.version = version
from dataclasses import replace
from benchmarks import dividing, peers
from benchmarks.city import city
from jishi.kernels import gridplan as planner

town = city(400, seed=2, block=10)
plan = planner.plan_grids(town.units, town.edges, community=town.community, atoms=town.compound, effort=5)
assert plan.status != "unknown", [f.number for f in plan.faults]
assert plan.faults == planner.audit(plan.assignment, plan.problem, plan.exemptions)
assert all(planner.confirms(c, plan.problem) for c in plan.certificates)
free = planner.plan_grids(*dividing._lattice(20), effort=5)
assert free.is_adoptable, free.status
again = planner.replan(replace(free.problem, previous=free.assignment.astype(int)))
assert not again.moves
planner.explain(free, 5), planner.what_if(free, {{5: int(free.assignment[9])}})
assert peers.all_of(town.units, town.edges, 10) == []
assert any(f.measured.startswith("not run") for f in dividing._beside_trees())
print("done", sorted(set(OPTIONAL) & set(sys.modules)))
"""


def test_plans_questions_and_benchmarks_run_where_no_optional_library_is_installed():
    code = RUN.format(optional=OPTIONAL)

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=BASE, check=False,
                          env={"PATH": "/usr/bin:/bin", "JISHI_SHARED": "/nowhere"})  # fmt: skip

    assert said.stdout.strip() == "done []", said.stderr[-2000:]


def test_what_the_planner_imports_is_required_by_the_project():
    project = tomllib.loads((BASE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {re.split(r"[^A-Za-z0-9_.-]", one)[0].lower().replace("-", "_") for one in project["dependencies"]}
    named = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                named.add((node.module or "").partition(".")[0])

    assert named - set(sys.stdlib_module_names) - {"jishi"} <= required
