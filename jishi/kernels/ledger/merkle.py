"""A tree over leaf hashes in the shape of RFC 6962, 2.1: leaf 0x00, node 0x01, split at a power of two.

The leaves given here are hashes already: an entry's hash is H(0x00 ‖ its JSON), which is its leaf hash.
"""

from collections.abc import Sequence

from jishi.kernels.ledger.suites import Hasher


def leaf(data: bytes, hash_: Hasher) -> bytes:
    """This will hash `data` as a leaf."""
    return hash_(b"\x00" + data)


def node(left: bytes, right: bytes, hash_: Hasher) -> bytes:
    return hash_(b"\x01" + left + right)


def root(leaves: Sequence[bytes], hash_: Hasher) -> bytes:
    """This will give the one hash that fixes all leaves and their order; of none, H of nothing."""
    if not leaves:
        return hash_(b"")
    row = list(leaves)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        row = [node(row[i], row[i + 1], hash_) for i in range(0, len(row) - 1, 2)] + odd
    return row[0]


def inclusion_proof(index: int, leaves: Sequence[bytes], hash_: Hasher) -> list[bytes]:
    """This will list the neighbours from leaf `index` up to the root (RFC 6962, 2.1.1).

    :raises IndexError: when there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} of {len(leaves)}")
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion_proof(index, leaves[:k], hash_), root(leaves[k:], hash_)]
    return [*inclusion_proof(index - k, leaves[k:], hash_), root(leaves[:k], hash_)]


def verify_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root_hash: bytes, hash_: Hasher
) -> bool:
    """This will say whether the leaf stands at `index` of `size` under this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    fn, sn, found = index, size - 1, leaf_hash
    for neighbour in proof:
        if sn == 0:
            return False
        if fn % 2 or fn == sn:
            found = node(neighbour, found, hash_)
            while fn and not fn % 2:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node(found, neighbour, hash_)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and found == root_hash


def consistency(old_size: int, leaves: Sequence[bytes], hash_: Hasher) -> list[bytes]:
    """This will prove that the first `old_size` leaves were not changed since (RFC 6962, 2.1.2).

    :raises IndexError: when `old_size` is 0 or more than there are.
    """
    if not 0 < old_size <= len(leaves):
        raise IndexError(f"no tree of {old_size} within {len(leaves)}")
    return _subproof(old_size, leaves, hash_, whole=True)


def _subproof(m: int, leaves: Sequence[bytes], hash_: Hasher, *, whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [root(leaves, hash_)]
    k = _split(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], hash_, whole=whole), root(leaves[k:], hash_)]
    return [*_subproof(m - k, leaves[k:], hash_, whole=False), root(leaves[:k], hash_)]


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes], hash_: Hasher
) -> bool:
    """This will say whether the new tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    fn, sn = old_size - 1, new_size - 1
    while fn % 2:
        fn, sn = fn >> 1, sn >> 1
    found = _climb_both(path, fn, sn, hash_)
    return found == (old_root, new_root)


def _climb_both(path: Sequence[bytes], fn: int, sn: int, hash_: Hasher) -> tuple[bytes, bytes] | None:
    """The old and the new root that a proof leads to; nothing when it is too long or too short."""
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return None
        if fn % 2 or fn == sn:
            fr, sr = node(c, fr, hash_), node(c, sr, hash_)
            while fn and not fn % 2:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c, hash_)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr) if sn == 0 else None


def _split(n: int) -> int:
    """The largest power of two smaller than n."""
    return 1 << ((n - 1).bit_length() - 1)
