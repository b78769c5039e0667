"""Public numbers: no two alike, a slip of the pen is noticed."""

import itertools
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from jishi.foundation import numbers, scope
from jishi.foundation.actor import system

DAY = date(2026, 3, 9)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_numbers_of_one_day_follow_each_other(tenant: int) -> None:
    with scope.work(system(tenant)):
        first = numbers.take("R", "990881", DAY, 2)
        second = numbers.take("R", "990881", DAY)

    assert [n[:-1] for n in first + second] == [f"R990881260309{i:05d}" for i in (1, 2, 3)]


def test_series_and_towns_count_for_themselves(tenant: int, other_tenant: int) -> None:
    with scope.work(system(tenant)):
        both = numbers.take_together({"R": 2, "C": 1, "Z": 0}, "990881", DAY)
    with scope.work(system(other_tenant)):
        theirs = numbers.take("R", "990882", DAY)

    assert (len(both["R"]), len(both["C"]), both["Z"]) == (2, 1, [])
    assert theirs[0][-6:-1] == "00001"


@given(st.text(ALPHABET, min_size=1, max_size=20), st.data())
def test_one_wrong_character_is_always_noticed(stem: str, data: st.DataObject) -> None:
    sound = numbers.with_check(stem)
    at = data.draw(st.integers(0, len(sound) - 1))
    other = data.draw(st.sampled_from([c for c in ALPHABET if c != sound[at]]))

    assert numbers.is_sound(sound)
    assert not numbers.is_sound(sound[:at] + other + sound[at + 1 :])


def test_two_neighbours_swapped_are_noticed_in_998_of_1000_numbers() -> None:
    """ISO 7064 hybrid systems notice every single error and all but a few exchanges: here every stem of three."""
    swaps = missed = 0
    for stem in map("".join, itertools.product(ALPHABET, repeat=3)):
        sound = numbers.with_check(stem)
        for at in range(3):
            swapped = sound[:at] + sound[at + 1] + sound[at] + sound[at + 2 :]
            swaps += swapped != sound
            missed += swapped != sound and numbers.is_sound(swapped)

    assert missed / swaps < 0.002


def test_nonsense_is_not_sound() -> None:
    assert not numbers.is_sound("")
    assert not numbers.is_sound("R-1")
