"""check trust: the figures F1–F20 of spec 90 §18, measured here and now; what is not measured is printed as such."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from config.cli.standing import BASE, parser, stand

VALUES = 2000  # sealed and opened for F12
SEALS_WITHIN = 0.1  # milliseconds of CPU a value


@dataclass(frozen=True, slots=True)
class Figure:
    """`reached` is None where nothing was measured; `found` is the figure, or why there is none."""

    code: str
    what: str
    reached: bool | None
    found: str


NOT_MEASURED = {
    "F2": ("probing matrix", "routes are tried one by one in tests; no table of accesses generates them"),
    "F3": ("parity of verb, list, button", "tested per room, not by 10,000 triples"),
    "F5": ("schemathesis", "not part of this repository"),
    "F6": ("fuzzing", "properties of 50 examples in the build; no hours of fuzzing"),
    "F7": ("bad inputs", "tests per field; no corpus of 10,000"),
    "F8": ("kill points and power cuts", "a handful in jishi/foundation/database/tests"),
    "F9": ("restore of 1M cases", "not tried at that size"),
    "F11": ("nightly replay", "not built"),
    "F13": ("rotation of 1M values", "tested for right, not for speed"),
    "F14": ("deletion", "a planted number is looked for in jishi/cases/tests/test_retention.py, not here"),
    "F15": ("hostile log-in", "not measured under load"),
    "F17": ("OWASP ASVS 5.0", "docs/asvs.toml is not written"),
    "F18": ("mutation", "not run"),
    "F19": ("outgoing connections", "not measured in a network of its own"),
    "F20": ("events of the embedded database", "one test each in jishi/foundation/database/tests, no 100 repeats"),
}


def main(argv: Sequence[str]) -> int:
    """Measure and print; 0 only if every figure is measured and reached."""
    given = parser("check trust", "Measure the figures of trust.").parse_args(argv)
    stand(given.data)
    found = list(figures())
    for one in found:
        mark = {True: "✓", False: "✕", None: "–"}[one.reached]
        print(f"{mark} {one.code:4}{one.what:40}{one.found}")
    reached = sum(one.reached is True for one in found)
    print(f"{reached} / {len(found)} reached, {sum(one.reached is None for one in found)} not measured")
    return 0 if reached == len(found) else 1


def figures() -> Iterator[Figure]:
    """Give all twenty, in order."""
    measured: dict[str, Callable[[], Figure]] = {"F1": _f1, "F4": _f4, "F10": _f10, "F12": _f12, "F16": _f16}
    for code in (f"F{n}" for n in range(1, 21)):
        if code in measured:
            yield measured[code]()
        else:
            yield Figure(code, NOT_MEASURED[code][0], None, f"not measured: {NOT_MEASURED[code][1]}")


def _f1() -> Figure:
    """Every sealed value that lies here has a purpose that is registered."""
    from jishi.foundation import purposes

    known = {one.code for one in purposes.every()}
    seen = {str(row[0]) for row in _in_every_town("SELECT DISTINCT purpose FROM foundation_sealedvalue")}
    strange = sorted(seen - known)
    said = f"unregistered: {', '.join(strange)}" if strange else f"{len(seen)} in use, {len(known)} registered"
    return Figure("F1", "sealed values have a registered purpose", not strange, said)


def _f4() -> Figure:
    """The web role sees no row of a tenant without a scope."""
    from django.db import connection, transaction

    from jishi.foundation import protect

    tables = [m._meta.db_table for m in protect.protected_models()]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('jishi.tenant', '', true)")
        seen = [t for t in tables if _one(cursor, f'SELECT EXISTS (SELECT FROM "{t}")')]
    return Figure("F4", "web role without scope sees no row", not seen, ", ".join(seen) or f"0 of {len(tables)} tables")


def _f10() -> Figure:
    """The whole trail of this installation verifies."""
    from jishi.foundation import anchors, scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    began, entries, findings = time.monotonic(), 0, 0
    for town in Tenant.objects.order_by("id"):
        with scope.work(system(town.id)):
            found = anchors.verify()
        entries, findings = entries + found.entries, findings + len(found.findings)
    said = f"{entries} entries, {findings} findings, {time.monotonic() - began:.1f} s (tampering: the test suite)"
    return Figure("F10", "the trail here verifies", findings == 0, said)


def _f12() -> Figure:
    """CPU of sealing and opening one value of 64 bytes, without the database."""
    from jishi.foundation import keys

    key, plain = b"k" * 32, b"p" * 64
    began = time.process_time()
    for n in range(VALUES):
        bound = str(n).encode()
        keys.decrypt(key, keys.encrypt(key, plain, bound, "a"), bound, "a")
    each = (time.process_time() - began) * 1000 / VALUES
    return Figure("F12", "seal and open, CPU per value", each <= SEALS_WITHIN, f"{each:.4f} ms (target {SEALS_WITHIN})")


def _f16() -> Figure:
    """Security findings of the linter in what runs."""
    command = [sys.executable, "-m", "ruff", "check", "--select", "S", "--output-format", "json", "jishi", "config"]
    done = subprocess.run(command, cwd=BASE, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        return Figure("F16", "security findings of the linter", None, "not measured: ruff is not installed here")
    found = [one for one in json.loads(done.stdout) if "/tests/" not in one["filename"]]
    codes = sorted({str(one["code"]) for one in found})
    return Figure("F16", "security findings of the linter", not found, f"{len(found)} {' '.join(codes)}".strip())


def _in_every_town(query: str) -> list[Any]:
    from django.db import connection

    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    rows: list[Any] = []
    for town in Tenant.objects.order_by("id"):
        with scope.work(system(town.id)), connection.cursor() as cursor:
            cursor.execute(query)
            rows += cursor.fetchall()
    return rows


def _one(cursor: Any, query: str) -> Any:
    cursor.execute(query)
    return cursor.fetchone()[0]
