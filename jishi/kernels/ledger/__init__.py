"""One spelling, one hash, one chain, one number a day: the arithmetic of the trail."""

from jishi.kernels.ledger.canonical import NotCanonical, canonical
from jishi.kernels.ledger.chain import (
    GENESIS,
    Anchor,
    Finding,
    Link,
    anchor_hash,
    commit,
    day_leaves,
    day_proof,
    day_root,
    entry_hash,
    verify_chain,
)
from jishi.kernels.ledger.merkle import (
    consistency,
    inclusion_proof,
    leaf,
    root,
    verify_consistency,
    verify_inclusion,
)
from jishi.kernels.ledger.record import FORMAT, PART, WHOLE, Record, Said, pack, verify
from jishi.kernels.ledger.sm3 import sm3
from jishi.kernels.ledger.suites import SUITES, Hasher, UnknownSuite, hasher
from jishi.kernels.ledger.words import check_words

__all__ = [
    "FORMAT",
    "GENESIS",
    "PART",
    "SUITES",
    "WHOLE",
    "Anchor",
    "Finding",
    "Hasher",
    "Link",
    "NotCanonical",
    "Record",
    "Said",
    "UnknownSuite",
    "anchor_hash",
    "canonical",
    "check_words",
    "commit",
    "consistency",
    "day_leaves",
    "day_proof",
    "day_root",
    "entry_hash",
    "hasher",
    "inclusion_proof",
    "leaf",
    "pack",
    "root",
    "sm3",
    "verify",
    "verify_chain",
    "verify_consistency",
    "verify_inclusion",
]
