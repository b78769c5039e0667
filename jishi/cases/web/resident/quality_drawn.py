"""Two drawings of the quality page as plain paths: coverage against accuracy, and what was said against what came true.

Both axes run from 0 to 1; the same numbers stand in the table beside each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SIDE, LEFT, TOP = 240.0, 34.0, 8.0  # of the square, and of the room for its numbers


@dataclass(frozen=True, slots=True)
class Drawn:
    """`band`: interval as a closed path; `line`: the points joined; `dots`: (x, y) of each; `ticks`: (place, label)."""

    band: str
    line: str
    dots: tuple[tuple[float, float], ...]
    bars: tuple[tuple[float, float, float], ...] = ()
    needs: str = ""


TICKS = tuple((round(LEFT + SIDE * k / 4, 1), round(TOP + SIDE * (1 - k / 4), 1), f"{k / 4:g}") for k in range(5))


def _at(x: float, y: float) -> tuple[float, float]:
    return round(LEFT + SIDE * x, 1), round(TOP + SIDE * (1 - y), 1)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points) if points else ""


def curve(rows: Sequence[Mapping[str, Any]], stated: float) -> Drawn:
    """Draw how often the surest part is right, from the surest twentieth to all; the stated accuracy as a line."""
    points = [_at(r["coverage"], r["accuracy"]["value"]) for r in rows]
    upper = [_at(r["coverage"], r["accuracy"]["interval"][1]) for r in rows]
    lower = [_at(r["coverage"], r["accuracy"]["interval"][0]) for r in rows]
    band = _path([*upper, *reversed(lower)]) + "Z" if rows else ""
    return Drawn(band, _path(points), tuple(points), needs=_path([_at(0, stated), _at(1, stated)]))


def reliability(rows: Sequence[Mapping[str, Any]]) -> Drawn:
    """Draw each tenth: what was said across, what came true upward, with its interval; the line is where both agree."""
    points = [_at(r["said"], r["true"]["value"]) for r in rows]
    bars = tuple(
        (x, _at(0, r["true"]["interval"][1])[1], _at(0, r["true"]["interval"][0])[1])
        for (x, _y), r in zip(points, rows, strict=True)
    )
    return Drawn("", _path([_at(0, 0), _at(1, 1)]), tuple(points), bars)
