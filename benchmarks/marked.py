"""How good is comparing, grouping and hiding on real messages that one person marked by hand? (spec 12 §9)

The marks lie in `marks/` as numbers of rows and verdicts, without a word of any message; the messages are read where
they lie (`JISHI_SHARED`). Another file than the marked one is not measured with.
"""

import hashlib
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.run import BASE, Figure
from benchmarks.triage import FOLDER

MARKS = BASE / "benchmarks/marks"
MESSAGES = FOLDER / "hot_messages.csv"
SHA256 = "ebf3d7cbc30f400a669e515d47e699fc2d1104df115f88e608b5b2e5a8949dbd"
GOAL_PRECISION, AT_RECALL, GOAL_TOP, GOAL_MIB = 0.9, 0.8, 3, 400
GREAT = 50  # messages: the two topics that must be one each, among the first three


def marks() -> list[Figure]:
    """This will measure with the marks that are kept, if the messages they belong to are at hand."""
    if not MESSAGES.exists():
        return [Figure("marks: real messages", "not run", "JISHI_SHARED", None)]
    if hashlib.sha256(MESSAGES.read_bytes()).hexdigest() != SHA256:
        return [Figure("marks: real messages", "not run: another file", SHA256[:12], None)]
    return [*_pairs(), *_topics(), *_spans()]


def _asked(*words: str) -> Any:
    command = [sys.executable, "-m", "config.cli", "quality", *words, "--json"]
    done = subprocess.run(command, cwd=BASE, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _pairs() -> list[Figure]:
    found = _asked("duplicates", "--pairs", str(MARKS / "pairs.csv"), *_beside())
    best = max((r["precision"]["value"] for r in found["ladder"] if r["recall"] >= AT_RECALL), default=0.0)
    told = f"{found['precision']['value']:.3f} at recall {found['recall']['value']:.3f}"
    return [
        Figure(f"duplicates: {found['pairs']} marked pairs, {found['same']} same: precision", told, "", None),
        Figure(f"   precision at recall ≥ {AT_RECALL}", f"{best:.3f}", f"≥ {GOAL_PRECISION}", best >= GOAL_PRECISION),
    ]


def _beside() -> tuple[str, ...]:
    return "--messages", str(MESSAGES), "--id", "留言编号", "--texts", "留言主题", "留言详情"


def _topics() -> list[Figure]:
    found = _asked(
        "topics", "--messages", str(MESSAGES), "--id", "留言编号", "--text", "留言主题", "留言详情",
        "--time", "留言时间", "--sender", "留言用户", "--topics", str(MARKS / "topics.csv"),
    )  # fmt: skip
    great = [t for t in found["marked_topics"] if t["marked"] >= GREAT]
    fine = all(t["rank"] is not None and t["rank"] <= GOAL_TOP and t["fragments"] == 1 for t in great)
    told = ", ".join(f"{t['found']}/{t['marked']} as rank {t['rank']}, in {t['fragments']}" for t in great)
    cubed = found["b_cubed"]
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # grouping is the largest of the children
    return [
        Figure("hot topics: the two great ones", told, f"top {GOAL_TOP}, one each", fine),
        Figure(
            f"   B-cubed against {len(found['marked_topics'])} marked topics",
            f"F1 {cubed['f1']:.3f} (precision {cubed['precision']:.3f}, recall {cubed['recall']:.3f})", "", None,
        ),
        Figure("   resident memory of grouping", f"{most:.0f} MiB", f"≤ {GOAL_MIB} MiB", most <= GOAL_MIB),
    ]  # fmt: skip


def _spans() -> list[Figure]:
    found = _asked("minimise", "--spans", str(MARKS / "spans.jsonl"), *_beside())
    return [
        Figure(
            f"minimiser, {found['texts']} messages: {kind}",
            f"recall {_of(row['recall'])}, precision {_of(row['precision'])}", "", None,
        )
        for kind, row in found["kinds"].items()
    ]  # fmt: skip


def _of(share: Any) -> str:
    return f"{share['hits']}/{share['of']}"


ALL: dict[str, Callable[[], list[Figure]]] = {"marks": marks}
