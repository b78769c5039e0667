"""The working copy of a free text: what is personal replaced by typed marks (spec: personal data in free text).

Personal Information Protection Law of the PRC, article 6 (least necessary) and article 28 (sensitive personal
information).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .found import Found
from .normalise import Normalised, normalise_all
from .numbers import numbers_in
from .people import names_in
from .rooms import rooms_in
from .sensitive import sensitive_in

_STRICTEST_FIRST = (
    *("mail", "identity", "card", "passport", "phone", "plate", "messenger", "account"),
    *("address", "name", "health", "religion", "ethnicity", "record"),
)
_ORDER = {kind: rank for rank, kind in enumerate(_STRICTEST_FIRST)}
_MARKED = re.compile(r"〔[^〔〕\n]{1,20}〕")
_HAS_NUMBER = re.compile(r"[0-9一二三四五六七八九零〇幺壹@*]")


@dataclass(frozen=True)
class Span:
    """A half-open place in the original text, what it holds, how sure, and the mark shown instead."""

    start: int
    end: int
    kind: str
    confidence: float
    mark: str


@dataclass(frozen=True)
class Minimised:
    """`shown` is the text with every span replaced by its mark; spans are in order and do not overlap."""

    shown: str
    spans: tuple[Span, ...]


def minimise(texts: Iterable[str]) -> list[Minimised]:
    """This will find personal data in each text and give the text that may be shown, searched and learned from.

    Kinds: phone, name, identity, card, passport, plate, mail, messenger, address (room level; the building stays in
    the mark),
    account, health, religion, ethnicity, record. Marks already in a text are left alone, so a second run
    changes nothing.
    """
    return [_minimised(text, folded) for text, folded in zip_folded(texts)]


def minimise_one(text: str) -> Minimised:
    """This will minimise a batch of one."""
    return minimise((text,))[0]


def zip_folded(texts: Iterable[str]) -> list[tuple[str, Normalised]]:
    """This will pair each text with its folded form."""
    kept = list(texts)
    return list(zip(kept, normalise_all(kept), strict=True))


def _minimised(text: str, folded: Normalised) -> Minimised:
    spans = tuple(
        Span(*folded.original_span(f.start, f.end), f.kind, f.confidence, f.mark)
        for f in _chosen(folded.text, _all(folded.text))
    )
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += (text[at : span.start], span.mark)
        at = span.end
    return Minimised("".join((*parts, text[at:])), spans)


def _all(text: str) -> list[Found]:
    seen = [*names_in(text), *sensitive_in(text)]
    if _HAS_NUMBER.search(text):
        seen += numbers_in(text)
        seen += rooms_in(text)
    return seen


def _chosen(text: str, seen: list[Found]) -> list[Found]:
    """The findings that stay when they overlap: the stricter kind first, then the longer, then the earlier."""
    if not seen:
        return []
    taken = bytearray(len(text))
    for mark in _MARKED.finditer(text):
        taken[mark.start() : mark.end()] = b"\1" * (mark.end() - mark.start())
    kept = []
    for f in sorted(seen, key=lambda f: (_ORDER[f.kind], f.start - f.end, f.start)):
        if f.start < f.end and 1 not in taken[f.start : f.end]:
            taken[f.start : f.end] = b"\1" * (f.end - f.start)
            kept.append(f)
    return sorted(kept)
