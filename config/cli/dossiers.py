"""verify, for a dossier: manifest, signature and the record inside, without a database."""

import hashlib
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MANIFEST, SIGNATURE, RECORD = "manifest.json", "signature.json", "record.zip"
MOST = 200 * 2**20


def is_dossier(path: str) -> bool:
    """Tell whether a file is a dossier: a zip with a signature and a record."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {MANIFEST, SIGNATURE, RECORD} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def verify(path: str) -> int:
    """Check a dossier; 0 when everything holds, 1 with a sentence for each thing that does not."""
    with zipfile.ZipFile(path) as archive:
        if sum(i.file_size for i in archive.infolist()) > MOST:
            print("包过大 · the file is too large")
            return 1
        files = {name: archive.read(name) for name in archive.namelist()}
    try:
        faults = _faults(files)
    except (ValueError, KeyError, TypeError, AttributeError):
        faults = ["清单或签名读不出来 · manifest or signature cannot be read"]
    for one in faults:
        print(f"  ✕ {one}")
    inner = _record(files[RECORD])
    if not faults:
        signed: dict[str, Any] = json.loads(files[SIGNATURE])
        print(f"签名的公钥 · signed by the key\n  {signed['public_key']}")
    return 1 if faults or inner else 0


def _faults(files: dict[str, bytes]) -> list[str]:
    manifest, signed = json.loads(files[MANIFEST]), json.loads(files[SIGNATURE])
    found = []
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed["public_key"])).verify(
            bytes.fromhex(signed["signature"]), files[MANIFEST]
        )
    except InvalidSignature:
        found.append("签名不对 · the signature does not hold")
    sums = manifest["files"]
    here = set(files) - {MANIFEST, SIGNATURE}
    found += [f"清单里没有 · not in the manifest: {name}" for name in sorted(here - set(sums))]
    found += [f"缺少 · missing: {name}" for name in sorted(set(sums) - here)]
    return found + [
        f"内容变了 · changed: {name}"
        for name in sorted(here & set(sums))
        if hashlib.sha256(files[name]).hexdigest() != sums[name]
    ]


def _record(content: bytes) -> int:
    from jishi.kernels.ledger import verifier

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / RECORD
        path.write_bytes(content)
        return verifier.main([str(path)])
