"""Whoever changes a record is named with the place; the kernel and the stranger's file agree."""

import ast
import copy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jishi.kernels.ledger import (
    GENESIS,
    Anchor,
    Link,
    Record,
    Said,
    day_root,
    entry_hash,
    pack,
    verify,
    verify_chain,
)
from jishi.kernels.ledger import verifier as stranger
from jishi.kernels.ledger.tests.factories import Dice, a_part, a_record, a_zip, in_memory, zipped

FILE = Path(stranger.__file__)


def found_by_stranger(files, heads=(), roots=()):
    checked = stranger.Verifier(in_memory(files))
    checked.run()
    checked.compare(list(heads), list(roots))
    return checked.findings


def found_by_kernel(record):
    return [(f.code, f.where) for f in verify(record)]


def at(record, n):
    """The n-th entry of subject 0."""
    return [i for i, e in enumerate(record.entries) if e.body["subject"] == ["case", 0]][n]


def with_entry(record, i, **changes):
    entries = list(record.entries)
    entries[i] = replace(entries[i], **changes)
    return replace(record, entries=entries)


def with_body(record, i, rehash=False, **changes):
    entry = record.entries[i]
    body = copy.deepcopy(dict(entry.body)) | changes
    hash_ = entry_hash(entry.prev, body, body["suite"]) if rehash else entry.hash
    return with_entry(record, i, body=body, hash=hash_)


def with_anchor(record, i, **changes):
    anchors = list(record.anchors)
    anchors[i] = replace(anchors[i], **changes)
    return replace(record, anchors=anchors)


def without_entry(record, i):
    return replace(record, entries=[e for j, e in enumerate(record.entries) if j != i])


def swapped(record, i, j):
    entries = list(record.entries)
    entries[i], entries[j] = entries[j], entries[i]
    return replace(record, entries=entries)


def rewritten(record, i):
    """Change an entry and mend every later hash of its subject: only the anchor can tell."""
    entries = list(record.entries)
    subject, prev = entries[i].subject, entries[i].prev
    for j in range(i, len(entries)):
        if entries[j].subject == subject:
            body = dict(entries[j].body) | ({"actor": "account:9"} if j == i else {})
            entries[j] = replace(entries[j], body=body, prev=prev, hash=entry_hash(prev, body, "a"))
            prev = entries[j].hash
    return replace(record, entries=entries)


def inserted(record, i):
    entry = record.entries[i]
    body = dict(entry.body) | {"verb": "case.planted"}
    planted = Link(body, entry.prev, entry_hash(entry.prev, body, "a"), entry.anchor, entry.leaf)
    return replace(record, entries=[*record.entries[:i], planted, *record.entries[i:]])


def with_words(record, **changes):
    return replace(record, words=[replace(record.words[0], **changes), *record.words[1:]])


