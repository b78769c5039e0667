"""The broker's process: one folder, one address, as many connections as a site has threads."""

import contextlib
import os
import resource
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jishi.foundation.broker import wire
from jishi.foundation.broker.desk import Desk

CONNECTIONS = 128
SILENT = 3600.0  # seconds after which a connection that says nothing is closed
HANDSHAKE = 5.0


class _Talk(socketserver.BaseRequestHandler):
    """One connection: who it is first, then question and answer."""

    server: "Server | LocalServer"

    def handle(self) -> None:
        if not self.server.places.acquire(blocking=False):
            return
        try:
            with contextlib.suppress(OSError), self._proved() as known:
                known.settimeout(SILENT)
                while (message := wire.receive(known)) is not None:
                    wire.send(known, self.server.desk.answer(message))
        finally:
            self.server.places.release()

    def _proved(self) -> ssl.SSLSocket:
        self.request.settimeout(HANDSHAKE)
        return self.server.context.wrap_socket(self.request, server_side=True)


class _Serving:
    daemon_threads = True
    allow_reuse_address = True

    def hold(self, desk: Desk, context: ssl.SSLContext) -> None:
        """Take the desk and the proof that connections must pass."""
        self.desk, self.context, self.places = desk, context, threading.Semaphore(CONNECTIONS)


class Server(_Serving, socketserver.ThreadingTCPServer):
    """At a port."""


class LocalServer(_Serving, socketserver.ThreadingUnixStreamServer):
    """At a socket of this machine."""


def server(folder: Path, address: str, **more: Any) -> Server | LocalServer:
    """Open the broker of `folder` at `unix:/path` or `host:port`; `serve_forever` runs it.

    :raises KeyNotAvailable: another one holds the folder, or a key can be read by others.
    :raises NotWhole: its book was changed. :raises OSError: no pair of keys, or the address is taken.
    """
    context = wire.as_broker(folder)
    desk = Desk(folder, time.time, **more)
    made: Server | LocalServer
    if address.startswith("unix:"):
        path = Path(address.removeprefix("unix:"))
        with contextlib.suppress(FileNotFoundError):
            path.unlink()  # the folder's book is locked: no other broker stands behind it
        made = LocalServer(str(path), _Talk)
        path.chmod(0o666)  # who may speak is proved by keys
    else:
        host, _, port = address.rpartition(":")
        Server.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = Server((host.strip("[]"), int(port)), _Talk)
    made.hold(desk, context)
    return made


def run(folder: Path, address: str, *, ready: Callable[[], None]) -> None:
    """Serve until stopped, after `ready` was called; no memory of this process is ever written to a disk."""
    before = os.umask(0o077)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        serving = server(folder, address)
        try:
            ready()
            serving.serve_forever()
        finally:
            serving.server_close()
            serving.desk.close()
    finally:
        os.umask(before)
