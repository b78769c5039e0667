"""F6: sixteen parsers are fed with what nobody writes: no crash, no hang over a second, no memory over 512 MiB.

Seeds are what the parser takes; each is bent at random: bytes turned, cut, doubled, numbers made huge, brackets
nested. A refusal of ours, or the error that the parser promises, is a good answer; anything else is a crash.
"""

import io
import json
import os
import resource
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from config import crossing  # noqa: F401  the edge is loaded as it is in the site
from jishi.cases.actions import sheets
from jishi.cases.open311 import answers, asking
from jishi.cases.queries import sifting
from jishi.duties import conditions
from jishi.foundation import keys, outgoing, purposes, sealed, uploads
from jishi.foundation.refusals import Refused
from jishi.kernels import ledger, procedure, worktime
from jishi.kernels.ledger import verifier
from jishi.kernels.ledger.tests.factories import a_record, in_memory
from jishi.kernels.text import minimise, normalise, words
from jishi.places import drawings
from tests.trust.sizes import FULL, say

NOW = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
SECONDS = float(os.environ.get("JISHI_FUZZ_SECONDS", "60" if FULL else "3"))  # a parser
LEAST, HANG, MEMORY = 1_000_000, 1.0, 512 * 2**20
POLYGON = json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code": "1"},
                      "geometry": {"type": "Polygon", "coordinates": [[[120, 28], [121, 28], [121, 29], [120, 28]]]}}]})
PROCEDURE = b'code = "x"\nedition = 1\n[[state]]\ncode = "A"\n[[move]]\nverb = "a.b"\nfrom = ["A"]\nto = "A"\n'

UNREADABLE = (ValueError, KeyError, TypeError, RecursionError)  # files of the installation itself


@dataclass(frozen=True)
class Parser:
    """What reads, what it may raise besides a refusal, and what it is fed with."""

    read: Callable[[bytes], Any]
    promised: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]


def text(read: Callable[[str], Any]) -> Callable[[bytes], Any]:
    return lambda raw: read(raw.decode("utf-8", "replace"))


def bundle(raw: bytes) -> Any:
    files = in_memory(ledger.pack(a_record(seed=2)) | {"entries.jsonl": raw})
    return verifier.Verifier(files).run()


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("[Content_Types].xml", "<a/>")
    return out.getvalue()


PARSERS = {
    "import: csv": Parser(
        lambda raw: sheets.read(raw, "a.csv"), (), ("编号,内容\n1,路灯坏了\n".encode(), b"a;b\n1;2\n")
    ),
    "import: workbook": Parser(lambda raw: sheets.read(raw, "a.xlsx"), (), (a_zip(),)),
    "Open311: a moment": Parser(text(asking.moment), (answers.Fault,), (b"2026-03-09T02:00:00Z", b"2026-03-09")),
    "Open311: a number": Parser(text(asking.number), (answers.Fault,), (b"28.5", b"-1e9")),
    "Open311: words": Parser(text(answers.clean), (), ("井盖坏了\x0b".encode(),)),
    "GeoJSON": Parser(drawings.read, (), (POLYGON.encode(),)),
    "canonical JSON": Parser(
        lambda raw: ledger.canonical(json.loads(raw)), (ValueError, TypeError, RecursionError), (b'{"a":[1,"x",null]}',)
    ),
    "procedure": Parser(text(procedure.parse), UNREADABLE, (PROCEDURE,)),
    "year of a calendar": Parser(text(worktime.parse_year), UNREADABLE, (b"year = 2026\n",)),
    "amount of time": Parser(text(worktime.parse_amount), (ValueError,), (b"5wd", b"2nh", b"promise-1hd")),
    "condition": Parser(
        lambda raw: conditions.from_json(json.loads(raw)), (ValueError, RecursionError),
        (b'{"all":[{"fact":"a","is":1}]}',),
    ),
    "sealed envelope": Parser(sealed.header_of, (keys.DoesNotOpen,), (b"\x01a\x00\x00\x00\x01" + b"x" * 40,)),
    "kind of a file": Parser(
        lambda raw: uploads.checked(raw, raw[:20].decode("latin-1") + ".jpg"), (),
        (b"\xff\xd8\xff\xe0JFIF", b"%PDF-1.7"),
    ),
    "address outside": Parser(
        text(outgoing._split), (), (b"https://example.org/a", b"http://[::ffff:10.0.0.1]:80/", b"http://0x7f.1/")
    ),
    "masking of words": Parser(
        text(minimise.minimise_one), (), ("我叫李明，电话13900000417，住翠竹苑3号楼2单元501。".encode(),)
    ),
    "search words": Parser(text(words.tsquery_text), (), ("雨水井 & | ! ( )".encode(),)),
    "normal form": Parser(text(normalise.normalise), (), ("１３９０００００４１７".encode(), "é́́".encode())),
    "number of a phone": Parser(
        text(lambda said: purposes.normalise("phone", said)), (), (b"+86 139 0000 0417", b"0577-88880000")
    ),
    "filter of a list": Parser(
        text(lambda said: sifting.read(dict(p.split("=", 1) for p in said.split("&") if "=" in p), now=NOW)), (),
        (b"status=open&due=late&q=a", b"from=2026-03-09&sort=due"),
    ),
    "bundle of a trail": Parser(bundle, (verifier.Unreadable,), (ledger.pack(a_record(seed=2))["entries.jsonl"],)),
}  # fmt: skip
ODD = (b"\x00", b"\xff\xfe", b"[" * 3000, b"9" * 400, "\u202e".encode(), b"\xed\xa0\x80", b"NaN", b"1e999", b"'\"\\",
       b"=cmd|", "𠮷".encode() * 50, b"{" * 500, b"&a;" * 99, b"%00", b"\r\n\r\n")  # fmt: skip


def bent(rng: Random, seed: bytes) -> bytes:
    raw = bytearray(seed)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(raw) + 1)
        way = rng.randrange(6)
        if way == 0 and raw:
            raw[min(at, len(raw) - 1)] ^= 1 << rng.randrange(8)
        elif way == 1:
            raw[at:at] = rng.choice(ODD)
        elif way == 2:
            del raw[at : at + rng.randrange(1, 9)]
        elif way == 3:
            raw[at:at] = raw[at : at + rng.randrange(1, 40)]
        elif way == 4:
            raw[at:at] = rng.randbytes(rng.randrange(1, 9))
        else:
            raw = raw[:at]
    return bytes(raw)


@pytest.mark.parametrize("name", PARSERS)
def test_does_not_break(name, record_property):
    parser, rng = PARSERS[name], Random(name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    until, inputs, slowest, broken = time.monotonic() + SECONDS, 0, 0.0, []
    while time.monotonic() < until and len(broken) < 5:
        raw = bent(rng, rng.choice(parser.seeds))
        began = time.perf_counter()
        try:
            parser.read(raw)
        except (Refused, *parser.promised):
            pass
        except Exception as no:  # noqa: BLE001  that is what is looked for
            broken.append(f"{type(no).__name__} at {raw[:60]!r}")
        slowest, inputs = max(slowest, time.perf_counter() - began), inputs + 1
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    said = f"{name}: {inputs} inputs, slowest {slowest:.2f} s, {len(broken)} broken"
    say(record_property, said, enough=inputs >= LEAST)
    assert not broken
    assert slowest <= HANG
    assert grown <= MEMORY
