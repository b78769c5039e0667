"""Pictures and PDFs from strangers are opened in a process of their own and leave it encoded anew (spec 90 §9).

Metadata, thumbnails inside, places where it was taken, whatever stands behind the last pixel: none of it leaves. A
PDF cannot be encoded anew: it is looked through, kept as it is, and only ever handed out as a download.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jishi.foundation import scanner
from jishi.foundation.uploads import (
    PIXELS,
    RATIO,
    SIDES,
    ActiveContent,
    FileDamaged,
    Sent,
    TooManyPixels,
    TooNarrow,
    UnpacksTooLarge,
    plain_name,
)

SIDE = 4096  # pixels: the longer side of what is kept
PUBLIC, SMALL = 1600, 360  # pixels: what strangers see, and its small copy
SECONDS = 20
_PROGRAM = Path(__file__).with_name("decoder.py")
_REFUSALS = {
    "damaged": FileDamaged, "pixels": TooManyPixels, "narrow": TooNarrow, "unpacks": UnpacksTooLarge,
    "active": ActiveContent,
}  # fmt: skip
Box = tuple[int, int, int, int]  # x, y, width, height in thousandths of the picture


@dataclass(frozen=True, slots=True)
class Content:
    """What may be kept: a kind (jpeg, pdf), its bytes, its pixels (0 of a PDF), whether a scanner saw it as it came."""

    kind: str
    data: bytes = field(repr=False)
    width: int
    height: int
    scanned: bool = False


def taken(given: Sent) -> Content:
    """Give a sent file as it may be kept: a picture encoded anew as JPEG, no side over 4,096 pixels; a PDF as it is.

    :raises Refused: too large, not what it says, damaged, too many pixels, too narrow, unpacks too large, acts; it
    holds a virus (`scanner`).
    """
    kind = given.kind()
    scanned = scanner.looked(given)
    if kind.code == "pdf":
        said, made = _ask("pdf", given.data, given.name, ratio=RATIO)
        return Content("pdf", made[0], 0, 0, scanned)
    said, made = _ask("take", given.data, given.name, kind=kind.code, side=SIDE)
    return Content("jpeg", made[0], said["width"], said["height"], scanned)


def covered(picture: bytes, boxes: Sequence[Box]) -> list[Content]:
    """Give a kept picture for strangers, with `boxes` painted over: large, then small.

    :raises FileDamaged: it does not open.
    """
    said, made = _ask("cover", picture, "", kind="jpeg", side=SIDE, boxes=list(boxes), outs=[PUBLIC, SMALL])
    return [Content("jpeg", one, said["width"], said["height"]) for one in made]


def _ask(do: str, data: bytes, name: str, **asked: Any) -> tuple[dict[str, Any], list[bytes]]:
    question = json.dumps({"do": do, "pixels": PIXELS, "sides": SIDES, **asked}).encode() + b"\n"
    called = plain_name(name)
    try:
        done = subprocess.run(  # its surroundings are empty: no path, no secret
            [sys.executable, "-I", str(_PROGRAM)], input=question + data, capture_output=True, timeout=SECONDS,
            env={}, cwd="/", check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UnpacksTooLarge(name=called) from None
    head, _, rest = done.stdout.partition(b"\n")
    if done.returncode or not head:
        raise UnpacksTooLarge(name=called)
    said = json.loads(head)
    if "no" in said:
        raise _REFUSALS[said["no"]](name=called, limit=_limit(said["no"]), **said["facts"])
    made, at = [], 0
    for size in said["sizes"]:
        made.append(rest[at : at + size])
        at += size
    return said["facts"], made


def _limit(code: str) -> int:
    return {"pixels": PIXELS // 1_000_000, "narrow": SIDES}.get(code, 0)
