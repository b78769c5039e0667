"""Figures that are tried on a throw-away database: tests of the suite, and the trials in tests/trust that are larger.

All run in one pytest, which makes a database, founds the demonstration town in it and throws it away. What a trial
measured it writes as the property `said`; `short` says that it was smaller than the specification asks.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.cli.figures import noting
from config.cli.figures.figure import Figure, worst
from config.cli.standing import BASE

ENDED = (0, 1, 5)  # how pytest ends: all passed, some failed, none was left to run


@dataclass(frozen=True, slots=True)
class Trial:
    """What stands for a figure: its words and the test files, with `missing`: what none of them shows."""

    what: str
    files: tuple[str, ...]
    missing: str = ""


TRIALS = {
    "F1": Trial(
        "personal fields sealed and registered",
        ("tests/project/test_dump.py", "jishi/foundation/tests/test_sealed.py", "tests/trust/f01_schema.py"),
    ),
    "F2": Trial(
        "probing: every address × every visitor",
        ("tests/probing/test_every_address.py", "tests/trust/f02_delay.py"),
    ),
    "F3": Trial("parity of verb, list and button", ("tests/trust/f03_parity.py",)),
    "F5": Trial("schemathesis over all operations", ("tests/probing/test_any_words.py",)),
    "F6": Trial("fuzzing of 16 parsers", ("tests/trust/f06_fuzzing.py",)),
    "F7": Trial("bad inputs against every create", ("tests/trust/f07_bad_inputs.py",)),
    "F8": Trial(
        "kill points and power cuts",
        ("jishi/foundation/database/tests/test_power.py", "jishi/foundation/database/tests/test_after_a_crash.py",
         "tests/journeys/test_kill_points.py"),
    ),
    "F10": Trial(
        "tampering is named at its entry",
        ("tests/trust/f10_tampering.py", "jishi/kernels/ledger/tests/test_verifier.py"),
    ),
    "F11": Trial("rows rebuilt from entries are the same", ("jishi/cases/tests/test_replaying.py",)),
    "F12": Trial("seal and log cost", ("tests/trust/f12_readings.py",)),
    "F13": Trial("rotation of 1M values", ("tests/trust/f13_rotation.py",)),
    "F14": Trial(
        "deletion leaves nothing",
        ("jishi/cases/tests/test_retention.py",),
    ),
    "F20": Trial(
        "events of the embedded database",
        ("jishi/foundation/database/tests/test_first_start.py", "jishi/foundation/database/tests/test_after_a_crash.py",
         "jishi/foundation/database/tests/test_refusals.py", "jishi/foundation/database/tests/test_safekeeping.py",
         "jishi/foundation/database/tests/test_upgrade.py", "tests/trust/f20_races.py"),
        "version N code on N+1 schema: there is one release line only",
    ),
}  # fmt: skip


@dataclass
class Told:
    """What the tests of one file told."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    short: bool = False


def tried(codes: Sequence[str], *, full: bool, kept: Path | None = None) -> dict[str, Figure]:
    """This will run the trials of `codes` together and give a figure for each. `kept`: where notes outlive a stop."""
    wanted = {code: TRIALS[code] for code in codes if code in TRIALS}
    files = sorted({name for trial in wanted.values() for name in trial.files if (BASE / name).is_file()})
    told = run(files, full=full, kept=kept) if files else {}
    return {code: _figure(code, trial, told, full=full) for code, trial in wanted.items()}


def run(files: Sequence[str], *, full: bool, kept: Path | None = None) -> dict[str, Told]:
    """This will run these test files once, on a database of their own, and give what each told.

    What stands in `kept`, of the same sources, is not run again; without it the notes are thrown away.
    """
    outside = {k: v for k, v in os.environ.items() if not k.startswith("JISHI_") or k == "JISHI_PG_BIN"}
    with tempfile.TemporaryDirectory(prefix="jishi-trust-") as folder:
        path, mark = kept or Path(folder, "notes"), noting.mark_of_sources()
        environment = {
            **outside, "JISHI_PROFILE": "nightly" if full else "quick", "JISHI_TRUST": "full" if full else "short",
            noting.NOTES: str(path), "JISHI_TRUST_MARK": mark,
        }  # fmt: skip
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "config.cli.figures.noting", *files]
        shown = None if kept else subprocess.DEVNULL  # a long one says how far it is
        done = subprocess.run(
            command, cwd=BASE, env=environment, stdout=subprocess.PIPE, stderr=shown, text=True, check=False
        )
        told = _read(noting.Notes(path, mark).found.values(), files)
    if done.returncode not in ENDED:
        for name in files:
            told.setdefault(name, Told()).failed.append(f"pytest ended with {done.returncode}: {done.stdout[-300:]}")
    return told


def _read(notes: Iterable[Mapping[str, Any]], files: Sequence[str]) -> dict[str, Told]:
    found: dict[str, Told] = {}
    for one in notes:
        name = one["name"].partition("::")[0]
        if name not in files:
            continue
        told = found.setdefault(name, Told())
        if one["outcome"] == "failed":
            told.failed.append(one["name"].rpartition("::")[2])
        elif one["outcome"] == "passed":
            told.passed += 1
        told.said += [value for key, value in one["told"] if key == "said"]
        told.short = told.short or any(key == "short" for key, _ in one["told"])
    return found


def _figure(code: str, trial: Trial, told: dict[str, Told], *, full: bool) -> Figure:
    heard = [told[name] for name in trial.files if name in told]
    absent = [name for name in trial.files if name not in told]
    failed = [name for one in heard for name in one.failed]
    passed = sum(one.passed for one in heard)
    small = bool(absent) or bool(trial.missing) or any(one.short for one in heard) or not full
    said = [s for one in heard for s in one.said] + [f"{passed} tests"]
    said += [f"failed: {', '.join(failed[:3])}"] if failed else []
    said += [f"not there: {', '.join(absent)}"] if absent else []
    said += [trial.missing] if trial.missing else []
    reached = worst(not failed and bool(passed), None if small else True)
    return Figure(code, trial.what, reached, "; ".join(said))
