"""What each trial told, noted as it ends: a measurement of many hours that is stopped goes on where it was.

A plugin of pytest (`-p config.cli.figures.noting`), which takes its file from JISHI_TRUST_NOTES: what stands there is
not tried again. The first line says of which sources the notes are; of others they are worth nothing.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any

from config.cli.standing import BASE

NOTES = "JISHI_TRUST_NOTES"


class Notes:
    """A file of lines, each written whole or not there; begun anew when the sources are others."""

    def __init__(self, path: Path, mark: str) -> None:
        self.path = path
        lines = list(_lines(path))
        if not lines or lines[0] != {"of": mark}:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"of": mark}) + "\n", "utf-8")
            lines = []
        self.found: dict[str, dict[str, Any]] = {one["name"]: one for one in lines[1:]}

    def put(self, name: str, **told: Any) -> None:
        """Note what this one told; it is on the disk when this returns."""
        self.found[name] = {"name": name, **told}
        with self.path.open("ab") as out:
            out.write(json.dumps(self.found[name]).encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Give the whole lines; the one that was being written when everything stopped is not one."""
    raw = path.read_bytes() if path.exists() else b""
    whole = raw[: raw.rfind(b"\n") + 1]
    if whole != raw:
        path.write_bytes(whole)
    for line in whole.splitlines():
        yield json.loads(line)


def mark_of_sources() -> str:
    """Name what is measured: the sources as they lie here, whatever of them is committed."""
    command = ["git", "ls-files", "-s", "-o", "-m", "--exclude-standard", "*.py", "*.toml", "*.html", "*.lock"]
    done = subprocess.run(command, cwd=BASE, capture_output=True, text=True, check=False)
    told = sha256(done.stdout.encode())
    for name in sorted({line.split("\t")[-1] for line in done.stdout.splitlines()}):
        if (BASE / name).is_file():
            told.update((BASE / name).read_bytes())
    return told.hexdigest()


class _Run:
    """One run of pytest: what is left, and what each test of it said in its three steps."""

    notes: Notes | None = None
    capture: Any = None  # what pytest does with what is printed
    left = 0
    steps: Mapping[str, str] = {}


_run = _Run()


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out what is noted."""
    _run.notes = Notes(Path(os.environ[NOTES]), os.environ["JISHI_TRUST_MARK"])
    done = [item for item in items if item.nodeid in _run.notes.found]
    items[:] = [item for item in items if item.nodeid not in _run.notes.found]
    _run.left, _run.steps, _run.capture = len(items), {}, config.pluginmanager.getplugin("capturemanager")
    if done:
        config.hook.pytest_deselected(items=done)


def pytest_runtest_logreport(report: Any) -> None:
    """Note a test when its last step is over, and say how many are left."""
    before = _run.steps.get(report.nodeid, "passed")
    _run.steps = {report.nodeid: report.outcome if before == "passed" else before}
    if report.when != "teardown" or _run.notes is None:
        return
    _run.left -= 1
    outcome = _run.steps[report.nodeid]
    _run.notes.put(report.nodeid, outcome=outcome, told=[[str(n), str(v)] for n, v in report.user_properties])
    with _run.capture.global_and_fixture_disabled() if _run.capture else nullcontext():
        print(f"  … {_run.left:5} left  {outcome:8}{report.nodeid}"[:150], file=sys.__stderr__, flush=True)
