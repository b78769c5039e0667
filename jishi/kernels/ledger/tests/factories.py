"""Records for tests: entries of several subjects, anchored day by day, with words beside some."""

import hashlib
import io
import zipfile
from dataclasses import replace
from datetime import date, timedelta

from jishi.kernels.ledger import (
    GENESIS,
    PART,
    Anchor,
    Link,
    Record,
    Said,
    anchor_hash,
    commit,
    day_proof,
    day_root,
    entry_hash,
    pack,
)

FIRST_DAY = date(2026, 3, 9)


class Dice:
    """Chance that can be repeated; kernels, their tests included, do not import `random`."""

    def __init__(self, seed):
        self.seed, self.thrown = seed, 0

    def randbytes(self, n):
        self.thrown += 1
        return hashlib.shake_256(f"{self.seed}:{self.thrown}".encode()).digest(n)

    def randrange(self, start, stop=None):
        low, high = (0, start) if stop is None else (start, stop)
        return low + int.from_bytes(self.randbytes(8), "big") % (high - low)

    def random(self):
        return self.randrange(10**9) / 10**9

    def choice(self, options):
        return options[self.randrange(len(options))]


def a_record(seed=1, *, days=3, subjects=3, a_day=5, suite="a", waiting=2):
    """`waiting` entries come after the last anchor. Every third entry has words."""
    rng = Dice(seed)
    heads: dict[int, tuple[int, str]] = {}
    entries, words, anchors = [], [], []
    previous = GENESIS
    for day in range(days + 1):
        new = [_entry(rng, rng.randrange(subjects), heads, words, suite) for _ in range(a_day)]
        if day == days:
            entries += new[:waiting]
            break
        hashes = [e.hash for e in new]
        entries += [replace(e, anchor=day + 1, leaf=i) for i, e in enumerate(new, 1)]
        anchor = Anchor(
            number=day + 1,
            day=(FIRST_DAY + timedelta(days=day)).isoformat(),
            entries=len(new),
            subjects=len({e.subject for e in new}),
            root=day_root(previous, hashes, suite),
            previous=previous,
            suite=suite,
            version="0.1.0",
        )
        anchors.append(anchor)
        previous = anchor_hash(anchor)
    known = {e.where for e in entries}
    return Record(entries, anchors, [w for w in words if w.where in known])


def _entry(rng, subject, heads, words, suite):
    seq, prev = heads.get(subject, (0, GENESIS))
    details = ""
    if rng.random() < 0.34:
        salt = rng.randbytes(32)
        said = rng.choice([{"理由": "路灯不亮"}, "已联系，等待回复"])
        words.append(Said(1, ["case", subject], seq + 1, salt.hex(), said))
        details = commit(salt, said, suite)
    body = {
        "tenant": 1,
        "subject": ["case", subject],
        "seq": seq + 1,
        "at": f"2026-03-09T02:00:{seq:02d}.000000Z",
        "verb": rng.choice(["case.received", "case.offered", "handover.signed"]),
        "actor": "account:7",
        "codes": {"status": "OFFERED", "编号": rng.randrange(10**6), "flags": [True, None]},
        "details_commit": details,
        "suite": suite,
    }
    hash_ = entry_hash(prev, body, suite)
    heads[subject] = (seq + 1, hash_)
    return Link(body, prev, hash_)


def a_part(record, subject):
    """What the parties of one subject get: its chain, with proofs."""
    under = {a.number: [e for e in record.entries if e.anchor == a.number] for a in record.anchors}
    by_number = {a.number: a for a in record.anchors}

    def proven(e):
        if not e.anchor:
            return e
        a = by_number[e.anchor]
        return replace(e, proof=day_proof(e.leaf, a.previous, [x.hash for x in under[e.anchor]], a.suite))

    chosen = [proven(e) for e in record.entries if e.body["subject"] == ["case", subject]]
    words = [w for w in record.words if w.subject == ["case", subject]]
    return Record(chosen, record.anchors, words, PART)


def a_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return path if isinstance(path, io.BytesIO) else str(path)


def zipped(path, record):
    return a_zip(path, pack(record))


def in_memory(files):
    """The verifier takes an open file as well as a path."""
    memory = io.BytesIO()
    a_zip(memory, files)
    memory.seek(0)
    return memory
