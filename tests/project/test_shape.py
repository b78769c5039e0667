"""Facts about the code itself: keys, migrations, institutions, settings, docstrings, its own voice."""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
UP = ("foundation", "accounts", "places", "bodies", "duties", "cases")  # from below


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _kept_files() -> list[Path]:
    """What is kept under version control, or everything that is not made on the machine."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]
    return [p for p in ROOT.rglob("*") if p.is_file() and not {".venv", ".jishi"} & set(p.parts)]


def test_one_worker_has_the_browser(request):
    """A release of the runner dropped the groups without a word: every worker then started a site of its own."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        grouped = [(i.nodeid, i.get_closest_marker("xdist_group")) for i in request.session.items]
        named = [(node, mark.args[0] if mark.args else mark.kwargs["name"]) for node, mark in grouped if mark]
        assert [node for node, group in named if not node.endswith(f"@{group}")] == []


def _own_keys():
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label not in UP:
            continue
        for field in model._meta.get_fields():
            if field.concrete and field.is_relation and field.related_model is not None:
                yield model, field


class TestForeignKeys:
    def test_point_down_or_stay_in_their_room(self):
        upward = [
            f"{model.__name__}.{field.name} -> {field.related_model._meta.label}"
            for model, field in _own_keys()
            if field.related_model._meta.app_label not in UP
            or UP.index(field.related_model._meta.app_label) > UP.index(model._meta.app_label)
        ]

        assert upward == []

    def test_leave_no_way_back_in_the_room_below(self):
        named = [
            f"{model.__name__}.{field.name}"
            for model, field in _own_keys()
            if field.related_model._meta.app_label != model._meta.app_label and field.remote_field.related_name != "+"
        ]

        assert named == []

    def test_the_portal_owns_no_table(self):
        assert list(apps.get_app_config("portal").get_models()) == []

    def test_nothing_points_at_a_table_by_its_kind_in_words(self):
        generic = [m.__name__ for m, f in _own_keys() if f.related_model._meta.label == "contenttypes.ContentType"]

        assert generic == []


class TestMigrations:
    FILES = sorted(ROOT.glob("jishi/*/migrations/0*.py"))

    @pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parts[-3]}/{p.stem}")
    def test_import_nothing_of_ours(self, path):
        names = []
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Import):
                names += [a.name for a in node.names]
            elif isinstance(node, ast.ImportFrom):
                names.append(node.module or ".")

        assert [n for n in names if n.split(".")[0] in ("jishi", "config") or n.startswith(".")] == []


def test_institutions_are_data_and_hold_no_program():
    suffixes = {p.suffix for p in (ROOT / "institutions").rglob("*") if p.is_file()}

    assert suffixes <= {".toml", ".csv", ".json", ".md"}


def test_there_is_no_file_for_things_without_a_home():
    homeless = re.compile(r"^(utils?|helpers?|common|misc|services?|managers|base|signals)(\.py)?$")
    names = [str(p.relative_to(ROOT)) for p in ROOT.glob("jishi/**/*") if homeless.match(p.name)]

    assert names == []


class TestSettings:
    """docs/settings.md and the code name the same variables."""

    NAME = re.compile(r"\bJISHI_[A-Z][A-Z_]*[A-Z]\b")

    def _in_code(self) -> set[str]:
        files = [*ROOT.glob("config/**/*.py"), *ROOT.glob("jishi/**/*.py"), *ROOT.glob("benchmarks/**/*.py")]
        files += [ROOT / "conftest.py", ROOT / "dev", *ROOT.glob("tests/**/*.py")]
        found = set()
        for path in files:
            if path == Path(__file__).resolve():
                continue
            found |= set(self.NAME.findall(path.read_text(encoding="utf-8")))
        return found - {"JISHI_PG"}  # "JISHI_PG_" + role

    def test_every_variable_of_the_environment_is_described(self):
        described = set(self.NAME.findall((ROOT / "docs/settings.md").read_text(encoding="utf-8")))

        assert self._in_code() - described == set()

    def test_every_described_variable_is_read_somewhere(self):
        described = set(self.NAME.findall((ROOT / "docs/settings.md").read_text(encoding="utf-8")))

        assert described - self._in_code() == set()


class TestKernels:
    def test_every_public_function_says_what_it_does(self):
        silent = []
        for package in sorted(p for p in (ROOT / "jishi/kernels").iterdir() if (p / "__init__.py").exists()):
            offered = _exported(package)
            for path in sorted(package.glob("*.py")):
                for node in _tree(path).body:
                    if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                        continue
                    if (not offered or node.name in offered) and not ast.get_docstring(node):
                        silent.append(f"{path.relative_to(ROOT)}: {node.name}")

        assert silent == []

    def test_every_kernel_has_a_page_that_says_how_to_use_it(self):
        packages = [p for p in (ROOT / "jishi/kernels").iterdir() if (p / "__init__.py").exists()]

        assert [p.name for p in packages if not (p / "README.md").exists()] == []


def _exported(package: Path) -> set[str]:
    tree = _tree(package / "__init__.py")
    return {a.asname or a.name for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}


class TestItsOwnVoice:
    """Code, comments and documents speak of the platform, of no machine, and leave nothing for later."""

    TEXT = {".py", ".md", ".toml", ".html", ".css", ".js", ".po", ".csv", ".txt", ".json", ""}
    FOREIGN = {
        "a path of one machine": re.compile(r"(?<![\w./:<>])/(work|root|home)/\w"),
        "something left for later": re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b"),
    }

    def _pages(self):
        for path in _kept_files():
            if path.suffix in self.TEXT and "vendor" not in path.parts and path.name not in ("uv.lock", "LICENSE"):
                yield path

    @pytest.mark.parametrize("what", FOREIGN)
    def test_names_no(self, what):
        found = []
        for path in self._pages():
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                if self.FOREIGN[what].search(line):
                    found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")

        assert found == []

    def test_skips_a_test_only_for_want_of_the_shared_data_of_an_optional_extra_or_of_root(self):
        skipping = re.compile(r"pytest\.skip\(|mark\.skip|mark\.xfail|importorskip")
        reasons = re.compile(r"JISHI_SHARED|the extra \[spark\]|needs root: ")
        wrong = []
        for path in self._pages():
            text = path.read_text(encoding="utf-8", errors="replace") if path.suffix == ".py" else ""
            if path != Path(__file__).resolve() and skipping.search(text) and not reasons.search(text):
                wrong.append(str(path.relative_to(ROOT)))

        assert wrong == []


def test_yaml_alias_bomb() -> None:
    """Spec 90 §19: a few lines of YAML that name each other fill the memory. What comes in is never read as YAML."""
    reads = re.compile(r"^\s*(?:import|from)\s+(?:yaml|ruamel|strictyaml|oyaml)\b", re.M)
    own = (*ROOT.glob("jishi/**/*.py"), *ROOT.glob("config/**/*.py"))
    assert [path.name for path in own if reads.search(path.read_text(encoding="utf-8"))] == []
