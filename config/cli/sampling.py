"""sample: draw the sample of a day again from the file that the platform publishes; no installation is asked."""

import json
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from jishi.kernels import rates

NAMES = ("day", "share", "commitment", "value", "head", "seed", "ids", "drawn")


def main(argv: Sequence[str]) -> int:
    """Read a file of GET /api/v1/feedback/samples/DAY (- for standard input), draw again, and compare."""
    if len(argv) != 1 or argv[0] in ("-h", "--help"):
        print("用法 · usage: jishi sample FILE\n\n  FILE: GET /api/v1/feedback/samples/2026-03-09 > FILE")
        return 0 if argv and argv[0] != "--" else 2
    try:
        text = sys.stdin.read() if argv[0] == "-" else Path(argv[0]).read_text(encoding="utf-8")
        said = json.loads(text)
        share = Fraction(said["share"])
        missing = [name for name in NAMES if name not in said]
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError) as no:
        print(f"读不了这个文件：{no}。 This file cannot be read: {no}.", file=sys.stderr)
        return 2
    if missing:
        print(f"文件里缺少 {missing}。 The file lacks {missing}.", file=sys.stderr)
        return 2
    faults = _faults(said, share)
    for zh, en in faults:
        print(f"  ✕ {zh} · {en}")
    if not faults:
        print(f"{said['day']}: {len(said['drawn'])} / {len(said['ids'])}，重抽一致 · drawn again, the same")
    return 1 if faults else 0


def _faults(said: dict[str, object], share: Fraction) -> list[tuple[str, str]]:
    value, head, ids = str(said["value"]), str(said["head"]), [str(one) for one in _list(said["ids"])]
    found = []
    if said["commitment"] and rates.commitment(value) != said["commitment"]:
        found.append(("公布的值不是前一天约定的那个", "the value is not the one that was bound the day before"))
    if rates.seed(head, value) != said["seed"]:
        found.append(("种子不是由留痕和约定的值算出来的", "the seed does not follow from head and value"))
    if list(rates.sample(rates.seed(head, value), ids, share).ids) != [str(one) for one in _list(said["drawn"])]:
        found.append(("重抽的结果和公布的不一样", "drawn again, others come out than were published"))
    return found


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
