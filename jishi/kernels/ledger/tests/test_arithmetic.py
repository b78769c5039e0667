"""Spelling, hashes, trees and words, against published vectors and properties."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jishi.kernels import ledger
from jishi.kernels.ledger import NotCanonical, UnknownSuite, canonical, check_words, hasher, sm3
from jishi.kernels.ledger.words import CHARACTERS, SYLLABLES

SHA = hasher("a")
LEAVES = st.lists(st.binary(max_size=4).map(lambda d: ledger.leaf(d, SHA)), min_size=1, max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=12,
)


class TestCanonical:
    def test_sorts_keys_as_rfc_8785_3_2_3_does(self):
        value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}

        keys = "".join(canonical(value)[1:-1].split(":")).replace('"', "")

        assert keys == "\\r2,14,\u00806,\u00f67,\u20ac1,\U0001f6005,\ufb333"

    def test_escapes_as_rfc_8785_3_2_2_2_does(self):
        assert canonical("\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/") == (
            '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'
        )

    @pytest.mark.parametrize(
        ("value", "where"),
        [
            (1.0, "$"),
            (float("nan"), "$"),
            ({"a": [1, float("inf")]}, "$.a[1]"),
            (2**53, "$"),
            (-(2**53), "$"),
            (b"bytes", "$"),
            ({1: "a"}, "$"),
            ({"x": "\ud800"}, "$.x"),
            ({"\udfff": 1}, "$"),
            ({"at": object()}, "$.at"),
        ],
    )
    def test_refuses_what_has_no_single_spelling_and_says_where(self, value, where):
        with pytest.raises(NotCanonical) as refused:
            canonical(value)

        assert refused.value.where == where

    @given(VALUES)
    def test_reads_back_as_the_same_value(self, value):
        import json

        assert json.loads(canonical(value)) == value

    @given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers(0, 9)))
    def test_order_of_writing_does_not_matter(self, value):
        assert canonical(value) == canonical(dict(reversed(value.items())))


class TestSm3:
    @pytest.mark.parametrize(
        ("message", "digest"),
        [  # GB/T 32905-2016, A.1 and A.2
            (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
            (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
        ],
    )
    def test_gives_the_digests_of_the_standard(self, message, digest):
        assert sm3(message).hex() == digest

    @given(st.binary(max_size=200))
    def test_agrees_with_the_library_at_every_length(self, message):
        from cryptography.hazmat.primitives import hashes

        other = hashes.Hash(hashes.SM3())
        other.update(message)

        assert sm3(message) == other.finalize()

    def test_an_unknown_suite_is_refused(self):
        with pytest.raises(UnknownSuite):
            hasher("md5")


class TestTree:
    def test_gives_the_root_of_the_published_test_of_rfc_6962(self):
        data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
        data.append("606162636465666768696a6b6c6d6e6f")
        leaves = [ledger.leaf(bytes.fromhex(d), SHA) for d in data]

        assert ledger.root([], SHA) == hashlib.sha256(b"").digest()
        assert ledger.root(leaves[:1], SHA).hex() == (
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        )
        assert ledger.root(leaves, SHA).hex() == (
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        )

    @given(LEAVES, st.data())
    def test_every_leaf_can_be_proven_and_no_other_place_or_leaf(self, leaves, data):
        index = data.draw(st.integers(0, len(leaves) - 1))
        root = ledger.root(leaves, SHA)
        proof = ledger.inclusion_proof(index, leaves, SHA)

        assert ledger.verify_inclusion(leaves[index], index, len(leaves), proof, root, SHA)
        assert not ledger.verify_inclusion(SHA(b"other"), index, len(leaves), proof, root, SHA)
        assert not ledger.verify_inclusion(leaves[index], index, len(leaves), [*proof, root], root, SHA)
        assert not ledger.verify_inclusion(leaves[index], len(leaves), len(leaves), proof, root, SHA)
        if proof:
            assert not ledger.verify_inclusion(leaves[index], index, len(leaves), proof[:-1], root, SHA)

    @given(LEAVES, st.data())
    def test_a_longer_tree_proves_that_it_begins_with_the_shorter(self, leaves, data):
        old = data.draw(st.integers(1, len(leaves)))
        old_root, new_root = ledger.root(leaves[:old], SHA), ledger.root(leaves, SHA)
        proof = ledger.consistency(old, leaves, SHA)

        assert ledger.verify_consistency(old, len(leaves), old_root, new_root, proof, SHA)
        assert not ledger.verify_consistency(old, len(leaves), SHA(b"x"), new_root, proof, SHA)
        assert not ledger.verify_consistency(old, len(leaves), old_root, SHA(b"x"), proof, SHA)

    @pytest.mark.parametrize(("ask", "number"), [(ledger.inclusion_proof, 3), (ledger.consistency, 0)])
    def test_refuses_a_leaf_that_is_not_there(self, ask, number):
        with pytest.raises(IndexError):
            ask(number, [SHA(b"1")] * 3, SHA)


class TestHashes:
    def test_an_entry_is_its_own_leaf(self):
        body = {"seq": 1, "suite": "a"}

        expected = hashlib.sha256(b'\x00{"prev":"p","seq":1,"suite":"a"}').hexdigest()

        assert ledger.entry_hash("p", body, "a") == expected

    @pytest.mark.parametrize("body", [{"suite": "s"}, {"prev": ""}, {"hash": ""}])
    def test_refuses_a_body_that_says_its_own_chain(self, body):
        with pytest.raises(ValueError, match="may not hold"):
            ledger.entry_hash("p", body, "a")

    def test_takes_a_faster_hash_of_the_same_suite(self):
        assert ledger.entry_hash("p", {}, "s", sm3) == ledger.entry_hash("p", {}, "s")

    def test_a_commitment_needs_a_whole_salt(self):
        with pytest.raises(ValueError, match="32"):
            ledger.commit(b"short", "words", "a")

    @given(st.binary(min_size=32, max_size=32), st.text(st.characters(codec="utf-8")))
    def test_a_commitment_is_the_hash_of_salt_and_words(self, salt, words):
        assert ledger.commit(salt, words, "a") == hashlib.sha256(salt + words.encode()).hexdigest()


class TestCheckWords:
    def test_the_table_has_256_characters_that_sound_apart(self):
        assert len(CHARACTERS) == len(set(CHARACTERS)) == len(SYLLABLES) == 256

    def test_gives_eight_characters_and_changes_with_the_root(self):
        said = check_words(bytes(range(32)))

        assert len(said.replace(" ", "")) == 8
        assert said != check_words(bytes([1, *range(1, 32)]))
        assert check_words(bytes([255] * 8)) == f"{CHARACTERS[255] * 4} {CHARACTERS[255] * 4}"
