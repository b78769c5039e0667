"""`./dev check lines [WORD]`: take each line of docs/deleted-lines/ out, in a copy of what is committed.

Its test must fail.
A promise whose line can go without a test noticing is not kept by anything. One throwaway database serves all of them.
"""

import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LISTS = ROOT / "docs/deleted-lines"


def lines() -> list[dict[str, Any]]:
    """Give what is kept, a list per room: the file's name is the room."""
    return [
        {"room": path.stem, **one}
        for path in sorted(LISTS.glob("*.toml"))
        for one in tomllib.loads(path.read_text(encoding="utf-8"))["line"]
    ]


def main(argv: Sequence[str]) -> int:
    """Try the lines whose room or promise holds one of the words, all without a word; 1 if one was missed by all."""
    wanted = [one for one in lines() if not argv or any(w in f"{one['room']} {one['holds']}" for w in argv)]
    with tempfile.TemporaryDirectory(prefix="jishi-lines-") as made:
        home = Path(made)
        home.chmod(0o711)
        tree = _copy(home / "tree")
        from jishi.foundation.database import ensure, stop

        server = ensure(home / "database", throwaway=True)
        try:
            environment = {
                **os.environ, "JISHI_PG_OWNER": server.url_owner, "JISHI_PG_WEB": server.url_web,
                "JISHI_DATA": str(home / "state"), "PYTHONDONTWRITEBYTECODE": "1",
            }  # fmt: skip
            (home / "state").mkdir(mode=0o711)
            _ensure_whole(wanted, tree, environment)
            missed = [one for one in wanted if not _found(one, tree, environment)]
        finally:
            stop(home / "database")
    print(f"\n{len(wanted) - len(missed)} / {len(wanted)}")
    return 1 if missed else 0


def _copy(tree: Path) -> Path:
    """Lay open what is committed: the tree itself may be in the middle of a change."""
    tree.mkdir()
    packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(tree, filter="data")
    return tree


def _ensure_whole(wanted: Sequence[dict[str, Any]], tree: Path, environment: dict[str, str]) -> None:
    """Every test passes while every line stands: what fails anyhow finds nothing."""
    ran = _run(sorted({one["test"] for one in wanted}), tree, environment)
    if ran.returncode:
        sys.exit(f"{ran.stdout[-3000:]}\n{ran.stderr[-1000:]}")


def _run(tests: Sequence[str], tree: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--reuse-db", *tests]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def _found(one: dict[str, Any], tree: Path, environment: dict[str, str]) -> bool:
    path = tree / one["file"]
    whole = path.read_text(encoding="utf-8")
    assert whole.count(one["old"]) == 1, one["holds"]
    path.write_text(whole.replace(one["old"], one["new"]), encoding="utf-8")
    if one.get("schema"):  # the line is part of the tables: they are made again, in a database of their own
        environment = {**environment, "JISHI_TEST_DB": "test_other_schema"}
    try:
        ran = _run([one["test"]], tree, environment)
    finally:
        path.write_text(whole, encoding="utf-8")
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", ran.stdout, re.M)
    print(f"{'✓' if failed else '✕'} {one['room']}: {one['holds']}", *failed[:1], sep="\n    ", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