ENTRY = '1:["case",0]#2'
NEXT = '1:["case",0]#3'
TAMPERINGS = {  # name: (how, what must be found)
    "a field": (lambda r: with_body(r, at(r, 1), codes={"status": "CLOSED"}), ("hash_differs", ENTRY)),
    "the time": (lambda r: with_body(r, at(r, 1), at="2026-03-08T00:00:00.000000Z"), ("hash_differs", ENTRY)),
    "the actor": (lambda r: with_body(r, at(r, 1), actor="account:8"), ("hash_differs", ENTRY)),
    "the verb": (lambda r: with_body(r, at(r, 1), verb="case.closed"), ("hash_differs", ENTRY)),
    "a surplus field": (lambda r: with_body(r, at(r, 1), note="x"), ("hash_differs", ENTRY)),
    "the commitment": (lambda r: with_body(r, at(r, 1), details_commit="0" * 64), ("hash_differs", ENTRY)),
    "the hash": (lambda r: with_entry(r, at(r, 1), hash="0" * 64), ("hash_differs", ENTRY)),
    "the link back": (lambda r: with_entry(r, at(r, 1), prev="0" * 64), ("hash_differs", ENTRY)),
    "a field, hash mended": (
        lambda r: with_body(r, at(r, 1), rehash=True, verb="x.y"),
        ("prev_differs", NEXT),
    ),
    "the suite": (lambda r: with_body(r, at(r, 1), suite="s"), ("hash_differs", ENTRY)),
    "an unknown suite": (lambda r: with_body(r, at(r, 1), suite="z"), ("suite_unknown", ENTRY)),
    "the rest of a chain": (lambda r: rewritten(r, at(r, 1)), ("root_differs", "anchor 1")),
    "two entries swapped": (lambda r: swapped(r, at(r, 1), at(r, 2)), ("seq_gap", NEXT)),
    "an entry removed": (lambda r: without_entry(r, at(r, 1)), ("seq_gap", NEXT)),
    "the first entry removed": (lambda r: without_entry(r, at(r, 0)), ("seq_gap", ENTRY)),
    "an entry put between": (lambda r: inserted(r, at(r, 1)), ("seq_gap", ENTRY)),
    "the newest anchored entry cut": (
        lambda r: without_entry(replace(r, entries=[e for e in r.entries if e.anchor]), -1 + 15),
        ("entries_count", "anchor 3"),
    ),
    "a whole subject removed": (
        lambda r: replace(r, entries=[e for e in r.entries if e.body["subject"] != ["case", 0]]),
        ("subjects_count", "anchor 1"),
    ),
    "a whole day removed": (
        lambda r: replace(r, anchors=[r.anchors[0], r.anchors[2]]),
        ("anchor_missing", "anchor 3"),
    ),
    "the first day removed": (
        lambda r: replace(r, anchors=r.anchors[1:]),
        ("first_anchor_missing", "anchor 2"),
    ),
    "a root": (lambda r: with_anchor(r, 0, root="0" * 64), ("root_differs", "anchor 1")),
    "a root, seen by the next": (
        lambda r: with_anchor(r, 0, root="0" * 64),
        ("previous_differs", "anchor 2"),
    ),
    "a count": (lambda r: with_anchor(r, 0, entries=6), ("entries_count", "anchor 1")),
    "a count of subjects": (lambda r: with_anchor(r, 0, subjects=9), ("subjects_count", "anchor 1")),
    "the version": (lambda r: with_anchor(r, 0, version="0.2.0"), ("previous_differs", "anchor 2")),
    "a link of anchors": (lambda r: with_anchor(r, 1, previous="0" * 64), ("previous_differs", "anchor 2")),
    "a day forwards": (lambda r: with_anchor(r, 2, day="2026-03-20"), ("day_missing", "anchor 3")),
    "a day backwards": (lambda r: with_anchor(r, 2, day="2026-03-01"), ("day_goes_back", "anchor 3")),
    "moved to another day": (lambda r: with_entry(r, at(r, 0), anchor=3, leaf=6), ("leaf_gap", "anchor 1")),
    "anchor forgotten": (
        lambda r: with_entry(r, at(r, 1), anchor=0, leaf=0),
        ("leaf_gap", "anchor 1"),
    ),
    "a place doubled": (lambda r: with_entry(r, at(r, 0), leaf=5), ("leaf_gap", "anchor 1")),
    "an anchor that is not there": (lambda r: with_entry(r, 14, anchor=8), ("anchor_unknown", None)),
    "words": (lambda r: with_words(r, words="改过"), ("words_differ", None)),
    "a salt": (lambda r: with_words(r, salt="0" * 64), ("words_differ", None)),
    "words of nobody": (lambda r: with_words(r, seq=99), ("words_without_entry", None)),
}


