"""Steps of the tests of news: a receiver that listens, and the worker's turns at a moment of the test."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conftest import MONDAY_TEN
from jishi.foundation import outbox, outside, scope
from jishi.foundation.actor import messenger, system


@dataclass
class Listening:
    """A receiver on this machine, listed as one inside. `status` is what it answers from now on."""

    url: str
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def listening(settings: Any) -> Iterator[Listening]:
    heard = Listening("")

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.got.append((dict(self.headers.items()), body))
            self.send_response(heard.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    settings.INSIDE = f"localhost=127.0.0.0/8:{port}"
    heard.url = f"http://localhost:{port}"
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()


def in_the_house(town: int, now: datetime = MONDAY_TEN) -> None:
    """Let the worker deliver in the house until nothing is due."""
    more = True
    while more:
        with scope.work(system(town)):
            more = outbox.deliver(now=now) > 0


def send_out(town: int, now: datetime = MONDAY_TEN) -> None:
    """Let the worker deliver in the house, then send out what is due."""
    in_the_house(town, now)
    by = messenger(town)
    for reaction, receiver in outside.receivers(by=by, now=now):
        outside.drain(reaction, receiver, by=by, clock=lambda: now)
