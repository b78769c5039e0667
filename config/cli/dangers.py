"""quality danger: how many marks of urgent danger on real letters are right, by verdicts kept as numbers of rows."""

import argparse
import tomllib
from pathlib import Path
from typing import Any

from config.cli.given import rows
from jishi.kernels.text.figures import Share
from jishi.kernels.text.risk import RiskRule, risk

ID, TEXTS = "留言编号", ("留言主题", "留言详情")
RULES = Path(__file__).parents[2] / "institutions" / "rules" / "risk.toml"
FLAGS = ("wide", "desk_only", "under_way", "at_once")


def flags(words: Any) -> argparse.ArgumentParser:
    """Name the word and what it is given."""
    one: argparse.ArgumentParser = words.add_parser("danger", help="marks of danger: csv with file, id, code, right")
    one.add_argument("--marks", required=True)
    one.add_argument("--folder", required=True, help="where the files that the marks name lie")
    one.add_argument("--rules", default=str(RULES), help="an edition of the rules (toml)")
    one.set_defaults(measure=measure, tell=tell)
    return one


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Give by file how many marks of before and of these rules are right; one without a verdict is counted apart."""
    rules, found = _rules(given.rules), {}
    said = rows(given.marks, ("file", "id", "code", "right"))
    for file in sorted({r["file"] for r in said}):
        known = {(r["id"], r["code"]): r["right"] == "1" for r in said if r["file"] == file}
        texts = {
            r[ID].strip(): "\n".join(r[c].strip() for c in TEXTS) for r in rows(f"{given.folder}/{file}", (ID, *TEXTS))
        }  # fmt: skip
        ids = sorted({i for i, _ in known} & texts.keys())
        fired = {(i, m.code) for i, ms in zip(ids, risk([texts[i] for i in ids], rules), strict=True) for m in ms}
        read = [known[mark] for mark in fired if mark in known]
        found[file] = {
            "before": Share(sum(known.values()), len(known)).told(), "now": Share(sum(read), len(read)).told(),
            "not_read": len(fired - known.keys()),
        }  # fmt: skip
    return {"stage": "danger", "files": found}


def tell(found: dict[str, Any]) -> None:
    """Print a line for each file."""
    for file, one in found["files"].items():
        before, now = one["before"], one["now"]
        print(
            f"{file}: {before['hits']}/{before['of']} -> {now['hits']}/{now['of']}, 没有读过 not read {one['not_read']}"
        )


def _rules(path: str) -> list[RiskRule]:
    told = tomllib.loads(Path(path).read_text(encoding="utf-8"))["risk"]
    return [
        RiskRule(
            row["code"], tuple(tuple(group) for group in way), never=tuple(row.get("never", ())), call=row["call"],
            **{name: bool(row.get(name, False)) for name in FLAGS},
        )
        for row in told
        for way in row["words"]
    ]  # fmt: skip
