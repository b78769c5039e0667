"""A whole record, or a part of it with proofs: packed for a stranger, and checked."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from jishi.kernels.ledger.canonical import canonical
from jishi.kernels.ledger.chain import (
    GENESIS,
    Anchor,
    Finding,
    Link,
    anchor_hash,
    commit,
    day_root,
    verify_chain,
)
from jishi.kernels.ledger.merkle import verify_inclusion
from jishi.kernels.ledger.suites import SUITES, hasher

FORMAT = "jishi-trail/1"
WHOLE, PART = "whole", "part"


@dataclass(frozen=True, slots=True)
class Said:
    """Words that stand beside an entry, with the salt of their commitment (hex)."""

    tenant: object
    subject: object
    seq: int
    salt: str
    words: str | Mapping[str, object]

    @property
    def where(self) -> str:
        return f"{canonical(self.tenant)}:{canonical(self.subject)}#{self.seq}"


@dataclass(frozen=True, slots=True)
class Record:
    """`scope` whole: every entry of every anchor. Part: chains of some subjects, each with its proof."""

    entries: Sequence[Link]
    anchors: Sequence[Anchor]
    words: Sequence[Said] = ()
    scope: str = WHOLE


def pack(record: Record) -> dict[str, bytes]:
    """This will write the files of a bundle (format: `verifier.py`); the edge puts them into a zip."""
    files = {
        "entries.jsonl": _lines(_entry_line(e) for e in record.entries),
        "anchors.jsonl": _lines(a.body for a in record.anchors),
    }
    if record.words:
        files["words.jsonl"] = _lines(
            {"tenant": w.tenant, "subject": w.subject, "seq": w.seq, "salt": w.salt, "words": w.words}
            for w in record.words
        )
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = canonical({"format": FORMAT, "scope": record.scope, "files": sums})
    return {"manifest.json": manifest.encode(), **files}


def _entry_line(e: Link) -> dict[str, object]:
    line: dict[str, object] = {"body": e.body, "prev": e.prev, "hash": e.hash}
    line |= {"anchor": e.anchor, "leaf": e.leaf}
    return line | ({"proof": list(e.proof)} if e.proof else {})


def _lines(rows: Iterable[Mapping[str, object]]) -> bytes:
    return "".join(canonical(row) + "\n" for row in rows).encode()


def verify(record: Record) -> list[Finding]:
    """This will name every place where the record does not hold; empty when it is sound.

    Along one chain the anchors need not rise: of two transactions that met, the one begun first may end last.
    """
    findings = [*verify_chain(record.entries), *_anchors(record)]
    by_number = {a.number: a for a in record.anchors}
    under: dict[int, list[Link]] = {number: [] for number in by_number}
    for entry in record.entries:
        if entry.anchor and entry.anchor not in by_number:
            findings.append(Finding("anchor_unknown", entry.where))
        elif entry.anchor:
            under[entry.anchor].append(entry)
    for anchor in record.anchors:
        if record.scope == WHOLE:
            findings += _day(anchor, under[anchor.number])
        else:
            findings += _proofs(anchor, under[anchor.number])
    return findings + _words(record)


def _anchors(record: Record) -> list[Finding]:
    findings = []
    before: Anchor | None = None
    for a in record.anchors:
        where = f"anchor {a.number}"
        if before is None:
            first = record.scope == PART or (a.number, a.previous) == (1, GENESIS)
            findings += [] if first else [Finding("first_anchor_missing", where)]
        else:
            findings += [Finding(code, where) for code in _follows(before, a)]
        before = a
    return findings


def _follows(before: Anchor, a: Anchor) -> list[str]:
    codes = []
    if a.number != before.number + 1:
        codes.append("anchor_missing")
    if a.previous != anchor_hash(before):
        codes.append("previous_differs")
    gap = date.fromisoformat(a.day) - date.fromisoformat(before.day)
    if gap < timedelta(0):
        codes.append("day_goes_back")
    if gap > timedelta(days=1):
        codes.append("day_missing")
    return codes


def _day(anchor: Anchor, entries: Sequence[Link]) -> list[Finding]:
    where = f"anchor {anchor.number}"
    ordered = sorted(entries, key=lambda e: e.leaf)
    findings = []
    if [e.leaf for e in ordered] != list(range(1, len(ordered) + 1)):
        findings.append(Finding("leaf_gap", where))
    if len(ordered) != anchor.entries:
        findings.append(Finding("entries_count", where))
    if len({e.subject for e in ordered}) != anchor.subjects:
        findings.append(Finding("subjects_count", where))
    if day_root(anchor.previous, [e.hash for e in ordered], anchor.suite) != anchor.root:
        findings.append(Finding("root_differs", where))
    return findings


def _proofs(anchor: Anchor, entries: Sequence[Link]) -> list[Finding]:
    size, root, hash_ = anchor.entries + 1, bytes.fromhex(anchor.root), hasher(anchor.suite)
    return [
        Finding("proof_fails", e.where)
        for e in entries
        if e.leaf < 1
        or not verify_inclusion(
            bytes.fromhex(e.hash), e.leaf, size, [bytes.fromhex(n) for n in e.proof], root, hash_
        )
    ]


def _words(record: Record) -> list[Finding]:
    entries = {e.where: e for e in record.entries}
    findings = []
    for said in record.words:
        entry = entries.get(said.where)
        if entry is None:
            findings.append(Finding("words_without_entry", said.where))
        elif entry.suite in SUITES and _commitment(said, entry.suite) != entry.body.get("details_commit"):
            findings.append(Finding("words_differ", said.where))
    return findings


def _commitment(said: Said, suite: str) -> str:
    return commit(bytes.fromhex(said.salt), said.words, suite)
