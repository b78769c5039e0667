"""Keys that never lie in the database: root key, search keys, the signing key of the anchors (spec 90 §5.2).

`FileKeys` is level K0: whoever is root on the server can read everything sealed, and the pages say so. The broker of
level K1 (`jishi.foundation.broker`) and a cipher machine join by the same verbs.

A key of its own 各自的钥匙 belongs to one row (the identity of one confidential reporter). It is wrapped by another key
than data keys are, so `unwrap` never opens it: only `open_own` does, for a `Wish` that somebody signed for.
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.module_loading import import_string

from jishi.foundation.refusals import Refused

NONCE = 12  # bytes
TAG = 16  # bytes
KEY_BYTES = {"a": 32, "s": 16}  # AES-256, SM4


class KeyNotAvailable(Refused):
    code, status = "key_not_available", 503
    zh, en = (
        "钥匙服务不可用，封存内容暂不能查看。",
        "Sealed fields cannot be opened now: the key service is away.",
    )
    next_zh, next_en = "事项照常办理；请稍后再看。", "Cases go on; look again later."


class KeyEnded(Refused):
    """The key was destroyed: what it sealed has ended, in every copy."""

    code, status = "key_ended", 410
    zh, en = "这把钥匙已经销毁，它封存的内容到期了。", "This key was destroyed: what it sealed has ended."
    next_zh, next_en = "不能恢复，也不该恢复。", "It cannot be restored, nor should it be."


class DoesNotOpen(Refused):
    """The bytes were changed, moved to another place, or sealed with another key."""

    code, status = "does_not_open", 500
    zh, en = (
        "这条封存内容打不开：它不在原来的位置，或被改动过。",
        "This sealed value does not open: it was moved or changed.",
    )
    next_zh, next_en = (
        "已经不能还原；请告诉系统管理员。",
        "It cannot be restored; tell the system administrator.",
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person signs for with a passkey, on the sealed identity of one row.

    `act`: "receive" (a person of the receiving body looks), "approve" (the second person lets `asker` look), "look"
    (the asker looks, by that approval). `asker` is an account, `unsealing` the number of the request.
    """

    act: str
    tenant_id: int
    owner_table: str
    owner_row: int
    unsealing: int = 0
    asker: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody signed for, and the signature; empty where the provider asks for none (level K0)."""

    wish: Wish
    signature: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class OwnKey:
    """One wrapped key of its own: the how-manieth of its row, and in which suite it was wrapped.

    `body`: the receiving body of record, to which the wrapping is bound; 0: none, two persons alone open it.
    """

    number: int
    suite: str
    wrapped: bytes
    body: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """How the keys are kept: level K0, K1, K2, and the sentence that users and operators are shown."""

    ok: bool
    level: str
    zh: str
    en: str


class KeyProvider(Protocol):
    """Wraps data keys, makes keyed hashes, signs. `context` binds a result to what it was made for.

    `level`: K0, K1, K2, as the pages say it.
    """

    level: str

    def wrap(self, key: bytes, *, context: bytes, suite: str) -> bytes: ...

    def unwrap(self, wrapped: bytes, *, context: bytes, suite: str) -> bytes: ...

    def mac(self, value: bytes, *, context: bytes, suite: str) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...

    def public_key(self) -> bytes: ...

    def health(self) -> Health: ...

    def wrap_own(self, key: bytes, *, context: bytes, suite: str) -> bytes: ...

    def challenge(self, wish: Wish, *, who: int = 0) -> bytes:
        """Give what a passkey must sign for this wish; empty where this provider asks for no signature.

        `who`: the account whose page asks; its share alone is used up.
        """
        ...

    def withdraw(self, wish: Wish) -> None:
        """End an approval before its time."""
        ...

    def approve(self, wish: Wish, *, shown: bytes) -> None: ...

    def open_own(self, kept: Sequence[OwnKey], *, wish: Wish, shown: bytes) -> dict[int, bytes]: ...

    def destroy(self, contexts: Sequence[bytes]) -> None: ...


class RootKeys:
    """What every provider does that holds a root key and a signing key itself."""

    def __init__(self, root: bytes, signing: Ed25519PrivateKey) -> None:
        self._root, self._signing = root, signing
        self._derived: dict[tuple[str, bytes], bytes] = {}

    def wrap(self, key: bytes, *, context: bytes, suite: str) -> bytes:
        return encrypt(self._derive("wrap", b"", suite), key, context, suite)

    def unwrap(self, wrapped: bytes, *, context: bytes, suite: str) -> bytes:
        return decrypt(self._derive("wrap", b"", suite), wrapped, context, suite)

    def mac(self, value: bytes, *, context: bytes, suite: str) -> bytes:
        keyed = hmac.HMAC(self._derive("mac", context, suite), _hash(suite))
        keyed.update(value)
        return keyed.finalize()

    def wrap_own(self, key: bytes, *, context: bytes, suite: str) -> bytes:
        return encrypt(self._derive("own", b"", suite), key, context, suite)

    def unwrap_own(self, kept: OwnKey, *, wish: Wish) -> bytes:
        """Open one key of its own; who may was asked before.

        :raises DoesNotOpen: it belongs to another row. :raises KeyEnded: it was destroyed.
        """
        context = own_context(wish.tenant_id, (wish.owner_table, wish.owner_row), kept.number, body=kept.body)
        if self.is_destroyed(context):
            raise KeyEnded
        return decrypt(self._derive("own", b"", kept.suite), kept.wrapped, context, kept.suite)

    def is_destroyed(self, context: bytes) -> bool:
        """Tell whether the key of this context was destroyed."""
        return False

    def sign(self, message: bytes) -> bytes:
        return self._signing.sign(message)

    def public_key(self) -> bytes:
        return self._signing.public_key().public_bytes_raw()

    def _derive(self, use: str, context: bytes, suite: str) -> bytes:
        name = (use + suite, context)
        if name not in self._derived:
            length = 32 if use == "mac" else KEY_BYTES[suite]
            info = f"jishi:{use}:{suite}:".encode() + context
            self._derived[name] = HKDF(_hash(suite), length, salt=None, info=info).derive(self._root)
        return self._derived[name]


class _AskNobody(RootKeys):
    """Level K0: no signature is asked that this process could not forge; step-up and two persons are the verbs'."""

    level = "K0"

    def challenge(self, wish: Wish, *, who: int = 0) -> bytes:
        return b""

    def withdraw(self, wish: Wish) -> None:
        """End nothing: the approval is a row of the room that asks."""

    def approve(self, wish: Wish, *, shown: bytes) -> None:
        """Keep nothing: the approval is a row of the room that asks."""

    def open_own(self, kept: Sequence[OwnKey], *, wish: Wish, shown: bytes) -> dict[int, bytes]:
        return {one.number: self.unwrap_own(one, wish=wish) for one in kept}