class TestTampering:
    @pytest.mark.parametrize("name", TAMPERINGS)
    def test_is_found_at_its_place_by_both(self, name):
        change, (code, where) = TAMPERINGS[name]
        record = change(a_record(seed=2))

        by_kernel = found_by_kernel(record)
        by_stranger = found_by_stranger(pack(record))

        assert [w for c, w in by_stranger if c == code and where in (None, w)], by_stranger
        assert sorted(by_kernel) == sorted(by_stranger)

    def test_nothing_is_found_in_a_true_record(self):
        assert found_by_stranger(pack(a_record(seed=2))) == found_by_kernel(a_record(seed=2)) == []

    def test_a_proof_that_was_changed_is_named(self):
        part = a_part(a_record(seed=2), 0)
        spoilt = with_entry(part, 1, proof=("0" * 64, *part.entries[1].proof[1:]))

        assert found_by_stranger(pack(part)) == []
        assert found_by_stranger(pack(spoilt)) == found_by_kernel(spoilt) == [("proof_fails", ENTRY)]

    def test_a_record_rewritten_as_a_whole_is_found_by_a_receipt_and_by_the_printed_root(self):
        true, false = a_record(seed=2), a_record(seed=5)
        head, root = true.entries[-1].hash, true.anchors[-1].root

        assert found_by_stranger(pack(false)) == []
        assert found_by_stranger(pack(true), [head], [root]) == []
        assert found_by_stranger(pack(false), [head], [root]) == [
            ("head_not_found", head),
            ("root_not_found", root),
        ]

    def test_a_later_entry_may_stand_before_an_earlier_one_of_its_subject_under_an_anchor(self):
        record = a_record(days=0, subjects=1, a_day=2)
        first, second = record.entries
        root = day_root(GENESIS, [second.hash, first.hash], "a")
        anchors = [Anchor(1, "2026-03-09", 2, 1, root, GENESIS, "a", "0.1.0")]
        crossed = Record([replace(first, anchor=1, leaf=2), replace(second, anchor=1, leaf=1)], anchors)

        assert found_by_kernel(crossed) == found_by_stranger(pack(crossed)) == []

    def test_words_that_have_ended_leave_the_chain_sound(self):
        assert found_by_kernel(replace(a_record(seed=2), words=[])) == []

    def test_the_chain_alone_names_the_first_bad_entry_of_each_subject(self):
        record = with_body(with_body(a_record(seed=2), at(a_record(seed=2), 1), verb="a.b"), 0, verb="a.b")

        assert [f.code for f in verify_chain(record.entries)] == ["hash_differs"] * len(
            {record.entries[0].subject, record.entries[at(record, 1)].subject}
        )


class TestAgreement:
    @pytest.mark.parametrize("seed", range(200))
    def test_kernel_and_stranger_find_the_same_in_random_bundles(self, seed):
        rng = Dice(seed)
        record = a_record(
            seed,
            days=rng.randrange(4),
            subjects=rng.randrange(1, 5),
            a_day=rng.randrange(8),
            suite=rng.choice("aaas"),
            waiting=rng.randrange(4),
        )
        if rng.random() < 0.3:
            record = a_part(record, 0)
        for _ in range(rng.randrange(3)):
            record = _spoilt(rng, record)

        assert sorted(found_by_kernel(record)) == sorted(found_by_stranger(pack(record)))


def _spoilt(rng, record: Record) -> Record:
    if not record.entries or not record.anchors:
        return record
    i, j = rng.randrange(len(record.entries)), rng.randrange(len(record.entries))
    k = rng.randrange(len(record.anchors))
    ways = [
        lambda: with_body(record, i, verb="x.y"),
        lambda: with_body(record, i, rehash=True, seq=rng.randrange(9)),
        lambda: without_entry(record, i),
        lambda: swapped(record, i, j),
        lambda: with_entry(record, i, leaf=rng.randrange(6)),
        lambda: with_entry(record, i, anchor=rng.choice([a.number for a in record.anchors])),
        lambda: with_anchor(record, k, day=f"2026-03-{rng.randrange(1, 28):02d}"),
        lambda: with_anchor(record, k, subjects=rng.randrange(5)),
        lambda: replace(record, anchors=[a for a in record.anchors if a.number != k + 1 or k + 1 < 2]),
        lambda: replace(record, words=[*record.words, Said(1, ["case", 0], 1, "0" * 64, "x")]),
    ]
    return rng.choice(ways)()


