"""The broker's process: one folder, one address, as many connections as a site has threads."""

import contextlib
import os
import resource
import select
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jishi.foundation.broker import wire
from jishi.foundation.broker.desk import Desk

CONNECTIONS = 128
DOORS = 512  # connections that have not shown yet who they are
SILENT = 3600.0  # seconds after which a connection that says nothing is closed
HANDSHAKE = 5.0


class _Talk(socketserver.BaseRequestHandler):
    """One connection: who it is first, then question and answer."""

    server: "Server | LocalServer"

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            with _place(self.server.doors) as free:
                known = self._proved() if free else None
            if known is not None:
                with known, _place(self.server.places) as free:
                    if free:
                        self._answer(known)

    def _answer(self, known: ssl.SSLSocket) -> None:
        known.settimeout(SILENT)
        while (message := wire.receive(known)) is not None:
            wire.send(known, self.server.desk.answer(message))

    def _proved(self) -> ssl.SSLSocket:
        """Give the connection once both sides have shown who they are; in all, not step by step, within `HANDSHAKE`."""
        until = time.monotonic() + HANDSHAKE
        self.request.setblocking(False)
        known = self.server.context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
        with contextlib.ExitStack() as undo:
            undo.callback(known.close)
            while True:
                try:
                    known.do_handshake()
                    undo.pop_all()
                    return known
                except ssl.SSLWantReadError:
                    _wait(known, select.POLLIN, until)
                except ssl.SSLWantWriteError:
                    _wait(known, select.POLLOUT, until)


def _wait(known: ssl.SSLSocket, what: int, until: float) -> None:
    """Wait until it may go on. :raises TimeoutError: the time for the whole handshake is over."""
    waits = select.poll()
    waits.register(known, what)
    if not waits.poll(max(0.0, until - time.monotonic()) * 1000):
        raise TimeoutError


@contextlib.contextmanager
def _place(places: threading.Semaphore) -> Iterator[bool]:
    free = places.acquire(blocking=False)
    try:
        yield free
    finally:
        if free:
            places.release()


class _Serving:
    daemon_threads = True
    request_queue_size = 1024  # a local socket refuses at once when as many wait to be taken up
    allow_reuse_address = True

    def hold(self, desk: Desk, context: ssl.SSLContext) -> None:
        """Take the desk and the proof that connections must pass."""
        self.desk, self.context = desk, context
        self.places, self.doors = threading.Semaphore(CONNECTIONS), threading.Semaphore(DOORS)


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
