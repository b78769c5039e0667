"""Who may import whom: the contracts of pyproject.toml hold, and each of them bites."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
ROOMS = ("accounts", "places", "bodies", "duties", "cases")
DOORS = {"actions", "queries", "events"}
EDGES = {"web", "rest", "open311"}

# file · line to add · what must be refused (the importer is the file itself)
IMPORTS = [
    ("jishi/foundation/trail.py", "from jishi.cases import queries", "jishi.cases.queries"),
    ("jishi/bodies/queries.py", "from jishi.duties import queries as d", "jishi.duties.queries"),
    ("jishi/duties/queries.py", "from jishi.bodies.models import Post", "jishi.bodies.models"),
    ("jishi/portal/founding.py", "from jishi.cases import triage", "jishi.cases.triage"),
    ("jishi/cases/models/matters.py", "from jishi.cases import policies", "jishi.cases.policies"),
    ("jishi/cases/triage/routing.py", "from jishi.cases.actions import intake", "jishi.cases.actions.intake"),
    ("jishi/cases/actions/review.py", "from jishi.cases import rest", "jishi.cases.rest"),
    ("jishi/cases/actions/handling.py", "from jishi.foundation.models import Entry", "jishi.foundation.models"),
    ("jishi/cases/queries/listing.py", "from jishi.foundation import unsealing", "jishi.foundation.unsealing"),
    ("jishi/duties/memory.py", "from jishi.foundation import database", "jishi.foundation.database"),
    ("jishi/kernels/geo/metres.py", "import time", "time"),
    ("jishi/kernels/ledger/chain.py", "from django.db import models", "django"),
    ("jishi/kernels/geo/datum.py", "from jishi.kernels.text import words", "jishi.kernels.text.words"),
    ("jishi/cases/events.py", "from config import wiring", "config.wiring"),
    ("jishi/batch/running.py", "from jishi.foundation import scope", "jishi.foundation.scope"),
    ("jishi/places/memory.py", "from jishi.batch import memo", "jishi.batch.memo"),
    ("jishi/batch/local.py", "import pyspark", "pyspark"),
    ("jishi/cases/queries/judging.py", "import sklearn", "sklearn"),
]

FILES = [
    "jishi/helpers.py",
    "jishi/cases/services.py",
    "jishi/duties/utils.py",
    "jishi/bodies/common.py",
    "jishi/places/managers.py",
    "jishi/accounts/signals.py",
    "jishi/foundation/settings.py",
    "jishi/portal/misc.py",
    "jishi/batch/queue.py",
]


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    env = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "400"}
    return subprocess.run(
        [program, "--no-cache"], cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture
def copy(tmp_path):
    for name in ("jishi", "config"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=lambda folder, names: [
                n for n in names if n in ("migrations", "static", "templates", "__pycache__")
                or (not n.endswith(".py") and not (Path(folder) / n).is_dir())
            ],
        )  # fmt: skip
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_holds():
    said = _lint(ROOT)

    assert said.returncode == 0, said.stdout[said.stdout.rfind("Broken contracts") :]


def test_every_planted_import_is_refused(copy):
    for file, line, _ in IMPORTS:
        path = copy / file
        path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")

    said = _lint(copy)

    assert said.returncode != 0
    links = [f"{file.removesuffix('.py').replace('/', '.')} -> {imported}" for file, _, imported in IMPORTS]
    assert [link for link in links if link not in said.stdout] == []


def test_a_file_that_was_not_declared_is_refused_in_every_room(copy):
    for file in FILES:
        (copy / file).write_text('"""Nobody said what this is."""\n')

    said = _lint(copy)

    names = [file.removesuffix(".py").replace("/", ".") for file in FILES]
    assert said.returncode != 0
    assert [name for name in names if f"- {name}\n" not in said.stdout] == []


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_no_door_of_a_room_is_protected(room):
    inside = next(c for c in CONTRACTS if c["name"] == f"Inside {room}")
    declared = {n.strip("() ") for layer in inside["layers"] for n in layer.replace(":", "|").split("|")}
    protected = {
        m.removeprefix(f"jishi.{room}.")
        for c in CONTRACTS
        if c["type"] == "protected" and c["allowed_importers"] == [f"jishi.{room}"]
        for m in c["protected_modules"]
    }

    assert declared - DOORS - EDGES == protected


def test_every_room_declares_its_files_in_order():
    declared = {tuple(c["containers"]) for c in CONTRACTS if c.get("exhaustive")}

    assert {(f"jishi.{r}",) for r in (*ROOMS, "foundation", "portal", "batch")} | {("jishi",)} == declared


def test_no_import_goes_around_the_linter():
    """``import_string`` and ``import_module`` name a place only on the wiring page or in a word of the program."""
    allowed = {
        "jishi/foundation/outbox.py",  # reactions, config/wiring.py
        "jishi/foundation/outside.py",  # reactions that leave the house, config/wiring.py
        "jishi/accounts/web/own_rows.py",  # own rows, config/wiring.py
        "jishi/foundation/keys.py",  # the key broker, if the settings name one
        "config/cli/words.py",  # one word, one module
    }
    found = set()
    for path in [*ROOT.glob("jishi/**/*.py"), *ROOT.glob("config/**/*.py")]:
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            if name in ("import_string", "import_module", "__import__"):
                found.add(str(path.relative_to(ROOT)))

    assert found <= allowed