class TestFile:
    def test_a_byte_of_a_file_changed_without_the_manifest_is_named(self):
        files = pack(a_record())
        files["anchors.jsonl"] = files["anchors.jsonl"].replace(b"0.1.0", b"0.1.1", 1)

        assert ("file_differs", "anchors.jsonl") in found_by_stranger(files)

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (lambda f: f | {"check.py": b"print('sound')"}, ("file_unlisted", "check.py")),
            (lambda f: {k: v for k, v in f.items() if k != "words.jsonl"}, ("file_missing", "words.jsonl")),
            (lambda f: f | {"entries.jsonl": b"[]\n"}, ("entry_shape", "entries.jsonl:1")),
            (lambda f: f | {"anchors.jsonl": b"{}\n"}, ("anchor_shape", "anchors.jsonl:1")),
            (lambda f: f | {"words.jsonl": b"3\n"}, ("words_shape", "words.jsonl:1")),
            (
                lambda f: f | {"entries.jsonl": f["entries.jsonl"].replace(b"true", b"1.5", 1)},
                ("not_canonical", "entries.jsonl:1"),
            ),
            (
                lambda f: f | {"entries.jsonl": f["entries.jsonl"].replace(b"true", b"NaN", 1)},
                ("not_canonical", "entries.jsonl:1"),
            ),
        ],
    )
    def test_surplus_missing_and_misshapen_parts_are_named(self, change, expected):
        assert expected in found_by_stranger(change(pack(a_record())))

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda f: {k: v for k, v in f.items() if k != "entries.jsonl"},
            lambda f: {k: v for k, v in f.items() if k != "manifest.json"},
            lambda f: f | {"manifest.json": b"{"},
            lambda f: f | {"manifest.json": b"[]"},
            lambda f: f | {"manifest.json": f["manifest.json"].replace(b"trail/1", b"trail/2")},
            lambda f: f | {"manifest.json": f["manifest.json"].replace(b"whole", b"all")},
            lambda f: f | {"entries.jsonl": b"\xff\xfe\n"},
            lambda f: f | {"entries.jsonl": b"{\n"},
            lambda f: f | {"entries.jsonl": b'{"a":1,"a":2}\n'},
            lambda f: f | {"entries.jsonl": b"[" * 100_000},
            lambda f: f | {"entries.jsonl": b'"' + b"x" * (5 * 2**20) + b'"\n'},
        ],
    )
    def test_what_is_no_bundle_is_unreadable_and_not_called_false(self, tmp_path, capsys, spoil):
        path = a_zip(tmp_path / "trail.zip", spoil(pack(a_record())))

        assert stranger.main([path]) == stranger.UNREADABLE
        assert "不能读取" in capsys.readouterr().out

    def test_no_zip_a_broken_zip_and_no_file_are_unreadable(self, tmp_path):
        broken = tmp_path / "broken.zip"
        whole = Path(zipped(tmp_path / "whole.zip", a_record())).read_bytes()
        broken.write_bytes(whole[:40] + bytes(b ^ 255 for b in whole[40:120]) + whole[120:])
        (tmp_path / "text.zip").write_text("no zip", encoding="utf-8")

        for name in ("broken.zip", "text.zip", "absent.zip"):
            assert stranger.main([str(tmp_path / name)]) == stranger.UNREADABLE

    def test_runs_alone_on_a_bare_python_and_answers_in_both_languages(self, tmp_path):
        alone = tmp_path / "verifier.py"
        alone.write_bytes(FILE.read_bytes())
        good = zipped(tmp_path / "good.zip", a_record(seed=2))
        bad = zipped(tmp_path / "bad.zip", TAMPERINGS["a field"][0](a_record(seed=2)))

        sound, spoilt = (
            subprocess.run(
                [sys.executable, "-I", "-S", str(alone), path], capture_output=True, text=True, check=False
            )
            for path in (good, bad)
        )

        assert (sound.returncode, spoilt.returncode) == (0, 1)
        assert "完好：17 条留痕，3 个日根。" in sound.stdout
        assert "Sound: 17 entries, 3 anchors." in sound.stdout
        assert f"不一致 {ENTRY}：" in spoilt.stdout
        assert f"Not sound at {ENTRY}: it was changed" in spoilt.stdout

    def test_imports_the_standard_library_alone(self):
        tree = ast.parse(FILE.read_text(encoding="utf-8"))

        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}

        assert names <= {"argparse", "hashlib", "json", "re", "sys", "zipfile", "zlib", "datetime", "typing"}

    def test_has_a_sentence_in_both_languages_for_every_finding(self):
        text = FILE.read_text(encoding="utf-8") + (FILE.parent / "record.py").read_text(encoding="utf-8")

        said = {code for code in stranger.SENTENCES if text.count(f'"{code}"') >= 2}

        assert said == set(stranger.SENTENCES)
        assert all(zh and en for zh, en in stranger.SENTENCES.values())

    def test_writes_one_language_when_asked(self, tmp_path, capsys):
        stranger.main([zipped(tmp_path / "t.zip", a_record()), "--lang", "en"])

        assert capsys.readouterr().out.isascii()
