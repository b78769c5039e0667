"""一单多诉: sentence groups of one text that are surely of different matters (spec 12 §3). A proposal, no split."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jishi.cases.triage import classifying
from jishi.duties import queries as duties
from jishi.duties.queries import Law

MOST = 3  # parts: what the split takes
SHORTEST = 6  # characters of a piece that says something by itself
# A sentence ends, or words begin that open another matter.
_OPENS = (
    r"另外|此外|还有|再有|再一个|其次|第[二三]|二是|三是|顺便|对了"
    r"|(?:同时|还|再|也)(?:还|再|也)?(?:想|要)?(?:反映|咨询|问|说)"
)
_BREAK = re.compile(rf"[。！？!?；;\n]+|[，,](?={_OPENS})|(?=(?<![0-9.])[2-9][、.．](?![0-9]))")


@dataclass(frozen=True, slots=True)
class Piece:
    """What one part says: its own words, where they begin, which matter they surely are, and why."""

    text: str
    start: int
    matter: str
    label: str
    p: float
    reason: str


def pieces_of(shown: str) -> list[tuple[int, str]]:
    """Cut a text where a sentence ends or another matter is opened; what is too short stays with what went before."""
    cuts = [0, *(m.end() for m in _BREAK.finditer(shown)), len(shown)]
    found: list[tuple[int, str]] = []
    for start, end in zip(cuts, cuts[1:], strict=False):
        if end <= start:
            continue
        if found and (end - start < SHORTEST or len(found[-1][1]) < SHORTEST):
            found[-1] = (found[-1][0], found[-1][1] + shown[start:end])
        else:
            found.append((start, shown[start:end]))
    return found


def parts_of(shown: str, *, day: date, first: str = "") -> list[Piece]:
    """Give two or three parts of different branches of the book, each sure by itself; empty where it is one matter.

    What is not sure belongs to what was said before it. The part of the matter `first` comes first.
    """
    cut = pieces_of(shown)
    if len(cut) < 2 or not (law := duties.law(day)).leaves:
        return []
    said = classifying.answers(law, classifying.in_force(law), [text for _, text in cut])
    groups: list[Piece] = []
    before = ""
    for (start, text), one in zip(cut, said, strict=True):
        if not one.chosen and not groups:
            before += text
        elif not one.chosen:
            groups[-1] = _longer(groups[-1], text)
        else:
            _add(groups, law, Piece(before + text, start - len(before), one.chosen, *_why(one.candidates)))
            before = ""
    if len({_branch(law, g.matter) for g in groups}) < 2:
        return []
    kept = sorted(groups, key=lambda g: (g.matter != first, g.start))
    for further in kept[MOST:]:  # no word of the text is lost: whoever splits sees it at the end of the last part
        kept[MOST - 1] = _longer(kept[MOST - 1], further.text)
    return kept[:MOST]


def _add(groups: list[Piece], law: Law, one: Piece) -> None:
    """Join a piece to the group of its branch, wherever that began; else it begins one."""
    for k, group in enumerate(groups):
        if _branch(law, group.matter) == _branch(law, one.matter):
            groups[k] = _longer(group, one.text)
            return
    groups.append(one)


def _longer(group: Piece, text: str) -> Piece:
    return Piece(group.text + text, group.start, group.matter, group.label, group.p, group.reason)


def _why(candidates: Sequence[dict[str, object]]) -> tuple[str, float, str]:
    told = candidates[0]
    return str(told["label"]), float(str(told["p"])), str(told.get("reason") or "")


def _branch(law: Law, matter: str) -> str:
    """The branch that tells matters apart here: that just below the widest one."""
    path = [m.code for m in law.path(matter)] or [matter]
    return path[min(1, len(path) - 1)]
