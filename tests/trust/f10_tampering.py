"""F10: kinds of tampering × places; the kernel and the stranger's file agree on many bundles."""

from jishi.kernels.ledger import pack
from jishi.kernels.ledger.tests.factories import Dice, a_record
from jishi.kernels.ledger.tests.test_verifier import TAMPERINGS, _spoilt, found_by_kernel, found_by_stranger
from tests.trust.sizes import FULL, say, size

PLACES = 25
BUNDLES = size(200, 1000)
ASKED = 40  # kinds


def _fits(seed: int) -> bool:
    """The first subject has entries enough for every kind."""
    return sum(e.body["subject"] == ["case", 0] for e in a_record(seed).entries) >= 4


SEEDS = [seed for seed in range(200) if _fits(seed)][:PLACES]


def test_every_kind_at_every_place_is_named_by_both(record_property):
    missed, tried = [], 0
    for name, (change, (code, _)) in TAMPERINGS.items():
        for seed in SEEDS:
            true, record = a_record(seed), change(a_record(seed))
            if record == true:  # at this place the change changes nothing
                continue
            kernel, stranger = found_by_kernel(record), found_by_stranger(pack(record))
            tried += 1
            if sorted(kernel) != sorted(stranger) or not kernel:
                missed.append(f"{name} in record {seed}: {code}")
    said = f"{len(TAMPERINGS)} kinds in {len(SEEDS)} records: {tried - len(missed)} of {tried} named"
    say(record_property, f"{said} (asked: {ASKED} kinds)", enough=FULL and len(TAMPERINGS) >= ASKED)
    assert not missed, missed[:5]


def test_the_second_implementation_agrees(record_property):
    differ = 0
    for seed in range(BUNDLES):
        rng = Dice(seed)
        record = a_record(seed, days=rng.randrange(4), subjects=rng.randrange(1, 5), a_day=rng.randrange(8))
        for _ in range(rng.randrange(3)):
            record = _spoilt(rng, record)
        differ += sorted(found_by_kernel(record)) != sorted(found_by_stranger(pack(record)))
    say(record_property, f"{BUNDLES - differ} of {BUNDLES} bundles judged alike")
    assert not differ
