"""The inventory of cryptography is whole: whatever file computes with it is listed, with what, and nothing besides."""

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOLD = tomllib.loads((ROOT / "docs/cryptography.toml").read_text(encoding="utf-8"))
LIBRARIES = {"hashlib", "hmac", "secrets", "cryptography", "argon2", "jwt", "fido2", "ssl", "uuid"}
OF_DJANGO = {"django.core.signing", "django.contrib.auth.hashers", "django.utils.crypto"}
# Types, faults, constants, comparing in constant time, and looking into what somebody else computed.
NO_USE = re.compile(
    r"cryptography\.(exceptions|x509|hazmat\.primitives\.(serialization|hashes\.HashAlgorithm|ciphers\.modes))\b"
    r"|\.(\w*Error|BadSignature|InvalidSignature|SSLSocket|TLSVersion|CERT_\w+|PROTOCOL_\w+|\w*compare\w*|UUID)$"
    r"|^fido2\.(cbor|utils|webauthn)\b|^jwt\.get_unverified_header$|\.identify_hasher$"
    r"|^cryptography\.hazmat\.primitives\.(hashes|hmac|asymmetric\.ec|ciphers\.algorithms)$|\.(SECP256R1|RSAPublicKey)$"
)
IN_A_BROWSER = re.compile(r"\bcrypto\.(getRandomValues|randomUUID|subtle\.(?!importKey)\w+)|\bMath\.random\b")
LIFE = {"name", "algorithm", "bits", "protects", "never", "holder", "made", "lasts", "turned", "ended", "lost"}


def _sources(*endings: str) -> Iterator[Path]:
    for room in ("jishi", "config"):
        for path in sorted((ROOT / room).rglob("*")):
            aside = {"tests", "migrations", "vendor", "__pycache__"} & set(path.parts)
            if path.suffix in endings and not aside:
                yield path


def _imported(tree: ast.AST) -> dict[str, str]:
    """Give by its name in the file what was imported of the libraries that compute."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(a.asname or a.name): a.name for a in node.names if a.name.split(".")[0] in LIBRARIES}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for a in node.names:
                full = f"{node.module}.{a.name}"
                if node.module.split(".")[0] in LIBRARIES or OF_DJANGO & {node.module, full}:
                    names[a.asname or a.name] = full
    return names


def _used(path: Path) -> set[str]:
    """Give what one file computes with, by the full name of what it calls."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".js":
        return {found[0] for found in IN_A_BROWSER.finditer(text)}
    tree = ast.parse(text)
    names, used = _imported(tree), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
            used.add(f"{names[node.value.id]}.{node.attr}")
        elif isinstance(node, ast.Name) and names.get(node.id, "").count("."):
            used.add(names[node.id])
    whole = {one for one in used if not any(other.startswith(f"{one}.") for other in used)}
    return {one for one in whole if not NO_USE.search(one)}


def found_in_the_tree() -> dict[str, set[str]]:
    return {str(p.relative_to(ROOT)): used for p in _sources(".py", ".js") if (used := _used(p))}


def test_every_use_in_the_tree_is_in_the_inventory_and_nothing_else_is() -> None:
    listed: dict[str, set[str]] = defaultdict(set)
    for use in TOLD["use"]:
        for file, with_ in use["files"].items():
            listed[file] |= set(with_)

    assert dict(listed) == found_in_the_tree()


def test_an_unlisted_use_is_seen(tmp_path: Path) -> None:
    for n, (text, seen) in enumerate((
        ("import hashlib as h\nh.md5(b'')", {"hashlib.md5"}),
        ("from secrets import token_hex\ntoken_hex(4)", {"secrets.token_hex"}),
        ("def f():\n  from cryptography.fernet import Fernet\n  Fernet(b'')", {"cryptography.fernet.Fernet"}),
        ("from django.core import signing\nsigning.dumps(1)", {"django.core.signing.dumps"}),
        ("import hmac\nhmac.compare_digest('', '')", set()),
    )):  # fmt: skip
        file = tmp_path / f"one{n}.py"
        file.write_text(text, encoding="utf-8")

        assert _used(file) == seen


def test_each_use_says_what_for_and_how_strong_it_is_where_something_hangs_on_it() -> None:
    weak = [
        use["what"] for use in TOLD["use"]
        if not use["what"].strip() or not use["files"]
        or not (use["bits"] >= 128 or (use["bits"] >= 0 and use.get("enough", "").strip()))
    ]  # fmt: skip

    assert weak == []


def test_each_key_has_a_whole_life() -> None:
    lacking = {
        key.get("name", "?"): sorted(LIFE - set(key))
        for key in TOLD["key"]
        if LIFE - set(key) or not all(str(key[part]).strip() for part in LIFE) or key["bits"] < 128
    }

    assert lacking == {}


def test_nothing_broken_secures_anything() -> None:
    broken = re.compile(r"\.(md5|sha1|md4|DES|TripleDES|ARC4|ECB|RC2)$|Math\.random")
    held_against = [
        (use["what"], name) for use in TOLD["use"] for names in use["files"].values() for name in names
        if broken.search(name) and not use.get("secures_nothing")
    ]  # fmt: skip

    assert held_against == []
