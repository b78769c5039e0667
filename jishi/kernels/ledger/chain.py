"""Entries linked by hash per subject, and the number a day that fixes them all (90 §6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jishi.kernels.ledger.canonical import canonical
from jishi.kernels.ledger.merkle import inclusion_proof, leaf, root
from jishi.kernels.ledger.suites import SUITES, Hasher, hasher

GENESIS = "0" * 64  # what the first entry of a subject, and the first anchor, point back to
SALT_BYTES = 32


def entry_hash(
    prev: str, body: Mapping[str, object], suite: str, hash_function: Hasher | None = None
) -> str:
    """This will give H(0x00 ‖ RFC 8785 JSON of the body, `prev` and `suite`), in hex.

    It is the leaf hash of the entry in the tree of its day as well.
    :raises NotCanonical: for a value without a single spelling.
    :raises ValueError: when the body names another suite, or holds `prev` or `hash` itself.
    """
    if body.get("suite", suite) != suite or "prev" in body or "hash" in body:
        raise ValueError("the body may not hold prev, hash, or another suite")
    text = canonical({**body, "prev": prev, "suite": suite})
    return leaf(text.encode(), hasher(suite, hash_function)).hex()


def commit(
    salt: bytes, words: str | Mapping[str, object], suite: str, hash_function: Hasher | None = None
) -> str:
    """This will bind an entry to words it does not hold: H(salt ‖ words), in hex.

    Words are a text, or a mapping taken in its canonical form. Without the salt nothing can be guessed.
    :raises ValueError: for a salt that is not 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt is 32 random bytes")
    text = words if isinstance(words, str) else canonical(words)
    return hasher(suite, hash_function)(salt + text.encode()).hex()


@dataclass(frozen=True, slots=True)
class Link:
    """One entry as it stands in the record. `anchor`, `leaf`: under which and where; 0 while not anchored."""

    body: Mapping[str, object]
    prev: str
    hash: str
    anchor: int = 0
    leaf: int = 0
    proof: tuple[str, ...] = ()

    @property
    def suite(self) -> str:
        return str(self.body.get("suite"))

    @property
    def subject(self) -> str:
        return f"{canonical(self.body.get('tenant'))}:{canonical(self.body.get('subject'))}"

    @property
    def where(self) -> str:
        return f"{self.subject}#{self.body.get('seq')}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The record of a day: its tree has the previous anchor as leaf 0 and the entries from leaf 1 on."""

    number: int  # 1, 2, 3 …
    day: str  # 2026-03-09
    entries: int
    subjects: int
    root: str
    previous: str
    suite: str
    version: str  # of the software

    @property
    def body(self) -> dict[str, object]:
        return {
            "number": self.number,
            "day": self.day,
            "entries": self.entries,
            "subjects": self.subjects,
            "root": self.root,
            "previous": self.previous,
            "suite": self.suite,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of the record: `code`, and the entry, anchor or words it lies at."""

    code: str
    where: str


def anchor_hash(anchor: Anchor, hash_function: Hasher | None = None) -> str:
    """This will give the hash that the next anchor points back to, in hex."""
    return leaf(canonical(anchor.body).encode(), hasher(anchor.suite, hash_function)).hex()


def day_leaves(previous: str, hashes: Iterable[str]) -> list[bytes]:
    """This will list the leaves of a day: the previous anchor, then the entries as they were committed."""
    return [bytes.fromhex(previous), *(bytes.fromhex(h) for h in hashes)]


def day_root(previous: str, hashes: Iterable[str], suite: str, hash_function: Hasher | None = None) -> str:
    """This will give the root of a day, in hex; a day without entries has one too."""
    return root(day_leaves(previous, hashes), hasher(suite, hash_function)).hex()


def day_proof(
    index: int, previous: str, hashes: Sequence[str], suite: str, hash_function: Hasher | None = None
) -> tuple[str, ...]:
    """This will prove that leaf `index` (an entry: 1, 2, …) is under the root of the day."""
    leaves = day_leaves(previous, hashes)
    return tuple(n.hex() for n in inclusion_proof(index, leaves, hasher(suite, hash_function)))


def verify_chain(entries: Iterable[Link]) -> list[Finding]:
    """This will name the first bad entry of each subject, in the order given; empty when all hold.

    `seq_gap`: removed, put between, or swapped; `prev_differs`: the one before was changed;
    `hash_differs`: this one was changed; `suite_unknown`.
    """
    heads: dict[str, tuple[int, str]] = {}
    broken: set[str] = set()
    findings = []
    for entry in entries:
        subject = entry.subject
        if subject in broken:
            continue
        seq, prev = heads.get(subject, (0, GENESIS))
        code = _fault(entry, seq + 1, prev)
        if code:
            findings.append(Finding(code, entry.where))
            broken.add(subject)
        heads[subject] = (seq + 1, entry.hash)
    return findings


def _fault(entry: Link, seq: int, prev: str) -> str:
    if entry.suite not in SUITES:
        return "suite_unknown"
    if entry_hash(entry.prev, entry.body, entry.suite) != entry.hash:
        return "hash_differs"
    if type(entry.body.get("seq")) is not int or entry.body["seq"] != seq:
        return "seq_gap"
    return "prev_differs" if entry.prev != prev else ""
