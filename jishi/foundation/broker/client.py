"""`BrokerKeys`: the key provider of level K1, which asks the broker. It holds a pair of keys to speak with, no more."""

import os
import secrets
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings

from jishi.foundation.broker import wire
from jishi.foundation.broker.refusals import KNOWN, NotAskedLikeThat
from jishi.foundation.keys import Health, KeyNotAvailable, OwnKey, Wish
from jishi.foundation.refusals import Refused

PATIENCE = 2.0  # seconds
ZH = "运维人员能够看到正在使用的内容，看不到整库，也不能单独打开保密的姓名。"
EN = (
    "Operators could see fields while they are in use, not the store, "
    "and could not open a confidential name by themselves."
)


class BrokerKeys:
    """Wraps, hashes and signs by asking. `folder`: site.key, site.crt, broker.crt. A connection per thread."""

    level = "K1"

    def __init__(self, address: str, folder: Path) -> None:
        self.address, self.folder = address, folder
        self._mine = threading.local()

    def wrap(self, key: bytes, *, context: bytes, suite: str) -> bytes:
        return self._bytes("wrap", key=key.hex(), context=context.hex(), suite=suite)

    def unwrap(self, wrapped: bytes, *, context: bytes, suite: str) -> bytes:
        return self._bytes("unwrap", wrapped=wrapped.hex(), context=context.hex(), suite=suite)

    def mac(self, value: bytes, *, context: bytes, suite: str) -> bytes:
        return self._bytes("mac", value=value.hex(), context=context.hex(), suite=suite)

    def sign(self, message: bytes) -> bytes:
        return self._bytes("sign", message=message.hex())

    def public_key(self) -> bytes:
        return self._bytes("public_key")

    def wrap_own(self, key: bytes, *, context: bytes, suite: str) -> bytes:
        return self._bytes("wrap_own", key=key.hex(), context=context.hex(), suite=suite)

    def challenge(self, wish: Wish, *, who: int = 0) -> bytes:
        return self.challenge_for(asdict(wish), who=(wish.tenant_id, who))

    def challenge_for(self, wish: Mapping[str, Any], *, who: tuple[int, int] = (0, 0)) -> bytes:
        """Give what a passkey must sign for this; also for a change of the list. `who`: tenant and account that ask."""
        return self._bytes("challenge", wish=dict(wish), who=list(who))

    def withdraw(self, wish: Wish) -> None:
        self._ask("withdraw", wish=asdict(wish))

    def approve(self, wish: Wish, *, shown: bytes) -> None:
        self._ask("approve", wish=asdict(wish), shown=shown.decode("utf-8", "replace"))

    def open_own(self, kept: Sequence[OwnKey], *, wish: Wish, shown: bytes) -> dict[int, bytes]:
        said = [asdict(one) | {"wrapped": one.wrapped.hex()} for one in kept]
        found = self._ask("open_own", wish=asdict(wish), kept=said, shown=shown.decode("utf-8", "replace"))
        return {int(number): bytes.fromhex(key) for number, key in found["keys"].items()}

    def destroy(self, contexts: Sequence[bytes]) -> None:
        self._ask("destroy", contexts=[one.hex() for one in contexts])

    def people(self) -> Mapping[str, Any]:
        """Give the broker's own list, and the changes that wait for a second approver."""
        return self._ask("people")

    def ask_change(self, wish: Mapping[str, Any], *, shown: str) -> int:
        """Ask for a change of the list by a signature; gives its number."""
        return int(self._ask("ask_change", wish=dict(wish), shown=shown)["number"])

    def make_change(self, wish: Mapping[str, Any], *, shown: str) -> None:
        """Make a change that another approver asked for."""
        self._ask("make_change", wish=dict(wish), shown=shown)

    def told(self) -> Mapping[str, Any]:
        """Give what the broker says of itself: how many lines its book has, and the last one's hash."""
        return self._ask("health")

    def health(self) -> Health:
        try:
            told = self.told()
        except Refused:
            return Health(False, "K1", "钥匙服务不可用。", "The key service is away.")
        if not told["ok"]:
            return Health(False, "K1", "钥匙服务还没有名单，或它的钥匙文件不对。", "The key service is not ready.")
        return Health(True, "K1", ZH, EN)

    def _bytes(self, do: str, **said: Any) -> bytes:
        return bytes.fromhex(self._ask(do, **said)["bytes"])

    def _ask(self, do: str, **said: Any) -> dict[str, Any]:
        """Ask on this thread's connection; once more on a new one if the broker was started again meanwhile.

        :raises KeyNotAvailable: it is away, or not the one we know. :raises NotAskedLikeThat: nested too deeply.
        :raises Refused: what it says no to.
        """
        message = {"do": do, "once": secrets.token_hex(16), **said}
        spoke = getattr(self._mine, "of", None) == os.getpid()
        try:
            answer = self._talk(message, anew=False)
        except RecursionError as deep:  # it could not be written down: nothing was sent
            raise NotAskedLikeThat(what=do) from deep
        except OSError as away:
            self._drop()
            if not spoke:
                raise KeyNotAvailable from away
            answer = self._once_more(message)
        if "refused" in answer:
            raise KNOWN.get(str(answer["refused"]), KeyNotAvailable)(**answer.get("facts", {}))
        return answer

    def _once_more(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._talk(message, anew=True)
        except OSError as away:
            self._drop()
            raise KeyNotAvailable from away

    def _talk(self, message: dict[str, Any], *, anew: bool) -> dict[str, Any]:
        if anew or getattr(self._mine, "of", None) != os.getpid():
            self._drop()
            self._mine.open = wire.connect(self.address, self._context(), patience=PATIENCE)
            self._mine.of = os.getpid()
        wire.send(self._mine.open, message)
        answer = wire.receive(self._mine.open)
        if answer is None:
            raise wire.Broken("closed")
        return answer

    def _context(self) -> ssl.SSLContext:
        return wire.as_site(self.folder)

    def _drop(self) -> None:
        if getattr(self._mine, "of", None) == os.getpid():
            self._mine.open.close()
        self._mine.of = None


def from_settings() -> BrokerKeys:
    """Give the provider that this installation names."""
    return BrokerKeys(settings.KEYS_BROKER, Path(settings.KEYS_DIR))
