"""Lines of the log reach another machine, whole and in order (spec 90 §11; ASVS V16.4.3)."""

import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import log_carrier, logs
from config.log_carrier import Carrier
from jishi.foundation.broker import wire

PHONE = "13800138000"


class Collector:
    """A small twin of a log server: takes connections of TLS, keeps what it hears, can hang up."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.heard = b""
        self.at = socket.create_server(("127.0.0.1", port))
        self.port = self.at.getsockname()[1]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "log.crt", folder / "log.key")
        self.open: list[ssl.SSLSocket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self.at.accept()
            except OSError:
                return
            try:
                one = self.context.wrap_socket(plain, server_side=True)
            except OSError:
                continue
            self.open.append(one)
            threading.Thread(target=self._hear, args=(one,), daemon=True).start()

    def _hear(self, one: ssl.SSLSocket) -> None:
        try:
            while said := one.recv(4096):
                self.heard += said
        except OSError:
            pass

    def messages(self) -> list[str]:
        """Take the stream apart by the lengths in it, as RFC 5425 says."""
        found, rest = [], self.heard
        while b" " in rest:
            length, _, rest = rest.partition(b" ")
            found.append(rest[: int(length)].decode())
            rest = rest[int(length) :]
        return found

    def stop(self) -> None:
        self.at.shutdown(socket.SHUT_RDWR)
        self.at.close()
        for one in self.open:
            socket.socket.shutdown(one, socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    wire.make_pair(tmp_path, "log")
    return tmp_path


@pytest.fixture
def collector(folder: Path) -> Iterator[Collector]:
    twin = Collector(folder)
    yield twin
    if twin.at.fileno() >= 0:
        twin.stop()


def carrier(folder: Path, port: int) -> Carrier:
    context = ssl.create_default_context(cafile=str(folder / "log.crt"))
    context.check_hostname = False  # the twin's certificate names no address
    return _as_the_house_writes(Carrier(f"tls://127.0.0.1:{port}", context))


def _as_the_house_writes(made: Carrier) -> Carrier:
    made.addFilter(logs.NoPerson())
    made.setFormatter(logs.Line("%(levelname)s %(name)s %(message)s"))
    return made


def say(handler: logging.Handler, text: str) -> None:
    handler.handle(logging.getLogger("django.request").makeRecord("django.request", 40, "", 0, text, (), None))


def until(seen: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if seen():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come in ten seconds")


def test_lines_arrive_in_order_whole_and_without_a_person(folder, collector):
    handler = carrier(folder, collector.port)
    for number in range(50):
        say(handler, f"line {number} 中文 {PHONE}\nwith a second row")

    until(lambda: len(collector.messages()) == 50)
    heard = collector.messages()
    assert [one.split()[10] for one in heard] == [str(n) for n in range(50)]
    assert all(one.startswith("<131>1 20") and one.endswith("\nwith a second row") for one in heard)
    assert PHONE not in collector.heard.decode()


def test_a_server_that_nobody_vouches_for_hears_nothing(folder, collector, monkeypatch):
    monkeypatch.setattr(log_carrier, "AGAIN", 0.01)
    tried = []
    handler = _as_the_house_writes(Carrier(f"tls://localhost:{collector.port}"))
    dial = handler._dial
    monkeypatch.setattr(handler, "_dial", lambda: (tried.append(1), dial())[1])
    say(handler, "a line")

    until(lambda: len(tried) >= 3)
    assert collector.heard == b""


@pytest.mark.parametrize("first", ["refused", "on its way"])
def test_a_server_that_was_away_gets_what_waited_and_is_told_what_did_not(folder, monkeypatch, first):
    monkeypatch.setattr(log_carrier, "AGAIN", 0.01)
    monkeypatch.setattr(log_carrier, "MANY", 10)
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    handler = carrier(folder, port)
    there = threading.Event()
    if first == "on its way":  # a line is in hand while the row runs over
        dial = handler._dial
        monkeypatch.setattr(handler, "_dial", lambda: (there.wait(10), dial())[1])
    for number in range(25):
        say(handler, f"line {number}")

    late = Collector(folder, port)
    there.set()
    try:
        until(lambda: late.messages()[-1:] != [] and late.messages()[-1].endswith("line 24"))
        lost = [int(found[1]) for one in late.messages() if (found := re.search(r"(\d+) lines before", one))]
        lines = [int(one.split()[-1]) for one in late.messages() if "line " in one]
        assert lines[-10:] == list(range(15, 25))
        assert sum(lost) + len(lines) == 25  # one may have been on its way when it gave way: then it is not lost
    finally:
        late.stop()


def test_a_server_that_hung_up_is_called_again_and_misses_nothing(folder, collector, monkeypatch):
    monkeypatch.setattr(log_carrier, "AGAIN", 0.01)
    handler = carrier(folder, collector.port)
    say(handler, "before")
    until(lambda: len(collector.messages()) == 1)
    collector.stop()
    after = Collector(folder, collector.port)
    try:
        say(handler, "after")
        until(lambda: len(after.messages()) == 1)
        assert after.messages()[0].endswith("after")
    finally:
        after.stop()


def test_the_daemon_of_this_machine_gets_a_datagram_for_each_line(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log"))
        daemon.settimeout(10)
        handler = _as_the_house_writes(Carrier(f"unix:{tmp_path}/log"))
        say(handler, "a line")

        said = daemon.recv(4096).decode()
    assert said.startswith("<131>jishi[") and said.endswith("]: ERROR django.request a line")


@pytest.mark.parametrize("to", ["tcp://a:514", "udp://a", "tls://", "tls://u:p@a", "a.example", "unix:log"])
def test_an_address_in_the_clear_or_of_no_kind_stops_the_start(to):
    with pytest.raises(ValueError, match="JISHI_LOG_TO"):
        Carrier(to)
