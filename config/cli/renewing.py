"""How old the parts of others may be: SECURITY.md says the days, `docs/parts.toml` when somebody looked.

A repair of a part is a newer version of it. Whoever holds every part against the newest of its line, and takes it, has
every repair that its makers had given by that day; so the age of that look bounds the age of any repair not taken.
"""

import hashlib
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

RECORD, LOCKS = "docs/parts.toml", ("uv.lock", "vendor.lock")
AT_A_RELEASE, INSTALLED = timedelta(days=7), timedelta(days=90)


def breaches(base: Path, *, on: date, within: timedelta) -> list[str]:
    """Name what is older than SECURITY.md allows: the look itself, a line held back past its day, another lock."""
    told = tomllib.loads((base / RECORD).read_text("utf-8"))
    found = []
    if told["looked"] + within < on:
        found.append(f"looked at on {told['looked']}, more than {within.days} days ago")
    if told["locks"] != locks(base):
        found.append(f"another lock than the one looked at: {locks(base)}")
    versions = _versions(base)
    for one in told["held"]:
        if one["until"] < on:
            found.append(f"{one['name']} {one['line']} was to be left by {one['until']}")
        if not any(v == one["line"] or v.startswith(one["line"] + ".") for v in versions.get(one["name"], ())):
            found.append(f"{one['name']} {one['line']} is not what the lock holds")
    return found


def locks(base: Path) -> str:
    """Give the hash of what is locked."""
    return hashlib.sha256(b"".join((base / name).read_bytes() for name in LOCKS)).hexdigest()


def _versions(base: Path) -> dict[str, set[str]]:
    rows: list[dict[str, Any]] = tomllib.loads((base / "uv.lock").read_text("utf-8"))["package"]
    rows += tomllib.loads((base / "vendor.lock").read_text("utf-8"))["file"]
    found: dict[str, set[str]] = {}
    for one in rows:
        found.setdefault(one["name"], set()).add(one.get("version", ""))
    return found