class FileKeys(_AskNobody):
    """Keys in a folder outside the database's: `root.key`, `anchor.key` (0600), `anchor.pub`. Made on first use."""

    def __init__(self, folder: Path) -> None:
        """Open the folder.

        :raises KeyNotAvailable: a key can be read by others, is missing beside the other one, or is damaged.
        """
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        root = _kept(folder / "root.key", lambda: secrets.token_bytes(32))
        raw = _kept(folder / "anchor.key", lambda: Ed25519PrivateKey.generate().private_bytes_raw())
        if len(root) != 32 or len(raw) != 32:
            raise KeyNotAvailable(why="damaged")
        super().__init__(root, Ed25519PrivateKey.from_private_bytes(raw))
        public = folder / "anchor.pub"
        if not public.exists():
            _make_once(public, _pem(self._signing))

    def destroy(self, contexts: Sequence[bytes]) -> None:
        """Note these keys as ended, beside the root key: a copy that is brought back does not open with them."""
        descriptor = os.open(self._ended, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as out:
            out.writelines(f"{mark_of(context)}\n" for context in contexts)
            out.flush()
            os.fsync(out.fileno())

    def is_destroyed(self, context: bytes) -> bool:
        return self._ended.exists() and mark_of(context) in self._ended.read_text("ascii").split()

    @property
    def _ended(self) -> Path:
        return self.folder / "destroyed"

    def health(self) -> Health:
        try:
            for name in ("root.key", "anchor.key"):
                _ensure_closed(self.folder / name)
        except (OSError, KeyNotAvailable):
            return Health(
                False,
                "K0",
                "钥匙文件不在，或者别人也能读。",
                "A key file is missing or can be read by others.",
            )
        return Health(
            True,
            "K0",
            "这台服务器的管理员能够看到封存内容。",
            "The operators of this server could read sealed fields.",
        )


class NullKeys(_AskNobody):
    """The twin for tests: keys in memory. It remembers what it was asked, and can be away."""

    def __init__(self) -> None:
        super().__init__(b"\x07" * 32, Ed25519PrivateKey.from_private_bytes(b"\x09" * 32))
        self.asked: list[str] = []
        self.ended: set[str] = set()
        self.away = False

    def wrap(self, key: bytes, *, context: bytes, suite: str) -> bytes:
        self._note("wrap")
        return super().wrap(key, context=context, suite=suite)

    def unwrap(self, wrapped: bytes, *, context: bytes, suite: str) -> bytes:
        self._note("unwrap")
        return super().unwrap(wrapped, context=context, suite=suite)

    def mac(self, value: bytes, *, context: bytes, suite: str) -> bytes:
        self._note("mac")
        return super().mac(value, context=context, suite=suite)

    def sign(self, message: bytes) -> bytes:
        self._note("sign")
        return super().sign(message)

    def wrap_own(self, key: bytes, *, context: bytes, suite: str) -> bytes:
        self._note("wrap_own")
        return super().wrap_own(key, context=context, suite=suite)

    def open_own(self, kept: Sequence[OwnKey], *, wish: Wish, shown: bytes) -> dict[int, bytes]:
        self._note("open_own")
        return super().open_own(kept, wish=wish, shown=shown)

    def destroy(self, contexts: Sequence[bytes]) -> None:
        self._note("destroy")
        self.ended |= {mark_of(context) for context in contexts}

    def is_destroyed(self, context: bytes) -> bool:
        return mark_of(context) in self.ended

    def health(self) -> Health:
        return Health(not self.away, "K0", "只用于测试。", "For tests only.")

    def _note(self, what: str) -> None:
        if self.away:
            raise KeyNotAvailable
        self.asked.append(what)


@dataclass
class _InUse:
    provider: KeyProvider | None = None


_in_use = _InUse()


def provider() -> KeyProvider:
    """Give the key provider of this installation, opened on first use."""
    if _in_use.provider is None:
        broker = settings.KEYS_BROKER and import_string("jishi.foundation.broker.client.from_settings")
        _in_use.provider = broker() if broker else FileKeys(Path(settings.KEYS_DIR))
    return _in_use.provider


def sentence(lang: str) -> str:
    """Say what the operators of this installation could see, in the words of its level."""
    found = provider().health()
    return found.zh if lang.startswith("zh") else found.en


@contextmanager
def using(other: KeyProvider) -> Iterator[KeyProvider]:
    """Use another provider for a while: tests, the exchange of providers at start."""
    before, _in_use.provider = _in_use.provider, other
    try:
        yield other
    finally:
        _in_use.provider = before


def own_context(tenant_id: int, owner: tuple[str, int], number: int, *, body: int) -> bytes:
    """Write what a key of its own belongs to; it opens nothing else, and for no other receiving body."""
    return f"own-key:{tenant_id}:{owner[0]}:{owner[1]}:{number}:{body}".encode()


def mark_of(context: bytes) -> str:
    """Give the mark under which a destroyed key is listed."""
    return hashlib.sha256(context).hexdigest()


def verify(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Check a signature of `sign`; raises `cryptography.exceptions.InvalidSignature`."""
    Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)


def encrypt(key: bytes, plain: bytes, bound_to: bytes, suite: str) -> bytes:
    """Give nonce ‖ ciphertext ‖ tag by AES-256-GCM (suite a) or SM4-GCM (suite s)."""
    nonce = secrets.token_bytes(NONCE)
    if suite == "a":
        return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)
    sealing = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    sealing.authenticate_additional_data(bound_to)
    return nonce + sealing.update(plain) + sealing.finalize() + sealing.tag


def decrypt(key: bytes, data: bytes, bound_to: bytes, suite: str) -> bytes:
    """Undo `encrypt`.

    :raises DoesNotOpen: another key, another place, or changed bytes.
    """
    if len(data) < NONCE + TAG:
        raise DoesNotOpen
    nonce, body, tag = data[:NONCE], data[NONCE:-TAG], data[-TAG:]
    try:
        if suite == "a":
            return AESGCM(key).decrypt(nonce, body + tag, bound_to)
        opening = Cipher(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
        opening.authenticate_additional_data(bound_to)
        return opening.update(body) + opening.finalize()
    except InvalidTag as changed:
        raise DoesNotOpen from changed


def _hash(suite: str) -> hashes.HashAlgorithm:
    return hashes.SM3() if suite == "s" else hashes.SHA256()


def _kept(path: Path, make: Callable[[], bytes]) -> bytes:
    if not path.exists():
        _make_once(path, make())
    _ensure_closed(path)
    return path.read_bytes()


def _make_once(path: Path, content: bytes) -> None:
    """Two processes that start together end with the same key: the first link wins, no half file is ever read."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _ensure_closed(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise KeyNotAvailable(why=f"{path.name}: chmod 600")


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
