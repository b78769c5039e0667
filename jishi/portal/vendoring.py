"""Copies the listed files of others out of `node_modules`, and writes `vendor.lock` and `vendored.py`.

Run by `npm run refresh` when a version changes; nothing else needs Node. A test recomputes every digest.
"""

import base64
import hashlib
import json
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATIC = "jishi/portal/static/portal/vendor"
SOURCE_MAP = re.compile(rb"\n?//# sourceMappingURL=[^\n]*\n?$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file of one package, and where it lies with us. `served` files get an `integrity` in pages."""

    package: str
    inside: str
    target: str
    served: bool = True


WANTED = (
    Wanted("htmx.org", "dist/htmx.min.js", f"{STATIC}/htmx.min.js"),
    Wanted("maplibre-gl", "dist/maplibre-gl-csp.js", f"{STATIC}/maplibre-gl-csp.js"),
    Wanted("maplibre-gl", "dist/maplibre-gl-csp-worker.js", f"{STATIC}/maplibre-gl-csp-worker.js"),
    Wanted("maplibre-gl", "dist/maplibre-gl.css", f"{STATIC}/maplibre-gl.css"),
    Wanted("maplibre-gl", "LICENSE.txt", f"{STATIC}/maplibre-gl.LICENSE.txt", served=False),
    Wanted("axe-core", "axe.min.js", "tests/browser/vendor/axe.min.js", served=False),
)


def without_source_map(content: bytes) -> tuple[bytes, str]:
    """This will take off a last line that names a source map (we serve none); gives what was taken."""
    found = SOURCE_MAP.search(content)
    return (content[: found.start()], found[0].decode()) if found else (content, "")


def refresh(modules: Path, root: Path = ROOT) -> None:
    """This will copy, and write the lock and the digests of pages."""
    lines = [
        "# Files of others that Jishi serves itself. Written by `npm run refresh`; a test recomputes it.\n"
    ]
    integrity = {}
    for wanted in WANTED:
        about = json.loads((modules / wanted.package / "package.json").read_text())
        original = (modules / wanted.package / wanted.inside).read_bytes()
        ours, taken_off = without_source_map(original) if wanted.target.endswith(".js") else (original, "")
        target = root / wanted.target
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(ours)
        digest = hashlib.sha256(ours)
        lines.append(
            "[[file]]\n"
            f'name = "{wanted.package}"\nversion = "{about["version"]}"\nlicence = "{about["license"]}"\n'
            f'source = "npm:{wanted.package}@{about["version"]}/{wanted.inside}"\nfile = "{wanted.target}"\n'
            f'sha256 = "{digest.hexdigest()}"\nsource_sha256 = "{hashlib.sha256(original).hexdigest()}"\n'
            f"taken_off = {json.dumps(taken_off)}\nserved = {str(wanted.served).lower()}\n"
        )
        if wanted.served:
            integrity[Path(wanted.target).name] = "sha256-" + base64.b64encode(digest.digest()).decode()
    (root / "vendor.lock").write_text("\n".join(lines))
    _write_integrity(root / "jishi/portal/vendored.py", integrity)


def _write_integrity(path: Path, integrity: dict[str, str]) -> None:
    head = path.read_text().split("INTEGRITY", 1)[0]
    rows = "".join(f'    "{name}": "{digest}",\n' for name, digest in sorted(integrity.items()))
    path.write_text(f"{head}INTEGRITY: Final[dict[str, str]] = {{\n{rows}}}\n")


def locked(root: Path = ROOT) -> list[dict[str, object]]:
    """This will read the lock."""
    return list(tomllib.loads((root / "vendor.lock").read_text())["file"])


if __name__ == "__main__":
    refresh(Path(sys.argv[1]))
