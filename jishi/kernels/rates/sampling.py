"""A sample that nobody can choose and everybody can draw again (spec 10 §9).

The seed binds two things that no one person holds: the head of the trail at the end of the day, and a value that the
feedback body bound itself to the day before. Who is drawn follows from the seed and the list alone: each is given a
number by hashing seed and id, and the lowest numbers are drawn. Only SHA-256 is needed to draw it by hand.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Sample:
    """Who is drawn, in the order of their numbers, and why so many."""

    ids: tuple[str, ...]
    reason: str


def commitment(value: str) -> str:
    """This will bind whoever publishes it to a value that nobody can read from it: SHA-256 of "commit", NUL, value.

    >>> commitment("青石桥")[:16]
    '49024b5d6352a2ad'
    """
    return hashlib.sha256(b"commit\0" + value.encode()).hexdigest()


def seed(head: str, value: str) -> str:
    """This will join the head of the trail and the committed value: SHA-256 of "seed", NUL, head, NUL, value."""
    return hashlib.sha256(b"seed\0" + head.encode() + b"\0" + value.encode()).hexdigest()


def sample(seed: str, ids: Iterable[str], share: Fraction) -> Sample:
    """This will draw a share of the ids, rounded up; the order in which they come does not matter.

    Each id's number is SHA-256 of seed, NUL, id; the lowest are drawn, ties (which are equal ids) count once.
    `share` lies from 0 to 1; outside it is taken as the nearer end.
    """
    known = sorted(set(ids), key=lambda one: (number(seed, one), one))
    part = min(max(share, Fraction(0)), Fraction(1))
    wanted = -(-len(known) * part.numerator // part.denominator)
    return Sample(tuple(known[:wanted]), f"{wanted} of {len(known)}: {part.numerator}/{part.denominator}, rounded up")


def number(seed: str, one: str) -> str:
    """This will give the number of one id under a seed, in hex."""
    return hashlib.sha256(seed.encode() + b"\0" + one.encode()).hexdigest()
