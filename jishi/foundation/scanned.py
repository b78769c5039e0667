"""A code to scan, drawn by ourselves: an address on paper that a phone opens."""

from dataclasses import dataclass

import segno


@dataclass(frozen=True, slots=True)
class Scanned:
    """A code to scan: one square per dark module, `size` units wide with its quiet zone."""

    size: int
    path: str


def scanned(words: str) -> Scanned:
    """Draw an address as a code to scan (ISO/IEC 18004, level M), with a quiet zone of four modules."""
    code = segno.make(words, error="m", micro=False)
    dark = [(x + 4, y + 4) for y, row in enumerate(code.matrix) for x, on in enumerate(row) if on]
    return Scanned(len(code.matrix) + 8, "".join(f"M{x} {y}h1v1h-1z" for x, y in dark))
