"""A town whose keys moved to a broker: its process's own server on a local socket, devices with passkeys, a list."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from jishi.foundation import data_keys, keys
from jishi.foundation.actor import Actor
from jishi.foundation.broker import serving, wire
from jishi.foundation.broker.client import BrokerKeys
from jishi.foundation.tests.device import HOST, Device


class Moved:
    """The broker of a town, the site's connection to it, and what each person carries."""

    def __init__(
        self, home: Path, town: int, *, host: str = HOST, approvers: tuple[int, int] = (901, 902)
    ) -> None:
        self.home, self.town, self.folder, self.site = home, town, home / "broker", home / "site"
        self.first, self.second = Device(host), Device(host)
        self.devices: dict[int, Device] = {}
        self.people = [
            self.first.listed(approvers[0], "901", "list", tenant=town),
            self.second.listed(approvers[1], "902", "list", tenant=town),
        ]
        self.server: serving.Server | serving.LocalServer | None = None
        self.keys = BrokerKeys(f"unix:{home}/socket", self.site)

    def knows(self, actor: Actor, *may: str) -> Device:
        """Put somebody on the first list, with a passkey."""
        assert actor.account_id is not None
        device = self.devices.setdefault(actor.account_id, Device())
        body = str(min(actor.body_ids))
        self.people.append(device.listed(actor.account_id, body, *may, tenant=self.town))
        return device

    def signs(self, actor: Actor, wish: keys.Wish) -> bytes:
        """Answer as this person's device when a page asks for this wish."""
        return self.devices[actor.account_id or 0].signed(self.keys.challenge(wish))

    @contextmanager
    def running(self) -> Iterator["Moved"]:
        """Serve until the end; the site uses it meanwhile."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        keys.FileKeys(Path(settings.KEYS_DIR))  # level K0, from which the town comes
        for name in ("root.key", "anchor.key"):
            if not (self.folder / name).exists():
                shutil.copyfile(Path(settings.KEYS_DIR) / name, self.folder / name)
                (self.folder / name).chmod(0o600)
        if not self.site.exists():
            wire.make_pair(self.folder, wire.BROKER)
            wire.pair(self.folder, self.site)
        self.server = server = serving.server(self.folder, self.keys.address)
        if not server.desk.book.state.count:
            server.desk.begin(self.people)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        data_keys.forget()
        try:
            with keys.using(self.keys):
                yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            server.desk.close()
            data_keys.forget()
