"""check trust: the figures F1–F20 of spec 90 §18, measured by one command. Nothing here is filled in by hand.

What reads this installation does so at once; what changes something is tried on a database, or a whole platform, of
its own that is thrown away. Without ``--full`` the trials are small: they end within the hour, and a figure that was
sound at a smaller size than the specification asks is printed as that, not as reached.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from config.cli.figures import here, sources, standing_site, trials
from config.cli.figures.figure import Figure, worst
from config.cli.standing import parser, stand

CODES = tuple(f"F{n}" for n in range(1, 21))
HERE: dict[str, Callable[[], Figure]] = {
    "F1": here.registered, "F4": here.seen_without_scope, "F10": here.trail_verifies, "F11": here.replayed,
    "F12": here.sealing_costs, "F16": sources.findings, "F17": sources.asvs,
}  # fmt: skip
ON_A_SITE = ("F9", "F15", "F19")
MUTANTS = "F18"


def main(argv: Sequence[str]) -> int:
    """Measure and print; 0 only if every figure is reached at the size that the specification asks."""
    flags = parser("check trust", "Measure the figures of trust.")
    flags.add_argument("--full", action="store_true", help="the sizes that the specification asks: many hours")
    flags.add_argument("--anew", action="store_true", help="forget what an earlier --full of these sources noted")
    flags.add_argument("codes", nargs="*", metavar="F3", help="only these; all without")
    given = flags.parse_args(argv)
    unknown = sorted(set(given.codes) - set(CODES))
    if unknown:
        print(f"没有 · there is no: {', '.join(unknown)}")
        return 2
    folder = stand(given.data)
    kept = folder / "trust.full" if given.full else None
    if kept is not None:
        if given.anew:
            kept.unlink(missing_ok=True)
        print("随时可以停，再说一遍就接着量 · stop it at any time; the same words go on where it was", flush=True)
    found = []
    for one in figures(given.codes or CODES, full=given.full, kept=kept):
        found.append(one)
        print(line(one), flush=True)
    reached, part = sum(f.reached is True for f in found), sum(f.reached is None for f in found)
    print(f"{reached} reached, {part} sound at a smaller size or in part (~), {len(found) - reached - part} missed")
    return 0 if reached == len(found) else 1


def line(one: Figure) -> str:
    """Write one figure as it is printed."""
    mark = {True: "✓", False: "✕", None: "~"}[one.reached]
    return f"{mark} {one.code:4}{one.what:44}{one.found}"


def figures(codes: Sequence[str] = CODES, *, full: bool = False, kept: Path | None = None) -> Iterator[Figure]:
    """This will measure the figures named by `codes` and give them in order, each as soon as it is known."""
    asked = [code for code in CODES if code in codes]
    tried = trials.tried(asked, full=full, kept=kept)
    site = standing_site.whole_site(full=full) if set(asked) & set(ON_A_SITE) else {}
    for code in asked:
        parts = [HERE[code]()] if code in HERE else []
        parts += [found[code] for found in (tried, site) if code in found]
        parts += [sources.mutants(full=full)] if code == MUTANTS else []
        yield together(code, parts)


def together(code: str, parts: Sequence[Figure]) -> Figure:
    """Give one figure of all that was measured for it; what nobody measured is a miss."""
    if not parts:
        return Figure(code, "?", False, "nobody measured it")
    said = "; ".join(one.found for one in parts)
    return Figure(code, parts[0].what, worst(*(one.reached for one in parts)), said)
