"""A sample follows from seed and list alone."""

import hashlib
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from jishi.kernels import rates

IDS = st.lists(st.text("0123456789abcdef", min_size=1, max_size=8), max_size=40)
SHARES = st.fractions(min_value=0, max_value=1, max_denominator=20)


@given(IDS, SHARES, st.randoms(use_true_random=False))
def test_the_order_in_which_they_come_does_not_matter(ids, share, rng) -> None:
    mixed = list(ids)
    rng.shuffle(mixed)

    assert rates.sample("s", mixed, share) == rates.sample("s", ids, share)


@given(IDS, SHARES)
def test_as_many_are_drawn_as_the_share_says_rounded_up_and_each_once(ids, share) -> None:
    drawn = rates.sample("s", ids, share).ids

    assert len(drawn) == len(set(drawn)) == -(-len(set(ids)) * share.numerator // share.denominator)
    assert set(drawn) <= set(ids)


@given(IDS, SHARES, SHARES)
def test_a_larger_share_adds_to_a_smaller_one_and_drops_nobody(ids, one, other) -> None:
    small, large = sorted((one, other))

    assert set(rates.sample("s", ids, small).ids) <= set(rates.sample("s", ids, large).ids)


def test_it_is_drawn_again_with_nothing_but_a_hash_function() -> None:
    """The twin, written from the README: what a stranger would do by hand."""
    ids, seed = [f"{n:04d}" for n in range(50)], rates.seed("ab" * 32, "青石桥 17")

    numbers = {one: hashlib.sha256(seed.encode() + b"\0" + one.encode()).hexdigest() for one in ids}

    assert seed == hashlib.sha256(b"seed\0" + b"ab" * 32 + b"\0" + "青石桥 17".encode()).hexdigest()
    assert rates.sample(seed, ids, Fraction(1, 5)).ids == tuple(sorted(ids, key=numbers.__getitem__)[:10])


def test_another_value_or_another_head_draws_others() -> None:
    ids = [f"{n:04d}" for n in range(200)]
    drawn = {
        rates.sample(rates.seed(head, value), ids, Fraction(1, 10)).ids for head in ("a", "b") for value in ("x", "y")
    }

    assert len(drawn) == 4


def test_a_value_cannot_be_swapped_under_its_commitment() -> None:
    assert rates.commitment("青石桥") != rates.commitment("青石桥 ")
